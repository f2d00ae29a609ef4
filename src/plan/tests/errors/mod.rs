//! Every way in which a pipeline can be wrong, as people read it.

mod params;
mod sweeps;
mod wiring;

use super::{errors, plan};

const START: &str = r#"
[params]
width = 4
[stages.load]
uses = "load"
dataset = "digits"
[stages.auto]
uses = "train"
inputs = { dataset = "load" }
widths = [8, "${width}"]
epochs = 2
"#;

fn with(stages: &str) -> String {
    errors(&format!("{START}{stages}"), "")
}

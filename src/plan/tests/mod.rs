//! Plans of small pipelines over a few made-up kinds.

mod catalog;
mod errors;
pub mod merging;
mod properties;

use crate::config::{Experiment, Overrides, load};
use crate::diagnostic::Problems;
use crate::plan::{Plan, build};
use catalog::Toy;

/// An experiment from the text of a pipeline (`[pipeline]` is added) and that of the experiment.
fn experiment(pipeline: &str, experiment: &str) -> Experiment {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (pipeline_file, file) = (folder.path().join("p.toml"), folder.path().join("e.toml"));
    std::fs::write(&pipeline_file, format!("[pipeline]\nname = \"p\"\n{pipeline}")).expect("written");
    std::fs::write(&file, format!("pipeline = \"p.toml\"\n{experiment}")).expect("written");
    load(&file, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The plan, which must be right.
pub fn plan(pipeline: &str, text: &str) -> Plan {
    let experiment = experiment(pipeline, text);
    build(&experiment, &Toy).unwrap_or_else(|found| panic!("{}", Problems::new(found, experiment.sources.clone())))
}

/// What is wrong, as people read it, without the folder's name.
fn errors(pipeline: &str, text: &str) -> String {
    let experiment = experiment(pipeline, text);
    let folder = experiment.file.parent().expect("a folder").display().to_string() + "/";
    let found = build(&experiment, &Toy).expect_err("something is wrong");
    Problems::new(found, experiment.sources).render(false).replace(&folder, "")
}

/// The nodes as `stage {variant} <- producer, ...`, in order.
fn listing(plan: &Plan) -> String {
    let name = |node: usize| {
        let node = plan.node(node);
        let variant = node.variant.iter().map(|(param, value)| format!(" {param}={value}")).collect::<String>();
        format!("{}{variant}", node.stage)
    };
    let line = |node: usize| {
        let inputs: Vec<String> = plan
            .inputs(node)
            .into_iter()
            .map(|(input, producer, output)| format!("{input}: {} .{output}", name(producer)))
            .collect();
        let arrow = if inputs.is_empty() { "" } else { " <- " };
        format!("{}{arrow}{}\n", name(node), inputs.join(", "))
    };
    plan.order().into_iter().map(line).collect()
}

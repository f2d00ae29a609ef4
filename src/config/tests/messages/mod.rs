//! What every mistake is told.

mod ablations;
mod conditions;
mod distributions;
mod experiments;
mod files;
mod overrides;
mod pipelines;
mod references;
mod searches;
mod sweeps;
mod syntax;

use super::{Folder, PIPELINE};
use crate::config::Overrides;

/// The complaint about an experiment over the usual pipeline.
fn experiment(text: &str) -> String {
    overridden(text, &Overrides::default())
}

fn overridden(text: &str, overrides: &Overrides) -> String {
    Folder::with(&[PIPELINE, ("experiment.toml", text)]).complaint("experiment.toml", overrides)
}

/// The complaint about an experiment that varies these.
fn swept(sweep: &str) -> String {
    experiment(&format!("{PLAIN}\n[sweep]\n{sweep}"))
}

/// The complaint about an experiment that searches a space.
fn searched(search: &str, space: &str) -> String {
    experiment(&format!("{PLAIN}\n[search]\n{search}\n[sweep]\n{space}"))
}

/// The complaint about a pipeline file with one stage and these `[params]`.
fn params(text: &str) -> String {
    pipeline(&format!("[pipeline]\n[stages.load]\nuses = 'load'\n[params]\n{text}"))
}

fn pipeline(text: &str) -> String {
    Folder::with(&[("pipeline.toml", text)]).complaint("pipeline.toml", &Overrides::default())
}

const PLAIN: &str = "pipeline = 'pipeline.toml'";

//! `pipelines/*.toml` and `experiments/*.toml`, and the command line's overrides, read into typed structs.
//! Knows no stage kind and no graph: what a stage's params mean is for the plan to check.

mod ablation;
mod document;
mod experiment;
mod export;
mod import;
mod interpolate;
mod load;
mod overrides;
mod params;
mod pipeline;
mod reader;
mod references;
mod resolve;
pub mod schema;
mod search;
mod sweep;
mod syntax;
pub mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::diagnostic::{Sources, Span};
use value::Located;

pub use ablation::{Ablation, AblationMode, Change};
pub use experiment::MAX_REPEATS;
pub use interpolate::is_plain;
pub use load::{load, read};
pub use overrides::Overrides;
pub use reader::simplified;
pub use search::{Objective, Resource, Search};
pub use sweep::{Axis, Point, Sweep};

/// An experiment with everything it extends, its pipeline, and the command line's overrides folded in.
#[derive(Debug, Clone)]
pub struct Experiment {
    pub name: String,
    /// One line for the head of the report.
    pub title: String,
    /// What the experiment asks, in a sentence or two; empty when not given.
    pub question: String,
    /// The experiment's file as given on the command line.
    pub file: PathBuf,
    /// Seed of the first repeat; repeat `i` has `seed + i`.
    pub seed: u64,
    pub repeats: u32,
    pub tags: Vec<String>,
    /// What its report is about, the most telling first; empty: what tells most of any experiment.
    pub metrics: Vec<Asked>,
    pub pipeline: Pipeline,
    /// Values of all declared params, after pipeline < experiment < `--set`.
    pub params: BTreeMap<String, Located>,
    /// What varies. With a search there is one point, the experiment's own values.
    pub sweep: Sweep,
    /// Proposes points to try, see [`at_points`](Self::at_points).
    pub search: Option<Search>,
    /// Its base and changes are the sweep's points, the base first.
    pub ablation: Option<Ablation>,
    /// Texts of all files read, for diagnostics.
    pub sources: Sources,
    /// False when something is wrong with the files; then it is good for finding out what else is.
    pub whole: bool,
}

/// A metric that is asked for, and where. Whether the pipeline gives it is not known here.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `stage.metric`.
    pub metric: String,
    pub span: Span,
}

/// A pipeline file.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub name: String,
    pub help: String,
    pub file: PathBuf,
    pub params: BTreeMap<String, ParamDef>,
    /// In the order written.
    pub stages: Vec<StageDef>,
}

/// A declared param.
#[derive(Debug, Clone)]
pub struct ParamDef {
    pub default: Located,
    pub help: String,
    /// The help stands on the line of the name: a message that shows that line need not repeat it.
    pub help_in_line: bool,
    /// Inclusive bounds of a number.
    pub range: Option<(f64, f64)>,
    /// Allowed values. A choice may carry named values: `${architecture.encoder}` is the `encoder` of the choice that
    /// `architecture` names.
    pub choices: Vec<Choice>,
    pub span: Span,
}

/// One allowed value of a param.
#[derive(Debug, Clone)]
pub struct Choice {
    pub value: Value,
    pub carries: BTreeMap<String, Located>,
    pub span: Span,
}

/// A stage as written, before interpolation.
#[derive(Debug, Clone)]
pub struct StageDef {
    pub name: String,
    pub name_span: Span,
    pub uses: Located,
    pub inputs: Inputs,
    /// Everything else in the stage's table, a table.
    pub params: Located,
    /// Something is wrong with it, or with a param it uses, and that is said already.
    pub in_doubt: bool,
}

/// How a stage is wired.
#[derive(Debug, Clone)]
pub enum Inputs {
    /// `inputs` is absent: nothing for a source, everything for a report.
    Absent,
    /// `inputs = { port = "stage" }` or `"stage.port"`.
    Named(Vec<Wire>),
    /// `inputs = ["stage", ...]`: for kinds with a variadic port.
    Listed(Vec<Wire>),
}

/// One wire.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The input port; the stage's own name in a listed wiring.
    pub port: String,
    pub port_span: Span,
    /// The producing stage.
    pub stage: String,
    /// Its output port, when written.
    pub output: Option<String>,
    pub span: Span,
}

/// A stage of one variant, all `${...}` replaced.
#[derive(Debug, Clone)]
pub struct ResolvedStage {
    pub name: String,
    pub name_span: Span,
    pub uses: Located,
    pub inputs: Inputs,
    /// A table.
    pub params: Located,
    /// The pipeline's params that any of the values above came from.
    pub used: BTreeSet<String>,
    /// As for [`StageDef`]: only its kind and those of its wires that are plainly written can be believed.
    pub in_doubt: bool,
}

/// All params of one variant, for people and for the run log.
pub type ParamValues = Map<String, Value>;

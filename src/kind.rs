//! What a stage kind says of itself: its ports, its params, its version. The plan checks files against this and the
//! reference documentation is printed from it. Knows no execution.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::artifact::ArtifactType;

/// A stage kind, described.
#[derive(Debug, Clone)]
pub struct Description {
    pub kind: &'static str,
    /// Part of the fingerprint: raised whenever the same inputs and params would give other bytes.
    pub version: u32,
    /// One line.
    pub summary: &'static str,
    /// A few sentences: method, source, definitions of the metrics. Markdown.
    pub details: &'static str,
    pub inputs: Vec<InputPort>,
    pub outputs: Vec<OutputPort>,
    pub params: Vec<ParamSpec>,
    /// Metrics it reports: name, meaning.
    pub metrics: &'static [(&'static str, &'static str)],
    /// A stage table in TOML.
    pub example: &'static str,
    /// Stages that are planned along with every stage of this kind.
    pub companions: &'static [Companion],
}

/// Something a stage takes.
#[derive(Debug, Clone)]
pub struct InputPort {
    pub name: &'static str,
    /// Any of these fits; empty: everything fits.
    pub types: &'static [ArtifactType],
    pub required: bool,
    /// Takes any number of artifacts; each is named by the stage (or `stage.port`) it comes from.
    pub variadic: bool,
    pub help: &'static str,
}

/// Something a stage gives.
#[derive(Debug, Clone)]
pub struct OutputPort {
    pub name: &'static str,
    pub artifact_type: ArtifactType,
    pub help: &'static str,
}

/// One param of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    pub name: String,
    pub param_type: ParamType,
    /// `None`: it must be given.
    pub default: Option<Value>,
    pub help: String,
    /// Inclusive bounds.
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
}

/// The types a param may have.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamType {
    Bool,
    Integer,
    /// Integers are taken too.
    Float,
    Text,
    /// A file or folder: relative to the file that wrote it, and never part of the fingerprint (what it holds is).
    Path,
    /// One of these strings, each with its meaning (may be empty).
    Choice(Vec<(String, String)>),
    List(Box<ParamType>),
}

/// A stage the plan adds by itself beside one of some kind, named `<stage>.<suffix>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Companion {
    pub suffix: &'static str,
    pub kind: &'static str,
    /// Input port of the companion, and what goes there.
    pub wires: &'static [(&'static str, CompanionWire)],
    /// Params of the companion, and whence: `Param("x")` copies the stage's own param `x`.
    pub params: &'static [(&'static str, CompanionParam)],
}

/// What a companion's input is wired to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompanionWire {
    /// Whatever feeds this input port of the stage.
    SameInput(&'static str),
    /// The stage's own output port.
    Output(&'static str),
    /// The first output of another companion of the same stage, by suffix.
    Companion(&'static str),
    /// The nearest artifact of this type upstream of the stage.
    Upstream(ArtifactType),
}

/// Where a companion's param comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CompanionParam {
    Param(&'static str),
    Integer(i64),
    Text(&'static str),
    Texts(&'static [&'static str]),
}

/// What is known of an artifact before anything runs; everything may be unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Height, width, channels of one sample.
    pub shape: Option<[usize; 3]>,
    pub classes: Option<usize>,
    /// Numbers in one code.
    pub latent_dim: Option<usize>,
}

/// A param whose value fits its type but not its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamProblem {
    pub param: String,
    /// Index of the offending element when the param is a list.
    pub index: Option<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// The kinds that files may use. The plan sees kinds only through this.
pub trait Catalog: Sync {
    /// All kinds, in the order of the documentation.
    fn kinds(&self) -> Vec<&Description>;

    /// The kind of that name.
    fn describe(&self, kind: &str) -> Option<&Description>;

    /// Checks params that already fit their types, with what is known of the inputs by port, and says what is known
    /// of the outputs. Panics never; called only for kinds that exist.
    fn check(&self, kind: &str, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>>;

    /// Whether the stage's output depends on the seed.
    fn draws_random(&self, kind: &str, params: &Value) -> bool;
}

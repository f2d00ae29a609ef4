//! What a stage kind says of itself: its ports, its params, its version. The plan checks files against this and the
//! reference documentation is printed from it. Knows no execution.

mod fields;
mod schema;

pub use schema::params_of;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;

use crate::artifact::ArtifactType;

/// A stage kind, described.
#[derive(Debug, Clone, Default)]
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
    /// What lists of layers in its params may hold: text, meaning.
    pub layers: Vec<(String, String)>,
    /// Metrics it reports: name, meaning.
    pub metrics: &'static [(&'static str, &'static str)],
    /// A stage table in TOML.
    pub example: &'static str,
    /// Stages that are planned along with every stage of this kind.
    pub companions: &'static [Companion],
}

impl Description {
    /// The input port of that name.
    pub fn input(&self, name: &str) -> Option<&InputPort> {
        self.inputs.iter().find(|port| port.name == name)
    }

    /// The param of that name.
    pub fn param(&self, name: &str) -> Option<&ParamSpec> {
        self.params.iter().find(|param| param.name == name)
    }

    /// All outputs: the declared ones, and `metrics` of a kind that reports any.
    pub fn all_outputs(&self) -> impl Iterator<Item = OutputPort> + '_ {
        let metrics = (!self.metrics.is_empty()).then_some(METRICS_PORT);
        self.outputs.iter().cloned().chain(metrics)
    }
}

/// The output that every kind with metrics gives besides its declared ones.
pub const METRICS_PORT: OutputPort =
    OutputPort::new("metrics", ArtifactType::Metrics, "metrics and per-epoch series of the stage");

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

impl InputPort {
    /// A port that takes exactly one artifact of one of these types.
    pub const fn required(name: &'static str, types: &'static [ArtifactType], help: &'static str) -> Self {
        Self { name, types, required: true, variadic: false, help }
    }

    /// A port that takes one artifact of one of these types, or nothing.
    pub const fn optional(name: &'static str, types: &'static [ArtifactType], help: &'static str) -> Self {
        Self { name, types, required: false, variadic: false, help }
    }

    /// A port that takes any number of artifacts of these types.
    pub const fn variadic(name: &'static str, types: &'static [ArtifactType], help: &'static str) -> Self {
        Self { name, types, required: false, variadic: true, help }
    }

    /// Whether an artifact of this type may be wired here.
    pub fn takes(&self, artifact_type: ArtifactType) -> bool {
        self.types.is_empty() || self.types.contains(&artifact_type)
    }
}

/// Something a stage gives.
#[derive(Debug, Clone)]
pub struct OutputPort {
    pub name: &'static str,
    pub artifact_type: ArtifactType,
    pub help: &'static str,
}

impl OutputPort {
    /// A port that gives an artifact of this type.
    pub const fn new(name: &'static str, artifact_type: ArtifactType, help: &'static str) -> Self {
        Self { name, artifact_type, help }
    }
}

/// One param of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    pub name: String,
    pub param_type: ParamType,
    /// `None`: it must be given. `Some(Null)`: it may be left out, and then there is none.
    pub default: Option<Value>,
    pub help: String,
    /// Inclusive bounds of a number, or of every number in a list.
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    /// Inclusive bounds of a list's length.
    pub shortest: Option<usize>,
    pub longest: Option<usize>,
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

/// A stage the plan adds by itself beside one of some kind, named `<stage>.<suffix>`. Its params are its kind's defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Companion {
    pub suffix: &'static str,
    pub kind: &'static str,
    /// Input port of the companion, and what goes there.
    pub wires: &'static [(&'static str, CompanionWire)],
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

/// What is known of an artifact before anything runs; everything may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Height, width, channels of one sample.
    pub shape: Option<[usize; 3]>,
    /// Names of the classes; empty when unlabeled.
    pub classes: Option<Arc<[String]>>,
    /// Numbers in one code.
    pub latent_dim: Option<usize>,
    /// Whether a model draws its codes.
    pub draws_codes: Option<bool>,
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

/// The next thing to do about a bug.
pub const REPORT_IT: &str = "please report it, with the command and this message";

/// What a kind answers. Error: in words, that it panicked, which is a bug of the kind and must end no more than what was
/// asked of it.
pub fn answer<T>(kind: &str, ask: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(ask)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panic");
        format!("the kind `{kind}` has a bug: {text}")
    })
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn a_kind_that_panics_answers_with_its_bug() {
        assert_eq!(answer("load", || 3), Ok(3));
        let said = [answer("load", || panic!("as {}", "text")), answer("load", || panic!("plain"))];
        assert_eq!(
            said.map(Result::<(), String>::unwrap_err),
            ["the kind `load` has a bug: as text", "the kind `load` has a bug: plain"]
        );
    }
}

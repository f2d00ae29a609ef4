//! What a launch tells the world while it goes on. Knows nothing of who listens.
//!
//! The runner emits [`RunEvent`]s to `dyn Observer`s; the run log, the terminal and `--json` are such observers.
//! Events carry all that an observer may want, so that no observer has to read the cache.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::text;

/// Receives every event of a launch, in order.
pub trait Observer: Send + Sync {
    /// Called once per event, on the launch's coordinating thread, which decides what runs next: must return quickly.
    fn observe(&self, time: Timestamp, event: &RunEvent);
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// Always the first event of a launch.
    LaunchStarted(LaunchStarted),
    /// What is to be run was added to, after all before had ended: a search learns from it.
    LaunchGrown(LaunchGrown),
    /// A stage's inputs are known and it is now being executed; or the published data it needs is being downloaded,
    /// whose fingerprint is known before. Never sent for a cached stage, with one exception: a download breaks off, and
    /// what stands in is cached. What stands in and is not cached is sent as another start.
    StageStarted { node: usize, fingerprint: String },
    /// How far an executing stage is.
    StageProgress { node: usize, progress: Progress },
    /// A stage reached its final status in this launch; once for each.
    StageFinished(StageFinished),
    /// A stage that had ended well was executed again because its files turned out to be damaged: what is known of it
    /// now. It has started and makes progress like others.
    StageRepaired(StageFinished),
    /// All stages of a run reached their final status.
    RunFinished(RunFinished),
    /// Something a person must know: a fallback in use, a collapsed model, a damaged blob set aside.
    Notice { node: Option<usize>, text: String },
    /// Always the last event.
    LaunchFinished(LaunchFinished),
}

/// The launch as planned.
#[derive(Debug, Clone)]
pub struct LaunchStarted {
    pub launch: String,
    pub experiment: String,
    pub file: PathBuf,
    pub runs: Vec<RunInfo>,
    /// Merged stages; events name them by index.
    pub nodes: Vec<NodeInfo>,
    pub provenance: Box<Provenance>,
    /// The whole experiment after extends, overrides and interpolation of `--set`, enough to run it again.
    pub config: Value,
}

/// What a launch was given besides; numbered on from what it had.
#[derive(Debug, Clone)]
pub struct LaunchGrown {
    pub runs: Vec<RunInfo>,
    pub nodes: Vec<NodeInfo>,
}

/// One run of the launch.
#[derive(Debug, Clone, Serialize)]
pub struct RunInfo {
    pub id: String,
    /// The swept params of this run.
    pub variant: Map<String, Value>,
    pub seed: u64,
    /// All params of the pipeline, resolved.
    pub params: Map<String, Value>,
    pub tags: Vec<String>,
    /// Stage name in the pipeline -> node index.
    pub stages: BTreeMap<String, usize>,
}

/// One merged stage of the launch.
#[derive(Debug, Clone, Serialize)]
pub struct NodeInfo {
    pub stage: String,
    pub kind: String,
    /// Those swept params (and `seed`) that this stage depends on.
    pub variant: Map<String, Value>,
    /// The stage's own resolved params.
    pub params: Value,
}

/// How far a stage is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    /// What is counted: "epoch", "batch", "byte", "iteration".
    pub unit: &'static str,
    /// Latest figures, such as the losses of the epoch just done.
    pub metrics: Vec<(String, f64)>,
}

/// How a stage ended in this launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Executed,
    Cached,
    Failed,
    /// Something it needs failed, or the launch stopped before it began.
    Skipped,
    Interrupted,
}

impl Status {
    /// The word for it, the same in JSON, in the run log and in the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Cached => "cached",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why a stage was executed rather than taken from the cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The field that changed: `param epochs`, `input dataset`, `first run`, `forced`, ...
    pub what: String,
    pub was: Value,
    pub now: Value,
}

/// In words: `param epochs: 20 → 50`, `param dropout: not set → 0.2`, `first run`. Long values are shortened.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Value| match value {
            Value::Null => "not set".to_owned(),
            // Text that would read as another type keeps its quotes.
            Value::String(text) if serde_json::from_str::<Value>(text).is_ok() => format!("{text:?}"),
            other => text::value(other),
        };
        match (&self.was, &self.now) {
            (Value::Null, Value::Null) => f.write_str(&self.what),
            (was, now) => write!(f, "{}: {} → {}", self.what, value(was), value(now)),
        }
    }
}

/// A stage's end and everything it left.
#[derive(Debug, Clone)]
pub struct StageFinished {
    pub node: usize,
    /// Absent when the stage was skipped or interrupted, or failed before its inputs were known.
    pub fingerprint: Option<String>,
    pub status: Status,
    /// Seconds it took in this launch: next to none when cached.
    pub seconds: f64,
    /// Seconds it took when it was executed, which this launch saved; 0 unless cached.
    pub saved: f64,
    pub reasons: Vec<Reason>,
    pub error: Option<String>,
    pub outcome: Outcome,
    pub artifacts: Vec<ArtifactInfo>,
}

/// Numbers a stage reports, stored with its artifacts so that a cached stage still has them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Single figures by name, without the stage's name in front.
    pub metrics: BTreeMap<String, f64>,
    /// Per-epoch (or per-iteration) series by name, first epoch first.
    pub series: BTreeMap<String, Vec<f64>>,
    /// Plain sentences a person must see: "collapsed: ...", "fallback: ...".
    pub warnings: Vec<String>,
}

/// An artifact as scripts see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ArtifactInfo {
    pub port: String,
    #[serde(rename = "type")]
    pub artifact_type: String,
    pub files: Vec<FileInfo>,
}

/// One file of an artifact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its name inside the artifact, such as `encoder.safetensors`.
    pub name: String,
    /// Where its bytes lie in the cache; any program can open it.
    pub path: PathBuf,
    pub bytes: u64,
    pub blake3: String,
}

/// A run's end.
#[derive(Debug, Clone)]
pub struct RunFinished {
    /// Index into [`LaunchStarted::runs`].
    pub run: usize,
    pub status: Status,
    /// `<stage>.<metric>` -> value.
    pub metrics: BTreeMap<String, f64>,
    pub seconds: f64,
    pub report: Option<PathBuf>,
}

/// The launch's end.
#[derive(Debug, Clone)]
pub struct LaunchFinished {
    pub status: Status,
    pub executed: usize,
    pub cached: usize,
    pub failed: usize,
    pub skipped: usize,
    pub seconds: f64,
    pub report: Option<PathBuf>,
}

/// Where and with what a launch was made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Provenance {
    pub git_commit: Option<String>,
    pub git_dirty: Option<bool>,
    pub version: String,
    /// Tells two builds of one version apart; empty when not known.
    #[serde(default)]
    pub build: String,
    pub host: String,
    pub os: String,
    pub cpu: String,
    pub cpu_features: Vec<String>,
    pub threads: usize,
    pub jobs: usize,
    pub device: String,
    pub command_line: Vec<String>,
    pub working_directory: String,
}

#[cfg(test)]
pub mod sample;

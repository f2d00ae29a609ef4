//! What a stage kind does. One thin file per kind turns artifacts into domain types, calls the domain module that
//! does the work, and writes artifacts. Stages know nothing of the runner, the schedule or the run log.

pub mod data;
pub mod dataset_edit;
pub mod kinds;
pub mod labeled;
mod memory;
pub mod points;
pub mod problems;
mod reconstruct;
pub mod registry;
#[cfg(test)]
mod tests;
pub mod training;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::artifact::ArtifactType;
use crate::artifact::store::Checkpoints;
use crate::cancel::{Cancel, Interrupted};
use crate::device::Device;
use crate::event::{Outcome, Progress};
use crate::fingerprint::Fingerprint;
use crate::hash::ContentHash;
use crate::kind::{Description, Facts, ParamProblem};

/// A stage kind. Implementations are stateless; the registry holds one of each.
pub trait Stage: Send + Sync {
    /// What it takes, gives and can be told.
    fn description(&self) -> &Description;

    /// See [`Catalog::check`](crate::kind::Catalog::check).
    fn check(&self, _params: &Value, _inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        Ok(Facts::default())
    }

    /// Whether the output depends on the seed. Part of the fingerprint then.
    fn draws_random(&self, _params: &Value) -> bool {
        false
    }

    /// What [`source`](Self::source) will say, when that is known without looking for the data: what the cache has of
    /// it is used although the data itself may be out of reach.
    fn foreseen(&self, _params: &Value) -> Option<Source> {
        None
    }

    /// For kinds that read from outside the cache: finds the data (and fetches it when `environment.fetch` allows)
    /// and says what it is by content, so that the fingerprint follows the data and never its place.
    fn source(&self, _params: &Value, _environment: &Environment) -> Result<Option<Source>, StageError> {
        Ok(None)
    }

    /// Whether it saves states of its work in [`Context::checkpoints`], and who may go on from them.
    fn resumes(&self, _params: &Value) -> Resumes {
        Resumes::Never
    }

    /// Does the work. Writes files under [`Context::output`] and returns what else the stage has to say.
    fn execute(&self, context: &Context) -> Result<Output, StageError>;
}

/// Who goes on from the states that an execution saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumes {
    /// None are saved.
    Never,
    /// The same stage, after it was interrupted.
    Same,
    /// That, and all that differ from it only in this param, the number of steps, and want more of them.
    Longer(&'static str),
}

impl Resumes {
    /// The name of the work whose states are saved; `None` when none are.
    pub fn work(&self, hashed: &Fingerprint) -> Option<ContentHash> {
        match self {
            Self::Never => None,
            Self::Same => Some(hashed.hash()),
            Self::Longer(steps) => Some(hashed.without(steps).hash()),
        }
    }
}

/// Where outside data may be found, and what may be done to get it.
pub struct Environment {
    /// Root of the project: relative paths in stage params start at the file that wrote them, resolved before this.
    pub project: PathBuf,
    /// `$PIPELINE_DATA_DIR`.
    pub data_dir: Option<PathBuf>,
    /// The user's cache directory for downloads.
    pub download_dir: PathBuf,
    /// Whether missing data may be downloaded now: how long to look for a mirror that answers.
    pub fetch: Option<Duration>,
    /// Called while something long goes on.
    pub progress: Box<dyn Fn(Progress) + Send + Sync>,
    pub cancel: Cancel,
}

/// What outside data a stage will read.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it is, by content; hashed into the fingerprint.
    pub identity: Value,
    /// What a person must know, such as a fallback in use.
    pub notice: Option<String>,
    /// Params that only say how to come by the data: with the identity known, they decide nothing more.
    pub settled: &'static [&'static str],
    /// By content as well, what stands in for it if it cannot be fetched.
    pub stand_in: Option<Value>,
    /// The data set that is not on this machine, when it was not to be fetched now.
    pub missing: Option<String>,
}

impl Source {
    /// What stands in for the data, in its place.
    pub fn replaced(&self) -> Option<Self> {
        let identity = self.stand_in.clone()?;
        Some(Self { identity, ..self.clone() })
    }
}

/// An artifact on an input port, its bytes already verified.
#[derive(Debug, Clone)]
pub struct Input {
    pub artifact_type: ArtifactType,
    /// The stage it comes from, as the pipeline names it.
    pub stage: String,
    /// File name in the artifact -> where its bytes lie.
    pub files: BTreeMap<String, PathBuf>,
}

impl Input {
    /// Where a file of the artifact lies. Error: the artifact has no such file (a bug of the producing kind).
    pub fn path(&self, file: &str) -> Result<&Path, StageError> {
        let missing =
            || StageError::failed(format!("the {} from `{}` has no file {file}", self.artifact_type, self.stage));
        self.files.get(file).map(PathBuf::as_path).ok_or_else(missing)
    }
}

/// All that a stage may use while it executes.
pub struct Context<'a> {
    pub params: &'a Value,
    /// Seed of the stage's own random stream, already derived from the run's seed and the kind.
    pub seed: u64,
    /// By port; for a variadic port by the producing stage's name (or `stage.port`).
    pub inputs: &'a BTreeMap<String, Input>,
    /// An empty directory in the cache's file system.
    pub scratch: &'a Path,
    /// The launch's one thread pool. Drivers stay on the stage's own thread and send it only short pieces of work
    /// (`pool.install(|| ...)` around a bounded parallel loop), so that stages share it fairly.
    pub pool: &'a rayon::ThreadPool,
    /// What trainings' steps are computed on.
    pub device: Device,
    pub progress: &'a (dyn Fn(Progress) + Sync),
    pub cancel: &'a Cancel,
    pub environment: &'a Environment,
    /// What [`Stage::source`] said when the stage's fingerprint was made: what is read must still be that.
    pub source: Option<&'a Source>,
    /// Where a kind that [`resumes`](Stage::resumes) saves its state.
    pub checkpoints: Option<Checkpoints<'a>>,
}

impl Context<'_> {
    /// The params as the kind's own struct. They were checked against its description before.
    pub fn params<P: DeserializeOwned>(&self) -> Result<P, StageError> {
        serde_json::from_value(self.params.clone())
            .map_err(|error| StageError::failed(format!("unusable params: {error}")))
    }

    /// The artifact on a required port.
    pub fn input(&self, port: &str) -> Result<&Input, StageError> {
        self.inputs.get(port).ok_or_else(|| StageError::failed(format!("nothing is wired to the input `{port}`")))
    }

    /// Where a file of an output port is to be written; its directory exists.
    pub fn output(&self, port: &str, file: &str) -> Result<PathBuf, StageError> {
        let directory = self.scratch.join(port);
        std::fs::create_dir_all(&directory)?;
        Ok(directory.join(file))
    }

    /// Fails with `Interrupted` once a stop was asked for.
    pub fn checkpoint(&self) -> Result<(), StageError> {
        Ok(self.cancel.check()?)
    }
}

/// What a stage leaves besides the files it wrote.
#[derive(Debug, Default)]
pub struct Output {
    pub outcome: Outcome,
    /// Files of inputs that belong to an output unchanged; nothing is copied.
    pub reuse: Vec<Reuse>,
}

/// A file of an input passed on as a file of an output.
#[derive(Debug, Clone)]
pub struct Reuse {
    pub input: String,
    pub file: String,
    pub port: &'static str,
    /// Its name in the output.
    pub name: String,
}

/// Why a stage did not finish.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A stop was asked for.
    #[error("interrupted")]
    Interrupted,
    /// It cannot be done: what, and the next thing to do.
    #[error("{message}")]
    Failed { message: String, help: Option<String> },
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<Interrupted> for StageError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl StageError {
    /// A failure without advice.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: None }
    }

    /// A failure and the next thing to do.
    pub fn with_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), help: Some(help.into()) }
    }
}

/// Compiles and runs the example of the page on adding a kind.
#[cfg(doctest)]
#[doc = include_str!("../../docs/adding-a-stage.md")]
struct AddingAStage;

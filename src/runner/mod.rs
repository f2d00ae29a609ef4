//! Runs a plan: for every stage, fingerprint, look up, execute, store, emit. Stages run in parallel on job threads and
//! share one thread pool for their arithmetic. Knows its listeners only as `dyn Observer`, and neither terminal nor SQL.

mod coordinator;
mod fetch;
pub mod forecast;
mod growth;
mod listing;
mod lookup;
mod produce;
mod shared;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::artifact::store::{Record, Store, StoreError};
use crate::cancel::Cancel;
use crate::device::Device;
use crate::event::{Observer, Progress, Provenance, RunInfo, StageFinished, Status};
use crate::plan::Plan;
use crate::stage::Environment;

/// How a launch is to go.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many stages may run at once.
    pub jobs: usize,
    /// Threads of the one pool that all stages share.
    pub threads: usize,
    /// After a failure, go on with all that does not depend on it.
    pub keep_going: bool,
    pub force: Force,
    /// After how many steps each, a training's epochs, long work saves its state; `None`: now and then.
    pub checkpoint_every: Option<u32>,
    /// The device class stages compute on; part of every fingerprint.
    pub device: Device,
}

/// Which stages are executed even if the cache has their results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Force {
    #[default]
    Nothing,
    Everything,
    /// Stages of these names.
    Stages(Vec<String>),
}

impl Force {
    /// For each node whether it is executed in any case. A node goes by all names of the stages that were merged in it.
    fn nodes(&self, plan: &Plan) -> Vec<bool> {
        let mut forced = vec![*self == Self::Everything; plan.graph.node_count()];
        if let Self::Stages(names) = self {
            let named = plan.runs.iter().flat_map(|run| names.iter().filter_map(|name| run.stages.get(name)));
            named.for_each(|node| forced[*node] = true);
        }
        forced
    }
}

/// Where stages find outside data; see [`Environment`].
#[derive(Debug, Clone)]
pub struct Places {
    pub project: PathBuf,
    pub data_dir: Option<PathBuf>,
    pub download_dir: PathBuf,
}

impl Places {
    /// What stages are told of them. `fetch` as in [`Environment::fetch`]; `progress` hears how far that is.
    fn environment(
        &self,
        fetch: Option<Duration>,
        cancel: Cancel,
        progress: impl Fn(Progress) + Send + Sync + 'static,
    ) -> Environment {
        Environment {
            project: self.project.clone(),
            data_dir: self.data_dir.clone(),
            download_dir: self.download_dir.clone(),
            fetch,
            progress: Box::new(progress),
            cancel,
        }
    }
}

/// Everything a launch needs.
pub struct Launch {
    pub id: String,
    pub experiment: String,
    pub file: PathBuf,
    pub tags: Vec<String>,
    pub plan: Plan,
    pub config: Value,
    pub provenance: Provenance,
    pub store: Arc<Store>,
    pub places: Places,
    pub options: Options,
    pub cancel: Cancel,
    /// Asked for more when everything has ended; `None`: the plan is all there is.
    pub growth: Option<Box<dyn Growth>>,
}

/// Learns from the runs that have ended what else is to be run.
pub trait Growth {
    /// `ended`: how every run so far ended, in the order of the plan's runs.
    fn grow(&mut self, ended: &[RunEnd]) -> More;
}

/// What a launch is given besides.
pub struct More {
    /// With more runs: those of the plan before come first and keep the numbers of their nodes. `None`: that was all.
    pub plan: Option<Plan>,
    /// What people should know.
    pub notices: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunEnd {
    pub status: Status,
    /// `<stage>.<metric>` -> value.
    pub metrics: BTreeMap<String, f64>,
}

/// One stage's end, with the record of what it made when it has one.
#[derive(Clone)]
pub struct StageResult {
    pub finished: StageFinished,
    pub record: Option<Arc<Record>>,
}

/// One run's end.
pub struct RunResult<'a> {
    pub info: &'a RunInfo,
    pub status: Status,
    /// `<stage>.<metric>` -> value.
    pub metrics: BTreeMap<String, f64>,
    /// Seconds its stages took in this launch.
    pub seconds: f64,
    /// Seconds its cached stages took when they were executed.
    pub saved: f64,
    /// Every stage of the run that reached an end.
    pub stages: BTreeMap<&'a str, &'a StageResult>,
}

/// Writes the pages people read. Called on the coordinating thread, between events.
pub trait Reporter {
    /// A run has ended: writes its page and says where.
    fn run(&self, result: &RunResult) -> Option<PathBuf>;

    /// More was planned.
    fn grown(&self, plan: &Plan);

    /// All runs have ended: writes the experiment's page and says where. `results` is by node.
    fn experiment(&self, summary: &Summary, results: &[Option<StageResult>]) -> Option<PathBuf>;
}

/// How a launch ended.
#[derive(Debug, Clone)]
pub struct Summary {
    pub status: Status,
    pub executed: usize,
    pub cached: usize,
    pub failed: usize,
    pub skipped: usize,
    pub interrupted: usize,
    pub seconds: f64,
    pub report: Option<PathBuf>,
    /// A stage did not stop in time after an interruption: its thread still runs, and the process should exit.
    pub abandoned: bool,
}

/// Why a launch could not even be carried on; a failing stage is no such reason.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot start the thread pool: {0}")]
    Pool(#[from] rayon::ThreadPoolBuildError),
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// Runs the launch to its end and tells the observer everything on the way.
///
/// Errors: the machine cannot give threads, or the cache cannot be used at all. Failing stages are in the summary.
pub fn run(launch: Launch, observer: &dyn Observer, reporter: &dyn Reporter) -> Result<Summary, RunnerError> {
    coordinator::Coordinator::start(launch)?.run(observer, reporter)
}

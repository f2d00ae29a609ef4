//! Pages: one self-contained HTML file for a run and one for an experiment, composed when a launch ends from what the
//! launch knows and from the figures of the `report` stage. Knows no cache and no run log; times and paths may appear
//! here, since pages are not artifacts.

mod answer;
mod conclusions;
mod content;
mod experiment;
mod many;
mod maps;
mod run;
mod search;
mod shell;
mod side;
mod sweep;
mod tables;
mod variants;
mod write;

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::compare::Run;
use crate::event::{ArtifactInfo, Provenance, Reason, Status};
use crate::merit::Better;
use crate::report::source::Source;

pub use experiment::experiment_page;
pub use run::run_page;
pub use write::{experiment_path, has_figures, run_path, write_experiment, write_run};

/// The files of a Figures artifact: file name -> where its bytes lie.
pub type FiguresDir = BTreeMap<String, PathBuf>;

/// All that a run's page shows.
#[derive(Debug, Clone)]
pub struct RunPage {
    pub experiment: String,
    pub title: String,
    pub question: String,
    pub id: String,
    pub status: Status,
    /// The swept params of this run.
    pub variant: Map<String, Value>,
    pub seed: u64,
    /// All params, resolved.
    pub params: Map<String, Value>,
    pub provenance: Provenance,
    /// In the order they ran.
    pub stages: Vec<StageRow>,
    /// `<stage>.<metric>` -> value.
    pub metrics: BTreeMap<String, f64>,
    /// Shown at the top: fallback data, a collapsed model, a failure.
    pub warnings: Vec<String>,
    /// From the run's `report` stage, when it has one that finished.
    pub figures: Option<FiguresDir>,
    pub config: Value,
    /// The run's stages as SVG, put into the page as it is.
    pub dag: String,
}

/// One stage of a run or of a launch.
#[derive(Debug, Clone)]
pub struct StageRow {
    pub stage: String,
    pub kind: String,
    pub status: Status,
    /// Seconds it took in this launch when executed; seconds it took back then when cached.
    pub seconds: f64,
    pub fingerprint: Option<String>,
    /// The swept params it depends on.
    pub variant: Map<String, Value>,
    /// Metrics by their own names.
    pub metrics: BTreeMap<String, f64>,
    /// Values per epoch by their own names.
    pub series: BTreeMap<String, Vec<f64>>,
    pub artifacts: Vec<ArtifactInfo>,
    /// Why it was executed.
    pub reasons: Vec<Reason>,
    pub error: Option<String>,
}

/// All that an experiment's page shows.
#[derive(Debug, Clone)]
pub struct ExperimentPage {
    pub name: String,
    pub title: String,
    pub question: String,
    /// In the order of the sweep; repeats of a variant differ in their seed only.
    pub runs: Vec<RunSummary>,
    /// Names of the swept params, in the order written.
    pub swept: Vec<String>,
    /// What it is about, the most telling first; empty: what tells most of any experiment.
    pub metrics: Vec<String>,
    /// The variant that all are compared with: an ablation's base. `None`: the best.
    pub baseline: Option<Map<String, Value>>,
    /// Present when variants were proposed by a search.
    pub search: Option<SearchSummary>,
    /// `<stage>.<metric>` of metrics that do not mean the same in all runs, so that none is better than another.
    pub incomparable: BTreeSet<String>,
    pub launch: LaunchSummary,
    /// Merged stages of the launch.
    pub stages: Vec<StageRow>,
    pub provenance: Provenance,
    pub config: Value,
    /// The stages of one run as SVG, put into the page as it is.
    pub dag: String,
}

/// What a search was after.
#[derive(Debug, Clone)]
pub struct SearchSummary {
    /// `<stage>.<metric>` of the objectives, with which way is better.
    pub objectives: Vec<(String, Better)>,
    /// The param of which promising trials get more, when not all get the same.
    pub resource: Option<String>,
}

/// A run as its experiment sees it.
#[derive(Debug, Clone)]
pub struct RunSummary {
    /// Its params are the swept ones.
    pub run: Run,
    pub status: Status,
    /// Relative to the experiment's page.
    pub link: Option<String>,
    pub seconds: f64,
    pub warnings: Vec<String>,
    pub figures: Option<FiguresDir>,
    /// What its stages made.
    pub sources: Vec<Source>,
}

/// What a launch did.
#[derive(Debug, Clone, Default)]
pub struct LaunchSummary {
    pub id: String,
    pub executed: usize,
    pub cached: usize,
    pub failed: usize,
    pub skipped: usize,
    pub seconds: f64,
}

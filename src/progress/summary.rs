//! What a person reads when a launch is over: runs with their main metrics, what failed, counts, and the report.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{LaunchFinished, LaunchStarted, RunFinished, RunInfo, Status};
use crate::progress::Paint;
use crate::text;

/// Metrics that go into the table when runs have them, the most telling first. Others do when there are none of these.
const MAIN: &[&str] = &[
    "classifier.test_accuracy",
    "evaluate.mse",
    "evaluate.bce",
    "evaluate.ssim",
    "autoencoder.val_loss",
    "anomaly.auroc",
    "clusters.nmi",
    "tsne.trustworthiness",
];

/// Metric columns at most.
const COLUMNS: usize = 4;

/// Rows at most; the run log has them all.
const ROWS: usize = 24;

/// Collects what the end is told from.
#[derive(Default)]
pub struct Summary {
    runs: Vec<RunInfo>,
    finished: BTreeMap<usize, RunFinished>,
    failures: Vec<(String, String)>,
    notices: Vec<String>,
}

impl Summary {
    pub fn new(started: &LaunchStarted) -> Self {
        Self { runs: started.runs.clone(), ..Self::default() }
    }

    pub fn run_finished(&mut self, finished: &RunFinished) {
        self.finished.insert(finished.run, finished.clone());
    }

    pub fn stage_failed(&mut self, label: String, error: String) {
        self.failures.push((label, error));
    }

    pub fn notice(&mut self, text: String) {
        self.notices.push(text);
    }

    /// The closing lines.
    pub fn lines(&self, finished: &LaunchFinished, paint: Paint) -> Vec<String> {
        let mut lines = vec![String::new()];
        lines.extend(self.table(paint));
        lines.extend(self.notices.iter().map(|notice| format!("{}  {notice}", paint.yellow("notice"))));
        for (label, error) in &self.failures {
            lines.push(format!("{}  {label}: {error}", paint.red("failed")));
        }
        let stages = counts(finished);
        lines.push(format!("{stages} in {}", text::seconds(finished.seconds)));
        if finished.status == Status::Interrupted {
            lines.push(paint.yellow("interrupted; the same command goes on from here"));
        }
        lines.extend(
            finished.report.as_ref().map(|report| format!("report: {}", paint.bold(&report.display().to_string()))),
        );
        lines
    }

    fn table(&self, paint: Paint) -> Vec<String> {
        if self.finished.is_empty() {
            return Vec::new();
        }
        let swept: BTreeSet<&String> = self.runs.iter().flat_map(|run| run.variant.keys()).collect();
        let seeds: BTreeSet<u64> = self.runs.iter().map(|run| run.seed).collect();
        let metrics = self.main_metrics();
        let mut header = vec!["run".to_owned()];
        header.extend(swept.iter().map(|param| (*param).clone()));
        header.extend((seeds.len() > 1).then(|| "seed".to_owned()));
        header.push("status".to_owned());
        header.extend(metrics.iter().map(|name| (*name).to_owned()));
        header.push("time".to_owned());
        let row = |(index, finished): (&usize, &RunFinished)| -> Option<Vec<String>> {
            let run = self.runs.get(*index)?;
            let mut row = vec![run.id.clone()];
            row.extend(swept.iter().map(|param| run.variant.get(*param).map(text::value).unwrap_or_default()));
            row.extend((seeds.len() > 1).then(|| run.seed.to_string()));
            row.push(finished.status.as_str().to_owned());
            let cell = |name: &&str| finished.metrics.get(*name).map_or_else(String::new, |value| text::number(*value));
            row.extend(metrics.iter().map(cell));
            row.push(text::seconds(finished.seconds));
            Some(row)
        };
        let rows: Vec<Vec<String>> = self.finished.iter().take(ROWS).filter_map(row).collect();
        let mut lines = text::table(&header, &rows);
        lines[0] = paint.bold(&lines[0]);
        if self.finished.len() > ROWS {
            lines.push(format!("and {} more: `pipeline runs` lists them", self.finished.len() - ROWS));
        }
        lines.push(String::new());
        lines
    }

    fn main_metrics(&self) -> Vec<&str> {
        let known: BTreeSet<&str> =
            self.finished.values().flat_map(|run| run.metrics.keys()).map(String::as_str).collect();
        let main: Vec<&str> = MAIN.iter().copied().filter(|name| known.contains(name)).take(COLUMNS).collect();
        if main.is_empty() { known.into_iter().take(COLUMNS).collect() } else { main }
    }
}

fn counts(finished: &LaunchFinished) -> String {
    let mut counts = vec![format!("{} executed", finished.executed), format!("{} cached", finished.cached)];
    let rare = [(finished.failed, "failed"), (finished.skipped, "skipped")];
    counts.extend(rare.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
    counts.join(", ")
}

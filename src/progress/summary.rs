//! What a person reads when a launch is over: runs with their main metrics, what failed, counts, and the report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::event::{LaunchFinished, LaunchGrown, LaunchStarted, RunFinished, RunInfo, Status};
use crate::merit::{key_metrics, of_companion};
use crate::progress::Paint;
use crate::text;

/// Metric columns at most.
const COLUMNS: usize = 4;

/// Rows at most; the run log has them all.
const ROWS: usize = 24;

/// A failure's second mention is no longer than this.
const BRIEF: usize = 100;

/// Collects what the end is told from.
#[derive(Default)]
pub struct Summary {
    runs: Vec<RunInfo>,
    finished: BTreeMap<usize, RunFinished>,
    failures: Vec<(String, String)>,
    /// What an ablation's variants are called, by what they set; empty without one.
    changes: Vec<(Map<String, Value>, Value)>,
}

impl Summary {
    pub fn new(started: &LaunchStarted) -> Self {
        Self { runs: started.runs.clone(), changes: changes(&started.config["ablation"]), ..Self::default() }
    }

    pub fn grown(&mut self, grown: &LaunchGrown) {
        self.runs.extend(grown.runs.iter().cloned());
    }

    pub fn run_finished(&mut self, finished: &RunFinished) {
        self.finished.insert(finished.run, finished.clone());
    }

    pub fn stage_failed(&mut self, label: String, error: String) {
        self.failures.push((label, error));
    }

    /// The closing lines; notices are only counted.
    pub fn lines(&self, finished: &LaunchFinished, notices: usize, width: usize, paint: Paint) -> Vec<String> {
        let mut lines = vec![String::new()];
        lines.extend(self.table(width, paint));
        for (label, error) in &self.failures {
            // All of it was told when it happened.
            let brief = text::shortened(
                &format!("{label}: {}", error.lines().next().unwrap_or_default()),
                width.min(BRIEF).saturating_sub(8),
            );
            lines.push(format!("{}  {brief}", paint.red("failed")));
        }
        let notices = if notices > 0 {
            format!("; {}", paint.yellow(&format!("{} above", text::count(notices, "notice"))))
        } else {
            String::new()
        };
        lines.push(format!("{} in {}{notices}", counts(finished), text::seconds(finished.seconds)));
        if finished.status == Status::Interrupted {
            lines.push(paint.yellow("interrupted; the same command goes on from here"));
        }
        lines.extend(
            finished.report.as_ref().map(|report| format!("report: {}", paint.bold(&report.display().to_string()))),
        );
        lines
    }

    /// The runs, with as many metrics as there is room for.
    fn table(&self, width: usize, paint: Paint) -> Vec<String> {
        if self.finished.is_empty() {
            return Vec::new();
        }
        let metrics = self.main_metrics();
        let wide = |lines: &[String]| lines.iter().any(|line| line.chars().count() > width);
        let mut lines = self.columns(&metrics);
        for count in (0..metrics.len()).rev() {
            if wide(&lines) {
                lines = self.columns(&metrics[..count]);
            }
        }
        let header = lines.len() - self.finished.len().min(ROWS);
        lines[..header].iter_mut().for_each(|line| *line = paint.bold(line));
        if self.finished.len() > ROWS {
            lines.push(format!("and {} more: `pipeline runs` lists them", self.finished.len() - ROWS));
        }
        lines.push(String::new());
        lines
    }

    fn columns(&self, metrics: &[&str]) -> Vec<String> {
        let of_change = |run: &RunInfo| self.changes.iter().find(|(values, _)| *values == run.variant);
        let swept: BTreeSet<&str> = match self.changes.is_empty() {
            true => self.runs.iter().flat_map(|run| run.variant.keys()).map(String::as_str).collect(),
            false => ["change"].into(),
        };
        let value = |run: &RunInfo, param: &str| match of_change(run) {
            Some((_, name)) => text::value(name),
            None => run.variant.get(param).map(text::value).unwrap_or_default(),
        };
        let seeds: BTreeSet<u64> = self.runs.iter().map(|run| run.seed).collect();
        let mut header = vec!["run".to_owned()];
        header.extend(swept.iter().map(|param| (*param).to_owned()));
        header.extend((seeds.len() > 1).then(|| "seed".to_owned()));
        header.push("status".to_owned());
        header.extend(metrics.iter().map(|name| text::stacked(name)));
        header.push("time".to_owned());
        let row = |(index, finished): (&usize, &RunFinished)| -> Option<Vec<String>> {
            let run = self.runs.get(*index)?;
            let mut row = vec![run.id.clone()];
            row.extend(swept.iter().map(|param| value(run, param)));
            row.extend((seeds.len() > 1).then(|| run.seed.to_string()));
            row.push(finished.status.as_str().to_owned());
            let cell = |name: &&str| finished.metrics.get(*name).map_or_else(String::new, |value| text::number(*value));
            row.extend(metrics.iter().map(cell));
            row.push(text::seconds(finished.seconds));
            Some(row)
        };
        let rows: Vec<Vec<String>> = self.finished.iter().take(ROWS).filter_map(row).collect();
        text::table(&header, &rows)
    }

    fn main_metrics(&self) -> Vec<&str> {
        let names = self.finished.values().flat_map(|run| run.metrics.keys()).map(String::as_str);
        let known: BTreeSet<&str> = names.filter(|name| !of_companion(name)).collect();
        let main = key_metrics(&known, COLUMNS);
        if main.is_empty() { known.into_iter().take(COLUMNS).collect() } else { main }
    }
}

/// The base first. `ablation` as in a launch's config.
fn changes(ablation: &Value) -> Vec<(Map<String, Value>, Value)> {
    let named =
        |name: &Value, variant: &Value| Some((variant.as_object()?.clone(), name.is_string().then(|| name.clone())?));
    let changes = ablation["changes"].as_array().into_iter().flatten();
    let changes = changes.filter_map(|change| named(&change["name"], &change["variant"]));
    named(&ablation["base_name"], &json!({})).into_iter().chain(changes).collect()
}

fn counts(finished: &LaunchFinished) -> String {
    let mut counts = vec![format!("{} executed", finished.executed), format!("{} cached", finished.cached)];
    let rare = [(finished.failed, "failed"), (finished.skipped, "skipped")];
    counts.extend(rare.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
    counts.join(", ")
}

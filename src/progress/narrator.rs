//! Turns events into the lines a person reads. Knows nothing of where they are shown.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::event::{
    LaunchFinished, LaunchGrown, LaunchStarted, NodeInfo, Progress, Reason, RunEvent, StageFinished, Status,
};
use crate::merit;
use crate::progress::summary::Summary;
use crate::progress::{Paint, Verbosity};
use crate::text;

/// Time between two lines about one stage's progress.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// How many metrics of a stage go on its line.
const METRICS: usize = 4;

/// How many reasons go on a stage's line.
const REASONS: usize = 2;

/// Room for the word at the beginning of a line.
const WORD: usize = 12;

/// Follows a launch and says what is worth saying.
pub struct Narrator {
    verbosity: Verbosity,
    paint: Paint,
    /// Whether stages that go on, and cached ones, get lines: not when bars and counts show them.
    tell_all: bool,
    /// How long lines may be.
    width: usize,
    nodes: Vec<NodeInfo>,
    /// What was told of which stage: its first line.
    notices: BTreeSet<String>,
    told: BTreeMap<usize, Timestamp>,
    summary: Summary,
}

impl Narrator {
    /// For plain lines of any length, or for above bars, on a terminal of this width.
    pub fn new(verbosity: Verbosity, paint: Paint, terminal: Option<usize>) -> Self {
        Self {
            verbosity,
            paint,
            tell_all: terminal.is_none() || verbosity == Verbosity::Verbose,
            width: terminal.unwrap_or(usize::MAX),
            nodes: Vec::new(),
            notices: BTreeSet::new(),
            told: BTreeMap::new(),
            summary: Summary::default(),
        }
    }

    /// The lines that an event is worth.
    pub fn hear(&mut self, time: Timestamp, event: &RunEvent) -> Vec<String> {
        match event {
            RunEvent::LaunchStarted(started) => self.launch_started(started),
            RunEvent::LaunchGrown(grown) => self.launch_grown(grown),
            RunEvent::StageStarted { node, .. } => self.stage_started(time, *node),
            RunEvent::StageProgress { node, progress } => self.progress(time, *node, progress),
            RunEvent::StageFinished(finished) => self.stage_finished(finished),
            RunEvent::StageRepaired(finished) => self.finished_line(finished),
            RunEvent::RunFinished(finished) => {
                self.summary.run_finished(finished);
                Vec::new()
            }
            RunEvent::Notice { node, text } => self.notice(*node, text),
            RunEvent::LaunchFinished(finished) => self.launch_finished(finished),
        }
    }

    /// The stage's name and what tells it from its siblings.
    pub fn label(&self, node: usize) -> String {
        let Some(node) = self.nodes.get(node) else { return format!("stage {node}") };
        text::label(&node.stage, &node.variant)
    }

    fn launch_started(&mut self, started: &LaunchStarted) -> Vec<String> {
        self.nodes.clone_from(&started.nodes);
        self.summary = Summary::new(started);
        let runs = text::count(started.runs.len(), "run");
        let stages = text::count(started.nodes.len(), "stage");
        let line = format!("{}: {runs}, {stages}", self.paint.bold(&started.experiment));
        self.when(Verbosity::Normal, line)
    }

    fn launch_grown(&mut self, grown: &LaunchGrown) -> Vec<String> {
        self.nodes.extend(grown.nodes.iter().cloned());
        self.summary.grown(grown);
        let variants: Vec<String> = grown.runs.iter().map(|run| text::pairs(&run.variant)).collect();
        let variants: BTreeSet<String> = variants.into_iter().collect();
        let tried = variants.into_iter().collect::<Vec<_>>().join("; ");
        let line = self.line(Paint::cyan, "next", &text::shortened(&tried, self.width.saturating_sub(WORD + 1)));
        self.when(Verbosity::Normal, line)
    }

    fn stage_started(&mut self, time: Timestamp, node: usize) -> Vec<String> {
        self.told.insert(node, time);
        let line = self.line(Paint::cyan, "started", &self.label(node));
        self.when(Verbosity::Verbose, line)
    }

    fn progress(&mut self, time: Timestamp, node: usize, progress: &Progress) -> Vec<String> {
        let last = self.told.get(&node).copied();
        let soon = last.is_some_and(|last| time.duration_since(last) < PAUSE);
        let whole = self.verbosity == Verbosity::Verbose && !progress.metrics.is_empty();
        if !self.tell_all || soon && !whole {
            return Vec::new();
        }
        self.told.insert(node, time);
        let mut parts = vec![self.label(node), how_far(progress)];
        parts.extend(latest(progress));
        let line = self.line(Paint::cyan, "running", &self.fitting(&parts));
        self.when(Verbosity::Normal, line)
    }

    fn stage_finished(&mut self, finished: &StageFinished) -> Vec<String> {
        let mut lines = self.finished_line(finished);
        if let Some(error) = &finished.error {
            lines.extend(self.lines(Paint::red, "", error));
            self.summary.stage_failed(self.label(finished.node), error.clone());
        }
        for warning in &finished.outcome.warnings {
            lines.extend(self.notice(Some(finished.node), warning));
        }
        lines
    }

    fn finished_line(&self, finished: &StageFinished) -> Vec<String> {
        let label = self.label(finished.node);
        let took = text::seconds(finished.seconds);
        let (needed, line) = match finished.status {
            Status::Executed => {
                let mut parts = vec![label, took];
                let metrics = &finished.outcome.metrics;
                let mut metrics: Vec<(&String, &f64)> = metrics.iter().collect();
                metrics.sort_by_key(|(name, _)| merit::place(name).unwrap_or(merit::PLACES));
                parts.extend(metrics.into_iter().take(METRICS).map(|(name, value)| metric(name, *value)));
                parts.extend(self.reasons(&finished.reasons).map(|reasons| format!("({reasons})")));
                (Verbosity::Normal, self.line(Paint::green, "executed", &self.fitting(&parts)))
            }
            Status::Cached if self.tell_all => (Verbosity::Normal, self.line(Paint::dim, "cached", &label)),
            Status::Cached => return Vec::new(),
            Status::Failed => (Verbosity::Quiet, self.line(Paint::red, "failed", &format!("{label}  {took}"))),
            Status::Skipped => (Verbosity::Verbose, self.line(Paint::yellow, "skipped", &label)),
            Status::Interrupted => (Verbosity::Normal, self.line(Paint::yellow, "interrupted", &label)),
        };
        self.when(needed, line)
    }

    /// Everything a person must know is told once, whether the runner says it (perhaps at length), the stage, or both.
    fn notice(&mut self, node: Option<usize>, text: &str) -> Vec<String> {
        let told = match node {
            Some(node) => format!("{}: {text}", self.label(node)),
            None => text.to_owned(),
        };
        if !self.notices.insert(told.lines().next().unwrap_or_default().to_owned()) {
            return Vec::new();
        }
        self.lines(Paint::yellow, "notice", &told)
    }

    fn launch_finished(&self, finished: &LaunchFinished) -> Vec<String> {
        if self.verbosity == Verbosity::Quiet {
            return Vec::new();
        }
        self.summary.lines(finished, self.notices.len(), self.width, self.paint)
    }

    fn reasons(&self, reasons: &[Reason]) -> Option<String> {
        let shown = if self.verbosity == Verbosity::Verbose { reasons.len() } else { REASONS.min(reasons.len()) };
        let mut parts: Vec<String> = reasons[..shown].iter().map(ToString::to_string).collect();
        if shown < reasons.len() {
            parts.push(format!("{} more", reasons.len() - shown));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    fn line(&self, color: fn(Paint, &str) -> String, word: &str, rest: &str) -> String {
        let blanks = " ".repeat(WORD - word.len());
        format!("{}{blanks}{rest}", color(self.paint, word))
    }

    /// A text of any length, after a word.
    fn lines(&self, color: fn(Paint, &str) -> String, word: &str, text: &str) -> Vec<String> {
        let lines = text::wrapped(text, self.width.saturating_sub(WORD)).into_iter().enumerate();
        lines.map(|(index, line)| self.line(color, if index == 0 { word } else { "" }, &line)).collect()
    }

    fn fitting(&self, parts: &[String]) -> String {
        text::fitting(parts, self.width.saturating_sub(WORD))
    }

    fn when(&self, needed: Verbosity, line: String) -> Vec<String> {
        if self.verbosity >= needed { vec![line] } else { Vec::new() }
    }
}

/// `epoch 3/10`, or how many when the end is not known; bytes in their units.
pub fn how_far(progress: &Progress) -> String {
    let amount = |count: u64| if progress.unit == "byte" { text::bytes(count) } else { count.to_string() };
    let unit = if progress.unit == "byte" { String::new() } else { format!("{} ", progress.unit) };
    match progress.total {
        0 => format!("{unit}{}", amount(progress.done)),
        total => format!("{unit}{}/{}", amount(progress.done), amount(total)),
    }
}

/// The latest figures, each as `name value`.
pub fn latest(progress: &Progress) -> Vec<String> {
    let metrics = &progress.metrics;
    // There is room for one accuracy.
    let is_shown = |name: &str| name != "train_accuracy" || !metrics.iter().any(|(other, _)| other == "val_accuracy");
    metrics.iter().filter(|(name, _)| is_shown(name)).map(|(name, value)| metric(name, *value)).collect()
}

fn metric(name: &str, value: f64) -> String {
    format!("{name} {}", text::number(value))
}

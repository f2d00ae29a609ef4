//! One JSON object a line: the launch for programs. The objects' fields are a promise; see `docs/json.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::beside::remark;
use crate::event::{LaunchStarted, NodeInfo, Observer, Progress, Reason, RunEvent, RunFinished, StageFinished, Status};

/// Time between two objects about one stage that carry no metrics, such as a download's.
const PAUSE: SignedDuration = SignedDuration::from_millis(100);

/// Writes events as JSON lines, each flushed.
pub struct Json<W> {
    state: Mutex<State<W>>,
}

struct State<W> {
    output: W,
    /// Writing failed, as when the reader is gone: nothing is written any more, and the launch goes on.
    closed: bool,
    launch: Option<LaunchStarted>,
    fingerprints: BTreeMap<usize, String>,
    told: BTreeMap<usize, Timestamp>,
    /// Stages that ended. That such a one is repaired is not told: each ends once.
    ended: BTreeSet<usize>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Object<'a> {
    LaunchStarted {
        time: String,
        launch: &'a str,
        experiment: &'a str,
        runs: usize,
        stages: usize,
    },
    /// What a search adds when all before has ended.
    LaunchGrown {
        time: String,
        launch: &'a str,
        runs: usize,
        stages: usize,
    },
    StageStarted {
        time: String,
        #[serde(flatten)]
        stage: Stage<'a>,
    },
    StageProgress {
        time: String,
        #[serde(flatten)]
        stage: Stage<'a>,
        done: u64,
        total: u64,
        unit: &'static str,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        metrics: BTreeMap<&'a str, f64>,
    },
    StageFinished {
        time: String,
        #[serde(flatten)]
        stage: Stage<'a>,
        status: Status,
        #[serde(serialize_with = "milliseconds")]
        seconds: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasons: Option<&'a [Reason]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    },
    RunFinished {
        time: String,
        run: &'a str,
        variant: &'a Map<String, Value>,
        seed: u64,
        status: Status,
        metrics: &'a BTreeMap<String, f64>,
    },
    LaunchFinished {
        time: String,
        launch: &'a str,
        executed: usize,
        cached: usize,
        failed: usize,
        skipped: usize,
        #[serde(serialize_with = "milliseconds")]
        seconds: f64,
        report: Option<&'a Path>,
    },
}

#[derive(Serialize)]
struct Stage<'a> {
    stage: &'a str,
    kind: &'a str,
    fingerprint: Option<&'a str>,
    variant: &'a Map<String, Value>,
}

impl<W: Write + Send> Json<W> {
    /// Writes to `output`.
    pub fn new(output: W) -> Self {
        let state = State {
            output,
            closed: false,
            launch: None,
            fingerprints: BTreeMap::new(),
            told: BTreeMap::new(),
            ended: BTreeSet::new(),
        };
        Self { state: Mutex::new(state) }
    }
}

impl<W: Write + Send> Observer for Json<W> {
    fn observe(&self, time: Timestamp, event: &RunEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.closed {
            state.hear(event);
            let told = state.tell(time, event);
            state.closed = told.is_err();
            // A reader that leaves knows that it does.
            if let Some(error) = told.err().filter(|error| error.kind() != ErrorKind::BrokenPipe) {
                remark(&format!(
                    "warning: no more events are told, the launch goes on: they cannot be written: {error}"
                ));
            }
        }
    }
}

impl<W: Write> State<W> {
    fn hear(&mut self, event: &RunEvent) {
        match event {
            RunEvent::LaunchStarted(started) => self.launch = Some(started.clone()),
            RunEvent::LaunchGrown(grown) => {
                if let Some(launch) = &mut self.launch {
                    launch.runs.extend(grown.runs.iter().cloned());
                    launch.nodes.extend(grown.nodes.iter().cloned());
                }
            }
            RunEvent::StageStarted { node, fingerprint } => {
                self.fingerprints.insert(*node, fingerprint.clone());
            }
            RunEvent::StageFinished(StageFinished { node, fingerprint: Some(fingerprint), .. }) => {
                self.fingerprints.insert(*node, fingerprint.clone());
            }
            _ => {}
        }
    }

    fn tell(&mut self, time: Timestamp, event: &RunEvent) -> std::io::Result<()> {
        if self.is_repair(event) || self.is_too_soon(time, event) {
            return Ok(());
        }
        let Some(launch) = &self.launch else { return Ok(()) };
        let Some(object) = object(launch, &self.fingerprints, time, event) else { return Ok(()) };
        let mut line = serde_json::to_vec(&object)?;
        line.push(b'\n');
        self.output.write_all(&line)?;
        self.output.flush()
    }

    fn is_repair(&mut self, event: &RunEvent) -> bool {
        match event {
            RunEvent::StageStarted { node, .. } | RunEvent::StageProgress { node, .. } => self.ended.contains(node),
            RunEvent::StageFinished(finished) => !self.ended.insert(finished.node),
            _ => false,
        }
    }

    fn is_too_soon(&mut self, time: Timestamp, event: &RunEvent) -> bool {
        let RunEvent::StageProgress { node, progress } = event else { return false };
        let ends = progress.total > 0 && progress.done >= progress.total;
        if !progress.metrics.is_empty() || ends {
            return false;
        }
        if self.told.get(node).is_some_and(|last| time.duration_since(*last) < PAUSE) {
            return true;
        }
        self.told.insert(*node, time);
        false
    }
}

/// What programs are told of an event; notices are for people.
fn object<'a>(
    launch: &'a LaunchStarted,
    fingerprints: &'a BTreeMap<usize, String>,
    time: Timestamp,
    event: &'a RunEvent,
) -> Option<Object<'a>> {
    let time = format!("{time:.3}");
    Some(match event {
        RunEvent::LaunchStarted(started) => Object::LaunchStarted {
            time,
            launch: &started.launch,
            experiment: &started.experiment,
            runs: started.runs.len(),
            stages: started.nodes.len(),
        },
        RunEvent::LaunchGrown(grown) => {
            Object::LaunchGrown { time, launch: &launch.launch, runs: grown.runs.len(), stages: grown.nodes.len() }
        }
        RunEvent::RunFinished(RunFinished { run, status, metrics, .. }) => {
            let run = launch.runs.get(*run)?;
            Object::RunFinished { time, run: &run.id, variant: &run.variant, seed: run.seed, status: *status, metrics }
        }
        RunEvent::LaunchFinished(finished) => Object::LaunchFinished {
            time,
            launch: &launch.launch,
            executed: finished.executed,
            cached: finished.cached,
            failed: finished.failed,
            skipped: finished.skipped,
            seconds: finished.seconds,
            report: finished.report.as_deref(),
        },
        event => return object_of_stage(launch, fingerprints, time, event),
    })
}

fn object_of_stage<'a>(
    launch: &'a LaunchStarted,
    fingerprints: &'a BTreeMap<usize, String>,
    time: String,
    event: &'a RunEvent,
) -> Option<Object<'a>> {
    let stage = |node: usize| -> Option<Stage<'a>> {
        let NodeInfo { stage, kind, variant, .. } = launch.nodes.get(node)?;
        Some(Stage { stage, kind, fingerprint: fingerprints.get(&node).map(String::as_str), variant })
    };
    Some(match event {
        RunEvent::StageStarted { node, .. } => Object::StageStarted { time, stage: stage(*node)? },
        RunEvent::StageProgress { node, progress: Progress { done, total, unit, metrics } } => {
            let metrics = metrics.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            Object::StageProgress { time, stage: stage(*node)?, done: *done, total: *total, unit, metrics }
        }
        RunEvent::StageFinished(finished) => Object::StageFinished {
            time,
            stage: stage(finished.node)?,
            status: finished.status,
            seconds: finished.seconds,
            reasons: (finished.status == Status::Executed).then_some(finished.reasons.as_slice()),
            error: finished.error.as_deref(),
        },
        _ => return None,
    })
}

fn milliseconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1000.0).round() / 1000.0)
}

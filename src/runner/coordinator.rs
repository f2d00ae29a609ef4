//! The one thread that decides: feeds ready stages to the job threads, turns their messages into events in order,
//! and closes runs. Job threads never talk to an observer.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::event::{
    LaunchFinished, LaunchStarted, Observer, Outcome, Progress, RunEvent, RunFinished, StageFinished, Status,
};
use crate::hash::ContentHash;
use crate::runner::listing::{launch_started, memberships, queue};
use crate::runner::lookup::slot;
use crate::runner::produce::Job;
use crate::runner::shared::{Failure, Message, Planned, Produced, Shared};
use crate::runner::{Growth, Launch, Reporter, RunEnd, RunResult, RunnerError, StageResult, Summary};
use crate::schedule::ReadyQueue;

/// How long after Ctrl-C a stage may take to stop before the launch ends without it.
const GRACE: Duration = Duration::from_millis(500);

/// How often the stop flag is looked at while nothing happens.
const TICK: Duration = Duration::from_millis(50);

/// A launch in progress.
pub struct Coordinator {
    pub(super) shared: Arc<Shared>,
    pub(super) started_event: LaunchStarted,
    pub(super) growth: Option<Box<dyn Growth>>,
    /// By node.
    pub(super) results: Vec<Option<StageResult>>,
    /// By run, once it has ended.
    pub(super) ended: Vec<Option<RunEnd>>,
    /// For each node the runs that contain it.
    pub(super) runs_of: Vec<Vec<usize>>,
    /// For each run how many of its stages have not ended.
    pub(super) open: Vec<usize>,
    pub(super) queue: ReadyQueue,
    running: Vec<usize>,
    /// By node, when a job thread took it up.
    pub(super) begun: Vec<Option<Instant>>,
    /// By node, what was said of each epoch.
    pub(super) series: Vec<BTreeMap<String, Vec<f64>>>,
    /// After a failure nothing more is begun.
    stopping: bool,
    started: Instant,
    messages: Receiver<Message>,
    /// Where the next ready node is sent; dropped to let the job threads end.
    work: Option<Sender<usize>>,
}

impl Coordinator {
    /// Starts the job threads.
    pub fn start(mut launch: Launch) -> Result<Self, RunnerError> {
        let started_event = launch_started(&launch);
        let nodes = started_event.nodes.len();
        let (runs_of, open) = memberships(&started_event.runs, nodes);
        let queue = queue(&launch.plan);
        let growth = launch.growth.take();
        let most_jobs = if growth.is_some() { usize::MAX } else { nodes };
        let shared = Arc::new(share(launch)?);
        let (work, messages) = start_jobs(&shared, most_jobs)?;
        Ok(Self {
            shared,
            ended: vec![None; started_event.runs.len()],
            started_event,
            growth,
            results: vec![None; nodes],
            runs_of,
            open,
            queue,
            running: vec![],
            begun: vec![None; nodes],
            series: vec![BTreeMap::new(); nodes],
            stopping: false,
            started: Instant::now(),
            messages,
            work: Some(work),
        })
    }

    /// Runs everything to its end.
    pub fn run(mut self, observer: &dyn Observer, reporter: &dyn Reporter) -> Result<Summary, RunnerError> {
        emit(observer, RunEvent::LaunchStarted(self.started_event.clone()));
        let mut abandoned = false;
        let mut cancelled_at = None;
        loop {
            if self.shared.cancel.is_cancelled() {
                cancelled_at.get_or_insert_with(Instant::now);
            } else if !self.stopping {
                self.feed();
            }
            if self.running.is_empty() {
                let going_on = cancelled_at.is_none() && !self.stopping;
                if going_on && self.grow(observer, reporter) {
                    continue;
                }
                break;
            }
            match self.messages.recv_timeout(TICK) {
                Ok(message) => self.handle(message, observer, reporter),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if cancelled_at.is_some_and(|at| at.elapsed() > GRACE) {
                abandoned = !self.running.is_empty();
                break;
            }
        }
        self.work = None;
        self.close(observer, reporter);
        // Waiting for the disk could take seconds, which whoever asked for a stop does not have.
        if !abandoned && let Err(error) = self.shared.store.save_last(&self.started_event.experiment, &self.slots()) {
            let text = format!("{error}; the next launch will not say what changed since this one");
            emit(observer, RunEvent::Notice { node: None, text });
        }
        Ok(self.summarize(abandoned, observer, reporter))
    }

    /// Hands ready stages to idle job threads.
    fn feed(&mut self) {
        while self.running.len() < self.shared.options.jobs.max(1) {
            let (Some(node), Some(work)) = (self.queue.next(), &self.work) else { return };
            self.running.push(node);
            self.begun[node] = Some(Instant::now());
            work.send(node).expect("job threads wait for work until the sender is dropped");
        }
    }

    fn handle(&mut self, message: Message, observer: &dyn Observer, reporter: &dyn Reporter) {
        match message {
            Message::Started { node, fingerprint } => {
                emit(observer, RunEvent::StageStarted { node, fingerprint: fingerprint.to_string() });
            }
            Message::Progress { node, progress } => {
                self.follow(node, &progress);
                emit(observer, RunEvent::StageProgress { node, progress });
            }
            Message::Notice { node, text } => emit(observer, RunEvent::Notice { node: Some(node), text }),
            Message::Repaired { node, produced } => {
                let result = self.result(node, Ok(produced));
                emit(observer, RunEvent::StageRepaired(result.finished.clone()));
                self.results[node] = Some(result);
            }
            Message::Done { node, result } => {
                self.running.retain(|running| *running != node);
                let failed = matches!(result, Err(Failure::Failed { .. }));
                if let Ok(produced) = &result {
                    self.shared.keep(node, produced.record.clone());
                    self.queue.finished(node);
                }
                let result = self.result(node, result);
                self.end_stage(node, result, observer, reporter);
                if failed {
                    for skipped in self.queue.failed(node) {
                        self.skip(skipped, observer, reporter);
                    }
                    self.stopping |= !self.shared.options.keep_going;
                }
            }
        }
    }

    /// Keeps what a training says of its epochs, for the case that it does not get to its end.
    fn follow(&mut self, node: usize, progress: &Progress) {
        for (name, value) in progress.metrics.iter().filter(|_| progress.unit == "epoch") {
            let values = self.series[node].entry(name.clone()).or_default();
            if progress.done == 1 {
                values.clear();
            }
            // One that goes on from a checkpoint says nothing of the epochs before.
            if progress.done == values.len() as u64 + 1 {
                values.push(*value);
            }
        }
        self.series[node].retain(|_, values| !values.is_empty());
    }

    fn result(&self, node: usize, result: Result<Produced, Failure>) -> StageResult {
        let mut finished = unfinished(node, Status::Interrupted);
        match result {
            Ok(produced) => {
                finished.status = if produced.executed { Status::Executed } else { Status::Cached };
                finished.fingerprint = Some(produced.record.fingerprint.to_string());
                finished.seconds = produced.seconds;
                finished.saved = if produced.executed { 0.0 } else { produced.record.seconds };
                finished.reasons = produced.reasons;
                finished.outcome = produced.record.outcome.clone();
                finished.artifacts = self.shared.store.describe(&produced.record);
                StageResult { finished, record: Some(produced.record) }
            }
            Err(Failure::Interrupted) => {
                finished.outcome.series = self.series[node].clone();
                finished.seconds = self.begun[node].map_or(0.0, |since| since.elapsed().as_secs_f64());
                StageResult { finished, record: None }
            }
            Err(Failure::Failed { fingerprint, error, seconds, reasons }) => {
                finished.status = Status::Failed;
                finished.outcome.series = self.series[node].clone();
                finished.fingerprint = fingerprint.map(|hash| hash.to_string());
                finished.error = Some(error);
                finished.seconds = seconds;
                finished.reasons = reasons;
                StageResult { finished, record: None }
            }
        }
    }

    /// Records a stage's end, and its runs' ends where it was the last stage.
    fn end_stage(&mut self, node: usize, result: StageResult, observer: &dyn Observer, reporter: &dyn Reporter) {
        for text in &result.finished.outcome.warnings {
            emit(observer, RunEvent::Notice { node: Some(node), text: text.clone() });
        }
        emit(observer, RunEvent::StageFinished(result.finished.clone()));
        self.results[node] = Some(result);
        for run in self.runs_of[node].clone() {
            self.open[run] -= 1;
            if self.open[run] == 0 {
                self.end_run(run, observer, reporter);
            }
        }
    }

    pub(super) fn skip(&mut self, node: usize, observer: &dyn Observer, reporter: &dyn Reporter) {
        if self.results[node].is_none() {
            let result = StageResult { finished: unfinished(node, Status::Skipped), record: None };
            self.end_stage(node, result, observer, reporter);
        }
    }

    pub(super) fn end_run(&mut self, run: usize, observer: &dyn Observer, reporter: &dyn Reporter) {
        let info = &self.started_event.runs[run];
        let stages: BTreeMap<&str, &StageResult> = info
            .stages
            .iter()
            .filter_map(|(name, node)| Some((name.as_str(), self.results[*node].as_ref()?)))
            .collect();
        let mut metrics = BTreeMap::new();
        for (stage, result) in &stages {
            for (name, value) in &result.finished.outcome.metrics {
                metrics.insert(format!("{stage}.{name}"), *value);
            }
        }
        let status = worst(stages.values().map(|result| result.finished.status));
        let seconds = stages.values().map(|result| result.finished.seconds).sum();
        let saved = stages.values().map(|result| result.finished.saved).sum();
        let result = RunResult { info, status, metrics, seconds, saved, stages };
        let report = reporter.run(&result);
        let metrics = result.metrics;
        self.ended[run] = Some(RunEnd { status, metrics: metrics.clone() });
        emit(observer, RunEvent::RunFinished(RunFinished { run, status, metrics, seconds, report }));
    }

    /// Ends what has not ended: running stages were interrupted, the others never began.
    fn close(&mut self, observer: &dyn Observer, reporter: &dyn Reporter) {
        for node in std::mem::take(&mut self.running) {
            let result = self.result(node, Err(Failure::Interrupted));
            self.end_stage(node, result, observer, reporter);
        }
        for node in 0..self.results.len() {
            self.skip(node, observer, reporter);
        }
    }

    fn summarize(&self, abandoned: bool, observer: &dyn Observer, reporter: &dyn Reporter) -> Summary {
        let statuses: Vec<Status> = self.results.iter().flatten().map(|result| result.finished.status).collect();
        let count = |wanted: Status| statuses.iter().filter(|status| **status == wanted).count();
        let mut summary = Summary {
            status: match worst(statuses.iter().copied()) {
                // Going on would fail again.
                Status::Failed => Status::Failed,
                _ if self.shared.cancel.is_cancelled() => Status::Interrupted,
                worst => worst,
            },
            executed: count(Status::Executed),
            cached: count(Status::Cached),
            failed: count(Status::Failed),
            skipped: count(Status::Skipped),
            interrupted: count(Status::Interrupted),
            seconds: self.started.elapsed().as_secs_f64(),
            report: None,
            abandoned,
        };
        summary.report = reporter.experiment(&summary, &self.results);
        emit(
            observer,
            RunEvent::LaunchFinished(LaunchFinished {
                status: summary.status,
                executed: summary.executed,
                cached: summary.cached,
                failed: summary.failed,
                skipped: summary.skipped + summary.interrupted,
                seconds: summary.seconds,
                report: summary.report.clone(),
            }),
        );
        summary
    }

    /// What each slot of the experiment that got there was made of this time.
    fn slots(&self) -> BTreeMap<String, ContentHash> {
        let mut slots = BTreeMap::new();
        for (node, result) in self.shared.planned().plan.graph.node_weights().zip(&self.results) {
            if let Some(record) = result.as_ref().and_then(|result| result.record.as_ref()) {
                slots.insert(slot(node), record.fingerprint);
            }
        }
        slots
    }
}

fn share(launch: Launch) -> Result<Shared, RunnerError> {
    Ok(Shared {
        last: launch.store.last(&launch.experiment)?,
        pool: rayon::ThreadPoolBuilder::new().num_threads(launch.options.threads).build()?,
        holders: Mutex::default(),
        records: RwLock::new(vec![None; launch.plan.graph.node_count()]),
        planned: RwLock::new(Arc::new(Planned { forced: launch.options.force.nodes(&launch.plan), plan: launch.plan })),
        store: launch.store,
        places: launch.places,
        options: launch.options,
        cancel: launch.cancel,
    })
}

/// Where to send nodes, and where messages about them arrive.
fn start_jobs(shared: &Arc<Shared>, nodes: usize) -> Result<(Sender<usize>, Receiver<Message>), RunnerError> {
    let (sender, messages) = mpsc::channel();
    let (work, jobs) = mpsc::channel();
    let jobs = Arc::new(Mutex::new(jobs));
    for job in 0..shared.options.jobs.clamp(1, nodes.max(1)) {
        let (shared, jobs, sender) = (shared.clone(), jobs.clone(), sender.clone());
        let thread = std::thread::Builder::new().name(format!("job-{job}"));
        thread.spawn(move || job_thread(&shared, &jobs, &sender)).map_err(RunnerError::Thread)?;
    }
    Ok((work, messages))
}

fn job_thread(shared: &Shared, jobs: &Mutex<Receiver<usize>>, messages: &Sender<Message>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(node) = next else { return };
        let result = Job::new(shared, node, messages).produce();
        if messages.send(Message::Done { node, result }).is_err() {
            return;
        }
    }
}

pub(super) fn emit(observer: &dyn Observer, event: RunEvent) {
    observer.observe(Timestamp::now(), &event);
}

fn unfinished(node: usize, status: Status) -> StageFinished {
    StageFinished {
        node,
        fingerprint: None,
        status,
        seconds: 0.0,
        saved: 0.0,
        reasons: vec![],
        error: None,
        outcome: Outcome::default(),
        artifacts: vec![],
    }
}

/// The status of a whole from its parts'.
fn worst(statuses: impl Iterator<Item = Status>) -> Status {
    let badness = |status: &Status| match status {
        Status::Cached => 0,
        Status::Executed => 1,
        Status::Skipped => 2,
        Status::Interrupted => 3,
        Status::Failed => 4,
    };
    statuses.max_by_key(badness).unwrap_or(Status::Cached)
}

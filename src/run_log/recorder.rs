//! The observer that writes the log: on a thread of its own, in batches, never in training's way.
//!
//! A launch is worth more than its log. When the log cannot be written (a full disk, a read-only folder, another
//! writer that does not let go), training goes on, the reason is told once, what is unwritten is kept and tried again
//! every half second, and only what still cannot be written at the end is given up, and said. Results are in the cache
//! by then: launching again computes nothing and logs all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::event::{Observer, Progress, RunEvent};
use crate::run_log::lock::LaunchLock;
use crate::run_log::record::{self, Numbers};
use crate::run_log::{LogError, RunLog};

/// Time between an event and its being on disk, at most, unless the disk is slower.
const INTERVAL: Duration = Duration::from_millis(500);

/// Writes a launch's events to the log.
pub struct Recorder {
    path: PathBuf,
    sender: Sender<Message>,
    writer: Mutex<Option<JoinHandle<Result<(), LogError>>>>,
}

enum Message {
    Event(Timestamp, Box<RunEvent>),
    Finish,
}

impl Recorder {
    /// Opens the log and begins to listen. A log that cannot be written now is told through `on_problem`, once, and
    /// tried again; one that needs a person's hand (damaged, newer, not a log) is refused.
    pub fn start(path: &Path, on_problem: impl Fn(&LogError) + Send + 'static) -> Result<Self, LogError> {
        let log = match RunLog::open(path) {
            Ok(log) => Some(log),
            Err(error) if error.needs_a_hand() => return Err(error),
            Err(error) => {
                on_problem(&error);
                None
            }
        };
        let writer = Writer::new(path, log, on_problem);
        let (sender, receiver) = channel();
        let spawned = std::thread::Builder::new().name("run-log".to_owned()).spawn(move || writer.work(&receiver));
        let unusable = |error: std::io::Error| LogError::Unusable { path: path.to_owned(), detail: error.to_string() };
        Ok(Self { path: path.to_owned(), sender, writer: Mutex::new(Some(spawned.map_err(unusable)?)) })
    }

    /// Writes what is left and closes the log. Error: what could not be written in the end, and why.
    pub fn finish(&self) -> Result<(), LogError> {
        let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        // A writer that is gone has nothing left to hear.
        let _ = self.sender.send(Message::Finish);
        let stopped = |_| {
            let detail = "its writer stopped before the launch did".to_owned();
            Err(LogError::Unusable { path: self.path.clone(), detail })
        };
        writer.join().unwrap_or_else(stopped)
    }
}

impl Observer for Recorder {
    fn observe(&self, time: Timestamp, event: &RunEvent) {
        // After `finish` nobody listens, and nothing is left to be told.
        let _ = self.sender.send(Message::Event(time, Box::new(event.clone())));
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Whoever wants to know the outcome calls `finish`.
        let _ = self.finish();
    }
}

/// The thread's own half.
pub(super) struct Writer {
    path: PathBuf,
    log: Option<RunLog>,
    lock: Option<LaunchLock>,
    numbers: Numbers,
    pending: Vec<(Timestamp, RunEvent)>,
    /// Only the latest progress of a node is worth a write.
    progress: BTreeMap<usize, Progress>,
    on_problem: Box<dyn Fn(&LogError) + Send>,
    told: bool,
}

impl Writer {
    /// A writer that tries again to open a log that is not open; whoever tried first has told of that.
    pub(super) fn new(path: &Path, log: Option<RunLog>, on_problem: impl Fn(&LogError) + Send + 'static) -> Self {
        Self {
            path: path.to_owned(),
            told: log.is_none(),
            log,
            lock: None,
            numbers: Numbers::default(),
            pending: Vec::new(),
            progress: BTreeMap::new(),
            on_problem: Box::new(on_problem),
        }
    }

    #[cfg(test)]
    pub(super) fn limit_pages(&self, pages: i64) {
        let log = self.log.as_ref().expect("the log is open");
        log.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).expect("a valid pragma");
    }

    fn work(mut self, receiver: &Receiver<Message>) -> Result<(), LogError> {
        let mut due: Option<Instant> = None;
        loop {
            let message = match due {
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => receiver.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(Message::Event(time, event)) => {
                    let now = matches!(*event, RunEvent::LaunchStarted(_) | RunEvent::LaunchFinished(_));
                    self.keep(time, *event);
                    let latest = Instant::now() + if now { Duration::ZERO } else { INTERVAL };
                    due = Some(due.map_or(latest, |due| due.min(latest)));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Finish) | Err(RecvTimeoutError::Disconnected) => return self.write(),
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                due = self.write_or_tell().then_some(Instant::now() + INTERVAL);
            }
        }
    }

    pub(super) fn keep(&mut self, time: Timestamp, event: RunEvent) {
        match event {
            RunEvent::StageProgress { node, progress } => {
                self.progress.insert(node, progress);
            }
            event => {
                if let RunEvent::LaunchStarted(started) = &event {
                    // Without its lock a launch looks interrupted until it ends; that is no reason to stop it.
                    self.lock = LaunchLock::acquire(&self.path, &started.launch).ok();
                }
                self.pending.push((time, event));
            }
        }
    }

    /// Whether something is left to be tried again.
    pub(super) fn write_or_tell(&mut self) -> bool {
        let Err(error) = self.write() else { return false };
        tracing::debug!(%error, "run log not written; tried again later");
        if !self.told {
            (self.on_problem)(&error);
            self.told = true;
        }
        true
    }

    /// Writes everything pending in one transaction, or nothing of it.
    pub(super) fn write(&mut self) -> Result<(), LogError> {
        if self.log.is_none() {
            self.log = Some(RunLog::open(&self.path)?);
        }
        let Some(log) = &mut self.log else { return Ok(()) };
        write_batch(&mut log.connection, &mut self.numbers, &self.pending, &self.progress)
            .map_err(|error| LogError::from_sqlite(&self.path, &error))?;
        tracing::debug!(path = %self.path.display(), events = self.pending.len(), "run log written");
        self.pending.clear();
        self.progress.clear();
        Ok(())
    }
}

fn write_batch(
    connection: &mut Connection,
    numbers: &mut Numbers,
    events: &[(Timestamp, RunEvent)],
    progress: &BTreeMap<usize, Progress>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // What is not committed has no numbers.
    let mut numbered = numbers.clone();
    for (time, event) in events {
        record::event(&transaction, &mut numbered, *time, event)?;
    }
    for (node, progress) in progress {
        record::progress(&transaction, &numbered, *node, progress)?;
    }
    transaction.commit()?;
    *numbers = numbered;
    Ok(())
}

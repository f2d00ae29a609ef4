//! The log as launches leave it, held against what was told of them.

mod changes;
mod files;
mod reading;
mod writing;

use jiff::Timestamp;

use super::filter::Condition;
use super::*;
use crate::event::{Observer, RunEvent, sample};

/// A log with one finished launch in it.
fn recorded(directory: &Path, launch: &str) -> PathBuf {
    observed(directory, &sample::launch(launch))
}

/// A log of which a recorder was told this.
fn observed(directory: &Path, events: &[(Timestamp, RunEvent)]) -> PathBuf {
    let path = directory.join("runs.sqlite");
    let recorder = Recorder::start(&path, |error| panic!("{error}")).unwrap();
    observe_all(&recorder, events);
    recorder.finish().unwrap();
    path
}

fn observe_all(observer: &dyn Observer, events: &[(Timestamp, RunEvent)]) {
    events.iter().for_each(|(time, event)| observer.observe(*time, event));
}

fn reopen(path: &Path) -> RunLog {
    RunLog::open_for_queries(path).unwrap().expect("the log exists")
}

fn execute(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// A filter as `--where` gives it.
fn condition(log: &RunLog, text: &str) -> Option<Condition> {
    let (catalog, now) = (log.catalog().unwrap(), jiff::Zoned::now());
    Some(filter::Reader { catalog: &catalog, now: &now }.condition("--where", text).unwrap())
}

fn told(error: &LogError, directory: &Path) -> String {
    format!("{error}\nhelp: {}", error.help()).replace(&directory.display().to_string(), "DIR")
}

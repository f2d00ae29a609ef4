//! The history of all launches in one SQLite file: written from events while a launch goes on, read by queries.
//! Knows no config, no plan and no cache. What it holds about results is a projection for queries; the results
//! themselves are artifacts, so losing the log loses history and never a result.

mod compared;
mod detail;
mod edit;
mod error;
pub mod filter;
mod group;
mod lock;
mod query;
mod record;
mod recorder;
mod remove;
mod schema;
mod standing;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::provenance;

pub use compared::ComparedRun;
pub use detail::{RunDetail, StageArtifact, StageDetail};
pub use error::LogError;
pub use group::{Figures, Group, compare};
pub use query::{Filter, RunRow};
pub use recorder::Recorder;
pub use remove::Removal;
pub use standing::Standing;

/// How long a writer waits for another one before it gives up for now.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open run log.
#[derive(Debug)]
pub struct RunLog {
    connection: Connection,
    path: PathBuf,
    /// Launches that are over although the log says `running` and cannot be corrected, as it is read-only.
    dead: BTreeSet<i64>,
}

impl RunLog {
    /// Opens the log for writing, creates it when it is missing, upgrades it when an older version wrote it, and
    /// marks launches of this host that were killed as interrupted.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let writable = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = connect(path, writable)?;
        if connection.is_readonly("main").map_err(|error| LogError::from_sqlite(path, &error))? {
            return Err(LogError::Unusable { path: path.to_owned(), detail: "it is read-only".to_owned() });
        }
        // SQLite does not wait for others while it changes the journal's mode, so the wait is made here.
        with_patience(|| prepare(&mut connection)).map_err(|error| error.at(path))?;
        let mut log = Self { connection, path: path.to_owned(), dead: BTreeSet::new() };
        log.settle()?;
        Ok(log)
    }

    /// Opens the log for queries; `None` when there is none yet. Works on read-only files and folders too.
    pub fn open_for_queries(path: &Path) -> Result<Option<Self>, LogError> {
        if !path.exists() {
            return Ok(None);
        }
        match Self::open(path) {
            Err(LogError::Unusable { .. }) => Self::open_read_only(path).map(Some),
            opened => opened.map(Some),
        }
    }

    fn open_read_only(path: &Path) -> Result<Self, LogError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let connection = match schema::version(&connection) {
            Ok(_) => connection,
            // A folder that cannot be written holds no place for SQLite's shared memory. Nobody can be writing there.
            Err(_) => connect_immutable(path)?,
        };
        let found = schema::check(&connection).map_err(|error| error.at(path))?;
        if found < schema::KNOWN {
            let detail = format!("it is of an older version ({found}) and cannot be upgraded: it is read-only");
            return Err(LogError::Unusable { path: path.to_owned(), detail });
        }
        let mut log = Self { connection, path: path.to_owned(), dead: BTreeSet::new() };
        log.dead = log.dead_launches()?.into_iter().map(|(number, _)| number).collect();
        Ok(log)
    }

    /// Marks launches whose process is gone as interrupted, with everything that was still going on in them.
    fn settle(&mut self) -> Result<(), LogError> {
        let dead = self.dead_launches()?;
        if dead.is_empty() {
            return Ok(());
        }
        self.change(|transaction| {
            let sql = "UPDATE launches SET status = 'interrupted' WHERE number = ?1 AND status = 'running'";
            dead.iter().try_for_each(|(number, _)| {
                transaction.execute(sql, [number])?;
                record::close_what_is_open(transaction, *number)
            })
        })?;
        dead.iter().for_each(|(_, launch)| lock::forget(&self.path, launch));
        Ok(())
    }

    /// Launches of this host that say `running` though no process holds their lock: number and id.
    fn dead_launches(&self) -> Result<Vec<(i64, String)>, LogError> {
        let mut running: Vec<(i64, String)> = self.ask(|connection| {
            let sql = "SELECT number, id FROM launches WHERE status = 'running' AND host = ?1";
            let mut statement = connection.prepare(sql)?;
            statement.query_map([provenance::host()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })?;
        running.retain(|(_, launch)| !lock::is_held(&self.path, launch));
        Ok(running)
    }

    /// The answer to a question, with SQLite's errors as people can tell them apart.
    fn ask<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LogError> {
        question(&self.connection).map_err(|error| LogError::from_sqlite(&self.path, &error))
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, LogError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(connection)
    };
    open().map_err(|error| LogError::from_sqlite(path, &error))
}

fn connect_immutable(path: &Path) -> Result<Connection, LogError> {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = PathBuf::from(format!("file:{escaped}?immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(uri, flags).map_err(|error| LogError::from_sqlite(path, &error))
}

fn prepare(connection: &mut Connection) -> Result<(), schema::SchemaError> {
    schema::check(connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // In WAL mode this survives a killed process; only a power cut may cost the last second.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    schema::migrate(connection, schema::STEPS)
}

fn with_patience(mut attempt: impl FnMut() -> Result<(), schema::SchemaError>) -> Result<(), schema::SchemaError> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(schema::SchemaError::Sqlite(error))
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && start.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests;

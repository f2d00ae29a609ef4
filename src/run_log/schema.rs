//! The log's tables and their versions. Knows SQL and nothing of what is written.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::run_log::error::LogError;

/// Step `i` brings version `i` to `i + 1`. A released step is never edited; new ones are appended.
pub const STEPS: &[&str] = &[include_str!("migrations/1.sql"), include_str!("migrations/2.sql")];

/// The version this binary writes.
pub const KNOWN: usize = STEPS.len();

/// Marks the file as a run log ("pipe"), so that another program's database is never taken for one.
const APPLICATION: i32 = 0x7069_7065;

/// Why a database cannot be used as a run log.
#[derive(Debug)]
pub enum SchemaError {
    Newer(usize),
    Foreign,
    Sqlite(rusqlite::Error),
}

impl SchemaError {
    /// The error as users see it.
    pub fn at(self, path: &Path) -> LogError {
        match self {
            Self::Newer(found) => LogError::Newer { path: path.to_owned(), found, known: KNOWN },
            Self::Foreign => LogError::Foreign { path: path.to_owned() },
            Self::Sqlite(error) => LogError::from_sqlite(path, &error),
        }
    }
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The version a database is of; 0 when it is empty.
pub fn version(connection: &Connection) -> rusqlite::Result<usize> {
    // Reading the schema makes SQLite look at the file, which the pragma alone may not.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map(|found| found.max(0) as usize)
}

/// The version, when the database is empty or a run log that this binary knows.
pub fn check(connection: &Connection) -> Result<usize, SchemaError> {
    let found = version(connection)?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match found {
        _ if application != APPLICATION && (tables > 0 || found > 0) => Err(SchemaError::Foreign),
        _ if found > KNOWN => Err(SchemaError::Newer(found)),
        _ => Ok(found),
    }
}

/// Applies the steps that are missing, all or none.
pub fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), SchemaError> {
    if version(connection)? == steps.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again under the lock: another process may have been faster.
    for step in steps.iter().skip(version(&transaction)?) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", steps.len() as i64)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::ContentHash;

    #[test]
    fn an_old_database_is_upgraded_and_keeps_its_rows() {
        let steps = ["CREATE TABLE a (x) STRICT".replace(" STRICT", ""), "ALTER TABLE a ADD COLUMN y DEFAULT 7".into()];
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &[&steps[0]]).unwrap();
        connection.execute("INSERT INTO a VALUES (1)", []).unwrap();
        migrate(&mut connection, &[&steps[0], &steps[1]]).unwrap();
        let row: (i64, i64) =
            connection.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!((version(&connection).unwrap(), row), (2, (1, 7)));
    }

    #[test]
    fn a_failed_upgrade_leaves_the_database_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        assert!(migrate(&mut connection, &["", "CREATE TABLE b (x)", "nonsense"]).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert!(connection.query_row("SELECT count(*) FROM b", [], |_| Ok(())).is_err());
    }

    #[test]
    fn released_steps_are_never_edited() {
        let hashes: Vec<String> = STEPS.iter().map(|step| ContentHash::of(step.as_bytes()).short()).collect();
        insta::assert_snapshot!(hashes.join(" "), @"29d9da52 6708b34a");
    }
}

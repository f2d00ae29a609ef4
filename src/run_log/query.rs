//! Lists of runs.

use rusqlite::{Row, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::run_log::{LogError, RunLog};

/// Which runs to list; the default is all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub experiment: Option<String>,
    /// A launch's id.
    pub launch: Option<String>,
    /// `running`, `executed`, `cached`, `failed`, `skipped` or `interrupted`.
    pub status: Option<String>,
    /// At most that many, the newest ones.
    pub limit: Option<usize>,
}

/// One run as scripts see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRow {
    pub id: String,
    pub experiment: String,
    pub launch: String,
    /// The swept params.
    pub variant: Map<String, Value>,
    pub seed: u64,
    pub status: String,
    /// When its launch began, RFC 3339 in UTC.
    pub started: String,
    /// `null` until it is over.
    pub seconds: Option<f64>,
    pub params: Map<String, Value>,
    /// `<stage>.<metric>` -> number, or `null` when it was not finite.
    pub metrics: Map<String, Value>,
    pub tags: Vec<String>,
}

/// Columns of [`RunRow`], then the launch's number.
pub(super) const COLUMNS: &str = "runs.id, runs.experiment, launches.id, runs.variant, runs.seed, runs.status,
    runs.started, runs.seconds, runs.params, runs.metrics, runs.tags, runs.launch";

impl RunLog {
    /// Runs that pass the filter, the newest first.
    pub fn runs(&self, filter: &Filter) -> Result<Vec<RunRow>, LogError> {
        let mut conditions = Vec::new();
        let mut values: Vec<&dyn ToSql> = Vec::new();
        let columns =
            [("runs.experiment", &filter.experiment), ("launches.id", &filter.launch), ("runs.status", &filter.status)];
        for (column, value) in columns {
            if let Some(value) = value {
                values.push(value);
                conditions.push(format!("{column} = ?{}", values.len()));
            }
        }
        let condition =
            if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        // A negative limit is none.
        let limit = filter.limit.map_or(-1, |limit| limit as i64);
        let sql = format!(
            "SELECT {COLUMNS} FROM runs JOIN launches ON launches.number = runs.launch {condition}
             ORDER BY runs.number DESC LIMIT {limit}"
        );
        let read = || -> rusqlite::Result<Vec<RunRow>> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement.query_map(values.as_slice(), |row| self.run_row(row))?.collect()
        };
        read().map_err(|error| LogError::from_sqlite(&self.path, &error))
    }

    /// A row selected by [`COLUMNS`].
    pub(super) fn run_row(&self, row: &Row) -> rusqlite::Result<RunRow> {
        Ok(RunRow {
            id: row.get(0)?,
            experiment: row.get(1)?,
            launch: row.get(2)?,
            variant: json(row, 3)?,
            seed: row.get::<_, i64>(4)? as u64,
            status: self.status(row.get(11)?, row.get(5)?),
            started: row.get(6)?,
            seconds: row.get(7)?,
            params: json(row, 8)?,
            metrics: json(row, 9)?,
            tags: json(row, 10)?,
        })
    }

    /// What a status means now: nothing is running in a launch whose process is gone.
    pub(super) fn status(&self, launch: i64, logged: String) -> String {
        match logged.as_str() {
            "running" if self.dead.contains(&launch) => "interrupted".to_owned(),
            "waiting" if self.dead.contains(&launch) => "skipped".to_owned(),
            _ => logged,
        }
    }
}

/// A column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

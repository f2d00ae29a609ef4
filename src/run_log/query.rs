//! Lists of runs.

use rusqlite::{Row, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::run_log::filter::{Catalog, Column, Condition, Field, Kind, Sort, Sql};
use crate::run_log::{LogError, RunLog};
use crate::text;

/// Which runs to list; the default is all that are not archived, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub experiment: Option<String>,
    /// A launch's id.
    pub launch: Option<String>,
    /// `running`, `executed`, `cached`, `failed`, `skipped` or `interrupted`.
    pub status: Option<String>,
    /// What else must be true of them.
    pub condition: Option<Condition>,
    /// Archived ones too.
    pub archived: bool,
    /// The first of these counts most.
    pub sort: Vec<Sort>,
    /// At most that many, the first ones.
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
    /// What a person wrote about it; empty when nobody did.
    pub note: String,
    pub archived: bool,
}

impl RunRow {
    /// Its value of a field; `null` when it has none. Several tags are one text.
    pub fn value(&self, field: &Field) -> Value {
        let text = |text: &String| Value::String(text.clone());
        let found = |map: &Map<String, Value>, name: &str| map.get(name).cloned().unwrap_or_default();
        match field {
            Field::Facts { kind: Kind::Param, name, .. } => found(&self.params, name),
            Field::Facts { kind: Kind::Metric, name, .. } => found(&self.metrics, name),
            Field::Facts { kind: Kind::Tag, .. } => Value::String(self.tags.join(" ")),
            Field::Facts { kind: Kind::Variant, .. } => Value::String(text::pairs(&self.variant)),
            Field::Column(column) => match column {
                Column::Id => text(&self.id),
                Column::Experiment => text(&self.experiment),
                Column::Launch => text(&self.launch),
                Column::Status => text(&self.status),
                Column::Seed => self.seed.into(),
                Column::Started => text(&self.started),
                Column::Seconds => self.seconds.into(),
                Column::Note => text(&self.note),
                Column::Archived => self.archived.into(),
            },
        }
    }
}

/// Columns of [`RunRow`], then the launch's number.
pub(super) const COLUMNS: &str = "runs.id, runs.experiment, launches.id, runs.variant, runs.seed, runs.status,
    runs.started, runs.seconds, runs.params, runs.metrics, runs.tags, runs.launch, runs.note, runs.archived";

/// How many columns those are.
pub(super) const WIDTH: usize = 14;

impl RunLog {
    /// Runs that pass the filter, in its order.
    pub fn runs(&self, filter: &Filter) -> Result<Vec<RunRow>, LogError> {
        self.ask(|connection| {
            // Rows are wide, so only those that are asked for are read.
            let sql = format!(
                "SELECT {COLUMNS} FROM runs JOIN launches ON launches.number = runs.launch WHERE runs.number = ?1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let numbers = self.numbers(filter)?.into_iter();
            numbers.map(|number| statement.query_row([number], |row| self.run_row(row))).collect()
        })
    }

    /// Row numbers of the runs that pass the filter, in its order. Reads nothing but what is narrow.
    pub(super) fn numbers(&self, filter: &Filter) -> rusqlite::Result<Vec<i64>> {
        let mut sql = Sql::default();
        sql.text.push_str("SELECT runs.number FROM runs INDEXED BY runs_brief WHERE 1");
        if !filter.archived {
            sql.text.push_str(" AND runs.archived = 0");
        }
        let columns = [
            ("runs.experiment = ", &filter.experiment, ""),
            ("runs.status = ", &filter.status, ""),
            ("runs.launch IN (SELECT number FROM launches WHERE id = ", &filter.launch, ")"),
        ];
        for (before, value, after) in columns {
            if let Some(value) = value {
                sql.text.push_str(&format!(" AND {before}"));
                sql.bind(value.as_str()).text.push_str(after);
            }
        }
        if let Some(condition) = &filter.condition {
            sql.text.push_str(" AND ");
            sql.condition(condition);
        }
        sql.text.push_str(" ORDER BY ");
        sql.order(&filter.sort);
        // A negative limit is none.
        sql.text.push_str(" LIMIT ");
        sql.bind(filter.limit.map_or(-1, |limit| limit as i64));
        let mut statement = self.connection.prepare(&sql.text)?;
        statement.query_map(params_from_iter(&sql.values), |row| row.get(0))?.collect()
    }

    /// What filters may ask about.
    pub fn catalog(&self) -> Result<Catalog, LogError> {
        self.ask(|_| self.read_catalog())
    }

    pub(super) fn read_catalog(&self) -> rusqlite::Result<Catalog> {
        let mut statement = self.connection.prepare("SELECT number, kind, name, type FROM names")?;
        let mut rows = statement.query([])?;
        let mut catalog = Catalog::default();
        while let Some(row) = rows.next()? {
            let (kind, value_type): (String, String) = (row.get(1)?, row.get(3)?);
            catalog.add(row.get(0)?, &kind, row.get(2)?, &value_type);
        }
        Ok(catalog)
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
            note: row.get(12)?,
            archived: row.get(13)?,
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
    serde_json::from_str(text).map_err(|error| unreadable(column, error))
}

/// A column that does not hold the JSON it should.
pub(super) fn unreadable(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

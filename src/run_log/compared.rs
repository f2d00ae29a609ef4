//! What a comparison asks for: runs with their params and metrics, what their launches say of them, and their series.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rusqlite::Row;
use serde_json::{Map, Value};

use crate::merit::Better;
use crate::named::Named;
use crate::run_log::query::{json, unreadable};
use crate::run_log::{Filter, LogError, RunLog};

/// A run as far as it is compared. Runs share what is the same in them.
#[derive(Debug, Clone)]
pub struct ComparedRun {
    pub id: String,
    pub experiment: Arc<str>,
    /// The launch's id.
    pub launch: Arc<str>,
    /// The swept params.
    pub variant: Arc<Map<String, Value>>,
    pub params: Arc<Map<String, Value>>,
    pub seed: u64,
    pub ended_well: bool,
    /// `<stage>.<metric>` -> value, not a number where it was not finite.
    pub metrics: Named,
}

impl RunLog {
    /// Names of all experiments, in alphabetical order.
    pub fn experiments(&self) -> Result<Vec<String>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT DISTINCT experiment FROM runs ORDER BY 1")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// The run with this id, or with the only id that begins so; `latest` is the newest.
    pub fn compared(&self, id: &str) -> Result<ComparedRun, LogError> {
        let number = self.number_of(id)?;
        let read = || self.compared_runs(&[number])?.pop().ok_or(rusqlite::Error::QueryReturnedNoRows);
        read().map_err(|error| LogError::from_sqlite(&self.path, &error))
    }

    pub(super) fn read_compared(&self, filter: &Filter) -> Result<Vec<ComparedRun>, LogError> {
        let read = || self.compared_runs(&self.numbers(filter)?);
        read().map_err(|error| LogError::from_sqlite(&self.path, &error))
    }

    /// The runs with these row numbers.
    fn compared_runs(&self, numbers: &[i64]) -> rusqlite::Result<Vec<ComparedRun>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT runs.id, runs.experiment, launches.id, runs.variant, runs.params, runs.seed, runs.status, runs.metrics
             FROM runs JOIN launches ON launches.number = runs.launch WHERE runs.number = ?1",
        )?;
        let (mut texts, mut maps) = (HashSet::new(), HashMap::new());
        let mut runs: Vec<ComparedRun> = Vec::with_capacity(numbers.len());
        let none = Named::default();
        for number in numbers {
            let like = runs.last().map_or(&none, |run| &run.metrics);
            let run = statement.query_row([number], |row| {
                Ok(ComparedRun {
                    id: row.get(0)?,
                    experiment: shared_text(row, 1, &mut texts)?,
                    launch: shared_text(row, 2, &mut texts)?,
                    variant: shared_map(row, 3, &mut maps)?,
                    params: shared_map(row, 4, &mut maps)?,
                    seed: row.get::<_, i64>(5)? as u64,
                    ended_well: matches!(row.get_ref(6)?.as_str()?, "executed" | "cached"),
                    metrics: Named::from_json(row.get_ref(7)?.as_str()?, like).map_err(|error| unreadable(7, error))?,
                })
            })?;
            runs.push(run);
        }
        Ok(runs)
    }

    /// What the variants of a launch's ablation are called, by what they set: the base and the changes. Empty without one.
    pub fn changes_of(&self, launch: &str) -> Result<HashMap<Map<String, Value>, String>, LogError> {
        let read = || -> rusqlite::Result<HashMap<Map<String, Value>, String>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT '{}', json_extract(config, '$.ablation.base_name') AS name FROM launches
                 WHERE id = ?1 AND name IS NOT NULL
                 UNION ALL
                 SELECT change.value -> 'variant', change.value ->> 'name'
                 FROM launches, json_each(config, '$.ablation.changes') AS change WHERE launches.id = ?1",
            )?;
            statement.query_map([launch], |row| Ok((json(row, 0)?, row.get(1)?)))?.collect()
        };
        read().map_err(|error| LogError::from_sqlite(&self.path, &error))
    }

    /// The params that a launch varies under a condition, and that do nothing where it does not hold.
    pub fn conditional_in(&self, launch: &str) -> Result<BTreeSet<String>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT axis.value ->> 'param' FROM launches, json_each(config, '$.sweep.axes') AS axis
                 WHERE launches.id = ?1 AND axis.value ->> 'conditional'
                 UNION SELECT axis.value ->> 'param' FROM launches, json_each(config, '$.search.space') AS axis
                 WHERE launches.id = ?1 AND axis.value -> 'when' IS NOT NULL",
            )?;
            statement.query_map([launch], |row| row.get(0))?.collect()
        })
    }

    /// The metrics that a launch's experiment is about: what is searched for, then what its file names.
    pub fn metrics_of(&self, launch: &str) -> Result<Vec<String>, LogError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare_cached(
                "SELECT objective.value ->> 'metric'
                 FROM launches, json_each(config, '$.search.objectives') AS objective WHERE launches.id = ?1
                 UNION ALL
                 SELECT metric.value FROM launches, json_each(config, '$.metrics') AS metric WHERE launches.id = ?1",
            )?;
            statement.query_map([launch], |row| row.get(0))?.collect()
        };
        read().map_err(|error| LogError::from_sqlite(&self.path, &error))
    }

    /// Which way the objectives of a launch's search are better.
    pub fn aims_of(&self, launch: &str) -> Result<BTreeMap<String, Better>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT objective.value ->> 'metric', objective.value ->> 'direction' = 'minimize'
                 FROM launches, json_each(config, '$.search.objectives') AS objective WHERE launches.id = ?1",
            )?;
            let better = |lower| if lower { Better::Lower } else { Better::Higher };
            statement.query_map([launch], |row| Ok((row.get(0)?, better(row.get(1)?))))?.collect()
        })
    }

    /// Whether the stage of this name had different values of a param in these runs.
    pub fn stage_param_differs(&self, runs: &[&str], stage: &str, param: &str) -> Result<bool, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT count(DISTINCT coalesce(stages.params -> ('$.' || ?3), 'null')) > 1
                 FROM json_each(?1) AS wanted JOIN runs ON runs.id = wanted.value
                 JOIN run_stages ON run_stages.run = runs.number AND run_stages.name = ?2
                 JOIN stages ON stages.number = run_stages.stage",
            )?;
            statement.query_row((Value::from(runs).to_string(), stage, param), |row| row.get(0))
        })
    }

    /// The series of a run: `<stage>.<name>` -> one value an epoch or other step, not a number where it was not finite.
    pub fn series_of(&self, run: &str) -> Result<BTreeMap<String, Vec<f64>>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT run_stages.name, series FROM runs JOIN run_stages ON run_stages.run = runs.number
                 JOIN stages ON stages.number = run_stages.stage WHERE runs.id = ?1",
            )?;
            let mut all = BTreeMap::new();
            let mut rows = statement.query([run])?;
            while let Some(row) = rows.next()? {
                let stage: String = row.get(0)?;
                let series: BTreeMap<String, Vec<Option<f64>>> = json(row, 1)?;
                all.extend(series.into_iter().map(|(name, points)| {
                    let points = points.into_iter().map(|point| point.unwrap_or(f64::NAN)).collect();
                    (format!("{stage}.{name}"), points)
                }));
            }
            Ok(all)
        })
    }
}

/// A text that rows share.
fn shared_text(row: &Row, column: usize, known: &mut HashSet<Arc<str>>) -> rusqlite::Result<Arc<str>> {
    let text = row.get_ref(column)?.as_str()?;
    if let Some(text) = known.get(text) {
        return Ok(text.clone());
    }
    let text: Arc<str> = text.into();
    known.insert(text.clone());
    Ok(text)
}

/// A JSON object that rows share. The log writes equal ones alike.
fn shared_map(
    row: &Row,
    column: usize,
    known: &mut HashMap<String, Arc<Map<String, Value>>>,
) -> rusqlite::Result<Arc<Map<String, Value>>> {
    let text = row.get_ref(column)?.as_str()?;
    if let Some(map) = known.get(text) {
        return Ok(map.clone());
    }
    let map: Arc<Map<String, Value>> = Arc::new(json(row, column)?);
    known.insert(text.to_owned(), map.clone());
    Ok(map)
}

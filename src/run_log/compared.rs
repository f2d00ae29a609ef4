//! What a comparison asks for: the runs that stand for an experiment, and their series.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::run_log::query::{RunRow, json};
use crate::run_log::{Filter, LogError, RunLog};

/// The runs that an experiment stands for.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    pub runs: Vec<RunRow>,
    /// How many more there would be, of earlier launches, if their pipelines had had the same stages.
    pub left_out: usize,
}

impl RunLog {
    /// Names of all experiments, in alphabetical order.
    pub fn experiments(&self) -> Result<Vec<String>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT DISTINCT experiment FROM runs ORDER BY 1")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// The runs that an experiment stands for, in the order of the sweep: those of its newest launch, and of earlier
    /// ones of the same stages what was run with the same params but for the swept ones. Of several with the same params
    /// and seed the newest that ended well counts, or the newest when none did.
    pub fn standing_for(&self, experiment: &str) -> Result<Standing, LogError> {
        let filter = Filter { experiment: Some(experiment.to_owned()), ..Filter::default() };
        let mut rows = self.runs(&filter)?;
        let Some(newest) = rows.first() else { return Ok(Standing::default()) };
        let launch = newest.launch.clone();
        let swept: BTreeSet<String> =
            rows.iter().filter(|row| row.launch == launch).flat_map(|row| row.variant.keys().cloned()).collect();
        let wanted = newest.params.clone();
        let is_same = |row: &RunRow| {
            let mut names = wanted.keys().chain(row.params.keys()).filter(|name| !swept.contains(*name));
            names.all(|name| wanted.get(name) == row.params.get(name))
        };
        rows.retain(|row| row.launch == launch || is_same(row));
        let stages = self.stages_of_launches(experiment)?;
        let (mut rows, others): (Vec<RunRow>, Vec<RunRow>) =
            rows.into_iter().partition(|row| stages.get(&row.launch) == stages.get(&launch));
        // The order of the sweep within a launch, the newest launch first; what ended well before what did not.
        rows.reverse();
        let mut order: Vec<String> = rows.iter().map(|row| row.launch.clone()).collect();
        order.dedup();
        rows.sort_by_cached_key(|row| std::cmp::Reverse(order.iter().rposition(|launch| *launch == row.launch)));
        let ended_well = |row: &RunRow| row.status == "executed" || row.status == "cached";
        let well: HashSet<Work> = rows.iter().filter(|row| ended_well(row)).map(work).collect();
        let mut seen = HashSet::new();
        let counts = |row: &RunRow| ended_well(row) || !well.contains(&work(row));
        let counts: Vec<bool> = rows.iter().map(|row| counts(row) && seen.insert(work(row))).collect();
        let left_out = others.iter().map(work).filter(|work| !seen.contains(work)).collect::<HashSet<_>>().len();
        let runs = rows.into_iter().zip(counts).filter_map(|(row, counts)| counts.then_some(row)).collect();
        Ok(Standing { runs, left_out })
    }

    /// The stages of the pipeline as each launch of an experiment has them in its config, by the launch's id.
    fn stages_of_launches(&self, experiment: &str) -> Result<HashMap<String, Option<String>>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, json_extract(config, '$.pipeline.stages') FROM launches WHERE experiment = ?1",
            )?;
            statement.query_map([experiment], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
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

/// What makes two runs the same work, as far as the log knows: params and seed.
type Work<'a> = (&'a Map<String, Value>, u64);

fn work(row: &RunRow) -> Work<'_> {
    (&row.params, row.seed)
}

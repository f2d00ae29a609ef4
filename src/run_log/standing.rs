//! Which of an experiment's runs count, of all that its launches left: those that belong together, each work once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::run_log::{ComparedRun, Filter, LogError, RunLog};

/// The runs that an experiment stands for.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    pub runs: Vec<ComparedRun>,
    /// How many more there would be, of earlier launches, if their pipelines had had the same stages.
    pub of_other_stages: usize,
    /// How many more there would be, of earlier launches, if these had had the same data.
    pub of_other_data: usize,
}

/// What a launch says of all its runs.
struct Launch {
    /// The stages of the pipeline, as in its config.
    stages: Option<String>,
    /// It was to run some stages only.
    partial: bool,
}

/// What makes two runs the same work, as far as the log knows: params and seed. Equal params are shared.
type Work = (*const Map<String, Value>, u64);

fn work(row: &ComparedRun) -> Work {
    (Arc::as_ptr(&row.params), row.seed)
}

impl RunLog {
    /// The runs that an experiment stands for, in the order of the sweep: those of its newest launch, and of earlier
    /// ones of the same stages and data what was run with the same params but for the swept ones. Of several with the
    /// same params and seed the newest that ended well counts, one of all stages before one of some; or the newest when
    /// none ended well. `sources`: the kinds of stages that bring data in.
    pub fn standing_for(&self, experiment: &str, sources: &[&str]) -> Result<Standing, LogError> {
        let filter = Filter { experiment: Some(experiment.to_owned()), ..Filter::default() };
        let mut rows = self.read_compared(&filter)?;
        let Some(newest) = rows.first().cloned() else { return Ok(Standing::default()) };
        let of_newest = rows.iter().filter(|row| row.launch == newest.launch);
        let swept: BTreeSet<String> = of_newest.flat_map(|row| row.variant.keys().cloned()).collect();
        let is_same = |params: &Map<String, Value>| {
            let mut names = newest.params.keys().chain(params.keys()).filter(|name| !swept.contains(*name));
            names.all(|name| newest.params.get(name) == params.get(name))
        };
        rows.retain(|row| row.launch == newest.launch || is_same(&row.params));
        let launches = self.launches_of(experiment)?;
        let stages = |row: &ComparedRun| launches.get(&*row.launch).and_then(|launch| launch.stages.as_deref());
        let (rows, of_other_stages): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| stages(row) == stages(&newest));
        let other_data = self.launches_of_other_data(&rows, sources)?;
        let (of_other_data, mut rows): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| other_data.contains(&row.launch));
        // The order of the sweep within a launch, the newest launch first.
        rows.reverse();
        let mut order: Vec<Arc<str>> = rows.iter().map(|row| row.launch.clone()).collect();
        order.dedup();
        rows.sort_by_cached_key(|row| Reverse(order.iter().rposition(|launch| *launch == row.launch)));
        let worth =
            |row: &ComparedRun| (row.ended_well, !launches.get(&*row.launch).is_some_and(|launch| launch.partial));
        let mut most: HashMap<Work, (bool, bool)> = HashMap::new();
        for row in &rows {
            let known = most.entry(work(row)).or_default();
            *known = worth(row).max(*known);
        }
        let mut seen = HashSet::new();
        rows.retain(|row| worth(row) == most[&work(row)] && seen.insert(work(row)));
        let more = |others: Vec<ComparedRun>| {
            others.iter().map(work).filter(|work| !seen.contains(work)).collect::<HashSet<_>>().len()
        };
        Ok(Standing { of_other_stages: more(of_other_stages), of_other_data: more(of_other_data), runs: rows })
    }

    fn launches_of(&self, experiment: &str) -> Result<HashMap<String, Launch>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, json_extract(config, '$.pipeline.stages'), config -> '$.only' IS NOT NULL
                 FROM launches WHERE experiment = ?1",
            )?;
            let launch =
                |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Launch { stages: row.get(1)?, partial: row.get(2)? }));
            statement.query_map([experiment], launch)?.collect()
        })
    }

    /// Launches in which a stage without inputs gave something else than with the same params in the first row's, the
    /// newest: what stood in for a data set, say. Their first run tells.
    fn launches_of_other_data(&self, rows: &[ComparedRun], sources: &[&str]) -> Result<HashSet<Arc<str>>, LogError> {
        let firsts: BTreeMap<&Arc<str>, &str> = rows.iter().map(|row| (&row.launch, row.id.as_str())).collect();
        let Some(newest) = rows.first().filter(|_| firsts.len() > 1) else { return Ok(HashSet::new()) };
        let given = self.given_by_sources(firsts[&newest.launch], sources)?;
        let mut others = HashSet::new();
        for (launch, run) in firsts {
            let now = self.given_by_sources(run, sources)?;
            if now.iter().any(|(stage, hashes)| given.get(stage).is_some_and(|others| others != hashes)) {
                others.insert(launch.clone());
            }
        }
        Ok(others)
    }

    /// The hashes of the files that a run's stages of these kinds gave, by the stage's name and params.
    fn given_by_sources(&self, run: &str, kinds: &[&str]) -> Result<HashMap<(String, String), String>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT run_stages.name, stages.params,
                    (SELECT group_concat(file.value ->> 'blake3')
                     FROM json_each(stages.artifacts) AS artifact, json_each(artifact.value, '$.files') AS file) AS hashes
                 FROM runs JOIN run_stages ON run_stages.run = runs.number JOIN stages ON stages.number = run_stages.stage
                 WHERE runs.id = ?1 AND hashes IS NOT NULL AND stages.kind IN (SELECT value FROM json_each(?2))",
            )?;
            let given = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
            statement.query_map((run, Value::from(kinds).to_string()), given)?.collect()
        })
    }
}

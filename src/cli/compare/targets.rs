//! What `pipeline compare` is to compare: experiments, their variants and single runs, as the log has them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cli::Stop;
use crate::cli::runs::NONE_YET;
use crate::compare::{CHANGE, Run};
use crate::diagnostic::nearest_or;
use crate::merit::Better;
use crate::progress::remark;
use crate::run_log::{ComparedRun, LogError, RunLog, Standing};
use crate::stage::registry;
use crate::text;

type Aims = Arc<BTreeMap<String, Better>>;

/// The runs that are meant, each once, and the metrics that their experiments are about.
pub fn runs(log: &RunLog, targets: &[String]) -> Result<(Vec<Run>, Vec<String>), Stop> {
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    for target in targets {
        rows.extend(named(log, target)?.into_iter().filter(|row| seen.insert(row.id.clone())));
    }
    drop_idle(log, &mut rows)?;
    match &rows[..] {
        [] => Err(Stop::usage("there is nothing to compare").help(NONE_YET)),
        [only] => Err(Stop::usage(format!("there is one run only, {}: nothing to compare it with", only.id))
            .help("name another run, variant or experiment; `pipeline runs` lists them")),
        _ => {
            let (mut about, mut aims): (Vec<String>, HashMap<Arc<str>, Aims>) = Default::default();
            for rows in rows.chunk_by(|one, other| one.launch == other.launch) {
                let more = log.metrics_of(&rows[0].launch)?;
                about.extend(more.into_iter().filter(|name| !about.contains(name)).collect::<Vec<_>>());
                aims.insert(rows[0].launch.clone(), Arc::new(log.aims_of(&rows[0].launch)?));
            }
            Ok((rows.into_iter().map(|row| run(row, &aims)).collect(), about))
        }
    }
}

/// An experiment's runs, those of a variant of it, or a single run.
fn named(log: &RunLog, target: &str) -> Result<Vec<ComparedRun>, Stop> {
    let experiments = log.experiments()?;
    if experiments.iter().any(|name| name == target) {
        return standing_for(log, target);
    }
    if let Some((experiment, values)) =
        target.split_once(':').filter(|(name, _)| experiments.iter().any(|known| known == name))
    {
        return of_variant(standing_for(log, experiment)?, experiment, values);
    }
    match log.compared(target) {
        Ok(run) => {
            let mut rows = vec![run];
            name_changes(log, &mut rows)?;
            Ok(rows)
        }
        Err(LogError::NoSuchRun(_)) => {
            let name = target.split_once(':').map_or(target, |(name, _)| name);
            let known = experiments.iter().map(String::as_str);
            let help = nearest_or(name, known, || format!("experiments with runs are {}", listed(experiments.iter())));
            Err(Stop::usage(format!("no run or experiment `{name}`")).help(help))
        }
        Err(error) => Err(error.into()),
    }
}

fn standing_for(log: &RunLog, experiment: &str) -> Result<Vec<ComparedRun>, Stop> {
    let Standing { mut runs, of_other_stages, of_other_data } = log.standing_for(experiment, &registry::sources())?;
    for (count, what) in
        [(of_other_stages, "stages"), (of_other_data, "data")].into_iter().filter(|(count, _)| *count > 0)
    {
        let runs = text::count(count, "run");
        remark(&format!("{runs} of earlier launches left out: {experiment} had other {what} then"));
    }
    name_changes(log, &mut runs)?;
    Ok(runs)
}

/// Lets runs of an ablation differ in the name of their change rather than in what it sets. The first run's launch, the
/// newest, has the last word on names.
fn name_changes(log: &RunLog, rows: &mut [ComparedRun]) -> Result<(), LogError> {
    let Some(newest) = rows.first().map(|row| log.changes_of(&row.launch)).transpose()? else { return Ok(()) };
    for rows in rows.chunk_by_mut(|one, other| one.launch == other.launch) {
        let changes = log.changes_of(&rows[0].launch)?;
        for row in rows.iter_mut().filter(|_| !changes.is_empty()) {
            let name = newest
                .get(&*row.variant)
                .or_else(|| changes.get(&*row.variant))
                .cloned()
                .unwrap_or_else(|| text::pairs(&row.variant));
            Arc::make_mut(&mut row.params).insert(CHANGE.to_owned(), name.as_str().into());
            row.variant = Arc::new(Map::from_iter([(CHANGE.to_owned(), name.into())]));
        }
    }
    Ok(())
}

/// Takes from every run the params that do nothing in it, since the condition under which they vary does not hold there.
/// Only where they have one value in all such runs of the experiment, lest what was run with different ones pass for the
/// same.
fn drop_idle(log: &RunLog, rows: &mut [ComparedRun]) -> Result<(), LogError> {
    let mut conditional: HashMap<Arc<str>, BTreeSet<String>> = HashMap::new();
    for rows in rows.chunk_by(|one, other| one.launch == other.launch) {
        conditional.insert(rows[0].launch.clone(), log.conditional_in(&rows[0].launch)?);
    }
    let of_experiments: BTreeSet<(Arc<str>, String)> = rows
        .iter()
        .flat_map(|row| conditional[&row.launch].iter().map(|param| (row.experiment.clone(), param.clone())))
        .collect();
    for (experiment, param) in &of_experiments {
        let is_idle = |row: &&ComparedRun| {
            row.experiment == *experiment
                && conditional[&row.launch].contains(param)
                && !row.variant.contains_key(param)
        };
        let idle: HashSet<Arc<Map<String, Value>>> =
            rows.iter().filter(is_idle).map(|row| row.params.clone()).collect();
        if idle.iter().map(|params| params.get(param)).collect::<HashSet<_>>().len() == 1 {
            // Launches from before there was the condition have the same work, too.
            let same = rows.iter_mut().filter(|row| row.experiment == *experiment && idle.contains(&row.params));
            same.for_each(|row| _ = Arc::make_mut(&mut row.params).remove(param));
        }
    }
    Ok(())
}

fn of_variant(mut rows: Vec<ComparedRun>, experiment: &str, values: &str) -> Result<Vec<ComparedRun>, Stop> {
    let wanted = assignments(values, rows.iter().map(|row| &*row.params), experiment)?;
    rows.retain(|row| wanted.iter().all(|(name, value)| row.params.get(name) == Some(value)));
    match rows.is_empty() {
        true => Err(Stop::usage(format!("no run of {experiment} has {values}")).help("`pipeline runs` lists them")),
        false => Ok(rows),
    }
}

/// `PARAM=VALUE,...` with the values as runs have them. Knows what each param can be from the runs' own.
pub fn assignments<'a>(
    text: &str,
    known: impl Iterator<Item = &'a Map<String, Value>> + Clone,
    of: &str,
) -> Result<Map<String, Value>, Stop> {
    let mut wanted = Map::new();
    for part in text::at_commas(text) {
        let Some((name, given)) = part.split_once('=') else {
            return Err(Stop::usage(format!("`{}` is not PARAM=VALUE", part.trim()))
                .help("name a variant as in architecture=dense,latent_dim=8"));
        };
        let (name, given) = (name.trim(), given.trim());
        if wanted.contains_key(name) {
            return Err(Stop::usage(format!("{of}: `{name}` is given twice"))
                .help("a run has one value of it; name several variants one after the other"));
        }
        let values: HashSet<&Value> = known.clone().filter_map(|params| params.get(name)).collect();
        if values.is_empty() {
            let names: BTreeSet<&str> = known.flat_map(Map::keys).map(String::as_str).collect();
            let help = nearest_or(name, names.iter().copied(), || format!("there are {}", listed(names.iter())));
            return Err(Stop::usage(format!("{of}: no param `{name}` tells runs apart")).help(help));
        }
        let Some(value) = values.iter().find(|value| is_meant(value, given)) else {
            let values: BTreeSet<String> = values.into_iter().map(selecting).collect();
            return Err(Stop::usage(format!("{of}: no run has {name}={given}"))
                .help(format!("its values are {}", listed(values.iter()))));
        };
        wanted.insert(name.to_owned(), (*value).clone());
    }
    Ok(wanted)
}

/// Whether a value is written so: as it is shown, or as JSON.
fn is_meant(value: &Value, given: &str) -> bool {
    let same = |parsed: Value| parsed == *value || (value.is_number() && parsed.as_f64() == value.as_f64());
    text::in_full(value) == given || serde_json::from_str(given).is_ok_and(same)
}

/// A value as it is written in `PARAM=VALUE,...`: as JSON where it has a comma.
pub fn selecting(value: &Value) -> String {
    let shown = text::in_full(value);
    if shown.contains(',') { value.to_string() } else { shown }
}

/// With commas between them.
pub fn listed(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    names.map(|name| name.as_ref().to_owned()).collect::<Vec<_>>().join(", ")
}

fn run(row: ComparedRun, aims: &HashMap<Arc<str>, Aims>) -> Run {
    let ComparedRun { id, experiment, launch, variant, params, seed, metrics, .. } = row;
    Run { id, experiment, variant, params, seed, metrics, aims: aims.get(&launch).cloned().unwrap_or_default() }
}

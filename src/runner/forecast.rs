//! What a launch would do, stage by stage, and why; found out without executing or writing anything.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use serde::Serialize;
use serde_json::Value;

use crate::artifact::store::{Lookup, Record, Store, StoreError};
use crate::event::Reason;
use crate::fingerprint::{self, StaleReason};
use crate::hash::ContentHash;
use crate::plan::Plan;
use crate::runner::lookup::{self, Last};
use crate::runner::{Options, Places};
use crate::stage::{Environment, Source, StageError};

/// What would happen to a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Prospect {
    /// Its result is there.
    #[serde(rename = "cached")]
    Cached,
    /// Its inputs are known and its result is not there.
    #[serde(rename = "will run")]
    WillRun,
    /// Something it needs will run (or be downloaded): if that gives what is cached already, this stage need not run.
    #[serde(rename = "depends")]
    Depends,
}

/// One stage's prospect.
#[derive(Debug, Clone)]
pub struct Forecast {
    pub prospect: Prospect,
    /// Why it will (or may) run; empty when cached.
    pub reasons: Vec<Reason>,
    /// What a person should know, such as a download or a fallback.
    pub notice: Option<String>,
    /// Seconds its result took to make, when cached.
    pub seconds: Option<f64>,
}

/// Why a forecast could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ForecastError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("stage `{stage}`: {error}")]
    Source { stage: String, error: StageError },
}

/// Forecasts every node of the plan, by index.
pub fn forecast(
    plan: &Plan,
    store: &Store,
    places: &Places,
    options: &Options,
    experiment: &str,
) -> Result<Vec<Forecast>, ForecastError> {
    let last = store.last(experiment)?;
    let environment = looking_only(places);
    let forced = options.force.nodes(plan);
    let mut records: Vec<Option<Record>> = vec![None; plan.graph.node_count()];
    let mut forecasts: Vec<Option<Forecast>> = vec![None; plan.graph.node_count()];
    for node in plan.order() {
        let (forecast, record) =
            forecast_node(plan, store, options, &last, &environment, &records, (node, forced[node]))?;
        forecasts[node] = Some(forecast);
        records[node] = record;
    }
    Ok(forecasts.into_iter().flatten().collect())
}

type Known = Option<Record>;

fn forecast_node(
    plan: &Plan,
    store: &Store,
    options: &Options,
    last: &Last,
    environment: &Environment,
    records: &[Known],
    (index, forced): (usize, bool),
) -> Result<(Forecast, Known), ForecastError> {
    let node = &plan.graph[NodeIndex::new(index)];
    let stage = lookup::stage_of(node);
    let inputs = lookup::input_hashes(plan, index, |producer, output| records[producer].as_ref()?.outputs.get(output));
    let hit = |source: &Source, inputs: &BTreeMap<String, ContentHash>| {
        let fingerprint = lookup::fingerprint(node, &options.device, Some(source), inputs.clone());
        Ok::<_, StoreError>(match store.lookup(fingerprint.hash())? {
            Lookup::Hit(record) => Some(*record),
            _ => None,
        })
    };
    if !forced
        && let (Some(source), Some(inputs)) = (stage.foreseen(&node.params), &inputs)
        && let Some(record) = hit(&source, inputs)?
    {
        return Ok((cached(&record, None), Some(record)));
    }
    let source = stage.source(&node.params, environment);
    let source = source.map_err(|error| ForecastError::Source { stage: node.stage.clone(), error })?;
    let notice = source.as_ref().and_then(|source| source.notice.clone());
    let fingerprint = |inputs| lookup::fingerprint(node, &options.device, source.as_ref(), inputs);
    let Some(inputs) = inputs else {
        let reasons = pending_reasons(plan, store, last, index, records, &fingerprint)?;
        return Ok((Forecast { prospect: Prospect::Depends, reasons, notice, seconds: None }, None));
    };
    if !forced
        && let Some(source) = &source
        && let Some(identity) = source.stand_in.clone()
        && hit(&Source { identity, ..source.clone() }, &inputs)?.is_some()
    {
        let wait = Reason { what: "waits for the download".into(), was: Value::Null, now: Value::Null };
        return Ok((Forecast { prospect: Prospect::Depends, reasons: vec![wait], notice, seconds: None }, None));
    }
    let fingerprint = fingerprint(inputs);
    let found = store.lookup(fingerprint.hash())?;
    let reasons = match &found {
        _ if forced => vec![StaleReason::Forced.into()],
        Lookup::Hit(record) => return Ok((cached(record, notice), Some(record.as_ref().clone()))),
        miss => lookup::stale(store, last, node, &fingerprint, miss)?,
    };
    Ok((Forecast { prospect: Prospect::WillRun, reasons, notice, seconds: None }, None))
}

fn cached(record: &Record, notice: Option<String>) -> Forecast {
    Forecast { prospect: Prospect::Cached, reasons: vec![], notice, seconds: Some(record.seconds) }
}

/// Reasons of a stage whose inputs are not all known: its own changes, and the stages it waits for.
fn pending_reasons(
    plan: &Plan,
    store: &Store,
    last: &Last,
    index: usize,
    records: &[Known],
    fingerprint: &dyn Fn(BTreeMap<String, ContentHash>) -> fingerprint::Fingerprint,
) -> Result<Vec<Reason>, ForecastError> {
    let node = &plan.graph[NodeIndex::new(index)];
    let own = match last.get(&lookup::slot(node)) {
        // What the inputs will be is unknown: take them as unchanged here, and name them below.
        Some(hash) => store.hashed(*hash)?.map_or_else(
            || vec![StaleReason::EarlierUnknown],
            |before| fingerprint::differences(&before, &fingerprint(before.inputs.clone())),
        ),
        None => vec![StaleReason::FirstRun],
    };
    let mut reasons: Vec<Reason> = own.into_iter().map(Reason::from).collect();
    let mut waits: Vec<&str> = plan
        .inputs(index)
        .into_iter()
        .filter(|(_, producer, _)| records[*producer].is_none())
        .map(|(_, producer, _)| plan.graph[NodeIndex::new(producer)].stage.as_str())
        .collect();
    waits.sort_unstable();
    waits.dedup();
    let wait = format!("waits for {}", waits.join(", "));
    reasons.push(Reason { what: wait, was: Value::Null, now: Value::Null });
    Ok(reasons)
}

fn looking_only(places: &Places) -> Environment {
    Environment {
        project: places.project.clone(),
        data_dir: places.data_dir.clone(),
        download_dir: places.download_dir.clone(),
        fetch: false,
        progress: Box::new(|_| {}),
        cancel: crate::cancel::Cancel::default(),
    }
}

//! What a launch would do, stage by stage, and why; found out without executing or writing anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::artifact::store::{Lookup, Record, Store, StoreError};
use crate::cancel::Cancel;
use crate::event::Reason;
use crate::fingerprint::{self, StaleReason};
use crate::hash::ContentHash;
use crate::kind::{REPORT_IT, answer};
use crate::plan::{Node, Plan};
use crate::runner::lookup::{self, Last};
use crate::runner::{Options, Places};
use crate::stage::{Environment, Source, Stage, StageError};

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
    let forced = options.force.nodes(plan);
    let records = vec![None; plan.graph.node_count()];
    let last = store.last(experiment)?;
    let environment = places.environment(None, Cancel::default(), |_| {});
    let mut foresight = Foresight { plan, store, options, last, environment, records };
    let mut forecasts: Vec<Option<Forecast>> = vec![None; plan.graph.node_count()];
    for node in plan.order() {
        let (forecast, record) = foresight.of(node, forced[node])?;
        tracing::debug!(stage = plan.node(node).stage, prospect = ?forecast.prospect, "forecast");
        forecasts[node] = Some(forecast);
        foresight.records[node] = record;
    }
    Ok(forecasts.into_iter().flatten().collect())
}

/// What is known while nodes are forecast one after another.
struct Foresight<'a> {
    plan: &'a Plan,
    store: &'a Store,
    options: &'a Options,
    last: Last,
    environment: Environment,
    /// By node, of those forecast so far that are cached.
    records: Vec<Option<Record>>,
}

impl Foresight<'_> {
    /// A node's prospect, with its record when it is cached. All that feed it were forecast before.
    fn of(&self, index: usize, forced: bool) -> Result<(Forecast, Option<Record>), ForecastError> {
        let node = self.plan.node(index);
        let known = |producer: usize, output: &str| self.records[producer].as_ref()?.outputs.get(output);
        let inputs = lookup::input_hashes(self.plan, index, known);
        if !forced
            && let (Some(source), Some(inputs)) = (self.ask(node, |stage| stage.foreseen(&node.params))?, &inputs)
            && let Some(record) = self.hit(node, &source, inputs)?
        {
            return Ok((cached(None), Some(record)));
        }
        let source = self.ask(node, |stage| stage.source(&node.params, &self.environment))?;
        let source = source.map_err(|error| failed(node, error))?;
        let notice = source.as_ref().and_then(|source| source.notice.clone());
        let pending = |prospect, reasons, notice| (Forecast { prospect, reasons, notice }, None);
        let Some(inputs) = inputs else {
            return Ok(pending(Prospect::Depends, self.pending_reasons(index, source.as_ref())?, notice));
        };
        if !forced && self.has_stand_in(node, source.as_ref(), &inputs)? {
            let wait = Reason { what: "waits for the download".into(), was: Value::Null, now: Value::Null };
            return Ok(pending(Prospect::Depends, vec![wait], notice));
        }
        let fingerprint = lookup::fingerprint(node, self.options.device, source.as_ref(), inputs);
        let reasons = match self.store.lookup(fingerprint.hash())? {
            _ if forced => vec![StaleReason::Forced.into()],
            Lookup::Hit(record) => return Ok((cached(notice), Some(*record))),
            miss => lookup::stale(self.store, &self.last, node, &fingerprint, &miss)?,
        };
        Ok(pending(Prospect::WillRun, reasons, notice))
    }

    /// What the node's kind answers. Error: it panicked.
    fn ask<T>(&self, node: &Node, question: impl FnOnce(&dyn Stage) -> T) -> Result<T, ForecastError> {
        let asked = answer(&node.kind, || question(lookup::stage_of(node)));
        asked.map_err(|bug| failed(node, StageError::with_help(bug, REPORT_IT)))
    }

    fn hit(
        &self,
        node: &Node,
        source: &Source,
        inputs: &BTreeMap<String, ContentHash>,
    ) -> Result<Option<Record>, StoreError> {
        let fingerprint = lookup::fingerprint(node, self.options.device, Some(source), inputs.clone());
        Ok(self.store.lookup(fingerprint.hash())?.hit())
    }

    /// Whether the cache has what would be used if the data cannot be fetched.
    fn has_stand_in(
        &self,
        node: &Node,
        source: Option<&Source>,
        inputs: &BTreeMap<String, ContentHash>,
    ) -> Result<bool, StoreError> {
        let Some(stand_in) = source.and_then(Source::replaced) else { return Ok(false) };
        Ok(self.hit(node, &stand_in, inputs)?.is_some())
    }

    /// Reasons of a stage whose inputs are not all known: its own changes, and the stages it waits for.
    fn pending_reasons(&self, index: usize, source: Option<&Source>) -> Result<Vec<Reason>, StoreError> {
        let node = self.plan.node(index);
        let fingerprint = |inputs| lookup::fingerprint(node, self.options.device, source, inputs);
        let own = match self.last.get(&lookup::slot(node)) {
            // What the inputs will be is unknown: take them as unchanged here, and name them below.
            Some(hash) => self.store.hashed(*hash)?.map_or_else(
                || vec![StaleReason::EarlierUnknown],
                |before| fingerprint::differences(&before, &fingerprint(before.inputs.clone())),
            ),
            None => vec![StaleReason::FirstRun],
        };
        let mut reasons: Vec<Reason> = own.into_iter().map(Reason::from).collect();
        let unknown = |(_, producer, _): &(&str, usize, &str)| self.records[*producer].is_none();
        let waits = self.plan.inputs(index).into_iter().filter(unknown);
        let waits: BTreeSet<&str> = waits.map(|(_, producer, _)| self.plan.node(producer).stage.as_str()).collect();
        let wait = format!("waits for {}", waits.into_iter().collect::<Vec<_>>().join(", "));
        reasons.push(Reason { what: wait, was: Value::Null, now: Value::Null });
        Ok(reasons)
    }
}

fn cached(notice: Option<String>) -> Forecast {
    Forecast { prospect: Prospect::Cached, reasons: vec![], notice }
}

fn failed(node: &Node, error: StageError) -> ForecastError {
    ForecastError::Source { stage: node.stage.clone(), error }
}

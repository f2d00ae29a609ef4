//! One event's rows. Runs inside a transaction; knows nothing of threads and retries.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, named_params, params};
use serde::Serialize;

use crate::event::{
    LaunchFinished, LaunchGrown, LaunchStarted, NodeInfo, Progress, RunEvent, RunFinished, RunInfo, StageFinished,
};
use crate::provenance;

/// Row numbers of a launch, its runs and its nodes, by the indices that events use.
#[derive(Default, Clone)]
pub struct Numbers {
    launch: i64,
    runs: Vec<i64>,
    nodes: Vec<i64>,
}

impl Numbers {
    fn node(&self, index: usize) -> rusqlite::Result<i64> {
        self.nodes.get(index).copied().ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    fn run(&self, index: usize) -> rusqlite::Result<i64> {
        self.runs.get(index).copied().ok_or(rusqlite::Error::QueryReturnedNoRows)
    }
}

/// Writes one event. The launch's first event sets `numbers`; the others need them.
pub fn event(
    connection: &Connection,
    numbers: &mut Numbers,
    time: Timestamp,
    event: &RunEvent,
) -> rusqlite::Result<()> {
    match event {
        RunEvent::LaunchStarted(started) => {
            *numbers = launch_started(connection, time, started)?;
            Ok(())
        }
        RunEvent::LaunchGrown(grown) => launch_grown(connection, numbers, time, grown),
        RunEvent::StageStarted { node, fingerprint } => stage_started(connection, numbers, time, *node, fingerprint),
        RunEvent::StageProgress { node, progress: latest } => progress(connection, numbers, *node, latest),
        RunEvent::StageFinished(finished) | RunEvent::StageRepaired(finished) => {
            stage_finished(connection, numbers, finished)
        }
        RunEvent::RunFinished(finished) => run_finished(connection, numbers, finished),
        RunEvent::Notice { node, text } => notice(connection, numbers, time, *node, text),
        RunEvent::LaunchFinished(finished) => launch_finished(connection, numbers, finished),
    }
}

/// Gives everything in a launch that has no end yet one: what was going on was interrupted, the rest was skipped.
pub fn close_what_is_open(connection: &Connection, launch: i64) -> rusqlite::Result<()> {
    connection.execute("UPDATE runs SET status = 'interrupted' WHERE launch = ?1 AND status = 'running'", [launch])?;
    connection
        .execute("UPDATE stages SET status = 'interrupted' WHERE launch = ?1 AND status = 'running'", [launch])?;
    connection.execute("UPDATE stages SET status = 'skipped' WHERE launch = ?1 AND status = 'waiting'", [launch])?;
    Ok(())
}

fn launch_started(connection: &Connection, time: Timestamp, started: &LaunchStarted) -> rusqlite::Result<Numbers> {
    connection.execute(
        "INSERT INTO launches (id, experiment, file, status, host, started, provenance, config)
         VALUES (:id, :experiment, :file, 'running', :host, :started, :provenance, :config)",
        named_params! {
            ":id": started.launch,
            ":experiment": started.experiment,
            ":file": text(&started.file),
            ":host": provenance::host(),
            ":started": time.to_string(),
            ":provenance": json(&started.provenance)?,
            ":config": json(&started.config)?,
        },
    )?;
    let launch = connection.last_insert_rowid();
    let mut numbers = Numbers { launch, ..Numbers::default() };
    numbers.nodes = insert_nodes(connection, &numbers, &started.nodes)?;
    numbers.runs = insert_runs(connection, &numbers, time, &started.experiment, &started.runs)?;
    Ok(numbers)
}

fn launch_grown(
    connection: &Connection,
    numbers: &mut Numbers,
    time: Timestamp,
    grown: &LaunchGrown,
) -> rusqlite::Result<()> {
    let sql = "SELECT experiment FROM launches WHERE number = ?1";
    let experiment: String = connection.query_row(sql, [numbers.launch], |row| row.get(0))?;
    numbers.nodes.extend(insert_nodes(connection, numbers, &grown.nodes)?);
    numbers.runs.extend(insert_runs(connection, numbers, time, &experiment, &grown.runs)?);
    Ok(())
}

/// Rows for nodes that are numbered on from those known.
fn insert_nodes(connection: &Connection, known: &Numbers, nodes: &[NodeInfo]) -> rusqlite::Result<Vec<i64>> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO stages (launch, node, kind, variant, params, status) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')",
    )?;
    let insert_one = |(index, node): (usize, &NodeInfo)| {
        let index = known.nodes.len() + index;
        insert.insert(params![known.launch, index as i64, node.kind, json(&node.variant)?, json(&node.params)?])
    };
    nodes.iter().enumerate().map(insert_one).collect()
}

fn insert_runs(
    connection: &Connection,
    numbers: &Numbers,
    time: Timestamp,
    experiment: &str,
    runs: &[RunInfo],
) -> rusqlite::Result<Vec<i64>> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO runs (id, launch, experiment, variant, seed, status, started, params, tags)
         VALUES (:id, :launch, :experiment, :variant, :seed, 'running', :started, :params, :tags)",
    )?;
    let mut link = connection.prepare_cached("INSERT INTO run_stages (run, name, stage) VALUES (?1, ?2, ?3)")?;
    let mut rows = Vec::with_capacity(runs.len());
    for run in runs {
        let number = insert.insert(named_params! {
            ":id": run.id,
            ":launch": numbers.launch,
            ":experiment": experiment,
            ":variant": json(&run.variant)?,
            // SQLite's integers are signed; the same 64 bits come back.
            ":seed": run.seed as i64,
            ":started": time.to_string(),
            ":params": json(&run.params)?,
            ":tags": json(&run.tags)?,
        })?;
        for (name, node) in &run.stages {
            link.execute(params![number, name, numbers.node(*node)?])?;
        }
        rows.push(number);
    }
    Ok(rows)
}

fn stage_started(
    connection: &Connection,
    numbers: &Numbers,
    time: Timestamp,
    node: usize,
    fingerprint: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE stages SET status = 'running', fingerprint = ?2, started = ?3 WHERE number = ?1")?
        .execute(params![numbers.node(node)?, fingerprint, time.to_string()])
        .map(drop)
}

/// Notes how far a stage is, unless it is over.
pub fn progress(connection: &Connection, numbers: &Numbers, node: usize, latest: &Progress) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE stages SET done = ?2, total = ?3, unit = ?4 WHERE number = ?1 AND status = 'running'")?
        .execute(params![numbers.node(node)?, latest.done as i64, latest.total as i64, latest.unit])
        .map(drop)
}

fn stage_finished(connection: &Connection, numbers: &Numbers, finished: &StageFinished) -> rusqlite::Result<()> {
    let outcome = &finished.outcome;
    connection
        .prepare_cached(
            "UPDATE stages SET status = :status, fingerprint = coalesce(:fingerprint, fingerprint), seconds = :seconds,
                reasons = :reasons, error = :error, metrics = :metrics, series = :series, warnings = :warnings,
                artifacts = :artifacts
             WHERE number = :number",
        )?
        .execute(named_params! {
            ":number": numbers.node(finished.node)?,
            ":status": finished.status.as_str(),
            ":fingerprint": finished.fingerprint,
            ":seconds": finished.seconds,
            ":reasons": json(&finished.reasons)?,
            ":error": finished.error,
            ":metrics": json(&outcome.metrics)?,
            ":series": json(&outcome.series)?,
            ":warnings": json(&outcome.warnings)?,
            ":artifacts": json(&finished.artifacts)?,
        })
        .map(drop)
}

fn run_finished(connection: &Connection, numbers: &Numbers, finished: &RunFinished) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE runs SET status = ?2, seconds = ?3, metrics = ?4, report = ?5 WHERE number = ?1")?
        .execute(params![
            numbers.run(finished.run)?,
            finished.status.as_str(),
            finished.seconds,
            json(&finished.metrics)?,
            finished.report.as_deref().map(text),
        ])
        .map(drop)
}

fn notice(
    connection: &Connection,
    numbers: &Numbers,
    time: Timestamp,
    node: Option<usize>,
    text: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO notices (launch, stage, time, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![numbers.launch, node.map(|node| numbers.node(node)).transpose()?, time.to_string(), text])
        .map(drop)
}

fn launch_finished(connection: &Connection, numbers: &Numbers, finished: &LaunchFinished) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE launches SET status = :status, seconds = :seconds, executed = :executed, cached = :cached,
            failed = :failed, skipped = :skipped, report = :report
         WHERE number = :number",
        named_params! {
            ":number": numbers.launch,
            ":status": finished.status.as_str(),
            ":seconds": finished.seconds,
            ":executed": finished.executed as i64,
            ":cached": finished.cached as i64,
            ":failed": finished.failed as i64,
            ":skipped": finished.skipped as i64,
            ":report": finished.report.as_deref().map(text),
        },
    )?;
    close_what_is_open(connection, numbers.launch)
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

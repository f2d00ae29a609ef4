//! `pipeline runs`: the run log as a table of what differs.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::cli::args::RunsArgs;
use crate::cli::output::{print, print_json, remark};
use crate::cli::{Exit, Project, Stop};
use crate::run_log::{Filter, RunLog, RunRow};
use crate::text;

/// Rows of a table unless told otherwise.
const ROWS: usize = 50;

/// Lists runs.
pub fn execute(args: &RunsArgs) -> Result<Exit, Stop> {
    let limit = match args.limit {
        Some(0) => None,
        None if args.json => None,
        limit => Some(limit.unwrap_or(ROWS)),
    };
    let path = Project::locate(None)?.run_log();
    // One more than shown, to know whether there are more.
    let asked = if args.json { limit } else { limit.map(|limit| limit + 1) };
    let filter = Filter {
        experiment: args.experiment.clone(),
        launch: args.launch.clone(),
        status: args.status.map(|status| status.as_str().to_owned()),
        limit: asked,
    };
    let mut runs = read(&path, &filter)?;
    if args.json {
        print_json(&runs)?;
        return Ok(Exit::Success);
    }
    let more = limit.is_some_and(|limit| runs.len() > limit);
    runs.truncate(limit.unwrap_or(usize::MAX));
    if runs.is_empty() {
        remark(&format!("no such runs in {}", path.display()));
        return Ok(Exit::Success);
    }
    print(&table(&runs, args.all_columns).join("\n"))?;
    if more {
        remark("and older ones: --limit 0 lists all");
    }
    Ok(Exit::Success)
}

/// A project without a log has no runs.
fn read(path: &Path, filter: &Filter) -> Result<Vec<RunRow>, Stop> {
    match RunLog::open_for_queries(path)? {
        Some(log) => Ok(log.runs(filter)?),
        None => Ok(Vec::new()),
    }
}

/// When a launch began, in the local time zone.
pub fn local(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => time.to_owned(),
    }
}

struct Column {
    name: String,
    cells: Vec<String>,
    always: bool,
}

/// A header and a line per run. Without `all`, columns that say the same in every row are left out.
fn table(runs: &[RunRow], all: bool) -> Vec<String> {
    let columns: Vec<Column> = columns(runs)
        .into_iter()
        .filter(|column| all || column.always || column.cells.iter().any(|cell| *cell != column.cells[0]))
        .collect();
    let header: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let rows: Vec<Vec<String>> =
        (0..runs.len()).map(|row| columns.iter().map(|column| column.cells[row].clone()).collect()).collect();
    text::table(&header, &rows)
}

fn columns(runs: &[RunRow]) -> Vec<Column> {
    let column = |name: &str, always: bool, cell: &dyn Fn(&RunRow) -> String| Column {
        name: name.to_owned(),
        cells: runs.iter().map(cell).collect(),
        always,
    };
    let alone = runs.len() == 1;
    let mut columns = vec![
        column("run", true, &|run| run.id.clone()),
        column("experiment", alone, &|run| run.experiment.clone()),
        column("launch", false, &|run| run.launch.clone()),
        column("started", true, &|run| local(&run.started)),
        column("status", true, &|run| run.status.clone()),
        column("time", true, &|run| run.seconds.map_or_else(String::new, text::seconds)),
        column("seed", false, &|run| run.seed.to_string()),
        column("tags", false, &|run| run.tags.join(" ")),
    ];
    let params: BTreeSet<&String> = runs.iter().flat_map(|run| run.params.keys()).collect();
    let metrics: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    columns.extend(params.into_iter().map(|name| column(name, false, &|run| cell(run.params.get(name)))));
    columns.extend(metrics.into_iter().map(|name| column(name, alone, &|run| cell(run.metrics.get(name)))));
    columns
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Null) => "NaN".to_owned(),
        Some(Value::Number(number)) => number.as_f64().map_or_else(|| number.to_string(), text::number),
        Some(other) => text::value(other),
    }
}

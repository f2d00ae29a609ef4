//! `pipeline runs`: the run log as a list, whole or chosen, or in groups.

mod csv;
mod groups;
mod table;

use std::path::Path;

use clap::ValueEnum;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::{Map, Value};

use crate::cli::args::{RunsArgs, TableFormat};
use crate::cli::output::{print, print_json, terminal_width};
use crate::cli::{Exit, Project, Stop};
use crate::diagnostic::Problems;
use crate::progress::{Paint, remark};
use crate::run_log::filter::{Catalog, Field, Reader};
use crate::run_log::{Filter, RunLog, RunRow};
use crate::text;

/// What to do where there are no runs.
pub const NONE_YET: &str = "launch an experiment, such as `pipeline run experiments/quickstart.toml`; \
                            the log is in the project: the nearest folder above that holds an `experiments` folder";

/// Rows of a table unless told otherwise.
const ROWS: usize = 50;

/// What the options ask for, held against the log.
struct Request<'a> {
    args: &'a RunsArgs,
    /// Without a limit.
    filter: Filter,
    columns: Option<Vec<Field>>,
    group_by: Option<Vec<Field>>,
    /// `None` for all.
    limit: Option<usize>,
}

/// Lists runs.
pub fn execute(args: &RunsArgs) -> Result<Exit, Stop> {
    let path = Project::locate(None)?.run_log();
    let log = RunLog::open_for_queries(&path)?;
    // A project without a log has no runs.
    let catalog = log.as_ref().map_or(Ok(Catalog::default()), RunLog::catalog)?;
    let request = Request::read(args, &catalog)?;
    match (&log, &request.group_by) {
        (Some(log), Some(by)) => groups::print_groups(log, &request, by, &catalog, &path)?,
        (Some(log), None) => list(log, &request, &path)?,
        (None, _) => write_runs(&[], &request, &path)?,
    }
    Ok(Exit::Success)
}

impl<'a> Request<'a> {
    /// All that is wrong with the options is told at once.
    fn read(args: &'a RunsArgs, catalog: &Catalog) -> Result<Self, Stop> {
        let now = Zoned::now();
        let reader = Reader { catalog, now: &now };
        let condition = args.filter.as_ref().map(|text| reader.condition("--where", text)).transpose();
        let sort = args.sort.as_ref().map(|text| reader.order("--sort", text)).transpose();
        let columns = args.columns.as_ref().map(|text| reader.fields("--columns", text)).transpose();
        let group_by = args.group_by.as_ref().map(|text| reader.fields("--group-by", text)).transpose();
        let problems = [condition.as_ref().err(), sort.as_ref().err(), columns.as_ref().err(), group_by.as_ref().err()];
        let told: Vec<String> = problems.into_iter().flatten().map(explained).collect();
        let (Ok(condition), Ok(sort), Ok(columns), Ok(group_by)) = (condition, sort, columns, group_by) else {
            return Err(Stop::Explained { exit: Exit::Usage, text: told.join("\n") });
        };
        let filter = Filter {
            experiment: args.experiment.clone(),
            launch: args.launch.clone(),
            status: args.status.and_then(|status| Some(status.to_possible_value()?.get_name().to_owned())),
            condition,
            archived: args.archived,
            sort: sort.unwrap_or_default(),
            limit: None,
        };
        let limit = match args.limit {
            Some(0) => None,
            None if args.format() != TableFormat::Table => None,
            limit => Some(limit.unwrap_or(ROWS)),
        };
        Ok(Self { args, filter, columns, group_by, limit })
    }

    /// Whether nothing was asked that could leave runs out.
    fn wants_all(&self) -> bool {
        let Filter { experiment, launch, status, condition, archived, .. } = &self.filter;
        experiment.is_none() && launch.is_none() && status.is_none() && condition.is_none() && *archived
    }
}

/// Problems as people read them on standard error.
pub fn explained(problems: &Problems) -> String {
    problems.render(Paint::for_stderr().is_on())
}

fn list(log: &RunLog, request: &Request, path: &Path) -> Result<(), Stop> {
    // One more than shown, to know whether there are more.
    let limit =
        request.limit.map(|limit| limit.saturating_add(usize::from(request.args.format() == TableFormat::Table)));
    let runs = log.runs(&Filter { limit, ..request.filter.clone() })?;
    if runs.is_empty() && request.args.format() == TableFormat::Table && !request.wants_all() {
        return told_of_none(log, path);
    }
    write_runs(&runs, request, path)
}

/// Says why a list is empty: the log has other runs, or none.
fn told_of_none(log: &RunLog, path: &Path) -> Result<(), Stop> {
    let any = log.ids(&Filter { archived: true, limit: Some(1), ..Filter::default() })?;
    let (runs, help) = match any.is_empty() {
        true => ("runs", NONE_YET),
        false => ("such runs", "`pipeline runs` lists those there are, with --archived all of them"),
    };
    remark(&format!("no {runs} in {}\n  help: {help}", path.display()));
    Ok(())
}

fn write_runs(runs: &[RunRow], request: &Request, path: &Path) -> Result<(), Stop> {
    match (request.args.format(), &request.columns) {
        (TableFormat::Json, None) => print_json(&runs),
        (TableFormat::Json, Some(fields)) => {
            let value = |run: &RunRow, field: &Field| (field.label(), run.value(field));
            let object = |run: &RunRow| fields.iter().map(|field| value(run, field)).collect();
            print_json(&runs.iter().map(object).collect::<Vec<Map<String, Value>>>())
        }
        (TableFormat::Csv, columns) => print(&csv::runs(runs, columns.as_deref())),
        (TableFormat::Table, _) if runs.is_empty() => {
            remark(&format!("no runs in {}\n  help: {NONE_YET}", path.display()));
            Ok(())
        }
        (TableFormat::Table, columns) => {
            let shown = &runs[..runs.len().min(request.limit.unwrap_or(usize::MAX))];
            let (lines, left_out) = match columns {
                Some(fields) => (table::chosen(shown, fields), 0),
                None => table::table(shown, (!request.args.all_columns).then(width)),
            };
            print(&lines.join("\n"))?;
            if shown.len() < runs.len() {
                let others = if request.filter.sort.is_empty() { "older ones" } else { "others" };
                remark(&format!("and {others}: --limit 0 lists all"));
            }
            if left_out > 0 {
                let columns = text::count(left_out, "column");
                remark(&format!("{columns} left out: --all-columns or --json has all"));
            }
            Ok(())
        }
    }
}

/// How wide a table may be: as wide as the terminal, or moderately wide for a file or another program.
fn width() -> usize {
    const ELSEWHERE: usize = 120;
    terminal_width().unwrap_or(ELSEWHERE)
}

/// When a launch began, in the local time zone.
pub fn local(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => time.to_owned(),
    }
}

fn to_the_minute(time: &str) -> String {
    const LENGTH: usize = "2026-01-01 00:00".len();
    local(time).chars().take(LENGTH).collect()
}

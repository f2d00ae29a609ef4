//! Which runs a command is about: named one by one, or all of which a filter is true.

use std::collections::BTreeSet;

use jiff::Zoned;

use crate::cli::args::SelectionOfRuns;
use crate::cli::runs::{NONE_YET, explained};
use crate::cli::{Exit, Project, Stop};
use crate::run_log::filter::Reader;
use crate::run_log::{Filter, LogError, RunLog};

/// The project's log, for changing it. Errors: there is none.
pub fn open() -> Result<RunLog, Stop> {
    let path = Project::locate(None)?.run_log();
    if !path.exists() {
        return Err(Stop::usage(format!("there are no runs: no file {}", path.display())).help(NONE_YET));
    }
    Ok(RunLog::open(&path)?)
}

/// Ids of the chosen runs, each once.
pub fn ids(log: &RunLog, selection: &SelectionOfRuns) -> Result<Vec<String>, Stop> {
    if let Some(text) = &selection.filter {
        let (catalog, now) = (log.catalog()?, Zoned::now());
        let condition = Reader { catalog: &catalog, now: &now }.condition("--where", text);
        let condition =
            condition.map_err(|problems| Stop::Explained { exit: Exit::Usage, text: explained(&problems) })?;
        return Ok(log.ids(&Filter { condition: Some(condition), archived: true, ..Filter::default() })?);
    }
    let found: Vec<Result<String, LogError>> = selection.runs.iter().map(|given| log.id(given)).collect();
    let mut ids: Vec<String> = found.into_iter().collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(ids)
}

//! `pipeline freeze`: an experiment's runs, records and pages in one file.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::artifact::store::Store;
use crate::cli::args::FreezeArgs;
use crate::cli::output::{print, print_json, unwritable};
use crate::cli::runs::NONE_YET;
use crate::cli::{Exit, Project, Stop, selection};
use crate::diagnostic::nearest_or;
use crate::frozen::{Freezer, FrozenError, RUNS};
use crate::hash::ContentHash;
use crate::progress::remark;
use crate::report::page::experiment_path;
use crate::run_log::{RunDetail, RunLog};
use crate::stage::registry;
use crate::text;

/// Freezes an experiment.
pub fn execute(args: &FreezeArgs) -> Result<Exit, Stop> {
    let project = Project::locate(None)?;
    let runs = runs(&selection::open()?, &args.experiment)?;
    let store = Store::open_read_only(&project.cache(args.cache_dir.as_deref()))?;
    let records = records(&store, &runs)?;
    let pages = pages(&project.reports(args.reports_dir.as_deref()), &args.experiment, &runs);
    let file = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.frozen.tar.gz", args.experiment)));
    let (hash, bytes) = write(&file, &args.experiment, &runs, &records, &pages)?;
    if records.missing > 0 {
        let missing = text::count(records.missing, "record");
        remark(&format!("{missing} left out: the cache has them no more (the runs have the hashes of all files)"));
    }
    if !pages.iter().any(|(name, _)| !name.contains('/')) {
        remark("the experiment has no report to include: `pipeline run` writes it");
    }
    let counts = (runs.len(), records.found.len(), pages.len());
    match args.json {
        true => print_json(&json!({
            "file": file, "archive": hash, "bytes": bytes, "runs": counts.0, "records": counts.1, "pages": counts.2,
        }))?,
        false => print(&format!(
            "{}: {}, {}, {}; {}\n{hash}",
            file.display(),
            text::count(counts.0, "run"),
            text::count(counts.1, "record"),
            text::count(counts.2, "page"),
            text::bytes(bytes)
        ))?,
    }
    Ok(Exit::Success)
}

/// Writes the archive, next to its place first, so that a half-written one never has its name. Gives its hash and size.
fn write(
    file: &Path,
    experiment: &str,
    runs: &[RunDetail],
    records: &Records,
    pages: &[(String, PathBuf)],
) -> Result<(ContentHash, u64), Stop> {
    let failed = |error: io::Error| unwritable(file, &error, "it");
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut freezer = Freezer::new(BufWriter::new(draft), experiment);
    for run in runs {
        let text = serde_json::to_vec_pretty(run).map_err(io::Error::from)?;
        freezer.add(&format!("{RUNS}/{}.json", run.run.id), &text).map_err(failed)?;
    }
    for (fingerprint, text) in &records.found {
        freezer.add(&format!("records/{fingerprint}.json"), text).map_err(failed)?;
    }
    for (name, path) in pages {
        let bytes = std::fs::read(path).map_err(|error| Stop::usage(format!("{}: {error}", path.display())))?;
        freezer.add(&format!("reports/{name}"), &bytes).map_err(failed)?;
    }
    let (hash, draft) = freezer.finish().map_err(failed)?;
    let mut draft = draft.into_inner().map_err(|error| failed(error.into_error()))?;
    draft.flush().map_err(failed)?;
    let bytes = draft.as_file().metadata().map_err(failed)?.len();
    keep(draft, file)?;
    Ok((hash, bytes))
}

/// The experiment's runs that ended well. Errors: there are none.
fn runs(log: &RunLog, experiment: &str) -> Result<Vec<RunDetail>, Stop> {
    let known = log.experiments()?;
    if !known.iter().any(|name| name == experiment) {
        let names = || format!("experiments with runs are {}", known.join(", "));
        let help = if known.is_empty() {
            NONE_YET.to_owned()
        } else {
            nearest_or(experiment, known.iter().map(String::as_str), names)
        };
        return Err(Stop::usage(format!("there are no runs of an experiment `{experiment}`")).help(help));
    }
    let rows = log.standing_for(experiment, &registry::sources())?.runs;
    let well = rows.iter().filter(|row| row.ended_well);
    let runs = well.map(|row| log.show(&row.id)).collect::<Result<Vec<_>, _>>()?;
    let others = rows.len() - runs.len();
    if runs.is_empty() {
        return Err(
            Stop::usage(format!("no run of {experiment} ended well")).help("`pipeline runs` says how they ended")
        );
    }
    if others > 0 {
        remark(&format!("{} left out, which did not end well: see `pipeline runs`", text::count(others, "run")));
    }
    Ok(runs)
}

/// What the cache knows of the runs' results.
struct Records {
    found: Vec<(ContentHash, Vec<u8>)>,
    missing: usize,
}

fn records(store: &Store, runs: &[RunDetail]) -> Result<Records, Stop> {
    let stages = runs.iter().flat_map(|run| &run.stages);
    let fingerprints: BTreeSet<ContentHash> =
        stages.filter_map(|stage| stage.fingerprint.as_deref()?.parse().ok()).collect();
    let mut records = Records { found: Vec::new(), missing: 0 };
    for fingerprint in fingerprints {
        match store.record_text(fingerprint)? {
            Some(text) => records.found.push((fingerprint, text)),
            None => records.missing += 1,
        }
    }
    Ok(records)
}

/// The experiment's page and those of its runs, with their names in the archive.
fn pages(reports: &Path, experiment: &str, runs: &[RunDetail]) -> Vec<(String, PathBuf)> {
    let named = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = experiment_path(reports, experiment);
    let folder = own.with_extension("");
    let folder = named(&folder).unwrap_or_default();
    let of_runs = runs.iter().filter_map(|run| run.report.clone());
    let of_runs: BTreeSet<PathBuf> = of_runs.collect();
    let of_runs = of_runs.into_iter().filter_map(|path| Some((format!("{folder}/{}", named(&path)?), path)));
    let all = named(&own).map(|name| (name, own)).into_iter().chain(of_runs);
    all.filter(|(_, path)| path.is_file()).collect()
}

/// Gives the archive its name. What has that name already is not replaced, unless it is the same.
fn keep(draft: tempfile::NamedTempFile, file: &Path) -> Result<(), Stop> {
    if let Err(error) = draft.persist_noclobber(file) {
        if error.error.kind() != io::ErrorKind::AlreadyExists {
            return Err(unwritable(file, &error.error, "it"));
        }
        let same = matches!((std::fs::read(file), std::fs::read(error.file.path())), (Ok(old), Ok(new)) if old == new);
        if !same {
            let message = format!("{} is there already, and has other content", file.display());
            return Err(Stop::usage(message).help("name another file with --output, or move that one away"));
        }
    }
    Ok(())
}

impl From<FrozenError> for Stop {
    fn from(error: FrozenError) -> Self {
        let (exit, help) = match &error {
            FrozenError::Unreadable { .. } => (Exit::Usage, "name a file that `pipeline freeze` wrote"),
            FrozenError::Damaged { .. } => {
                (Exit::Damaged, "get it anew from where it was frozen: `pipeline freeze` writes the same bytes again")
            }
            FrozenError::Newer { .. } => (Exit::Damaged, "use that version"),
        };
        Self::new(exit, error.to_string()).help(help)
    }
}

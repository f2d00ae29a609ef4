//! What `run` and `plan` share: from the command line to a checked plan and the places it is about.

use std::path::PathBuf;
use std::thread::available_parallelism;

use crate::cli::args::{MachineArgs, OverrideArgs, PlaceArgs, SelectionArgs};
use crate::cli::exit::{Exit, Stop};
use crate::cli::project::Project;
use crate::config::{self, Experiment, Overrides};
use crate::diagnostic::{Diagnostic, Problems};
use crate::plan::{self, Plan};
use crate::progress::Paint;
use crate::runner::{Force, Options, Places};
use crate::stage::registry::Registry;

/// A checked experiment and where everything is.
pub struct Prepared {
    pub experiment: Experiment,
    pub plan: Plan,
    pub project: Project,
    pub cache: PathBuf,
    pub reports: PathBuf,
    pub places: Places,
}

/// Reads and checks everything. What is wrong in the user's files is told all at once.
pub fn prepare(
    file: &std::path::Path,
    overrides: &OverrideArgs,
    selection: &SelectionArgs,
    places: &PlaceArgs,
) -> Result<Prepared, Stop> {
    let overrides =
        Overrides { set: overrides.set.clone(), sweep: overrides.sweep.clone(), repeats: overrides.repeats };
    let experiment = config::load(file, &overrides).map_err(|problems| refuse(&problems))?;
    let plan = plan::build(&experiment, &Registry).map_err(|diagnostics| wrong(&experiment, diagnostics))?;
    let known = |stage: &String| plan.runs.iter().any(|run| run.stages.contains_key(stage));
    let forced = selection.force.iter().flatten().find(|stage| !known(stage));
    if let Some(stage) = forced {
        // The same words as for `--only`.
        plan.only(&[stage]).map_err(|diagnostic| not_there("--force", &diagnostic))?;
    }
    let plan = match selection.only.as_slice() {
        [] => plan,
        stages => plan.only(stages).map_err(|diagnostic| not_there("--only", &diagnostic))?,
    };
    let project = Project::locate(Some(file))?;
    Ok(Prepared {
        cache: project.cache(places.cache_dir.as_deref()),
        reports: project.reports(places.reports_dir.as_deref()),
        places: data_places(&project),
        experiment,
        plan,
        project,
    })
}

/// Where outside data is looked for.
fn data_places(project: &Project) -> Places {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let home = variable("HOME").or_else(|| variable("USERPROFILE")).unwrap_or_else(std::env::temp_dir);
    let user_cache = variable("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
    Places {
        project: project.root.clone(),
        data_dir: variable("PIPELINE_DATA_DIR").map(absolute),
        download_dir: absolute(user_cache.join("pipeline/data")),
    }
}

/// The launch's options, with the machine's cores where nothing is said.
pub fn options(machine: &MachineArgs, selection: &SelectionArgs, keep_going: bool) -> Options {
    let cores = available_parallelism().map_or(1, usize::from);
    let chosen = |number: Option<u32>| number.map_or(cores, |number| number as usize);
    let force = match &selection.force {
        None => Force::Nothing,
        Some(stages) if stages.is_empty() => Force::Everything,
        Some(stages) => Force::Stages(stages.clone()),
    };
    Options {
        jobs: chosen(machine.jobs),
        threads: chosen(machine.threads),
        keep_going,
        force,
        device: machine.device.clone(),
    }
}

fn wrong(experiment: &Experiment, diagnostics: Vec<Diagnostic>) -> Stop {
    refuse(&Problems::new(diagnostics, experiment.sources.clone()))
}

fn refuse(problems: &Problems) -> Stop {
    Stop::Explained { exit: Exit::InvalidPlan, text: problems.render(Paint::for_stderr().is_on()) }
}

fn not_there(option: &str, diagnostic: &Diagnostic) -> Stop {
    let stop = Stop::usage(format!("{option}: {}", diagnostic.message));
    diagnostic.help.iter().fold(stop, |stop, help| stop.help(help.clone()))
}

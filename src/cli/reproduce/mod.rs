//! `pipeline reproduce`: executes a logged run again, or all runs of a frozen experiment, and compares every file they
//! left.

mod verdict;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::artifact::store::Store;
use crate::cancel::Cancel;
use crate::cli::args::{MachineArgs, ReproduceArgs, SelectionArgs};
use crate::cli::output::{print, print_json};
use crate::cli::prepare::{data_places, options};
use crate::cli::run::stop_on_signals;
use crate::cli::{Exit, Project, Stop, selection};
use crate::config::Experiment;
use crate::device::Device;
use crate::diagnostic::Problems;
use crate::frozen::{self, Frozen};
use crate::plan::{self, Plan};
use crate::progress::{self, Paint, Verbosity, remark};
use crate::run_log::{RunDetail, StageArtifact};
use crate::runner::{self, Launch, Reporter, RunResult, StageResult, Summary};
use crate::stage::registry::Registry;
use crate::{id, provenance, text};

use verdict::Outcome;

/// What has to be known of a run to execute it again, as `show --json` and archives have it.
#[derive(Debug, Deserialize)]
pub struct Logged {
    id: String,
    params: Map<String, Value>,
    seed: u64,
    artifacts: Vec<StageArtifact>,
    provenance: Value,
    config: Value,
}

impl From<RunDetail> for Logged {
    fn from(detail: RunDetail) -> Self {
        let RunDetail { run, artifacts, provenance, config, .. } = detail;
        Self { id: run.id, params: run.params, seed: run.seed, artifacts, provenance, config }
    }
}

/// Executes again what is named, in a cache of its own, and says what agrees.
pub fn execute(args: &ReproduceArgs) -> Result<Exit, Stop> {
    if Path::new(&args.what).is_file() {
        return archive(args, &frozen::read(Path::new(&args.what))?);
    }
    if args.verify || !args.run.is_empty() {
        let option = if args.verify { "--verify" } else { "--run" };
        let message = format!("{option} is for a file that `pipeline freeze` wrote: there is no file {}", args.what);
        return Err(Stop::usage(message));
    }
    let detail = selection::open()?.show(&args.what)?;
    if detail.artifacts.is_empty() {
        let message = format!("run {} left nothing to compare with: it is {}", detail.run.id, detail.run.status);
        return Err(Stop::usage(message).help("name a run that ended well; `pipeline runs` lists them"));
    }
    let directory = PathBuf::from(detail.provenance["working_directory"].as_str().unwrap_or_default());
    let again = Again::prepare(args, directory)?;
    // What a kept cache already has is executed all the same: else it would be compared with itself.
    let outcome = again.run(&detail.into(), true)?;
    if args.json {
        print_json(&outcome)?;
    } else {
        print(&outcome.told().join("\n"))?;
    }
    Ok(exit(outcome.agrees))
}

fn exit(agrees: bool) -> Exit {
    if agrees { Exit::Success } else { Exit::StageFailed }
}

/// Every run of a frozen experiment, or those that are named.
fn archive(args: &ReproduceArgs, frozen: &Frozen) -> Result<Exit, Stop> {
    let runs = chosen(args, frozen)?;
    let files = text::count(frozen.manifest.files.len(), "file");
    let told = format!("{} ({}): all {files} are as they were frozen", frozen.manifest.experiment, frozen.hash);
    if args.verify {
        match args.json {
            true => print_json(&json!({ "archive": frozen.hash, "manifest": frozen.manifest }))?,
            false => print(&told)?,
        }
        return Ok(Exit::Success);
    }
    remark(&told);
    let again = Again::prepare(args, std::env::current_dir()?)?;
    if again.store.usage()?.records > 0 {
        let place = again.store.root().display();
        return Err(Stop::usage(format!("the cache {place} has results, which would be compared with themselves"))
            .help("name a new folder with --cache-dir"));
    }
    let mut outcomes = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        remark(&format!("run {} of {}: {}", index + 1, runs.len(), run.id));
        let outcome = again.run(run, false)?;
        if !args.json {
            print(&if outcome.agrees { outcome.verdict() } else { outcome.told().join("\n") })?;
        }
        outcomes.push(outcome);
    }
    let agreeing = outcomes.iter().filter(|outcome| outcome.agrees).count();
    let agrees = agreeing == outcomes.len();
    match args.json {
        true => print_json(&json!({ "archive": frozen.hash, "agrees": agrees, "runs": outcomes }))?,
        false => print(&format!("{agreeing} of {} reproduced", text::count(outcomes.len(), "run")))?,
    }
    Ok(exit(agrees))
}

fn chosen(args: &ReproduceArgs, frozen: &Frozen) -> Result<Vec<Logged>, Stop> {
    let unreadable = |error| {
        Stop::new(Exit::Damaged, format!("a run in {} cannot be read: {error}", args.what))
            .help(format!("use the version that froze it: {}", frozen.manifest.version))
    };
    let all: Result<Vec<Logged>, _> = frozen.runs.values().map(|bytes| serde_json::from_slice(bytes)).collect();
    let all = all.map_err(unreadable)?;
    if args.run.is_empty() {
        return Ok(all);
    }
    if let Some(missing) = args.run.iter().find(|given| !all.iter().any(|run| run.id.starts_with(*given))) {
        let ids: Vec<&str> = all.iter().map(|run| run.id.as_str()).collect();
        return Err(Stop::usage(format!("--run: no run in {} begins with `{missing}`", args.what))
            .help(format!("it has {}", ids.join(", "))));
    }
    Ok(all.into_iter().filter(|run| args.run.iter().any(|given| run.id.starts_with(given))).collect())
}

/// Where and how runs are executed again.
struct Again<'a> {
    args: &'a ReproduceArgs,
    project: Project,
    store: Arc<Store>,
    cancel: Cancel,
    /// Where files and paths of a run are looked for.
    directory: PathBuf,
    /// Goes when all is done.
    _scratch: Option<tempfile::TempDir>,
}

impl<'a> Again<'a> {
    fn prepare(args: &'a ReproduceArgs, directory: PathBuf) -> Result<Self, Stop> {
        let (cache, scratch) = match &args.cache_dir {
            Some(place) => (std::path::absolute(place)?, None),
            None => {
                let scratch = tempfile::Builder::new().prefix("pipeline-reproduce-").tempdir()?;
                (scratch.path().join("cache"), Some(scratch))
            }
        };
        let store = Arc::new(Store::open(&cache)?);
        Ok(Self {
            args,
            project: Project::locate(None)?,
            store,
            cancel: stop_on_signals()?,
            directory,
            _scratch: scratch,
        })
    }

    fn run(&self, logged: &Logged, force: bool) -> Result<Outcome, Stop> {
        let (experiment, plan) = self.plan(logged)?;
        let device: Option<Device> = logged.provenance["device"].as_str().and_then(|device| device.parse().ok());
        let device = device.unwrap_or_default();
        device.check().map_err(|none| {
            Stop::usage(format!("it was run with --device {device}: {}", none.message)).help(none.help)
        })?;
        let ReproduceArgs { jobs, threads, json, .. } = *self.args;
        let machine = MachineArgs { jobs, threads, checkpoint_every: None, device };
        let selection = SelectionArgs { only: vec![], force: force.then(Vec::new) };
        let options = options(&machine, &selection, true);
        let now = provenance::collect(&self.project.root, options.threads, options.jobs, options.device);
        let keeper = Keeper::default();
        let launch = Launch {
            id: id::launch(Timestamp::now()),
            experiment: experiment.name.clone(),
            file: experiment.file.clone(),
            tags: experiment.tags.clone(),
            config: experiment.to_config(),
            plan: plan.clone(),
            provenance: now.clone(),
            store: self.store.clone(),
            places: data_places(&self.project),
            options,
            cancel: self.cancel.clone(),
            growth: None,
        };
        let people = progress::for_people(if json { Verbosity::Quiet } else { Verbosity::Normal });
        let summary = runner::run(launch, &*people, &keeper)?;
        if summary.interrupted > 0 || summary.abandoned {
            return Err(Stop::new(Exit::Interrupted, format!("interrupted: run {} was not compared", logged.id)));
        }
        Ok(Outcome::of(logged, &plan, &keeper.results.take(), &now))
    }

    fn plan(&self, logged: &Logged) -> Result<(Experiment, Plan), Stop> {
        let unreadable = |error| {
            let message = format!("the config that was logged of run {} cannot be read: {error}", logged.id);
            Stop::new(Exit::InvalidPlan, message).help("use the version that logged it, which its provenance has")
        };
        let experiment = Experiment::of_run(&logged.config, &logged.params, logged.seed, &self.directory);
        let experiment = experiment.map_err(unreadable)?;
        let plan = plan::build(&experiment, &Registry).map_err(|diagnostics| {
            let problems = Problems::new(diagnostics, experiment.sources.clone());
            Stop::Explained { exit: Exit::InvalidPlan, text: problems.render(Paint::for_stderr().is_on()) }
        })?;
        Ok((experiment, plan))
    }
}

/// Keeps what the stages left, and writes no pages.
#[derive(Default)]
struct Keeper {
    results: RefCell<Vec<Option<StageResult>>>,
}

impl Reporter for Keeper {
    fn run(&self, _: &RunResult) -> Option<PathBuf> {
        None
    }

    fn grown(&self, _: &Plan) {}

    fn experiment(&self, _: &Summary, results: &[Option<StageResult>]) -> Option<PathBuf> {
        self.results.replace(results.to_vec());
        None
    }
}

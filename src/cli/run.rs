//! `pipeline run`: plan, run, log, report.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::artifact::store::Store;
use crate::cancel::Cancel;
use crate::cli::args::{LaunchArgs, PlanArgs, RunArgs};
use crate::cli::exit::{Exit, Stop};
use crate::cli::pages::{self, Pages};
use crate::cli::plan;
use crate::cli::prepare::{Prepared, options, prepare};
use crate::event::{Observer, RunEvent, Status};
use crate::progress::{self, Verbosity, remark};
use crate::run_log::{LogError, Recorder};
use crate::runner::{self, Growth, Launch, RunnerError, Summary};
use crate::{id, provenance};

/// Runs an experiment.
pub fn execute(args: &RunArgs) -> Result<Exit, Stop> {
    if args.dry_run {
        return plan::rehearse(&PlanArgs { json: args.json, verbose: args.told.verbose, launch: args.launch.clone() });
    }
    let LaunchArgs { file, selection, machine, .. } = &args.launch;
    let device = machine.device;
    device.check().map_err(|none| Stop::usage(format!("--device {device}: {}", none.message)).help(none.help))?;
    let prepared = prepare(&args.launch)?;
    pages::check_place(&prepared.reports)?;
    let cancel = stop_on_signals()?;
    let store = Arc::new(Store::open(&prepared.cache)?);
    // That some trials fail is part of a search.
    let keep_going = args.keep_going || prepared.search.is_some();
    let options = options(machine, selection, keep_going);
    let provenance = provenance::collect(&prepared.project.root, options.threads, options.jobs, options.device);
    let id = id::launch(Timestamp::now());
    let pages = Pages::new(&prepared, &id, &provenance, !selection.only.is_empty());
    let recorder = Recorder::start(&prepared.project.run_log(), |problem| {
        remark(&format!("the launch is not being logged for now: {problem}"));
    })?;
    let observers = Observers::new(args, &recorder);
    let Prepared { experiment, plan, places, search, .. } = prepared;
    let mut config = experiment.to_config();
    if !selection.only.is_empty() {
        config["only"] = selection.only.as_slice().into();
    }
    let launch = Launch {
        id,
        experiment: experiment.name.clone(),
        file: file.clone(),
        tags: experiment.tags.clone(),
        config,
        plan,
        provenance,
        store: store.clone(),
        places,
        options,
        cancel,
        growth: search.map(|search| Box::new(search) as Box<dyn Growth>),
    };
    let summary = runner::run(launch, &observers, &pages);
    let logged = recorder.finish();
    let summary = summary?;
    if summary.abandoned {
        // A stage that does not listen still holds a thread: only the process can end it. What it wrote so far has no
        // name in the cache, and is swept by the next launch.
        std::process::exit(exit_of(&summary) as i32);
    }
    close(&store, logged)?;
    Ok(exit_of(&summary))
}

/// Makes sure that all is safe, and tells what is not.
fn close(store: &Store, logged: Result<(), LogError>) -> Result<(), Stop> {
    if let Err(error) = store.flush() {
        let help = "run again: what did not get to the disk is computed anew";
        let stop = Stop::new(Exit::StageFailed, format!("not all results are safe on the disk: {error}"));
        return Err(stop.help(error.help().unwrap_or(help)));
    }
    match logged {
        Err(problem) if problem.needs_a_hand() => return Err(problem.into()),
        // Results are in the cache: that they are not logged is no failure, and the next launch logs them.
        Err(problem) => remark(&format!("the launch is not logged, or not wholly: {problem}\n  {}", problem.help())),
        Ok(()) => {}
    }
    Ok(())
}

fn exit_of(summary: &Summary) -> Exit {
    match summary.status {
        Status::Executed | Status::Cached => Exit::Success,
        Status::Failed | Status::Skipped => Exit::StageFailed,
        Status::Interrupted => Exit::Interrupted,
    }
}

/// With `--json`, people are told only what they must know.
fn people(args: &RunArgs) -> Box<dyn Observer> {
    let wanted = args.told.verbosity();
    progress::for_people(if args.json && wanted == Verbosity::Normal { Verbosity::Quiet } else { wanted })
}

/// The first signal asks all stages to stop, the second ends the process.
pub(super) fn stop_on_signals() -> Result<Cancel, Stop> {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    let again = AtomicBool::new(false);
    let handler = move || {
        if again.swap(true, Ordering::Relaxed) {
            progress::leave();
            std::process::exit(Exit::Interrupted as i32);
        }
        asked.cancel();
    };
    ctrlc::set_handler(handler)
        .map_err(|error| Stop::new(Exit::Usage, format!("Ctrl-C cannot be listened to: {error}")))?;
    Ok(cancel)
}

/// Everyone who hears of the launch. The log comes first: what is told to people is logged.
struct Observers<'a> {
    people: Box<dyn Observer>,
    programs: Option<Box<dyn Observer>>,
    log: &'a Recorder,
}

impl<'a> Observers<'a> {
    fn new(args: &RunArgs, log: &'a Recorder) -> Self {
        Self { people: people(args), programs: args.json.then(progress::for_programs), log }
    }
}

impl Observer for Observers<'_> {
    fn observe(&self, time: Timestamp, event: &RunEvent) {
        self.log.observe(time, event);
        self.people.observe(time, event);
        if let Some(programs) = &self.programs {
            programs.observe(time, event);
        }
    }
}

impl From<RunnerError> for Stop {
    fn from(error: RunnerError) -> Self {
        match error {
            RunnerError::Store(error) => error.into(),
            error => Self::new(Exit::StageFailed, error.to_string()).help("use fewer --threads or --jobs"),
        }
    }
}

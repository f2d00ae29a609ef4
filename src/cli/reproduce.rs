//! `pipeline reproduce`: executes a logged run again and compares every file it left.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::artifact::store::Store;
use crate::cli::args::{MachineArgs, ReproduceArgs, SelectionArgs};
use crate::cli::output::{print, print_json};
use crate::cli::prepare::{data_places, options};
use crate::cli::run::stop_on_signals;
use crate::cli::{Exit, Project, Stop, selection};
use crate::config::Experiment;
use crate::device::Device;
use crate::diagnostic::Problems;
use crate::event::{ArtifactInfo, Provenance};
use crate::plan::{self, Plan};
use crate::progress::{self, Paint, Verbosity};
use crate::run_log::RunDetail;
use crate::runner::{self, Launch, Reporter, RunResult, StageResult, Summary};
use crate::stage::registry::Registry;
use crate::{id, provenance, text};

/// How a file of the logged run compares with that of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Same,
    Differs,
    /// The new run did not leave it.
    Missing,
}

#[derive(Serialize)]
struct FileVerdict {
    stage: String,
    port: String,
    file: String,
    verdict: Verdict,
}

/// Where two launches were made differently.
#[derive(Debug, Serialize, PartialEq)]
struct Difference {
    what: &'static str,
    was: Value,
    now: Value,
}

#[derive(Serialize)]
struct Outcome {
    run: String,
    agrees: bool,
    files: Vec<FileVerdict>,
    /// The first stage, in the order of the plan, that left something else.
    diverged: Option<String>,
    provenance: Vec<Difference>,
}

/// Executes a run again in a cache of its own and says what agrees.
pub fn execute(args: &ReproduceArgs) -> Result<Exit, Stop> {
    let detail = selection::open()?.show(&args.run)?;
    if detail.artifacts.is_empty() {
        let message = format!("run {} left nothing to compare with: it is {}", detail.run.id, detail.run.status);
        return Err(Stop::usage(message).help("name a run that ended well; `pipeline runs` lists them"));
    }
    let scratch;
    let cache = match &args.cache_dir {
        Some(place) => std::path::absolute(place)?,
        None => {
            scratch = tempfile::Builder::new().prefix("pipeline-reproduce-").tempdir()?;
            scratch.path().join("cache")
        }
    };
    let (results, plan, now) = run_again(&detail, args, cache)?;
    let outcome = compared(&detail, &plan, &results, &now);
    if args.json {
        print_json(&outcome)?;
    } else {
        print(&told(&outcome).join("\n"))?;
    }
    Ok(if outcome.agrees { Exit::Success } else { Exit::StageFailed })
}

fn run_again(
    detail: &RunDetail,
    args: &ReproduceArgs,
    cache: PathBuf,
) -> Result<(Vec<Option<StageResult>>, Plan, Provenance), Stop> {
    let directory = PathBuf::from(detail.provenance["working_directory"].as_str().unwrap_or_default());
    let unreadable = |error| {
        let message = format!("the config that the log has of run {} cannot be read: {error}", detail.run.id);
        Stop::new(Exit::InvalidPlan, message).help("use the version that logged it: `pipeline show` tells which")
    };
    let experiment = Experiment::of_run(&detail.config, &detail.run.params, detail.run.seed, &directory);
    let experiment = experiment.map_err(unreadable)?;
    let plan = plan::build(&experiment, &Registry).map_err(|diagnostics| {
        let problems = Problems::new(diagnostics, experiment.sources.clone());
        Stop::Explained { exit: Exit::InvalidPlan, text: problems.render(Paint::for_stderr().is_on()) }
    })?;
    let logged: Option<Device> = detail.provenance["device"].as_str().and_then(|device| device.parse().ok());
    let device = logged.unwrap_or_default();
    device
        .check()
        .map_err(|none| Stop::usage(format!("it was run with --device {device}: {}", none.message)).help(none.help))?;
    let machine = MachineArgs { jobs: args.jobs, threads: args.threads, checkpoint_every: None, device };
    // What a kept cache already has is executed all the same: else it would be compared with itself.
    let selection = SelectionArgs { only: vec![], force: Some(vec![]) };
    let options = options(&machine, &selection, true);
    let project = Project::locate(None)?;
    let now = provenance::collect(&project.root, options.threads, options.jobs, options.device);
    let keeper = Keeper::default();
    let launch = Launch {
        id: id::launch(Timestamp::now()),
        experiment: experiment.name.clone(),
        file: experiment.file.clone(),
        tags: experiment.tags.clone(),
        config: experiment.to_config(),
        plan: plan.clone(),
        provenance: now.clone(),
        store: Arc::new(Store::open(&cache)?),
        places: data_places(&project),
        options,
        cancel: stop_on_signals()?,
        growth: None,
    };
    let people = progress::for_people(if args.json { Verbosity::Quiet } else { Verbosity::Normal });
    let summary = runner::run(launch, &*people, &keeper)?;
    if summary.interrupted > 0 || summary.abandoned {
        return Err(Stop::new(Exit::Interrupted, "interrupted: nothing was compared"));
    }
    Ok((keeper.results.take(), plan, now))
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

fn compared(detail: &RunDetail, plan: &Plan, results: &[Option<StageResult>], now: &Provenance) -> Outcome {
    let stages = plan.runs.first().map(|run| &run.stages);
    let artifacts = |stage: &str| -> &[ArtifactInfo] {
        let node = stages.and_then(|stages| stages.get(stage).copied());
        let result = node.and_then(|node| results.get(node)?.as_ref());
        result.map_or(&[], |result| &result.finished.artifacts)
    };
    let mut files = Vec::new();
    for logged in &detail.artifacts {
        let now = artifacts(&logged.stage).iter().find(|artifact| artifact.port == logged.port);
        for file in &logged.files {
            let found = now.and_then(|artifact| artifact.files.iter().find(|found| found.name == file.name));
            let verdict = match found {
                None => Verdict::Missing,
                Some(found) if found.blake3 == file.blake3 => Verdict::Same,
                Some(_) => Verdict::Differs,
            };
            let (stage, port) = (logged.stage.clone(), logged.port.clone());
            files.push(FileVerdict { stage, port, file: file.name.clone(), verdict });
        }
    }
    let diverged = files.iter().find(|file| file.verdict != Verdict::Same).map(|file| file.stage.clone());
    let provenance = differences(&detail.provenance, now);
    Outcome { run: detail.run.id.clone(), agrees: diverged.is_none(), files, diverged, provenance }
}

/// What may explain other bytes.
fn differences(was: &Value, now: &Provenance) -> Vec<Difference> {
    let now = serde_json::to_value(now).unwrap_or_default();
    let facts = ["version", "git_commit", "git_dirty", "device", "cpu", "cpu_features", "os", "host"];
    let differs = |what: &&'static str| was[*what] != now[*what];
    let difference = |what| Difference { what, was: was[what].clone(), now: now[what].clone() };
    facts.into_iter().filter(differs).map(difference).collect()
}

fn told(outcome: &Outcome) -> Vec<String> {
    let mut by_stage: BTreeMap<usize, (&str, usize, Vec<&str>)> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for file in &outcome.files {
        let place = order.iter().position(|stage| *stage == file.stage).unwrap_or_else(|| {
            order.push(&file.stage);
            order.len() - 1
        });
        let (_, same, others) = by_stage.entry(place).or_insert((&file.stage, 0, Vec::new()));
        match file.verdict {
            Verdict::Same => *same += 1,
            Verdict::Differs | Verdict::Missing => others.push(&file.file),
        }
    }
    let row = |(stage, same, others): &(&str, usize, Vec<&str>)| {
        let agree = format!("{same} of {}", same + others.len());
        vec![(*stage).to_owned(), agree, text::shortened(&others.join(", "), 60)]
    };
    let header = ["stage", "files that agree", "others"].map(str::to_owned);
    let mut lines = text::table(&header, &by_stage.values().map(row).collect::<Vec<_>>());
    lines.push(String::new());
    let files = text::count(outcome.files.len(), "file");
    match &outcome.diverged {
        None => lines.push(format!("Run {} is reproduced: all {files} agree, byte for byte.", outcome.run)),
        Some(stage) => {
            let others = outcome.files.iter().filter(|file| file.verdict != Verdict::Same).count();
            lines.push(format!(
                "Run {} is not reproduced: {others} of {files} differ, first those of `{stage}`.",
                outcome.run
            ));
            if outcome.provenance.is_empty() {
                lines.push("Program, processor and device are the same as then.".to_owned());
            }
        }
    }
    if !outcome.provenance.is_empty() {
        lines.push(if outcome.agrees { "What is not as it was then:" } else { "What may explain it:" }.to_owned());
    }
    let value = |value: &Value| match value {
        Value::Array(items) => items.iter().map(text::value).collect::<Vec<_>>().join(" "),
        other => text::value(other),
    };
    lines.extend(
        outcome.provenance.iter().map(|Difference { what, was, now }| {
            format!("  {}: {} → {}", what.replace('_', " "), value(was), value(now))
        }),
    );
    lines
}

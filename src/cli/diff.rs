//! `pipeline diff`: what differs between two runs, and where they part.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::artifact::store::Store;
use crate::cli::args::DiffArgs;
use crate::cli::output::{print, print_json, terminal_width};
use crate::cli::runs::NONE_YET;
use crate::cli::{Exit, Project, Stop};
use crate::event::Reason;
use crate::fingerprint::{Fingerprint, differences};
use crate::hash::ContentHash;
use crate::progress::Paint;
use crate::run_log::{RunDetail, RunLog, StageDetail};
use crate::text;

/// All that differs. What is the same in both is left out.
#[derive(Debug, Serialize)]
struct Diff {
    old: String,
    new: String,
    /// The experiment, the seed, the status.
    run: Vec<Change>,
    params: Vec<Change>,
    /// In the order of the plan.
    stages: Vec<StageDiff>,
    artifacts: Vec<FileDiff>,
    metrics: Vec<Change>,
    provenance: Vec<Change>,
    /// The first stage whose output differs.
    diverged: Option<Diverged>,
}

/// Something with two values; absent ones are `null`.
#[derive(Debug, Serialize)]
struct Change {
    name: String,
    was: Value,
    now: Value,
}

/// A stage that was made of other things or gave other things.
#[derive(Debug, Serialize)]
struct StageDiff {
    stage: String,
    fingerprints: [Option<String>; 2],
    output: Output,
    /// What it was made of, as far as that is known.
    reasons: Vec<Reason>,
}

/// How a stage's output compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Output {
    Same,
    Differs,
    /// One of the runs has none: the stage failed, did not run, or is not part of it.
    OnlyOld,
    OnlyNew,
    Neither,
}

/// A file of an artifact with other bytes, or only one run has it.
#[derive(Debug, Serialize)]
struct FileDiff {
    stage: String,
    port: String,
    file: String,
    was: Option<String>,
    now: Option<String>,
}

/// Where the runs part.
#[derive(Debug, Serialize)]
struct Diverged {
    stage: String,
    reasons: Vec<Reason>,
    /// Whether the stage gave other bytes though it was made of the same.
    same_fingerprint: bool,
}

/// Tells two runs apart.
pub fn execute(args: &DiffArgs) -> Result<Exit, Stop> {
    let project = Project::locate(None)?;
    let path = project.run_log();
    let Some(log) = RunLog::open_for_queries(&path)? else {
        return Err(Stop::usage(format!("there are no runs in {}", path.display())).help(NONE_YET));
    };
    let (old, new) = (log.show(&args.old)?, log.show(&args.new)?);
    let store = Store::open_read_only(&project.cache(args.cache_dir.as_deref()))?;
    let diff = diff(&old, &new, &store);
    if args.json {
        print_json(&diff)?;
    } else {
        print(&told(&diff, Paint::for_stdout(), terminal_width().unwrap_or(usize::MAX)).join("\n"))?;
    }
    Ok(Exit::Success)
}

fn diff(old: &RunDetail, new: &RunDetail, store: &Store) -> Diff {
    let files = (files(old), files(new));
    let stages = stages(old, new, &files, store);
    let parted = stages.iter().find(|stage| !matches!(stage.output, Output::Same | Output::Neither));
    let diverged = parted.map(|stage| Diverged {
        stage: stage.stage.clone(),
        reasons: stage.reasons.clone(),
        same_fingerprint: stage.output == Output::Differs && stage.fingerprints[0] == stage.fingerprints[1],
    });
    let facts = |detail: &RunDetail| {
        let run = &detail.run;
        let facts: [(&str, Value); 3] = [
            ("experiment", run.experiment.as_str().into()),
            ("seed", run.seed.into()),
            ("status", ended(&run.status).into()),
        ];
        facts.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<Map<String, Value>>()
    };
    let provenance = |detail: &RunDetail| detail.provenance.as_object().cloned().unwrap_or_default();
    Diff {
        old: old.run.id.clone(),
        new: new.run.id.clone(),
        run: changes(&facts(old), &facts(new)),
        params: changes(&old.run.params, &new.run.params),
        stages,
        artifacts: file_changes(old, new, &files),
        metrics: changes(&old.run.metrics, &new.run.metrics),
        provenance: changes(&provenance(old), &provenance(new)),
        diverged,
    }
}

/// Whether a run was executed or cached is no difference between two runs.
fn ended(status: &str) -> &str {
    if status == "cached" { "executed" } else { status }
}

fn changes(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let value = |map: &Map<String, Value>, name: &str| map.get(name).cloned().unwrap_or(Value::Null);
    let change = |name: &String| Change { name: name.clone(), was: value(old, name), now: value(new, name) };
    names.into_iter().filter(|name| old.get(*name) != new.get(*name)).map(change).collect()
}

/// Hashes by stage, port and file.
type Files = BTreeMap<(String, String, String), String>;

fn files(detail: &RunDetail) -> Files {
    let of = |artifact: &crate::run_log::StageArtifact| {
        let (stage, port) = (artifact.stage.clone(), artifact.port.clone());
        let file = move |file: &crate::event::FileInfo| {
            ((stage.clone(), port.clone(), file.name.clone()), file.blake3.clone())
        };
        artifact.files.iter().map(file).collect::<Vec<_>>()
    };
    detail.artifacts.iter().flat_map(of).collect()
}

/// Names of the stages of both runs, in the order of the older one's plan; those of the newer alone come behind the
/// stage they follow there.
fn order(old: &RunDetail, new: &RunDetail) -> Vec<String> {
    let mut names: Vec<String> = old.stages.iter().map(|stage| stage.stage.clone()).collect();
    let mut behind = 0;
    for stage in &new.stages {
        match names.iter().position(|name| *name == stage.stage) {
            Some(place) => behind = place + 1,
            None => {
                names.insert(behind, stage.stage.clone());
                behind += 1;
            }
        }
    }
    names
}

fn stages(old: &RunDetail, new: &RunDetail, files: &(Files, Files), store: &Store) -> Vec<StageDiff> {
    let find = |detail: &RunDetail, name: &str| detail.stages.iter().position(|stage| stage.stage == name);
    let mut parted = BTreeSet::new();
    let stage = |name: String| {
        let (was, now) = (find(old, &name).map(|at| &old.stages[at]), find(new, &name).map(|at| &new.stages[at]));
        let fingerprints = [was, now].map(|stage| stage.and_then(|stage| stage.fingerprint.clone()));
        let of = |files: &Files| -> Vec<(String, String, String)> {
            let own = files.iter().filter(|((stage, ..), _)| *stage == name);
            own.map(|((_, port, file), hash)| (port.clone(), file.clone(), hash.clone())).collect()
        };
        let outputs = [of(&files.0), of(&files.1)];
        let done = [was, now].map(|stage| stage.is_some_and(|stage| ended(&stage.status) == "executed"));
        let output = match done {
            [true, true] if outputs[0] == outputs[1] => Output::Same,
            [true, true] => Output::Differs,
            [true, false] => Output::OnlyOld,
            [false, true] => Output::OnlyNew,
            [false, false] => Output::Neither,
        };
        let is_same = output == Output::Same || output == Output::Neither;
        let differs = !is_same || fingerprints[0] != fingerprints[1];
        let reasons = match (was, now) {
            (Some(was), Some(now)) if differs => reasons((old, was), (new, now), store, &parted),
            _ => Vec::new(),
        };
        if !is_same {
            parted.insert(name.clone());
        }
        differs.then_some(StageDiff { stage: name, fingerprints, output, reasons })
    };
    order(old, new).into_iter().filter_map(stage).collect()
}

/// What a stage was made of, from the cache's records where both are there, else from the log. `parted` are the stages
/// before it whose output differs.
fn reasons(
    was: (&RunDetail, &StageDetail),
    now: (&RunDetail, &StageDetail),
    store: &Store,
    parted: &BTreeSet<String>,
) -> Vec<Reason> {
    let record = |stage: &StageDetail| -> Option<Fingerprint> {
        let hash: ContentHash = stage.fingerprint.as_ref()?.parse().ok()?;
        // A record that cannot be read tells no more than one that is gone.
        store.hashed(hash).ok()?
    };
    if let (Some(was), Some(now)) = (record(was.1), record(now.1)) {
        return differences(&was, &now).into_iter().map(Reason::from).collect();
    }
    let plain = |(run, stage): (&RunDetail, &StageDetail)| Fingerprint {
        kind: stage.kind.clone(),
        version: 0,
        params: stage.params.clone(),
        seed: None,
        device: run.provenance["device"].as_str().unwrap_or_default().to_owned(),
        source: None,
        inputs: BTreeMap::new(),
    };
    let known: Vec<Reason> = differences(&plain(was), &plain(now)).into_iter().map(Reason::from).collect();
    if !known.is_empty() || was.1.fingerprint == now.1.fingerprint {
        return known;
    }
    // What is left of a fingerprint is not in the log.
    let plain = |what: String| Reason { what, was: Value::Null, now: Value::Null };
    let inputs = changed_inputs(now.0, &now.1.stage, parted);
    if let Some(ports) = inputs.as_ref().filter(|ports| !ports.is_empty()) {
        return ports.iter().map(|port| plain(format!("input {port}"))).collect();
    }
    let changed = |what: &str, was: Value, now: Value| (was != now).then(|| Reason { what: what.to_owned(), was, now });
    let seed = changed("seed", was.0.run.seed.into(), now.0.run.seed.into());
    let version = changed("program", was.0.provenance["version"].clone(), now.0.provenance["version"].clone());
    let told: Vec<Reason> = seed.into_iter().chain(version).filter(|_| inputs.is_some() || parted.is_empty()).collect();
    if told.is_empty() { vec![plain("input, data or version".to_owned())] } else { told }
}

/// The input ports that are wired to one of these stages; `None` when the file does not say how the stage is wired.
fn changed_inputs(run: &RunDetail, stage: &str, of: &BTreeSet<String>) -> Option<Vec<String>> {
    let stages = run.config["pipeline"]["stages"].as_array()?;
    let inputs = stages.iter().find(|entry| entry["name"] == stage)?["inputs"].as_object()?;
    let is_of = |source: &Value| source.as_str().is_some_and(|source| of.contains(source));
    let differs = |source: &Value| is_of(source) || source.as_array().is_some_and(|sources| sources.iter().any(is_of));
    Some(inputs.iter().filter(|(_, source)| differs(source)).map(|(port, _)| port.clone()).collect())
}

fn file_changes(old: &RunDetail, new: &RunDetail, (was, now): &(Files, Files)) -> Vec<FileDiff> {
    let place = order(old, new);
    let mut names: Vec<&(String, String, String)> = was.keys().chain(now.keys()).collect();
    names.sort_by_key(|name| (place.iter().position(|stage| *stage == name.0), (*name).clone()));
    names.dedup();
    let change = |name: &(String, String, String)| {
        let (stage, port, file) = name.clone();
        FileDiff { stage, port, file, was: was.get(name).cloned(), now: now.get(name).cloned() }
    };
    names.into_iter().filter(|name| was.get(*name) != now.get(*name)).map(change).collect()
}

/// Short runs of lines, the conclusion last.
fn told(diff: &Diff, paint: Paint, width: usize) -> Vec<String> {
    let mut lines = vec![format!("{} → {}", diff.old, diff.new)];
    let mut section = |heading: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            lines.extend([String::new(), paint.bold(heading)]);
            lines.extend(
                entries.into_iter().map(|entry| format!("  {}", text::shortened(&entry, width.saturating_sub(2)))),
            );
        }
    };
    section("Run", arrows(&diff.run));
    section("Params", arrows(&diff.params));
    section("Stages", stage_lines(diff));
    section("Artifacts", artifact_lines(diff));
    section("Metrics", metric_lines(diff));
    section("Provenance", arrows(&diff.provenance));
    lines.push(String::new());
    lines.extend(text::wrapped(&conclusion(diff), width));
    lines
}

fn arrows(changes: &[Change]) -> Vec<String> {
    let side = |value: &Value| if value.is_null() { "none".to_owned() } else { text::value(value) };
    changes.iter().map(|change| format!("{}: {} → {}", change.name, side(&change.was), side(&change.now))).collect()
}

fn stage_lines(diff: &Diff) -> Vec<String> {
    let row = |stage: &StageDiff| {
        let output = match stage.output {
            Output::Same => "same output",
            Output::Differs => "other output",
            Output::OnlyOld => "output in the old run only",
            Output::OnlyNew => "output in the new run only",
            Output::Neither => "no output",
        };
        let reasons = stage.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        vec![stage.stage.clone(), output.to_owned(), reasons]
    };
    let header = ["stage", "output", "what differs in its making"].map(str::to_owned);
    if diff.stages.is_empty() {
        Vec::new()
    } else {
        text::table(&header, &diff.stages.iter().map(row).collect::<Vec<_>>())
    }
}

/// One line a port, with the names of the files that differ.
fn artifact_lines(diff: &Diff) -> Vec<String> {
    let mut ports: Vec<(String, Vec<&str>)> = Vec::new();
    for file in &diff.artifacts {
        let name = format!("{}.{}", file.stage, file.port);
        match ports.last_mut().filter(|(known, _)| *known == name) {
            Some((_, files)) => files.push(&file.file),
            None => ports.push((name, vec![&file.file])),
        }
    }
    ports.into_iter().map(|(port, files)| format!("{port}: {}", files.join(", "))).collect()
}

fn metric_lines(diff: &Diff) -> Vec<String> {
    let header = ["metric", "was", "now", "difference"].map(str::to_owned);
    let row = |change: &Change| {
        let numbers = [&change.was, &change.now].map(Value::as_f64);
        let mut shown = numbers.map(|number| number.map_or_else(|| "none".to_owned(), text::number));
        if let ([Some(was), Some(now)], true) = (numbers, shown[0] == shown[1]) {
            shown = [was, now].map(|number| number.to_string());
        }
        let difference = match numbers {
            [Some(was), Some(now)] => format!("{}{}", if now > was { "+" } else { "" }, text::number(now - was)),
            _ => String::new(),
        };
        let [was, now] = shown;
        vec![change.name.clone(), was, now, difference]
    };
    if diff.metrics.is_empty() {
        Vec::new()
    } else {
        text::table(&header, &diff.metrics.iter().map(row).collect::<Vec<_>>())
    }
}

fn conclusion(diff: &Diff) -> String {
    let Some(Diverged { stage, reasons, same_fingerprint }) = &diff.diverged else {
        return "All stages of both runs gave the same bytes.".to_owned();
    };
    let why = match reasons[..] {
        _ if *same_fingerprint => {
            ", though it was made of the same: it is not deterministic, as on a GPU, or its kind computes something else by now"
                .to_owned()
        }
        [] => ", which only one of the runs has done".to_owned(),
        _ => format!(": {}", reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    };
    format!("The first stage whose output differs is {stage}{why}.")
}

//! How long questions to a log of many runs take, as whole processes: `cargo bench --bench run_log [RUNS]`.
//!
//! Logs are written by the recorder from the events of launches, as real ones are: each run has 15 params and 30 metrics. One
//! log has ten launches of an experiment each; another has two launches of all runs, which are few variants in one and
//! each a variant of its own in the other. Prints a table with the shortest and the median of five times.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use jiff::Timestamp;
use pipeline::event::{LaunchStarted, Observer, RunEvent, RunFinished, RunInfo, Status};
use pipeline::run_log::Recorder;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

const LAUNCHES: usize = 10;
const METRICS: [&str; 6] = ["loss", "accuracy", "f1", "seconds", "error", "norm"];

/// How the runs of a launch differ.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    /// Every run has numbers of its own, and a seed of its own.
    Each,
    /// Two swept params make 16 variants, and each seed has all of them.
    Few,
}

fn main() {
    let runs = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(100_000_usize);
    let launches: Vec<(String, Shape, usize)> =
        (0..LAUNCHES).map(|launch| (format!("sizes{launch}"), Shape::Each, runs / LAUNCHES)).collect();
    let both = "classifier.test_accuracy > 0.9 and stage1.loss < 0.5 and tag = 'paper'";
    let listed: [&[&str]; 9] = [
        &["runs"],
        &["runs", "--experiment", "sizes3", "--status", "executed"],
        &["runs", "--where", both],
        &["runs", "--where", "latent_dim >= 16 and (architecture = 'conv' or not stage2.f1 > 0.1)"],
        &["runs", "--where", "started > '2026-01-05' and note is missing"],
        &["runs", "--sort", "classifier.test_accuracy:desc"],
        &["runs", "--where", both, "--sort", "stage1.loss", "--columns", "id,latent_dim,stage1.loss"],
        &["runs", "--group-by", "latent_dim", "--columns", "classifier.test_accuracy"],
        &["runs", "--group-by", "architecture,latent_dim"],
    ];
    ask(&launches, &listed);
    let compared: [&[&str]; 4] = [
        &["compare", "few"],
        &["compare", "few", "--by", "latent_dim", "--baseline", "architecture=dense"],
        &["compare", "each"],
        &["runs", "--experiment", "few", "--group-by", "architecture"],
    ];
    ask(&[("few".to_owned(), Shape::Few, runs), ("each".to_owned(), Shape::Each, runs)], &compared);
}

/// Writes a log of these launches, and times questions to it.
fn ask(launches: &[(String, Shape, usize)], questions: &[&[&str]]) {
    let directory = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::create_dir(directory.path().join("experiments")).expect("the folder is writable");
    let log = directory.path().join("runs.sqlite");
    let start = Instant::now();
    for (launch, (experiment, shape, count)) in launches.iter().enumerate() {
        record(&log, launch, experiment, *shape, *count);
    }
    let size = std::fs::metadata(&log).expect("the log is there").len() as f64 / 1e6;
    let runs: usize = launches.iter().map(|(.., count)| count).sum();
    println!("{runs} runs, {size:.0} MB, recorded in {:.1} s\n", start.elapsed().as_secs_f64());
    println!("{:>9}  {:>9}  pipeline ...", "shortest", "median");
    for question in questions {
        let mut times: Vec<f64> = (0..5).map(|_| asked(directory.path(), question)).collect();
        times.sort_by(f64::total_cmp);
        println!("{:>7.0} ms {:>7.0} ms  {}", times[0] * 1e3, times[2] * 1e3, question.join(" "));
    }
    println!();
}

/// Seconds that the program takes to answer.
fn asked(project: &Path, arguments: &[&str]) -> f64 {
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_pipeline"))
        .args(arguments)
        .current_dir(project)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success(), "{arguments:?} ended with {status}");
    start.elapsed().as_secs_f64()
}

fn record(log: &Path, launch: usize, experiment: &str, shape: Shape, count: usize) {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(launch as u64);
    let recorder = Recorder::start(log, |problem| panic!("{problem}")).expect("the log can be written");
    let time = Timestamp::from_second(1_767_225_600 + 86_400 * launch as i64).expect("a time in range");
    let started = LaunchStarted {
        launch: format!("2026010{launch}T000000-{launch:06x}"),
        experiment: experiment.to_owned(),
        file: "experiments/sizes.toml".into(),
        runs: (0..count).map(|index| run(&format!("{launch}{index:08x}"), index, shape, &mut random)).collect(),
        nodes: Vec::new(),
        provenance: Box::default(),
        config: json!({}),
    };
    recorder.observe(time, &RunEvent::LaunchStarted(started));
    for run in 0..count {
        let name = |index: usize| match index {
            0 => "classifier.test_accuracy".to_owned(),
            _ => format!("stage{}.{}", index / 6, METRICS[index % 6]),
        };
        let metrics = (0..30).map(|index| (name(index), random.random())).collect();
        let seconds = random.random::<f64>() * 100.0;
        let finished = RunFinished { run, status: Status::Executed, metrics, seconds, report: None };
        recorder.observe(time, &RunEvent::RunFinished(finished));
    }
    recorder.finish().expect("all is written");
}

fn run(id: &str, index: usize, shape: Shape, random: &mut impl Rng) -> RunInfo {
    let architecture = if index.is_multiple_of(2) { "dense" } else { "conv" };
    let variant = json!({ "architecture": architecture, "latent_dim": 1 << (index / 2 % 8) });
    let mut params: Map<String, Value> = variant.as_object().cloned().unwrap_or_default();
    params.extend((0..13).map(|param| match param % 3 {
        0 => (format!("width{param}"), json!(if shape == Shape::Few { 64 } else { 64 * (1 + index % 4) })),
        1 => (format!("rate{param}"), json!(if shape == Shape::Few { 0.5 } else { random.random::<f64>() })),
        _ => (format!("kind{param}"), json!("relu")),
    }));
    RunInfo {
        id: id.to_owned(),
        variant: variant.as_object().cloned().unwrap_or_default(),
        seed: if shape == Shape::Few { index / 16 } else { index } as u64,
        params,
        tags: if index.is_multiple_of(10) { vec!["paper".to_owned()] } else { Vec::new() },
        stages: [].into(),
    }
}

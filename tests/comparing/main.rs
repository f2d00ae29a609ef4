//! `pipeline compare` on logs as launches leave them.

mod answers;
mod metrics;
mod standing;
mod variants;

use std::path::Path;

use assert_cmd::Command;
use jiff::Timestamp;
use pipeline::event::{
    ArtifactInfo, FileInfo, LaunchStarted, NodeInfo, Observer, Outcome, RunEvent, RunFinished, RunInfo, StageFinished,
    Status,
};
use pipeline::run_log::Recorder;
use serde_json::{Map, Value, json};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// A run: what is swept, its seed, and its metrics.
type Row = (Value, u64, Vec<(&'static str, f64)>);

/// Logs one launch of an experiment with these runs, whose ids are the launch's number and their own.
fn launch(directory: &Path, number: i64, experiment: &str, epochs: u32, rows: &[Row]) {
    let config = json!({ "params": { "epochs": epochs } });
    launch_of(directory, number, experiment, rows, config, "mse");
}

/// The same with this config, whose params all have that do not vary them, a stage `autoencoder` with this loss, whose
/// course is known where a run has a figure of it, and a stage `load` that gave the config's `data`.
fn launch_of(directory: &Path, number: i64, experiment: &str, rows: &[Row], config: Value, loss: &str) {
    let run = |(index, (variant, seed, _)): (usize, &Row)| {
        let mut params = config["params"].as_object().cloned().unwrap_or_default();
        params.extend(object(variant.clone()));
        RunInfo {
            id: format!("{number}{index:03}"),
            variant: object(variant.clone()),
            seed: *seed,
            params,
            tags: Vec::new(),
            stages: [("autoencoder".to_owned(), 0), ("load".to_owned(), 1)].into(),
        }
    };
    let node = |stage: &str, kind: &str, params: Value| NodeInfo {
        stage: stage.to_owned(),
        kind: kind.to_owned(),
        variant: Map::new(),
        params,
    };
    let data = FileInfo {
        name: "train.images.npy".to_owned(),
        path: "/cache/1".into(),
        bytes: 1,
        blake3: config["data"].as_str().unwrap_or("same").to_owned(),
    };
    let port = ArtifactInfo { port: "dataset".into(), artifact_type: "Dataset".into(), files: vec![data] };
    let started = LaunchStarted {
        launch: format!("launch-{number}"),
        experiment: experiment.to_owned(),
        file: directory.join("experiments/e.toml"),
        runs: rows.iter().enumerate().map(run).collect(),
        nodes: vec![
            node("autoencoder", "train-autoencoder", json!({ "loss": loss })),
            node("load", "load", json!({ "dataset": "mnist" })),
        ],
        provenance: Box::default(),
        config: config.clone(),
    };
    let recorder = Recorder::start(&directory.join("runs.sqlite"), |error| panic!("{error}")).unwrap();
    let time = Timestamp::from_second(1_767_225_600 + number).unwrap();
    recorder.observe(time, &RunEvent::LaunchStarted(started));
    if rows.iter().any(|(_, _, metrics)| metrics.iter().any(|(name, _)| *name == "autoencoder.val_loss")) {
        let series = [("val_loss".to_owned(), vec![0.5, 0.25])].into();
        let trained = ended(0, Outcome { series, ..Outcome::default() }, vec![]);
        recorder.observe(time, &RunEvent::StageFinished(trained));
    }
    recorder.observe(time, &RunEvent::StageFinished(ended(1, Outcome::default(), vec![port])));
    for (run, (_, _, metrics)) in rows.iter().enumerate() {
        let metrics = metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let status = Status::Executed;
        recorder
            .observe(time, &RunEvent::RunFinished(RunFinished { run, status, metrics, seconds: 1.5, report: None }));
    }
    recorder.finish().unwrap();
}

/// A stage that all runs of a launch share, as it ends.
fn ended(node: usize, outcome: Outcome, artifacts: Vec<ArtifactInfo>) -> StageFinished {
    StageFinished {
        node,
        fingerprint: None,
        status: Status::Executed,
        seconds: 1.0,
        saved: 0.0,
        reasons: vec![],
        error: None,
        outcome,
        artifacts,
    }
}

fn sized(size: u32, seed: u64, mse: f64) -> Row {
    (json!({ "latent_dim": size }), seed, vec![("evaluate.mse", mse), ("evaluate.ssim", 1.0 - mse)])
}

/// A project in which nothing was launched.
fn empty() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    directory
}

/// Two launches of `sizes`, the second with one size more and another value for what was run before; one of `other`.
fn project() -> tempfile::TempDir {
    let directory = empty();
    let path = directory.path();
    launch(path, 1, "sizes", 2, &[sized(2, 0, 0.9), sized(2, 1, 0.053), sized(2, 2, 0.051)]);
    launch(path, 2, "sizes", 2, &[sized(2, 0, 0.050), sized(8, 0, 0.020), sized(8, 1, 0.022), sized(8, 2, 0.021)]);
    launch(path, 3, "other", 2, &[(json!({}), 0, vec![("anomaly.auroc", 0.9)])]);
    launch(path, 4, "diverged", 2, &[sized(2, 0, f64::NAN), sized(8, 0, 0.5)]);
    directory
}

fn compare(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("pipeline").expect("the program is built");
    let output = command.current_dir(directory).arg("compare").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The table above the sentences.
fn table(shown: &str) -> &str {
    shown.split("\n\n").next().unwrap_or_default()
}

fn refused(arguments: &[&str]) -> String {
    let directory = project();
    let (code, stdout, stderr) = compare(directory.path(), arguments);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    stderr
}

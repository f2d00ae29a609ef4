//! A small launch, event by event, for the observers' tests: two runs share a cached `load`; one `autoencoder` is
//! executed and collapses, the other fails.

use serde_json::json;

use super::*;

/// A moment `seconds` after a fixed one.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).expect("a small number of seconds is in range")
}

/// The launch's first event; its runs are `<launch>-0` and `<launch>-1`.
pub fn started(launch: &str) -> LaunchStarted {
    let run = |index: usize, latent_dim: i64| RunInfo {
        id: format!("{launch}-{index}"),
        variant: object(json!({ "latent_dim": latent_dim })),
        seed: 7,
        params: object(json!({ "latent_dim": latent_dim, "epochs": 2 })),
        tags: vec!["thesis".to_owned()],
        stages: BTreeMap::from([("load".to_owned(), 0), ("autoencoder".to_owned(), 1 + index)]),
    };
    let node = |stage: &str, kind: &str, variant: Value, params: Value| NodeInfo {
        stage: stage.to_owned(),
        kind: kind.to_owned(),
        variant: object(variant),
        params,
    };
    let autoencoder =
        |d: i64| node("autoencoder", "train-autoencoder", json!({ "latent_dim": d }), json!({ "epochs": 2 }));
    LaunchStarted {
        launch: launch.to_owned(),
        experiment: "sizes".to_owned(),
        file: PathBuf::from("/project/experiments/sizes.toml"),
        runs: vec![run(0, 2), run(1, 8)],
        nodes: vec![node("load", "load", json!({}), json!({ "dataset": "mnist" })), autoencoder(2), autoencoder(8)],
        provenance: Box::new(Provenance { version: "0.1.0".to_owned(), threads: 2, ..Provenance::default() }),
        config: json!({ "pipeline": "autoencoder", "repeats": 1 }),
    }
}

/// The whole launch with the second each event happened at.
pub fn launch(launch: &str) -> Vec<(Timestamp, RunEvent)> {
    let events = [
        (0, RunEvent::LaunchStarted(started(launch))),
        (0, RunEvent::Notice { node: Some(0), text: "fallback: synthetic-digits stands in for mnist".to_owned() }),
        (0, RunEvent::StageFinished(finished(0, Status::Cached, 1.5))),
        (1, RunEvent::StageStarted { node: 1, fingerprint: "f1".to_owned() }),
        (2, RunEvent::StageStarted { node: 2, fingerprint: "f2".to_owned() }),
        (3, RunEvent::StageProgress { node: 1, progress: epoch(1, 0.25) }),
        (5, RunEvent::StageFinished(failed())),
        (6, RunEvent::RunFinished(run_finished(1, Status::Failed, BTreeMap::new(), 6.0))),
        (7, RunEvent::StageProgress { node: 1, progress: epoch(2, 0.125) }),
        (8, RunEvent::StageFinished(executed())),
        (9, RunEvent::RunFinished(run_finished(0, Status::Executed, run_metrics(), 9.0))),
        (10, RunEvent::LaunchFinished(launch_finished())),
    ];
    events.into_iter().map(|(second, event)| (at(second), event)).collect()
}

/// The same launch, given one more run before its end.
pub fn grown(launch: &str) -> Vec<(Timestamp, RunEvent)> {
    let mut events = self::launch(launch);
    let like = started(launch);
    let (variant, stages) =
        (object(json!({ "latent_dim": 16 })), BTreeMap::from([("load".into(), 0), ("autoencoder".into(), 3)]));
    let run = RunInfo { id: format!("{launch}-2"), variant: variant.clone(), stages, ..like.runs[1].clone() };
    let node = NodeInfo { variant, ..like.nodes[2].clone() };
    let more = [
        RunEvent::LaunchGrown(LaunchGrown { runs: vec![run], nodes: vec![node] }),
        RunEvent::StageFinished(finished(3, Status::Executed, 1.0)),
        RunEvent::RunFinished(run_finished(2, Status::Executed, run_metrics(), 1.0)),
    ];
    let end = events.len() - 1;
    events.splice(end..end, more.map(|event| (at(9), event)));
    events
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

fn epoch(done: u64, loss: f64) -> Progress {
    Progress { done, total: 2, unit: "epoch", metrics: vec![("train_loss".to_owned(), loss)] }
}

fn finished(node: usize, status: Status, seconds: f64) -> StageFinished {
    StageFinished {
        node,
        fingerprint: Some(format!("f{node}")),
        status,
        seconds,
        saved: 0.0,
        reasons: Vec::new(),
        error: None,
        outcome: Outcome::default(),
        artifacts: Vec::new(),
    }
}

fn executed() -> StageFinished {
    let metrics = [("train_loss", 0.125), ("val_loss", f64::NAN), ("parameters", 219_584.0)];
    let file = FileInfo {
        name: "encoder.safetensors".to_owned(),
        path: PathBuf::from("/project/cache/blobs/ab/abcd"),
        bytes: 1024,
        blake3: "abcd".to_owned(),
    };
    StageFinished {
        reasons: vec![Reason { what: "param epochs".to_owned(), was: json!(1), now: json!(2) }],
        outcome: Outcome {
            metrics: metrics.map(|(name, value)| (name.to_owned(), value)).into(),
            series: BTreeMap::from([("train_loss".to_owned(), vec![0.25, 0.125])]),
            warnings: vec!["collapsed: no better than the constant mean".to_owned()],
        },
        artifacts: vec![ArtifactInfo {
            port: "model".to_owned(),
            artifact_type: "Model".to_owned(),
            files: vec![file],
        }],
        ..finished(1, Status::Executed, 7.0)
    }
}

fn failed() -> StageFinished {
    StageFinished {
        reasons: vec![Reason { what: "first run".to_owned(), was: Value::Null, now: Value::Null }],
        error: Some("the loss became NaN in epoch 1".to_owned()),
        ..finished(2, Status::Failed, 3.0)
    }
}

fn run_metrics() -> BTreeMap<String, f64> {
    BTreeMap::from([("autoencoder.train_loss".to_owned(), 0.125), ("autoencoder.parameters".to_owned(), 219_584.0)])
}

fn run_finished(run: usize, status: Status, metrics: BTreeMap<String, f64>, seconds: f64) -> RunFinished {
    RunFinished { run, status, metrics, seconds, report: None }
}

fn launch_finished() -> LaunchFinished {
    LaunchFinished {
        status: Status::Failed,
        executed: 1,
        cached: 1,
        failed: 1,
        skipped: 0,
        seconds: 10.0,
        report: Some(PathBuf::from("/project/reports/sizes.html")),
    }
}

//! Made-up runs and experiments for the tests of pages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::compare::Run;
use crate::event::{ArtifactInfo, FileInfo, Provenance, Reason, Status};
use crate::named::Named;
use crate::report::fixture::Noise;
use crate::report::page::{ExperimentPage, FiguresDir, LaunchSummary, RunPage, RunSummary, StageRow, experiment_page};

pub fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn stage(name: &str, kind: &str, status: Status, seconds: f64) -> StageRow {
    let file =
        FileInfo { name: "model.json".into(), path: "cache/blobs/ab/cdef".into(), bytes: 1234, blake3: "ab".into() };
    StageRow {
        stage: name.into(),
        kind: kind.into(),
        status,
        seconds,
        fingerprint: Some("5f1d7c0e".repeat(8)),
        variant: map(json!({"latent_dim": 8})),
        metrics: [("figure".to_owned(), 0.5)].into(),
        series: BTreeMap::new(),
        artifacts: vec![ArtifactInfo { port: "model".into(), artifact_type: "Model".into(), files: vec![file] }],
        reasons: vec![Reason { what: "param epochs".into(), was: json!(5), now: json!(10) }],
        error: None,
    }
}

fn stages() -> Vec<StageRow> {
    vec![
        stage("load", "load", Status::Cached, 0.41),
        stage("normalize", "normalize", Status::Cached, 0.02),
        stage("autoencoder", "train-autoencoder", Status::Executed, 14.2),
        stage("evaluate", "evaluate", Status::Executed, 1.31),
        stage("tsne", "tsne", Status::Executed, 9.6),
        stage("report", "report", Status::Executed, 0.8),
    ]
}

fn provenance() -> Provenance {
    Provenance {
        git_commit: Some("3f2a9c1d".repeat(5)),
        git_dirty: Some(true),
        version: "0.1.0".into(),
        build: "1a2b3c4d".into(),
        host: "workstation".into(),
        os: "Linux 6.8".into(),
        cpu: "Xeon".into(),
        cpu_features: vec!["avx2".into(), "avx512f".into(), "fma".into()],
        threads: 2,
        jobs: 2,
        device: "cpu".into(),
        command_line: vec!["pipeline".into(), "run".into(), "experiments/dense_vs_conv.toml".into()],
        working_directory: "/home/someone/pipeline".into(),
    }
}

fn metrics(mse: f64, collapsed: bool) -> BTreeMap<String, f64> {
    [
        ("evaluate.mse", mse),
        ("evaluate.bce", 0.07 + mse),
        ("evaluate.ssim", 1.0 - mse * 9.0),
        ("evaluate.pixel_accuracy", 0.99 - mse),
        ("autoencoder.val_loss", 0.071 + mse),
        ("autoencoder.parameters", 226928.0),
        ("autoencoder.check.collapsed", f64::from(u8::from(collapsed))),
        ("autoencoder.check.constant_mse", 0.0675),
        ("autoencoder.check.pca_mse", mse * 1.9 + 0.004),
        ("classifier.test_accuracy", 0.985 - mse * 3.0),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

const DAG: &str = "<svg width='300' height='40'><text y='20'>load → train</text></svg>";

pub fn run(figures: Option<FiguresDir>) -> RunPage {
    RunPage {
        experiment: "dense_vs_conv".into(),
        title: "Dense against convolutional autoencoders".into(),
        question: "At equal latent size, do convolutions reconstruct MNIST better than dense layers?".into(),
        id: "r-7f3a91c2".into(),
        status: Status::Executed,
        variant: map(json!({"architecture": "conv", "latent_dim": 8})),
        seed: 1,
        params: map(json!({"architecture": "conv", "latent_dim": 8, "epochs": 10, "lr": 0.001})),
        provenance: provenance(),
        stages: stages(),
        metrics: metrics(0.00689, false),
        warnings: vec!["fallback: mnist was not available, synthetic-digits was used instead".into()],
        figures,
        config: json!({"pipeline": "autoencoder", "params": {"epochs": 10}}),
        dag: DAG.into(),
    }
}

/// A repeat of a variant; one of them has failed and collapsed.
fn summary(architecture: &str, latent_dim: u32, seed: u64, mse: f64, figures: Option<&FiguresDir>) -> RunSummary {
    let collapsed = architecture == "conv" && latent_dim == 2 && seed == 2;
    let id = format!("r-{architecture}-{latent_dim}-{seed}");
    RunSummary {
        link: Some(format!("dense_vs_conv/{id}.html")),
        run: Run {
            id,
            params: map(json!({"architecture": architecture, "latent_dim": latent_dim})).into(),
            seed,
            metrics: metrics(if collapsed { 0.0675 } else { mse }, collapsed).into_iter().collect(),
            ..Run::default()
        },
        status: if collapsed { Status::Failed } else { Status::Executed },
        seconds: 12.5,
        warnings: collapsed.then(|| "collapsed: no better than the mean image".into()).into_iter().collect(),
        figures: figures.cloned(),
        sources: vec![],
    }
}

pub fn experiment(figures: Option<&FiguresDir>) -> ExperimentPage {
    let mut runs = Vec::new();
    let mut noise = Noise(7);
    for (architecture, gain) in [("dense", 1.0), ("conv", 0.78)] {
        for latent_dim in [2, 8, 32] {
            for seed in 1..=3 {
                let mse = 0.058 / f64::from(latent_dim).powf(0.62) * gain * (1.0 + 0.05 * noise.normal());
                runs.push(summary(architecture, latent_dim, seed, mse, figures));
            }
        }
    }
    ExperimentPage {
        name: "dense_vs_conv".into(),
        title: "Dense against convolutional autoencoders".into(),
        question: "At equal latent size, do convolutions reconstruct MNIST better than dense layers?".into(),
        runs,
        swept: vec!["architecture".into(), "latent_dim".into()],
        metrics: vec![],
        baseline: None,
        search: None,
        incomparable: BTreeSet::new(),
        launch: LaunchSummary { id: "l-20c1".into(), executed: 61, cached: 17, failed: 1, skipped: 3, seconds: 171.3 },
        stages: stages(),
        provenance: provenance(),
        config: json!({"sweep": {"latent_dim": [2, 8, 32]}}),
        dag: DAG.into(),
    }
}

/// The metrics and one more, which takes the place of one of its name.
pub fn with(metrics: &Named, name: &str, value: f64) -> Named {
    let known = metrics.iter().map(|(name, value)| (name.to_owned(), value));
    known.chain([(name.to_owned(), value)]).collect()
}

/// The page as it is written.
pub fn whole_page(page: &ExperimentPage) -> String {
    experiment_page(page).unwrap().0
}

/// The first words between two pieces of a page, without tags.
pub fn text_between(page: &str, from: &str, to: &str) -> String {
    let after = page.split_once(from).unwrap().1;
    let mut text = String::new();
    for piece in after.split_once(to).unwrap().0.split('<') {
        text += piece.split_once('>').map_or(piece, |(_, text)| text);
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! The same bytes for any number of jobs and threads.

mod common;

use std::collections::BTreeSet;

use common::{EXPERIMENT, Project, list, text};

/// Every stage kind, each layer, and enough numbers that every parallel loop has more than one piece.
const PIPELINE: &str = r#"
[pipeline]
name = "everything"

[stages.load]
uses = "load"
dataset = "synthetic-digits"
train_count = 1300
test_count = 60

[stages.normalize]
uses = "normalize"
inputs = { dataset = "load" }

[stages.split]
uses = "split"
inputs = { dataset = "normalize" }
from = "random"
stratified = true

[stages.few]
uses = "subset"
inputs = { dataset = "split" }
train = 150
validation = 40

[stages.noise]
uses = "noise"
inputs = { dataset = "few" }
kind = "salt-and-pepper"
amount = 0.2

[stages.gaussian]
uses = "noise"
inputs = { dataset = "few" }
kind = "gaussian"

[stages.masking]
uses = "noise"
inputs = { dataset = "few" }
kind = "masking"

[stages.conv]
uses = "train-autoencoder"
inputs = { dataset = "noise" }
encoder = ["conv 16 3x3 same relu", "batchnorm", "maxpool 2", "conv 16 3x3 same relu", "avgpool 2", "flatten", "dropout 0.2", "dense 6"]
decoder = ["dense 147 relu", "reshape 7x7x3", "conv 16 3x3 same relu", "upsample 2", "conv 16 3x3 same relu", "convtranspose 2 3x3 stride 2 same", "conv 1 3x3 same sigmoid"]
epochs = 2
batch_size = 48

[stages.dense]
uses = "train-autoencoder"
inputs = { dataset = "split" }
tied = true
encoder = ["dense 64 relu", "dropout 0.1", "dense 5"]
decoder = ["dense 64 relu", "dense 784 sigmoid"]
loss = "mse"
optimizer = "momentum"
epochs = 1

[stages.structural]
uses = "train-autoencoder"
inputs = { dataset = "masking" }
encoder = ["dense 16 tanh", "batchnorm", "dense 5"]
decoder = ["dense 16 elu", "dense 784 sigmoid"]
loss = "ssim"
optimizer = "rmsprop"
epochs = 1
batch_size = 50

[stages.variational]
uses = "train-autoencoder"
inputs = { dataset = "few" }
encoder = ["dense 16 tanh", "gaussian 2"]
decoder = ["dense 16 elu", "dense 784 sigmoid"]
optimizer = "adamw"
clip_norm = 0.5
decay = "cosine"
epochs = 2
batch_size = 50

[stages.samples]
uses = "sample"
inputs = { model = "variational", dataset = "few" }

[stages.evaluate]
uses = "evaluate"
inputs = { model = "conv", dataset = "noise" }

[stages.latents]
uses = "extract-latents"
inputs = { model = "conv", dataset = "noise" }

[stages.classifier]
uses = "train-classifier"
inputs = { data = "latents" }
hidden = ["dense 8 relu", "dropout 0.1"]
epochs = 3

[stages.predictions]
uses = "predict"
inputs = { classifier = "classifier", data = "latents", dataset = "split" }

[stages.pca]
uses = "pca"
inputs = { data = "latents" }

[stages.tsne]
uses = "tsne"
inputs = { data = "split" }
split = "train"
perplexity = 10
iterations = 30

[stages.tsne_exact]
uses = "tsne"
inputs = { data = "latents" }
init = "spectral"
perplexity = 10
iterations = 30

[stages.clusters]
uses = "kmeans"
inputs = { data = "split" }
split = "train"
starts = 2

[stages.anomaly]
uses = "anomaly"
inputs = { model = "dense", dataset = "split" }

[stages.report]
uses = "report"
"#;

#[test]
fn artifacts_do_not_depend_on_jobs_and_threads() {
    let bytes = |jobs: &str, threads: &str| {
        let project = Project::with_pipeline(PIPELINE);
        let launch = project.run(&["--jobs", jobs, "--threads", threads]);
        assert_eq!(launch.count("cached"), 0);
        (project.artifacts(), project.tree("cache/blobs"))
    };
    let (expected, blobs) = bytes("1", "1");
    assert!(expected.len() > 120, "{}", expected.len());
    for (jobs, threads) in [("1", "2"), ("1", "3"), ("2", "1"), ("2", "2"), ("2", "8")] {
        let (found, found_blobs) = bytes(jobs, threads);
        let differing: Vec<&String> = expected.keys().filter(|name| expected.get(*name) != found.get(*name)).collect();
        assert!(differing.is_empty(), "--jobs {jobs} --threads {threads}: {differing:#?}");
        assert!(found == expected && found_blobs == blobs, "--jobs {jobs} --threads {threads}: no more and no less");
    }
}

#[test]
fn every_stage_kind_is_among_those_compared() {
    let project = Project::with_pipeline(PIPELINE);
    let (all, plan) = (project.json(&["stages"]), project.json(&["plan", EXPERIMENT]));
    let all: BTreeSet<&str> = list(&all).iter().map(|kind| text(&kind["kind"])).collect();
    let planned: BTreeSet<&str> = list(&plan["stages"]).iter().map(|stage| text(&stage["kind"])).collect();
    assert_eq!(planned, all);
}

#[test]
fn another_seed_gives_other_weights_and_the_same_seed_the_same() {
    let project = Project::new();
    let weights = |project: &Project, arguments: &[&str]| {
        project.run(arguments);
        project.artifacts()["autoencoder.model/autoencoder.safetensors"].clone()
    };
    let first = weights(&project, &[]);
    assert_eq!(weights(&Project::new(), &[]), first);
    // The newest run is the one with the second seed.
    assert_ne!(weights(&project, &["--repeats", "2"]), first);
}

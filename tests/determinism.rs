//! The same bytes for any number of jobs and threads.

mod common;

use common::Project;

/// Everything that draws random numbers or adds up in parallel, in little.
const PIPELINE: &str = r#"
[pipeline]
name = "everything"

[stages.load]
uses = "load"
dataset = "synthetic-digits"
train_count = 150
test_count = 70

[stages.normalize]
uses = "normalize"
inputs = { dataset = "load" }

[stages.split]
uses = "split"
inputs = { dataset = "normalize" }
from = "random"
stratified = true

[stages.noise]
uses = "noise"
inputs = { dataset = "split" }
kind = "salt-and-pepper"
amount = 0.2

[stages.conv]
uses = "train-autoencoder"
inputs = { dataset = "noise" }
encoder = ["conv 4 3x3 same relu", "batchnorm", "maxpool 2", "conv 3 3x3 same relu", "avgpool 2", "flatten", "dropout 0.2", "dense 6"]
decoder = ["dense 147 relu", "reshape 7x7x3", "conv 4 3x3 same relu", "upsample 2", "upsample 2", "conv 1 3x3 same sigmoid"]
epochs = 2
batch_size = 48

[stages.dense]
uses = "train-autoencoder"
inputs = { dataset = "split" }
encoder = ["dense 16 relu", "dropout 0.1", "dense 5"]
decoder = ["dense 16 relu", "dense 784 sigmoid"]
loss = "ssim"
epochs = 2
batch_size = 50

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
perplexity = 10
iterations = 60

[stages.clusters]
uses = "kmeans"
inputs = { data = "latents" }
starts = 3

[stages.anomaly]
uses = "anomaly"
inputs = { model = "dense", dataset = "split" }

[stages.report]
uses = "report"
"#;

#[test]
fn artifacts_do_not_depend_on_jobs_and_threads() {
    let artifacts = |arguments: &[&str]| {
        let project = Project::with_pipeline(PIPELINE);
        let launch = project.run(arguments);
        assert_eq!(launch.count("cached"), 0);
        project.artifacts()
    };
    let expected = artifacts(&["--jobs", "1", "--threads", "1"]);
    assert!(expected.len() > 80, "{}", expected.len());
    for arguments in
        [["--jobs", "2", "--threads", "2"], ["--jobs", "1", "--threads", "3"], ["--jobs", "3", "--threads", "1"]]
    {
        let found = artifacts(&arguments);
        let differing: Vec<&String> = expected.keys().filter(|name| expected.get(*name) != found.get(*name)).collect();
        assert!(differing.is_empty() && expected.len() == found.len(), "{arguments:?}: {differing:#?}");
    }
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

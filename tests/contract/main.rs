//! What scripts rely on: exit codes, and the fields of everything said in JSON.

mod answers;
#[path = "../common/mod.rs"]
mod common;
mod events;
mod outcomes;

use std::collections::BTreeSet;

use common::{EXPERIMENT, PIPELINE, Project, text};
use serde_json::Value;

/// Metrics that scripts may rely on, by their names.
const METRICS: [&str; 14] = [
    "autoencoder.train_loss",
    "autoencoder.val_loss",
    "autoencoder.parameters",
    "evaluate.mse",
    "evaluate.bce",
    "evaluate.ssim",
    "evaluate.pixel_accuracy",
    "classifier.train_accuracy",
    "classifier.test_accuracy",
    "classifier.macro_f1",
    "tsne.kl_divergence",
    "tsne.trustworthiness",
    "anomaly.auroc",
    "clusters.nmi",
];

/// A training that cannot go well, beside one that can.
const DIVERGING: &str = r#"
[stages.diverging]
uses = "train-autoencoder"
inputs = { dataset = "split" }
encoder = ["dense 16 relu", "dense 4"]
decoder = ["dense 784", "reshape 28x28x1"]
loss = "mse"
optimizer = "sgd"
learning_rate = 100.0
batch_size = 10
output_bias = "zero"

[stages.errors]
uses = "evaluate"
inputs = { model = "diverging", dataset = "split" }
"#;

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap_or_else(|| panic!("an object: {object}")).keys().map(String::as_str).collect()
}

#[test]
fn the_page_for_scripts_names_every_event_field_and_fixed_metric() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let (events, answers) = page.split_once("## Answers").expect("a part on events and one on answers");
    let named = |part: &str, name: &str| assert!(part.contains(&format!("`{name}`")), "`{name}` is not on the page");
    let project = Project::with_pipeline(&format!("{PIPELINE}{DIVERGING}"));
    let launch = project.launch(&["--keep-going"]);
    for event in &launch.events {
        named(events, text(&event["event"]));
        keys(event).into_iter().for_each(|field| named(events, field));
        event.get("status").into_iter().for_each(|status| named(events, text(status)));
    }
    METRICS.into_iter().chain(["launch_grown", "planned"]).for_each(|name| named(events, name));
    let plan = project.json(&["plan", EXPERIMENT]);
    let (runs, artifacts) = (project.json(&["runs"]), project.json(&["show", "latest", "--artifacts"]));
    for object in [&plan, &plan["stages"][0], &runs[0], &artifacts[0], &artifacts[0]["files"][0]] {
        keys(object).into_iter().for_each(|field| named(answers, field));
    }
}

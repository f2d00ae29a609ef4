//! A published data set out of reach: what the cache has of it is used, and the plan says what the launch does.

mod common;

use std::collections::BTreeMap;

use common::{EXPERIMENT, Project};
use pipeline::artifact::store::{Lookup, Record, Store};
use pipeline::dataset::{known::Known, named};
use serde_json::Value;

/// What `pipeline plan` says of every stage.
fn planned(project: &Project) -> BTreeMap<String, String> {
    let called = project.call(&["plan", EXPERIMENT, "--json"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let plan: Value = serde_json::from_str(&called.stdout).expect("the plan is JSON");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    plan["stages"].as_array().expect("a list").iter().map(|s| (text(&s["stage"]), text(&s["status"]))).collect()
}

fn all(planned: &BTreeMap<String, String>, status: &str) -> bool {
    planned.values().all(|planned| planned == status)
}

/// A pipeline without training.
const PIPELINE: &str = r#"
[pipeline]
name = "tiny"

[stages.load]
uses = "load"
dataset = "synthetic-digits"
train_count = 60
test_count = 20

[stages.normalize]
uses = "normalize"
inputs = { dataset = "load" }
"#;

/// Asks for MNIST from now on.
fn ask_for_mnist(project: &Project, fallback: &str) {
    let mnist = format!("dataset = \"mnist\"\nfallback = \"{fallback}\"\n");
    project.edit_pipeline("dataset = \"synthetic-digits\"\n", &mnist);
}

/// Makes the cache have MNIST, with digits for its samples.
fn pretend_to_have_loaded_mnist(project: &Project) {
    let store = Store::open(&project.path("cache")).expect("the cache opens");
    let last = store.last("tiny").expect("what was launched is known");
    let load = last.iter().find(|(slot, _)| slot.starts_with("load ")).expect("it was loaded").1;
    let Lookup::Hit(record) = store.lookup(*load).expect("the cache can be read") else { panic!("load is cached") };
    let mut hashed = store.hashed(*load).expect("readable").expect("kept");
    hashed.params["dataset"] = "mnist".into();
    hashed.source = Some(named::known_identity(Known::named("mnist").expect("it is known")));
    store.commit(&Record::new(hashed, record.outputs, record.outcome, record.seconds)).expect("the cache is writable");
    store.flush().expect("the cache is writable");
}

#[test]
fn what_was_loaded_once_needs_no_files_any_more() {
    for fallback in ["none", "synthetic-digits"] {
        let project = Project::with_pipeline(PIPELINE);
        project.run(&[]);
        pretend_to_have_loaded_mnist(&project);
        ask_for_mnist(&project, fallback);
        assert!(all(&planned(&project), "cached"), "{fallback}: {:?}", planned(&project));
        let launch = project.run(&[]);
        assert_eq!(launch.count("executed"), 0, "{fallback}");
        assert!(!launch.stderr.contains("was not available"), "{fallback}: {}", launch.stderr);
    }
}

#[test]
fn a_plan_leaves_open_what_only_the_download_decides() {
    let project = Project::with_pipeline(PIPELINE);
    ask_for_mnist(&project, "synthetic-digits");
    let fresh = planned(&project);
    assert_eq!((fresh["load"].as_str(), fresh["normalize"].as_str()), ("will run", "depends"));
    let launch = project.run(&[]);
    assert!(launch.stderr.contains("fallback: `mnist` was not available"), "{}", launch.stderr);
    // What stands in is cached now, and whether it has to stand in again is not known before.
    assert!(all(&planned(&project), "depends"), "{:?}", planned(&project));
    assert_eq!(project.run(&[]).count("executed"), 0);
}

//! What a launch tells as it goes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::{EXPERIMENT, Launch, Project, list, set, text};
use crate::keys;

fn position(launch: &Launch, event: &str, stage: &str) -> usize {
    let wanted = |object: &Value| object["event"] == event && object["stage"] == stage;
    launch.events.iter().position(wanted).unwrap_or_else(|| panic!("{event} of {stage}"))
}

#[test]
fn events_have_the_promised_fields() {
    let project = Project::new();
    let launch = project.run(&["--sweep", "latent=3,4"]);
    let of_a_stage = ["event", "fingerprint", "kind", "stage", "time", "variant"];
    let with = |more: &[&'static str]| -> BTreeSet<&str> { of_a_stage.iter().chain(more).copied().collect() };
    for event in &launch.events {
        let time = text(&event["time"]);
        assert!(time.ends_with('Z') && time.contains('T'), "{time}");
        let expected = match text(&event["event"]) {
            "launch_started" => set(["event", "experiment", "launch", "runs", "stages", "time"]),
            "stage_started" => with(&[]),
            "stage_progress" if event.get("metrics").is_some() => with(&["done", "metrics", "total", "unit"]),
            "stage_progress" => with(&["done", "total", "unit"]),
            "stage_finished" => with(&["reasons", "seconds", "status"]),
            "run_finished" => set(["event", "metrics", "run", "seed", "status", "time", "variant"]),
            "launch_finished" => {
                set(["cached", "event", "executed", "failed", "launch", "report", "seconds", "skipped", "time"])
            }
            other => panic!("{other} is not a promised event"),
        };
        assert_eq!(keys(event), expected, "{event}");
    }
    let started = &launch.events[0];
    assert_eq!(started["event"], "launch_started");
    assert_eq!((&started["experiment"], &started["runs"], &started["stages"]), (&json!("tiny"), &json!(2), &json!(15)));
    assert_eq!(started["launch"], launch.last()["launch"]);
    assert!(project.path(text(&launch.last()["report"])).is_file());
    let variants: Vec<&Value> = launch.named("run_finished").map(|run| &run["variant"]).collect();
    assert!(variants.contains(&&json!({ "latent": 3 })) && variants.contains(&&json!({ "latent": 4 })));
    assert_eq!(launch.finished("load")["variant"], json!({}));
}

#[test]
fn events_come_in_the_order_of_the_work() {
    let project = Project::new();
    let plan = project.json(&["plan", EXPERIMENT]);
    let launch = project.run(&[]);
    for planned in list(&plan["stages"]) {
        let stage = text(&planned["stage"]);
        let began = position(&launch, "stage_started", stage);
        assert!(began < position(&launch, "stage_finished", stage));
        for need in list(&planned["needs"]) {
            assert!(position(&launch, "stage_finished", text(need)) < began, "{stage} waits for {need}");
        }
    }
    let names: Vec<&str> = launch.events.iter().map(|event| text(&event["event"])).collect();
    assert_eq!(names[0], "launch_started");
    assert_eq!(names[names.len() - 2..], ["run_finished", "launch_finished"]);
    let times: Vec<&str> = launch.events.iter().map(|event| text(&event["time"])).collect();
    assert!(times.is_sorted());
    let epochs: Vec<&Value> = launch.named("stage_progress").filter(|event| event["stage"] == "autoencoder").collect();
    assert_eq!(epochs.len(), 2);
    assert_eq!((&epochs[1]["done"], &epochs[1]["total"], &epochs[1]["unit"]), (&json!(2), &json!(2), &json!("epoch")));
    // A stage that fails on the way keeps the series it told of, under the names that a finished one has.
    let series = &project.json(&["show", "latest"])["series"];
    for event in launch.named("stage_progress").filter(|event| event["unit"] == "epoch") {
        for name in keys(&event["metrics"]) {
            let name = format!("{}.{name}", text(&event["stage"]));
            assert!(keys(series).contains(&*name), "{name} is not in {series}");
        }
    }
}

#[test]
fn a_cached_stage_is_told_without_reasons() {
    let project = Project::new();
    project.run(&[]);
    let launch = project.run(&[]);
    assert!(launch.named("stage_finished").all(|event| event["status"] == "cached" && event.get("reasons").is_none()));
}

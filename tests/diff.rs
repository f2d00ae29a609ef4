//! `pipeline diff` on runs as launches leave them.

mod common;

use common::Project;
use serde_json::{Value, json};

/// The names of what differs, in one list.
fn names(diff: &Value, of: &str, name: &str) -> Vec<String> {
    let entries = diff[of].as_array().unwrap();
    entries.iter().map(|entry| entry[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_runs_part_where_something_was_changed_and_it_is_said_why() {
    let project = Project::new();
    let ids = |project: &Project| names(&json!({ "runs": project.json(&["runs"]) }), "runs", "id");
    project.run(&[]);
    project.run(&["--set", "classifier_epochs=2", "--repeats", "2"]);
    let [other_seed, longer, plain] = &ids(&project)[..] else { panic!("three runs are logged") };

    let diff = project.json(&["diff", plain, longer]);
    assert_eq!(names(&diff, "params", "name"), ["classifier_epochs"]);
    assert_eq!(names(&diff, "stages", "stage"), ["classifier"]);
    let epochs = json!([{ "what": "param epochs", "was": 1, "now": 2 }]);
    assert_eq!((&diff["diverged"]["stage"], &diff["diverged"]["reasons"]), (&json!("classifier"), &epochs));
    assert!(names(&diff, "artifacts", "stage").iter().all(|stage| stage == "classifier"));
    assert!(names(&diff, "metrics", "name").contains(&"classifier.train_loss".to_owned()));
    assert!(names(&diff, "provenance", "name").contains(&"command_line".to_owned()));

    let seeds = project.json(&["diff", longer, other_seed]);
    assert_eq!(names(&seeds, "run", "name"), ["seed"]);
    let parted = json!([{ "what": "seed", "was": 0, "now": 1 }]);
    assert_eq!(seeds["diverged"]["reasons"], parted);

    let text = project.call(&["diff", plain, longer]).stdout;
    assert!(text.contains("classifier_epochs: 1 → 2"), "{text}");
    assert!(text.ends_with("The first stage whose output differs is classifier: param epochs: 1 → 2.\n"), "{text}");
    let text = project.call(&["diff", plain, plain]).stdout;
    assert!(text.ends_with("All stages of both runs gave the same bytes.\n"), "{text}");

    // Without the cache the log tells what it can.
    std::fs::remove_dir_all(project.path("cache")).unwrap();
    assert_eq!(project.json(&["diff", plain, longer])["diverged"]["reasons"], epochs);
    let seeds = project.json(&["diff", longer, other_seed]);
    assert_eq!(seeds["diverged"]["reasons"], parted);
    let stages = seeds["stages"].as_array().unwrap();
    let classifier = stages.iter().find(|stage| stage["stage"] == "classifier").unwrap();
    assert_eq!(classifier["reasons"], json!([{ "what": "input data", "was": null, "now": null }]));
}

#[test]
fn a_run_that_is_not_there_is_named() {
    let project = Project::new();
    let called = project.call(&["diff", "latest", "3f9a"]);
    assert_eq!(called.code, 2);
    assert!(called.stderr.contains("there are no runs in"), "{}", called.stderr);
}

//! Runs made again from the log, and experiments frozen into a file: what agrees, what differs, what was altered.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{Project, list, text};
use serde_json::{Value, json};

/// Two runs, with a page, of stages that take no time.
const PIPELINE: &str = "[params]\ncount = { default = 20, help = \"Training samples\" }\n[stages.load]\nuses = \"load\"\n\
                        dataset = \"synthetic-digits\"\ntrain_count = \"${count}\"\ntest_count = 4\n\
                        [stages.normalize]\nuses = \"normalize\"\ninputs = { dataset = \"load\" }\n";

fn launched() -> Project {
    let project = Project::with_pipeline(PIPELINE);
    project.write(common::EXPERIMENT, "pipeline = \"../pipelines/tiny.toml\"\n[sweep]\ncount = [20, 30]\n");
    project.run(&[]);
    project
}

/// A project without runs, and the archive in it.
fn elsewhere(archive: &Path) -> Project {
    let project = Project::new();
    std::fs::copy(archive, project.path("tiny.frozen.tar.gz")).unwrap();
    project
}

/// Makes the log say that normalize left something else.
fn falsify(project: &Project) {
    let log = rusqlite::Connection::open(project.path("runs.sqlite")).unwrap();
    let flip =
        "UPDATE stages SET artifacts = replace(artifacts, '\"blake3\":\"', '\"blake3\":\"0') WHERE kind = 'normalize'";
    log.execute(flip, []).unwrap();
}

#[test]
fn a_run_is_reproduced_from_the_log_or_what_differs_is_named() {
    let project = launched();
    // The files are not needed for it.
    std::fs::remove_file(project.path("pipelines/tiny.toml")).unwrap();
    let before = project.json(&["runs"]);
    let told = project.call(&["reproduce", "latest"]).stdout;
    assert!(told.contains("is reproduced: all ") && told.contains("agree, byte for byte"), "{told}");
    assert_eq!(project.json(&["runs"]), before, "nothing is logged");
    falsify(&project);
    let called = project.call(&["reproduce", "latest", "--json"]);
    let outcome: Value = serde_json::from_str(&called.stdout).unwrap();
    assert_eq!((called.code, &outcome["agrees"], &outcome["diverged"]), (1, &json!(false), &json!("normalize")));
}

#[test]
fn a_frozen_experiment_is_verified_and_reproduced_elsewhere() {
    let project = launched();
    let frozen = project.json(&["freeze", "tiny"]);
    assert_eq!(
        (&frozen["runs"], &frozen["records"], &frozen["pages"]),
        (&json!(2), &json!(4), &json!(3)),
        "two runs of two stages each, their pages and the experiment's"
    );
    let other = elsewhere(&project.path("tiny.frozen.tar.gz"));
    let verified = other.call(&["reproduce", "tiny.frozen.tar.gz", "--verify"]);
    assert_eq!((verified.code, verified.stdout.contains(text(&frozen["archive"]))), (0, true), "{}", verified.stdout);
    let again = other.call(&["reproduce", "tiny.frozen.tar.gz", "--json"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let outcome: Value = serde_json::from_str(&again.stdout).unwrap();
    let ids: BTreeSet<&str> = list(&outcome["runs"]).iter().map(|run| text(&run["run"])).collect();
    assert_eq!((ids.len(), &outcome["agrees"]), (2, &json!(true)));
    let one = other.call(&["reproduce", "tiny.frozen.tar.gz", "--run", ids.first().unwrap()]);
    assert!(one.stdout.ends_with("1 of 1 run reproduced\n"), "{}", one.stdout);
    assert!(!other.path("runs.sqlite").exists() && !other.path("cache").exists(), "nothing is written");
}

#[test]
fn freezing_again_gives_the_same_bytes_and_replaces_nothing_else() {
    let project = launched();
    let first = project.json(&["freeze", "tiny"]);
    assert_eq!(project.json(&["freeze", "tiny"]), first);
    project.write("tiny.frozen.tar.gz", "mine");
    let refused = project.call(&["freeze", "tiny"]);
    insta::assert_snapshot!(refused.stderr, @r"
    error: tiny.frozen.tar.gz is there already, and has other content
      help: name another file with --output, or move that one away
    ");
    assert_eq!((refused.code, std::fs::read(project.path("tiny.frozen.tar.gz")).unwrap()), (2, b"mine".to_vec()));
}

#[test]
fn a_frozen_experiment_that_was_altered_is_refused() {
    let project = launched();
    project.json(&["freeze", "tiny"]);
    let path = project.path("tiny.frozen.tar.gz");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let refused = project.call(&["reproduce", "tiny.frozen.tar.gz"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("tiny.frozen.tar.gz is not a frozen experiment, or is damaged"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_a_frozen_run_left_is_compared() {
    let project = launched();
    falsify(&project);
    project.json(&["freeze", "tiny"]);
    let called = project.call(&["reproduce", "tiny.frozen.tar.gz"]);
    assert_eq!(called.code, 1, "{}", called.stderr);
    assert!(called.stdout.contains("differ, first those of `normalize`"), "{}", called.stdout);
    assert!(called.stdout.ends_with("0 of 2 runs reproduced\n"), "{}", called.stdout);
}

#[test]
fn other_data_are_named_as_the_cause() {
    let project = Project::with_pipeline(
        "[stages.load]\nuses = \"load\"\ndataset = \"csv\"\npath = \"digits.csv\"\nlabel_column = \"digit\"\n\
         test_fraction = 0.5\n[stages.normalize]\nuses = \"normalize\"\ninputs = { dataset = \"load\" }\n",
    );
    project.write("pipelines/digits.csv", "a,b,digit\n1,2,0\n3,4,1\n5,6,0\n7,8,1\n");
    project.run(&[]);
    assert_eq!(project.call(&["reproduce", "latest"]).code, 0);
    project.write("pipelines/digits.csv", "a,b,digit\n1,2,0\n3,4,1\n5,6,0\n7,9,1\n");
    let told = project.call(&["reproduce", "latest"]).stdout;
    assert!(told.contains("first those of `load`.\nThe data are not those of then"), "{told}");
}

#[test]
fn what_cannot_be_frozen_or_reproduced_is_told() {
    let project = launched();
    let told = |arguments: &[&str]| {
        let called = project.call(arguments);
        assert_eq!(called.code, 2, "{}", called.stdout);
        called.stderr
    };
    insta::assert_snapshot!(told(&["freeze", "tinny"]), @r"
    error: there are no runs of an experiment `tinny`
      help: did you mean `tiny`?
    ");
    insta::assert_snapshot!(told(&["reproduce", "none.tar.gz", "--verify"]), @"error: --verify is for a file that `pipeline freeze` wrote: there is no file none.tar.gz");
    project.json(&["freeze", "tiny"]);
    let ids = project.json(&["runs"]);
    let unknown = told(&["reproduce", "tiny.frozen.tar.gz", "--run", "zz"]);
    assert!(unknown.contains(text(&ids[0]["id"])), "{unknown}");
    let cached = told(&["reproduce", "tiny.frozen.tar.gz", "--cache-dir", "cache"]);
    assert!(cached.contains("has results, which would be compared with themselves"), "{cached}");
}

//! The program as people and scripts meet it.

use std::path::Path;
use std::process::Stdio;

use assert_cmd::Command;
use jiff::Timestamp;
use pipeline::event::{LaunchStarted, Observer, RunEvent, RunFinished, RunInfo, Status};
use pipeline::run_log::Recorder;
use serde_json::{Map, Value, json};

fn pipeline(directory: &Path) -> Command {
    let mut command = Command::cargo_bin("pipeline").expect("the program is built");
    command.current_dir(directory).env("TZ", "UTC").env_remove("PIPELINE_LOG");
    command
}

fn text(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// A project with one launch of `count` runs in its log.
fn project(count: i64) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("experiments/deeper")).unwrap();
    let run = |index: i64| RunInfo {
        id: format!("r{index:05}"),
        variant: object(json!({ "latent_dim": index })),
        seed: 1,
        params: object(json!({ "latent_dim": index, "epochs": 2 })),
        tags: Vec::new(),
        stages: [].into(),
    };
    let started = LaunchStarted {
        launch: "20260101T000000-abcdef".to_owned(),
        experiment: "sizes".to_owned(),
        file: directory.path().join("experiments/sizes.toml"),
        runs: (0..count).map(run).collect(),
        nodes: Vec::new(),
        provenance: Box::default(),
        config: json!({}),
    };
    let recorder = Recorder::start(&directory.path().join("runs.sqlite"), |error| panic!("{error}")).unwrap();
    let time = Timestamp::from_second(1_767_225_600).unwrap();
    recorder.observe(time, &RunEvent::LaunchStarted(started));
    for index in 0..count {
        let metrics = [("evaluate.mse".to_owned(), 0.5 / (index + 1) as f64), ("evaluate.bce".to_owned(), 0.25)];
        let finished = RunFinished {
            run: index as usize,
            status: Status::Executed,
            metrics: metrics.into(),
            seconds: 1.5,
            report: None,
        };
        recorder.observe(time, &RunEvent::RunFinished(finished));
    }
    recorder.finish().unwrap();
    directory
}

#[test]
fn runs_are_listed_from_anywhere_in_the_project_with_the_columns_that_differ() {
    let project = project(3);
    let deeper = project.path().join("experiments/deeper");
    insta::assert_snapshot!(text(pipeline(&deeper).arg("runs")), @r"
                                                           evaluate  evaluate
    run     started           status    time   latent_dim       bce       mse
    r00002  2026-01-01 00:00  executed  1.5 s           2      0.25    0.1667
    r00001  2026-01-01 00:00  executed  1.5 s           1      0.25      0.25
    r00000  2026-01-01 00:00  executed  1.5 s           0      0.25       0.5
    ");
    insta::assert_snapshot!(text(pipeline(&deeper).args(["runs", "--all-columns", "--limit", "1"])), @r"
                                                                                                                                   evaluate  evaluate
    run     experiment  launch                  started           status    time   seed  tags  note  archived  epochs  latent_dim       bce       mse
    r00002  sizes       20260101T000000-abcdef  2026-01-01 00:00  executed  1.5 s     1                             2           2      0.25    0.1667
    ");
}

#[test]
fn any_number_limits_a_list() {
    let project = project(3);
    let lines = |limit: &str| text(pipeline(project.path()).args(["runs", "--limit", limit])).lines().count();
    assert_eq!([lines("1"), lines("0"), lines(&u64::MAX.to_string()), lines(&i64::MAX.to_string())], [3, 5, 5, 5]);
}

#[test]
fn runs_are_listed_as_json_whole() {
    let project = project(60);
    let runs: Vec<Value> = serde_json::from_str(&text(pipeline(project.path()).args(["runs", "--json"]))).unwrap();
    assert_eq!(runs.len(), 60);
    let table = text(pipeline(project.path()).arg("runs"));
    assert_eq!(table.lines().count(), 52);
}

#[test]
fn runs_are_chosen_sorted_and_grouped() {
    let project = project(5);
    let told = |arguments: &[&str]| text(pipeline(project.path()).arg("runs").args(arguments));
    insta::assert_snapshot!(told(&["--where", "latent_dim > 1 and evaluate.mse <= 0.2", "--sort", "evaluate.mse", "--limit", "2"]), @r"
                                                           evaluate  evaluate
    run     started           status    time   latent_dim       bce       mse
    r00004  2026-01-01 00:00  executed  1.5 s           4      0.25       0.1
    r00003  2026-01-01 00:00  executed  1.5 s           3      0.25     0.125
    ");
    insta::assert_snapshot!(told(&["--columns", "id,started,seconds,evaluate.mse", "--limit", "1"]), @r"
                                       evaluate
    id      started           seconds       mse
    r00004  2026-01-01 00:00  1.5 s         0.1
    ");
    insta::assert_snapshot!(told(&["--group-by", "seed"]), @r"
          distinct  evaluate         evaluate  best
    seed      runs  mse              bce        mse  of run
       1         5  0.2283 ± 0.1622  0.25 ± 0   0.1  r00004
    ");
    insta::assert_snapshot!(told(&["--group-by", "seed", "--columns", "evaluate.mse", "--format", "csv"]), @r"
    seed,distinct_runs,evaluate.mse.count,evaluate.mse.mean,evaluate.mse.sd,evaluate.mse.best,evaluate.mse.best_run
    1,5,5,0.22833333333333333,0.16218987500937151,0.1,r00004
    ");
    insta::assert_snapshot!(told(&["--columns", "run,evaluate.mse", "--format", "csv", "--limit", "1"]), @r"
    id,evaluate.mse
    r00004,0.1
    ");
    let json: Value = serde_json::from_str(&told(&["--columns", "id,seed", "--limit", "1", "--json"])).unwrap();
    assert_eq!(json, serde_json::json!([{ "id": "r00004", "seed": 1 }]));
}

#[test]
fn runs_are_labelled_archived_and_removed() {
    let project = project(3);
    let told = |arguments: &[&str]| text(pipeline(project.path()).args(arguments));
    assert_eq!(told(&["tag", "r00000", "latest", "--add", "paper"]), "2 runs have other tags now\n");
    assert_eq!(told(&["tag", "-w", "tag = 'paper'", "-r", "paper", "-a", "good"]), "2 runs have other tags now\n");
    told(&["note", "r00001", "as in the paper"]);
    assert_eq!(told(&["note", "r00001"]), "as in the paper\n");
    assert_eq!(told(&["archive", "r00001", "r00001"]), "1 run is archived now\n");
    assert_eq!(told(&["archive", "-w", "latent_dim > 99"]), "no such runs: nothing is changed\n");
    pipeline(project.path()).args(["tag", "latest", "-a", "x", "-r", "x"]).assert().code(2);
    let ids = |arguments: &[&str]| told(&[&["runs", "--columns", "id", "--format", "csv"], arguments].concat());
    assert_eq!(ids(&[]), "id\nr00002\nr00000\n");
    assert_eq!(ids(&["--archived", "-w", "note contains 'paper' or tag = 'good'"]), "id\nr00002\nr00001\nr00000\n");
    pipeline(project.path()).args(["rm", "r00000"]).assert().code(2);
    assert_eq!(ids(&[]).lines().count(), 3, "nobody could be asked");
    insta::assert_snapshot!(told(&["rm", "r00000", "r00001", "--yes"]), @r"
    r00000  sizes  latent_dim=0, seed 1  executed
    r00001  sizes  latent_dim=1, seed 1  executed
    The log loses 2 runs with 0 stages that no other run has.
    The cache keeps everything: it has nothing that is theirs alone.
    removed 2 runs, freed 0 B
    ");
    assert_eq!(ids(&["--archived"]), "id\nr00002\n");
}

#[test]
fn what_is_wrong_with_a_question_is_underlined() {
    let project = project(2);
    let output = pipeline(project.path())
        .args(["runs", "--where", "latent_dim >= 1 and mse < ", "--sort", "evaluate.mze", "--group-by", "status"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r"
    error[filter-syntax]: the filter ends where a value should be
     --> command line:1:34
      |
    1 | --where latent_dim >= 1 and mse < 
      |                                  ^ ends here
      |
      = help: write one, as in `< 0.5` or `< 'text'`

    error[unknown-name]: no run in the log has a param, metric or column `evaluate.mze`
     --> command line:1:8
      |
    1 | --sort evaluate.mze
      |        ^^^^^^^^^^^^
      |
      = help: did you mean `evaluate.mse`?
    ");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let project = project(2000);
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("pipeline"))
        .args(["runs", "--json"])
        .current_dir(project.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_run_is_shown_in_full() {
    let project = project(2);
    let shown = text(pipeline(project.path()).args(["show", "latest"]));
    let folder = project.path().display().to_string();
    insta::assert_snapshot!(shown.replace(&folder, "DIR"), @r"
    run        r00001
    experiment sizes (DIR/experiments/sizes.toml)
    launch     20260101T000000-abcdef
    status     executed
    started    2026-01-01 00:00:00
    time       1.5 s
    variant    latent_dim=1
    seed       1
    params     epochs=2, latent_dim=1

    Metrics
      evaluate.bce  0.25
      evaluate.mse  0.25

    Provenance
      threads    0
      jobs       0
    ");
}

#[test]
fn a_project_without_a_log_has_no_runs_and_none_is_made() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(text(pipeline(directory.path()).args(["runs", "--json"])).trim(), "[]");
    assert_eq!(text(pipeline(directory.path()).arg("runs")), "");
    pipeline(directory.path()).args(["show", "x"]).assert().code(2);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn the_cache_tells_where_it_is_and_how_much_it_holds() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap().join("cache");
    let told = |arguments: &[&str]| text(pipeline(directory.path()).env_remove("PIPELINE_CACHE_DIR").args(arguments));
    assert!(told(&["cache"]).contains("0 results of stages in 0 files, 0 B"), "{}", told(&["cache"]));
    assert!(!path.exists(), "nothing is made");
    std::fs::create_dir_all(path.join("records/ab")).unwrap();
    std::fs::write(path.join("records/ab/one.json"), "12345").unwrap();
    std::fs::write(path.join("FORMAT"), "1\n").unwrap();
    let json: Value = serde_json::from_str(&told(&["cache", "--json"])).unwrap();
    assert_eq!(json, json!({ "path": path, "results": 1, "files": 2, "bytes": 7, "checkpoints": 0 }));
    std::fs::create_dir_all(path.join("checkpoints/ab")).unwrap();
    std::fs::write(path.join("checkpoints/ab/one"), "123").unwrap();
    assert!(told(&["cache"]).contains("1 result of stages in 3 files, 10 B, 3 B of it checkpoints of trainings"));
}

#[test]
fn an_empty_project_says_how_to_begin() {
    let directory = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str]| {
        let output = pipeline(directory.path()).args(arguments).output().unwrap();
        String::from_utf8(output.stderr).unwrap().replace(&directory.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!(told(&["runs"]), @r"
    no runs in DIR/runs.sqlite
      help: launch an experiment, such as `pipeline run experiments/quickstart.toml`; the log is in the project: the nearest folder above that holds an `experiments` folder
    ");
    insta::assert_snapshot!(told(&["show", "latest"]), @r"
    error: no run `latest`, and there are no others in DIR/runs.sqlite
      help: launch an experiment, such as `pipeline run experiments/quickstart.toml`; the log is in the project: the nearest folder above that holds an `experiments` folder
    ");
}

#[test]
fn an_override_that_says_nothing_is_wrong_usage() {
    let directory = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str]| {
        let output = pipeline(directory.path()).args(["plan", "e.toml"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr)
            .unwrap()
            .lines()
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(told(&["--set", "epochs"]), @"error: invalid value 'epochs' for '--set <KEY=VALUE>': it has no `=`: write `epochs=` and the value");
    insta::assert_snapshot!(told(&["--sweep", "=1,2"]), @"error: invalid value '=1,2' for '--sweep <KEY=A,B,C>': there is no param's name before the `=`");
    insta::assert_snapshot!(told(&["--repeats", "0"]), @"
    error: invalid value '0' for '--repeats <N>': give a whole number from 1 to 10000
    ");
    insta::assert_snapshot!(told(&["--set", "epochs=3", "--sweep", "epochs=1,2"]), @r"
    error: `--set epochs=3` and `--sweep epochs=1,2` contradict each other
      help: keep one of the two: `epochs` is either set or swept
    ");
    insta::assert_snapshot!(told(&["--sweep", "epochs=3", "--sweep", "epochs=1,2"]), @"
    error: `--sweep epochs=3` and `--sweep epochs=1,2` contradict each other
      help: keep one of the two, or sweep several values as in `--sweep epochs=A,B`
    ");
}

#[test]
fn each_kind_of_mistake_has_its_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    pipeline(directory.path()).arg("--version").assert().code(0);
    pipeline(directory.path()).arg("nonsense").assert().code(2);
    pipeline(directory.path()).assert().code(2);
    pipeline(directory.path()).args(["stages", "nonsense"]).assert().code(2);
    pipeline(directory.path()).args(["runs"]).env("PIPELINE_LOG", "=nonsense=").assert().code(2);
    std::fs::write(directory.path().join("runs.sqlite"), "nonsense ".repeat(500)).unwrap();
    pipeline(directory.path()).arg("runs").assert().code(4);
}

#[test]
fn schemas_are_json_and_the_reference_of_kinds_is_complete() {
    let directory = tempfile::tempdir().unwrap();
    for file in ["pipeline", "experiment"] {
        let schema: Value = serde_json::from_str(&text(pipeline(directory.path()).args(["schema", file]))).unwrap();
        assert!(schema["$schema"].is_string());
    }
    let kinds: Vec<Value> = serde_json::from_str(&text(pipeline(directory.path()).args(["stages", "--json"]))).unwrap();
    let listed = text(pipeline(directory.path()).arg("stages"));
    for kind in &kinds {
        let kind = kind["kind"].as_str().unwrap();
        assert!(listed.lines().any(|line| line.starts_with(kind)), "{kind}");
        assert!(text(pipeline(directory.path()).args(["stages", kind])).contains("Example"), "{kind}");
    }
}

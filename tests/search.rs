//! Searches, seen from outside: what is tried, what a trial costs, and that a search goes on where it stood.

mod common;

use std::collections::BTreeSet;

use common::{EXPERIMENT, Launch, Project, text};
use serde_json::Value;

/// An experiment that searches, with these lines of `[search]`.
fn searching(search: &str) -> Project {
    let project = Project::new();
    project.write(
        EXPERIMENT,
        format!(
            "pipeline = \"../pipelines/tiny.toml\"\n[params]\nepochs = 1\n[sweep]\n\
             latent = {{ integer = [2, 48], log = true }}\nclassifier_epochs = [1, 2]\n[search]\n{search}\n"
        ),
    );
    project
}

/// The variants of a launch's runs, sorted.
fn variants(launch: &Launch) -> Vec<String> {
    let mut variants: Vec<String> = launch.named("run_finished").map(|run| run["variant"].to_string()).collect();
    variants.sort();
    variants
}

#[test]
fn a_search_goes_on_where_it_stood_and_tries_no_point_twice() {
    let project = searching("maximize = \"classifier.test_accuracy\"\ntrials = 4\nbatch = 2\nstartup = 2");
    let first = variants(&project.run(&[]));
    assert_eq!((first.len(), first.iter().collect::<BTreeSet<_>>().len()), (4, 4), "{first:?}");
    let again = project.run(&[]);
    assert_eq!((again.count("executed"), variants(&again)), (0, first.clone()));
    project.write(
        EXPERIMENT,
        std::fs::read_to_string(project.path(EXPERIMENT)).unwrap().replace("trials = 4", "trials = 6"),
    );
    let longer = variants(&project.run(&[]));
    assert_eq!((longer.len(), first.iter().filter(|point| longer.contains(point)).count()), (6, 4), "{longer:?}");
}

#[test]
fn a_search_proposes_the_same_with_any_number_of_jobs() {
    let lines = "minimize = \"evaluate.mse\"\ntrials = 4\nbatch = 2\nstartup = 2";
    let tried = |jobs: &str| variants(&searching(lines).run(&["--jobs", jobs, "--threads", jobs]));
    assert_eq!(tried("1"), tried("3"));
}

#[test]
fn a_promoted_trial_goes_on_from_its_checkpoint() {
    let project = searching(
        "minimize = \"evaluate.mse\"\npruner = \"halving\"\nsampler = \"random\"\ntrials = 4\nbatch = 4\n\
         min_resource = 1\nmax_resource = 4\nreduction = 2",
    );
    project.edit_pipeline("epochs = { default = 2", "epochs = { default = 4");
    let launch = project.run(&[]);
    let epochs = |variant: &Value| variant["epochs"].as_u64().expect("a pruner varies the epochs");
    let runs: Vec<u64> = launch.named("run_finished").map(|run| epochs(&run["variant"])).collect();
    let at = |resource: u64| runs.iter().filter(|epochs| **epochs == resource).count();
    assert_eq!((at(1), at(2), at(4)), (4, 2, 1), "{runs:?}");
    let trained = launch.named("stage_progress").filter(|event| text(&event["stage"]) == "autoencoder");
    let trained = trained.filter(|event| event["unit"] == "epoch").count();
    assert_eq!(trained, 4 + 2 + 2, "only the epochs that are new are trained");
}

#[test]
fn a_metric_that_no_stage_reports_is_told_with_those_there_are() {
    let project = searching("minimize = \"evaluate.msee\"\ntrials = 4");
    let told = project.call(&["run", EXPERIMENT]);
    insta::assert_snapshot!(format!("{}\n{}", told.code, told.stderr), @r#"
    3
    error[unknown-metric]: no stage reports `evaluate.msee`
     --> experiments/tiny.toml:8:12
      |
    8 | minimize = "evaluate.msee"
      |            ^^^^^^^^^^^^^^^ no such metric
      |
      = help: did you mean `evaluate.mse`?
    "#);
}

#[test]
fn the_end_of_a_search_says_what_was_best() {
    let project = searching("minimize = \"evaluate.mse\"\ntrials = 3");
    let told = project.call(&["run", EXPERIMENT]);
    let line = told.stderr.lines().find(|line| line.contains("search:")).unwrap_or_else(|| panic!("{}", told.stderr));
    assert!(line.contains("3 trials; evaluate.mse is least, 0.") && line.contains("with classifier_epochs="), "{line}");
}

#[test]
fn a_point_that_makes_no_plan_is_told_and_the_search_goes_on() {
    let project = Project::new();
    project.edit_pipeline("[params]\n", "[params]\nrows = 28\n");
    project.edit_pipeline("reshape 28x28x1", "reshape ${rows}x28x1");
    let search = "[sweep]\nrows = [28, 14]\n[search]\nminimize = \"evaluate.mse\"\nsampler = \"random\"\ntrials = 2\n";
    project.write(EXPERIMENT, format!("pipeline = \"../pipelines/tiny.toml\"\n{search}"));
    let told = project.call(&["run", EXPERIMENT]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let notices: Vec<&str> = told.stderr.lines().filter(|line| line.starts_with("notice")).collect();
    assert!(notices.iter().any(|notice| notice.contains("not tried: rows=14: ")), "{}", told.stderr);
    assert!(notices.last().unwrap().contains("search: 2 trials; evaluate.mse is least"), "{}", told.stderr);
}

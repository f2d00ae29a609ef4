//! Nothing is computed twice, and what is computed again is what had to be: seen from outside, on the real program.

mod common;

use std::collections::BTreeSet;

use common::{EXPERIMENT, Launch, PIPELINE, Project, STAGES, flip, list, set, text};
use serde_json::{Value, json};

/// What comes of the autoencoder.
const AFTER_AUTOENCODER: [&str; 5] = ["autoencoder", "autoencoder.baseline", "classifier", "evaluate", "latents"];

fn forecast<'a>(plan: &'a Value, stage: &str) -> &'a Value {
    list(&plan["stages"]).iter().find(|forecast| forecast["stage"] == stage).expect("the stage is planned")
}

fn forecasts<'a>(plan: &'a Value, status: &str) -> BTreeSet<&'a str> {
    let such = list(&plan["stages"]).iter().filter(|forecast| forecast["status"] == status);
    such.map(|forecast| text(&forecast["stage"])).collect()
}

#[test]
fn the_second_launch_executes_nothing() {
    let project = Project::new();
    let first = project.run(&[]);
    assert_eq!(first.stages("executed"), set(STAGES));
    let artifacts = project.artifacts();
    let second = project.run(&[]);
    assert_eq!((second.count("executed"), second.count("cached")), (0, 10));
    assert_eq!(second.stages("cached"), set(STAGES));
    assert_eq!(second.named("stage_started").count(), 0);
    assert_eq!(project.artifacts(), artifacts);
    assert_eq!(
        first.named("run_finished").next().unwrap()["metrics"],
        second.named("run_finished").next().unwrap()["metrics"]
    );
}

#[test]
fn a_changed_param_runs_what_depends_on_it_as_planned_and_changing_it_back_runs_nothing() {
    let project = Project::new();
    project.run(&[]);
    let change = ["--set", "epochs=1"];
    let plan = project.json(&[&["plan", EXPERIMENT], &change[..]].concat());
    assert_eq!(forecasts(&plan, "will run"), set(["autoencoder"]));
    let depending = set(["autoencoder.baseline", "classifier", "evaluate", "latents"]);
    assert_eq!(forecasts(&plan, "depends"), depending);
    let reasons = json!([{ "what": "param epochs", "was": 2, "now": 1 }]);
    assert_eq!(forecast(&plan, "autoencoder")["reasons"], reasons);
    let words = project.call(&[&["plan", EXPERIMENT], &change[..]].concat()).stdout;
    let said =
        |words_of_a_line: [&str; 2]| words.lines().any(|line| words_of_a_line.iter().all(|word| line.contains(word)));
    assert!(said(["will run  autoencoder ", "param epochs: 2 → 1"]), "{words}");
    assert!(said(["depends   classifier ", "waits for latents"]), "{words}");

    let changed = project.run(&change);
    assert_eq!(changed.stages("executed"), set(AFTER_AUTOENCODER));
    assert_eq!(changed.finished("autoencoder")["reasons"], reasons);
    let why = &changed.finished("latents")["reasons"];
    assert_eq!(text(&why[0]["what"]), "input model");

    let plan = project.json(&["plan", EXPERIMENT]);
    assert_eq!(forecasts(&plan, "cached"), set(STAGES));
    assert_eq!(project.run(&[]).count("executed"), 0);
}

#[test]
fn another_number_of_digits_is_told_once() {
    let project = Project::new();
    project.run(&["--only", "load"]);
    project.edit_pipeline("train_count = 200", "train_count = 201");
    let plan = project.json(&["plan", EXPERIMENT, "--only", "load"]);
    assert_eq!(forecast(&plan, "load")["reasons"], json!([{ "what": "param train_count", "was": 200, "now": 201 }]));
}

#[test]
fn a_param_late_in_the_pipeline_leaves_all_before_it_alone() {
    let project = Project::new();
    project.run(&[]);
    assert_eq!(project.run(&["--set", "classifier_epochs=2"]).stages("executed"), set(["classifier"]));
}

#[test]
fn a_stage_that_gives_the_same_bytes_stops_the_re_run_there() {
    let subset = "[stages.subset]\nuses = \"subset\"\ninputs = { dataset = \"load\" }\ntrain = 0\n\n[stages.normalize]";
    let project = Project::with_pipeline(&PIPELINE.replace("[stages.normalize]", subset));
    project.edit_pipeline(
        "[stages.normalize]\nuses = \"normalize\"\ninputs = { dataset = \"load\" }",
        "[stages.normalize]\nuses = \"normalize\"\ninputs = { dataset = \"subset\" }",
    );
    project.run(&[]);
    // All 200 samples, asked for by number.
    project.edit_pipeline("train = 0", "train = 200");
    let plan = project.json(&["plan", EXPERIMENT]);
    assert_eq!(forecasts(&plan, "will run"), set(["subset"]));
    assert!(forecasts(&plan, "depends").contains("autoencoder"));
    assert_eq!(project.run(&[]).stages("executed"), set(["subset"]));
}

#[test]
fn a_renamed_stage_stays_cached() {
    let project = Project::new();
    project.run(&[]);
    let renamed = PIPELINE.replace("[stages.latents]", "[stages.codes]").replace("\"latents\"", "\"codes\"");
    project.write("pipelines/tiny.toml", renamed);
    let launch = project.run(&[]);
    assert_eq!(launch.count("executed"), 0);
    assert!(launch.stages("cached").contains("codes"));
}

#[test]
fn another_experiment_shares_equal_work() {
    let project = Project::new();
    project.run(&[]);
    project.write("experiments/other.toml", "pipeline = \"../pipelines/tiny.toml\"\n[sweep]\nlatent = [4, 5]\n");
    let launch = Launch::new(project.call(&["run", "experiments/other.toml", "--json"]));
    assert_eq!(launch.stages("executed"), set(AFTER_AUTOENCODER));
    assert_eq!(launch.count("executed"), 5);
    assert_eq!(launch.named("run_finished").count(), 2);
}

/// Launches again after damage to a file of the cache: it is said, and the same bytes come back.
fn comes_back(project: &Project, damage: impl FnOnce(&Project)) -> Launch {
    project.run(&[]);
    let (artifacts, blobs) = (project.artifacts(), project.tree("cache/blobs"));
    damage(project);
    let launch = project.run(&[]);
    assert_eq!(project.artifacts(), artifacts);
    assert!(project.tree("cache/blobs") == blobs, "the cache holds the same bytes");
    assert_eq!(project.run(&[]).count("executed"), 0);
    launch
}

#[test]
fn a_flipped_byte_is_noticed_set_aside_and_computed_again() {
    let project = Project::new();
    project.run(&[]);
    let artifacts = project.artifacts();
    project.replace("latents.latents/train.codes.npy", flip);
    // Bytes are checked when a stage needs them.
    let launch = project.run(&["--set", "classifier_epochs=2"]);
    assert_eq!((launch.stages("executed"), launch.count("executed")), (set(["classifier"]), 2), "each ends once");
    assert_eq!(launch.named("stage_finished").count(), STAGES.len());
    assert!(launch.stderr.contains("damaged"), "{}", launch.stderr);
    assert_eq!(project.tree("cache/damaged").len(), 1);
    assert_eq!(project.run(&[]).count("executed"), 0);
    assert_eq!(project.artifacts(), artifacts);
}

#[test]
fn damage_to_two_files_one_made_of_the_other_is_repaired() {
    let project = Project::new();
    project.run(&[]);
    let artifacts = project.artifacts();
    project.replace("autoencoder.model/encoder.safetensors", flip);
    project.replace("latents.latents/train.codes.npy", flip);
    let launch = project.run(&["--set", "classifier_epochs=2"]);
    assert_eq!(launch.count("executed"), 3);
    assert_eq!(project.tree("cache/damaged").len(), 2);
    assert_eq!(project.run(&[]).count("executed"), 0);
    assert_eq!(project.artifacts(), artifacts);
}

#[test]
fn a_damaged_report_is_made_again_and_a_part_of_the_pipeline_leaves_its_page_alone() {
    let report = "\n[stages.report]\nuses = \"report\"\ninputs = [\"evaluate\"]\n";
    let project = Project::with_pipeline(&format!("{PIPELINE}{report}"));
    project.run(&[]);
    let pages = project.tree("reports");
    project.replace("report.figures/report.json", flip);
    assert_eq!(project.run(&[]).stages("executed"), set(["report"]));
    assert_eq!(project.tree("reports").len(), pages.len());
    let pages = project.tree("reports");
    let part = project.run(&["--only", "evaluate"]);
    assert!(project.tree("reports") == pages);
    assert_eq!(part.stderr.matches("stay as they are").count(), 1, "{}", part.stderr);
}

#[test]
fn a_launch_of_some_stages_hides_no_result_of_all() {
    let project = Project::new();
    project.run(&["--repeats", "2"]);
    assert_eq!(project.run(&["--repeats", "2", "--only", "autoencoder"]).count("executed"), 0);
    let told = project.call(&["compare", "tiny", "--metric", "evaluate.mse"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
}

#[test]
fn a_truncated_file_is_noticed_set_aside_and_computed_again() {
    let project = Project::new();
    let launch = comes_back(&project, |project| {
        project.replace("autoencoder.model/encoder.safetensors", |bytes| bytes[..bytes.len() / 2].to_vec());
    });
    assert_eq!(launch.stages("executed"), set(["autoencoder"]));
    assert_eq!(project.tree("cache/damaged").len(), 1);
    assert!(launch.stderr.contains("damaged"), "{}", launch.stderr);
}

#[test]
fn deleted_files_and_records_are_made_again() {
    let project = Project::new();
    let launch = comes_back(&project, |project| {
        let files = project.artifact_files();
        std::fs::remove_file(text(&files["evaluate.evaluation/evaluation.json"]["path"])).unwrap();
        let shown = project.json(&["show", "latest"]);
        let stage = list(&shown["stages"]).iter().find(|stage| stage["stage"] == "split").unwrap();
        let fingerprint = text(&stage["fingerprint"]);
        std::fs::remove_file(project.path(&format!("cache/records/{}/{fingerprint}.json", &fingerprint[..2]))).unwrap();
    });
    assert_eq!(launch.stages("executed"), set(["evaluate", "split"]));
}

#[test]
fn the_whole_cache_may_be_deleted() {
    let project = Project::new();
    let launch = comes_back(&project, |project| std::fs::remove_dir_all(project.path("cache")).unwrap());
    assert_eq!(launch.count("executed"), 10);
}

#[test]
fn two_launches_started_together_execute_every_stage_once() {
    let alone = Project::new();
    alone.run(&[]);
    // How far the first is when the second starts.
    let begun = |stage| ("stage_started", stage);
    for met in [None, Some(begun("load")), Some(begun("autoencoder")), Some(begun("evaluate"))] {
        let project = Project::new();
        let mut one = project.start(&["--jobs", "1"]);
        met.iter().for_each(|(event, stage)| one.wait_for(event, stage));
        let two = project.start(&["--jobs", "2"]);
        let launches = [one, two].map(|launch| launch.end().0);
        for launch in &launches {
            assert_eq!(launch.code, 0, "{}", launch.stderr);
            assert_eq!(launch.count("executed") + launch.count("cached"), 10);
        }
        let mut executed: Vec<&str> = launches.iter().flat_map(|launch| launch.stages("executed")).collect();
        executed.sort_unstable();
        assert_eq!(executed, STAGES, "the second met the first at {met:?}");
        assert!(project.tree("cache/blobs") == alone.tree("cache/blobs"), "the same bytes as of one launch alone");
        let runs = project.json(&["runs"]);
        assert_eq!(list(&runs).len(), 2);
        assert!(list(&runs).iter().all(|run| run["metrics"] == runs[0]["metrics"]), "both are logged whole");
    }
}

#[test]
fn force_executes_everything_or_the_stages_named() {
    let project = Project::new();
    project.run(&[]);
    let artifacts = project.artifacts();
    let one = project.run(&["--force", "evaluate"]);
    assert_eq!(one.stages("executed"), set(["evaluate"]));
    assert_eq!(one.count("cached"), 9);
    let unused = "\n[stages.again]\nuses = \"evaluate\"\ninputs = { model = \"autoencoder\", dataset = \"split\" }\n";
    project.write("pipelines/tiny.toml", format!("{PIPELINE}{unused}"));
    assert_eq!(project.run(&["--force", "again"]).count("executed"), 1, "equal stages are one, by either name");
    project.write("pipelines/tiny.toml", PIPELINE);
    let all = project.run(&["--force"]);
    assert_eq!(all.stages("executed"), set(STAGES));
    assert_eq!(project.artifacts(), artifacts);
}

#[test]
fn only_runs_a_stage_and_what_it_needs() {
    let project = Project::new();
    let launch = project.run(&["--only", "latents"]);
    assert_eq!(launch.stages("executed"), set(["autoencoder", "latents", "load", "normalize", "split"]));
    let launch = project.run(&["--only", "autoencoder"]);
    assert_eq!(launch.stages("executed"), set(["autoencoder.baseline", "autoencoder.pca"]));
    let unknown = project.call(&["run", EXPERIMENT, "--only", "latent"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("latents"), "{}", unknown.stderr);
}

#[test]
fn plan_and_dry_run_write_nothing() {
    let project = Project::new();
    for arguments in
        [vec!["plan", EXPERIMENT], vec!["run", EXPERIMENT, "--dry-run"], vec!["run", EXPERIMENT, "-n", "--json"]]
    {
        let before = project.tree("");
        let called = project.call(&arguments);
        assert_eq!(called.code, 0, "{}", called.stderr);
        assert!(project.tree("") == before, "{arguments:?}");
        assert!(!project.path("cache").exists() && !project.path("reports").exists(), "{arguments:?}");
    }
    project.run(&[]);
    let before = project.tree("");
    project.call(&["plan", EXPERIMENT, "--set", "epochs=1"]);
    project.call(&["run", EXPERIMENT, "--set", "epochs=1", "--dry-run"]);
    assert!(project.tree("") == before, "nothing was written");
}

/// The epochs that a launch trained the autoencoder for.
fn trained(launch: &Launch) -> Vec<u64> {
    trained_of(launch, "autoencoder")
}

fn trained_of(launch: &Launch, stage: &str) -> Vec<u64> {
    let of_it = launch.named("stage_progress").filter(|event| event["stage"] == stage);
    of_it.map(|event| event["done"].as_u64().unwrap()).collect()
}

#[test]
fn more_epochs_go_on_from_where_fewer_ended_to_the_same_bytes() {
    let undisturbed = Project::new();
    assert_eq!(trained(&undisturbed.run(&["--set", "epochs=5"])), [1, 2, 3, 4, 5]);
    let project = Project::new();
    assert_eq!(trained(&project.run(&[])), [1, 2]);
    assert_eq!(trained(&project.run(&["--set", "epochs=5"])), [3, 4, 5]);
    assert_eq!(project.artifacts(), undisturbed.artifacts());
    assert_eq!(trained(&project.run(&["--set", "epochs=4"])), [3, 4], "the longest state that is short enough");
    assert_eq!(trained(&project.run(&["--set", "epochs=5", "--force", "autoencoder"])), [1, 2, 3, 4, 5]);
    assert_eq!(trained(&project.run(&["--set", "epochs=5"])), [0; 0], "cached");
}

#[test]
fn a_classifier_goes_on_from_where_a_shorter_one_ended_to_the_same_bytes() {
    let undisturbed = Project::new();
    assert_eq!(trained_of(&undisturbed.run(&["--set", "classifier_epochs=4"]), "classifier"), [1, 2, 3, 4]);
    let project = Project::new();
    assert_eq!(trained_of(&project.run(&[]), "classifier"), [1]);
    assert_eq!(trained_of(&project.run(&["--set", "classifier_epochs=4"]), "classifier"), [2, 3, 4]);
    assert_eq!(project.artifacts(), undisturbed.artifacts());
}

#[test]
fn training_that_knows_its_end_goes_on_only_when_it_ends_there() {
    let project = Project::new();
    project.edit_pipeline("epochs = \"${epochs}\"", "epochs = \"${epochs}\"\ndecay = \"cosine\"");
    project.run(&[]);
    assert_eq!(trained(&project.run(&["--set", "epochs=4"])), [1, 2, 3, 4]);
}

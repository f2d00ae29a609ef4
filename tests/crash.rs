//! What is left after a launch that did not get to its end, and how the next one goes on.
#![cfg(unix)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{EXPERIMENT, Launch, PIPELINE, Project, list, set};
use serde_json::Value;

/// An experiment of two variants, so that stages run side by side.
fn two_variants() -> Project {
    let project = Project::with_pipeline(PIPELINE);
    project.write(EXPERIMENT, "pipeline = \"../pipelines/tiny.toml\"\n[sweep]\nlatent = [3, 4]\n");
    project
}

/// A training that is surely still going on when a signal arrives.
fn long_training() -> Project {
    let project = Project::new();
    project.edit_pipeline("\"dense 16 relu\", \"dense ${latent}\"", "\"conv 16 3x3 same relu\", \"dense ${latent}\"");
    project.write(EXPERIMENT, "pipeline = \"../pipelines/tiny.toml\"\n[params]\nepochs = 60\n");
    project
}

/// The next launch is whole and leaves nothing of the last one's mishap.
fn assert_goes_on(project: &Project, arguments: &[&str]) -> Launch {
    let launch = project.run(arguments);
    assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");
    assert!(project.tree("cache/damaged").is_empty(), "nothing was damaged");
    launch
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod at_every_change {
    use super::*;
    use crate::common::faults::{EACCES, ENOSPC, KILL};

    const RUN: [&str; 5] = ["run", EXPERIMENT, "--quiet", "--jobs=2", "--checkpoint-every=1"];

    /// Kills launches in the middle of `points` changes to files under `place`, the first and the last among them.
    fn kill(place: &str, points: usize, after: impl Fn(&Project, usize)) {
        let undisturbed = two_variants();
        let changes = undisturbed.changes(&RUN, place);
        let expected = (undisturbed.artifacts(), undisturbed.tree("cache/blobs"));
        assert!(changes > points, "{changes}");
        let mut killed = 0;
        for point in 0..points {
            let project = two_variants();
            let at = 1 + point * (changes - 1) / (points - 1);
            let struck = project.strike(&RUN, place, at, KILL);
            // The log is written in batches that time decides on, so that there may be fewer changes than before.
            killed += usize::from(struck.called.code == -1);
            project.assert_sound();
            after(&project, at);
            assert_goes_on(&project, &[]);
            let found = (project.artifacts(), project.tree("cache/blobs"));
            assert!(found == expected, "the same bytes after a kill in {at}: {}", struck.change);
        }
        assert!(killed * 2 > points, "{killed} of {points} were killed");
    }

    /// Lets changes under `place` fail from one of `points` on; with room again the launch goes on to the same bytes.
    fn fail(place: &str, points: usize, error: i32, codes: &[i32], said: &[&str]) {
        let undisturbed = two_variants();
        let changes = undisturbed.changes(&RUN, place);
        let expected = (undisturbed.artifacts(), undisturbed.tree("cache/blobs"));
        for point in 0..points {
            let project = two_variants();
            let at = 1 + point * (changes - 1) / points;
            let struck = project.strike(&RUN, place, at, error);
            let (called, context) = (struck.called, format!("failing from {at} of {changes} on: {}", struck.change));
            assert!(codes.contains(&called.code), "{context}: {}\n{}", called.code, called.stderr);
            assert!(said.iter().any(|said| called.stderr.contains(said)), "{context}:\n{}", called.stderr);
            project.assert_sound();
            assert_goes_on(&project, &[]);
            assert!((project.artifacts(), project.tree("cache/blobs")) == expected, "{context}");
        }
    }

    #[test]
    fn a_cache_on_a_disk_that_fills_up_keeps_what_is_done() {
        fail("cache", 10, ENOSPC, &[1, 2, 4], &["free some space"]);
    }

    #[test]
    fn a_cache_that_may_not_be_written_any_more_keeps_what_is_done() {
        fail("cache", 6, EACCES, &[1, 2, 4], &["make the directory writable", "denied"]);
    }

    #[test]
    fn a_full_disk_under_the_log_stops_no_launch() {
        // Towards the end only SQLite's tidying up is left to fail, with nothing to tell: what counts is that the log is sound.
        fail("runs.sqlite", 5, ENOSPC, &[0], &[""]);
    }

    #[test]
    fn a_full_disk_under_the_reports_stops_no_launch() {
        fail("reports", 4, ENOSPC, &[0], &["no report", "not all reports"]);
    }

    #[test]
    fn a_kill_of_a_launch_and_then_of_the_next_one_changes_no_byte() {
        kill("", 10, |project, at| {
            project.strike(&RUN, "", at / 2, KILL);
            project.assert_sound();
        });
    }

    #[test]
    fn a_kill_while_a_stage_writes_changes_no_byte() {
        kill("cache/tmp", 6, |_, _| {});
    }

    #[test]
    fn a_kill_while_blobs_get_their_names_changes_no_byte() {
        kill("cache/blobs", 6, |_, _| {});
    }

    #[test]
    fn a_kill_while_records_get_their_names_changes_no_byte() {
        kill("cache/records", 6, |_, _| {});
    }

    #[test]
    fn a_kill_while_a_training_saves_its_state_changes_no_byte() {
        kill("cache/checkpoints", 6, |_, _| {});
    }

    #[test]
    fn a_kill_while_the_log_is_written_changes_no_byte() {
        kill("runs.sqlite", 8, |_, _| {});
    }

    #[test]
    fn a_kill_while_reports_are_written_changes_no_byte() {
        kill("reports", 5, |_, _| {});
    }
}

#[test]
fn a_killed_launch_is_logged_as_interrupted() {
    let project = long_training();
    let mut launch = project.start(&[]);
    launch.wait_for("stage_progress", "autoencoder");
    launch.child.kill().unwrap();
    launch.child.wait().unwrap();
    assert_eq!(project.json(&["runs"])[0]["status"], "interrupted");
    project.assert_sound();
}

#[test]
fn an_interrupted_training_goes_on_from_a_checkpoint_to_the_same_bytes() {
    const EPOCHS: [&str; 2] = ["--set", "epochs=100"];
    let undisturbed = long_training();
    undisturbed.run(&EPOCHS);
    let project = long_training();
    let mut launch = project.start(&["--set", "epochs=100", "--checkpoint-every", "1"]);
    while project.tree("cache/checkpoints").is_empty() {
        launch.wait_for("stage_progress", "autoencoder");
    }
    launch.child.kill().unwrap();
    launch.child.wait().unwrap();
    let again = assert_goes_on(&project, &EPOCHS);
    let mut epochs = again.named("stage_progress").filter(|event| event["stage"] == "autoencoder");
    let first = epochs.next().map_or(101, |event| event["done"].as_u64().unwrap());
    assert!(first > 1, "not from the beginning");
    assert_eq!(project.artifacts(), undisturbed.artifacts());
}

#[test]
fn a_launch_that_waits_for_another_takes_over_when_that_is_killed() {
    let project = long_training();
    let mut first = project.start(&[]);
    first.wait_for("stage_progress", "autoencoder");
    let second = project.start(&[]);
    first.wait_for("stage_progress", "autoencoder");
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let (second, _) = second.end();
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stages("executed").contains("autoencoder"));
    assert!(second.stages("cached").contains("split"));
    let statuses: Vec<Value> = list(&project.json(&["runs"])).iter().map(|run| run["status"].clone()).collect();
    assert_eq!(statuses, ["executed", "interrupted"]);
}

#[test]
fn what_still_runs_when_a_stage_fails_is_stopped_cleanly_and_the_launch_has_failed() {
    let diverging = "\n[stages.diverging]\nuses = \"train-autoencoder\"\ninputs = { dataset = \"split\" }\n\
        encoder = [\"dense 16 relu\", \"dense 4\"]\ndecoder = [\"dense 784\", \"reshape 28x28x1\"]\nloss = \"mse\"\n\
        optimizer = \"sgd\"\nlearning_rate = 100.0\nbatch_size = 10\noutput_bias = \"zero\"\n";
    let project = long_training();
    let pipeline = std::fs::read_to_string(project.path("pipelines/tiny.toml")).unwrap();
    project.write("pipelines/tiny.toml", pipeline + diverging);
    let mut launch = project.start(&["--jobs", "4"]);
    launch.wait_for("stage_finished", "diverging");
    launch.signal("INT");
    let (launch, _) = launch.end();
    assert_eq!((launch.code, launch.last()["failed"].as_u64()), (1, Some(1)), "{}", launch.stderr);
    assert_eq!(launch.stages("failed"), set(["diverging"]));
    assert!(launch.stages("interrupted").contains("autoencoder"));
    assert_eq!(project.json(&["runs"])[0]["status"], "failed");
    project.assert_sound();
    assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");
}

#[test]
fn runs_that_an_interrupt_finds_waiting_get_no_pages() {
    let project = long_training();
    // All share the training that is interrupted.
    let mut launch = project.start(&["--sweep", "classifier_epochs=1,2,3,4,5,6,7,8"]);
    launch.wait_for("stage_progress", "autoencoder");
    launch.signal("INT");
    let (launch, _) = launch.end();
    assert_eq!((launch.code, launch.named("run_finished").count()), (130, 8), "{}", launch.stderr);
    assert_eq!(project.tree("reports").into_keys().collect::<Vec<_>>(), [Path::new("reports/tiny.html")]);
    assert_eq!(launch.last()["report"], project.path("reports/tiny.html").to_str().unwrap());
}

#[test]
fn a_stage_that_does_not_listen_is_given_up_with_the_process() {
    let project = Project::with_pipeline(
        "[stages.load]\nuses = \"load\"\ndataset = \"npy\"\npath = \"../wide.npy\"\ntest_fraction = 0\n\
         [stages.pca]\nuses = \"pca\"\ninputs = { data = \"load\" }\nsplit = \"train\"\n",
    );
    let (samples, width) = (64, 3000);
    let values: Vec<f32> = (0..samples * width).map(|at| ((at * 7919) % 1009) as f32).collect();
    pipeline::artifact::array::write(&project.path("wide.npy"), &[samples, width], &values).unwrap();
    let mut launch = project.start(&[]);
    launch.wait_for("stage_started", "pca");
    // Most of its time goes into one decomposition of many seconds, in which nothing asks whether to stop.
    std::thread::sleep(Duration::from_millis(500));
    launch.signal("INT");
    let (launch, _) = launch.end();
    assert_eq!((launch.code, launch.stages("interrupted")), (130, set(["pca"])), "{}", launch.stderr);
    assert_eq!(launch.last()["skipped"], 1);
    assert_eq!(project.json(&["runs"])[0]["status"], "interrupted");
    project.assert_sound();
    assert_eq!(assert_goes_on(&project, &["--only", "load"]).count("executed"), 0);
}

#[test]
fn an_interrupt_stops_at_once_and_the_next_launch_goes_on() {
    for (name, jobs) in [("INT", "1"), ("TERM", "2")] {
        let project = long_training();
        let mut launch = project.start(&["--jobs", jobs]);
        if jobs == "2" {
            // Then nothing is left that could run beside the training.
            launch.wait_for("stage_finished", "autoencoder.pca");
            launch.wait_for("stage_finished", "classifier.probe");
        }
        launch.wait_for("stage_progress", "autoencoder");
        let asked = Instant::now();
        launch.signal(name);
        let (launch, before) = launch.end();
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        assert_eq!(launch.code, 130);
        let after = |event: &str| launch.events[before..].iter().filter(|found| found["event"] == event).count();
        assert_eq!(after("stage_started"), 0, "nothing more is begun");
        assert!(after("stage_progress") < 20, "{} epochs of 60 after the signal", after("stage_progress"));
        assert_eq!(launch.stages("interrupted"), set(["autoencoder"]));
        assert!(launch.finished("autoencoder")["seconds"].as_f64() > Some(0.0), "the time it ran");
        assert_eq!(launch.named("run_finished").next().unwrap()["status"], "interrupted");
        assert_eq!((launch.count("failed"), launch.last()["event"].as_str()), (0, Some("launch_finished")));

        let run = project.json(&["show", "latest"]);
        let logged =
            |stage: &str| list(&run["stages"]).iter().find(|row| row["stage"] == stage).unwrap()["status"].clone();
        assert_eq!(run["status"], "interrupted");
        assert_eq!(logged("autoencoder"), "interrupted");
        assert_eq!((logged("split"), logged("evaluate")), ("executed".into(), "skipped".into()));
        project.assert_sound();
        assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");

        let next = assert_goes_on(&project, &[]);
        assert_eq!(next.stages("cached"), launch.stages("executed"), "what was done is kept");
        assert!(next.stages("executed").contains("autoencoder"));
        assert_eq!(next.count("executed") + next.count("cached"), 10);
        assert_eq!(project.run(&[]).count("executed"), 0);
    }
}

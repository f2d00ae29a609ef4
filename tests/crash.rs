//! What is left after a launch that did not get to its end, and how the next one goes on.
#![cfg(unix)]

mod common;

use std::time::{Duration, Instant};

use common::{EXPERIMENT, Launch, PIPELINE, Project, list, set, text};
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

/// Whatever a launch left behind as it was cut off: nothing half-written has a final name, and history is readable.
fn assert_sound(project: &Project) {
    for (path, hash) in project.tree("cache/blobs") {
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), hash.to_hex().as_str(), "a blob is what its name says");
    }
    for path in project.tree("cache/records").into_keys() {
        let record: Value =
            serde_json::from_slice(&std::fs::read(project.path(path.to_str().unwrap())).unwrap()).unwrap();
        for artifact in record["content"]["outputs"].as_object().unwrap().values() {
            for (name, blob) in artifact["files"].as_object().unwrap() {
                let hash = text(&blob["blake3"]);
                let extension = name.rsplit_once('.').unwrap().1;
                let path = project.path(&format!("cache/blobs/{}/{hash}.{extension}", &hash[..2]));
                assert_eq!(std::fs::metadata(path).unwrap().len(), blob["bytes"].as_u64().unwrap(), "{name}");
            }
        }
    }
    for path in project.tree("reports").into_keys().filter(|path| path.extension().is_some_and(|end| end == "html")) {
        let page = std::fs::read_to_string(project.path(path.to_str().unwrap())).unwrap();
        assert!(page.ends_with("</html>"), "{} is whole", path.display());
    }
    for run in list(&project.json(&["runs"])) {
        assert!(["interrupted", "executed", "cached"].contains(&text(&run["status"])), "{run}");
    }
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
    use crate::common::faults::KILL;

    const RUN: [&str; 4] = ["run", EXPERIMENT, "--quiet", "--jobs=2"];

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
            assert_sound(&project);
            after(&project, at);
            assert_goes_on(&project, &[]);
            let found = (project.artifacts(), project.tree("cache/blobs"));
            assert!(found == expected, "the same bytes after a kill in {at}: {}", struck.change);
            assert_eq!(project.run(&[]).count("executed"), 0, "after a kill in {at}: {}", struck.change);
        }
        assert!(killed * 2 > points, "{killed} of {points} were killed");
    }

    #[test]
    fn a_kill_of_a_launch_and_then_of_the_next_one_changes_no_byte() {
        kill("", 12, |project, at| {
            project.strike(&RUN, "", at / 2, KILL);
            assert_sound(project);
        });
    }

    #[test]
    fn a_kill_while_a_stage_writes_changes_no_byte() {
        kill("cache/tmp", 8, |_, _| {});
    }

    #[test]
    fn a_kill_while_blobs_get_their_names_changes_no_byte() {
        kill("cache/blobs", 8, |_, _| {});
    }

    #[test]
    fn a_kill_while_records_get_their_names_changes_no_byte() {
        kill("cache/records", 8, |_, _| {});
    }

    #[test]
    fn a_kill_while_the_log_is_written_changes_no_byte() {
        kill("runs.sqlite", 10, |_, _| {});
    }

    #[test]
    fn a_kill_while_reports_are_written_changes_no_byte() {
        kill("reports", 6, |_, _| {});
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
    assert_sound(&project);
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
        // Promised is a second; machines that run tests are busy.
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
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
        assert_sound(&project);
        assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");

        let next = assert_goes_on(&project, &[]);
        assert_eq!(next.stages("cached"), launch.stages("executed"), "what was done is kept");
        assert!(next.stages("executed").contains("autoencoder"));
        assert_eq!(next.count("executed") + next.count("cached"), 10);
        assert_eq!(project.run(&[]).count("executed"), 0);
    }
}

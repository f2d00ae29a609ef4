//! What is left after a launch that did not get to its end, and how the next one goes on.
#![cfg(unix)]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Called, EXPERIMENT, Launch, PIPELINE, Project};

/// A training that takes long enough to be met in the middle.
const LONG: [&str; 2] = ["--set", "epochs=100"];

/// An experiment of two variants, so that stages run side by side.
fn two_variants() -> Project {
    let project = Project::with_pipeline(PIPELINE);
    project.write(EXPERIMENT, "pipeline = \"../pipelines/tiny.toml\"\n[sweep]\nlatent = [3, 4]\n");
    project
}

fn start(project: &Project, arguments: &[&str]) -> Child {
    let mut command = project.command(&[&["run", EXPERIMENT, "--json"], arguments].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

/// Sends a signal by its name.
fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Waits until a stage of the launch has begun to train.
fn wait_for_training(child: &mut Child) -> std::io::BufReader<std::process::ChildStdout> {
    use std::io::BufRead;
    let mut reader = std::io::BufReader::new(child.stdout.take().expect("standard output is piped"));
    let mut line = String::new();
    while !line.contains("\"epoch\"") {
        line.clear();
        assert_ne!(reader.read_line(&mut line).expect("standard output can be read"), 0, "the launch trains");
    }
    reader
}

#[test]
fn after_a_kill_at_any_moment_the_next_launch_ends_with_the_same_bytes() {
    let undisturbed = two_variants();
    let started = Instant::now();
    undisturbed.run(&[]);
    let whole = started.elapsed();
    let artifacts = undisturbed.artifacts();

    let project = two_variants();
    for part in 1..=10 {
        let mut child = start(&project, &[]);
        std::thread::sleep(whole * part / 12);
        child.kill().expect("the launch can be killed");
        child.wait().expect("the launch ends");
        // Early kills meet an empty cache, later ones a half-filled one; every other time it starts anew.
        if part % 2 == 0 {
            assert_eq!(project.run(&[]).count("failed"), 0);
            assert_eq!(project.artifacts(), artifacts, "killed after {part} twelfths");
            assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");
            std::fs::remove_dir_all(project.path("cache")).unwrap();
        }
    }
    project.run(&[]);
    assert!(project.tree("cache/blobs") == undisturbed.tree("cache/blobs"), "the same blobs and no others");
    assert!(project.tree("cache/damaged").is_empty());
}

#[test]
fn a_killed_launch_is_logged_as_interrupted() {
    let project = Project::new();
    let mut child = start(&project, &LONG);
    let _reader = wait_for_training(&mut child);
    signal(&child, "KILL");
    child.wait().unwrap();
    assert_eq!(project.json(&["runs"])[0]["status"], "interrupted");
}

#[test]
fn an_interrupt_stops_at_once_and_the_next_launch_goes_on() {
    for name in ["INT", "TERM"] {
        let project = Project::new();
        let mut child = start(&project, &[&LONG[..], &["--jobs", "1"]].concat());
        let mut reader = wait_for_training(&mut child);
        let asked = Instant::now();
        signal(&child, name);
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut reader, &mut rest).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130));
        // Promised is a second; machines that run tests are busy.
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        let launch = Launch::new(Called { code: 130, stdout: rest, stderr: String::from_utf8(ended.stderr).unwrap() });
        assert_eq!(launch.finished("autoencoder")["status"], "interrupted");
        assert_eq!(launch.named("run_finished").next().unwrap()["status"], "interrupted");
        assert_eq!(launch.last()["failed"], 0);
        assert_eq!(project.json(&["runs"])[0]["status"], "interrupted");

        let next = project.run(&LONG);
        assert!(next.stages("cached").contains("split"), "what was done is kept");
        assert!(next.stages("executed").contains("autoencoder"));
        assert_eq!(next.count("executed") + next.count("cached"), 10);
        assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");
        assert_eq!(project.run(&LONG).count("executed"), 0);
    }
}

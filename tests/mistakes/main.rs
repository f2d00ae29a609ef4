//! What a person is told who made a mistake: every message in full, and the exit code.

#[path = "../common/mod.rs"]
mod common;
mod data;
mod launch;
mod layers;
mod toml;

use std::path::PathBuf;

use common::{EXPERIMENT, Project};

/// What `pipeline run` says of a project, with the project's folder left out. It ends with this code and loses nothing:
/// without a valid plan or a usable cache nothing is touched at all, and what a failing launch leaves is sound.
fn said(project: &Project, code: i32, arguments: &[&str]) -> String {
    let before = project.tree("");
    let called = project.call(&[&["run", "--quiet", EXPERIMENT], arguments].concat());
    let text = called.stderr.replace(&project.root().display().to_string(), "[project]");
    assert_eq!(called.code, code, "{text}");
    assert_eq!(called.stdout, "");
    if code == 1 {
        project.assert_sound();
        let after = project.tree("");
        let kept = |path: &PathBuf| path.starts_with("cache/blobs") || path.starts_with("cache/records");
        assert!(before.iter().all(|(path, hash)| !kept(path) || after.get(path) == Some(hash)), "results are kept");
        assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");
        assert_eq!(project.json(&["runs"])[0]["status"], "failed");
    } else {
        assert!(project.tree("") == before, "nothing is touched");
    }
    without_times(&text)
}

/// Without how long a failed stage took, and without spaces that nobody sees.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once("  ") {
        Some((start, time)) if start.starts_with("failed") && time.ends_with('s') => start.trim_end().to_owned(),
        _ => line.trim_end().to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What is said of the common pipeline after a change.
fn said_of(old: &str, new: &str) -> String {
    let project = Project::new();
    project.edit_pipeline(old, new);
    said(&project, 3, &[])
}

/// What is said of an experiment with these lines.
fn said_of_experiment(lines: &str) -> String {
    let project = Project::new();
    project.write(EXPERIMENT, format!("pipeline = \"../pipelines/tiny.toml\"\n{lines}"));
    said(&project, 3, &[])
}

//! Imports run one way: the table of layers in `docs/design.md`, held against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Modules by layer, the lowest first. Modules of one layer may use each other, but not in a circle.
const LAYERS: [&[&str]; 11] = [
    &["cancel", "diagnostic", "event", "hash", "id", "provenance", "text"],
    &["fingerprint"],
    &["artifact", "config", "kind", "tensor"],
    &["dataset", "embed", "metric", "model"],
    &["plan"],
    &["report"],
    &["schedule"],
    &["stage"],
    &["runner"],
    &["progress", "run_log"],
    &["cli"],
];

/// Data, models and metrics: usable without anything that runs pipelines.
const DOMAIN: [&str; 5] = ["dataset", "embed", "metric", "model", "tensor"];

/// What a module must not use although it lies below.
const FORBIDDEN: [(&str, &[&str]); 3] = [
    ("stage", &["config", "plan", "schedule"]),
    ("runner", &["config", "report"]),
    ("schedule", &["artifact", "config", "fingerprint", "kind", "plan", "report"]),
];

/// All that those who listen to a launch may know.
const LISTENERS_KNOW: [&str; 7] = ["cancel", "diagnostic", "event", "hash", "id", "provenance", "text"];

/// A use of another module: who, whom, and where it stands.
struct Edge {
    from: String,
    to: String,
    path: String,
    place: String,
}

/// Sources without their unit tests, which may reach for whatever they want.
fn sources() -> Vec<PathBuf> {
    let (mut files, mut folders) = (vec![], vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the sources can be listed") {
            let path = entry.expect("the sources can be listed").path();
            let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let is_test = stem == "tests" || stem.ends_with("_tests") || stem == "fixture" || stem == "sample";
            if path.is_dir() && !is_test {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The lines of a file up to its unit tests, without comments, in one text.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source can be read");
    let lines: Vec<&str> = text.lines().collect();
    let tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{');
    let end = lines.windows(2).position(tests).unwrap_or(lines.len());
    let code = lines[..end].iter().copied().filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The paths that follow `crate::`, those in braces one by one.
fn paths(code: &str) -> Vec<String> {
    let is_path = |character: char| character.is_alphanumeric() || "_:*".contains(character);
    let mut found = vec![];
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => found.push(rest.chars().take_while(|character| is_path(*character)).collect()),
            Some(group) => {
                let group = group.split('}').next().unwrap_or_default();
                found.extend(group.split(',').map(|path| path.trim().to_owned()).filter(|path| !path.is_empty()));
            }
        }
    }
    found
}

fn edges() -> Vec<Edge> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut edges = vec![];
    for file in sources() {
        let place = file.strip_prefix(&root).expect("a source is in src").display().to_string();
        let from = place.split(['/', '\\', '.']).next().unwrap_or_default().to_owned();
        if from == "lib" || from == "main" {
            continue;
        }
        for path in paths(&code(&file)) {
            let to = path.split("::").next().unwrap_or_default().to_owned();
            edges.push(Edge { from: from.clone(), to, path, place: place.clone() });
        }
    }
    edges
}

fn told(edges: impl Iterator<Item = Edge>) -> Vec<String> {
    edges.map(|edge| format!("{} uses crate::{}", edge.place, edge.path)).collect()
}

fn layer(module: &str) -> usize {
    LAYERS.iter().position(|layer| layer.contains(&module)).unwrap_or_else(|| panic!("{module} has no layer"))
}

#[test]
fn every_module_has_a_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let text = std::fs::read_to_string(root).unwrap();
    let modules: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let layered: BTreeSet<&str> = LAYERS.iter().copied().flatten().copied().collect();
    assert_eq!(modules, layered);
    assert!(edges().len() > 300, "the sources are read");
}

#[test]
fn no_module_uses_one_of_a_layer_above() {
    let upward = edges().into_iter().filter(|edge| layer(&edge.to) > layer(&edge.from));
    assert_eq!(told(upward), Vec::<String>::new());
}

#[test]
fn modules_use_each_other_one_way() {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for edge in edges().into_iter().filter(|edge| edge.from != edge.to) {
        uses.entry(edge.from).or_default().insert(edge.to);
    }
    // What uses nothing that is left is taken away; what then remains uses itself by a detour.
    while let Some(free) = uses.iter().find(|(_, used)| !used.iter().any(|module| uses.contains_key(module))) {
        let free = free.0.clone();
        uses.remove(&free);
    }
    assert_eq!(uses, BTreeMap::new());
}

#[test]
fn listeners_know_events_only() {
    let listens = |edge: &Edge| ["progress", "run_log"].contains(&edge.from.as_str());
    let known = |edge: &Edge| edge.from == edge.to || LISTENERS_KNOW.contains(&edge.to.as_str());
    assert_eq!(told(edges().into_iter().filter(|edge| listens(edge) && !known(edge))), Vec::<String>::new());
}

#[test]
fn domain_code_knows_no_machinery() {
    let machinery =
        |edge: &Edge| ["config", "fingerprint"].contains(&edge.to.as_str()) || edge.path.starts_with("artifact::store");
    let domain = |edge: &Edge| DOMAIN.contains(&edge.from.as_str());
    assert_eq!(told(edges().into_iter().filter(|edge| domain(edge) && machinery(edge))), Vec::<String>::new());
}

#[test]
fn stages_and_their_runner_know_no_more_than_they_need() {
    let forbidden =
        |edge: &Edge| FORBIDDEN.iter().any(|(from, modules)| *from == edge.from && modules.contains(&edge.to.as_str()));
    assert_eq!(told(edges().into_iter().filter(forbidden)), Vec::<String>::new());
}

#[test]
fn the_runner_talks_to_observers_it_does_not_know() {
    let concrete = ["Recorder", "Bars", "Lines", "Json"];
    let runner =
        sources().into_iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("src/runner")));
    for path in runner {
        let code = code(&path);
        assert!(!concrete.iter().any(|name| code.contains(name)), "{}", path.display());
    }
}

#[test]
fn imports_are_named() {
    let glob = |edge: &Edge| edge.path.ends_with('*');
    assert_eq!(told(edges().into_iter().filter(glob)), Vec::<String>::new());
    let parents = sources().into_iter().filter(|path| code(path).contains("use super::*"));
    assert_eq!(parents.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

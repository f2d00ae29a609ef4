//! Imports run one way: the table of layers in `docs/design.md`, held against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Data, models and metrics: usable without anything that runs pipelines.
const DOMAIN: [&str; 5] = ["dataset", "embed", "metric", "model", "tensor"];

/// What a module must not use although it lies below.
const FORBIDDEN: [(&str, &[&str]); 3] = [
    ("stage", &["config", "plan", "schedule"]),
    ("runner", &["config", "report"]),
    ("schedule", &["artifact", "config", "fingerprint", "kind", "plan", "report"]),
];

/// A use of another module: who, whom, and where it stands.
#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    path: String,
    place: String,
}

/// Rows of modules, the lowest first. Modules of one row may use each other, but not in a circle.
type Layers = Vec<BTreeSet<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the table in the design.
fn layers() -> Layers {
    let text = read(&root().join("docs/design.md"));
    let table = text.split("\n## ").find(|section| section.starts_with("Layers")).expect("the design has layers");
    let cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    cells.map(|cell| cell.split(['`', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect()).collect()
}

/// Sources without their unit tests, which may reach for whatever they want.
fn sources() -> Vec<PathBuf> {
    let (mut files, mut folders) = (vec![], vec![root().join("src")]);
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

/// The lines of a source up to its unit tests, without comments, in one text.
fn code(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{');
    let end = lines.windows(2).position(tests).unwrap_or(lines.len());
    let code = lines[..end].iter().copied().filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The paths that follow `crate::`, those in braces one by one as far as the outermost braces go.
fn paths(code: &str) -> Vec<String> {
    let is_path = |character: char| character.is_alphanumeric() || "_:*".contains(character);
    let path = |text: &str| text.chars().take_while(|character| is_path(*character)).collect::<String>();
    let mut found = vec![];
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.push(path(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (place, character) in group.char_indices() {
            if depth == 0 && ",}".contains(character) {
                found.push(path(group[start..place].trim()));
                start = place + 1;
            }
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

/// What a source uses; `place` is its path under `src`.
fn edges_of(place: &str, text: &str) -> Vec<Edge> {
    let from = place.split(['/', '\\', '.']).next().unwrap_or_default();
    let edge = |path: String| {
        let to = path.split("::").next().unwrap_or_default().to_owned();
        Edge { from: from.to_owned(), to, path, place: place.to_owned() }
    };
    paths(&code(text)).into_iter().map(edge).collect()
}

fn edges() -> Vec<Edge> {
    let place = |file: &Path| file.strip_prefix(root().join("src")).expect("a source is in src").display().to_string();
    let sources = sources().into_iter().map(|file| (place(&file), read(&file)));
    let modules = sources.filter(|(place, _)| place != "lib.rs" && place != "main.rs");
    modules.flat_map(|(place, text)| edges_of(&place, &text)).collect()
}

/// The edges that something holds of, in words.
fn told<'a>(edges: impl IntoIterator<Item = &'a Edge>, is_wrong: impl Fn(&Edge) -> bool) -> Vec<String> {
    let wrong = edges.into_iter().filter(|edge| is_wrong(edge));
    wrong.map(|edge| format!("{} uses crate::{}", edge.place, edge.path)).collect()
}

fn upward(layers: &Layers, edges: &[Edge]) -> Vec<String> {
    let layer = |module: &str| layers.iter().position(|layer| layer.contains(module));
    told(edges, |edge| layer(&edge.from).is_none() || layer(&edge.to).is_none_or(|to| Some(to) > layer(&edge.from)))
}

/// Modules that use themselves by a detour, with what they use.
fn circles(edges: &[Edge]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
        uses.entry(&edge.from).or_default().insert(&edge.to);
    }
    // What uses nothing that is left is taken away.
    while let Some(free) = uses.iter().find(|(_, used)| !used.iter().any(|module| uses.contains_key(module))) {
        let free = *free.0;
        uses.remove(free);
    }
    uses
}

fn globs(edges: &[Edge]) -> Vec<String> {
    told(edges, |edge| edge.path.ends_with('*'))
}

const NONE: [String; 0] = [];

#[test]
fn every_module_stands_where_the_design_puts_it() {
    let lib = read(&root().join("src/lib.rs"));
    let module = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    let blocks: Layers = lib.split("\n\n").map(|block| block.lines().filter_map(module).collect()).collect();
    assert_eq!(blocks.into_iter().filter(|block| !block.is_empty()).collect::<Layers>(), layers());
    assert!(edges().len() > 300, "the sources are read");
}

#[test]
fn no_module_uses_one_of_a_layer_above() {
    assert_eq!(upward(&layers(), &edges()), NONE);
}

#[test]
fn modules_use_each_other_one_way() {
    assert_eq!(circles(&edges()), BTreeMap::new());
}

#[test]
fn listeners_know_events_only() {
    let (edges, known) = (edges(), &layers()[0]);
    let listens = |edge: &Edge| ["progress", "run_log"].contains(&edge.from.as_str());
    assert_eq!(told(&edges, |edge| listens(edge) && edge.from != edge.to && !known.contains(&edge.to)), NONE);
}

#[test]
fn domain_code_knows_no_machinery() {
    let machinery =
        |edge: &Edge| ["config", "fingerprint"].contains(&edge.to.as_str()) || edge.path.starts_with("artifact::store");
    assert_eq!(told(&edges(), |edge| DOMAIN.contains(&edge.from.as_str()) && machinery(edge)), NONE);
}

#[test]
fn stages_and_their_runner_know_no_more_than_they_need() {
    let forbidden =
        |edge: &Edge| FORBIDDEN.iter().any(|(from, modules)| *from == edge.from && modules.contains(&edge.to.as_str()));
    assert_eq!(told(&edges(), forbidden), NONE);
}

#[test]
fn the_runner_talks_to_observers_it_does_not_know() {
    let concrete = ["Recorder", "Bars", "Lines", "Json"];
    for path in sources().iter().filter(|path| path.starts_with(root().join("src/runner"))) {
        let code = code(&read(path));
        assert!(!concrete.iter().any(|name| code.contains(name)), "{}", path.display());
    }
}

#[test]
fn imports_are_named_and_absolute() {
    assert_eq!(globs(&edges()), NONE);
    // With two `super` in a row a path could leave its module unseen.
    let hidden = |path: &PathBuf| ["use super::*", "super::super"].iter().any(|text| code(&read(path)).contains(text));
    assert_eq!(sources().into_iter().filter(hidden).collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

#[test]
fn the_program_is_in_the_library() {
    assert!(read(&root().join("src/main.rs")).lines().count() < 20);
}

#[test]
fn an_import_that_should_not_be_is_found_however_it_is_written() {
    let found = |place: &str, text: &str| upward(&layers(), &edges_of(place, text));
    assert_eq!(found("stage/pca.rs", "use crate::runner::Launch;"), ["stage/pca.rs uses crate::runner::Launch"]);
    assert_eq!(found("hash.rs", "fn f() -> crate::id::Id {}"), NONE);
    assert_eq!(found("hash.rs", "fn f() {\n    crate::cli::main()\n}"), ["hash.rs uses crate::cli::main"]);
    let group = "use crate::{\n    event::{self, Observer},\n    plan::{Plan, Node},\n    hash,\n};\n";
    assert_eq!(found("config/load.rs", group), ["config/load.rs uses crate::plan::"]);
    assert_eq!(found("metric/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::cli;\n}"), NONE);
    assert_eq!(found("metric/mod.rs", "/// See [`crate::cli`].\nfn f() {}"), NONE);
    assert_eq!(found("unheard_of.rs", "use crate::hash;"), ["unheard_of.rs uses crate::hash"]);
    let both = [edges_of("model/fit.rs", "use crate::dataset;"), edges_of("dataset/open.rs", "use crate::model::fit;")];
    assert_eq!(circles(&both.into_iter().flatten().collect::<Vec<_>>()).len(), 2);
    assert_eq!(globs(&edges_of("plan/mod.rs", "use crate::*;")), ["plan/mod.rs uses crate::*"]);
    assert_eq!(globs(&edges_of("plan/mod.rs", "use crate::{kind::*, hash};")), ["plan/mod.rs uses crate::kind::*"]);
}

//! The documentation says what the program does: the reference is what it prints, links lead to files, and commands
//! are ones that it knows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipeline::config::Overrides;
use pipeline::model::layer::LayerSpec;
use pipeline::model::shape::infer;
use pipeline::stage::registry::Registry;

const COMMANDS: &[&str] = &[
    "run",
    "plan",
    "graph",
    "stages",
    "schema",
    "runs",
    "show",
    "compare",
    "diff",
    "tag",
    "note",
    "archive",
    "rm",
    "reproduce",
    "freeze",
    "cache",
    "help",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What the program prints when it ends well.
fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pipeline")).args(arguments).output().unwrap();
    assert!(output.status.success(), "pipeline {arguments:?} ended with {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The README and every page under `docs/`, with their texts.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect()
}

/// Targets of a text's Markdown links and pictures.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

/// Lines of code blocks, fenced or indented, without a prompt.
fn code_lines(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            let line = line.trim();
            lines.push(line.strip_prefix("$ ").unwrap_or(line));
        }
    }
    lines
}

/// The words after the program's name, when a line runs it; comments and what follows a pipe left out. The key
/// `pipeline` of an experiment is no command.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let rest = line.strip_prefix("pipeline ").or_else(|| line.strip_prefix("cargo run --release -- "))?;
    let words: Vec<&str> = rest.split_whitespace().take_while(|word| !["|", ">", "#"].contains(word)).collect();
    (words.first() != Some(&"=")).then_some(words)
}

#[test]
fn the_reference_of_stages_is_what_the_program_prints() {
    let written = fs::read_to_string(root().join("docs/stages.md")).unwrap();
    let printed = printed(&["stages", "--markdown"]);
    assert!(written == printed, "write it anew: pipeline stages --markdown > docs/stages.md");
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for (page, text) in pages() {
        for link in links(&text) {
            let path = link.split('#').next().unwrap_or_default();
            let elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
            if !elsewhere && !page.parent().unwrap().join(path).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_command_and_option_in_a_code_block_exists() {
    let help: BTreeMap<&str, String> = COMMANDS
        .iter()
        .map(|command| (*command, if *command == "help" { String::new() } else { printed(&[*command, "--help"]) }))
        .collect();
    let mut unknown = Vec::new();
    let mut seen = 0;
    for (page, text) in pages() {
        for line in code_lines(&text) {
            let Some(words) = arguments(line) else { continue };
            let Some((command, words)) = words.split_first() else { continue };
            seen += 1;
            let Some(help) = help.get(*command) else {
                unknown.push(format!("{}: {line}: no command `{command}`", page.display()));
                continue;
            };
            for word in words.iter().filter(|word| word.starts_with("--")) {
                let option = word.split('=').next().unwrap_or_default();
                let mut known = help.split(|char: char| !char.is_ascii_alphanumeric() && char != '-');
                if !known.any(|known| known == option) {
                    unknown.push(format!("{}: {line}: `{command}` has no option `{option}`", page.display()));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    assert!(seen > 10, "only {seen} commands were found in the pages");
}

#[test]
fn every_experiment_that_the_pages_run_is_there_or_written_on_the_page() {
    // Examples that a page tells the reader to write.
    const WRITTEN: &[&str] = &["experiments/small_codes.toml", "experiments/sizes.toml"];
    for (page, text) in pages() {
        for word in code_lines(&text).into_iter().filter_map(arguments).flatten() {
            let is_experiment = word.starts_with("experiments/") && word.ends_with(".toml");
            let there = WRITTEN.contains(&word) || root().join(word).is_file();
            assert!(!is_experiment || there, "{}: there is no {word}", page.display());
        }
    }
}

#[test]
fn the_shipped_convolutional_autoencoder_has_the_parameters_its_file_claims() {
    let file = root().join("experiments/conv.toml");
    let experiment = pipeline::config::load(&file, &Overrides::default()).expect("a shipped experiment is valid");
    let plan = pipeline::plan::build(&experiment, &Registry).expect("a shipped experiment has a plan");
    let node = plan.graph.node_weights().find(|node| node.stage == "autoencoder").expect("it trains one");
    let network = |param: &str, input: [usize; 3]| {
        let texts = node.params[param].as_array().expect("layers are a list");
        let parse = |text: &serde_json::Value| LayerSpec::parse(text.as_str().unwrap(), [28, 28, 1]).unwrap();
        let layers: Vec<LayerSpec> = texts.iter().map(parse).collect();
        let infos = infer(&layers, input).expect("the layers fit");
        (infos.last().unwrap().output, infos.iter().map(|info| info.parameters).sum::<usize>())
    };
    assert_eq!(network("encoder", [28, 28, 1]), ([1, 1, 64], 219_584));
    assert_eq!(network("decoder", [1, 1, 64]), ([28, 28, 1], 259_521));
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("219,584 parameters in the encoder, 259,521 in the decoder"));
}

#[test]
fn the_page_of_the_two_files_shows_files_that_can_be_planned() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(root().join("docs/config.md")).unwrap();
    let blocks: Vec<&str> =
        text.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    let (pipeline, experiments) = blocks.split_first().unwrap();
    fs::create_dir(folder.path().join("pipelines")).unwrap();
    fs::create_dir(folder.path().join("experiments")).unwrap();
    fs::write(folder.path().join("pipelines/digits.toml"), pipeline).unwrap();
    for (index, experiment) in experiments.iter().enumerate() {
        // The first is the one that others extend; those that show one table only name no pipeline.
        let name = if index == 0 { "sizes".to_owned() } else { format!("example{index}") };
        let named = ["pipeline =", "extends ="].iter().any(|key| experiment.starts_with(key));
        let head = if named { "" } else { "pipeline = \"../pipelines/digits.toml\"\n" };
        let path = folder.path().join(format!("experiments/{name}.toml"));
        fs::write(&path, format!("{head}{experiment}")).unwrap();
        let plan: serde_json::Value =
            serde_json::from_str(&printed(&["plan", path.to_str().unwrap(), "--json"])).unwrap();
        let said = text.split(experiment).nth(1).and_then(|after| after.split("This has ").nth(1)?.split(' ').next());
        let first = text.split(experiment).nth(1).is_some_and(|after| after.starts_with("```\n\nThis has "));
        if first {
            assert_eq!(plan["variants"].to_string(), said.unwrap(), "{experiment}");
        }
    }
}

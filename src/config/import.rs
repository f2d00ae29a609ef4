//! One run's experiment, read back from what [`Experiment::to_config`] wrote.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::value::Located;
use super::{Choice, Experiment, Inputs, ParamDef, Pipeline, StageDef, Sweep, Wire};
use crate::diagnostic::{Sources, Span};

#[derive(Deserialize)]
struct Written {
    name: String,
    title: String,
    question: String,
    file: PathBuf,
    tags: Vec<String>,
    written_in: BTreeMap<String, PathBuf>,
    pipeline: WrittenPipeline,
}

#[derive(Deserialize)]
struct WrittenPipeline {
    name: String,
    help: String,
    file: PathBuf,
    params: BTreeMap<String, WrittenParam>,
    stages: Vec<WrittenStage>,
}

#[derive(Deserialize)]
struct WrittenParam {
    default: Value,
    help: String,
    range: Option<(f64, f64)>,
    choices: Vec<WrittenChoice>,
}

#[derive(Deserialize)]
struct WrittenChoice {
    value: Value,
    carries: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct WrittenStage {
    name: String,
    uses: Value,
    inputs: Value,
    params: Value,
}

impl Experiment {
    /// The experiment of a single run: of the launch's `config`, with the run's resolved params and seed. `directory`
    /// is where the launch was made: from there its files, and paths on its command line, are looked for. Error: the
    /// config is not one that this version wrote.
    pub fn of_run(
        config: &Value,
        params: &Map<String, Value>,
        seed: u64,
        directory: &Path,
    ) -> Result<Self, serde_json::Error> {
        let written = Written::deserialize(config)?;
        let mut places = Places { directory, sources: Sources::default() };
        let file = places.of(&written.file);
        let pipeline = read_pipeline(written.pipeline, &mut places);
        let params = params.iter().map(|(name, value)| {
            // Swept values stand in the experiment's file, or count as if they did.
            let span = written.written_in.get(name).map_or(file, |file| places.of(file));
            (name.clone(), Located::from_json(&plain(value), span))
        });
        let params = params.collect();
        Ok(Self {
            name: written.name,
            title: written.title,
            question: written.question,
            file: directory.join(written.file),
            seed,
            repeats: 1,
            tags: written.tags,
            metrics: vec![],
            pipeline,
            params,
            sweep: Sweep::default(),
            search: None,
            ablation: None,
            sources: places.sources,
            whole: true,
        })
    }
}

/// Files by name, without their texts: they say where relative paths start.
struct Places<'a> {
    directory: &'a Path,
    sources: Sources,
}

impl Places<'_> {
    fn of(&mut self, file: &Path) -> Span {
        let file = self.sources.add(self.directory.join(file), "");
        Span { file, start: 0, end: 0 }
    }
}

/// A resolved value as it would be written: nothing in it is a reference.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("${", "$${").into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

fn read_pipeline(written: WrittenPipeline, places: &mut Places) -> Pipeline {
    let span = places.of(&written.file);
    let located = |value: &Value| Located::from_json(value, span);
    let choice = |choice: WrittenChoice| Choice {
        value: choice.value,
        carries: choice.carries.iter().map(|(name, value)| (name.clone(), located(value))).collect(),
        span,
    };
    let param = |(name, param): (String, WrittenParam)| {
        let choices = param.choices.into_iter().map(choice).collect();
        let (default, help) = (located(&param.default), param.help);
        (name, ParamDef { default, help, help_in_line: false, range: param.range, choices, span })
    };
    let stage = |stage: WrittenStage| StageDef {
        inputs: inputs(&stage.inputs, &stage.name, span),
        name: stage.name,
        name_span: span,
        uses: located(&stage.uses),
        params: located(&stage.params),
        in_doubt: false,
    };
    Pipeline {
        name: written.name,
        help: written.help,
        file: places.directory.join(written.file),
        params: written.params.into_iter().map(param).collect(),
        stages: written.stages.into_iter().map(stage).collect(),
    }
}

fn inputs(written: &Value, stage: &str, span: Span) -> Inputs {
    let wire = |port: &str, source: &Value| {
        let source = source.as_str().unwrap_or_default();
        // Names of stages have no dot.
        let (from, output) = source.split_once('.').map_or((source, None), |(from, output)| (from, Some(output)));
        let output = output.map(str::to_owned);
        Wire { port: port.to_owned(), port_span: span, stage: from.to_owned(), output, span }
    };
    match written {
        Value::Object(wires) => Inputs::Named(wires.iter().map(|(port, source)| wire(port, source)).collect()),
        Value::Array(wires) => Inputs::Listed(wires.iter().map(|source| wire(stage, source)).collect()),
        _ => Inputs::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};

    #[test]
    fn a_run_is_the_same_from_its_logged_config() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = r#"
[params]
width = { default = 8, range = [1, 64] }
rate = 1.0
data = "sub/${name}"
name = "a"
[params.size]
default = "small"
choices.small = { layers = ["dense ${width}"] }
choices.large = { layers = ["dense 64", "dense ${width}"] }
[stages.load]
uses = "load"
path = "${data}"
note = "$${kept}"
[stages.model]
uses = "train-autoencoder"
inputs = { dataset = "load.dataset" }
encoder = "${size.layers}"
rate = "${rate}"
[stages.report]
uses = "report"
inputs = ["model", "load"]
"#;
        let experiment = "pipeline = \"p.toml\"\nrepeats = 2\nseed = 5\n[params]\nname = \"b\"\n[sweep]\nsize = [\"small\", \"large\"]\nwidth = [2, 4]\n";
        std::fs::write(folder.path().join("p.toml"), pipeline).unwrap();
        std::fs::write(folder.path().join("e.toml"), experiment).unwrap();
        let written = load(&folder.path().join("e.toml"), &Overrides::default()).unwrap();
        // As it comes back from the log.
        let config: Value = serde_json::from_str(&written.to_config().to_string()).unwrap();
        for point in &written.sweep.points {
            let point = written.sweep.located(point);
            let params = written.param_values(&point);
            let read = Experiment::of_run(&config, &params, 6, Path::new("/elsewhere")).unwrap();
            let resolved = |experiment: &Experiment, point: &BTreeMap<String, Located>| -> Vec<Value> {
                let (stages, problems) = experiment.resolve(point);
                assert!(problems.is_empty(), "{problems:?}");
                let folder = |located: &Located| experiment.sources.folder(located.span.file).to_owned();
                let path = |stage: &crate::config::ResolvedStage| {
                    stage.params.get("path").map(|entry| folder(&entry.value).display().to_string())
                };
                let told = |stage: &crate::config::ResolvedStage| {
                    serde_json::json!([stage.name, stage.uses.to_json(), stage.params.to_json(), path(stage)])
                };
                stages.iter().map(told).collect()
            };
            assert_eq!(resolved(&read, &BTreeMap::new()), resolved(&written, &point));
            assert_eq!((read.seed, read.repeats, read.param_values(&BTreeMap::new())), (6, 1, params));
            let again = read.to_config();
            for part in ["name", "help", "stages", "params"] {
                assert_eq!(again["pipeline"][part], config["pipeline"][part]);
            }
        }
    }

    #[test]
    fn a_config_of_something_else_is_refused() {
        assert!(Experiment::of_run(&serde_json::json!({ "name": "x" }), &Map::new(), 0, Path::new("/")).is_err());
    }
}

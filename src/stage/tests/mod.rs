//! Stages one at a time: what goes in, what comes out, and what is said when it cannot.

mod data;
mod load;
mod points;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cancel::Cancel;
use crate::dataset::Dataset;
use crate::dataset::samples::Samples;
use crate::device::Device;
use crate::event::Outcome;
use crate::kind::ParamProblem;
use crate::stage::{Context, Environment, Input, Source, Stage, StageError, registry};

/// A place to run stages in.
struct Bench {
    directory: tempfile::TempDir,
    pool: rayon::ThreadPool,
    environment: Environment,
    runs: Cell<usize>,
    seed: Cell<u64>,
}

impl Bench {
    fn new() -> Self {
        Self::with_threads(1)
    }

    fn with_threads(threads: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = Environment {
            project: directory.path().join("project"),
            data_dir: Some(directory.path().join("shared")),
            download_dir: directory.path().join("downloads"),
            fetch: None,
            progress: Box::new(|_| {}),
            cancel: Cancel::default(),
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        Self { directory, pool, environment, runs: Cell::new(0), seed: Cell::new(11) }
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// Runs a stage, its params' defaults filled in, with `input` on its first port: the files that it left, as what
    /// its first output is, and what else it said; or the problem with its help.
    fn run(&self, kind: &str, params: Value, input: Option<&Input>) -> Result<(Input, Outcome), String> {
        let stage = registry::find(kind).unwrap();
        let params = with_defaults(stage, params);
        stage.check(&params, &BTreeMap::new()).map_err(|problems| {
            let told = |problem: &ParamProblem| {
                format!("{}\nhelp: {}", problem.message, problem.help.clone().unwrap_or_default())
            };
            problems.iter().map(told).collect::<Vec<_>>().join("\n")
        })?;
        self.execute(stage, &params, input, None).map_err(|error| match error {
            StageError::Failed { message, help: Some(help) } => format!("{message}\nhelp: {help}"),
            other => other.to_string(),
        })
    }

    fn execute(
        &self,
        stage: &dyn Stage,
        params: &Value,
        input: Option<&Input>,
        source: Option<&Source>,
    ) -> Result<(Input, Outcome), StageError> {
        self.runs.set(self.runs.get() + 1);
        let scratch = self.directory.path().join(format!("scratch{}", self.runs.get()));
        let description = stage.description();
        let input = input.map(|input| (description.inputs[0].name.to_owned(), input.clone()));
        let inputs: BTreeMap<String, Input> = input.into_iter().collect();
        let output = stage.execute(&Context {
            params,
            seed: self.seed.get(),
            inputs: &inputs,
            scratch: &scratch,
            pool: &self.pool,
            device: Device::Cpu,
            progress: &|_| {},
            cancel: &self.environment.cancel,
            environment: &self.environment,
            source,
            checkpoints: None,
        })?;
        let ports = entries(&scratch).into_iter();
        let mut files: BTreeMap<String, PathBuf> = ports.flat_map(|(_, port)| entries(&port)).collect();
        for reuse in output.reuse {
            files.insert(reuse.name, inputs[&reuse.input].files[&reuse.file].clone());
        }
        let artifact_type = description.outputs[0].artifact_type;
        Ok((Input { artifact_type, stage: description.kind.into(), files }, output.outcome))
    }

    fn digits(&self, train: usize, test: usize) -> Input {
        let params = json!({ "dataset": "synthetic-digits", "train_count": train, "test_count": test });
        self.run("load", params, None).unwrap().0
    }

    fn fails(&self, kind: &str, params: Value, input: Option<&Input>) -> String {
        self.run(kind, params, input).err().unwrap().replace(&self.directory.path().display().to_string(), "TMP")
    }
}

fn with_defaults(stage: &dyn Stage, mut params: Value) -> Value {
    for param in &stage.description().params {
        if let (None, Some(default)) = (params.get(&param.name), &param.default) {
            params[&param.name] = default.clone();
        }
    }
    params
}

/// Names and places of what is in a folder.
fn entries(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path())).collect()
}

fn open(input: &Input) -> Dataset {
    Dataset::open(&input.files).unwrap()
}

fn counts(dataset: &Dataset) -> Vec<(String, usize)> {
    dataset.meta.splits.iter().map(|(split, meta)| (split.clone(), meta.count)).collect()
}

fn gathered(dataset: &Dataset, split: &str, rows: &[u32]) -> Vec<f32> {
    let split = dataset.split(split).unwrap();
    let mut out = vec![f32::NAN; rows.len() * split.shape().iter().product::<usize>()];
    split.gather(rows, &mut out);
    out
}

//! The data kinds together: what goes in, what comes out, and what is said when it cannot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::artifact::ArtifactType;
use crate::cancel::Cancel;
use crate::dataset::samples::Samples;
use crate::dataset::{Dataset, NoiseKind};
use crate::event::Outcome;
use crate::kind::{Facts, ParamProblem, ParamType};
use crate::stage::{Context, Environment, Input, Source, Stage, StageError, registry};

/// A place to run stages in.
struct Bench {
    directory: tempfile::TempDir,
    pool: rayon::ThreadPool,
    cancel: Cancel,
    environment: Environment,
    runs: std::cell::Cell<usize>,
    seed: std::cell::Cell<u64>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = Environment {
            project: directory.path().join("project"),
            data_dir: Some(directory.path().join("shared")),
            download_dir: directory.path().join("downloads"),
            fetch: None,
            progress: Box::new(|_| {}),
            cancel: Cancel::default(),
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        Self { directory, pool, cancel: Cancel::default(), environment, runs: 0.into(), seed: 11.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// Runs a stage with defaults filled in; gives the artifact on `dataset` and what else it said.
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
            StageError::Failed { message, help } => format!("{message}\nhelp: {}", help.unwrap_or_default()),
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
        let inputs: BTreeMap<String, Input> =
            input.map(|input| ("dataset".into(), input.clone())).into_iter().collect();
        let output = stage.execute(&Context {
            params,
            seed: self.seed.get(),
            inputs: &inputs,
            scratch: &scratch,
            pool: &self.pool,
            device: crate::device::Device::Cpu,
            progress: &|_| {},
            cancel: &self.cancel,
            environment: &self.environment,
            source,
            checkpoints: None,
        })?;
        let mut files = files_in(&scratch.join("dataset"));
        for reuse in output.reuse {
            files.insert(reuse.name, inputs[&reuse.input].files[&reuse.file].clone());
        }
        Ok((
            Input { artifact_type: ArtifactType::Dataset, stage: stage.description().kind.into(), files },
            output.outcome,
        ))
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

fn files_in(directory: &Path) -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
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

#[test]
fn digits_load_as_bytes_with_labels() {
    let bench = Bench::new();
    let dataset = open(&bench.digits(50, 20));
    assert_eq!(counts(&dataset), [("test".into(), 20), ("train".into(), 50)]);
    assert_eq!((dataset.meta.shape, dataset.meta.classes.len()), ([28, 28, 1], 10));
    assert_eq!(dataset.split("train").unwrap().labels().unwrap().len(), 50);
    assert_eq!(dataset.meta.value_range(), [0.0, 255.0]);
    assert!(gathered(&dataset, "train", &[0]).iter().any(|value| *value > 100.0));
}

#[test]
fn normalizing_maps_the_stored_range_and_copies_no_pixel() {
    let bench = Bench::new();
    let loaded = bench.digits(50, 20);
    let (normalized, _) = bench.run("normalize", json!({ "range": [-1.0, 1.0] }), Some(&loaded)).unwrap();
    assert_eq!(loaded.files["train.images.npy"], normalized.files["train.images.npy"]);
    let dataset = open(&normalized);
    assert_eq!(dataset.meta.value_range(), [-1.0, 1.0]);
    let raw = gathered(&open(&loaded), "train", &[3, 1]);
    for (value, stored) in gathered(&dataset, "train", &[3, 1]).iter().zip(raw) {
        assert!((value - (stored / 127.5 - 1.0)).abs() < 1e-6);
    }
    let (unit, _) = bench.run("normalize", json!({}), Some(&loaded)).unwrap();
    assert_eq!(open(&unit).meta.value_range(), [0.0, 1.0]);
}

#[test]
fn standardized_training_values_have_mean_zero_and_deviation_one() {
    let bench = Bench::new();
    let loaded = bench.digits(50, 20);
    let (normalized, _) = bench.run("normalize", json!({ "mode": "standardize" }), Some(&loaded)).unwrap();
    let values = gathered(&open(&normalized), "train", &(0..50).collect::<Vec<_>>());
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / values.len() as f64;
    assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-5, "{mean} {variance}");
}

#[test]
fn a_validation_split_is_taken_from_either_end_or_is_the_test_split() {
    let bench = Bench::new();
    let loaded = bench.digits(50, 20);
    let rows =
        |params: Value, split: &str| open(&bench.run("split", params, Some(&loaded)).unwrap().0).rows(split).unwrap();
    assert_eq!(rows(json!({}), "validation"), (45..50).collect::<Vec<_>>());
    assert_eq!(rows(json!({ "validation": 10.0, "from": "first" }), "train"), (10..50).collect::<Vec<_>>());
    assert_eq!(rows(json!({ "validation_from": "test" }), "train").len(), 50);
    let (same, _) = bench.run("split", json!({ "validation_from": "test" }), Some(&loaded)).unwrap();
    let same = open(&same);
    assert_eq!(same.meta.splits["validation"], same.meta.splits["test"]);
    let random = rows(json!({ "from": "random", "stratified": true, "validation": 20.0 }), "validation");
    let labels = open(&loaded).split("train").unwrap().labels().unwrap().to_vec();
    for class in 0..10 {
        assert_eq!(random.iter().filter(|row| labels[**row as usize] == class).count(), 2);
    }
}

#[test]
fn a_seed_draws_the_same_subset_again_and_another_seed_another() {
    let bench = Bench::new();
    let loaded = bench.digits(60, 30);
    for stratified in [false, true] {
        let drawn = |seed: u64| {
            bench.seed.set(seed);
            let params = json!({ "train": 20, "test": 10, "from": "random", "stratified": stratified });
            let subset = open(&bench.run("subset", params, Some(&loaded)).unwrap().0);
            ["train", "test"].map(|split| subset.rows(split).unwrap())
        };
        assert_eq!(drawn(1), drawn(1));
        let ([train, test], [other_train, other_test]) = (drawn(1), drawn(2));
        assert!(train != other_train && test != other_test);
    }
}

#[test]
fn splits_and_subsets_compose_and_keep_labels_with_their_samples() {
    let bench = Bench::new();
    let loaded = bench.digits(60, 30);
    let split = bench.run("split", json!({ "validation": 20.0, "from": "first" }), Some(&loaded)).unwrap().0;
    let params = json!({ "train": 5, "test": 10, "exclude_classes": ["3", "7"], "splits": ["train", "validation"] });
    let subset = open(&bench.run("subset", params, Some(&split)).unwrap().0);
    assert_eq!(counts(&subset), [("test".into(), 10), ("train".into(), 5), ("validation".into(), 16)]);
    let whole = open(&loaded);
    let all_labels = whole.split("train").unwrap().labels().unwrap().to_vec();
    for name in ["train", "validation"] {
        let part = subset.split(name).unwrap();
        for (row, label) in part.labels().unwrap().iter().enumerate() {
            let source = part.source_row(row as u32);
            assert_eq!(all_labels[source as usize], *label);
            assert_ne!((*label == 3, *label == 7), (true, true));
            assert!(![3, 7].contains(label));
            assert_eq!(gathered(&subset, name, &[row as u32]), gathered(&whole, "train", &[source]));
        }
    }
}

#[test]
fn noise_spoils_inputs_and_leaves_targets_clean() {
    let bench = Bench::new();
    let loaded = bench.digits(40, 20);
    let normalized = bench.run("normalize", json!({}), Some(&loaded)).unwrap().0;
    let noisy = bench.run("noise", json!({ "kind": "masking", "amount": 0.5 }), Some(&normalized)).unwrap().0;
    let dataset = open(&noisy);
    assert_eq!(dataset.meta.noise.unwrap().kind, NoiseKind::Masking);
    assert_eq!(gathered(&dataset, "train", &[4]), gathered(&open(&normalized), "train", &[4]));
    let train = dataset.split("train").unwrap();
    assert!(train.is_noisy());
    let inputs = |draw, rows: &[u32]| {
        let mut out = vec![0.0; rows.len() * 784];
        train.gather_inputs(rows, draw, &mut out);
        out
    };
    assert_eq!(inputs(1, &[4, 5])[784..], inputs(1, &[5])[..]);
    assert_ne!(inputs(1, &[4]), inputs(2, &[4]));
    assert_ne!(inputs(1, &[4]), gathered(&dataset, "train", &[4]));
}

#[test]
fn the_noise_of_a_sample_does_not_depend_on_how_the_data_is_split() {
    let bench = Bench::new();
    let loaded = bench.digits(40, 20);
    let noisy = bench.run("noise", json!({}), Some(&loaded)).unwrap().0;
    let split = bench.run("split", json!({ "validation": 10.0, "from": "first" }), Some(&noisy)).unwrap().0;
    let inputs = |dataset: Dataset, row: u32| {
        let mut out = vec![0.0; 784];
        dataset.split("train").unwrap().gather_inputs(&[row], 3, &mut out);
        out
    };
    assert_eq!(inputs(open(&noisy), 17), inputs(open(&split), 7));
}

#[test]
fn what_cannot_be_done_is_said_with_the_next_thing_to_do() {
    let bench = Bench::new();
    let loaded = bench.digits(50, 20);
    let fails = |kind: &str, params: Value| bench.fails(kind, params, Some(&loaded));
    insta::assert_snapshot!(fails("split", json!({ "validation": 50.0 })), @r"
    a validation of 50 takes 50 of 50 training samples
    help: choose a number that leaves samples on both sides
    ");
    insta::assert_snapshot!(fails("subset", json!({ "train": 51 })), @r"
    51 train samples are asked for and there are 50
    help: ask for at most 50, or leave `train` out
    ");
    insta::assert_snapshot!(fails("subset", json!({ "validation": 1 })), @r"
    the data set has no validation split
    help: put a `split` stage before this one
    ");
    insta::assert_snapshot!(fails("subset", json!({ "include_classes": ["seven"] })), @r"
    the data set `synthetic-digits` has no class `seven`
    help: the classes are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
    ");
    let split = bench.run("split", json!({}), Some(&loaded)).unwrap().0;
    insta::assert_snapshot!(bench.fails("split", json!({}), Some(&split)), @r"
    the data set already has a validation split
    help: use one `split` stage, or wire this one to the data set before the other
    ");
    let noisy = bench.run("noise", json!({}), Some(&loaded)).unwrap().0;
    insta::assert_snapshot!(bench.fails("noise", json!({}), Some(&noisy)), @r"
    the data set already has noise
    help: use one `noise` stage, or wire this one to the data set before the other
    ");
}

#[test]
fn params_that_make_no_sense_are_named() {
    let problem = |kind: &str, params: Value| {
        let stage = registry::find(kind).unwrap();
        let problems = stage.check(&with_defaults(stage, params), &BTreeMap::new()).unwrap_err();
        let text = |problem: &ParamProblem| {
            format!("{}: {} ({})", problem.param, problem.message, problem.help.as_deref().unwrap_or("-"))
        };
        problems.iter().map(text).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(problem("normalize", json!({ "range": [1.0, 1.0] })), @"range: the range [1, 1] has no room (write the lower value first, such as [0.0, 1.0])");
    insta::assert_snapshot!(problem("split", json!({ "validation": 10.5 })), @"validation: 10.5 is no part and no number of samples (write a fraction such as 0.1, or a number of samples such as 10000)");
    insta::assert_snapshot!(problem("subset", json!({ "include_classes": ["1"], "exclude_classes": ["1"] })), @"exclude_classes: the class `1` is both kept and left out (name it in one list only)");
    insta::assert_snapshot!(problem("noise", json!({ "kind": "masking", "amount": 1.5 })), @"amount: 1.5 is more than all values (here the amount is a fraction, from 0 to 1)");
    insta::assert_snapshot!(problem("load", json!({ "dataset": "idx", "test_labels": "x" })), @r#"
    path: the format `idx` needs a path (name the file or folder: path = "...")
    test_labels: labels without samples (name the samples: test_path = "...")
    "#);
    insta::assert_snapshot!(problem("load", json!({ "dataset": "mnist", "labels": "x" })), @r#"
    labels: `labels` has no meaning for `mnist` (leave it out)
    "#);
    insta::assert_snapshot!(problem("load", json!({ "dataset": "mnist", "train_count": 30 })), @"train_count: `train_count` has no meaning for `mnist` (leave it out; the kind `subset` takes some of a data set's samples)");
    let fallback = |dataset: &str, other: &str| {
        problem("load", json!({ "dataset": dataset, "fallback": other, "path": (dataset == "csv").then_some("x") }))
    };
    insta::assert_snapshot!(fallback("synthetic-digits", "mnist"), @r#"fallback: `synthetic-digits` are always at hand: nothing ever stands in for them (leave it out, or write "none")"#);
    insta::assert_snapshot!(fallback("csv", "mnist"), @"fallback: `fallback` has no meaning for `csv` (leave it out)");
    insta::assert_snapshot!(fallback("cifar10", "mnist"), @r#"fallback: `mnist` cannot stand in for `cifar10`: its samples are 28x28x1, not 32x32x3 (name a data set of the same shape, or write "none")"#);
}

#[test]
fn a_data_set_may_be_its_own_fallback_so_that_a_param_may_choose_it() {
    let stage = registry::find("load").unwrap();
    for name in ["synthetic-digits", "mnist"] {
        let own = with_defaults(stage, json!({ "dataset": name, "fallback": name }));
        assert!(stage.check(&own, &BTreeMap::new()).is_ok());
    }
    let params = with_defaults(stage, json!({ "dataset": "mnist", "fallback": "mnist" }));
    let planned = stage.source(&params, &Bench::new().environment).unwrap().unwrap();
    assert_eq!(planned.stand_in, None);
}

#[test]
fn an_unfindable_data_set_names_every_place_looked_at() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("shared/mnist/x").parent().unwrap()).unwrap();
    insta::assert_snapshot!(bench.fails("load", json!({ "dataset": "mnist" }), None), @r#"
    the data set `mnist` is in none of these places:
      TMP/shared/mnist (no train-images-idx3-ubyte, packed or not)
      TMP/project/data/mnist (no such folder)
      TMP/downloads/mnist (no such folder)
    help: put its files (train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz) into one of these places, or name a stand-in of the same shape, such as fallback = "synthetic-digits" for MNIST
    "#);
}

#[test]
fn a_fallback_is_announced_and_written_down() {
    let bench = Bench::new();
    let (input, outcome) =
        bench.run("load", json!({ "dataset": "mnist", "fallback": "synthetic-digits" }), None).unwrap();
    let dataset = open(&input);
    assert_eq!(dataset.meta.fallback_for.as_deref(), Some("mnist"));
    assert_eq!(counts(&dataset), [("test".into(), 10_000), ("train".into(), 60_000)]);
    insta::assert_snapshot!(outcome.warnings.join("\n"), @"fallback: `mnist` was not available, so every figure here is of `synthetic-digits`");
}

#[test]
fn data_that_changes_after_its_fingerprint_was_made_is_refused() {
    let bench = Bench::new();
    let stage = registry::find("load").unwrap();
    let params = with_defaults(stage, json!({ "dataset": "mnist", "fallback": "synthetic-digits" }));
    // Planned without the network: the fingerprint says MNIST, and what is there now is the fallback.
    let source = stage.source(&params, &bench.environment).unwrap().unwrap();
    assert!(source.notice.as_ref().unwrap().contains("will be downloaded"));
    let error = bench.execute(stage, &params, None, Some(&source)).err().unwrap();
    assert!(error.to_string().contains("changed"), "{error}");
}

#[test]
fn the_facts_of_a_data_set_are_its_own_whatever_stands_in_for_it() {
    let stage = registry::find("load").unwrap();
    let params = with_defaults(stage, json!({ "dataset": "fashion-mnist", "fallback": "synthetic-digits" }));
    let facts = stage.check(&params, &BTreeMap::new()).unwrap();
    assert_eq!((facts.shape, facts.classes.unwrap()[8].as_str()), (Some([28, 28, 1]), "Bag"));
}

#[test]
fn a_plan_names_what_stands_in_if_the_download_fails() {
    let bench = Bench::new();
    let stage = registry::find("load").unwrap();
    let params = with_defaults(stage, json!({ "dataset": "mnist", "fallback": "synthetic-digits" }));
    let planned = stage.source(&params, &bench.environment).unwrap().unwrap();
    insta::assert_snapshot!(planned.notice.unwrap(), @"`mnist` is not on this machine and will be downloaded; if that fails, `synthetic-digits` stands in for it");
    let digits = json!({ "dataset": "synthetic-digits", "train_count": 60_000, "test_count": 10_000 });
    let digits = stage.source(&with_defaults(stage, digits), &bench.environment).unwrap().unwrap();
    assert_eq!(planned.stand_in, Some(digits.identity));
}

#[test]
fn published_data_is_known_without_its_files_and_own_data_is_not() {
    let bench = Bench::new();
    let stage = registry::find("load").unwrap();
    let foreseen = |params: Value| stage.foreseen(&with_defaults(stage, params)).map(|source| source.identity);
    assert_eq!(foreseen(json!({ "dataset": "mnist" })).unwrap()["dataset"], "mnist");
    assert_eq!(foreseen(json!({ "dataset": "synthetic-digits" })), None);
    assert_eq!(foreseen(json!({ "dataset": "csv", "path": "/a.csv" })), None);
    // An unpacked copy of this one has no published hash: a folder that holds one has to be looked at.
    let folder = bench.path("own/x").parent().unwrap().to_owned();
    assert!(foreseen(json!({ "dataset": "fashion-mnist", "path": folder })).is_some());
    for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        std::fs::write(folder.join(format!("{name}-ubyte")), "").unwrap();
    }
    assert_eq!(foreseen(json!({ "dataset": "fashion-mnist", "path": folder })), None);
}

#[test]
fn a_glance_at_own_files_tells_their_shape_and_classes() {
    use crate::dataset::idx::{encoded, gzipped};
    let bench = Bench::new();
    let stage = registry::find("load").unwrap();
    let facts = |params: Value| {
        let Facts { shape, classes, .. } = stage.check(&with_defaults(stage, params), &BTreeMap::new()).unwrap();
        (shape, classes.map(|classes| classes.join(" ")))
    };
    std::fs::write(bench.path("images"), gzipped(&encoded(&[3, 4, 5], &[0; 60]))).unwrap();
    std::fs::write(bench.path("labels"), encoded(&[3], &[2, 0, 1])).unwrap();
    let idx = json!({ "dataset": "idx", "path": bench.path("images"), "labels": bench.path("labels") });
    assert_eq!(facts(idx), (Some([4, 5, 1]), Some("0 1 2".into())));
    crate::artifact::array::write(&bench.path("a.npy"), &[2, 6], &[0f32; 12]).unwrap();
    let npy = json!({ "dataset": "npy", "path": bench.path("a.npy") });
    assert_eq!(facts(npy.clone()), (Some([1, 1, 6]), Some(String::new())));
    let shaped = json!({ "dataset": "npy", "path": bench.path("a.npy"), "shape": [2, 3, 1] });
    assert_eq!(facts(shaped).0, Some([2, 3, 1]));
    std::fs::write(bench.path("a.csv"), "x,y,kind\n1,2,a\n").unwrap();
    let csv = json!({ "dataset": "csv", "path": bench.path("a.csv"), "label_column": "kind" });
    assert_eq!(facts(csv), (Some([1, 1, 2]), None));
    let picture = |name: &str, color: [u8; 3]| {
        image::RgbImage::from_pixel(6, 5, image::Rgb(color)).save(bench.path(name)).unwrap();
    };
    let images = json!({ "dataset": "images", "path": bench.path("pets") });
    image::GrayImage::new(6, 5).save(bench.path("pets/cat/1.png")).unwrap();
    assert_eq!(facts(images.clone()), (Some([5, 6, 1]), Some("cat".into())));
    // Only all its pixels would tell whether this one is gray.
    picture("pets/dog/1.png", [7; 3]);
    assert_eq!(facts(images.clone()), (None, Some("cat dog".into())));
    picture("pets/dog/1.png", [7, 8, 9]);
    assert_eq!(facts(images), (Some([5, 6, 3]), Some("cat dog".into())));
}

#[test]
fn what_a_glance_finds_wrong_is_said_of_the_param_that_names_the_file() {
    use crate::dataset::idx::encoded;
    let bench = Bench::new();
    let stage = registry::find("load").unwrap();
    std::fs::write(bench.path("images"), encoded(&[2, 2, 2], &[0; 8])).unwrap();
    std::fs::write(bench.path("wide"), encoded(&[2, 2, 3], &[0; 12])).unwrap();
    std::fs::write(bench.path("labels"), encoded(&[3], &[0, 1, 2])).unwrap();
    let problem = |mut params: Value| {
        for (_, value) in params.as_object_mut().unwrap() {
            *value = bench.path(value.as_str().unwrap()).to_str().unwrap().into();
        }
        params["dataset"] = "idx".into();
        let problems = stage.check(&with_defaults(stage, params), &BTreeMap::new()).unwrap_err();
        let text = problems.iter().map(|problem| format!("{}: {}", problem.param, problem.message)).collect::<String>();
        text.replace(&bench.directory.path().display().to_string(), "TMP")
    };
    insta::assert_snapshot!(problem(json!({ "path": "none" })), @"path: TMP/none does not exist");
    insta::assert_snapshot!(problem(json!({ "path": "labels" })), @"path: TMP/labels holds one number a sample: labels, not images");
    insta::assert_snapshot!(problem(json!({ "path": "images", "labels": "none" })), @"labels: TMP/none does not exist");
    insta::assert_snapshot!(problem(json!({ "path": "images", "labels": "labels" })), @"labels: the train part has 2 samples but 3 labels");
    insta::assert_snapshot!(problem(json!({ "path": "images", "test_path": "wide" })), @"test_path: training samples have shape [2, 2, 1], test samples [2, 3, 1]");
    insta::assert_snapshot!(problem(json!({ "path": "images", "test_path": "images", "test_labels": "images" })), @"test_labels: TMP/images has shape [2, 2, 2]: images, not labels");
}

#[test]
fn a_home_folders_tilde_is_not_expanded() {
    let bench = Bench::new();
    let params = json!({ "dataset": "csv", "path": bench.path("~/x.csv"), "label_column": "kind" });
    insta::assert_snapshot!(bench.fails("load", params, None), @r"
    TMP/~/x.csv does not exist
    help: `~` is not expanded in a path: write the home folder's name in full
    ");
}

#[test]
fn a_validation_of_zero_makes_no_validation_split() {
    let bench = Bench::new();
    let loaded = bench.digits(50, 20);
    for from in ["first", "last", "random"] {
        let split = bench.run("split", json!({ "validation": 0.0, "from": from }), Some(&loaded)).unwrap().0;
        assert_eq!(counts(&open(&split)), [("test".into(), 20), ("train".into(), 50)]);
    }
    let stage = registry::find("split").unwrap();
    assert!(!stage.draws_random(&with_defaults(stage, json!({ "validation": 0.0, "from": "random" }))));
}

#[test]
fn noise_stays_within_each_channels_own_bounds() {
    let bench = Bench::new();
    for (class, [red, green, blue]) in [("dark", [1, 100, 7]), ("light", [254, 200, 7])] {
        let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([red, green, blue]));
        picture.save(bench.path(&format!("colors/{class}/1.png"))).unwrap();
    }
    let params = json!({ "dataset": "images", "path": bench.path("colors"), "test_fraction": 0.0 });
    let loaded = bench.run("load", params, None).unwrap().0;
    let spoilt = |normalize: Value, kind: &str| {
        let normalized = bench.run("normalize", normalize, Some(&loaded)).unwrap().0;
        let noisy = bench.run("noise", json!({ "kind": kind, "amount": 1.0 }), Some(&normalized)).unwrap().0;
        let train = open(&noisy).split("train").unwrap();
        let mut values = vec![f32::NAN; 2 * 8 * 8 * 3];
        train.gather_inputs(&[0, 1], 0, &mut values);
        let clean = gathered(&open(&noisy), "train", &[0, 1]);
        (values, clean)
    };
    for mode in ["range", "standardize"] {
        let (values, clean) = spoilt(json!({ "mode": mode, "per_channel": true }), "salt-and-pepper");
        for (value, channel) in values.iter().zip((0..3).cycle()) {
            // The two pictures are the least and the greatest of every channel.
            assert!([clean[channel], clean[8 * 8 * 3 + channel]].contains(value), "{mode}: {value} in {channel}");
        }
    }
    let (values, _) = spoilt(json!({ "per_channel": true }), "gaussian");
    assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
}

#[test]
fn identical_artifacts_come_from_identical_params() {
    let bench = Bench::new();
    let bytes =
        |input: &Input| -> Vec<Vec<u8>> { input.files.values().map(|path| std::fs::read(path).unwrap()).collect() };
    let twice = [bench.digits(30, 10), bench.digits(30, 10)];
    assert_eq!(bytes(&twice[0]), bytes(&twice[1]));
    let split = |input| bench.run("split", json!({ "from": "random" }), Some(input)).unwrap().0;
    assert_eq!(bytes(&split(&twice[0])), bytes(&split(&twice[1])));
}

#[test]
fn paths_are_typed_as_paths() {
    let params = &registry::find("load").unwrap().description().params;
    for name in ["path", "labels", "test_path", "test_labels"] {
        assert_eq!(params.iter().find(|param| param.name == name).unwrap().param_type, ParamType::Path);
    }
}

#[test]
fn a_csv_file_becomes_a_data_set_with_a_test_split_of_its_own() {
    let bench = Bench::new();
    let rows: String =
        (0..40).map(|row| format!("{},{},{}\n", row, 100 - row, if row % 2 == 0 { "even" } else { "odd" })).collect();
    std::fs::write(bench.path("a.csv"), format!("up,down,kind\n{rows}")).unwrap();
    let params = json!({ "dataset": "csv", "path": bench.path("a.csv"), "label_column": "kind" });
    let loaded = bench.run("load", params, None).unwrap().0;
    let dataset = open(&loaded);
    assert_eq!(counts(&dataset), [("test".into(), 8), ("train".into(), 32)]);
    assert_eq!((dataset.meta.shape, &dataset.meta.classes), ([1, 1, 2], &vec!["even".to_owned(), "odd".to_owned()]));
    let mut rows = [dataset.rows("train").unwrap(), dataset.rows("test").unwrap()].concat();
    rows.sort_unstable();
    assert_eq!(rows, (0..40).collect::<Vec<_>>());
    let normalized = bench.run("normalize", json!({ "per_channel": true }), Some(&loaded)).unwrap().0;
    let values = gathered(&open(&normalized), "train", &(0..32).collect::<Vec<_>>());
    for column in 0..2 {
        let column: Vec<f32> = values.iter().skip(column).step_by(2).copied().collect();
        let (low, high) = column.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        assert!(low.abs() < 1e-6 && (high - 1.0).abs() < 1e-6, "{low} {high}");
    }
}

#[test]
fn own_files_are_known_by_content_and_not_by_place() {
    let bench = Bench::new();
    let identity = |name: &str, text: &str| {
        std::fs::write(bench.path(name), text).unwrap();
        let stage = registry::find("load").unwrap();
        let params = with_defaults(stage, json!({ "dataset": "csv", "path": bench.path(name) }));
        stage.source(&params, &bench.environment).unwrap().unwrap().identity
    };
    assert_eq!(identity("a.csv", "x\n1\n"), identity("sub/b.csv", "x\n1\n"));
    assert_ne!(identity("a.csv", "x\n1\n"), identity("a.csv", "x\n2\n"));
}

#[test]
fn files_that_do_not_fit_each_other_are_named() {
    use crate::dataset::idx::encoded;
    let bench = Bench::new();
    std::fs::write(bench.path("images"), encoded(&[2, 2, 2], &[0; 8])).unwrap();
    std::fs::write(bench.path("labels"), encoded(&[3], &[0, 1, 2])).unwrap();
    std::fs::write(bench.path("empty"), encoded(&[0, 2, 2], &[])).unwrap();
    let fails = |params: Value| bench.fails("load", params, None);
    insta::assert_snapshot!(fails(json!({ "dataset": "idx", "path": bench.path("images"), "labels": bench.path("labels") })), @r"
    the train part has 2 samples but 3 labels
    help: do the two files belong together?
    ");
    insta::assert_snapshot!(fails(json!({ "dataset": "idx", "path": bench.path("empty") })), @r"
    the train part is empty
    help: check the path and what is in it
    ");
    insta::assert_snapshot!(fails(json!({ "dataset": "npy", "path": bench.path("nowhere/x.npy") })), @r"
    TMP/nowhere/x.npy does not exist
    help: check the path: of it, TMP/nowhere exists
    ");
    insta::assert_snapshot!(fails(json!({ "dataset": "idx", "path": bench.path("images"), "test_path": bench.path("empty") })), @r"
    the test part is empty
    help: check the path and what is in it
    ");
    insta::assert_snapshot!(fails(json!({ "dataset": "idx", "path": bench.path("images"), "test_fraction": 0.1 })), @r"
    a test_fraction of 0.1 leaves 0 of 2 samples for testing
    help: choose a test_fraction that leaves samples on both sides
    ");
}

#[test]
fn a_folder_of_images_becomes_a_data_set() {
    let bench = Bench::new();
    for (class, value) in [("cat", 10), ("dog", 20)] {
        for number in 0..5 {
            let image = image::GrayImage::from_pixel(4, 3, image::Luma([value + number]));
            image.save(bench.path(&format!("pets/{class}/{number}.png"))).unwrap();
        }
    }
    let params = json!({ "dataset": "images", "path": bench.path("pets"), "test_fraction": 0.0 });
    let dataset = open(&bench.run("load", params, None).unwrap().0);
    assert_eq!((counts(&dataset), dataset.meta.shape), (vec![("train".to_owned(), 10)], [3, 4, 1]));
    assert_eq!(gathered(&dataset, "train", &[7]), [22.0; 12]);
}

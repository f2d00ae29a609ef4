//! Where data comes from, and what is said when it does not come.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Bench, counts, gathered, open, with_defaults};
use crate::dataset::samples::Samples;
use crate::kind::{Facts, ParamType};
use crate::stage::registry;

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
fn drawn_digits_may_be_their_own_fallback_so_that_a_param_may_choose_them() {
    let stage = registry::find("load").unwrap();
    let own = with_defaults(stage, json!({ "dataset": "synthetic-digits", "fallback": "synthetic-digits" }));
    assert!(stage.check(&own, &BTreeMap::new()).is_ok());
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

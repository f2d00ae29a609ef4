//! What becomes of a data set on its way to a training, and what is said when that cannot be.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Bench, counts, gathered, open, with_defaults};
use crate::dataset::samples::Samples;
use crate::dataset::{Dataset, NoiseKind};
use crate::kind::ParamProblem;
use crate::stage::{Input, registry};

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
    insta::assert_snapshot!(problem("load", json!({ "dataset": "csv", "path": "x", "fallback": "mnist" })), @"fallback: `fallback` has no meaning for `csv` (leave it out)");
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

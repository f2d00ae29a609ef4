//! The kinds that look at samples as points: what they write, and what is said when they cannot.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Bench, entries};
use crate::artifact::ArtifactType;
use crate::artifact::array::Array;
use crate::embed::latents::{Codes, Latents};
use crate::stage::Input;
use crate::stage::kinds::baseline_pca::open_curve;

/// Codes of three numbers in two groups, which are their classes.
fn latents(bench: &Bench, n: usize) -> Input {
    let wave = |i: usize, j: usize| ((i * 37 + j * 11 + i * j * 7) % 101) as f32 / 100.0;
    let value = |at: usize| wave(at / 3, at % 3) + 5.0 * (at / 3 % 2) as f32;
    let codes = Array::new(&[n, 3], (0..n * 3).map(value).collect()).unwrap();
    let labels = Array::new(&[n], (0..n as u32).map(|i| i % 2).collect());
    let splits = BTreeMap::from([("test".to_owned(), Codes { codes, labels })]);
    let latents = Latents { dim: 3, classes: vec!["even".into(), "odd".into()], image_shape: [8, 8, 1], splits };
    let directory = bench.directory.path().join("latents");
    std::fs::create_dir_all(&directory).unwrap();
    latents.save(|name| Ok::<_, io::Error>(directory.join(name))).unwrap();
    Input { artifact_type: ArtifactType::Latents, stage: "latents".into(), files: entries(&directory) }
}

fn read_json(path: &PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn pca_places_codes_and_says_how_much_it_shows() {
    let bench = Bench::new();
    let (Input { files, .. }, outcome) = bench.run("pca", json!({}), Some(&latents(&bench, 60))).unwrap();
    assert_eq!(Array::<f32>::open(&files["points.npy"]).unwrap().shape(), [60, 2]);
    assert_eq!(Array::<u32>::open(&files["labels.npy"]).unwrap().len(), 60);
    let header = read_json(&files["embedding.json"]);
    assert_eq!((&header["method"], &header["split"]), (&json!("pca"), &json!("test")));
    assert_eq!(header["classes"], json!(["even", "odd"]));
    let ratios = &outcome.series["explained_variance_ratio"];
    assert!((ratios.iter().sum::<f64>() - 1.0).abs() < 1e-12 && ratios.len() == 3);
    assert!((outcome.metrics["explained_variance"] - ratios[0] - ratios[1]).abs() < 1e-12);
    assert_eq!(outcome.metrics["dimensions_95"], 1.0);
    assert_eq!(header["axes"][0], json!(format!("PC 1 ({:.1} % of variance)", 100.0 * ratios[0])));
}

#[test]
fn tsne_places_the_first_samples_and_lowers_a_perplexity_they_cannot_fill() {
    let bench = Bench::with_threads(2);
    let params = json!({ "samples": 40, "iterations": 120 });
    let (Input { files, .. }, outcome) = bench.run("tsne", params, Some(&latents(&bench, 60))).unwrap();
    assert_eq!(Array::<f32>::open(&files["points.npy"]).unwrap().shape(), [40, 2]);
    assert_eq!(Array::<u32>::open(&files["labels.npy"]).unwrap().len(), 40);
    assert!(outcome.metrics["trustworthiness"] > 0.5);
    assert_eq!(outcome.series["kl"].last(), Some(&outcome.metrics["kl_divergence"]));
    insta::assert_snapshot!(outcome.warnings[0], @"t-SNE: perplexity 13.0 instead of 30, because there are only 40 samples");
}

#[test]
fn tsne_of_pixels_projects_them_first() {
    let bench = Bench::new();
    let digits = bench.digits(20, 30);
    let (Input { files, .. }, _) = bench.run("tsne", json!({ "iterations": 20 }), Some(&digits)).unwrap();
    assert_eq!(Array::<f32>::open(&files["points.npy"]).unwrap().shape(), [30, 2]);
}

#[test]
fn clusters_are_held_against_the_classes() {
    let bench = Bench::new();
    let (Input { files, .. }, outcome) = bench.run("kmeans", json!({ "k": 2 }), Some(&latents(&bench, 60))).unwrap();
    assert_eq!((outcome.metrics["nmi"], outcome.metrics["purity"]), (1.0, 1.0));
    assert!(outcome.metrics["inertia"] > 0.0);
    assert_eq!(Array::<f32>::open(&files["centers.npy"]).unwrap().shape(), [2, 3]);
    let table = std::fs::read_to_string(&files["table.csv"]).unwrap();
    let mut lines: Vec<&str> = table.lines().collect();
    lines[1..].sort_unstable_by_key(|line| line.len());
    assert_eq!(lines[0], "cluster,size,even,odd");
    assert!(table.contains(",30,30,0") && table.contains(",30,0,30"), "{table}");
    assert_eq!(read_json(&files["clusters.json"])["k"], json!(2));
}

#[test]
fn the_baseline_falls_from_the_constant_mean_with_every_component() {
    let bench = Bench::new();
    let digits = bench.digits(120, 40);
    let (baseline, outcome) = bench.run("baseline-pca", json!({ "limit": 20 }), Some(&digits)).unwrap();
    let header = read_json(&baseline.files["baseline.json"]);
    let errors = open_curve(&baseline).unwrap();
    assert_eq!((errors.len(), errors[0]), (21, outcome.metrics["constant_mse"]));
    assert!(errors.windows(2).all(|pair| pair[1] <= pair[0]) && errors[20] < 0.7 * errors[0]);
    assert_eq!((&header["dimensions"], &header["split"]), (&json!(20), &json!("test")));
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    let (one, two) = (Bench::new(), Bench::with_threads(2));
    for (kind, params) in [("pca", json!({})), ("tsne", json!({ "iterations": 60 })), ("kmeans", json!({ "k": 5 }))] {
        let (first, said) = one.run(kind, params.clone(), Some(&latents(&one, 300))).unwrap();
        let (second, also) = two.run(kind, params, Some(&latents(&two, 300))).unwrap();
        assert_eq!(said, also);
        for (name, path) in first.files {
            assert_eq!(std::fs::read(path).unwrap(), std::fs::read(&second.files[&name]).unwrap(), "{kind}: {name}");
        }
    }
}

#[test]
fn a_split_that_is_not_there_is_named_with_those_that_are() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.fails("pca", json!({ "split": "validation" }), Some(&latents(&bench, 9))), @r"
    `latents` has no validation split
    help: set `split` to one it has: `test`
    ");
}

#[test]
fn too_many_clusters_are_refused() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.fails("kmeans", json!({ "k": 10 }), Some(&latents(&bench, 9))), @r"
    `k` asks for 10 clusters of the 9 test samples
    help: set `k` to at most 9, or cluster more samples
    ");
}

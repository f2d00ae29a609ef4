//! The experiments that come with the program: all can be planned, and reports show what their readers look for. On
//! drawn digits, and on a machine without data and without a network.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{Launch, Project, list, text};
use serde_json::Value;

/// A project with the files that are shipped.
fn shipped() -> Project {
    let project = Project::new();
    for folder in ["pipelines", "experiments"] {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            project.write(&name, std::fs::read(path).unwrap());
        }
    }
    project
}

/// `pipeline run` of a shipped experiment, which must end well.
fn run(project: &Project, experiment: &str, arguments: &[&str]) -> Launch {
    let file = format!("experiments/{experiment}.toml");
    let launch = Launch::new(project.call(&[&["run", &file, "--json"], arguments].concat()));
    assert_eq!(launch.code, 0, "{experiment}: {}", launch.stderr);
    launch
}

/// What the page of the newest run shows: ids of its sections, and its text.
fn page(project: &Project) -> (BTreeSet<String>, String) {
    let html = std::fs::read_to_string(text(&project.json(&["show", "latest"])["report"])).unwrap();
    let starts = html.split("<section id=\"").skip(1);
    (starts.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect(), html)
}

fn metric(project: &Project, name: &str) -> f64 {
    let shown = project.json(&["show", "latest"]);
    shown["metrics"][name].as_f64().unwrap_or_else(|| panic!("{name} is in {}", shown["metrics"]))
}

#[test]
fn every_experiment_can_be_planned_without_data_and_network() {
    let project = shipped();
    let mut names: Vec<String> = std::fs::read_dir(project.path("experiments"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 12, "{names:?}");
    for name in names {
        let plan = project.json(&["plan", &format!("experiments/{name}")]);
        assert!(list(&plan["stages"]).iter().all(|stage| stage["status"] != "cached"), "{name}");
        assert!(!list(&plan["stages"]).is_empty(), "{name}");
    }
}

#[test]
fn what_experiments_offer_besides_can_be_planned() {
    let project = shipped();
    for (experiment, options) in [
        ("conv", &["latent_dim=128"][..]),
        ("conv", &["norm=batchnorm", "dropout=0.2"]),
        ("conv", &["loss=ssim"]),
        ("bce64", &["noise_amount=0.3"]),
        ("bce64", &["dataset=fashion-mnist"]),
        ("bce64", &["dataset=cifar10", "fallback=none"]),
        ("dense64", &["noise=masking", "noise_amount=0.5"]),
    ] {
        let file = format!("experiments/{experiment}.toml");
        let set = options.iter().flat_map(|option| ["--set", option]);
        let plan = project.json(&["plan", &file].into_iter().chain(set).collect::<Vec<_>>());
        assert_eq!(plan["runs"], 1, "{experiment} {options:?}");
    }
}

/// Little of everything: the first digits, one epoch, few points.
const LITTLE: [&str; 6] = ["--set", "dataset=synthetic-digits", "--set", "epochs=1", "--set", "tsne_samples=100"];

#[test]
fn reports_of_single_models_show_what_is_asked_of_them() {
    let project = shipped();
    let few = ["--set", "train_samples=300", "--set", "test_samples=200"];
    let look = |experiment: &str, arguments: &[&str], sections: &[&str]| {
        run(&project, experiment, &[&LITTLE[..], arguments].concat());
        let (found, html) = page(&project);
        for section in sections {
            assert!(found.contains(*section), "{experiment} shows {section}: {found:?}");
        }
        html
    };

    let html = look(
        "feature_extraction",
        &[&few[..], &["--set", "classifier_epochs=1"]].concat(),
        &[
            "data",
            "training-autoencoder",
            "classifier-classifier",
            "latent-space",
            "predictions-predictions",
            "metrics",
        ],
    );
    assert!(html.contains("embedding-tsne.png") && html.contains("predictions-predictions-1.png"));
    assert!(metric(&project, "classifier.test_accuracy") > 0.0);

    let html = look(
        "deep_dense",
        &[],
        &["training-autoencoder", "reconstructions-evaluate", "errors-evaluate", "anomaly-anomaly", "latent-space"],
    );
    assert!(html.contains("embedding-tsne.png") && html.contains("embedding-pca.png"));
    assert!(metric(&project, "evaluate.bce") < 0.7 && metric(&project, "anomaly.auroc") > 0.0);

    let html = look("conv", &few, &["layers", "training-autoencoder", "reconstructions-evaluate"]);
    assert!(html.contains("479\u{202f}105 trainable parameters"));
    let files = project.artifact_files();
    let model = std::fs::read(text(&files["autoencoder.model/model.json"]["path"])).unwrap();
    let model: Value = serde_json::from_slice(&model).unwrap();
    let parameters = |part: &str| {
        let layers = list(&model["layers"]).iter().filter(|layer| layer["part"] == part);
        layers.map(|layer| layer["parameters"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((parameters("encoder"), parameters("decoder")), (219_584, 259_521));
    for part in ["encoder", "decoder", "autoencoder"] {
        assert!(files.contains_key(&format!("autoencoder.model/{part}.safetensors")), "{part} is saved");
    }

    let html = look("bce64", &[], &["training-autoencoder", "reconstructions-evaluate", "clusters-clusters"]);
    assert!(html.contains("pixels on the same side of 0.5"), "pixel accuracy is defined");
    assert!(metric(&project, "evaluate.pixel_accuracy") > 0.5);
    assert!((metric(&project, "evaluate.compression_ratio") - 12.25).abs() < 1e-9, "784 numbers for 64");

    look("dense64", &[], &["reconstructions-evaluate", "reconstructions-denoised", "anomaly-anomaly"]);
}

#[test]
fn the_main_experiment_runs_without_data_and_network_and_says_with_what() {
    let project = shipped();
    let little = ["epochs=1", "train_samples=200", "test_samples=100", "tsne_samples=100", "probe_epochs=1"];
    let set: Vec<&str> = little.iter().flat_map(|set| ["--set", set]).collect();
    let arguments = [&set[..], &["--repeats", "1"]].concat();
    let launch = run(&project, "dense_vs_conv", &arguments);
    assert_eq!(launch.named("run_finished").filter(|run| run["status"] == "executed").count(), 6);
    assert!(launch.stderr.contains("fallback: `mnist` was not available"), "{}", launch.stderr);
    let html = std::fs::read_to_string(text(&launch.last()["report"])).unwrap();
    let body = &html[html.find("<body").unwrap()..];
    let said = body.find("was not available").expect("the page says what it is of");
    assert!(said < body.find("<h2").unwrap(), "before anything else");
    assert_eq!(run(&project, "dense_vs_conv", &arguments).count("executed"), 0);
}

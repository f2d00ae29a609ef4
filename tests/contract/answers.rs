//! What is answered about plans, runs and artifacts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::common::{EXPERIMENT, PIPELINE, Project, STAGES, list, set, text};
use crate::{METRICS, keys};

/// Stages that complete the list of metrics with fixed names.
const MORE: &str = r#"
[stages.tsne]
uses = "tsne"
inputs = { data = "latents" }
iterations = 20

[stages.clusters]
uses = "kmeans"
inputs = { data = "latents" }
starts = 1

[stages.anomaly]
uses = "anomaly"
inputs = { model = "autoencoder", dataset = "split" }

[stages.report]
uses = "report"
inputs = ["load", "clusters"]
"#;

fn more() -> String {
    format!("{PIPELINE}{MORE}")
}

#[test]
fn a_dry_run_is_told_in_one_line() {
    let project = Project::new();
    let called = project.call(&["run", EXPERIMENT, "--dry-run", "--json"]);
    let lines: Vec<&str> = called.stdout.lines().collect();
    assert_eq!((called.code, lines.len()), (0, 1), "{}", called.stderr);
    let planned: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(keys(&planned), set(["event", "experiment", "runs", "stages", "time", "variants"]));
    assert_eq!(planned["stages"], project.json(&["plan", EXPERIMENT])["stages"]);
}

#[test]
fn artifacts_that_were_deleted_are_marked() {
    let project = Project::new();
    project.run(&[]);
    let shown =
        || (project.call(&["show", "latest", "--artifacts"]).stdout, project.json(&["show", "latest", "--artifacts"]));
    let files = |artifacts: &Value| -> Vec<Value> {
        list(artifacts).iter().flat_map(|own| list(&own["files"]).to_vec()).collect()
    };
    let (words, artifacts) = shown();
    assert!(!words.contains("not in the cache") && files(&artifacts).iter().all(|file| file.get("present").is_none()));
    std::fs::remove_dir_all(project.path("cache/blobs")).unwrap();
    let (words, artifacts) = shown();
    assert!(words.lines().skip(1).all(|line| line.ends_with("(not in the cache any more: run it again)")), "{words}");
    assert!(files(&artifacts).iter().all(|file| file["present"] == false));
}

#[test]
fn a_plan_has_the_promised_fields() {
    let project = Project::new();
    let plan = project.json(&["plan", EXPERIMENT, "--sweep", "latent=3,4", "--repeats", "2"]);
    assert_eq!(keys(&plan), set(["experiment", "runs", "stages", "variants"]));
    assert_eq!((&plan["variants"], &plan["runs"]), (&json!(2), &json!(4)));
    for stage in list(&plan["stages"]) {
        assert_eq!(keys(stage), set(["kind", "needs", "reasons", "stage", "status", "variant"]));
        assert!(["cached", "will run", "depends"].contains(&text(&stage["status"])));
        for reason in list(&stage["reasons"]) {
            assert_eq!(keys(reason), set(["now", "was", "what"]));
        }
    }
    let names: BTreeSet<&str> = list(&plan["stages"]).iter().map(|stage| text(&stage["stage"])).collect();
    assert_eq!(names, set(STAGES));
}

#[test]
fn runs_are_listed_with_the_promised_fields_and_metrics() {
    let project = Project::with_pipeline(&more());
    project.write(EXPERIMENT, "pipeline = \"../pipelines/tiny.toml\"\ntags = [\"small\"]\n");
    let launch = project.run(&["--repeats", "2"]);
    let runs = project.json(&["runs"]);
    assert_eq!(list(&runs).len(), 2);
    for run in list(&runs) {
        let fields = [
            "archived",
            "experiment",
            "id",
            "launch",
            "metrics",
            "note",
            "params",
            "seconds",
            "seed",
            "started",
            "status",
            "tags",
            "variant",
        ];
        assert_eq!(keys(run), set(fields));
        for name in METRICS {
            assert!(run["metrics"][name].is_f64(), "{name}: {}", run["metrics"]);
        }
        assert_eq!(run["params"], json!({ "latent": 4, "epochs": 2, "classifier_epochs": 1 }));
        assert_eq!((&run["status"], &run["tags"]), (&json!("executed"), &json!(["small"])));
        assert_eq!(run["launch"], launch.last()["launch"]);
        let told = launch.named("run_finished").find(|event| event["run"] == run["id"]).expect("the run was told");
        assert_eq!((&told["metrics"], &told["seed"]), (&run["metrics"], &run["seed"]));
    }
    let seeds: BTreeSet<u64> = list(&runs).iter().filter_map(|run| run["seed"].as_u64()).collect();
    assert_eq!(seeds.len(), 2);
    assert_eq!(list(&project.json(&["runs", "--status", "failed"])).len(), 0);
}

#[test]
fn a_run_is_shown_with_its_series() {
    let project = Project::new();
    project.run(&["--set", "epochs=3"]);
    let shown = project.json(&["show", "latest"]);
    for name in ["train_loss", "val_loss"] {
        let points = list(&shown["series"][format!("autoencoder.{name}")]);
        assert_eq!(points.len(), 3);
        assert_eq!(points[2], shown["metrics"][format!("autoencoder.{name}")]);
    }
    let id = text(&shown["id"]);
    assert_eq!(project.json(&["show", &id[..6]]), shown);
}

#[test]
fn artifacts_are_files_that_any_program_can_open() {
    let project = Project::with_pipeline(&more());
    project.run(&[]);
    let files = project.artifact_files();
    let mut extensions = BTreeMap::new();
    for (name, file) in &files {
        assert_eq!(keys(file), set(["blake3", "bytes", "name", "path"]));
        let bytes = std::fs::read(text(&file["path"])).unwrap();
        assert_eq!(bytes.len() as u64, file["bytes"].as_u64().unwrap(), "{name}");
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), text(&file["blake3"]), "{name}");
        let (_, extension) = name.rsplit_once('.').unwrap();
        assert!(text(&file["path"]).ends_with(&format!(".{extension}")), "{name} can be opened by its name");
        let fits = match extension {
            "npy" => bytes.starts_with(b"\x93NUMPY\x01\x00"),
            "png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            "safetensors" => {
                serde_json::from_slice::<Value>(&bytes[8..8 + usize::from(bytes[0]) + 256 * usize::from(bytes[1])])
                    .is_ok()
            }
            "csv" => bytes.split(|byte| *byte == b'\n').next().is_some_and(|header| header.contains(&b',')),
            "json" => serde_json::from_slice::<Value>(&bytes).is_ok(),
            other => panic!("{name}: {other} is not a promised format"),
        };
        assert!(fits, "{name}");
        *extensions.entry(extension).or_insert(0) += 1;
    }
    assert_eq!(extensions.into_keys().collect::<BTreeSet<_>>(), set(["csv", "json", "npy", "png", "safetensors"]));
    let weights = |part: &str| files.contains_key(&format!("autoencoder.model/{part}.safetensors"));
    assert!(weights("encoder") && weights("decoder") && weights("autoencoder"));
    let all = project.json(&["show", "latest", "--artifacts"]);
    assert!(list(&all).iter().all(|artifact| keys(artifact) == set(["files", "port", "stage", "type"])));
}

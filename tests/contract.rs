//! What scripts rely on: exit codes, and the fields of everything said in JSON.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Called, DIGITS, EXPERIMENT, Launch, PIPELINE, Project, STAGES, list, set, text};
use serde_json::{Value, json};

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

/// Metrics that scripts may rely on, by their names.
const METRICS: [&str; 14] = [
    "autoencoder.train_loss",
    "autoencoder.val_loss",
    "autoencoder.parameters",
    "evaluate.mse",
    "evaluate.bce",
    "evaluate.ssim",
    "evaluate.pixel_accuracy",
    "classifier.train_accuracy",
    "classifier.test_accuracy",
    "classifier.macro_f1",
    "tsne.kl_divergence",
    "tsne.trustworthiness",
    "anomaly.auroc",
    "clusters.nmi",
];

/// A training that cannot go well, beside one that can.
const DIVERGING: &str = r#"
[stages.diverging]
uses = "train-autoencoder"
inputs = { dataset = "split" }
encoder = ["dense 16 relu", "dense 4"]
decoder = ["dense 784", "reshape 28x28x1"]
loss = "mse"
optimizer = "sgd"
learning_rate = 100.0
batch_size = 10
output_bias = "zero"

[stages.errors]
uses = "evaluate"
inputs = { model = "diverging", dataset = "split" }
"#;

fn more() -> String {
    format!("{PIPELINE}{MORE}")
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap_or_else(|| panic!("an object: {object}")).keys().map(String::as_str).collect()
}

fn position(launch: &Launch, event: &str, stage: &str) -> usize {
    let wanted = |object: &Value| object["event"] == event && object["stage"] == stage;
    launch.events.iter().position(wanted).unwrap_or_else(|| panic!("{event} of {stage}"))
}

#[test]
fn events_have_the_promised_fields() {
    let project = Project::new();
    let launch = project.run(&["--sweep", "latent=3,4"]);
    let of_a_stage = ["event", "fingerprint", "kind", "stage", "time", "variant"];
    let with = |more: &[&'static str]| -> BTreeSet<&str> { of_a_stage.iter().chain(more).copied().collect() };
    for event in &launch.events {
        let time = text(&event["time"]);
        assert!(time.ends_with('Z') && time.contains('T'), "{time}");
        let expected = match text(&event["event"]) {
            "launch_started" => set(["event", "experiment", "launch", "runs", "stages", "time"]),
            "stage_started" => with(&[]),
            "stage_progress" if event.get("metrics").is_some() => with(&["done", "metrics", "total", "unit"]),
            "stage_progress" => with(&["done", "total", "unit"]),
            "stage_finished" => with(&["reasons", "seconds", "status"]),
            "run_finished" => set(["event", "metrics", "run", "seed", "status", "time", "variant"]),
            "launch_finished" => {
                set(["cached", "event", "executed", "failed", "launch", "report", "seconds", "skipped", "time"])
            }
            other => panic!("{other} is not a promised event"),
        };
        assert_eq!(keys(event), expected, "{event}");
    }
    let started = &launch.events[0];
    assert_eq!(started["event"], "launch_started");
    assert_eq!((&started["experiment"], &started["runs"], &started["stages"]), (&json!("tiny"), &json!(2), &json!(15)));
    assert_eq!(started["launch"], launch.last()["launch"]);
    assert!(project.path(text(&launch.last()["report"])).is_file());
    let variants: Vec<&Value> = launch.named("run_finished").map(|run| &run["variant"]).collect();
    assert!(variants.contains(&&json!({ "latent": 3 })) && variants.contains(&&json!({ "latent": 4 })));
    assert_eq!(launch.finished("load")["variant"], json!({}));
}

#[test]
fn the_page_for_scripts_names_every_event_field_and_fixed_metric() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let (events, answers) = page.split_once("## Answers").expect("a part on events and one on answers");
    let named = |part: &str, name: &str| assert!(part.contains(&format!("`{name}`")), "`{name}` is not on the page");
    let project = Project::with_pipeline(&format!("{PIPELINE}{DIVERGING}"));
    let launch = project.launch(&["--keep-going"]);
    for event in &launch.events {
        named(events, text(&event["event"]));
        keys(event).into_iter().for_each(|field| named(events, field));
        event.get("status").into_iter().for_each(|status| named(events, text(status)));
    }
    METRICS.into_iter().chain(["launch_grown", "planned"]).for_each(|name| named(events, name));
    let plan = project.json(&["plan", EXPERIMENT]);
    let (runs, artifacts) = (project.json(&["runs"]), project.json(&["show", "latest", "--artifacts"]));
    for object in [&plan, &plan["stages"][0], &runs[0], &artifacts[0], &artifacts[0]["files"][0]] {
        keys(object).into_iter().for_each(|field| named(answers, field));
    }
}

#[test]
fn events_come_in_the_order_of_the_work() {
    let project = Project::new();
    let plan = project.json(&["plan", EXPERIMENT]);
    let launch = project.run(&[]);
    for planned in list(&plan["stages"]) {
        let stage = text(&planned["stage"]);
        let began = position(&launch, "stage_started", stage);
        assert!(began < position(&launch, "stage_finished", stage));
        for need in list(&planned["needs"]) {
            assert!(position(&launch, "stage_finished", text(need)) < began, "{stage} waits for {need}");
        }
    }
    let names: Vec<&str> = launch.events.iter().map(|event| text(&event["event"])).collect();
    assert_eq!(names[0], "launch_started");
    assert_eq!(names[names.len() - 2..], ["run_finished", "launch_finished"]);
    let times: Vec<&str> = launch.events.iter().map(|event| text(&event["time"])).collect();
    assert!(times.is_sorted());
    let epochs: Vec<&Value> = launch.named("stage_progress").filter(|event| event["stage"] == "autoencoder").collect();
    assert_eq!(epochs.len(), 2);
    assert_eq!((&epochs[1]["done"], &epochs[1]["total"], &epochs[1]["unit"]), (&json!(2), &json!(2), &json!("epoch")));
    // A stage that fails on the way keeps the series it told of, under the names that a finished one has.
    let series = &project.json(&["show", "latest"])["series"];
    for event in launch.named("stage_progress").filter(|event| event["unit"] == "epoch") {
        for name in keys(&event["metrics"]) {
            let name = format!("{}.{name}", text(&event["stage"]));
            assert!(keys(series).contains(&*name), "{name} is not in {series}");
        }
    }
}

#[test]
fn a_cached_stage_is_told_without_reasons() {
    let project = Project::new();
    project.run(&[]);
    let launch = project.run(&[]);
    assert!(launch.named("stage_finished").all(|event| event["status"] == "cached" && event.get("reasons").is_none()));
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
fn a_trace_tells_of_every_look_into_the_cache_and_nothing_is_traced_unasked() {
    let project = Project::new();
    let traced = |filter: Option<&str>| {
        let mut command = project.command(&["run", EXPERIMENT, "--quiet"]);
        command.env("PIPELINE_LOG", filter.unwrap_or_default());
        let called = Called::new(command.output().unwrap());
        assert_eq!((called.code, called.stdout.as_str()), (0, ""), "{}", called.stderr);
        called.stderr
    };
    let first = traced(Some("debug"));
    let count = |text: &str, said: &str| text.matches(said).count();
    assert!(count(&first, "cache miss: no record") >= STAGES.len(), "{first}");
    for said in [
        "file read",
        "planned",
        "executing",
        "blob written",
        "record written",
        "run log written",
        "stage{name=\"load\"",
    ] {
        assert!(first.contains(said), "{said}:\n{first}");
    }
    let second = traced(Some("pipeline::artifact=debug"));
    assert_eq!((count(&second, "cache hit"), count(&second, "cache miss")), (STAGES.len(), 0), "{second}");
    assert!(!second.contains("planned"));
    assert!(!traced(None).contains("pipeline::"), "notices alone are told");
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

#[cfg(target_os = "linux")]
#[test]
fn events_that_cannot_be_written_are_missed_aloud_and_the_launch_goes_on() {
    let project = Project::new();
    let full = std::fs::File::create("/dev/full").unwrap();
    let called = Called::new(project.command(&["run", EXPERIMENT, "--json"]).stdout(full).output().unwrap());
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert_eq!(called.stderr.matches("warning: no more events are told").count(), 1, "{}", called.stderr);
    assert_eq!(project.run(&[]).count("executed"), 0);
}

#[cfg(unix)]
#[test]
fn reports_are_for_whom_the_umask_lets_read() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    let run = project.command(&["run", "--quiet", EXPERIMENT, "--only", "load"]);
    for (umask, mode) in [("077", 0o600), ("002", 0o664)] {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\" --reports-dir {umask}")]).arg(run.get_program());
        shell.args(run.get_args()).current_dir(project.root());
        assert!(shell.status().unwrap().success());
        let page = project.path(&format!("{umask}/tiny.html"));
        assert_eq!(page.metadata().unwrap().permissions().mode() & 0o777, mode);
    }
}

#[test]
fn exit_codes_tell_what_happened() {
    let project = Project::with_pipeline(&format!("{PIPELINE}{DIVERGING}"));
    let code = |arguments: &[&str]| project.call(arguments).code;
    assert_eq!(code(&["run", EXPERIMENT, "--only", "load"]), 0);
    assert_eq!(code(&["plan", EXPERIMENT]), 0);
    assert_eq!(code(&["run", EXPERIMENT]), 1);
    assert_eq!(code(&["runs"]), 0);
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&["run"]), 2);
    assert_eq!(code(&["launch"]), 2);
    assert_eq!(code(&["run", EXPERIMENT, "--jobs", "0"]), 2);
    assert_eq!(code(&["show", "nothing"]), 2);
    assert_eq!(code(&["stages", "nothing"]), 2);
    assert_eq!(code(&["run", EXPERIMENT, "--set", "epochs=0"]), 3);
    assert_eq!(code(&["plan", EXPERIMENT, "--set", "epochs=many"]), 3);
    project.write("runs.sqlite", "not a database, but long enough to be taken for one by a hasty reader\n".repeat(20));
    assert_eq!(code(&["runs"]), 4);
    project.write("file", "");
    assert_eq!(code(&["run", EXPERIMENT, "--cache-dir", "file"]), 2);
}

#[test]
fn a_place_where_no_reports_can_be_written_is_refused_before_anything_runs() {
    let project = Project::new();
    project.write("file", "");
    let places = ["file", "file/deeper"].into_iter().chain(cfg!(target_os = "linux").then_some("/proc/reports"));
    for place in places {
        let called = project.call(&["run", EXPERIMENT, "--json", "--reports-dir", place]);
        assert_eq!((called.code, called.stdout.as_str()), (2, ""), "{place}: {}", called.stderr);
        assert!(
            called.stderr.contains("cannot write reports to ") && called.stderr.contains("help: "),
            "{}",
            called.stderr
        );
        assert!(!project.path("cache").exists(), "{place}");
    }
    assert_eq!(project.call(&["run", EXPERIMENT, "--only", "load", "--reports-dir", "deep/er"]).code, 0);
    assert!(project.path("deep/er/tiny.html").is_file());
}

#[test]
fn a_failure_keeps_what_is_done_and_keep_going_completes_the_rest() {
    let project = Project::with_pipeline(&format!("{PIPELINE}{DIVERGING}"));
    let launch = project.launch(&["--keep-going"]);
    assert_eq!(launch.code, 1);
    assert_eq!(launch.stages("failed"), set(["diverging"]));
    assert_eq!(launch.stages("skipped"), set(["diverging.baseline", "errors"]));
    assert_eq!(launch.stages("executed"), set(STAGES));
    assert_eq!((launch.count("executed"), launch.count("failed"), launch.count("skipped")), (10, 1, 2));
    let error = text(&launch.finished("diverging")["error"]);
    assert!(error.contains("epoch 1"), "{error}");
    assert!(launch.stderr.contains(error.lines().next().unwrap()), "{}", launch.stderr);
    let run = &project.json(&["runs"])[0];
    assert_eq!(run["status"], "failed");
    assert!(run["metrics"]["evaluate.mse"].is_f64());

    let again = project.launch(&[]);
    assert_eq!((again.code, again.count("executed"), again.count("failed")), (1, 0, 1));
}

#[test]
fn a_fallback_is_announced_and_stands_at_the_top_of_the_report() {
    let mnist = PIPELINE.replace(DIGITS, "dataset = \"mnist\"\nfallback = \"synthetic-digits\"\n");
    let project = Project::with_pipeline(&mnist);
    for _ in 0..2 {
        let launch = project.run(&[]);
        assert_eq!(launch.stderr.matches("fallback: `mnist`").count(), 1, "{}", launch.stderr);
        let shown = project.json(&["show", "latest"]);
        let html = std::fs::read_to_string(text(&shown["report"])).unwrap();
        let overview = std::fs::read_to_string(text(&launch.last()["report"])).unwrap();
        for page in [html, overview] {
            let body = &page[page.find("<body").unwrap()..];
            let said = body.find("was not available").expect("the page says that it is of the fallback");
            let content = body.find("<h2").unwrap_or(body.len());
            assert!(said < content, "before anything else");
        }
    }
    let shown = project.call(&["show", "latest"]);
    assert!(shown.stdout.contains("fallback: `mnist`"), "{}", shown.stdout);
}

#[test]
fn a_data_set_out_of_reach_without_a_fallback_fails_with_what_to_do() {
    let project = Project::with_pipeline(&PIPELINE.replace(DIGITS, "dataset = \"mnist\"\n"));
    let launch = project.launch(&[]);
    assert_eq!(launch.code, 1);
    let error = text(&launch.finished("load")["error"]);
    assert!(error.contains("put its files") && error.contains("fallback = "), "{error}");
}

#[test]
fn a_collapsed_model_is_called_so_everywhere() {
    // Two passes over 200 images teach nothing.
    let project = Project::new();
    let told = project.call(&["run", EXPERIMENT]).stderr;
    assert_eq!(told.matches("collapsed: ").count(), 1, "{told}");
    let shown = project.json(&["show", "latest"]);
    let stage = list(&shown["stages"]).iter().find(|stage| stage["stage"] == "autoencoder.baseline").unwrap();
    assert!(text(&stage["warnings"][0]).starts_with("collapsed"), "{stage}");
    assert_eq!(shown["metrics"]["autoencoder.baseline.collapsed"], 1.0);
    let html = std::fs::read_to_string(text(&shown["report"])).unwrap();
    assert!(html.contains("<code>autoencoder.baseline</code>:</strong> collapsed: "));
    assert!(project.call(&["show", "latest"]).stdout.contains("collapsed: "));
}

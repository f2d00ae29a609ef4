//! `pipeline compare` on logs as launches leave them.

use std::path::Path;

use assert_cmd::Command;
use jiff::Timestamp;
use pipeline::event::{LaunchStarted, NodeInfo, Observer, RunEvent, RunFinished, RunInfo, Status};
use pipeline::run_log::Recorder;
use serde_json::{Map, Value, json};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// A run: what is swept, its seed, and its metrics.
type Row = (Value, u64, Vec<(&'static str, f64)>);

/// Logs one launch of an experiment with these runs, whose ids are the launch's number and their own.
fn launch(directory: &Path, number: i64, experiment: &str, epochs: u32, rows: &[Row]) {
    let config = json!({ "params": { "epochs": epochs } });
    launch_of(directory, number, experiment, rows, config, "mse");
}

/// The same with this config, whose params all have that do not vary them, and a stage `autoencoder` with this loss.
fn launch_of(directory: &Path, number: i64, experiment: &str, rows: &[Row], config: Value, loss: &str) {
    let run = |(index, (variant, seed, _)): (usize, &Row)| {
        let mut params = config["params"].as_object().cloned().unwrap_or_default();
        params.extend(object(variant.clone()));
        RunInfo {
            id: format!("{number}{index:03}"),
            variant: object(variant.clone()),
            seed: *seed,
            params,
            tags: Vec::new(),
            stages: [("autoencoder".to_owned(), 0)].into(),
        }
    };
    let node = NodeInfo {
        stage: "autoencoder".to_owned(),
        kind: "train-autoencoder".to_owned(),
        variant: Map::new(),
        params: json!({ "loss": loss }),
    };
    let started = LaunchStarted {
        launch: format!("launch-{number}"),
        experiment: experiment.to_owned(),
        file: directory.join("experiments/e.toml"),
        runs: rows.iter().enumerate().map(run).collect(),
        nodes: vec![node],
        provenance: Box::default(),
        config: config.clone(),
    };
    let recorder = Recorder::start(&directory.join("runs.sqlite"), |error| panic!("{error}")).unwrap();
    let time = Timestamp::from_second(1_767_225_600 + number).unwrap();
    recorder.observe(time, &RunEvent::LaunchStarted(started));
    for (run, (_, _, metrics)) in rows.iter().enumerate() {
        let metrics = metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let status = Status::Executed;
        recorder
            .observe(time, &RunEvent::RunFinished(RunFinished { run, status, metrics, seconds: 1.5, report: None }));
    }
    recorder.finish().unwrap();
}

fn sized(size: u32, seed: u64, mse: f64) -> Row {
    (json!({ "latent_dim": size }), seed, vec![("evaluate.mse", mse), ("evaluate.ssim", 1.0 - mse)])
}

/// Two launches of `sizes`, the second with one size more and another value for what was run before; one of `other`.
fn project() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let path = directory.path();
    launch(path, 1, "sizes", 2, &[sized(2, 0, 0.9), sized(2, 1, 0.053), sized(2, 2, 0.051)]);
    launch(path, 2, "sizes", 2, &[sized(2, 0, 0.050), sized(8, 0, 0.020), sized(8, 1, 0.022), sized(8, 2, 0.021)]);
    launch(path, 3, "other", 2, &[(json!({}), 0, vec![("anomaly.auroc", 0.9)])]);
    launch(path, 4, "diverged", 2, &[sized(2, 0, f64::NAN), sized(8, 0, 0.5)]);
    directory
}

fn compare(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("pipeline").expect("the program is built");
    let output = command.current_dir(directory).arg("compare").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The table above the sentences.
fn table(shown: &str) -> &str {
    shown.split("\n\n").next().unwrap_or_default()
}

fn refused(arguments: &[&str]) -> String {
    let directory = project();
    let (code, stdout, stderr) = compare(directory.path(), arguments);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    stderr
}

#[test]
fn an_experiment_is_what_its_launches_left_the_newest_first() {
    let directory = project();
    let (code, stdout, _) = compare(directory.path(), &["sizes"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(stdout, @r"
                       evaluate           evaluate
    latent_dim  seeds  mse ↓              ssim ↑
             2      3  0.0513 ± 0.0038    0.9487 ± 0.0038
             8      3  0.0210 ± 0.0025 *  0.9790 ± 0.0025 *

    *: best mean; ±: half the 95 % interval

    latent_dim=8 has the lowest test MSE, 0.0210 ± 0.0025, 0.0303 less than the other, latent_dim=2 (95 % interval 0.0289 to 0.0318; 3 pairs by seed; p < 0.001): the data support it.

    latent_dim=8 has the highest test SSIM, 0.9790 ± 0.0025, 0.0303 more than the other, latent_dim=2 (95 % interval 0.0289 to 0.0318; 3 pairs by seed; p < 0.001): the data support it.
    ");
}

#[test]
fn runs_that_differ_in_nothing_but_their_seed_are_told_apart_by_their_ids() {
    let directory = project();
    let (_, stdout, _) = compare(directory.path(), &["2001", "2002", "--metric", "mse"]);
    insta::assert_snapshot!(stdout, @r"
                evaluate
     run  seed  mse ↓
    2001     0  0.02 *
    2002     1  0.022

    *: best mean

    run=2001, seed=0 has the lowest test MSE, 0.02, 0.002 less than the other, run=2002, seed=1. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3.
    ");
}

#[test]
fn numbers_that_are_not_finite_are_left_out_and_told() {
    let directory = project();
    let (_, stdout, _) = compare(directory.path(), &["diverged", "--metric", "evaluate.mse"]);
    insta::assert_snapshot!(stdout, @r"
                evaluate
    latent_dim  mse ↓
             2  none
             8  0.5 *

    *: best mean

    Only latent_dim=8 has a test MSE, so there is nothing to compare it with.

    Note: latent_dim=2: 1 of 1 run left out, whose test MSE is not finite.
    ");
}

#[test]
fn runs_of_other_stages_do_not_stand_for_an_experiment() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let path = directory.path();
    let layers = |units: u32| {
        let stage = json!({ "name": "autoencoder", "params": { "encoder": [format!("dense {units}")] } });
        json!({ "pipeline": { "stages": [stage] } })
    };
    launch_of(path, 1, "sizes", &[sized(2, 0, 0.9), sized(4, 0, 0.8), sized(4, 1, 0.7)], layers(64), "mse");
    launch_of(path, 2, "sizes", &[sized(2, 1, 0.051)], layers(128), "mse");
    launch_of(path, 3, "sizes", &[sized(2, 0, 0.050), sized(8, 0, 0.020)], layers(128), "mse");
    let (_, stdout, stderr) = compare(path, &["sizes", "--metric", "mse", "--format", "json"]);
    let json: Value = serde_json::from_str(&stdout).unwrap();
    let runs: Vec<&Value> = json["variants"].as_array().unwrap().iter().map(|variant| &variant["runs"]).collect();
    assert_eq!(runs, [&json!(["3000", "2000"]), &json!(["3001"])]);
    insta::assert_snapshot!(stderr, @"2 runs of earlier launches left out: sizes had other stages then");
}

#[test]
fn losses_of_several_kinds_are_compared_only_when_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let path = directory.path();
    let row = |loss: f64| (json!({}), 0, vec![("autoencoder.val_loss", loss), ("evaluate.ssim", 1.0 - loss)]);
    launch_of(path, 1, "by_mse", &[row(0.02)], json!({}), "mse");
    launch_of(path, 2, "by_bce", &[row(0.09)], json!({}), "bce");
    let both = ["by_mse", "by_bce", "--format", "json"];
    let asked = |more: &[&str]| -> Value {
        let (_, stdout, stderr) = compare(path, &[&both, more].concat());
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"))
    };
    assert_eq!(asked(&[])["metrics"], json!([{ "name": "evaluate.ssim", "better": "higher" }]));
    assert_eq!(asked(&[])["notes"], json!([]));
    insta::assert_snapshot!(asked(&["--metric", "val_loss"])["notes"][0].as_str().unwrap(), @"autoencoder.val_loss does not mean the same in all of these runs: the stage's `loss` differs");
}

#[test]
fn what_all_runs_share_is_not_compared_unless_the_experiment_is_about_it() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let path = directory.path();
    let row = |noise: f64, mse: f64| {
        let metrics =
            vec![("evaluate.mse", 0.5), ("evaluate.ssim", 0.25), ("denoised.ssim", 0.5), ("denoised.mse", mse)];
        (json!({ "noise": noise }), 0, metrics)
    };
    let rows = [row(0.25, 0.02), row(0.5, 0.03)];
    launch_of(path, 1, "shared", &rows, json!({}), "mse");
    launch_of(path, 2, "about", &rows, json!({ "metrics": ["denoised.ssim"] }), "mse");
    let names = |experiment: &str| -> Vec<Value> {
        let (_, stdout, _) = compare(path, &[experiment, "--format", "json"]);
        let json: Value = serde_json::from_str(&stdout).unwrap();
        json["metrics"].as_array().unwrap().iter().map(|metric| metric["name"].clone()).collect()
    };
    assert_eq!(names("shared"), ["denoised.mse"]);
    assert_eq!(names("about"), ["denoised.ssim", "denoised.mse"]);
}

#[test]
fn an_ablations_changes_go_by_their_names() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let changes = [
        json!({ "name": "no dropout", "variant": { "dropout": 0.0 } }),
        json!({ "name": "GELU", "variant": { "activation": "gelu" } }),
    ];
    let config = json!({
        "params": { "dropout": 0.1, "activation": "relu" },
        "ablation": { "base_name": "base", "changes": changes },
    });
    let row = |variant: Value, mse: f64| (variant, 0, vec![("evaluate.mse", mse)]);
    let gelu = row(json!({ "activation": "gelu" }), 0.04);
    let rows = [row(json!({}), 0.03), row(json!({ "dropout": 0.0 }), 0.02), gelu];
    launch_of(directory.path(), 1, "parts", &rows, config, "mse");
    let (_, stdout, stderr) = compare(directory.path(), &["parts", "--baseline", "change=base"]);
    assert_eq!(stderr, "");
    insta::assert_snapshot!(stdout, @r"
                                     evaluate
    change      activation  dropout  mse ↓     Δ mse
    base        relu            0.1  0.03
    no dropout  relu            0.0  0.02 *    -0.01
    GELU        gelu            0.1  0.04      +0.01

    *: best mean; Δ: difference to change=base

    change=no dropout has the lowest test MSE, 0.02, 0.01 less than the baseline, change=base. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3.
    ");
    let (_, stdout, stderr) = compare(directory.path(), &["parts:change=GELU", "1000", "--format", "csv"]);
    assert_eq!(stderr, "");
    let firsts: Vec<&str> = stdout.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(firsts, ["change", "GELU", "base"]);
    let (_, _, stderr) = compare(directory.path(), &["parts", "--by", "dropout"]);
    insta::assert_snapshot!(stderr, @r"
    error: --by: `dropout` is one of what tells the changes apart, which go by their names
      help: use --by change; there are GELU, base, no dropout
    ");
}

#[test]
fn a_param_that_a_branch_of_the_sweep_does_not_vary_has_no_value_there() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let row = |variant: Value, seed: u64, mse: f64| (variant, seed, vec![("evaluate.mse", mse)]);
    let (dense, conv) =
        (json!({ "architecture": "dense" }), |kernel| json!({ "architecture": "conv", "kernel": kernel }));
    let rows = [
        row(dense.clone(), 0, 0.030),
        row(dense, 1, 0.032),
        row(conv(3), 0, 0.020),
        row(conv(3), 1, 0.021),
        row(conv(5), 0, 0.018),
        row(conv(5), 1, 0.017),
    ];
    let config =
        json!({ "params": { "kernel": 3 }, "sweep": { "axes": [{ "param": "kernel", "conditional": true }] } });
    launch_of(directory.path(), 1, "kernels", &rows, config, "mse");
    let (_, stdout, stderr) = compare(directory.path(), &["kernels", "--baseline", "architecture=dense"]);
    assert_eq!(stderr, "");
    insta::assert_snapshot!(stdout, @r"
                                 evaluate
    architecture  kernel  seeds  mse ↓              Δ mse
    dense              –      2  0.031 ± 0.013
    conv               3      2  0.0205 ± 0.0064    -0.0105 (p = 0.061)
    conv               5      2  0.0175 ± 0.0064 *  -0.013 (p = 0.070)

    *: best mean; ±: half the 95 % interval; Δ: difference to architecture=dense

    architecture=conv, kernel=5 has the lowest test MSE, 0.0175 ± 0.0064, 0.013 less than the baseline, architecture=dense (95 % interval -0.006 to 0.033; 2 pairs by seed; p = 0.070 after Holm's correction for 2 comparisons): the data do not support it. From two seeds it cannot be told how many it takes: repeat with more, such as --repeats 5.

    Of the variance of the test MSE: architecture 94 % (p < 0.001), kernel 4 % (p = 0.058); 1 % is left to chance.
    ");
}

#[test]
fn work_from_before_a_condition_stays_with_its_variant() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let row = |variant: Value, seed: u64, mse: f64| (variant, seed, vec![("evaluate.mse", mse)]);
    let (dense, conv) = (json!({ "architecture": "dense" }), json!({ "architecture": "conv" }));
    let before = [row(dense.clone(), 1, 0.032), row(conv.clone(), 1, 0.021)];
    launch_of(directory.path(), 1, "kernels", &before, json!({ "params": { "kernel": 3 } }), "mse");
    let kernel = |size: u32| json!({ "architecture": "conv", "kernel": size });
    let after = [row(dense, 0, 0.030), row(kernel(3), 0, 0.020), row(kernel(5), 0, 0.018)];
    let axes = json!([{ "param": "kernel", "conditional": true }]);
    let config = json!({ "params": { "kernel": 3 }, "sweep": { "axes": axes } });
    launch_of(directory.path(), 2, "kernels", &after, config, "mse");
    let (_, stdout, _) = compare(directory.path(), &["kernels"]);
    insta::assert_snapshot!(table(&stdout), @"
                                 evaluate
    architecture  kernel  seeds  mse ↓
    dense              –      2  0.031 ± 0.013
    conv               3      2  0.0205 ± 0.0064
    conv               5      1  0.018 *
    ");
}

#[test]
fn a_point_that_names_no_value_of_a_param_has_the_experiments() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let row = |variant: Value, mse: f64| (variant, 0, vec![("evaluate.mse", mse)]);
    let included = json!({ "latent_dim": 8, "rate": 0.01 });
    let rows = |mse: f64| [row(json!({ "latent_dim": 2 }), mse), row(included.clone(), 0.02)];
    launch_of(directory.path(), 1, "points", &rows(0.05), json!({ "params": { "rate": 0.001 } }), "mse");
    launch_of(directory.path(), 2, "points", &rows(0.16), json!({ "params": { "rate": 0.5 } }), "mse");
    let (_, stdout, _) = compare(directory.path(), &["points"]);
    insta::assert_snapshot!(table(&stdout), @"
                       evaluate
    latent_dim   rate  mse ↓
             2    0.5  0.16
             8   0.01  0.02 *
             2  0.001  0.05
    ");
}

#[test]
fn a_change_goes_by_the_name_that_the_newest_launch_has_for_it() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    for (number, name) in [(1, "more"), (2, "longer, \"better\"")] {
        let changes = [json!({ "name": name, "variant": { "epochs": 5 } })];
        let config = json!({ "params": { "epochs": 2 }, "ablation": { "base_name": "base", "changes": changes } });
        let row = |variant: Value, mse: f64| (variant, number as u64, vec![("evaluate.mse", mse)]);
        launch_of(
            directory.path(),
            number,
            "parts",
            &[row(json!({}), 0.03), row(json!({ "epochs": 5 }), 0.02)],
            config,
            "mse",
        );
    }
    let (_, stdout, _) = compare(directory.path(), &["parts"]);
    insta::assert_snapshot!(table(&stdout), @r#"
                                     evaluate
    change            epochs  seeds  mse ↓
    base                   2      2  0.03 ± 0
    longer, "better"       5      2  0.02 ± 0 *
    "#);
    let (_, _, stderr) = compare(directory.path(), &["parts", "--baseline", "change=more"]);
    insta::assert_snapshot!(stderr, @r#"
    error: --baseline: no run has change=more
      help: its values are "longer, \"better\"", base
    "#);
    let (code, _, _) = compare(directory.path(), &["parts", "--baseline", r#"change="longer, \"better\"""#]);
    assert_eq!(code, 0);
}

#[test]
fn what_tells_experiments_apart_goes_by_their_names() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let path = directory.path();
    launch(path, 1, "short", 2, &[sized(2, 0, 0.9), sized(8, 0, 0.8)]);
    launch(path, 2, "long", 20, &[sized(2, 0, 0.7), sized(8, 0, 0.6)]);
    let refused = |option: &[&str]| {
        let (code, _, stderr) = compare(path, &[&["short", "long"], option].concat());
        assert_eq!(code, 2);
        stderr
    };
    insta::assert_snapshot!(refused(&["--by", "epochs"]), @r"
    error: --by: `epochs` is one of what tells the experiments apart, which go by their names
      help: use --by experiment; there are long, short
    ");
    insta::assert_snapshot!(refused(&["--baseline", "epochs=20"]), @r"
    error: --baseline: `epochs` is one of what tells the experiments apart, which go by their names
      help: use --baseline experiment=NAME; there are long, short
    ");
    let (code, _, stderr) = compare(path, &["short", "long", "--baseline", "experiment=long", "--by", "experiment"]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn values_with_commas_are_named_as_they_are_shown_or_as_json() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("experiments")).unwrap();
    let path = directory.path();
    let row = |units: u32, mse: f64| {
        let layers = ["dense 512 relu", "dense 256 relu", "dense 128 relu", &format!("dense {units}")];
        (json!({ "encoder": layers, "rate": 0.5 }), 0, vec![("evaluate.mse", mse)])
    };
    launch(path, 1, "layers", 2, &[row(64, 0.2), row(32, 0.1)]);
    let named =
        |units: u32| format!(r#"encoder=["dense 512 relu", "dense 256 relu", "dense 128 relu", "dense {units}"]"#);
    let json = |arguments: &[&str]| -> Value {
        let (_, stdout, stderr) = compare(path, &[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"))
    };
    let both = json(&[&format!("layers:{},rate=0.50", named(32)), &format!("layers:{}", named(64))]);
    assert_eq!(both["variants"][0]["runs"], json!(["1001"]), "the first one named comes first");
    let held = json(&["layers", "--baseline", &named(32)]);
    assert_eq!(held["variants"][1]["metrics"]["evaluate.mse"]["difference"], Value::Null);
    let (_, _, stderr) = compare(path, &["layers:rate=0.5,rate=0.1"]);
    insta::assert_snapshot!(stderr, @r"
    error: layers: `rate` is given twice
      help: a run has one value of it; name several variants one after the other
    ");
}

#[test]
fn every_format_holds_the_table_and_goes_where_it_is_told() {
    let directory = project();
    for (format, start) in
        [("csv", "latent_dim,runs,"), ("latex", "% Needs"), ("html", "<!DOCTYPE html>"), ("markdown", "| latent")]
    {
        let (code, stdout, stderr) = compare(directory.path(), &["sizes", "--format", format, "-o", "table"]);
        assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
        let text = std::fs::read_to_string(directory.path().join("table")).unwrap();
        assert!(text.starts_with(start) && text.ends_with('\n'), "{text}");
    }
    let (_, stdout, _) = compare(directory.path(), &["sizes", "--baseline", "latent_dim=2", "--format", "json"]);
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["variants"][1]["metrics"]["evaluate.mse"]["difference"]["test"], "paired");
    assert_eq!(json["variants"][0]["runs"], json!(["2000", "1001", "1002"]));
    let (code, _, stderr) = compare(directory.path(), &["sizes", "-o", "no/such/table"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("mkdir -p no/such"), "{stderr}");
}

#[test]
fn what_cannot_be_compared_is_said_with_what_can() {
    insta::assert_snapshot!(refused(&["sizes", "other"]), @r"
    error: these have no metric in common
      help: experiment=sizes, latent_dim=2 has evaluate.mse, evaluate.ssim
            experiment=sizes, latent_dim=8 has evaluate.mse, evaluate.ssim
            experiment=other has anomaly.auroc
    ");
    insta::assert_snapshot!(refused(&["sizes", "--metric", "evaluate.mes"]), @r"
    error: no run has a metric `evaluate.mes`
      help: did you mean `evaluate.mse`? There are evaluate.mse, evaluate.ssim
    ");
    insta::assert_snapshot!(refused(&["sizes", "--metric", "loss"]), @r"
    error: no run has a metric `loss`
      help: there are evaluate.mse, evaluate.ssim
    ");
    insta::assert_snapshot!(refused(&["size"]), @r"
    error: no run or experiment `size`
      help: did you mean `sizes`?
    ");
    insta::assert_snapshot!(refused(&["elsewhere"]), @r"
    error: no run or experiment `elsewhere`
      help: experiments with runs are diverged, other, sizes
    ");
    insta::assert_snapshot!(refused(&["1001"]), @r"
    error: there is one run only, 1001: nothing to compare it with
      help: name another run, variant or experiment; `pipeline runs` lists them
    ");
    insta::assert_snapshot!(refused(&["sizes:latent_dim=3"]), @r"
    error: sizes: no run has latent_dim=3
      help: its values are 2, 8
    ");
    insta::assert_snapshot!(refused(&["sizes:latent=8"]), @r"
    error: sizes: no param `latent` tells runs apart
      help: did you mean `latent_dim`?
    ");
    insta::assert_snapshot!(refused(&["sizes:latent_dim"]), @r"
    error: `latent_dim` is not PARAM=VALUE
      help: name a variant as in architecture=dense,latent_dim=8
    ");
    insta::assert_snapshot!(refused(&["sizes", "--baseline", "latent_dim=4"]), @r"
    error: --baseline: no run has latent_dim=4
      help: its values are 2, 8
    ");
    insta::assert_snapshot!(refused(&["sizes", "--baseline", "3000"]), @r"
    error: --baseline: the run 3000 is not among those compared
      help: name it before the options, too
    ");
    insta::assert_snapshot!(refused(&["sizes", "--by", "epochs"]), @r"
    error: --by: epochs is 2 in all of them
      help: what differs is latent_dim
    ");
    insta::assert_snapshot!(refused(&["sizes", "--by", "latent"]), @r"
    error: --by: no run has a param `latent`
      help: did you mean `latent_dim`?
    ");
}

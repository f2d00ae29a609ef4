//! Which runs an experiment stands for.

use assert_cmd::Command;
use serde_json::{Value, json};

use super::{compare, empty, launch_of, project, sized, table};

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
fn runs_of_other_stages_do_not_stand_for_an_experiment() {
    let directory = empty();
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
fn runs_of_other_data_do_not_stand_for_an_experiment() {
    let directory = empty();
    let path = directory.path();
    let data = |hash: &str| json!({ "data": hash });
    launch_of(path, 1, "sizes", &[sized(2, 0, 0.9), sized(2, 1, 0.8), sized(4, 0, 0.7)], data("stand-in"), "mse");
    launch_of(path, 2, "sizes", &[sized(2, 0, 0.05), sized(8, 0, 0.02)], data("real"), "mse");
    let (_, stdout, stderr) = compare(path, &["sizes", "--metric", "mse"]);
    insta::assert_snapshot!(table(&stdout), @"
                evaluate
    latent_dim  mse ↓
             2  0.05
             8  0.02 *
    ");
    insta::assert_snapshot!(stderr, @"
    2 runs of earlier launches left out: sizes had other data then
    ");
}

#[test]
fn a_launch_of_some_stages_takes_no_result_away() {
    let directory = empty();
    let path = directory.path();
    launch_of(path, 1, "sizes", &[sized(2, 0, 0.05), sized(8, 0, 0.02)], json!({}), "mse");
    let trained = |size: u32, seed: u64| (json!({ "latent_dim": size }), seed, vec![("autoencoder.val_loss", 0.1)]);
    launch_of(
        path,
        2,
        "sizes",
        &[trained(2, 0), trained(8, 0), trained(8, 1)],
        json!({ "only": ["autoencoder"] }),
        "mse",
    );
    let (_, stdout, _) = compare(path, &["sizes", "--format", "csv"]);
    insta::assert_snapshot!(stdout, @"
    latent_dim,runs,evaluate.mse,evaluate.mse:deviation,evaluate.mse:low,evaluate.mse:high,evaluate.mse:count,evaluate.mse:difference,evaluate.mse:difference_low,evaluate.mse:difference_high,evaluate.mse:p,evaluate.mse:p_holm,evaluate.ssim,evaluate.ssim:deviation,evaluate.ssim:low,evaluate.ssim:high,evaluate.ssim:count,evaluate.ssim:difference,evaluate.ssim:difference_low,evaluate.ssim:difference_high,evaluate.ssim:p,evaluate.ssim:p_holm
    8,2002 1001,0.02,,,,1,,,,,,0.98,,,,1,,,,,
    2,1000,0.05,,,,1,,,,,,0.95,,,,1,,,,,
    ");
    let listed = Command::cargo_bin("pipeline").unwrap();
    let grouped =
        { listed }.current_dir(path).args(["runs", "--group-by", "latent_dim", "--columns", "evaluate.mse"]).output();
    insta::assert_snapshot!(String::from_utf8(grouped.unwrap().stdout).unwrap(), @"
                distinct  evaluate  best
    latent_dim      runs       mse   mse  of run
             2         1      0.05  0.05    1000
             8         2      0.02  0.02    1001
    ");
}

#[test]
fn work_from_before_a_condition_stays_with_its_variant() {
    let directory = empty();
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
fn a_change_goes_by_the_name_that_the_newest_launch_has_for_it() {
    let directory = empty();
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

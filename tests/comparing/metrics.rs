//! Which metrics are compared.

use serde_json::{Value, json};

use super::{compare, empty, launch_of, project};

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
fn losses_of_several_kinds_are_compared_only_when_asked_for() {
    let directory = empty();
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
    let series = |json: Value| json["variants"][0]["series"].clone();
    assert_eq!(series(asked(&[])), json!({}), "one scale for curves of other quantities");
    assert_eq!(series(asked(&["--metric", "val_loss"])), json!({}));
    launch_of(path, 3, "again", &[row(0.03)], json!({}), "mse");
    let (_, stdout, _) = compare(path, &["by_mse", "again", "--format", "json"]);
    assert_eq!(series(serde_json::from_str(&stdout).unwrap()), json!({ "autoencoder.val_loss": [0.5, 0.25] }));
    insta::assert_snapshot!(asked(&["--metric", "val_loss"])["notes"][0].as_str().unwrap(), @"autoencoder.val_loss does not mean the same in all of these runs: the stage's `loss` differs");
}

#[test]
fn what_all_runs_share_is_not_compared_unless_the_experiment_is_about_it() {
    let directory = empty();
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

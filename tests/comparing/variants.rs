//! What tells variants apart, and how they are named.

use serde_json::{Value, json};

use super::{compare, empty, launch, launch_of, project, sized, table};

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
fn an_ablations_changes_go_by_their_names() {
    let directory = empty();
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
    let directory = empty();
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
fn a_point_that_names_no_value_of_a_param_has_the_experiments() {
    let directory = empty();
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
fn what_tells_experiments_apart_goes_by_their_names() {
    let directory = empty();
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
    let directory = empty();
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

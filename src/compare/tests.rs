mod baseline;
mod best;
mod effects;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::*;
use crate::named::Named;

const MSE: &str = "evaluate.mse";

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// Runs of a variant with these values of the metric, with seeds from 0.
fn runs(params: Value, metric: &str, values: &[f64]) -> Vec<Run> {
    let run = |(seed, value): (usize, &f64)| Run {
        id: format!("r{seed}"),
        experiment: "e".into(),
        params: object(params.clone()).into(),
        seed: seed as u64,
        metrics: [(metric.to_owned(), *value)].into_iter().collect(),
        ..Run::default()
    };
    values.iter().enumerate().map(run).collect()
}

fn architectures(metric: &str, dense: &[f64], conv: &[f64]) -> Vec<Run> {
    let of = |name: &str, values| runs(json!({ "architecture": name, "epochs": 5 }), metric, values);
    [of("dense", dense), of("conv", conv)].concat()
}

fn told(runs: &[Run], metric: &str, baseline: Option<usize>) -> String {
    conclusion(&grouped(runs, &telling(runs)), metric, baseline)
}

#[test]
fn variants_are_told_apart_by_what_differs() {
    let mut all = architectures(MSE, &[0.1, 0.2], &[0.3]);
    assert_eq!(differing(&all), ["architecture"]);
    let variants = grouped(&all, &telling(&all));
    let labels: Vec<String> = variants.iter().map(Variant::label).collect();
    assert_eq!(labels, ["architecture=dense", "architecture=conv"]);
    assert_eq!(variants[0].runs.len(), 2);
    all[2].experiment = "other".into();
    all[2].params = all[0].params.clone();
    assert_eq!(telling(&all), [EXPERIMENT]);
    assert_eq!(grouped(&all, &telling(&all))[1].label(), "experiment=other");
    Arc::make_mut(&mut all[2].params).insert("depth".to_owned(), json!(3));
    assert_eq!((differing(&all), telling(&all)), (vec!["depth".to_owned()], vec![EXPERIMENT.to_owned()]));
    all[2].variant = object(json!({ "depth": 3 })).into();
    assert_eq!(telling(&all), [EXPERIMENT, "depth"]);
}

#[test]
fn the_conclusion_says_who_is_best_by_how_much_and_whether_that_is_sure() {
    let clear = architectures(MSE, &[0.0121, 0.0118, 0.0131, 0.0127], &[0.0101, 0.0099, 0.0109, 0.0108]);
    insta::assert_snapshot!(told(&clear, MSE, None), @"architecture=conv has the lowest test MSE, 0.01043 ± 0.00079, 0.00200 less than the other, architecture=dense (95 % interval 0.00177 to 0.00223; 4 pairs by seed; p < 0.001): the data support it.");
    insta::assert_snapshot!(told(&clear, MSE, Some(0)), @"architecture=conv has the lowest test MSE, 0.01043 ± 0.00079, 0.00200 less than the baseline, architecture=dense (95 % interval 0.00177 to 0.00223; 4 pairs by seed; p < 0.001): the data support it.");
    insta::assert_snapshot!(told(&clear, MSE, Some(1)), @"The baseline architecture=conv has the lowest test MSE, 0.01043 ± 0.00079, 0.00200 less than the other, architecture=dense (95 % interval 0.00177 to 0.00223; 4 pairs by seed; p < 0.001): the data support it.");
    let higher = architectures("classifier.test_accuracy", &[0.96, 0.97, 0.955], &[0.962, 0.968, 0.965]);
    insta::assert_snapshot!(told(&higher, "classifier.test_accuracy", None), @"architecture=conv has the highest test accuracy, 0.9650 ± 0.0075, 0.003 more than the other, architecture=dense (95 % interval -0.012 to 0.019; 3 pairs by seed; p = 0.44): the data do not support it. If the effect is what it looks like, about 85 seeds of each would show it four times in five: 82 more.");
    let mut unpaired = clear;
    unpaired.iter_mut().skip(4).for_each(|run| run.seed += 10);
    insta::assert_snapshot!(told(&unpaired, MSE, None), @"architecture=conv has the lowest test MSE, 0.01043 ± 0.00079, 0.00200 less than the other, architecture=dense (95 % interval 0.00105 to 0.00295; seeds differ, so by Welch's test; p = 0.002): the data support it.");
}

#[test]
fn the_conclusion_claims_nothing_that_the_data_do_not_hold() {
    insta::assert_snapshot!(told(&architectures(MSE, &[0.02], &[0.01]), MSE, None), @"architecture=conv has the lowest test MSE, 0.01, 0.01 less than the other, architecture=dense. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3.");
    insta::assert_snapshot!(told(&architectures(MSE, &[0.02, 0.021], &[0.01, 0.019]), MSE, None), @"architecture=conv has the lowest test MSE, 0.014 ± 0.057, 0.006 less than the other, architecture=dense (95 % interval -0.045 to 0.057; 2 pairs by seed; p = 0.37): the data do not support it. From two seeds it cannot be told how many it takes: repeat with more, such as --repeats 5.");
    insta::assert_snapshot!(told(&architectures(MSE, &[0.02, 0.02], &[0.01, 0.01]), MSE, None), @"architecture=conv has the lowest test MSE, 0.01 ± 0, 0.01 less than the other, architecture=dense, the same with every seed (2 pairs by seed; p = 0.50 by a permutation test): the data do not support it. If all seeds say the same, it takes 6 of each to show it: 4 more.");
    insta::assert_snapshot!(told(&architectures(MSE, &[0.02, 0.02], &[0.02, 0.02]), MSE, None), @"architecture=dense and architecture=conv have the same test MSE with every seed, 0.02 ± 0.");
    insta::assert_snapshot!(told(&architectures(MSE, &[0.02, 0.03], &[f64::NAN, f64::NAN]), MSE, None), @"Only architecture=dense has a test MSE, so there is nothing to compare it with.");
    insta::assert_snapshot!(told(&architectures(MSE, &[f64::NAN], &[f64::NAN]), MSE, None), @"No run has a finite test MSE.");
    insta::assert_snapshot!(told(&architectures("a.parameters", &[1.0], &[2.0]), "a.parameters", None), @"Whether lower or higher is better is not known of a.parameters, so no variant is called best.");
    let same: Vec<f64> = (0..20).map(|seed| 0.5 + 0.01 * f64::from(seed * 7 % 5)).collect();
    let other: Vec<f64> = (0..20).map(|seed| 0.500_001 + 0.01 * f64::from(seed * 11 % 5)).collect();
    insta::assert_snapshot!(told(&architectures(MSE, &same, &other), MSE, None), @"architecture=dense has the lowest test MSE, 0.5200 ± 0.0068, 0.0000 less than the other, architecture=conv (95 % interval -0.0068 to 0.0068; 20 pairs by seed; p = 1.00): the data do not support it. Even 10000 seeds of each would hardly show a difference this small.");
}

#[test]
fn equal_differences_of_few_seeds_may_be_chance() {
    const ACCURACY: &str = "classifier.test_accuracy";
    let two = architectures(ACCURACY, &[0.962, 0.970], &[0.965, 0.973]);
    insta::assert_snapshot!(told(&two, ACCURACY, None), @"architecture=conv has the highest test accuracy, 0.969 ± 0.051, 0.003 more than the other, architecture=dense, the same with every seed (2 pairs by seed; p = 0.50 by a permutation test): the data do not support it. If all seeds say the same, it takes 6 of each to show it: 4 more.");
    let six: Vec<f64> = (0..6).map(|seed| 0.962 + 0.001 * f64::from(seed)).collect();
    let better: Vec<f64> = six.iter().map(|value| value + 0.003).collect();
    insta::assert_snapshot!(told(&architectures(ACCURACY, &six, &better), ACCURACY, None), @"architecture=conv has the highest test accuracy, 0.9675 ± 0.0020, 0.003 more than the other, architecture=dense, the same with every seed (6 pairs by seed; p = 0.031 by a permutation test): the data support it.");
    let mut disjoint = architectures(ACCURACY, &[0.96; 3], &[0.97; 3]);
    disjoint.iter_mut().skip(3).for_each(|run| run.seed += 10);
    insta::assert_snapshot!(told(&disjoint, ACCURACY, None), @"architecture=conv has the highest test accuracy, 0.97 ± 0, 0.01 more than the other, architecture=dense, whatever the seed (seeds differ; p = 0.10 by a permutation test): the data do not support it. If all seeds say the same, it takes 4 of each to show it: 1 more.");
    let variants = grouped(&two, &["architecture".to_owned()]);
    let found = against(&variants, 0, ACCURACY)[0];
    assert_eq!((found.p, found.is_supported(), found.seeds_needed()), (Some(0.5), Some(false), Some(6)));
}

#[test]
fn long_lists_that_begin_alike_stay_variants_of_their_own() {
    let of = |last: &str, size: u32, values: [f64; 2]| {
        let encoder = ["dense 512 relu", "dense 256 relu", "dense 128 relu", "dense 64 relu", last];
        runs(json!({ "encoder": encoder, "latent_dim": size }), MSE, &values)
    };
    let all = [
        of("dense 32 relu", 2, [0.050, 0.052]),
        of("dense 16 relu", 2, [0.040, 0.043]),
        of("dense 32 relu", 8, [0.030, 0.031]),
        of("dense 16 relu", 8, [0.020, 0.024]),
    ];
    let all = all.concat();
    let variants = grouped(&all, &telling(&all));
    let sheet = Sheet::of(&all, &variants, &[MSE.to_owned()], None);
    let text = format::terminal(&sheet, &format::grids_by(&sheet, "latent_dim"), Some(100)).0;
    insta::assert_snapshot!(text.split("\n\n").take(3).collect::<Vec<_>>().join("\n\n"), @r#"
    evaluate.mse ↓
    latent_dim  encoder=…"dense 32 relu"]  encoder=…"dense 16 relu"]
             2  0.051 ± 0.013              0.041 ± 0.019 *
             8  0.0305 ± 0.0064            0.022 ± 0.025 *

    *: best mean of the row; ±: half the 95 % interval

    encoder=…"dense 16 relu"], latent_dim=8 has the lowest test MSE, 0.022 ± 0.025, 0.008 less than the
    next, encoder=…"dense 32 relu"], latent_dim=8 (95 % interval -0.011 to 0.028; 2 pairs by seed; p =
    0.11 after Holm's correction for 3 comparisons): the data do not support it. From two seeds it
    cannot be told how many it takes: repeat with more, such as --repeats 5. 2 of the 3 others are
    clearly worse.
    "#);
}

#[test]
fn whether_values_of_one_param_differ_is_told_place_by_place() {
    let of = |name: &str, size: u32, values: [f64; 4]| {
        runs(json!({ "architecture": name, "latent_dim": size }), MSE, &values)
    };
    let all = [
        of("dense", 2, [0.050, 0.052, 0.051, 0.049]),
        of("conv", 2, [0.049, 0.053, 0.050, 0.051]),
        of("dense", 8, [0.031, 0.033, 0.032, 0.030]),
        of("conv", 8, [0.021, 0.0235, 0.022, 0.0201]),
    ];
    let all = all.concat();
    let variants = grouped(&all, &["architecture".to_owned(), "latent_dim".to_owned()]);
    // (another value, the best one) at each size
    let found = each_against(&variants, &[(0, 1), (2, 3)], MSE);
    assert_eq!(found.iter().map(Comparison::is_supported).collect::<Vec<_>>(), [Some(false), Some(true)]);
    assert_eq!(found[0].tests, 2, "both places are corrected for");
}

#[test]
fn many_variants_are_corrected_for() {
    let of = |size: u32, values: [f64; 3]| runs(json!({ "latent_dim": size }), MSE, &values);
    let all = [of(2, [0.050, 0.052, 0.049]), of(8, [0.021, 0.0222, 0.0204]), of(32, [0.0200, 0.0213, 0.0195])].concat();
    insta::assert_snapshot!(told(&all, MSE, None), @"latent_dim=32 has the lowest test MSE, 0.0203 ± 0.0023, 0.00093 less than the next, latent_dim=8 (95 % interval 0.00079 to 0.00108; 3 pairs by seed; p = 0.001 after Holm's correction for 2 comparisons): the data support it. Both others are clearly worse.");
    let variants = grouped(&all, &telling(&all));
    let p: Vec<f64> = against(&variants, 2, MSE).iter().map(|comparison| comparison.p.unwrap()).collect();
    let raw: Vec<f64> = against(&variants, 2, MSE).iter().map(|comparison| comparison.test().unwrap().p).collect();
    assert_eq!(p, crate::statistics::holm(&raw));
    assert_eq!(best(&variants, MSE), Some(vec![2, 1, 0]));
}

#[test]
fn runs_without_a_number_and_such_of_one_seed_are_told() {
    let mut all = architectures(MSE, &[0.02, f64::NAN, 0.03], &[0.01, 0.02]);
    all[4].metrics = Named::default();
    let variants = grouped(&all, &telling(&all));
    insta::assert_snapshot!(notes(&variants, MSE).join("\n"), @r"
    architecture=dense: 1 of 3 runs left out, whose test MSE is not finite
    architecture=conv: 1 of 2 runs without a test MSE left out: see `pipeline runs` for how it ended
    ");
    assert_eq!(against(&variants, 0, MSE)[0].difference.count, 1, "only one seed has both");
    let mut again = architectures(MSE, &[0.02, 0.03], &[0.01]);
    again[1].seed = 0;
    insta::assert_snapshot!(notes(&grouped(&again, &telling(&again)), MSE).join("\n"), @"architecture=dense: 2 runs with 1 seed only: of each seed the last one named counts");
}

#[test]
fn models_that_learned_next_to_nothing_are_told() {
    let mut all = architectures(MSE, &[0.02, 0.03], &[0.05, 0.06]);
    let collapsed = |mse, collapsed| [(MSE.to_owned(), mse), ("autoencoder.baseline.collapsed".to_owned(), collapsed)];
    all[2].metrics = collapsed(0.05, 1.0).into_iter().collect();
    all[3].metrics = collapsed(0.06, 0.0).into_iter().collect();
    let variants = grouped(&all, &telling(&all));
    let notes = Sheet::of(&all, &variants, &[MSE.to_owned()], None).notes;
    insta::assert_snapshot!(notes.join("\n"), @"models that collapsed, having learned next to nothing: architecture=conv (1 of 2 runs)");
}

/// Two architectures at two sizes with three seeds.
fn sheet(baseline: Option<Map<String, Value>>) -> Sheet {
    let of = |name: &str, size: u32, values: [f64; 3]| {
        runs(json!({ "architecture": name, "latent_dim": size }), MSE, &values)
    };
    let all = [
        of("dense|<&>", 8, [0.0310, 0.0331, 0.0318]),
        of("dense|<&>", 2, [0.0500, 0.0521, 0.0513]),
        of("conv", 8, [0.0210, 0.0224, 0.0213]),
        of("conv", 2, [0.0495, 0.0527, 0.0509]),
    ];
    let all = all.concat();
    let variants = grouped(&all, &telling(&all));
    let baseline =
        baseline.map(|values| Baseline { name: crate::text::pairs(&values), of: baselines(&variants, &values) });
    Sheet::of(&all, &variants, &[MSE.to_owned()], baseline)
}

#[test]
fn a_comparison_fits_a_terminal() {
    let plain = sheet(None);
    insta::assert_snapshot!(format::terminal(&plain, &[format::grid(&plain)], Some(100)).0, @r"
                                     evaluate
    architecture  latent_dim  seeds  mse ↓
    dense|<&>              8      3  0.0320 ± 0.0026
    dense|<&>              2      3  0.0511 ± 0.0026
    conv                   8      3  0.0216 ± 0.0018 *
    conv                   2      3  0.0510 ± 0.0040

    *: best mean; ±: half the 95 % interval

    architecture=conv, latent_dim=8 has the lowest test MSE, 0.0216 ± 0.0018, 0.01040 less than the
    next, architecture=dense|<&>, latent_dim=8 (95 % interval 0.00950 to 0.01130; 3 pairs by seed; p <
    0.001 after Holm's correction for 3 comparisons): the data support it. All 3 others are clearly
    worse.

    Of the variance of the test MSE: latent_dim 91 % (p < 0.001), architecture 4 % (p < 0.001),
    architecture × latent_dim 4 % (p < 0.001); < 1 % is left to chance.
    ");
    let mut narrow = plain.clone();
    narrow.series = Some("autoencoder.val_loss".to_owned());
    narrow.rows.iter_mut().for_each(|row| row.series = vec![1.0, 0.5, 0.25, 0.125, f64::NAN]);
    narrow.params.push("said_only_where_there_is_room".to_owned());
    let (text, left_out) = format::terminal(&narrow, &[format::grid(&narrow)], Some(80));
    insta::assert_snapshot!(text.lines().take(3).collect::<Vec<_>>().join("\n"), @r"
                                     evaluate           autoencoder
    architecture  latent_dim  seeds  mse ↓              val_loss
    dense|<&>              8      3  0.0320 ± 0.0026    █▄▂▁×
    ");
    assert_eq!(left_out, 1);
}

#[test]
fn a_part_of_a_variant_is_a_baseline_for_all_that_differ_in_it() {
    let sheet = sheet(Some(object(json!({ "architecture": "dense|<&>" }))));
    assert_eq!(sheet.baseline.as_ref().unwrap().of, [None, None, Some(0), Some(1)]);
    let grids = format::grids_by(&sheet, "latent_dim");
    insta::assert_snapshot!(format::terminal(&sheet, &grids, Some(100)).0, @r"
    evaluate.mse ↓
    latent_dim  dense|<&>        conv
             2  0.0511 ± 0.0026  0.0510 ± 0.0040  -0.0001 (p = 0.80) *
             8  0.0320 ± 0.0026  0.0216 ± 0.0018  -0.01040 (p < 0.001) *

    *: best mean of the row; ±: half the 95 % interval; + or -: difference to architecture=dense|<&>

    Against architecture=dense|<&> with all else equal, the test MSE is lower in 2 of 2 comparisons,
    clearly in 1; clearly higher in 0. The largest difference: architecture=conv, latent_dim=8 has
    0.01040 less (95 % interval 0.00950 to 0.01130; 3 pairs by seed; p < 0.001 after Holm's correction
    for 2 comparisons): the data support it.

    Of the variance of the test MSE: latent_dim 91 % (p < 0.001), architecture 4 % (p < 0.001),
    architecture × latent_dim 4 % (p < 0.001); < 1 % is left to chance.
    ");
}

#[test]
fn a_whole_variant_is_a_baseline_for_all() {
    let sheet = sheet(Some(object(json!({ "architecture": "conv", "latent_dim": 8 }))));
    assert_eq!(sheet.baseline.as_ref().unwrap().of, [Some(2), Some(2), None, Some(2)]);
    insta::assert_snapshot!(format::markdown(&sheet, &[format::grid(&sheet)]), @r"
    | architecture | latent\_dim | seeds | evaluate.mse ↓ | Δ mse |
    | --- | --- | --- | --- | --- |
    | dense\|&lt;&> | 8 | 3 | 0.0320 ± 0.0026 | +0.01040 (p &lt; 0.001) |
    | dense\|&lt;&> | 2 | 3 | 0.0511 ± 0.0026 | +0.0296 (p &lt; 0.001) |
    | conv | 8 | 3 | **0.0216 ± 0.0018** |  |
    | conv | 2 | 3 | 0.0510 ± 0.0040 | +0.0295 (p &lt; 0.001) |

    Bold: best mean; ±: half the 95 % interval; Δ: difference to architecture=conv, latent_dim=8

    The baseline architecture=conv, latent\_dim=8 has the lowest test MSE, 0.0216 ± 0.0018, 0.01040 less than the next, architecture=dense\|&lt;&>, latent\_dim=8 (95 % interval 0.00950 to 0.01130; 3 pairs by seed; p &lt; 0.001 after Holm's correction for 3 comparisons): the data support it. All 3 others are clearly worse.

    Of the variance of the test MSE: latent\_dim 91 % (p &lt; 0.001), architecture 4 % (p &lt; 0.001), architecture × latent\_dim 4 % (p &lt; 0.001); &lt; 1 % is left to chance.
    ");
}

#[test]
fn values_with_a_point_are_columns_of_their_own() {
    let of = |rate: f64, size: u32| runs(json!({ "rate": rate, "size": size }), MSE, &[0.5]);
    let all = [of(0.25, 1), of(0.5, 1), of(0.25, 2), of(0.5, 2)].concat();
    let sheet = Sheet::of(&all, &grouped(&all, &telling(&all)), &[MSE.to_owned()], None);
    let shown = format::terminal(&sheet, &format::grids_by(&sheet, "size"), None).0;
    assert!(shown.contains("size  rate=0.25  rate=0.5\n"), "{shown}");
}

#[test]
fn documents_get_what_their_languages_escape() {
    let sheet = sheet(None);
    insta::assert_snapshot!(format::latex(&sheet, &format::grids_by(&sheet, "latent_dim")), @r#"
    % Needs \usepackage{booktabs}.
    \begin{tabular}{lll}
      \toprule
      \multicolumn{3}{l}{evaluate.mse $\downarrow$} \\
      latent\_dim & dense$|$$<$\&$>$ & conv \\
      \midrule
      2 & 0.0511 $\pm$ 0.0026 & \textbf{0.0510 $\pm$ 0.0040} \\
      8 & 0.0320 $\pm$ 0.0026 & \textbf{0.0216 $\pm$ 0.0018} \\
      \bottomrule
    \end{tabular}
    % Bold: best mean of the row; ±: half the 95 % interval
    % architecture=conv, latent_dim=8 has the lowest test MSE, 0.0216 ± 0.0018, 0.01040 less than the next, architecture=dense|<&>, latent_dim=8 (95 % interval 0.00950 to 0.01130; 3 pairs by seed; p < 0.001 after Holm's correction for 3 comparisons): the data support it. All 3 others are clearly worse.
    % Of the variance of the test MSE: latent_dim 91 % (p < 0.001), architecture 4 % (p < 0.001), architecture × latent_dim 4 % (p < 0.001); < 1 % is left to chance.
    "#);
    let of = |layers: Value| runs(json!({ "layers": layers }), MSE, &[0.5]);
    let lists = [of(json!(["a*b"])), of(json!("two\nlines"))].concat();
    let listed = Sheet::of(&lists, &grouped(&lists, &telling(&lists)), &[MSE.to_owned()], None);
    insta::assert_snapshot!(format::latex(&listed, &[format::grid(&listed)]).lines().skip(4).take(3).collect::<Vec<_>>().join("\n"), @r#"
    \midrule
    {[}"a{*}b"{]} & \textbf{0.5} \\
    "two\textbackslash{}nlines" & \textbf{0.5} \\
    "#);
    let page = format::html(&sheet, &[format::grid(&sheet)]);
    assert!(page.contains("<td>dense|&lt;&amp;&gt;</td>") && !page.contains("<&>"), "{page}");
    assert!(!page.contains("http"), "it loads nothing");
}

#[test]
fn programs_get_the_numbers_in_full() {
    let sheet = sheet(Some(object(json!({ "architecture": "dense|<&>" }))));
    let table = format::csv(&sheet).unwrap();
    insta::assert_snapshot!(table.lines().take(2).collect::<Vec<_>>().join("\n"), @r"
    architecture,latent_dim,runs,evaluate.mse,evaluate.mse:deviation,evaluate.mse:low,evaluate.mse:high,evaluate.mse:count,evaluate.mse:difference,evaluate.mse:difference_low,evaluate.mse:difference_high,evaluate.mse:p,evaluate.mse:p_holm
    dense|<&>,8,r0 r1 r2,0.031966666666666664,0.0010598742063723083,0.02933379318090576,0.03459954015242757,3,,,,,
    ");
    let json = sheet.json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["variants"][2]).unwrap(), @r#"
    {
      "metrics": {
        "evaluate.mse": {
          "best": true,
          "by_seed": {
            "0": 0.021,
            "1": 0.0224,
            "2": 0.0213
          },
          "count": 3,
          "deviation": 0.0007371114795831988,
          "difference": {
            "baseline": {
              "architecture": "dense|<&>",
              "latent_dim": 8
            },
            "count": 3,
            "df": 2.0,
            "effect_size": -16.27371578051286,
            "interval": [
              -0.01129566858950296,
              -0.009504331410497039
            ],
            "mean": -0.0104,
            "p": 0.00040040041645171304,
            "p_holm": 0.0008008008329034261,
            "seeds_needed": 3,
            "supported": true,
            "t": -49.959983987187144,
            "test": "paired"
          },
          "interval": [
            0.01973558024246996,
            0.023397753090863376
          ],
          "mean": 0.021566666666666668,
          "not_finite": 0
        }
      },
      "runs": [
        "r0",
        "r1",
        "r2"
      ],
      "series": {},
      "values": {
        "architecture": "conv",
        "latent_dim": 8
      }
    }
    "#);
    assert_eq!(json["effects"][MSE]["terms"].as_array().unwrap().len(), 3);
    assert_eq!(json["metrics"], json!([{ "name": MSE, "better": "lower" }]));
}

#[test]
fn curves_share_a_scale() {
    assert_eq!(format::sparkline(&[1.0, 0.5, f64::NAN, 0.0], 0.0, 1.0), "█▅×▁");
    assert_eq!(format::sparkline(&[1.0; 100], 0.0, 1.0).chars().count(), 16);
    assert_eq!(format::sparkline(&[0.5, 0.5], 0.5, 0.5), "▁▁");
    assert_eq!(format::sparkline(&[], 0.0, 1.0), "");
}

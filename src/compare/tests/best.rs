use serde_json::json;

use super::{MSE, architectures, runs, told};
use crate::compare::{Run, Sheet, format, grouped, telling};

#[test]
fn a_best_mean_over_other_seeds_is_no_best_variant() {
    let diverged = architectures(MSE, &[0.5, 0.5001, 0.1], &[0.4, 0.4002, f64::NAN]);
    insta::assert_snapshot!(told(&diverged, MSE, None), @"architecture=dense has the lowest test MSE, 0.37 ± 0.57, but 0.09995 more than the other, architecture=conv, with the 2 seeds that both have (95 % interval 0.09931 to 0.10059; 2 pairs by seed; p < 0.001): the data do not say which is better. Run both with the same seeds.");
    insta::assert_snapshot!(told(&diverged, MSE, Some(1)), @"architecture=dense has the lowest test MSE, 0.37 ± 0.57, but 0.09995 more than the baseline, architecture=conv, with the 2 seeds that both have (95 % interval 0.09931 to 0.10059; 2 pairs by seed; p < 0.001): the data do not say which is better. Run both with the same seeds.");
    let same = architectures(MSE, &[0.5, 0.4, 0.1], &[0.5, 0.4, f64::NAN]);
    insta::assert_snapshot!(told(&same, MSE, None), @"architecture=dense has the lowest test MSE, 0.33 ± 0.52, but no better than the other, architecture=conv, with the 2 seeds that both have (2 pairs by seed; p = 1.00 by a permutation test): the data do not say which is better. Run both with the same seeds.");
    // Of other seeds too, but these agree.
    let agrees = architectures(MSE, &[0.3, 0.31, 0.1], &[0.4, 0.4002, f64::NAN]);
    assert!(told(&agrees, MSE, None).starts_with("architecture=dense has the lowest test MSE"));
    assert!(told(&agrees, MSE, None).contains("less than the other"));
}

/// Variants with these accuracies by seed.
fn accuracies(of: &[[f64; 3]]) -> Vec<Run> {
    let variant = |(a, values): (usize, &[f64; 3])| runs(json!({ "a": a }), ACCURACY, values);
    of.iter().enumerate().flat_map(variant).collect()
}

const ACCURACY: &str = "evaluate.accuracy";

#[test]
fn several_best_variants_are_counted_and_held_against_the_rest() {
    let all = accuracies(&[[1.0; 3], [1.0; 3], [1.0; 3], [1.0; 3], [0.91, 0.93, 0.92]]);
    insta::assert_snapshot!(told(&all, ACCURACY, None), @"a=0 and 3 others have the highest accuracy, 1 ± 0, the same with every seed, and 0.080 more than the next, a=4 (95 % interval 0.055 to 0.105; 3 pairs by seed; p = 0.021 after Holm's correction for 4 comparisons): the data support it.");
    insta::assert_snapshot!(told(&all, ACCURACY, Some(3)), @"The baseline a=3 and 3 others have the highest accuracy, 1 ± 0, the same with every seed, and 0.080 more than the next, a=4 (95 % interval 0.055 to 0.105; 3 pairs by seed; p = 0.021 after Holm's correction for 4 comparisons): the data support it.");
    insta::assert_snapshot!(told(&all, ACCURACY, Some(4)), @"a=0 and 3 others have the highest accuracy, 1 ± 0, the same with every seed, and 0.080 more than the baseline, a=4 (95 % interval 0.055 to 0.105; 3 pairs by seed; p = 0.021 after Holm's correction for 4 comparisons): the data support it.");
    let two = accuracies(&[[0.91, 0.93, 0.92], [1.0; 3], [1.0; 3], [0.5, 0.4, 0.6]]);
    insta::assert_snapshot!(told(&two, ACCURACY, None), @"a=1 and a=2 have the highest accuracy, 1 ± 0, the same with every seed, and 0.080 more than the next, a=0 (95 % interval 0.055 to 0.105; 3 pairs by seed; p = 0.016 after Holm's correction for 3 comparisons): the data support it. Both variants behind them are clearly worse.");
    insta::assert_snapshot!(told(&accuracies(&[[0.9, 0.8, 0.7]; 3]), ACCURACY, None), @"a=0 and 2 others have the same accuracy with every seed, 0.80 ± 0.25.");
    // The same mean with other values at each seed.
    let mean = accuracies(&[[0.5, 0.75, 1.0], [1.0, 0.75, 0.5], [0.25, 0.5, 0.25]]);
    insta::assert_snapshot!(told(&mean, ACCURACY, None), @"a=0 and a=1 have the highest accuracy, 0.75 ± 0.62 each, and 0.42 more than the next, a=2 (95 % interval -0.30 to 1.13; 3 pairs by seed; p = 0.26 after Holm's correction for 2 comparisons): the data do not support it. If the effect is what it looks like, about 17 seeds of each would show it four times in five: 14 more.");
}

#[test]
fn marks_are_explained_where_there_are_any() {
    let of = |metric: &str| {
        let of = |name: &str, value| runs(json!({ "architecture": name }), metric, &[value]);
        let all = [of("dense", 1.0), of("conv", 2.0)].concat();
        let sheet = Sheet::of(&all, &grouped(&all, &telling(&all)), &[metric.to_owned()], None);
        format::terminal(&sheet, &[format::grid(&sheet)], None).0
    };
    assert!(of(MSE).contains("*: best mean"));
    insta::assert_snapshot!(of("evaluate.temperature"), @r"
                     evaluate
    architecture  temperature
    dense                   1
    conv                    2

    Whether lower or higher is better is not known of evaluate.temperature, so no variant is called best.
    ");
}

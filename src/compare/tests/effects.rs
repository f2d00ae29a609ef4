use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{MSE, runs};
use crate::compare::{Effects, Run, effects, telling};

/// The runs of all these points, with these values of the metric.
fn found(points: &[(serde_json::Value, &[f64])]) -> Effects {
    let all: Vec<Run> = points.iter().flat_map(|(params, values)| runs(params.clone(), MSE, values)).collect();
    effects(&all, &telling(&all), MSE).unwrap()
}

#[test]
fn effects_are_told_with_the_largest_first() {
    let of = |name: &str, size: u32, values: [f64; 2]| {
        runs(json!({ "architecture": name, "latent_dim": size }), MSE, &values)
    };
    let all = [
        of("dense", 2, [0.050, 0.052]),
        of("dense", 8, [0.031, 0.033]),
        of("conv", 2, [0.047, 0.048]),
        of("conv", 8, [0.021, 0.022]),
    ];
    let all = all.concat();
    let found = effects(&all, &telling(&all), MSE).unwrap();
    insta::assert_snapshot!(found.sentence(MSE), @"Of the variance of the test MSE: latent_dim 89 % (p < 0.001), architecture 9 % (p < 0.001), architecture × latent_dim 2 % (p = 0.011); < 1 % is left to chance.");
    let importance: Vec<&str> = found.importance().iter().map(|(param, _)| *param).collect();
    assert_eq!(importance, ["latent_dim", "architecture"]);
    let single: Vec<Run> = all.iter().filter(|run| run.seed == 0).cloned().collect();
    insta::assert_snapshot!(effects(&single, &telling(&single), MSE).unwrap().sentence(MSE), @"Of the variance of the test MSE: latent_dim 90 % (p = 0.098), architecture 8 % (p = 0.31); 2 % is left to chance and to how they act together, which these runs do not tell apart.");
}

#[test]
fn drawn_numbers_are_cut_into_ranges() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut drawn = || {
        let [rate, other]: [f64; 2] = [(); 2].map(|()| random.random_range(0.0..1.0));
        runs(json!({ "rate": rate, "other": other }), MSE, &[rate * rate + 0.05 * random.random_range(0.0..1.0)])
    };
    let all: Vec<Run> = (0..80).flat_map(|_| drawn()).collect();
    let found = effects(&all, &telling(&all), MSE).unwrap();
    assert_eq!(found.cut, ["other", "rate"]);
    insta::assert_snapshot!(found.sentence(MSE), @"Of the variance of the test MSE: rate 86 % (p < 0.001), other < 1 % (p = 0.79); 2 % is left to chance, to what varies within the ranges and to how they act together, which these runs do not tell apart. The numbers of other and rate were cut into 8 ranges of equally many runs. The shares do not add up to 100 %: some combinations of values have more runs than others, so what two params explain together is counted for neither or for both.");
    let importance = found.importance();
    assert_eq!(importance[0].0, "rate");
    assert!(importance[0].1 > 0.85 && importance[1].1 < 0.15, "{importance:?}");
}

#[test]
fn shares_and_probabilities_are_those_of_statsmodels() {
    let of = |name: &str, size: u32| json!({ "architecture": name, "latent_dim": size });
    let points: [(_, &[f64]); 6] = [
        (of("dense", 2), &[0.050, 0.052, 0.047]),
        (of("dense", 8), &[0.031, 0.033]),
        (of("dense", 32), &[0.030, 0.034, 0.031]),
        (of("conv", 2), &[0.047, 0.048, 0.049]),
        (of("conv", 8), &[0.021, 0.022, 0.026]),
        (of("conv", 32), &[0.015, 0.019]),
    ];
    let found = found(&points);
    // anova_lm(ols("mse ~ C(architecture) * C(latent_dim)", data).fit(), typ=2): sum_sq over all, PR(>F)
    let expected = [
        (0.10509965471195425, 2.9543664798509294e-05),
        (0.8306145769481877, 7.764262251461723e-09),
        (0.0492294483440413, 0.002128741375683699),
    ];
    for (effect, (share, p)) in found.anova.effects.iter().zip(expected) {
        assert!((effect.share - share).abs() < 1e-9 && (effect.test.unwrap().p - p).abs() < 1e-9 * p, "{effect:?}");
    }
    insta::assert_snapshot!(found.sentence(MSE), @"Of the variance of the test MSE: latent_dim 83 % (p < 0.001), architecture 11 % (p < 0.001), architecture × latent_dim 5 % (p = 0.002); 2 % is left to chance.");
}

#[test]
fn many_listed_values_are_levels_of_their_own() {
    let sizes = [2, 4, 8, 16, 32, 64, 128];
    let error = |size: u32| f64::from(size).log2().sin();
    let grid: Vec<Run> = sizes
        .iter()
        .flat_map(|size| {
            let of = |name: &str, more: f64| {
                runs(json!({ "architecture": name, "latent_dim": size }), MSE, &[error(*size) + more])
            };
            [of("dense", 0.0), of("conv", 0.01)].concat()
        })
        .collect();
    let found = effects(&grid, &telling(&grid), MSE).unwrap();
    assert!(found.cut.is_empty() && found.importance()[0].1 > 0.99, "{found:?}");
    let repeated: Vec<Run> = sizes
        .iter()
        .flat_map(|size| runs(json!({ "latent_dim": size }), MSE, &[error(*size), error(*size) + 0.01]))
        .collect();
    let found = effects(&repeated, &telling(&repeated), MSE).unwrap();
    insta::assert_snapshot!(found.sentence(MSE), @"Of the variance of the test MSE: latent_dim 100 % (p < 0.001); < 1 % is left to chance.");
    let single: Vec<Run> = repeated.into_iter().filter(|run| run.seed == 0).collect();
    insta::assert_snapshot!(effects(&single, &telling(&single), MSE).unwrap().sentence(MSE), @"Of the variance of the test MSE: latent_dim 100 %; without repeats this cannot be told from noise.");
}

#[test]
fn three_params_without_repeats_are_not_called_noisy() {
    let corners = (0..8).map(|corner: u32| [corner >> 2, corner >> 1 & 1, corner & 1]);
    let of = |[a, b, c]: [u32; 3]| runs(json!({ "a": a, "b": b, "c": c }), MSE, &[f64::from(a * b * c)]);
    let all: Vec<Run> = corners.flat_map(of).collect();
    insta::assert_snapshot!(effects(&all, &telling(&all), MSE).unwrap().sentence(MSE), @"Of the variance of the test MSE: a 14 % (p = 0.37), b 14 % (p = 0.37), c 14 % (p = 0.37); 57 % is left to chance and to how they act together, which these runs do not tell apart.");
}

#[test]
fn a_param_of_one_branch_has_the_share_that_the_branch_leaves() {
    let conv = |kernel: u32, values: &[f64]| runs(json!({ "architecture": "conv", "kernel": kernel }), MSE, values);
    let dense = runs(json!({ "architecture": "dense" }), MSE, &[0.50, 0.52]);
    let all = [dense, conv(3, &[0.21, 0.22]), conv(5, &[0.18, 0.17])].concat();
    let params = ["architecture".to_owned(), "kernel".to_owned()];
    insta::assert_snapshot!(effects(&all, &params, MSE).unwrap().sentence(MSE), @"Of the variance of the test MSE: architecture 99 % (p < 0.001), kernel 1 % (p = 0.028); < 1 % is left to chance.");
}

#[test]
fn params_that_only_change_together_have_no_shares() {
    let of = |size: u32, value: f64| runs(json!({ "latent_dim": size, "width": 2 * size }), MSE, &[value, value + 0.1]);
    let all = [of(2, 0.5), of(8, 0.2)].concat();
    assert!(effects(&all, &telling(&all), MSE).is_none());
}

#[test]
fn shares_that_overlap_are_said_to() {
    let of = |a: u32, b: u32, values: &[f64]| (json!({ "a": a, "b": b }), values.to_vec());
    let points =
        [of(0, 0, &[0.1, 0.12, 0.11, 0.1, 0.13]), of(0, 1, &[0.3]), of(1, 0, &[0.31]), of(1, 1, &[0.5, 0.52, 0.49])];
    let points: Vec<(serde_json::Value, &[f64])> =
        points.iter().map(|(params, values)| (params.clone(), &values[..])).collect();
    insta::assert_snapshot!(found(&points).sentence(MSE), @"Of the variance of the test MSE: a 22 % (p < 0.001), b 20 % (p < 0.001), a × b < 1 % (p = 0.82); < 1 % is left to chance. The shares do not add up to 100 %: some combinations of values have more runs than others, so what two params explain together is counted for neither or for both.");
}

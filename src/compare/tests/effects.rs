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
    insta::assert_snapshot!(found.sentence(MSE), @"Of the variance of the test MSE: rate 86 % (p < 0.001), other < 1 % (p = 0.79); 2 % is left to chance, to what varies within the ranges and to how they act together, which these runs do not tell apart. The numbers of other and rate were cut into 8 ranges of equally many points. The shares do not add up to 100 %: some combinations of values have more runs than others, so what two params explain together is counted for neither or for both.");
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
    assert!(effects(&single, &telling(&single), MSE).is_none(), "each run is a level of its own");
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
fn a_condition_on_one_of_three_branches_leaves_it_its_share() {
    let of = |branch: &str, kernel: Option<u32>| match kernel {
        Some(kernel) => json!({ "branch": branch, "kernel": kernel }),
        None => json!({ "branch": branch }),
    };
    let points: [(_, &[f64]); 5] = [
        (of("dense", None), &[0.50, 0.52]),
        (of("conv", Some(3)), &[0.21, 0.22]),
        (of("conv", Some(5)), &[0.18, 0.17]),
        (of("residual", Some(3)), &[0.25, 0.24]),
        (of("residual", Some(5)), &[0.22, 0.23]),
    ];
    // Differences of the residuals' sums of squares of statsmodels' ols() of mse on: nothing, C(branch),
    // C(branch) + C(kernel), C(branch) * C(kernel); over the first.
    let expected = [0.983429991714996, 0.0124275062137531, 0.001380834023750346];
    for (effect, share) in found(&points).anova.effects.iter().zip(expected) {
        assert!((effect.share - share).abs() < 1e-9, "{effect:?}");
    }
    insta::assert_snapshot!(found(&points).sentence(MSE), @"Of the variance of the test MSE: branch 98 % (p < 0.001), kernel 1 % (p = 0.005), branch × kernel < 1 % (p = 0.17); < 1 % is left to chance.");
}

/// Points of lists that advance together, each with three seeds.
fn zipped<A: serde::Serialize + Copy, B: serde::Serialize + Copy>(
    names: [&str; 2],
    lists: (&[A], &[B]),
    value: impl Fn(usize, u64) -> f64,
) -> Vec<Run> {
    let pairs = lists.0.iter().zip(lists.1).enumerate();
    let of = |(place, (one, other)): (usize, (&A, &B))| {
        let values: Vec<f64> = (0..3).map(|seed| value(place, seed)).collect();
        runs(json!({ names[0]: one, names[1]: other }), MSE, &values)
    };
    pairs.flat_map(of).collect()
}

#[test]
fn params_that_only_change_together_are_one() {
    let errors = [[0.50, 0.58, 0.52], [0.41, 0.37, 0.44], [0.22, 0.30, 0.27], [0.25, 0.18, 0.21]];
    let value = |place: usize, seed: u64| errors[place][seed as usize];
    // Of the one that changes less nothing is known that the other may not have done.
    let all = zipped(["latent_dim", "probe_epochs"], (&[2, 4, 16, 32], &[2, 2, 3, 3]), value);
    let found = effects(&all, &telling(&all), MSE).unwrap();
    // anova_lm(ols("mse ~ C(latent_dim)", data).fit(), typ=2): sum_sq over all, PR(>F)
    let effect = &found.anova.effects[0];
    assert!((effect.share - 0.9418097177771313).abs() < 1e-9, "{effect:?}");
    assert!((effect.test.unwrap().p - 2.7551517753242807e-05).abs() < 1e-12, "{effect:?}");
    insta::assert_snapshot!(found.sentence(MSE), @"Of the variance of the test MSE: latent_dim with probe_epochs 94 % (p < 0.001); 6 % is left to chance.");
    assert_eq!(found.inseparable, [["latent_dim", "probe_epochs"]]);
    // Lists of numbers that are long enough to look drawn.
    let eight = |place: usize, seed: u64| errors[place / 2][seed as usize] + 0.01 * place as f64;
    let sizes = [2, 3, 4, 6, 8, 12, 16, 32];
    for epochs in
        [[1, 2, 3, 4, 5, 6, 7, 8], [9, 8, 7, 6, 5, 4, 3, 2], [2, 2, 2, 3, 3, 3, 3, 3], [2, 2, 4, 4, 4, 3, 3, 3]]
    {
        let all = zipped(["latent_dim", "probe_epochs"], (&sizes, &epochs), eight);
        let found = effects(&all, &telling(&all), MSE).unwrap();
        assert_eq!((&found.factors[..], &found.cut[..]), (&["latent_dim with probe_epochs".to_owned()][..], &[][..]));
        assert_eq!(found.anova.residual_freedom, 16);
    }
}

#[test]
fn params_that_only_change_together_share_beside_others() {
    let of = |(at, (size, name)): (usize, (u32, &str))| {
        let error = 0.4 - 0.01 * f64::from(size) + 0.003 * at as f64;
        let values = [error, error + 0.02, error - 0.01];
        runs(json!({ "activation": name, "batch": 16 * size, "latent_dim": size }), MSE, &values)
    };
    let grid = [2, 4, 8].into_iter().flat_map(|size| ["relu", "tanh"].map(|name| (size, name)));
    let all: Vec<Run> = grid.enumerate().flat_map(of).collect();
    let found = effects(&all, &telling(&all), MSE).unwrap();
    insta::assert_snapshot!(found.sentence(MSE), @"Of the variance of the test MSE: batch with latent_dim 72 % (p < 0.001), activation < 1 % (p = 0.68), activation × (batch with latent_dim) 0 % (p = 1.00); 28 % is left to chance.");
    let none = found.importance().into_iter().find(|(_, share)| *share == 0.0);
    assert!(none.is_none_or(|(_, share)| share.is_sign_positive()), "{none:?}");
}

#[test]
fn a_draw_is_not_credited_with_what_the_number_beside_it_does() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut false_alarms = 0;
    for _ in 0..200 {
        let points: Vec<(f64, u32)> =
            (0..8).map(|_| (random.random_range(0.0..1.0), random.random_range(2..4))).collect();
        let all: Vec<Run> = points
            .iter()
            .flat_map(|(rate, epochs)| {
                let values = [(); 3].map(|()| rate + 0.05 * random.random_range(-1.0..1.0));
                runs(json!({ "learning_rate": rate, "probe_epochs": epochs }), MSE, &values)
            })
            .collect();
        let Some(found) = effects(&all, &telling(&all), MSE) else { continue };
        let credited = found.anova.effects.iter().find(|effect| found.name(effect) == "probe_epochs");
        false_alarms += usize::from(credited.is_some_and(|effect| effect.test.is_some_and(|test| test.p < 0.05)));
    }
    assert!(false_alarms <= 20, "{false_alarms} of 200");
}

#[test]
fn seeds_of_a_drawn_point_are_no_points_of_their_own() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let (mut alarms, mut tested) = (0, 0);
    for _ in 0..200 {
        let point = |random: &mut ChaCha8Rng| {
            let [rate, other]: [f64; 2] = [(); 2].map(|()| random.random_range(0.0..1.0));
            let kind = if random.random_bool(0.5) { "relu" } else { "tanh" };
            let values = [(); 5].map(|()| rate + other + 0.1 * random.random_range(-1.0..1.0));
            runs(json!({ "kind": kind, "other": other, "rate": rate }), MSE, &values)
        };
        let all: Vec<Run> = (0..24).flat_map(|_| point(&mut random)).collect();
        let found = effects(&all, &telling(&all), MSE).unwrap();
        assert_eq!(found.ranges, 3);
        let p = found.anova.effects.iter().find(|effect| found.name(effect) == "kind").map(|kind| kind.test.unwrap().p);
        tested += usize::from(p.is_some());
        alarms += usize::from(p.is_some_and(|p| p < 0.05));
    }
    assert!(tested > 190 && (2..=20).contains(&alarms), "{alarms} of {tested}");
}

#[test]
fn seeds_of_drawn_points_are_averaged_as_with_statsmodels() {
    let of = |i: u32| {
        let (rate, other) = (i * 37 % 101, i * 53 % 97);
        let error = f64::from(rate) / 101.0 + f64::from(i * 31 % 19) / 40.0;
        let values = [0, 1, 2].map(|seed| error + f64::from((i * 7 + seed * 5) % 11) / 110.0);
        runs(json!({ "kind": i * i % 7 < 3, "other": other, "rate": rate }), MSE, &values)
    };
    let all: Vec<Run> = (0..24).flat_map(of).collect();
    let found = effects(&all, &telling(&all), MSE).unwrap();
    assert_eq!(found.cut, ["other", "rate"]);
    // Of the means by point, numbers cut by pandas.qcut(number, 3):
    // anova_lm(ols("y ~ C(kind) + C(other) + C(rate)", points).fit(), typ=2): sum_sq over all, PR(>F)
    let expected = [
        (0.0009200573854468897, 0.8160882677221181),
        (0.04061651560837485, 0.3158618974965985),
        (0.4912543260889565, 0.0001539620980163408),
    ];
    assert_eq!(found.anova.effects.len(), 3);
    for (effect, (share, p)) in found.anova.effects.iter().zip(expected) {
        assert!((effect.share - share).abs() < 1e-9 && (effect.test.unwrap().p - p).abs() < 1e-9 * p, "{effect:?}");
    }
}

#[test]
fn few_points_of_lists_tell_main_effects_at_least() {
    // Half of the corners: what two do together is all that the third does.
    let corners = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]];
    let of = |[a, b, c]: [u32; 3]| {
        let error = 0.1 * f64::from(a) + 0.02 * f64::from(b);
        runs(json!({ "a": a, "b": b, "c": c }), MSE, &[error, error + 0.004, error + 0.002])
    };
    let all: Vec<Run> = corners.into_iter().flat_map(of).collect();
    insta::assert_snapshot!(effects(&all, &telling(&all), MSE).unwrap().sentence(MSE), @"Of the variance of the test MSE: a 96 % (p < 0.001), b 4 % (p < 0.001), c 0 % (p = 1.00); < 1 % is left to chance and to how they act together, which these runs do not tell apart.");
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

use serde_json::json;

use super::{MSE, object, runs, told};
use crate::compare::{Baseline, Sheet, baselines, format, grouped, telling};

#[test]
fn a_baseline_without_a_number_is_told() {
    let of = |size: u32, values: [f64; 2]| runs(json!({ "latent_dim": size }), MSE, &values);
    let all = [of(2, [f64::NAN; 2]), of(8, [0.021, 0.0222]), of(32, [0.0200, 0.0213])].concat();
    insta::assert_snapshot!(told(&all, MSE, Some(0)), @"The baseline, latent_dim=2, has no finite test MSE. Of the others latent_dim=32 has the lowest test MSE, 0.0207 ± 0.0083, 0.00095 less than the other, latent_dim=8 (95 % interval 0.00031 to 0.00159; 2 pairs by seed; p = 0.033): the data support it.");
    let variants = grouped(&all, &telling(&all));
    let values = object(json!({ "latent_dim": 2 }));
    let baseline = Baseline { name: "latent_dim=2".to_owned(), of: baselines(&variants, &values) };
    let sheet = Sheet::of(&all, &variants, &[MSE.to_owned()], Some(baseline));
    assert!(!format::terminal(&sheet, &[format::grid(&sheet)], None).0.contains('Δ'));
}

#[test]
fn a_baseline_does_not_differ_in_a_param_that_it_has_no_value_of() {
    let dense = |size: u32| runs(json!({ "architecture": "dense", "latent_dim": size }), MSE, &[0.1]);
    let conv = |size: u32, kernel: u32| {
        runs(json!({ "architecture": "conv", "kernel": kernel, "latent_dim": size }), MSE, &[0.1])
    };
    let all = [dense(2), dense(8), conv(2, 3), conv(2, 5), conv(8, 5), conv(32, 5)].concat();
    let variants = grouped(&all, &telling(&all));
    let of = |values| baselines(&variants, &object(values));
    assert_eq!(of(json!({ "architecture": "dense" })), [None, None, Some(0), Some(0), Some(1), None]);
    let conv = of(json!({ "architecture": "conv", "kernel": 5 }));
    assert_eq!(conv, [Some(3), Some(4), Some(3), None, None, None]);
}

#[test]
fn a_part_of_a_variant_is_a_baseline_for_one_pair_alone() {
    let of = |name: &str, size: u32, values: [f64; 3]| {
        runs(json!({ "architecture": name, "latent_dim": size }), MSE, &values)
    };
    let all = [
        of("dense", 2, [0.0100, 0.0121, 0.0113]),
        of("dense", 8, [0.0310, 0.0331, 0.0318]),
        of("conv", 8, [0.0300, 0.0324, 0.0313]),
    ];
    let all = all.concat();
    let variants = grouped(&all, &telling(&all));
    let values = object(json!({ "architecture": "dense" }));
    let baseline = Baseline { name: crate::text::pairs(&values), of: baselines(&variants, &values) };
    let sheet = Sheet::of(&all, &variants, &[MSE.to_owned()], Some(baseline));
    insta::assert_snapshot!(sheet.conclusions[0], @"Against architecture=dense with all else equal, the test MSE is lower in 1 of 1 comparison, clearly in 1; clearly higher in 0. The largest difference: architecture=conv, latent_dim=8 has 0.00073 less (95 % interval 0.00011 to 0.00136; 3 pairs by seed; p = 0.037): the data support it.");
}

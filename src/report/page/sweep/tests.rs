//! Tests of what is drawn against a param.

use serde_json::{Value, json};

use super::{pca, trained};
use crate::compare::{self, Run};
use crate::report::page::fixture::map;

/// A run of each of these values, where PCA's error hangs on `latent_dim` alone.
fn runs(values: &[Value]) -> Vec<Run> {
    let run = |(index, values): (usize, &Value)| Run {
        params: map(values.clone()).into(),
        metrics: [
            ("evaluate.mse".to_owned(), 0.01 * (index + 1) as f64),
            ("autoencoder.check.pca_mse".to_owned(), 1.0 / values["latent_dim"].as_f64().unwrap_or(4.0)),
        ]
        .into_iter()
        .collect(),
        ..Run::default()
    };
    values.iter().enumerate().map(run).collect()
}

/// What is drawn against a param: the lines, or the colors of the points, each with how many points it has.
fn drawn(values: &[Value], param: &str) -> String {
    let runs = runs(values);
    let mut swept: Vec<String> = values.iter().flat_map(|values| map(values.clone())).map(|(name, _)| name).collect();
    swept.sort();
    swept.dedup();
    let variants = compare::grouped(&runs, &swept);
    let lines = trained(&variants, &swept, param, "evaluate.mse", None);
    let told = lines.iter().map(|line| match (line.joined, line.name.as_str()) {
        (true, name) => format!("{name}: {}", line.points.len()),
        (false, "") => "point".to_owned(),
        (false, name) => format!("{name}: point"),
    });
    let pca =
        pca(&variants, &swept, param, "autoencoder.check.pca_mse").map(|line| format!("PCA: {}", line.points.len()));
    told.chain(pca).collect::<Vec<_>>().join(", ")
}

/// Drawn at random: no two have the same value of anything but the word.
fn drawn_at_random() -> Vec<Value> {
    let points = [(2, 0.02, "wide"), (16, 0.05, "dense"), (4, 0.01, "dense"), (32, 0.03, "wide"), (9, 0.08, "dense")];
    let values = |(size, rate, word)| json!({ "latent_dim": size, "learning_rate": rate, "architecture": word });
    points.into_iter().map(values).collect()
}

#[test]
fn what_x_decides_makes_no_line_of_its_own() {
    let zipped = |word: &str, size: u32, rate: f64| json!({ "architecture": word, "latent_dim": size, "rate": rate });
    let points = [(2, 0.03), (8, 0.01), (16, 0.02)];
    let of = |word| points.map(|(size, rate)| zipped(word, size, rate));
    let both = [of("dense"), of("wide")].concat();
    insta::assert_snapshot!(drawn(&both, "latent_dim"), @"dense: 3, wide: 3, PCA: 3");
    insta::assert_snapshot!(drawn(&both, "rate"), @"dense: 3, wide: 3");
    let alone = [(2, 0.03), (8, 0.02), (16, 0.01)].map(|(size, rate)| json!({ "latent_dim": size, "rate": rate }));
    insta::assert_snapshot!(drawn(&alone, "latent_dim"), @"trained: 3, PCA: 3");
}

#[test]
fn points_that_no_line_goes_through_have_a_color_for_each_word() {
    insta::assert_snapshot!(drawn(&drawn_at_random(), "latent_dim"), @"architecture wide: point, point, architecture dense: point, point, point, PCA: 5");
    let numbers: Vec<Value> = drawn_at_random()
        .into_iter()
        .map(|values| json!({ "latent_dim": values["latent_dim"], "learning_rate": values["learning_rate"] }))
        .collect();
    insta::assert_snapshot!(drawn(&numbers, "learning_rate"), @"trained: point, point, point, point, point");
}

#[test]
fn pca_is_drawn_only_against_what_decides_on_it() {
    insta::assert_snapshot!(drawn(&drawn_at_random(), "learning_rate"), @"architecture dense: point, point, point, architecture wide: point, point");
    let grid =
        [2, 8].map(|size| [0.01, 0.02].map(|rate| json!({ "latent_dim": size, "learning_rate": rate }))).concat();
    insta::assert_snapshot!(drawn(&grid, "latent_dim"), @"learning_rate=0.01: 2, learning_rate=0.02: 2, PCA: 2");
    insta::assert_snapshot!(drawn(&grid, "learning_rate"), @"latent_dim=2: 2, latent_dim=8: 2");
    let included = [(3, 2), (3, 8), (5, 16)].map(|(epochs, size)| json!({ "epochs": epochs, "latent_dim": size }));
    insta::assert_snapshot!(drawn(&included, "epochs"), @"trained: point, point, point");
    let rates = [0.01, 0.02].map(|rate| json!({ "learning_rate": rate }));
    insta::assert_snapshot!(drawn(&rates, "learning_rate"), @"trained: 2, PCA: 2");
}

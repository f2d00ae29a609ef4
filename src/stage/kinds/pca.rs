//! `pca`: the first two principal components of codes or pixels, and how much of them there is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::embed::pca;
use crate::event::Outcome;
use crate::kind::{Description, params_of};
use crate::stage::data::SplitName;
use crate::stage::points::{self, Placed, Points};
use crate::stage::{Context, Output, Stage, StageError};

/// Share of the variance that `dimensions_95` asks for.
const MOST: f64 = 0.95;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// The split whose samples are placed; the components are its own.
    #[serde(default)]
    split: SplitName,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "pca",
    version: 1,
    summary: "Places samples by their first two principal components.",
    details: "Exact: the covariance of all samples of the split and its symmetric eigendecomposition. Components point \
              where their largest loading is positive. The share of the variance along each component is in the series \
              `explained_variance_ratio`.",
    inputs: points::input(),
    outputs: points::embedding_output(),
    params: params_of::<Params>(),
    metrics: &[
        ("explained_variance", "Share of the variance along the two components shown."),
        ("dimensions_95", "Fewest components that together hold 95 % of the variance."),
    ],
    example: "[stages.pca]\nuses = \"pca\"\ninputs = { data = \"latents\" }\n",
    ..Description::default()
});

pub struct Pca;

impl Stage for Pca {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let Params { split } = context.params()?;
        let Points { samples, classes } = Points::open(context, split)?;
        let workers = points::workers(context);
        let fitted = pca::Pca::fit(samples.as_ref(), 2, workers)?;
        let mut projected = fitted.project(samples.as_ref(), workers)?;
        if fitted.kept() == 1 {
            projected = projected.into_iter().flat_map(|x| [x, 0.0]).collect();
        }
        let ratios: Vec<f64> = (0..fitted.variances.len()).map(|at| fitted.explained_variance_ratio(at)).collect();
        let metrics = BTreeMap::from([
            ("explained_variance".to_owned(), ratios.iter().take(2).sum()),
            ("dimensions_95".to_owned(), dimensions(&ratios) as f64),
        ]);
        let axis = |at: usize| {
            let share = ratios.get(at).copied().unwrap_or_default();
            format!("PC {} ({:.1} % of variance)", at + 1, 100.0 * share)
        };
        let labels = samples.labels();
        let axes = [axis(0), axis(1)];
        let placed =
            Placed { method: "pca", split, axes, points: &projected, labels, classes: &classes, metrics: &metrics };
        placed.save(context)?;
        let series = BTreeMap::from([("explained_variance_ratio".to_owned(), ratios)]);
        Ok(Output { outcome: Outcome { metrics, series, ..Outcome::default() }, ..Output::default() })
    }
}

/// Fewest leading shares that sum to `MOST`; none when nothing varies.
fn dimensions(ratios: &[f64]) -> usize {
    let mut sum = 0.0;
    ratios
        .iter()
        .take_while(|ratio| {
            let more = sum < MOST && **ratio > 0.0;
            sum += **ratio;
            more
        })
        .count()
}

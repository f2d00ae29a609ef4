//! `tsne`: a map of codes or pixels that keeps neighbors together.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dataset::samples::Samples;
use crate::embed::pca::Pca;
use crate::embed::rows::{Rows, gather_range, width};
use crate::embed::tsne::{Embedded, Start, Tsne as Settings};
use crate::embed::{neighbors, workers::Workers};
use crate::event::{Outcome, Progress};
use crate::kind::{Description, Facts, ParamProblem, params_of};
use crate::metric::trustworthiness::trustworthiness;
use crate::stage::data::SplitName;
use crate::stage::points::{self, Placed, Points};
use crate::stage::{Context, Output, Stage, StageError, problems};

/// Neighbors that trustworthiness looks at.
const TRUST_NEIGHBORS: usize = 12;
/// Iterations between two reports of progress.
const REPORT_EVERY: usize = 10;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// The split whose samples are placed.
    split: SplitName,
    /// The first so many samples are placed; 0 for all.
    samples: usize,
    /// Samples with more numbers than this are projected onto so many principal components first; 0 never projects.
    pca_dimensions: usize,
    /// Effective number of neighbors of a sample.
    #[schemars(range(min = 1.0, max = 1000.0))]
    perplexity: f64,
    /// Steps of gradient descent.
    #[schemars(range(min = 1))]
    iterations: usize,
    /// Factor on attraction during the first quarter of the iterations.
    #[schemars(range(min = 1.0, max = 1000.0))]
    early_exaggeration: f64,
    /// Step size; left out: a quarter of samples / early_exaggeration, at least 50.
    #[schemars(range(min = 0.0))]
    learning_rate: Option<f64>,
    /// Where points begin.
    init: Start,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            split: SplitName::default(),
            samples: 5000,
            pca_dimensions: 50,
            perplexity: 30.0,
            iterations: 1000,
            early_exaggeration: 12.0,
            learning_rate: None,
            init: Start::Pca,
        }
    }
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "tsne",
    version: 1,
    summary: "Places samples in the plane so that neighbors stay neighbors (t-SNE).",
    details: "van der Maaten and Hinton 2008, with affinities to the 3 x perplexity nearest neighbors (exact), repulsion \
              interpolated on a grid by fast Fourier transform (after Linderman et al. 2019; pair by pair below 1,000 \
              samples), and a start from the first two principal components or the neighbor graph's, scaled to a \
              standard deviation of 1e-4. Momentum 0.5 and early exaggeration for the first quarter of the iterations, \
              then momentum 0.8; learning rates mean what they mean in scikit-learn. No random numbers: equal codes give equal maps. Distances between far groups and sizes of \
              groups mean little. The divergence after every 50 iterations is in the series `kl`.",
    inputs: points::input(),
    outputs: points::embedding_output(),
    params: params_of::<Params>(),
    layers: vec![],
    metrics: &[
        (
            "kl_divergence",
            "Kullback-Leibler divergence of the map from the samples, in nats: p of the 3 x perplexity nearest neighbors, q over all pairs. Compare at equal numbers of samples only.",
        ),
        (
            "trustworthiness",
            "To what extent the 12 nearest neighbors in the map are neighbors of the sample, 1 at best (scikit-learn's definition); against the samples as t-SNE saw them, after projection.",
        ),
    ],
    example: "[stages.tsne]\nuses = \"tsne\"\ninputs = { data = \"latents\" }\nsamples = 5000\nperplexity = 30\n",
    companions: &[],
});

pub struct Tsne;

impl Stage for Tsne {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, _inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let params: Params = problems::parse(params)?;
        if params.learning_rate == Some(0.0) {
            let problem = problems::problem("learning_rate", "a learning rate of 0 moves nothing");
            return Err(vec![problem.help("leave it out to have it chosen")]);
        }
        Ok(Facts::default())
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let Points { samples, classes } = Points::open(context, params.split)?;
        let workers = points::workers(context);
        let (values, dim) = rows(samples.as_ref(), &params, workers)?;
        let embedded = embed(context, &params, &values, dim)?;
        let original = neighbors::Points::new(&values, dim);
        let placed = neighbors::Points::new(&embedded.points, 2);
        let mut metrics = BTreeMap::from([("kl_divergence".to_owned(), embedded.kl_divergence)]);
        if let Some(trust) = trustworthiness(&original, &placed, TRUST_NEIGHBORS, workers)? {
            metrics.insert("trustworthiness".to_owned(), trust);
        }
        let axes = ["t-SNE 1".to_owned(), "t-SNE 2".to_owned()];
        let (labels, points) = (samples.labels(), &embedded.points[..]);
        let placed =
            Placed { method: "tsne", split: params.split, axes, points, labels, classes: &classes, metrics: &metrics };
        placed.save(context)?;
        let mut warnings = lowered(&params, &embedded, original.len());
        warnings.extend(disconnected(&params, &embedded));
        let series = BTreeMap::from([("kl".to_owned(), embedded.series)]);
        Ok(Output { outcome: Outcome { metrics, series, warnings }, ..Output::default() })
    }
}

/// The samples to place, projected when they are wide, and how many numbers each has then.
fn rows(samples: &dyn Samples, params: &Params, workers: Workers) -> Result<(Vec<f32>, usize), StageError> {
    let count = if params.samples == 0 { samples.len() } else { samples.len().min(params.samples) };
    let (values, dim) = (gather_range(samples, 0, count), width(samples));
    if params.pca_dimensions == 0 || dim <= params.pca_dimensions || count < 2 {
        return Ok((values, dim));
    }
    let rows = Rows::new(&values, dim);
    let pca = Pca::fit(&rows, params.pca_dimensions, workers)?;
    Ok((pca.project(&rows, workers)?, params.pca_dimensions))
}

fn embed(context: &Context, params: &Params, values: &[f32], dim: usize) -> Result<Embedded, StageError> {
    let settings = Settings {
        perplexity: params.perplexity,
        iterations: params.iterations,
        early_exaggeration: params.early_exaggeration,
        learning_rate: params.learning_rate,
        start: params.init,
    };
    let progress = |done: usize, kl: Option<f64>| {
        if done.is_multiple_of(REPORT_EVERY) || done == params.iterations {
            let metrics = kl.map(|kl| ("kl".to_owned(), kl)).into_iter().collect();
            (context.progress)(Progress {
                done: done as u64,
                total: params.iterations as u64,
                unit: "iteration",
                metrics,
            });
        }
    };
    Ok(settings.fit(values, dim, points::workers(context), &progress)?)
}

/// Says that there was no start of the kind asked for.
fn disconnected(params: &Params, embedded: &Embedded) -> Option<String> {
    let text = "t-SNE: the neighbor graph is not connected, so there is no spectral start; started from PCA instead";
    (embedded.start != params.init).then(|| text.to_owned())
}

/// Says that there were too few samples for the perplexity asked for.
fn lowered(params: &Params, embedded: &Embedded, samples: usize) -> Vec<String> {
    if embedded.perplexity >= params.perplexity {
        return Vec::new();
    }
    let (asked, used) = (params.perplexity, embedded.perplexity);
    vec![format!("t-SNE: perplexity {used:.1} instead of {asked}, because there are only {samples} samples")]
}

//! The kinds there are: one line each.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kind::{Catalog, Description, Facts, ParamProblem};
use crate::stage::{
    Stage, anomaly, baseline_pca, compare_baseline, evaluate, extract_latents, kmeans, linear_probe, load, noise,
    normalize, pca, predict, report, split, subset, train_autoencoder, train_classifier, tsne,
};

/// All kinds, in the order of the documentation.
pub fn all() -> &'static [&'static dyn Stage] {
    &[
        &load::Load,
        &normalize::Normalize,
        &subset::Subset,
        &split::Split,
        &noise::Noise,
        &train_autoencoder::TrainAutoencoder,
        &extract_latents::ExtractLatents,
        &evaluate::Evaluate,
        &train_classifier::TrainClassifier,
        &linear_probe::LinearProbe,
        &predict::Predict,
        &anomaly::Anomaly,
        &pca::Pca,
        &tsne::Tsne,
        &kmeans::KMeans,
        &baseline_pca::BaselinePca,
        &compare_baseline::CompareBaseline,
        &report::Report,
    ]
}

/// The kind of that name.
pub fn find(kind: &str) -> Option<&'static dyn Stage> {
    all().iter().copied().find(|stage| stage.description().kind == kind)
}

/// The kinds as the plan sees them.
pub struct Registry;

impl Catalog for Registry {
    fn kinds(&self) -> Vec<&Description> {
        all().iter().map(|stage| stage.description()).collect()
    }

    fn describe(&self, kind: &str) -> Option<&Description> {
        find(kind).map(Stage::description)
    }

    fn check(&self, kind: &str, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        find(kind).map_or_else(|| Ok(Facts::default()), |stage| stage.check(params, inputs))
    }

    fn draws_random(&self, kind: &str, params: &Value) -> bool {
        find(kind).is_some_and(|stage| stage.draws_random(params))
    }
}

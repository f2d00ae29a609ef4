//! One file for each kind of section: which artifacts it shows and how. Each gives no section when there is nothing to
//! show.

pub mod anomaly;
pub mod baseline;
pub mod classifier;
pub mod clusters;
pub mod data;
pub mod evaluation;
pub mod latent_space;
pub mod metrics;
pub mod model;
pub mod predictions;
pub mod samples;
pub mod training;
pub mod variational;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::report::number;

/// Reads a number; JSON has no NaN, it is `null` there.
fn maybe_nan<'de, D: Deserializer<'de>>(json: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(json)?.unwrap_or(f64::NAN))
}

/// Reads metrics by name, each as [`maybe_nan`] reads it.
fn metrics_by_name<'de, D: Deserializer<'de>>(json: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let metrics = BTreeMap::<String, Option<f64>>::deserialize(json)?;
    Ok(metrics.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}

/// Heights, widths or counts, `28 × 28 × 1`.
fn product(axes: &[usize]) -> String {
    axes.iter().map(|&axis| number::count(axis)).collect::<Vec<_>>().join(" × ")
}

/// `name value` pairs in one line.
fn sentence(metrics: &BTreeMap<String, f64>) -> String {
    let parts: Vec<String> =
        metrics.iter().map(|(name, value)| format!("{} = {}", readable(name), number::short(*value))).collect();
    parts.join(", ")
}

/// A metric's name for people: known ones in the field's spelling, others with spaces.
pub fn readable(name: &str) -> String {
    match name {
        "mse" => "MSE".into(),
        "mae" => "MAE".into(),
        "bce" => "BCE".into(),
        "ssim" => "SSIM".into(),
        "psnr" => "PSNR".into(),
        "auroc" => "AUROC".into(),
        "auprc" => "AUPRC".into(),
        "nmi" => "NMI".into(),
        "ari" => "ARI".into(),
        "kl_divergence" => "KL divergence".into(),
        "macro_f1" => "macro F1".into(),
        "train_loss" => "training loss".into(),
        "val_loss" => "validation loss".into(),
        "val_mse" => "validation MSE".into(),
        "val_elbo" => "validation ELBO".into(),
        "train_elbo" => "training ELBO".into(),
        "val_reconstruction" => "validation reconstruction".into(),
        "train_reconstruction" => "training reconstruction".into(),
        "val_divergence" => "validation divergence".into(),
        "train_divergence" => "training divergence".into(),
        "train_accuracy" => "training accuracy".into(),
        "f1" => "F1".into(),
        "kl" => "KL divergence".into(),
        "dimensions_95" => "components for 95 % of the variance".into(),
        "explained_variance" => "share of variance in two components".into(),
        "val_accuracy" => "validation accuracy".into(),
        other => other.replace('_', " "),
    }
}

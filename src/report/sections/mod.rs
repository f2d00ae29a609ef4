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

use crate::merit::readable;
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

/// `; name = value, ...`, to go on with; empty for none.
fn sentence(metrics: &BTreeMap<String, f64>) -> String {
    let parts: Vec<String> =
        metrics.iter().map(|(name, value)| format!("{} = {}", readable(name), number::short(*value))).collect();
    if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
}

//! What params may be varied over: lists of values and distributions. Knows no file, no stage and no search.

use serde_json::Value;
use statrs::distribution::{ContinuousCDF, Normal};

/// What one param may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// These values: all of them in a grid; drawn evenly by a search or a choice.
    Values(Vec<Value>),
    /// Evenly from `low` to `high`.
    Uniform { low: f64, high: f64 },
    /// Evenly in the logarithm, from `low` > 0 to `high`.
    LogUniform { low: f64, high: f64 },
    /// Whole numbers from `low` to `high`, both possible; with `log` evenly in the logarithm, `low` > 0.
    Integer { low: i64, high: i64, log: bool },
    /// The normal distribution; nothing bounds it.
    Normal { mean: f64, deviation: f64 },
}

/// A param and what it may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    pub param: String,
    pub domain: Domain,
    /// Varied only where each of these params has one of its values; elsewhere it keeps the experiment's value.
    pub when: Vec<(String, Vec<Value>)>,
}

impl Domain {
    /// The value below which a share of the distribution lies: of a share drawn evenly from 0 to 1 it is drawn from the
    /// distribution. Listed values must be at least one. Floats have six digits, so that they are easy to read and alike on
    /// machines whose logarithms differ in the last bit.
    pub fn at(&self, share: f64) -> Value {
        match *self {
            Self::Values(ref values) => values[((share * values.len() as f64) as usize).min(values.len() - 1)].clone(),
            Self::Uniform { low, high } => float(low + share * (high - low), low, high),
            Self::LogUniform { low, high } => float(between_logs(share, low, high), low, high),
            Self::Integer { low, high, log: false } => {
                // Wide enough for any two bounds.
                let count = (i128::from(high) - i128::from(low) + 1) as f64;
                Value::from((i128::from(low) + (share * count) as i128).min(high.into()) as i64)
            }
            // Every number stands for what rounds to it, the first and the last too.
            Self::Integer { low, high, log: true } => {
                let number = between_logs(share, low as f64 - 0.5, high as f64 + 0.5).round();
                Value::from((number as i64).clamp(low, high))
            }
            // Away from the ends of [0, 1], where the normal distribution is infinite.
            Self::Normal { mean, deviation } => {
                let quantile = Normal::standard().inverse_cdf(share.clamp(1e-12, 1.0 - 1e-12));
                float(mean + deviation * quantile, f64::MIN, f64::MAX)
            }
        }
    }
}

fn between_logs(share: f64, low: f64, high: f64) -> f64 {
    (low.ln() + share * (high.ln() - low.ln())).exp()
}

fn float(value: f64, low: f64, high: f64) -> Value {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    Value::from(rounded.clamp(low, high))
}

//! What params may be varied over: lists of values and distributions. Knows no file, no stage and no search.

use serde_json::Value;

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

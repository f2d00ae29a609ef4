//! Statistics of repeated measurements: means with their uncertainty, differences and whether they are noise, and how
//! much of a metric's variance each factor explains. Pure functions over slices; knows no runs, params or metrics.
//!
//! Nothing is invented: where there are too few values for an interval or a test, there is none.
//! `tests/reference/statistics.py` prints the values of SciPy and statsmodels that the tests hold this against.

mod anova;
mod design;
mod difference;
mod distribution;
mod holm;
mod levels;
mod power;
mod summary;

pub use anova::{Anova, Effect, FTest, anova};
pub use difference::{Design, Difference, Evidence, TTest, paired, unpaired};
pub use holm::holm;
pub use levels::bins;
pub use power::{MOST_REPEATS, needed, needed_without_spread};
pub use summary::Summary;

/// Confidence of all intervals.
pub const CONFIDENCE: f64 = 0.95;
/// The probability of a false alarm that tests are held to.
pub const LEVEL: f64 = 1.0 - CONFIDENCE;
/// The probability to see an effect that is there, for which repeats are planned.
pub const POWER: f64 = 0.8;

/// An interval of values, its ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    fn around(center: f64, half: f64) -> Self {
        Self { low: center - half, high: center + half }
    }
}

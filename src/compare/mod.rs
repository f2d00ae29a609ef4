//! Runs side by side: which variant is best by a metric, by how much, whether the data support it, and what each param
//! has to do with it. Knows neither where runs are kept nor how a comparison is shown.
//!
//! ```text
//! runs -> variants -> against(baseline) -> conclusion      variants -> effects
//! ```

mod against;
mod conclusion;
mod effects;
mod factors;
pub mod format;
mod sheet;
mod variants;
mod words;

pub use against::{Comparison, against, baselines, each_against};
pub use conclusion::{collapses, conclusion, conclusion_at, notes};
pub use effects::{Effects, effects};
pub use sheet::{Baseline, Cell, Row, Sheet};
pub use variants::{CHANGE, EXPERIMENT, Run, Variant, arrow, best, better, differing, grouped, one_each, telling};
pub use words::{interval, p_value, plus_minus, rounded};

#[cfg(test)]
mod tests;

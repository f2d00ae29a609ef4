//! Runs side by side: which variant is best by a metric, by how much, whether the data support it, and what each param
//! has to do with it. Knows neither where runs are kept nor how a comparison is shown.
//!
//! ```text
//! runs -> variants -> against(baseline) -> conclusion      variants -> effects
//! ```

mod against;
mod conclusion;
mod effects;
mod variants;
mod words;

pub use against::{Comparison, against};
pub use conclusion::{conclusion, notes};
pub use effects::{Effects, effects};
pub use variants::{EXPERIMENT, Run, Variant, best, differing, grouped, one_each};
pub use words::{interval, p_value, plus_minus, rounded};

#[cfg(test)]
mod tests;

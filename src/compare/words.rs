//! Numbers as sentences and tables of a comparison have them.

use crate::statistics::Interval;
use crate::text;

/// A mean with half the width of its interval, `0.0912 ± 0.0031`: two digits of the width, and as many decimals of the
/// mean. Without a width the mean alone.
pub fn plus_minus(mean: f64, half: Option<f64>) -> String {
    let Some(half) = half else { return text::number(mean) };
    format!("{} ± {}", rounded(mean, half), rounded(half, half))
}

/// A value that is known to within a width, with two digits of that.
pub fn rounded(value: f64, width: f64) -> String {
    decimals(width).map_or_else(|| text::number(value), |decimals| format!("{value:.decimals$}"))
}

/// An interval's ends, `0.0881 to 0.0943`, with two digits of its half width.
pub fn interval(interval: Interval) -> String {
    let width = (interval.high - interval.low) / 2.0;
    format!("{} to {}", rounded(interval.low, width), rounded(interval.high, width))
}

/// Decimals for two digits of a width; `None` where an exponent reads better.
fn decimals(width: f64) -> Option<usize> {
    let decimals = 1 - width.log10().floor().max(-99.0) as i32;
    (width.is_finite() && width > 0.0 && decimals <= 7).then_some(decimals.max(0) as usize)
}

/// `p = 0.012`, `p < 0.001`.
pub fn p_value(p: f64) -> String {
    if p < 0.001 {
        return "p < 0.001".to_owned();
    }
    let decimals = if p < 0.1 { 3 } else { 2 };
    format!("p = {p:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_the_digits_that_its_interval_allows() {
        assert_eq!(plus_minus(0.091234, Some(0.0031234)), "0.0912 ± 0.0031");
        assert_eq!(plus_minus(97.123, Some(12.3)), "97 ± 12");
        assert_eq!(plus_minus(0.5, Some(0.0)), "0.5 ± 0");
        assert_eq!(plus_minus(1.5e-9, Some(2e-10)), "1.500e-9 ± 2.000e-10");
        assert_eq!(plus_minus(0.091234, None), "0.09123");
        assert_eq!(interval(Interval { low: -0.00123, high: 0.00456 }), "-0.0012 to 0.0046");
    }

    #[test]
    fn probabilities_are_short() {
        assert_eq!(
            [0.0, 0.0123, 0.049, 0.5, 1.0].map(p_value),
            ["p < 0.001", "p = 0.012", "p = 0.049", "p = 0.50", "p = 1.00"]
        );
    }
}

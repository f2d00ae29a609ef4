//! Correction for many comparisons.

/// Holm's step-down adjustment (Holm 1979): p-values that may be held against one level together, in the order given.
/// The family-wise error is kept whatever the dependence between the tests.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, index) in order.into_iter().enumerate() {
        largest = largest.max(p[index] * (p.len() - rank) as f64).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_values_are_those_of_statsmodels() {
        // statsmodels.stats.multitest.multipletests([...], method="holm")[1]
        let adjusted = holm(&[0.02, 0.001, 0.04, 0.03, 0.6]);
        for (value, expected) in adjusted.iter().zip([0.08, 0.005, 0.09, 0.09, 0.6]) {
            assert!((value - expected).abs() < 1e-15, "{adjusted:?}");
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.03]), [0.03]);
    }
}

//! Normalized mutual information of two labellings.

use std::collections::BTreeMap;

/// Mutual information over the mean of the two entropies (scikit-learn's `normalized_mutual_info_score`, arithmetic
/// mean): 1 when the labellings agree up to names, 0 when they are independent. Two labellings that both have a single
/// class agree.
pub fn nmi(a: &[u32], b: &[u32]) -> f64 {
    assert_eq!(a.len(), b.len(), "two labels a sample");
    let (of_a, of_b) = (counts(a.iter().copied()), counts(b.iter().copied()));
    if of_a.len() <= 1 && of_b.len() <= 1 {
        return 1.0;
    }
    let total = a.len() as f64;
    let information = |((a, b), count): (&(u32, u32), &u64)| {
        let (count, expected) = (*count as f64, of_a[a] as f64 * of_b[b] as f64 / total);
        count / total * (count / expected).ln()
    };
    let mutual: f64 = counts(a.iter().copied().zip(b.iter().copied())).iter().map(information).sum();
    (mutual / ((entropy(&of_a, total) + entropy(&of_b, total)) / 2.0)).clamp(0.0, 1.0)
}

fn counts<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts = BTreeMap::new();
    items.for_each(|item| *counts.entry(item).or_insert(0) += 1);
    counts
}

fn entropy(counts: &BTreeMap<u32, u64>, total: f64) -> f64 {
    counts.values().map(|&count| -(count as f64 / total) * (count as f64 / total).ln()).sum()
}

#[cfg(test)]
mod tests {
    use crate::metric::reference::{labels, predictions};

    use super::*;

    const NMI: f64 = 0.657_781_683_133_668_9;

    #[test]
    fn it_is_scikit_learns() {
        let truth = labels(40, 3, 5);
        assert!((nmi(&truth, &predictions(&truth, 4)) - NMI).abs() < 1e-12);
    }

    #[test]
    fn names_do_not_matter_and_one_cluster_tells_nothing() {
        assert!((nmi(&[0, 0, 1, 2], &[7, 7, 5, 0]) - 1.0).abs() < 1e-12);
        assert_eq!(nmi(&[0, 0, 1, 2], &[3, 3, 3, 3]), 0.0);
        assert_eq!(nmi(&[0, 0], &[3, 3]), 1.0);
    }
}

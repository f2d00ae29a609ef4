//! Purity of clusters.

use std::collections::BTreeMap;

/// The share of samples that belong to the commonest class of their cluster.
pub fn purity(clusters: &[u32], classes: &[u32]) -> f64 {
    assert_eq!(clusters.len(), classes.len(), "a class a sample");
    let mut counts: BTreeMap<u32, BTreeMap<u32, u64>> = BTreeMap::new();
    clusters.iter().zip(classes).for_each(|(&k, &c)| *counts.entry(k).or_default().entry(c).or_default() += 1);
    let commonest: u64 = counts.values().filter_map(|classes| classes.values().max()).sum();
    commonest as f64 / clusters.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_the_commonest_class_of_each_cluster() {
        assert_eq!(purity(&[0, 0, 0, 1, 1], &[3, 3, 4, 4, 3]), 0.6);
    }
}

//! Trustworthiness of an embedding.

use std::ops::Range;

use crate::cancel::Interrupted;
use crate::embed::neighbors::{Neighbors, Points};
use crate::embed::workers::Workers;

/// Points of one unit of work.
const BLOCK: usize = 32;

/// To what extent the `k` nearest neighbors of each point in the embedding were near it in the original space, 1 when
/// all were (Venna and Kaski 2001; scikit-learn's `trustworthiness`, Euclidean). A neighbor is penalized by how far
/// beyond rank `k` it was. `None`: not defined unless `k` is positive and below half the number of points.
pub fn trustworthiness(
    original: &Points,
    embedded: &Points,
    k: usize,
    workers: Workers,
) -> Result<Option<f64>, Interrupted> {
    assert_eq!(original.len(), embedded.len(), "an embedded point for each original");
    let n = original.len();
    if k == 0 || 2 * k >= n {
        return Ok(None);
    }
    let neighbors = Neighbors::among(embedded, k, workers)?;
    let penalty = |block: usize| penalty(original, &neighbors, block * BLOCK..n.min((block + 1) * BLOCK));
    let total: u64 = workers.map(n.div_ceil(BLOCK), penalty)?.iter().sum();
    let worst = n as f64 * k as f64 * (2 * n - 3 * k - 1) as f64 / 2.0;
    Ok(Some(1.0 - total as f64 / worst))
}

/// Ranks beyond k, summed over the neighbors of the points `rows`.
fn penalty(original: &Points, neighbors: &Neighbors, rows: Range<usize>) -> u64 {
    let n = original.len();
    let distances = original.squared_distances(rows.clone(), original, 0..n);
    let mut total = 0;
    for (row, distances) in rows.zip(distances.chunks_exact(n)) {
        let ours: Vec<(f64, usize)> =
            neighbors.row(row).iter().map(|&at| (distances[at as usize], at as usize)).collect();
        let farthest = ours.iter().fold(0.0f64, |farthest, (distance, _)| farthest.max(*distance));
        let candidates = distances.iter().copied().zip(0..n);
        let near: Vec<(f64, usize)> = candidates.filter(|&(d, at)| d <= farthest && at != row).collect();
        for neighbor in ours {
            let rank = 1 + near.iter().filter(|other| **other < neighbor).count();
            total += rank.saturating_sub(neighbors.k) as u64;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use crate::embed::workers::tests::with_threads;
    use crate::metric::reference::values;

    use super::*;

    const TRUSTWORTHINESS: f64 = 0.9167816781678167;

    fn ours(original: &[f32], dim: usize, embedded: &[f32], k: usize) -> Option<f64> {
        let (original, embedded) = (Points::new(original, dim), Points::new(embedded, 2));
        with_threads(2, |workers| trustworthiness(&original, &embedded, k, workers)).unwrap()
    }

    #[test]
    fn it_is_scikit_learns() {
        // 101 rows of five numbers each; the first two of each row are a poor embedding.
        let original: Vec<f32> = values(505, 1).iter().enumerate().map(|(i, v)| v * v + 0.001 * i as f32).collect();
        let embedded: Vec<f32> = original.chunks_exact(5).flat_map(|row| [row[0], row[1]]).collect();
        assert!((ours(&original, 5, &embedded, 12).unwrap() - TRUSTWORTHINESS).abs() < 1e-9);
    }

    #[test]
    fn a_copy_is_entirely_trustworthy_and_half_the_points_are_no_neighborhood() {
        let points = values(100, 1);
        assert_eq!(ours(&points, 2, &points, 5), Some(1.0));
        assert_eq!(ours(&points, 2, &points, 25), None);
    }
}

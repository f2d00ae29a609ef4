//! Euclidean distances between many points and exact nearest neighbors, a block of points at a time through matrix
//! products. Knows nothing of what is done with them.

use std::ops::Range;

use crate::cancel::Interrupted;
use crate::embed::workers::Workers;
use crate::tensor::gemm::{Mat, multiply_scaled};

/// Points of one unit of work, and the points they are compared with at a time.
const QUERIES: usize = 64;
const BASE: usize = 1024;

/// Points of one dimension, with what their distances need.
pub struct Points {
    values: Vec<f64>,
    /// Squared lengths.
    norms: Vec<f64>,
    dim: usize,
}

impl Points {
    /// Points of `dim` numbers each, one after another. Fewer digits are lost when they lie around the origin.
    pub fn new(values: &[f32], dim: usize) -> Self {
        let values: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
        let norms = values.chunks_exact(dim).map(|row| row.iter().map(|x| x * x).sum()).collect();
        Self { values, norms, dim }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    fn matrix(&self, rows: &Range<usize>) -> Mat<'_, f64> {
        Mat::new(&self.values[rows.start * self.dim..rows.end * self.dim], rows.len(), self.dim)
    }

    /// Squared distances of the points `rows` to the points `others` of `base`, a row a point; at least 0.
    pub fn squared_distances(&self, rows: Range<usize>, base: &Points, others: Range<usize>) -> Vec<f64> {
        let mut distances = vec![0.0; rows.len() * others.len()];
        if distances.is_empty() {
            return distances;
        }
        multiply_scaled(&mut distances, -2.0, self.matrix(&rows), base.matrix(&others).transposed(), false);
        for (distances, norm) in distances.chunks_exact_mut(others.len()).zip(&self.norms[rows]) {
            let base = &base.norms[others.clone()];
            distances
                .iter_mut()
                .zip(base)
                .for_each(|(distance, other)| *distance = (*distance + norm + other).max(0.0));
        }
        distances
    }
}

/// The nearest neighbors of every point, nearest first; of points equally far the one of lower index.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// Neighbors of each point.
    pub k: usize,
    /// `[points, k]`, indices of points.
    pub indices: Vec<u32>,
    /// `[points, k]`.
    pub squared_distances: Vec<f64>,
}

impl Neighbors {
    /// The `k` other points nearest to each point (all of them when they are fewer).
    pub fn among(points: &Points, k: usize, workers: Workers) -> Result<Self, Interrupted> {
        let (n, k) = (points.len(), k.min(points.len().saturating_sub(1)));
        let block = |index: usize| {
            let rows = index * QUERIES..n.min((index + 1) * QUERIES);
            let mut nearest: Vec<Nearest> = rows.clone().map(|_| Nearest::new(k)).collect();
            for start in (0..n).step_by(BASE) {
                let end = n.min(start + BASE);
                let distances = points.squared_distances(rows.clone(), points, start..end);
                for (nearest, (row, distances)) in
                    nearest.iter_mut().zip(rows.clone().zip(distances.chunks_exact(end - start)))
                {
                    nearest.offer(distances, start, row);
                }
            }
            nearest.into_iter().flat_map(Nearest::finish).collect::<Vec<_>>()
        };
        let found = workers.map(n.div_ceil(QUERIES), block)?.concat();
        let (squared_distances, indices) = found.into_iter().unzip();
        Ok(Self { k, indices, squared_distances })
    }

    /// Indices of the neighbors of one point.
    pub fn row(&self, point: usize) -> &[u32] {
        &self.indices[point * self.k..][..self.k]
    }
}

/// The nearest of the points offered so far.
struct Nearest {
    k: usize,
    /// Up to twice `k` candidates.
    found: Vec<(f64, u32)>,
    /// A point farther than this is not among the nearest.
    bound: f64,
}

impl Nearest {
    fn new(k: usize) -> Self {
        let bound = if k == 0 { f64::NEG_INFINITY } else { f64::INFINITY };
        Self { k, found: Vec::with_capacity(2 * k), bound }
    }

    fn offer(&mut self, distances: &[f64], start: usize, skip: usize) {
        for (at, &distance) in distances.iter().enumerate() {
            if distance <= self.bound && start + at != skip {
                self.found.push((distance, (start + at) as u32));
                if self.found.len() == 2 * self.k {
                    self.prune();
                }
            }
        }
    }

    fn prune(&mut self) {
        self.found.select_nth_unstable_by(self.k - 1, nearer);
        self.found.truncate(self.k);
        self.bound = self.found[self.k - 1].0;
    }

    fn finish(mut self) -> Vec<(f64, u32)> {
        self.found.sort_unstable_by(nearer);
        self.found.truncate(self.k);
        self.found
    }
}

fn nearer(a: &(f64, u32), b: &(f64, u32)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use crate::embed::workers::tests::with_threads;

    use super::*;

    fn values(n: usize, dim: usize) -> Vec<f32> {
        (0..n * dim).map(|i| ((i * i * 31 + i * 17) % 211) as f32 / 10.0).collect()
    }

    /// All other points by distance, computed one by one.
    fn sorted(values: &[f32], dim: usize, query: usize) -> Vec<(f64, u32)> {
        let row = |at: usize| &values[at * dim..][..dim];
        let distance = |other: usize| -> f64 {
            row(query).iter().zip(row(other)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let others = (0..values.len() / dim).filter(|other| *other != query);
        let mut all: Vec<_> = others.map(|other| (distance(other), other as u32)).collect();
        all.sort_by(nearer);
        all
    }

    #[test]
    fn neighbors_are_those_of_a_full_sort() {
        let values = values(1500, 5);
        let points = Points::new(&values, 5);
        let found = with_threads(2, |workers| Neighbors::among(&points, 7, workers)).unwrap();
        for query in (0..1500).step_by(97) {
            let reference = &sorted(&values, 5, query)[..7];
            for (at, (distance, _)) in reference.iter().enumerate() {
                assert!((found.squared_distances[query * 7 + at] - distance).abs() < 1e-9);
            }
        }
        assert_eq!(found, with_threads(1, |workers| Neighbors::among(&points, 7, workers)).unwrap());
    }

    #[test]
    fn a_point_is_not_its_own_neighbor() {
        let points = Points::new(&[0.0, 1.0, 3.0, 3.0], 1);
        with_threads(1, |workers| {
            assert_eq!(Neighbors::among(&points, 2, workers).unwrap().indices, [1, 2, 0, 2, 3, 1, 2, 1]);
            assert_eq!(Neighbors::among(&points, 9, workers).unwrap().k, 3);
        });
    }
}

//! How alike points are before embedding: sparse, symmetric probabilities. Knows no embedding.

use crate::cancel::Interrupted;
use crate::embed::neighbors::Neighbors;
use crate::embed::workers::Workers;

/// Points of one unit of work.
const BLOCK: usize = 256;
/// Bisections of one point's bandwidth; far more than double precision needs once it is bracketed.
const BISECTIONS: usize = 200;
const ENTROPY_TOLERANCE: f64 = 1e-10;

/// The joint probabilities p of pairs of points, symmetric and summing to 1; all pairs not listed have none.
pub struct Affinities {
    /// Where each row begins, and the end: `[n + 1]`.
    starts: Vec<usize>,
    /// Column and probability, by rising column within a row.
    entries: Vec<(u32, f64)>,
}

impl Affinities {
    /// Gaussian similarities to the nearest neighbors, with each point's bandwidth such that the entropy is the
    /// logarithm of the perplexity, averaged over both directions (van der Maaten and Hinton 2008; neighbors only, van
    /// der Maaten 2014).
    pub fn new(neighbors: &Neighbors, perplexity: f64, workers: Workers) -> Result<Self, Interrupted> {
        let (n, k) = (neighbors.indices.len() / neighbors.k, neighbors.k);
        let block = |index: usize| -> Vec<f64> {
            let distances = &neighbors.squared_distances[index * BLOCK * k..n.min((index + 1) * BLOCK) * k];
            distances.chunks_exact(k).flat_map(|row| conditional(row, perplexity)).collect()
        };
        let conditional = workers.map(n.div_ceil(BLOCK), block)?.concat();
        // Who has each point as a neighbor: the transpose, by counting.
        let mut counts = vec![0; n + 1];
        neighbors.indices.iter().for_each(|&column| counts[column as usize + 1] += 1);
        (0..n).for_each(|row| counts[row + 1] += counts[row]);
        let mut place = counts.clone();
        let mut incoming = vec![(0u32, 0.0); n * k];
        for (at, (&column, &p)) in neighbors.indices.iter().zip(&conditional).enumerate() {
            incoming[place[column as usize]] = ((at / k) as u32, p);
            place[column as usize] += 1;
        }
        let block = |index: usize| -> Vec<Vec<(u32, f64)>> {
            let row = |row: usize| {
                let outgoing = neighbors.row(row).iter().copied().zip(conditional[row * k..][..k].iter().copied());
                merged(outgoing, &incoming[counts[row]..counts[row + 1]], 2.0 * n as f64)
            };
            (index * BLOCK..n.min((index + 1) * BLOCK)).map(row).collect()
        };
        let rows: Vec<Vec<(u32, f64)>> = workers.map(n.div_ceil(BLOCK), block)?.into_iter().flatten().collect();
        let mut starts = vec![0];
        rows.iter().for_each(|row| starts.push(starts[starts.len() - 1] + row.len()));
        Ok(Self { starts, entries: rows.concat() })
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// With these rows.
    #[cfg(test)]
    pub fn of(rows: Vec<Vec<(u32, f64)>>) -> Self {
        let ends = rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        });
        Self { starts: std::iter::once(0).chain(ends).collect(), entries: rows.concat() }
    }

    /// The points that have any affinity to point `row`, with it.
    pub fn row(&self, row: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// Sum of p ln p.
    pub fn negative_entropy(&self) -> f64 {
        self.entries.iter().filter(|(_, p)| *p > 0.0).map(|(_, p)| p * p.ln()).sum()
    }
}

/// Probabilities proportional to exp(-beta d), beta such that their entropy is ln(perplexity).
fn conditional(squared_distances: &[f64], perplexity: f64) -> Vec<f64> {
    let least = squared_distances.iter().copied().fold(f64::INFINITY, f64::min);
    let target = perplexity.ln();
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut beta = 1.0;
    let mut p = vec![0.0; squared_distances.len()];
    for _ in 0..BISECTIONS {
        p.iter_mut().zip(squared_distances).for_each(|(p, distance)| *p = (-beta * (distance - least)).exp());
        let sum: f64 = p.iter().sum();
        let mean: f64 = p.iter().zip(squared_distances).map(|(p, distance)| p * (distance - least)).sum::<f64>() / sum;
        p.iter_mut().for_each(|p| *p /= sum);
        let excess = sum.ln() + beta * mean - target;
        if excess.abs() < ENTROPY_TOLERANCE {
            break;
        }
        // Too many neighbors count: narrow the bandwidth; too few: widen it.
        if excess > 0.0 {
            low = beta;
            beta = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * beta };
        } else {
            high = beta;
            beta = (low + high) / 2.0;
        }
    }
    p
}

/// One row of (P + P transposed) / `scale`.
fn merged(outgoing: impl Iterator<Item = (u32, f64)>, incoming: &[(u32, f64)], scale: f64) -> Vec<(u32, f64)> {
    let mut row: Vec<(u32, f64)> = outgoing.chain(incoming.iter().copied()).collect();
    // A stable sort: the outgoing half of a pair stays first, so that sums are taken in one order.
    row.sort_by_key(|(column, _)| *column);
    let mut merged: Vec<(u32, f64)> = Vec::with_capacity(row.len());
    for (column, p) in row {
        match merged.last_mut() {
            Some((last, sum)) if *last == column => *sum += p / scale,
            _ => merged.push((column, p / scale)),
        }
    }
    merged
}

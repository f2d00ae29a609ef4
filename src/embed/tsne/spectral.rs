//! A start from the graph of affinities: Laplacian eigenmaps (Belkin and Niyogi 2003), the leading eigenvectors of
//! D^-1 P but for the constant one. Knows no samples.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::embed::EmbedError;
use crate::embed::pca::point_up;
use crate::embed::workers::Workers;

use super::BLOCK;
use super::affinity::Affinities;

/// Vectors of the basis at most: what they leave unfinished, the descent finishes.
const MOST_VECTORS: usize = 300;
/// Vectors between two looks at how good the eigenvectors are.
const LOOK_EVERY: usize = 20;
/// Length of A u - lambda u at which u counts as found.
const TOLERANCE: f64 = 1e-8;
/// A vector that is no longer than this after orthogonalization has nothing new.
const NOTHING: f64 = 1e-12;

/// Two coordinates for each point, each eigenvector D^-1/2 u with u of length 1 and its largest number positive; `None`
/// when the graph is not connected, so that eigenvectors only tell its parts from each other.
pub fn eigenmaps(affinities: &Affinities, workers: Workers) -> Result<Option<Vec<[f64; 2]>>, EmbedError> {
    if !is_connected(affinities) {
        return Ok(None);
    }
    let degree = |row| affinities.row(row).iter().map(|(_, p)| p).sum::<f64>();
    let roots: Vec<f64> = (0..affinities.len()).map(|row| degree(row).sqrt()).collect();
    let mut krylov = Krylov::new(affinities, &roots, workers)?;
    let pair = loop {
        let done = krylov.grow(LOOK_EVERY)?;
        let (pair, error) = krylov.leading()?;
        if done || error < TOLERANCE {
            break pair;
        }
    };
    let axes = pair.map(|weights| {
        let vector = krylov.combined(&weights);
        let mut axis: Vec<f64> = vector.iter().zip(&roots).map(|(u, root)| u / root).collect();
        point_up(&mut axis);
        axis
    });
    Ok(Some(axes[0].iter().zip(&axes[1]).map(|(&x, &y)| [x, y]).collect()))
}

fn is_connected(affinities: &Affinities) -> bool {
    let mut seen = vec![false; affinities.len()];
    let mut waiting = vec![0];
    seen[0] = true;
    while let Some(row) = waiting.pop() {
        for &(column, p) in affinities.row(row) {
            if p > 0.0 && !std::mem::replace(&mut seen[column as usize], true) {
                waiting.push(column as usize);
            }
        }
    }
    seen.iter().all(|seen| *seen)
}

/// A block Lanczos process with full orthogonalization on A = D^-1/2 P D^-1/2, away from its first eigenvector. It begins
/// with two vectors, so that a double eigenvalue is found twice.
struct Krylov<'a> {
    affinities: &'a Affinities,
    roots: &'a [f64],
    workers: Workers<'a>,
    /// First A's known eigenvector, then the basis: orthonormal.
    vectors: Vec<Vec<f64>>,
    /// For each basis vector that A was applied to: the result in terms of the basis.
    columns: Vec<Vec<f64>>,
}

impl<'a> Krylov<'a> {
    fn new(affinities: &'a Affinities, roots: &'a [f64], workers: Workers<'a>) -> Result<Self, EmbedError> {
        let length = dot(roots, roots).sqrt();
        let known = roots.iter().map(|root| root / length).collect();
        let mut process = Self { affinities, roots, workers, vectors: vec![known], columns: Vec::new() };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for _ in 0..2 {
            let random = (0..roots.len()).map(|_| rng.random::<f64>() - 0.5).collect();
            process.extend(random)?;
        }
        Ok(process)
    }

    /// Applies A to up to `count` more vectors; whether none is left that may be.
    fn grow(&mut self, count: usize) -> Result<bool, EmbedError> {
        for _ in 0..count {
            let next = self.columns.len();
            if next + 1 >= self.vectors.len() || next >= MOST_VECTORS {
                return Ok(true);
            }
            let applied = self.applied(&self.vectors[next + 1]);
            let column = self.extend(applied)?;
            self.columns.push(column);
        }
        Ok(false)
    }

    /// A x.
    fn applied(&self, x: &[f64]) -> Vec<f64> {
        let mut y = vec![0.0; x.len()];
        self.workers.fill(&mut y, BLOCK, |block, y| {
            for (at, y) in y.iter_mut().enumerate() {
                let row = block * BLOCK + at;
                let term = |&(column, p): &(u32, f64)| p * x[column as usize] / self.roots[column as usize];
                *y = self.affinities.row(row).iter().map(term).sum::<f64>() / self.roots[row];
            }
        });
        y
    }

    /// Adds what is new in a vector to the basis; the vector in terms of the basis.
    fn extend(&mut self, mut vector: Vec<f64>) -> Result<Vec<f64>, EmbedError> {
        let mut terms = vec![0.0; self.vectors.len()];
        // Twice is enough (Parlett, The Symmetric Eigenvalue Problem, 6.9).
        for _ in 0..2 {
            let along = self.workers.map(self.vectors.len(), |index| dot(&self.vectors[index], &vector))?;
            let vectors = &self.vectors;
            self.workers.fill(&mut vector, BLOCK, |block, part| {
                for (own, along) in vectors.iter().zip(&along) {
                    part.iter_mut().zip(&own[block * BLOCK..]).for_each(|(x, own)| *x -= along * own);
                }
            });
            terms.iter_mut().zip(along).for_each(|(term, along)| *term += along);
        }
        let length = dot(&vector, &vector).sqrt();
        terms.remove(0);
        if length > NOTHING {
            vector.iter_mut().for_each(|x| *x /= length);
            self.vectors.push(vector);
            terms.push(length);
        }
        Ok(terms)
    }

    /// The two leading eigenvectors of A within the space so far, in terms of the basis, and the greater of their errors.
    fn leading(&self) -> Result<([Vec<f64>; 2], f64), EmbedError> {
        let count = self.columns.len();
        let term = |row: usize, column: usize| self.columns[column].get(row).copied().unwrap_or(0.0);
        let small: Vec<f64> = (0..count * count).map(|at| term(at / count, at % count)).collect();
        let lower = faer::MatRef::from_row_major_slice(&small, count, count);
        let eigen = lower.self_adjoint_eigen(faer::Side::Lower).map_err(|_| EmbedError::NotFinite)?;
        let pair = [1, 2].map(|back| eigen.U().col(count - back).iter().copied().collect::<Vec<f64>>());
        // What A leads out of the space.
        let outside = |weights: &[f64], row| (0..count).map(|column| term(row, column) * weights[column]).sum::<f64>();
        let rows = count..self.vectors.len() - 1;
        let error = |weights: &Vec<f64>| rows.clone().map(|row| outside(weights, row).powi(2)).sum::<f64>().sqrt();
        let error = error(&pair[0]).max(error(&pair[1]));
        Ok((pair, error))
    }

    fn combined(&self, weights: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.roots.len()];
        for (vector, weight) in self.vectors[1..].iter().zip(weights) {
            sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += weight * x);
        }
        sum
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use crate::embed::workers::tests::with_threads;

    use super::*;

    // From tests/reference/embed.py.
    const EIGENMAPS: [[f64; 2]; 12] = [
        [-0.2706147912372293, 0.1313344668306872],
        [-0.25093998663598044, 0.19446491916753433],
        [-0.19745004360452054, -0.14776534115113588],
        [-0.20017002238599513, 0.161768536359818],
        [-0.1365046269809058, -0.1733714024648137],
        [-0.06570288704040167, -0.04297711732387986],
        [0.0374715282950742, -0.16127918530108581],
        [0.13852572296546597, -0.04252221754867533],
        [0.19405744521528867, -0.2287765725478136],
        [0.2538110299474865, 0.31478956444560674],
        [0.24530899254292876, -0.25256961515878834],
        [0.29437151797934086, 0.34667998683797274],
    ];

    fn graph(n: usize, weight: impl Fn(usize, usize) -> f64) -> Affinities {
        let entry = |row, column| (row != column).then(|| (column as u32, weight(row, column)));
        let rows = (0..n).map(|row| (0..n).filter_map(|column| entry(row, column)).filter(|(_, p)| *p > 0.0).collect());
        Affinities::of(rows.collect())
    }

    fn maps(affinities: &Affinities, threads: usize) -> Option<Vec<[f64; 2]>> {
        with_threads(threads, |workers| eigenmaps(affinities, workers)).unwrap()
    }

    #[test]
    fn eigenmaps_are_scikit_learns() {
        let weight = |i: usize, j: usize| if i.abs_diff(j) < 5 { 1.0 / (1 + (i + j + i * j) % 7) as f64 } else { 0.0 };
        let found = maps(&graph(12, weight), 1).unwrap();
        for (ours, theirs) in found.iter().zip(EIGENMAPS) {
            assert!((0..2).all(|axis| (ours[axis] - theirs[axis]).abs() < 1e-9), "{ours:?} {theirs:?}");
        }
    }

    #[test]
    fn a_ring_is_a_circle_though_its_eigenvalues_come_in_pairs() {
        let ring = graph(60, |i, j| f64::from(matches!(i.abs_diff(j), 1 | 59)));
        let points = maps(&ring, 1).unwrap();
        let radius = |point: &[f64; 2]| point[0].hypot(point[1]);
        assert!(points.iter().all(|point| (radius(point) / radius(&points[0]) - 1.0).abs() < 1e-6));
    }

    #[test]
    fn any_number_of_threads_gives_the_same_maps() {
        let strip = graph(600, |i, j| if i.abs_diff(j) < 40 { ((i * j) % 7 + 1) as f64 } else { 0.0 });
        let one = maps(&strip, 1).unwrap();
        assert!(one.iter().flatten().all(|x| x.is_finite()));
        assert_eq!(maps(&strip, 3).unwrap(), one);
    }

    #[test]
    fn a_graph_in_parts_has_none() {
        assert_eq!(maps(&graph(8, |i, j| f64::from(i % 2 == j % 2)), 1), None);
        assert_eq!(maps(&graph(8, |i, j| f64::from(i.max(j) < 7)), 1), None);
    }
}

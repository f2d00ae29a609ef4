//! k-means: greedy k-means++ starts and Lloyd's iterations, best of several starts, as scikit-learn does it. Knows
//! nothing of what samples are.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::cancel::Interrupted;
use crate::embed::workers::Workers;
use crate::embed::{EmbedError, require};
use crate::tensor::gemm::{Mat, multiply_scaled};

/// Points of one unit of work.
const BLOCK: usize = 512;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct KMeans {
    /// Clusters.
    pub k: usize,
    /// Starts; the clustering of lowest inertia is kept, the first of equals.
    pub starts: usize,
    /// Iterations of one start at most.
    pub max_iterations: usize,
    /// A start has converged once all centers together move less than this, squared, in units of the mean variance of
    /// the coordinates (or when no point changes its cluster).
    pub tolerance: f64,
    pub seed: u64,
}

/// Points in clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering {
    /// Cluster of each point.
    pub assignments: Vec<u32>,
    /// `[k, dim]`.
    pub centers: Vec<f64>,
    /// Sum of squared distances of points to their centers.
    pub inertia: f64,
    /// Iterations the kept start took.
    pub iterations: usize,
}

impl KMeans {
    /// Clusters `n` points of `dim` numbers, one after another; `started` hears how many starts are done. Errors:
    /// fewer points than clusters, numbers that are not finite.
    pub fn fit(
        &self,
        values: &[f32],
        dim: usize,
        workers: Workers,
        started: &dyn Fn(usize),
    ) -> Result<Clustering, EmbedError> {
        let data = Data::new(values, dim, workers);
        require(data.len(), self.k.max(1))?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(EmbedError::NotFinite);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut best: Option<Clustering> = None;
        for start in 0..self.starts.max(1) {
            let centers = data.plus_plus(self.k, &mut rng)?;
            let found = data.lloyd(centers, self)?;
            if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
                best = Some(found);
            }
            started(start + 1);
        }
        let mut best = best.expect("there is at least one start");
        data.uncenter(&mut best.centers);
        Ok(best)
    }
}

/// Points around their mean: less is lost to rounding there.
struct Data<'a> {
    values: Vec<f64>,
    mean: Vec<f64>,
    /// Mean variance of the coordinates.
    variance: f64,
    workers: Workers<'a>,
}

/// What one block of points contributes to an iteration.
struct Share {
    assignments: Vec<u32>,
    /// Squared distance of each point to its center.
    distances: Vec<f64>,
    /// Sums of the points of each cluster, `[k, dim]`, and how many they are.
    sums: Vec<f64>,
    counts: Vec<u64>,
}

impl<'a> Data<'a> {
    fn new(values: &[f32], dim: usize, workers: Workers<'a>) -> Self {
        let mut values: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
        let mut mean = vec![0.0; dim];
        values.chunks_exact(dim).for_each(|row| add(&mut mean, row));
        let count = (values.len() / dim).max(1) as f64;
        mean.iter_mut().for_each(|mean| *mean /= count);
        values.chunks_exact_mut(dim).for_each(|row| row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean));
        let variance = values.iter().map(|x| x * x).sum::<f64>() / values.len().max(1) as f64;
        Self { values, mean, variance, workers }
    }

    fn dim(&self) -> usize {
        self.mean.len()
    }

    fn len(&self) -> usize {
        self.values.len() / self.dim()
    }

    fn row(&self, at: usize) -> &[f64] {
        &self.values[at * self.dim()..][..self.dim()]
    }

    fn blocks(&self) -> usize {
        self.len().div_ceil(BLOCK)
    }

    fn block(&self, index: usize) -> &[f64] {
        &self.values[index * BLOCK * self.dim()..self.values.len().min((index + 1) * BLOCK * self.dim())]
    }

    fn uncenter(&self, centers: &mut [f64]) {
        centers.chunks_exact_mut(self.dim()).for_each(|center| add(center, &self.mean));
    }

    /// Squared distances of all points to the point `at`.
    fn distances_to(&self, at: usize) -> Result<Vec<f64>, Interrupted> {
        let center = self.row(at);
        let block = |index| -> Vec<f64> {
            self.block(index).chunks_exact(self.dim()).map(|row| squared_distance(row, center)).collect()
        };
        Ok(self.workers.map(self.blocks(), block)?.concat())
    }

    /// Starting centers by greedy k-means++ (Arthur and Vassilvitskii 2007): each is the best of 2 + ln k points drawn
    /// with probability proportional to their squared distance from the centers so far.
    fn plus_plus(&self, k: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f64>, Interrupted> {
        let trials = 2 + (k as f64).ln() as usize;
        let first = rng.random_range(0..self.len());
        let mut centers = self.row(first).to_vec();
        let mut closest = self.distances_to(first)?;
        for _ in 1..k {
            let mut best: Option<(f64, usize, Vec<f64>)> = None;
            for _ in 0..trials {
                let candidate = draw(&closest, rng);
                let mut distances = self.distances_to(candidate)?;
                distances.iter_mut().zip(&closest).for_each(|(distance, closest)| *distance = distance.min(*closest));
                let potential: f64 = distances.iter().sum();
                if best.as_ref().is_none_or(|(lowest, ..)| potential < *lowest) {
                    best = Some((potential, candidate, distances));
                }
            }
            let (_, candidate, distances) = best.expect("there are at least two trials");
            centers.extend_from_slice(self.row(candidate));
            closest = distances;
        }
        Ok(centers)
    }

    /// Lloyd's iterations from the given centers.
    fn lloyd(&self, mut centers: Vec<f64>, settings: &KMeans) -> Result<Clustering, Interrupted> {
        let (mut assignments, mut iterations, mut is_still) = (Vec::new(), 0, false);
        loop {
            let shares = self.assign(&centers)?;
            let assigned: Vec<u32> = shares.iter().flat_map(|share| share.assignments.iter().copied()).collect();
            if is_still || assigned == assignments || iterations == settings.max_iterations {
                let inertia = shares.iter().flat_map(|share| &share.distances).sum();
                return Ok(Clustering { assignments: assigned, centers, inertia, iterations });
            }
            is_still = self.update(&shares, &assigned, &mut centers) <= settings.tolerance * self.variance;
            assignments = assigned;
            iterations += 1;
        }
    }

    /// Every point to its nearest center, the first of equals.
    fn assign(&self, centers: &[f64]) -> Result<Vec<Share>, Interrupted> {
        let (dim, k) = (self.dim(), centers.len() / self.dim());
        let norms: Vec<f64> = centers.chunks_exact(dim).map(|center| center.iter().map(|x| x * x).sum()).collect();
        self.workers.map(self.blocks(), |index| {
            let block = self.block(index);
            let rows = block.len() / dim;
            let mut scores = vec![0.0; rows * k];
            let products = Mat::new(centers, k, dim).transposed();
            multiply_scaled(&mut scores, -2.0, Mat::new(block, rows, dim), products, false);
            let mut share = Share {
                assignments: Vec::with_capacity(rows),
                distances: Vec::with_capacity(rows),
                sums: vec![0.0; k * dim],
                counts: vec![0; k],
            };
            for (row, scores) in block.chunks_exact(dim).zip(scores.chunks_exact(k)) {
                let score = |at: usize| scores[at] + norms[at];
                let nearest = (1..k).fold(0, |best, at| if score(at) < score(best) { at } else { best });
                share.assignments.push(nearest as u32);
                share.distances.push(squared_distance(row, &centers[nearest * dim..][..dim]));
                share.counts[nearest] += 1;
                add(&mut share.sums[nearest * dim..][..dim], row);
            }
            share
        })
    }

    /// Moves every center to the mean of its points and returns the sum of squared moves. A cluster left without
    /// points takes the point farthest from its own center.
    fn update(&self, shares: &[Share], assignments: &[u32], centers: &mut [f64]) -> f64 {
        let (dim, k) = (self.dim(), centers.len() / self.dim());
        let (mut sums, mut counts) = (vec![0.0; k * dim], vec![0u64; k]);
        for share in shares {
            add(&mut sums, &share.sums);
            counts.iter_mut().zip(&share.counts).for_each(|(count, more)| *count += more);
        }
        let empty: Vec<usize> = (0..k).filter(|&cluster| counts[cluster] == 0).collect();
        if !empty.is_empty() {
            let distances: Vec<f64> = shares.iter().flat_map(|share| share.distances.iter().copied()).collect();
            let mut farthest: Vec<usize> = (0..self.len()).collect();
            farthest.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
            for (&cluster, &at) in empty.iter().zip(&farthest) {
                let old = assignments[at] as usize;
                if counts[old] <= 1 {
                    continue;
                }
                sums[old * dim..][..dim].iter_mut().zip(self.row(at)).for_each(|(sum, x)| *sum -= x);
                counts[old] -= 1;
                sums[cluster * dim..][..dim].copy_from_slice(self.row(at));
                counts[cluster] = 1;
            }
        }
        let mut moved = 0.0;
        for ((center, sum), &count) in centers.chunks_exact_mut(dim).zip(sums.chunks_exact(dim)).zip(&counts) {
            if count > 0 {
                let mean: Vec<f64> = sum.iter().map(|sum| sum / count as f64).collect();
                moved += squared_distance(center, &mean);
                center.copy_from_slice(&mean);
            }
        }
        moved
    }
}

/// An index drawn with probability proportional to its weight; any index when all weights are 0.
fn draw(weights: &[f64], rng: &mut ChaCha8Rng) -> usize {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return rng.random_range(0..weights.len());
    }
    let target = rng.random::<f64>() * total;
    let mut sum = 0.0;
    let reached = weights.iter().position(|weight| {
        sum += weight;
        sum > target
    });
    reached.unwrap_or(weights.len() - 1)
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

fn add(sums: &mut [f64], more: &[f64]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

#[cfg(test)]
mod tests {
    use crate::embed::workers::tests::with_threads;

    use super::*;

    // From tests/reference/embed.py.
    const LLOYD_INERTIA: f64 = 571.7420937111643;
    const LLOYD_CENTERS: [f64; 15] = [
        0.9976744195229805,
        0.5646511615622201,
        2.094651162624359,
        3.9992000007629387,
        0.9958666674544405,
        0.9925333347419909,
        1.027050359804424,
        3.5815827383411882,
        0.9471942444177849,
        3.9978666718800855,
        3.991733333269753,
        2.9990666675567654,
        0.9493333308895442,
        1.7250666681925462,
        1.866666668256124,
    ];
    const BEST_INERTIA: f64 = 613.0161773237242;

    /// As `tests/reference/embed.py` draws them: four loose groups in three dimensions.
    fn points() -> Vec<f32> {
        let value = |i: usize, j: usize| {
            let noise = ((i * 37 + j * 11 + i * j * 7) % 101) as f32 / 50.0;
            let group = [[0.0, 0.0, 1.0], [3.0, 0.0, 0.0], [0.0, 2.5, 0.0], [3.0, 3.0, 2.0]][i % 4][j];
            group + noise
        };
        (0..600).flat_map(|i| (0..3).map(move |j| value(i, j))).collect()
    }

    fn settings(k: usize, starts: usize) -> KMeans {
        KMeans { k, starts, max_iterations: 300, tolerance: 1e-4, seed: 7 }
    }

    fn fit(values: &[f32], dim: usize, settings: KMeans, threads: usize) -> Result<Clustering, EmbedError> {
        with_threads(threads, |workers| settings.fit(values, dim, workers, &|_| {}))
    }

    #[test]
    fn lloyd_from_given_centers_is_scikit_learns() {
        let values = points();
        with_threads(2, |workers| {
            let data = Data::new(&values, 3, workers);
            let start = data.values[..5 * 3].to_vec();
            let mut found = data.lloyd(start, &KMeans { tolerance: 0.0, ..settings(5, 1) }).unwrap();
            data.uncenter(&mut found.centers);
            assert!((found.inertia - LLOYD_INERTIA).abs() < 1e-3, "{}", found.inertia);
            for (ours, theirs) in found.centers.iter().zip(LLOYD_CENTERS) {
                assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
            }
        });
    }

    #[test]
    fn several_starts_find_the_best_that_scikit_learn_finds() {
        let found = fit(&points(), 3, settings(4, 10), 2).unwrap();
        assert!((found.inertia - BEST_INERTIA).abs() < 1e-3, "{}", found.inertia);
        assert_eq!(found, fit(&points(), 3, settings(4, 10), 1).unwrap());
    }

    #[test]
    fn as_many_clusters_as_points_leave_nothing_over() {
        let found = fit(&[0.0, 1.0, 2.0, 5.0], 1, settings(4, 1), 1).unwrap();
        assert!(found.inertia < 1e-12);
        // Fewer distinct points than clusters: some clusters stay empty.
        let found = fit(&[1.0, 1.0, 1.0, 5.0], 1, settings(3, 2), 1).unwrap();
        assert!(found.inertia < 1e-12 && found.centers.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn an_empty_cluster_takes_the_farthest_point() {
        let values = [0.0, 0.1, 0.2, 9.0];
        with_threads(1, |workers| {
            let data = Data::new(&values, 1, workers);
            let found = data.lloyd(vec![-100.0, 0.0], &settings(2, 1)).unwrap();
            assert_eq!(found.assignments, [1, 1, 1, 0]);
        });
    }

    #[test]
    fn more_clusters_than_points_are_refused() {
        let error = fit(&[0.0, 1.0], 1, settings(3, 1), 1).unwrap_err();
        assert_eq!(error, EmbedError::TooFew { found: 2, needed: 3 });
    }
}

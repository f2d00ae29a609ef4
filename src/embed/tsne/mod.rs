//! t-SNE (van der Maaten and Hinton 2008) with sparse affinities, interpolated repulsion and a start from PCA or
//! Laplacian eigenmaps. Knows nothing of what samples are.
//!
//! The optimizer is scikit-learn's: gradient descent with momentum and per-coordinate gains on the gradient with its
//! factor 4, so learning rates mean the same there.

mod affinity;
mod descent;
mod exact;
mod mesh;
mod spectral;

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::embed::neighbors::{Neighbors, Points};
use crate::embed::pca::Pca;
use crate::embed::rows::Rows;
use crate::embed::workers::Workers;
use crate::embed::{EmbedError, require};

use affinity::Affinities;
use descent::{Descent, Step};

/// Points of one unit of work.
const BLOCK: usize = 256;
/// Iterations between two values of the KL divergence.
pub const KL_EVERY: usize = 50;
/// Neighbors considered, in perplexities.
const NEIGHBORS: f64 = 3.0;
/// Standard deviation of the start along its first axis, and of the noise that keeps it off lines and points.
const START: f64 = 1e-4;
const JITTER: f64 = 1e-6;
const LEAST_LEARNING_RATE: f64 = 50.0;

/// Where points begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The first two principal components.
    Pca,
    /// Laplacian eigenmaps of the neighbor graph: the leading eigenvectors of the row-normalized affinities (Belkin and
    /// Niyogi 2003). A graph that is not connected has none of use: then from PCA, with a warning.
    Spectral,
}

/// What to do.
#[derive(Debug, Clone, Copy)]
pub struct Tsne {
    /// Effective number of neighbors; lowered to a third of the other points when there are too few.
    pub perplexity: f64,
    /// Steps in all. The first quarter exaggerates affinities and has momentum 0.5; the rest has momentum 0.8.
    pub iterations: usize,
    /// Factor on affinities in the first quarter.
    pub early_exaggeration: f64,
    /// `None`: a quarter of n / early exaggeration, at least 50 (Belkina et al. 2019, as scikit-learn has it).
    pub learning_rate: Option<f64>,
    pub start: Start,
}

/// Points in the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// `[n, 2]`.
    pub points: Vec<f32>,
    /// Exact Kullback-Leibler divergence from the affinities to those of the embedding, in nats.
    pub kl_divergence: f64,
    /// The divergence after every [`KL_EVERY`] iterations, its normalization interpolated.
    pub series: Vec<f64>,
    /// The perplexity used.
    pub perplexity: f64,
    /// The start that was possible.
    pub start: Start,
}

impl Tsne {
    /// Embeds points of `dim` numbers each, one after another; `progress` hears the iterations done and the latest
    /// divergence. Errors: fewer than four samples, numbers that are not finite (in the input, or because the learning
    /// rate is too high).
    pub fn fit(
        &self,
        values: &[f32],
        dim: usize,
        workers: Workers,
        progress: &dyn Fn(usize, Option<f64>),
    ) -> Result<Embedded, EmbedError> {
        let n = values.len() / dim;
        require(n, 4)?;
        let perplexity = self.perplexity.min((n - 1) as f64 / NEIGHBORS);
        let neighbors = Neighbors::among(&Points::new(values, dim), (NEIGHBORS * perplexity) as usize, workers)?;
        let affinities = Affinities::new(&neighbors, perplexity, workers)?;
        let eigenmaps = match self.start {
            Start::Pca => None,
            Start::Spectral => spectral::eigenmaps(&affinities, workers)?,
        };
        let start = if eigenmaps.is_some() { Start::Spectral } else { Start::Pca };
        let places = match eigenmaps {
            Some(places) => {
                let deviation = deviation(&places);
                (places, deviation)
            }
            None => principal(values, dim, workers)?,
        };
        let mut descent = Descent::new(begin(places), &affinities, workers);
        let mut series = Vec::new();
        for iteration in 0..self.iterations {
            workers.cancel.check()?;
            let step = self.step(iteration, n);
            let z = descent.repulsion()?;
            if iteration > 0 && iteration.is_multiple_of(KL_EVERY) {
                series.push(descent.kl(z)?);
            }
            descent.step(&step, z);
            if !descent.positions.iter().flatten().all(|x| x.is_finite()) {
                return Err(EmbedError::Diverged);
            }
            progress(iteration + 1, series.last().copied());
        }
        let z = exact::repulsion(&descent.positions, &mut descent.forces, workers)?;
        let kl_divergence = descent.kl(z)?;
        if !kl_divergence.is_finite() {
            return Err(EmbedError::Diverged);
        }
        series.push(kl_divergence);
        let points = descent.positions.iter().flatten().map(|&x| x as f32).collect();
        Ok(Embedded { points, kl_divergence, series, perplexity, start })
    }

    fn step(&self, iteration: usize, n: usize) -> Step {
        let early = iteration < self.iterations / 4;
        let auto = || (n as f64 / self.early_exaggeration / 4.0).max(LEAST_LEARNING_RATE);
        Step {
            exaggeration: if early { self.early_exaggeration } else { 1.0 },
            momentum: if early { 0.5 } else { 0.8 },
            learning_rate: self.learning_rate.unwrap_or_else(auto),
        }
    }
}

/// The first two principal components of each point, and the standard deviation of the first.
fn principal(values: &[f32], dim: usize, workers: Workers) -> Result<(Vec<[f64; 2]>, f64), EmbedError> {
    let rows = Rows::new(values, dim);
    let pca = Pca::fit(&rows, 2, workers)?;
    let projected = pca.project(&rows, workers)?;
    let place = |row: &[f32]| [0, 1].map(|axis| row.get(axis).map_or(0.0, |&x| f64::from(x)));
    let n = values.len() / dim;
    let deviation = (pca.variances[0] * (n - 1) as f64 / n as f64).sqrt();
    Ok((projected.chunks_exact(pca.kept()).map(place).collect(), deviation))
}

/// Places scaled down, with noise from a fixed stream: equal places, equal start.
fn begin((places, deviation): (Vec<[f64; 2]>, f64)) -> Vec<[f64; 2]> {
    let scale = if deviation > 0.0 { START / deviation } else { 0.0 };
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut noise = || JITTER * (rng.random::<f64>() - 0.5);
    places.into_iter().map(|place| place.map(|x| scale * x + noise())).collect()
}

/// Standard deviation of the first coordinate.
fn deviation(places: &[[f64; 2]]) -> f64 {
    let n = places.len() as f64;
    let mean = places.iter().map(|[x, _]| x).sum::<f64>() / n;
    (places.iter().map(|[x, _]| (x - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use crate::cancel::{Cancel, Interrupted};
    use crate::embed::workers::tests::with_threads;

    use super::descent::EXACT_BELOW;
    use super::*;

    // From tests/reference/embed.py.
    const JOINT_FIRST_ROW: [f64; 12] = [
        0.0,
        5.851140907015175e-06,
        0.004819475755699059,
        0.007673648792213062,
        0.03767925663966153,
        0.0008924746707373652,
        0.00010880867505056627,
        1.0183956542438601e-06,
        0.001042424106868469,
        1.5038915831355823e-05,
        0.0057836903293264075,
        0.002732130914097665,
    ];
    const KL: f64 = 1.6666899560597392;
    const GRADIENT: [[f64; 2]; 3] = [
        [-0.054798349798827646, 0.033553314724057925],
        [-0.00035315129524509173, -0.012910577594117276],
        [-0.009724712119668699, 0.03016354999910298],
    ];

    fn settings(iterations: usize) -> Tsne {
        Tsne { perplexity: 20.0, iterations, early_exaggeration: 12.0, learning_rate: None, start: Start::Pca }
    }

    fn fit(values: &[f32], dim: usize, settings: Tsne, threads: usize) -> Result<Embedded, EmbedError> {
        with_threads(threads, |workers| settings.fit(values, dim, workers, &|_, _| {}))
    }

    /// Points of `dim` numbers in five groups.
    fn groups(n: usize, dim: usize) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut value = |i: usize, j: usize| 4.0 * f32::from(i % 5 == j % 5) + rng.random::<f32>();
        (0..n * dim).map(|at| value(at / dim, at % dim)).collect()
    }

    /// As `tests/reference/embed.py` draws them.
    fn affinities(workers: Workers) -> Affinities {
        let value = |i: usize, j: usize| ((i * i * 13 + j * 7 + i * j * 5) % 23) as f32;
        let values: Vec<f32> = (0..48).map(|at| value(at / 4, at % 4)).collect();
        let neighbors = Neighbors::among(&Points::new(&values, 4), 11, workers).unwrap();
        Affinities::new(&neighbors, 3.0, workers).unwrap()
    }

    #[test]
    fn affinities_are_scikit_learns() {
        with_threads(1, |workers| {
            let affinities = affinities(workers);
            assert_eq!(affinities.row(0).len(), 11);
            for &(column, p) in affinities.row(0) {
                let theirs = JOINT_FIRST_ROW[column as usize];
                assert!((p - theirs).abs() < 1e-5 * theirs.max(0.01), "{column}: {p} {theirs}");
            }
            let total: f64 = (0..12).flat_map(|row| affinities.row(row)).map(|(_, p)| p).sum();
            assert!((total - 1.0).abs() < 1e-12);
        });
    }

    #[test]
    fn gradient_and_divergence_are_scikit_learns() {
        let positions = (0..12).map(f64::from).map(|i| [(i * 1.7).cos() * 2.0, (i * 0.9).sin() * 3.0]).collect();
        with_threads(1, |workers| {
            let affinities = affinities(workers);
            let mut descent = Descent::new(positions, &affinities, workers);
            let z = descent.repulsion().unwrap();
            assert!((descent.kl(z).unwrap() - KL).abs() < 1e-5);
            for (point, theirs) in GRADIENT.iter().enumerate() {
                let ours = descent.gradient(point, 1.0, z);
                let close = |axis: usize| (ours[axis] - theirs[axis]).abs() < 1e-6;
                assert!(close(0) && close(1), "{ours:?} {theirs:?}");
            }
        });
    }

    #[test]
    fn a_spectral_start_gives_a_map_too_unless_the_groups_are_apart() {
        let near: Vec<f32> =
            groups(250, 6).iter().map(|value| value.fract() + (value - value.fract()) / 40.0).collect();
        let spectral = Tsne { start: Start::Spectral, ..settings(300) };
        let embedded = fit(&near, 6, spectral, 2).unwrap();
        let from_pca = fit(&near, 6, settings(300), 2).unwrap();
        assert_eq!((embedded.start, from_pca.start), (Start::Spectral, Start::Pca));
        assert!((embedded.kl_divergence - from_pca.kl_divergence).abs() < 0.3 && embedded.points != from_pca.points);
        let apart: Vec<f32> = (0..200).flat_map(|i| [1000.0 * (i % 2) as f32, (i * 37 % 101) as f32]).collect();
        assert_eq!(fit(&apart, 2, spectral, 1).unwrap().start, Start::Pca);
    }

    #[test]
    fn groups_stay_together_and_the_divergence_falls() {
        let values = groups(250, 6);
        let embedded = fit(&values, 6, settings(600), 2).unwrap();
        let points = Points::new(&embedded.points, 2);
        let nearest = with_threads(1, |workers| Neighbors::among(&points, 1, workers)).unwrap();
        let together = (0..250).filter(|&point| nearest.row(point)[0] as usize % 5 == point % 5).count();
        assert_eq!(together, 250);
        assert!(embedded.series[1] > embedded.kl_divergence && embedded.kl_divergence < 0.8, "{:?}", embedded.series);
        assert_eq!((embedded.series.len(), embedded.series[11]), (12, embedded.kl_divergence));
    }

    #[test]
    fn any_number_of_threads_gives_the_same_points() {
        for n in [200, EXACT_BELOW + 100] {
            let values = groups(n, 5);
            assert_eq!(fit(&values, 5, settings(60), 1), fit(&values, 5, settings(60), 2), "{n} points");
        }
    }

    #[test]
    fn few_equal_or_one_dimensional_points_are_no_obstacle() {
        let embedded = fit(&[0.0, 1.0, 2.0, 4.0, 8.0], 1, settings(100), 1).unwrap();
        assert!((embedded.perplexity - 4.0 / 3.0).abs() < 1e-12 && embedded.points.iter().all(|x| x.is_finite()));
        let embedded = fit(&[3.0; 40], 2, settings(100), 1).unwrap();
        assert!(embedded.points.iter().all(|x| x.is_finite()) && embedded.kl_divergence.is_finite());
        assert_eq!(fit(&[1.0; 3], 1, settings(100), 1), Err(EmbedError::TooFew { found: 3, needed: 4 }));
    }

    #[test]
    fn a_wild_learning_rate_is_named() {
        let wild = Tsne { learning_rate: Some(1e300), ..settings(100) };
        let error = fit(&groups(50, 3), 3, wild, 1).unwrap_err();
        insta::assert_snapshot!(error, @"the embedding grew beyond all bounds");
    }

    #[test]
    fn a_stop_ends_it_between_iterations() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let cancel = Cancel::default();
        let workers = Workers { pool: &pool, cancel: &cancel };
        let stop_at_ten = |done, _| if done == 10 { cancel.cancel() } else { assert!(done < 10) };
        let stopped = settings(100).fit(&groups(50, 3), 3, workers, &stop_at_ten);
        assert_eq!(stopped, Err(EmbedError::Interrupted(Interrupted)));
    }
}

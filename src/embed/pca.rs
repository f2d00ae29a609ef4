//! Principal component analysis, exact: the covariance of all samples and its symmetric eigendecomposition. Knows
//! nothing of what samples are.

use std::ops::Range;

use crate::cancel::Interrupted;
use crate::dataset::samples::Samples;
use crate::embed::rows::{gather_range, width};
use crate::embed::workers::Workers;
use crate::embed::{EmbedError, require};
use crate::tensor::gemm::{Mat, multiply};

/// Samples centered and multiplied at a time, and of those the rows one thread centers.
const BLOCK: usize = 512;
const STRIP: usize = 32;
/// Side of the squares the covariance is cut into.
const TILE: usize = 128;

/// A fitted projection.
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// `[d]`.
    pub mean: Vec<f64>,
    /// `[kept, d]`, rows of length 1 by falling variance; the largest loading of each is positive.
    pub components: Vec<f64>,
    /// Variance along every component, kept or not, falling; over n - 1.
    pub variances: Vec<f64>,
}

/// Numbers in a sample that a covariance matrix is made for: 128 MiB of it, and an eigendecomposition of minutes.
pub const MOST_DIMENSIONS: usize = 4096;

impl Pca {
    /// Fits on all samples and keeps the first `keep` components (all when there are fewer; with none, only the mean is
    /// computed). Errors: fewer than two samples, more than [`MOST_DIMENSIONS`] numbers in one, numbers that are not
    /// finite.
    pub fn fit(samples: &dyn Samples, keep: usize, workers: Workers) -> Result<Self, EmbedError> {
        require(samples.len(), 2)?;
        let mean = mean(samples, workers)?;
        if keep == 0 {
            return Ok(Self { mean, components: Vec::new(), variances: Vec::new() });
        }
        if mean.len() > MOST_DIMENSIONS {
            return Err(EmbedError::TooWide { found: mean.len(), most: MOST_DIMENSIONS });
        }
        let covariance = covariance(samples, &mean, workers)?;
        if covariance.iter().any(|value| !value.is_finite()) {
            return Err(EmbedError::NotFinite);
        }
        let d = mean.len();
        let lower = faer::MatRef::from_row_major_slice(&covariance, d, d);
        let eigen = lower.self_adjoint_eigen(faer::Side::Lower).map_err(|_| EmbedError::NotFinite)?;
        // Eigenvalues rise; rounding may leave those of flat directions a little below zero.
        let variances = (0..d).rev().map(|at| eigen.S()[at].max(0.0)).collect();
        let mut components = Vec::with_capacity(keep.min(d) * d);
        for at in (0..d).rev().take(keep) {
            let start = components.len();
            components.extend(eigen.U().col(at).iter());
            point_up(&mut components[start..]);
        }
        Ok(Self { mean, components, variances })
    }

    /// The mean of the samples it was fitted on.
    pub fn mean(&self) -> Vec<f32> {
        self.mean.iter().map(|&value| value as f32).collect()
    }

    /// Components kept.
    pub fn kept(&self) -> usize {
        self.components.len() / self.mean.len()
    }

    /// The share of all variance that lies along component `at`; 0 when nothing varies.
    pub fn explained_variance_ratio(&self, at: usize) -> f64 {
        let total: f64 = self.variances.iter().sum();
        if total > 0.0 { self.variances[at] / total } else { 0.0 }
    }

    /// Coordinates of samples along the kept components, `[n, kept]`.
    pub fn project(&self, samples: &dyn Samples, workers: Workers) -> Result<Vec<f32>, Interrupted> {
        let blocks = self.map_projections(samples, workers, |_, projected| {
            projected.iter().map(|&value| value as f32).collect::<Vec<f32>>()
        })?;
        Ok(blocks.concat())
    }

    /// Mean squared error of samples rebuilt from their first k components, for every k from 0 (the mean alone) to
    /// all those kept.
    pub fn reconstruction_mse(&self, samples: &dyn Samples, workers: Workers) -> Result<Vec<f64>, Interrupted> {
        let kept = self.kept();
        // Components are orthonormal: each takes its squared coordinate off the squared distance to the mean.
        let blocks = self.map_projections(samples, workers, |centered, projected| {
            let mut sums = vec![0.0; kept + 1];
            sums[0] = centered.iter().map(|x| x * x).sum();
            for row in projected.chunks_exact(kept.max(1)) {
                sums[1..].iter_mut().zip(row).for_each(|(sum, x)| *sum += x * x);
            }
            sums
        })?;
        let mut sums = vec![0.0; kept + 1];
        for block in &blocks {
            sums.iter_mut().zip(block).for_each(|(sum, more)| *sum += more);
        }
        let count = (samples.len() * self.mean.len()) as f64;
        let mut left = sums[0];
        let rest = sums[1..].iter().map(|taken| {
            left -= taken;
            left.max(0.0) / count
        });
        Ok(std::iter::once(sums[0] / count).chain(rest).collect())
    }

    /// `work` on the centered samples and their coordinates, block by block.
    fn map_projections<T: Send>(
        &self,
        samples: &dyn Samples,
        workers: Workers,
        work: impl Fn(&[f64], &[f64]) -> T + Sync,
    ) -> Result<Vec<T>, Interrupted> {
        let (d, kept) = (self.mean.len(), self.kept());
        workers.map(samples.len().div_ceil(BLOCK), |block| {
            let rows = block * BLOCK..samples.len().min((block + 1) * BLOCK);
            let mut centered = vec![0.0; rows.len() * d];
            center(samples, &self.mean, rows.clone(), &mut centered);
            let mut projected = vec![0.0; rows.len() * kept];
            let components = Mat::new(&self.components, kept, d).transposed();
            multiply(&mut projected, Mat::new(&centered, rows.len(), d), components, false);
            work(&centered, &projected)
        })
    }
}

/// Flips an axis when its largest number (the first of equals) is negative: the sign of an eigenvector is arbitrary.
pub(super) fn point_up(component: &mut [f64]) {
    let largest = component.iter().fold(0.0f64, |largest, &x| if x.abs() > largest.abs() { x } else { largest });
    if largest < 0.0 {
        component.iter_mut().for_each(|x| *x = -*x);
    }
}

/// Writes samples `rows` less the mean.
fn center(samples: &dyn Samples, mean: &[f64], rows: Range<usize>, out: &mut [f64]) {
    let values = gather_range(samples, rows.start, rows.len());
    for (out, row) in out.chunks_exact_mut(mean.len()).zip(values.chunks_exact(mean.len())) {
        out.iter_mut().zip(row).zip(mean).for_each(|((out, &x), mean)| *out = f64::from(x) - mean);
    }
}

fn mean(samples: &dyn Samples, workers: Workers) -> Result<Vec<f64>, Interrupted> {
    let d = width(samples);
    let sum = |block: usize| {
        let start = block * BLOCK;
        let values = gather_range(samples, start, BLOCK.min(samples.len() - start));
        let mut sums = vec![0.0; d];
        for row in values.chunks_exact(d) {
            sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        sums
    };
    let mut mean = vec![0.0; d];
    for sums in workers.map(samples.len().div_ceil(BLOCK), sum)? {
        mean.iter_mut().zip(&sums).for_each(|(mean, sum)| *mean += sum);
    }
    mean.iter_mut().for_each(|mean| *mean /= samples.len() as f64);
    Ok(mean)
}

/// A square of the covariance matrix.
struct Tile {
    rows: Range<usize>,
    columns: Range<usize>,
    sums: Vec<f64>,
}

/// The covariance matrix over n - 1, `[d, d]`; only its lower triangle is filled in throughout.
fn covariance(samples: &dyn Samples, mean: &[f64], workers: Workers) -> Result<Vec<f64>, Interrupted> {
    let (n, d) = (samples.len(), mean.len());
    let cut = |tile: usize| tile * TILE..d.min((tile + 1) * TILE);
    let pairs = (0..d.div_ceil(TILE)).flat_map(|row| (0..=row).map(move |column| (cut(row), cut(column))));
    let tile = |(rows, columns): (Range<usize>, Range<usize>)| {
        let sums = vec![0.0; rows.len() * columns.len()];
        Tile { rows, columns, sums }
    };
    let mut tiles: Vec<Tile> = pairs.map(tile).collect();
    // Every tile adds the blocks in order, whoever computes it: the sums are the same on any number of threads.
    for start in (0..n).step_by(BLOCK) {
        workers.cancel.check()?;
        let count = BLOCK.min(n - start);
        let mut centered = vec![0.0; count * d];
        workers.fill(&mut centered, STRIP * d, |strip, out| {
            let first = start + strip * STRIP;
            center(samples, mean, first..first + out.len() / d, out);
        });
        let block = Mat::new(&centered, count, d);
        workers.fill(&mut tiles, 1, |_, tiles| {
            for Tile { rows, columns, sums } in tiles {
                let left = block.columns(rows.start, rows.len()).transposed();
                multiply(sums, left, block.columns(columns.start, columns.len()), true);
            }
        });
    }
    let mut covariance = vec![0.0; d * d];
    for Tile { rows, columns, sums } in &tiles {
        for (row, sums) in rows.clone().zip(sums.chunks_exact(columns.len())) {
            let out = &mut covariance[row * d + columns.start..][..columns.len()];
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum / (n - 1) as f64);
        }
    }
    Ok(covariance)
}

#[cfg(test)]
mod tests {
    use crate::embed::rows::Rows;
    use crate::embed::workers::tests::with_threads;

    use super::*;

    // From tests/reference/embed.py.
    const VARIANCES: [f64; 6] = [
        3.076987871798403,
        2.1171723797279247,
        1.3804914978062428,
        0.7634961848925224,
        0.3189060981959471,
        0.0669613389932429,
    ];
    const FIRST_COMPONENT: [f64; 6] = [
        -0.009367003566100705,
        -0.08761476058012263,
        -0.03515421057454118,
        0.022293021159482063,
        0.110223243940368,
        0.9891177645530419,
    ];
    const EXPLAINED: f64 = 0.39836635789022257;
    const MSE: [f64; 4] = [1.3175509427604502, 0.7906671462233966, 0.4406738997026724, 0.21220158234078704];
    const PROJECTED: [f64; 3] = [-2.2536198419945155, -1.3940230373471523, -0.22693852486739308];

    /// As `tests/reference/embed.py` draws them.
    fn samples(n: usize, d: usize, salt: usize) -> Vec<f32> {
        let value = |i: usize, j: usize| ((i * (j + 3) * 37 + j * j * 11 + salt * 29) % 101) as f32 / 100.0;
        let scaled = move |i: usize| (0..d).map(move |j| value(i, j) * (1.0 + j as f32));
        (0..n).flat_map(scaled).collect()
    }

    fn close(ours: &[f64], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len());
        ours.iter().zip(theirs).for_each(|(a, b)| assert!((a - b).abs() < 1e-5 * b.abs().max(0.01), "{a} {b}"));
    }

    #[test]
    fn components_variances_and_errors_are_scikit_learns() {
        let (train, test) = (samples(700, 6, 0), samples(40, 6, 5));
        let (train, test) = (Rows::new(&train, 6), Rows::new(&test, 6));
        with_threads(2, |workers| {
            let pca = Pca::fit(&train, 3, workers).unwrap();
            close(&pca.variances, &VARIANCES);
            close(&pca.components[..6], &FIRST_COMPONENT);
            close(&[pca.explained_variance_ratio(0)], &[EXPLAINED]);
            close(&pca.reconstruction_mse(&test, workers).unwrap(), &MSE);
            let projected: Vec<f64> = pca.project(&test, workers).unwrap()[..3].iter().map(|&x| f64::from(x)).collect();
            close(&projected, &PROJECTED);
        });
    }

    #[test]
    fn tiles_and_threads_do_not_show() {
        let values = samples(600, 150, 1);
        let rows = Rows::new(&values, 150);
        let fit = |threads| with_threads(threads, |workers| Pca::fit(&rows, 150, workers).unwrap());
        let pca = fit(1);
        assert_eq!(pca, fit(2));
        // All components rebuild everything, and they are orthonormal.
        let errors = with_threads(1, |workers| pca.reconstruction_mse(&rows, workers)).unwrap();
        assert!(errors[150] < 1e-9 * errors[0], "{}", errors[150]);
        let mut gram = vec![0.0; 150 * 150];
        let components = Mat::new(&pca.components, 150, 150);
        multiply(&mut gram, components, components.transposed(), false);
        let off = |at: usize| (gram[at] - f64::from(at.is_multiple_of(151))).abs();
        assert!((0..150 * 150).all(|at| off(at) < 1e-10));
    }

    #[test]
    fn samples_too_wide_for_a_covariance_matrix_still_have_a_mean() {
        let values = samples(3, MOST_DIMENSIONS + 1, 4);
        let rows = Rows::new(&values, MOST_DIMENSIONS + 1);
        with_threads(1, |workers| {
            let error = Pca::fit(&rows, 2, workers).unwrap_err();
            assert_eq!(error, EmbedError::TooWide { found: MOST_DIMENSIONS + 1, most: MOST_DIMENSIONS });
            let errors = Pca::fit(&rows, 0, workers).unwrap().reconstruction_mse(&rows, workers).unwrap();
            assert!(errors.len() == 1 && errors[0] > 0.0, "{errors:?}");
        });
    }

    #[test]
    fn more_dimensions_than_samples_leave_flat_directions() {
        let values = samples(5, 20, 2);
        let pca = with_threads(1, |workers| Pca::fit(&Rows::new(&values, 20), 20, workers)).unwrap();
        assert!(pca.variances[4..].iter().all(|variance| *variance < 1e-10));
        assert_eq!(pca.kept(), 20);
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let fit = |values: &[f32]| with_threads(1, |workers| Pca::fit(&Rows::new(values, 2), 2, workers)).err();
        insta::assert_snapshot!(fit(&[1.0, 2.0]).unwrap(), @"too few samples: 1 where at least 2 are needed");
        let not_finite = fit(&[1.0, 2.0, f32::NAN, 0.0]).unwrap();
        insta::assert_snapshot!(not_finite, @"the samples hold numbers that are not finite");
    }
}

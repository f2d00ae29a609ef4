//! Batch normalization over the last axis (Ioffe & Szegedy, ICML 2015), with Keras' epsilon.
//!
//! In training the statistics are those of the rows at hand: when a batch is computed in parts, each part has its own
//! ("ghost" batch normalization, Hoffer, Hubara & Soudry, NeurIPS 2017; what data-parallel frameworks do as well).

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::float::Float;
use super::parameters::Parameters;
use super::simd::vectorized;
use super::storage::{Matrix, numbers, numbers_mut, with_gradient, zeros};

/// Added to the variance.
pub const EPSILON: f64 = 1e-3;

/// The layer's size and the places of its numbers: `width` scales from `scale` and `width` offsets from `offset`
/// among the parameters; running means, then running variances, from `running` among the network's state.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    pub width: usize,
    pub scale: usize,
    pub offset: usize,
    pub running: usize,
}

impl BatchNorm {
    /// Normalizes with the statistics of `x` itself, which are also written to `moments` (means, then variances).
    pub fn train<E: Float, T: Tape<E, Cpu>>(
        self,
        x: Matrix<E, T>,
        parameters: &Parameters<E>,
        moments: &mut [E],
    ) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        let (rows, features) = *x.shape();
        let (mean, variance) = moments.split_at_mut(self.width);
        statistics(numbers(&x), mean, variance);
        let inverse: Vec<E> = variance.iter().map(|v| E::ONE / (*v + E::of(EPSILON)).sqrt()).collect();
        let all = parameters.values();
        let slope: Vec<E> = inverse.iter().zip(&all[self.scale..]).map(|(inverse, scale)| *inverse * *scale).collect();
        let mut y = zeros(x.device(), rows, features);
        let offset = &all[self.offset..][..self.width];
        transform(numbers(&x), mean, &slope, offset, numbers_mut(&mut y));
        let (kept, parameters, mean) = (y.clone(), parameters.clone(), mean.to_vec());
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &kept, |dy, gradients| {
                let all = parameters.gradient(gradients)?;
                let mut sums = vec![E::default(); 2 * self.width];
                let (offset, scale) = sums.split_at_mut(self.width);
                gradient_sums(numbers(&x), dy, &mean, &inverse, offset, scale);
                all[self.offset..][..self.width].copy_from_slice(offset);
                all[self.scale..][..self.width].copy_from_slice(scale);
                let dx = gradients.get_or_alloc_mut(&x)?;
                input_gradient(numbers(&x), dy, &[&mean, &inverse, &slope, offset, scale], dx);
                Ok(())
            })
        });
        y.put_tape(tape)
    }

    /// Normalizes with the running statistics in `state`.
    pub fn infer<E: Float>(self, x: &Matrix<E>, parameters: &Parameters<E>, state: &[E]) -> Matrix<E> {
        let (rows, features) = *x.shape();
        let (mean, variance) = state[self.running..][..2 * self.width].split_at(self.width);
        let all = parameters.values();
        let slope: Vec<E> = variance
            .iter()
            .zip(&all[self.scale..])
            .map(|(variance, scale)| *scale / (*variance + E::of(EPSILON)).sqrt())
            .collect();
        let mut y = zeros(x.device(), rows, features);
        transform(numbers(x), mean, &slope, &all[self.offset..][..self.width], numbers_mut(&mut y));
        y
    }
}

// In all of these, slices are cut to a row's length first: only then are the loops over a row vector code.

vectorized! {
    /// Mean and (biased) variance of every column.
    fn statistics<E>(x: &[E], mean: &mut [E], variance: &mut [E]) {
        let width = mean.len();
        let variance = &mut variance[..width];
        let share = E::ONE / E::of((x.len() / width) as f64);
        mean.fill(E::default());
        variance.fill(E::default());
        for row in x.chunks_exact(width) {
            mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += *x);
        }
        mean.iter_mut().for_each(|mean| *mean *= share);
        for row in x.chunks_exact(width) {
            for i in 0..width {
                let deviation = row[i] - mean[i];
                variance[i] += deviation * deviation;
            }
        }
        variance.iter_mut().for_each(|variance| *variance *= share);
    }
}

vectorized! {
    fn transform<E>(x: &[E], mean: &[E], slope: &[E], offset: &[E], y: &mut [E]) {
        let width = mean.len();
        let (slope, offset) = (&slope[..width], &offset[..width]);
        for (x, y) in x.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
            for i in 0..width {
                y[i] = (x[i] - mean[i]) * slope[i] + offset[i];
            }
        }
    }
}

vectorized! {
    /// Sums over rows of `dy`, and of `dy` times the normalized `x`.
    fn gradient_sums<E>(x: &[E], dy: &[E], mean: &[E], inverse: &[E], plain: &mut [E], scaled: &mut [E]) {
        let width = mean.len();
        let (inverse, plain, scaled) = (&inverse[..width], &mut plain[..width], &mut scaled[..width]);
        for (x, dy) in x.chunks_exact(width).zip(dy.chunks_exact(width)) {
            for i in 0..width {
                plain[i] += dy[i];
                scaled[i] += dy[i] * ((x[i] - mean[i]) * inverse[i]);
            }
        }
    }
}

vectorized! {
    fn input_gradient<E>(x: &[E], dy: &[E], columns: &[&[E]; 5], dx: &mut [E]) {
        let [mean, inverse, slope, plain, scaled] = *columns;
        let width = mean.len();
        let (inverse, slope, plain, scaled) =
            (&inverse[..width], &slope[..width], &plain[..width], &scaled[..width]);
        let share = E::ONE / E::of((x.len() / width) as f64);
        for ((x, dy), dx) in x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width)) {
            let (x, dy, dx) = (&x[..width], &dy[..width], &mut dx[..width]);
            for i in 0..width {
                let normalized = (x[i] - mean[i]) * inverse[i];
                dx[i] += slope[i] * (dy[i] - share * (plain[i] + normalized * scaled[i]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix, parameters, values};
    use super::*;

    const NORM: BatchNorm = BatchNorm { width: 3, scale: 0, offset: 3, running: 0 };

    #[test]
    fn the_gradient_agrees_with_differences() {
        let error = gradient_error(&matrix(4, 6, 3), &values(6, 4), |x, p| NORM.train(x, p, &mut [0.0; 6]));
        assert!(error < 1e-7, "{error}");
    }

    #[test]
    fn columns_have_mean_zero_and_variance_one_and_then_scale_and_offset() {
        let parameters = parameters(&[1.0, 1.0, 2.0, 0.0, 0.0, 5.0]);
        let mut moments = [0.0; 6];
        let x = matrix(50, 6, 3);
        let y = NORM.train(x.clone(), &parameters, &mut moments);
        let column = |c: usize| numbers(&y).iter().skip(c).step_by(3).copied().collect::<Vec<f64>>();
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        assert!(mean(&column(0)).abs() < 1e-12);
        assert!((mean(&column(2)) - 5.0).abs() < 1e-12);
        let spread = mean(&column(1).iter().map(|x| x * x).collect::<Vec<_>>());
        assert!((spread - moments[4] / (moments[4] + EPSILON)).abs() < 1e-12);
        // With the same statistics, inference gives the same.
        let inferred = NORM.infer(&x, &parameters, &moments);
        assert!(numbers(&inferred).iter().zip(numbers(&y)).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

//! The code of a variational autoencoder (Kingma and Welling, ICLR 2014): for each sample a normal distribution with
//! independent dimensions, given by means and logarithms of variances, from which a code is drawn.

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::dropout::mix;
use super::float::Float;
use super::storage::{Matrix, numbers, numbers_mut, with_gradient, zeros};

/// Rows of `width` means and then `width` logarithms of variances become codes of `width` numbers.
#[derive(Clone, Copy, Debug)]
pub struct Gaussian {
    pub width: usize,
}

/// What a batch's codes are drawn with.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    pub key: u64,
    /// Place of the first row in the batch.
    pub first_row: usize,
    /// Share of a row's divergence from the standard normal distribution in the loss.
    pub weight: f64,
}

impl Gaussian {
    /// Draws codes, mean + deviation x a standard normal number, and writes to `divergence` what [`Self::divergence`]
    /// does. `draw.weight` times the divergence's gradient is added to what comes back through the codes.
    pub fn train<E: Float, T: Tape<E, Cpu>>(self, x: Matrix<E, T>, draw: Draw, divergence: &mut [f64]) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        self.divergence(numbers(&x), divergence);
        let mut y = self.means(&x);
        let noise: Vec<E> = self.noise(x.shape().0, draw);
        for ((code, given), noise) in self.rows(numbers_mut(&mut y), numbers(&x)).zip(noise.chunks_exact(self.width)) {
            for ((code, log_variance), noise) in code.iter_mut().zip(&given[self.width..]).zip(noise) {
                *code += deviation(*log_variance) * *noise;
            }
        }
        let kept = y.clone();
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &kept, |dy, gradients| {
                let weight = E::of(draw.weight);
                let dx = gradients.get_or_alloc_mut(&x)?;
                let rows = dy.chunks_exact(self.width).zip(numbers(&x).chunks_exact(2 * self.width));
                let rows = rows.zip(noise.chunks_exact(self.width));
                for (((dy, given), noise), dx) in rows.zip(dx.chunks_exact_mut(2 * self.width)) {
                    for (dimension, dy) in dy.iter().enumerate() {
                        let (mean, log_variance) = (given[dimension], given[self.width + dimension]);
                        dx[dimension] += *dy + weight * mean;
                        let drawn = *dy * deviation(log_variance) * noise[dimension];
                        dx[self.width + dimension] += E::of(0.5) * (drawn + weight * (log_variance.exp() - E::ONE));
                    }
                }
                Ok(())
            })
        });
        y.put_tape(tape)
    }

    /// Standard normal numbers for so many rows.
    pub fn noise<E: Float>(self, rows: usize, draw: Draw) -> Vec<E> {
        let first = draw.first_row * self.width;
        (0..rows * self.width).map(|at| E::of(normal(draw.key, (first + at) as u64))).collect()
    }

    /// The gradient of `weight` times the divergence.
    #[cfg(any(test, feature = "cuda"))]
    pub fn slopes<E: Float>(self, given: &[E], weight: f64) -> Vec<E> {
        let slope = |(at, number): (usize, &E)| match at % (2 * self.width) < self.width {
            true => E::of(weight) * *number,
            false => E::of(0.5 * weight) * (number.exp() - E::ONE),
        };
        given.iter().enumerate().map(slope).collect()
    }

    /// The means alone.
    pub fn means<E: Float, T>(self, x: &Matrix<E, T>) -> Matrix<E> {
        let mut y = zeros(x.device(), x.shape().0, self.width);
        self.rows(numbers_mut(&mut y), numbers(x)).for_each(|(code, given)| code.copy_from_slice(&given[..self.width]));
        y
    }

    /// Sums over all rows of each dimension's Kullback-Leibler divergence from the standard normal distribution, in nats.
    pub fn divergence<E: Float>(self, given: &[E], sums: &mut [f64]) {
        sums.fill(0.0);
        for row in given.chunks_exact(2 * self.width) {
            for (dimension, sum) in sums.iter_mut().enumerate() {
                let (mean, log_variance) = (row[dimension].wide(), row[self.width + dimension]);
                *sum += 0.5 * (mean * mean + log_variance.exp().wide() - log_variance.wide() - 1.0);
            }
        }
    }

    fn rows<'a, E>(self, codes: &'a mut [E], given: &'a [E]) -> impl Iterator<Item = (&'a mut [E], &'a [E])> {
        codes.chunks_exact_mut(self.width).zip(given.chunks_exact(2 * self.width))
    }
}

fn deviation<E: Float>(log_variance: E) -> E {
    (log_variance * E::of(0.5)).exp()
}

/// A standard normal number for each counter, by Marsaglia's polar method (SIAM Review 1964).
pub fn normal(key: u64, counter: u64) -> f64 {
    let own = mix(key, counter);
    let mut attempt = 0;
    loop {
        let bits = mix(own, attempt);
        let side = |bits: u64| f64::from(bits as u32) / f64::from(1u32 << 31) - 1.0 + 2f64.powi(-32);
        let (u, v) = (side(bits >> 32), side(bits));
        let square = u * u + v * v;
        if square < 1.0 {
            return u * (-2.0 * square.ln() / square).sqrt();
        }
        attempt += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix};
    use super::*;

    const DRAW: Draw = Draw { key: 5, first_row: 2, weight: 0.0 };

    #[test]
    fn the_gradient_through_the_codes_agrees_with_differences() {
        let gaussian = Gaussian { width: 3 };
        let error = gradient_error(&matrix(4, 6, 1), &[], |x, _| gaussian.train(x, DRAW, &mut [0.0; 3]));
        assert!(error < 1e-8, "{error}");
    }

    #[test]
    fn the_divergence_has_its_closed_form_and_its_gradient() {
        use dfdx::prelude::{Backward, Trace};
        let gaussian = Gaussian { width: 2 };
        // Of N(1, e) and N(-0.5, 1) from N(0, 1): (mean^2 + variance - ln variance - 1) / 2.
        let mut sums = [0.0; 2];
        gaussian.divergence(&[1.0, -0.5, 1.0, 0.0], &mut sums);
        assert!((sums[0] - (1f64.exp() - 1.0) / 2.0).abs() < 1e-12 && (sums[1] - 0.125).abs() < 1e-12, "{sums:?}");

        let (x, weight) = (matrix(3, 4, 1), 0.7);
        let back = |weight| {
            let y = gaussian.train(x.leaky_trace(), Draw { weight, ..DRAW }, &mut [0.0; 2]);
            let targets = zeros(&Cpu::default(), 3, 2);
            let mut gradients = super::super::loss::Loss::Mse.forward(y, &targets, 1.0).0.backward();
            gradients.get_or_alloc_mut(&x).unwrap().to_vec()
        };
        let total = |values: &[f64]| {
            let mut sums = [0.0; 2];
            gaussian.divergence(values, &mut sums);
            sums[0] + sums[1]
        };
        for (at, (with, without)) in back(weight).iter().zip(back(0.0)).enumerate() {
            let moved = |by: f64| {
                let mut values = numbers(&x).to_vec();
                values[at] += by;
                total(&values)
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((with - without - weight * difference).abs() < 1e-8, "{at}");
        }
    }

    #[test]
    fn normal_numbers_have_the_moments_of_their_distribution() {
        let count = 100_000;
        let numbers: Vec<f64> = (0..count).map(|counter| normal(3, counter)).collect();
        let moment = |power: i32| numbers.iter().map(|x| x.powi(power)).sum::<f64>() / count as f64;
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.015, "{} {}", moment(1), moment(2));
        assert!(moment(3).abs() < 0.04 && (moment(4) - 3.0).abs() < 0.1, "{} {}", moment(3), moment(4));
    }

    #[test]
    fn cutting_the_batch_leaves_the_codes_as_they_are() {
        let (gaussian, x) = (Gaussian { width: 2 }, matrix(5, 4, 1));
        let whole = gaussian.train(x.clone(), DRAW, &mut [0.0; 2]);
        let mut rest: Matrix<f64> = zeros(&Cpu::default(), 2, 4);
        numbers_mut(&mut rest).copy_from_slice(&numbers(&x)[12..]);
        let part = gaussian.train(rest, Draw { first_row: DRAW.first_row + 3, ..DRAW }, &mut [0.0; 2]);
        assert_eq!(numbers(&part), &numbers(&whole)[6..]);
    }
}

//! Losses as operations: the mean over a batch of each sample's mean over its outputs. Rows are
//! summed in double precision, numbers within a row in their own; the gradient is computed in the same pass.

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::activation::{add, largest};
use super::float::Float;
use super::simd::vectorized;
use super::ssim::Ssim;
use super::storage::{Matrix, Scalar, numbers, numbers_mut, scalar, with_gradient, zeros};

/// What a prediction is compared by.
#[derive(Clone, Debug)]
pub enum Loss {
    /// Mean squared error.
    Mse,
    /// Mean absolute error.
    L1,
    /// Binary cross-entropy of probabilities, which are first clipped to 1e-7..1 - 1e-7 as Keras does.
    Bce,
    /// Binary cross-entropy of logits; stable for any finite logit.
    BceLogits,
    /// Cross-entropy between a row of logits and a row of target probabilities; summed over classes, not averaged.
    CrossEntropy,
    /// One minus the structural similarity of images.
    Ssim(Ssim),
}

impl Loss {
    /// Sum over rows of `width` numbers of each row's loss. With `gradient`, also writes `scale` times the gradient of
    /// that sum with respect to `outputs`.
    pub fn sum<E: Float>(&self, outputs: &[E], targets: &[E], width: usize, gradient: Option<(&mut [E], f64)>) -> f64 {
        let unused: &mut [E] = &mut [];
        let (gradient, scale) = gradient.unwrap_or((unused, 0.0));
        let share = E::of(scale / width as f64);
        let mut gradients = gradient.chunks_exact_mut(width);
        let rows = outputs.chunks_exact(width).zip(targets.chunks_exact(width));
        rows.map(|(y, t)| {
            let g = gradients.next().unwrap_or_default();
            match self {
                Self::Mse => squared(y, t, g, share) / width as f64,
                Self::L1 => absolute(y, t, g, share) / width as f64,
                Self::Bce => cross_entropy_probabilities(y, t, g, share) / width as f64,
                Self::BceLogits => cross_entropy_logits(y, t, g, share) / width as f64,
                Self::CrossEntropy => cross_entropy(y, t, g, E::of(scale)),
                Self::Ssim(ssim) => ssim.loss(y, t, g, scale),
            }
        })
        .sum()
    }

    /// `scale` times the sum of the rows' losses as an operation; also returns the sum itself.
    pub fn forward<E: Float, T: Tape<E, Cpu>>(
        &self,
        outputs: Matrix<E, T>,
        targets: &Matrix<E>,
        scale: f64,
    ) -> (Scalar<E, T>, f64) {
        let (outputs, mut tape) = outputs.split_tape();
        let (rows, width) = *outputs.shape();
        let mut gradient = zeros(outputs.device(), rows, width);
        let sum = self.sum(numbers(&outputs), numbers(targets), width, Some((numbers_mut(&mut gradient), scale)));
        let value = scalar(outputs.device(), sum * scale);
        let kept = value.clone();
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &kept, |by, gradients| {
                if by[0] != E::ONE {
                    numbers_mut(&mut gradient).iter_mut().for_each(|g| *g *= by[0]);
                }
                add(gradients.get_or_alloc_mut(&outputs)?, numbers(&gradient));
                Ok(())
            })
        });
        (value.put_tape(tape), sum)
    }
}

const LANES: usize = 16;

/// Sums `term(y, t)`, which also gives the gradient, over a row: in lanes, so that the loop is vector code.
#[inline(always)]
fn accumulate<E: Float>(y: &[E], t: &[E], g: &mut [E], share: E, term: impl Fn(E, E) -> (E, E)) -> f64 {
    let mut lanes = [E::default(); LANES];
    let whole = y.len() / LANES * LANES;
    let has_gradient = !g.is_empty();
    for start in (0..whole).step_by(LANES) {
        let (y, t) = (&y[start..start + LANES], &t[start..start + LANES]);
        let mut slopes = [E::default(); LANES];
        for i in 0..LANES {
            let (value, slope) = term(y[i], t[i]);
            lanes[i] += value;
            slopes[i] = slope * share;
        }
        if has_gradient {
            g[start..start + LANES].copy_from_slice(&slopes);
        }
    }
    let mut sum: f64 = lanes.iter().map(|lane| lane.wide()).sum();
    for i in whole..y.len() {
        let (value, slope) = term(y[i], t[i]);
        sum += value.wide();
        if has_gradient {
            g[i] = slope * share;
        }
    }
    sum
}

vectorized! {
    fn squared<E>(y: &[E], t: &[E], g: &mut [E], share: E) -> f64 {
        accumulate(y, t, g, share, #[inline(always)] |y, t| ((y - t) * (y - t), (y - t) + (y - t)))
    }
}

vectorized! {
    fn absolute<E>(y: &[E], t: &[E], g: &mut [E], share: E) -> f64 {
        accumulate(y, t, g, share, |y, t| {
            let above = if y > t { E::ONE } else { E::default() };
            let below = if y < t { E::ONE } else { E::default() };
            ((y - t).abs(), above - below)
        })
    }
}

vectorized! {
    /// max(z, 0) - z t + ln(1 + exp(-|z|)).
    fn cross_entropy_logits<E>(z: &[E], t: &[E], g: &mut [E], share: E) -> f64 {
        accumulate(z, t, g, share, |z, t| {
            let e = (-z.abs()).exp();
            let part = if z < E::default() { e } else { E::ONE };
            (z.at_least(E::default()) - z * t + e.ln_1p_unit(), part / (E::ONE + e) - t)
        })
    }
}

/// - t ln y - (1 - t) ln (1 - y), flat where `y` was clipped.
fn cross_entropy_probabilities<E: Float>(y: &[E], t: &[E], g: &mut [E], share: E) -> f64 {
    let low = E::of(1e-7);
    let high = E::ONE - low;
    accumulate(y, t, g, share, |y, t| {
        let p = y.at_least(low).at_most(high);
        let slope = if p == y { (p - t) / (p * (E::ONE - p)) } else { E::default() };
        (-(t * p.ln() + (E::ONE - t) * (E::ONE - p).ln()), slope)
    })
}

/// ln sum exp(z) - sum t z, for targets that sum to one.
fn cross_entropy<E: Float>(z: &[E], t: &[E], g: &mut [E], scale: E) -> f64 {
    let largest = largest(z);
    let sum = z.iter().fold(E::default(), |sum, z| sum + (*z - largest).exp());
    for ((g, z), t) in g.iter_mut().zip(z).zip(t) {
        *g = ((*z - largest).exp() / sum - *t) * scale;
    }
    let fitted: f64 = z.iter().zip(t).map(|(z, t)| ((*z - largest) * *t).wide()).sum();
    sum.ln().wide() - fitted
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix, values};
    use super::*;
    use dfdx::prelude::TensorFromVec;

    /// The loss as a 1 x 1 matrix, for `gradient_error`.
    fn as_matrix<T: Tape<f64, Cpu>>(value: Scalar<f64, T>) -> Matrix<f64, T> {
        let (value, mut tape) = value.split_tape();
        let out: Matrix<f64> = Cpu::default().tensor_from_vec(numbers(&value).to_vec(), (1, 1));
        let kept = out.clone();
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &kept, |by, gradients| {
                gradients.get_or_alloc_mut(&value)?[0] += by[0];
                Ok(())
            })
        });
        out.put_tape(tape)
    }

    fn error(loss: &Loss, outputs: &Matrix<f64>, targets: &Matrix<f64>) -> f64 {
        gradient_error(outputs, &[], |y, _| as_matrix(loss.forward(y, targets, 10.0).0))
    }

    /// A matrix of numbers in 0.02..0.98.
    fn probabilities(rows: usize, width: usize, seed: u64) -> Matrix<f64> {
        let values = values(rows * width, seed).iter().map(|x| 0.5 + 0.47 * x).collect();
        Cpu::default().tensor_from_vec(values, (rows, width))
    }

    #[test]
    fn every_gradient_agrees_with_differences() {
        let targets = probabilities(3, 19, 5);
        for loss in [Loss::Mse, Loss::L1, Loss::Bce] {
            let error = error(&loss, &probabilities(3, 19, 4), &targets);
            assert!(error < 1e-7, "{loss:?}: {error}");
        }
        assert!(error(&Loss::BceLogits, &matrix(3, 19, 4), &targets) < 1e-8);
        let one_hot: Matrix<f64> = Cpu::default().tensor_from_vec(vec![0., 1., 0., 0., 0., 1.], (2, 3));
        assert!(error(&Loss::CrossEntropy, &matrix(2, 3, 4), &one_hot) < 1e-8);
        for window in [7, 11] {
            let ssim = Loss::Ssim(Ssim::new([13, 12, 2], window));
            let error = error(&ssim, &probabilities(2, 312, 4), &probabilities(2, 312, 5));
            assert!(error < 1e-7, "{window}: {error}");
        }
    }

    #[test]
    fn values_are_those_of_a_hand_calculation() {
        let (y, t) = ([0.2f64, 0.7, 0.5, 0.9], [0.0f64, 1.0, 1.0, 1.0]);
        let close = |loss: Loss, y: &[f64], width, want: f64| {
            let sum = loss.sum(y, &t, width, None);
            assert!((sum - want).abs() < 1e-6, "{loss:?}: {sum}");
        };
        close(Loss::Mse, &y, 4, 0.0975);
        close(Loss::L1, &y, 2, 0.55);
        close(Loss::Bce, &y, 4, 0.344_582);
        close(Loss::BceLogits, &[-1.386_294_361, 0.847_297_861, 0.0, 2.197_224_577], 4, 0.344_582);
        // ln(1 + e + e^2) - 2 for logits 0, 1, 2 with the last one right.
        assert!((Loss::CrossEntropy.sum(&[0.0f64, 1.0, 2.0], &[0.0, 0.0, 1.0], 3, None) - 0.407_606).abs() < 1e-6);
    }

    #[test]
    fn a_logit_of_any_size_has_a_finite_loss_and_nan_is_not_hidden() {
        let sum = Loss::BceLogits.sum(&[-1e4f32, 1e4], &[0.0, 1.0], 2, None);
        assert!(sum.abs() < 1e-6);
        for loss in [Loss::Mse, Loss::L1, Loss::Bce, Loss::BceLogits, Loss::CrossEntropy] {
            assert!(loss.sum(&[f32::NAN, 0.5], &[0.0, 1.0], 2, None).is_nan(), "{loss:?}");
            assert!(loss.sum(&[0.5, f32::NAN], &[0.0, 1.0], 2, None).is_nan(), "{loss:?}");
        }
    }
}

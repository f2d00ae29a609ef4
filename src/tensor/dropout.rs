//! Dropout with a mask that is a function of a key and of the place in the batch alone: no state, and the same mask
//! however the batch is cut.

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::float::Float;
use super::simd::vectorized;
use super::storage::{Matrix, numbers, numbers_mut, with_gradient, zeros};

/// Sets each number to zero with probability `rate` and divides the others by `1 - rate`.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    pub rate: f64,
}

impl Dropout {
    /// `first_row` is the place of the first row of `x` in the batch.
    pub fn train<E: Float, T: Tape<E, Cpu>>(self, x: Matrix<E, T>, key: u64, first_row: usize) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        let (rows, width) = *x.shape();
        let first = (first_row * width) as u64;
        let mut y = zeros(x.device(), rows, width);
        add_kept(numbers(&x), numbers_mut(&mut y), self.rate, key, first);
        let kept = y.clone();
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &kept, |dy, gradients| {
                add_kept(dy, gradients.get_or_alloc_mut(&x)?, self.rate, key, first);
                Ok(())
            })
        });
        y.put_tape(tape)
    }

    /// What the numbers of a whole batch are multiplied by.
    #[cfg(any(test, feature = "cuda"))]
    pub fn mask<E: Float>(self, count: usize, key: u64) -> Vec<E> {
        let mut mask = vec![E::default(); count];
        add_kept(&vec![E::ONE; count], &mut mask, self.rate, key, 0);
        mask
    }
}

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): a random 64-bit number for each counter.
#[inline(always)]
pub fn mix(key: u64, counter: u64) -> u64 {
    let mut z = key.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

vectorized! {
    fn add_kept<E>(from: &[E], to: &mut [E], rate: f64, key: u64, first: u64) {
        let scale = E::of(1.0 / (1.0 - rate));
        let threshold = (rate * (1u64 << 32) as f64) as u64;
        for (i, (from, to)) in from.iter().zip(to).enumerate() {
            let is_kept = mix(key, first + i as u64) >> 32 >= threshold;
            *to += if is_kept { *from * scale } else { E::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix};
    use super::*;

    #[test]
    fn the_gradient_agrees_with_differences() {
        let error = gradient_error(&matrix(3, 8, 3), &[], |x, _| Dropout { rate: 0.4 }.train(x, 7, 2));
        assert!(error < 1e-8, "{error}");
    }

    #[test]
    fn the_share_dropped_is_the_rate_and_the_sum_is_kept() {
        let ones = |rows| {
            let mut x = zeros::<f64>(&Cpu::default(), rows, 100);
            numbers_mut(&mut x).fill(1.0);
            x
        };
        let y = Dropout { rate: 0.25 }.train(ones(400), 7, 0);
        let dropped = numbers(&y).iter().filter(|y| **y == 0.0).count() as f64 / 40_000.0;
        assert!((dropped - 0.25).abs() < 0.01, "{dropped}");
        assert!(numbers(&y).iter().all(|y| *y == 0.0 || (*y - 4.0 / 3.0).abs() < 1e-12));
        // Cutting the batch leaves the mask as it is.
        let part = Dropout { rate: 0.25 }.train(ones(10), 7, 390);
        assert_eq!(numbers(&part), &numbers(&y)[39_000..]);
    }
}

//! Pooling and nearest-neighbour upsampling of images in height, width, channel order.

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::float::Float;
use super::simd::vectorized;
use super::storage::{Matrix, numbers, numbers_mut, with_gradient, zeros};
use super::window::Windows;

/// What a window becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    Max,
    Average,
}

/// Pooling over windows without padding.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    pub kind: PoolKind,
    pub windows: Windows,
}

impl Pool {
    /// Calls `visit` with the first number of each output position and of each input position in its window, window
    /// by window.
    #[inline(always)]
    fn walk(&self, images: usize, mut visit: impl FnMut(usize, usize, bool)) {
        let w = self.windows;
        for window in 0..images * w.count() {
            let (image, y, x) = (window / w.count(), window % w.count() / w.across, window % w.across);
            for ky in 0..w.kernel[0] {
                for kx in 0..w.kernel[1] {
                    let (row, column) = (y * w.stride[0] + ky, x * w.stride[1] + kx);
                    let from = image * w.image() + (row * w.width + column) * w.channels;
                    visit(window * w.channels, from, ky + kx == 0);
                }
            }
        }
    }

    /// The pooled images.
    pub fn forward<E: Float, T: Tape<E, Cpu>>(self, x: Matrix<E, T>) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        let images = x.shape().0;
        let mut y = zeros(x.device(), images, self.windows.count() * self.windows.channels);
        match self.kind {
            PoolKind::Max => max(numbers(&x), numbers_mut(&mut y), images, &self),
            PoolKind::Average => average(numbers(&x), numbers_mut(&mut y), images, &self),
        }
        let kept = y.clone();
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &kept, |dy, gradients| {
                let dx = gradients.get_or_alloc_mut(&x)?;
                match self.kind {
                    PoolKind::Max => max_gradient(numbers(&x), numbers(&kept), dy, dx, images, &self),
                    PoolKind::Average => average_gradient(dy, dx, images, &self),
                }
                Ok(())
            })
        });
        y.put_tape(tape)
    }
}

vectorized! {
    fn max<E>(x: &[E], y: &mut [E], images: usize, pool: &Pool) {
        let channels = pool.windows.channels;
        pool.walk(images, |to, from, first| {
            let (x, y) = (&x[from..from + channels], &mut y[to..to + channels]);
            if first {
                y.copy_from_slice(x);
            } else {
                // A NaN on either side stays.
                y.iter_mut().zip(x).for_each(|(y, x)| *y = if *x <= *y { *y } else { *x });
            }
        });
    }
}

vectorized! {
    /// The gradient goes to the first largest number of each window. `dy` is used up.
    fn max_gradient<E>(x: &[E], y: &[E], dy: &mut [E], dx: &mut [E], images: usize, pool: &Pool) {
        let channels = pool.windows.channels;
        pool.walk(images, |to, from, _| {
            let (x, dx) = (&x[from..from + channels], &mut dx[from..from + channels]);
            let (y, dy) = (&y[to..to + channels], &mut dy[to..to + channels]);
            for i in 0..channels {
                let is_largest = x[i] == y[i];
                dx[i] += if is_largest { dy[i] } else { E::default() };
                dy[i] = if is_largest { E::default() } else { dy[i] };
            }
        });
    }
}

vectorized! {
    fn average<E>(x: &[E], y: &mut [E], images: usize, pool: &Pool) {
        let channels = pool.windows.channels;
        let share = E::of(1.0 / (pool.windows.kernel[0] * pool.windows.kernel[1]) as f64);
        pool.walk(images, |to, from, _| {
            let (x, y) = (&x[from..from + channels], &mut y[to..to + channels]);
            y.iter_mut().zip(x).for_each(|(y, x)| *y += *x * share);
        });
    }
}

vectorized! {
    fn average_gradient<E>(dy: &[E], dx: &mut [E], images: usize, pool: &Pool) {
        let channels = pool.windows.channels;
        let share = E::of(1.0 / (pool.windows.kernel[0] * pool.windows.kernel[1]) as f64);
        pool.walk(images, |to, from, _| {
            let (dx, dy) = (&mut dx[from..from + channels], &dy[to..to + channels]);
            dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy * share);
        });
    }
}

/// Repeats every pixel `factor` times down and across.
#[derive(Clone, Copy, Debug)]
pub struct Upsample {
    /// Height, width, channels of the input.
    pub image: [usize; 3],
    pub factor: usize,
}

impl Upsample {
    /// Calls `visit` with the beginning of each output pixel and of the input pixel it repeats.
    #[inline(always)]
    fn walk(&self, images: usize, mut visit: impl FnMut(usize, usize)) {
        let [height, width, channels] = self.image;
        let mut to = 0;
        for row in 0..images * height {
            for _ in 0..self.factor {
                for column in 0..width {
                    for _ in 0..self.factor {
                        visit(to, (row * width + column) * channels);
                        to += channels;
                    }
                }
            }
        }
    }

    /// The larger images.
    pub fn forward<E: Float, T: Tape<E, Cpu>>(self, x: Matrix<E, T>) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        let (images, width) = *x.shape();
        let mut y = zeros(x.device(), images, width * self.factor * self.factor);
        let (from, to) = (numbers(&x), numbers_mut(&mut y));
        repeat(&self, from, to, images);
        let kept = y.clone();
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &kept, |dy, gradients| {
                gather(&self, dy, gradients.get_or_alloc_mut(&x)?, images);
                Ok(())
            })
        });
        y.put_tape(tape)
    }
}

vectorized! {
    fn repeat<E>(upsample: &Upsample, from: &[E], to: &mut [E], images: usize) {
        let channels = upsample.image[2];
        upsample.walk(images, |large, small| {
            let (to, from) = (&mut to[large..large + channels], &from[small..small + channels]);
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        });
    }
}

vectorized! {
    fn gather<E>(upsample: &Upsample, from: &[E], to: &mut [E], images: usize) {
        let channels = upsample.image[2];
        upsample.walk(images, |large, small| {
            let (to, from) = (&mut to[small..small + channels], &from[large..large + channels]);
            to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix};
    use super::super::window::Padding;
    use super::*;

    fn pool(kind: PoolKind, kernel: [usize; 2], stride: [usize; 2]) -> Pool {
        Pool { kind, windows: Windows::new([5, 6, 2], kernel, stride, Padding::Valid).unwrap() }
    }

    #[test]
    fn gradients_agree_with_differences() {
        for kind in [PoolKind::Max, PoolKind::Average] {
            for (kernel, stride) in [([2, 2], [2, 2]), ([3, 2], [1, 2])] {
                let pool = pool(kind, kernel, stride);
                let error = gradient_error(&matrix(2, 60, 3), &[], |x, _| pool.forward(x));
                assert!(error < 1e-8, "{pool:?}: {error}");
            }
        }
        let upsample = Upsample { image: [3, 2, 2], factor: 3 };
        assert!(gradient_error(&matrix(2, 12, 3), &[], |x, _| upsample.forward(x)) < 1e-8);
    }

    #[test]
    fn values_are_those_of_a_hand_calculation() {
        let image = |values: &[f64], width| -> Matrix<f64> {
            dfdx::prelude::TensorFromVec::tensor_from_vec(&Cpu::default(), values.to_vec(), (1, width))
        };
        let windows = Windows::new([2, 4, 1], [2, 2], [2, 2], Padding::Valid).unwrap();
        let x = [1.0, 5.0, -1.0, -2.0, 3.0, 2.0, -4.0, -3.0];
        let pooled = |kind| numbers(&Pool { kind, windows }.forward(image(&x, 8))).to_vec();
        assert_eq!(pooled(PoolKind::Max), [5.0, -1.0]);
        assert_eq!(pooled(PoolKind::Average), [2.75, -2.5]);
        let larger = Upsample { image: [1, 2, 1], factor: 2 }.forward(image(&[1.0, 2.0], 2));
        assert_eq!(numbers(&larger), [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn of_equal_numbers_the_first_gets_the_gradient() {
        use dfdx::prelude::{Backward, Trace};
        let windows = Windows::new([2, 2, 1], [2, 2], [2, 2], Padding::Valid).unwrap();
        let x: Matrix<f64> = zeros(&Cpu::default(), 1, 4);
        let y = Pool { kind: PoolKind::Max, windows }.forward(x.leaky_trace());
        let target = dfdx::prelude::TensorFromVec::tensor_from_vec(&Cpu::default(), vec![-1.0], (1, 1));
        let gradients = super::super::loss::Loss::Mse.forward(y, &target, 1.0).0.backward();
        assert_eq!(numbers(&gradients.get(&x)), [2.0, 0.0, 0.0, 0.0]);
    }
}

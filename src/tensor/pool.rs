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

/// The pixels of a window, row by row.
#[derive(Clone, Copy)]
struct Taps {
    first: usize,
    count: usize,
    /// In a row of the window.
    across: usize,
    /// Numbers in a row of the image and in a pixel.
    row: usize,
    pixel: usize,
}

impl Taps {
    /// The same pixels from a later channel on.
    #[inline(always)]
    fn at(self, channel: usize) -> Self {
        Self { first: self.first + channel, ..self }
    }

    /// Where a pixel's numbers begin.
    #[inline(always)]
    fn place(&self, tap: usize) -> usize {
        self.first + tap / self.across * self.row + tap % self.across * self.pixel
    }
}

impl Pool {
    /// Calls `visit` for each window with the place of its first output and those of its pixels.
    #[inline(always)]
    fn walk(&self, images: usize, mut visit: impl FnMut(usize, Taps)) {
        let w = self.windows;
        let row = w.width * w.channels;
        for line in 0..images * w.down {
            let top = line / w.down * w.image() + line % w.down * w.stride[0] * row;
            for x in 0..w.across {
                let first = top + x * w.stride[1] * w.channels;
                let taps =
                    Taps { first, count: w.kernel[0] * w.kernel[1], across: w.kernel[1], row, pixel: w.channels };
                visit((line * w.across + x) * w.channels, taps);
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

/// Channels of a window that are compared at once.
const LANES: usize = 16;

#[inline(always)]
fn lanes<E: Float, const N: usize>(from: &[E], place: usize) -> [E; N] {
    from[place..place + N].try_into().expect("a slice of as many numbers")
}

#[inline(always)]
fn largest<E: Float, const N: usize>(x: &[E], y: &mut [E], taps: Taps) {
    let mut largest: [E; N] = lanes(x, taps.first);
    for tap in 1..taps.count {
        let x: [E; N] = lanes(x, taps.place(tap));
        for lane in 0..N {
            // A NaN on either side stays.
            largest[lane] = if x[lane] <= largest[lane] { largest[lane] } else { x[lane] };
        }
    }
    y.copy_from_slice(&largest);
}

vectorized! {
    fn max<E>(x: &[E], y: &mut [E], images: usize, pool: &Pool) {
        pool.walk(images, #[inline(always)] |window, taps| {
            let channels = pool.windows.channels;
            let whole = channels / LANES * LANES;
            for channel in (0..whole).step_by(LANES) {
                largest::<E, LANES>(x, &mut y[window + channel..][..LANES], taps.at(channel));
            }
            for channel in whole..channels {
                largest::<E, 1>(x, &mut y[window + channel..][..1], taps.at(channel));
            }
        });
    }
}

/// Adds the gradient of a window's largest numbers `y` to that of its pixels.
#[inline(always)]
fn give<E: Float, const N: usize>(x: &[E], y: [E; N], mut dy: [E; N], dx: &mut [E], taps: Taps) {
    for place in (0..taps.count).map(|tap| taps.place(tap)) {
        let (x, dx): ([E; N], _) = (lanes(x, place), &mut dx[place..place + N]);
        for lane in 0..N {
            let is_largest = x[lane] == y[lane];
            dx[lane] += if is_largest { dy[lane] } else { E::default() };
            dy[lane] = if is_largest { E::default() } else { dy[lane] };
        }
    }
}

vectorized! {
    /// The gradient goes to the first largest number of each window.
    fn max_gradient<E>(x: &[E], y: &[E], dy: &[E], dx: &mut [E], images: usize, pool: &Pool) {
        pool.walk(images, #[inline(always)] |window, taps| {
            let channels = pool.windows.channels;
            let whole = channels / LANES * LANES;
            for channel in (0..whole).step_by(LANES) {
                let place = window + channel;
                give::<E, LANES>(x, lanes(y, place), lanes(dy, place), dx, taps.at(channel));
            }
            for channel in whole..channels {
                let place = window + channel;
                give::<E, 1>(x, lanes(y, place), lanes(dy, place), dx, taps.at(channel));
            }
        });
    }
}

vectorized! {
    fn average<E>(x: &[E], y: &mut [E], images: usize, pool: &Pool) {
        let channels = pool.windows.channels;
        let share = E::of(1.0 / (pool.windows.kernel[0] * pool.windows.kernel[1]) as f64);
        pool.walk(images, #[inline(always)] |window, taps| {
            for from in (0..taps.count).map(|tap| taps.place(tap)) {
                let (x, y) = (&x[from..from + channels], &mut y[window..window + channels]);
                y.iter_mut().zip(x).for_each(|(y, x)| *y += *x * share);
            }
        });
    }
}

vectorized! {
    fn average_gradient<E>(dy: &[E], dx: &mut [E], images: usize, pool: &Pool) {
        let channels = pool.windows.channels;
        let share = E::of(1.0 / (pool.windows.kernel[0] * pool.windows.kernel[1]) as f64);
        pool.walk(images, #[inline(always)] |window, taps| {
            for to in (0..taps.count).map(|tap| taps.place(tap)) {
                let (dx, dy) = (&mut dx[to..to + channels], &dy[window..window + channels]);
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += *dy * share);
            }
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
    /// Height, width, channels of the output.
    pub fn output(&self) -> [usize; 3] {
        let [height, width, channels] = self.image;
        [height * self.factor, width * self.factor, channels]
    }

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

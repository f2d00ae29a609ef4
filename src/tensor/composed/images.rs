//! What works on images. A convolution is a sum over its kernel's positions of one matrix product each. One difference to
//! the operations written for the processor: equal numbers in a window of max pooling share the gradient; there the first
//! has it.

use dfdx::prelude::{
    Axes2, Axis, BroadcastTo, Device, HasShape, PermuteTo, PutTape, ReshapeTo, Shape, SplitTape, Tape, Tensor, TryAdd,
    TryConcatAlong, TryMatMul, TryMul,
};

use crate::tensor::conv_transpose2d::ConvTranspose2d;
use crate::tensor::conv2d::Conv2d;
use crate::tensor::float::Float;
use crate::tensor::pool::{Pool, PoolKind, Upsample};
use crate::tensor::window::Windows;

use super::{Flat, Made, Numbers, add_bias, own};

/// `(batch, height, width, channels)`.
type Images<E, D, T> = Tensor<(usize, usize, usize, usize), E, D, T>;

/// Adds up what several users of one tensor recorded and what was recorded before them.
fn joined<S: Shape, E: Float, D: Device<E>, T: Tape<E, D>>(before: T, x: Tensor<S, E, D, T>) -> Tensor<S, E, D, T> {
    let (x, tape) = x.split_tape();
    x.put_tape(before.merge(tape))
}

/// The images with `before` zero rows and columns in front, cut or filled up with zeros to `size` rows and columns.
fn framed<E: Float, D: Device<E>, T: Tape<E, D>>(
    x: Images<E, D, T>,
    before: [usize; 2],
    size: [usize; 2],
) -> Made<Images<E, D, T>, D> {
    let (count, height, width, channels) = *x.shape();
    let kept = [height.min(size[0] - before[0]), width.min(size[1] - before[1])];
    let mut x = if kept == [height, width] { x } else { own(x)?.try_slice((.., 0..kept[0], 0..kept[1], ..))? };
    let device = x.device().clone();
    let zeros = |rows, columns| -> Made<Images<E, D, T>, D> {
        Ok(device.try_zeros_like(&(count, rows, columns, channels))?.retaped::<T>())
    };
    let after = [0, 1].map(|axis| size[axis] - before[axis] - kept[axis]);
    if before[0] > 0 {
        x = (zeros(before[0], kept[1])?, x).try_concat_along(Axis::<1>)?;
    }
    if after[0] > 0 {
        x = (x, zeros(after[0], kept[1])?).try_concat_along(Axis::<1>)?;
    }
    if before[1] > 0 {
        x = (zeros(size[0], before[1])?, x).try_concat_along(Axis::<2>)?;
    }
    if after[1] > 0 {
        x = (x, zeros(size[0], after[1])?).try_concat_along(Axis::<2>)?;
    }
    Ok(x)
}

/// For each position in the windows, row by row, what `visit` makes of the pixels that lie there in all windows
/// `(windows of all images, channels)`; what comes of it is added up by `combine`.
fn over_windows<E: Float, D: Device<E>, T: Tape<E, D>>(
    x: Images<E, D, T>,
    windows: &Windows,
    mut visit: impl FnMut(usize, Flat<E, D, T>) -> Made<Flat<E, D, T>, D>,
    combine: impl Fn(Flat<E, D, T>, Flat<E, D, T>) -> Made<Flat<E, D, T>, D>,
) -> Made<Flat<E, D, T>, D> {
    let ([down, across], [kernel_down, kernel_across]) = ([windows.down, windows.across], windows.kernel);
    let [step_down, step_across] = windows.stride;
    let size = [kernel_down - 1 + down * step_down, kernel_across - 1 + across * step_across];
    let (x, tape) = framed(x, windows.before, size)?.split_tape();
    let (count, _, _, channels) = *x.shape();
    let mut all: Option<Flat<E, D, T>> = None;
    for tap in 0..kernel_down * kernel_across {
        let (row, column) = (tap / kernel_across, tap % kernel_across);
        let ranges = (.., row..row + down * step_down, column..column + across * step_across, ..);
        let mut pixels = own(x.retaped::<T>())?.try_slice(ranges)?;
        if windows.stride != [1, 1] {
            let rows = (count * down, step_down, across * step_across, channels);
            let first = pixels.try_reshape_like(&rows)?.try_slice((.., 0..1, .., ..))?;
            let columns = (count * down, across, step_across, channels);
            let first = first.try_reshape_like(&columns)?.try_slice((.., .., 0..1, ..))?;
            pixels = first.try_reshape_like(&(count, down, across, channels))?;
        }
        let made = visit(tap, pixels.try_reshape_like(&(count * down * across, channels))?)?;
        all = Some(match all {
            Some(all) => combine(all, made)?,
            None => made,
        });
    }
    let all = all.expect("a window has at least one position");
    Ok(joined(tape, all))
}

impl Conv2d {
    /// As [`Conv2d::forward`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<'_, E, D>,
    ) -> Made<Flat<E, D, T>, D> {
        let (count, windows) = (x.shape().0, self.windows);
        let [height, width] = [windows.height, windows.width].map(|side| side / self.upsample);
        let x = Upsample { image: [height, width, windows.channels], factor: self.upsample }.compose(x)?;
        let x = x.try_reshape_like(&(count, windows.height, windows.width, windows.channels))?;
        let size = windows.channels * self.outputs;
        let product = |tap: usize, pixels: Flat<E, D, T>| {
            pixels.try_matmul(numbers.matrix::<T>(self.weight + tap * size, windows.channels, self.outputs)?)
        };
        let y = over_windows(x, &windows, product, |a, b| a.try_add(b))?;
        let y = y.try_reshape_like(&(count, windows.count() * self.outputs))?;
        self.activation.compose(add_bias(y, numbers, self.bias, self.outputs)?, self.outputs)
    }
}

impl ConvTranspose2d {
    /// As [`ConvTranspose2d::forward`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<'_, E, D>,
    ) -> Made<Flat<E, D, T>, D> {
        let (windows, inputs, outputs) = (self.spread.windows, self.spread.inputs, self.outputs());
        let (count, positions) = (x.shape().0, windows.count());
        let (x, tape) = x.try_reshape_like(&(count * positions, inputs))?.split_tape();
        let [kernel_down, kernel_across] = windows.kernel;
        // Room for the whole kernel around every position, whatever of it the image keeps.
        let size = [0, 1].map(|axis| {
            let positions = [windows.down, windows.across][axis];
            (positions * windows.stride[axis] + windows.kernel[axis])
                .max([windows.height, windows.width][axis] + windows.before[axis])
        });
        let mut all: Option<Images<E, D, T>> = None;
        for tap in 0..kernel_down * kernel_across {
            let weights = numbers.matrix::<T>(self.weight + tap * outputs * inputs, outputs, inputs)?;
            let weights = weights.try_permute::<_, Axes2<1, 0>>()?;
            let part = x.retaped::<T>().try_matmul(weights)?;
            let part = part.try_reshape_like(&(count, windows.down, windows.across, outputs))?;
            let part = framed(dilated(part, windows.stride)?, [tap / kernel_across, tap % kernel_across], size)?;
            all = Some(match all {
                Some(all) => all.try_add(part)?,
                None => part,
            });
        }
        let all = all.expect("a kernel has at least one position");
        let [top, left] = windows.before;
        let image =
            own(joined(tape, all))?.try_slice((.., top..top + windows.height, left..left + windows.width, ..))?;
        let y = image.try_reshape_like(&(count, windows.image()))?;
        self.activation.compose(add_bias(y, numbers, self.bias, outputs)?, outputs)
    }
}

/// Puts `step - 1` zeros after every row and column.
fn dilated<E: Float, D: Device<E>, T: Tape<E, D>>(x: Images<E, D, T>, step: [usize; 2]) -> Made<Images<E, D, T>, D> {
    let (count, height, width, channels) = *x.shape();
    let x = x.try_reshape_like(&(count * height, 1, width, channels))?;
    let x = framed(x, [0, 0], [step[0], width])?;
    let x = x.try_reshape_like(&(count * height * step[0] * width, 1, 1, channels))?;
    let x = framed(x, [0, 0], [1, step[1]])?;
    x.try_reshape_like(&(count, height * step[0], width * step[1], channels))
}

impl Pool {
    /// As [`Pool::forward`], but equal largest numbers share the gradient.
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(self, x: Flat<E, D, T>) -> Made<Flat<E, D, T>, D> {
        let (count, windows) = (x.shape().0, self.windows);
        let x = x.try_reshape_like(&(count, windows.height, windows.width, windows.channels))?;
        let y = match self.kind {
            PoolKind::Max => over_windows(x, &windows, |_, pixels| Ok(pixels), |a, b| a.try_maximum(b))?,
            PoolKind::Average => {
                let share = E::of(1.0 / (windows.kernel[0] * windows.kernel[1]) as f64);
                over_windows(x, &windows, |_, pixels| Ok(pixels), |a, b| a.try_add(b))?.try_mul(share)?
            }
        };
        y.try_reshape_like(&(count, windows.count() * windows.channels))
    }
}

impl Upsample {
    /// As [`Upsample::forward`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(self, x: Flat<E, D, T>) -> Made<Flat<E, D, T>, D> {
        if self.factor == 1 {
            return Ok(x);
        }
        let ([height, width, channels], factor, count) = (self.image, self.factor, x.shape().0);
        let x = x.try_reshape_like(&(count, height, width, channels))?;
        let large = (count, height, factor, width, factor, channels);
        x.try_broadcast_like::<_, Axes2<2, 4>>(&large)?
            .try_reshape_like(&(count, large.1 * large.3 * channels * factor * factor))
    }
}

//! The operations of this folder composed from dfdx's own, for devices that nothing here was written for: the same
//! sizes, the same places of parameters, the same numbers up to rounding, on any device dfdx knows. One difference: equal
//! numbers in a window of max pooling share the gradient; on the processor the first has it. Between operations
//! activations are `(batch, features)` as everywhere.
//!
//! A convolution is a sum over its kernel's positions of one matrix product each.

use dfdx::prelude::{
    Axes2, Axis, BroadcastTo, Device, Gradients, HasErr, HasShape, MeanTo, NoneTape, PermuteTo, PutTape, ReshapeTo,
    Shape, SplitTape, SumTo, Tape, Tensor, TryAdd, TryConcatAlong, TryMatMul, TryMul, TrySub,
};

use super::activation::{Activation, LEAK};
use super::batch_norm::{BatchNorm, EPSILON};
use super::conv_transpose2d::ConvTranspose2d;
use super::conv2d::Conv2d;
use super::dense::{Dense, Tie};
use super::dropout::Dropout;
use super::float::Float;
use super::gaussian::{Draw, Gaussian};
use super::pool::{Pool, PoolKind, Upsample};
use super::window::Windows;

/// `(batch, features)` on a device.
pub type Flat<E, D, T> = Tensor<(usize, usize), E, D, T>;
/// `(batch, height, width, channels)`.
type Images<E, D, T> = Tensor<(usize, usize, usize, usize), E, D, T>;
/// Codes, and a number whose gradient is that of their divergence.
pub type Drawn<E, D, T> = (Flat<E, D, T>, Tensor<(), E, D, T>);
/// What an operation gives, or the device's error: no memory, as a rule.
pub type Made<T, D> = Result<T, <D as HasErr>::Err>;

/// A network's trainable numbers on a device.
pub struct Numbers<E: Float, D: Device<E>>(Tensor<(usize,), E, D>);

impl<E: Float, D: Device<E>> Numbers<E, D> {
    /// A copy of `values`.
    pub fn new(device: &D, values: &[E]) -> Made<Self, D> {
        Ok(Self(device.try_tensor_from_vec(values.to_vec(), (values.len(),))?))
    }

    /// Their gradient.
    pub fn gradient(&self, gradients: &Gradients<E, D>) -> Vec<E> {
        if self.0.shape().0 == 0 { vec![] } else { gradients.get(&self.0).as_vec() }
    }

    fn vector<T: Tape<E, D>>(&self, first: usize, count: usize) -> Made<Tensor<(usize,), E, D, T>, D> {
        own(self.0.retaped::<T>())?.try_slice((first..first + count,))
    }

    fn matrix<T: Tape<E, D>>(&self, first: usize, rows: usize, columns: usize) -> Made<Flat<E, D, T>, D> {
        self.vector(first, rows * columns)?.try_reshape_like(&(rows, columns))
    }
}

/// A matrix of these numbers.
pub fn matrix<E: Float, D: Device<E>>(device: &D, values: Vec<E>, rows: usize) -> Made<Flat<E, D, NoneTape>, D> {
    let width = values.len().checked_div(rows).unwrap_or(0);
    device.try_tensor_from_vec(values, (rows, width))
}

/// The same numbers in a tensor of their own. dfdx 0.13's slices write their gradient where others' may be already; here
/// they write it to this copy, which adds it to the rest.
fn own<S: Shape, E: Float, D: Device<E>, T: Tape<E, D>>(x: Tensor<S, E, D, T>) -> Made<Tensor<S, E, D, T>, D> {
    x.try_mul(E::ONE)
}

/// Adds up what several users of one tensor recorded and what was recorded before them.
fn joined<S: Shape, E: Float, D: Device<E>, T: Tape<E, D>>(before: T, x: Tensor<S, E, D, T>) -> Tensor<S, E, D, T> {
    let (x, tape) = x.split_tape();
    x.put_tape(before.merge(tape))
}

impl Dense {
    /// As [`Dense::forward`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<E, D>,
    ) -> Made<Flat<E, D, T>, D> {
        let weights = match self.tie {
            Tie::Borrowed => {
                numbers.matrix::<T>(self.weight, self.outputs, self.inputs)?.try_permute::<_, Axes2<1, 0>>()?
            }
            Tie::Free | Tie::Lent => numbers.matrix::<T>(self.weight, self.inputs, self.outputs)?,
        };
        let product = x.try_matmul(weights)?;
        self.activation.compose(add_bias(product, numbers, self.bias, self.outputs)?, self.outputs)
    }
}

/// Adds a bias to each group of `count` features.
fn add_bias<E: Float, D: Device<E>, T: Tape<E, D>>(
    x: Flat<E, D, T>,
    numbers: &Numbers<E, D>,
    bias: usize,
    count: usize,
) -> Made<Flat<E, D, T>, D> {
    let (rows, features) = *x.shape();
    let groups = (rows * features / count, count);
    let bias = numbers.vector::<T>(bias, count)?.try_broadcast_like::<_, Axis<0>>(&groups)?;
    x.try_reshape_like(&groups)?.try_add(bias)?.try_reshape_like(&(rows, features))
}

impl Activation {
    /// As [`Activation::forward`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        width: usize,
    ) -> Made<Flat<E, D, T>, D> {
        match self {
            Self::Linear => Ok(x),
            Self::Relu => x.try_relu(),
            // Slopes at zero are those of the operations written for the processor: biases begin there.
            Self::LeakyRelu => {
                let below = x.retaped::<T>().try_negate()?.try_relu()?.try_mul(E::of(1.0 - LEAK))?;
                x.try_add(below)
            }
            Self::Elu => {
                // Equal numbers share a gradient, so that both halves together have the slope one there.
                let zeros = x.device().try_zeros_like(x.shape())?;
                let below = x.retaped::<T>().try_minimum(zeros.retaped::<T>())?.try_exp()?.try_sub(E::ONE)?;
                x.try_maximum(zeros.retaped::<T>())?.try_add(below)
            }
            Self::Gelu => gelu(x),
            Self::Tanh => x.try_tanh(),
            Self::Sigmoid => x.try_sigmoid(),
            Self::Softmax => {
                let (rows, features) = *x.shape();
                let groups = x.try_reshape_like(&(rows * features / width, width))?;
                groups.try_softmax::<Axis<1>>()?.try_reshape_like(&(rows, features))
            }
        }
    }
}

/// The tangent at `x`, computed on the host: dfdx 0.13's own derivative of this function lacks a factor of 1 / sqrt 2.
fn gelu<E: Float, D: Device<E>, T: Tape<E, D>>(x: Flat<E, D, T>) -> Made<Flat<E, D, T>, D> {
    let (rows, given) = (x.shape().0, x.as_vec());
    let (mut offsets, mut slopes) = (given.clone(), vec![E::ONE; given.len()]);
    Activation::Gelu.apply(&mut offsets, 1);
    Activation::Gelu.backpropagate(&given, &mut slopes, 1);
    offsets.iter_mut().zip(given.iter().zip(&slopes)).for_each(|(y, (x, slope))| *y -= *x * *slope);
    let [slopes, offsets] = [slopes, offsets].map(|values| matrix(x.device(), values, rows));
    x.try_mul(slopes?.retaped::<T>())?.try_add(offsets?.retaped::<T>())
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
        numbers: &Numbers<E, D>,
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
        numbers: &Numbers<E, D>,
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

impl BatchNorm {
    /// As [`BatchNorm::train`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<E, D>,
        moments: &mut [E],
    ) -> Made<Flat<E, D, T>, D> {
        let (rows, features) = *x.shape();
        let groups = (rows * features / self.width, self.width);
        let x = x.try_reshape_like(&groups)?;
        let (mean, variance) = moments.split_at_mut(self.width);
        let still = x.retaped::<NoneTape>();
        let means = still.clone().try_mean::<(usize,), Axis<0>>()?;
        mean.copy_from_slice(&means.as_vec());
        let deviations = still.try_sub(means.try_broadcast_like::<_, Axis<0>>(&groups)?)?;
        variance.copy_from_slice(&deviations.try_square()?.try_mean::<(usize,), Axis<0>>()?.as_vec());
        self.rescale(x.try_normalize::<Axis<0>>(EPSILON)?, numbers)?.try_reshape_like(&(rows, features))
    }

    /// As [`BatchNorm::infer`].
    pub fn compose_still<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<E, D>,
        state: &[E],
    ) -> Made<Flat<E, D, T>, D> {
        let (rows, features) = *x.shape();
        let groups = (rows * features / self.width, self.width);
        let (mean, variance) = state[self.running..][..2 * self.width].split_at(self.width);
        let inverse: Vec<E> = variance.iter().map(|variance| E::ONE / (*variance + E::of(EPSILON)).sqrt()).collect();
        let device = x.device().clone();
        let row = |values: Vec<E>| -> Made<Flat<E, D, T>, D> {
            let values: Tensor<(usize,), E, D> = device.try_tensor_from_vec(values, (self.width,))?;
            values.retaped::<T>().try_broadcast_like::<_, Axis<0>>(&groups)
        };
        let x = x.try_reshape_like(&groups)?.try_sub(row(mean.to_vec())?)?.try_mul(row(inverse)?)?;
        self.rescale(x, numbers)?.try_reshape_like(&(rows, features))
    }

    fn rescale<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<E, D>,
    ) -> Made<Flat<E, D, T>, D> {
        let groups = *x.shape();
        let row = |first| numbers.vector::<T>(first, self.width)?.try_broadcast_like::<_, Axis<0>>(&groups);
        x.try_mul(row(self.scale)?)?.try_add(row(self.offset)?)
    }
}

impl Dropout {
    /// As [`Dropout::train`] on a whole batch.
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(self, x: Flat<E, D, T>, key: u64) -> Made<Flat<E, D, T>, D> {
        let (rows, width) = *x.shape();
        let mask = matrix(x.device(), self.mask(rows * width, key), rows)?;
        x.try_mul(mask.retaped::<T>())
    }
}

impl Gaussian {
    /// As [`Gaussian::train`] on a whole batch. Besides the codes gives a number whose gradient is that of the weighted
    /// divergence; its value means nothing.
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        draw: Draw,
        divergence: &mut [f64],
    ) -> Made<Drawn<E, D, T>, D> {
        let (rows, device) = (x.shape().0, x.device().clone());
        let given = x.as_vec();
        self.divergence(&given, divergence);
        let slopes = matrix(&device, self.slopes(&given, draw.weight), rows)?;
        let pull = x.retaped::<T>().try_mul(slopes.retaped::<T>())?.try_sum::<(), _>()?;
        let spread =
            own(x.retaped::<T>())?.try_slice((.., self.width..2 * self.width))?.try_mul(E::of(0.5))?.try_exp()?;
        let noise = matrix(&device, self.noise(rows, draw), rows)?;
        let means = own(x)?.try_slice((.., 0..self.width))?;
        let codes = means.try_reshape_like(&(rows, self.width))?;
        let spread = spread.try_reshape_like(&(rows, self.width))?.try_mul(noise.retaped::<T>())?;
        Ok((codes.try_add(spread)?, pull))
    }
}

//! The operations of this folder composed from dfdx's own, for devices that nothing here was written for: the same
//! sizes, the same places of parameters, the same numbers up to rounding, on any device dfdx knows. Between operations
//! activations are `(batch, features)` as everywhere.

mod images;

use std::cell::RefCell;

use dfdx::prelude::{
    Axes2, Axis, BroadcastTo, Device, Gradients, HasErr, HasShape, MeanTo, NoneTape, PermuteTo, ReshapeTo, Shape,
    SumTo, Tape, Tensor, TryAdd, TryMatMul, TryMul, TrySub,
};

use super::activation::{Activation, LEAK, add};
use super::batch_norm::{BatchNorm, EPSILON};
use super::dense::{Dense, Tie};
use super::dropout::Dropout;
use super::float::Float;
use super::gaussian::{Draw, Gaussian};

/// Numbers in a row on a device.
type Vector<E, D, T = NoneTape> = Tensor<(usize,), E, D, T>;
/// `(batch, features)`.
pub type Flat<E, D, T> = Tensor<(usize, usize), E, D, T>;
/// Codes, and a number whose gradient is that of their divergence.
pub type Drawn<E, D, T> = (Flat<E, D, T>, Tensor<(), E, D, T>);
/// What an operation gives, or the device's error: no memory, as a rule.
pub type Made<T, D> = Result<T, <D as HasErr>::Err>;

/// A network's trainable numbers for one pass over a device: each use of some of them is a tensor of its own there, so
/// that its gradient costs no more than it is long.
pub struct Numbers<'a, E: Float, D: Device<E>> {
    device: D,
    values: &'a [E],
    /// Where each use begins.
    uses: RefCell<Vec<(usize, Vector<E, D>)>>,
}

impl<'a, E: Float, D: Device<E>> Numbers<'a, E, D> {
    /// Those of `values`.
    pub fn new(device: D, values: &'a [E]) -> Self {
        Self { device, values, uses: RefCell::default() }
    }

    /// The gradient of all of them, after a pass back: numbers used more than once have the sum of their uses'.
    pub fn gradient(&self, gradients: &Gradients<E, D>) -> Vec<E> {
        let mut all = vec![E::default(); self.values.len()];
        for (first, used) in self.uses.borrow().iter() {
            let slopes = gradients.get(used).as_vec();
            add(&mut all[*first..][..slopes.len()], &slopes);
        }
        all
    }

    fn vector<T: Tape<E, D>>(&self, first: usize, count: usize) -> Made<Vector<E, D, T>, D> {
        let used = self.device.try_tensor_from_vec(self.values[first..][..count].to_vec(), (count,))?;
        self.uses.borrow_mut().push((first, used.clone()));
        Ok(used.retaped())
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

impl Dense {
    /// As [`Dense::forward`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<'_, E, D>,
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
    numbers: &Numbers<'_, E, D>,
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

impl BatchNorm {
    /// As [`BatchNorm::train`].
    pub fn compose<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<'_, E, D>,
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
        numbers: &Numbers<'_, E, D>,
        state: &[E],
    ) -> Made<Flat<E, D, T>, D> {
        let (rows, features) = *x.shape();
        let groups = (rows * features / self.width, self.width);
        let (mean, variance) = state[self.running..][..2 * self.width].split_at(self.width);
        let inverse: Vec<E> = variance.iter().map(|variance| E::ONE / (*variance + E::of(EPSILON)).sqrt()).collect();
        let device = x.device().clone();
        let row = |values: Vec<E>| -> Made<Flat<E, D, T>, D> {
            let values: Vector<E, D> = device.try_tensor_from_vec(values, (self.width,))?;
            values.retaped::<T>().try_broadcast_like::<_, Axis<0>>(&groups)
        };
        let x = x.try_reshape_like(&groups)?.try_sub(row(mean.to_vec())?)?.try_mul(row(inverse)?)?;
        self.rescale(x, numbers)?.try_reshape_like(&(rows, features))
    }

    fn rescale<E: Float, D: Device<E>, T: Tape<E, D>>(
        self,
        x: Flat<E, D, T>,
        numbers: &Numbers<'_, E, D>,
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

//! Reaching into dfdx tensors: their numbers as slices, and gradients while others are borrowed.

use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dfdx::prelude::{Cpu, CpuError, Gradients, HasShape, NoneTape, Rank0, Shape, Tensor, ZerosTensor};

use super::float::Float;

/// Rows of features: `(batch, features)`.
pub type Matrix<E, T = NoneTape> = Tensor<(usize, usize), E, Cpu, T>;
/// Numbers in a row: all trainable parameters of a network.
pub type Vector<E, T = NoneTape> = Tensor<(usize,), E, Cpu, T>;
/// One number: a loss.
pub type Scalar<E, T = NoneTape> = Tensor<Rank0, E, Cpu, T>;

/// The numbers of a contiguous tensor. Every tensor made here is contiguous.
pub fn numbers<S: Shape, E: Float, T>(tensor: &Tensor<S, E, Cpu, T>) -> &[E] {
    let count = tensor.shape().num_elements();
    if count == 0 {
        return &[];
    }
    // SAFETY: dfdx keeps a tensor's numbers in one `Vec`; the first index is its beginning, and a tensor that was not
    // broadcast or sliced, as none is here, holds as many as its shape says.
    unsafe { std::slice::from_raw_parts(&raw const tensor[S::Concrete::default()], count) }
}

/// The numbers of a contiguous tensor, for writing. A tensor that shares them gets a copy of its own first.
pub fn numbers_mut<S: Shape, E: Float, T>(tensor: &mut Tensor<S, E, Cpu, T>) -> &mut [E] {
    let count = tensor.shape().num_elements();
    if count == 0 {
        return &mut [];
    }
    // SAFETY: as in `numbers`; indexing for writing makes the storage this tensor's alone.
    unsafe { std::slice::from_raw_parts_mut(&raw mut tensor[S::Concrete::default()], count) }
}

/// A new matrix of zeros on `device`.
pub fn zeros<E: Float>(device: &Cpu, rows: usize, width: usize) -> Matrix<E> {
    device.zeros_like(&(rows, width))
}

/// A new scalar.
pub fn scalar<E: Float>(device: &Cpu, value: f64) -> Scalar<E> {
    // Not from a vector: the device's cache would get its memory in the end, and grow with every scalar.
    let mut scalar: Scalar<E> = device.zeros();
    numbers_mut(&mut scalar)[0] = E::of(value);
    scalar
}

/// Lends the gradient of `tensor` for changing, together with all others.
pub fn with_gradient<S: Shape, E: Float>(
    gradients: &mut Gradients<E, Cpu>,
    tensor: &Tensor<S, E, Cpu>,
    work: impl FnOnce(&mut [E], &mut Gradients<E, Cpu>) -> Result<(), CpuError>,
) -> Result<(), CpuError> {
    let mut own: Vec<E> = take(&mut **gradients.get_or_alloc_mut(tensor)?);
    let result = work(&mut own, gradients);
    **gradients.get_or_alloc_mut(tensor)? = own;
    result
}

/// Memory for intermediate results, used by one operation at a time and kept for the next.
#[derive(Clone)]
pub struct Scratch<E>(Arc<Mutex<Vec<E>>>);

impl<E> Default for Scratch<E> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<E: Float> Scratch<E> {
    /// At least `count` numbers of no particular value.
    pub fn take(&self, count: usize) -> MutexGuard<'_, Vec<E>> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() < count {
            memory.resize(count, E::default());
        }
        memory
    }
}

//! All trainable numbers of a network, and where their gradient is kept while a tape runs back.

use std::mem::take;

use dfdx::prelude::{Cpu, CpuError, Gradients, TensorFromVec};

use super::float::Float;
use super::storage::{Matrix, Vector, numbers, numbers_mut, with_gradient};

/// The numbers, shared by clones. Operations read ranges of them; the last operation that reads a
/// range writes its gradient and does not add to it, so that a used gradient need not be cleared before it is used again;
/// an earlier one that reads the same range adds to it.
#[derive(Clone)]
pub struct Parameters<E: Float> {
    values: Vector<E>,
    /// Holds nothing: the key of the gradient. Because it is empty, dfdx allocates nothing for it, and the gradient of
    /// an earlier step can be put there.
    key: Vector<E>,
}

impl<E: Float> Parameters<E> {
    /// Parameters with these values.
    pub fn new(values: Vec<E>) -> Self {
        let device = Cpu::default();
        let count = values.len();
        Self { values: device.tensor_from_vec(values, (count,)), key: device.tensor_from_vec(Vec::new(), (0,)) }
    }

    /// The numbers.
    pub fn values(&self) -> &[E] {
        numbers(&self.values)
    }

    /// The numbers, for changing; copied first while a clone or a tape still shares them.
    pub fn values_mut(&mut self) -> &mut [E] {
        numbers_mut(&mut self.values)
    }

    /// The gradient of all of them.
    pub fn gradient<'a>(&self, gradients: &'a mut Gradients<E, Cpu>) -> Result<&'a mut [E], CpuError> {
        let gradient = gradients.get_or_alloc_mut(&self.key)?;
        if gradient.is_empty() {
            gradient.resize(self.values().len(), E::default());
        }
        Ok(gradient)
    }

    /// Lends an operation what it needs on the way back: the gradient of its outputs `y`, that of all parameters, and
    /// that of its inputs `x` where it is wanted.
    pub fn with_gradients(
        &self,
        gradients: &mut Gradients<E, Cpu>,
        y: &Matrix<E>,
        x: Option<&Matrix<E>>,
        work: impl FnOnce(&mut [E], &mut [E], Option<&mut [E]>),
    ) -> Result<(), CpuError> {
        self.gradient(gradients)?;
        with_gradient(gradients, y, |dy, gradients| {
            with_gradient(gradients, &self.key, |slopes, gradients| {
                let dx = x.map(|x| gradients.get_or_alloc_mut(x)).transpose()?;
                work(dy, slopes, dx.map(|dx| &mut dx[..]));
                Ok(())
            })
        })
    }

    /// Gradients for one pass, which will use `memory` for those of the parameters.
    pub fn begin(&self, memory: Vec<E>) -> Result<Gradients<E, Cpu>, CpuError> {
        let mut gradients = Gradients::leaky();
        **gradients.get_or_alloc_mut(&self.key)? = memory;
        Ok(gradients)
    }

    /// Ends a pass: the gradient of the parameters, in the memory given to `begin`.
    pub fn end(&self, mut gradients: Gradients<E, Cpu>) -> Result<Vec<E>, CpuError> {
        self.gradient(&mut gradients)?;
        Ok(take(&mut **gradients.get_or_alloc_mut(&self.key)?))
    }
}

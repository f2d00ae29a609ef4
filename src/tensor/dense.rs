//! The dense layer: product with a weight matrix, bias and activation in one operation.

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::activation::Activation;
use super::float::Float;
use super::gemm::{Mat, multiply};
use super::parameters::Parameters;
use super::simd::vectorized;
use super::storage::{Matrix, numbers, numbers_mut, zeros};

/// A dense layer's sizes and the places of its numbers among the parameters: `inputs` x `outputs` weights, row after
/// row, from `weight`; `outputs` biases from `bias`.
#[derive(Clone, Copy, Debug)]
pub struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    pub weight: usize,
    pub bias: usize,
    /// Must be fusable.
    pub activation: Activation,
    pub tie: Tie,
}

/// Whether a layer's weights are another's as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// No.
    Free,
    /// A later layer's, transposed: the gradient of that is there first, and this one's is added.
    Lent,
    /// An earlier layer's, transposed: they are stored as `outputs` x `inputs`.
    Borrowed,
}

impl Dense {
    fn weights<'a, E>(&self, parameters: &'a [E]) -> Mat<'a, E> {
        let stored = &parameters[self.weight..][..self.inputs * self.outputs];
        match self.tie {
            Tie::Borrowed => Mat::new(stored, self.outputs, self.inputs).transposed(),
            Tie::Free | Tie::Lent => Mat::new(stored, self.inputs, self.outputs),
        }
    }

    /// `activation(x W + b)`. Without `input_gradient` nothing is propagated to `x`.
    pub fn forward<E: Float, T: Tape<E, Cpu>>(
        self,
        x: Matrix<E, T>,
        parameters: &Parameters<E>,
        input_gradient: bool,
    ) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        let rows = x.shape().0;
        let mut y = zeros(x.device(), rows, self.outputs);
        let out = numbers_mut(&mut y);
        multiply(out, Mat::new(numbers(&x), rows, self.inputs), self.weights(parameters.values()), false);
        add_row(out, &parameters.values()[self.bias..][..self.outputs]);
        self.activation.apply(out, self.outputs);
        let kept = y.clone();
        let parameters = parameters.clone();
        tape.add_backward_op(move |gradients| {
            let wanted = input_gradient.then_some(&x);
            parameters.with_gradients(gradients, &kept, wanted, |dy, slopes, dx| {
                settle(self.activation, numbers(&kept), dy, &mut slopes[self.bias..][..self.outputs]);
                let (x, dy) = (Mat::new(numbers(&x), rows, self.inputs), Mat::new(dy, rows, self.outputs));
                let slopes = &mut slopes[self.weight..][..self.inputs * self.outputs];
                match self.tie {
                    Tie::Borrowed => multiply(slopes, dy.transposed(), x, false),
                    Tie::Free | Tie::Lent => multiply(slopes, x.transposed(), dy, self.tie == Tie::Lent),
                }
                if let Some(dx) = dx {
                    multiply(dx, dy, self.weights(parameters.values()).transposed(), true);
                }
            })
        });
        y.put_tape(tape)
    }
}

vectorized! {
    /// Adds `row` to every row of `out`.
    pub fn add_row<E>(out: &mut [E], row: &[E]) {
        for out in out.chunks_exact_mut(row.len()) {
            out.iter_mut().zip(row).for_each(|(out, x)| *out += *x);
        }
    }
}

/// Turns the gradient of `activation`'s outputs `y` into that of its inputs, in place, and writes the sum of each of its
/// columns: block by block, so that it is read from memory once.
pub fn settle<E: Float>(activation: Activation, y: &[E], dy: &mut [E], sums: &mut [E]) {
    const BLOCK: usize = 4096;
    sums.fill(E::default());
    let block = (BLOCK / sums.len()).max(1) * sums.len();
    for (y, dy) in y.chunks(block).zip(dy.chunks_mut(block)) {
        activation.backpropagate(y, dy, sums.len());
        add_columns(dy, sums);
    }
}

vectorized! {
    /// Adds each row of `values` to `sums`.
    fn add_columns<E>(values: &[E], sums: &mut [E]) {
        for row in values.chunks_exact(sums.len()) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix, parameters, values};
    use super::*;

    #[test]
    fn the_gradient_agrees_with_differences() {
        for activation in [Activation::Linear, Activation::Relu, Activation::Sigmoid, Activation::Softmax] {
            let dense = Dense { inputs: 5, outputs: 3, weight: 2, bias: 17, activation, tie: Tie::Free };
            let error = gradient_error(&matrix(4, 5, 1), &values(20, 2), |x, p| dense.forward(x, p, true));
            assert!(error < 1e-8, "{activation}: {error}");
        }
    }

    #[test]
    fn the_gradients_of_both_uses_of_tied_weights_add_up() {
        let first = Dense { inputs: 5, outputs: 3, weight: 0, bias: 15, activation: Activation::Tanh, tie: Tie::Lent };
        let second =
            Dense { inputs: 3, outputs: 5, weight: 0, bias: 18, activation: Activation::Sigmoid, tie: Tie::Borrowed };
        let error =
            gradient_error(&matrix(4, 5, 1), &values(23, 2), |x, p| second.forward(first.forward(x, p, true), p, true));
        assert!(error < 1e-8, "{error}");
    }

    #[test]
    fn values_are_those_of_a_hand_calculation() {
        let dense = Dense { inputs: 2, outputs: 2, weight: 0, bias: 4, activation: Activation::Relu, tie: Tie::Free };
        let x: Matrix<f64> =
            dfdx::prelude::TensorFromVec::tensor_from_vec(&Cpu::default(), vec![1.0, 2.0, -1.0, 0.5], (2, 2));
        let y = dense.forward(x, &parameters(&[1.0, -2.0, 3.0, 4.0, 0.5, -0.5]), true);
        assert_eq!(numbers(&y), [7.5, 5.5, 1.0, 3.5]);
    }
}

//! Activation functions, as an operation of their own and as the last step fused into others.

use std::fmt;
use std::str::FromStr;

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::float::Float;
use super::simd::vectorized;
use super::storage::{Matrix, numbers, numbers_mut, with_gradient, zeros};

/// An elementwise function, or softmax over the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Linear,
    Relu,
    /// Slope 0.2 below zero, as Keras.
    LeakyRelu,
    Elu,
    /// `x` times the normal distribution function of `x`, by the error function (to 1e-6 in `f32`).
    Gelu,
    Tanh,
    Sigmoid,
    Softmax,
}

/// Every activation with its name in a layer's text.
pub const NAMES: [(&str, Activation); 8] = [
    ("linear", Activation::Linear),
    ("relu", Activation::Relu),
    ("leaky_relu", Activation::LeakyRelu),
    ("elu", Activation::Elu),
    ("gelu", Activation::Gelu),
    ("tanh", Activation::Tanh),
    ("sigmoid", Activation::Sigmoid),
    ("softmax", Activation::Softmax),
];

pub(super) const LEAK: f64 = 0.2;

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, activation)| activation == self).map_or("linear", |(name, _)| name))
    }
}

impl FromStr for Activation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, activation)| *activation).ok_or(())
    }
}

impl Activation {
    /// What it gives this output for, where it has an inverse; outputs beyond 0.01 from its bounds count as there.
    pub fn inverse(self) -> Option<fn(f64) -> f64> {
        match self {
            Self::Linear => Some(|y| y),
            Self::Tanh => Some(|y| y.clamp(-0.99, 0.99).atanh()),
            Self::Sigmoid => Some(|y| {
                let y = y.clamp(0.01, 0.99);
                (y / (1.0 - y)).ln()
            }),
            _ => None,
        }
    }

    /// Whether the derivative can be had from the output alone, so that the input need not be kept.
    pub fn is_fusable(self) -> bool {
        self != Self::Gelu
    }

    /// Applies the function in place; softmax runs over rows of `width` numbers.
    pub fn apply<E: Float>(self, values: &mut [E], width: usize) {
        match self {
            Self::Linear => {}
            Self::Relu => relu(values),
            Self::LeakyRelu => leaky_relu(values),
            Self::Elu => elu(values),
            Self::Gelu => gelu(values),
            Self::Tanh => tanh(values),
            Self::Sigmoid => sigmoid(values),
            Self::Softmax => values.chunks_exact_mut(width).for_each(softmax_row),
        }
    }

    /// Turns the gradient of the output into that of the input, in place. `kept` holds the output, or for the one
    /// function that is not fusable the input.
    pub fn backpropagate<E: Float>(self, kept: &[E], gradient: &mut [E], width: usize) {
        match self {
            Self::Linear => {}
            Self::Relu => relu_gradient(kept, gradient),
            Self::LeakyRelu => leaky_relu_gradient(kept, gradient),
            Self::Elu => elu_gradient(kept, gradient),
            Self::Gelu => gelu_gradient(kept, gradient),
            Self::Tanh => tanh_gradient(kept, gradient),
            Self::Sigmoid => sigmoid_gradient(kept, gradient),
            Self::Softmax => softmax_gradient(kept, gradient, width),
        }
    }

    /// The function as an operation; `width` is the length of the last axis.
    pub fn forward<E: Float, T: Tape<E, Cpu>>(self, x: Matrix<E, T>, width: usize) -> Matrix<E, T> {
        if self == Self::Linear {
            return x;
        }
        let (x, mut tape) = x.split_tape();
        let (rows, features) = *x.shape();
        let mut y = zeros(x.device(), rows, features);
        numbers_mut(&mut y).copy_from_slice(numbers(&x));
        self.apply(numbers_mut(&mut y), width);
        let out = y.clone();
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &out, |dy, gradients| {
                let kept = if self.is_fusable() { &out } else { &x };
                self.backpropagate(numbers(kept), dy, width);
                add(gradients.get_or_alloc_mut(&x)?, dy);
                Ok(())
            })
        });
        y.put_tape(tape)
    }
}

vectorized! {
    /// Adds `values` to `sums`, number by number.
    pub fn add<E>(sums: &mut [E], values: &[E]) {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += *value;
        }
    }
}

/// A function that replaces each number by what becomes of it.
macro_rules! each {
    ($name:ident, |$x:ident| $result:expr) => {
        vectorized! {
            fn $name<E>(values: &mut [E]) {
                for value in values {
                    let $x = *value;
                    *value = $result;
                }
            }
        }
    };
}

/// A function that replaces each number of a gradient, by it and what was kept of the way forward.
macro_rules! each_back {
    ($name:ident, |$kept:ident, $g:ident| $result:expr) => {
        vectorized! {
            fn $name<E>(kept: &[E], gradient: &mut [E]) {
                for (slope, kept) in gradient.iter_mut().zip(kept) {
                    let ($kept, $g) = (*kept, *slope);
                    *slope = $result;
                }
            }
        }
    };
}

each!(relu, |x| x.at_least(E::default()));
each_back!(relu_gradient, |y, g| if y > E::default() { g } else { E::default() });
each!(leaky_relu, |x| if x < E::default() { x * E::of(LEAK) } else { x });
each_back!(leaky_relu_gradient, |y, g| if y < E::default() { g * E::of(LEAK) } else { g });
each!(elu, |x| {
    let below = x.at_most(E::default()).exp() - E::ONE;
    if x < E::default() { below } else { x }
});
each_back!(elu_gradient, |y, g| g * if y < E::default() { y + E::ONE } else { E::ONE });
each!(gelu, |x| x * share_below(x));
each_back!(gelu_gradient, |x, g| {
    // 1 / sqrt(2 pi)
    let peak = E::of(0.398_942_280_401_432_7);
    g * (share_below(x) + x * peak * (-(x * x) * E::of(0.5)).exp())
});
each!(tanh, |x| x.tanh());
each_back!(tanh_gradient, |y, g| g * (E::ONE - y * y));
each!(sigmoid, |x| x.sigmoid());
each_back!(sigmoid_gradient, |y, g| g * (y * (E::ONE - y)));

/// The normal distribution function.
#[inline(always)]
fn share_below<E: Float>(x: E) -> E {
    E::of(0.5) * (E::ONE + (x * E::of(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// The largest of a row; a NaN wins, so that it shows in the result.
pub(super) fn largest<E: Float>(row: &[E]) -> E {
    row.iter().copied().fold(row[0], |a, b| if a >= b || a.wide().is_nan() { a } else { b })
}

/// Replaces a row of logits by probabilities.
fn softmax_row<E: Float>(row: &mut [E]) {
    let largest = largest(row);
    let mut sum = E::default();
    for x in row.iter_mut() {
        *x = (*x - largest).exp();
        sum += *x;
    }
    for x in row {
        *x /= sum;
    }
}

fn softmax_gradient<E: Float>(outputs: &[E], gradient: &mut [E], width: usize) {
    for (g, y) in gradient.chunks_exact_mut(width).zip(outputs.chunks_exact(width)) {
        let along = g.iter().zip(y).fold(E::default(), |sum, (g, y)| sum + *g * *y);
        for (g, y) in g.iter_mut().zip(y) {
            *g = *y * (*g - along);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix};
    use super::*;

    #[test]
    fn every_gradient_agrees_with_differences() {
        for (name, activation) in NAMES {
            let error = gradient_error(&matrix(3, 6, 7), &[], |x, _| activation.forward(x, 3));
            assert!(error < 1e-8, "{name}: {error}");
        }
    }

    #[test]
    fn gelus_slopes_in_single_precision_are_those_in_double() {
        let double: Vec<f64> = (-60..=60).map(|i| f64::from(i) / 10.0).collect();
        let single: Vec<f32> = double.iter().map(|x| *x as f32).collect();
        let (mut wide, mut narrow) = (vec![1.0f64; double.len()], vec![1.0f32; single.len()]);
        Activation::Gelu.backpropagate(&double, &mut wide, 1);
        Activation::Gelu.backpropagate(&single, &mut narrow, 1);
        let worst = wide.iter().zip(&narrow).map(|(a, b)| (a - f64::from(*b)).abs()).fold(0.0, f64::max);
        assert!(worst < 2e-6, "{worst}");
    }

    #[test]
    fn values_agree_with_keras() {
        // keras.activations at [-1.5, -0.5, 0.5, 1.5], to six digits.
        let cases = [
            (Activation::Relu, [0.0, 0.0, 0.5, 1.5]),
            (Activation::LeakyRelu, [-0.3, -0.1, 0.5, 1.5]),
            (Activation::Elu, [-0.776_870, -0.393_469, 0.5, 1.5]),
            (Activation::Gelu, [-0.100_211, -0.154_269, 0.345_731, 1.399_789]),
            (Activation::Tanh, [-0.905_148, -0.462_117, 0.462_117, 0.905_148]),
            (Activation::Sigmoid, [0.182_426, 0.377_541, 0.622_459, 0.817_574]),
            (Activation::Softmax, [0.032_059, 0.087_144, 0.236_883, 0.643_914]),
        ];
        for (activation, want) in cases {
            let mut single = [-1.5f32, -0.5, 0.5, 1.5];
            let mut double = single.map(f64::from);
            activation.apply(&mut single, 4);
            activation.apply(&mut double, 4);
            for i in 0..4 {
                assert!((double[i] - want[i]).abs() < 1e-6, "{activation}: {double:?}");
                assert!((f64::from(single[i]) - want[i]).abs() < 1e-6, "{activation}: {single:?}");
            }
        }
    }
}

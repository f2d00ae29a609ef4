//! For tests: gradients from the tape against central differences, in double precision.

use dfdx::prelude::{Backward, Cpu, OwnedTape, PutTape, SplitTape, Tape, TensorFromVec, Trace};

use super::parameters::Parameters;
use super::storage::{Matrix, numbers, numbers_mut, scalar, with_gradient};

type Traced = OwnedTape<f64, Cpu>;

/// Numbers without pattern in -1..1, never close to zero.
pub fn values(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let unit = (state >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0;
            unit + 0.02 * unit.signum()
        })
        .collect()
}

/// A matrix of such numbers.
pub fn matrix(rows: usize, width: usize, seed: u64) -> Matrix<f64> {
    Cpu::default().tensor_from_vec(values(rows * width, seed), (rows, width))
}

/// Parameters of given values.
pub fn parameters(values: &[f64]) -> Parameters<f64> {
    Parameters::new(values.to_vec())
}

/// Sum of `x` weighted by fixed numbers without pattern, so that every output counts differently.
fn weighted_sum(x: Matrix<f64, Traced>) -> super::storage::Scalar<f64, Traced> {
    let (x, mut tape) = x.split_tape();
    let weights = values(numbers(&x).len(), 99);
    let sum = numbers(&x).iter().zip(&weights).map(|(x, w)| x * w).sum();
    let out = scalar(&Cpu::default(), sum);
    let result = out.clone();
    tape.add_backward_op(move |gradients| {
        with_gradient(gradients, &out, |scale, gradients| {
            let dx = gradients.get_or_alloc_mut(&x)?;
            dx.iter_mut().zip(&weights).for_each(|(dx, w)| *dx += w * scale[0]);
            Ok(())
        })
    });
    result.put_tape(tape)
}

/// Largest difference between the tape's gradient of `f` (inputs and parameters) and central differences, relative to
/// the size of the gradient where that is above 1.
pub fn gradient_error(
    x: &Matrix<f64>,
    values: &[f64],
    f: impl Fn(Matrix<f64, Traced>, &Parameters<f64>) -> Matrix<f64, Traced>,
) -> f64 {
    let theta = parameters(values);
    let value = |x: &Matrix<f64>, theta: &Parameters<f64>| numbers(&weighted_sum(f(x.leaky_trace(), theta)))[0];
    let mut gradients = weighted_sum(f(x.leaky_trace(), &theta)).backward();
    let dx = gradients.get_or_alloc_mut(x).unwrap().to_vec();
    let dtheta = theta.gradient(&mut gradients).unwrap().to_vec();
    let step = 1e-5;
    let mut worst = 0f64;
    let mut compare = |exact: f64, up: f64, down: f64| {
        let difference = (up - down) / (2.0 * step);
        worst = worst.max((exact - difference).abs() / exact.abs().max(1.0));
    };
    for (i, exact) in dx.iter().enumerate() {
        let [mut up, mut down] = [x.clone(), x.clone()];
        numbers_mut(&mut up)[i] += step;
        numbers_mut(&mut down)[i] -= step;
        compare(*exact, value(&up, &theta), value(&down, &theta));
    }
    for (i, exact) in dtheta.iter().enumerate() {
        let [mut up, mut down] = [theta.clone(), theta.clone()];
        up.values_mut()[i] += step;
        down.values_mut()[i] -= step;
        compare(*exact, value(x, &up), value(x, &down));
    }
    worst
}

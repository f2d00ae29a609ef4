//! Parameter updates: the shards' gradients are added up in order and applied, in one pass over fixed chunks.

use std::ops::Range;

use rayon::prelude::*;

use crate::tensor::activation;
use crate::tensor::flush::FlushToZero;
use crate::tensor::simd::vectorized;

use super::train::Optimizer;

/// Numbers updated at once: small enough to stay in the first-level cache.
const CHUNK: usize = 2048;
/// Chunks a task takes at least.
const TASK: usize = 8;

/// The rule, and what it remembers of each parameter.
pub(super) struct Updates {
    optimizer: Optimizer,
    clip_norm: Option<f64>,
    pub(super) step: i32,
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const RHO: f64 = 0.9;
const EPSILON: f64 = 1e-7;

impl Updates {
    pub(super) fn new(optimizer: Optimizer, clip_norm: Option<f64>, parameters: usize) -> Self {
        let zeros = || vec![0.0; parameters];
        Self { optimizer, clip_norm, step: 0, first: zeros(), second: zeros() }
    }

    /// Moves the parameters against the sum of `gradients`, clipped. Runs on the pool of the calling thread.
    pub(super) fn apply(&mut self, parameters: &mut [f32], gradients: &[&[f32]], learning_rate: f64) {
        self.step = self.step.saturating_add(1);
        let rule = self.rule(learning_rate);
        let scale = self.clip_norm.map(|longest| longest / norm(gradients)).filter(|scale| *scale < 1.0);
        parameters
            .par_chunks_mut(CHUNK)
            .zip(self.first.par_chunks_mut(CHUNK))
            .zip(self.second.par_chunks_mut(CHUNK))
            .enumerate()
            .with_min_len(TASK)
            .for_each(|(chunk, ((parameters, first), second))| {
                let _flush = FlushToZero::new();
                let place = chunk * CHUNK..chunk * CHUNK + parameters.len();
                let mut sum = [0.0f32; CHUNK];
                let sum = &mut sum[..parameters.len()];
                add_up(sum, gradients, place);
                if let Some(scale) = scale {
                    sum.iter_mut().for_each(|number| *number *= scale as f32);
                }
                match rule {
                    Rule::Adam(rates) => adam(parameters, first, second, sum, rates),
                    Rule::Sgd(rates) => sgd(parameters, first, sum, rates),
                    Rule::RmsProp(rates) => rms_prop(parameters, second, sum, rates),
                }
            });
    }

    fn rule(&self, rate: f64) -> Rule {
        let adam = |decay: f64| {
            let correction = (1.0 - BETA_2.powi(self.step)).sqrt() / (1.0 - BETA_1.powi(self.step));
            Rule::Adam([rate * correction, 1.0 - BETA_1, 1.0 - BETA_2, EPSILON, 1.0 - rate * decay])
        };
        match self.optimizer {
            Optimizer::Adam => adam(0.0),
            Optimizer::AdamW { weight_decay } => adam(weight_decay),
            Optimizer::Sgd { momentum } => Rule::Sgd([rate, momentum]),
            Optimizer::RmsProp => Rule::RmsProp([rate, RHO, EPSILON]),
        }
    }
}

fn add_up(sum: &mut [f32], gradients: &[&[f32]], place: Range<usize>) {
    for gradient in gradients {
        activation::add(sum, &gradient[place.clone()]);
    }
}

/// Length of the sum of `gradients`: chunks are squared in parallel and added up in order.
fn norm(gradients: &[&[f32]]) -> f64 {
    let count = gradients.first().map_or(0, |gradient| gradient.len());
    let square = |chunk: usize| {
        let place = chunk * CHUNK..count.min((chunk + 1) * CHUNK);
        let mut sum = [0.0f32; CHUNK];
        let sum = &mut sum[..place.len()];
        add_up(sum, gradients, place);
        sum.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>()
    };
    let squares: Vec<f64> = (0..count.div_ceil(CHUNK)).into_par_iter().with_min_len(TASK).map(square).collect();
    squares.into_iter().sum::<f64>().sqrt()
}

/// A rule with this step's rates.
#[derive(Clone, Copy)]
enum Rule {
    /// Corrected rate, how fast the first and the second moment follow, epsilon, what decay leaves.
    Adam([f64; 5]),
    /// Rate, momentum.
    Sgd([f64; 2]),
    /// Rate, memory, epsilon.
    RmsProp([f64; 3]),
}

vectorized! {
    fn adam<E>(parameters: &mut [E], first: &mut [E], second: &mut [E], gradient: &[E], rates: [f64; 5]) {
        let [rate, follow_1, follow_2, epsilon, keep] = rates.map(E::of);
        let moments = first.iter_mut().zip(second);
        for ((p, (m, v)), g) in parameters.iter_mut().zip(moments).zip(gradient) {
            *m += (*g - *m) * follow_1;
            *v += (*g * *g - *v) * follow_2;
            *p = *p * keep - *m * rate / (v.sqrt() + epsilon);
        }
    }
}

vectorized! {
    fn sgd<E>(parameters: &mut [E], velocity: &mut [E], gradient: &[E], rates: [f64; 2]) {
        let [rate, momentum] = rates.map(E::of);
        for ((p, v), g) in parameters.iter_mut().zip(velocity).zip(gradient) {
            *v = *v * momentum - *g * rate;
            *p += *v;
        }
    }
}

vectorized! {
    fn rms_prop<E>(parameters: &mut [E], second: &mut [E], gradient: &[E], rates: [f64; 3]) {
        let [rate, memory, epsilon] = rates.map(E::of);
        for ((p, v), g) in parameters.iter_mut().zip(second).zip(gradient) {
            *v = *v * memory + *g * *g * (E::ONE - memory);
            *p -= *g * rate / (*v + epsilon).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One parameter at 1 after three steps with gradients 0.5, -0.2, 0.1, each given in two halves.
    fn after_three_steps(optimizer: Optimizer) -> f32 {
        let mut updates = Updates::new(optimizer, None, 1);
        let mut parameters = [1.0f32];
        for gradient in [0.5f32, -0.2, 0.1] {
            let half = [gradient / 2.0];
            updates.apply(&mut parameters, &[&half, &half], 0.1);
        }
        parameters[0]
    }

    #[test]
    fn steps_are_those_of_the_published_rules() {
        // The recurrences evaluated in double precision by a script.
        for (optimizer, want) in [
            (Optimizer::Sgd { momentum: 0.0 }, 0.96),
            (Optimizer::Sgd { momentum: 0.9 }, 0.8925000),
            (Optimizer::Adam, 0.8275013),
            (Optimizer::AdamW { weight_decay: 0.1 }, 0.8001359),
            (Optimizer::RmsProp, 0.7431956),
        ] {
            let got = after_three_steps(optimizer);
            assert!((f64::from(got) - want).abs() < 2e-6, "{optimizer:?}: {got} {want}");
        }
    }

    #[test]
    fn a_gradient_that_is_too_long_keeps_its_direction() {
        let step = |clip_norm, gradient: [f32; 2]| {
            let mut updates = Updates::new(Optimizer::Sgd { momentum: 0.0 }, clip_norm, 2);
            let mut parameters = [0.0f32; 2];
            updates.apply(&mut parameters, &[&gradient, &gradient], 1.0);
            parameters
        };
        assert_eq!(step(None, [1.5, -2.0]), [-3.0, 4.0]);
        assert_eq!(step(Some(10.0), [1.5, -2.0]), [-3.0, 4.0]);
        assert_eq!(step(Some(1.0), [1.5, -2.0]), [-0.6, 0.8]);
    }
}

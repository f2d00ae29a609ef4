//! Parameter updates: the shards' gradients are added up in order and applied, in one pass over fixed chunks.

use rayon::prelude::*;

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
    learning_rate: f64,
    step: i32,
    first: Vec<f32>,
    second: Vec<f32>,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const RHO: f64 = 0.9;
const EPSILON: f64 = 1e-7;

impl Updates {
    pub(super) fn new(optimizer: Optimizer, learning_rate: f64, parameters: usize) -> Self {
        let zeros = || vec![0.0; parameters];
        Self { optimizer, learning_rate, step: 0, first: zeros(), second: zeros() }
    }

    /// Moves the parameters against the sum of `gradients`. Runs on the pool of the calling thread.
    pub(super) fn apply(&mut self, parameters: &mut [f32], gradients: &[&[f32]]) {
        self.step = self.step.saturating_add(1);
        let rule = self.rule();
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
                for gradient in gradients {
                    crate::tensor::activation::add(sum, &gradient[place.clone()]);
                }
                match rule {
                    Rule::Adam(rates) => adam(parameters, first, second, sum, rates),
                    Rule::Sgd(rates) => sgd(parameters, first, sum, rates),
                    Rule::RmsProp(rates) => rms_prop(parameters, second, sum, rates),
                }
            });
    }

    fn rule(&self) -> Rule {
        let rate = self.learning_rate;
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
        let mut updates = Updates::new(optimizer, 0.1, 1);
        let mut parameters = [1.0f32];
        for gradient in [0.5f32, -0.2, 0.1] {
            let half = [gradient / 2.0];
            updates.apply(&mut parameters, &[&half, &half]);
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
}

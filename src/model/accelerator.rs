//! Trainings' steps on any device dfdx knows. A batch is one piece there, so a batch normalization's statistics are the
//! whole batch's, not a shard's as on the processor. Samples are gathered, losses compared and parameters updated on the
//! host, by the same code as everywhere; the network runs forward and back on the device. Sums there have no fixed order,
//! so the last bits may differ from launch to launch.

use dfdx::prelude::Device;

use crate::dataset::samples::Samples;
use crate::tensor::gaussian::Draw;

use super::composed::{Pass, infer, learn};
use super::infer::count;
use super::network::{Network, Weights};
use super::optimizer::Updates;
use super::step::{Batch, Engine, MOMENTUM, Sums, Task, draw_of_validation};
use super::train::{Run, TrainError};

/// A device that computes a training's steps.
pub(super) struct Accelerator<'a, D> {
    device: D,
    network: &'a Network,
    task: &'a Task,
}

/// Samples measured at once.
const MEASURED: usize = 512;

impl<'a, D: Device<f32>> Accelerator<'a, D> {
    pub fn new(device: D, network: &'a Network, task: &'a Task) -> Self {
        Self { device, network, task }
    }

    /// What the network is given for rows, and what its outputs are compared with.
    fn gather(&self, data: &dyn Samples, rows: &[u32], draw: u64) -> (Vec<f32>, Vec<f32>) {
        let mut inputs = vec![0.0; rows.len() * self.network.sizes().0];
        data.gather_inputs(rows, draw, &mut inputs);
        if self.task.targets_inputs(data) {
            return (inputs.clone(), inputs);
        }
        let mut targets = vec![0.0; rows.len() * self.task.target_width(data)];
        self.task.write_targets(data, rows, &mut targets);
        (inputs, targets)
    }
}

impl<D: Device<f32>> Engine for Accelerator<'_, D> {
    fn step(
        &mut self,
        weights: &mut Weights<f32>,
        updates: &mut Updates,
        batch: Batch<'_>,
        run: &Run<'_>,
    ) -> Result<Sums, TrainError> {
        let (Batch { data, rows, .. }, task) = (batch, self.task);
        let (inputs, targets) = self.gather(data, rows, u64::from(batch.epoch));
        let (mut moments, mut divergence) = (vec![0.0; weights.state.len()], vec![0.0; self.network.drawn()]);
        let mut pass = Pass {
            state: &weights.state,
            moments: &mut moments,
            is_training: true,
            draw: Draw { key: batch.key, first_row: 0, weight: task.divergence_weight / rows.len() as f64 },
            divergence: &mut divergence,
        };
        let parameters = weights.parameters.values();
        let learned =
            learn(&self.device, self.network, parameters, inputs, &targets, task, &mut pass).map_err(failed)?;
        let correct = task.count_correct(&learned.outputs, rows, data);
        let divergence = divergence.iter().sum::<f64>();
        let loss = learned.loss + task.divergence_weight * divergence;
        if loss.is_finite() {
            let parameters = weights.parameters.values_mut();
            run.pool.install(|| updates.apply(parameters, &[&learned.gradient], batch.rate));
        }
        let follow = |(running, moment): (&mut f32, &f32)| *running = *running * MOMENTUM + moment * (1.0 - MOMENTUM);
        weights.state.iter_mut().zip(&moments).for_each(follow);
        Ok(Sums { loss, divergence, correct, ..Sums::default() })
    }

    fn measure(&mut self, weights: &Weights<f32>, data: &dyn Samples, run: &Run<'_>) -> Result<Sums, TrainError> {
        let all: Vec<u32> = (0..count(data)?).collect();
        let mut sums = Sums::default();
        for rows in all.chunks(MEASURED) {
            if run.cancel.is_cancelled() {
                return Err(TrainError::Interrupted);
            }
            let (inputs, targets) = self.gather(data, rows, 0);
            let mut divergence = vec![0.0; self.network.drawn()];
            let mut pass = Pass {
                state: &weights.state,
                moments: &mut [],
                is_training: false,
                draw: draw_of_validation(rows),
                divergence: &mut divergence,
            };
            let parameters = weights.parameters.values();
            let mut outputs = infer(&self.device, self.network, parameters, inputs, &mut pass).map_err(failed)?;
            sums.add(self.task.sums(self.network, &mut outputs, &targets, &divergence, (rows, data)));
        }
        Ok(sums)
    }
}

fn failed(error: impl std::fmt::Debug) -> TrainError {
    TrainError::Invalid(format!("the device failed: {error:?}"))
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::model::fit::{fit, fit_on};
    use crate::model::tests::{bars, layers, with_threads};
    use crate::model::train::{Optimizer, Training};
    use crate::tensor::loss::Loss;

    /// All figures of a training's history, and the weights it ends with.
    fn trained(texts: &[&str], task: &Task, accelerated: bool) -> (Vec<f64>, Vec<f64>) {
        let (network, mut weights) = Network::new::<f32>(&[("model", &layers(texts))], [6, 6, 1], 3, false).unwrap();
        // Adam would make steps of rounding errors where a gradient is zero.
        let optimizer = Optimizer::Sgd { momentum: 0.5 };
        let training =
            Training { epochs: 4, batch_size: 24, optimizer, learning_rate: 0.1, seed: 5, ..Training::default() };
        let bars = bars([6, 6, 1], 30);
        let data: (&dyn Samples, Option<&dyn Samples>) = (&bars, Some(&bars));
        let history = with_threads(2, |run| {
            if !accelerated {
                return fit(&network, &mut weights, task, data, &training, run).unwrap();
            }
            let mut engine = Accelerator::new(Cpu::default(), &network, task);
            fit_on(&mut engine, &network, &mut weights, task, data, &training, run).unwrap()
        });
        let mut all = [history.train_loss, history.val_loss, history.val_accuracy, history.val_mse].concat();
        all.extend([history.train_divergence, history.val_divergence, history.train_accuracy].concat());
        (all, weights.parameters.values().iter().map(|weight| f64::from(*weight)).collect())
    }

    #[test]
    fn a_training_goes_as_on_the_processor() {
        let drawing = Task { squared_error: true, divergence_weight: 0.01, ..Task::new(Loss::BceLogits, true) };
        let telling = Task { classes: Some(4), ..Task::new(Loss::CrossEntropy, true) };
        // Without batch norm: a shard's statistics are its own, and here a batch is one. The processor cuts the first
        // model's into two.
        for (texts, task) in [
            (
                &["conv 3 3x3 same elu", "dropout 0.2", "avgpool 2", "flatten", "gaussian 2", "dense 36 sigmoid"][..],
                drawing,
            ),
            (&["flatten", "dense 8 tanh", "dense 4 softmax"], telling),
        ] {
            let [(found, weights), (expected, expected_weights)] = [true, false].map(|on| trained(texts, &task, on));
            assert!(found.len() >= 16 && found.len() == expected.len());
            let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart(&found, &expected) < 1e-4, "{found:?}\n{expected:?}");
            assert!(apart(&weights, &expected_weights) < 1e-4);
        }
    }
}

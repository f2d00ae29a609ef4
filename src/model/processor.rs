//! Steps on the processor. Each batch is cut into shards that depend on its size and the model alone; every shard has a
//! tape of its own and runs as a task on the pool; gradients are added up in the shards' order. So the number of threads
//! changes no bit of the result.

use std::mem::take;
use std::ops::Range;

use dfdx::prelude::{Backward, CpuError, Trace};
use rayon::prelude::*;

use crate::dataset::samples::Samples;
use crate::tensor::batch_norm::BatchNorm;
use crate::tensor::flush::FlushToZero;
use crate::tensor::gaussian::Draw;
use crate::tensor::parameters::Parameters;
use crate::tensor::storage::{Matrix, numbers, numbers_mut};

use super::infer::{Worker, count, in_chunks, rows_at_once};
use super::network::{Network, Parts, Pass, Weights};
use super::optimizer::Updates;
use super::order::shards;
use super::step::{Batch, Engine, MOMENTUM, Sums, Task, draw_of_validation};
use super::train::{Run, TrainError};

/// The launch's threads.
pub(super) struct Processor<'a> {
    network: &'a Network,
    task: &'a Task,
    parts: Vec<Shard>,
}

/// A part of each batch, and the memory it computes in.
struct Shard {
    worker: Worker,
    gradient: Vec<f32>,
    moments: Vec<f32>,
    divergence: Vec<f64>,
    outcome: Result<Sums, CpuError>,
}

impl<'a> Processor<'a> {
    /// For batches of up to `largest` samples and so many running statistics.
    pub fn new(network: &'a Network, task: &'a Task, largest: usize, moments: usize) -> Self {
        let most = shards(largest, rows_at_once(network)).count();
        Self { network, task, parts: (0..most).map(|_| Shard::new(moments, network.drawn())).collect() }
    }
}

impl Engine for Processor<'_> {
    fn step(
        &mut self,
        weights: &mut Weights<f32>,
        updates: &mut Updates,
        batch: Batch<'_>,
        run: &Run<'_>,
    ) -> Result<Sums, TrainError> {
        let (network, task) = (self.network, self.task);
        let cuts: Vec<Range<usize>> = shards(batch.rows.len(), rows_at_once(network)).collect();
        let parts = &mut self.parts[..cuts.len()];
        let Weights { parameters, state } = weights;
        let result = run.pool.install(|| {
            parts.par_iter_mut().with_max_len(1).zip(&cuts).for_each(|(part, cut)| {
                let _flush = FlushToZero::new();
                part.outcome = part.learn(network, parameters, task, batch, cut.clone());
            });
            let mut sums = Sums::default();
            for part in parts.iter() {
                sums.add(part.outcome?);
            }
            if sums.loss.is_finite() {
                let gradients: Vec<&[f32]> = parts.iter().map(|part| &part.gradient[..]).collect();
                updates.apply(parameters.values_mut(), &gradients, batch.rate);
            }
            Ok(sums)
        });
        network.norms().for_each(|norm| follow(norm, state, parts, &cuts));
        result.map_err(|error: CpuError| TrainError::Invalid(format!("a tensor could not be made: {error}")))
    }

    fn measure(&mut self, weights: &Weights<f32>, data: &dyn Samples, run: &Run<'_>) -> Result<Sums, TrainError> {
        let (network, task) = (self.network, self.task);
        let rows: Vec<u32> = (0..count(data)?).collect();
        let work = |worker: &Worker, rows: &[u32]| {
            let inputs = worker.inputs(data, rows, 0);
            let targets = targets(worker, task, data, rows, &inputs);
            let mut divergence = vec![0.0; network.drawn()];
            let drawing = Some((draw_of_validation(rows), &mut divergence[..]));
            let mut outputs = network.infer(Parts::All, weights, inputs, &worker.scratch, drawing);
            task.sums(network, numbers_mut(&mut outputs), numbers(&targets), &divergence, (rows, data))
        };
        let mut sums = Sums::default();
        in_chunks(network, &rows, run, work, |_, part| sums.add(part))?;
        Ok(sums)
    }
}

/// Moves a layer's running statistics towards the whole batch's. Its variance is the shards', weighted by their samples,
/// and that of their means.
fn follow(norm: &BatchNorm, state: &mut [f32], parts: &[Shard], cuts: &[Range<usize>]) {
    let total: usize = cuts.iter().map(Range::len).sum();
    let mean_of = |of_shard: &dyn Fn(&[f32]) -> f32| {
        let weighted = parts.iter().zip(cuts).map(|(part, cut)| of_shard(&part.moments) * cut.len() as f32);
        weighted.sum::<f32>() / total as f32
    };
    for mean_at in norm.running..norm.running + norm.width {
        let variance_at = mean_at + norm.width;
        let mean = mean_of(&|moments| moments[mean_at]);
        let variance = mean_of(&|moments| moments[variance_at] + (moments[mean_at] - mean).powi(2));
        for (place, moment) in [(mean_at, mean), (variance_at, variance)] {
            state[place] = state[place] * MOMENTUM + moment * (1.0 - MOMENTUM);
        }
    }
}

impl Shard {
    /// Without memory yet, for so many numbers of batch statistics and dimensions of drawn codes.
    fn new(moments: usize, drawn: usize) -> Self {
        let (moments, divergence) = (vec![0.0; moments], vec![0.0; drawn]);
        Self { worker: Worker::new(), gradient: Vec::new(), moments, divergence, outcome: Ok(Sums::default()) }
    }

    /// Forward and backward for the rows `cut` of a batch; leaves the gradient in `self.gradient`.
    fn learn(
        &mut self,
        network: &Network,
        parameters: &Parameters<f32>,
        task: &Task,
        batch: Batch<'_>,
        cut: Range<usize>,
    ) -> Result<Sums, CpuError> {
        let (data, rows) = (batch.data, &batch.rows[cut.clone()]);
        let inputs = self.worker.inputs(data, rows, u64::from(batch.epoch));
        let targets = targets(&self.worker, task, data, rows, &inputs);
        let gradients = parameters.begin(take(&mut self.gradient))?;
        let share = 1.0 / batch.rows.len() as f64;
        let mut pass = Pass {
            scratch: &self.worker.scratch,
            moments: &mut self.moments,
            draw: Draw { key: batch.key, first_row: cut.start, weight: task.divergence_weight * share },
            divergence: &mut self.divergence,
        };
        let mut outputs = network.train(parameters, inputs.traced(gradients), &mut pass);
        if !task.before_head {
            outputs = network.head.forward(outputs, network.output[2]);
        }
        let correct = task.count_correct(numbers(&outputs), rows, data);
        let (loss, sum) = task.comparison.forward(outputs, &targets, share);
        self.gradient = parameters.end(loss.try_backward()?)?;
        let divergence = self.divergence.iter().sum::<f64>();
        Ok(Sums { loss: sum + task.divergence_weight * divergence, divergence, correct, ..Sums::default() })
    }
}

/// What the outputs for `rows` are compared with.
fn targets(worker: &Worker, task: &Task, data: &dyn Samples, rows: &[u32], inputs: &Matrix<f32>) -> Matrix<f32> {
    if task.targets_inputs(data) {
        return inputs.clone();
    }
    worker.matrix(rows.len(), task.target_width(data), |out| task.write_targets(data, rows, out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fit::fit;
    use crate::model::tests::{layers, with_threads};
    use crate::model::train::Training;
    use crate::tensor::check::values;
    use crate::tensor::loss::Loss;

    /// Images of 3x2 pixels with two channels, each brighter than the one before.
    struct Brighter;

    impl Samples for Brighter {
        fn len(&self) -> usize {
            40
        }

        fn shape(&self) -> [usize; 3] {
            [3, 2, 2]
        }

        fn gather(&self, rows: &[u32], out: &mut [f32]) {
            for (row, image) in rows.iter().zip(out.chunks_exact_mut(12)) {
                let values = values(12, u64::from(*row));
                image.iter_mut().zip(values).for_each(|(pixel, value)| *pixel = 0.1 * *row as f32 + value as f32);
            }
        }
    }

    #[test]
    fn running_statistics_follow_those_of_the_whole_batch_though_it_is_cut_into_shards() {
        let specs = layers(&["batchnorm", "conv 2 1x1"]);
        let (network, mut weights) = Network::new::<f32>(&[("model", &specs)], [3, 2, 2], 3, false).unwrap();
        assert_eq!(shards(40, rows_at_once(&network)).count(), 3);
        let task = Task::new(Loss::Mse, true);
        let training = Training { batch_size: 40, shuffle: false, ..Training::default() };
        with_threads(1, |run| fit(&network, &mut weights, &task, (&Brighter, None), &training, run)).unwrap();

        let mut all = vec![0.0; 40 * 12];
        Brighter.gather(&(0..40).collect::<Vec<u32>>(), &mut all);
        for channel in 0..2 {
            let of_channel: Vec<f64> = all.iter().skip(channel).step_by(2).map(|value| f64::from(*value)).collect();
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let center = mean(&of_channel);
            // As `numpy.var` defines it.
            let variance = mean(&of_channel.iter().map(|value| (value - center).powi(2)).collect::<Vec<_>>());
            let moment = |place: usize, first: f64| (f64::from(weights.state[place]) - 0.99 * first) / 0.01;
            let found = (moment(channel, 0.0), moment(channel + 2, 1.0));
            assert!(
                (found.0 - center).abs() < 1e-4 && (found.1 - variance).abs() < 1e-4,
                "{found:?} {center} {variance}"
            );
        }
    }
}

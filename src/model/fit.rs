//! The training loop. Each batch is cut into shards that depend on its size and the model alone; every shard has a tape
//! of its own and runs as a task on the pool; gradients are added up in the shards' order. So the number of threads
//! changes no bit of the result.

use std::mem::take;
use std::ops::Range;

use dfdx::prelude::{Backward, CpuError, Trace};
use rayon::prelude::*;

use crate::dataset::samples::Samples;
use crate::tensor::flush::FlushToZero;
use crate::tensor::gaussian::Draw;
use crate::tensor::loss::Loss as Comparison;
use crate::tensor::parameters::Parameters;
use crate::tensor::storage::{Matrix, numbers, numbers_mut};

use super::course::Course;
use super::infer::{Worker, count, in_chunks, rows_at_once};
use super::init;
use super::network::{Network, Pass, Weights};
use super::optimizer::Updates;
use super::order::{order, shards};
use super::train::{EpochReport, History, Run, TrainError, Training, wrong_samples};

/// What a network is trained for.
pub(super) struct Task {
    pub comparison: Comparison,
    /// Whether `comparison` takes what comes before the network's head.
    pub before_head: bool,
    /// Number of classes when the targets are the samples' labels; else they are the clean samples.
    pub classes: Option<usize>,
    /// Whether the mean squared error on the validation samples is wanted as well.
    pub squared_error: bool,
    /// What the divergence of a sample's code counts in the loss, where codes are drawn.
    pub divergence_weight: f64,
}

/// The same codes are drawn after every epoch.
const CODES_OF_VALIDATION: u64 = 0;

/// Share of the old running statistics that a batch leaves, as Keras.
const MOMENTUM: f32 = 0.99;

/// A part of each batch, and the memory it computes in.
struct Shard {
    worker: Worker,
    gradient: Vec<f32>,
    moments: Vec<f32>,
    divergence: Vec<f64>,
    outcome: Result<Sums, CpuError>,
}

/// Sums over samples.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    loss: f64,
    squared_error: f64,
    /// Of the codes from the standard normal distribution, in nats.
    divergence: f64,
    correct: usize,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.loss += other.loss;
        self.squared_error += other.squared_error;
        self.divergence += other.divergence;
        self.correct += other.correct;
    }
}

/// One batch.
#[derive(Clone, Copy)]
struct Batch<'a> {
    rows: &'a [u32],
    epoch: u32,
    /// Key of its dropout masks.
    key: u64,
    /// Learning rate.
    rate: f64,
}

/// Trains `weights` in place.
pub(super) fn fit(
    network: &Network,
    weights: &mut Weights<f32>,
    task: &Task,
    data: (&dyn Samples, Option<&dyn Samples>),
    training: &Training,
    run: &Run<'_>,
) -> Result<History, TrainError> {
    training.check()?;
    let (train, validation) = data;
    for samples in std::iter::once(train).chain(validation) {
        check_samples(network, task, samples)?;
    }
    let parameters = weights.parameters.values().len();
    let mut updates = Updates::new(training.optimizer, training.clip_norm, parameters);
    let most = shards(training.batch_size.min(train.len()), rows_at_once(network)).count();
    let mut parts: Vec<Shard> = (0..most).map(|_| Shard::new(weights.state.len(), network.drawn())).collect();
    let mut course = Course::resume(weights, &mut updates, training, run);
    while course.goes_on(training) {
        let epoch = course.epoch + 1;
        let rows = order(count(train)?, training.seed, epoch, training.shuffle);
        let steps = rows.len().div_ceil(training.batch_size);
        let mut sums = Sums::default();
        for (index, rows) in rows.chunks(training.batch_size).enumerate() {
            if run.cancel.is_cancelled() {
                return Err(TrainError::Interrupted);
            }
            let key = init::key(training.seed, "dropout", u64::from(epoch) << 32 | index as u64);
            // In the middle of the step, so that neither the first nor the last is lost on a rate of zero.
            let rate = training.rate(f64::from(epoch - 1) + (index as f64 + 0.5) / steps as f64);
            let batch = Batch { rows, epoch, key, rate };
            let step = step(network, weights, task, train, batch, &mut parts, &mut updates, run)?;
            check_finite(step.loss, "the training loss", epoch, index + 1)?;
            sums.add(step);
        }
        let measured = validation.map(|data| measure(network, weights, task, data, run)).transpose()?;
        let report =
            record(&mut course.history, network, task, (epoch, training.epochs), (sums, train.len()), measured)?;
        course.end_epoch(&report, weights, training);
        (run.on_epoch)(report);
        course.save(weights, &updates, training, run);
    }
    Ok(course.finish(weights))
}

/// Enters an epoch's sums over so many samples into the history.
fn record(
    history: &mut History,
    network: &Network,
    task: &Task,
    (epoch, epochs): (u32, u32),
    (sums, count): (Sums, usize),
    validation: Option<(Sums, usize)>,
) -> Result<EpochReport, TrainError> {
    let train_loss = sums.loss / count as f64;
    history.train_loss.push(train_loss);
    let mut accuracy = None;
    if task.classes.is_some() {
        accuracy = Some(sums.correct as f64 / count as f64);
        history.train_accuracy.extend(accuracy);
    }
    let mut val_loss = None;
    if network.drawn() > 0 {
        history.train_divergence.push(sums.divergence / count as f64);
        history.val_divergence.extend(validation.map(|(sums, count)| sums.divergence / count as f64));
    }
    if let Some((sums, count)) = validation {
        let mean = sums.loss / count as f64;
        check_finite(mean, "the validation loss", epoch, 0)?;
        val_loss = Some(mean);
        history.val_loss.push(mean);
        if task.classes.is_some() {
            accuracy = Some(sums.correct as f64 / count as f64);
            history.val_accuracy.extend(accuracy);
        }
        if task.squared_error {
            history.val_mse.push(sums.squared_error / count as f64);
        }
    }
    Ok(EpochReport { epoch, epochs, train_loss, val_loss, accuracy })
}

fn check_finite(value: f64, what: &str, epoch: u32, batch: usize) -> Result<(), TrainError> {
    if value.is_finite() {
        return Ok(());
    }
    let became = if value.is_nan() { "not a number" } else { "infinite" };
    Err(TrainError::Diverged { epoch, batch, what: format!("{what} became {became}") })
}

fn check_samples(network: &Network, task: &Task, data: &dyn Samples) -> Result<(), TrainError> {
    if data.is_empty() {
        return Err(TrainError::Invalid("there are no samples to train or validate on".into()));
    }
    if data.shape().iter().product::<usize>() != network.sizes().0 {
        return Err(wrong_samples(data.shape(), network.input));
    }
    let Some(classes) = task.classes else { return Ok(()) };
    let labels = data.labels().ok_or_else(|| TrainError::Invalid("the samples have no labels".into()))?;
    if labels.len() != data.len() {
        return Err(TrainError::Invalid(format!("there are {} labels for {} samples", labels.len(), data.len())));
    }
    match labels.iter().max() {
        Some(largest) if *largest as usize >= classes => {
            Err(TrainError::Invalid(format!("label {largest} is beyond the {classes} classes of the model")))
        }
        _ => Ok(()),
    }
}

/// One step: all shards, then the update.
#[expect(clippy::too_many_arguments, reason = "the whole state of training, passed once")]
fn step(
    network: &Network,
    weights: &mut Weights<f32>,
    task: &Task,
    data: &dyn Samples,
    batch: Batch<'_>,
    parts: &mut [Shard],
    updates: &mut Updates,
    run: &Run<'_>,
) -> Result<Sums, TrainError> {
    let cuts: Vec<Range<usize>> = shards(batch.rows.len(), rows_at_once(network)).collect();
    let parts = &mut parts[..cuts.len()];
    let Weights { parameters, state } = weights;
    let result = run.pool.install(|| {
        parts.par_iter_mut().with_max_len(1).zip(&cuts).for_each(|(part, cut)| {
            let _flush = FlushToZero::new();
            part.outcome = part.learn(network, parameters, task, data, batch, cut.clone());
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
    follow(state, parts, &cuts);
    result.map_err(|error: CpuError| TrainError::Invalid(format!("a tensor could not be made: {error}")))
}

/// Moves the running statistics towards the batch's: the mean of the shards', weighted by their samples.
fn follow(state: &mut [f32], parts: &[Shard], cuts: &[Range<usize>]) {
    let total: usize = cuts.iter().map(Range::len).sum();
    for (i, running) in state.iter_mut().enumerate() {
        let sum: f32 = parts.iter().zip(cuts).map(|(part, cut)| part.moments[i] * cut.len() as f32).sum();
        *running = *running * MOMENTUM + sum / total as f32 * (1.0 - MOMENTUM);
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
        data: &dyn Samples,
        batch: Batch<'_>,
        cut: Range<usize>,
    ) -> Result<Sums, CpuError> {
        let rows = &batch.rows[cut.clone()];
        let inputs = self.worker.inputs(data, rows, u64::from(batch.epoch));
        let targets = targets(&self.worker, task, data, rows, &inputs);
        let gradients = parameters.begin(take(&mut self.gradient))?;
        let share = 1.0 / batch.rows.len() as f64;
        let mut pass = Pass {
            scratch: &self.worker.scratch,
            moments: &mut self.moments,
            key: batch.key,
            first_row: cut.start,
            divergence: &mut self.divergence,
            divergence_weight: task.divergence_weight * share,
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
    match (task.classes, data.labels()) {
        (Some(classes), Some(labels)) => worker.matrix(rows.len(), classes, |out| {
            for (row, out) in rows.iter().zip(out.chunks_exact_mut(classes)) {
                out[labels[*row as usize] as usize] = 1.0;
            }
        }),
        _ if data.is_noisy() => worker.matrix(rows.len(), data.shape().iter().product(), |out| data.gather(rows, out)),
        _ => inputs.clone(),
    }
}

impl Task {
    fn count_correct(&self, outputs: &[f32], rows: &[u32], data: &dyn Samples) -> usize {
        let (Some(classes), Some(labels)) = (self.classes, data.labels()) else { return 0 };
        let is_right = |(row, scores): (&u32, &[f32])| largest(scores) == labels[*row as usize] as usize;
        rows.iter().zip(outputs.chunks_exact(classes)).filter(|pair| is_right(*pair)).count()
    }
}

/// Place of the largest number, the first of equal ones.
fn largest(scores: &[f32]) -> usize {
    let mut best = 0;
    for (place, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = place;
        }
    }
    best
}

/// Sums over `data` in inference mode, with codes drawn where the network does, and how many samples they are over.
fn measure(
    network: &Network,
    weights: &Weights<f32>,
    task: &Task,
    data: &dyn Samples,
    run: &Run<'_>,
) -> Result<(Sums, usize), TrainError> {
    let rows: Vec<u32> = (0..count(data)?).collect();
    let width = network.sizes().1;
    let work = |worker: &Worker, rows: &[u32]| {
        let inputs = worker.inputs(data, rows, 0);
        let targets = targets(worker, task, data, rows, &inputs);
        let mut divergence = vec![0.0; network.drawn()];
        let first_row = rows.first().map_or(0, |row| *row as usize);
        let draw = Draw { key: CODES_OF_VALIDATION, first_row, weight: 0.0 };
        let mut outputs = network.infer_drawn(weights, inputs, &worker.scratch, (draw, &mut divergence));
        let outputs = numbers_mut(&mut outputs);
        let divergence = divergence.iter().sum::<f64>();
        let mut sums = Sums { divergence, correct: task.count_correct(outputs, rows, data), ..Sums::default() };
        if task.before_head {
            sums.loss = task.comparison.sum(outputs, numbers(&targets), width, None);
        }
        network.head.apply(outputs, network.output[2]);
        if !task.before_head {
            sums.loss = task.comparison.sum(outputs, numbers(&targets), width, None);
        }
        sums.loss += task.divergence_weight * divergence;
        if task.squared_error {
            sums.squared_error = Comparison::Mse.sum(outputs, numbers(&targets), width, None);
        }
        sums
    };
    let mut sums = Sums::default();
    in_chunks(network, &rows, run, work, |_, part| sums.add(part))?;
    Ok((sums, data.len()))
}

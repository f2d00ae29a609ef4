//! The training loop: epochs of steps, what is recorded of them, when they end. Knows nothing of how a step is computed.

use crate::dataset::samples::Samples;
#[cfg(feature = "cuda")]
use crate::device;
use crate::device::Device;

#[cfg(feature = "cuda")]
use super::accelerator::Accelerator;
use super::course::Course;
use super::infer::count;
use super::init;
use super::network::{Network, Weights};
use super::optimizer::Updates;
use super::order::order;
use super::processor::Processor;
use super::step::{Batch, Engine, Sums, Task};
use super::train::{EpochReport, History, Run, TrainError, Training};

/// Trains `weights` in place, on the device that the launch wants.
pub(super) fn fit(
    network: &Network,
    weights: &mut Weights<f32>,
    task: &Task,
    data: (&dyn Samples, Option<&dyn Samples>),
    training: &Training,
    run: &Run<'_>,
) -> Result<History, TrainError> {
    match run.device {
        Device::Cpu => {
            let largest = training.batch_size.min(data.0.len());
            let mut engine = Processor::new(network, task, largest, weights.state.len());
            fit_on(&mut engine, network, weights, task, data, training, run)
        }
        #[cfg(feature = "cuda")]
        Device::Cuda => {
            let device = device::cuda().map_err(|none| TrainError::Invalid(none.message))?;
            fit_on(&mut Accelerator::new(device, network, task), network, weights, task, data, training, run)
        }
        #[cfg(not(feature = "cuda"))]
        Device::Cuda => Err(TrainError::Invalid("this program was built without CUDA".into())),
    }
}

/// Trains `weights` in place.
pub(super) fn fit_on(
    engine: &mut dyn Engine,
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
            let batch = Batch { data: train, rows, epoch, key, rate };
            let step = engine.step(weights, &mut updates, batch, run)?;
            check_finite(step.loss, "the training loss", epoch, index + 1)?;
            sums.add(step);
        }
        let measure = |data: &dyn Samples| engine.measure(weights, data, run).map(|sums| (sums, data.len()));
        let measured = validation.map(measure).transpose()?;
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
    let accuracy = |(sums, count): (Sums, usize)| task.classes.map(|_| sums.correct as f64 / count as f64);
    let (train_accuracy, val_accuracy) = (accuracy((sums, count)), validation.and_then(accuracy));
    history.train_accuracy.extend(train_accuracy);
    history.val_accuracy.extend(val_accuracy);
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
        if task.squared_error {
            history.val_mse.push(sums.squared_error / count as f64);
        }
    }
    Ok(EpochReport { epoch, epochs, train_loss, val_loss, train_accuracy, val_accuracy })
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
    network.check_samples(data.shape())?;
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

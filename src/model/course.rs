//! The course of a training from epoch to epoch: its history, its best epoch, when it ends, and its state in checkpoints,
//! from which it goes on to the same bytes as if it had never stopped.

use super::checkpoint::{self, Decoded, Progress};
use super::network::Weights;
use super::optimizer::Updates;
use super::train::{EpochReport, History, Run, Training};

/// Names of the tensors in a checkpoint.
const WEIGHTS: [&str; 2] = ["parameters", "running"];
const BEST: [&str; 2] = ["best.parameters", "best.running"];
const MOMENTS: [&str; 2] = ["optimizer.first", "optimizer.second"];

/// Where a training stands.
#[derive(Default)]
pub(super) struct Course {
    /// Epochs done.
    pub epoch: u32,
    pub history: History,
    best: Option<Best>,
}

/// The epoch with the lowest loss.
struct Best {
    epoch: u32,
    loss: f64,
    weights: Weights<f32>,
}

impl Course {
    /// Goes on from the longest checkpoint, or begins.
    pub fn resume(weights: &mut Weights<f32>, updates: &mut Updates, training: &Training, run: &Run<'_>) -> Self {
        let state = run.checkpoints.and_then(|checkpoints| checkpoints.latest(training.epochs));
        state.and_then(|state| Self::read(&state, weights, updates)).unwrap_or_default()
    }

    fn read(state: &[u8], weights: &mut Weights<f32>, updates: &mut Updates) -> Option<Self> {
        let file = Decoded::new(state)?;
        let Progress { epoch, step, history, best } = file.progress.clone();
        let fits = file.fits(&checkpoint::of_weights(weights, WEIGHTS))
            && file.fits(&[(MOMENTS[0], &updates.first), (MOMENTS[1], &updates.second)])
            && (best.is_none() || file.fits(&checkpoint::of_weights(weights, BEST)));
        if !fits {
            return None;
        }
        let mut copy = |names: [&str; 2]| {
            file.copy(names[0], weights.parameters.values_mut());
            file.copy(names[1], &mut weights.state);
            weights.clone()
        };
        let best = best.map(|(epoch, loss)| Best { epoch, loss, weights: copy(BEST) });
        copy(WEIGHTS);
        file.copy(MOMENTS[0], &mut updates.first);
        file.copy(MOMENTS[1], &mut updates.second);
        updates.step = step;
        tracing::info!(epoch, "training goes on from a checkpoint");
        Some(Self { epoch, history, best })
    }

    /// Whether another epoch is to come.
    pub fn goes_on(&self, training: &Training) -> bool {
        let since_best = self.best.as_ref().map_or(0, |best| self.epoch - best.epoch);
        self.epoch < training.epochs && training.patience.is_none_or(|patience| since_best < patience)
    }

    /// Hears of an epoch's end.
    pub fn end_epoch(&mut self, report: &EpochReport, weights: &Weights<f32>, training: &Training) {
        self.epoch = report.epoch;
        let loss = report.val_loss.unwrap_or(report.train_loss);
        if training.patience.is_some() && self.best.as_ref().is_none_or(|best| loss < best.loss) {
            self.best = Some(Best { epoch: report.epoch, loss, weights: weights.clone() });
        }
    }

    /// Saves the state at the end, and on the way when that is due.
    pub fn save(&self, weights: &Weights<f32>, updates: &Updates, training: &Training, run: &Run<'_>) {
        let Some(checkpoints) = run.checkpoints else { return };
        let is_end = !self.goes_on(training);
        if !is_end && !checkpoints.is_due(self.epoch) {
            return;
        }
        let best = self.best.as_ref();
        let progress = Progress {
            epoch: self.epoch,
            step: updates.step,
            history: self.history.clone(),
            best: best.map(|best| (best.epoch, best.loss)),
        };
        let mut tensors = checkpoint::of_weights(weights, WEIGHTS).to_vec();
        tensors.extend([(MOMENTS[0], &updates.first[..]), (MOMENTS[1], &updates.second[..])]);
        tensors.extend(best.into_iter().flat_map(|best| checkpoint::of_weights(&best.weights, BEST)));
        if let Some(state) = checkpoint::encode(&progress, &tensors) {
            checkpoints.save(self.epoch, is_end, &state);
        }
    }

    /// Puts the best epoch's weights back where training might end early.
    pub fn finish(self, weights: &mut Weights<f32>) -> History {
        let mut history = self.history;
        if let Some(best) = self.best {
            history.best_epoch = Some(best.epoch);
            *weights = best.weights;
        }
        history
    }
}

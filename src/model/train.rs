//! What training is told and what it tells: losses, optimizers, history, errors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::device::Device;
use crate::tensor::activation::Activation;
use crate::tensor::loss::Loss as Comparison;
use crate::tensor::ssim::Ssim;

use super::infer::{IMAGES_AT_ONCE, ROWS_AT_ONCE};
use super::layer::LayerSpec;
use super::order::shards;
use super::shape::{LayerInfo, ShapeError};

/// What a reconstruction is compared with its target by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Mean squared error.
    Mse,
    /// Binary cross-entropy per pixel; the decoder has to end in a sigmoid.
    Bce,
    /// Mean absolute error.
    L1,
    /// 1 - structural similarity.
    Ssim,
}

impl Loss {
    /// The computation, and whether it takes what comes before the network's head: binary cross-entropy is computed from
    /// logits when the model ends in a sigmoid. `None` when images of this shape are too small for it.
    pub(super) fn comparison(self, head: Activation, shape: [usize; 3]) -> Option<(Comparison, bool)> {
        Some(match self {
            Self::Mse => (Comparison::Mse, false),
            Self::L1 => (Comparison::L1, false),
            Self::Bce if head == Activation::Sigmoid => (Comparison::BceLogits, true),
            Self::Bce => (Comparison::Bce, false),
            Self::Ssim => (Comparison::Ssim(Ssim::for_shape(shape)?), false),
        })
    }

    /// The layer of a decoder that gives numbers this loss is not for. Binary cross-entropy is for numbers from 0 to 1,
    /// each by itself; those beyond are clipped to that and have no gradient.
    pub fn misfit(self, decoder: &[LayerSpec]) -> Option<ShapeError> {
        let index = decoder.iter().rposition(|layer| !layer.keeps_range()).or(decoder.len().checked_sub(1))?;
        let layer = &decoder[index];
        let what = match layer.activation() {
            Some(Activation::Sigmoid) => return None,
            Some(Activation::Softmax) => "gives shares that sum to 1",
            _ => "can give numbers below 0 or above 1",
        };
        let message = format!(
            "layer {} (`{layer}`) {what}; loss = \"bce\" is for numbers from 0 to 1, each by itself",
            index + 1
        );
        let help = match layer.with_activation(Activation::Sigmoid) {
            Some(better) => format!("write `{better}`, or set loss = \"mse\""),
            None => "end the decoder with `sigmoid`, or set loss = \"mse\"".to_owned(),
        };
        (self == Self::Bce).then_some(ShapeError { index, message, help: Some(help) })
    }
}

/// How parameters follow their gradient: Keras' rules with its constants, at a learning rate that is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Optimizer {
    /// Adam (Kingma & Ba, ICLR 2015): 0.9, 0.999, epsilon 1e-7.
    Adam,
    /// Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019) of every parameter.
    AdamW { weight_decay: f64 },
    /// Stochastic gradient descent, with momentum above 0.
    Sgd { momentum: f64 },
    /// RMSprop (Tieleman & Hinton 2012): 0.9, epsilon 1e-7.
    RmsProp,
}

/// How the learning rate changes from step to step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Decay {
    #[default]
    None,
    /// Multiplied by `factor` every so many epochs.
    Step { every: u32, factor: f64 },
    /// Down to zero along half a cosine by the last epoch (Loshchilov & Hutter, ICLR 2017, without restarts).
    Cosine,
}

/// How to train.
#[derive(Clone, Debug)]
pub struct Training {
    pub epochs: u32,
    /// Samples a step; the last step of an epoch takes what is left.
    pub batch_size: usize,
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    pub decay: Decay,
    /// Epochs, perhaps part of one, in which the learning rate rises from zero.
    pub warmup: f64,
    /// Longest gradient, as the root of its sum of squares over all parameters (Pascanu et al. 2013); longer ones are
    /// scaled down to it.
    pub clip_norm: Option<f64>,
    /// Epochs in a row without a lower loss on the validation samples, or on the training samples where there are none,
    /// after which training ends. The weights of the best epoch are kept.
    pub patience: Option<u32>,
    /// Orders of samples and dropout masks follow from it.
    pub seed: u64,
    /// Whether each epoch sees the samples in a new order.
    pub shuffle: bool,
}

/// What happened, one entry an epoch; empty where not applicable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Mean over the epoch's samples in training mode, while the parameters change.
    pub train_loss: Vec<f64>,
    /// In inference mode, after the epoch.
    pub val_loss: Vec<f64>,
    pub train_accuracy: Vec<f64>,
    pub val_accuracy: Vec<f64>,
    /// Mean squared error on the validation samples, when the loss is another one.
    pub val_mse: Vec<f64>,
    /// Of the codes' distribution from the standard normal one, in nats a sample, where codes are drawn.
    pub train_divergence: Vec<f64>,
    pub val_divergence: Vec<f64>,
    /// The epoch whose weights were kept, from 1, when training may end early.
    pub best_epoch: Option<u32>,
}

impl History {
    /// Of a figure's `values`, one an epoch, that of the epoch whose weights are kept.
    pub fn kept(&self, values: &[f64]) -> Option<f64> {
        let epochs = self.best_epoch.map_or(values.len(), |epoch| epoch as usize);
        values.get(epochs.checked_sub(1)?).copied()
    }
}

/// One finished epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochReport {
    /// From 1.
    pub epoch: u32,
    pub epochs: u32,
    pub train_loss: f64,
    pub val_loss: Option<f64>,
    pub train_accuracy: Option<f64>,
    pub val_accuracy: Option<f64>,
}

/// What a computation runs on and reports to.
pub struct Run<'a> {
    /// Threads; their number changes no result.
    pub pool: &'a rayon::ThreadPool,
    /// Asked before every batch.
    pub cancel: &'a Cancel,
    /// What trainings' steps are computed on; all else runs on the threads.
    pub device: Device,
    pub on_epoch: &'a (dyn Fn(EpochReport) + Sync),
    /// Where a training's state is saved, and found by the next that goes on from there.
    pub checkpoints: Option<&'a dyn Checkpoints>,
}

/// A place for a training's state. States of other trainings are never found in it: all that decides a training but its
/// number of epochs is the same.
pub trait Checkpoints: Sync {
    /// The state after the most epochs, up to `at_most`.
    fn latest(&self, at_most: u32) -> Option<Vec<u8>>;

    /// Whether the state after an epoch on the way is worth saving.
    fn is_due(&self, epoch: u32) -> bool;

    /// Saves the state after an epoch; nothing hangs on its success.
    fn save(&self, epoch: u32, is_end: bool, state: &[u8]);
}

/// Where a training diverged, as counted in [`TrainError::Diverged`].
pub fn where_it_diverged(epoch: u32, batch: usize) -> String {
    match batch {
        0 => format!("in the validation after epoch {epoch}"),
        _ => format!("in epoch {epoch}, batch {batch}"),
    }
}

/// Why there is no trained model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// A stop was asked for.
    #[error("training was interrupted")]
    Interrupted,
    /// A loss is not a finite number any more.
    #[error("training diverged {}: {what}; try a lower learning rate", where_it_diverged(*epoch, *batch))]
    Diverged {
        /// From 1.
        epoch: u32,
        /// From 1; 0 for the validation after the epoch.
        batch: usize,
        what: String,
    },
    /// The layers do not fit together or do not fit the data.
    #[error("in the {part}, {error}")]
    Shape { part: &'static str, error: ShapeError },
    /// Anything else that cannot be trained.
    #[error("{0}")]
    Invalid(String),
}

impl Default for Training {
    /// Adam as in Keras, one epoch.
    fn default() -> Self {
        Self {
            epochs: 1,
            batch_size: 32,
            optimizer: Optimizer::Adam,
            learning_rate: 1e-3,
            decay: Decay::None,
            warmup: 0.0,
            clip_norm: None,
            patience: None,
            seed: 0,
            shuffle: true,
        }
    }
}

impl Training {
    /// The learning rate at so many epochs, whole ones and the part of the current one, from the beginning.
    pub(super) fn rate(&self, epoch: f64) -> f64 {
        let decayed = match self.decay {
            Decay::None => 1.0,
            Decay::Step { every, factor } => factor.powi((epoch / f64::from(every)) as i32),
            Decay::Cosine => {
                let done = ((epoch - self.warmup) / (f64::from(self.epochs) - self.warmup)).clamp(0.0, 1.0);
                (1.0 + (std::f64::consts::PI * done).cos()) / 2.0
            }
        };
        let warm = if epoch < self.warmup { epoch / self.warmup } else { 1.0 };
        self.learning_rate * decayed * warm
    }

    /// Bytes that a layer takes at least while it is trained on so many samples: its weights, their gradient in every
    /// shard, what the optimizer remembers and the best weights so far; its outputs for a batch; the windows that every
    /// shard copies out.
    pub fn memory(&self, layer: &LayerInfo, samples: usize) -> u64 {
        let batch = self.batch_size.min(samples);
        let rows = if layer.windows > 0 { IMAGES_AT_ONCE } else { ROWS_AT_ONCE };
        let shards = shards(batch, rows).count();
        let copies = 3 + shards + usize::from(self.patience.is_some());
        let outputs = layer.output.iter().fold(batch, |product, side| product.saturating_mul(*side));
        let numbers = layer.parameters.saturating_mul(copies).saturating_add(outputs);
        let numbers = numbers.saturating_add(layer.windows.saturating_mul(shards));
        numbers.saturating_mul(size_of::<f32>()) as u64
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        let invalid = |text: &str| Err(TrainError::Invalid(text.to_owned()));
        if self.batch_size == 0 {
            return invalid("the batch size must be at least 1");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return invalid("the learning rate must be a number above 0");
        }
        if !(self.warmup >= 0.0 && self.warmup <= f64::from(self.epochs)) {
            return invalid("the warm-up must be a number of epochs from 0 to all of them");
        }
        if self.clip_norm.is_some_and(|norm| !(norm.is_finite() && norm > 0.0)) {
            return invalid("the longest gradient must be a number above 0");
        }
        if let Decay::Step { every, factor } = self.decay
            && !(every > 0 && factor.is_finite() && factor > 0.0)
        {
            return invalid("the learning rate must fall after one or more epochs, by a factor above 0");
        }
        match self.optimizer {
            Optimizer::Sgd { momentum } if !(0.0..1.0).contains(&momentum) => {
                invalid("the momentum must be a number from 0 to below 1")
            }
            Optimizer::AdamW { weight_decay } if !(weight_decay.is_finite() && weight_decay >= 0.0) => {
                invalid("the weight decay must be a number from 0")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_falls_in_steps_or_along_a_cosine() {
        let training = Training { epochs: 10, learning_rate: 2.0, ..Training::default() };
        let rates = |training: Training| [0.0, 0.5, 1.0, 4.0, 5.5, 9.9999].map(|epoch| training.rate(epoch));
        assert_eq!(rates(training.clone()), [2.0; 6]);
        let step = Decay::Step { every: 4, factor: 0.5 };
        assert_eq!(rates(Training { decay: step, ..training.clone() }), [2.0, 2.0, 2.0, 1.0, 1.0, 0.5]);
        let warm = Training { decay: Decay::Cosine, warmup: 1.0, ..training };
        let cosine = rates(warm);
        assert_eq!(cosine[..3], [0.0, 1.0, 2.0]);
        assert!((cosine[3] - 1.5).abs() < 1e-12 && (cosine[4] - 1.0).abs() < 1e-12 && cosine[5] < 1e-9, "{cosine:?}");
    }
}

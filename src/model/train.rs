//! What training is told and what it tells: losses, optimizers, history, errors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::tensor::activation::Activation;
use crate::tensor::loss::Loss as Comparison;
use crate::tensor::ssim::Ssim;

use super::shape::{self, ShapeError};

/// What a reconstruction is compared with its target by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Mean squared error.
    Mse,
    /// Binary cross-entropy per pixel; the decoder should end in a sigmoid.
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
}

/// How parameters follow their gradient; Keras' rules and defaults.
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

/// How to train.
#[derive(Clone, Debug)]
pub struct Training {
    pub epochs: u32,
    /// Samples a step; the last step of an epoch takes what is left.
    pub batch_size: usize,
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    /// Orders of samples and dropout masks follow from it.
    pub seed: u64,
    /// Whether each epoch sees the samples in a new order.
    pub shuffle: bool,
}

/// What happened, one entry an epoch; empty where not applicable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Mean over the epoch's samples in training mode, while the parameters change.
    pub train_loss: Vec<f64>,
    /// In inference mode, after the epoch.
    pub val_loss: Vec<f64>,
    pub train_accuracy: Vec<f64>,
    pub val_accuracy: Vec<f64>,
    /// Mean squared error on the validation samples, when the loss is another one.
    pub val_mse: Vec<f64>,
}

/// One finished epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochReport {
    /// From 1.
    pub epoch: u32,
    pub epochs: u32,
    pub train_loss: f64,
    pub val_loss: Option<f64>,
    /// On the validation samples when there are any, else in training.
    pub accuracy: Option<f64>,
}

/// What a computation runs on and reports to.
pub struct Run<'a> {
    /// Threads; their number changes no result.
    pub pool: &'a rayon::ThreadPool,
    /// Asked before every batch.
    pub cancel: &'a Cancel,
    pub on_epoch: &'a (dyn Fn(EpochReport) + Sync),
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

impl Training {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        let invalid = |text: &str| Err(TrainError::Invalid(text.to_owned()));
        if self.batch_size == 0 {
            return invalid("the batch size must be at least 1");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return invalid("the learning rate must be a number above 0");
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

/// Samples whose shape is not the model's.
pub(super) fn wrong_samples(got: [usize; 3], needs: [usize; 3]) -> TrainError {
    TrainError::Invalid(format!(
        "the samples are {}, and the model takes {}",
        shape::describe(got),
        shape::describe(needs)
    ))
}

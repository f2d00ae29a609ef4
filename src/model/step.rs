//! One step of a training, and who computes it: what a batch is, what is compared in it, and what comes of it.

use crate::dataset::samples::Samples;
use crate::metric::confusion::argmax;
use crate::tensor::gaussian::Draw;
use crate::tensor::loss::Loss as Comparison;

use super::network::{Network, Weights};
use super::optimizer::Updates;
use super::train::{Run, TrainError};

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

/// How the codes of validation samples are drawn: the same after every epoch.
pub(super) fn draw_of_validation(rows: &[u32]) -> Draw {
    Draw { key: 0, first_row: rows.first().map_or(0, |row| *row as usize), weight: 0.0 }
}

/// Share of the old running statistics that a batch leaves, as Keras.
pub(super) const MOMENTUM: f32 = 0.99;

/// Sums over samples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub loss: f64,
    pub squared_error: f64,
    /// Of the codes from the standard normal distribution, in nats.
    pub divergence: f64,
    pub correct: usize,
}

impl Sums {
    pub fn add(&mut self, other: Self) {
        self.loss += other.loss;
        self.squared_error += other.squared_error;
        self.divergence += other.divergence;
        self.correct += other.correct;
    }
}

/// One batch.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub data: &'a dyn Samples,
    pub rows: &'a [u32],
    pub epoch: u32,
    /// Key of its dropout masks.
    pub key: u64,
    /// Learning rate.
    pub rate: f64,
}

/// What computes a training's steps.
pub(super) trait Engine {
    /// Forward, backward and the update of `weights`, unless the loss is not finite.
    fn step(
        &mut self,
        weights: &mut Weights<f32>,
        updates: &mut Updates,
        batch: Batch<'_>,
        run: &Run<'_>,
    ) -> Result<Sums, TrainError>;

    /// Sums over `data` in inference mode, with codes drawn where the network does.
    fn measure(&mut self, weights: &Weights<f32>, data: &dyn Samples, run: &Run<'_>) -> Result<Sums, TrainError>;
}

impl Task {
    /// To give back the clean samples, measured by nothing else.
    pub fn new(comparison: Comparison, before_head: bool) -> Self {
        Self { comparison, before_head, classes: None, squared_error: false, divergence_weight: 0.0 }
    }

    /// Whether the targets for inputs that are not noisy are the inputs.
    pub fn targets_inputs(&self, data: &dyn Samples) -> bool {
        self.classes.is_none() && !data.is_noisy()
    }

    /// Numbers of a row's target.
    pub fn target_width(&self, data: &dyn Samples) -> usize {
        self.classes.unwrap_or_else(|| data.shape().iter().product())
    }

    /// Writes what the outputs for `rows` are compared with; `out` is zero before.
    pub fn write_targets(&self, data: &dyn Samples, rows: &[u32], out: &mut [f32]) {
        let (Some(classes), Some(labels)) = (self.classes, data.labels()) else { return data.gather(rows, out) };
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(classes)) {
            out[labels[*row as usize] as usize] = 1.0;
        }
    }

    /// How many of `rows` have their largest output at their label.
    pub fn count_correct(&self, outputs: &[f32], rows: &[u32], data: &dyn Samples) -> usize {
        let (Some(classes), Some(labels)) = (self.classes, data.labels()) else { return 0 };
        let is_right = |(row, scores): (&u32, &[f32])| argmax(scores) == labels[*row as usize] as usize;
        rows.iter().zip(outputs.chunks_exact(classes)).filter(|pair| is_right(*pair)).count()
    }

    /// Sums over `rows` of outputs before the network's head, which is applied to them.
    pub fn sums(
        &self,
        network: &Network,
        outputs: &mut [f32],
        targets: &[f32],
        divergence: &[f64],
        (rows, data): (&[u32], &dyn Samples),
    ) -> Sums {
        let width = network.sizes().1;
        let divergence = divergence.iter().sum::<f64>();
        let mut sums = Sums { divergence, correct: self.count_correct(outputs, rows, data), ..Sums::default() };
        if self.before_head {
            sums.loss = self.comparison.sum(outputs, targets, width, None);
        }
        network.head.apply(outputs, network.output[2]);
        if !self.before_head {
            sums.loss = self.comparison.sum(outputs, targets, width, None);
        }
        sums.loss += self.divergence_weight * divergence;
        if self.squared_error {
            sums.squared_error = Comparison::Mse.sum(outputs, targets, width, None);
        }
        sums
    }
}

//! Classifiers: networks whose outputs are scores of classes, trained with cross-entropy.

use std::io;
use std::path::Path;

use crate::dataset::samples::Samples;
use crate::tensor::activation::Activation;
use crate::tensor::loss::Loss as Comparison;
use crate::tensor::storage::numbers_mut;

use super::fit::fit;
use super::infer::{Worker, count, in_chunks};
use super::layer::LayerSpec;
use super::network::{Network, Parts, Weights};
use super::shape::{LayerInfo, ShapeError, misplaced_code};
use super::step::Task;
use super::train::{History, Run, TrainError, Training};
use super::weights;

/// A network with its weights and the number of classes it tells apart.
pub struct Classifier {
    network: Network,
    weights: Weights<f32>,
    classes: usize,
}

impl Classifier {
    /// Freshly initialized, for inputs of `[height, width, channels]`. The last layer must give one number a class:
    /// logits, or with `softmax` probabilities; both are trained alike.
    pub fn new(layers: &[LayerSpec], input: [usize; 3], classes: usize, seed: u64) -> Result<Self, TrainError> {
        let (network, weights) = Network::new(&[("classifier", layers)], input, seed, false)?;
        let shape_error = |message: String, help: String| {
            let error = ShapeError { index: layers.len().saturating_sub(1), message, help: Some(help) };
            Err(TrainError::Shape { part: "classifier", error })
        };
        if let Some(error) = misplaced_code(layers, false) {
            return Err(TrainError::Shape { part: "classifier", error });
        }
        let outputs = network.sizes().1;
        if outputs != classes {
            return shape_error(
                format!("the last layer gives {outputs} numbers; it needs to give {classes}, one a class"),
                format!("end with `dense {classes} softmax`"),
            );
        }
        if !matches!(network.head, Activation::Linear | Activation::Softmax) {
            return shape_error(
                format!("the last layer ends in {}; it needs to end in softmax, or in no activation", network.head),
                format!("end with `dense {classes} softmax`"),
            );
        }
        Ok(Self { network, weights, classes })
    }

    /// Trains it to tell the samples' labels.
    pub fn fit(
        &mut self,
        train: &dyn Samples,
        validation: Option<&dyn Samples>,
        training: &Training,
        run: &Run<'_>,
    ) -> Result<History, TrainError> {
        let task = Task { classes: Some(self.classes), ..Task::new(Comparison::CrossEntropy, true) };
        fit(&self.network, &mut self.weights, &task, (train, validation), training, run)
    }

    /// Probabilities of all samples: `n` x `classes`, row after row.
    pub fn predict(&self, data: &dyn Samples, run: &Run<'_>) -> Result<Vec<f32>, TrainError> {
        self.network.check_samples(data.shape())?;
        let rows: Vec<u32> = (0..count(data)?).collect();
        let work = |worker: &Worker, rows: &[u32]| {
            let inputs = worker.inputs(data, rows, 0);
            let mut outputs = self.network.infer(Parts::All, &self.weights, inputs, &worker.scratch, None);
            let outputs = numbers_mut(&mut outputs);
            Activation::Softmax.apply(outputs, self.classes);
            outputs.to_vec()
        };
        let mut probabilities = Vec::with_capacity(data.len() * self.classes);
        in_chunks(&self.network, &rows, run, work, |_, part| probabilities.extend(part))?;
        Ok(probabilities)
    }

    /// Trainable numbers.
    pub fn parameters(&self) -> usize {
        self.weights.parameters.values().len()
    }

    /// Its layers.
    pub fn layers(&self) -> Vec<LayerInfo> {
        self.network.layers[0].clone()
    }

    /// Writes the weights.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        weights::save(&self.network, &self.weights, None, path)
    }

    /// Reads what `save` wrote.
    pub fn load(layers: &[LayerSpec], input: [usize; 3], classes: usize, path: &Path) -> Result<Self, TrainError> {
        let mut model = Self::new(layers, input, classes, 0)?;
        weights::load(&model.network, &mut model.weights, path)?;
        Ok(model)
    }
}

//! Autoencoders: an encoder that makes codes of samples, and a decoder that makes samples of codes.

use std::io;
use std::path::Path;

use crate::dataset::samples::Samples;
use crate::tensor::gaussian::{Draw, normal};
use crate::tensor::storage::{Matrix, numbers, numbers_mut};

use super::fit::fit;
use super::infer::{Worker, count, in_chunks};
use super::layer::LayerSpec;
use super::network::{Network, Parts, Weights};
use super::shape::{LayerInfo, ShapeError, describe, misplaced_code};
use super::step::Task;
use super::train::{History, Loss, Run, TrainError, Training};
use super::weights;

/// What an autoencoder's training makes small.
#[derive(Clone, Copy, Debug)]
pub struct Objective {
    pub loss: Loss,
    /// Weight of the divergence of drawn codes, in nats, beside the loss summed over an image's numbers: 1 for the
    /// evidence lower bound (Kingma and Welling 2014), more for independent dimensions (Higgins et al., ICLR 2017).
    pub beta: f64,
}

impl From<Loss> for Objective {
    fn from(loss: Loss) -> Self {
        Self { loss, beta: 1.0 }
    }
}

/// An encoder and a decoder with their weights.
pub struct Autoencoder {
    network: Network,
    weights: Weights<f32>,
}

impl Autoencoder {
    /// Freshly initialized, for inputs of `[height, width, channels]`. The decoder must give as many numbers as the
    /// encoder takes. When `tied`, with the rule of [`tied`](super::tie::tied), its dense layers have the transposed
    /// weights of the encoder's, with biases of their own.
    pub fn new(
        encoder: &[LayerSpec],
        decoder: &[LayerSpec],
        input: [usize; 3],
        seed: u64,
        tied: bool,
    ) -> Result<Self, TrainError> {
        let (network, weights) = Network::new(&[("encoder", encoder), ("decoder", decoder)], input, seed, tied)?;
        for (part, layers, in_encoder) in [("encoder", encoder, true), ("decoder", decoder, false)] {
            if let Some(error) = misplaced_code(layers, in_encoder) {
                return Err(TrainError::Shape { part, error });
            }
        }
        let (inputs, outputs) = network.sizes();
        if inputs != outputs {
            let message = format!(
                "the last layer gives {} ({outputs} numbers); it needs to give {} ({inputs} numbers), as many as the encoder takes",
                describe(network.output),
                describe(input)
            );
            let help =
                Some(format!("end the decoder with a layer of {inputs} outputs, such as `dense {inputs} sigmoid`"));
            let error = ShapeError { index: decoder.len().saturating_sub(1), message, help };
            return Err(TrainError::Shape { part: "decoder", error });
        }
        Ok(Self { network, weights })
    }

    /// Sets the last layer's biases so that an untrained model answers about with the mean of `train`: a number for each
    /// output of a dense layer, for each channel of a convolution. Started elsewhere, a sigmoid's first steps on mostly
    /// black images can be so large that squared error has no gradient left to come back with. Whether the decoder ends
    /// in such a layer, with an activation that can be inverted; if not, nothing is changed.
    pub fn start_at_mean(&mut self, train: &dyn Samples) -> Result<bool, TrainError> {
        let (Some(biases), Some(inverse)) = (self.network.last_biases(), self.network.head.inverse()) else {
            return Ok(false);
        };
        let means = means(train, biases.len())?;
        for (bias, mean) in self.weights.parameters.values_mut()[biases].iter_mut().zip(means) {
            *bias = inverse(mean) as f32;
        }
        Ok(true)
    }

    /// Trains it to give back the clean samples for what `train` gives as inputs. Where codes are drawn, `objective` has
    /// a second part: their divergence from the standard normal distribution.
    pub fn fit(
        &mut self,
        train: &dyn Samples,
        validation: Option<&dyn Samples>,
        objective: impl Into<Objective>,
        training: &Training,
        run: &Run<'_>,
    ) -> Result<History, TrainError> {
        let Objective { loss, beta } = objective.into();
        let (comparison, before_head) = loss.comparison(self.network.head, self.network.input).ok_or_else(|| {
            TrainError::Invalid(format!(
                "ssim needs images of at least 7x7, these are {}",
                describe(self.network.input)
            ))
        })?;
        // Losses are means over an image's numbers; so the divergence, a sum over its code's, counts that much less.
        let divergence_weight = beta / self.network.sizes().1 as f64;
        let squared_error = loss != Loss::Mse;
        let task = Task { squared_error, divergence_weight, ..Task::new(comparison, before_head) };
        fit(&self.network, &mut self.weights, &task, (train, validation), training, run)
    }

    /// Codes of all samples: `n` x `latent_dim`, row after row.
    pub fn encode(&self, data: &dyn Samples, run: &Run<'_>) -> Result<Vec<f32>, TrainError> {
        self.network.check_samples(data.shape())?;
        let rows: Vec<u32> = (0..count(data)?).collect();
        let mut codes = Vec::with_capacity(data.len() * self.latent_dim());
        let work = |worker: &Worker, rows: &[u32]| {
            let inputs = worker.inputs(data, rows, 0);
            numbers(&self.network.infer(Parts::First, &self.weights, inputs, &worker.scratch, None)).to_vec()
        };
        in_chunks(&self.network, &rows, run, work, |_, part| codes.extend(part))?;
        Ok(codes)
    }

    fn outputs(&self, worker: &Worker, data: &dyn Samples, rows: &[u32]) -> Vec<f32> {
        let inputs = worker.inputs(data, rows, 0);
        self.with_head(self.network.infer(Parts::All, &self.weights, inputs, &worker.scratch, None))
    }

    /// The numbers of finished outputs, of which the head is kept apart.
    fn with_head(&self, mut outputs: Matrix<f32>) -> Vec<f32> {
        let outputs = numbers_mut(&mut outputs);
        self.network.head.apply(outputs, self.network.output[2]);
        outputs.to_vec()
    }

    /// Reconstructions of these rows, one after another, in height, width, channel order.
    pub fn reconstruct(&self, data: &dyn Samples, rows: &[u32], run: &Run<'_>) -> Result<Vec<f32>, TrainError> {
        self.network.check_samples(data.shape())?;
        let mut all = Vec::with_capacity(rows.len() * self.network.sizes().1);
        let work = |worker: &Worker, rows: &[u32]| self.outputs(worker, data, rows);
        in_chunks(&self.network, rows, run, work, |_, part| all.extend(part))?;
        Ok(all)
    }

    /// Mean over all samples of each code dimension's divergence from the standard normal distribution, in nats; empty
    /// when codes are not drawn.
    pub fn divergences(&self, data: &dyn Samples, run: &Run<'_>) -> Result<Vec<f64>, TrainError> {
        self.network.check_samples(data.shape())?;
        let mut sums = vec![0.0; self.network.drawn()];
        let rows: Vec<u32> = if sums.is_empty() { vec![] } else { (0..count(data)?).collect() };
        let work = |worker: &Worker, rows: &[u32]| {
            let mut part = vec![0.0; self.network.drawn()];
            let draw = Draw { key: 0, first_row: 0, weight: 0.0 };
            let inputs = worker.inputs(data, rows, 0);
            self.network.infer(Parts::First, &self.weights, inputs, &worker.scratch, Some((draw, &mut part)));
            part
        };
        let mut add = |part: Vec<f64>| sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        in_chunks(&self.network, &rows, run, work, |_, part| add(part))?;
        Ok(sums.into_iter().map(|sum| sum / data.len() as f64).collect())
    }

    /// Whether codes are drawn, so that the decoder has learned what to make of standard normal ones.
    pub fn draws_codes(&self) -> bool {
        self.network.drawn() > 0
    }

    /// `count` codes drawn from the standard normal distribution, one after another.
    pub fn draw_codes(&self, count: usize, key: u64) -> Vec<f32> {
        (0..count * self.latent_dim()).map(|at| normal(key, at as u64) as f32).collect()
    }

    /// What the decoder makes of codes: one sample after another, in height, width, channel order.
    pub fn decode(&self, codes: &[f32], run: &Run<'_>) -> Result<Vec<f32>, TrainError> {
        let width = self.latent_dim();
        let rows: Vec<u32> = (0..(codes.len() / width) as u32).collect();
        let mut all = Vec::with_capacity(rows.len() * self.network.sizes().1);
        let work = |worker: &Worker, rows: &[u32]| {
            let some = &codes[rows[0] as usize * width..][..rows.len() * width];
            let codes = worker.matrix(rows.len(), width, |codes| codes.copy_from_slice(some));
            self.with_head(self.network.infer(Parts::Rest, &self.weights, codes, &worker.scratch, None))
        };
        in_chunks(&self.network, &rows, run, work, |_, part| all.extend(part))?;
        Ok(all)
    }

    /// Height, width, channels of what it takes and gives.
    pub fn input(&self) -> [usize; 3] {
        self.network.input
    }

    /// Numbers in a code.
    pub fn latent_dim(&self) -> usize {
        let input = self.network.input;
        self.network.layers[0].last().map_or(input, |layer| layer.output).iter().product()
    }

    /// Trainable numbers.
    pub fn parameters(&self) -> usize {
        self.weights.parameters.values().len()
    }

    /// Layers of the encoder and of the decoder.
    pub fn layers(&self) -> (Vec<LayerInfo>, Vec<LayerInfo>) {
        (self.network.layers[0].clone(), self.network.layers[1].clone())
    }

    /// Writes the encoder's weights, the decoder's, and both in one file.
    pub fn save(&self, encoder: &Path, decoder: &Path, whole: &Path) -> io::Result<()> {
        weights::save(&self.network, &self.weights, Some("encoder"), encoder)?;
        weights::save(&self.network, &self.weights, Some("decoder"), decoder)?;
        weights::save(&self.network, &self.weights, None, whole)
    }

    /// Takes over the weights that `save` wrote as `whole` of a model of the same layers.
    pub fn read(&mut self, whole: &Path) -> Result<(), TrainError> {
        weights::load(&self.network, &mut self.weights, whole)
    }
}

/// Mean over all samples of every `width`-th number.
fn means(data: &dyn Samples, width: usize) -> Result<Vec<f64>, TrainError> {
    let size = data.shape().iter().product::<usize>();
    let rows: Vec<u32> = (0..count(data)?).collect();
    let mut sums = vec![0.0; width];
    let mut numbers = Vec::new();
    for rows in rows.chunks(1024) {
        numbers.resize(rows.len() * size, 0.0);
        data.gather(rows, &mut numbers);
        for numbers in numbers.chunks_exact(width) {
            sums.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += f64::from(*number));
        }
    }
    let each = (data.len() * size / width).max(1) as f64;
    Ok(sums.into_iter().map(|sum| sum / each).collect())
}

//! Whole models.

mod building;
mod files;
mod learning;
mod resuming;

use crate::cancel::Cancel;
use crate::dataset::samples::Samples;
use crate::device::Device;

use super::autoencoder::Autoencoder;
use super::layer::LayerSpec;
use super::train::{Run, Training};

/// Little images with one bright bar each, whose place is the label.
pub(super) struct Bars {
    shape: [usize; 3],
    count: usize,
    labels: Vec<u32>,
    noisy: bool,
}

pub(super) fn bars(shape: [usize; 3], count: usize) -> Bars {
    Bars { shape, count, labels: (0..count as u32).map(|row| row % 4).collect(), noisy: false }
}

impl Samples for Bars {
    fn len(&self) -> usize {
        self.count
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        let [height, width, channels] = self.shape;
        for (row, image) in rows.iter().zip(out.chunks_exact_mut(height * width * channels)) {
            for (place, pixel) in image.iter_mut().enumerate() {
                let column = place / channels % width;
                let bright = column * 4 / width == (*row % 4) as usize;
                let speckle = (*row as usize * 31 + place * 17) % 13;
                *pixel = if bright { 0.8 } else { 0.0 } + speckle as f32 / 100.0;
            }
        }
    }

    fn is_noisy(&self) -> bool {
        self.noisy
    }

    fn gather_inputs(&self, rows: &[u32], draw: u64, out: &mut [f32]) {
        self.gather(rows, out);
        if self.noisy {
            out.iter_mut().enumerate().for_each(|(i, x)| *x += ((i as u64 + draw) % 3) as f32 * 0.1);
        }
    }

    fn labels(&self) -> Option<&[u32]> {
        Some(&self.labels)
    }
}

pub(super) fn layers(texts: &[&str]) -> Vec<LayerSpec> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Freshly initialized and not tied.
fn autoencoder(encoder: &[&str], decoder: &[&str], input: [usize; 3]) -> Autoencoder {
    Autoencoder::new(&layers(encoder), &layers(decoder), input, 3, false).unwrap()
}

fn training(epochs: u32, batch_size: usize, learning_rate: f64) -> Training {
    Training { epochs, batch_size, learning_rate, seed: 11, ..Training::default() }
}

pub(super) fn with_threads<R>(threads: usize, work: impl FnOnce(&Run<'_>) -> R) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    work(&Run { device: Device::Cpu, pool: &pool, cancel: &Cancel::default(), on_epoch: &|_| {}, checkpoints: None })
}

const CONV_ENCODER: [&str; 6] = ["conv 6 3x3 same", "batchnorm", "relu", "maxpool 2", "dropout 0.1", "dense 3"];
const CONV_DECODER: [&str; 5] =
    ["dense 96 relu", "reshape 4x4x6", "conv 4 3x3 same relu", "upsample 2", "conv 1 3x3 same sigmoid"];

fn conv_autoencoder() -> Autoencoder {
    autoencoder(&CONV_ENCODER, &CONV_DECODER, [8, 8, 1])
}

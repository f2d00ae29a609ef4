//! All that a training is after an epoch, as safetensors: the weights, the optimizer's memory, the history, the best
//! epoch so far. Orders of samples and dropout masks follow from the seed and the epoch, so no random state is in it.

use std::collections::HashMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::network::Weights;
use super::train::History;

/// Name of the metadata that holds what is no tensor.
const PROGRESS: &str = "progress";

/// What is no tensor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Epochs done.
    pub epoch: u32,
    /// Steps done.
    pub step: i32,
    pub history: History,
    /// The epoch with the lowest loss, and that loss.
    pub best: Option<(u32, f64)>,
}

/// A tensor's name and its numbers.
type Tensors<'a> = [(&'static str, &'a [f32])];

/// The file's bytes.
pub(super) fn encode(progress: &Progress, tensors: &Tensors<'_>) -> Option<Vec<u8>> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, numbers)| numbers.iter().flat_map(|number| number.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, numbers), bytes)| Some((*name, TensorView::new(Dtype::F32, vec![numbers.len()], bytes).ok()?)));
    let metadata = HashMap::from([(PROGRESS.to_owned(), serde_json::to_string(progress).ok()?)]);
    safetensors::serialize(views.collect::<Option<Vec<_>>>()?, Some(metadata)).ok()
}

/// A file that was read.
pub(super) struct Decoded<'a> {
    pub progress: Progress,
    tensors: SafeTensors<'a>,
}

impl<'a> Decoded<'a> {
    /// Reads a file's bytes; `None` when they are not what `encode` writes.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
        let progress = serde_json::from_str(header.metadata().as_ref()?.get(PROGRESS)?).ok()?;
        Some(Self { progress, tensors: SafeTensors::deserialize(bytes).ok()? })
    }

    /// Whether it has a tensor of each name with as many numbers as there are places.
    pub fn fits(&self, tensors: &Tensors<'_>) -> bool {
        tensors.iter().all(|(name, places)| {
            let view = self.tensors.tensor(name);
            view.is_ok_and(|view| view.dtype() == Dtype::F32 && view.data().len() == size_of_val(*places))
        })
    }

    /// Copies a tensor's numbers; its size was checked before.
    pub fn copy(&self, name: &str, into: &mut [f32]) {
        if let Ok(view) = self.tensors.tensor(name) {
            for (number, bytes) in into.iter_mut().zip(view.data().as_chunks::<4>().0) {
                *number = f32::from_le_bytes(*bytes);
            }
        }
    }
}

/// The tensors of a network's numbers under two names.
pub(super) fn of_weights<'a>(weights: &'a Weights<f32>, names: [&'static str; 2]) -> [(&'static str, &'a [f32]); 2] {
    [(names[0], weights.parameters.values()), (names[1], &weights.state)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_back_to_the_last_bit() {
        let history = History { train_loss: vec![0.1 + 0.2, 1.0 / 3.0], val_loss: vec![5e-324], ..History::default() };
        let progress = Progress { epoch: 2, step: 14, history, best: Some((1, 0.1)) };
        let numbers = [1.5f32, -0.0, f32::MIN_POSITIVE / 4.0];
        let bytes = encode(&progress, &[("a", &numbers), ("none", &[])]).unwrap();
        let decoded = Decoded::new(&bytes).unwrap();
        assert_eq!(decoded.progress, progress);
        assert!(decoded.fits(&[("a", &[0.0; 3]), ("none", &[])]));
        assert!(!decoded.fits(&[("a", &[0.0; 2])]) && !decoded.fits(&[("b", &[])]));
        let mut back = [0.0f32; 3];
        decoded.copy("a", &mut back);
        assert_eq!(back.map(f32::to_bits), numbers.map(f32::to_bits));
    }

    #[test]
    fn other_bytes_are_no_state() {
        assert!(Decoded::new(b"").is_none() && Decoded::new(&[7; 100]).is_none());
        let plain = safetensors::serialize(Vec::<(&str, TensorView<'_>)>::new(), None).unwrap();
        assert!(Decoded::new(&plain).is_none());
    }
}

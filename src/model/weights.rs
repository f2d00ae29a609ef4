//! Weights files: safetensors, `f32`, tensors in a fixed order. Knows names and shapes, no layers.

use std::io;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::network::{Named, Network, Place, Weights};
use super::train::TrainError;

/// Writes the tensors of one part, or of all.
pub(super) fn save(network: &Network, weights: &Weights<f32>, part: Option<&str>, path: &Path) -> io::Result<()> {
    let chosen: Vec<(&Named, Vec<u8>)> = network
        .tensors
        .iter()
        .filter(|tensor| part.is_none_or(|part| part == tensor.part))
        .map(|tensor| (tensor, values(weights, tensor).iter().flat_map(|x| x.to_le_bytes()).collect()))
        .collect();
    let views = chosen
        .iter()
        .map(|(tensor, bytes)| Ok((&tensor.name, TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let bytes = views.and_then(|views| safetensors::serialize(views, None)).map_err(io::Error::other)?;
    std::fs::write(path, bytes)
}

fn values<'a>(weights: &'a Weights<f32>, tensor: &Named) -> &'a [f32] {
    match &tensor.place {
        Place::Parameters(place) => &weights.parameters.values()[place.clone()],
        Place::State(place) => &weights.state[place.clone()],
    }
}

/// Reads all tensors of a network; the file must hold exactly these.
pub(super) fn load(network: &Network, weights: &mut Weights<f32>, path: &Path) -> Result<(), TrainError> {
    let invalid = |why: String| TrainError::Invalid(format!("{}: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| invalid(error.to_string()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| invalid(error.to_string()))?;
    if file.len() != network.tensors.len() {
        return Err(invalid(format!("holds {} tensors, the model has {}", file.len(), network.tensors.len())));
    }
    for tensor in &network.tensors {
        let view = file.tensor(&tensor.name).map_err(|error| invalid(error.to_string()))?;
        if view.dtype() != Dtype::F32 || view.shape() != tensor.shape {
            let (dtype, shape) = (view.dtype(), view.shape());
            return Err(invalid(format!("`{}` is {dtype:?} {shape:?}, not F32 {:?}", tensor.name, tensor.shape)));
        }
        let into = match &tensor.place {
            Place::Parameters(place) => &mut weights.parameters.values_mut()[place.clone()],
            Place::State(place) => &mut weights.state[place.clone()],
        };
        for (value, bytes) in into.iter_mut().zip(view.data().as_chunks::<4>().0) {
            *value = f32::from_le_bytes(*bytes);
        }
    }
    Ok(())
}

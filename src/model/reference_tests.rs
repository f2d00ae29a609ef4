//! Whole models against PyTorch: loss and gradient on fixed images with fixed weights
//! (`tests/reference/torch_models.py` wrote the numbers).

use dfdx::prelude::{Backward, Cpu, TensorFromVec, Trace};
use serde::Deserialize;

use super::network::{Network, Pass, Place, Weights};
use super::tests::layers;
use crate::tensor::activation::Activation;
use crate::tensor::check::values;
use crate::tensor::float::Float;
use crate::tensor::gaussian::Draw;
use crate::tensor::loss::Loss;
use crate::tensor::parameters::Parameters;
use crate::tensor::storage::{Matrix, Scratch};

#[derive(Deserialize)]
struct Reference {
    dense: Model,
    tied: Model,
    conv: Model,
    wide: Model,
}

#[derive(Deserialize)]
struct Model {
    loss: f64,
    /// One tensor after another; of large ones some numbers, as [`kept`].
    gradient: Vec<f64>,
    /// How many numbers those are, and which tensor's.
    #[serde(skip)]
    tensors: Vec<(String, usize)>,
}

/// The numbers of a tensor that the script keeps.
fn kept(tensor: &[f64]) -> Vec<f64> {
    tensor.iter().copied().step_by(if tensor.len() > 1000 { 7 } else { 1 }).collect()
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../tests/reference/torch_models.json")).unwrap()
}

fn to<E: Float>(values: impl IntoIterator<Item = f64>) -> Vec<E> {
    values.into_iter().map(E::of).collect()
}

/// Loss and gradient of a model whose head is a sigmoid.
fn computed<E: Float>(texts: &[&str], input: [usize; 3], count: usize, loss: &Loss) -> Model {
    measured(Network::new::<E>(&[("model", &layers(texts))], input, 1, false).unwrap(), count, loss)
}

fn measured<E: Float>((network, mut weights): (Network, Weights<E>), count: usize, loss: &Loss) -> Model {
    let input = network.input;
    assert_eq!(network.head, Activation::Sigmoid);
    let parameters = weights.parameters.values().len();
    weights.parameters = Parameters::new(to(values(parameters, 7).into_iter().map(|value| value * 0.4)));
    let size = input.iter().product::<usize>();
    let images = to(values(count * size, 3).into_iter().map(|value| (value + 1.02) / 2.04));
    let images: Matrix<E> = Cpu::default().tensor_from_vec(images, (count, size));
    let (scratch, moments) = (Scratch::default(), &mut vec![E::default(); weights.state.len()][..]);
    let draw = Draw { key: 0, first_row: 0, weight: 0.0 };
    let mut pass = Pass { scratch: &scratch, moments, draw, divergence: &mut [] };
    let traced = images.clone().traced(weights.parameters.begin(Vec::new()).unwrap());
    let mut outputs = network.train(&weights.parameters, traced, &mut pass);
    if !matches!(loss, Loss::BceLogits) {
        outputs = network.head.forward(outputs, network.output[2]);
    }
    let (scalar, sum) = loss.forward(outputs, &images, 1.0 / count as f64);
    let gradient = weights.parameters.end(scalar.backward()).unwrap();
    let all: Vec<f64> = gradient.into_iter().map(Float::wide).collect();
    let (mut gradient, mut tensors) = (vec![], vec![]);
    for tensor in &network.tensors {
        let Place::Parameters(place) = &tensor.place else { continue };
        let numbers = kept(&all[place.clone()]);
        tensors.push((tensor.name.clone(), numbers.len()));
        gradient.extend(numbers);
    }
    Model { loss: sum / count as f64, gradient, tensors }
}

fn length(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn assert_close(found: &Model, wanted: &Model, tolerance: f64) {
    assert!((found.loss - wanted.loss).abs() < tolerance * wanted.loss, "{} {}", found.loss, wanted.loss);
    assert_eq!(found.gradient.len(), wanted.gradient.len());
    let mut first = 0;
    for (name, count) in &found.tensors {
        let [found, wanted] = [found, wanted].map(|model| &model.gradient[first..first + count]);
        let error = length(found.iter().zip(wanted).map(|(a, b)| a - b)) / length(wanted.iter().copied());
        assert!(error < tolerance, "{name}: relative error {error}");
        first += count;
    }
    assert_eq!(first, wanted.gradient.len());
}

const DENSE: [&str; 4] = ["dense 8 relu", "dense 3", "dense 8 relu", "dense 12 sigmoid"];
const CONV: [&str; 14] = [
    "conv 4 3x3 relu",
    "maxpool 2",
    "conv 3 3x3 relu",
    "maxpool 2",
    "flatten",
    "dense 5",
    "dense 12 relu",
    "reshape 2x2x3",
    "conv 3 3x3 relu",
    "upsample 2",
    "conv 4 3x3 relu",
    "convtranspose 4 2x2 stride 2 relu",
    "conv 1 3x3",
    "sigmoid",
];

/// Computed in tiles, but for the first and the last layer.
const WIDE: [&str; 8] = [
    "conv 16 3x3 relu",
    "conv 32 3x3 relu",
    "maxpool 2",
    "upsample 2",
    "conv 16 3x3 relu",
    "batchnorm",
    "conv 1 3x3",
    "sigmoid",
];

#[test]
fn a_dense_autoencoder_has_pytorchs_loss_and_gradient() {
    let wanted = reference().dense;
    assert_close(&computed::<f64>(&DENSE, [1, 1, 12], 5, &Loss::BceLogits), &wanted, 1e-12);
    assert_close(&computed::<f32>(&DENSE, [1, 1, 12], 5, &Loss::BceLogits), &wanted, 1e-5);
}

#[test]
fn a_dense_autoencoder_with_tied_weights_has_pytorchs_loss_and_gradient() {
    let (wanted, encoder, decoder) = (reference().tied, layers(&DENSE[..2]), layers(&DENSE[2..]));
    let parts = [("encoder", &encoder[..]), ("decoder", &decoder[..])];
    let tied = Network::new::<f64>(&parts, [1, 1, 12], 1, true).unwrap();
    assert_close(&measured(tied, 5, &Loss::BceLogits), &wanted, 1e-12);
    let tied = Network::new::<f32>(&parts, [1, 1, 12], 1, true).unwrap();
    assert_close(&measured(tied, 5, &Loss::BceLogits), &wanted, 1e-5);
}

#[test]
fn a_convolutional_autoencoder_has_pytorchs_loss_and_gradient() {
    let wanted = reference().conv;
    assert_close(&computed::<f64>(&CONV, [8, 8, 1], 3, &Loss::Mse), &wanted, 1e-12);
    assert_close(&computed::<f32>(&CONV, [8, 8, 1], 3, &Loss::Mse), &wanted, 1e-5);
}

#[test]
fn convolutions_in_tiles_and_batch_normalization_have_pytorchs_loss_and_gradient() {
    let wanted = reference().wide;
    assert_close(&computed::<f64>(&WIDE, [8, 8, 1], 3, &Loss::Mse), &wanted, 1e-12);
    assert_close(&computed::<f32>(&WIDE, [8, 8, 1], 3, &Loss::Mse), &wanted, 1e-5);
}

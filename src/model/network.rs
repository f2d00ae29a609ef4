//! Layers compiled to operations, and the numbers they work with. Knows no data and no training.

use std::ops::Range;

use dfdx::prelude::{Cpu, OwnedTape};

use crate::tensor::activation::Activation;
use crate::tensor::batch_norm::BatchNorm;
use crate::tensor::conv_transpose2d::ConvTranspose2d;
use crate::tensor::conv2d::Conv2d;
use crate::tensor::dense::Dense;
use crate::tensor::dropout::{Dropout, mix};
use crate::tensor::float::Float;
use crate::tensor::gaussian::{Draw, Gaussian};
use crate::tensor::parameters::Parameters;
use crate::tensor::pool::{Pool, Upsample};
use crate::tensor::storage::{Matrix, Scratch};

use super::builder::{Builder, Owner};
use super::layer::LayerSpec;
use super::shape::{self, LayerInfo};
use super::tie;
use super::train::TrainError;

/// An operation with its sizes and the places of its numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Dense(Dense),
    Conv(Conv2d),
    ConvTranspose(ConvTranspose2d),
    Pool(Pool),
    Upsample(Upsample),
    BatchNorm(BatchNorm),
    Dropout(Dropout),
    Gaussian(Gaussian),
    Activation(Activation, usize),
}

/// A named tensor of a network, as it is written to files.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Which part it belongs to.
    pub part: &'static str,
    /// `<part>.<layer>.<tensor>`.
    pub name: String,
    pub shape: Vec<usize>,
    pub place: Place,
}

/// Where a tensor's numbers are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Parameters(Range<usize>),
    State(Range<usize>),
}

/// A network's numbers: trainable ones, and the running statistics of its batch normalizations.
#[derive(Clone)]
pub(super) struct Weights<E: Float> {
    pub parameters: Parameters<E>,
    pub state: Vec<E>,
}

/// The operations of one or more parts in a row. The activation at the very end, the head, is kept apart, because a
/// loss may take what comes before it.
pub(super) struct Network {
    ops: Vec<Op>,
    /// Where each part's operations end.
    ends: Vec<usize>,
    pub head: Activation,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub tensors: Vec<Named>,
    /// Layers of each part.
    pub layers: Vec<Vec<LayerInfo>>,
}

/// What one part of a batch needs on its way through the network in training.
pub(super) struct Pass<'a, E> {
    pub scratch: &'a Scratch<E>,
    /// Batch statistics, laid out as `Weights::state`.
    pub moments: &'a mut [E],
    /// What dropout masks and codes are drawn with.
    pub draw: Draw,
    /// Sums over the part's rows of the codes' divergence in each dimension, where the network draws codes.
    pub divergence: &'a mut [f64],
}

/// Which of a network's parts samples go through.
#[derive(Clone, Copy)]
pub(super) enum Parts {
    All,
    First,
    /// Those after the first.
    Rest,
}

/// How codes are drawn in inference, and where their divergence goes.
pub(super) type Drawing<'a> = (Draw, &'a mut [f64]);

impl Network {
    /// Compiles parts in a row and draws their initial numbers. When `tied`, dense layers of the second part have the
    /// transposed weights of those of the first.
    pub fn new<E: Float>(
        parts: &[(&'static str, &[LayerSpec])],
        input: [usize; 3],
        seed: u64,
        tied: bool,
    ) -> Result<(Self, Weights<E>), TrainError> {
        let mut builder = Builder::new(seed);
        let (mut shape, mut ends, mut layers) = (input, Vec::new(), Vec::new());
        for (part, specs) in parts {
            let second = tied && layers.len() == 1;
            let infos = if second { tie::tied(parts[0].1, specs, input) } else { shape::infer(specs, shape) };
            let infos = infos.map_err(|error| TrainError::Shape { part, error })?;
            if second {
                let dense = |(index, op): (usize, &Op)| matches!(op, Op::Dense(_)).then_some(index);
                builder.lenders = builder.ops.iter().enumerate().filter_map(dense).collect();
            }
            for (index, spec) in specs.iter().enumerate() {
                builder.layer(Owner { part, index }, spec, shape);
                shape = infos[index].output;
            }
            ends.push(builder.end_part());
            layers.push(infos);
        }
        let head = builder.split_head(ends.len().checked_sub(2).map_or(0, |part| ends[part]), shape[2]);
        if let Some(end) = ends.last_mut() {
            *end = builder.ops.len();
        }
        let to_numbers = |values: Vec<f64>| values.into_iter().map(E::of).collect::<Vec<E>>();
        let weights =
            Weights { parameters: Parameters::new(to_numbers(builder.parameters)), state: to_numbers(builder.state) };
        Ok((Self { ops: builder.ops, ends, head, input, output: shape, tensors: builder.tensors, layers }, weights))
    }

    /// Whether it works on images, and so is better fed few samples at a time.
    pub fn is_convolutional(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Conv(_) | Op::ConvTranspose(_) | Op::Pool(_)))
    }

    /// Numbers in an input and in an output.
    pub fn sizes(&self) -> (usize, usize) {
        (self.input.iter().product(), self.output.iter().product())
    }

    /// Refuses samples that have not as many numbers as an input.
    pub fn check_samples(&self, shape: [usize; 3]) -> Result<(), TrainError> {
        if shape.iter().product::<usize>() == self.sizes().0 {
            return Ok(());
        }
        let (got, needs) = (shape::describe(shape), shape::describe(self.input));
        Err(TrainError::Invalid(format!("the samples are {got}, and the model takes {needs}")))
    }

    /// Where the biases of the last layer are, when that is a dense or convolution layer with no activation before the
    /// head.
    pub fn last_biases(&self) -> Option<Range<usize>> {
        let (bias, count, activation) = match self.ops.last()? {
            Op::Dense(dense) => (dense.bias, dense.outputs, dense.activation),
            Op::Conv(conv) => (conv.bias, conv.outputs, conv.activation),
            Op::ConvTranspose(conv) => (conv.bias, conv.outputs(), conv.activation),
            _ => return None,
        };
        (activation == Activation::Linear).then_some(bias..bias + count)
    }

    /// All of the network but its head, on the tape, in training mode.
    pub fn train<E: Float>(
        &self,
        parameters: &Parameters<E>,
        input: Matrix<E, OwnedTape<E, Cpu>>,
        pass: &mut Pass<'_, E>,
    ) -> Matrix<E, OwnedTape<E, Cpu>> {
        let mut x = input;
        for (index, op) in self.ops.iter().enumerate() {
            let draw = Draw { key: mix(pass.draw.key, index as u64), ..pass.draw };
            x = match op {
                Op::Dense(dense) => dense.forward(x, parameters, index > 0),
                Op::Conv(conv) => conv.forward(x, parameters, pass.scratch, index > 0),
                Op::ConvTranspose(conv) => conv.forward(x, parameters, pass.scratch, index > 0),
                Op::Pool(pool) => pool.forward(x),
                Op::Upsample(upsample) => upsample.forward(x),
                Op::BatchNorm(norm) => norm.train(x, parameters, &mut pass.moments[norm.running..][..2 * norm.width]),
                Op::Dropout(dropout) => dropout.train(x, draw.key, draw.first_row),
                Op::Gaussian(gaussian) => gaussian.train(x, draw, pass.divergence),
                Op::Activation(activation, width) => activation.forward(x, *width),
            };
        }
        x
    }

    /// The batch normalizations, whose running statistics follow the batches'.
    pub fn norms(&self) -> impl Iterator<Item = &BatchNorm> {
        self.ops.iter().filter_map(|op| if let Op::BatchNorm(norm) = op { Some(norm) } else { None })
    }

    /// The operations in order.
    #[cfg(any(test, feature = "cuda"))]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Dimensions of the codes that the network draws; 0 when it draws none.
    pub fn drawn(&self) -> usize {
        let widths = self.ops.iter().map(|op| if let Op::Gaussian(gaussian) = op { gaussian.width } else { 0 });
        widths.max().unwrap_or(0)
    }

    /// These parts in inference mode, but for the network's head. Codes are drawn when `drawing` says how; else they are
    /// the means.
    pub fn infer<E: Float>(
        &self,
        parts: Parts,
        weights: &Weights<E>,
        x: Matrix<E>,
        scratch: &Scratch<E>,
        mut drawing: Option<Drawing<'_>>,
    ) -> Matrix<E> {
        let parameters = &weights.parameters;
        let (first, rest) = self.ops.split_at(self.ends[0]);
        let ops = match parts {
            Parts::All => &self.ops,
            Parts::First => first,
            Parts::Rest => rest,
        };
        ops.iter().fold(x, |x, op| match op {
            Op::Dense(dense) => dense.forward(x, parameters, false),
            Op::Conv(conv) => conv.forward(x, parameters, scratch, false),
            Op::ConvTranspose(conv) => conv.forward(x, parameters, scratch, false),
            Op::Pool(pool) => pool.forward(x),
            Op::Upsample(upsample) => upsample.forward(x),
            Op::BatchNorm(norm) => norm.infer(&x, parameters, &weights.state),
            Op::Dropout(_) => x,
            Op::Gaussian(gaussian) => match &mut drawing {
                Some((draw, divergence)) => gaussian.train(x, *draw, divergence),
                None => gaussian.means(&x),
            },
            Op::Activation(activation, width) => activation.forward(x, *width),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::layers;
    use crate::tensor::check::{gradient_error, matrix};
    use crate::tensor::storage::numbers;

    const DRAW: Draw = Draw { key: 1, first_row: 0, weight: 0.0 };

    fn network(texts: &[&str], input: [usize; 3]) -> (Network, Weights<f64>) {
        Network::new(&[("model", &layers(texts))], input, 3, false).unwrap()
    }

    /// Of so many samples.
    fn output(network: &Network, weights: &Weights<f64>, rows: usize) -> Vec<f64> {
        let x = matrix(rows, network.sizes().0, 1);
        numbers(&network.infer(Parts::All, weights, x, &Scratch::default(), None)).to_vec()
    }

    #[test]
    fn the_gradient_through_a_whole_network_agrees_with_differences() {
        // The first layer passes no gradient to the input; here that is an activation, which always does.
        let texts = [
            "tanh",
            "conv 3 3x3 same",
            "batchnorm",
            "leaky_relu",
            "maxpool 2",
            "dropout 0.3",
            "conv 2 3x3 same tanh",
            "upsample 2",
            "conv 2 2x2 tanh",
            "upsample 2",
            "reshape 18x8x2",
            "conv 1 3x3",
            "reshape 12x12x1",
            "maxpool 2",
            "convtranspose 2 3x3 stride 2 tanh",
            "conv 2 3x3 stride 2 valid gelu",
            "flatten",
            "gaussian 3",
            "dense 4 elu",
            "dense 3 softmax",
            "identity",
        ];
        let (network, weights) = network(&texts, [6, 6, 2]);
        assert_eq!(network.head, Activation::Softmax);
        let scratch = Scratch::default();
        let error = gradient_error(&matrix(4, 72, 5), weights.parameters.values(), |x, parameters| {
            let mut moments = vec![0.0; weights.state.len()];
            let mut pass = Pass { scratch: &scratch, moments: &mut moments, draw: DRAW, divergence: &mut [0.0; 3] };
            network.head.forward(network.train(parameters, x, &mut pass), 3)
        });
        assert!(error < 1e-7, "{error}");
    }

    #[test]
    fn the_gradient_of_a_tied_network_agrees_with_differences() {
        let encoder = layers(&["tanh", "conv 2 3x3 same tanh", "dense 5 tanh", "dense 3"]);
        let decoder = layers(&["dense 5 elu", "dense 32 tanh", "reshape 4x4x2", "conv 1 3x3"]);
        let parts = [("encoder", &encoder[..]), ("decoder", &decoder[..])];
        let (network, weights) = Network::new::<f64>(&parts, [4, 4, 1], 3, true).unwrap();
        assert_eq!(weights.parameters.values().len(), 20 + (32 * 5 + 5) + (5 * 3 + 3) + 5 + 32 + 19);
        let names: Vec<&str> = network.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names[6..], ["decoder.0.bias", "decoder.1.bias", "decoder.3.weight", "decoder.3.bias"]);
        let scratch = Scratch::default();
        let error = gradient_error(&matrix(4, 16, 5), weights.parameters.values(), |x, parameters| {
            let mut pass = Pass { scratch: &scratch, moments: &mut [], draw: DRAW, divergence: &mut [] };
            network.train(parameters, x, &mut pass)
        });
        assert!(error < 1e-7, "{error}");
    }

    #[test]
    fn an_activation_written_as_a_layer_joins_the_one_before() {
        let (joined, _) = network(&["dense 4", "relu", "dense 2"], [1, 1, 3]);
        let (written, weights) = network(&["dense 4 relu", "dense 2"], [1, 1, 3]);
        assert_eq!((joined.ops.len(), written.ops.len()), (2, 2));
        assert_eq!(output(&joined, &weights, 2), output(&written, &weights, 2));
    }

    #[test]
    fn a_reshape_between_upsampling_and_a_convolution_counts() {
        for (texts, ops) in [
            (["upsample 2", "reshape 28x14x1", "conv 2 3x3"], 2),
            (["upsample 2", "reshape 14x14x2", "conv 2 3x3"], 1),
            (["upsample 2", "reshape 14x28x1", "conv 2 3x3 valid"], 2),
        ] {
            let apart = [texts[0], "dropout 0", texts[1], texts[2]];
            let ((joined, weights), (apart, _)) = (network(&texts, [7, 7, 2]), network(&apart, [7, 7, 2]));
            assert_eq!((joined.ops.len(), apart.ops.len()), (ops, 3));
            let [joined, apart] = [joined, apart].map(|network| output(&network, &weights, 2));
            let worst = joined.iter().zip(apart).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-12, "{texts:?}: {worst}");
        }
    }

    #[test]
    fn a_softmax_stays_over_its_own_layer_when_a_reshape_follows() {
        let (network, weights) = network(&["dense 4 softmax", "reshape 2x2x1"], [1, 1, 3]);
        assert_eq!(network.head, Activation::Linear);
        let output = output(&network, &weights, 1);
        assert!(
            output.iter().all(|share| *share < 0.99) && (output.iter().sum::<f64>() - 1.0).abs() < 1e-12,
            "{output:?}"
        );
    }

    #[test]
    fn tensors_are_named_by_part_and_layer() {
        let (network, weights) = network(&["conv 2 3x3", "batchnorm", "flatten", "dense 3"], [4, 4, 1]);
        let names: Vec<String> = network.tensors.iter().map(|t| format!("{} {:?}", t.name, t.shape)).collect();
        assert_eq!(
            names,
            [
                "model.0.weight [3, 3, 1, 2]",
                "model.0.bias [2]",
                "model.1.weight [2]",
                "model.1.bias [2]",
                "model.1.running_mean [2]",
                "model.1.running_var [2]",
                "model.3.weight [32, 3]",
                "model.3.bias [3]",
            ]
        );
        assert_eq!(weights.state, [0.0, 0.0, 1.0, 1.0]);
    }
}

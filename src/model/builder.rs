//! Compiles layers to operations: each layer's weights are drawn, activations join the layer before, upsampling joins the
//! convolution behind it. Knows no data and no training.

use crate::tensor::activation::Activation;
use crate::tensor::batch_norm::BatchNorm;
use crate::tensor::conv_transpose2d::{ConvTranspose2d, Spread};
use crate::tensor::conv2d::Conv2d;
use crate::tensor::dense::{Dense, Tie};
use crate::tensor::dropout::Dropout;
use crate::tensor::gaussian::Gaussian;
use crate::tensor::pool::{Pool, Upsample};
use crate::tensor::window::Windows;

use super::init::{self, Init};
use super::layer::{Convolution, LayerKind, LayerSpec};
use super::network::{Named, Op, Place};
use super::shape;

/// Whose tensors are: a part of the network, and a layer's place in it.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub part: &'static str,
    pub index: usize,
}

impl Owner {
    fn name(self, tensor: &str) -> String {
        format!("{}.{}.{tensor}", self.part, self.index)
    }
}

/// A network under construction.
#[derive(Default)]
pub(super) struct Builder {
    /// Of the initial weights.
    seed: u64,
    pub ops: Vec<Op>,
    pub parameters: Vec<f64>,
    pub state: Vec<f64>,
    pub tensors: Vec<Named>,
    /// Number of operations of the parts before.
    part: usize,
    /// Whether an activation layer may join the operation before it: that is a dense or convolution layer of the same
    /// part without activation.
    joins: bool,
    /// Places among `ops` of the dense layers whose weights later dense layers take over, the last of them first.
    pub lenders: Vec<usize>,
}

impl Builder {
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Ends a part: what comes next joins nothing before. Gives where its operations end.
    pub fn end_part(&mut self) -> usize {
        self.joins = false;
        self.part = self.ops.len();
        self.part
    }

    /// Adds a layer that gets images of shape `input`.
    pub fn layer(&mut self, owner: Owner, spec: &LayerSpec, input: [usize; 3]) {
        let windows = || shape::windows(spec, input).expect("shape inference has accepted this layer");
        let joins = std::mem::take(&mut self.joins);
        match &spec.kind {
            LayerKind::Dense { units, activation, init } => {
                match self.lenders.pop() {
                    Some(lender) => self.borrowing_dense(owner, lender),
                    None => self.dense(owner, input.iter().product(), *units, *init),
                }
                self.joins = true;
                self.activation(*activation, *units);
            }
            LayerKind::Gaussian { units, init } => {
                self.dense(owner, input.iter().product(), 2 * units, *init);
                self.ops.push(Op::Gaussian(Gaussian { width: *units }));
            }
            LayerKind::Conv(convolution) => {
                self.conv(owner, convolution, windows());
                self.joins = true;
                self.activation(convolution.activation, convolution.filters);
            }
            LayerKind::ConvTranspose(convolution) => {
                self.conv_transpose(owner, convolution, input);
                self.joins = true;
                self.activation(convolution.activation, convolution.filters);
            }
            LayerKind::Pool { kind, .. } => self.ops.push(Op::Pool(Pool { kind: *kind, windows: windows() })),
            LayerKind::Upsample { factor } => self.ops.push(Op::Upsample(Upsample { image: input, factor: *factor })),
            LayerKind::Flatten | LayerKind::Reshape { .. } => {}
            LayerKind::Dropout { rate } => self.ops.push(Op::Dropout(Dropout { rate: *rate })),
            LayerKind::BatchNorm => self.batch_norm(owner, input[2]),
            LayerKind::Activation { activation } => {
                self.joins = joins;
                self.activation(*activation, input[2]);
            }
        }
    }

    /// Takes an upsampling back that a convolution over `windows` can do on its way; gives its factor, 1 for none. Its
    /// images must be those of the windows: a reshape between the two leaves no operation.
    fn upsampled_before(&mut self, windows: &Windows) -> usize {
        match self.ops.get(self.part..).and_then(<[Op]>::last) {
            Some(Op::Upsample(before)) if windows.stride == [1, 1] && before.output() == windows.shape() => {
                let factor = before.factor;
                self.ops.pop();
                factor
            }
            _ => 1,
        }
    }

    fn dense(&mut self, owner: Owner, inputs: usize, outputs: usize, init: Init) {
        let weight = self.weights(owner, vec![inputs, outputs], init, [inputs, outputs]);
        let bias = self.constants(owner, "bias", outputs, 0.0);
        self.ops.push(Op::Dense(Dense {
            inputs,
            outputs,
            weight,
            bias,
            activation: Activation::Linear,
            tie: Tie::Free,
        }));
    }

    /// A dense layer that mirrors the one at `lender`.
    fn borrowing_dense(&mut self, owner: Owner, lender: usize) {
        let Op::Dense(lending) = &mut self.ops[lender] else { unreachable!("lenders are dense layers") };
        lending.tie = Tie::Lent;
        let Dense { inputs: outputs, outputs: inputs, weight, .. } = *lending;
        let bias = self.constants(owner, "bias", outputs, 0.0);
        let tie = Tie::Borrowed;
        self.ops.push(Op::Dense(Dense { inputs, outputs, weight, bias, activation: Activation::Linear, tie }));
    }

    fn conv(&mut self, owner: Owner, &Convolution { filters, init, .. }: &Convolution, windows: Windows) {
        let upsample = self.upsampled_before(&windows);
        let [down, across] = windows.kernel;
        let shape = [down, across, windows.channels, filters];
        let weight = self.kernel(owner, shape, init);
        let bias = self.constants(owner, "bias", filters, 0.0);
        let activation = Activation::Linear;
        self.ops.push(Op::Conv(Conv2d { windows, upsample, outputs: filters, weight, bias, activation }));
    }

    fn conv_transpose(&mut self, owner: Owner, layer: &Convolution, input: [usize; 3]) {
        let spread = Spread { windows: shape::windows_back(layer, input), inputs: input[2] };
        let [down, across] = layer.kernel;
        let weight = self.kernel(owner, [down, across, layer.filters, spread.inputs], layer.init);
        let bias = self.constants(owner, "bias", layer.filters, 0.0);
        self.ops.push(Op::ConvTranspose(ConvTranspose2d { spread, weight, bias, activation: Activation::Linear }));
    }

    /// A convolution's weights, with fans as in Keras.
    fn kernel(&mut self, owner: Owner, shape: [usize; 4], init: Init) -> usize {
        let [down, across, first, second] = shape;
        self.weights(owner, shape.to_vec(), init, [down * across * first, down * across * second])
    }

    fn batch_norm(&mut self, owner: Owner, width: usize) {
        let scale = self.constants(owner, "weight", width, 1.0);
        let offset = self.constants(owner, "bias", width, 0.0);
        let running = self.running(owner, "running_mean", width, 0.0);
        self.running(owner, "running_var", width, 1.0);
        self.ops.push(Op::BatchNorm(BatchNorm { width, scale, offset, running }));
    }

    /// Adds an activation, inside the operation before it where that is possible.
    fn activation(&mut self, activation: Activation, width: usize) {
        if activation == Activation::Linear {
            return;
        }
        match self.ops.last_mut() {
            Some(
                Op::Dense(Dense { activation: inside, .. })
                | Op::Conv(Conv2d { activation: inside, .. })
                | Op::ConvTranspose(ConvTranspose2d { activation: inside, .. }),
            ) if self.joins && activation.is_fusable() => {
                *inside = activation;
            }
            _ => self.ops.push(Op::Activation(activation, width)),
        }
        self.joins = false;
    }

    /// Takes the last activation off, if the last part ends in one.
    pub fn split_head(&mut self, first: usize, width: usize) -> Activation {
        if self.ops.len() <= first {
            return Activation::Linear;
        }
        match self.ops.last_mut() {
            // Softmax belongs to the layer's own width, which a reshape may have changed.
            Some(Op::Dense(Dense { activation, outputs, .. }) | Op::Conv(Conv2d { activation, outputs, .. }))
                if *activation != Activation::Softmax || *outputs == width =>
            {
                std::mem::replace(activation, Activation::Linear)
            }
            Some(Op::ConvTranspose(layer)) if layer.activation != Activation::Softmax || layer.outputs() == width => {
                std::mem::replace(&mut layer.activation, Activation::Linear)
            }
            Some(Op::Activation(activation, inside)) if *inside == width => {
                let head = *activation;
                self.ops.pop();
                head
            }
            _ => Activation::Linear,
        }
    }

    fn weights(&mut self, owner: Owner, shape: Vec<usize>, init: Init, [fan_in, fan_out]: [usize; 2]) -> usize {
        let (first, count) = (self.parameters.len(), shape.iter().product());
        let mut stream = init::stream(self.seed, &owner.name("weight"), 0);
        self.parameters.extend(init.draw(count, fan_in, fan_out, &mut stream));
        self.add(owner, "weight", shape, Place::Parameters(first..first + count));
        first
    }

    fn constants(&mut self, owner: Owner, tensor: &str, count: usize, value: f64) -> usize {
        let first = self.parameters.len();
        self.parameters.resize(first + count, value);
        self.add(owner, tensor, vec![count], Place::Parameters(first..first + count));
        first
    }

    fn running(&mut self, owner: Owner, tensor: &str, count: usize, value: f64) -> usize {
        let first = self.state.len();
        self.state.resize(first + count, value);
        self.add(owner, tensor, vec![count], Place::State(first..first + count));
        first
    }

    fn add(&mut self, owner: Owner, tensor: &str, shape: Vec<usize>, place: Place) {
        self.tensors.push(Named { part: owner.part, name: owner.name(tensor), shape, place });
    }
}

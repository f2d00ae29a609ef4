//! Layers as people write them: `dense 256 relu`, `conv 32 3x3 same relu`, `maxpool 2`. Knows no shapes of data.

mod parse;

use std::fmt;

use crate::tensor::activation::{self, Activation};
use crate::tensor::pool::PoolKind;
use crate::tensor::window::Padding;

use super::init::{self, Init};

/// One layer of a network, parsed from its text.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpec {
    pub(super) kind: LayerKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum LayerKind {
    Dense { units: usize, activation: Activation, init: Init },
    Conv(Convolution),
    ConvTranspose(Convolution),
    Pool { kind: PoolKind, size: [usize; 2], stride: [usize; 2] },
    Upsample { factor: usize },
    Gaussian { units: usize, init: Init },
    Flatten,
    Reshape { shape: [usize; 3] },
    Dropout { rate: f64 },
    BatchNorm,
    Activation { activation: Activation },
}

/// What a convolution and a transposed one are written with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Convolution {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: Padding,
    pub activation: Activation,
    pub init: Init,
}

/// A layer's text that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LayerError {
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl LayerError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// Every kind of layer: its word, what it looks like, and what it does.
const LAYERS: [(&str, &str, &str); 12] = [
    (
        "dense",
        "dense 256 relu",
        "every output a weighted sum of all inputs, plus a bias; flattens images first; `dense image` gives as many numbers as an image has",
    ),
    (
        "conv",
        "conv 32 3x3 stride 2 same relu",
        "2-d convolution; `stride` defaults to 1, padding to `same`; `same` and `valid` are Keras' (with `same` an odd zero goes below and to the right)",
    ),
    (
        "convtranspose",
        "convtranspose 32 3x3 stride 2 same relu",
        "transposed 2-d convolution: makes images larger by the stride; defaults as for `conv`",
    ),
    ("maxpool", "maxpool 2", "the largest of each window; `stride` defaults to the window"),
    ("avgpool", "avgpool 2", "the mean of each window; `stride` defaults to the window"),
    ("upsample", "upsample 2", "repeats rows and columns (nearest neighbor)"),
    (
        "gaussian",
        "gaussian 20",
        "the code of a variational autoencoder, drawn from a normal distribution learned for each sample; last in an encoder",
    ),
    ("flatten", "flatten", "an image as one row of numbers"),
    (
        "reshape",
        "reshape 7x7x64",
        "a row of numbers as an image: height, width, channels; `reshape image` is the data's shape, `reshape image/4x64` a quarter of its height and width and 64 channels (`dense image/4x64` gives as many numbers)",
    ),
    ("dropout", "dropout 0.2", "zeroes that share of the numbers in training"),
    (
        "batchnorm",
        "batchnorm",
        "batch normalization over the channels; in training, over each part a batch is computed in",
    ),
    ("identity", "identity", "nothing (also `none`)"),
];

/// All that may be written in a list of layers: an example, and what it means.
pub fn reference() -> Vec<(String, String)> {
    let names = |all: &[&str]| all.join("`, `");
    let mut rows: Vec<(String, String)> =
        LAYERS.iter().map(|(_, example, meaning)| ((*example).to_owned(), (*meaning).to_owned())).collect();
    let activations: Vec<&str> = activation::NAMES.iter().map(|(name, _)| *name).collect();
    let inits: Vec<&str> = init::NAMES.iter().map(|(name, _)| *name).collect();
    rows.push((
        "relu".into(),
        format!(
            "an activation, as a layer of its own or after `dense`, `conv` and `convtranspose`: `{}`",
            names(&activations)
        ),
    ));
    rows.push((
        "dense 256 relu init he_normal".into(),
        format!(
            "`init` says how weights are drawn, of layers that have any: `{}`; default `glorot_uniform`",
            names(&inits)
        ),
    ));
    rows
}

impl LayerSpec {
    /// Whether all it gives lies in the range of what it gets.
    pub(super) fn keeps_range(&self) -> bool {
        use LayerKind::{Flatten, Pool, Reshape, Upsample};
        matches!(self.kind, Flatten | Reshape { .. } | Upsample { .. } | Pool { .. }) || self.is_identity()
    }

    fn is_identity(&self) -> bool {
        self.kind == LayerKind::Activation { activation: Activation::Linear }
    }

    /// The function it ends with; `None` for layers that are written without one.
    pub(super) fn activation(&self) -> Option<Activation> {
        match &self.kind {
            LayerKind::Dense { activation, .. } | LayerKind::Activation { activation } => Some(*activation),
            LayerKind::Conv(convolution) | LayerKind::ConvTranspose(convolution) => Some(convolution.activation),
            _ => None,
        }
    }

    /// The same layer with another function at its end, where it has one.
    pub(super) fn with_activation(&self, wanted: Activation) -> Option<Self> {
        let mut layer = self.clone();
        match &mut layer.kind {
            LayerKind::Dense { activation, .. } | LayerKind::Activation { activation } => *activation = wanted,
            LayerKind::Conv(convolution) | LayerKind::ConvTranspose(convolution) => convolution.activation = wanted,
            _ => return None,
        }
        Some(layer)
    }

    /// Whether it is the code of a variational autoencoder.
    pub fn is_gaussian(&self) -> bool {
        matches!(self.kind, LayerKind::Gaussian { .. })
    }
}

impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LayerKind::Dense { units, activation, init } => {
                write!(f, "dense {units}")?;
                tail(f, *activation, *init)
            }
            LayerKind::Conv(convolution) => write!(f, "conv {convolution}"),
            LayerKind::ConvTranspose(convolution) => write!(f, "convtranspose {convolution}"),
            LayerKind::Pool { kind, size, stride } => {
                write!(f, "{} {}", if *kind == PoolKind::Max { "maxpool" } else { "avgpool" }, side(size))?;
                if stride == size { Ok(()) } else { write!(f, " stride {}", side(stride)) }
            }
            LayerKind::Upsample { factor } => write!(f, "upsample {factor}"),
            LayerKind::Gaussian { units, init } => {
                write!(f, "gaussian {units}")?;
                tail(f, Activation::Linear, *init)
            }
            LayerKind::Flatten => f.write_str("flatten"),
            LayerKind::Reshape { shape: [height, width, channels] } => write!(f, "reshape {height}x{width}x{channels}"),
            LayerKind::Dropout { rate } => write!(f, "dropout {rate}"),
            LayerKind::BatchNorm => f.write_str("batchnorm"),
            LayerKind::Activation { activation: Activation::Linear } => f.write_str("identity"),
            LayerKind::Activation { activation } => write!(f, "{activation}"),
        }
    }
}

impl fmt::Display for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}x{}", self.filters, self.kernel[0], self.kernel[1])?;
        if self.stride != [1, 1] {
            write!(f, " stride {}", side(&self.stride))?;
        }
        f.write_str(if self.padding == Padding::Same { " same" } else { " valid" })?;
        tail(f, self.activation, self.init)
    }
}

fn side(pair: &[usize; 2]) -> String {
    if pair[0] == pair[1] { pair[0].to_string() } else { format!("{}x{}", pair[0], pair[1]) }
}

fn tail(f: &mut fmt::Formatter<'_>, activation: Activation, init: Init) -> fmt::Result {
    if activation != Activation::Linear {
        write!(f, " {activation}")?;
    }
    if init == Init::GlorotUniform { Ok(()) } else { write!(f, " init {init}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<LayerSpec>().map_or_else(|error| panic!("{text}: {error}"), |layer| layer.to_string())
    }

    #[test]
    fn every_layer_has_a_text_that_is_read_back() {
        for text in [
            "dense 256 relu",
            "dense 10",
            "dense 10 tanh init he_normal",
            "conv 32 3x3 same relu",
            "conv 32 3x5 stride 2x1 valid",
            "convtranspose 16 4x4 stride 2 valid relu init he_normal",
            "maxpool 2",
            "maxpool 3 stride 2",
            "avgpool 2x3",
            "upsample 2",
            "gaussian 20 init he_normal",
            "flatten",
            "reshape 7x7x64",
            "dropout 0.2",
            "batchnorm",
            "identity",
            "sigmoid",
            "leaky_relu",
        ] {
            assert_eq!(canonical(text), text);
        }
        for (_, example, _) in LAYERS {
            assert_eq!(canonical(example), example);
        }
    }
}

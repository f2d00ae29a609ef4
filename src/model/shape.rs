//! Shape inference: what each layer gives for what it gets. Knows no numbers.

use crate::tensor::window::{Padding, Windows};

use super::layer::{Convolution, LayerKind, LayerSpec};

/// One layer of a network with its sizes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LayerInfo {
    /// Its canonical text.
    pub layer: String,
    /// Height, width, channels; a row of features is `[1, 1, features]`.
    pub output: [usize; 3],
    /// Trainable numbers.
    pub parameters: usize,
    /// Numbers of the windows that are copied out at once on the way through, at least; 0 for layers without any.
    #[serde(skip)]
    pub windows: usize,
}

/// A layer that does not fit what it gets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ShapeError {
    /// Which layer, from 0.
    pub index: usize,
    /// Which layer, what it got, what it needs.
    pub message: String,
    pub help: Option<String>,
}

/// More numbers than this in one layer are taken for a mistake.
const MOST_NUMBERS: usize = 1 << 31;

/// `28x28x1`, or `784 features`.
pub(super) fn describe([height, width, channels]: [usize; 3]) -> String {
    if height == 1 && width == 1 { format!("{channels} features") } else { format!("{height}x{width}x{channels}") }
}

/// Every layer with its output shape and trainable parameters, for inputs of `[height, width, channels]`.
pub fn infer(layers: &[LayerSpec], input: [usize; 3]) -> Result<Vec<LayerInfo>, ShapeError> {
    let mut shape = input;
    let mut infos = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate() {
        let (output, parameters) = step(layer, shape, &layers[..index]).map_err(|(needs, help)| ShapeError {
            index,
            message: format!("layer {} (`{layer}`) gets {}; {needs}", index + 1, describe(shape)),
            help,
        })?;
        let windows = windows_at_once(layer, shape);
        infos.push(LayerInfo { layer: layer.to_string(), output, parameters, windows });
        shape = output;
    }
    Ok(infos)
}

/// A `gaussian` layer that is not the last of an encoder; `in_encoder` tells whose `layers` these are.
pub fn misplaced_code(layers: &[LayerSpec], in_encoder: bool) -> Option<ShapeError> {
    let index = layers.iter().position(LayerSpec::is_gaussian)?;
    let layer = &layers[index];
    let message = format!("layer {} (`{layer}`) draws a code, which only the last layer of an encoder can", index + 1);
    let help = if in_encoder { "move it to the end of the encoder, or write `dense`" } else { "write `dense`" };
    let help = Some(help.to_owned());
    (!in_encoder || index + 1 < layers.len()).then_some(ShapeError { index, message, help })
}

type Misfit = (String, Option<String>);

fn misfit<T>(needs: impl Into<String>, help: &str) -> Result<T, Misfit> {
    Err((needs.into(), (!help.is_empty()).then(|| help.to_owned())))
}

/// Output shape and parameters of one layer, which comes after `before`.
fn step(layer: &LayerSpec, input: [usize; 3], before: &[LayerSpec]) -> Result<([usize; 3], usize), Misfit> {
    let features: usize = input.iter().product();
    let (output, parameters) = match &layer.kind {
        LayerKind::Dense { units, .. } => ([1, 1, *units], features.saturating_add(1).saturating_mul(*units)),
        LayerKind::Gaussian { units, .. } => {
            ([1, 1, *units], features.saturating_add(1).saturating_mul(units.saturating_mul(2)))
        }
        LayerKind::Conv(convolution) => {
            let windows = windows(layer, input)?;
            ([windows.down, windows.across, convolution.filters], parameters(convolution, input[2]))
        }
        LayerKind::ConvTranspose(convolution) => {
            needs_images(input)?;
            let windows = windows_back(convolution, input);
            ([windows.height, windows.width, convolution.filters], parameters(convolution, input[2]))
        }
        LayerKind::Pool { .. } => {
            let windows = windows(layer, input)?;
            ([windows.down, windows.across, input[2]], 0)
        }
        LayerKind::Upsample { factor } => {
            ([input[0].saturating_mul(*factor), input[1].saturating_mul(*factor), input[2]], 0)
        }
        LayerKind::Flatten => ([1, 1, features], 0),
        LayerKind::Reshape { shape } => {
            let wanted = shape.iter().fold(1usize, |product, side| product.saturating_mul(*side));
            if wanted != features {
                let needs = format!("that is {features} numbers, and the new shape needs {wanted}");
                return misfit(needs, &enough_numbers(before, features, *shape, wanted));
            }
            (*shape, 0)
        }
        LayerKind::BatchNorm => (input, 2 * input[2]),
        LayerKind::Dropout { .. } | LayerKind::Activation { .. } => (input, 0),
    };
    let numbers = output.iter().fold(1usize, |product, side| product.saturating_mul(*side));
    if numbers.max(parameters) > MOST_NUMBERS {
        return misfit("that would make more than two billion numbers", "use a smaller layer");
    }
    Ok((output, parameters))
}

/// What to do about a shape that wants another count of numbers: another layer before it, or another shape.
fn enough_numbers(before: &[LayerSpec], features: usize, shape: [usize; 3], wanted: usize) -> String {
    let keeps_count = |layer: &LayerSpec| {
        use LayerKind::{Activation, BatchNorm, Dropout, Flatten};
        matches!(layer.kind, Flatten | BatchNorm | Dropout { .. } | Activation { .. })
    };
    let giver = before.iter().rposition(|layer| !keeps_count(layer));
    let mut advice = format!("put `dense {wanted}` before it");
    if let Some((place, mut layer)) = giver.map(|place| (place, before[place].clone()))
        && let LayerKind::Dense { units, .. } = &mut layer.kind
    {
        *units = wanted;
        advice = format!("write `{layer}` as layer {}", place + 1);
    }
    let [height, width, _] = shape;
    let area = height.saturating_mul(width);
    if area > 0 && features.is_multiple_of(area) {
        format!("{advice}, or `reshape {height}x{width}x{}` here", features / area)
    } else {
        advice
    }
}

fn needs_images(input: [usize; 3]) -> Result<(), Misfit> {
    match input {
        [1, 1, _] => misfit("it needs images", "put `reshape HEIGHTxWIDTHxCHANNELS` before it"),
        _ => Ok(()),
    }
}

/// Weights and biases of a convolution.
fn parameters(convolution: &Convolution, channels: usize) -> usize {
    let depth = convolution.kernel.iter().fold(channels, |product, side| product.saturating_mul(*side));
    depth.saturating_add(1).saturating_mul(convolution.filters)
}

/// Numbers of the windows that a convolution of images copies out at once: of its input or, where that can be had for
/// less, of its output.
fn windows_at_once(layer: &LayerSpec, input: [usize; 3]) -> usize {
    let at_once = |windows: Windows| {
        let lines = windows.blocks(1).0;
        lines.saturating_mul(windows.across).saturating_mul(windows.depth())
    };
    match &layer.kind {
        LayerKind::Conv(convolution) => windows(layer, input).map_or(0, |windows| {
            let back = (windows.stride == [1, 1]).then(|| at_once(windows.reversed(convolution.filters, 1)));
            at_once(windows).min(back.unwrap_or(usize::MAX))
        }),
        LayerKind::ConvTranspose(convolution) => at_once(windows_back(convolution, input)),
        _ => 0,
    }
}

/// The windows of a transposed convolution over its output, for images of a shape.
pub(super) fn windows_back(convolution: &Convolution, input: [usize; 3]) -> Windows {
    let Convolution { filters, kernel, stride, padding, .. } = *convolution;
    Windows::transposed(input, kernel, stride, padding, filters)
}

/// The windows of a convolution or pooling layer over images of a shape.
pub(super) fn windows(layer: &LayerSpec, input: [usize; 3]) -> Result<Windows, Misfit> {
    let (kernel, stride, padding) = match &layer.kind {
        LayerKind::Conv(Convolution { kernel, stride, padding, .. }) => (*kernel, *stride, *padding),
        LayerKind::Pool { size, stride, .. } => (*size, *stride, Padding::Valid),
        _ => return misfit("it has no windows", ""),
    };
    if kernel != [1, 1] {
        needs_images(input)?;
    }
    let needs = format!("it needs at least {}x{}", kernel[0], kernel[1]);
    match Windows::new(input, kernel, stride, padding) {
        Some(windows) => Ok(windows),
        None => misfit(needs, "use a smaller window, fewer pooling layers before it, or larger images"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::layers;

    fn refused(texts: &[&str], input: [usize; 3]) -> String {
        let error = infer(&layers(texts), input).unwrap_err();
        format!("{}: {} / {}", error.index, error.message, error.help.unwrap_or_default())
    }

    #[test]
    fn a_convolutional_autoencoder_has_the_shapes_and_parameters_keras_gives() {
        let encoder =
            ["conv 32 3x3 same relu", "maxpool 2", "conv 64 3x3 same relu", "maxpool 2", "flatten", "dense 64"];
        let infos = infer(&layers(&encoder), [28, 28, 1]).unwrap();
        let outputs: Vec<[usize; 3]> = infos.iter().map(|info| info.output).collect();
        assert_eq!(outputs, [[28, 28, 32], [14, 14, 32], [14, 14, 64], [7, 7, 64], [1, 1, 3136], [1, 1, 64]]);
        assert_eq!(infos.iter().map(|info| info.parameters).sum::<usize>(), 219_584);
    }

    #[test]
    fn windows_are_counted_as_keras_does() {
        let output = |text: &str, input| infer(&layers(&[text]), input).unwrap()[0].output;
        assert_eq!(output("conv 4 3x3 stride 2 same", [7, 8, 1]), [4, 4, 4]);
        assert_eq!(output("conv 4 3x3 stride 2 valid", [7, 8, 1]), [3, 3, 4]);
        assert_eq!(output("maxpool 2", [7, 7, 3]), [3, 3, 3]);
        assert_eq!(output("maxpool 3 stride 2", [7, 7, 3]), [3, 3, 3]);
        assert_eq!(output("upsample 2", [7, 5, 3]), [14, 10, 3]);
        assert_eq!(output("convtranspose 4 3x3 stride 2 same", [7, 5, 3]), [14, 10, 4]);
        assert_eq!(output("convtranspose 4 3x2 stride 2 valid", [7, 5, 3]), [15, 10, 4]);
    }

    #[test]
    fn a_layer_that_does_not_fit_says_what_it_got_and_needs() {
        insta::assert_snapshot!(refused(&["dense 10", "reshape 2x3x2"], [28, 28, 1]), @"1: layer 2 (`reshape 2x3x2`) gets 10 features; that is 10 numbers, and the new shape needs 12 / write `dense 12` as layer 1");
        let decoder = ["dense 64 relu", "dense 785 sigmoid", "dropout 0.5", "reshape 28x28x1"];
        insta::assert_snapshot!(refused(&decoder, [1, 1, 8]), @"3: layer 4 (`reshape 28x28x1`) gets 785 features; that is 785 numbers, and the new shape needs 784 / write `dense 784 sigmoid` as layer 2");
        insta::assert_snapshot!(refused(&["dense 784 sigmoid", "reshape 28x28x3"], [1, 1, 8]), @"1: layer 2 (`reshape 28x28x3`) gets 784 features; that is 784 numbers, and the new shape needs 2352 / write `dense 2352 sigmoid` as layer 1, or `reshape 28x28x1` here");
        insta::assert_snapshot!(refused(&["conv 3 3x3 same", "reshape 4x4x3"], [4, 5, 1]), @"1: layer 2 (`reshape 4x4x3`) gets 4x5x3; that is 60 numbers, and the new shape needs 48 / put `dense 48` before it");
        insta::assert_snapshot!(refused(&["maxpool 2", "conv 3 3x3 valid"], [4, 5, 1]), @"1: layer 2 (`conv 3 3x3 valid`) gets 2x2x1; it needs at least 3x3 / use a smaller window, fewer pooling layers before it, or larger images");
        insta::assert_snapshot!(refused(&["flatten", "conv 3 3x3"], [4, 5, 1]), @"1: layer 2 (`conv 3 3x3 same`) gets 20 features; it needs images / put `reshape HEIGHTxWIDTHxCHANNELS` before it");
        insta::assert_snapshot!(refused(&["dense 999999999"], [28, 28, 1]), @"0: layer 1 (`dense 999999999`) gets 28x28x1; that would make more than two billion numbers / use a smaller layer");
    }
}

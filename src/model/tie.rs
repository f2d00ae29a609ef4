//! Which dense layers of a decoder are an encoder's, transposed. Knows no numbers.

use super::init::Init;
use super::layer::{LayerKind, LayerSpec};
use super::shape::{LayerInfo, ShapeError, infer};

/// A dense layer with its place and sizes.
struct Place<'a> {
    index: usize,
    layer: &'a LayerSpec,
    init: Init,
    inputs: usize,
    outputs: usize,
}

/// Checks that the decoder's dense layers, read backwards, take what the encoder's give and give what they take. Other
/// layers may stand between them. The decoder's layers with their own parameters only, marked as tied. Error: about the
/// decoder's layers.
pub fn tied(encoder: &[LayerSpec], decoder: &[LayerSpec], input: [usize; 3]) -> Result<Vec<LayerInfo>, ShapeError> {
    let refused = |index: usize, message: String, help: &str| ShapeError { index, message, help: Some(help.into()) };
    let code = infer(encoder, input)?.last().map_or(input, |layer| layer.output);
    let mut infos = infer(decoder, code)?;
    if encoder.iter().any(LayerSpec::is_gaussian) {
        let message =
            "the decoder cannot be tied to an encoder that ends in a `gaussian` layer, which has no mirror".into();
        return Err(refused(0, message, "set tied = false"));
    }
    let (first, second) = (dense_layers(encoder, input)?, dense_layers(decoder, code)?);
    if first.is_empty() || first.len() != second.len() {
        let message = format!(
            "the encoder has {}, the decoder {}; tied weights need as many there as here",
            list(&first),
            list(&second)
        );
        let last = decoder.len().saturating_sub(1);
        return Err(refused(last, message, "let the decoder's dense layers mirror the encoder's, or set tied = false"));
    }
    for (own, mirrored) in second.iter().zip(first.iter().rev()) {
        let at = format!("layer {} (`{}`)", own.index + 1, own.layer);
        if (own.inputs, own.outputs) != (mirrored.outputs, mirrored.inputs) {
            let message = format!(
                "{at} makes {} numbers of {}; tied to the encoder's layer {} (`{}`), it has to make {} of {}",
                own.outputs,
                own.inputs,
                mirrored.index + 1,
                mirrored.layer,
                mirrored.inputs,
                mirrored.outputs
            );
            return Err(refused(own.index, message, "let it mirror that, or set tied = false"));
        }
        if own.init != Init::GlorotUniform {
            let message = format!("{at} has the encoder's weights, and so no initialization of its own");
            return Err(refused(own.index, message, "leave `init` out, or write it at the encoder's layer"));
        }
        infos[own.index].parameters = own.outputs;
        infos[own.index].layer += ", tied";
    }
    Ok(infos)
}

fn dense_layers(layers: &[LayerSpec], input: [usize; 3]) -> Result<Vec<Place<'_>>, ShapeError> {
    let mut shape = input;
    let mut found = Vec::new();
    for (index, (layer, info)) in layers.iter().zip(infer(layers, input)?).enumerate() {
        if let LayerKind::Dense { units, init, .. } = &layer.kind {
            found.push(Place { index, layer, init: *init, inputs: shape.iter().product(), outputs: *units });
        }
        shape = info.output;
    }
    Ok(found)
}

fn list(layers: &[Place<'_>]) -> String {
    let names: Vec<String> = layers.iter().map(|place| format!("`{}`", place.layer)).collect();
    match names.len() {
        0 => "no dense layer".into(),
        1 => format!("1 dense layer ({})", names[0]),
        count => format!("{count} dense layers ({})", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::layers;

    fn refused(encoder: &[&str], decoder: &[&str]) -> String {
        tied(&layers(encoder), &layers(decoder), [4, 4, 1]).unwrap_err().message
    }

    #[test]
    fn mirrors_are_found_whatever_stands_between() {
        let encoder = layers(&["conv 2 3x3", "maxpool 2", "dense 6 relu", "dropout 0.1", "dense 3"]);
        let decoder = layers(&["dense 6", "relu", "dense 8 relu", "reshape 2x2x2", "upsample 2", "conv 1 3x3 sigmoid"]);
        let infos = tied(&encoder, &decoder, [4, 4, 1]).unwrap();
        let told: Vec<(&str, usize)> = infos.iter().map(|info| (info.layer.as_str(), info.parameters)).collect();
        assert_eq!((told[0], told[2]), (("dense 6, tied", 6), ("dense 8 relu, tied", 8)));
        assert_eq!(told[5], ("conv 1 3x3 same sigmoid", 19));
    }

    #[test]
    fn what_does_not_mirror_is_named() {
        insta::assert_snapshot!(refused(&["dense 6", "dense 3"], &["dense 5", "dense 16"]), @"layer 1 (`dense 5`) makes 5 numbers of 3; tied to the encoder's layer 2 (`dense 3`), it has to make 6 of 3");
        insta::assert_snapshot!(refused(&["dense 6", "dense 3"], &["dense 16"]), @"the encoder has 2 dense layers (`dense 6`, `dense 3`), the decoder 1 dense layer (`dense 16`); tied weights need as many there as here");
        insta::assert_snapshot!(refused(&["maxpool 2"], &["dense 16"]), @"the encoder has no dense layer, the decoder 1 dense layer (`dense 16`); tied weights need as many there as here");
        insta::assert_snapshot!(refused(&["dense 3"], &["dense 16 init zeros"]), @"layer 1 (`dense 16 init zeros`) has the encoder's weights, and so no initialization of its own");
        insta::assert_snapshot!(refused(&["gaussian 3"], &["dense 16"]), @"the decoder cannot be tied to an encoder that ends in a `gaussian` layer, which has no mirror");
    }
}

//! Reading a layer's text, with what to write instead where that cannot be.

use std::str::{FromStr, SplitWhitespace};

use crate::diagnostic::nearest_or;
use crate::model::init::{self, Init};
use crate::tensor::activation::{self, Activation};
use crate::tensor::pool::PoolKind;
use crate::tensor::window::Padding;

use super::{Convolution, LAYERS, LayerError, LayerKind, LayerSpec};

impl LayerSpec {
    /// Parses a layer's text for images of height, width, channels. Sizes may be those of the image: `image` for all of
    /// it, `image/4x64` for a quarter of its height and width and 64 channels.
    pub fn parse(text: &str, image: [usize; 3]) -> Result<Self, LayerError> {
        let text = &text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let [layer, size, rest @ ..] = &words[..] else { return text.parse() };
        let Some(part) = size.strip_prefix("image") else { return text.parse() };
        let [height, width, channels] = part_of(image, part, text)?;
        let size = match *layer {
            "reshape" => format!("{height}x{width}x{channels}"),
            "conv" | "convtranspose" => channels.to_string(),
            "dense" => (height * width * channels).to_string(),
            _ => return text.parse(),
        };
        [&[*layer, &size], rest].concat().join(" ").parse()
    }
}

impl FromStr for LayerSpec {
    type Err = LayerError;

    fn from_str(text: &str) -> Result<Self, LayerError> {
        let lower = text.to_lowercase();
        let mut words = Words { text: &lower, rest: lower.split_whitespace() };
        let Some(word) = words.rest.next() else {
            return Err(LayerError::new("a layer's text is empty", "write for instance `dense 128 relu`"));
        };
        let kind = match word {
            "dense" => dense(&mut words)?,
            "conv" => LayerKind::Conv(convolution(&mut words, "conv 32 3x3 stride 2 same relu")?),
            "convtranspose" => {
                LayerKind::ConvTranspose(convolution(&mut words, "convtranspose 32 3x3 stride 2 same relu")?)
            }
            "maxpool" => pool(PoolKind::Max, &mut words)?,
            "avgpool" => pool(PoolKind::Average, &mut words)?,
            "upsample" => LayerKind::Upsample { factor: words.count("the factor", "upsample 2")? },
            "gaussian" => gaussian(&mut words)?,
            "flatten" => LayerKind::Flatten,
            "reshape" => reshape(&mut words)?,
            "dropout" => dropout(&mut words)?,
            "batchnorm" => LayerKind::BatchNorm,
            "identity" | "none" => LayerKind::Activation { activation: Activation::Linear },
            other => match other.parse() {
                Ok(activation) => LayerKind::Activation { activation },
                Err(()) => return Err(unknown_layer(other)),
            },
        };
        match words.rest.next() {
            None => Ok(Self { kind }),
            Some(extra) => Err(LayerError::new(
                format!("`{text}` has `{extra}` where nothing more is expected"),
                format!("write it as `{}`", Self { kind }),
            )),
        }
    }
}

/// The words of one layer's text.
struct Words<'a> {
    text: &'a str,
    rest: SplitWhitespace<'a>,
}

impl<'a> Words<'a> {
    fn next(&mut self, what: &str, example: &str) -> Result<&'a str, LayerError> {
        let text = self.text;
        self.rest
            .next()
            .ok_or_else(|| LayerError::new(format!("`{text}` lacks {what}"), format!("write for instance `{example}`")))
    }

    /// A whole number from 1 to [`MOST`].
    fn count(&mut self, what: &str, example: &str) -> Result<usize, LayerError> {
        let word = self.next(what, example)?;
        count(word).ok_or_else(|| self.not_a(what, word, &format!("a whole number from 1 to {MOST}"), example))
    }

    /// `3x3`, or `3` for both.
    fn pair(&mut self, what: &str, example: &str) -> Result<[usize; 2], LayerError> {
        let word = self.next(what, example)?;
        let sides: Option<Vec<usize>> = word.split('x').map(count).collect();
        match sides.as_deref() {
            Some([side]) => Ok([*side; 2]),
            Some([down, across]) => Ok([*down, *across]),
            _ => Err(self.not_a(what, word, "a size such as 3x3", example)),
        }
    }

    fn not_a(&self, what: &str, word: &str, wanted: &str, example: &str) -> LayerError {
        LayerError::new(
            format!("in `{}`, {what} is `{word}`, which is not {wanted}", self.text),
            format!("write for instance `{example}`"),
        )
    }
}

/// The largest size that may be written: products of sizes are caught by shape inference and not by overflow.
const MOST: usize = 999_999_999;

fn count(word: &str) -> Option<usize> {
    word.parse().ok().filter(|count| (1..=MOST).contains(count))
}

fn dense(words: &mut Words<'_>) -> Result<LayerKind, LayerError> {
    let units = words.count("the number of units", "dense 128 relu")?;
    let (mut activation, mut init) = (Activation::Linear, Init::GlorotUniform);
    while let Some(word) = words.rest.next() {
        if word == "init" {
            init = parse_init(words)?;
        } else {
            activation = parse_activation(word, words.text, &[])?;
        }
    }
    Ok(LayerKind::Dense { units, activation, init })
}

/// The shape that `image` and then `part` stand for: nothing, or `/4x64`.
fn part_of(image: [usize; 3], part: &str, text: &str) -> Result<[usize; 3], LayerError> {
    if part.is_empty() {
        return Ok(image);
    }
    let sides = part.strip_prefix('/').and_then(|sides| sides.split_once('x'));
    let Some((divisor, channels)) = sides.and_then(|(divisor, channels)| Some((count(divisor)?, count(channels)?)))
    else {
        return Err(LayerError::new(
            format!("in `{text}`, the size `image{part}` cannot be read"),
            "write `image`, or for a quarter of its height and width and 64 channels `image/4x64`",
        ));
    };
    let [height, width, _] = image;
    if height % divisor != 0 || width % divisor != 0 {
        return Err(LayerError::new(
            format!("in `{text}`, an image of {height}x{width} cannot be divided by {divisor}"),
            "write the size in numbers, as in `reshape 7x7x64`",
        ));
    }
    Ok([height / divisor, width / divisor, channels])
}

fn gaussian(words: &mut Words<'_>) -> Result<LayerKind, LayerError> {
    let units = words.count("the number of units", "gaussian 20")?;
    let mut init = Init::GlorotUniform;
    if words.rest.clone().next() == Some("init") {
        words.rest.next();
        init = parse_init(words)?;
    }
    Ok(LayerKind::Gaussian { units, init })
}

fn convolution(words: &mut Words<'_>, example: &str) -> Result<Convolution, LayerError> {
    let filters = words.count("the number of filters", example)?;
    let kernel = words.pair("the kernel's size", example)?;
    let (mut stride, mut padding) = ([1, 1], Padding::Same);
    let (mut activation, mut init) = (Activation::Linear, Init::GlorotUniform);
    while let Some(word) = words.rest.next() {
        match word {
            "stride" => stride = words.pair("the stride", example)?,
            "same" => padding = Padding::Same,
            "valid" => padding = Padding::Valid,
            "init" => init = parse_init(words)?,
            other => activation = parse_activation(other, words.text, &["stride", "same", "valid"])?,
        }
    }
    Ok(Convolution { filters, kernel, stride, padding, activation, init })
}

fn pool(kind: PoolKind, words: &mut Words<'_>) -> Result<LayerKind, LayerError> {
    let size = words.pair("the window's size", "maxpool 2")?;
    let mut stride = size;
    if words.rest.clone().next() == Some("stride") {
        words.rest.next();
        stride = words.pair("the stride", "maxpool 3 stride 2")?;
    }
    Ok(LayerKind::Pool { kind, size, stride })
}

fn reshape(words: &mut Words<'_>) -> Result<LayerKind, LayerError> {
    let word = words.next("the new shape", "reshape 7x7x64")?;
    let sides: Option<Vec<usize>> = word.split('x').map(count).collect();
    let shape = match sides.as_deref() {
        Some([features]) => [1, 1, *features],
        Some([height, width]) => [*height, *width, 1],
        Some([height, width, channels]) => [*height, *width, *channels],
        _ => return Err(words.not_a("the new shape", word, "height x width x channels", "reshape 7x7x64")),
    };
    Ok(LayerKind::Reshape { shape })
}

fn dropout(words: &mut Words<'_>) -> Result<LayerKind, LayerError> {
    let word = words.next("the share to drop", "dropout 0.2")?;
    match word.parse::<f64>() {
        Ok(rate) if (0.0..1.0).contains(&rate) => Ok(LayerKind::Dropout { rate }),
        _ => Err(words.not_a("the share to drop", word, "a number from 0 to below 1", "dropout 0.2")),
    }
}

fn parse_init(words: &mut Words<'_>) -> Result<Init, LayerError> {
    let word = words.next("the name of the initialization", "dense 128 relu init he_normal")?;
    word.parse().map_err(|()| {
        let names: Vec<&str> = init::NAMES.iter().map(|(name, _)| *name).collect();
        LayerError::new(format!("`{word}` is not an initialization"), suggestion(word, &names))
    })
}

fn parse_activation(word: &str, text: &str, also: &[&'static str]) -> Result<Activation, LayerError> {
    let word = if word == "identity" || word == "none" { "linear" } else { word };
    word.parse().map_err(|()| {
        let mut names: Vec<&str> = activation::NAMES.iter().map(|(name, _)| *name).collect();
        names.extend(also);
        names.push("init");
        LayerError::new(format!("in `{text}`, `{word}` is not an activation"), suggestion(word, &names))
    })
}

fn unknown_layer(word: &str) -> LayerError {
    let mut names: Vec<&str> = LAYERS.iter().map(|(name, _, _)| *name).collect();
    names.extend(activation::NAMES.iter().map(|(name, _)| *name));
    let names: Vec<&str> = names.into_iter().filter(|name| *name != "linear").collect();
    LayerError::new(format!("`{word}` is not a layer"), suggestion(word, &names))
}

fn suggestion(word: &str, names: &[&str]) -> String {
    nearest_or(word, names.iter().copied(), || format!("one of: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<LayerSpec>().map_or_else(|error| panic!("{text}: {error}"), |layer| layer.to_string())
    }

    #[test]
    fn shorter_spellings_mean_the_same() {
        assert_eq!(canonical("Conv 8  3 ReLU"), "conv 8 3x3 same relu");
        assert_eq!(canonical("none"), "identity");
        assert_eq!(canonical("dense 3 linear"), "dense 3");
        assert_eq!(canonical("reshape 20"), "reshape 1x1x20");
    }

    #[test]
    fn sizes_may_be_the_images() {
        let written = |text: &str| LayerSpec::parse(text, [28, 20, 3]).unwrap().to_string();
        assert_eq!(written("dense image sigmoid"), "dense 1680 sigmoid");
        assert_eq!(written("reshape image"), "reshape 28x20x3");
        assert_eq!(written("conv image 3x3 same sigmoid"), "conv 3 3x3 same sigmoid");
        assert_eq!(written("dense image/4x64 relu"), "dense 2240 relu");
        assert_eq!(written("reshape image/4x64"), "reshape 7x5x64");
        assert_eq!(written("dense 5"), "dense 5");
        assert_eq!(written("Dense Image ReLU"), "dense 1680 relu");
        let refused = |text: &str| LayerSpec::parse(text, [28, 20, 3]).unwrap_err().to_string();
        insta::assert_snapshot!(refused("reshape image/3x64"), @"in `reshape image/3x64`, an image of 28x20 cannot be divided by 3");
        insta::assert_snapshot!(refused("dense image/4"), @"in `dense image/4`, the size `image/4` cannot be read");
        insta::assert_snapshot!(refused("dense images"), @"in `dense images`, the size `images` cannot be read");
        insta::assert_snapshot!(refused("dropout image"), @"in `dropout image`, the share to drop is `image`, which is not a number from 0 to below 1");
    }

    fn refused(text: &str) -> String {
        let error = text.parse::<LayerSpec>().unwrap_err();
        format!("{} / {}", error.message, error.help.unwrap_or_default())
    }

    #[test]
    fn a_text_that_cannot_be_read_says_why() {
        insta::assert_snapshot!(refused("dens 5"), @"`dens` is not a layer / did you mean `dense`?");
        insta::assert_snapshot!(refused("dense 5 rellu"), @"in `dense 5 rellu`, `rellu` is not an activation / did you mean `relu`?");
        insta::assert_snapshot!(refused("dense"), @"`dense` lacks the number of units / write for instance `dense 128 relu`");
        insta::assert_snapshot!(refused("dense 0"), @"in `dense 0`, the number of units is `0`, which is not a whole number from 1 to 999999999 / write for instance `dense 128 relu`");
        insta::assert_snapshot!(refused("dense 99999999999"), @"in `dense 99999999999`, the number of units is `99999999999`, which is not a whole number from 1 to 999999999 / write for instance `dense 128 relu`");
        insta::assert_snapshot!(refused("conv 3 3x3x3"), @"in `conv 3 3x3x3`, the kernel's size is `3x3x3`, which is not a size such as 3x3 / write for instance `conv 32 3x3 stride 2 same relu`");
        insta::assert_snapshot!(refused("dropout 1"), @"in `dropout 1`, the share to drop is `1`, which is not a number from 0 to below 1 / write for instance `dropout 0.2`");
        insta::assert_snapshot!(refused("flatten 3"), @"`flatten 3` has `3` where nothing more is expected / write it as `flatten`");
        insta::assert_snapshot!(refused("dense 3 init xavier"), @"`xavier` is not an initialization / one of: glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, zeros");
        insta::assert_snapshot!(refused(""), @"a layer's text is empty / write for instance `dense 128 relu`");
    }
}

//! `dataset.json`: what a Dataset artifact says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::noise::{Noise, widest};

/// The name of the file that holds a [`DatasetMeta`].
pub const META_FILE: &str = "dataset.json";

/// The file that holds a source's samples.
pub fn images_file(source: &str) -> String {
    format!("{source}.images.npy")
}

/// The file that holds a source's labels.
pub fn labels_file(source: &str) -> String {
    format!("{source}.labels.npy")
}

/// The file that holds a split's row numbers.
pub fn index_file(split: &str) -> String {
    format!("{split}.index.npy")
}

/// What a Dataset artifact says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetMeta {
    pub name: String,
    /// Height, width, channels of one sample.
    pub shape: [usize; 3],
    /// Names of the classes; empty when unlabelled.
    pub classes: Vec<String>,
    /// Least and greatest number stored: 0 and 255 for pixels kept as bytes, else those of the training set.
    pub stored_range: [f32; 2],
    /// The same of each channel over the training split, when each is mapped by itself; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_ranges: Vec<[f32; 2]>,
    /// A sample's value is the stored number x `scale` + `offset`.
    pub scale: PerChannel,
    pub offset: PerChannel,
    /// What a denoising model is given on top of the clean samples.
    pub noise: Option<Noise>,
    /// The data set that was asked for and was not available.
    pub fallback_for: Option<String>,
    pub splits: BTreeMap<String, SplitMeta>,
}

/// Where a split's samples come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitMeta {
    /// `train` or `test`: whose files hold the samples.
    pub source: String,
    pub count: usize,
}

/// One number for all channels, or one for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerChannel {
    All(f32),
    Each(Vec<f32>),
}

impl PerChannel {
    /// The number for a channel. Channels beyond the list (which [`DatasetMeta`]s that were opened never have) are 0.
    pub fn get(&self, channel: usize) -> f32 {
        match self {
            Self::All(value) => *value,
            Self::Each(values) => values.get(channel).copied().unwrap_or_default(),
        }
    }

    /// Whether it fits samples of that many channels.
    pub fn fits(&self, channels: usize) -> bool {
        match self {
            Self::All(value) => value.is_finite(),
            Self::Each(values) => values.len() == channels && values.iter().all(|value| value.is_finite()),
        }
    }
}

impl DatasetMeta {
    /// How many numbers a sample holds.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// Least and greatest value of each channel after `scale` and `offset`.
    pub fn value_ranges(&self) -> Vec<[f32; 2]> {
        let of_channel = |channel: usize| {
            let stored = self.channel_ranges.get(channel).unwrap_or(&self.stored_range);
            stored.map(|number| number * self.scale.get(channel) + self.offset.get(channel))
        };
        (0..self.shape[2]).map(of_channel).collect()
    }

    /// Least and greatest value after `scale` and `offset`, over all channels.
    pub fn value_range(&self) -> [f32; 2] {
        widest(&self.value_ranges())
    }

    /// The file's text: the same for the same data, always.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("all keys are strings and no serializer fails");
        text.push('\n');
        text
    }
}

//! What the kinds share in reading and writing artifacts' files.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Split};
use crate::stage::{Input, StageError};

/// A split.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SplitName {
    /// Samples that are trained on.
    Train,
    /// Samples held out of training to choose by.
    Validation,
    /// Samples seen neither in training nor in choosing.
    #[default]
    Test,
}

impl SplitName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// As files name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// The data set on a port.
pub fn open(input: &Input) -> Result<Dataset, StageError> {
    Ok(Dataset::open(&input.files)?)
}

/// A split that must be there and hold something.
pub fn split(dataset: &Dataset, name: &str) -> Result<Split, StageError> {
    let split = dataset.split(name).filter(|split| !crate::dataset::samples::Samples::is_empty(split));
    split.ok_or_else(|| no_split(&format!("the data set `{}`", dataset.meta.name), name))
}

/// The error of a split that is not there, and how to come by one.
pub fn no_split(data: &str, name: &str) -> StageError {
    let help = match name {
        "test" => "load data that has one, or set `test_fraction` of the `load` stage above 0",
        "validation" => "add a `split` stage before this one",
        _ => "load data that has one",
    };
    StageError::with_help(format!("{data} has no {name} split, or an empty one"), help)
}

/// Writes a value as indented JSON with a final newline.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StageError> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| StageError::failed(error.to_string()))?;
    text.push('\n');
    Ok(std::fs::write(path, text)?)
}

/// Reads a JSON file of an artifact.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StageError> {
    let text = std::fs::read_to_string(path)?;
    serde_json::from_str(&text).map_err(|error| StageError::failed(format!("{}: {error}", path.display())))
}

/// The split a trained model is evaluated on: `test`, or else `validation`, or else `train`.
pub fn evaluated_split(dataset: &Dataset) -> &'static str {
    ["test", "validation"].into_iter().find(|name| dataset.meta.splits.contains_key(*name)).unwrap_or("train")
}

/// The range of the data set's values, when it is not within 0..1: binary cross-entropy and SSIM mean nothing there.
pub fn outside_unit(dataset: &Dataset) -> Option<[f32; 2]> {
    const SLACK: f32 = 1e-5;
    let [low, high] = dataset.meta.value_range();
    (low < -SLACK || high > 1.0 + SLACK).then_some([low, high])
}

/// A CSV file that could not be written.
pub fn csv_failed(error: csv::Error) -> StageError {
    StageError::Io(error.into())
}

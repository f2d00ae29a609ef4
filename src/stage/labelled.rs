//! Labelled samples from either kind of artifact that has them: images or codes.

use crate::artifact::ArtifactType;
use crate::dataset::Dataset;
use crate::dataset::samples::Samples;
use crate::embed::latents::Latents;
use crate::stage::{Input, StageError, data};

/// Images or codes with labels.
pub enum Labelled {
    Images(Dataset),
    Codes(Latents),
}

impl Labelled {
    /// Opens a Dataset or Latents artifact. Error: it has no classes.
    pub fn open(input: &Input) -> Result<Self, StageError> {
        let labelled = match input.artifact_type {
            ArtifactType::Latents => Self::Codes(open_latents(input)?),
            _ => Self::Images(data::open(input)?),
        };
        if labelled.classes().is_empty() {
            return Err(StageError::with_help(
                format!("the data from `{}` has no labels", input.stage),
                "a classifier needs a labelled data set; for CSV, name the `label_column`",
            ));
        }
        Ok(labelled)
    }

    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Images(dataset) => &dataset.meta.classes,
            Self::Codes(latents) => &latents.classes,
        }
    }

    /// `pixels` or `latents`.
    pub fn on(&self) -> &'static str {
        match self {
            Self::Images(_) => "pixels",
            Self::Codes(_) => "latents",
        }
    }

    /// A split, when it is there and not empty.
    pub fn optional(&self, name: &str) -> Option<Box<dyn Samples + '_>> {
        let split: Box<dyn Samples> = match self {
            Self::Images(dataset) => Box::new(dataset.split(name)?),
            Self::Codes(latents) => Box::new(latents.splits.get(name)?.clone()),
        };
        (!split.is_empty()).then_some(split)
    }

    /// A split that must be there.
    pub fn split(&self, name: &str) -> Result<Box<dyn Samples + '_>, StageError> {
        self.optional(name).ok_or_else(|| StageError::failed(format!("the data has no `{name}` split, or an empty one")))
    }
}

/// The codes on a `latents` port.
pub fn open_latents(input: &Input) -> Result<Latents, StageError> {
    Ok(Latents::open(&input.files)?)
}

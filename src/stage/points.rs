//! What the kinds that look at samples as points share: they take codes or a data set, one split of it, and write
//! embeddings.

use std::collections::BTreeMap;

use serde_json::json;

use crate::artifact::ArtifactType;
use crate::artifact::array;
use crate::dataset::samples::Samples;
use crate::embed::EmbedError;
use crate::embed::latents::Latents;
use crate::embed::workers::Workers;
use crate::kind::{InputPort, OutputPort};
use crate::stage::data::{self, SplitName};
use crate::stage::{Context, StageError};

/// The port that codes or a data set come in on.
pub const PORT: &str = "data";
/// The port that an embedding goes out on.
pub const EMBEDDING: &str = "embedding";

/// The one input of these kinds.
pub fn input() -> Vec<InputPort> {
    let help = "Codes, or a data set whose pixels are taken as they are.";
    vec![InputPort::required(PORT, &[ArtifactType::Latents, ArtifactType::Dataset], help)]
}

/// The output of the kinds that place points in the plane.
pub fn embedding_output() -> Vec<OutputPort> {
    vec![OutputPort::new(EMBEDDING, ArtifactType::Embedding, "Points in the plane.")]
}

/// One split of what is on the input.
pub struct Points {
    pub samples: Box<dyn Samples>,
    /// Names of the classes; empty when unlabeled.
    pub classes: Vec<String>,
}

impl Points {
    /// Opens the split. Error: there is none of that name.
    pub fn open(context: &Context, split: SplitName) -> Result<Self, StageError> {
        let input = context.input(PORT)?;
        let missing = |there: Vec<&String>| {
            let there: Vec<String> = there.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("`{}` has no {} split", input.stage, split.name());
            StageError::with_help(message, format!("set `split` to one it has: {}", there.join(", ")))
        };
        if input.artifact_type == ArtifactType::Dataset {
            let dataset = data::open(input)?;
            let samples = dataset.split(split.name()).ok_or_else(|| missing(dataset.meta.splits.keys().collect()))?;
            return Ok(Self { samples: Box::new(samples), classes: dataset.meta.classes });
        }
        let latents = Latents::open(&input.files)?;
        let codes = latents.splits.get(split.name()).ok_or_else(|| missing(latents.splits.keys().collect()))?;
        Ok(Self { samples: Box::new(codes.clone()), classes: latents.classes })
    }
}

/// The launch's threads, and its wish to stop.
pub fn workers<'a>(context: &Context<'a>) -> Workers<'a> {
    Workers { pool: context.pool, cancel: context.cancel }
}

/// Points in the plane, with what an Embedding says of them.
pub struct Placed<'a> {
    /// `pca` or `tsne`.
    pub method: &'a str,
    pub split: SplitName,
    pub axes: [String; 2],
    /// `[n, 2]`.
    pub points: &'a [f32],
    /// Of the first n samples.
    pub labels: Option<&'a [u32]>,
    pub classes: &'a [String],
    pub metrics: &'a BTreeMap<String, f64>,
}

impl Placed<'_> {
    /// Writes the Embedding artifact.
    pub fn save(&self, context: &Context) -> Result<(), StageError> {
        let header = json!({
            "method": self.method,
            "split": self.split.name(),
            "classes": self.classes,
            "axes": self.axes,
            "metrics": self.metrics,
        });
        data::write_json(&context.output(EMBEDDING, "embedding.json")?, &header)?;
        let n = self.points.len() / 2;
        array::write(&context.output(EMBEDDING, "points.npy")?, &[n, 2], self.points)?;
        if let Some(labels) = self.labels {
            array::write(&context.output(EMBEDDING, "labels.npy")?, &[n], &labels[..n])?;
        }
        Ok(())
    }
}

impl From<EmbedError> for StageError {
    fn from(error: EmbedError) -> Self {
        match error {
            EmbedError::Interrupted(_) => Self::Interrupted,
            EmbedError::Diverged => Self::with_help(error.to_string(), "lower `learning_rate`, or leave it out"),
            EmbedError::NotFinite => {
                Self::with_help(error.to_string(), "check the training that made the codes: its loss may have diverged")
            }
            EmbedError::TooWide { .. } => Self::with_help(error.to_string(), "give it an autoencoder's codes instead"),
            EmbedError::TooFew { .. } => Self::with_help(error.to_string(), "take more samples"),
        }
    }
}

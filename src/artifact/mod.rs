//! Artifacts: a stage's typed outputs, known by their content. Knows no stage and no graph.

pub mod array;
pub mod store;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hash::{ContentHash, FramedHasher};

/// What travels on a port. Each type is a fixed set of files, described in `docs/formats.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ArtifactType {
    /// Images (or feature rows) with labels, in named splits.
    Dataset,
    /// A trained autoencoder.
    Model,
    /// A trained classifier.
    Classifier,
    /// Codes of every split.
    Latents,
    /// Points in the plane.
    Embedding,
    /// Class probabilities of the test split.
    Predictions,
    /// Reconstructions, their errors, and error maps.
    Evaluation,
    /// Images decoded from codes.
    Samples,
    /// Cluster assignments.
    Clusters,
    /// Anomaly scores with their threshold and ROC.
    Anomaly,
    /// Reconstruction error of PCA at every latent size; size 0 is the constant mean.
    Baseline,
    /// Pictures and the sections of a report that show them.
    Figures,
    /// Metrics and per-epoch series: every stage that reports any gives them on the port `metrics`.
    Metrics,
}

impl fmt::Display for ArtifactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The bytes of one file, by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    pub blake3: ContentHash,
    pub bytes: u64,
}

/// A typed, content-addressed set of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    /// File name, extension included -> its bytes.
    pub files: BTreeMap<String, Blob>,
}

impl Artifact {
    /// The hash of the type and of every file's name and content.
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = FramedHasher::new("artifact");
        hasher.field(self.artifact_type.to_string().as_bytes());
        for (name, blob) in &self.files {
            hasher.field(name.as_bytes()).field(blob.blake3.to_string().as_bytes());
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_name_everywhere() {
        assert_eq!(serde_json::to_value(ArtifactType::Dataset).unwrap(), ArtifactType::Dataset.to_string());
    }
}

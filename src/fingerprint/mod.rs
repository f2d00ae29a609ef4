//! What decides a stage's output, and its hash. Knows no files, no graph and no stage kinds.
//!
//! Equal fingerprints mean equal work: the hashed struct holds the kind, its version, the params, the seed where one
//! is drawn from, the device, the identity of outside data and the content of every input, and nothing else. Not the
//! stage's name, no paths, no times. The struct is kept beside the result, so that a difference can be named later.

mod canonical;
mod stale;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hash::{ContentHash, FramedHasher};

pub use stale::{StaleReason, differences, explain};

/// All that a stage's output depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// What the stage `uses`.
    pub kind: String,
    /// The kind's own version: raised when the same inputs and params would give other bytes.
    pub version: u32,
    /// The stage's resolved params, without those that are paths.
    pub params: Value,
    /// Present when the kind draws random numbers with these params.
    pub seed: Option<u64>,
    /// Class of the device that computes, such as `cpu`.
    pub device: String,
    /// What outside data is read, by content.
    pub source: Option<Value>,
    /// Input port (for a variadic port with the producer's name) -> content of the artifact on it.
    pub inputs: BTreeMap<String, ContentHash>,
}

impl Fingerprint {
    /// The same, whatever the value of one param.
    #[must_use]
    pub fn without(&self, param: &str) -> Self {
        let mut rest = self.clone();
        if let Value::Object(params) = &mut rest.params {
            params.remove(param);
        }
        rest
    }

    /// The hash that a result is kept under. Independent of key order and of how a number was written; two different
    /// fingerprints never hash the same bytes.
    pub fn hash(&self) -> ContentHash {
        let mut hasher = FramedHasher::new("fingerprint 1");
        hasher.field(self.kind.as_bytes());
        hasher.field(&self.version.to_le_bytes());
        hasher.field(&canonical::bytes(&self.params));
        hasher.field(&self.seed.map_or(Vec::new(), |seed| seed.to_le_bytes().to_vec()));
        hasher.field(self.device.as_bytes());
        hasher.field(&self.source.as_ref().map_or(Vec::new(), canonical::bytes));
        for (port, content) in &self.inputs {
            hasher.field(port.as_bytes()).field(content.to_string().as_bytes());
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests;

//! Names of launches and runs: short enough to type, unlikely to meet twice. Knows nothing of what they name.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::hash::FramedHasher;

/// A new launch's id: the second it began (UTC), then six hex digits that differ between processes.
pub fn launch(now: Timestamp) -> String {
    let mut hasher = FramedHasher::new("launch");
    hasher.field(&now.as_nanosecond().to_le_bytes()).field(&std::process::id().to_le_bytes());
    format!("{}-{}", now.strftime("%Y%m%dT%H%M%S"), &hasher.finish().to_string()[..6])
}

/// A run's id: twelve hex digits that follow from its launch, its variant and its seed.
pub fn run(launch: &str, variant: &Map<String, Value>, seed: u64) -> String {
    let mut hasher = FramedHasher::new("run");
    hasher
        .field(launch.as_bytes())
        .field(Value::Object(variant.clone()).to_string().as_bytes())
        .field(&seed.to_le_bytes());
    hasher.finish().to_string()[..12].to_owned()
}

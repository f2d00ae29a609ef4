//! A planned stage's fingerprint, and what the cache knows of it. Writes nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::artifact::Artifact;
use crate::artifact::store::{Lookup, Store, StoreError};
use crate::device::Device;
use crate::event::Reason;
use crate::fingerprint::{Fingerprint, StaleReason};
use crate::hash::{ContentHash, FramedHasher};
use crate::kind::ParamType;
use crate::plan::{Node, Plan};
use crate::stage::{Source, Stage, registry};

/// The last fingerprint of each slot of an experiment.
pub type Last = BTreeMap<String, ContentHash>;

/// Where in an experiment a stage stands: what "the last time" means for it.
pub fn slot(node: &Node) -> String {
    format!("{} {}", node.stage, Value::Object(node.variant.clone()))
}

/// The implementation of a planned stage's kind.
pub fn stage_of(node: &Node) -> &'static dyn Stage {
    // The plan holds only kinds that the registry described to it.
    registry::find(&node.kind).expect("a planned kind is in the registry")
}

/// Seed of a stage's own random stream: from the run's seed and the kind alone, so that adding a stage to a pipeline
/// changes no other stage's numbers.
pub fn stream_seed(node: &Node) -> u64 {
    let seed = node.seed.unwrap_or(0);
    FramedHasher::new("stream").field(&seed.to_le_bytes()).field(node.kind.as_bytes()).finish().low_u64()
}

/// All that decides a stage's output.
pub fn fingerprint(
    node: &Node,
    device: Device,
    source: Option<&Source>,
    inputs: BTreeMap<String, ContentHash>,
) -> Fingerprint {
    let description = stage_of(node).description();
    let mut params = node.params.clone();
    if let Value::Object(params) = &mut params {
        for spec in description.params.iter().filter(|spec| spec.param_type == ParamType::Path) {
            params.remove(&spec.name);
        }
        for name in source.map_or(&[][..], |source| source.settled) {
            params.remove(*name);
        }
    }
    Fingerprint {
        kind: node.kind.clone(),
        version: description.version,
        params,
        seed: node.seed,
        device: device.to_string(),
        source: source.map(|source| source.identity.clone()),
        inputs,
    }
}

/// Content hashes of a node's inputs, by port, from what its producers gave. `None` when a producer's result is not
/// known.
pub fn input_hashes<'a>(
    plan: &Plan,
    node: usize,
    outputs: impl Fn(usize, &str) -> Option<&'a Artifact>,
) -> Option<BTreeMap<String, ContentHash>> {
    let content = |(port, producer, output): (&str, usize, &str)| {
        Some((port.to_owned(), outputs(producer, output)?.content_hash()))
    };
    plan.inputs(node).into_iter().map(content).collect()
}

/// Why a stage that is no hit must run: its result is damaged, or something differs from the last time in its slot.
pub fn stale(
    store: &Store,
    last: &Last,
    node: &Node,
    now: &Fingerprint,
    lookup: &Lookup,
) -> Result<Vec<Reason>, StoreError> {
    match lookup {
        Lookup::Broken(damage) => Ok(vec![StaleReason::from(damage).into()]),
        _ => store.explain(last.get(&slot(node)).copied(), now),
    }
}

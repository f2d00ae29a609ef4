//! From an experiment to a graph of merged stages: sweep expansion, wiring, types, cycles. Knows kinds only through
//! [`Catalog`](crate::kind::Catalog), and nothing of caches: what is cached is asked of the plan's nodes later.

mod build;
mod companion;
mod cycle;
pub mod draw;
mod findings;
mod form;
mod merge;
mod params;
mod query;
#[cfg(test)]
mod tests;
mod wire;
mod wiring;

use std::collections::BTreeMap;

use petgraph::graph::DiGraph;
use serde_json::{Map, Value};

use crate::artifact::ArtifactType;
use crate::hash::ContentHash;

pub use build::build;

/// A checked plan: nothing in it is mistyped, miswired or cyclic.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Merged stages; an edge goes from producer to consumer. Every producer has a lower index than its consumers.
    pub graph: DiGraph<Node, Edge>,
    /// Variants in the order of the sweep (the last axis varies fastest), and the seeds of each.
    pub runs: Vec<Run>,
    /// The experiment after overrides, enough to run it again.
    pub config: Value,
}

/// A stage, merged over all runs in which it is the same work.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name in the pipeline; a companion is `<stage>.<suffix>`.
    pub stage: String,
    pub kind: String,
    /// The stage's own params, defaults filled in, normalized to their types.
    pub params: Value,
    /// The run's seed, when the kind draws random numbers with these params.
    pub seed: Option<u64>,
    /// The swept params (and `seed` if repeated) that this stage's result depends on.
    pub variant: Map<String, Value>,
    /// Equal work has equal keys: kind, version, params, seed and the producers' keys.
    pub key: ContentHash,
    /// Whether the pipeline's author wrote it (false: a companion).
    pub written: bool,
}

/// One wire of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The input port; on a variadic one the producing stage's name, with `.port` unless it is its only output.
    pub input: String,
    pub output: String,
    pub artifact_type: ArtifactType,
}

/// One variant with one seed.
#[derive(Debug, Clone)]
pub struct Run {
    /// The swept params, see [`Sweep::in_full`](crate::config::Sweep::in_full); of an ablation what the change sets.
    pub variant: Map<String, Value>,
    pub seed: u64,
    pub params: Map<String, Value>,
    /// Stage name -> index of its node.
    pub stages: BTreeMap<String, usize>,
}

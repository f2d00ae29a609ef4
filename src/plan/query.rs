//! Questions that are asked of a plan.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use crate::diagnostic::{Diagnostic, nearest_or};
use crate::plan::params::quoted;
use crate::plan::{Node, Plan};

impl Plan {
    /// All nodes in an order in which each comes after what it needs. The same plan gives the same order: nodes stand
    /// as they are first needed, run by run, and within a run as written where the wires leave a choice.
    pub fn order(&self) -> Vec<usize> {
        self.graph.node_indices().map(NodeIndex::index).collect()
    }

    /// The node with this index. Panics when there is none.
    pub fn node(&self, node: usize) -> &Node {
        &self.graph[NodeIndex::new(node)]
    }

    /// The wires into a node, by input name: the input as [`Edge::input`](super::Edge::input), the producer, its port.
    pub fn inputs(&self, node: usize) -> Vec<(&str, usize, &str)> {
        let edges = self.graph.edges_directed(NodeIndex::new(node), Direction::Incoming);
        let input = |edge: petgraph::graph::EdgeReference<'_, super::Edge>| edge.source().index();
        let mut inputs: Vec<(&str, usize, &str)> =
            edges.map(|edge| (edge.weight().input.as_str(), input(edge), edge.weight().output.as_str())).collect();
        inputs.sort_unstable();
        inputs
    }

    /// The plan of only these stages with their companions (or of companions, by their full name) and all that they need,
    /// in every run. Indices are new. Error: no run has a stage of that name.
    pub fn only<S: AsRef<str>>(&self, stages: &[S]) -> Result<Self, Diagnostic> {
        let mut keep = vec![false; self.graph.node_count()];
        for stage in stages.iter().map(AsRef::as_ref) {
            let nodes: Vec<usize> = self.runs.iter().filter_map(|run| run.stages.get(stage).copied()).collect();
            if nodes.is_empty() {
                return Err(self.no_such_stage(stage));
            }
            nodes.into_iter().chain(self.companions(stage)).for_each(|node| keep[node] = true);
        }
        self.keep_what_is_needed(&mut keep);
        Ok(self.restricted(&keep))
    }

    /// The companions of a stage, in every run.
    fn companions<'a>(&'a self, stage: &'a str) -> impl Iterator<Item = usize> + 'a {
        let own = move |name: &str| name.strip_prefix(stage).is_some_and(|rest| rest.starts_with('.'));
        let stages = self.runs.iter().flat_map(|run| &run.stages);
        stages.filter(move |(name, node)| own(name) && !self.node(**node).written).map(|(_, node)| *node)
    }

    /// Producers come before consumers, so once through from the end is enough.
    fn keep_what_is_needed(&self, keep: &mut [bool]) {
        for node in (0..keep.len()).rev() {
            if keep[node] {
                let producers = self.graph.neighbors_directed(NodeIndex::new(node), Direction::Incoming);
                producers.for_each(|producer| keep[producer.index()] = true);
            }
        }
    }

    fn restricted(&self, keep: &[bool]) -> Self {
        let node = |index: NodeIndex, node: &Node| keep[index.index()].then(|| node.clone());
        let graph = self.graph.filter_map(node, |_, edge| Some(edge.clone()));
        let kept = (0..keep.len()).filter(|node| keep[*node]).enumerate();
        let moved: BTreeMap<usize, usize> = kept.map(|(new, old)| (old, new)).collect();
        let mut runs = self.runs.clone();
        for run in &mut runs {
            run.stages = std::mem::take(&mut run.stages)
                .into_iter()
                .filter_map(|(stage, node)| Some((stage, *moved.get(&node)?)))
                .collect();
        }
        Self { graph, runs, config: self.config.clone() }
    }

    fn no_such_stage(&self, stage: &str) -> Diagnostic {
        let names: std::collections::BTreeSet<&str> =
            self.runs.iter().flat_map(|run| run.stages.keys().map(String::as_str)).collect();
        let help = nearest_or(stage, names.iter().copied(), || format!("the stages are {}", quoted(names.clone())));
        Diagnostic::new("unknown-stage", format!("there is no stage `{stage}`")).help(help)
    }
}

//! Pictures of a plan: for a terminal, for Graphviz, for Mermaid, and as SVG. Knows nothing of files and terminals.

mod dot;
mod layout;
mod mermaid;
mod svg;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::visit::EdgeRef;

use crate::artifact::ArtifactType;
use crate::plan::Plan;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A tree for the terminal.
    Text,
    /// Graphviz.
    Dot,
    Mermaid,
    Svg,
}

/// Draws the stages of the first run; or, when `expand`ed, those of all variants, merged as they will be executed.
pub fn draw(plan: &Plan, format: Format, expand: bool) -> String {
    let first: BTreeSet<usize> = plan.runs.iter().take(1).flat_map(|run| run.stages.values().copied()).collect();
    let shown = plan.order().into_iter().filter(|node| expand || first.contains(node)).collect();
    let view = View::new(plan, shown, expand);
    match format {
        Format::Text => text::text(&view),
        Format::Dot => dot::dot(&view),
        Format::Mermaid => mermaid::mermaid(&view),
        Format::Svg => svg::svg(&view),
    }
}

/// The stages with these nodes, as SVG that may stand in a page: its style concerns nothing else, and all text in it is
/// escaped.
pub fn svg_of(plan: &Plan, nodes: &BTreeSet<usize>) -> String {
    svg::svg(&View::new(plan, nodes.iter().copied().collect(), false))
}

/// What is drawn.
struct View {
    title: String,
    /// In the order of execution.
    boxes: Vec<StageBox>,
    /// By consumer, then by input.
    links: Vec<Link>,
}

/// A stage.
struct StageBox {
    name: String,
    kind: String,
    /// The swept params it depends on; empty unless all variants are drawn.
    variant: String,
    written: bool,
}

/// A wire between two boxes.
struct Link {
    from: usize,
    to: usize,
    output: String,
    input: String,
    artifact_type: ArtifactType,
}

impl View {
    /// A view of the nodes `shown`, in the order of execution; with what tells variants apart, if that is wanted.
    fn new(plan: &Plan, shown: Vec<usize>, variants: bool) -> Self {
        let place: BTreeMap<usize, usize> = shown.iter().enumerate().map(|(place, node)| (*node, place)).collect();
        let stage_box = |node: &usize| {
            let node = plan.node(*node);
            let say = |(param, value): (&String, &serde_json::Value)| match value.as_str() {
                Some(text) => format!("{param}={text}"),
                None => format!("{param}={value}"),
            };
            let variant = node.variant.iter().filter(|_| variants).map(say).collect::<Vec<_>>().join(" ");
            StageBox { name: node.stage.clone(), kind: node.kind.clone(), variant, written: node.written }
        };
        let link = |edge: petgraph::graph::EdgeReference<'_, crate::plan::Edge>| {
            let wire = edge.weight();
            Some(Link {
                from: *place.get(&edge.source().index())?,
                to: *place.get(&edge.target().index())?,
                output: wire.output.clone(),
                input: wire.input.clone(),
                artifact_type: wire.artifact_type,
            })
        };
        let mut links: Vec<Link> = plan.graph.edge_references().filter_map(link).collect();
        links.sort_by(|a, b| (a.to, &a.input).cmp(&(b.to, &b.input)));
        let title = plan.config["name"].as_str().unwrap_or("pipeline").to_owned();
        Self { title, boxes: shown.iter().map(stage_box).collect(), links }
    }

    /// The distinct producers of a box, in order.
    fn producers(&self, of: usize) -> BTreeSet<usize> {
        self.links.iter().filter(|link| link.to == of).map(|link| link.from).collect()
    }

    /// Producer and consumer pairs, with the types that flow between them, each once.
    fn pairs(&self) -> BTreeMap<(usize, usize), Vec<ArtifactType>> {
        let mut pairs: BTreeMap<(usize, usize), Vec<ArtifactType>> = BTreeMap::new();
        for link in &self.links {
            let types = pairs.entry((link.from, link.to)).or_default();
            if !types.contains(&link.artifact_type) {
                types.push(link.artifact_type);
            }
        }
        pairs
    }
}

/// A color for each type, legible on white and on black.
fn color(artifact_type: ArtifactType) -> &'static str {
    match artifact_type {
        ArtifactType::Dataset => "#3b82f6",
        ArtifactType::Model => "#e8590c",
        ArtifactType::Classifier => "#d6336c",
        ArtifactType::Latents => "#0ca678",
        ArtifactType::Embedding => "#7c5cf0",
        ArtifactType::Predictions => "#c98a00",
        ArtifactType::Evaluation => "#1098ad",
        ArtifactType::Samples => "#b8622a",
        ArtifactType::Clusters => "#66a80f",
        ArtifactType::Anomaly => "#e03131",
        ArtifactType::Baseline => "#a0785a",
        ArtifactType::Figures => "#ae3ec9",
        ArtifactType::Metrics => "#7f8a99",
    }
}

/// Types in words.
fn names(types: &[ArtifactType]) -> String {
    types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

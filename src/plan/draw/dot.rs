//! A plan for Graphviz: `dot -Tsvg`.

use super::{View, color, names};

/// A digraph from top to bottom; companions are dashed.
pub fn dot(view: &View) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&view.title));
    out += "  rankdir=TB;\n  node [shape=box style=rounded fontname=\"sans-serif\"];\n";
    out += "  edge [fontname=\"sans-serif\" fontsize=10];\n";
    for (index, stage) in view.boxes.iter().enumerate() {
        let lines = [stage.name.as_str(), stage.kind.as_str(), stage.variant.as_str()];
        let label = lines.into_iter().filter(|line| !line.is_empty()).map(escaped).collect::<Vec<_>>().join("\\n");
        let style = if stage.written { "" } else { " style=\"rounded,dashed\"" };
        out += &format!("  n{index} [label=\"{label}\"{style}];\n");
    }
    for ((from, to), types) in view.pairs() {
        let color = color(types[0]);
        out += &format!("  n{from} -> n{to} [label=\"{}\" color=\"{color}\" fontcolor=\"{color}\"];\n", names(&types));
    }
    out + "}\n"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}

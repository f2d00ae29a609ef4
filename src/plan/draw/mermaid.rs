//! A plan for Mermaid, which GitHub and many editors draw.

use super::{View, names};

/// A flowchart from top to bottom; companions are dashed.
pub fn mermaid(view: &View) -> String {
    let mut out = String::from("flowchart TD\n");
    for (index, stage) in view.boxes.iter().enumerate() {
        let lines = [stage.name.as_str(), stage.kind.as_str(), stage.variant.as_str()];
        let label = lines.into_iter().filter(|line| !line.is_empty()).map(escaped).collect::<Vec<_>>().join("<br/>");
        let class = if stage.written { "" } else { ":::companion" };
        out += &format!("  n{index}[\"{label}\"]{class}\n");
    }
    for ((from, to), types) in view.pairs() {
        out += &format!("  n{from} -->|{}| n{to}\n", names(&types));
    }
    if view.boxes.iter().any(|stage| !stage.written) {
        out += "  classDef companion stroke-dasharray: 4 4\n";
    }
    out
}

/// Mermaid reads `#name;` as a character.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '"' => "#quot;".to_owned(),
        '<' => "#lt;".to_owned(),
        '>' => "#gt;".to_owned(),
        '&' => "#amp;".to_owned(),
        '#' => "#35;".to_owned(),
        '`' => "#96;".to_owned(),
        '\n' | '\r' => " ".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

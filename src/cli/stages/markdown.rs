//! Stage kinds as Markdown: the page `docs/stages.md`.

use crate::cli::stages::{default_of, meanings, takes, type_of};
use crate::kind::{Description, ParamSpec};

/// All kinds on one page.
pub fn page(kinds: &[&Description]) -> String {
    let mut lines = vec![
        "# Stage kinds".to_owned(),
        String::new(),
        "Printed by `pipeline stages --markdown`; do not edit.".to_owned(),
        String::new(),
        "| kind | what it does |".to_owned(),
        "|---|---|".to_owned(),
    ];
    lines.extend(kinds.iter().map(|kind| format!("| [`{0}`](#{0}) | {1} |", kind.kind, cell(kind.summary))));
    lines.extend(kinds.iter().flat_map(|one| std::iter::once(String::new()).chain(kind(one))));
    lines.join("\n") + "\n"
}

/// One kind.
pub fn kind(kind: &Description) -> Vec<String> {
    let mut lines = vec![format!("## {}", kind.kind), String::new(), kind.summary.to_owned()];
    if !kind.details.is_empty() {
        lines.extend([String::new(), kind.details.trim().to_owned()]);
    }
    let inputs = kind.inputs.iter().map(|port| vec![code(port.name), takes(port), port.help.to_owned()]);
    lines.extend(table(["takes", "type", "meaning"], inputs));
    let outputs =
        kind.all_outputs().map(|port| vec![code(port.name), port.artifact_type.to_string(), port.help.to_owned()]);
    lines.extend(table(["gives", "type", "meaning"], outputs));
    let params = kind.params.iter().map(|param| vec![code(&param.name), type_of(param), default(param), help(param)]);
    lines.extend(table(["param", "type", "default", "meaning"], params));
    let layers = kind.layers.iter().map(|(example, meaning)| vec![code(example), meaning.clone()]);
    lines.extend(table(["layer", "meaning"], layers));
    let metrics = kind.metrics.iter().map(|(name, meaning)| vec![code(name), (*meaning).to_owned()]);
    lines.extend(table(["metric", "meaning"], metrics));
    for other in kind.companions {
        let companion = format!("Planned along with it: `<stage>.{}` ([`{1}`](#{1})).", other.suffix, other.kind);
        lines.extend([String::new(), companion]);
    }
    if !kind.example.is_empty() {
        lines.extend([String::new(), "```toml".to_owned(), kind.example.trim().to_owned(), "```".to_owned()]);
    }
    lines
}

fn default(param: &ParamSpec) -> String {
    if param.default.is_none() { default_of(param) } else { code(&default_of(param)) }
}

fn help(param: &ParamSpec) -> String {
    let meanings = meanings(param).into_iter().map(|(value, meaning)| format!("{}: {meaning}", code(value)));
    std::iter::once(param.help.clone()).chain(meanings).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("<br>")
}

/// A table with an empty line before it, or nothing when it has no rows.
fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let line =
        |cells: Vec<String>| format!("| {} |", cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "));
    let rows: Vec<String> = rows.map(line).collect();
    if rows.is_empty() {
        return rows;
    }
    let head = [String::new(), format!("| {} |", header.join(" | ")), format!("|{}", "---|".repeat(N))];
    head.into_iter().chain(rows).collect()
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Text that cannot break its table.
fn cell(text: &str) -> String {
    text.trim().replace('\n', " ").replace('|', "\\|")
}

//! Stage kinds as text.

use crate::cli::stages::{default_of, meanings, takes, type_of};
use crate::kind::Description;
use crate::progress::Paint;
use crate::text::table;

/// Text is broken at this width.
const WIDTH: usize = 100;

/// One line a kind.
pub fn list(kinds: &[&Description]) -> Vec<String> {
    let widest = kinds.iter().map(|kind| kind.kind.len()).max().unwrap_or(0);
    let mut lines: Vec<String> = kinds.iter().map(|kind| format!("{:<widest$}  {}", kind.kind, kind.summary)).collect();
    lines.extend([String::new(), "`pipeline stages KIND` describes one in full.".to_owned()]);
    lines
}

/// A kind in full.
pub fn kind(kind: &Description, paint: Paint) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", paint.bold(kind.kind), kind.summary)];
    if !kind.details.is_empty() {
        lines.push(String::new());
        lines.extend(kind.details.trim().lines().flat_map(|line| wrap(line, "")));
    }
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    let inputs: Vec<Vec<String>> = kind.inputs.iter().map(|port| row([port.name, &takes(port), port.help])).collect();
    lines.extend(section("Takes", rows(&inputs), paint));
    let outputs: Vec<Vec<String>> =
        kind.all_outputs().map(|port| row([port.name, &port.artifact_type.to_string(), port.help])).collect();
    lines.extend(section("Gives", rows(&outputs), paint));
    lines.extend(section("Params", params(kind, paint), paint));
    let metrics: Vec<Vec<String>> =
        kind.metrics.iter().map(|(name, meaning)| vec![(*name).to_owned(), (*meaning).to_owned()]).collect();
    lines.extend(section("Metrics", rows(&metrics), paint));
    let companions = kind.companions.iter().map(|other| format!("<stage>.{} ({})", other.suffix, other.kind)).collect();
    lines.extend(section("Planned along with it", companions, paint));
    lines.extend(section("Example", kind.example.trim().lines().map(str::to_owned).collect(), paint));
    lines
}

fn params(kind: &Description, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for param in &kind.params {
        lines.push(format!("{}  {}  [{}]", paint.bold(&param.name), type_of(param), default_of(param)));
        lines.extend(wrap(&param.help, "    "));
        let meanings = meanings(param).into_iter().map(|(value, meaning)| format!("{value}: {meaning}"));
        lines.extend(meanings.flat_map(|line| wrap(&line, "      ")));
    }
    lines
}

fn section(heading: &str, lines: Vec<String>, paint: Paint) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let indented = lines.into_iter().map(|line| format!("  {line}").trim_end().to_owned());
    [String::new(), paint.bold(heading)].into_iter().chain(indented).collect()
}

/// Columns without a header.
fn rows(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    table(&vec![String::new(); columns], rows).into_iter().skip(1).collect()
}

/// Words in lines no longer than they should be, each behind `indent`.
fn wrap(text: &str, indent: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}

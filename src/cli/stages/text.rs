//! Stage kinds as text.

use crate::cli::stages::{default_of, meanings, takes, type_of};
use crate::kind::Description;
use crate::progress::Paint;
use crate::text::{hanging, table};

/// Text is broken at this width where no narrower terminal shows it.
const WIDTH: usize = 100;

/// What sections are moved to the right by.
const INDENT: usize = 2;

/// One line a kind, or more on a terminal with no room for that.
pub fn list(kinds: &[&Description], terminal: Option<usize>) -> Vec<String> {
    let widest = kinds.iter().map(|kind| kind.kind.len()).max().unwrap_or(0);
    let width = terminal.unwrap_or(usize::MAX);
    let line = |kind: &&Description| hanging(&format!("{:<widest$}  {}", kind.kind, kind.summary), width, INDENT);
    let mut lines: Vec<String> = kinds.iter().flat_map(line).collect();
    lines.extend([String::new(), "`pipeline stages KIND` describes one in full.".to_owned()]);
    lines
}

/// A kind in full, for a terminal of this width, if it is one.
pub fn kind(kind: &Description, paint: Paint, terminal: Option<usize>) -> Vec<String> {
    let room = terminal.map(|width| width.saturating_sub(INDENT));
    let summary = hanging(&format!("{}: {}", kind.kind, kind.summary), terminal.unwrap_or(usize::MAX), INDENT);
    let mut lines = emboldened(summary, kind.kind, paint);
    if !kind.details.is_empty() {
        lines.push(String::new());
        let width = terminal.map_or(WIDTH, |width| width.min(WIDTH));
        lines.extend(kind.details.trim().lines().flat_map(|line| wrap(line, "", width)));
    }
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    let inputs: Vec<Vec<String>> = kind.inputs.iter().map(|port| row([port.name, &takes(port), port.help])).collect();
    lines.extend(section("Takes", rows(&inputs, room), paint));
    let outputs: Vec<Vec<String>> =
        kind.all_outputs().map(|port| row([port.name, &port.artifact_type.to_string(), port.help])).collect();
    lines.extend(section("Gives", rows(&outputs, room), paint));
    lines.extend(section("Params", params(kind, paint, room), paint));
    lines.extend(section("Layers", layers(kind, room), paint));
    let metrics: Vec<Vec<String>> =
        kind.metrics.iter().map(|(name, meaning)| vec![(*name).to_owned(), (*meaning).to_owned()]).collect();
    lines.extend(section("Metrics", rows(&metrics, room), paint));
    let companions = kind.companions.iter().map(|other| format!("<stage>.{} ({})", other.suffix, other.kind)).collect();
    lines.extend(section("Planned along with it", companions, paint));
    lines.extend(section("Example", kind.example.trim().lines().map(str::to_owned).collect(), paint));
    lines
}

fn params(kind: &Description, paint: Paint, room: Option<usize>) -> Vec<String> {
    let width = room.map_or(WIDTH, |room| room.min(WIDTH));
    let mut lines = Vec::new();
    for param in &kind.params {
        let head = format!("{}  {}  [{}]", param.name, type_of(param), default_of(param));
        lines.extend(emboldened(hanging(&head, room.unwrap_or(usize::MAX), 4), &param.name, paint));
        lines.extend(wrap(&param.help, "    ", width));
        let meanings = meanings(param).into_iter().map(|(value, meaning)| format!("{value}: {meaning}"));
        lines.extend(meanings.flat_map(|line| wrap(&line, "      ", width)));
    }
    lines
}

fn layers(kind: &Description, room: Option<usize>) -> Vec<String> {
    let width = room.map_or(WIDTH, |room| room.min(WIDTH));
    let each = |(example, meaning): &(String, String)| {
        std::iter::once(example.clone()).chain(wrap(meaning, "    ", width)).collect::<Vec<String>>()
    };
    kind.layers.iter().flat_map(each).collect()
}

/// With the name at the beginning in bold.
fn emboldened(mut lines: Vec<String>, name: &str, paint: Paint) -> Vec<String> {
    if let Some(first) = lines.first_mut() {
        *first = first.replacen(name, &paint.bold(name), 1);
    }
    lines
}

fn section(heading: &str, lines: Vec<String>, paint: Paint) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let indented = lines.into_iter().map(|line| format!("{:INDENT$}{line}", "").trim_end().to_owned());
    [String::new(), paint.bold(heading)].into_iter().chain(indented).collect()
}

/// Columns without a header; where there is no room for them, each row's last cell below the others.
fn rows(rows: &[Vec<String>], room: Option<usize>) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let lines: Vec<String> = table(&vec![String::new(); columns], rows).into_iter().skip(1).collect();
    match room {
        Some(room) if lines.iter().any(|line| line.chars().count() > room) => rows
            .iter()
            .filter_map(|row| row.split_last())
            .flat_map(|(last, others)| [hanging(&others.join("  "), room, 4), wrap(last, "    ", room)].concat())
            .collect(),
        _ => lines,
    }
}

/// Words in lines no longer than they should be, each behind `indent`.
fn wrap(text: &str, indent: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}

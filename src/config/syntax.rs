//! TOML syntax errors in words that say what to do.

use toml::de::{DeTable, Error};

use crate::diagnostic::{Diagnostic, FileId, Span};

/// What TOML's values begin with besides digits; the letters are those of `true`, `false`, `inf` and `nan`.
const VALUE_STARTS: &str = "\"'[{+-tfin";

const DUPLICATE_KEY: &str = "duplicate key";

/// Adds one diagnostic for each line with a syntax error. True when the document's tables can still be trusted: all
/// that is wrong is keys written twice.
pub fn report(text: &str, file: FileId, errors: &[Error], diagnostics: &mut Vec<Diagnostic>) -> bool {
    let mut last_line = None;
    let mut repeated_table = false;
    let mut errors: Vec<&Error> = errors.iter().collect();
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    for error in &errors {
        let range = error.span().unwrap_or(0..0);
        let start = range.start.min(text.len());
        let line = line_at(text, start);
        // In a table that was opened twice every key may be said twice too.
        let in_header = line.text.trim_start().starts_with('[');
        let follows = repeated_table && !in_header && error.message() == DUPLICATE_KEY;
        if follows || last_line == Some(line.start) {
            continue;
        }
        last_line = Some(line.start);
        repeated_table = in_header && error.message() == DUPLICATE_KEY;
        let span = Span { file, start, end: range.end.clamp(start, text.len()) };
        diagnostics.push(describe(text, &line, span, error.message()));
    }
    errors.iter().all(|error| error.message() == DUPLICATE_KEY)
}

struct Line<'t> {
    start: usize,
    text: &'t str,
}

fn line_at(text: &str, at: usize) -> Line<'_> {
    let at = text.floor_char_boundary(at);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    Line { start, text: text[start..end].trim_end_matches('\r') }
}

fn describe(text: &str, line: &Line<'_>, span: Span, message: &str) -> Diagnostic {
    if message == DUPLICATE_KEY {
        return duplicate(text, line, span);
    }
    let short = message.trim_end_matches(", expected literal string").trim_end_matches(", expected nothing");
    Diagnostic::new("toml-syntax", format!("not valid TOML: {short}")).at(span, "").help(advice(line.text, message))
}

/// The next thing to do about a syntax error.
fn advice(line: &str, message: &str) -> String {
    let value = line.split_once('=').map_or("", |(_, value)| value.trim());
    match message {
        _ if message.starts_with("string values must be quoted") && value.is_empty() => {
            "write a value after the `=`".into()
        }
        _ if message.starts_with("string values must be quoted") => {
            "put a string between quotes, and one value on a line".into()
        }
        _ if message.starts_with("cannot extend value") => "write all keys of a table in one place".into(),
        _ if message.starts_with("invalid unquoted key") && line.contains(':') => "write `key = value`".into(),
        _ if message.starts_with("key with no value") => "write `key = value`".into(),
        _ if message.starts_with("unclosed array") => "close the list with `]`".into(),
        _ if message.starts_with("unclosed inline table") => "close the table with `}`".into(),
        _ if message.starts_with("unclosed table") => "close the table's name with `]`".into(),
        _ if message.starts_with("invalid boolean") => "write `true` or `false`, in small letters".into(),
        _ if message.starts_with("unexpected leading zero") => "write the number without zeros in front".into(),
        _ if message.starts_with("invalid fraction") => "write digits on both sides of the point, as in `0.5`".into(),
        _ if message.contains("basic string") || message.contains("literal string") => {
            "close the string with the quote it began with, on the same line".into()
        }
        _ if message.contains("escape") => "write a backslash as `\\\\`, or the string between single quotes".into(),
        _ if message.starts_with("unexpected key or value") => {
            "write one `key = value` on a line, and a list between `[` and `]`".into()
        }
        _ if !value.is_empty()
            && !value.starts_with(|first: char| first.is_ascii_digit() || VALUE_STARTS.contains(first)) =>
        {
            "put text between quotes".into()
        }
        _ => "see https://toml.io for how TOML is written".into(),
    }
}

fn duplicate(text: &str, line: &Line<'_>, span: Span) -> Diagnostic {
    let header = line.text.trim_start().starts_with('[').then(|| header_path(line.text)).flatten();
    let key = text.get(span.start..span.end).unwrap_or_default();
    let Some(path) = header else {
        return Diagnostic::new("duplicate-key", format!("`{key}` is written twice in one table"))
            .at(span, "written before")
            .help("keep one of them");
    };
    let problem = match path.as_slice() {
        [table, name] if table == "stages" => {
            Diagnostic::new("duplicate-stage", format!("two stages are named `{name}`"))
                .at(span, "a second stage of this name")
                .help("give each stage a name of its own")
        }
        _ => Diagnostic::new("duplicate-key", format!("the table [{}] is written twice", path.join(".")))
            .at(span, "a second table of this name")
            .help("write all its keys under one of them"),
    };
    match first_place(&text[..line.start], &path, span.file) {
        Some(first) => problem.context(first, "the first"),
        None => problem,
    }
}

/// The names in a table's header.
fn header_path(line: &str) -> Option<Vec<String>> {
    let document = DeTable::parse(line).ok()?;
    let mut path = Vec::new();
    let mut table = document.get_ref();
    while let Some((key, value)) = table.iter().next() {
        path.push(key.get_ref().to_string());
        table = value.get_ref().as_table()?;
    }
    Some(path)
}

/// Where a table's name stands in the text before.
fn first_place(text: &str, path: &[String], file: FileId) -> Option<Span> {
    let (document, _) = DeTable::parse_recoverable(text);
    let mut table = document.get_ref();
    let mut place = None;
    for name in path {
        let (key, value) = table.get_key_value(name.as_str())?;
        place = Some(Span { file, start: key.span().start, end: key.span().end });
        table = value.get_ref().as_table()?;
    }
    place
}

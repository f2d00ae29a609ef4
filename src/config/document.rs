//! TOML text to located values. Knows nothing of what the keys mean.

use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};

use super::syntax;
use super::value::{Entry, Kind, Located};
use crate::diagnostic::{Diagnostic, FileId, Span};

/// Dots in one line, over which its keys might nest deeper than recursion can follow.
const MAX_DOTS_PER_LINE: usize = 1_000;

/// The entries of a TOML document in the order written, or `None` when its syntax leaves them in doubt. What is wrong
/// is added to `diagnostics`; a value that cannot be used is then replaced by one that can, so that reading goes on.
pub fn parse(text: &str, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Entry>> {
    if let Some(line) = text.split_inclusive('\n').find(|line| count_dots(line) > MAX_DOTS_PER_LINE) {
        diagnostics.push(too_nested(text, line, file));
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let usable = syntax::report(text, file, &errors, diagnostics);
    usable.then(|| Converter { file, offset: 0, diagnostics }.entries(table.get_ref()))
}

/// A single TOML value that stands at `offset` in its file. `None`: it is no TOML value.
pub fn parse_value(text: &str, file: FileId, offset: usize, diagnostics: &mut Vec<Diagnostic>) -> Option<Located> {
    if count_dots(text) > MAX_DOTS_PER_LINE {
        return None;
    }
    let value = DeValue::parse(text).ok()?;
    Some(Converter { file, offset, diagnostics }.value(&value))
}

fn count_dots(line: &str) -> usize {
    line.bytes().filter(|byte| *byte == b'.').count()
}

fn too_nested(text: &str, line: &str, file: FileId) -> Diagnostic {
    let start = line.as_ptr() as usize - text.as_ptr() as usize;
    let span = Span { file, start, end: start + line.len() };
    Diagnostic::new("too-nested", format!("a line has over {MAX_DOTS_PER_LINE} dots"))
        .at(span, "keys might nest too deeply here")
        .help("write a long list over several lines")
}

struct Converter<'a> {
    file: FileId,
    offset: usize,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Converter<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span { file: self.file, start: range.start + self.offset, end: range.end + self.offset }
    }

    fn entries(&mut self, table: &DeTable<'_>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                key_span: self.span(key.span()),
                value: self.value(value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_span);
        entries
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Located {
        let span = self.span(value.span());
        let kind = match value.get_ref() {
            DeValue::String(text) => Kind::Text(text.to_string()),
            DeValue::Boolean(value) => Kind::Bool(*value),
            DeValue::Integer(digits) => Kind::Integer(self.integer(digits, span)),
            DeValue::Float(digits) => Kind::Float(self.float(digits, span)),
            DeValue::Array(items) => Kind::List(items.iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => Kind::Table(self.entries(table)),
            DeValue::Datetime(date) => {
                let problem = Diagnostic::new("date", "a date is no value here").at(span, "a date");
                self.diagnostics.push(problem.help(format!("make it a string: \"{date}\"")));
                Kind::Text(date.to_string())
            }
        };
        Located { kind, span }
    }

    fn integer(&mut self, digits: &DeInteger<'_>, span: Span) -> i64 {
        i64::from_str_radix(digits.as_str(), digits.radix()).unwrap_or_else(|_| {
            let problem = Diagnostic::new("integer-too-large", "an integer does not fit into 64 bits");
            self.diagnostics.push(problem.at(span, "too large").help("write it as a float, such as 1e20"));
            0
        })
    }

    fn float(&mut self, digits: &DeFloat<'_>, span: Span) -> f64 {
        match digits.as_str().parse() {
            Ok(value) if f64::is_finite(value) => value,
            _ => {
                let problem = Diagnostic::new("not-finite", "a number must be finite");
                self.diagnostics.push(problem.at(span, "infinite, or not a number").help("write a finite number"));
                0.0
            }
        }
    }
}

//! `${param}` in texts: where a reference stands and what it names. Knows no params.

use std::ops::Range;

use super::reader::is_name;
use super::value::{Kind, Located};

/// A reference in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'t> {
    pub param: &'t str,
    /// The named value carried by the param's choice: `encoder` in `${architecture.encoder}`.
    pub carried: Option<&'t str>,
    /// Where it stands in the text.
    pub range: Range<usize>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'t> {
    Literal(&'t str),
    Reference(Reference<'t>),
}

/// What is wrong with a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadReference {
    Unterminated(Range<usize>),
    BadName(Range<usize>),
}

/// The parts of a text. `$${` stands for `${`; any other `$` is itself.
pub fn pieces(text: &str) -> Pieces<'_> {
    Pieces { text, at: 0 }
}

/// See [`pieces`].
#[derive(Debug)]
pub struct Pieces<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Result<Piece<'t>, BadReference>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = &self.text[start..];
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with("$${") {
            self.at += "$${".len();
            return Some(Ok(Piece::Literal("${")));
        }
        let Some(inside) = rest.strip_prefix("${") else {
            let dollar = usize::from(rest.starts_with('$'));
            let length = rest[dollar..].find('$').map_or(rest.len(), |found| found + dollar);
            self.at += length;
            return Some(Ok(Piece::Literal(&rest[..length])));
        };
        let Some(length) = inside.find('}') else {
            self.at = self.text.len();
            return Some(Err(BadReference::Unterminated(start..self.text.len())));
        };
        self.at = start + "${".len() + length + "}".len();
        Some(reference(&inside[..length], start..self.at).map(Piece::Reference))
    }
}

fn reference(name: &str, range: Range<usize>) -> Result<Reference<'_>, BadReference> {
    let (param, carried) = match name.split_once('.') {
        Some((param, carried)) => (param, Some(carried)),
        None => (name, None),
    };
    if is_name(param) && carried.is_none_or(is_name) {
        Ok(Reference { param, carried, range })
    } else {
        Err(BadReference::BadName(range))
    }
}

/// The reference that a text is, when it is nothing else.
pub fn whole_reference(text: &str) -> Option<Reference<'_>> {
    if !text.starts_with("${") {
        return None;
    }
    match pieces(text).next() {
        Some(Ok(Piece::Reference(reference))) if reference.range.end == text.len() => Some(reference),
        _ => None,
    }
}

/// Whether nothing in a value is to be replaced.
pub fn is_plain(value: &Located) -> bool {
    match &value.kind {
        Kind::Text(text) => !text.contains('$') || !text.contains("${"),
        Kind::List(items) => items.iter().all(is_plain),
        Kind::Table(entries) => entries.iter().all(|entry| is_plain(&entry.value)),
        Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => true,
    }
}

/// Every text in a value, with the value it is.
pub fn texts(value: &Located) -> Vec<(&str, &Located)> {
    match &value.kind {
        Kind::Text(text) => vec![(text.as_str(), value)],
        Kind::List(items) => items.iter().flat_map(texts).collect(),
        Kind::Table(entries) => entries.iter().flat_map(|entry| texts(&entry.value)).collect(),
        Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => Vec::new(),
    }
}

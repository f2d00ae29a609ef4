//! The language that runs are chosen by: `latent_dim >= 16 and classifier.test_accuracy > 0.97 and tag = 'paper'`.
//! Text is parsed (`parse`), names and types are held against what the log holds (`check`), and the result becomes
//! a condition in SQL with bound values (`sql`). Knows the log's tables and no connection.
//!
//! ```text
//! filter := and ('or' and)*            and := not ('and' not)*         not := 'not' not | '(' filter ')' | test
//! test   := name ('=' | '!=' | '<' | '<=' | '>' | '>=') value
//!         | name 'not'? ('in' '(' value (',' value)* ')' | 'like' text | 'contains' text)
//!         | name 'exists' | name 'is' 'not'? 'missing'
//! ```
//!
//! Every test is either true or false. What a run has no value for, or a number that is not finite, fails every test but
//! `is missing`; `!=` and `not` are true exactly where what they deny is false.

mod check;
mod field;
mod lex;
mod moment;
mod parse;
mod sql;
mod syntax;

use jiff::Zoned;

use crate::diagnostic::{Diagnostic, FileId, Problems, Sources, Span};

pub use check::Condition;
pub use field::{Catalog, Column, Field, FieldType, Kind};
pub(super) use sql::Sql;

/// A part of the command line that is being read, and what its names and times are held against.
pub struct Reader<'a> {
    pub catalog: &'a Catalog,
    /// What `2d` and `today` are counted from, in the zone that dates are meant in.
    pub now: &'a Zoned,
}

/// Where a text stands among the sources: places in it are told from there.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: FileId,
    offset: usize,
}

impl Place {
    fn of(option: &str, text: &str, sources: &mut Sources) -> Self {
        Self { file: sources.add_override(format!("{option} {text}")), offset: option.len() + 1 }
    }

    fn span(self, range: &std::ops::Range<usize>) -> Span {
        Span { file: self.file, start: self.offset + range.start, end: self.offset + range.end }
    }
}

/// How a list is put in order: by a field, what has no value last.
#[derive(Debug, Clone)]
pub struct Sort {
    pub field: Field,
    pub descending: bool,
}

impl Reader<'_> {
    /// Reads the filter that an option gave. Errors: everything that is wrong with it, with its place.
    pub fn condition(&self, option: &str, text: &str) -> Result<Condition, Problems> {
        let mut sources = Sources::default();
        let place = Place::of(option, text, &mut sources);
        let checked = parse::parse(text, place)
            .map_err(|problem| vec![problem])
            .and_then(|expression| check::check(&expression, self, place));
        checked.map_err(|diagnostics| Problems::new(diagnostics, sources))
    }

    /// Reads names with commas between them, each once.
    pub fn fields(&self, option: &str, text: &str) -> Result<Vec<Field>, Problems> {
        let mut seen = Vec::new();
        self.listed(option, text, |name, range, place| self.another(&mut seen, name, range, place))
    }

    /// Reads names with commas between them, each once, with `:asc` or `:desc` behind it or neither.
    pub fn order(&self, option: &str, text: &str) -> Result<Vec<Sort>, Problems> {
        let mut seen = Vec::new();
        self.listed(option, text, |name, range, place| {
            let (name, direction) = name.rsplit_once(':').unwrap_or((name, "asc"));
            let descending = match direction {
                "asc" => false,
                "desc" => true,
                other => {
                    let start = range.start + name.len() + 1;
                    return Err(Diagnostic::new("bad-order", format!("`{other}` is not an order"))
                        .at(place.span(&(start..range.end)), "")
                        .help("write `:desc` for the largest first, or `:asc`"));
                }
            };
            let field = self.another(&mut seen, name, range.start..range.start + name.len(), place)?;
            Ok(Sort { field, descending })
        })
    }

    fn listed<T>(
        &self,
        option: &str,
        text: &str,
        mut read: impl FnMut(&str, std::ops::Range<usize>, Place) -> Result<T, Diagnostic>,
    ) -> Result<Vec<T>, Problems> {
        let mut sources = Sources::default();
        let place = Place::of(option, text, &mut sources);
        let (mut items, mut problems, mut start) = (vec![], vec![], 0);
        for piece in text.split(',') {
            let begin = start + piece.len() - piece.trim_start().len();
            match read(piece.trim(), begin..begin + piece.trim().len(), place) {
                Ok(item) => items.push(item),
                Err(problem) => problems.push(problem),
            }
            start += piece.len() + 1;
        }
        if problems.is_empty() { Ok(items) } else { Err(Problems::new(problems, sources)) }
    }

    /// A field that is not among those seen, and is now.
    fn another(
        &self,
        seen: &mut Vec<Field>,
        name: &str,
        range: std::ops::Range<usize>,
        place: Place,
    ) -> Result<Field, Diagnostic> {
        let field = self.field(name, range.clone(), place)?;
        if seen.contains(&field) {
            let problem = Diagnostic::new("named-twice", format!("`{name}` is named twice"));
            return Err(problem.at(place.span(&range), "again").help("name it once"));
        }
        seen.push(field.clone());
        Ok(field)
    }

    fn field(&self, name: &str, range: std::ops::Range<usize>, place: Place) -> Result<Field, Diagnostic> {
        self.catalog.field(name).ok_or_else(|| self.catalog.unknown(name, place.span(&range)))
    }
}

#[cfg(test)]
mod tests;

//! From a filter's text to its tree.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, nearest_or};
use crate::run_log::filter::Place;
use crate::run_log::filter::lex::{Piece, Token, pieces};
use crate::run_log::filter::syntax::{Check, Comparison, Expr, KEYWORDS, Literal, Name, Test, Value, not_finite};

/// How deep parentheses and `not` may be nested, and how many tests there may be: far more than anyone writes, and less
/// than what SQLite takes.
const DEEPEST: usize = 50;
const MOST_TESTS: usize = 400;

const EXAMPLE: &str = "write one like `latent_dim >= 16 and tag = 'paper'`";

/// Reads a filter. Error: the first thing that is wrong.
pub fn parse(text: &str, place: Place) -> Result<Expr, Diagnostic> {
    let tokens = pieces(text, place)?;
    if tokens.len() == 1 {
        return Err(Diagnostic::new("filter-syntax", "the filter is empty").at(place.span(&(0..0)), "").help(EXAMPLE));
    }
    let mut parser = Parser { text, place, tokens, at: 0, depth: 0, tests: 0 };
    let expression = parser.any()?;
    match &parser.token().piece {
        Piece::End => Ok(expression),
        Piece::Close => Err(parser.wrong("this `)` closes nothing", "").help("remove it, or open it with `(` before")),
        _ => Err(parser.not_joined()),
    }
}

struct Parser<'t> {
    text: &'t str,
    place: Place,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    tests: usize,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.tokens[self.at]
    }

    /// The current piece; the end stays the current one.
    fn take(&mut self) -> Token {
        let token = self.token().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn take_if(&mut self, piece: &Piece) -> bool {
        let found = self.token().piece == *piece;
        if found {
            self.take();
        }
        found
    }

    fn is_keyword(&self, word: &str) -> bool {
        matches!(&self.token().piece, Piece::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn take_keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        if found {
            self.take();
        }
        found
    }

    fn any(&mut self) -> Result<Expr, Diagnostic> {
        let mut parts = vec![self.all()?];
        while self.take_keyword("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }

    fn all(&mut self) -> Result<Expr, Diagnostic> {
        let mut parts = vec![self.not()?];
        while self.take_keyword("and") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }

    fn not(&mut self) -> Result<Expr, Diagnostic> {
        if !self.is_keyword("not") && self.token().piece != Piece::Open {
            return self.test();
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("the filter is nested too deeply", "").help("write it with fewer parentheses"));
        }
        let opening = self.take();
        let inner = if opening.piece == Piece::Open { self.any()? } else { Expr::Not(Box::new(self.not()?)) };
        self.depth -= 1;
        if opening.piece == Piece::Open && !self.take_if(&Piece::Close) {
            return Err(match self.token().piece {
                Piece::End => Diagnostic::new("filter-syntax", "a `(` is never closed")
                    .at(self.place.span(&opening.range), "opened here")
                    .help("close it with `)`"),
                _ => self.not_joined(),
            });
        }
        Ok(inner)
    }

    fn test(&mut self) -> Result<Expr, Diagnostic> {
        self.tests += 1;
        if self.tests > MOST_TESTS {
            let message = format!("the filter has more than {MOST_TESTS} conditions");
            return Err(self.wrong(message, "").help("put values of one name together with `in (...)`"));
        }
        let name = self.name()?;
        let denied = self.take_keyword("not");
        let check = match self.word().as_str() {
            "in" => self.listed()?,
            "like" => Check::Like(self.after_word()?),
            "contains" => Check::Contains(self.after_word()?),
            _ if denied => return Err(self.expected("`in`, `like` or `contains`").help("write `not` before the name")),
            "exists" => {
                self.take();
                Check::Exists
            }
            "is" => return self.missing(name),
            _ => self.comparison(&name)?,
        };
        let test = Expr::Test(Test { name, check });
        Ok(if denied { Expr::Not(Box::new(test)) } else { test })
    }

    /// The current piece in small letters when it is a word.
    fn word(&self) -> String {
        match &self.token().piece {
            Piece::Word(word) => word.to_ascii_lowercase(),
            _ => String::new(),
        }
    }

    fn name(&mut self) -> Result<Name, Diagnostic> {
        let range = self.token().range.clone();
        match self.token().piece.clone() {
            Piece::Name(text) => {
                self.take();
                Ok(Name { text, range })
            }
            Piece::Word(word) if value(&word).is_some() => Err(self
                .wrong(format!("`{word}` is a value where a name should be"), "")
                .help("write the name first: `latent_dim >= 16`")),
            Piece::Word(word) if KEYWORDS.contains(&word.to_ascii_lowercase().as_str()) => {
                Err(self.expected("a name").help(format!("{EXAMPLE}; a name like this stands between backticks")))
            }
            Piece::Word(text) => {
                self.take();
                Ok(Name { text, range })
            }
            Piece::Text(text) => {
                Err(self.expected("a name").help(format!("names stand without quotes, or between backticks: `{text}`")))
            }
            _ => Err(self.expected("a name").help(EXAMPLE)),
        }
    }

    fn comparison(&mut self, name: &Name) -> Result<Check, Diagnostic> {
        let Piece::Comparison(comparison) = self.token().piece else {
            let help = format!("compare it, as in `{} = 1`, or write `{} exists`", name.text, name.text);
            let otherwise = || help.clone();
            const WORDS: [&str; 6] = ["in", "like", "contains", "is", "exists", "not"];
            let help = match &self.token().piece {
                Piece::Word(word) if !self.is_keyword("and") && !self.is_keyword("or") => {
                    nearest_or(word, WORDS, otherwise)
                }
                _ => otherwise(),
            };
            return Err(self.expected(format!("a comparison after `{}`", name.text)).help(help));
        };
        self.take();
        Ok(Check::Compare(comparison, self.literal(comparison)?))
    }

    fn missing(&mut self, name: Name) -> Result<Expr, Diagnostic> {
        self.take();
        let denied = self.take_keyword("not");
        if !self.take_keyword("missing") {
            return Err(self.expected("`missing`").help("write `is missing`, `is not missing`, or compare with `=`"));
        }
        let exists = Expr::Test(Test { name, check: Check::Exists });
        Ok(if denied { exists } else { Expr::Not(Box::new(exists)) })
    }

    fn after_word(&mut self) -> Result<Literal, Diagnostic> {
        self.take();
        self.literal(Comparison::Equal)
    }

    fn listed(&mut self) -> Result<Check, Diagnostic> {
        const HELP: &str = "write the values between parentheses: `in (2, 8, 32)`";
        self.take();
        if !self.take_if(&Piece::Open) {
            return Err(self.expected("`(`").help(HELP));
        }
        let mut literals = vec![self.literal(Comparison::Equal)?];
        while self.take_if(&Piece::Comma) {
            literals.push(self.literal(Comparison::Equal)?);
        }
        if !self.take_if(&Piece::Close) {
            return Err(self.expected("`,` or `)`").help(HELP));
        }
        Ok(Check::In(literals))
    }

    fn literal(&mut self, comparison: Comparison) -> Result<Literal, Diagnostic> {
        let range = self.token().range.clone();
        let value = match &self.token().piece {
            Piece::Text(text) => Value::Text(text.clone()),
            Piece::Word(word) => match value(word) {
                Some(Value::Float(number)) if !number.is_finite() => {
                    let message = format!("`{word}` is too large for a number");
                    return Err(self.wrong(message, "").help("write a number below 1.8e308"));
                }
                Some(value) => value,
                None => return Err(self.bare(word)),
            },
            Piece::Name(_) => return Err(self.expected("a value").help("text stands between single quotes")),
            Piece::Comparison(_) => {
                return Err(self.expected("a value").help("a comparison is one of = != < <= > >="));
            }
            _ => {
                let example = format!("write one, as in `{} 0.5` or `{0} 'text'`", comparison.as_str());
                return Err(self.expected("a value").help(example));
            }
        };
        self.take();
        Ok(Literal { value, range })
    }

    /// A word where a value should be.
    fn bare(&self, word: &str) -> Diagnostic {
        let help = not_finite(word).map_or_else(|| format!("put text between quotes: '{word}'"), str::to_owned);
        self.wrong(format!("`{word}` is not a value"), "").help(help)
    }

    fn not_joined(&self) -> Diagnostic {
        let help = match self.word().as_str() {
            "ago" | "days" | "day" | "hours" | "hour" | "weeks" | "week" => "put the time between quotes: '7 days ago'",
            _ => "put `and` or `or` between conditions",
        };
        self.expected("`and` or `or`").help(help)
    }

    fn expected(&self, what: impl std::fmt::Display) -> Diagnostic {
        let range = self.token().range.clone();
        match self.token().piece {
            Piece::End => {
                let end = self.text.trim_end().len();
                let message = format!("the filter ends where {what} should be");
                Diagnostic::new("filter-syntax", message).at(self.place.span(&(end..end)), "ends here")
            }
            _ => self.wrong(format!("expected {what}, found `{}`", &self.text[range]), ""),
        }
    }

    /// Something is wrong at the current piece.
    fn wrong(&self, message: impl Into<String>, label: &str) -> Diagnostic {
        let range: &Range<usize> = &self.token().range;
        Diagnostic::new("filter-syntax", message).at(self.place.span(range), label)
    }
}

/// What a word that stands without quotes means as a value. What begins with a digit and is no number is text: a date.
fn value(word: &str) -> Option<Value> {
    match word.to_ascii_lowercase().as_str() {
        "true" => return Some(Value::Boolean(true)),
        "false" => return Some(Value::Boolean(false)),
        _ => {}
    }
    let digits = word.trim_start_matches(['-', '+', '.']);
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let number = || word.parse().ok().map(Value::Integer).or_else(|| word.parse().ok().map(Value::Float));
    number().or_else(|| (digits.len() == word.len()).then(|| Value::Text(word.to_owned())))
}

//! A filter's text in pieces.

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::run_log::filter::Place;
use crate::run_log::filter::syntax::{Comparison, is_word};

/// A piece and where it stands.
#[derive(Debug, Clone)]
pub struct Token {
    pub piece: Piece,
    pub range: Range<usize>,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A name, a keyword, a number or a date.
    Word(String),
    /// Between backticks.
    Name(String),
    /// Between quotes.
    Text(String),
    Comparison(Comparison),
    Open,
    Close,
    Comma,
    End,
}

/// The pieces, the last of which is [`Piece::End`].
pub fn pieces(text: &str, place: Place) -> Result<Vec<Token>, Diagnostic> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (piece, length) = piece(&text[at..], at, place)?;
        tokens.push(Token { piece, range: at..at + length });
        at += length;
    }
    tokens.push(Token { piece: Piece::End, range: text.len()..text.len() });
    Ok(tokens)
}

/// The piece that a text begins with, and its length in bytes.
fn piece(text: &str, at: usize, place: Place) -> Result<(Piece, usize), Diagnostic> {
    const COMPARISONS: [(&str, Comparison); 8] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<>", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("=", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    if let Some((written, comparison)) = COMPARISONS.iter().find(|(written, _)| text.starts_with(written)) {
        return Ok((Piece::Comparison(*comparison), written.len()));
    }
    let Some(first) = text.chars().next() else { return Ok((Piece::End, 0)) };
    match first {
        '(' => Ok((Piece::Open, 1)),
        ')' => Ok((Piece::Close, 1)),
        ',' => Ok((Piece::Comma, 1)),
        '\'' | '"' | '`' => quoted(text, first, at, place),
        _ if is_word(first) => {
            let length = text.find(|character| !is_word(character)).unwrap_or(text.len());
            Ok((Piece::Word(text[..length].to_owned()), length))
        }
        _ => Err(strange(text, first, at, place)),
    }
}

/// A text between quotes, in which a quote is written twice.
fn quoted(text: &str, quote: char, at: usize, place: Place) -> Result<(Piece, usize), Diagnostic> {
    let mut content = String::new();
    let mut rest = text[1..].char_indices().peekable();
    while let Some((index, character)) = rest.next() {
        if character == quote && rest.next_if(|(_, next)| *next == quote).is_none() {
            let piece = if quote == '`' { Piece::Name(content) } else { Piece::Text(content) };
            return Ok((piece, 1 + index + 1));
        }
        content.push(character);
    }
    Err(Diagnostic::new("filter-syntax", "a quote is never closed")
        .at(place.span(&(at..at + text.len())), "begins here")
        .help(format!("close it with {quote}; a quote inside the text is written twice")))
}

fn strange(text: &str, first: char, at: usize, place: Place) -> Diagnostic {
    let (length, help) = match first {
        '&' => (text.len() - text.trim_start_matches('&').len(), "write `and`"),
        '|' => (text.len() - text.trim_start_matches('|').len(), "write `or`"),
        '!' => (1, "write `not`, or `!=` between a name and a value"),
        '~' | '*' | '%' => (1, "write `like` with `%` for anything: note like '%draft%'"),
        '[' | '{' => (1, "put a list between `(` and `)`"),
        _ => (first.len_utf8(), "text stands between quotes: tag = 'paper'"),
    };
    let span = place.span(&(at..at + length));
    Diagnostic::new("filter-syntax", format!("`{}` means nothing in a filter", &text[..length])).at(span, "").help(help)
}

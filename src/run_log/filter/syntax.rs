//! A filter as it is written, with the place of every name and value.

use std::fmt;
use std::ops::Range;

/// A filter or a part of one.
#[derive(Debug, Clone)]
pub enum Expr {
    /// `and` between at least two.
    All(Vec<Expr>),
    /// `or` between at least two.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

/// What is asked of one name.
#[derive(Debug, Clone)]
pub struct Test {
    pub name: Name,
    pub check: Check,
}

/// A name as written.
#[derive(Debug, Clone)]
pub struct Name {
    pub text: String,
    pub range: Range<usize>,
}

/// The question.
#[derive(Debug, Clone)]
pub enum Check {
    Compare(Comparison, Literal),
    In(Vec<Literal>),
    Like(Literal),
    Contains(Literal),
    Exists,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The operator, the same in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// A value as written.
#[derive(Debug, Clone)]
pub struct Literal {
    pub value: Value,
    pub range: Range<usize>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Integer(i64),
    /// Finite.
    Float(f64),
    Text(String),
    Boolean(bool),
}

/// Words that are no names unless they stand between backticks.
pub const KEYWORDS: [&str; 11] =
    ["and", "or", "not", "in", "like", "contains", "is", "missing", "exists", "true", "false"];

/// What to do instead of comparing with infinity or NaN.
pub fn not_finite(text: &str) -> Option<&'static str> {
    let is_not = text.parse::<f64>().is_ok_and(|number| !number.is_finite());
    is_not.then_some("numbers that are not finite count as missing: write `is missing` after the name")
}

/// What a word is made of: names, numbers, dates and times.
pub fn is_word(character: char) -> bool {
    character.is_alphanumeric() || "_-.:+".contains(character)
}

/// Whether a name needs no backticks.
pub fn is_plain_name(text: &str) -> bool {
    !KEYWORDS.contains(&text.to_ascii_lowercase().as_str())
        && text.chars().all(is_word)
        && text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                f.write_str(if index > 0 { word } else { "" })?;
                match part {
                    Self::All(_) | Self::Any(_) => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::All(parts) => joined(f, parts, " and "),
            Self::Any(parts) => joined(f, parts, " or "),
            Self::Not(denied) => match &**denied {
                Self::All(_) | Self::Any(_) => write!(f, "not ({denied})"),
                _ => write!(f, "not {denied}"),
            },
            Self::Test(test) => write!(f, "{test}"),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.text.as_str() {
            name if is_plain_name(name) => f.write_str(name)?,
            name => write!(f, "`{name}`")?,
        }
        match &self.check {
            Check::Compare(comparison, literal) => write!(f, " {} {literal}", comparison.as_str()),
            Check::In(literals) => {
                let listed: Vec<String> = literals.iter().map(ToString::to_string).collect();
                write!(f, " in ({})", listed.join(", "))
            }
            Check::Like(literal) => write!(f, " like {literal}"),
            Check::Contains(literal) => write!(f, " contains {literal}"),
            Check::Exists => f.write_str(" exists"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => write!(f, "{value}"),
            // With a point or an exponent, so that it is read as a float again.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Boolean(value) => write!(f, "{value}"),
        }
    }
}

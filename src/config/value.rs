//! Values as the user wrote them, each with the place it was written.

use serde_json::Value;

use crate::diagnostic::Span;

/// A value and where it stands. After interpolation, the place is where the *param's* value stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    pub kind: Kind,
    pub span: Span,
}

/// What a value is. Integers and floats stay apart; dates are refused when the file is read.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Located>),
    /// In the order written.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Located,
}

impl Located {
    /// The value alone. Floats are finite: infinities and NaN are refused when the file is read.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Bool(value) => Value::from(*value),
            Kind::Integer(value) => Value::from(*value),
            Kind::Float(value) => Value::from(*value),
            Kind::Text(value) => Value::from(value.as_str()),
            Kind::List(items) => items.iter().map(Self::to_json).collect(),
            Kind::Table(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
        }
    }

    /// The value under a key, when this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// What a person would call the type.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Bool(_) => "a boolean",
            Kind::Integer(_) => "an integer",
            Kind::Float(_) => "a float",
            Kind::Text(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }
}

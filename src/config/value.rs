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
    /// A JSON value with a place. `null`, which no param can be, is an empty table.
    pub fn from_json(value: &Value, span: Span) -> Self {
        let kind = match value {
            Value::Null => Kind::Table(Vec::new()),
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Kind::Integer(integer),
                None => Kind::Float(number.as_f64().unwrap_or(f64::MAX)),
            },
            Value::String(text) => Kind::Text(text.clone()),
            Value::Array(items) => Kind::List(items.iter().map(|item| Self::from_json(item, span)).collect()),
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| Entry {
                    key: key.clone(),
                    key_span: span,
                    value: Self::from_json(value, span),
                };
                Kind::Table(map.iter().map(entry).collect())
            }
        };
        Self { kind, span }
    }

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

    /// The text of a string.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a table.
    pub fn as_table(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// An integer.
    pub fn as_integer(&self) -> Option<i64> {
        match self.kind {
            Kind::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// An integer or a float; integers over 2^53 are rounded.
    pub fn as_number(&self) -> Option<f64> {
        match self.kind {
            Kind::Integer(value) => Some(value as f64),
            Kind::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The value as a part of a text: floats in their shortest form that reads back the same, with a point or an
    /// exponent. `None` for lists and tables.
    pub fn to_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Integer(value) => Some(value.to_string()),
            Kind::Float(value) => Some(format!("{value:?}")),
            Kind::Text(text) => Some(text.clone()),
            Kind::List(_) | Kind::Table(_) => None,
        }
    }

    /// The value as it could stand in a TOML file, on one line.
    pub fn to_toml(&self) -> String {
        match &self.kind {
            Kind::Text(text) => quoted(text),
            Kind::List(items) => format!("[{}]", joined(items.iter().map(Self::to_toml))),
            Kind::Table(entries) if entries.is_empty() => "{}".into(),
            Kind::Table(entries) => format!("{{ {} }}", joined(entries.iter().map(Entry::to_toml))),
            Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => self.to_text().unwrap_or_default(),
        }
    }
}

impl Entry {
    fn to_toml(&self) -> String {
        let bare = super::reader::is_name(&self.key);
        let key = if bare { self.key.clone() } else { quoted(&self.key) };
        format!("{key} = {}", self.value.to_toml())
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A TOML basic string: JSON's escapes are TOML's too, but for the one control character that JSON lets through.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

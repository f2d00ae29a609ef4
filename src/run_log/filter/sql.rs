//! Conditions and orders in SQL over `runs`, all values bound.

use rusqlite::types::{ToSqlOutput, Value as SqlValue};

use crate::run_log::filter::Sort;
use crate::run_log::filter::check::{Condition, Question};
use crate::run_log::filter::field::{Column, Field};
use crate::run_log::filter::syntax::Value;

/// A piece of SQL and what its `?` stand for, in their order.
#[derive(Debug, Clone, Default)]
pub struct Sql {
    pub text: String,
    pub values: Vec<Bound>,
}

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound(SqlValue);

impl rusqlite::ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl From<&Value> for Bound {
    fn from(value: &Value) -> Self {
        Self(match value {
            Value::Integer(number) => SqlValue::Integer(*number),
            Value::Float(number) => SqlValue::Real(*number),
            Value::Text(text) => SqlValue::Text(text.clone()),
            Value::Boolean(truth) => SqlValue::Integer((*truth).into()),
        })
    }
}

impl From<&str> for Bound {
    fn from(text: &str) -> Self {
        Self(SqlValue::Text(text.to_owned()))
    }
}

impl From<i64> for Bound {
    fn from(number: i64) -> Self {
        Self(SqlValue::Integer(number))
    }
}

impl Sql {
    fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A `?` for the value.
    pub fn bind(&mut self, value: impl Into<Bound>) -> &mut Self {
        self.values.push(value.into());
        self.push("?")
    }

    /// A condition, true or false for every row of `runs`.
    pub fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(parts) => self.joined(parts, " AND ", "1"),
            Condition::Any(parts) => self.joined(parts, " OR ", "0"),
            Condition::Not(denied) => {
                self.push("NOT ").condition(denied);
            }
            Condition::Column(Column::Launch, question) => {
                self.push("runs.launch IN (SELECT number FROM launches WHERE ");
                self.question("id", question);
                self.push(")");
            }
            Condition::Column(column, question) => {
                self.push("(");
                self.question(expression(*column), question);
                self.push(") IS TRUE");
            }
            Condition::Facts(names, question) => {
                self.push("runs.number IN (SELECT run FROM facts WHERE ").names(names);
                if *question != Question::Exists {
                    self.push(" AND ").question("value", question);
                }
                self.push(")");
            }
        }
    }

    fn joined(&mut self, parts: &[Condition], word: &str, none: &str) {
        self.push("(");
        for (index, part) in parts.iter().enumerate() {
            self.push(if index > 0 { word } else { "" }).condition(part);
        }
        self.push(if parts.is_empty() { none } else { "" }).push(")");
    }

    fn names(&mut self, names: &[i64]) -> &mut Self {
        let listed: Vec<String> = names.iter().map(ToString::to_string).collect();
        self.push(&format!("name IN ({})", listed.join(", ")))
    }

    fn question(&mut self, value: &str, question: &Question) {
        match question {
            Question::Compare(comparison, with) => {
                self.push(&format!("{value} {} ", comparison.as_str())).bind(with);
            }
            Question::OneOf(values) => {
                self.push(&format!("{value} IN ("));
                for (index, value) in values.iter().enumerate() {
                    self.push(if index > 0 { ", " } else { "" }).bind(value);
                }
                self.push(")");
            }
            Question::Like(pattern) => {
                self.push(&format!("{value} LIKE ")).bind(pattern.as_str());
            }
            Question::Contains(part) => {
                self.push(&format!("instr(lower({value}), lower(")).bind(part.as_str()).push(")) > 0");
            }
            Question::Exists => {
                self.push(&format!("{value} IS NOT NULL"));
            }
        }
    }

    /// What a list is ordered by: what `sort` says, then the newest first.
    pub fn order(&mut self, sort: &[Sort]) {
        for Sort { field, descending } in sort {
            self.value_of(field);
            self.push(if *descending { " DESC NULLS LAST, " } else { " ASC NULLS LAST, " });
        }
        self.push("runs.number DESC");
    }

    /// A run's value, `NULL` when it has none; the first of several.
    pub fn value_of(&mut self, field: &Field) {
        match field {
            Field::Column(column) => {
                self.push(expression(*column));
            }
            Field::Facts { numbers, .. } => {
                let names: Vec<i64> = numbers.values().copied().collect();
                self.push("(SELECT value FROM facts WHERE ").names(&names).push(" AND run = runs.number LIMIT 1)");
            }
        }
    }
}

/// A column's value.
fn expression(column: Column) -> &'static str {
    match column {
        Column::Id => "runs.id",
        Column::Experiment => "runs.experiment",
        Column::Launch => "runs.launch",
        Column::Status => "runs.status",
        Column::Seed => "runs.seed",
        Column::Started => "runs.started",
        Column::Seconds => "runs.seconds",
        Column::Note => "nullif(runs.note, '')",
        Column::Archived => "runs.archived",
    }
}

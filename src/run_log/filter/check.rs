//! Names and types of a filter held against what the log holds.

use crate::diagnostic::Diagnostic;
use crate::run_log::filter::field::{Column, Field, FieldType, STATUSES, status_meant};
use crate::run_log::filter::moment::{EXAMPLES, Moment};
use crate::run_log::filter::syntax::{Check, Comparison, Expr, Literal, Test, Value, not_finite};
use crate::run_log::filter::{Place, Reader};

/// A filter that makes sense: true or false of every run.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// A question to a column.
    Column(Column, Question),
    /// A question to any of these rows of the log's `names`.
    Facts(Vec<i64>, Question),
}

/// What is asked of a value; a value that is not there answers no.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Never with [`Comparison::NotEqual`].
    Compare(Comparison, Value),
    OneOf(Vec<Value>),
    Like(String),
    Contains(String),
    Exists,
}

/// Turns a filter into a condition. Errors: all names that are not known and all values of a wrong type.
pub fn check(expression: &Expr, reader: &Reader, place: Place) -> Result<Condition, Vec<Diagnostic>> {
    let mut checker = Checker { reader, place, problems: Vec::new() };
    match checker.expression(expression) {
        Some(condition) if checker.problems.is_empty() => Ok(condition),
        _ => Err(checker.problems),
    }
}

struct Checker<'a> {
    reader: &'a Reader<'a>,
    place: Place,
    problems: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn expression(&mut self, expression: &Expr) -> Option<Condition> {
        match expression {
            Expr::All(parts) => self.each(parts).map(Condition::All),
            Expr::Any(parts) => self.each(parts).map(Condition::Any),
            Expr::Not(denied) => self.expression(denied).map(not),
            Expr::Test(test) => self.test(test),
        }
    }

    fn each(&mut self, parts: &[Expr]) -> Option<Vec<Condition>> {
        let checked: Vec<Option<Condition>> = parts.iter().map(|part| self.expression(part)).collect();
        checked.into_iter().collect()
    }

    fn test(&mut self, test: &Test) -> Option<Condition> {
        let Some(field) = self.reader.catalog.field(&test.name.text) else {
            let span = self.place.span(&test.name.range);
            self.problems.push(self.reader.catalog.unknown(&test.name.text, span));
            return None;
        };
        match &test.check {
            Check::Exists => Some(asked(&field, &field.types(), Question::Exists)),
            Check::Compare(Comparison::NotEqual, literal) => self.compared(&field, Comparison::Equal, literal).map(not),
            Check::Compare(comparison, literal) => self.compared(&field, *comparison, literal),
            Check::In(literals) => self.one_of(&field, literals),
            Check::Like(literal) => {
                self.pattern(&field, literal).map(|(types, text)| asked(&field, &types, Question::Like(text)))
            }
            Check::Contains(literal) => {
                self.pattern(&field, literal).map(|(types, text)| asked(&field, &types, Question::Contains(text)))
            }
        }
    }

    fn compared(&mut self, field: &Field, comparison: Comparison, literal: &Literal) -> Option<Condition> {
        if field.types() == [FieldType::Moment] {
            return self.moment(literal).map(|moment| compared_moment(comparison, &moment));
        }
        let types = self.fitting(field, literal)?;
        let ordered = types.contains(&FieldType::Number) || comparison == Comparison::Equal;
        if !ordered {
            let message = format!(
                "`{}` compares numbers and times; `{}` is {}",
                comparison.as_str(),
                field.name(),
                types[0].as_str()
            );
            self.wrong(literal, message, "use `=`, `!=`, `in`, `like` or `contains`");
            return None;
        }
        Some(asked(field, &types, Question::Compare(comparison, literal.value.clone())))
    }

    fn one_of(&mut self, field: &Field, literals: &[Literal]) -> Option<Condition> {
        if field.types() == [FieldType::Moment] {
            let moments: Vec<Option<Moment>> = literals.iter().map(|literal| self.moment(literal)).collect();
            let moments: Option<Vec<Moment>> = moments.into_iter().collect();
            let within = |moment: &Moment| compared_moment(Comparison::Equal, moment);
            return Some(Condition::Any(moments?.iter().map(within).collect()));
        }
        let fitting: Vec<Option<Vec<FieldType>>> =
            literals.iter().map(|literal| self.fitting(field, literal)).collect();
        let fitting: Vec<Vec<FieldType>> = fitting.into_iter().collect::<Option<_>>()?;
        // Values of one type are looked for together.
        let mut groups: Vec<(&Vec<FieldType>, Vec<Value>)> = Vec::new();
        for (types, literal) in fitting.iter().zip(literals) {
            match groups.iter_mut().find(|(known, _)| *known == types) {
                Some((_, values)) => values.push(literal.value.clone()),
                None => groups.push((types, vec![literal.value.clone()])),
            }
        }
        let one_of = |(types, values): (&Vec<FieldType>, _)| asked(field, types, Question::OneOf(values));
        Some(Condition::Any(groups.into_iter().map(one_of).collect()))
    }

    /// The text of `like` and `contains`, and which of the field's types can have it.
    fn pattern(&mut self, field: &Field, literal: &Literal) -> Option<(Vec<FieldType>, String)> {
        let types = textual(field);
        match &literal.value {
            Value::Text(text) if !types.is_empty() => Some((types, text.clone())),
            Value::Text(_) => {
                let message =
                    format!("`like` and `contains` look into text, but `{}` is {}", field.name(), told(field));
                self.wrong(literal, message, "compare with `=`, `<`, `>` or `in (...)`");
                None
            }
            value => {
                let message = format!("`like` and `contains` look for text, not for {value}");
                self.wrong(literal, message, &format!("put it between quotes: '{value}'"));
                None
            }
        }
    }

    fn moment(&mut self, literal: &Literal) -> Option<Moment> {
        let text = match &literal.value {
            Value::Text(text) => text.clone(),
            value => value.to_string(),
        };
        let moment = Moment::read(&text, self.reader.now);
        if moment.is_none() {
            self.wrong(literal, format!("`{text}` is no time"), EXAMPLES);
        }
        moment
    }

    /// Those of the field's types that the value can be equal to; reported when there are none.
    fn fitting(&mut self, field: &Field, literal: &Literal) -> Option<Vec<FieldType>> {
        let types = field.types();
        let fitting = match &literal.value {
            Value::Integer(_) | Value::Float(_) => only(&types, FieldType::Number),
            Value::Boolean(_) => only(&types, FieldType::Boolean),
            Value::Text(_) => textual(field),
        };
        if fitting.is_empty() {
            self.unfit(field, literal);
            return None;
        }
        if let (Field::Column(Column::Status), Value::Text(status)) = (field, &literal.value)
            && !STATUSES.contains(&status.as_str())
        {
            self.wrong(literal, format!("no run has the status `{status}`"), &status_meant(status));
            return None;
        }
        Some(fitting)
    }

    fn unfit(&mut self, field: &Field, literal: &Literal) {
        let found = match &literal.value {
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Boolean(_) => "a boolean",
            Value::Text(_) => "text",
        };
        let message = format!("`{}` is {}, and this is {found}", field.name(), told(field));
        let help = match (&literal.value, field.types().first()) {
            (Value::Text(text), Some(FieldType::Number)) => match (not_finite(text), text.replace('_', "")) {
                (Some(help), _) => help.to_owned(),
                (_, digits) if digits.parse::<f64>().is_err() => "write a number without quotes".to_owned(),
                (_, digits) if digits == *text => format!("write the number without quotes: {text}"),
                (_, digits) => format!("write the number without `_`: {digits}"),
            },
            (_, Some(FieldType::Boolean)) => "write true or false, without quotes".to_owned(),
            (value, _) => format!("put text between quotes: '{value}'"),
        };
        self.wrong(literal, message, &help);
    }

    fn wrong(&mut self, literal: &Literal, message: String, help: &str) {
        let span = self.place.span(&literal.range);
        self.problems.push(Diagnostic::new("wrong-type", message).at(span, "").help(help));
    }
}

/// The types of a field's values in words.
fn told(field: &Field) -> String {
    let word = |of: FieldType| match of {
        FieldType::Text => "text".to_owned(),
        other => format!("a {}", other.as_str()),
    };
    field.types().into_iter().map(word).collect::<Vec<_>>().join(" or ")
}

fn only(types: &[FieldType], wanted: FieldType) -> Vec<FieldType> {
    types.iter().copied().filter(|known| *known == wanted).collect()
}

fn textual(field: &Field) -> Vec<FieldType> {
    field.types().into_iter().filter(|known| matches!(known, FieldType::Text | FieldType::List)).collect()
}

fn asked(field: &Field, types: &[FieldType], question: Question) -> Condition {
    match field {
        Field::Column(column) => Condition::Column(*column, question),
        Field::Facts { numbers, .. } => {
            Condition::Facts(types.iter().filter_map(|kind| numbers.get(kind).copied()).collect(), question)
        }
    }
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

/// Times are compared as exactly as they are written: `> '2026-11'` is after that month, `= '2026-11'` within it.
fn compared_moment(comparison: Comparison, moment: &Moment) -> Condition {
    let (begin, end) = moment.bounds();
    let started = |comparison, text: &str| {
        Condition::Column(Column::Started, Question::Compare(comparison, Value::Text(text.to_owned())))
    };
    match comparison {
        Comparison::Less => started(Comparison::Less, &begin),
        Comparison::LessOrEqual => started(Comparison::Less, &end),
        Comparison::Greater => started(Comparison::GreaterOrEqual, &end),
        Comparison::GreaterOrEqual => started(Comparison::GreaterOrEqual, &begin),
        Comparison::Equal => {
            Condition::All(vec![started(Comparison::GreaterOrEqual, &begin), started(Comparison::Less, &end)])
        }
        Comparison::NotEqual => not(compared_moment(Comparison::Equal, moment)),
    }
}

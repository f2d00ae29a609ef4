//! What a filter may ask about: the log's columns, and the params and metrics that its runs have.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span, did_you_mean, nearest_or};

/// A column that every run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Id,
    Experiment,
    Launch,
    Status,
    Seed,
    Started,
    Seconds,
    Note,
    Archived,
}

/// Columns by name; those of tables are understood too.
const COLUMNS: [(&str, Column); 11] = [
    ("id", Column::Id),
    ("experiment", Column::Experiment),
    ("launch", Column::Launch),
    ("status", Column::Status),
    ("seed", Column::Seed),
    ("started", Column::Started),
    ("seconds", Column::Seconds),
    ("note", Column::Note),
    ("archived", Column::Archived),
    ("run", Column::Id),
    ("time", Column::Seconds),
];

/// Names of what is kept like params, but belongs to no pipeline.
const OTHERS: [(&str, Kind); 3] = [("tag", Kind::Tag), ("variant", Kind::Variant), ("tags", Kind::Tag)];

/// The statuses of a run.
pub const STATUSES: [&str; 6] = ["running", "executed", "cached", "failed", "skipped", "interrupted"];

/// Where a run's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Param,
    Metric,
    Tag,
    Variant,
}

impl Kind {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Param => "param",
            Self::Metric => "metric",
            Self::Tag => "tag",
            Self::Variant => "variant",
        }
    }
}

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldType {
    Number,
    Boolean,
    Text,
    /// As JSON.
    List,
    Moment,
}

impl FieldType {
    /// The type that the log calls so.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Number, Self::Boolean, Self::Text, Self::List].into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::List => "list",
            Self::Moment => "time",
        }
    }
}

/// Something that a run has one value of, or several.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    Column(Column),
    /// A row of the log's `names` for each type that is there.
    Facts {
        kind: Kind,
        name: String,
        numbers: BTreeMap<FieldType, i64>,
    },
}

impl Field {
    /// The name without `param.` or `metric.`.
    pub fn name(&self) -> &str {
        match self {
            Self::Column(column) => COLUMNS.iter().find(|(_, known)| known == column).map_or("", |(name, _)| *name),
            Self::Facts { name, .. } => name,
        }
    }

    /// The name by which a reader finds it: with `param.` where a column has the same name.
    pub fn label(&self) -> String {
        match self {
            Self::Facts { kind: Kind::Param, name, .. } if COLUMNS.iter().any(|(column, _)| column == name) => {
                format!("param.{name}")
            }
            field => field.name().to_owned(),
        }
    }

    /// The types that its values are of.
    pub fn types(&self) -> Vec<FieldType> {
        match self {
            Self::Column(Column::Seed | Column::Seconds) => vec![FieldType::Number],
            Self::Column(Column::Started) => vec![FieldType::Moment],
            Self::Column(Column::Archived) => vec![FieldType::Boolean],
            Self::Column(_) | Self::Facts { kind: Kind::Tag | Kind::Variant, .. } => vec![FieldType::Text],
            Self::Facts { numbers, .. } => numbers.keys().copied().collect(),
        }
    }
}

/// All params and metrics that the log's runs have, with the types of their values.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    names: BTreeMap<(Kind, String), BTreeMap<FieldType, i64>>,
}

impl Catalog {
    /// Adds a row of the log's `names`; what this version does not know is passed over.
    pub fn add(&mut self, number: i64, kind: &str, name: String, value_type: &str) {
        let known = [Kind::Param, Kind::Metric, Kind::Tag, Kind::Variant];
        let kind = known.into_iter().find(|known| known.as_str() == kind);
        if let (Some(kind), Some(value_type)) = (kind, FieldType::of(value_type)) {
            self.names.entry((kind, name)).or_default().insert(value_type, number);
        }
    }

    /// What a name stands for: a column before a param before a metric, unless `param.` or `metric.` stands in front.
    pub fn field(&self, name: &str) -> Option<Field> {
        if let Some((_, column)) = COLUMNS.iter().find(|(known, _)| *known == name) {
            return Some(Field::Column(*column));
        }
        if let Some((_, kind)) = OTHERS.iter().find(|(known, _)| *known == name) {
            let name = kind.as_str().to_owned();
            let numbers = self.names.get(&(*kind, name.clone())).cloned().unwrap_or_default();
            return Some(Field::Facts { kind: *kind, name, numbers });
        }
        let prefixed = [("param.", Kind::Param), ("metric.", Kind::Metric)];
        let prefixed = prefixed.into_iter().find_map(|(prefix, kind)| self.facts(kind, name.strip_prefix(prefix)?));
        prefixed.or_else(|| self.facts(Kind::Param, name)).or_else(|| self.facts(Kind::Metric, name))
    }

    fn facts(&self, kind: Kind, name: &str) -> Option<Field> {
        let numbers = self.names.get(&(kind, name.to_owned()))?.clone();
        Some(Field::Facts { kind, name: name.to_owned(), numbers })
    }

    /// All names of a kind, in alphabetical order.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.names.keys().filter(move |(known, _)| *known == kind).map(|(_, name)| name.as_str())
    }

    /// A name that stands for nothing.
    pub(super) fn unknown(&self, name: &str, span: Span) -> Diagnostic {
        let metrics_so_named: Vec<&str> =
            self.names(Kind::Metric).filter(|metric| metric.rsplit('.').next() == Some(name)).collect();
        let columns = COLUMNS.iter().map(|(name, _)| *name).chain(["tag", "variant"]);
        // What looks like a metric is meant to be one.
        let (near, far): (Vec<&str>, Vec<&str>) = columns
            .chain(self.names(Kind::Param))
            .chain(self.names(Kind::Metric))
            .partition(|known| known.contains('.') == name.contains('.'));
        let help = match metrics_so_named.as_slice() {
            [] => nearest_or(name, near, || nearest_or(name, far, || self.listing())),
            metrics => format!("did you mean `{}`?", metrics.join("` or `")),
        };
        let message = match name {
            "" => "a name is missing".to_owned(),
            _ => format!("no run in the log has a param, metric or column `{name}`"),
        };
        Diagnostic::new("unknown-name", message).at(span, "").help(help)
    }

    /// What there is to ask about.
    fn listing(&self) -> String {
        const MOST: usize = 12;
        let names: Vec<&str> = self.names(Kind::Param).chain(self.names(Kind::Metric)).take(MOST + 1).collect();
        let more = if names.len() > MOST { ", ..." } else { "" };
        let shown = names[..names.len().min(MOST)].join(", ");
        let columns = "id, experiment, launch, status, seed, started, seconds, tag, note, variant";
        match names.as_slice() {
            [] => format!("there are the columns {columns}"),
            _ => format!("there are the columns {columns}, and {shown}{more}"),
        }
    }
}

/// The status that a mistyped one may be.
pub fn status_meant(word: &str) -> String {
    let listing = || format!("a status is {} or {}", STATUSES[..5].join(", "), STATUSES[5]);
    did_you_mean(word, STATUSES).map_or_else(listing, |status| format!("did you mean '{status}'?"))
}

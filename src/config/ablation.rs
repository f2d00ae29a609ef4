//! `[ablation]`: a base and single changes to it, each of which is a variant. Knows no metric.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::experiment::set_param;
use super::reader::{Reader, listed, wrong_type};
use super::sweep::{Named, Row, Rows, Spec};
use super::value::{Entry, Kind, Located};
use super::{Pipeline, params};
use crate::diagnostic::{Diagnostic, Span, nearest_or};

/// What single changes to a base are worth.
#[derive(Debug, Clone)]
pub struct Ablation {
    pub mode: AblationMode,
    /// What the variant without changes is called.
    pub base_name: String,
    /// Each change comes on top of those before it.
    pub cumulative: bool,
    /// At least one, in the order written.
    pub changes: Vec<Change>,
}

/// One thing that is changed.
#[derive(Debug, Clone)]
pub struct Change {
    pub name: String,
    /// What it sets.
    pub values: Map<String, Value>,
    /// What its runs have for their variant: the same, and with `cumulative` also what the changes before it set.
    pub variant: Map<String, Value>,
}

/// What the base is, and so how the changes are spoken of; the variants are made alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AblationMode {
    /// The base has everything, and each change takes one thing out.
    OneOut,
    /// The base has nothing, and each change puts one thing in.
    OneIn,
}

impl AblationMode {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneOut => "one-out",
            Self::OneIn => "one-in",
        }
    }
}

pub const KEYS: [&str; 5] = ["mode", "base", "base_name", "cumulative", "changes"];

/// What `[ablation]` says after all layers so far, not checked yet.
#[derive(Debug, Clone)]
pub struct Written {
    pub entries: Vec<Entry>,
    /// Where the table stands.
    pub span: Span,
}

impl Written {
    /// This under a newer one, which wins key by key.
    pub fn extended_by(mut self, newer: Self) -> Self {
        newer.entries.into_iter().for_each(|entry| set_param(&mut self.entries, entry));
        Self { entries: self.entries, span: newer.span }
    }

    /// A newer layer sets a param: the base has another value, and no change sets it.
    pub fn set(&mut self, param: &str) {
        let strip = |table: &mut Located| {
            if let Kind::Table(entries) = &mut table.kind {
                entries.retain(|entry| entry.key != param);
            }
            table.as_table() == Some(&[])
        };
        for entry in &mut self.entries {
            match (entry.key.as_str(), &mut entry.value.kind) {
                ("base", _) => drop(strip(&mut entry.value)),
                ("changes", Kind::List(changes)) => changes.retain_mut(|change| {
                    let Kind::Table(of) = &mut change.kind else { return true };
                    of.iter_mut().all(|entry| {
                        let named = entry.value.get(param).is_some();
                        entry.key != "set" || !named || !strip(&mut entry.value)
                    })
                }),
                _ => {}
            }
        }
    }

    fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The base's values, which are set as if under `[params]`.
    pub fn base(&self, reader: &mut Reader) -> Vec<Entry> {
        reader.take(&self.entries, "base", "a table of params", Located::as_table).unwrap_or_default().to_vec()
    }
}

/// The ablation, and its points as if they had been listed. What is wrong is reported; then there may be none.
pub fn read(
    written: &Written,
    spec: &Spec,
    pipeline: &Pipeline,
    base: &Map<String, Value>,
    reader: &mut Reader,
) -> Option<(Ablation, Rows)> {
    let before = reader.diagnostics.len();
    reader.refuse_unknown_keys(&written.entries, &KEYS, "[ablation]");
    if let Some(span) = spec.first_place() {
        let problem = Diagnostic::new("not-with-ablation", "a sweep does not go with an ablation").at(span, "swept");
        let problem = problem.context(written.span, "the params that change here are all that varies");
        reader.report(problem.help("keep one of the two; `repeats` runs more seeds"));
    }
    let mode = mode(written, reader);
    let entries = &written.entries;
    let base_name = reader.take(entries, "base_name", "a string", Located::as_text);
    let base_name = base_name.filter(|name| !name.is_empty()).unwrap_or("base").to_owned();
    let cumulative = reader.take(entries, "cumulative", "true or false", |value| match value.kind {
        Kind::Bool(value) => Some(value),
        _ => None,
    });
    let mut reading = Reading { written, pipeline, base, reader };
    let changes = reading.changes()?;
    reading.refuse_alike(&changes, &base_name, cumulative.unwrap_or(false));
    (reader.diagnostics.len() == before).then_some(())?;
    Some(variants(changes, mode?, base_name, cumulative.unwrap_or(false), written.span))
}

fn mode(written: &Written, reader: &mut Reader) -> Option<AblationMode> {
    const MODES: [AblationMode; 2] = [AblationMode::OneOut, AblationMode::OneIn];
    let Some(entry) = written.get("mode") else { return Some(AblationMode::OneOut) };
    let text = reader.take(&written.entries, "mode", "a string", Located::as_text)?;
    let found = MODES.into_iter().find(|mode| mode.name() == text);
    if found.is_none() {
        let names = listed(MODES.iter().map(|mode| mode.name()));
        let help = nearest_or(text, MODES.map(AblationMode::name), || format!("choose one of {names}"));
        let problem = Diagnostic::new("not-a-choice", format!("`mode` cannot be {}", entry.value.to_toml()));
        reader.report(problem.at(entry.value.span, format!("not one of {names}")).help(help));
    }
    found
}

/// Names and rows of the changes.
type Changes = Vec<(String, Row)>;

/// What the changes make: the base and a point for each.
fn variants(changes: Changes, mode: AblationMode, base_name: String, cumulative: bool, span: Span) -> (Ablation, Rows) {
    let mut rows = vec![Row { span, values: Vec::new() }];
    let mut named = Vec::new();
    for (name, change) in changes {
        let mut row = change.clone();
        if let Some(last) = rows.last().filter(|_| cumulative) {
            let newer = |named: &&Named| !change.values.iter().any(|of| of.param == named.param);
            row.values.extend(last.values.iter().filter(newer).cloned());
        }
        let json = |row: &Row| row.values.iter().map(|of| (of.param.clone(), of.value.to_json())).collect();
        named.push(Change { name, values: json(&change), variant: json(&row) });
        rows.push(row);
    }
    (Ablation { mode, base_name, cumulative, changes: named }, Rows { span, rows })
}

struct Reading<'a> {
    written: &'a Written,
    pipeline: &'a Pipeline,
    base: &'a Map<String, Value>,
    reader: &'a mut Reader,
}

impl Reading<'_> {
    fn changes(&mut self) -> Option<Changes> {
        const HELP: &str = "write `changes = [{ name = \"no dropout\", set = { dropout = 0.0 } }]`";
        let Some(entry) = self.written.get("changes") else {
            let problem = Diagnostic::new("missing-key", "the ablation names no changes").at(self.written.span, "");
            self.reader.report(problem.help(HELP));
            return None;
        };
        let Some(items) = entry.value.as_list() else {
            self.reader.report(wrong_type("changes", "a list of tables", &entry.value).help(HELP));
            return None;
        };
        if items.is_empty() {
            let problem = Diagnostic::new("empty-ablation", "the ablation has no changes").at(entry.value.span, "");
            self.reader.report(problem.help(HELP));
            return None;
        }
        let changes: Vec<Option<(String, Row)>> = items.iter().map(|item| self.change(item, HELP)).collect();
        changes.into_iter().collect()
    }

    fn change(&mut self, item: &Located, help: &str) -> Option<(String, Row)> {
        let Some(table) = item.as_table() else {
            self.reader.report(wrong_type("changes", "a list of tables", item).help(help));
            return None;
        };
        self.reader.refuse_unknown_keys(table, &["name", "set"], "a change");
        let name = self.reader.take(table, "name", "a string", Located::as_text).filter(|name| !name.is_empty());
        let Some(set) = item.get("set") else {
            let problem = Diagnostic::new("missing-key", "a change sets nothing").at(item.span, "");
            self.reader.report(problem.help("add `set = { param = value }`"));
            return None;
        };
        let Some(values) = set.value.as_table().filter(|values| !values.is_empty()) else {
            let problem = Diagnostic::new("empty-ablation", "a change sets nothing").at(set.value.span, "");
            self.reader.report(problem.help("name what it changes, as in `set = { dropout = 0.0 }`"));
            return None;
        };
        let row = Row { span: set.value.span, values: values.iter().filter_map(|entry| self.value(entry)).collect() };
        let shown = |named: &Named| format!("{} = {}", named.param, named.value.to_toml());
        let name = name.map_or_else(|| row.values.iter().map(shown).collect::<Vec<_>>().join(", "), str::to_owned);
        (row.values.len() == values.len()).then_some((name, row))
    }

    fn value(&mut self, entry: &Entry) -> Option<Named> {
        let Some(def) = self.pipeline.params.get(&entry.key) else {
            params::report_unknown(&entry.key, entry.key_span, self.pipeline, self.reader);
            return None;
        };
        match params::fit(&entry.key, def, &entry.value) {
            Ok(value) => Some(Named { param: entry.key.clone(), span: entry.key_span, value }),
            Err(problem) => {
                self.reader.report_of_param(&entry.key, problem);
                None
            }
        }
    }

    /// Variants that are what an earlier one is already, or that have one name.
    fn refuse_alike(&mut self, changes: &Changes, base_name: &str, cumulative: bool) {
        let mut known = vec![(self.base.clone(), base_name, None)];
        let mut names: BTreeMap<&str, Option<Span>> = BTreeMap::from([(base_name, None)]);
        for (name, row) in changes {
            let mut values = if cumulative { known[known.len() - 1].0.clone() } else { self.base.clone() };
            values.extend(row.values.iter().map(|of| (of.param.clone(), of.value.to_json())));
            match known.iter().find(|(earlier, ..)| *earlier == values) {
                Some((_, _, None)) => {
                    let problem = Diagnostic::new("changes-nothing", format!("`{name}` is what the base is already"));
                    self.reader.report(problem.at(row.span, "changes nothing").help("set other values, or remove it"));
                }
                Some((_, of, Some(first))) => {
                    let problem = Diagnostic::new("repeated-value", format!("`{name}` is what `{of}` is already"));
                    let problem = problem.at(row.span, "again").context(*first, "the first");
                    self.reader.report(problem.help("set other values, or remove it"));
                }
                None => {}
            }
            known.push((values, name, Some(row.span)));
            if let Some(first) = names.insert(name, Some(row.span)) {
                let problem = Diagnostic::new("repeated-value", format!("two variants are called `{name}`"));
                let problem =
                    first.into_iter().fold(problem.at(row.span, "a change of that name"), |problem, first| {
                        problem.context(first, "the first")
                    });
                self.reader.report(problem.help("give each change a name of its own"));
            }
        }
    }
}

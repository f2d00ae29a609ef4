//! Declared params: their defaults, ranges and choices, and whether a value fits them.

use std::collections::BTreeMap;
use std::mem::discriminant;

use super::interpolate::{is_plain, whole_reference};
use super::reader::{Reader, is_name, listed, nearest, wrong_type};
use super::value::{Entry, Kind, Located};
use super::{Choice, ParamDef, Pipeline};
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::text;

/// Reads `[params]` of a pipeline file.
pub fn read(table: &[Entry], reader: &mut Reader) -> BTreeMap<String, ParamDef> {
    let mut params = BTreeMap::new();
    for entry in table {
        let before = reader.diagnostics.len();
        let def = declaration(entry, reader);
        match def {
            Some(def) if reader.diagnostics.len() == before => {
                params.insert(entry.key.clone(), def);
            }
            _ => {
                reader.broken.insert(entry.key.clone());
            }
        }
    }
    params
}

fn declaration(entry: &Entry, reader: &mut Reader) -> Option<ParamDef> {
    if !is_name(&entry.key) {
        let problem = Diagnostic::new("bad-name", format!("`{}` cannot name a param", entry.key));
        reader.report(problem.at(entry.key_span, "").help("use letters, digits, `_` and `-`"));
        return None;
    }
    let mut def = match &entry.value.kind {
        Kind::Table(table) => long_form(entry, table, reader)?,
        _ => with_default(&entry.value, entry.key_span),
    };
    match fit(&entry.key, &def, &def.default) {
        Ok(default) => def.default = default,
        Err(problem) => reader.report(problem),
    }
    Some(def)
}

fn with_default(default: &Located, span: Span) -> ParamDef {
    ParamDef {
        default: default.clone(),
        help: String::new(),
        help_in_line: false,
        range: None,
        choices: Vec::new(),
        span,
    }
}

fn long_form(entry: &Entry, table: &[Entry], reader: &mut Reader) -> Option<ParamDef> {
    let name = &entry.key;
    reader.refuse_unknown_keys(table, &["default", "range", "choices", "help"], &format!("[params.{name}]"));
    let Some(default) = entry.value.get("default") else {
        let problem = Diagnostic::new("missing-key", format!("the param `{name}` has no default"));
        reader
            .report(problem.at(entry.key_span, "declared here").help("add `default = ...`, which also fixes its type"));
        return None;
    };
    if matches!(default.value.kind, Kind::Table(_)) {
        reader.report(wrong_type(name, "a boolean, a number, a string or a list", &default.value));
        return None;
    }
    let mut def = ParamDef {
        help: read_help(name, table, reader),
        help_in_line: help_in_line(entry, reader),
        ..with_default(&default.value, entry.key_span)
    };
    def.range = entry.value.get("range").and_then(|range| read_range(name, &def.default, &range.value, reader));
    if let Some(choices) = entry.value.get("choices") {
        def.choices = read_choices(name, &def, choices, reader);
    }
    Some(def)
}

fn read_help(name: &str, table: &[Entry], reader: &mut Reader) -> String {
    let help = reader.take(table, "help", "a string", Located::as_text).unwrap_or_default();
    let place = table.iter().find(|entry| entry.key == "help").filter(|_| help.lines().count() > 1);
    if let Some(place) = place {
        let problem = Diagnostic::new("bad-help", format!("the help of `{name}` has more than one line"));
        reader.report(problem.at(place.value.span, "").help("say in one line what the param is"));
    }
    help.to_owned()
}

fn help_in_line(entry: &Entry, reader: &Reader) -> bool {
    let to_help = |help: &Entry| Span { end: help.value.span.end, ..entry.key_span };
    entry.value.get("help").is_some_and(|help| !reader.sources.text_at(to_help(help)).contains('\n'))
}

fn read_range(name: &str, default: &Located, range: &Located, reader: &mut Reader) -> Option<(f64, f64)> {
    const HELP: &str = "write the smallest and the largest allowed number, as in `range = [1, 100]`";
    let bounds: Option<Vec<f64>> = range.as_list().and_then(|items| items.iter().map(Located::as_number).collect());
    let bad = |message: String| Diagnostic::new("bad-range", message).at(range.span, "").help(HELP);
    if default.as_number().is_none() && is_plain(default) {
        let message = format!("`{name}` is {}, which can have no range", default.type_name());
        reader.report(bad(message).help("remove it, or list `choices`"));
        return None;
    }
    match bounds.as_deref() {
        Some([low, high]) if low <= high => Some((*low, *high)),
        Some([_, _]) => {
            reader.report(bad(format!("the range of `{name}` ends before it begins")));
            None
        }
        _ => {
            reader.report(bad(format!("the range of `{name}` is not a list of two numbers")));
            None
        }
    }
}

fn read_choices(name: &str, def: &ParamDef, entry: &Entry, reader: &mut Reader) -> Vec<Choice> {
    let choices: Vec<Choice> = match &entry.value.kind {
        Kind::List(values) => values.iter().filter_map(|value| listed_choice(name, def, value, reader)).collect(),
        Kind::Table(tables) => tables.iter().filter_map(|table| carrying_choice(name, table, reader)).collect(),
        _ => {
            reader.report(wrong_type("choices", "a list, or a table of tables", &entry.value));
            return Vec::new();
        }
    };
    report_repeated(name, &choices, reader);
    if matches!(&entry.value.kind, Kind::List(values) if values.is_empty()) || entry.value.as_table() == Some(&[]) {
        let problem = Diagnostic::new("no-choices", format!("`{name}` has an empty list of choices"));
        reader.report(problem.at(entry.key_span, "").help("list what may be chosen, or remove `choices`"));
    }
    choices
}

fn listed_choice(name: &str, def: &ParamDef, value: &Located, reader: &mut Reader) -> Option<Choice> {
    match fit(name, &ParamDef { choices: Vec::new(), ..def.clone() }, value) {
        Ok(fitted) => Some(Choice { value: fitted.to_json(), carries: BTreeMap::new(), span: value.span }),
        Err(problem) => {
            reader.report(problem);
            None
        }
    }
}

fn carrying_choice(name: &str, entry: &Entry, reader: &mut Reader) -> Option<Choice> {
    let Kind::Table(carried) = &entry.value.kind else {
        let problem = wrong_type(&format!("{name}.choices.{}", entry.key), "a table of named values", &entry.value);
        reader.report(problem.help("list choices that carry nothing: `choices = [\"a\", \"b\"]`"));
        return None;
    };
    for bad in carried.iter().filter(|value| !is_name(&value.key)) {
        let problem = Diagnostic::new("bad-name", format!("`{}` cannot name a value", bad.key));
        reader.report(problem.at(bad.key_span, "").help("use letters, digits, `_` and `-`"));
    }
    let carries = carried.iter().map(|value| (value.key.clone(), value.value.clone())).collect();
    Some(Choice { value: entry.key.as_str().into(), carries, span: entry.key_span })
}

fn report_repeated(name: &str, choices: &[Choice], reader: &mut Reader) {
    for (index, choice) in choices.iter().enumerate() {
        if choices[..index].iter().any(|earlier| earlier.value == choice.value) {
            let problem = Diagnostic::new("repeated-value", format!("`{name}` lists a choice twice"));
            reader.report(problem.at(choice.span, "listed before").help("remove one of them"));
        }
    }
}

/// The value as the param takes it (a float param takes an integer), or why it does not. What is still to be
/// interpolated is let through, and checked again when it is.
pub fn fit(name: &str, def: &ParamDef, value: &Located) -> Result<Located, Diagnostic> {
    if value.as_text().is_some_and(|text| whole_reference(text).is_some()) {
        return Ok(value.clone());
    }
    let value = typed(name, def, value)?;
    if is_plain(&value) { in_bounds(name, def, value) } else { Ok(value) }
}

/// Like [`fit`], for a value whose references are replaced, so that a `${` left in it is just text.
pub fn fit_resolved(name: &str, def: &ParamDef, value: &Located) -> Result<Located, Diagnostic> {
    in_bounds(name, def, typed(name, def, value)?)
}

fn in_bounds(name: &str, def: &ParamDef, value: Located) -> Result<Located, Diagnostic> {
    check_range(name, def, &value)?;
    check_choice(name, def, &value)?;
    Ok(value)
}

fn typed(name: &str, def: &ParamDef, value: &Located) -> Result<Located, Diagnostic> {
    match (declared_kind(def), &value.kind) {
        (Some(Kind::Float(_)), Kind::Integer(integer)) if exact(*integer) => {
            Ok(Located { kind: Kind::Float(*integer as f64), span: value.span })
        }
        (_, Kind::Table(_)) => Err(misfit(name, def, value)),
        (Some(kind), given) if discriminant(kind) != discriminant(given) => Err(misfit(name, def, value)),
        _ => Ok(value.clone()),
    }
}

/// The kind that the default fixes; `None` when the default is a reference, whose kind is the other param's.
fn declared_kind(def: &ParamDef) -> Option<&Kind> {
    match &def.default.kind {
        Kind::Text(text) if whole_reference(text).is_some() => None,
        kind => Some(kind),
    }
}

/// Whether the param is a string, for which the command line needs no quotes.
pub fn takes_text(def: &ParamDef) -> bool {
    matches!(declared_kind(def), Some(Kind::Text(_)))
}

/// Whether the param may be a list.
pub fn takes_list(def: &ParamDef) -> bool {
    matches!(declared_kind(def), None | Some(Kind::List(_)))
}

/// Whether a float holds the integer without rounding.
fn exact(integer: i64) -> bool {
    integer.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS
}

fn misfit(name: &str, def: &ParamDef, value: &Located) -> Diagnostic {
    let problem = wrong_type(name, def.default.type_name(), value);
    let example = format!("give a value like its default, {}", def.default.to_toml());
    if value.span == def.default.span {
        return problem;
    }
    let fixed = format!("the default fixes the type: {}", def.default.type_name());
    problem.context(def.default.span, with_help(&fixed, def)).help(example)
}

/// What is said of a param's declaration, with what its author says that it is.
fn with_help(said: &str, def: &ParamDef) -> String {
    match def.help.trim_end_matches('.') {
        help if help.is_empty() || def.help_in_line => said.to_owned(),
        help => format!("{said} ({help})"),
    }
}

fn check_range(name: &str, def: &ParamDef, value: &Located) -> Result<(), Diagnostic> {
    let (Some((low, high)), Some(number)) = (def.range, value.as_number()) else { return Ok(()) };
    if (low..=high).contains(&number) {
        return Ok(());
    }
    let bounds = format!("from {} to {}", text::bound(low), text::bound(high));
    Err(Diagnostic::new("out-of-range", format!("`{name}` is {}, outside its range", value.to_toml()))
        .at(value.span, format!("not {bounds}"))
        .context(def.span, with_help("declared here", def))
        .help(format!("give a number {bounds}")))
}

fn check_choice(name: &str, def: &ParamDef, value: &Located) -> Result<(), Diagnostic> {
    if def.choices.is_empty() || def.choices.iter().any(|choice| choice.value == value.to_json()) {
        return Ok(());
    }
    let texts: Vec<String> = def
        .choices
        .iter()
        .map(|choice| choice.value.as_str().map_or_else(|| choice.value.to_string(), str::to_owned))
        .collect();
    let help = match value.as_text() {
        Some(text) => nearest(text, texts.iter().map(String::as_str), "choose one of"),
        None => format!("choose one of {}", listed(texts.iter().map(String::as_str))),
    };
    let choices = listed(texts.iter().map(String::as_str));
    Err(Diagnostic::new("not-a-choice", format!("`{name}` cannot be {}", value.to_toml()))
        .at(value.span, format!("not one of {choices}"))
        .context(def.span, with_help("declared here", def))
        .help(help))
}

/// Reports a value for a param that the pipeline does not declare. The param that was meant is in doubt from then on.
pub fn report_unknown(name: &str, span: Span, pipeline: &Pipeline, reader: &mut Reader) {
    if reader.params_unreadable || reader.broken.contains(name) {
        return;
    }
    let meant = did_you_mean(name, pipeline.params.keys().map(String::as_str));
    reader.broken.extend(meant.map(str::to_owned));
    reader.report(unknown(name, span, pipeline));
}

/// A param that the pipeline does not declare.
pub fn unknown(name: &str, span: Span, pipeline: &Pipeline) -> Diagnostic {
    let declared = pipeline.params.keys().map(String::as_str);
    let introduction = format!("the params of {} are", pipeline.file.display());
    Diagnostic::new("unknown-param", format!("there is no param `{name}`")).at(span, "unknown param").help(nearest(
        name,
        declared,
        &introduction,
    ))
}

/// Whether the param takes any type: its default is a reference, so that another param decides.
pub fn takes_any(def: &ParamDef) -> bool {
    declared_kind(def).is_none()
}

//! A stage's params against what its kind declares: types, ranges, choices, defaults.

use serde_json::{Map, Value};

use crate::config::value::{Entry, Kind, Located};
use crate::config::{ResolvedStage, simplified};
use crate::diagnostic::{Diagnostic, Sources, Span, did_you_mean, nearest_or};
use crate::kind::{Description, ParamProblem, ParamSpec, ParamType};
use crate::text;

/// Where messages about params point, and what they call things.
pub struct Checker<'a> {
    pub stage: &'a ResolvedStage,
    pub description: &'a Description,
    pub sources: &'a Sources,
    /// The stage's table with its `${...}`; `None` for a companion.
    pub written: Option<&'a Located>,
}

impl Checker<'_> {
    /// All params of the kind in their types, defaults filled in; or everything that is wrong with them.
    pub fn normalize(&self) -> Result<Value, Vec<Diagnostic>> {
        let mut problems: Vec<Diagnostic> = self.unknown();
        let mut values = Map::new();
        for spec in &self.description.params {
            let given = self.stage.params.get(&spec.name);
            match given.map(|entry| self.value(&spec.param_type, &entry.value, &At { spec, entry })) {
                Some(Ok(value)) => {
                    problems.extend(given.and_then(|entry| self.length(spec, entry)));
                    values.insert(spec.name.clone(), value);
                }
                Some(Err(wrong)) => problems.extend(wrong),
                None => _ = values.insert(spec.name.clone(), spec.default.clone().unwrap_or_default()),
            }
        }
        problems.extend(self.missing());
        if problems.is_empty() { Ok(Value::Object(values)) } else { Err(problems) }
    }

    /// A problem that the kind itself found, at the param or at the element it is about.
    pub fn unfit(&self, problem: &ParamProblem) -> Diagnostic {
        let message = format!("`{}` of `{}`: {}", problem.param, self.stage.name, problem.message);
        let mut diagnostic = Diagnostic::new("unfit-param", message);
        diagnostic.help.clone_from(&problem.help);
        let Some(entry) = self.stage.params.get(&problem.param) else {
            return diagnostic.at(self.stage.name_span, format!("`{}` has its default here", problem.param));
        };
        let element = match (&entry.value.kind, problem.index) {
            (Kind::List(items), Some(index)) => items.get(index),
            _ => None,
        };
        self.used_here(diagnostic.at(element.unwrap_or(&entry.value).span, ""), entry)
    }

    fn unknown(&self) -> Vec<Diagnostic> {
        let Kind::Table(entries) = &self.stage.params.kind else { return Vec::new() };
        let unknown = entries.iter().filter(|entry| self.description.param(&entry.key).is_none());
        unknown.map(|entry| self.unknown_param(entry)).collect()
    }

    fn unknown_param(&self, entry: &Entry) -> Diagnostic {
        let (key, kind) = (&entry.key, self.description.kind);
        let names = self.description.params.iter().map(|param| param.name.as_str());
        let help = nearest_or(key, names.clone(), || match self.description.params.is_empty() {
            _ if key == "input" => "did you mean `inputs`?".to_owned(),
            true => format!("`{kind}` has no params"),
            false => format!("its params are {}; see `pipeline stages {kind}`", quoted(names)),
        });
        let diagnostic = Diagnostic::new("unknown-param", format!("`{kind}` has no param `{key}`"));
        diagnostic.at(entry.key_span, "not a param of this kind").help(help)
    }

    /// One diagnostic for all params that must be given and are not.
    fn missing(&self) -> Option<Diagnostic> {
        let absent = |spec: &&ParamSpec| spec.default.is_none() && self.stage.params.get(&spec.name).is_none();
        let missing: Vec<&ParamSpec> = self.description.params.iter().filter(absent).collect();
        let names = quoted(missing.iter().map(|spec| spec.name.as_str()));
        let describe = |spec: &&ParamSpec| format!("`{}`, {}: {}", spec.name, indefinite(&spec.param_type), spec.help);
        let help = missing.iter().map(describe).collect::<Vec<_>>().join("\n");
        let diagnostic = Diagnostic::new("missing-param", format!("`{}` needs {names}", self.stage.name));
        let label = format!("a `{}` without {names}", self.description.kind);
        (!missing.is_empty()).then(|| diagnostic.at(self.stage.name_span, label).help(help))
    }

    /// One value in the type it must have.
    fn value(&self, wanted: &ParamType, given: &Located, at: &At) -> Result<Value, Vec<Diagnostic>> {
        match (wanted, &given.kind) {
            (ParamType::Bool, Kind::Bool(_)) | (ParamType::Text, Kind::Text(_)) => Ok(given.to_json()),
            (ParamType::Integer, Kind::Integer(value)) => self.in_range(*value as f64, given.to_json(), given, at),
            (ParamType::Float, Kind::Integer(value)) => self.in_range(*value as f64, (*value as f64).into(), given, at),
            (ParamType::Float, Kind::Float(value)) => self.in_range(*value, given.to_json(), given, at),
            (ParamType::Path, Kind::Text(text)) => Ok(self.absolute(text, given.span)),
            (ParamType::Choice(choices), Kind::Text(text)) => self.choice(choices, text, given, at),
            (ParamType::List(element), Kind::List(items)) => self.list(element, items, at),
            _ => Err(vec![self.wrong_type(wanted, given, at)]),
        }
    }

    /// The elements, or what is wrong with any of them.
    fn list(&self, element: &ParamType, items: &[Located], at: &At) -> Result<Value, Vec<Diagnostic>> {
        let (mut values, mut problems) = (Vec::new(), Vec::new());
        for item in items {
            match self.value(element, item, at) {
                Ok(value) => values.push(value),
                Err(wrong) => problems.extend(wrong),
            }
        }
        if problems.is_empty() { Ok(Value::Array(values)) } else { Err(problems) }
    }

    fn in_range(&self, number: f64, value: Value, given: &Located, at: &At) -> Result<Value, Vec<Diagnostic>> {
        let low = at.spec.minimum.is_some_and(|minimum| number < minimum);
        let high = at.spec.maximum.is_some_and(|maximum| number > maximum);
        if !low && !high {
            return Ok(value);
        }
        let range = range(at.spec.minimum, at.spec.maximum);
        let message = format!("{} must be {range}, not {value}", self.of(given, at));
        let wanted = match &at.spec.param_type {
            ParamType::List(element) => &**element,
            own => own,
        };
        let help = explained(advice(wanted, at.spec), at.spec);
        Err(vec![self.problem("out-of-range", message, given, at, "out of range", &help)])
    }

    fn choice(
        &self,
        choices: &[(String, String)],
        text: &str,
        given: &Located,
        at: &At,
    ) -> Result<Value, Vec<Diagnostic>> {
        let names = choices.iter().map(|(name, _)| name.as_str());
        if names.clone().any(|name| name == text) {
            return Ok(Value::from(text));
        }
        let help = match did_you_mean(text, names.clone()) {
            Some(name) => format!("did you mean `{name}`? The choices are {}", quoted(names)),
            None => format!("the choices are {}", quoted(names)),
        };
        let message = format!("{} cannot be \"{text}\"", self.of(given, at));
        Err(vec![self.problem("unknown-choice", message, given, at, "not one of its choices", &help)])
    }

    fn wrong_type(&self, wanted: &ParamType, given: &Located, at: &At) -> Diagnostic {
        let message = format!("{} must be {}, not {}", self.of(given, at), indefinite(wanted), given.type_name());
        let number = matches!(wanted, ParamType::Integer | ParamType::Float);
        let help = match &given.kind {
            Kind::Text(text) if number && text.parse::<f64>().is_ok() => format!("write it without quotes: {text}"),
            Kind::Text(text) if *wanted == ParamType::Bool && matches!(text.as_str(), "true" | "false") => {
                format!("write it without quotes: {text}")
            }
            Kind::Float(value) if value.fract() == 0.0 => format!("write {value}"),
            Kind::List(_) | Kind::Table(_) => explained(advice(wanted, at.spec), at.spec),
            _ if matches!(wanted, ParamType::List(_)) => format!("write a list: [{}]", given.to_json()),
            _ if matches!(wanted, ParamType::Text | ParamType::Path) => {
                format!("write it in quotes: \"{}\"", given.to_json())
            }
            _ => explained(advice(wanted, at.spec), at.spec),
        };
        self.problem("wrong-type", message, given, at, given.type_name(), &help)
    }

    /// A list that is too short or too long.
    fn length(&self, spec: &ParamSpec, entry: &Entry) -> Option<Diagnostic> {
        let Kind::List(items) = &entry.value.kind else { return None };
        let short = spec.shortest.is_some_and(|shortest| items.len() < shortest);
        let long = spec.longest.is_some_and(|longest| items.len() > longest);
        let wanted = match (spec.shortest, spec.longest) {
            (Some(low), Some(high)) if low == high => format!("{low}"),
            (low, high) => range(low.map(|low| low as f64), high.map(|high| high as f64)),
        };
        let at = At { spec, entry };
        let message = format!("the length of {} must be {wanted}, not {}", self.of(&entry.value, &at), items.len());
        let noun = if wanted.split(' ').next_back() == Some("1") { "element" } else { "elements" };
        let help = explained(format!("give it {wanted} {noun}"), spec);
        let problem = || self.problem("wrong-length", message, &entry.value, &at, "of another length", &help);
        (short || long).then(problem)
    }

    /// A path as seen from the file that wrote it.
    fn absolute(&self, text: &str, span: Span) -> Value {
        let path = self.sources.folder(span.file).join(text);
        let absolute = std::path::absolute(&path).unwrap_or(path);
        Value::from(simplified(&absolute).to_string_lossy())
    }

    fn of(&self, given: &Located, at: &At) -> String {
        let element = if std::ptr::eq(given, &at.entry.value) { "" } else { "every element of " };
        format!("{element}`{}` of `{}`", at.spec.name, self.stage.name)
    }

    fn problem(
        &self,
        code: &'static str,
        message: String,
        given: &Located,
        at: &At,
        label: &str,
        help: &str,
    ) -> Diagnostic {
        let diagnostic = Diagnostic::new(code, message).at(given.span, label);
        let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
        self.used_here(diagnostic, at.entry)
    }

    /// Points at the stage's line as well when the value came from elsewhere.
    fn used_here(&self, diagnostic: Diagnostic, entry: &Entry) -> Diagnostic {
        let written = self.written.and_then(|table| table.get(&entry.key)).map_or(entry.key_span, |own| own.value.span);
        let inside = |span: Span| span.file == written.file && written.start <= span.start && span.end <= written.end;
        match diagnostic.span {
            Some(span) if !inside(span) => diagnostic.context(written, "used here"),
            _ => diagnostic,
        }
    }
}

/// A param and where it was given.
struct At<'a> {
    spec: &'a ParamSpec,
    entry: &'a Entry,
}

/// A param's type with its article.
pub fn indefinite(param_type: &ParamType) -> String {
    match param_type {
        ParamType::Bool => "a boolean".into(),
        ParamType::Integer => "an integer".into(),
        ParamType::Float => "a number".into(),
        ParamType::Text => "a string".into(),
        ParamType::Path => "a path in quotes".into(),
        ParamType::Choice(choices) => format!("one of {}", quoted(choices.iter().map(|(name, _)| name.as_str()))),
        ParamType::List(_) => "a list".into(),
    }
}

/// Inclusive bounds in words.
fn range(minimum: Option<f64>, maximum: Option<f64>) -> String {
    match (minimum.map(text::bound), maximum.map(text::bound)) {
        (Some(minimum), Some(maximum)) => format!("between {minimum} and {maximum}"),
        (Some(minimum), None) => format!("at least {minimum}"),
        (None, Some(maximum)) => format!("at most {maximum}"),
        (None, None) => "any number".into(),
    }
}

/// What to write for a param or an element of it: `write a whole number from 1 to 65536`.
fn advice(wanted: &ParamType, spec: &ParamSpec) -> String {
    let bounds = match (spec.minimum.map(text::bound), spec.maximum.map(text::bound)) {
        (Some(minimum), Some(maximum)) => format!(" from {minimum} to {maximum}"),
        (Some(minimum), None) => format!(" of at least {minimum}"),
        (None, Some(maximum)) => format!(" of at most {maximum}"),
        (None, None) => String::new(),
    };
    let what = match wanted {
        ParamType::Bool => "true or false".to_owned(),
        ParamType::Integer => format!("a whole number{bounds}"),
        ParamType::Float => format!("a number{bounds}"),
        ParamType::Text => "a text in quotes".to_owned(),
        ParamType::Choice(choices) => {
            let names = choices.iter().map(|(name, _)| format!("\"{name}\""));
            format!("one of {}", names.collect::<Vec<_>>().join(", "))
        }
        other => indefinite(other),
    };
    format!("write {what}")
}

/// Advice, and below it what the param means.
fn explained(advice: String, spec: &ParamSpec) -> String {
    if spec.help.is_empty() { advice } else { format!("{advice}\n`{}`: {}", spec.name, spec.help) }
}

/// Names in backquotes, separated by commas.
pub fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

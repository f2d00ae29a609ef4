//! The command line's `--set`, `--sweep` and `--repeats`, as values with a place like those in files.

use super::experiment::{Layer, set_param};
use super::reader::{Reader, wrong_type};
use super::value::{Entry, Kind, Located};
use super::{ParamDef, Pipeline, document, params, sweep};
use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::text;

/// What the command line changes.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `key=value`, in TOML's syntax; strings need no quotes.
    pub set: Vec<String>,
    /// `key=a,b,c`, or what could stand behind `key =` in `[sweep]`: sets or adds to what is swept.
    pub sweep: Vec<String>,
    /// From 1 to [`MAX_REPEATS`](super::MAX_REPEATS), as for the option.
    pub repeats: Option<u32>,
}

impl Overrides {
    /// Lays the overrides over what the experiment's files say. A param that is set is swept no more.
    pub(super) fn apply(&self, layer: &mut Layer, pipeline: &Pipeline, reader: &mut Reader) {
        for text in &self.set {
            let option = Override::new("--set", text, reader);
            if let Some(entry) = option.setting(pipeline, reader) {
                layer.set(entry);
            }
        }
        let mut swept = Vec::new();
        for text in &self.sweep {
            let option = Override::new("--sweep", text, reader);
            if let Some(entry) = option.swept(pipeline, reader) {
                set_param(&mut swept, entry);
            }
        }
        layer.sweep.lay(swept);
        layer.repeats = self.repeats.or(layer.repeats);
    }
}

/// One `key=...` of the command line.
struct Override<'a> {
    key: &'a str,
    key_span: Span,
    /// After the `=`.
    value: Piece<'a>,
}

/// A part of an override and where it begins in the override's text.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    file: FileId,
    start: usize,
}

impl<'a> Piece<'a> {
    fn span(self) -> Span {
        Span { file: self.file, start: self.start, end: self.start + self.text.len() }
    }

    fn part(self, from: usize, to: usize) -> Self {
        let text = &self.text[from..to];
        let indent = text.len() - text.trim_start().len();
        Self { text: text.trim(), file: self.file, start: self.start + from + indent }
    }
}

impl<'a> Override<'a> {
    fn new(option: &str, text: &'a str, reader: &mut Reader) -> Self {
        let file = reader.sources.add_override(format!("{option} {text}"));
        let whole = Piece { text, file, start: option.len() + 1 };
        let equals = text.find('=').unwrap_or(text.len());
        let key = whole.part(0, equals);
        let value = whole.part(text.len().min(equals + 1), text.len());
        Self { key: key.text, key_span: key.span(), value }
    }

    fn setting(self, pipeline: &Pipeline, reader: &mut Reader) -> Option<Entry> {
        let def = self.def(pipeline, reader)?;
        if self.value.text.is_empty() && !params::takes_text(def) {
            let problem = Diagnostic::new("bad-override", format!("`{}` is set to nothing", self.key));
            let help = format!("write a value, as in `{}={}`", self.key, def.default.to_toml());
            reader.report(problem.at(self.key_span, "").help(help));
            return None;
        }
        let value = parse(self.key, def, self.value, reader)?;
        Some(Entry { key: self.key.to_owned(), key_span: self.key_span, value })
    }

    /// What is swept, as it would stand in `[sweep]`.
    fn swept(self, pipeline: &Pipeline, reader: &mut Reader) -> Option<Entry> {
        let entry = |value| Entry { key: self.key.to_owned(), key_span: self.key_span, value };
        if sweep::WORDS.contains(&self.key) {
            return self.toml("[[\"a\", \"b\"]]", reader).map(entry);
        }
        let def = self.def(pipeline, reader)?;
        if self.value.text.starts_with('{') && !params::takes_text(def) {
            return self.toml("{ uniform = [0.1, 0.9] }", reader).map(entry);
        }
        let whole = document::parse_value(self.value.text, self.value.file, self.value.start, &mut Vec::new());
        match whole.map(|value| (value.type_name(), value)) {
            Some(("a table", table)) => return Some(entry(table)),
            Some(("a list", list)) if !params::takes_list(def) => return Some(entry(list)),
            _ => {}
        }
        let pieces = if self.value.text.is_empty() { Vec::new() } else { split(self.value) };
        let count = pieces.len();
        let values: Vec<Located> = pieces.into_iter().filter_map(|piece| self.one_swept(def, piece, reader)).collect();
        let list = Located { kind: Kind::List(values), span: self.value.span() };
        (count == 0 || list.as_list() != Some(&[])).then(|| entry(list))
    }

    /// The value in TOML's syntax.
    fn toml(&self, example: &str, reader: &mut Reader) -> Option<Located> {
        let Piece { text, file, start } = self.value;
        let mut notices = Vec::new();
        let value = document::parse_value(text, file, start, &mut notices);
        reader.diagnostics.append(&mut notices);
        if value.is_none() {
            let problem = Diagnostic::new("bad-override", format!("`{}` is not given in TOML's syntax", self.key));
            let span = if text.is_empty() { self.key_span } else { self.value.span() };
            let help = format!("write a value as in a file, such as `--sweep '{}={example}'`", self.key);
            reader.report(problem.at(span, "").help(help));
        }
        value
    }

    fn one_swept(&self, def: &ParamDef, piece: Piece<'_>, reader: &mut Reader) -> Option<Located> {
        let bracketed = piece.text.starts_with('[') && !params::takes_list(def);
        let help = match piece.text {
            "" => "remove a comma, or write `\"\"` for an empty string",
            _ if bracketed => "list the values without brackets",
            _ => return parse(self.key, def, piece, reader),
        };
        let message = format!("`{}` cannot be swept over this", self.key);
        reader.report_of_param(self.key, Diagnostic::new("bad-override", message).at(piece.span(), "").help(help));
        None
    }

    /// The declaration of the param, of which an unknown one has none.
    fn def<'p>(&self, pipeline: &'p Pipeline, reader: &mut Reader) -> Option<&'p ParamDef> {
        let def = pipeline.params.get(self.key);
        if def.is_none() && !reader.params_unreadable && !reader.broken.contains(self.key) {
            let problem = params::unknown(self.key, self.key_span, pipeline);
            reader.report(match self.key {
                "repeats" => problem.help("write `--repeats N`"),
                "seed" => problem.help("set `seed` in the experiment's file"),
                _ => problem,
            });
        }
        def
    }
}

/// A value for the param: TOML, or for a string just its text.
fn parse(key: &str, def: &ParamDef, piece: Piece<'_>, reader: &mut Reader) -> Option<Located> {
    let bare = Located { kind: Kind::Text(piece.text.to_owned()), span: piece.span() };
    let mut notices = Vec::new();
    let value = document::parse_value(piece.text, piece.file, piece.start, &mut notices);
    if params::takes_text(def) {
        // `--set dataset=2024` means the string; quotes are for those who write them.
        return Some(value.filter(|value| value.as_text().is_some()).unwrap_or(bare));
    }
    if value.is_some() {
        reader.diagnostics.append(&mut notices);
        return value;
    }
    if piece.text.starts_with("${") || params::takes_any(def) {
        return Some(bare);
    }
    let problem = wrong_type(key, def.default.type_name(), &bare);
    let problem = problem.context(def.default.span, format!("the default fixes the type: {}", def.default.type_name()));
    let help = format!("write a value like the default, `{key}={}`", def.default.to_toml());
    reader.report_of_param(key, problem.help(help));
    None
}

/// The parts between commas, but not the commas inside quotes and brackets.
fn split(piece: Piece<'_>) -> Vec<Piece<'_>> {
    let mut next = 0;
    let part = |text: &str| {
        let begin = next;
        next += text.len() + 1;
        piece.part(begin, begin + text.len())
    };
    text::at_commas(piece.text).into_iter().map(part).collect()
}

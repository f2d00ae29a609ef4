//! A pipeline file: its head, its params and its stages as written.

use super::reader::{Document, Reader, is_name, wrong_type};
use super::value::{Entry, Kind, Located};
use super::{Inputs, Pipeline, StageDef, Wire, params};
use crate::diagnostic::{Diagnostic, Span};

/// Whether a document is a pipeline, and not an experiment that names one.
pub fn is_pipeline(document: &Document) -> bool {
    match document.get("pipeline") {
        Some(head) => head.value.as_table().is_some(),
        None => document.get("stages").is_some() && document.get("extends").is_none(),
    }
}

/// Reads a pipeline file. Whatever is wrong is reported, and the rest is read all the same.
pub fn read(document: &Document, reader: &mut Reader) -> Pipeline {
    let before = reader.diagnostics.len();
    report_unknown_keys(document, reader);
    let stem = document.path.file_stem().unwrap_or_default().to_string_lossy();
    let mut pipeline = Pipeline {
        name: stem.into_owned(),
        help: String::new(),
        file: document.path.clone(),
        params: Default::default(),
        stages: Vec::new(),
    };
    match document.get("pipeline") {
        Some(head) => read_head(head, &mut pipeline, reader),
        // That it has no stages is said below, and enough: it is hardly a pipeline.
        None => reader.params_unreadable |= document.get("stages").is_none(),
    }
    match reader.take(&document.entries, "params", "a table", Located::as_table) {
        Some(table) => pipeline.params = params::read(table, reader),
        // Perhaps they stand under a wrong name, or this is no pipeline at all.
        None => reader.params_unreadable |= reader.diagnostics.len() > before,
    }
    pipeline.stages = read_stages(document, reader);
    pipeline
}

fn report_unknown_keys(document: &Document, reader: &mut Reader) {
    const OF_EXPERIMENTS: [&str; 5] = ["sweep", "repeats", "seed", "extends", "question"];
    for key in OF_EXPERIMENTS {
        if let Some(entry) = document.get(key) {
            let problem = Diagnostic::new("unknown-key", format!("a pipeline has no key `{key}`"));
            let help = format!("write `{key}` into an experiment's file, which names this pipeline");
            reader.report(problem.at(entry.key_span, "belongs to an experiment").help(help));
        }
    }
    let others: Vec<Entry> =
        document.entries.iter().filter(|entry| !OF_EXPERIMENTS.contains(&entry.key.as_str())).cloned().collect();
    reader.refuse_unknown_keys(&others, &["pipeline", "params", "stages"], "a pipeline");
}

fn read_head(head: &Entry, pipeline: &mut Pipeline, reader: &mut Reader) {
    let Kind::Table(table) = &head.value.kind else {
        reader.report(wrong_type("pipeline", "a table", &head.value));
        return;
    };
    reader.refuse_unknown_keys(table, &["name", "help"], "[pipeline]");
    if let Some(name) = reader.take(table, "name", "a string", Located::as_text) {
        pipeline.name = name.to_owned();
    }
    if let Some(help) = reader.take(table, "help", "a string", Located::as_text) {
        pipeline.help = help.to_owned();
    }
}

fn read_stages(document: &Document, reader: &mut Reader) -> Vec<StageDef> {
    let entry = document.get("stages");
    if entry.is_none_or(|entry| entry.value.as_table() == Some(&[])) {
        let problem = Diagnostic::new("no-stages", format!("{} has no stages", document.path.display()));
        let start = Span { file: document.file, start: 0, end: 0 };
        let problem = problem.at(entry.map_or(start, |entry| entry.key_span), "");
        reader.report(problem.help("add a stage, such as `[stages.load]` with `uses = \"load\"`"));
    }
    let table = reader.take(&document.entries, "stages", "a table of stages", Located::as_table);
    table.unwrap_or_default().iter().map(|stage| read_stage(stage, reader)).collect()
}

fn read_stage(entry: &Entry, reader: &mut Reader) -> StageDef {
    let before = reader.diagnostics.len();
    let stage = read_sound_stage(entry, reader);
    let in_doubt = reader.diagnostics.len() > before;
    let nothing = Located { kind: Kind::Table(Vec::new()), span: entry.value.span };
    // So that others may be wired to it.
    let name_alone = || StageDef {
        name: entry.key.clone(),
        name_span: entry.key_span,
        uses: nothing.clone(),
        inputs: Inputs::Absent,
        params: nothing,
        in_doubt,
    };
    stage.map_or_else(name_alone, |stage| StageDef { in_doubt, ..stage })
}

fn read_sound_stage(entry: &Entry, reader: &mut Reader) -> Option<StageDef> {
    let name = &entry.key;
    if !is_name(name) {
        let problem = Diagnostic::new("bad-name", format!("`{name}` cannot name a stage"));
        reader.report(problem.at(entry.key_span, "").help("use letters, digits, `_` and `-`"));
    }
    let Kind::Table(table) = &entry.value.kind else {
        reader.report(wrong_type(&format!("stages.{name}"), "a table", &entry.value));
        return None;
    };
    let Some(uses) = table.iter().find(|entry| entry.key == "uses") else {
        let problem = Diagnostic::new("missing-key", format!("the stage `{name}` does not say what it uses"));
        let help = "add `uses = \"...\"` with a stage kind; `pipeline stages` lists them";
        reader.report(problem.at(entry.key_span, "").help(help));
        return None;
    };
    if uses.value.as_text().is_none() {
        reader.report(
            wrong_type("uses", "a string", &uses.value).help("name a stage kind; `pipeline stages` lists them"),
        );
    }
    let inputs = table.iter().find(|entry| entry.key == "inputs");
    let own = table.iter().filter(|entry| !matches!(entry.key.as_str(), "uses" | "inputs")).cloned().collect();
    Some(StageDef {
        name: name.clone(),
        name_span: entry.key_span,
        uses: uses.value.clone(),
        inputs: inputs.map_or(Inputs::Absent, |inputs| read_inputs(&inputs.value, reader)),
        params: Located { kind: Kind::Table(own), span: entry.value.span },
        in_doubt: false,
    })
}

fn read_inputs(inputs: &Located, reader: &mut Reader) -> Inputs {
    match &inputs.kind {
        Kind::Table(ports) => Inputs::Named(ports.iter().filter_map(|port| read_wire(port, reader)).collect()),
        Kind::List(sources) => Inputs::Listed(read_sources(sources, reader)),
        _ => {
            let problem = wrong_type("inputs", "a table or a list", inputs);
            reader.report(problem.help("write `inputs = { port = \"stage\" }`, or a list of stages"));
            Inputs::Absent
        }
    }
}

const WIRE_HELP: &str = "name a stage, or one of its outputs as `stage.output`";

fn read_wire(port: &Entry, reader: &mut Reader) -> Option<Wire> {
    let source = source(&port.key, &port.value, reader)?;
    Some(Wire::new(&port.key, port.key_span, source, port.value.span))
}

fn read_sources(sources: &[Located], reader: &mut Reader) -> Vec<Wire> {
    let mut wires: Vec<Wire> = Vec::new();
    for value in sources {
        let Some(source) = source("inputs", value, reader) else { continue };
        if let Some(earlier) = wires.iter().find(|wire| wire.port == source) {
            let problem = Diagnostic::new("repeated-value", format!("`{source}` is listed twice"));
            let problem = problem.at(value.span, "listed again").context(earlier.span, "listed before");
            reader.report(problem.help("remove one of them"));
            continue;
        }
        wires.push(Wire::new(source, value.span, source, value.span));
    }
    wires
}

/// The text of a wire, when it can name a stage or a stage's output.
fn source<'a>(name: &str, value: &'a Located, reader: &mut Reader) -> Option<&'a str> {
    let Some(text) = value.as_text() else {
        reader.report(wrong_type(name, "a stage's name", value).help(WIRE_HELP));
        return None;
    };
    if !text.contains("${") && !text.split('.').all(is_name) {
        let problem = Diagnostic::new("bad-name", format!("`{text}` names no stage")).at(value.span, "");
        reader.report(problem.help(WIRE_HELP));
        return None;
    }
    Some(text)
}

impl Wire {
    /// A wire from a source written as `stage`, `stage.output`, or with references still to be replaced.
    fn new(port: &str, port_span: Span, source: &str, span: Span) -> Self {
        let (stage, output) = match source.split_once('.') {
            Some((stage, output)) if !source.contains("${") => (stage, Some(output.to_owned())),
            _ => (source, None),
        };
        Self { port: port.to_owned(), port_span, stage: stage.to_owned(), output, span }
    }

    /// Whether the source has references still to be replaced; it is all in `stage` then.
    pub(super) fn is_template(&self) -> bool {
        self.stage.contains("${")
    }

    /// The wire with its source's references replaced.
    pub(super) fn with_source(&self, source: &str) -> Self {
        let port = if self.port == self.stage { source } else { &self.port };
        Self::new(port, self.port_span, source, self.span)
    }
}

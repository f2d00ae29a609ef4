//! An experiment file and the ones it extends, as one layer over the pipeline.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::Asked;
use super::ablation;
use super::pipeline::is_pipeline;
use super::reader::{Document, Reader, wrong_type};
use super::sweep::{self, Layers};
use super::value::{Entry, Kind, Located};
use crate::diagnostic::{Diagnostic, Span};

/// Most seeds that a variant may be run with.
pub const MAX_REPEATS: i64 = 10_000;

/// What experiment files say, before it is checked against the pipeline.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    pub name: String,
    pub title: Option<String>,
    pub question: Option<String>,
    /// The pipeline's file, and where it is named.
    pub pipeline: Option<(PathBuf, Span)>,
    pub repeats: Option<u32>,
    pub seed: Option<u64>,
    pub tags: Option<Vec<String>>,
    pub metrics: Option<Vec<Asked>>,
    pub params: Vec<Entry>,
    pub sweep: Layers,
    /// What `[search]` says, and where it stands.
    pub search: Option<(Vec<Entry>, Span)>,
    pub ablation: Option<ablation::Written>,
}

/// Reads an experiment with all that it extends, as far as that can be read.
pub fn read(document: &Document, reader: &mut Reader) -> Layer {
    let mut oldest_first = VecDeque::new();
    let mut complete = true;
    let mut chain = vec![document.path.clone()];
    let mut parent = Some(document.clone());
    while let Some(document) = parent {
        let (layer, extends) = read_layer(&document, reader);
        oldest_first.push_front(layer);
        parent = extends.as_ref().and_then(|(path, span)| read_parent(path, *span, &mut chain, reader));
        complete = extends.is_none() || parent.is_some();
    }
    let oldest = oldest_first.pop_front().unwrap_or_default();
    let layer = oldest_first.into_iter().fold(oldest, Layer::extended_by);
    if complete && layer.pipeline.is_none() && document.get("pipeline").is_none() {
        let problem = Diagnostic::new("missing-key", format!("{} names no pipeline", document.path.display()));
        let span = Span { file: document.file, start: 0, end: 0 };
        reader.report(problem.at(span, "").help("add `pipeline = \"../pipelines/NAME.toml\"`"));
    }
    layer
}

fn read_parent(path: &Path, span: Span, chain: &mut Vec<PathBuf>, reader: &mut Reader) -> Option<Document> {
    let document = reader.document(path, Some(span))?;
    if chain.contains(&document.path) {
        let circle: Vec<String> =
            chain.iter().chain([&document.path]).map(|path| format!("`{}`", path.display())).collect();
        let problem =
            Diagnostic::new("extends-cycle", format!("experiments extend each other: {}", circle.join(" -> ")));
        reader.report(problem.at(span, "leads back").help("let one of them extend nothing"));
        return None;
    }
    if is_pipeline(&document) {
        let problem = Diagnostic::new("not-an-experiment", format!("{} is a pipeline", document.path.display()));
        reader.report(problem.at(span, "wants an experiment").help("name it with `pipeline = ...` instead"));
        return None;
    }
    chain.push(document.path.clone());
    Some(document)
}

impl Layer {
    /// This layer under a newer one, which wins key by key. The title stays with the experiment it was written for.
    fn extended_by(mut self, newer: Self) -> Self {
        for entry in newer.params {
            self.set(entry);
        }
        self.sweep.lay(newer.sweep.entries);
        let search = match (self.search, newer.search) {
            (Some((mut older, _)), Some((newer, span))) => {
                newer.into_iter().for_each(|entry| set_param(&mut older, entry));
                Some((older, span))
            }
            (older, newer) => newer.or(older),
        };
        Self {
            name: newer.name,
            title: newer.title,
            question: newer.question.or(self.question),
            pipeline: newer.pipeline.or(self.pipeline),
            repeats: newer.repeats.or(self.repeats),
            seed: newer.seed.or(self.seed),
            tags: newer.tags.or(self.tags),
            metrics: newer.metrics.or(self.metrics),
            params: self.params,
            sweep: self.sweep,
            search,
            ablation: match (self.ablation, newer.ablation) {
                (Some(older), Some(newer)) => Some(older.extended_by(newer)),
                (older, newer) => newer.or(older),
            },
        }
    }

    /// Sets a param, which varies no more.
    pub fn set(&mut self, entry: Entry) {
        self.sweep.set(&entry.key);
        self.ablation.iter_mut().for_each(|ablation| ablation.set(&entry.key));
        set_param(&mut self.params, entry);
    }
}

/// Sets a key, in the place of an earlier value of the same.
pub fn set_param(params: &mut Vec<Entry>, entry: Entry) {
    match params.iter_mut().find(|earlier| earlier.key == entry.key) {
        Some(earlier) => *earlier = entry,
        None => params.push(entry),
    }
}

pub const KEYS: [&str; 13] = [
    "name", "title", "question", "pipeline", "extends", "repeats", "seed", "tags", "metrics", "params", "sweep",
    "search", "ablation",
];

/// A place in a file that names another file.
type Named = Option<(PathBuf, Span)>;

fn read_layer(document: &Document, reader: &mut Reader) -> (Layer, Named) {
    report_unknown_keys(document, reader);
    let entries = &document.entries;
    let text = |reader: &mut Reader, key| reader.take(entries, key, "a string", Located::as_text).map(str::to_owned);
    let mut layer = Layer {
        name: document.path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        title: text(reader, "title"),
        question: text(reader, "question"),
        pipeline: named_file(document, "pipeline", reader),
        ..Layer::default()
    };
    if let Some(name) = read_name(document, reader) {
        layer.name = name;
    }
    layer.repeats = document.get("repeats").and_then(|entry| read_repeats(&entry.value, reader));
    layer.seed = document.get("seed").and_then(|entry| read_seed(&entry.value, reader));
    layer.tags = document.get("tags").map(|entry| read_tags(&entry.value, reader));
    layer.metrics = document.get("metrics").map(|entry| read_metrics(&entry.value, reader));
    if let Some(params) = reader.take(entries, "params", "a table", Located::as_table) {
        layer.params = params.to_vec();
    }
    if let Some(sweep) = reader.take(entries, "sweep", "a table", Located::as_table) {
        sweep.iter().for_each(|entry| refuse_set_and_swept(entry, &layer.params, reader));
        layer.sweep.lay(sweep.to_vec());
    }
    if let Some(search) = reader.take(entries, "search", "a table", Located::as_table) {
        layer.search = document.get("search").map(|entry| (search.to_vec(), entry.key_span));
    }
    if let Some(ablation) = reader.take(entries, "ablation", "a table", Located::as_table) {
        layer.ablation = document
            .get("ablation")
            .map(|entry| ablation::Written { entries: ablation.to_vec(), span: entry.key_span });
    }
    let extends = named_file(document, "extends", reader);
    (layer, extends)
}

fn report_unknown_keys(document: &Document, reader: &mut Reader) {
    if let Some(stages) = document.get("stages") {
        let problem = Diagnostic::new("unknown-key", "an experiment has no stages of its own");
        let problem = problem.at(stages.key_span, "belongs to a pipeline");
        reader.report(problem.help("write the stages into a pipeline's file and name it with `pipeline = ...`"));
    }
    let others: Vec<Entry> = document.entries.iter().filter(|entry| entry.key != "stages").cloned().collect();
    reader.refuse_unknown_keys(&others, &KEYS, "an experiment");
}

fn named_file(document: &Document, key: &str, reader: &mut Reader) -> Named {
    let entry = document.get(key)?;
    match &entry.value.kind {
        Kind::Text(path) => Some((reader.sources.folder(document.file).join(path), entry.value.span)),
        _ => {
            let help = format!("name a file, relative to this one: `{key} = \"../folder/NAME.toml\"`");
            reader.report(wrong_type(key, "a file's path", &entry.value).help(help));
            None
        }
    }
}

/// The experiment's name, which also names its reports' folder.
fn read_name(document: &Document, reader: &mut Reader) -> Option<String> {
    const MAX_LENGTH: usize = 100;
    let name = reader.take(&document.entries, "name", "a string", Located::as_text)?;
    let harmless = |char: char| !char.is_control() && !r#"/\:*?"<>|"#.contains(char);
    if !name.is_empty() && name.len() <= MAX_LENGTH && !name.starts_with('.') && name.chars().all(harmless) {
        return Some(name.to_owned());
    }
    let problem =
        Diagnostic::new("bad-name", "this cannot name an experiment, since its report's folder has that name");
    let span = document.get("name")?.value.span;
    reader.report(problem.at(span, "").help("use letters, digits, `_` and `-`, up to 100; say more in `title`"));
    None
}

fn read_repeats(value: &Located, reader: &mut Reader) -> Option<u32> {
    const HELP: &str = "give the number of seeds each variant runs with; 1 for a single run";
    let Some(repeats) = value.as_integer() else {
        reader.report(wrong_type("repeats", "an integer", value).help(HELP));
        return None;
    };
    if !(1..=MAX_REPEATS).contains(&repeats) {
        let problem = Diagnostic::new("out-of-range", format!("`repeats` is {repeats}, outside its range"));
        reader.report(problem.at(value.span, format!("not from 1 to {MAX_REPEATS}")).help(HELP));
        return None;
    }
    u32::try_from(repeats).ok()
}

fn read_seed(value: &Located, reader: &mut Reader) -> Option<u64> {
    const HELP: &str = "give an integer from 0 on; repeat number i has `seed` + i";
    let Some(seed) = value.as_integer() else {
        reader.report(wrong_type("seed", "an integer", value).help(HELP));
        return None;
    };
    let checked = u64::try_from(seed).ok();
    if checked.is_none() {
        let problem = Diagnostic::new("out-of-range", format!("`seed` is {seed}, outside its range"));
        reader.report(problem.at(value.span, "negative").help(HELP));
    }
    checked
}

fn read_tags(value: &Located, reader: &mut Reader) -> Vec<String> {
    let items = value.as_list();
    let tags: Option<Vec<&str>> = items.and_then(|items| items.iter().map(Located::as_text).collect());
    if tags.is_none() {
        let problem = Diagnostic::new("wrong-type", "`tags` wants a list of strings").at(value.span, "");
        reader.report(problem.help("write `tags = [\"baseline\"]`"));
    }
    tags.unwrap_or_default().into_iter().map(str::to_owned).collect()
}

fn read_metrics(value: &Located, reader: &mut Reader) -> Vec<Asked> {
    let metric = |item: &Located| Some(Asked { metric: item.as_text()?.to_owned(), span: item.span });
    let metrics: Option<Vec<Asked>> = value.as_list().and_then(|items| items.iter().map(metric).collect());
    if metrics.is_none() {
        let problem = Diagnostic::new("wrong-type", "`metrics` wants a list of strings").at(value.span, "");
        reader.report(problem.help("write `metrics = [\"evaluate.mse\"]`, the most telling first"));
    }
    metrics.unwrap_or_default()
}

/// A param whose sweep leaves it no point of its own is not set beside; one that varies under a condition may be.
fn refuse_set_and_swept(entry: &Entry, params: &[Entry], reader: &mut Reader) {
    let name = &entry.key;
    if sweep::WORDS.contains(&name.as_str()) || entry.value.get("when").is_some() {
        return;
    }
    if let Some(fixed) = params.iter().find(|param| param.key == *name) {
        let problem = Diagnostic::new("set-and-swept", format!("`{name}` is both set and swept"));
        let problem = problem.at(entry.key_span, "swept here").context(fixed.key_span, "set here");
        reader.report(problem.help("keep one of the two"));
    }
}

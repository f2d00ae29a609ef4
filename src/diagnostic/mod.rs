//! What is wrong in a user's files: a code, a sentence, the place, and the next thing to do. Knows no TOML.

mod render;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// A file's index in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub usize);

/// A byte range in one of the user's files (or in a command-line override, which counts as a file).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// Whether all of another is part of this one.
    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// The texts that spans point into.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
}

#[derive(Debug, Clone)]
struct Source {
    path: PathBuf,
    text: String,
    on_disk: bool,
}

/// The name that command-line overrides go by where a file's name would stand.
const COMMAND_LINE: &str = "command line";

impl Sources {
    /// Keeps a file's text under the name people know it by.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        self.push(path.into(), text.into(), true)
    }

    /// Keeps a piece of the command line, such as `--set epochs=5`.
    pub fn add_override(&mut self, text: impl Into<String>) -> FileId {
        self.push(PathBuf::from(COMMAND_LINE), text.into(), false)
    }

    fn push(&mut self, path: PathBuf, text: String, on_disk: bool) -> FileId {
        self.files.push(Source { path, text, on_disk });
        FileId(self.files.len() - 1)
    }

    /// The file that was added last.
    pub fn last(&self) -> Option<FileId> {
        self.files.len().checked_sub(1).map(FileId)
    }

    /// Name and text of a file.
    pub fn get(&self, file: FileId) -> (&Path, &str) {
        let source = &self.files[file.0];
        (&source.path, &source.text)
    }

    /// Where relative paths written in a file start: its folder, or the working directory (an empty path) for the
    /// command line.
    pub fn folder(&self, file: FileId) -> &Path {
        let source = &self.files[file.0];
        source.path.parent().filter(|_| source.on_disk).unwrap_or(Path::new(""))
    }

    /// The text at a place; empty when the place is not in the file.
    pub fn text_at(&self, span: Span) -> &str {
        self.files.get(span.file.0).and_then(|source| source.text.get(span.start..span.end)).unwrap_or_default()
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Stable and searchable, such as `unknown-key`.
    pub code: &'static str,
    /// One sentence without a full stop.
    pub message: String,
    pub span: Option<Span>,
    /// What stands at the span, in a few words.
    pub label: Box<str>,
    /// Other places that explain it, such as a first definition.
    pub context: Option<Box<Context>>,
    /// The next thing to do.
    pub help: Option<String>,
}

/// Places with a few words on each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context(pub Vec<(Span, String)>);

impl Diagnostic {
    /// A diagnostic without a place.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), span: None, label: Box::default(), context: None, help: None }
    }

    /// Points at the place and says what stands there.
    pub fn at(mut self, span: Span, label: impl Into<Box<str>>) -> Self {
        self.span = Some(span);
        self.label = label.into();
        self
    }

    /// Points at another place that explains it.
    pub fn context(mut self, span: Span, label: impl Into<String>) -> Self {
        self.context.get_or_insert_default().0.push((span, label.into()));
        self
    }

    /// Says what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything that is wrong with what the user gave, in the order of the files.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Sources,
}

impl Problems {
    /// Sorts the diagnostics by place, those without one first.
    pub fn new(mut diagnostics: Vec<Diagnostic>, sources: Sources) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        Self { diagnostics, sources }
    }

    /// With what was found out later, in its place; but nothing of a place that was blamed already.
    pub fn and(self, later: Vec<Diagnostic>) -> Self {
        let blamed: BTreeSet<Span> = self.diagnostics.iter().filter_map(|diagnostic| diagnostic.span).collect();
        let new = |diagnostic: &Diagnostic| diagnostic.span.is_none_or(|span| !blamed.contains(&span));
        let all = self.diagnostics.into_iter().chain(later.into_iter().filter(new));
        Self::new(all.collect(), self.sources)
    }

    /// All of it as people read it: each place with its file, its line and the span underlined, then the help. With
    /// `color`, in ANSI colors.
    pub fn render(&self, color: bool) -> String {
        render::render(&self.diagnostics, &self.sources, color)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// "did you mean", or what else there is to say when no candidate is near.
pub fn nearest_or<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    did_you_mean(name, candidates).map_or_else(otherwise, |candidate| format!("did you mean `{candidate}`?"))
}

/// The nearest of `candidates` to a mistyped name, when it is near enough to be meant; or else the only one of which the
/// name is a part, or that is a part of the name.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    nearest(name, &candidates).or_else(|| only_overlapping(name, &candidates))
}

fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    candidates
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        // Names without a letter in common are not near, however short they are.
        .filter(|(distance, candidate)| {
            let longer = candidate.len().max(name.len());
            *distance <= 1.max(longer / 3) && *distance < longer
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn only_overlapping<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    /// Of fewer letters, too much is a part.
    const SHORTEST: usize = 3;
    let long = |text: &str| text.chars().count() >= SHORTEST;
    let overlaps =
        |candidate: &&&str| long(name) && candidate.contains(name) || long(candidate) && name.contains(**candidate);
    let mut overlapping = candidates.iter().filter(overlaps);
    overlapping.next().filter(|_| overlapping.next().is_none()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognized() {
        assert_eq!(did_you_mean("epoch", ["epochs", "batch_size"]), Some("epochs"));
        assert_eq!(did_you_mean("x", ["y", "z"]), None);
    }

    #[test]
    fn a_part_of_only_one_name_is_recognized_as_that() {
        let names = ["batch_size", "latent_dim", "noise_kind", "noise_amount"];
        assert_eq!(did_you_mean("batch", names), Some("batch_size"));
        assert_eq!(did_you_mean("dim", names), Some("latent_dim"));
        assert_eq!(did_you_mean("autoencoder_latent_dim", names), Some("latent_dim"));
        assert_eq!(did_you_mean("noise", names), None, "it could be either");
        assert_eq!(did_you_mean("di", names), None, "too short to tell");
        assert_eq!(nearest_or("batch", names, String::new), "did you mean `batch_size`?");
    }
}

//! What reading the files gathers: their texts, and all that is wrong with them. Finds files and helps with names.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use super::document;
use super::value::{Entry, Located};
use crate::diagnostic::{Diagnostic, FileId, Sources, Span, did_you_mean, nearest_or};

/// A larger file is surely no TOML that someone wrote.
const MAX_BYTES: u64 = 8 << 20;

/// Gathers texts and diagnostics while files are read.
#[derive(Debug, Default)]
pub struct Reader {
    pub sources: Sources,
    pub diagnostics: Vec<Diagnostic>,
    /// Params whose declaration or value is wrong: nothing more is said of them.
    pub broken: BTreeSet<String>,
    /// The pipeline's file is so wrong that nobody knows which params it declares.
    pub params_unreadable: bool,
}

/// A TOML file, read.
#[derive(Debug, Clone)]
pub struct Document {
    pub path: PathBuf,
    pub file: FileId,
    pub entries: Vec<Entry>,
}

impl Document {
    /// The entry of that key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// Lets a value of the kind through, and says what is wrong with any other.
pub type Cast<'a, T> = fn(&'a Located) -> Option<T>;

impl Reader {
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports what is wrong with a param's value.
    pub fn report_of_param(&mut self, param: &str, diagnostic: Diagnostic) {
        self.broken.insert(param.to_owned());
        self.report(diagnostic);
    }

    /// The file that the last text, whose syntax is wrong, seems to name under a key.
    pub fn named_in_passing(&self, key: &str) -> Option<(PathBuf, Span)> {
        let file = self.sources.last()?;
        let (_, text) = self.sources.get(file);
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?.trim();
        let start = value.as_ptr() as usize - text.as_ptr() as usize;
        let value = document::parse_value(value, file, start, &mut Vec::new())?;
        Some((self.sources.folder(file).join(value.as_text()?), value.span))
    }

    /// Reads a TOML file that is named at `from`, or on the command line. `None`: it cannot be read, which is
    /// reported.
    pub fn document(&mut self, path: &Path, from: Option<Span>) -> Option<Document> {
        let path = simplified(path);
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let problem = unreadable(&path, &error);
                self.report(match from {
                    Some(span) => problem.at(span, "named here"),
                    None => problem,
                });
                return None;
            }
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                self.report_not_utf8(&path, &error);
                return None;
            }
        };
        tracing::debug!(path = %path.display(), bytes = text.len(), "file read");
        let file = self.sources.add(&path, text.clone());
        let entries = document::parse(&text, file, &mut self.diagnostics)?;
        Some(Document { path, file, entries })
    }

    fn report_not_utf8(&mut self, path: &Path, error: &std::string::FromUtf8Error) {
        let start = error.utf8_error().valid_up_to();
        let file = self.sources.add(path, String::from_utf8_lossy(error.as_bytes()));
        let span = Span { file, start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
        let problem = Diagnostic::new("not-utf8", format!("{} is not UTF-8 text", path.display()));
        self.report(problem.at(span, "from here on").help("save the file in the UTF-8 encoding"));
    }

    /// Reports each key that is none of `known`. `place` is the table, such as `[pipeline]`.
    pub fn refuse_unknown_keys(&mut self, entries: &[Entry], known: &[&str], place: &str) {
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let help = nearest(&entry.key, known.iter().copied(), &format!("the keys of {place} are"));
            let problem = Diagnostic::new("unknown-key", format!("{place} has no key `{}`", entry.key));
            self.report(problem.at(entry.key_span, "unknown key").help(help));
        }
    }

    /// The value of a key, when it is there and of the type.
    pub fn take<'a, T>(&mut self, entries: &'a [Entry], key: &str, wants: &str, cast: Cast<'a, T>) -> Option<T> {
        let entry = entries.iter().find(|entry| entry.key == key)?;
        let value = cast(&entry.value);
        if value.is_none() {
            self.report(wrong_type(key, wants, &entry.value));
        }
        value
    }

    /// An integer that must lie between bounds, from zero on. No upper one is `i64::MAX`.
    pub fn within(&mut self, key: &str, number: i64, (least, most): (i64, i64), span: Span) -> Option<u64> {
        if (least..=most).contains(&number) {
            return u64::try_from(number).ok();
        }
        let bounds = if most < i64::MAX { format!("from {least} to {most}") } else { format!("from {least} on") };
        let problem = Diagnostic::new("out-of-range", format!("`{key}` is {number}, outside its range"));
        self.report(problem.at(span, format!("not {bounds}")).help(format!("give an integer {bounds}")));
        None
    }
}

/// The value under `name` is of another type than it should be.
pub fn wrong_type(name: &str, wants: &str, value: &Located) -> Diagnostic {
    Diagnostic::new("wrong-type", format!("`{name}` wants {wants}, not {}", value.type_name()))
        .at(value.span, value.type_name())
        .help(format!("give `{name}` {wants}"))
}

/// "did you mean", or what there is to choose from.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str> + Clone, introduction: &str) -> String {
    nearest_or(name, candidates.clone(), || format!("{introduction} {}", listed(candidates)))
}

/// Names for a sentence: all of them, or the first dozen.
pub fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "none".into(),
        count if count > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), count - SHOWN),
        _ => names.join(", "),
    }
}

/// Whether a text can name a stage or a param: letters, digits, `_` and `-`.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if metadata.len() > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read(path)
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            Diagnostic::new("missing-file", format!("there is no file {name}")).help(similar_files(path))
        }
        io::ErrorKind::IsADirectory => {
            Diagnostic::new("unreadable-file", format!("{name} is a folder")).help("name a TOML file in it")
        }
        io::ErrorKind::FileTooLarge => Diagnostic::new("unreadable-file", format!("{name} is over 8 MiB"))
            .help("name a TOML file; this looks like data"),
        _ => Diagnostic::new("unreadable-file", format!("{name} cannot be read: {error}"))
            .help("check the file's permissions"),
    }
}

/// What might have been meant by a path at which there is no file.
fn similar_files(path: &Path) -> String {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(listing) = fs::read_dir(folder) else {
        return format!("there is no folder {} either", folder.display());
    };
    const TOML: &str = ".toml";
    let mut names: Vec<String> = listing
        .filter_map(|entry| Some(entry.ok()?.file_name().into_string().ok()?.strip_suffix(TOML)?.to_owned()))
        .collect();
    names.sort();
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    // The ending, which all have, makes no two names alike.
    match did_you_mean(wanted.strip_suffix(TOML).unwrap_or(&wanted), names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean {}?", path.with_file_name(format!("{name}{TOML}")).display()),
        None if names.is_empty() => format!("there is no TOML file in {}", folder.display()),
        None => {
            names.iter_mut().for_each(|name| name.push_str(TOML));
            format!("in {} there are {}", folder.display(), listed(names.iter().map(String::as_str)))
        }
    }
}

/// The path without `folder/..`, when that names the same file (a symbolic link could make it another).
pub fn simplified(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(short.components().next_back(), Some(Component::Normal(_))) => {
                short.pop();
            }
            other => short.push(other),
        }
    }
    match (fs::canonicalize(&short), fs::canonicalize(path)) {
        (Ok(of_short), Ok(of_path)) if of_short != of_path => path.to_owned(),
        _ => short,
    }
}

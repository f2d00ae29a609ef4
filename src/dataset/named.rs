//! Finding and reading the data sets known by name, and drawing the one that is drawn.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cancel::Cancel;
use crate::hash::ContentHash;

use super::cifar;
use super::download::{Watch, download, first_to_answer};
use super::error::DatasetError;
use super::idx::{Idx, hex};
use super::known::{Known, KnownFile, Layout, is_packed};
use super::raw::{Part, Raw};

/// Directories in which data sets may lie.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The path that the user gave for this very data set.
    pub given: Option<PathBuf>,
    /// Directories with one folder for each data set, most wanted first.
    pub shared: Vec<PathBuf>,
}

impl Places {
    /// All directories that may hold the data set's files, in the order of looking.
    pub fn directories(&self, name: &str) -> Vec<PathBuf> {
        self.given.iter().cloned().chain(self.shared.iter().map(|place| place.join(name))).collect()
    }
}

/// The files of a known data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub files: Vec<PathBuf>,
}

/// Looks for a known data set. The error of a miss lists every place and what it lacks.
pub fn locate(known: &Known, places: &Places) -> Result<Found, DatasetError> {
    let mut misses = Vec::new();
    for directory in places.directories(known.name) {
        match known.files_in(&directory) {
            Ok(files) => return Ok(Found { files }),
            Err(_) if !directory.is_dir() => misses.push(format!("  {} (no such folder)", directory.display())),
            Err(missing) => misses.push(format!("  {} (no {missing})", directory.display())),
        }
    }
    Err(DatasetError::new(format!("the data set `{}` is in none of these places:\n{}", known.name, misses.join("\n"))))
}

/// Downloads what a folder lacks of a known data set, and checks every file. When no mirror answers within `patience`,
/// nothing is written.
pub fn fetch(known: &Known, directory: &Path, patience: Duration, watch: &Watch) -> Result<Found, DatasetError> {
    let mut mirrors = known.mirrors.to_vec();
    let urls = |mirrors: &[&str], name: &str| -> Vec<String> {
        mirrors.iter().map(|mirror| format!("{mirror}{name}")).collect()
    };
    let lacking = known.downloads().into_iter().filter(|(name, _)| !directory.join(name).is_file());
    for (position, (name, file)) in lacking.enumerate() {
        if position == 0 {
            let first = first_to_answer(&urls(&mirrors, &name), patience, watch)?;
            mirrors[..=first].rotate_right(1);
        }
        download(&urls(&mirrors, &name), &directory.join(&name), &|part| published(part, file), watch)?;
    }
    let lacking = |missing| DatasetError::new(format!("{} still lacks {missing}", directory.display()));
    known.files_in(directory).map(|files| Found { files }).map_err(lacking)
}

/// Whether a downloaded file is the published one; says in words what is wrong.
fn published(path: &Path, file: &KnownFile) -> Result<(), String> {
    let is = |sha256: String, published: &str| {
        let wrong = format!("is not the published file (SHA-256 {sha256}, published {published})");
        if sha256 == published { Ok(()) } else { Err(wrong) }
    };
    match (file.packed, file.unpacked) {
        (Some(packed), _) => is(file_sha256(path).map_err(|error| error.to_string())?, packed),
        (None, Some(unpacked)) => is(Idx::read(path).map_err(|_| "is no IDX file".to_owned())?.sha256(), unpacked),
        (None, None) => Ok(()),
    }
}

/// What a known data set is by content, said without reading it: reading checks it.
pub fn known_identity(known: &Known) -> Value {
    let hashes =
        |files: &[KnownFile]| -> Vec<&str> { files.iter().filter_map(|file| file.unpacked.or(file.packed)).collect() };
    let sha256 = match &known.layout {
        Layout::Idx(files) => hashes(files),
        Layout::Cifar { batches, .. } => hashes(batches),
    };
    json!({ "dataset": known.name, "sha256": sha256 })
}

/// What found files are by content: the published hashes when reading can check them, else the files' own.
pub fn identity(known: &Known, found: &Found) -> Result<Value, DatasetError> {
    if known.is_verifiable(&found.files) {
        return Ok(known_identity(known));
    }
    let hashes: Vec<String> = found
        .files
        .iter()
        .map(|path| ContentHash::of_file(path).map(|hash| hash.to_string()).map_err(DatasetError::io(path)))
        .collect::<Result<_, _>>()?;
    Ok(json!({ "dataset": known.name, "blake3": hashes }))
}

/// Reads a known data set and checks every hash and count. Error: a file is not the published one.
pub fn read(known: &Known, found: &Found, cancel: &Cancel) -> Result<Raw, DatasetError> {
    let checked: Vec<(&Path, &KnownFile)> = known.with_hashes(&found.files).collect();
    let (train, test) = match &known.layout {
        Layout::Idx(_) => {
            let [train_images, train_labels, test_images, test_labels] = checked[..] else {
                return Err(DatasetError::new(format!("`{}` is not made of four files", known.name)));
            };
            (idx_part(train_images, train_labels, cancel)?, idx_part(test_images, test_labels, cancel)?)
        }
        Layout::Cifar { batches, .. } => match checked[..] {
            [(archive, file)] => {
                verify_packed(archive, file)?;
                cifar::read_archive(archive, batches, cancel)?
            }
            _ => cifar::read_batches(&checked, cancel)?,
        },
    };
    let counts = [train.images.count(), test.images.count()];
    if counts != known.counts {
        let message = format!("`{}` should have {:?} samples and has {counts:?}", known.name, known.counts);
        return Err(DatasetError::new(message).help("fetch its files again"));
    }
    let classes = known.classes.iter().map(|&class| class.to_owned()).collect();
    Ok(Raw { name: known.name.into(), classes, train, test: Some(test) })
}

fn idx_part(images: (&Path, &KnownFile), labels: (&Path, &KnownFile), cancel: &Cancel) -> Result<Part, DatasetError> {
    cancel.check()?;
    let pixels = verified_idx(images)?.into_images(images.0)?;
    let labels = verified_idx(labels)?.into_labels(labels.0)?;
    Ok(Part { images: pixels, labels: Some(labels) })
}

/// Reads an IDX file and checks it against what is known of it.
pub fn verified_idx((path, known): (&Path, &KnownFile)) -> Result<Idx, DatasetError> {
    verify_packed(path, known)?;
    let idx = Idx::read(path)?;
    match known.unpacked {
        Some(published) if idx.sha256() != published => Err(not_the_published(path, &idx.sha256(), published)),
        _ => Ok(idx),
    }
}

/// Checks a packed file against the published one's hash, when only that is known.
pub fn verify_packed(path: &Path, known: &KnownFile) -> Result<(), DatasetError> {
    match known.packed {
        Some(published) if is_packed(path) => {
            let sha256 = file_sha256(path)?;
            if sha256 == published { Ok(()) } else { Err(not_the_published(path, &sha256, published)) }
        }
        _ => Ok(()),
    }
}

/// SHA-256 of a file's bytes, as lowercase hex.
fn file_sha256(path: &Path) -> Result<String, DatasetError> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path).map_err(DatasetError::io(path))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).map_err(DatasetError::io(path))? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// The error of a file that is not what was published.
pub fn not_the_published(path: &Path, sha256: &str, published: &str) -> DatasetError {
    DatasetError::new(format!(
        "{} is not the published file: its SHA-256 is {sha256}, the published one's {published}",
        path.display()
    ))
    .help("delete it, and it will be downloaded again; to use it as it is, load it with dataset = \"idx\" and its path")
}

#[cfg(test)]
mod tests;

//! An experiment frozen into one file, for a paper's appendix or another machine: a gzipped tar archive of plain files,
//! with the hash of each in a manifest. Knows neither where runs are kept nor how they are run.
//!
//! ```text
//! runs/<id>.json                    a run as the log has it: config, params, metrics, series, provenance, hashes of files
//! records/<fingerprint>.json        what the cache knew of each result: what it was made of, what it left
//! reports/<experiment>.html, ...    the pages
//! manifest.json                     the hash of every file above; its own hash names the archive
//! ```
//!
//! There are no times of freezing in it: the same runs give the same bytes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::hash::ContentHash;

/// Raised when older readers would misunderstand an archive.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// The folder of the runs.
pub const RUNS: &str = "runs";

/// What an archive says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    pub experiment: String,
    /// The version of this program that froze it.
    pub version: String,
    /// Path in the archive -> hash of the bytes.
    pub files: BTreeMap<String, ContentHash>,
}

/// An archive all of whose files are what they were when it was frozen.
#[derive(Debug, Clone)]
pub struct Frozen {
    pub manifest: Manifest,
    /// The hash of the manifest: stands for everything in the archive.
    pub hash: ContentHash,
    /// The JSON of the runs, by their paths.
    pub runs: BTreeMap<String, Vec<u8>>,
}

/// Why a file is not an archive to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum FrozenError {
    #[error("{path} cannot be read: {error}", path = path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{path} is not a frozen experiment, or is damaged: {detail}", path = path.display())]
    Damaged { path: PathBuf, detail: String },
    #[error("{path} was frozen by a newer version of pipeline ({version}; format {found}, this one knows up to {FORMAT})", path = path.display())]
    Newer { path: PathBuf, version: String, found: u32 },
}

/// Writes an archive file by file.
pub struct Freezer<W: Write> {
    archive: tar::Builder<GzEncoder<W>>,
    manifest: Manifest,
}

impl<W: Write> Freezer<W> {
    /// An archive without files.
    pub fn new(out: W, experiment: &str) -> Self {
        let files = BTreeMap::new();
        let (experiment, version) = (experiment.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self {
            archive: tar::Builder::new(GzEncoder::new(out, Compression::default())),
            manifest: Manifest { format: FORMAT, experiment, version, files },
        }
    }

    /// Adds a file.
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.append(path, bytes)?;
        self.manifest.files.insert(path.to_owned(), ContentHash::of(bytes));
        Ok(())
    }

    fn append(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // 1980: some tools take a file of 1970 for a mistake.
        header.set_mtime(315_532_800);
        self.archive.append_data(&mut header, path, bytes)
    }

    /// Ends the archive. Gives its hash and what it was written to.
    pub fn finish(mut self) -> io::Result<(ContentHash, W)> {
        let manifest = serde_json::to_vec_pretty(&self.manifest)?;
        self.append(MANIFEST, &manifest)?;
        Ok((ContentHash::of(&manifest), self.archive.into_inner()?.finish()?))
    }
}

/// Reads an archive and holds every file of it against its hash.
pub fn read(path: &Path) -> Result<Frozen, FrozenError> {
    let unreadable = |error| FrozenError::Unreadable { path: path.to_owned(), error };
    let damaged = |detail: String| FrozenError::Damaged { path: path.to_owned(), detail };
    let file = File::open(path).map_err(unreadable)?;
    let (manifest, found, runs) = unpacked(file).map_err(|error| damaged(error.to_string()))?;
    let manifest = manifest.ok_or_else(|| damaged(format!("it has no {MANIFEST}")))?;
    let hash = ContentHash::of(&manifest);
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).map_err(|error| damaged(error.to_string()))?;
    if let Some(found) = manifest["format"].as_u64().filter(|found| *found > u64::from(FORMAT)) {
        let version = manifest["version"].as_str().unwrap_or("unknown").to_owned();
        return Err(FrozenError::Newer { path: path.to_owned(), version, found: found.try_into().unwrap_or(u32::MAX) });
    }
    let manifest: Manifest = serde_json::from_value(manifest).map_err(|error| damaged(error.to_string()))?;
    let differing = manifest.files.iter().find(|(name, hash)| found.get(*name) != Some(hash));
    if let Some((name, _)) = differing {
        let fault = if found.contains_key(name) { "was changed" } else { "is missing" };
        return Err(damaged(format!("{name} {fault} since it was frozen")));
    }
    if let Some(name) = found.keys().find(|name| !manifest.files.contains_key(*name)) {
        return Err(damaged(format!("{name} was added since it was frozen")));
    }
    Ok(Frozen { manifest, hash, runs })
}

/// The manifest, the hashes of all other files, and the runs' files.
type Unpacked = (Option<Vec<u8>>, BTreeMap<String, ContentHash>, BTreeMap<String, Vec<u8>>);

fn unpacked(file: File) -> io::Result<Unpacked> {
    let (mut manifest, mut hashes, mut runs) = (None, BTreeMap::new(), BTreeMap::new());
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if name == MANIFEST {
            manifest = Some(bytes);
            continue;
        }
        if hashes.insert(name.clone(), ContentHash::of(&bytes)).is_some() {
            return Err(io::Error::other(format!("{name} is in it twice")));
        }
        if Path::new(&name).starts_with(RUNS) {
            runs.insert(name, bytes);
        }
    }
    // The rest of the stream has the checksum of all that was read.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok((manifest, hashes, runs))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frozen(files: &[(&str, &[u8])]) -> (ContentHash, Vec<u8>) {
        let mut freezer = Freezer::new(Vec::new(), "sizes");
        files.iter().for_each(|(name, bytes)| freezer.add(name, bytes).unwrap());
        freezer.finish().unwrap()
    }

    fn read_back(bytes: &[u8]) -> Result<Frozen, FrozenError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        read(file.path())
    }

    /// An archive with a manifest of somebody's choice.
    fn forged(files: &[(&str, &[u8])], manifest: &serde_json::Value) -> Vec<u8> {
        let mut freezer = Freezer::new(Vec::new(), "sizes");
        files.iter().for_each(|(name, bytes)| freezer.append(name, bytes).unwrap());
        freezer.append(MANIFEST, manifest.to_string().as_bytes()).unwrap();
        freezer.archive.into_inner().unwrap().finish().unwrap()
    }

    fn detail(bytes: &[u8]) -> String {
        match read_back(bytes).unwrap_err() {
            FrozenError::Damaged { detail, .. } => detail,
            other => other.to_string(),
        }
    }

    #[test]
    fn what_is_frozen_comes_back_under_the_same_hash() {
        let long = format!("reports/{}.html", "x".repeat(200));
        let (hash, bytes) = frozen(&[("runs/a.json", b"{}"), (&long, b"<p>"), ("records/b.json", b"")]);
        let read = read_back(&bytes).unwrap();
        assert_eq!((read.hash, read.manifest.files.len()), (hash, 3));
        assert_eq!(read.runs, BTreeMap::from([("runs/a.json".to_owned(), b"{}".to_vec())]));
        assert!(read.manifest.files.contains_key(&long));
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let files: &[(&str, &[u8])] = &[("runs/a.json", b"{}"), ("reports/a.html", b"<p>")];
        assert_eq!(frozen(files), frozen(files));
    }

    #[test]
    fn what_was_changed_added_or_taken_away_is_named() {
        let hash = ContentHash::of(b"{}").to_string();
        let manifest = |files: serde_json::Value| serde_json::json!({ "format": 1, "experiment": "sizes", "version": "0.1.0", "files": files });
        let one = manifest(serde_json::json!({ "runs/a.json": hash }));
        assert_eq!(detail(&forged(&[("runs/a.json", b"{ }")], &one)), "runs/a.json was changed since it was frozen");
        assert_eq!(detail(&forged(&[], &one)), "runs/a.json is missing since it was frozen");
        let none = manifest(serde_json::json!({}));
        assert_eq!(detail(&forged(&[("runs/a.json", b"{}")], &none)), "runs/a.json was added since it was frozen");
        assert_eq!(
            detail(&forged(&[("runs/a.json", b"{}"), ("runs/a.json", b"{}")], &one)),
            "runs/a.json is in it twice"
        );
    }

    #[test]
    fn an_archive_of_a_newer_format_names_its_version() {
        let newer = serde_json::json!({ "format": 7, "version": "9.0.0" });
        assert!(matches!(
            read_back(&forged(&[], &newer)),
            Err(FrozenError::Newer { version, found: 7, .. }) if version == "9.0.0"
        ));
    }

    #[test]
    fn another_file_is_no_archive() {
        assert!(matches!(read_back(b"[params]\n"), Err(FrozenError::Damaged { .. })));
        assert!(matches!(read(Path::new("/none/such")), Err(FrozenError::Unreadable { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_archive_that_was_cut_short_is_refused(length in any::<prop::sample::Index>()) {
            let (_, mut bytes) = frozen(&[("runs/a.json", b"{\"id\":\"a\"}"), ("reports/a.html", b"<p>")]);
            bytes.truncate(length.index(bytes.len()));
            prop_assert!(read_back(&bytes).is_err());
        }

        /// Bits of a gzip header that say nothing of the content may change; what is read never does.
        #[test]
        fn a_flipped_bit_is_detected_or_harmless(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let (hash, mut bytes) = frozen(&[("runs/a.json", b"{\"id\":\"a\"}"), ("reports/a.html", b"<p>")]);
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            if let Ok(read) = read_back(&bytes) {
                let same = read.hash == hash && read.runs["runs/a.json"] == b"{\"id\":\"a\"}";
                prop_assert!(same);
            }
        }
    }
}

//! The cache: blobs by content, one record per fingerprint. Knows no stages, no graph and no user's files.
//!
//! ```text
//! cache/blobs/ab/<hash>.<ext>          the bytes of one file, read-only
//! cache/records/ab/<fingerprint>.json  one execution: what it was made of, what it left
//! cache/last/<experiment>.json         the fingerprint each stage had last, to explain why it runs
//! cache/checkpoints/ab/<work>/         states of unfinished or longer trainings
//! cache/locks/  tmp/  damaged/         who computes what now; work in progress; what was set aside
//! ```
//!
//! # Order of writing
//! A stage writes into a scratch directory in the same file system. Its files are hashed, made read-only and renamed to
//! their places in `blobs/`; they and their directories are synced; then the record is written aside, renamed and
//! synced. Nothing that is in the cache is ever replaced by bytes that are not on the disk.
//!
//! A sync can take 10 ms, so results that come within a second of the last sync do not wait for one: they are synced
//! together, many at a time, with the first result after that second, on [`Store::flush`], or when the store is
//! dropped. Other processes see them at once all the same. So a long training is on the disk when its stage ends, and
//! thousands of tiny stages do not wait for thousands of syncs. A power cut may take back what was not synced, in any
//! order, even a blob without its record; it cannot make a wrong result of it, because of what readers check.
//!
//! # Order of reading
//! A record is believed only if its own checksum fits and its blobs are there in the right size; a blob only after its
//! bytes have been hashed, once per process. What is damaged is moved to `damaged/` and reported; the stage that made
//! it runs again and puts a good copy in its place. Everything here may be deleted at any time.

mod checkpoint;
mod error;
#[cfg(test)]
mod faults;
mod fs;
mod lock;
mod record;
mod remove;
mod scratch;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::artifact::{Artifact, Blob};
use crate::cancel::Cancel;
use crate::event::{ArtifactInfo, FileInfo, Reason};
use crate::fingerprint::{Fingerprint, StaleReason, explain};
use crate::hash::ContentHash;

pub use checkpoint::Checkpoints;
pub use error::{Damage, Fault, StoreError};
pub use lock::{Holder, LockGuard};
pub use record::Record;
pub use remove::Removable;
pub use scratch::Scratch;

use scratch::{Session, is_session};

/// Version of the cache's layout.
const FORMAT: u32 = 1;

/// What a cache is never without.
const DIRECTORIES: [&str; 6] = ["blobs", "records", "last", "locks", "tmp", "damaged"];

/// What may lie in a directory besides that keeps version control from forgetting it, and in a cache.
const OTHER_PARTS: [&str; 5] = [".gitignore", ".gitkeep", "CACHEDIR.TAG", "FORMAT", "checkpoints"];

/// A cache, open for reading or for both.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Absent when opened for reading only.
    session: Option<Arc<Session>>,
    /// Blobs whose bytes this process has hashed: size and time of change back then.
    verified: Mutex<HashMap<PathBuf, (u64, Option<SystemTime>)>>,
    unsynced: Mutex<Unsynced>,
    flushing: Mutex<()>,
    sync_interval: Duration,
}

/// What was put in place and may not be on the disk yet.
#[derive(Debug)]
struct Unsynced {
    files: BTreeSet<PathBuf>,
    directories: BTreeSet<PathBuf>,
    last_sync: Instant,
}

/// What the cache has under a fingerprint.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup {
    Hit(Box<Record>),
    Miss,
    /// There was a result, but a file of it cannot be used. The stage has to run again.
    Broken(Damage),
}

impl Lookup {
    /// The record, when all of it is there.
    pub fn hit(self) -> Option<Record> {
        if let Self::Hit(record) = self { Some(*record) } else { None }
    }
}

/// How much the cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Executions that are known.
    pub records: u64,
    pub files: u64,
    pub bytes: u64,
    /// Of those, bytes of trainings' saved states.
    pub checkpoints: u64,
}

impl Store {
    /// Opens a cache, creating it if need be, and sweeps what dead processes left.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let mut store = Self::open_read_only(root)?;
        for directory in DIRECTORIES {
            let path = root.join(directory);
            if !path.is_dir() {
                fs::create_dir(&path)?;
                locked(&store.unsynced).directories.extend(root.ancestors().take(2).map(Path::to_owned));
            }
        }
        store.session = Some(Arc::new(Session::open(&root.join("tmp"), &root.join("locks/sessions"))?));
        store.label()?;
        Ok(store)
    }

    /// Opens a cache that nothing will be written to. One that does not exist is empty. A directory of something else
    /// is refused: nothing of a user's is taken for a part of a cache.
    pub fn open_read_only(root: &Path) -> Result<Self, StoreError> {
        if root.exists() && !root.is_dir() {
            return Err(StoreError::NotADirectory { path: root.to_owned() });
        }
        if !has_known_format(&root.join("FORMAT"))? && !holds_only_parts(root)? {
            return Err(StoreError::NotACache { path: root.to_owned() });
        }
        Ok(Self {
            root: root.to_owned(),
            session: None,
            verified: Mutex::default(),
            unsynced: Mutex::new(Unsynced {
                files: BTreeSet::new(),
                directories: BTreeSet::new(),
                last_sync: Instant::now(),
            }),
            flushing: Mutex::default(),
            sync_interval: write::SYNC_INTERVAL,
        })
    }

    /// Where the cache lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Looks up an earlier execution. Cheap: the sizes of its files are checked, their bytes are not
    /// ([`Self::verified`]).
    pub fn lookup(&self, fingerprint: ContentHash) -> Result<Lookup, StoreError> {
        let found = self.find(fingerprint)?;
        match &found {
            Lookup::Hit(record) => tracing::debug!(%fingerprint, kind = record.hashed.kind, "cache hit"),
            Lookup::Miss => tracing::debug!(%fingerprint, "cache miss: no record"),
            Lookup::Broken(damage) => tracing::debug!(%fingerprint, "cache miss: {damage}"),
        }
        Ok(found)
    }

    fn find(&self, fingerprint: ContentHash) -> Result<Lookup, StoreError> {
        let path = self.record_path(fingerprint);
        let Some(text) = read_if_there(&path)? else { return Ok(Lookup::Miss) };
        let Some(record) = Record::from_text(&text, fingerprint) else {
            return self.set_aside("record", &path).map(Lookup::Broken);
        };
        for (name, blob) in record.outputs.values().flat_map(|artifact| &artifact.files) {
            let path = self.blob_path(blob, name);
            match size(&path)? {
                Some(bytes) if bytes == blob.bytes => {}
                Some(_) => return self.set_aside(name, &path).map(Lookup::Broken),
                None => return Ok(Lookup::Broken(missing(name, path))),
            }
        }
        Ok(Lookup::Hit(Box::new(record)))
    }

    /// What an earlier execution was made of, as long as the cache has it.
    pub fn hashed(&self, fingerprint: ContentHash) -> Result<Option<Fingerprint>, StoreError> {
        let text = read_if_there(&self.record_path(fingerprint))?;
        Ok(text.and_then(|text| Record::from_text(&text, fingerprint)).map(|record| record.hashed))
    }

    /// A record as it lies on the disk, when it is there and whole.
    pub fn record_text(&self, fingerprint: ContentHash) -> Result<Option<Vec<u8>>, StoreError> {
        let text = read_if_there(&self.record_path(fingerprint))?;
        Ok(text.filter(|text| Record::from_text(text, fingerprint).is_some()))
    }

    /// The artifacts of a record as scripts see them, in the order of their ports.
    pub fn describe(&self, record: &Record) -> Vec<ArtifactInfo> {
        let file = |(name, blob): (&String, &Blob)| FileInfo {
            name: name.clone(),
            path: self.blob_path(blob, name),
            bytes: blob.bytes,
            blake3: blob.blake3.to_string(),
        };
        let artifact = |(port, artifact): (&String, &Artifact)| ArtifactInfo {
            port: port.clone(),
            artifact_type: artifact.artifact_type.to_string(),
            files: artifact.files.iter().map(file).collect(),
        };
        record.outputs.iter().map(artifact).collect()
    }

    /// Why a stage that is not in the cache has to run, given what it was in the experiment's last launch.
    pub fn explain(&self, last: Option<ContentHash>, now: &Fingerprint) -> Result<Vec<Reason>, StoreError> {
        let Some(last) = last else { return Ok(explain(None, now)) };
        let text = read_if_there(&self.record_path(last))?;
        Ok(match text.and_then(|text| Record::from_text(&text, last)) {
            Some(record) => explain(Some(&record.hashed), now),
            None if last == now.hash() => vec![StaleReason::NotCached.into()],
            None => vec![StaleReason::EarlierUnknown.into()],
        })
    }

    /// Where the bytes of a file lie. The name in the artifact gives the extension.
    pub fn blob_path(&self, blob: &Blob, name: &str) -> PathBuf {
        let hash = blob.blake3.to_string();
        let mut path = self.root.join("blobs").join(&hash[..2]).join(&hash);
        if let Some(extension) = Path::new(name).extension() {
            path.set_extension(extension);
        }
        path
    }

    /// Where the bytes of a file lie, after hashing them (once per process). Error: [`StoreError::Damaged`] when they
    /// are missing or not those that were written; the file was set aside then.
    pub fn verified(&self, blob: &Blob, name: &str) -> Result<PathBuf, StoreError> {
        let path = self.blob_path(blob, name);
        let Some(stamp) = stamp(&path)? else { return Err(StoreError::Damaged(missing(name, path))) };
        if locked(&self.verified).get(&path) == Some(&stamp) {
            return Ok(path);
        }
        let hash = ContentHash::of_file(&path).map_err(|error| StoreError::reading(&path, error))?;
        if hash != blob.blake3 || stamp.0 != blob.bytes {
            return Err(StoreError::Damaged(self.set_aside(name, &path)?));
        }
        tracing::trace!(name, path = %path.display(), bytes = stamp.0, "blob verified");
        locked(&self.verified).insert(path.clone(), stamp);
        Ok(path)
    }

    /// Waits until nobody else computes this fingerprint, asking `cancel` all the while. `on_wait` is told who is
    /// waited for, once each. Look the record up again once the lock is held.
    pub fn lock(
        &self,
        fingerprint: ContentHash,
        cancel: &Cancel,
        on_wait: &mut dyn FnMut(Holder),
    ) -> Result<LockGuard, StoreError> {
        let path = self.root.join("locks").join(fingerprint.to_string());
        lock::acquire(self.session()?, &path, cancel, on_wait)
    }

    /// How much lies in the cache.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let mut usage = Usage::default();
        let mut pending = vec![self.root.clone()];
        while let Some(directory) = pending.pop() {
            let failed = |error| StoreError::reading(&directory, error);
            let entries = match std::fs::read_dir(&directory) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                entries => entries.map_err(failed)?,
            };
            for entry in entries {
                let entry = entry.map_err(failed)?;
                // Deleted since it was listed: does not count.
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_dir() {
                    pending.push(entry.path());
                } else {
                    usage.files += 1;
                    usage.records += u64::from(entry.path().starts_with(self.root.join("records")));
                    usage.bytes += metadata.len();
                    if entry.path().starts_with(self.root.join("checkpoints")) {
                        usage.checkpoints += metadata.len();
                    }
                }
            }
        }
        Ok(usage)
    }

    fn record_path(&self, fingerprint: ContentHash) -> PathBuf {
        let name = fingerprint.to_string();
        self.root.join("records").join(&name[..2]).join(format!("{name}.json"))
    }

    /// Takes a damaged file out of the way; of a cache opened for reading only, it is only reported.
    fn set_aside(&self, name: &str, path: &Path) -> Result<Damage, StoreError> {
        let mut set_aside = None;
        if let (Some(_), Some(file)) = (&self.session, path.file_name()) {
            let place = self.root.join("damaged").join(file);
            locked(&self.verified).remove(path);
            match fs::rename(path, &place) {
                Ok(_) => {
                    tracing::warn!(path = %path.display(), place = %place.display(), "set aside: damaged");
                    set_aside = Some(place);
                }
                Err(_) if !path.exists() => {} // Someone else was faster.
                Err(error) => return Err(error),
            }
        }
        Ok(Damage { name: name.to_owned(), path: path.to_owned(), fault: Fault::Altered, set_aside })
    }
}

fn missing(name: &str, path: PathBuf) -> Damage {
    Damage { name: name.to_owned(), path, fault: Fault::Missing, set_aside: None }
}

/// Nothing in here is left half-changed by a panic, so a poisoned lock still holds good data.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a cache says what layout it has. Error: [`StoreError::Newer`] for one that is not known.
fn has_known_format(path: &Path) -> Result<bool, StoreError> {
    let Some(text) = read_if_there(path)? else { return Ok(false) };
    let found = String::from_utf8_lossy(&text).trim().to_owned();
    match found.parse::<u32>() {
        Ok(format) if format <= FORMAT => Ok(true),
        _ => Err(StoreError::Newer { path: path.to_owned(), found }),
    }
}

/// Whether a directory without a `FORMAT` is empty or absent, or a cache all the same: one whose first opening was cut
/// short, or that was emptied while a process worked in it.
fn holds_only_parts(root: &Path) -> Result<bool, StoreError> {
    let is_part = |name: &str| DIRECTORIES.contains(&name) || OTHER_PARTS.contains(&name);
    Ok(names(root)?.iter().all(|name| is_part(name)) && names(&root.join("tmp"))?.iter().all(|name| is_session(name)))
}

/// The names in a directory; none when it does not exist.
fn names(directory: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |error| StoreError::reading(directory, error);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    entries.map(|entry| Ok(entry.map_err(failed)?.file_name().to_string_lossy().into_owned())).collect()
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::reading(path, error)),
    }
}

fn stamp(path: &Path) -> Result<Option<(u64, Option<SystemTime>)>, StoreError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some((metadata.len(), metadata.modified().ok()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::reading(path, error)),
    }
}

fn size(path: &Path) -> Result<Option<u64>, StoreError> {
    Ok(stamp(path)?.map(|(bytes, _)| bytes))
}

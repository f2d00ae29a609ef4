//! Everything that puts files into the cache. The order of the steps is explained in the parent module.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::artifact::store::error::StoreError;
use crate::artifact::store::record::{self, Record};
use crate::artifact::store::scratch::{Scratch, Session};
use crate::artifact::store::{FORMAT, Store, fs, lock, locked, missing, read_if_there, size, stamp};
use crate::artifact::{Artifact, ArtifactType, Blob};
use crate::cancel::Cancel;
use crate::hash::ContentHash;

/// Results that come faster than this share a sync: the most work, in wall time, that a power cut may undo.
pub(super) const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// When a file's bytes have to be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durable {
    /// Before it gets its name.
    First,
    /// With the next [`Store::flush`].
    Soon,
}

/// Tells backup programs to leave the cache out (<https://bford.info/cachedir/>).
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                            # Results of `pipeline run`; anything here may be deleted and is computed again.\n";

impl Store {
    /// A new empty directory in the cache's file system.
    pub fn scratch(&self) -> Result<Scratch, StoreError> {
        Scratch::create(self.session()?)
    }

    /// Moves all files under a directory into the cache and makes them an artifact, along with the files in `reuse`,
    /// which lie in the cache already (name in the new artifact -> bytes; the extension stays). A directory that does
    /// not exist is empty; a file in a subdirectory is named `sub/file`.
    pub fn ingest(
        &self,
        directory: &Path,
        artifact_type: ArtifactType,
        reuse: &[(String, Blob)],
    ) -> Result<Artifact, StoreError> {
        let mut files = BTreeMap::new();
        for (name, blob) in reuse {
            let path = self.blob_path(blob, name);
            if size(&path)? != Some(blob.bytes) {
                return Err(StoreError::Damaged(missing(name, path)));
            }
            files.insert(name.clone(), blob.clone());
        }
        let mut written = BTreeMap::new();
        list(directory, "", &mut written)?;
        for (name, path) in written {
            let blob = self.ingest_file(&path, &name)?;
            files.insert(name, blob);
        }
        Ok(Artifact { artifact_type, files })
    }

    /// Moves one file to the place its content gives it, unless a good copy is there.
    fn ingest_file(&self, from: &Path, name: &str) -> Result<Blob, StoreError> {
        let blake3 = ContentHash::of_file(from).map_err(|error| StoreError::reading(from, error))?;
        let bytes = size(from)?.ok_or_else(|| StoreError::reading(from, ErrorKind::NotFound.into()))?;
        let blob = Blob { blake3, bytes };
        match self.verified(&blob, name) {
            Ok(_) => return Ok(blob),
            Err(StoreError::Damaged(_)) => {}
            Err(error) => return Err(error),
        }
        let to = self.blob_path(&blob, name);
        fs::protect(from)?;
        self.put(from, &to, Durable::Soon)?;
        tracing::debug!(name, path = %to.display(), bytes, "blob written");
        if let Some(stamp) = stamp(&to)? {
            locked(&self.verified).insert(to, stamp);
        }
        Ok(blob)
    }

    /// Makes an execution known, after all its artifacts were ingested. It is on the disk when this returns, unless
    /// the last sync was less than a second ago.
    pub fn commit(&self, record: &Record) -> Result<(), StoreError> {
        let due = locked(&self.unsynced).last_sync.elapsed() >= self.sync_interval;
        if due {
            self.flush()?;
        }
        let path = self.record_path(record.fingerprint);
        let durable = if due { Durable::First } else { Durable::Soon };
        self.replace(&path, record.to_text().as_bytes(), durable)?;
        tracing::debug!(path = %path.display(), synced = due, "record written");
        if due { self.flush() } else { Ok(()) }
    }

    /// Waits until everything put into the cache so far is on the disk.
    pub fn flush(&self) -> Result<(), StoreError> {
        // One at a time, so that nobody returns before what another took is on the disk.
        let _flushing = locked(&self.flushing);
        let (files, directories) = {
            let mut unsynced = locked(&self.unsynced);
            unsynced.last_sync = Instant::now();
            (std::mem::take(&mut unsynced.files), std::mem::take(&mut unsynced.directories))
        };
        let result = fs::sync_all(&files).and_then(|()| fs::sync_all(&directories));
        if result.is_err() {
            let mut unsynced = locked(&self.unsynced);
            unsynced.files.extend(files);
            unsynced.directories.extend(directories);
        }
        result
    }

    /// What each stage of an experiment was when it was last executed or used: slot -> fingerprint. A slot is any text
    /// that names the stage in the experiment.
    pub fn last(&self, experiment: &str) -> Result<BTreeMap<String, ContentHash>, StoreError> {
        let path = self.last_path(experiment);
        let Some(text) = read_if_there(&path)? else { return Ok(BTreeMap::new()) };
        let content = record::unseal(&text).and_then(|content| serde_json::from_slice(content).ok());
        if content.is_none() {
            let damage = self.set_aside("last", &path)?;
            tracing::warn!("{damage}; reasons to run will be missing once");
        }
        Ok(content.unwrap_or_default())
    }

    /// Replaces what is known of the given slots; the others stay, since a launch need not contain all of them.
    pub fn save_last(&self, experiment: &str, slots: &BTreeMap<String, ContentHash>) -> Result<(), StoreError> {
        let path = self.last_path(experiment);
        let lock = self.root.join("locks").join(format!("last-{}", file_name(experiment)));
        let _guard = lock::acquire(self.session()?, &lock, &Cancel::default(), &mut |_| {})?;
        let mut all = self.last(experiment)?;
        all.extend(slots.iter().map(|(slot, fingerprint)| (slot.clone(), *fingerprint)));
        let content =
            serde_json::to_string(&all).map_err(|error| StoreError::changing("write", &path, error.into()))?;
        self.replace(&path, record::seal(&content).as_bytes(), Durable::First)
    }

    /// Marks the directory as a cache, and as one of this layout.
    pub(super) fn label(&self) -> Result<(), StoreError> {
        for (name, text) in [("CACHEDIR.TAG", CACHEDIR_TAG.to_owned()), ("FORMAT", format!("{FORMAT}\n"))] {
            let path = self.root.join(name);
            if !path.exists() {
                self.replace(&path, text.as_bytes(), Durable::First)?;
            }
        }
        Ok(())
    }

    fn last_path(&self, experiment: &str) -> PathBuf {
        self.root.join("last").join(format!("{}.json", file_name(experiment)))
    }

    /// Writes a file that nothing hangs on: synced some time.
    pub(super) fn keep(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        self.replace(path, bytes, Durable::Soon)
    }

    /// Writes a small file so that its name leads to the old content or to the whole new one.
    fn replace(&self, path: &Path, bytes: &[u8], durable: Durable) -> Result<(), StoreError> {
        let temporary = self.session()?.fresh()?;
        fs::write(&temporary, bytes)?;
        self.put(&temporary, path, durable)
    }

    /// Gives a file its place, and remembers what has to be synced for that. What is there already is only replaced by
    /// bytes that are on the disk.
    fn put(&self, from: &Path, to: &Path, durable: Durable) -> Result<(), StoreError> {
        let first = durable == Durable::First || to.exists();
        if first {
            fs::sync(from)?;
        }
        let created = fs::rename(from, to)?;
        let mut unsynced = locked(&self.unsynced);
        if !first {
            unsynced.files.insert(to.to_owned());
        }
        let above = if created { 2 } else { 1 };
        unsynced.directories.extend(to.ancestors().skip(1).take(above).map(Path::to_owned));
        Ok(())
    }

    pub(super) fn session(&self) -> Result<&Arc<Session>, StoreError> {
        let read_only = || StoreError::changing("write", &self.root, io::Error::from(ErrorKind::ReadOnlyFilesystem));
        self.session.as_ref().ok_or_else(read_only)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!("{error}");
        }
    }
}

/// All regular files under a directory: name with `/` between parts -> path.
fn list(directory: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), StoreError> {
    let failed = |error| StoreError::reading(directory, error);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound && prefix.is_empty() => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}{name}")) else {
            return Err(StoreError::NotAFile { path });
        };
        if kind.is_dir() {
            list(&path, &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.insert(name, path);
        } else {
            return Err(StoreError::NotAFile { path });
        }
    }
    Ok(())
}

/// A name as a file's: itself when it is plain, else with a digest to keep different names apart.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.len() <= 100 && name.chars().all(plain) {
        return name.to_owned();
    }
    let safe: String = name.chars().take(100).map(|c| if plain(c) { c } else { '_' }).collect();
    format!("{safe}.{}", ContentHash::of(name.as_bytes()).short())
}

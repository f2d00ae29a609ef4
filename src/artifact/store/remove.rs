//! Taking results out of the cache. A launch that is about to use one of them finds it missing and computes it again,
//! as after any other deletion; a result that is being computed is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::artifact::store::error::StoreError;
use crate::artifact::store::record::Record;
use crate::artifact::store::{Store, fs, names, read_if_there, size};
use crate::cancel::Cancel;
use crate::fingerprint::Fingerprint;
use crate::hash::ContentHash;

/// What is freed when results are removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removable {
    records: BTreeMap<ContentHash, PathBuf>,
    /// Files that no other result refers to, with their bytes: blobs, then checkpoints.
    files: BTreeMap<PathBuf, u64>,
}

impl Removable {
    /// How many results.
    pub fn results(&self) -> usize {
        self.records.len()
    }

    /// Bytes of their files.
    pub fn bytes(&self) -> u64 {
        self.files.values().sum()
    }
}

impl Store {
    /// What removing these results would free: their records, the blobs that no other record refers to, and the
    /// checkpoints of their work when no other record is of the same. `work` names a result's work, if it saves any.
    pub fn removable(
        &self,
        fingerprints: &BTreeSet<ContentHash>,
        work: &dyn Fn(&Fingerprint) -> Option<ContentHash>,
    ) -> Result<Removable, StoreError> {
        let mut removable = Removable::default();
        for fingerprint in fingerprints {
            let path = self.record_path(*fingerprint);
            if let Some(record) = self.record_at(&path, *fingerprint)? {
                removable.files.extend(self.files_of(&record, work)?);
                removable.records.insert(*fingerprint, path);
            }
        }
        if removable.records.is_empty() {
            return Ok(removable);
        }
        for directory in names(&self.root().join("records"))? {
            for name in names(&self.root().join("records").join(&directory))? {
                let fingerprint = name.strip_suffix(".json").and_then(|text| text.parse().ok());
                let Some(fingerprint) = fingerprint.filter(|known| !removable.records.contains_key(known)) else {
                    continue;
                };
                if let Some(record) = self.record_at(&self.record_path(fingerprint), fingerprint)? {
                    for path in self.files_of(&record, work)?.keys() {
                        removable.files.remove(path);
                    }
                }
            }
        }
        Ok(removable)
    }

    /// Removes results, each under its lock: the record first, so that none is ever left without its files.
    pub fn remove(&self, removable: &Removable, cancel: &Cancel) -> Result<(), StoreError> {
        for (fingerprint, path) in &removable.records {
            let _guard = self.lock(*fingerprint, cancel, &mut |_| {})?;
            fs::remove_file(path)?;
        }
        removable.files.keys().try_for_each(|path| fs::remove_file(path))
    }

    fn record_at(&self, path: &std::path::Path, fingerprint: ContentHash) -> Result<Option<Record>, StoreError> {
        Ok(read_if_there(path)?.and_then(|text| Record::from_text(&text, fingerprint)))
    }

    /// All files that are there because of a result, with their bytes.
    fn files_of(
        &self,
        record: &Record,
        work: &dyn Fn(&Fingerprint) -> Option<ContentHash>,
    ) -> Result<BTreeMap<PathBuf, u64>, StoreError> {
        let blobs = record.outputs.values().flat_map(|artifact| &artifact.files);
        let mut paths: Vec<PathBuf> = blobs.map(|(name, blob)| self.blob_path(blob, name)).collect();
        if let Some(work) = work(&record.hashed) {
            let directory = self.checkpoint_directory(work);
            paths.extend(names(&directory)?.iter().map(|name| directory.join(name)));
        }
        let mut files = BTreeMap::new();
        for path in paths {
            if let Some(bytes) = size(&path)? {
                files.insert(path, bytes);
            }
        }
        Ok(files)
    }
}

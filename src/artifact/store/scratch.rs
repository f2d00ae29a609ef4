//! Temporary files in the cache's file system. Each process has one directory under `tmp/` with a sign of life in it;
//! those of the dead, on this machine or another that shares the cache, are swept when a store is opened.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::artifact::store::error::{LOCK, StoreError};
use crate::artifact::store::lock::{self, Life};
use crate::artifact::store::{fs as steps, locked};

/// The sign of life.
const ALIVE: &str = "alive";

/// Whether a directory of this name was made by [`Session::open`]: the process's id and when it began.
pub(super) fn is_session(name: &str) -> bool {
    let number = |text: &str, radix| !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix));
    name.split_once('-').is_some_and(|(process, began)| number(process, 10) && number(began, 16))
}

/// This process's directory for temporary files; deleted on drop.
#[derive(Debug)]
pub(super) struct Session {
    directory: PathBuf,
    counter: AtomicU64,
    /// Signs of life, held open. More than one only if somebody emptied the cache meanwhile.
    signs: Mutex<Vec<File>>,
}

impl Session {
    /// Sweeps what dead processes left under `tmp` and makes a directory for this one. `gate` is a lock file that keeps
    /// others from sweeping it before its sign of life is there.
    pub(super) fn open(tmp: &Path, gate: &Path) -> Result<Self, StoreError> {
        let gate_file = File::create(gate).map_err(|error| StoreError::changing("create", gate, error))?;
        gate_file.lock().map_err(|error| StoreError::changing(LOCK, gate, error))?;
        let dead = dead_sessions(tmp)?;
        let name = format!("{}-{:x}", std::process::id(), Timestamp::now().as_nanosecond());
        let session = Self { directory: tmp.join(name), counter: AtomicU64::new(0), signs: Mutex::default() };
        session.sign()?;
        drop(gate_file);
        dead.iter().for_each(|(directory, _)| steps::remove_tree(directory));
        Ok(session)
    }

    /// The file that tells others that this process lives.
    pub(super) fn sign(&self) -> Result<PathBuf, StoreError> {
        let path = self.directory.join(ALIVE);
        let mut signs = locked(&self.signs);
        if !path.exists() {
            steps::create_dir(&self.directory)?;
            signs.push(lock::sign_of_life(&path).map_err(|error| StoreError::changing(LOCK, &path, error))?);
        }
        Ok(path)
    }

    /// A path at which nothing exists yet, in a directory that does even if someone emptied the cache meanwhile.
    pub(super) fn fresh(&self) -> Result<PathBuf, StoreError> {
        self.sign()?;
        Ok(self.directory.join(self.counter.fetch_add(1, Ordering::Relaxed).to_string()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        steps::remove_tree(&self.directory);
    }
}

/// Directories whose owner is gone, with its sign of life, which keeps other sweepers away while it is held open.
fn dead_sessions(tmp: &Path) -> Result<Vec<(PathBuf, Option<File>)>, StoreError> {
    let failed = |error| StoreError::reading(tmp, error);
    let mut dead = Vec::new();
    for entry in fs::read_dir(tmp).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let directory = entry.path();
        // Only what a session made is swept.
        if !entry.file_name().to_str().is_some_and(is_session) || !directory.is_dir() {
            continue;
        }
        let sign = directory.join(ALIVE);
        match lock::look_for_life(&sign).map_err(|error| StoreError::changing(LOCK, &sign, error))? {
            Life::Alive => {}
            Life::Dead(file) => dead.push((directory, Some(file))),
            Life::Absent => dead.push((directory, None)),
        }
    }
    Ok(dead)
}

/// An empty directory for one stage's work, in the cache's file system; deleted with all in it on drop.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _session: Arc<Session>,
}

impl Scratch {
    pub(super) fn create(session: &Arc<Session>) -> Result<Self, StoreError> {
        let path = session.fresh()?;
        steps::create_dir(&path)?;
        Ok(Self { path, _session: session.clone() })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        steps::remove_tree(&self.path);
    }
}

//! Temporary files in the cache's file system. Each process has one directory under `tmp/`, marked as living by a lock
//! on a file in it; directories whose lock can be taken belong to the dead, on this machine or another that shares the
//! cache, and are swept when a store is opened.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::artifact::store::error::{LOCK, StoreError};
use crate::artifact::store::fs as steps;

/// The file that a living process holds a lock on.
const ALIVE: &str = "alive";

/// This process's directory for temporary files; deleted on drop.
#[derive(Debug)]
pub(super) struct Session {
    directory: PathBuf,
    counter: AtomicU64,
    _alive: File,
}

impl Session {
    /// Sweeps what dead processes left under `tmp` and makes a directory for this one. `gate` is a lock file that keeps
    /// others from sweeping it between its creation and its locking.
    pub(super) fn open(tmp: &Path, gate: &Path) -> Result<Self, StoreError> {
        let gate_file = File::create(gate).map_err(|error| StoreError::changing("create", gate, error))?;
        gate_file.lock().map_err(|error| StoreError::changing(LOCK, gate, error))?;
        let dead = dead_sessions(tmp)?;
        let name = format!("{}-{:x}", std::process::id(), Timestamp::now().as_nanosecond());
        let directory = tmp.join(name);
        steps::create_dir(&directory)?;
        let lock = directory.join(ALIVE);
        let alive = File::create_new(&lock).map_err(|error| StoreError::changing("create", &lock, error))?;
        alive.try_lock().map_err(|error| StoreError::changing(LOCK, &lock, error.into()))?;
        drop(gate_file);
        dead.iter().for_each(|(directory, _)| steps::remove_tree(directory));
        Ok(Self { directory, counter: AtomicU64::new(0), _alive: alive })
    }

    /// A path at which nothing exists yet, in a directory that does even if someone emptied the cache meanwhile.
    pub(super) fn fresh(&self) -> Result<PathBuf, StoreError> {
        if !self.directory.is_dir() {
            steps::create_dir(&self.directory)?;
        }
        Ok(self.directory.join(self.counter.fetch_add(1, Ordering::Relaxed).to_string()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        steps::remove_tree(&self.directory);
    }
}

/// Directories whose owner is gone, with their locks, which keep other sweepers away.
fn dead_sessions(tmp: &Path) -> Result<Vec<(PathBuf, Option<File>)>, StoreError> {
    let failed = |error| StoreError::reading(tmp, error);
    let mut dead = Vec::new();
    for entry in fs::read_dir(tmp).map_err(failed)? {
        let directory = entry.map_err(failed)?.path();
        if !directory.is_dir() {
            continue;
        }
        let lock = directory.join(ALIVE);
        match File::open(&lock) {
            Ok(file) => match file.try_lock() {
                Ok(()) => dead.push((directory, Some(file))),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(StoreError::changing(LOCK, &lock, error)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => dead.push((directory, None)),
            Err(error) => return Err(StoreError::reading(&lock, error)),
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

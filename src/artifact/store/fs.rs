//! The file-system steps that change a cache, each with its class of error. Every change passes through here, so
//! that tests can stop at, or fail, any one of them.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
#[cfg(not(test))]
use std::io;
use std::io::{ErrorKind, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::artifact::store::error::StoreError;

#[cfg(not(test))]
fn step(_: Step) -> io::Result<()> {
    Ok(())
}
#[cfg(test)]
use crate::artifact::store::faults::step;

/// How many syncs wait at the same time. More bring nothing.
const SYNC_THREADS: usize = 16;

/// What is about to be done; tests keep a journal of it.
#[cfg_attr(not(test), expect(dead_code, reason = "read by the fault injection of the tests"))]
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    CreateDir(&'a Path),
    Write,
    Sync(&'a Path),
    Protect,
    Rename(&'a Path, &'a Path),
    Remove,
}

/// Creates a directory and those above it.
pub(super) fn create_dir(path: &Path) -> Result<(), StoreError> {
    step(Step::CreateDir(path))
        .and_then(|()| fs::create_dir_all(path))
        .map_err(|e| StoreError::changing("create", path, e))
}

/// Writes a new file, not yet synced.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        step(Step::Write)?;
        File::create(path)?.write_all(bytes)
    };
    write().map_err(|error| StoreError::changing("write", path, error))
}

/// Waits until a file's bytes, or a directory's entries, are on the disk. One deleted meanwhile has none to lose.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    let sync = || {
        step(Step::Sync(path))?;
        File::open(path)?.sync_all()
    };
    match sync() {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::changing("sync", path, error)),
        _ => Ok(()),
    }
}

/// Syncs many files or directories, in no particular order. From several threads at once, since file systems write
/// concurrent syncs out together: this takes a tenth of the time, or less.
pub(super) fn sync_all(paths: &BTreeSet<PathBuf>) -> Result<(), StoreError> {
    if paths.len() < SYNC_THREADS {
        return paths.iter().try_for_each(|path| sync(path));
    }
    let queue = Mutex::new(paths.iter());
    let drain = || {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::iter::from_fn(next).try_for_each(|path| sync(path))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..SYNC_THREADS).map(|_| scope.spawn(drain)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Makes a file read-only.
pub(super) fn protect(path: &Path) -> Result<(), StoreError> {
    let protect = || {
        step(Step::Protect)?;
        let mut permissions: Permissions = fs::metadata(path)?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path, permissions)
    };
    protect().map_err(|error| StoreError::changing("make read-only", path, error))
}

/// Moves a file into place, over whatever is there. Returns whether the target's directory had to be created.
pub(super) fn rename(from: &Path, to: &Path) -> Result<bool, StoreError> {
    let rename = || step(Step::Rename(from, to)).and_then(|()| fs::rename(from, to));
    match rename() {
        Err(error) if error.kind() == ErrorKind::NotFound && from.exists() => {
            let parent = to.parent().unwrap_or(to);
            create_dir(parent)?;
            rename().map(|()| true).map_err(|error| StoreError::changing("write", to, error))
        }
        result => result.map(|()| false).map_err(|error| StoreError::changing("write", to, error)),
    }
}

/// Deletes a file; one that is gone already is deleted.
pub(super) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match step(Step::Remove).and_then(|()| fs::remove_file(path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::changing("delete", path, error)),
        _ => Ok(()),
    }
}

/// Deletes a directory with all in it, as far as possible: what stays is swept by a later launch.
pub(super) fn remove_tree(path: &Path) {
    if step(Step::Remove).is_ok()
        && let Err(error) = fs::remove_dir_all(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!("cannot delete {}: {error}", path.display());
    }
}

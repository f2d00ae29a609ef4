//! One lock per fingerprint, so that two launches share work instead of doing it twice.
//!
//! A lock is a file of its own under `locks/`, held with an advisory lock that the operating system drops when its
//! holder ends, however it ends. The file is deleted before it is let go. A contender that opened it meanwhile then
//! holds a lock on a file without a name, notices that, and starts over; so no two ever hold the same name, and no
//! lock files pile up.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::artifact::store::error::{LOCK, StoreError};
use crate::cancel::Cancel;

/// How often a waiter looks again; bounds how long Ctrl-C goes unnoticed.
const POLL: Duration = Duration::from_millis(20);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub host: String,
    /// Since when, in UTC, RFC 3339.
    pub since: String,
}

impl Holder {
    fn this_process() -> Self {
        Self { pid: std::process::id(), host: host_name(), since: Timestamp::now().to_string() }
    }
}

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub struct LockGuard {
    file: File,
    path: PathBuf,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // Deleted while still held: see the module's text. A file that stays is locked anew by the next comer.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!("cannot delete {}: {error}", self.path.display());
        }
        if let Err(error) = self.file.unlock() {
            tracing::debug!("cannot unlock {}: {error}", self.path.display());
        }
    }
}

/// Waits for the lock. `on_wait` is called once for each holder waited for, as soon as it is known.
pub(super) fn acquire(path: &Path, cancel: &Cancel, on_wait: &mut dyn FnMut(Holder)) -> Result<LockGuard, StoreError> {
    let mut known = None;
    loop {
        if cancel.is_cancelled() {
            return Err(StoreError::Interrupted);
        }
        match try_acquire(path) {
            Ok(Some(guard)) => return Ok(guard),
            Ok(None) => {
                let holder = holder(path);
                if holder.is_some() && holder != known {
                    holder.clone().into_iter().for_each(&mut *on_wait);
                    known = holder;
                }
                thread::sleep(POLL);
            }
            Err(error) => return Err(StoreError::changing(LOCK, path, error)),
        }
    }
}

/// Takes the lock if nobody holds it.
pub(super) fn try_acquire(path: &Path) -> io::Result<Option<LockGuard>> {
    loop {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if is_still_at(&file, path)? {
            let mut guard = LockGuard { file, path: path.to_owned() };
            let text = serde_json::to_vec(&Holder::this_process())?;
            guard.file.set_len(0)?;
            guard.file.write_all(&text)?;
            return Ok(Some(guard));
        }
    }
}

/// Opens or creates the file, and its directory if someone emptied the cache meanwhile.
fn open(path: &Path) -> io::Result<File> {
    let open = || OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    match (open(), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(parent)?;
            open()
        }
        (result, _) => result,
    }
}

fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((held.dev(), held.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Who holds it, as far as the file says: it may be gone, or not yet written.
fn holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// The machine's name, for people.
pub(super) fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    name.map_or_else(|| "an unnamed host".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::artifact::store::tests::temporary_directory;

    #[test]
    fn a_file_deleted_between_opening_and_locking_is_no_lock() {
        let directory = temporary_directory();
        let path = directory.path().join("lock");
        let holder = try_acquire(&path).unwrap();
        let late = open(&path).unwrap();
        assert!(is_still_at(&late, &path).unwrap());
        drop(holder);
        assert!(late.try_lock().is_ok());
        assert!(!is_still_at(&late, &path).unwrap());
        let next = try_acquire(&path).unwrap();
        assert!(next.is_some());
        assert!(!is_still_at(&late, &path).unwrap());
    }

    #[test]
    fn contenders_that_never_pause_never_hold_the_lock_together() {
        let directory = temporary_directory();
        let path = directory.path().join("lock");
        let busy = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut held = 0;
                    while held < 100 {
                        let Some(guard) = try_acquire(&path).unwrap() else { continue };
                        assert!(!busy.swap(true, Ordering::SeqCst), "two at once");
                        held += 1;
                        thread::sleep(Duration::from_micros(20));
                        busy.store(false, Ordering::SeqCst);
                        drop(guard);
                    }
                });
            }
        });
        assert!(!path.exists());
    }
}

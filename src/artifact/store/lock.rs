//! One lock per fingerprint, so that two launches share work instead of doing it twice.
//!
//! Every process has a file of its own, its *sign of life*, on which it holds an advisory lock until it ends, however it
//! ends: the operating system sees to that. To take the lock of a fingerprint is to hard-link that file to
//! `locks/<fingerprint>`, which only works while the name is free; to let go is to delete the name. So the name leads a
//! waiter to its holder's sign of life, which says who that is, and whether it still lives: if its lock can be taken, it
//! does not, and the name is cleared. No lock files pile up, and a dead holder never needs a hand.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::artifact::store::error::{LOCK, StoreError};
use crate::artifact::store::scratch::Session;
use crate::cancel::Cancel;
use crate::provenance::host;

/// How often a waiter looks again; bounds how long Ctrl-C goes unnoticed.
const POLL: Duration = Duration::from_millis(20);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    pub host: String,
    /// When the process opened the cache, in UTC, RFC 3339.
    pub since: String,
}

/// Makes a sign of life for this process; it lasts until the file is closed.
pub(super) fn sign_of_life(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    file.try_lock()?;
    let holder = Holder { pid: std::process::id(), host: host(), since: Timestamp::now().to_string() };
    file.write_all(&serde_json::to_vec(&holder)?)?;
    Ok(file)
}

/// What a sign of life says.
#[derive(Debug)]
pub(super) enum Life {
    /// The process lives. Somebody else's process, whose file may not be opened, counts as living.
    Alive,
    /// The process is gone. Keeping the file open keeps others from finding that out.
    Dead(File),
    /// There is no such file.
    Absent,
}

/// Looks whether a process lives.
pub(super) fn look_for_life(path: &Path) -> io::Result<Life> {
    // Opened for writing because network file systems demand that for an exclusive lock.
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Life::Absent),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(Life::Alive),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok(Life::Dead(file)),
        Err(TryLockError::WouldBlock) => Ok(Life::Alive),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// A held lock; dropping it lets go.
#[derive(Debug)]
pub struct LockGuard {
    _name: Name,
    /// Whose sign of life it is: that lasts as long as the lock.
    _session: Arc<Session>,
}

/// A name in `locks/`, taken.
#[derive(Debug)]
struct Name {
    sign: PathBuf,
    path: PathBuf,
}

impl Drop for Name {
    fn drop(&mut self) {
        // Only its own name: after somebody emptied the cache, the name may be another's.
        let result = match is_same(&self.sign, &self.path) {
            Ok(true) => fs::remove_file(&self.path),
            other => other.map(drop),
        };
        if let Err(error) = result {
            tracing::debug!("cannot unlock {}: {error}", self.path.display());
        }
    }
}

/// Waits for the lock. `on_wait` is called once for each holder waited for, as soon as it is known.
pub(super) fn acquire(
    session: &Arc<Session>,
    path: &Path,
    cancel: &Cancel,
    on_wait: &mut dyn FnMut(Holder),
) -> Result<LockGuard, StoreError> {
    let mut known = None;
    loop {
        if cancel.is_cancelled() {
            return Err(StoreError::Interrupted);
        }
        // Asked for each time: someone may empty the cache meanwhile, the sign of life with it.
        match try_acquire(&session.sign()?, path) {
            Ok(Some(name)) => {
                tracing::trace!(path = %path.display(), "locked");
                return Ok(LockGuard { _name: name, _session: session.clone() });
            }
            Ok(None) => {
                let holder = holder(path);
                if holder.is_some() && holder != known {
                    tracing::debug!(path = %path.display(), ?holder, "waiting for a lock");
                    holder.clone().into_iter().for_each(&mut *on_wait);
                    known = holder;
                }
                thread::sleep(POLL);
            }
            Err(error) => return Err(StoreError::changing(LOCK, path, error)),
        }
    }
}

/// Takes the lock if nobody who lives holds it.
fn try_acquire(sign: &Path, path: &Path) -> io::Result<Option<Name>> {
    loop {
        match fs::hard_link(sign, path) {
            Ok(()) => return Ok(Some(Name { sign: sign.to_owned(), path: path.to_owned() })),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::NotFound && sign.exists() => {
                // Someone emptied the cache meanwhile.
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                continue;
            }
            Err(error) => return Err(error),
        }
        match look_for_life(path)? {
            Life::Alive => return Ok(None),
            Life::Absent => {}
            Life::Dead(file) => clear(&file, path)?,
        }
    }
}

/// Deletes the name of a dead holder. Whoever finds it dead holds its lock, so only one does this at a time; but the
/// name may have been cleared and taken by a living one between opening the file and locking it.
fn clear(file: &File, path: &Path) -> io::Result<()> {
    let dead = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) if (dead.dev(), dead.ino()) == (named.dev(), named.ino()) => fs::remove_file(path),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => Ok((one.dev(), one.ino()) == (other.dev(), other.ino())),
        (Err(error), _) | (_, Err(error)) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(false),
    }
}

/// Who holds it, as far as the file says: it may be gone, or not yet written.
fn holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::artifact::store::tests::temporary_directory;

    #[test]
    fn a_name_taken_by_the_living_is_not_cleared_for_a_dead_one() {
        let directory = temporary_directory();
        let (one, two, path) = (directory.path().join("1"), directory.path().join("2"), directory.path().join("lock"));
        let dead = sign_of_life(&one).unwrap();
        fs::hard_link(&one, &path).unwrap();
        drop(dead);
        // Found dead by two at once: the slower one comes when the faster one has already cleared and taken the name.
        let Life::Dead(file) = look_for_life(&path).unwrap() else { panic!("is dead") };
        assert!(matches!(look_for_life(&path).unwrap(), Life::Alive), "being looked after");
        clear(&file, &path).unwrap();
        let _living = sign_of_life(&two).unwrap();
        let guard = try_acquire(&two, &path).unwrap();
        assert!(guard.is_some());
        clear(&file, &path).unwrap();
        assert!(is_same(&two, &path).unwrap());
        drop(guard);
        assert!(!path.exists());
    }

    #[test]
    fn contenders_that_never_pause_never_hold_the_lock_together() {
        let directory = temporary_directory();
        let path = directory.path().join("lock");
        let dead = directory.path().join("dead");
        drop(sign_of_life(&dead).unwrap());
        fs::hard_link(&dead, &path).unwrap();
        let busy = AtomicBool::new(false);
        thread::scope(|scope| {
            for name in ["a", "b", "c"] {
                let sign = directory.path().join(name);
                let (busy, path, dead) = (&busy, &path, &dead);
                scope.spawn(move || {
                    let _alive = sign_of_life(&sign).unwrap();
                    let mut held = 0;
                    while held < 100 {
                        let Some(guard) = try_acquire(&sign, path).unwrap() else { continue };
                        assert!(!busy.swap(true, Ordering::SeqCst), "two at once");
                        held += 1;
                        thread::sleep(Duration::from_micros(20));
                        busy.store(false, Ordering::SeqCst);
                        drop(guard);
                        // Now and then a holder dies and leaves its name.
                        drop((held % 3 == 0).then(|| fs::hard_link(dead, path)));
                    }
                });
            }
        });
    }
}

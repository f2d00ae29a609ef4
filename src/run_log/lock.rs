//! Which launches are alive. A launch holds a lock on a file of its own beside the log; the operating system lets go
//! of it however the process ends, so a killed launch never needs a hand and a reused process id fools nobody.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held for as long as a launch is going on.
pub struct LaunchLock {
    file: File,
    log: PathBuf,
    launch: String,
}

impl LaunchLock {
    /// Takes the lock of a launch that has just begun.
    pub fn acquire(log: &Path, launch: &str) -> io::Result<Self> {
        // A launch that ends removes the folder when it looks empty, perhaps just after it was made here.
        let mut attempts = 0;
        let file = loop {
            attempts += 1;
            match create(log, launch) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && attempts < 100 => {}
                created => break created?,
            }
        };
        file.lock()?;
        Ok(Self { file, log: log.to_owned(), launch: launch.to_owned() })
    }
}

fn create(log: &Path, launch: &str) -> io::Result<File> {
    match std::fs::create_dir(directory(log)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::create(path(log, launch)),
    }
}

impl Drop for LaunchLock {
    fn drop(&mut self) {
        forget(&self.log, &self.launch);
        // Closing the file would do; a failure here changes nothing.
        let _ = self.file.unlock();
    }
}

/// Whether some process holds the launch's lock.
pub fn is_held(log: &Path, launch: &str) -> bool {
    let held = |file: File| matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    File::open(path(log, launch)).is_ok_and(held)
}

/// Removes the lock file of a launch that is over. What remains of a failure is a stray file that nobody reads.
pub fn forget(log: &Path, launch: &str) {
    let _ = std::fs::remove_file(path(log, launch));
    let _ = std::fs::remove_dir(directory(log));
}

fn directory(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push("-launches");
    PathBuf::from(name)
}

fn path(log: &Path, launch: &str) -> PathBuf {
    directory(log).join(format!("{launch}.lock"))
}

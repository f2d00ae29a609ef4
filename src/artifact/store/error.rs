//! What can go wrong with a cache, in classes that call for different answers.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::artifact::store::FORMAT;
use crate::fingerprint::StaleReason;

/// The action of waiting for, or taking, a lock.
pub(super) const LOCK: &str = "lock";

/// Why the cache cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The place is read-only, or belongs to somebody else.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    /// Something else lies where the cache should.
    #[error("the cache {} is not a directory", path.display())]
    NotADirectory { path: PathBuf },
    /// Somebody's files lie where the cache should.
    #[error("{} is not a cache and not empty", path.display())]
    NotACache { path: PathBuf },
    /// The disk (or the user's quota) is full. What was being written is not in the cache; all else is untouched.
    #[error("no space left to write {}", path.display())]
    Full { path: PathBuf, source: io::Error },
    /// A file is not what was written; whoever made it has to run again.
    #[error("{0}")]
    Damaged(Damage),
    /// The cache was written by a newer version of this program.
    #[error("{} has format {found}; this program knows formats up to {FORMAT}", path.display())]
    Newer { path: PathBuf, found: String },
    /// A stage left something that is neither a file nor a directory, or whose name is not text.
    #[error("{} cannot be part of an artifact: not a regular file with a UTF-8 name", path.display())]
    NotAFile { path: PathBuf },
    /// A stop was asked for while waiting.
    #[error("interrupted")]
    Interrupted,
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl StoreError {
    /// A failed attempt to look at something.
    pub(super) fn reading(path: &Path, source: io::Error) -> Self {
        Self::Io { action: "read", path: path.to_owned(), source }
    }

    /// A failed attempt to change something, sorted into its class.
    pub(super) fn changing(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Unwritable { path, source },
            _ => Self::Io { action, path, source },
        }
    }

    /// The next thing to do.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Unwritable { .. } => {
                Some("make the directory writable, or name another one in the environment variable PIPELINE_CACHE_DIR")
            }
            Self::NotADirectory { .. } => {
                Some("move it out of the way, or name another place with --cache-dir or in PIPELINE_CACHE_DIR")
            }
            Self::NotACache { .. } => {
                Some("name an empty or a new directory with --cache-dir or in PIPELINE_CACHE_DIR")
            }
            Self::Full { .. } => Some(
                "free some space (anything in the cache may be deleted at the cost of computing it again), or name a \
                 directory on another disk in PIPELINE_CACHE_DIR; what is done so far is kept",
            ),
            Self::Damaged(_) => Some("run again: the stage that made the file will be executed anew"),
            Self::Newer { .. } => Some("update this program, or name another cache in PIPELINE_CACHE_DIR"),
            Self::Io { action: LOCK, source, .. } if source.kind() == io::ErrorKind::Unsupported => {
                Some("the cache has to be on a file system with file locks; name such a place in PIPELINE_CACHE_DIR")
            }
            Self::NotAFile { .. } | Self::Interrupted | Self::Io { .. } => None,
        }
    }
}

/// What is wrong with a file in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Missing,
    /// Other bytes than were written.
    Altered,
}

/// A file in the cache that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What the file is to a person: its name in the artifact, or `record`.
    pub name: String,
    /// Where it lies, or lay.
    pub path: PathBuf,
    pub fault: Fault,
    /// Where it was put instead, for whoever wants to look into it.
    pub set_aside: Option<PathBuf>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.fault {
            Fault::Missing => write!(f, "{} is missing from the cache ({path})", self.name)?,
            Fault::Altered => write!(f, "{} is damaged in the cache ({path})", self.name)?,
        }
        match &self.set_aside {
            Some(place) => write!(f, "; set aside as {}", place.display()),
            None => Ok(()),
        }
    }
}

impl From<&Damage> for StaleReason {
    fn from(damage: &Damage) -> Self {
        let file = damage.name.clone();
        match damage.fault {
            Fault::Missing => Self::Missing { file },
            Fault::Altered => Self::Damaged { file },
        }
    }
}

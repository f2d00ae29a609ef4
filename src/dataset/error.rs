//! What can be wrong with data: a sentence that names the file, and the next thing to do.

use std::io;
use std::path::Path;

use crate::cancel::Interrupted;

/// Why a data set is not available.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A stop was asked for.
    #[error("interrupted")]
    Interrupted,
    /// The data is not what it should be: which file, how, and what to do.
    #[error("{message}")]
    Unusable { message: String, help: Option<String> },
}

impl From<Interrupted> for DatasetError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}

impl DatasetError {
    /// Unusable data, without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Unusable { message: message.into(), help: None }
    }

    /// Adds the next thing to do.
    pub fn help(mut self, advice: impl Into<String>) -> Self {
        if let Self::Unusable { help, .. } = &mut self {
            *help = Some(advice.into());
        }
        self
    }

    /// A file that could not be read or written, named.
    pub fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        use io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, StorageFull};
        move |error| {
            let failed = Self::new(format!("{}: {error}", path.display()));
            match error.kind() {
                StorageFull | QuotaExceeded | FileTooLarge => {
                    failed.help("free some space on that disk, then launch again: what is done so far is kept")
                }
                PermissionDenied => failed.help("change its permissions, or name another place"),
                _ => failed,
            }
        }
    }

    /// The advice, when there is any.
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Unusable { help, .. } => help.as_deref(),
            Self::Interrupted => None,
        }
    }
}

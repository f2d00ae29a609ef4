//! What can be wrong with a run log, and the next thing to do.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the log cannot be used or a question not be answered.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file's content makes no sense. It is never deleted or repaired by this program.
    #[error("the run log {path} is damaged: {detail}", path = path.display())]
    Damaged { path: PathBuf, detail: String },
    #[error("the run log {path} was written by a newer version of pipeline (format {found}, this one knows up to {known})", path = path.display())]
    Newer { path: PathBuf, found: usize, known: usize },
    #[error("{path} is a database of another program, not a run log", path = path.display())]
    Foreign { path: PathBuf },
    /// It cannot be opened or written right now: permissions, a full disk, a lock held too long.
    #[error("the run log {path} cannot be used: {detail}", path = path.display())]
    Unusable { path: PathBuf, detail: String },
    #[error("no run `{0}`")]
    NoSuchRun(String),
    #[error("`{given}` could be any of {matches} runs: {examples}")]
    Ambiguous { given: String, matches: usize, examples: String },
}

impl LogError {
    /// Sorts SQLite's errors into those a person can tell apart.
    pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let (path, detail) = (path.to_owned(), error.to_string());
        let nonsense = matches!(
            error,
            E::FromSqlConversionFailure(..)
                | E::IntegralValueOutOfRange(..)
                | E::InvalidColumnType(..)
                | E::Utf8Error(..)
        );
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, detail },
            Some(ErrorCode::DatabaseBusy) => {
                Self::Unusable { path, detail: "another process has been holding it for too long".to_owned() }
            }
            None if nonsense => Self::Damaged { path, detail },
            _ => Self::Unusable { path, detail },
        }
    }

    /// The next thing to do.
    pub fn help(&self) -> String {
        match self {
            Self::Damaged { path, .. } => {
                let path = path.display();
                format!(
                    "no result is lost: results are in the cache. Move {path} and {path}-wal aside and launch again; what is \
                     cached is logged anew. `sqlite3 FILE .recover` may save the old history"
                )
            }
            Self::Newer { .. } => "use that version, or move the file aside to start a new log".to_owned(),
            Self::Foreign { .. } => "move that file aside; a launch makes a new log".to_owned(),
            Self::Unusable { .. } => {
                "check its permissions and the space left on the disk, then launch again: what is \
                                      cached is not computed again, only logged"
                    .to_owned()
            }
            Self::NoSuchRun(_) => "`pipeline runs` lists them".to_owned(),
            Self::Ambiguous { .. } => "give more of the id".to_owned(),
        }
    }

    /// Whether this is a file that launching again cannot mend.
    pub fn needs_a_hand(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Newer { .. } | Self::Foreign { .. })
    }
}

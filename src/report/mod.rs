//! Reports: artifacts become figures and tables ([`figures`]), and these become self-contained pages ([`page`]).
//! Knows the artifacts' files as `docs/formats.md` describes them, and neither stages nor the cache.

pub mod draw;
pub mod figures;
pub mod number;
pub mod page;
pub mod section;
mod sections;
pub mod source;

use std::path::PathBuf;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read or write {}: {error}", path.display())]
    Io { path: PathBuf, error: std::io::Error },
    /// A file of an artifact is not what its format says.
    #[error("{} is not what its format says: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error("cannot draw a figure: {0}")]
    Drawing(String),
}

pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

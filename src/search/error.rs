//! What is wrong with a search that cannot begin, or with what it is told.

/// Why a search cannot begin or go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SearchError {
    #[error("there is nothing to vary")]
    Empty,
    #[error("`{0}` is varied twice")]
    Twice(String),
    #[error("`{param}` {reason}")]
    Domain { param: String, reason: &'static str },
    #[error("`{param}` depends on `{on}`, which is not varied")]
    Unknown { param: String, on: String },
    #[error("whether `{0}` is varied depends on itself")]
    Circular(String),
    #[error("{0}")]
    Settings(&'static str),
    #[error("trial {trial} was not asked for, or its outcome is known already")]
    NotAsked { trial: usize },
    #[error("trial {trial} has {given} values, and there are {needed} objectives")]
    Objectives { trial: usize, given: usize, needed: usize },
}

//! How the program ends: every exit code, and the errors that lead to them.

use std::io::{self, Write};
use std::process::{ExitCode, Termination};

use crate::artifact::store::StoreError;
use crate::progress::Paint;
use crate::run_log::LogError;

/// The exit codes. Scripts rely on them; any other code is a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All runs finished, or the question was answered.
    Success = 0,
    /// One or more stages failed; with `--keep-going` everything else was completed.
    StageFailed = 1,
    /// The command line is wrong, or names what is not there; or nothing can be written at a place where something
    /// should be, be it the user's choice or the default.
    Usage = 2,
    /// The files do not make a valid plan: TOML, params, wiring, a cycle.
    InvalidPlan = 3,
    /// The cache or the run log is damaged, or was written by something newer, and recomputing cannot repair it.
    Damaged = 4,
    /// Stopped by Ctrl-C or a signal; the same command goes on from there.
    Interrupted = 130,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// Why a command ends before its end.
#[derive(Debug)]
pub enum Stop {
    /// Something is wrong: what, and the next thing to do.
    Failure { exit: Exit, message: String, help: Option<String> },
    /// Something is wrong, and the text says all of it.
    Explained { exit: Exit, text: String },
    /// Whoever read the output has seen enough.
    OutputClosed,
}

impl Stop {
    /// A failure with an exit code of its own.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Failure { exit, message: message.into(), help: None }
    }

    /// The command line asks for what cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Says what to do next.
    pub fn help(self, text: impl Into<String>) -> Self {
        match self {
            Self::Failure { exit, message, .. } => Self::Failure { exit, message, help: Some(text.into()) },
            stop => stop,
        }
    }

    /// Tells the person, and the exit code to leave with.
    pub fn tell(self) -> Exit {
        let paint = Paint::for_stderr();
        let (exit, text) = match self {
            Self::OutputClosed => return Exit::Success,
            Self::Explained { exit, text } => (exit, text),
            Self::Failure { exit, message, help } => {
                let help = help.map_or_else(String::new, |help| format!("\n  {} {help}", paint.cyan("help:")));
                (exit, format!("{} {message}{help}", paint.red("error:")))
            }
        };
        // Nobody is left to read when this fails.
        let _ = writeln!(io::stderr(), "{text}");
        exit
    }
}

/// Errors of writing to standard output.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::usage(format!("the output cannot be written: {error}")),
        }
    }
}

impl From<LogError> for Stop {
    fn from(error: LogError) -> Self {
        let exit = match error {
            LogError::NoSuchRun(_) | LogError::Ambiguous { .. } | LogError::Unusable { .. } => Exit::Usage,
            LogError::Damaged { .. } | LogError::Newer { .. } | LogError::Foreign { .. } => Exit::Damaged,
        };
        Self::new(exit, error.to_string()).help(error.help())
    }
}

/// A cache that cannot be opened.
impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            StoreError::Interrupted => Exit::Interrupted,
            StoreError::Damaged(_) | StoreError::Newer { .. } => Exit::Damaged,
            StoreError::Unwritable { .. }
            | StoreError::NotADirectory { .. }
            | StoreError::NotACache { .. }
            | StoreError::Full { .. }
            | StoreError::NotAFile { .. }
            | StoreError::Io { .. } => Exit::Usage,
        };
        let elsewhere = "name another place for the cache with --cache-dir or in PIPELINE_CACHE_DIR";
        Self::new(exit, error.to_string()).help(error.help().unwrap_or(elsewhere))
    }
}

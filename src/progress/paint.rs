//! Colors, when they are wanted.

use anstream::{AutoStream, ColorChoice};

/// Paints text, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    wanted: bool,
}

impl Paint {
    /// Whether there are colors.
    pub fn is_on(self) -> bool {
        self.wanted
    }

    /// Never any colors.
    pub const NONE: Self = Self { wanted: false };

    /// Colors when standard error shows them; `NO_COLOR`, `CLICOLOR` and `TERM` are heeded.
    pub fn for_stderr() -> Self {
        Self { wanted: AutoStream::choice(&std::io::stderr()) != ColorChoice::Never }
    }

    /// The same for standard output.
    pub fn for_stdout() -> Self {
        Self { wanted: AutoStream::choice(&std::io::stdout()) != ColorChoice::Never }
    }

    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.with("1;33", text)
    }

    pub fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.wanted { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

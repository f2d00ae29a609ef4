//! A launch as it is seen while it goes on: bars on a terminal, plain lines elsewhere, and JSON lines for programs.
//! Knows only events; what the numbers mean is not known here. People's text goes to standard error.

mod bars;
mod beside;
mod json;
mod lines;
mod narrator;
mod paint;
mod screen;
mod summary;

use console::Term;

pub use bars::Bars;
pub use beside::{Beside, leave, remark};
pub use json::Json;
pub use lines::Lines;
pub use paint::Paint;

use crate::event::Observer;

/// How much a person wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures and notices only.
    Quiet,
    Normal,
    /// Every stage's start, every epoch, all reasons.
    Verbose,
}

/// The observer for people: bars when standard error is a terminal, lines when it is not or when little is wanted.
pub fn for_people(verbosity: Verbosity) -> Box<dyn Observer> {
    let paint = Paint::for_stderr();
    match Term::stderr().size_checked() {
        Some((_, width)) if verbosity > Verbosity::Quiet => Box::new(Bars::new(verbosity, paint, width.into())),
        _ => Box::new(Lines::new(std::io::stderr(), verbosity, paint)),
    }
}

/// The observer for programs: one JSON object a line on standard output.
pub fn for_programs() -> Box<dyn Observer> {
    Box::new(Json::new(std::io::stdout()))
}

#[cfg(test)]
mod tests;

//! Plain lines, for logs and for terminals without bars.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::event::{Observer, RunEvent};
use crate::progress::narrator::Narrator;
use crate::progress::{Paint, Verbosity};

/// Writes what there is to say, line by line.
pub struct Lines<W> {
    state: Mutex<(W, Narrator)>,
}

impl<W: Write + Send> Lines<W> {
    /// Writes to `output`.
    pub fn new(output: W, verbosity: Verbosity, paint: Paint) -> Self {
        Self { state: Mutex::new((output, Narrator::new(verbosity, paint, None))) }
    }
}

impl<W: Write + Send> Observer for Lines<W> {
    fn observe(&self, time: Timestamp, event: &RunEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (output, narrator) = &mut *state;
        let lines = narrator.hear(time, event);
        if !lines.is_empty() {
            // A reader that went away is no reason to stop a launch.
            let _ = writeln!(output, "{}", lines.join("\n"));
        }
    }
}

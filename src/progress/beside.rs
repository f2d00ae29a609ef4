//! Standard error beside the bars: what else a person is told while they may be on the screen.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::MultiProgress;

/// The bars on the screen. One process has one screen.
static SHOWN: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Says which bars are on the screen from now on.
pub fn show(bars: Option<MultiProgress>) {
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Takes the bars off the screen and ends the line that `^C` stands on, before the process is ended on the spot.
pub fn leave() {
    // Whoever holds them may never let go.
    if let Ok(shown) = SHOWN.try_lock()
        && let Some(bars) = &*shown
    {
        // Nobody is left to see when this fails.
        let _ = bars.clear();
    }
    if io::stderr().is_terminal() {
        let _ = io::stderr().write_all(b"\n");
    }
}

/// Standard error; bars step aside while something is written. What is written at once must be whole lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside;

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let write = || io::stderr().write_all(bytes).map(|()| bytes.len());
        match &*SHOWN.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Tells a person something besides the launch's events.
pub fn remark(text: &str) {
    // Nobody is left to read when this fails.
    let _ = Beside.write_all(format!("{text}\n").as_bytes());
}

//! Where bars are drawn: standard error, with the cursor left right behind the last bar.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// Redraws a second.
const RATE: u8 = 20;

/// A terminal on standard error, or nothing when there is none.
pub fn target() -> ProgressDrawTarget {
    match Term::buffered_stderr() {
        term if term.is_term() => {
            ProgressDrawTarget::term_like_with_hz(Box::new(Screen { term, blanks: AtomicUsize::new(0) }), RATE)
        }
        _ => ProgressDrawTarget::hidden(),
    }
}

/// A terminal that is not filled up behind the last bar, as it is behind all others to begin a new line: the `^C` that
/// terminals write at the cursor would begin one too, and one bar too few would be cleared.
#[derive(Debug)]
struct Screen {
    term: Term,
    /// Written only when something follows.
    blanks: AtomicUsize,
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn height(&self) -> u16 {
        self.term.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.term.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.term.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| byte == b' ') {
            self.blanks.fetch_add(text.len(), Ordering::Relaxed);
            return Ok(());
        }
        self.term.write_str(&" ".repeat(self.blanks.swap(0, Ordering::Relaxed)))?;
        self.term.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.term.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.blanks.store(0, Ordering::Relaxed);
        self.term.flush()
    }
}

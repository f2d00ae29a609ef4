//! Standard output, whose reader may leave at any time.

use std::io::Write;

use serde::Serialize;

use crate::cli::Stop;

/// How wide lines may be on the terminal that standard output is; `None` for a file or another program.
pub fn terminal_width() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, width)| usize::from(width))
}

/// Writes text that ends in a line break, or adds it.
pub fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    Ok(stdout.flush()?)
}

/// Writes a value as JSON on one line.
pub fn print_json_line(value: &impl Serialize) -> Result<(), Stop> {
    print(&serde_json::to_string(value).map_err(std::io::Error::from)?)
}

/// Writes a value as JSON, indented.
pub fn print_json(value: &impl Serialize) -> Result<(), Stop> {
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    // Only writing can fail: everything printed here has string keys.
    serde_json::to_writer_pretty(&mut stdout, value).map_err(std::io::Error::from)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

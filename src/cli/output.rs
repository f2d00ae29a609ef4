//! Standard output, whose reader may leave at any time.

use std::io::{self, Write};
use std::path::Path;

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

/// A file named with `--output` that cannot be written, and what to do to have `what` nevertheless.
pub fn unwritable(file: &Path, error: &io::Error, what: &str) -> Stop {
    let help = match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => format!("make the folder first: mkdir -p {}", folder.display()),
        _ if file.is_dir() => "it is a folder: name a file in it".to_owned(),
        _ => format!("name another file with --output, or leave it out to have {what} on standard output"),
    };
    Stop::usage(format!("{} cannot be written: {error}", file.display())).help(help)
}

//! `pipeline graph`: the plan as a picture.

use std::io;
use std::path::Path;

use crate::cli::args::{GraphArgs, GraphFormat, PlaceArgs, SelectionArgs};
use crate::cli::output::print;
use crate::cli::prepare::prepare;
use crate::cli::{Exit, Stop};
use crate::plan::draw::{Format, draw};

/// Draws the stages of one run, or of all variants merged.
pub fn execute(args: &GraphArgs) -> Result<Exit, Stop> {
    let prepared = prepare(&args.file, &args.overrides, &SelectionArgs::default(), &PlaceArgs::default())?;
    let format = match args.format {
        GraphFormat::Text => Format::Text,
        GraphFormat::Dot => Format::Dot,
        GraphFormat::Mermaid => Format::Mermaid,
        GraphFormat::Svg => Format::Svg,
    };
    let drawing = draw(&prepared.plan, format, args.expand);
    match &args.output {
        None => print(&drawing)?,
        Some(file) => std::fs::write(file, drawing).map_err(|error| unwritable(file, &error))?,
    }
    Ok(Exit::Success)
}

fn unwritable(file: &Path, error: &io::Error) -> Stop {
    let help = match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) if !folder.is_dir() => format!("make the folder first: mkdir -p {}", folder.display()),
        _ if file.is_dir() => "it is a folder: name a file in it".to_owned(),
        _ => "name another file with --output, or leave it out to have the drawing on standard output".to_owned(),
    };
    Stop::usage(format!("{} cannot be written: {error}", file.display())).help(help)
}

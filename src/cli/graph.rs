//! `pipeline graph`: the plan as a picture.

use crate::cli::args::{GraphArgs, GraphFormat, LaunchArgs};
use crate::cli::output::{print, unwritable};
use crate::cli::prepare::prepare;
use crate::cli::{Exit, Stop};
use crate::plan::draw::{Format, draw};

/// Draws the stages of one run, or of all variants merged.
pub fn execute(args: &GraphArgs) -> Result<Exit, Stop> {
    let (file, overrides) = (args.file.clone(), args.overrides.clone());
    let prepared = prepare(&LaunchArgs { file, overrides, ..LaunchArgs::default() })?;
    let format = match args.format {
        GraphFormat::Text => Format::Text,
        GraphFormat::Dot => Format::Dot,
        GraphFormat::Mermaid => Format::Mermaid,
        GraphFormat::Svg => Format::Svg,
    };
    let drawing = draw(&prepared.plan, format, args.expand);
    match &args.output {
        None => print(&drawing)?,
        Some(file) => std::fs::write(file, drawing).map_err(|error| unwritable(file, &error, "the drawing"))?,
    }
    Ok(Exit::Success)
}

//! `pipeline schema`: what editors check and complete files by.

use crate::cli::args::{SchemaArgs, SchemaOf};
use crate::cli::output::print_json;
use crate::cli::{Exit, Stop};
use crate::config::schema::{experiment_schema, pipeline_schema};
use crate::kind::Catalog;
use crate::stage::registry::Registry;

/// Prints the JSON Schema of a file.
pub fn execute(args: &SchemaArgs) -> Result<Exit, Stop> {
    match args.file {
        SchemaOf::Pipeline => print_json(&pipeline_schema(&Registry.kinds()))?,
        SchemaOf::Experiment => print_json(&experiment_schema())?,
    }
    Ok(Exit::Success)
}

//! The command line: one file per subcommand, thin on purpose. Reads arguments, calls the layers above, and writes
//! what they give.

pub mod args;
mod cache;
mod compare;
mod diff;
mod exit;
mod freeze;
mod graph;
mod label;
mod output;
mod pages;
mod plan;
mod prepare;
mod project;
mod reproduce;
mod rm;
mod run;
mod runs;
mod schema;
mod search;
mod selection;
mod show;
mod stages;

use clap::Parser;
use clap::error::ErrorKind;
use tracing_subscriber::EnvFilter;

use crate::progress::{Beside, Paint};

pub use args::{Cli, Command};
pub use exit::{Exit, Stop};
pub use project::Project;

/// Runs the program on its arguments. Never panics for what a user did.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    listen_to_traces().and_then(|()| dispatch(&cli.command)).unwrap_or_else(|stop| stop.tell())
}

fn dispatch(command: &Command) -> Result<Exit, Stop> {
    match command {
        Command::Run(args) => run::execute(args),
        Command::Plan(args) => plan::execute(args),
        Command::Graph(args) => graph::execute(args),
        Command::Schema(args) => schema::execute(args),
        Command::Stages(args) => stages::execute(args),
        Command::Runs(args) => runs::execute(args),
        Command::Show(args) => show::execute(args),
        Command::Compare(args) => compare::execute(args),
        Command::Diff(args) => diff::execute(args),
        Command::Tag(args) => label::tag(args),
        Command::Note(args) => label::note(args),
        Command::Archive(args) => label::archive(args),
        Command::Rm(args) => rm::execute(args),
        Command::Reproduce(args) => reproduce::execute(args),
        Command::Freeze(args) => freeze::execute(args),
        Command::Cache(args) => cache::execute(args),
    }
}

/// Help and the version are answers, everything else is a mistake; clap prints each where it belongs.
fn refuse(error: &clap::Error) -> Exit {
    // Nobody is left to read when this fails.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Success,
        _ => Exit::Usage,
    }
}

/// Traces go to standard error when `PIPELINE_LOG` asks for them, as in `PIPELINE_LOG=debug`.
fn listen_to_traces() -> Result<(), Stop> {
    let Some(filter) = std::env::var_os("PIPELINE_LOG").filter(|filter| !filter.is_empty()) else { return Ok(()) };
    let filter = EnvFilter::try_new(filter.to_string_lossy()).map_err(|error| {
        let help = "use a level (`PIPELINE_LOG=debug`) or targets with levels (`PIPELINE_LOG=pipeline::runner=trace`)";
        Stop::usage(format!("PIPELINE_LOG cannot be read: {error}")).help(help)
    })?;
    let colored = Paint::for_stderr().is_on();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colored).with_writer(|| Beside).init();
    Ok(())
}

#[cfg(test)]
mod tests;

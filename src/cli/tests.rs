use clap::{CommandFactory, FromArgMatches, Parser};

use super::args::{GraphArgs, PlanArgs, RunArgs, SchemaArgs};
use super::*;

fn help(arguments: &[&str]) -> String {
    let error = Cli::try_parse_from(arguments).expect_err("help is asked for");
    error.to_string()
}

/// The arguments of one subcommand, parsed alone.
fn parse<A: clap::Args>(arguments: &[&str]) -> Result<A, clap::Error> {
    let matches = A::augment_args(clap::Command::new("pipeline")).try_get_matches_from(arguments)?;
    A::from_arg_matches(&matches)
}

#[test]
fn the_definitions_are_sound() {
    Cli::command().debug_assert();
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(help(&["pipeline", "--help"]), @"");
}

#[test]
fn help_of_runs() {
    insta::assert_snapshot!(help(&["pipeline", "runs", "--help"]), @"");
}

#[test]
fn help_of_show() {
    insta::assert_snapshot!(help(&["pipeline", "show", "--help"]), @"");
}

#[test]
fn help_of_stages() {
    insta::assert_snapshot!(help(&["pipeline", "stages", "--help"]), @"");
}

#[test]
fn force_names_stages_or_none_for_all() {
    let force = |arguments: &[&str]| parse::<RunArgs>(arguments).unwrap().selection.force;
    assert_eq!(force(&["run", "x.toml"]), None);
    assert_eq!(force(&["run", "x.toml", "--force"]), Some(vec![]));
    let both = Some(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(force(&["run", "x.toml", "--force", "a", "b", "--json"]), both);
    assert_eq!(force(&["run", "x.toml", "--force", "a", "--force", "b"]), both);
}

#[test]
fn nonsense_is_refused() {
    assert!(parse::<RunArgs>(&["run", "x.toml", "--jobs", "0"]).is_err());
    assert!(parse::<RunArgs>(&["run", "x.toml", "--device", "abacus"]).is_err());
    assert!(parse::<RunArgs>(&["run", "x.toml", "-q", "-v"]).is_err());
    assert!(parse::<PlanArgs>(&["plan"]).is_err());
    assert!(parse::<GraphArgs>(&["graph", "x.toml", "--format", "oil"]).is_err());
    assert!(parse::<SchemaArgs>(&["schema", "stage"]).is_err());
}

use clap::{CommandFactory, Parser};

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

/// A help page, with the sections that `run` has too only named.
fn beyond_run(page: &str) -> String {
    let of_run = help(&["pipeline", "run", "--help"]);
    let known: Vec<&str> = of_run.split("\n\n").collect();
    let heading = |section: &&str| section.lines().next().unwrap_or_default().to_owned() + " as for run";
    let told = |section: &str| if known.contains(&section) { heading(&section) } else { section.to_owned() };
    page.split("\n\n").map(told).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(help(&["pipeline", "--help"]), @r"
    Experiments as TOML, results as a report, nothing computed twice

    Usage: pipeline <COMMAND>

    Commands:
      run        Runs an experiment: every variant, nothing twice, then the report
      plan       Tells what a launch would do and why, and writes nothing
      graph      Draws the stages and their wires as text, DOT, Mermaid or SVG
      schema     Prints the JSON Schema that editors complete and check files by
      stages     What stage kinds there are, and what each takes, gives and can be told
      runs       Lists the runs in the run log
      show       Shows everything about a run
      compare    Sets runs, variants or experiments side by side, and says what the data support
      diff       Tells what differs between two runs, and which stage parted them
      tag        Adds tags to runs or takes them away
      note       Writes a note on a run
      archive    Hides runs from lists, and shows them again
      rm         Removes runs from the log, and from the cache what only they have
      reproduce  Executes a run again and says, byte for byte, what agrees
      freeze     Writes an experiment to one file that others can verify and run again
      cache      Tells where results are kept, and how much that is
      help       Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Examples:
      pipeline run experiments/quickstart.toml            run an experiment; its report is in reports/
      pipeline plan experiments/quickstart.toml           what would run, and why
      pipeline runs                                       all runs, what differs and what came out
      pipeline stages train-autoencoder                   what a stage kind takes, gives and can be told

    Exit codes:
      0    all runs finished
      1    one or more stages failed (with --keep-going the rest was completed)
      2    wrong usage
      3    the files do not make a valid plan
      4    cache or run log damaged
      130  interrupted; the same command goes on from there

    Environment:
      PIPELINE_DATA_DIR   where data sets are looked for
      PIPELINE_CACHE_DIR  where results are kept
      PIPELINE_LOG        traces to standard error, as in PIPELINE_LOG=debug
      NO_COLOR            no colors
    ");
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(help(&["pipeline", "run", "--help"]), @r#"
    Runs an experiment: every variant, nothing twice, then the report

    Usage: pipeline run [OPTIONS] <FILE>

    Arguments:
      <FILE>  The experiment (or a pipeline, with its defaults)

    Options:
      -k, --keep-going  After a failure, go on with all that does not depend on it
      -n, --dry-run     Tell what would run and why, and run nothing
          --json        One JSON object a line on standard output
      -q, --quiet       Tell only failures and notices
      -v, --verbose     Tell every start, every epoch and all reasons
      -h, --help        Print help

    Changing the experiment:
          --set <KEY=VALUE>    Sets a param (`plan -v` lists them), as in TOML; strings need no quotes
          --sweep <KEY=A,B,C>  Sweeps over a param's values as well; takes all that a file's may say
          --repeats <N>        How many seeds every variant is run with

    Which stages:
          --only <STAGE>        Only this stage with its baselines, and what they need; may be given
                                several times
          --force [<STAGE>...]  Run these stages even if they are cached; all when none is named. Goes
                                after FILE

    The machine:
      -j, --jobs <N>              How many stages may run at once [default: cores]
          --threads <N>           Threads that all stages share for arithmetic [default: cores]. Results
                                  do not depend on it
          --checkpoint-every <N>  Save a training's state after every N epochs, to go on from after an
                                  interruption [default: by time, about 2 % of it]. Results do not
                                  depend on it
          --device <DEVICE>       What trainings compute on: cpu, or cuda where the program was built
                                  for it [default: cpu]

    Places:
          --cache-dir <DIR>    Where results are kept [default: $PIPELINE_CACHE_DIR, else cache/ in the
                               project]
          --reports-dir <DIR>  Where reports are written [default: reports/ in the project]

    Examples:
      pipeline run experiments/dense_vs_conv.toml
      pipeline run experiments/conv.toml --set epochs=5 --set latent_dim=16
      pipeline run experiments/dense64.toml --sweep latent_dim=2,8,32 --repeats 3
      pipeline run experiments/conv.toml --only autoencoder --force autoencoder
      pipeline run experiments/conv.toml --json | jq 'select(.event == "run_finished").metrics'

    What is in the cache is not computed again.
    Ctrl-C stops cleanly; the same command goes on from there.
    "#);
}

#[test]
fn help_of_plan() {
    insta::assert_snapshot!(beyond_run(&help(&["pipeline", "plan", "--help"])), @r"
    Tells what a launch would do and why, and writes nothing

    Usage: pipeline plan [OPTIONS] <FILE>

    Arguments: as for run

    Options:
          --json     One JSON object on standard output
      -v, --verbose  List the params, and all stages, however many of them are cached
      -h, --help     Print help

    Changing the experiment: as for run

    Which stages: as for run

    The machine: as for run

    Places: as for run

    Examples:
      pipeline plan experiments/dense_vs_conv.toml
      pipeline plan experiments/dense_vs_conv.toml --set epochs=20      what that change would cost
      pipeline plan experiments/dense_vs_conv.toml --json | jq '.stages[].status'

    `cached`: its result is there. `will run`: it is not, and the reasons say what changed.
    `depends`: something it needs will run; if that gives the same bytes as before, this stage need not.
    ");
}

#[test]
fn help_of_graph() {
    insta::assert_snapshot!(beyond_run(&help(&["pipeline", "graph", "--help"])), @r"
    Draws the stages and their wires as text, DOT, Mermaid or SVG

    Usage: pipeline graph [OPTIONS] <FILE>

    Arguments: as for run

    Options:
      -f, --format <FORMAT>  How to draw it [default: text] [possible values: text, dot, mermaid, svg]
      -o, --output <FILE>    Where to write it [default: standard output]
          --expand           Draw the stages of all variants, merged where they are the same work
      -h, --help             Print help

    Changing the experiment: as for run

    Examples:
      pipeline graph experiments/dense_vs_conv.toml
      pipeline graph experiments/dense_vs_conv.toml --format svg -o graph.svg
      pipeline graph experiments/dense_vs_conv.toml --format dot --expand | dot -Tpdf > graph.pdf
    ");
}

#[test]
fn help_of_schema() {
    insta::assert_snapshot!(help(&["pipeline", "schema", "--help"]), @r"
    Prints the JSON Schema that editors complete and check files by

    Usage: pipeline schema <FILE>

    Arguments:
      <FILE>  Which file it describes [possible values: pipeline, experiment]

    Options:
      -h, --help  Print help

    Examples:
      mkdir -p .schemas && pipeline schema experiment > .schemas/experiment.json
      pipeline schema pipeline > .schemas/pipeline.json

    Editors with a TOML language server complete and check files by them: put
    `#:schema ../.schemas/experiment.json` on the first line.
    ");
}

#[test]
fn help_of_runs() {
    insta::assert_snapshot!(help(&["pipeline", "runs", "--help"]), @r#"
    Lists the runs in the run log

    Usage: pipeline runs [OPTIONS]

    Options:
      -w, --where <FILTER>          Only runs of which this is true, as in "latent_dim >= 16 and tag =
                                    'paper'"
          --experiment <NAME>       Only runs of this experiment
          --launch <ID>             Only runs of this launch
          --status <STATUS>         Only runs that ended so [possible values: running, executed, cached,
                                    failed, skipped, interrupted]
          --archived                Archived runs too
          --sort <NAME[:desc],...>  In this order, the largest first with `:desc`; without a value comes
                                    last [default: newest first]
          --limit <N>               At most so many, the first ones; 0 for all [default: 50, as JSON or
                                    CSV all]
          --columns <NAME,...>      These columns, in this order
          --group-by <NAME,...>     One line for all runs with the same values of these: how many
                                    distinct ones, mean ± standard deviation of metrics (those of
                                    --columns, or the most telling), the best
          --format <FORMAT>         How to write them [default: table] [possible values: table, csv,
                                    json]
          --json                    As JSON, like `--format json`
          --all-columns             All columns, however wide the table
      -h, --help                    Print help

    Examples:
      pipeline runs
      pipeline runs --experiment dense_vs_conv --limit 0
      pipeline runs --where "latent_dim >= 16 and classifier.test_accuracy > 0.97 and tag = 'paper'"
      pipeline runs --where "started > '2d' and not status in ('executed', 'cached')"
      pipeline runs --sort evaluate.mse --columns id,latent_dim,evaluate.mse --limit 10
      pipeline runs --group-by architecture,latent_dim --columns classifier.test_accuracy
      pipeline runs --json | jq 'map({id, loss: .metrics["autoencoder.val_loss"]})'

    Names are params, metrics (`stage.metric`), and id, experiment, launch, status, seed, started,
    seconds, tag, note and variant. docs/run-log.md describes the filter language.
    The log is runs.sqlite in the project: the folder above that holds an `experiments` folder.
    "#);
}

#[test]
fn help_of_show() {
    insta::assert_snapshot!(help(&["pipeline", "show", "--help"]), @r"
    Shows everything about a run

    Usage: pipeline show [OPTIONS] <RUN>

    Arguments:
      <RUN>  A run's id, the beginning of one, or `latest`

    Options:
          --artifacts  Only its artifacts, with the files they are in
          --series     Only its per-epoch series
          --json       As JSON
      -h, --help       Print help

    Examples:
      pipeline show latest
      pipeline show 3f9a --series
      pipeline show 3f9a --artifacts --json | jq -r '.[].files[].path'
    ");
}

#[test]
fn help_of_compare() {
    insta::assert_snapshot!(help(&["pipeline", "compare", "--help"]), @r"
    Sets runs, variants or experiments side by side, and says what the data support

    Usage: pipeline compare [OPTIONS] <WHAT>...

    Arguments:
      <WHAT>...  Runs (ids, beginnings of ids, or `latest`), experiments, or variants:
                 EXPERIMENT:PARAM=VALUE,...

    Options:
          --baseline <VARIANT>  What the others are held against: a run, or PARAM=VALUE,... A part of a
                                variant stands for all that have it, each for those that differ from it
                                in nothing else
          --by <PARAM>          One row for each value of this param, one column for each combination of
                                the others
          --metric <METRIC>     Compare by this metric; may be given several times [default: the most
                                telling ones]
      -f, --format <FORMAT>     How to write it [default: terminal] [possible values: terminal,
                                markdown, csv, json, latex, html]
      -o, --output <FILE>       Where to write it [default: standard output]
      -h, --help                Print help

    Examples:
      pipeline compare dense_vs_conv
      pipeline compare dense_vs_conv --by latent_dim --baseline architecture=dense --metric mse
      pipeline compare dense_vs_conv:architecture=conv dense64
      pipeline compare 3f9a 81c2
      pipeline compare dense_vs_conv --format latex -o table.tex

    An experiment stands for the runs of its newest launch, and for those of earlier ones of the same
    stages that differ from them in swept params or seeds alone. Runs that differ in their seed alone
    are repeats.
    docs/comparing.md says how intervals and tests are computed.
    ");
}

#[test]
fn help_of_diff() {
    insta::assert_snapshot!(help(&["pipeline", "diff", "--help"]), @r"
    Tells what differs between two runs, and which stage parted them

    Usage: pipeline diff [OPTIONS] <OLD> <NEW>

    Arguments:
      <OLD>  A run's id, the beginning of one, or `latest`
      <NEW>  The run it is compared with

    Options:
          --cache-dir <DIR>  Where results are kept, which know what each stage was made of [default:
                             $PIPELINE_CACHE_DIR, else cache/ in the project]
          --json             As JSON
      -h, --help             Print help

    Examples:
      pipeline diff 3f9a 81c2
      pipeline diff 3f9a latest --json | jq '.diverged'
    ");
}

#[test]
fn help_of_stages() {
    insta::assert_snapshot!(help(&["pipeline", "stages", "--help"]), @r"
    What stage kinds there are, and what each takes, gives and can be told

    Usage: pipeline stages [OPTIONS] [KIND]

    Arguments:
      [KIND]  Only this kind, in full

    Options:
          --json      As JSON
          --markdown  As Markdown, in full
      -h, --help      Print help

    Examples:
      pipeline stages
      pipeline stages train-autoencoder
      pipeline stages --json | jq '.[].kind'
      pipeline stages --markdown > docs/stages.md
    ");
}

#[test]
fn force_names_stages_or_none_for_all() {
    let force = |arguments: &[&str]| parse::<RunArgs>(arguments).unwrap().launch.selection.force;
    assert_eq!(force(&["run", "x.toml"]), None);
    assert_eq!(force(&["run", "x.toml", "--force"]), Some(vec![]));
    let both = Some(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(force(&["run", "x.toml", "--force", "a", "b", "--json"]), both);
    assert_eq!(force(&["run", "x.toml", "--force", "a", "--force", "b"]), both);
    assert_eq!(force(&["run", "--force=a", "--force=b", "x.toml"]), both);
    let error = parse::<RunArgs>(&["run", "--force", "a", "experiments/x.toml"]).unwrap_err().to_string();
    insta::assert_snapshot!(error.lines().next().unwrap(), @"error: invalid value 'experiments/x.toml' for '--force [<STAGE>...]': that is a file: put --force after FILE, or write --force=STAGE");
}

#[test]
fn numbers_that_do_not_fit_are_told_with_those_that_do() {
    let refused =
        |arguments: &[&str]| Cli::try_parse_from(["pipeline"].iter().chain(arguments)).unwrap_err().to_string();
    let limits = [refused(&["runs", "--limit", "x"]), refused(&["run", "x.toml", "--jobs=-3"])].concat();
    insta::assert_snapshot!(limits.lines().filter(|line| line.starts_with("error")).collect::<Vec<_>>().join("\n"), @"
    error: invalid value 'x' for '--limit <N>': give a whole number, 0 or more
    error: invalid value '-3' for '--jobs <N>': give a whole number from 1 to 1024
    ");
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

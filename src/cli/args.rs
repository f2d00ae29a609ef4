//! What can be asked on the command line, and its help.

mod compare;
mod runs;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::config::MAX_REPEATS;
use crate::device::Device;
use crate::progress::Verbosity;
use values::{assignment, forced, whole};

pub use compare::{CompareArgs, CompareFormat, DiffArgs};
pub use runs::{
    ArchiveArgs, FreezeArgs, NoteArgs, ReproduceArgs, RmArgs, RunStatus, RunsArgs, SelectionOfRuns, TableFormat,
    TagArgs,
};

/// Experiments as TOML, results as a report, nothing computed twice.
#[derive(Debug, Parser)]
#[command(
    name = "pipeline",
    version,
    max_term_width = 100,
    after_help = "\
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
  NO_COLOR            no colors"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs an experiment: every variant, nothing twice, then the report
    Run(RunArgs),
    /// Tells what a launch would do and why, and writes nothing
    Plan(PlanArgs),
    /// Draws the stages and their wires as text, DOT, Mermaid or SVG
    Graph(GraphArgs),
    /// Prints the JSON Schema that editors complete and check files by
    Schema(SchemaArgs),
    /// What stage kinds there are, and what each takes, gives and can be told
    Stages(StagesArgs),
    /// Lists the runs in the run log
    Runs(RunsArgs),
    /// Shows everything about a run
    Show(ShowArgs),
    /// Sets runs, variants or experiments side by side, and says what the data support
    Compare(CompareArgs),
    /// Tells what differs between two runs, and which stage parted them
    Diff(DiffArgs),
    /// Adds tags to runs or takes them away
    Tag(TagArgs),
    /// Writes a note on a run
    Note(NoteArgs),
    /// Hides runs from lists, and shows them again
    Archive(ArchiveArgs),
    /// Removes runs from the log, and from the cache what only they have
    Rm(RmArgs),
    /// Executes a run again and says, byte for byte, what agrees
    Reproduce(ReproduceArgs),
    /// Writes an experiment to one file that others can verify and run again
    Freeze(FreezeArgs),
    /// Tells where results are kept, and how much that is
    Cache(CacheArgs),
}

/// What changes an experiment from the command line.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Changing the experiment")]
pub struct OverrideArgs {
    /// Sets a param (`plan -v` lists them), as in TOML; strings need no quotes
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub set: Vec<String>,

    /// Sweeps over a param's values as well; takes all that a file's may say
    #[arg(long, value_name = "KEY=A,B,C", value_parser = assignment)]
    pub sweep: Vec<String>,

    /// How many seeds every variant is run with
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1, Some(MAX_REPEATS as u32)))]
    pub repeats: Option<u32>,
}

/// `pipeline run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline run experiments/dense_vs_conv.toml
  pipeline run experiments/conv.toml --set epochs=5 --set latent_dim=16
  pipeline run experiments/dense64.toml --sweep latent_dim=2,8,32 --repeats 3
  pipeline run experiments/conv.toml --only autoencoder --force autoencoder
  pipeline run experiments/conv.toml --json | jq 'select(.event == \"run_finished\").metrics'

What is in the cache is not computed again.
Ctrl-C stops cleanly; the same command goes on from there.")]
pub struct RunArgs {
    /// After a failure, go on with all that does not depend on it
    #[arg(short, long)]
    pub keep_going: bool,

    /// Tell what would run and why, and run nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// One JSON object a line on standard output
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub told: ToldArgs,

    #[command(flatten)]
    pub launch: LaunchArgs,
}

/// `pipeline plan`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline plan experiments/dense_vs_conv.toml
  pipeline plan experiments/dense_vs_conv.toml --set epochs=20      what that change would cost
  pipeline plan experiments/dense_vs_conv.toml --json | jq '.stages[].status'

`cached`: its result is there. `will run`: it is not, and the reasons say what changed.
`depends`: something it needs will run; if that gives the same bytes as before, this stage need not.")]
pub struct PlanArgs {
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,

    /// List the params, and all stages, however many of them are cached
    #[arg(short, long)]
    pub verbose: bool,

    #[command(flatten)]
    pub launch: LaunchArgs,
}

/// An experiment, and how it is to be run.
#[derive(Debug, Clone, Default, Args)]
pub struct LaunchArgs {
    /// The experiment (or a pipeline, with its defaults)
    pub file: PathBuf,

    #[command(flatten)]
    pub overrides: OverrideArgs,

    #[command(flatten)]
    pub selection: SelectionArgs,

    #[command(flatten)]
    pub machine: MachineArgs,

    #[command(flatten)]
    pub places: PlaceArgs,
}

/// Which stages to run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which stages")]
pub struct SelectionArgs {
    /// Only this stage with its baselines, and what they need; may be given several times
    #[arg(long, value_name = "STAGE")]
    pub only: Vec<String>,

    /// Run these stages even if they are cached; all when none is named. Goes after FILE
    #[arg(long, value_name = "STAGE", num_args = 0.., action = ArgAction::Append, value_parser = forced)]
    pub force: Option<Vec<String>>,
}

/// More threads than any machine has cores: a slip of the keyboard.
const MOST_THREADS: u32 = 1024;

/// What the launch may use.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The machine")]
pub struct MachineArgs {
    /// How many stages may run at once [default: cores]
    #[arg(short, long, value_name = "N", value_parser = whole::<u32>(1, Some(MOST_THREADS)))]
    pub jobs: Option<u32>,

    /// Threads that all stages share for arithmetic [default: cores]. Results do not depend on it
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1, Some(MOST_THREADS)))]
    pub threads: Option<u32>,

    /// Save a training's state after every N epochs, to go on from after an interruption [default: by
    /// time, about 2 % of it]. Results do not depend on it
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1, None))]
    pub checkpoint_every: Option<u32>,

    /// What trainings compute on: cpu, or cuda where the program was built for it
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: Device,
}

/// Where things are kept.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Places")]
pub struct PlaceArgs {
    /// Where results are kept [default: $PIPELINE_CACHE_DIR, else cache/ in the project]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Where reports are written [default: reports/ in the project]
    #[arg(long, value_name = "DIR")]
    pub reports_dir: Option<PathBuf>,
}

/// How much is told.
#[derive(Debug, Clone, Default, Args)]
pub struct ToldArgs {
    /// Tell only failures and notices
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Tell every start, every epoch and all reasons
    #[arg(short, long)]
    pub verbose: bool,
}

impl ToldArgs {
    /// How much a person wants to read.
    pub fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

/// `pipeline graph`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline graph experiments/dense_vs_conv.toml
  pipeline graph experiments/dense_vs_conv.toml --format svg -o graph.svg
  pipeline graph experiments/dense_vs_conv.toml --format dot --expand | dot -Tpdf > graph.pdf")]
pub struct GraphArgs {
    /// The experiment (or a pipeline, with its defaults)
    pub file: PathBuf,

    /// How to draw it
    #[arg(short, long, value_enum, default_value_t = GraphFormat::Text)]
    pub format: GraphFormat,

    /// Where to write it [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Draw the stages of all variants, merged where they are the same work
    #[arg(long)]
    pub expand: bool,

    #[command(flatten)]
    pub overrides: OverrideArgs,
}

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    Text,
    Dot,
    Mermaid,
    Svg,
}

/// `pipeline stages`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline stages
  pipeline stages train-autoencoder
  pipeline stages --json | jq '.[].kind'
  pipeline stages --markdown > docs/stages.md")]
pub struct StagesArgs {
    /// Only this kind, in full
    pub kind: Option<String>,

    /// As JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,

    /// As Markdown, in full
    #[arg(long)]
    pub markdown: bool,
}

/// `pipeline schema`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  mkdir -p .schemas && pipeline schema experiment > .schemas/experiment.json
  pipeline schema pipeline > .schemas/pipeline.json

Editors with a TOML language server complete and check files by them: put
`#:schema ../.schemas/experiment.json` on the first line.")]
pub struct SchemaArgs {
    /// Which file it describes
    #[arg(value_enum)]
    pub file: SchemaOf,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    Pipeline,
    Experiment,
}

/// `pipeline show`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline show latest
  pipeline show 3f9a --series
  pipeline show 3f9a --artifacts --json | jq -r '.[].files[].path'")]
pub struct ShowArgs {
    /// A run's id, the beginning of one, or `latest`
    pub run: String,

    /// Only its artifacts, with the files they are in
    #[arg(long, conflicts_with = "series")]
    pub artifacts: bool,

    /// Only its per-epoch series
    #[arg(long)]
    pub series: bool,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `pipeline cache`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Everything in the cache may be deleted at any time; what is needed again is computed again.
The history of runs is not in it but in runs.sqlite.")]
pub struct CacheArgs {
    /// The cache [default: $PIPELINE_CACHE_DIR, else cache/ in the project]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

//! Options of the commands that read and change the run log.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::MOST_THREADS;
use crate::cli::args::values::{named, whole};

/// `pipeline runs`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline runs
  pipeline runs --experiment dense_vs_conv --limit 0
  pipeline runs --where \"latent_dim >= 16 and classifier.test_accuracy > 0.97 and tag = 'paper'\"
  pipeline runs --where \"started > '2d' and not status in ('executed', 'cached')\"
  pipeline runs --sort evaluate.mse --columns id,latent_dim,evaluate.mse --limit 10
  pipeline runs --group-by architecture,latent_dim --columns classifier.test_accuracy
  pipeline runs --json | jq 'map({id, loss: .metrics[\"autoencoder.val_loss\"]})'

Names are params, metrics (`stage.metric`), and id, experiment, launch, status, seed, started,
seconds, tag, note and variant. docs/run-log.md describes the filter language.
The log is runs.sqlite in the project: the folder above that holds an `experiments` folder.")]
pub struct RunsArgs {
    /// Only runs of which this is true, as in "latent_dim >= 16 and tag = 'paper'"
    #[arg(short = 'w', long = "where", value_name = "FILTER")]
    pub filter: Option<String>,

    /// Only runs of this experiment
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,

    /// Only runs of this launch
    #[arg(long, value_name = "ID")]
    pub launch: Option<String>,

    /// Only runs that ended so
    #[arg(long, value_enum)]
    pub status: Option<RunStatus>,

    /// Archived runs too
    #[arg(long)]
    pub archived: bool,

    /// In this order, the largest first with `:desc`; without a value comes last [default: newest first]
    #[arg(long, value_name = "NAME[:desc],...")]
    pub sort: Option<String>,

    /// At most so many, the first ones; 0 for all [default: 50, as JSON or CSV all]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(0, None))]
    pub limit: Option<usize>,

    /// These columns, in this order
    #[arg(long, value_name = "NAME,...")]
    pub columns: Option<String>,

    /// One line for all runs with the same values of these: how many distinct ones, mean ± standard
    /// deviation of metrics (those of --columns, or the most telling), the best
    #[arg(long, value_name = "NAME,...", conflicts_with = "all_columns")]
    pub group_by: Option<String>,

    /// How to write them
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    pub format: TableFormat,

    /// As JSON, like `--format json`
    #[arg(long, conflicts_with = "format")]
    pub json: bool,

    /// All columns, however wide the table
    #[arg(long, conflicts_with = "columns")]
    pub all_columns: bool,
}

impl RunsArgs {
    /// How to write the list.
    pub fn format(&self) -> TableFormat {
        if self.json { TableFormat::Json } else { self.format }
    }
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    Table,
    Csv,
    Json,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunStatus {
    Running,
    Executed,
    Cached,
    Failed,
    Skipped,
    Interrupted,
}

/// The runs that a command changes.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct SelectionOfRuns {
    /// Runs' ids, the beginnings of some, or `latest`
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,

    /// All runs of which this is true, as in `pipeline runs --where`
    #[arg(short = 'w', long = "where", value_name = "FILTER")]
    pub filter: Option<String>,
}

/// `pipeline tag`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline tag 3f9a 77c0 --add paper
  pipeline tag --where \"experiment = 'conv' and evaluate.mse < 0.01\" --add good --remove draft
  pipeline runs --where \"tag = 'paper'\"")]
pub struct TagArgs {
    #[command(flatten)]
    pub selection: SelectionOfRuns,

    /// Adds this tag; may be given several times
    #[arg(short, long, value_name = "TAG", required_unless_present = "remove", value_parser = named)]
    pub add: Vec<String>,

    /// Takes this tag away; may be given several times
    #[arg(short, long, value_name = "TAG", value_parser = named)]
    pub remove: Vec<String>,
}

/// `pipeline note`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline note 3f9a \"the learning rate of the paper\"
  pipeline note 3f9a                   prints it
  pipeline note 3f9a \"\"                removes it
  pipeline runs --where \"note contains 'learning rate'\"")]
pub struct NoteArgs {
    /// A run's id, the beginning of one, or `latest`
    pub run: String,

    /// What to write, in place of what was written before; without it the note is printed
    pub text: Option<String>,
}

/// `pipeline archive`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline archive 3f9a 77c0
  pipeline archive --where \"status = 'failed' and started < '30 days ago'\"
  pipeline archive --undo 3f9a

Archived runs keep everything; `pipeline runs --archived` lists them too.")]
pub struct ArchiveArgs {
    #[command(flatten)]
    pub selection: SelectionOfRuns,

    /// Takes them out of the archive
    #[arg(long)]
    pub undo: bool,
}

/// `pipeline rm`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline rm 3f9a 77c0
  pipeline rm --where \"status in ('failed', 'interrupted') and started < '7 days ago'\"
  pipeline rm --where \"experiment = 'tryout'\" --yes

Says what goes, then asks. With a run go its rows in the log, its report, and results in the cache
that no other run in the log has. To keep runs but hide them: `pipeline archive`.")]
pub struct RmArgs {
    #[command(flatten)]
    pub selection: SelectionOfRuns,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// Only say what would go
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Also runs that executed what other runs took from the cache; that stays in the cache
    #[arg(long)]
    pub force: bool,

    /// The cache [default: $PIPELINE_CACHE_DIR, else cache/ in the project]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// `pipeline freeze`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline freeze dense_vs_conv
  pipeline freeze dense_vs_conv -o appendix/dense_vs_conv.tar.gz

The file is a gzipped tar archive: the runs with their configs, metrics and the hashes of all they left,
the cache's records, the pages, and a manifest. The hash that is printed stands for all of it.
On another machine, `pipeline reproduce FILE --verify` says whether anything in it was changed, and
`pipeline reproduce FILE` runs everything again and compares.")]
pub struct FreezeArgs {
    /// The experiment's name, as in `pipeline runs`
    pub experiment: String,

    /// Where to write it [default: EXPERIMENT.frozen.tar.gz]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The cache [default: $PIPELINE_CACHE_DIR, else cache/ in the project]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Where the experiment's page is [default: reports/ in the project]
    #[arg(long, value_name = "DIR")]
    pub reports_dir: Option<PathBuf>,

    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

/// `pipeline reproduce`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline reproduce 3f9a
  pipeline reproduce latest --cache-dir /tmp/again --json
  pipeline reproduce dense_vs_conv.frozen.tar.gz --verify
  pipeline reproduce dense_vs_conv.frozen.tar.gz --run 3f9a

The run is planned from the config, params and seed that were logged, executed in a cache of its own,
and every file it left is compared by its hash. Nothing is written to the log or the project's cache.
Ends with 0 when all files agree, with 1 when some do not.")]
pub struct ReproduceArgs {
    /// A run's id, the beginning of one, `latest`, or a file that `pipeline freeze` wrote
    #[arg(value_name = "RUN|FILE")]
    pub what: String,

    /// Of a file only this run; may be given several times
    #[arg(long, value_name = "ID")]
    pub run: Vec<String>,

    /// Of a file only say whether anything in it was changed, and run nothing
    #[arg(long, conflicts_with_all = ["run", "cache_dir", "jobs", "threads"])]
    pub verify: bool,

    /// Where to execute it, kept afterwards [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// How many stages may run at once [default: cores]
    #[arg(short, long, value_name = "N", value_parser = whole::<u32>(1, Some(MOST_THREADS)))]
    pub jobs: Option<u32>,

    /// Threads that all stages share for arithmetic [default: cores]. Results do not depend on it
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1, Some(MOST_THREADS)))]
    pub threads: Option<u32>,

    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

//! Options of the commands that read and change the run log.

use clap::{Args, ValueEnum};

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
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// These columns, in this order
    #[arg(long, value_name = "NAME,...")]
    pub columns: Option<String>,

    /// One line for all runs with the same values of these: how many, mean ± standard deviation of
    /// metrics (those of --columns, or the most telling), the best
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

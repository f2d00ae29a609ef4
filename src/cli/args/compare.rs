//! `pipeline compare` and its help.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `pipeline compare`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline compare dense_vs_conv
  pipeline compare dense_vs_conv --by latent_dim --baseline architecture=dense --metric mse
  pipeline compare dense_vs_conv:architecture=conv dense64
  pipeline compare 3f9a 81c2
  pipeline compare dense_vs_conv --format latex -o table.tex

An experiment stands for the runs of its newest launch, and for those of earlier ones of the same
stages that differ from them in swept params or seeds alone. Runs that differ in their seed alone
are repeats.
docs/comparing.md says how intervals and tests are computed.")]
pub struct CompareArgs {
    /// Runs (ids, beginnings of ids, or `latest`), experiments, or variants: EXPERIMENT:PARAM=VALUE,...
    #[arg(required = true, value_name = "WHAT")]
    pub targets: Vec<String>,

    /// What the others are held against: a run, or PARAM=VALUE,... A part of a variant stands for all
    /// that have it, each for those that differ from it in nothing else
    #[arg(long, value_name = "VARIANT")]
    pub baseline: Option<String>,

    /// One row for each value of this param, one column for each combination of the others
    #[arg(long, value_name = "PARAM")]
    pub by: Option<String>,

    /// Compare by this metric; may be given several times [default: the most telling ones]
    #[arg(long, value_name = "METRIC")]
    pub metric: Vec<String>,

    /// How to write it
    #[arg(short, long, value_enum, default_value_t = CompareFormat::Terminal)]
    pub format: CompareFormat,

    /// Where to write it [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a comparison is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    Terminal,
    Markdown,
    Csv,
    Json,
    Latex,
    Html,
}

/// `pipeline diff`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  pipeline diff 3f9a 81c2
  pipeline diff 3f9a latest --json | jq '.diverged'")]
pub struct DiffArgs {
    /// A run's id, the beginning of one, or `latest`
    pub old: String,

    /// The run it is compared with
    pub new: String,

    /// Where results are kept, which know what each stage was made of [default: $PIPELINE_CACHE_DIR,
    /// else cache/ in the project]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,

    /// As JSON
    #[arg(long)]
    pub json: bool,
}

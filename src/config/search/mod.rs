//! `[search]`: what a search over the sweep's space makes small or large, and with which means. Knows no sampler.

mod points;
mod read;
mod space;

use crate::diagnostic::Span;
use crate::space::Dimension;

pub use read::read;

/// A search over a space.
#[derive(Debug, Clone)]
pub struct Search {
    /// At least one; several give a Pareto front.
    pub objectives: Vec<Objective>,
    pub sampler: Sampler,
    pub pruner: Pruner,
    /// How many points are tried, pruned ones counted.
    pub trials: usize,
    /// How many points are proposed together.
    pub batch: usize,
    pub seed: u64,
    /// Random trials before the sampler learns from earlier ones.
    pub startup: usize,
    /// What the pruner varies; there if and only if there is a pruner.
    pub resource: Option<Resource>,
    pub space: Vec<Dimension>,
    /// Where `[search]` is written.
    pub span: Span,
}

/// A metric to make small or large.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// `stage.metric`; whether the pipeline gives it is not known here.
    pub metric: String,
    pub direction: Direction,
    pub span: Span,
}

/// Which values of a metric are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Minimize,
    Maximize,
}

/// How points are proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampler {
    Random,
    Tpe,
}

/// How trials without prospects are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pruner {
    None,
    Halving,
    Asha,
    Hyperband,
}

/// The param that says how much a trial costs, such as `epochs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub param: String,
    pub min: u64,
    pub max: u64,
    /// Of the trials at one level, one in so many goes on to the next.
    pub reduction: u64,
    /// Where `max` is written, or what asks for a pruner.
    pub span: Span,
}

impl Sampler {
    const NAMES: [(&str, Self); 2] = [("random", Self::Random), ("tpe", Self::Tpe)];

    /// The name in files.
    pub fn name(self) -> &'static str {
        name_of(self, &Self::NAMES)
    }
}

impl Pruner {
    const NAMES: [(&str, Self); 4] =
        [("none", Self::None), ("halving", Self::Halving), ("asha", Self::Asha), ("hyperband", Self::Hyperband)];

    /// The name in files.
    pub fn name(self) -> &'static str {
        name_of(self, &Self::NAMES)
    }
}

impl Direction {
    /// The key in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimize => "minimize",
            Self::Maximize => "maximize",
        }
    }
}

fn name_of<T: Copy + PartialEq>(value: T, names: &[(&'static str, T)]) -> &'static str {
    names.iter().find(|(_, of)| *of == value).map_or("", |(name, _)| name)
}

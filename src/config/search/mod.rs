//! `[search]`: what a search over the sweep's space makes small or large, and with which means.

mod points;
mod read;
mod space;

use crate::diagnostic::Span;
use crate::merit::Better;
use crate::search::{Sampler, Settings, Strategy};
use crate::space::Dimension;

pub use read::read;

/// A search over a space.
#[derive(Debug, Clone)]
pub struct Search {
    /// At least one; several give a Pareto front.
    pub objectives: Vec<Objective>,
    pub settings: Settings,
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
    pub better: Better,
    pub span: Span,
}

/// The param that says how much a trial costs, such as `epochs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub param: String,
    /// Where the most of it is written, or what asks for a pruner.
    pub span: Span,
}

/// Names in files: the keys of objectives, and the values of `sampler` and of `pruner`.
pub const DIRECTIONS: [(&str, Better); 2] = [("minimize", Better::Lower), ("maximize", Better::Higher)];
pub const SAMPLERS: [(&str, Sampler); 2] = [("random", Sampler::Random), ("tpe", Sampler::Tpe)];
pub const PRUNERS: [(&str, Option<Strategy>); 4] = [
    ("none", None),
    ("halving", Some(Strategy::Halving)),
    ("asha", Some(Strategy::Asha)),
    ("hyperband", Some(Strategy::Hyperband)),
];

/// What a value is called in files.
pub fn name_of<T: Copy + PartialEq>(value: T, names: &[(&'static str, T)]) -> &'static str {
    names.iter().find(|(_, of)| *of == value).map_or("", |(name, _)| name)
}

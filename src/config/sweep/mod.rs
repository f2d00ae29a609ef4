//! What an experiment varies: swept params with their values, and the combinations of them that are run.
//!
//! `layers` lays what several files and the command line say over each other, `read` fits it to the pipeline's params,
//! `draw` draws from distributions, and `points` puts together the points, by the rules of `expand`.

mod distribution;
mod draw;
mod expand;
mod layers;
mod points;
mod read;
mod refuse;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::value::Located;
use crate::diagnostic::Span;
use expand::Factor;

pub use layers::Layers;
pub use points::{enumerate, never_varied};
pub use read::{Named, Row, Rows, Spec, Spread, read};

/// Words of `[sweep]` that are no params.
pub const WORDS: [&str; 6] = ["zip", "points", "exclude", "include", "draws", "draw_seed"];

/// Most points that a sweep may have: more would rather be a mistake than a plan.
pub const MAX_POINTS: usize = 100_000;

/// A swept param and its values, each once.
#[derive(Debug, Clone)]
pub struct Axis {
    pub param: String,
    pub values: Vec<Located>,
    /// Varied only where others have certain values (`when`); elsewhere it does nothing.
    pub conditional: bool,
    pub span: Span,
}

/// For each swept param the index of its value; `None` where it is not varied and has the experiment's value.
pub type Point = Vec<Option<usize>>;

/// Swept params, and the points at which the pipeline is run.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub axes: Vec<Axis>,
    /// Each once, in the order in which they are run.
    pub points: Vec<Point>,
}

impl Default for Sweep {
    /// Nothing varies: there is one point, the experiment's own values.
    fn default() -> Self {
        Self { axes: Vec::new(), points: vec![Point::new()] }
    }
}

impl Sweep {
    /// The params that are varied at a point, with their values where they were written.
    pub fn located(&self, point: &Point) -> BTreeMap<String, Located> {
        self.at(point).map(|(axis, value)| (axis.param.clone(), value.clone())).collect()
    }

    /// The params that are varied at a point, with their values.
    pub fn values(&self, point: &Point) -> Map<String, Value> {
        self.at(point).map(|(axis, value)| (axis.param.clone(), value.to_json())).collect()
    }

    /// What a point varies, and beside it those of `params`, all at this point, that only other points vary. A param that
    /// varies under a condition is left out where it does not.
    pub fn in_full(&self, point: &Point, params: &Map<String, Value>) -> Map<String, Value> {
        let unnamed = self.axes.iter().zip(point).filter(|(axis, value)| !axis.conditional && value.is_none());
        let own = unnamed.filter_map(|(axis, _)| params.get_key_value(&axis.param));
        let own = own.map(|(param, value)| (param.clone(), value.clone()));
        self.values(point).into_iter().chain(own).collect()
    }

    /// Whether the points are all combinations of all values, the last axis fastest.
    pub fn is_grid(&self) -> bool {
        let factor = |(axis, of): (usize, &Axis)| Factor {
            axes: vec![axis],
            rows: (0..of.values.len()).map(|value| vec![Some(value)]).collect(),
        };
        let factors: Vec<Factor> = self.axes.iter().enumerate().map(factor).collect();
        expand::count(&factors) == self.points.len() && expand::product(self.axes.len(), &factors) == self.points
    }

    fn at<'a>(&'a self, point: &'a Point) -> impl Iterator<Item = (&'a Axis, &'a Located)> {
        self.axes.iter().zip(point).filter_map(|(axis, index)| Some((axis, &axis.values[(*index)?])))
    }
}

/// Axes while their values are gathered.
#[derive(Debug, Default)]
pub struct Axes {
    axes: Vec<Axis>,
    by_param: HashMap<String, usize>,
    /// The indices of each axis's values, as TOML.
    known: Vec<HashMap<String, usize>>,
}

impl Axes {
    /// Over all params that vary by themselves, with the values that are listed.
    pub fn of(spec: &Spec) -> Self {
        let mut axes = Self::default();
        for dim in &spec.dims {
            let axis = axes.axis(&dim.param, dim.span);
            axes.set_conditional(axis, !dim.when.is_empty());
            let values = match &dim.spread {
                Spread::Grid(values) => values,
                Spread::Drawn(drawn) => &drawn.choices,
            };
            for value in values {
                axes.value(axis, value);
            }
        }
        axes
    }

    /// The axes alone.
    pub fn into_inner(self) -> Vec<Axis> {
        self.axes
    }

    /// The axis over a param, which is added if need be.
    pub fn axis(&mut self, param: &str, span: Span) -> usize {
        if let Some(axis) = self.by_param.get(param) {
            return *axis;
        }
        self.by_param.insert(param.to_owned(), self.axes.len());
        self.axes.push(Axis { param: param.to_owned(), values: Vec::new(), conditional: false, span });
        self.known.push(HashMap::new());
        self.axes.len() - 1
    }

    /// Whether an axis is varied only where others have certain values.
    pub fn set_conditional(&mut self, axis: usize, conditional: bool) {
        self.axes[axis].conditional = conditional;
    }

    /// The index of a value, which is added if need be.
    pub fn value(&mut self, axis: usize, value: &Located) -> usize {
        let values = &mut self.axes[axis].values;
        *self.known[axis].entry(value.to_toml()).or_insert_with(|| {
            values.push(value.clone());
            values.len() - 1
        })
    }

    fn find(&self, param: &str) -> Option<usize> {
        self.by_param.get(param).copied()
    }

    /// The index of a value that the axis has.
    fn find_value(&self, axis: usize, value: &Located) -> Option<usize> {
        self.known[axis].get(&value.to_toml()).copied()
    }
}

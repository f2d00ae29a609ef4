//! An experiment at points that someone else chose.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use crate::config::reader::Reader;
use crate::config::sweep::{Axes, Point, Sweep};
use crate::config::value::Located;
use crate::config::{Experiment, params};
use crate::diagnostic::{Diagnostic, Problems, Span};

impl Experiment {
    /// The same experiment at exactly these points, each a map of params to values; other params have the experiment's
    /// values. Errors: values that do not fit their params, params that are not declared, points that repeat.
    pub fn at_points(&self, points: &[Map<String, Value>]) -> Result<Self, Problems> {
        let mut reader = Reader { sources: self.sources.clone(), ..Reader::default() };
        let mut axes = Axes::default();
        let named: BTreeSet<&String> = points.iter().flat_map(Map::keys).collect();
        for axis in self.sweep.axes.iter().filter(|axis| named.contains(&axis.param)) {
            let own = axes.axis(&axis.param, axis.span);
            axes.set_conditional(own, axis.conditional);
        }
        let mut partial = Vec::new();
        for point in points {
            let mut row = Vec::new();
            for (param, value) in point {
                let Some(def) = self.pipeline.params.get(param) else {
                    reader.report(Diagnostic::new("unknown-param", format!("there is no param `{param}`")));
                    continue;
                };
                let span = self.place(param).unwrap_or(def.span);
                match params::fit(param, def, &Located::from_json(value, span)) {
                    Ok(value) => {
                        let axis = axes.axis(param, span);
                        row.push((axis, axes.value(axis, &value)));
                    }
                    Err(problem) => reader.report(problem),
                }
            }
            partial.push(row);
        }
        let axes = axes.into_inner();
        let at = |row: Vec<(usize, usize)>| {
            let mut point: Point = vec![None; axes.len()];
            row.into_iter().for_each(|(axis, value)| point[axis] = Some(value));
            point
        };
        let points: Vec<Point> = partial.into_iter().map(at).collect();
        let distinct: HashSet<&Point> = points.iter().collect();
        if reader.diagnostics.is_empty() && distinct.len() < points.len() {
            reader.report(Diagnostic::new("repeated-point", "a point is proposed twice"));
        }
        if !reader.diagnostics.is_empty() {
            return Err(Problems::new(reader.diagnostics, reader.sources));
        }
        Ok(Self { sweep: Sweep { axes, points }, ..self.clone() })
    }

    /// Where the files say that a param varies.
    fn place(&self, param: &str) -> Option<Span> {
        let resource = self.search.as_ref().and_then(|search| search.resource.as_ref());
        let resource = resource.filter(|resource| resource.param == param).map(|resource| resource.span);
        resource.or_else(|| self.sweep.axes.iter().find(|axis| axis.param == param).map(|axis| axis.span))
    }
}

//! What is said of points that make no sense.

use std::collections::HashMap;

use super::distribution::Drawn;
use super::expand::{self, Condition, Factor, Partial};
use super::points::Making;
use super::read::{Dim, Named, Need, Row, Spread};
use super::{MAX_POINTS, Point};
use crate::config::reader::listed;
use crate::config::value::Located;
use crate::diagnostic::{Diagnostic, Span};
use crate::space::Domain;

impl Making<'_> {
    /// Distributions that nothing says how often to draw from.
    pub(super) fn refuse_infinite(&mut self) {
        if self.spec.draws.is_some() {
            return;
        }
        for dim in &self.spec.dims {
            if let Spread::Drawn(drawn) = &dim.spread {
                let message = format!("`{}` is drawn from a distribution, but nothing says how often", dim.param);
                let problem = Diagnostic::new("infinite-space", message).at(drawn.span, "without end");
                self.reader.report(problem.help("add `draws = 20` to [sweep], or a [search] that chooses the points"));
            }
        }
    }

    /// True when there are more points than would fit into memory.
    pub(super) fn refuse_too_many(&mut self, factors: &[Factor]) -> bool {
        let count = expand::count(factors);
        if count <= MAX_POINTS {
            return false;
        }
        let name = |factor: &Factor| {
            let params: Vec<String> =
                factor.axes.iter().map(|axis| format!("`{}`", self.axes.axes[*axis].param)).collect();
            format!("{} of {}", factor.rows.len(), params.join(" and "))
        };
        let factors_in_words: Vec<String> = factors.iter().map(name).collect();
        let message = format!("{count} points ({}) are over {MAX_POINTS}", factors_in_words.join(" x "));
        let problem = Diagnostic::new("too-many-points", message).help("sweep over fewer values, or draw some points");
        let longest = factors.iter().max_by_key(|factor| factor.rows.len()).and_then(|factor| factor.axes.first());
        self.reader.report(match longest {
            Some(axis) => problem.at(self.axes.axes[*axis].span, "the longest"),
            None => problem,
        });
        true
    }

    pub(super) fn report_not_swept(&mut self, named: &Named) {
        let swept: Vec<&str> = self.axes.axes.iter().map(|axis| axis.param.as_str()).collect();
        let problem = Diagnostic::new("not-swept", format!("`{}` is excluded, but not swept", named.param));
        let help = format!("exclude values of what is swept: {}", listed(swept.into_iter()));
        self.reader.report(problem.at(named.span, "has one value").help(help));
    }

    /// A condition that no value of the other param meets.
    pub(super) fn report_never(&mut self, dim: &Dim, need: &Need) {
        let message = format!("`{}` is never varied: its condition never holds", dim.param);
        let problem = Diagnostic::new("never-holds", message);
        let swept = self.axes.find(&need.param).map(|axis| &self.axes.axes[axis]);
        self.reader.report(match swept {
            Some(axis) => {
                let values = in_words(&axis.values);
                let drawn = self.spec.dims.iter().find(|dim| dim.param == need.param).map(|dim| &dim.spread);
                let takes = match drawn {
                    Some(Spread::Drawn(Drawn { domain: Domain::Integer { low, high, .. }, .. })) => {
                        format!("{low} to {high}")
                    }
                    _ if axis.values.is_empty() => "other values".to_owned(),
                    _ => values,
                };
                let label = format!("`{}` has none of these", need.param);
                problem.at(need.span, label).help(format!("`{}` takes {takes}", need.param))
            }
            None => {
                let own = self.base.get(&need.param).map(ToString::to_string).unwrap_or_default();
                let label = format!("`{}` is {own}, and not swept", need.param);
                let help = format!("sweep over `{}`, set it, or vary `{}` without condition", need.param, dim.param);
                problem.at(need.span, label).help(help)
            }
        });
    }

    /// Conditions whose needs can be met one by one, but not at one point.
    pub(super) fn report_idle_conditions(&mut self, conditions: &[Condition], held: &[bool]) {
        for (condition, _) in conditions.iter().zip(held).filter(|(_, held)| !**held) {
            let param = &self.axes.axes[condition.axis].param;
            let Some(dim) = self.spec.dims.iter().find(|dim| dim.param == *param) else { continue };
            let Some(need) = dim.when.first().filter(|_| !self.is_excused(dim)) else { continue };
            let needs: Vec<String> =
                dim.when.iter().map(|need| format!("`{}` = {}", need.param, in_words(&need.values))).collect();
            let message = format!("`{param}` is never varied: no point has {}", needs.join(" and "));
            let problem = Diagnostic::new("never-holds", message).at(need.span, "never holds");
            self.reader.report(problem.help("change the condition, or the points it is to hold at"));
        }
    }

    /// Whether a condition speaks of what a newer layer overrides, itself or by way of those that it needs.
    fn is_excused(&self, dim: &Dim) -> bool {
        let of = |param: &str| self.spec.dims.iter().find(|dim| dim.param == param);
        let excused = |need: &Need| {
            self.spec.overridden.contains(&need.param) || of(&need.param).is_some_and(|dim| self.is_excused(dim))
        };
        dim.when.iter().any(excused)
    }

    /// Entries of `exclude` that match no point.
    pub(super) fn report_idle_excludes(&mut self, entries: &[(&Row, Partial)], matched: &[bool]) {
        for ((row, partial), _) in entries.iter().zip(matched).filter(|(_, matched)| !**matched) {
            if row.values.iter().any(|named| self.spec.overridden.contains(&named.param)) {
                continue;
            }
            let problem = Diagnostic::new("matches-nothing", "this excludes no point");
            let foreign = row.values.iter().zip(partial).find(|(_, (_, value))| value.is_none());
            self.reader.report(match foreign {
                Some((named, (axis, _))) => {
                    let values = in_words(&self.axes.axes[*axis].values);
                    let label = format!("`{}` is never {}", named.param, named.value.to_toml());
                    problem.at(named.value.span, label).help(format!("`{}` takes {values}", named.param))
                }
                None => problem.at(row.span, "these values never meet").help("correct it, or remove it"),
            });
        }
    }

    pub(super) fn report_empty(&mut self, points: &[Point]) {
        if let Some(exclude) = self.spec.exclude.as_ref().filter(|_| points.is_empty()) {
            let problem = Diagnostic::new("empty-sweep", "no point is left: all are excluded");
            self.reader
                .report(problem.at(exclude.span, "excludes every point").help("exclude less, or sweep over more"));
        }
    }

    /// Points that are like an earlier one, when those that no axis varies have the experiment's values. The last points
    /// were written at `places`.
    pub(super) fn report_repeated(&mut self, points: &[Point], places: &[Span]) {
        let base: Vec<Option<usize>> = self
            .axes
            .axes
            .iter()
            .map(|axis| axis.values.iter().position(|value| self.base.get(&axis.param) == Some(&value.to_json())))
            .collect();
        let mut seen: HashMap<Point, Option<Span>> = HashMap::new();
        let unplaced = points.len() - places.len();
        for (index, point) in points.iter().enumerate() {
            let place = index.checked_sub(unplaced).map(|index| places[index]);
            let whole: Point = point.iter().zip(&base).map(|(value, base)| value.or(*base)).collect();
            let earlier = seen.insert(whole, place);
            if let (Some(earlier), Some(place)) = (earlier, place) {
                let problem =
                    Diagnostic::new("repeated-point", "this point is in the sweep already").at(place, "again");
                let problem = earlier.into_iter().fold(problem, |problem, first| problem.context(first, "the first"));
                self.reader.report(problem.help("remove one of them; `repeats` runs more seeds"));
            }
        }
    }
}

/// The values for a sentence.
pub(super) fn in_words(values: &[Located]) -> String {
    let values: Vec<String> = values.iter().map(Located::to_toml).collect();
    listed(values.iter().map(String::as_str))
}

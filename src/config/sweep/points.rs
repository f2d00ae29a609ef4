//! From what varies to the points of a sweep.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use super::draw::Stream;
use super::expand::{self, Condition, Factor, Partial};
use super::read::{Dim, Named, Need, Row, Rows, Spec, Spread};
use super::{Axes, Axis, Point, Sweep};
use crate::config::reader::{Reader, listed};
use crate::config::value::Located;
use crate::config::{Pipeline, params};
use crate::diagnostic::{Diagnostic, Span};
use crate::space::Domain;

/// The points of what varies. `base` has the experiment's own values. What is wrong is reported; there is at least one
/// point all the same, so that stages can be checked.
pub fn enumerate(spec: &Spec, pipeline: &Pipeline, base: &Map<String, Value>, reader: &mut Reader) -> Sweep {
    let mut making = Making { spec, pipeline, base, reader, axes: Axes::of(spec) };
    let points = making.points();
    let (points, whole) = match points {
        Some(points) if !points.is_empty() => (points, true),
        _ => (vec![vec![None; making.axes.axes.len()]], false),
    };
    let sweep = Sweep { axes: making.axes.axes, points };
    if whole && spec.sound { compact(sweep) } else { sweep }
}

/// The params that no point varies when a search takes any of the others' values together: their conditions never hold.
/// That is reported, unless a newer layer is why.
pub fn never_varied(
    spec: &Spec,
    pipeline: &Pipeline,
    base: &Map<String, Value>,
    reader: &mut Reader,
) -> BTreeSet<String> {
    let before = reader.diagnostics.len();
    let mut making = Making { spec, pipeline, base, reader, axes: Axes::of(spec) };
    let conditions = making.conditions();
    let held = expand::satisfiable(&conditions);
    if making.reader.diagnostics.len() == before {
        making.report_idle_conditions(&conditions, &held);
    }
    let never = conditions.iter().zip(held).filter(|(_, held)| !held);
    never.map(|(condition, _)| making.axes.axes[condition.axis].param.clone()).collect()
}

/// Points in the making.
pub(super) struct Making<'s> {
    pub spec: &'s Spec,
    pub pipeline: &'s Pipeline,
    /// The experiment's own values.
    pub base: &'s Map<String, Value>,
    pub reader: &'s mut Reader,
    pub axes: Axes,
}

impl<'s> Making<'s> {
    /// `None`: something is wrong.
    fn points(&mut self) -> Option<Vec<Point>> {
        let before = self.reader.diagnostics.len();
        self.refuse_infinite();
        let mut factors = self.grid();
        let listed = self.spec.points.as_ref().map(|points| self.listed(points));
        let conditions = self.conditions();
        factors.extend(listed);
        factors.extend(self.drawn(&conditions));
        let original = self.axes.axes.len();
        let exclude = self.exclusions();
        let include = self.inclusions();
        if self.reader.diagnostics.len() > before || !self.spec.sound || self.refuse_too_many(&factors) {
            return None;
        }
        let width = self.axes.axes.len();
        let mut points = match factors.is_empty() && !include.is_empty() {
            // Nothing to extend: each entry is a point.
            true => Vec::new(),
            false => expand::product(width, &factors),
        };
        let held = expand::mask_all(&mut points, &conditions);
        self.report_idle_conditions(&conditions, &held);
        let matched = expand::exclude(&mut points, &partials(&exclude));
        self.report_idle_excludes(&exclude, &matched);
        let added = expand::include(&mut points, width, original, &partials(&include));
        self.report_empty(&points);
        let added: Vec<Span> = added.into_iter().map(|entry| include[entry].0.span).collect();
        self.report_repeated(&points, &added);
        (self.reader.diagnostics.len() == before).then_some(points)
    }

    /// One factor for each list, or for those that are zipped, where the first of them stands.
    fn grid(&self) -> Vec<Factor> {
        let mut factors = Vec::new();
        let mut done = BTreeSet::new();
        for dim in &self.spec.dims {
            let group = self.spec.zip.iter().find(|group| group.iter().any(|(name, _)| *name == dim.param));
            let members: Vec<&str> = match group {
                Some(group) => group.iter().map(|(name, _)| name.as_str()).collect(),
                None => vec![dim.param.as_str()],
            };
            if !matches!(dim.spread, Spread::Grid(_)) || !members.iter().all(|name| done.insert(*name)) {
                continue;
            }
            factors.extend(self.together(&members));
        }
        factors
    }

    /// The factor of lists that advance together.
    fn together(&self, members: &[&str]) -> Option<Factor> {
        let mut axes = Vec::new();
        let mut rows: Vec<Vec<Option<usize>>> = Vec::new();
        for name in members {
            let dim = self.spec.dims.iter().find(|dim| dim.param == *name)?;
            let Spread::Grid(values) = &dim.spread else { return None };
            let axis = self.axes.find(name)?;
            rows.resize(values.len(), Vec::new());
            rows.iter_mut().zip(values).for_each(|(row, value)| row.push(self.axes.find_value(axis, value)));
            axes.push(axis);
        }
        Some(Factor { axes, rows })
    }

    fn listed(&mut self, points: &Rows) -> Factor {
        let rows: Vec<Partial> = points.rows.iter().map(|row| self.partial(&row.values)).collect();
        let axes: BTreeSet<usize> = rows.iter().flatten().map(|(axis, _)| *axis).collect();
        let value = |row: &Partial, axis: &usize| row.iter().find(|(of, _)| of == axis).and_then(|(_, value)| *value);
        let rows = rows.iter().map(|row| axes.iter().map(|axis| value(row, axis)).collect()).collect();
        let factor = Factor { axes: axes.into_iter().collect(), rows };
        let spans: Vec<Span> = points.rows.iter().map(|row| row.span).collect();
        let width = self.axes.axes.len();
        self.report_repeated(&expand::product(width, std::slice::from_ref(&factor)), &spans);
        factor
    }
    /// Values by index; params and values may be new.
    fn partial<'v>(&mut self, values: impl IntoIterator<Item = &'v Named>) -> Partial {
        let index = |named: &Named| {
            let axis = self.axes.axis(&named.param, named.span);
            (axis, Some(self.axes.value(axis, &named.value)))
        };
        values.into_iter().map(index).collect()
    }

    /// Whether the experiment's own value of a param is one of these.
    fn is_base<'v>(&self, param: &str, values: impl IntoIterator<Item = &'v Located>) -> bool {
        values.into_iter().any(|value| self.base.get(param) == Some(&value.to_json()))
    }

    /// The entries of `exclude`, without those that speak of values which a newer layer overrides.
    fn exclusions(&mut self) -> Vec<(&'s Row, Partial)> {
        let spec = self.spec;
        let mut entries = Vec::new();
        for row in spec.exclude.iter().flat_map(|rows| &rows.rows) {
            let (mut partial, mut idle) = (Partial::new(), false);
            for named in &row.values {
                match self.axes.find(&named.param) {
                    Some(axis) => partial.push((axis, self.axes.find_value(axis, &named.value))),
                    None if spec.overridden.contains(&named.param) => {
                        idle |= !self.is_base(&named.param, [&named.value]);
                    }
                    None => self.report_not_swept(named),
                }
            }
            if !idle {
                entries.push((row, partial));
            }
        }
        entries
    }

    /// The entries of `include`, without those that speak of values which a newer layer overrides.
    fn inclusions(&mut self) -> Vec<(&'s Row, Partial)> {
        let spec = self.spec;
        let mut entries = Vec::new();
        for row in spec.include.iter().flat_map(|rows| &rows.rows) {
            let (mut values, mut idle) = (Vec::new(), false);
            for named in &row.values {
                match self.axes.find(&named.param) {
                    _ if !spec.overridden.contains(&named.param) => values.push(named),
                    Some(axis) => {
                        idle |= self.axes.find_value(axis, &named.value).is_none();
                        values.push(named);
                    }
                    None => idle |= !self.is_base(&named.param, [&named.value]),
                }
            }
            if !idle {
                let partial = self.partial(values);
                entries.push((row, partial));
            }
        }
        entries
    }

    /// What conditions need, by index; each stands behind those of the params that it needs.
    fn conditions(&mut self) -> Vec<Condition> {
        let spec = self.spec;
        let mut waiting: Vec<Condition> = Vec::new();
        for dim in spec.dims.iter().filter(|dim| !dim.when.is_empty()) {
            if let Some(axis) = self.axes.find(&dim.param) {
                let needs = self.needs(dim, axis);
                waiting.push(Condition { axis, needs });
            }
        }
        let mut sorted: Vec<Condition> = Vec::new();
        while !waiting.is_empty() {
            let needs = |condition: &Condition, axis: usize| condition.needs.iter().any(|need| need.axis == axis);
            let waits = |condition: &Condition| {
                waiting.iter().any(|other| other.axis != condition.axis && needs(condition, other.axis))
            };
            let (blocked, ready): (Vec<Condition>, Vec<Condition>) = waiting.iter().cloned().partition(waits);
            if ready.is_empty() {
                let names: Vec<&str> = blocked.iter().map(|of| self.axes.axes[of.axis].param.as_str()).collect();
                let message = format!("conditions wait for each other: {}", listed(names.into_iter()));
                let problem = Diagnostic::new("cyclic-condition", message).at(self.axes.axes[blocked[0].axis].span, "");
                self.reader.report(problem.help("let one of them vary without a condition"));
                return sorted;
            }
            sorted.extend(ready);
            waiting = blocked;
        }
        sorted
    }

    fn needs(&mut self, dim: &Dim, own: usize) -> Vec<expand::Need> {
        let mut needs = Vec::new();
        for need in &dim.when {
            if need.param == dim.param {
                let problem = Diagnostic::new("cyclic-condition", format!("`{}` is its own condition", dim.param));
                self.reader.report(problem.at(need.span, "").help("name another param"));
                continue;
            }
            let unnamed = self.is_base(&need.param, &need.values);
            let excused = self.spec.overridden.contains(&need.param);
            let found = self.axes.find(&need.param).map(|axis| (axis, self.indices(axis, need)));
            match found {
                None if unnamed => {}
                Some((axis, values)) if unnamed || excused || !values.is_empty() => {
                    needs.push(expand::Need { axis, values, unnamed });
                }
                // Never met.
                _ if excused => needs.push(expand::Need { axis: own, values: Vec::new(), unnamed: false }),
                _ => self.report_never(dim, need),
            }
        }
        needs
    }

    /// The values of an axis that meet a need.
    fn indices(&mut self, axis: usize, need: &Need) -> Vec<usize> {
        let dim = self.spec.dims.iter().find(|dim| dim.param == need.param);
        let drawn = dim.and_then(|dim| if let Spread::Drawn(drawn) = &dim.spread { Some(drawn) } else { None });
        let possible = |value: &Located| match drawn.map(|drawn| &drawn.domain) {
            Some(Domain::Integer { low, high, .. }) => {
                value.as_integer().is_some_and(|value| (*low..=*high).contains(&value))
            }
            _ => false,
        };
        let find = |value: &Located| match possible(value) {
            true => Some(self.axes.value(axis, value)),
            false => self.axes.find_value(axis, value),
        };
        need.values.iter().filter_map(find).collect()
    }

    /// The joint draws, each once.
    fn drawn(&mut self, conditions: &[Condition]) -> Option<Factor> {
        let (draws, span) = self.spec.draws?;
        let mut streams = Vec::new();
        for dim in &self.spec.dims {
            if let Spread::Drawn(drawn) = &dim.spread {
                let axis = self.axes.find(&dim.param)?;
                streams.push((axis, Stream::new(self.spec.draw_seed, &dim.param, drawn), dim));
            }
        }
        if streams.is_empty() {
            let problem = Diagnostic::new("nothing-to-draw", "no param of [sweep] has a distribution").at(span, "");
            let problem = problem.help("remove `draws`, or write `param = { uniform = [0.0, 1.0] }`");
            // A newer layer may have taken the last distribution away.
            let meant = self.spec.sound && self.spec.overridden.is_empty();
            self.reader.diagnostics.extend(meant.then_some(problem));
            return None;
        }
        let axes: Vec<usize> = streams.iter().map(|(axis, ..)| *axis).collect();
        let among = |condition: &&Condition| condition.needs.iter().all(|need| axes.contains(&need.axis));
        let conditions: Vec<Condition> = conditions.iter().filter(among).cloned().collect();
        let (mut rows, mut seen) = (Vec::new(), HashSet::new());
        // Enough to meet every one of a few values.
        for _ in 0..draws.saturating_mul(100).max(10_000) {
            let mut point = vec![None; self.axes.axes.len()];
            for (axis, stream, dim) in &mut streams {
                let value = self.fitted(dim, stream.next())?;
                point[*axis] = Some(self.axes.value(*axis, &value));
            }
            expand::mask(&mut point, &conditions);
            let row: Vec<Option<usize>> = axes.iter().map(|axis| point[*axis]).collect();
            if seen.insert(row.clone()) {
                rows.push(row);
            }
            if rows.len() == draws {
                return Some(Factor { axes, rows });
            }
        }
        if self.spec.sound {
            let found = rows.len();
            let message = format!("`draws` asks for {draws} points, but there are only {found} different ones");
            let problem = Diagnostic::new("too-many-draws", message).at(span, "too many");
            self.reader.report(problem.help(format!("draw {found}, or list the values to try them all")));
        }
        None
    }

    /// A drawn value as its param takes it.
    fn fitted(&mut self, dim: &Dim, value: Located) -> Option<Located> {
        let def = self.pipeline.params.get(&dim.param)?;
        let help = |problem: Diagnostic| match &problem.help {
            Some(help) => format!("{help}; change the distribution, or what the param may be"),
            None => "change the distribution, or what the param may be".into(),
        };
        let report = |problem: Diagnostic| {
            let message = format!("drawn from its distribution, {}", problem.message);
            let help = help(problem.clone());
            self.reader.report_of_param(&dim.param, Diagnostic { message, ..problem }.help(help));
        };
        params::fit(&dim.param, def, &value).map_err(report).ok()
    }
}

/// Without the entries' places.
fn partials(entries: &[(&Row, Partial)]) -> Vec<Partial> {
    entries.iter().map(|(_, partial)| partial.clone()).collect()
}

/// Without axes and values that no point has.
fn compact(sweep: Sweep) -> Sweep {
    let mut used: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); sweep.axes.len()];
    for point in &sweep.points {
        used.iter_mut().zip(point).for_each(|(used, value)| used.extend(value));
    }
    let kept: Vec<usize> = (0..used.len()).filter(|axis| !used[*axis].is_empty()).collect();
    let moved: Vec<HashMap<usize, usize>> =
        used.iter().map(|used| used.iter().enumerate().map(|(new, old)| (*old, new)).collect()).collect();
    let move_point =
        |point: &Point| kept.iter().map(|axis| point[*axis].map(|value| moved[*axis][&value])).collect::<Point>();
    let points = sweep.points.iter().map(move_point).collect();
    let keep_axis = |axis: &usize| {
        let of = &sweep.axes[*axis];
        let values = used[*axis].iter().map(|value| of.values[*value].clone()).collect();
        Axis { param: of.param.clone(), values, ..*of }
    };
    Sweep { axes: kept.iter().map(keep_axis).collect(), points }
}

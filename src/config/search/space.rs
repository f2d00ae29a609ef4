//! The space of a search: what `[sweep]` says varies, as dimensions.

use serde_json::{Map, Value};

use super::Search;
use crate::config::Pipeline;
use crate::config::reader::Reader;
use crate::config::sweep::{Axes, Spec, Spread, Sweep, never_varied};
use crate::config::value::Located;
use crate::diagnostic::{Diagnostic, Span};
use crate::space::{Dimension, Domain};

/// The dimensions of what varies. What is wrong with them is reported.
pub fn read(
    spec: &Spec,
    pipeline: &Pipeline,
    base: &Map<String, Value>,
    span: Span,
    reader: &mut Reader,
) -> Vec<Dimension> {
    let before = reader.diagnostics.len();
    let never = never_varied(spec, pipeline, base, reader);
    let json = |values: &[Located]| values.iter().map(Located::to_json).collect::<Vec<Value>>();
    let mut space = Vec::new();
    for dim in spec.dims.iter().filter(|dim| !never.contains(&dim.param)) {
        let domain = match &dim.spread {
            Spread::Grid(values) => Domain::Values(json(values)),
            Spread::Drawn(drawn) => drawn.domain.clone(),
        };
        let range = pipeline.params.get(&dim.param).filter(|def| def.range.is_some());
        if let (Domain::Normal { .. }, Some(def), Spread::Drawn(drawn)) = (&domain, range, &dim.spread) {
            let message = format!("`{}` has a range, and nothing bounds a normal distribution", dim.param);
            let problem = Diagnostic::new("bad-distribution", message).at(drawn.span, "unbounded");
            reader.report(problem.context(def.span, "declared here").help("search in `{ uniform = [low, high] }`"));
        }
        // Params that do not vary have a value that is asked for.
        let varies = |param: &str| spec.dims.iter().any(|dim| dim.param == *param);
        let needs = dim.when.iter().filter(|need| varies(&need.param));
        let when = needs.map(|need| (need.param.clone(), json(&need.values))).collect();
        space.push(Dimension { param: dim.param.clone(), domain, when });
    }
    if space.is_empty() && spec.sound && reader.diagnostics.len() == before {
        let problem = Diagnostic::new("empty-sweep", "there is nothing to search: nothing varies in [sweep]");
        let help = "give params to search under [sweep], as in `learning_rate = { log_uniform = [1e-4, 1e-2] }`";
        reader.report(problem.at(span, "").help(help));
    }
    space
}

impl Search {
    /// The sweep of the experiment itself: its own values alone, with the listed values that a search may try beside.
    pub fn sweep(spec: &Spec) -> Sweep {
        let axes = Axes::of(spec).into_inner();
        Sweep { points: vec![vec![None; axes.len()]], axes }
    }
}

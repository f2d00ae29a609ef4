//! The space of a search: what `[sweep]` says varies, as dimensions.

use serde_json::{Map, Value};

use super::Search;
use crate::config::Pipeline;
use crate::config::reader::Reader;
use crate::config::sweep::{Axes, Need, Spec, Spread, Sweep};
use crate::config::value::Located;
use crate::diagnostic::{Diagnostic, Span};
use crate::space::{Dimension, Domain};

/// The dimensions of what varies, and where they are written.
pub fn read(
    spec: &Spec,
    pipeline: &Pipeline,
    base: &Map<String, Value>,
    span: Span,
    reader: &mut Reader,
) -> (Vec<Dimension>, Vec<Span>) {
    let mut space = Vec::new();
    let mut spans = Vec::new();
    for dim in &spec.dims {
        let domain = match &dim.spread {
            Spread::Grid(values) => Domain::Values(values.iter().map(Located::to_json).collect()),
            Spread::Drawn(drawn) => drawn.domain.clone(),
        };
        let range = pipeline.params.get(&dim.param).filter(|def| def.range.is_some());
        if let (Domain::Normal { .. }, Some(def), Spread::Drawn(drawn)) = (&domain, range, &dim.spread) {
            let message = format!("`{}` has a range, and nothing bounds a normal distribution", dim.param);
            let problem = Diagnostic::new("bad-distribution", message).at(drawn.span, "unbounded");
            reader.report(problem.context(def.span, "declared here").help("search in `{ uniform = [low, high] }`"));
        }
        let needs: Option<Vec<(String, Vec<Value>)>> = dim
            .when
            .iter()
            .map(|need| met(need, spec, base))
            .collect::<Option<Vec<_>>>()
            .map(|needs| needs.into_iter().flatten().collect());
        let Some(when) = needs else {
            refuse_never(&dim.param, &dim.when, spec, reader);
            continue;
        };
        spans.push(dim.span);
        space.push(Dimension { param: dim.param.clone(), domain, when });
    }
    if spec.dims.is_empty() && spec.sound {
        let problem = Diagnostic::new("empty-sweep", "there is nothing to search: [sweep] is empty");
        let help = "give params to search under [sweep], as in `learning_rate = { log_uniform = [1e-4, 1e-2] }`";
        reader.report(problem.at(span, "").help(help));
    }
    (space, spans)
}

/// A need as a condition of a dimension: `Some(None)` where it is always met, `None` where it never is.
fn met(need: &Need, spec: &Spec, base: &Map<String, Value>) -> Option<Option<(String, Vec<Value>)>> {
    let values: Vec<Value> = need.values.iter().map(Located::to_json).collect();
    let Some(dim) = spec.dims.iter().find(|dim| dim.param == need.param) else {
        return base.get(&need.param).is_some_and(|own| values.contains(own)).then_some(None);
    };
    let possible = |value: &Value| match &dim.spread {
        Spread::Grid(of) => of.iter().any(|of| of.to_json() == *value),
        Spread::Drawn(drawn) => match &drawn.domain {
            Domain::Values(of) => of.contains(value),
            Domain::Integer { low, high, .. } => value.as_i64().is_some_and(|value| (*low..=*high).contains(&value)),
            Domain::Uniform { .. } | Domain::LogUniform { .. } | Domain::Normal { .. } => false,
        },
    };
    let values: Vec<Value> = values.into_iter().filter(possible).collect();
    (!values.is_empty()).then(|| Some((need.param.clone(), values)))
}

fn refuse_never(param: &str, needs: &[Need], spec: &Spec, reader: &mut Reader) {
    let overridden = |need: &&Need| spec.overridden.contains(&need.param);
    if needs.iter().any(|need| overridden(&need)) {
        return;
    }
    let Some(need) = needs.first() else { return };
    let message = format!("`{param}` is never varied: its condition never holds");
    let problem = Diagnostic::new("never-holds", message).at(need.span, "never holds");
    reader.report(problem.help(format!("name values that `{}` takes", need.param)));
}

impl Search {
    /// The sweep of the experiment itself: its own values alone, with the listed values that a search may try beside.
    pub fn sweep(spec: &Spec) -> Sweep {
        let mut axes = Axes::default();
        for dim in &spec.dims {
            let axis = axes.axis(&dim.param, dim.span);
            let values = match &dim.spread {
                Spread::Grid(values) => values,
                Spread::Drawn(drawn) => &drawn.choices,
            };
            axes.values(axis, values);
        }
        let axes = axes.into_inner();
        Sweep { points: vec![vec![None; axes.len()]], axes }
    }
}

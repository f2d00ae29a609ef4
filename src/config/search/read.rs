//! `[search]` as written, checked.

use serde_json::{Map, Value};

use super::{DIRECTIONS, Objective, PRUNERS, Resource, SAMPLERS, Search, space};
use crate::config::reader::{Reader, is_name, listed, nearest, wrong_type};
use crate::config::sweep::{MAX_POINTS, Spec};
use crate::config::value::{Entry, Kind, Located};
use crate::config::{Pipeline, params};
use crate::diagnostic::{Diagnostic, Span};
use crate::merit::Better;
use crate::search::{Pruner, Sampler, Settings, Strategy};

pub const KEYS: [&str; 12] = [
    "minimize",
    "maximize",
    "sampler",
    "pruner",
    "trials",
    "batch",
    "seed",
    "startup",
    "resource",
    "min_resource",
    "max_resource",
    "reduction",
];

/// The search that a `[search]` at `span` asks for, over what varies. What is wrong is reported; then there may be none.
pub fn read(
    (table, span): (Vec<Entry>, Span),
    spec: &Spec,
    pipeline: &Pipeline,
    base: &Map<String, Value>,
    reader: &mut Reader,
) -> Option<Search> {
    let before = reader.diagnostics.len();
    reader.refuse_unknown_keys(&table, &KEYS, "[search]");
    refuse_enumeration(spec, span, reader);
    let mut reading = Reading { table: &table, span, reader };
    let objectives = reading.objectives();
    let sampler = reading.named("sampler", &SAMPLERS).unwrap_or(Sampler::Tpe);
    let strategy = reading.named("pruner", &PRUNERS).flatten();
    reading.refuse_missing();
    if reading.get("pruner").is_none() {
        reading.refuse_without_pruner();
    }
    let trials = reading.count("trials", 1);
    let batch = reading.count("batch", 1).unwrap_or(1);
    let seed = reading.count("seed", 0).unwrap_or(0);
    let startup = reading.count("startup", 1).unwrap_or(10);
    let pruned = strategy.and_then(|strategy| {
        reading.refuse_pruned_front(&objectives);
        reading.pruner(strategy, spec, pipeline, base)
    });
    let space = space::read(spec, pipeline, base, span, reader);
    (reader.diagnostics.len() == before).then_some(())?;
    let (pruner, resource) = pruned.unzip();
    let settings = Settings {
        sampler,
        pruner,
        objectives: objectives.iter().map(|objective| objective.better).collect(),
        trials: trials? as usize,
        batch: batch as usize,
        seed,
        startup: startup as usize,
    };
    Some(Search { objectives, settings, resource, space, span })
}

/// A search proposes the points itself.
fn refuse_enumeration(spec: &Spec, span: Span, reader: &mut Reader) {
    for (word, place) in &spec.words {
        let problem = Diagnostic::new("not-with-search", format!("`{word}` does not go with a search"));
        let problem = problem.at(*place, "says which points there are").context(span, "proposes the points");
        reader.report(problem.help("keep one of the two"));
    }
}

struct Reading<'a> {
    table: &'a [Entry],
    span: Span,
    reader: &'a mut Reader,
}

impl Reading<'_> {
    fn get(&self, key: &str) -> Option<&Entry> {
        self.table.iter().find(|entry| entry.key == key)
    }

    fn objectives(&mut self) -> Vec<Objective> {
        let mut objectives: Vec<Objective> = Vec::new();
        for (key, better) in DIRECTIONS {
            let Some(entry) = self.get(key).cloned() else { continue };
            let values = match &entry.value.kind {
                Kind::List(items) => items.as_slice(),
                _ => std::slice::from_ref(&entry.value),
            };
            for value in values {
                objectives.extend(self.objective(key, better, value, &objectives));
            }
        }
        objectives
    }

    fn objective(&mut self, key: &str, better: Better, value: &Located, earlier: &[Objective]) -> Option<Objective> {
        const HELP: &str = "name a metric as `stage.metric`, such as \"evaluate.mse\"";
        let Some(metric) = value.as_text() else {
            self.reader.report(wrong_type(key, "a metric, or a list of metrics", value).help(HELP));
            return None;
        };
        if metric.matches('.').count() == 0 || !metric.split('.').all(is_name) {
            let problem = Diagnostic::new("bad-name", format!("`{metric}` names no metric")).at(value.span, "");
            self.reader.report(problem.help(HELP));
            return None;
        }
        if let Some(first) = earlier.iter().find(|earlier| earlier.metric == metric) {
            let problem = Diagnostic::new("repeated-value", format!("`{metric}` is an objective twice"));
            let problem = problem.at(value.span, "again").context(first.span, "the first");
            self.reader.report(problem.help("remove one of them"));
        }
        Some(Objective { metric: metric.to_owned(), better, span: value.span })
    }

    fn named<T: Copy>(&mut self, key: &str, names: &[(&'static str, T)]) -> Option<T> {
        let text = self.reader.take(self.table, key, "a name", Located::as_text)?;
        let found = names.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let value = &self.get(key)?.value;
            let known = names.iter().map(|(name, _)| *name);
            let help = nearest(text, known.clone(), "choose one of");
            let problem = Diagnostic::new("not-a-choice", format!("`{key}` cannot be {}", value.to_toml()));
            self.reader.report(problem.at(value.span, format!("not one of {}", listed(known))).help(help));
        }
        found.map(|(_, value)| *value)
    }

    /// An integer from `least` on; of trials there are no more than a sweep may have points.
    fn count(&mut self, key: &str, least: i64) -> Option<u64> {
        let count = self.reader.take(self.table, key, "an integer", Located::as_integer)?;
        let most = if ["trials", "batch"].contains(&key) { MAX_POINTS as i64 } else { i64::MAX };
        let span = self.get(key)?.value.span;
        self.reader.within(key, count, (least, most), span)
    }

    /// How much of the resource a trial gets, which the param must take.
    fn amount(&mut self, key: &str, param: &str, pipeline: &Pipeline) -> Option<u64> {
        let amount = self.count(key, 1)?;
        let (def, value) = (pipeline.params.get(param)?, &self.get(key)?.value);
        let fitted = params::fit(param, def, value).map_err(|problem| self.reader.report(problem));
        fitted.is_ok().then_some(amount)
    }

    /// What no search can do without.
    fn refuse_missing(&mut self) {
        const METRIC: &str = "`minimize = \"evaluate.mse\"`, or `maximize` and another metric";
        let is_aim = |entry: &Entry| entry.value.as_list() != Some(&[]);
        let aimless = !DIRECTIONS.iter().any(|(key, _)| self.get(key).is_some_and(is_aim));
        let (message, help) = match (aimless, self.get("trials").is_none()) {
            (true, true) => ("the search has neither an aim nor an end", format!("add {METRIC}, and `trials = 40`")),
            (true, false) => ("the search has no metric to make small or large", format!("add {METRIC}")),
            (false, true) => ("nothing says how long the search goes on", "add `trials = 40`".into()),
            (false, false) => return,
        };
        self.reader.report(Diagnostic::new("missing-key", message).at(self.span, "").help(help));
    }

    /// What only a pruner heeds.
    fn refuse_without_pruner(&mut self) {
        const OF_PRUNERS: [&str; 4] = ["resource", "min_resource", "max_resource", "reduction"];
        for entry in self.table.iter().filter(|entry| OF_PRUNERS.contains(&entry.key.as_str())) {
            let problem = Diagnostic::new("missing-key", format!("`{}` is for a pruner, and there is none", entry.key));
            let help = "add `pruner = \"hyperband\"`, or remove it";
            self.reader.report(problem.at(entry.key_span, "without effect").help(help));
        }
    }

    fn refuse_pruned_front(&mut self, objectives: &[Objective]) {
        if let [_, second, ..] = objectives {
            let problem = Diagnostic::new("pruned-front", "a pruner needs one objective to compare trials by");
            let problem = problem.at(second.span, "another one");
            self.reader.report(problem.help("keep one objective, or write `pruner = \"none\"`"));
        }
    }

    /// The pruner, and what it varies.
    fn pruner(
        &mut self,
        strategy: Strategy,
        spec: &Spec,
        pipeline: &Pipeline,
        base: &Map<String, Value>,
    ) -> Option<(Pruner, Resource)> {
        let named = self.reader.take(self.table, "resource", "a param's name", Located::as_text);
        let param = named.unwrap_or("epochs").to_owned();
        let place = self.get("resource").or(self.get("pruner")).map_or(self.span, |entry| entry.value.span);
        let Some(own) = base.get(&param).and_then(Value::as_u64) else {
            let integers = pipeline.params.iter().filter(|(_, def)| matches!(def.default.kind, Kind::Integer(_)));
            let integers: Vec<&str> = integers.map(|(name, _)| name.as_str()).collect();
            let problem = Diagnostic::new("bad-resource", format!("a pruner cannot vary `{param}`"));
            let help = nearest(&param, integers.into_iter(), "set `resource` to a param that is an integer:");
            self.reader.report(problem.at(place, "no param that is an integer above 0").help(help));
            return None;
        };
        if let Some(dim) = spec.dims.iter().find(|dim| dim.param == param) {
            let problem = Diagnostic::new("bad-resource", format!("`{param}` is searched, and varied by the pruner"));
            let problem = problem.at(dim.span, "searched here").context(place, "varied here");
            self.reader.report(problem.help("take it out of [sweep], or name another `resource`"));
        }
        if self.get("min_resource").is_none() {
            let problem = Diagnostic::new("missing-key", "nothing says how short the shortest trials are");
            self.reader.report(problem.at(place, "").help(format!("add `min_resource = 1`, in `{param}`")));
        }
        let min = self.amount("min_resource", &param, pipeline);
        let max = self.amount("max_resource", &param, pipeline).or(self.get("max_resource").is_none().then_some(own));
        let reduction = self.count("reduction", 2).or(self.get("reduction").is_none().then_some(3));
        let (min, max) = (min?, max?);
        let pruner = Pruner { strategy, min, max, reduction: reduction? };
        self.refuse_one_level(pruner);
        let span = self.get("max_resource").map_or(place, |entry| entry.value.span);
        Some((pruner, Resource { param, span }))
    }

    /// A pruner that never stops a trial, because all begin with the most.
    fn refuse_one_level(&mut self, Pruner { min, max, reduction, .. }: Pruner) {
        let Some(key) = self.get("min_resource").filter(|_| max / reduction < min) else { return };
        let (label, help) = match min >= max {
            true => (format!("not below {max}"), "make `min_resource` smaller than `max_resource`".to_owned()),
            false => {
                let fewer = match max / reduction {
                    0 => String::new(),
                    most => format!("`min_resource` at most {most}, "),
                };
                let help = format!(
                    "make {fewer}`max_resource` at least {}, or `reduction` smaller",
                    min.saturating_mul(reduction)
                );
                (format!("above {max} / {reduction}, so no trial is ever stopped early"), help)
            }
        };
        let problem = Diagnostic::new("bad-resource", format!("trials begin with {min} and end with {max}"));
        self.reader.report(problem.at(key.value.span, label).help(help));
    }
}

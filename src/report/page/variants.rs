//! Runs grouped into variants, with mean and deviation over their seeds. Knows no HTML.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::merit::{self, Better};
use crate::report::number;
use crate::report::page::shell::plain;
use crate::report::page::{ExperimentPage, RunSummary};
use crate::statistics::Summary;

/// One point of the sweep with its repeats.
#[derive(Clone)]
pub struct Variant<'a> {
    pub values: &'a Map<String, Value>,
    pub runs: Vec<&'a RunSummary>,
}

/// `± 0.00012`, the standard deviation; empty for a single value.
pub fn spread(summary: &Summary) -> String {
    summary.deviation.map_or(String::new(), |deviation| format!("± {}", number::rough(deviation)))
}

/// Variants in the order of their first runs; of a search's trial only the one that got the most.
pub fn variants(page: &ExperimentPage) -> Vec<Variant<'_>> {
    let mut variants: Vec<Variant<'_>> = Vec::new();
    let mut places = HashMap::new();
    for run in &page.runs {
        let place = *places.entry(&run.variant).or_insert(variants.len());
        match variants.get_mut(place) {
            Some(variant) => variant.runs.push(run),
            None => variants.push(Variant { values: &run.variant, runs: vec![run] }),
        }
    }
    let Some(resource) = resource(page) else { return variants };
    let mut trials: Vec<(Map<String, Value>, Variant<'_>)> = Vec::new();
    for variant in variants {
        let mut point = variant.values.clone();
        point.remove(resource);
        match trials.iter_mut().find(|(known, _)| *known == point) {
            Some((_, known)) if known.amount(resource) < variant.amount(resource) => *known = variant,
            Some(_) => {}
            None => trials.push((point, variant)),
        }
    }
    trials.into_iter().map(|(_, variant)| variant).collect()
}

/// Those variants that may be called best: all, or of a search those that got as much as any.
pub fn ranked<'a>(page: &ExperimentPage, variants: &[Variant<'a>]) -> Vec<Variant<'a>> {
    let Some(resource) = resource(page) else { return variants.to_vec() };
    let most = variants.iter().map(|variant| variant.amount(resource)).fold(f64::NEG_INFINITY, f64::max);
    variants.iter().filter(|variant| variant.amount(resource) >= most).cloned().collect()
}

fn resource(page: &ExperimentPage) -> Option<&str> {
    page.search.as_ref()?.resource.as_deref()
}

impl Variant<'_> {
    /// The metric over the variant's runs.
    pub fn metric(&self, name: &str) -> Option<Summary> {
        Summary::of(&self.observations(name))
    }

    /// The metric of every run that has it.
    pub fn observations(&self, name: &str) -> Vec<f64> {
        self.runs.iter().filter_map(|run| run.metrics.get(name).copied()).collect()
    }

    /// The value of a numeric param.
    pub fn amount(&self, param: &str) -> f64 {
        self.values.get(param).and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY)
    }

    /// How many of its runs have a model that is called collapsed.
    pub fn collapsed(&self) -> usize {
        let has = |(name, value): (&String, &f64)| merit::own(name) == "collapsed" && *value > 0.0;
        self.runs.iter().filter(|run| run.metrics.iter().any(has)).count()
    }
}

/// Metrics that any run has.
pub fn metric_names(page: &ExperimentPage) -> BTreeSet<&str> {
    page.runs.iter().flat_map(|run| run.metrics.keys().map(String::as_str)).collect()
}

/// The variant with the best mean of a metric.
pub fn best<'v, 'a>(variants: &'v [Variant<'a>], metric: &str) -> Option<(&'v Variant<'a>, Summary)> {
    let better = merit::better(metric)?;
    let scored = variants.iter().filter_map(|variant| Some((variant, variant.metric(metric)?)));
    let sign = if better == Better::Lower { 1.0 } else { -1.0 };
    scored.min_by(|(_, a), (_, b)| (sign * a.mean).total_cmp(&(sign * b.mean)))
}

/// Whether a reader sees one number for both.
pub fn shown_alike(a: f64, b: f64) -> bool {
    number::short(a) == number::short(b)
}

/// Values a swept param takes, in order of appearance.
pub fn values_of<'a>(variants: &[Variant<'a>], param: &str) -> Vec<&'a Value> {
    let mut seen = HashSet::new();
    let values = variants.iter().filter_map(|variant| variant.values.get(param));
    values.filter(|value| seen.insert(*value)).collect()
}

/// The params that have several values.
pub fn varied<'a>(variants: &[Variant<'_>], swept: &'a [String]) -> Vec<&'a str> {
    swept.iter().filter(|param| values_of(variants, param).len() > 1).map(String::as_str).collect()
}

/// A variant's values of some params, where there is little room: `dense · 8`.
pub fn brief(values: &Map<String, Value>, params: &[&str]) -> String {
    let value = |param: &&str| values.get(*param).map_or_else(|| "–".to_owned(), plain);
    params.iter().map(value).collect::<Vec<_>>().join(" · ")
}

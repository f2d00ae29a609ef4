//! Runs grouped into variants, with mean and deviation over their seeds. Knows no HTML.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::merit::{self, Better};
use crate::report::number;
use crate::report::page::shell::plain;
use crate::report::page::{ExperimentPage, RunSummary};
use crate::statistics::Summary;

/// One point of the sweep with its repeats.
pub struct Variant<'a> {
    pub values: &'a Map<String, Value>,
    pub runs: Vec<&'a RunSummary>,
}

/// `± 0.00012`, the standard deviation; empty for a single value.
pub fn spread(summary: &Summary) -> String {
    summary.deviation.map_or(String::new(), |deviation| format!("± {}", number::rough(deviation)))
}

/// Variants in the order of their first runs.
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
    variants
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

/// Variants that differ in one param only, compared by a metric.
pub struct Duel {
    /// What they have in common.
    pub at: Map<String, Value>,
    /// The values of the param with the best and the second-best mean, and these means.
    pub best: (String, f64),
    pub second: (String, f64),
    /// Whether every run of the best is better than every run of the others; `None` when a variant has one run only.
    pub clear: Option<bool>,
}

/// A [`Duel`] for every combination of the other params; none when neither way is better.
pub fn duels(variants: &[Variant<'_>], param: &str, metric: &str) -> Vec<Duel> {
    type Entry = (String, Vec<f64>, f64);
    let Some(better) = merit::better(metric) else { return Vec::new() };
    let sign = if better == Better::Lower { 1.0 } else { -1.0 };
    let mut groups: Vec<(Map<String, Value>, Vec<Entry>)> = Vec::new();
    for variant in variants {
        let (Some(value), Some(summary)) = (variant.values.get(param), variant.metric(metric)) else { continue };
        let mut at = variant.values.clone();
        at.remove(param);
        let entry = (plain(value), variant.observations(metric), summary.mean);
        match groups.iter_mut().find(|(known, _)| *known == at) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((at, vec![entry])),
        }
    }
    let duel = |(at, mut entries): (Map<String, Value>, Vec<Entry>)| {
        entries.sort_by(|a, b| (sign * a.2).total_cmp(&(sign * b.2)));
        let (first, others) = entries.split_first().filter(|(_, others)| !others.is_empty())?;
        let worst = first.1.iter().map(|value| sign * value).fold(f64::NEG_INFINITY, f64::max);
        let apart = others.iter().flat_map(|entry| &entry.1).all(|value| worst < sign * value);
        let clear = entries.iter().all(|entry| entry.1.len() > 1).then_some(apart);
        let named = |entry: &Entry| (entry.0.clone(), entry.2);
        Some(Duel { at, best: named(first), second: named(&others[0]), clear })
    };
    groups.into_iter().filter_map(duel).collect()
}

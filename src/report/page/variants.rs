//! What all parts of an experiment's page go by, put together once: its variants, those that may be called best, and the
//! metrics that tell most. Knows no HTML.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::compare::{self, Variant};
use crate::merit;
use crate::report::number;
use crate::report::page::shell::plain;
use crate::report::page::{ExperimentPage, RunSummary};
use crate::statistics::Summary;

/// Metrics with a column and charts of their own.
pub const KEY_METRICS: usize = 5;

/// An experiment in variants.
pub struct Overview<'a> {
    pub page: &'a ExperimentPage,
    /// In the order of their first runs; of a search's trial only the one that got the most.
    pub variants: Vec<Variant<'a>>,
    /// Those that may be called best: all, or of a search those that got as much as any.
    pub ranked: Vec<Variant<'a>>,
    /// What the page is about: the metrics that are asked for, then those that tell most.
    pub key: Vec<&'a str>,
    /// The place among the ranked of what all are compared with; `None`: the best.
    pub baseline: Option<usize>,
    by_id: HashMap<&'a str, &'a RunSummary>,
}

impl<'a> Overview<'a> {
    /// Of this page.
    pub fn new(page: &'a ExperimentPage) -> Self {
        let all = compare::grouped(page.runs.iter().map(|summary| &summary.run), &page.swept);
        let (variants, ranked) = match page.search.as_ref().and_then(|search| search.resource.as_deref()) {
            None => (all.clone(), all),
            Some(resource) => {
                let trials = trials(all, resource);
                let most = trials.iter().map(|trial| amount(trial, resource)).fold(f64::NEG_INFINITY, f64::max);
                let longest = trials.iter().filter(|trial| amount(trial, resource) >= most);
                let ranked = compare::grouped(longest.flat_map(|trial| trial.runs.iter().copied()), &page.swept);
                (trials, ranked)
            }
        };
        let is_base = |variant: &Variant<'_>| page.baseline.as_ref() == Some(&*variant.values);
        Self {
            baseline: ranked.iter().position(is_base),
            variants,
            ranked,
            key: key_metrics(page),
            by_id: page.runs.iter().map(|summary| (summary.run.id.as_str(), summary)).collect(),
            page,
        }
    }

    /// All that the page knows of a variant's runs.
    pub fn summaries(&self, variant: &Variant<'a>) -> impl Iterator<Item = &'a RunSummary> {
        variant.runs.iter().map(|run| self.by_id[run.id.as_str()])
    }

    /// Seconds that a variant's runs took together.
    pub fn seconds(&self, variant: &Variant<'a>) -> f64 {
        self.summaries(variant).map(|summary| summary.seconds).sum()
    }
}

/// Of the variants that differ in their resource alone the one that got the most.
fn trials<'a>(variants: Vec<Variant<'a>>, resource: &str) -> Vec<Variant<'a>> {
    let mut trials: Vec<Variant<'a>> = Vec::new();
    let mut places = HashMap::new();
    for variant in variants {
        let mut point = (*variant.values).clone();
        point.remove(resource);
        let place = *places.entry(point).or_insert(trials.len());
        match trials.get_mut(place) {
            Some(known) if amount(known, resource) < amount(&variant, resource) => *known = variant,
            Some(_) => {}
            None => trials.push(variant),
        }
    }
    trials
}

fn key_metrics(page: &ExperimentPage) -> Vec<&str> {
    let mut names = metric_names(page);
    names.retain(|name| !page.incomparable.contains(*name));
    let mut key: Vec<&str> = page.metrics.iter().filter_map(|metric| names.get(metric.as_str()).copied()).collect();
    // What is the same in all runs, such as a shared stage's metric, tells nothing of what varies.
    let same = |name: &str| {
        let mut values = page.runs.iter().map(|summary| summary.run.metrics.get(name));
        let first = values.next();
        page.runs.len() > 1 && values.all(|value| Some(value) == first)
    };
    names.retain(|name| !same(name));
    let telling = merit::key_metrics(&names, KEY_METRICS);
    key.extend(telling.into_iter().filter(|metric| page.metrics.iter().all(|asked| asked != metric)));
    key.truncate(KEY_METRICS.max(page.metrics.len()));
    key
}

/// Metrics that any run has.
pub fn metric_names(page: &ExperimentPage) -> BTreeSet<&str> {
    page.runs.iter().flat_map(|summary| summary.run.metrics.names()).map(String::as_str).collect()
}

/// The variant's value of a numeric param.
pub fn amount(variant: &Variant<'_>, param: &str) -> f64 {
    variant.values.get(param).and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY)
}

/// The mean of a metric; NaN where there is none.
pub fn mean(variant: &Variant<'_>, metric: &str) -> f64 {
    variant.summary(metric).map_or(f64::NAN, |summary| summary.mean)
}

/// `± 0.00012`, the standard deviation; empty for a single value.
pub fn spread(summary: &Summary) -> String {
    summary.deviation.map_or(String::new(), |deviation| format!("± {}", number::rough(deviation)))
}

/// Whether two means are the same, but for what rounding leaves behind.
pub fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-13 * a.abs().max(b.abs())
}

/// Values a swept param takes, in order of appearance.
pub fn values_of<'v>(variants: &'v [Variant<'_>], param: &str) -> Vec<&'v Value> {
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

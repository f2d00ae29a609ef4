//! Runs grouped into variants, with mean and deviation over their seeds. Knows no HTML.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::report::number;
use crate::report::page::merit::{self, Better};
use crate::report::page::{ExperimentPage, RunSummary};

/// One point of the sweep with its repeats.
pub struct Variant<'a> {
    pub values: &'a Map<String, Value>,
    pub runs: Vec<&'a RunSummary>,
}

/// Values of a metric over the repeats of a variant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    pub mean: f64,
    /// Sample standard deviation; `None` for a single value.
    pub deviation: Option<f64>,
    pub count: usize,
}

impl Summary {
    /// Of the finite values; `None` when there is none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let count = finite.len();
        if count == 0 {
            return None;
        }
        let mean = finite.iter().sum::<f64>() / count as f64;
        let squares: f64 = finite.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        Some(Self { mean, deviation, count })
    }

    /// `± 0.00012`, empty for a single value.
    pub fn spread(&self) -> String {
        self.deviation.map_or(String::new(), |deviation| format!("± {}", number::rough(deviation)))
    }
}

/// Variants in the order of their first runs.
pub fn variants(page: &ExperimentPage) -> Vec<Variant<'_>> {
    let mut variants: Vec<Variant<'_>> = Vec::new();
    for run in &page.runs {
        match variants.iter_mut().find(|variant| *variant.values == run.variant) {
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

    /// Whether any of its runs has learned nothing.
    pub fn collapsed(&self) -> usize {
        let tells = |run: &&&RunSummary| run.warnings.iter().any(|text| text.to_lowercase().contains("collapsed"));
        self.runs.iter().filter(tells).count()
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
    let mut values: Vec<&Value> = Vec::new();
    for value in variants.iter().filter_map(|variant| variant.values.get(param)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The params that a group of variants has in common, and for each of its variants the other param's value and a mean.
type Group = (Map<String, Value>, Vec<(String, f64)>);

/// How often each value of a param wins against the others when nothing else differs: value -> wins, and how many
/// such groups there are.
pub fn duels(variants: &[Variant<'_>], param: &str, metric: &str) -> Option<(BTreeMap<String, usize>, usize)> {
    let better = merit::better(metric)?;
    let mut groups: Vec<Group> = Vec::new();
    for variant in variants {
        let (Some(value), Some(summary)) = (variant.values.get(param), variant.metric(metric)) else { continue };
        let mut rest = variant.values.clone();
        rest.remove(param);
        let entry = (crate::report::page::shell::plain(value), summary.mean);
        match groups.iter_mut().find(|(known, _)| *known == rest) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((rest, vec![entry])),
        }
    }
    groups.retain(|(_, entries)| entries.len() > 1);
    let sign = if better == Better::Lower { 1.0 } else { -1.0 };
    let mut wins: BTreeMap<String, usize> = BTreeMap::new();
    for (_, entries) in &groups {
        let winner = entries.iter().min_by(|(_, a), (_, b)| (sign * a).total_cmp(&(sign * b)));
        *wins.entry(winner.map(|(value, _)| value.clone()).unwrap_or_default()).or_default() += 1;
    }
    (!groups.is_empty()).then_some((wins, groups.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        // numpy.std([1, 2, 4], ddof=1)
        let summary = Summary::of(&[1.0, 2.0, f64::NAN, 4.0]).unwrap();
        assert!((summary.mean - 7.0 / 3.0).abs() < 1e-12);
        assert!((summary.deviation.unwrap() - 1.5275252316519468).abs() < 1e-12);
        assert_eq!(Summary::of(&[f64::NAN]), None);
        assert_eq!(Summary::of(&[3.0]).unwrap().deviation, None);
    }
}

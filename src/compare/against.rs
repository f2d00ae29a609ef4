//! Every variant held against one of them.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use crate::compare::Variant;
use crate::statistics::{self, Difference, Evidence, LEVEL, TTest, holm};

/// A variant beside the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Its place among the variants.
    pub variant: usize,
    /// The baseline's.
    pub baseline: usize,
    /// The variant's metric minus the baseline's.
    pub difference: Difference,
    /// p after Holm's correction for all comparisons of the metric that are made; `None` without a test.
    pub p: Option<f64>,
    /// How many comparisons were tested together.
    pub tests: usize,
}

/// Compares every other variant with the baseline by a metric: paired by seed where at least two seeds are shared,
/// else as groups. Variants without a finite value are left out.
pub fn against(variants: &[Variant<'_>], baseline: usize, metric: &str) -> Vec<Comparison> {
    let others = (0..variants.len()).filter(|variant| *variant != baseline);
    each_against(variants, &others.map(|variant| (variant, baseline)).collect::<Vec<_>>(), metric)
}

/// Compares pairs of (variant, baseline) by a metric, as [`against`] does; Holm's correction is for all of them.
pub fn each_against(variants: &[Variant<'_>], pairs: &[(usize, usize)], metric: &str) -> Vec<Comparison> {
    let found = pairs.iter().filter_map(|&(variant, baseline)| {
        let difference = difference(&variants[baseline], &variants[variant], metric)?;
        Some(Comparison { variant, baseline, difference, p: None, tests: 0 })
    });
    let mut found: Vec<Comparison> = found.collect();
    let p = |comparison: &Comparison| comparison.difference.evidence.p();
    let tested: Vec<f64> = found.iter().filter_map(p).collect();
    let mut adjusted = holm(&tested).into_iter();
    for comparison in &mut found {
        comparison.p = p(comparison).and_then(|_| adjusted.next());
        comparison.tests = tested.len();
    }
    found
}

/// Which variant each is to be held against, when the baseline is all that have these values: the one that differs from
/// it in nothing else; or the only one there is. `None` for the baselines themselves and where there is none.
pub fn baselines(variants: &[Variant<'_>], values: &Map<String, Value>) -> Vec<Option<usize>> {
    let is_baseline =
        |variant: &Variant<'_>| values.iter().all(|(name, value)| variant.values.get(name) == Some(value));
    let all: Vec<usize> = (0..variants.len()).filter(|index| is_baseline(&variants[*index])).collect();
    let places: HashMap<&Map<String, Value>, usize> =
        all.iter().map(|index| (&*variants[*index].values, *index)).collect();
    // What a baseline has no value of, such as a param of another branch, it does not differ in.
    let mut shapes: Vec<Vec<&String>> = places.keys().map(|values| values.keys().collect()).collect();
    shapes.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
    shapes.dedup();
    let of = |variant: &Variant<'_>| {
        if is_baseline(variant) {
            return None;
        }
        if let [only] = all[..] {
            return Some(only);
        }
        shapes.iter().find_map(|names| {
            let own = names.iter().filter_map(|name| variant.values.get_key_value(*name));
            let wanted = own.chain(values).map(|(name, value)| (name.clone(), value.clone())).collect();
            places.get::<Map<String, Value>>(&wanted).copied()
        })
    };
    variants.iter().map(of).collect()
}

fn difference(baseline: &Variant<'_>, variant: &Variant<'_>, metric: &str) -> Option<Difference> {
    let finite = |variant: &Variant<'_>| {
        let mut values = variant.by_seed(metric);
        values.retain(|_, value| value.is_finite());
        values
    };
    let (old, new) = (finite(baseline), finite(variant));
    let pairs: Vec<(f64, f64)> = old.iter().filter_map(|(seed, value)| Some((*value, *new.get(seed)?))).collect();
    let groups = old.len() > 1 && new.len() > 1;
    if pairs.len() > 1 || (pairs.len() == 1 && !groups) {
        return statistics::paired(&pairs);
    }
    let values = |by_seed: BTreeMap<u64, f64>| by_seed.into_values().collect::<Vec<_>>();
    statistics::unpaired(&values(old), &values(new))
}

impl Comparison {
    /// The t-test, where there were enough values for one and these had any spread.
    pub fn test(&self) -> Option<TTest> {
        match self.difference.evidence {
            Evidence::Test(test) => Some(test),
            Evidence::TooFew | Evidence::NoSpread { .. } => None,
        }
    }

    /// Whether the data show a difference, by the corrected p. `None` where a single run cannot tell.
    pub fn is_supported(&self) -> Option<bool> {
        self.p.map(|p| p <= LEVEL)
    }

    /// How many seeds each variant would need for this test to show a difference like the observed one with
    /// probability 0.8, at the level that the strictest of the tests made together is held to. `None` when that is
    /// more than [`statistics::MOST_REPEATS`] or cannot be told.
    pub fn seeds_needed(&self) -> Option<usize> {
        let Difference { design, mean, evidence, .. } = self.difference;
        let level = LEVEL / self.tests.max(1) as f64;
        match evidence {
            Evidence::Test(test) => statistics::needed(design, test.effect?, level),
            Evidence::NoSpread { .. } if mean != 0.0 => statistics::needed_without_spread(design, level),
            Evidence::NoSpread { .. } | Evidence::TooFew => None,
        }
    }
}

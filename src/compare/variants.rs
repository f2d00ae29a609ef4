//! Runs grouped into variants: those that differ in their seed alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::merit::{self, Better};
use crate::statistics::Summary;
use crate::text;

/// One run as a comparison sees it.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub id: String,
    pub experiment: String,
    pub params: Map<String, Value>,
    /// Names of the params that its experiment sweeps over.
    pub swept: BTreeSet<String>,
    pub seed: u64,
    /// `<stage>.<metric>` -> value, not a number where it was not finite.
    pub metrics: BTreeMap<String, f64>,
}

/// Runs that differ in their seed alone.
#[derive(Debug, Clone)]
pub struct Variant<'a> {
    /// What tells it from the others.
    pub values: Map<String, Value>,
    /// In the order given.
    pub runs: Vec<&'a Run>,
    label: String,
}

/// What an experiment goes by among the params, where runs of several are compared.
pub const EXPERIMENT: &str = "experiment";

/// Names of the params that are not the same in all runs, in alphabetical order.
pub fn differing(runs: &[Run]) -> Vec<String> {
    differing_of(&runs.iter().collect::<Vec<_>>())
}

fn differing_of(runs: &[&Run]) -> Vec<String> {
    let Some((first, rest)) = runs.split_first() else { return Vec::new() };
    let mut found: BTreeSet<&String> = BTreeSet::new();
    for run in rest {
        if run.params.keys().eq(first.params.keys()) {
            let pairs = run.params.iter().zip(first.params.values());
            found.extend(pairs.filter(|((_, own), other)| own != other).map(|((name, _), _)| name));
        } else {
            let names = run.params.keys().chain(first.params.keys());
            found.extend(names.filter(|name| run.params.get(*name) != first.params.get(*name)));
        }
    }
    found.into_iter().cloned().collect()
}

/// Names of the params that it takes to tell variants apart, in alphabetical order: the swept ones that differ, and what
/// differs within an experiment. Several experiments are told apart by [`EXPERIMENT`], which comes first, rather than
/// by all that they set differently.
pub fn telling(runs: &[Run]) -> Vec<String> {
    let mut by_experiment: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in runs {
        by_experiment.entry(&run.experiment).or_default().push(run);
    }
    let experiment = (by_experiment.len() > 1).then(|| EXPERIMENT.to_owned());
    let within: BTreeSet<String> = by_experiment.values().flat_map(|runs| differing_of(runs)).collect();
    let tells = |name: &String| within.contains(name) || runs.iter().any(|run| run.swept.contains(name));
    experiment.into_iter().chain(differing(runs).into_iter().filter(tells)).collect()
}

/// The variants by these params, in the order of their first runs.
pub fn grouped<'a>(runs: &'a [Run], params: &[String]) -> Vec<Variant<'a>> {
    let mut variants: Vec<Variant<'a>> = Vec::new();
    let mut places: HashMap<Map<String, Value>, usize> = HashMap::new();
    for run in runs {
        let value = |name: &String| match run.params.get(name) {
            None if name == EXPERIMENT => Some((name.clone(), Value::from(run.experiment.as_str()))),
            value => Some((name.clone(), value?.clone())),
        };
        let values: Map<String, Value> = params.iter().filter_map(value).collect();
        let place = *places.entry(values).or_insert_with_key(|values| {
            variants.push(Variant { values: values.clone(), runs: Vec::new(), label: String::new() });
            variants.len() - 1
        });
        variants[place].runs.push(run);
    }
    labelled(variants)
}

/// Every run as a variant of its own, told apart by its id.
pub fn one_each(runs: &[Run]) -> Vec<Variant<'_>> {
    let named =
        |run: &Run| Map::from_iter([("run".to_owned(), run.id.as_str().into()), ("seed".to_owned(), run.seed.into())]);
    labelled(runs.iter().map(|run| Variant { values: named(run), runs: vec![run], label: String::new() }).collect())
}

/// The variants with names of which no two are the same.
fn labelled(mut variants: Vec<Variant<'_>>) -> Vec<Variant<'_>> {
    let names: BTreeSet<String> = variants.iter().flat_map(|variant| variant.values.keys().cloned()).collect();
    let told = names.into_iter().map(|name| {
        let values: Vec<Option<&Value>> = variants.iter().map(|variant| variant.values.get(&name)).collect();
        (text::told_apart(&values), name)
    });
    let told: HashMap<String, Vec<String>> = told.map(|(texts, name)| (name, texts)).collect();
    for (index, variant) in variants.iter_mut().enumerate() {
        let pairs = variant.values.keys().map(|name| format!("{name}={}", told[name][index]));
        variant.label = pairs.collect::<Vec<_>>().join(", ");
    }
    variants
}

impl Variant<'_> {
    /// `architecture=conv, latent_dim=8`.
    pub fn label(&self) -> &str {
        if self.values.is_empty() { "all runs" } else { &self.label }
    }

    /// The metric by seed, of the runs that have it; of several with a seed the last one's.
    pub fn by_seed(&self, metric: &str) -> BTreeMap<u64, f64> {
        self.runs.iter().filter_map(|run| Some((run.seed, *run.metrics.get(metric)?))).collect()
    }

    /// The metric over the seeds; `None` when no run has a finite value.
    pub fn summary(&self, metric: &str) -> Option<Summary> {
        Summary::of(&self.by_seed(metric).into_values().collect::<Vec<_>>())
    }
}

/// The variants' indices from the best mean of a metric to the worst, without those that have none. `None` when it is
/// not known which way is better.
pub fn best(variants: &[Variant<'_>], metric: &str) -> Option<Vec<usize>> {
    let sign = if merit::better(metric)? == Better::Lower { 1.0 } else { -1.0 };
    let means = variants.iter().enumerate();
    let mut means: Vec<(f64, usize)> =
        means.filter_map(|(index, variant)| Some((sign * variant.summary(metric)?.mean, index))).collect();
    means.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(means.into_iter().map(|(_, index)| index).collect())
}

//! Runs grouped into variants: those that differ in their seed alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::merit::{self, Better};
use crate::named::Named;
use crate::statistics::Summary;
use crate::text;

/// One run as a comparison sees it.
#[derive(Debug, Clone, Default)]
pub struct Run {
    pub id: String,
    pub experiment: Arc<str>,
    /// What its launch varies.
    pub variant: Arc<Map<String, Value>>,
    pub params: Arc<Map<String, Value>>,
    pub seed: u64,
    /// `<stage>.<metric>` -> value, not a number where it was not finite.
    pub metrics: Named,
    /// Which way metrics are better as its search has it.
    pub aims: Arc<BTreeMap<String, Better>>,
}

/// Runs that differ in their seed alone.
#[derive(Debug, Clone, Default)]
pub struct Variant<'a> {
    /// What tells it from the others.
    pub values: Arc<Map<String, Value>>,
    /// In the order given.
    pub runs: Vec<&'a Run>,
    /// Its place among all.
    place: usize,
    /// By param the values of all, where some are too long for a label as they are.
    told: Arc<BTreeMap<String, Vec<String>>>,
}

/// What an experiment goes by among the params, where runs of several are compared.
pub const EXPERIMENT: &str = "experiment";
/// What the name of an ablation's change goes by among the params.
pub const CHANGE: &str = "change";

/// Names of the params that are not the same in all runs, in alphabetical order.
pub fn differing(runs: &[Run]) -> Vec<String> {
    differing_of(&distinct(runs))
}

/// Of runs that share their params one.
fn distinct(runs: &[Run]) -> Vec<&Run> {
    let mut seen = HashSet::new();
    let shared = |run: &Run| (Arc::as_ptr(&run.params), Arc::as_ptr(&run.variant), run.experiment.clone());
    runs.iter().filter(|run| seen.insert(shared(run))).collect()
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

/// Names of the params that differ between runs of an experiment; of an ablation's, of those that the names of its
/// changes do not stand for.
fn differing_within(runs: &[&Run]) -> Vec<String> {
    let mut by_change: HashMap<Option<&Value>, Vec<&Run>> = HashMap::new();
    for run in runs {
        by_change.entry(run.variant.get(CHANGE)).or_default().push(run);
    }
    by_change.into_values().flat_map(|runs| differing_of(&runs)).collect()
}

/// Names of the params that it takes to tell variants apart, in alphabetical order: the swept ones that differ, and what
/// differs within an experiment. An ablation's changes go by their names, see [`CHANGE`]. Several experiments are told apart by [`EXPERIMENT`], which comes first, rather than
/// by all that they set differently.
pub fn telling(runs: &[Run]) -> Vec<String> {
    let runs = distinct(runs);
    let mut by_experiment: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in &runs {
        by_experiment.entry(&run.experiment).or_default().push(run);
    }
    let experiment = (by_experiment.len() > 1).then(|| EXPERIMENT.to_owned());
    let within: BTreeSet<String> = by_experiment.values().flat_map(|runs| differing_within(runs)).collect();
    let tells = |name: &String| within.contains(name) || runs.iter().any(|run| run.variant.contains_key(name));
    experiment.into_iter().chain(differing_of(&runs).into_iter().filter(tells)).collect()
}

/// The variants by these params, in the order of their first runs.
pub fn grouped<'a>(runs: impl IntoIterator<Item = &'a Run>, params: &[String]) -> Vec<Variant<'a>> {
    let mut variants: Vec<Variant<'a>> = Vec::new();
    let mut places: HashMap<Arc<Map<String, Value>>, usize> = HashMap::new();
    let mut shared: HashMap<(*const Map<String, Value>, &str), usize> = HashMap::new();
    for run in runs {
        let place = *shared.entry((Arc::as_ptr(&run.params), &run.experiment)).or_insert_with(|| {
            let value = |name: &String| match run.params.get(name) {
                None if name == EXPERIMENT => Some((name.clone(), Value::from(&*run.experiment))),
                value => Some((name.clone(), value?.clone())),
            };
            let values: Map<String, Value> = params.iter().filter_map(value).collect();
            *places.entry(Arc::new(values)).or_insert_with_key(|values| {
                variants.push(Variant { values: Arc::clone(values), ..Variant::default() });
                variants.len() - 1
            })
        });
        variants[place].runs.push(run);
    }
    labelled(variants)
}

/// Every run as a variant of its own, told apart by its id.
pub fn one_each(runs: &[Run]) -> Vec<Variant<'_>> {
    let named =
        |run: &Run| Map::from_iter([("run".to_owned(), run.id.as_str().into()), ("seed".to_owned(), run.seed.into())]);
    let variant = |run| Variant { values: Arc::new(named(run)), runs: vec![run], ..Variant::default() };
    labelled(runs.iter().map(variant).collect())
}

/// The variants with all that it takes for labels of which no two are the same.
fn labelled(mut variants: Vec<Variant<'_>>) -> Vec<Variant<'_>> {
    let long = variants.iter().flat_map(|variant| &*variant.values).filter(|(_, value)| !text::is_short(value));
    let names: BTreeSet<&String> = long.map(|(name, _)| name).collect();
    let told = names.into_iter().map(|name| {
        let values: Vec<Option<&Value>> = variants.iter().map(|variant| variant.values.get(name)).collect();
        (name.clone(), text::told_apart(&values))
    });
    let told = Arc::new(told.collect());
    for (place, variant) in variants.iter_mut().enumerate() {
        (variant.place, variant.told) = (place, Arc::clone(&told));
    }
    variants
}

impl Variant<'_> {
    /// `architecture=conv, latent_dim=8`.
    pub fn label(&self) -> String {
        let pair = |(name, value): (&String, &Value)| match self.told.get(name) {
            Some(told) => format!("{name}={}", told[self.place]),
            None => format!("{name}={}", text::in_full(value)),
        };
        if self.values.is_empty() {
            return "all runs".to_owned();
        }
        (*self.values).iter().map(pair).collect::<Vec<_>>().join(", ")
    }

    /// The metric by seed, of the runs that have it; of several with a seed the last one's.
    pub fn by_seed(&self, metric: &str) -> BTreeMap<u64, f64> {
        self.runs.iter().filter_map(|run| Some((run.seed, run.metrics.get(metric)?))).collect()
    }

    /// How many of its runs have a model that is called collapsed.
    pub fn collapsed(&self) -> usize {
        let is_told = |(name, value): (&str, f64)| name.ends_with(".collapsed") && value > 0.0;
        self.runs.iter().filter(|run| run.metrics.iter().any(is_told)).count()
    }

    /// The metric over the seeds; `None` when no run has a finite value.
    pub fn summary(&self, metric: &str) -> Option<Summary> {
        Summary::of(&self.by_seed(metric).into_values().collect::<Vec<_>>())
    }
}

/// Which way a metric is better: as a search of these has it, else as its name tells.
pub fn better(variants: &[Variant<'_>], metric: &str) -> Option<Better> {
    let mut said = variants.iter().filter_map(|variant| variant.runs.first()?.aims.get(metric).copied());
    said.next().or_else(|| merit::better(metric))
}

/// ` ↓` or ` ↑` behind a metric's name, where it is known which way is better.
pub fn arrow(variants: &[Variant<'_>], metric: &str) -> &'static str {
    merit::arrow(better(variants, metric))
}

/// The variants' indices from the best mean of a metric to the worst, without those that have none. `None` when it is
/// not known which way is better.
pub fn best(variants: &[Variant<'_>], metric: &str) -> Option<Vec<usize>> {
    let sign = if better(variants, metric)? == Better::Lower { 1.0 } else { -1.0 };
    let means = variants.iter().enumerate();
    let mut means: Vec<(f64, usize)> =
        means.filter_map(|(index, variant)| Some((sign * variant.summary(metric)?.mean, index))).collect();
    means.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(means.into_iter().map(|(_, index)| index).collect())
}

//! A comparison as a table: one row a variant, its cells with all that is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::compare::{
    Comparison, EXPERIMENT, Effects, Run, Variant, best, better, collapses, conclusion, conclusion_at, differing,
    each_against, effects, notes,
};
use crate::merit::Better;
use crate::statistics::{Design, Evidence, Interval, Summary};
use crate::text;

/// What variants are held against.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// As the user named it.
    pub name: String,
    /// For each variant the one it is held against, by its index.
    pub of: Vec<Option<usize>>,
}

/// A comparison by some metrics.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What tells the rows apart, in the order of the columns.
    pub keys: Vec<String>,
    /// These, and what else differs.
    pub params: Vec<String>,
    pub metrics: Vec<String>,
    /// Which way each metric is better, where that is known.
    pub better: Vec<Option<Better>>,
    pub rows: Vec<Row>,
    pub baseline: Option<Baseline>,
    /// By metric; `None` where nothing can be said.
    pub effects: Vec<Option<Effects>>,
    /// One sentence a metric.
    pub conclusions: Vec<String>,
    pub notes: Vec<String>,
    /// The name of the series that the rows have.
    pub series: Option<String>,
}

/// A variant.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its params, and what else tells it apart.
    pub values: Arc<Map<String, Value>>,
    pub runs: Vec<String>,
    /// How many seeds these have.
    pub seeds: usize,
    /// One a metric, `None` where no run has a finite value.
    pub cells: Vec<Option<Cell>>,
    /// The mean over the runs at every step; empty where there is none.
    pub series: Vec<f64>,
}

/// A variant's metric.
#[derive(Debug, Clone)]
pub struct Cell {
    pub summary: Summary,
    pub by_seed: BTreeMap<u64, f64>,
    pub is_best: bool,
    pub comparison: Option<Comparison>,
}

impl Sheet {
    /// Compares variants by metrics. `runs` are those of the variants.
    pub fn of(runs: &[Run], variants: &[Variant<'_>], metrics: &[String], baseline: Option<Baseline>) -> Self {
        let columns: Vec<Vec<Option<Cell>>> =
            metrics.iter().map(|metric| column(variants, metric, baseline.as_ref())).collect();
        let row = |(index, variant): (usize, &Variant<'_>)| Row {
            values: values(variant),
            runs: variant.runs.iter().map(|run| run.id.clone()).collect(),
            seeds: variant.runs.iter().map(|run| run.seed).collect::<BTreeSet<_>>().len(),
            cells: columns.iter().map(|column| column[index].clone()).collect(),
            series: Vec::new(),
        };
        let told = |metric: &String| match &baseline {
            None => conclusion(variants, metric, None),
            Some(baseline) => match baseline.only() {
                Some(only) => conclusion(variants, metric, Some(only)),
                None => conclusion_at(variants, metric, &baseline.pairs(), &baseline.name),
            },
        };
        // Names in the order in which the variants have them.
        let mut keys: Vec<String> = Vec::new();
        for alike in variants.chunk_by(|one, other| one.values.keys().eq(other.values.keys())) {
            let more = alike[0].values.keys().filter(|name| *name != EXPERIMENT && !keys.contains(name));
            keys.extend(more.cloned().collect::<Vec<_>>());
        }
        let several = variants.iter().any(|variant| variant.values.contains_key(EXPERIMENT));
        // Experiments that differ in more than what they sweep over are no design that effects could be read from.
        let factors = if several { &[][..] } else { &keys[..] };
        let effects = metrics.iter().map(|metric| effects(runs, factors, metric)).collect();
        if several {
            keys.insert(0, EXPERIMENT.to_owned());
        }
        let others: Vec<String> = differing(runs).into_iter().filter(|name| !keys.contains(name)).collect();
        Self {
            rows: variants.iter().enumerate().map(row).collect(),
            effects,
            conclusions: metrics.iter().map(told).collect(),
            better: metrics.iter().map(|metric| better(variants, metric)).collect(),
            notes: once(metrics.iter().flat_map(|metric| notes(variants, metric)).chain(collapses(variants))),
            params: keys.iter().chain(&others).cloned().collect(),
            keys,
            metrics: metrics.to_vec(),
            baseline,
            series: None,
        }
    }

    /// Whether any row has more than one seed.
    pub fn has_repeats(&self) -> bool {
        self.rows.iter().any(|row| row.seeds > 1)
    }

    /// A param in all rows as people read it, so that different values read differently; a dash where there is none.
    pub fn shown(&self, param: &str) -> Vec<String> {
        let values: Vec<Option<&Value>> = self.rows.iter().map(|row| row.values.get(param)).collect();
        let texts = text::told_apart(&values).into_iter().zip(values);
        texts.map(|(text, value)| if value.is_none() { "–".to_owned() } else { text }).collect()
    }

    /// All of it for programs. Numbers that are not finite are `null`.
    pub fn json(&self) -> Value {
        let metric =
            |(name, better): (&String, &Option<Better>)| json!({ "name": name, "better": better.map(in_word) });
        let effects = self.metrics.iter().zip(&self.effects);
        let effects = effects.filter_map(|(metric, effects)| Some((metric.clone(), effects_json(effects.as_ref()?))));
        json!({
            "params": self.params,
            "metrics": self.metrics.iter().zip(&self.better).map(metric).collect::<Vec<_>>(),
            "baseline": self.baseline.as_ref().map(|baseline| &baseline.name),
            "variants": self.rows.iter().map(|row| self.row_json(row)).collect::<Vec<_>>(),
            "effects": effects.collect::<Map<String, Value>>(),
            "conclusions": self.conclusions,
            "notes": self.notes,
        })
    }

    fn row_json(&self, row: &Row) -> Value {
        let metrics = self.metrics.iter().zip(&row.cells);
        let metrics =
            metrics.map(|(name, cell)| (name.clone(), cell.as_ref().map_or(Value::Null, |cell| self.cell_json(cell))));
        let series = self.series.iter().map(|name| (name.clone(), Value::from(row.series.clone())));
        json!({
            "values": self.known(&row.values),
            "runs": row.runs,
            "metrics": metrics.collect::<Map<String, Value>>(),
            "series": series.collect::<Map<String, Value>>(),
        })
    }

    /// Those of the values that differ between rows.
    fn known(&self, values: &Map<String, Value>) -> Map<String, Value> {
        values
            .iter()
            .filter(|(name, _)| self.params.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    fn cell_json(&self, cell: &Cell) -> Value {
        let Summary { mean, deviation, count, not_finite } = cell.summary;
        let difference = cell.comparison.map(|comparison| {
            let test = comparison.test();
            json!({
                "baseline": self.known(&self.rows[comparison.baseline].values),
                "mean": comparison.difference.mean,
                "interval": test.map(|test| ends(test.interval)),
                "count": comparison.difference.count,
                "test": test_name(&comparison),
                "t": test.map(|test| test.t),
                "df": test.map(|test| test.freedom),
                "p": comparison.difference.evidence.p(),
                "p_holm": comparison.p,
                "effect_size": test.and_then(|test| test.effect),
                "supported": comparison.is_supported(),
                "seeds_needed": comparison.seeds_needed(),
            })
        });
        json!({
            "mean": mean,
            "deviation": deviation,
            "interval": cell.summary.interval().map(ends),
            "count": count,
            "not_finite": not_finite,
            "by_seed": cell.by_seed,
            "best": cell.is_best,
            "difference": difference,
        })
    }
}

impl Baseline {
    /// Pairs of (variant, baseline).
    fn pairs(&self) -> Vec<(usize, usize)> {
        self.of.iter().enumerate().filter_map(|(variant, baseline)| Some((variant, (*baseline)?))).collect()
    }

    /// The baseline, when it is the same for all others.
    fn only(&self) -> Option<usize> {
        let mut without = self.of.iter().enumerate().filter(|(_, of)| of.is_none()).map(|(variant, _)| variant);
        without.next().filter(|_| without.next().is_none())
    }
}

/// Each text once: some are of no metric in particular.
fn once(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts.filter(|text| seen.insert(text.clone())).collect()
}

/// What tells a variant apart, and its params.
fn values(variant: &Variant<'_>) -> Arc<Map<String, Value>> {
    let params = variant.runs.first().map_or_else(Arc::default, |run| run.params.clone());
    if variant.values.iter().all(|(name, value)| params.get(name) == Some(value)) {
        return params;
    }
    let all = params.iter().chain(&*variant.values);
    Arc::new(all.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn column(variants: &[Variant<'_>], metric: &str, baseline: Option<&Baseline>) -> Vec<Option<Cell>> {
    let first = best(variants, metric).and_then(|ranked| Some(variants[*ranked.first()?].summary(metric)?.mean));
    let comparisons = baseline.map_or_else(Vec::new, |baseline| each_against(variants, &baseline.pairs(), metric));
    let comparisons: BTreeMap<usize, Comparison> =
        comparisons.into_iter().map(|found| (found.variant, found)).collect();
    let cell = |(index, variant): (usize, &Variant<'_>)| {
        let summary = variant.summary(metric)?;
        Some(Cell {
            summary,
            by_seed: variant.by_seed(metric),
            is_best: first == Some(summary.mean),
            comparison: comparisons.get(&index).copied(),
        })
    };
    variants.iter().enumerate().map(cell).collect()
}

fn effects_json(effects: &Effects) -> Value {
    let anova = &effects.anova;
    let term = |effect: &crate::statistics::Effect| {
        json!({
            "params": effect.factors.iter().map(|factor| &effects.factors[*factor]).collect::<Vec<_>>(),
            "df": effect.freedom,
            "sum_of_squares": effect.squares,
            "share": effect.share,
            "corrected_share": effect.corrected_share,
            "f": effect.test.map(|test| test.f),
            "p": effect.test.map(|test| test.p),
        })
    };
    let importance = effects.importance().into_iter().map(|(param, share)| json!({ "param": param, "share": share }));
    json!({
        "terms": anova.effects.iter().map(term).collect::<Vec<_>>(),
        "residual_df": anova.residual_freedom,
        "residual_sum_of_squares": anova.residual_squares,
        "importance": importance.collect::<Vec<_>>(),
        "cut_into_ranges": effects.cut,
        "inseparable": effects.inseparable,
    })
}

fn test_name(comparison: &Comparison) -> Option<&'static str> {
    match (comparison.difference.evidence, comparison.difference.design) {
        (Evidence::TooFew, _) => None,
        (Evidence::NoSpread { .. }, _) => Some("permutation"),
        (Evidence::Test(_), Design::Paired) => Some("paired"),
        (Evidence::Test(_), Design::Unpaired) => Some("unpaired"),
    }
}

fn ends(Interval { low, high }: Interval) -> [f64; 2] {
    [low, high]
}

fn in_word(better: Better) -> &'static str {
    if better == Better::Lower { "lower" } else { "higher" }
}

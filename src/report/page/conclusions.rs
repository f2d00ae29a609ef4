//! What an experiment's runs support: sentences, differences with intervals, and what the metrics hang on. The
//! statistics are `compare`'s.

use maud::{Markup, html};

use crate::compare::{self, Comparison};
use crate::merit::{self, Better};
use crate::report::Result;
use crate::report::draw::bars::{Bar, Bars};
use crate::report::draw::forest::{Forest, Row};
use crate::report::draw::palette;
use crate::report::figures::file_name;
use crate::report::number;
use crate::report::page::sweep::Plot;
use crate::report::page::variants::{self, Variant};
use crate::report::page::{ExperimentPage, answer};
use crate::report::section::Look;

/// Metrics that are spoken of.
const METRICS: usize = 2;
/// Rows of a chart.
const MOST: usize = 24;

/// An experiment as a comparison sees it.
pub struct Compared {
    runs: Vec<compare::Run>,
    swept: Vec<String>,
    /// The place of what everything is compared with; the best variant when there is none.
    baseline: Option<usize>,
    metrics: Vec<String>,
}

impl Compared {
    /// The runs of a page that can be called best, by those of the key metrics that can be better or worse.
    pub fn new(page: &ExperimentPage, ranked: &[Variant<'_>], key: &[&str]) -> Self {
        let run = |run: &&super::RunSummary| compare::Run {
            id: run.id.clone(),
            experiment: page.name.clone(),
            params: run.variant.clone(),
            swept: run.variant.keys().cloned().collect(),
            seed: run.seed,
            metrics: run.metrics.clone(),
        };
        let runs: Vec<compare::Run> = ranked.iter().flat_map(|variant| &variant.runs).map(run).collect();
        let variants = compare::grouped(&runs, &page.swept);
        let baseline =
            page.baseline.as_ref().and_then(|base| variants.iter().position(|variant| variant.values == *base));
        let directed = key.iter().filter(|metric| merit::better(metric).is_some()).take(METRICS);
        let metrics = directed.map(|metric| (*metric).to_owned()).collect();
        Self { runs, swept: page.swept.clone(), baseline, metrics }
    }

    fn variants(&self) -> Vec<compare::Variant<'_>> {
        compare::grouped(&self.runs, &self.swept)
    }

    /// A plain sentence for each metric, and what a reader has to know of the values; nothing for a single variant.
    pub fn sentences(&self) -> Markup {
        let variants = self.variants();
        let of = |metric: &String| {
            (compare::conclusion(&variants, metric, self.baseline), compare::notes(&variants, metric))
        };
        let told: Vec<_> = self.metrics.iter().map(of).collect();
        html! { @if variants.len() > 1 && !told.is_empty() { div.answer {
            h2 { "Conclusion" }
            @for (sentence, notes) in &told {
                p { (sentence) }
                @for note in notes { p.remark { (note) } }
            }
        } } }
    }

    /// Which value of each swept word does best; nothing where all are held against a baseline.
    pub fn answers(&self, key: &[&str]) -> Markup {
        let variants = self.variants();
        html! { @if self.baseline.is_none() { @for param in &self.swept { (answer::answer(&variants, param, key)) } } }
    }

    /// Every variant against the baseline, or the best one, in order of what it is worth.
    pub fn differences(&self) -> Result<Vec<Plot>> {
        let variants = self.variants();
        let mut plots = Vec::new();
        for metric in &self.metrics {
            let best = compare::best(&variants, metric).and_then(|ranked| ranked.first().copied());
            let Some(center) = self.baseline.or(best) else { continue };
            let mut found = compare::against(&variants, center, metric);
            let lower = merit::better(metric) == Some(Better::Lower);
            let worth =
                |comparison: &Comparison| if lower { -comparison.difference.mean } else { comparison.difference.mean };
            found.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
            found.truncate(MOST);
            if found.is_empty() {
                continue;
            }
            let rows: Vec<Row> = found.iter().map(|comparison| self.row(&variants, comparison, lower)).collect();
            // Of one run each the table says as much.
            if rows.iter().all(|row| row.interval.is_none()) {
                continue;
            }
            let title = merit::title(metric);
            let chart = Forest {
                title: &format!("{title}{}: differences", merit::arrow(metric)),
                caption: &format!("from {}, 95 % intervals; gray: not told apart", self.label(&variants, center)),
                rows,
            };
            let alt = format!(
                "Forest plot: difference of the {title} of every variant from {}",
                self.label(&variants, center)
            );
            plots.push(Plot::new(&format!("differences-{}", file_name(metric)), Look::Chart, alt, chart.draw()?));
        }
        Ok(plots)
    }

    fn row(&self, variants: &[compare::Variant<'_>], comparison: &Comparison, lower: bool) -> Row {
        let value = comparison.difference.mean;
        let better = (value < 0.0) == lower;
        Row {
            label: self.label(variants, comparison.variant),
            value,
            interval: comparison.test().map(|test| (test.interval.low, test.interval.high)),
            color: match comparison.is_supported() {
                Some(true) if better => palette::ACCENT,
                Some(true) => palette::WRONG,
                _ => palette::MUTED,
            },
        }
    }

    fn label(&self, variants: &[compare::Variant<'_>], variant: usize) -> String {
        let params: Vec<&str> = self.swept.iter().map(String::as_str).collect();
        variants::brief(&variants[variant].values, &params)
    }

    /// What share of each metric's variance hangs on which param, where there are several.
    pub fn importance(&self) -> Result<(Vec<Plot>, Vec<String>)> {
        let (mut plots, mut told) = (Vec::new(), Vec::new());
        for metric in &self.metrics {
            let Some(effects) = compare::effects(&self.runs, &self.swept, metric) else { continue };
            let importance = effects.importance();
            if importance.len() < 2 || self.baseline.is_some() {
                continue;
            }
            let bar = |(param, share): &(&str, f64)| Bar {
                label: (*param).to_owned(),
                value: *share,
                text: number::percent(*share),
                color: palette::ACCENT,
            };
            let title = format!("What the {} hangs on", merit::title(metric));
            let chart = Bars { title: &title, bars: importance.iter().map(bar).collect(), full: Some(1.0) };
            let alt = format!("Bars: the share of the variance of the {} by param", merit::title(metric));
            plots.push(Plot::new(&format!("importance-{}", file_name(metric)), Look::Chart, alt, chart.draw()?));
            told.push(effects.sentence(metric));
        }
        Ok((plots, told))
    }
}

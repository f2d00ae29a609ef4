//! What an experiment's runs support: sentences, differences with intervals, and what the metrics hang on. The
//! statistics are `compare`'s.

use maud::{Markup, html};

use crate::compare::{self, Comparison, Variant};
use crate::merit::{self, Better};
use crate::report::Result;
use crate::report::draw::bars::{Bar, Bars};
use crate::report::draw::forest::{Forest, Row};
use crate::report::draw::palette;
use crate::report::figures::file_name;
use crate::report::number;
use crate::report::page::shell;
use crate::report::page::sweep::Plot;
use crate::report::page::variants::{self, Overview};
use crate::report::section::Look;

/// Metrics that are spoken of.
const METRICS: usize = 2;
/// Rows of a chart.
const MOST: usize = 24;

/// The key metrics that are spoken of: those that can be better or worse.
fn spoken_of<'a>(overview: &Overview<'a>) -> impl Iterator<Item = &'a str> {
    overview.key.clone().into_iter().filter(|metric| compare::better(&overview.ranked, metric).is_some()).take(METRICS)
}

/// A plain sentence for each metric, and what a reader has to know of the values; nothing for a single variant.
pub fn sentences(overview: &Overview<'_>) -> Markup {
    let Overview { ranked, baseline, .. } = overview;
    let of = |metric: &str| (compare::conclusion(ranked, metric, *baseline), compare::notes(ranked, metric));
    let told: Vec<_> = spoken_of(overview).map(of).collect();
    html! { @if ranked.len() > 1 && !told.is_empty() { div.answer {
        h2 { "Conclusion" }
        @for (sentence, notes) in &told {
            p { (shell::unbroken(sentence)) }
            @for note in notes { p.remark { (note) } }
        }
    } } }
}

/// Every variant against the baseline, or the best one, in order of what it is worth.
pub fn differences(overview: &Overview<'_>) -> Result<Vec<Plot>> {
    let Overview { page, ranked, baseline, .. } = overview;
    let params: Vec<&str> = page.swept.iter().map(String::as_str).collect();
    let label = |variant: usize| variants::brief(&ranked[variant].values, &params);
    let mut plots = Vec::new();
    for metric in spoken_of(overview) {
        let best = compare::best(ranked, metric).and_then(|ranked| ranked.first().copied());
        let Some(center) = baseline.or(best) else { continue };
        let lower = compare::better(ranked, metric) == Some(Better::Lower);
        let rows: Vec<Row> = worth(ranked, center, metric, lower)
            .into_iter()
            .map(|comparison| row(label(comparison.variant), &comparison, lower))
            .collect();
        // Of one run each the table says as much.
        if rows.iter().all(|row| row.interval.is_none()) {
            continue;
        }
        let title = merit::title(metric);
        let from = label(center);
        let chart = Forest {
            title: &format!("{title}{}: differences", compare::arrow(ranked, metric)),
            caption: &format!("from {from}, 95 % intervals; gray: not told apart"),
            rows,
        };
        let alt = format!("Forest plot: difference of the {title} of every variant from {from}");
        plots.push(Plot::new(&format!("differences-{}", file_name(metric)), Look::Chart, alt, chart.draw()?));
    }
    Ok(plots)
}

/// The comparisons with a variant, the best first.
fn worth(variants: &[Variant<'_>], center: usize, metric: &str, lower: bool) -> Vec<Comparison> {
    let mut found = compare::against(variants, center, metric);
    let worth = |comparison: &Comparison| if lower { -comparison.difference.mean } else { comparison.difference.mean };
    found.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    found.truncate(MOST);
    found
}

fn row(label: String, comparison: &Comparison, lower: bool) -> Row {
    let value = comparison.difference.mean;
    let better = (value < 0.0) == lower;
    Row {
        label,
        value,
        interval: comparison.test().map(|test| (test.interval.low, test.interval.high)),
        color: match comparison.is_supported() {
            Some(true) if better => palette::ACCENT,
            Some(true) => palette::WRONG,
            _ => palette::MUTED,
        },
    }
}

/// What share of each metric's variance hangs on which param, where there are several and nothing is a baseline.
pub fn importance(overview: &Overview<'_>) -> Result<(Vec<Plot>, Vec<String>)> {
    let Overview { page, ranked, baseline: None, .. } = overview else { return Ok(Default::default()) };
    let (mut plots, mut told) = (Vec::new(), Vec::new());
    for metric in spoken_of(overview) {
        let runs = ranked.iter().flat_map(|variant| variant.runs.iter().copied());
        let Some(effects) = compare::effects(runs, &page.swept, metric) else { continue };
        if !effects.are_of_several() {
            continue;
        }
        let importance = effects.importance();
        let bar = |(param, share): &(&str, f64)| Bar {
            label: (*param).to_owned(),
            value: *share,
            text: number::percent(*share),
            color: palette::ACCENT,
        };
        let title = merit::title(metric);
        let heading = format!("What the {title} hangs on");
        let chart = Bars { title: &heading, bars: importance.iter().map(bar).collect(), full: Some(1.0) };
        let alt = format!("Bars: the share of the variance of the {title} by param");
        plots.push(Plot::new(&format!("importance-{}", file_name(metric)), Look::Chart, alt, chart.draw()?));
        told.push(effects.sentence(metric));
    }
    Ok((plots, told))
}

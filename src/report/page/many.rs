//! All variants at once: parallel coordinates, and which are worth their cost. Knows no HTML.

use serde_json::Value;

use crate::compare::{self, Variant};
use crate::merit::{self, Better};
use crate::report::Result;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::front::{Front, Point};
use crate::report::draw::parallel::{Column, Parallel};
use crate::report::figures::file_name;
use crate::report::page::shell;
use crate::report::page::sweep::{self, Plot};
use crate::report::page::variants::{self, Overview, mean, values_of};
use crate::report::section::Look;

/// Axes that still have room for their names.
const MOST_AXES: usize = 8;
/// Metrics among them.
const METRICS: usize = 3;

/// A line for every variant over the swept params and the key metrics; for three variants and two params at least.
pub fn parallel(variants: &[Variant<'_>], swept: &[String], key: &[&str]) -> Result<Option<Plot>> {
    let directed: Vec<&str> =
        key.iter().copied().filter(|metric| compare::better(variants, metric).is_some()).collect();
    let varied = variants::varied(variants, swept);
    let (Some(first), true) = (directed.first(), variants.len() > 2 && varied.len() > 1) else { return Ok(None) };
    let metrics = directed.iter().take(METRICS);
    let mut columns: Vec<Column> =
        varied.iter().take(MOST_AXES - METRICS).map(|param| of_param(variants, param)).collect();
    columns.extend(metrics.map(|metric| of_metric(variants, metric)));
    let title = merit::title(first);
    let chart = Parallel {
        title: "Every variant as a line",
        caption: &format!("the darker, the better its {title}"),
        shades: shades(variants, first),
        columns,
    };
    let alt =
        format!("Parallel coordinates: every variant\u{2019}s params and metrics; dark lines have the better {title}");
    Ok(Some(Plot::new("parallel", Look::Chart, alt, chart.draw()?)))
}

fn of_param(variants: &[Variant<'_>], param: &str) -> Column {
    let values = values_of(variants, param);
    let numbers: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
    if numbers.len() == values.len() {
        let spread = sweep::spread(&numbers);
        let axis = if numbers.len() <= 12 { Axis::at(&numbers, spread) } else { Axis::around(numbers, spread, 6) };
        let place = |variant: &Variant<'_>| variant.values.get(param).and_then(Value::as_f64).unwrap_or(f64::NAN);
        return Column { name: param.to_owned(), axis, values: variants.iter().map(place).collect() };
    }
    let mut axis = Axis::at(&(0..values.len()).map(|index| index as f64).collect::<Vec<_>>(), Spread::Linear);
    for (tick, value) in axis.ticks.iter_mut().zip(&values) {
        tick.1 = shell::plain(value);
    }
    let place = |variant: &Variant<'_>| {
        let own = variant.values.get(param);
        values.iter().position(|value| Some(*value) == own).map_or(f64::NAN, |index| index as f64)
    };
    Column { name: param.to_owned(), axis, values: variants.iter().map(place).collect() }
}

fn of_metric(variants: &[Variant<'_>], metric: &str) -> Column {
    let values: Vec<f64> = variants.iter().map(|variant| mean(variant, metric)).collect();
    let axis = Axis::around(values.iter().copied(), Spread::Linear, 6);
    Column { name: format!("{}{}", merit::title(metric), compare::arrow(variants, metric)), axis, values }
}

/// Where each variant stands between the worst (0) and the best (1); by rank, so that one bad run does not make all
/// others alike.
fn shades(variants: &[Variant<'_>], metric: &str) -> Vec<f64> {
    let sign = if compare::better(variants, metric) == Some(Better::Lower) { -1.0 } else { 1.0 };
    let values: Vec<f64> = variants.iter().map(|variant| sign * mean(variant, metric)).collect();
    let below = |value: f64| values.iter().filter(|other| **other < value).count() as f64;
    let most = values.iter().copied().map(below).fold(1.0, f64::max);
    values.iter().map(|&value| if value.is_finite() { below(value) / most } else { 0.0 }).collect()
}

/// How good variants are against what they cost: the numbers in their model, and the time they took.
pub fn fronts(overview: &Overview<'_>) -> Result<Vec<Plot>> {
    let Overview { page, ranked, key, .. } = overview;
    let accuracy = key.iter().find(|metric| merit::own(metric) == "test_accuracy");
    let directed = key.iter().find(|metric| compare::better(ranked, metric).is_some());
    let (Some(metric), true) = (accuracy.or(directed), ranked.len() > 2) else { return Ok(Vec::new()) };
    let Some(better) = compare::better(ranked, metric) else { return Ok(Vec::new()) };
    let has = |name: &&&str| merit::own(name) == "parameters";
    let parameters = key.iter().find(has).copied().or_else(|| {
        let all = ranked.iter().flat_map(|variant| &variant.runs).flat_map(|run| run.metrics.names());
        all.map(String::as_str).find(|name| merit::own(name) == "parameters")
    });
    let mut plots = Vec::new();
    if let Some(name) = parameters {
        let cost = ("parameters", "parameters of the model");
        plots.extend(front(ranked, &page.swept, (metric, better), cost, |variant| mean(variant, name))?);
    }
    let seconds = |variant: &Variant<'_>| overview.seconds(variant) / variant.runs.len().max(1) as f64;
    plots.extend(front(ranked, &page.swept, (metric, better), ("time", "seconds a run took"), seconds)?);
    Ok(plots)
}

/// Variants by a metric and what they cost, with the front of those that no other beats in both; `None` for fewer than
/// three, or when all cost the same. `name` and `label` are of the cost.
pub fn front(
    variants: &[Variant<'_>],
    swept: &[String],
    (metric, better): (&str, Better),
    (name, label): (&str, &str),
    cost: impl Fn(&Variant<'_>) -> f64,
) -> Result<Option<Plot>> {
    let word = |param: &&String| {
        let values = values_of(variants, param);
        values.len() <= MOST_AXES && values.iter().any(|value| !value.is_number())
    };
    let (colored, varied) = (swept.iter().find(word), variants::varied(variants, swept));
    let groups: Vec<&Value> = colored.map(|param| values_of(variants, param)).unwrap_or_default();
    let point = |variant: &Variant<'_>| {
        let group = colored.and_then(|param| variant.values.get(param));
        let group = groups.iter().position(|value| Some(*value) == group).unwrap_or(0);
        Point {
            name: variants::brief(&variant.values, &varied),
            cost: cost(variant),
            merit: mean(variant, metric),
            group,
        }
    };
    let finite = |point: &Point| point.cost.is_finite() && point.merit.is_finite();
    let points: Vec<Point> = variants.iter().map(point).filter(finite).collect();
    let differ = points.iter().any(|point| point.cost != points[0].cost);
    if points.len() < 3 || !differ {
        return Ok(None);
    }
    let title = merit::title(metric);
    let names: Vec<String> = groups.iter().map(|value| shell::plain(value)).collect();
    let chart = Front {
        title: &format!("{title} against {name}"),
        cost_label: label,
        merit_label: &format!("{title} {}", if better == Better::Lower { "↓" } else { "↑" }),
        lower: better == Better::Lower,
        groups: if names.len() > 1 { &names } else { &[] },
        points,
    };
    let alt = format!(
        "Scatter plot: {title} of every variant against {label}, with the front of those that no other beats in both"
    );
    Ok(Some(Plot::new(
        &format!("front-{}-{}", file_name(&name.replace(' ', "-")), file_name(metric)),
        Look::Chart,
        alt,
        chart.draw()?,
    )))
}

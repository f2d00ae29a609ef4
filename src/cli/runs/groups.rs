//! `pipeline runs --group-by`: how many distinct runs, and what came out of them on average.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::cli::args::TableFormat;
use crate::cli::output::{print, print_json};
use crate::cli::runs::{Request, csv, table, told_of_none, width};
use crate::cli::{Exit, Stop};
use crate::merit::key_metrics;
use crate::progress::remark;
use crate::run_log::filter::{Catalog, Field, FieldType, Kind, Sort};
use crate::run_log::{Figures, Group, RunLog, compare};
use crate::text;

/// How many metrics a table of groups has unless it is told which.
const METRICS: usize = 4;

/// Prints the groups that were asked for.
pub fn print_groups(log: &RunLog, request: &Request, by: &[Field], catalog: &Catalog, path: &Path) -> Result<(), Stop> {
    let measures = measures(request, by, catalog)?;
    let groups = log.groups(&request.filter, by, &measures)?;
    let filled = |measure: usize| groups.iter().filter(|group: &&Group| group.figures[measure].is_some()).count();
    let filled: Vec<usize> = (0..measures.len()).map(filled).collect();
    let chosen = request.columns.is_none().then_some((request.filter.sort.len(), METRICS));
    let (measures, mut groups) = only(&kept(&filled, groups.len(), chosen), &measures, groups);
    let order = |one: &Group, other: &Group| {
        let orders = request.filter.sort.iter().map(|sort| ordered(one, other, sort, by, &measures));
        orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    groups.sort_by(order);
    let (found, again) = (groups.len(), groups.iter().map(|group| group.again).sum());
    groups.truncate(request.limit.unwrap_or(usize::MAX));
    let left_out = found - groups.len();
    match request.args.format() {
        TableFormat::Json => print_json(&groups.iter().map(|group| object(group, by, &measures)).collect::<Vec<_>>()),
        TableFormat::Csv => print(&as_csv(&groups, by, &measures)),
        TableFormat::Table if groups.is_empty() => told_of_none(log, path),
        TableFormat::Table => {
            print(&as_table(&groups, by, &measures, width()).join("\n"))?;
            if again > 0 {
                remark(&format!(
                    "{} launched again with the same params and seed: each counts once",
                    text::count(again, "run")
                ));
            }
            if left_out > 0 {
                remark(&format!("and {}: --limit 0 lists all", text::count(left_out, "other group")));
            }
            Ok(())
        }
    }
}

/// What is averaged: the columns and what is sorted by, or the metrics that tell most.
fn measures(request: &Request, by: &[Field], catalog: &Catalog) -> Result<Vec<Field>, Stop> {
    let numeric = |field: &Field| field.types().contains(&FieldType::Number);
    let sorted = request.filter.sort.iter().map(|sort| &sort.field);
    let asked = request.columns.iter().flatten().chain(sorted).filter(|field| !by.contains(field));
    let mut measures: Vec<Field> = Vec::new();
    for field in asked {
        if !numeric(field) {
            let message = format!("`{}` has no numbers to average over a group", field.name());
            return Err(Stop::new(Exit::Usage, message).help("name metrics or params that are numbers"));
        }
        if !measures.contains(field) {
            measures.push(field.clone());
        }
    }
    if request.columns.is_none() {
        let names: BTreeSet<&str> = catalog.names(Kind::Metric).collect();
        let telling = key_metrics(&names, 2 * METRICS).into_iter().filter_map(|name| catalog.field(name));
        telling.for_each(|field| {
            if !measures.contains(&field) {
                measures.push(field)
            }
        });
    }
    Ok(measures)
}

/// Which measures are shown, when so many of the groups have numbers of each: none that no group has. Unless they were all
/// asked for, only the first few, the rest at most so many in all, those that few groups have after the others.
fn kept(filled: &[usize], groups: usize, chosen: Option<(usize, usize)>) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..filled.len()).filter(|measure| filled[*measure] > 0).collect();
    if let Some((asked, most)) = chosen {
        kept.sort_by_key(|measure| *measure >= asked && 2 * filled[*measure] < groups);
        kept.truncate(most);
    }
    kept
}

/// These measures alone.
fn only(kept: &[usize], measures: &[Field], mut groups: Vec<Group>) -> (Vec<Field>, Vec<Group>) {
    for group in &mut groups {
        group.figures = kept.iter().map(|index| group.figures[*index].clone()).collect();
    }
    (kept.iter().map(|index| measures[*index].clone()).collect(), groups)
}

/// By the value that the group has in common or by the mean of a measure; what is missing comes last.
fn ordered(one: &Group, other: &Group, sort: &Sort, by: &[Field], measures: &[Field]) -> Ordering {
    let value = |group: &Group| match by.iter().position(|field| *field == sort.field) {
        Some(place) => group.values[place].clone(),
        None => {
            let place = measures.iter().position(|field| *field == sort.field);
            let figures = place.and_then(|place| group.figures[place].as_ref());
            figures.map_or(Value::Null, |figures| figures.summary.mean.into())
        }
    };
    let (one, other) = (value(one), value(other));
    let order = compare(&one, &other);
    if sort.descending && !one.is_null() && !other.is_null() { order.reverse() } else { order }
}

fn object(group: &Group, by: &[Field], measures: &[Field]) -> Value {
    let values: Map<String, Value> =
        by.iter().zip(&group.values).map(|(field, value)| (field.label(), value.clone())).collect();
    let metric = |figures: &Figures| {
        let best = figures.best.as_ref().map(|(value, run)| json!({ "value": value, "run": run }));
        let summary = &figures.summary;
        json!({ "mean": summary.mean, "sd": summary.deviation, "count": summary.count, "best": best })
    };
    let metrics: Map<String, Value> = measures
        .iter()
        .zip(&group.figures)
        .filter_map(|(field, figures)| Some((field.label(), metric(figures.as_ref()?))))
        .collect();
    json!({ "group": values, "distinct_runs": group.distinct, "launched_again": group.again, "metrics": metrics })
}

fn as_csv(groups: &[Group], by: &[Field], measures: &[Field]) -> String {
    let mut header: Vec<String> = by.iter().map(|field| field.label()).collect();
    header.push("distinct_runs".to_owned());
    header.extend(
        measures.iter().flat_map(|field| {
            ["count", "mean", "sd", "best", "best_run"].map(|part| format!("{}.{part}", field.label()))
        }),
    );
    let row = |group: &Group| {
        let mut row: Vec<String> = group.values.iter().map(csv::cell).collect();
        row.push(group.distinct.to_string());
        row.extend(group.figures.iter().flat_map(|figures| {
            let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
            let summary = figures.as_ref().map(|figures| &figures.summary);
            let best = figures.as_ref().and_then(|figures| figures.best.clone());
            [
                summary.map_or(0, |summary| summary.count).to_string(),
                number(summary.map(|summary| summary.mean)),
                number(summary.and_then(|summary| summary.deviation)),
                number(best.as_ref().map(|(value, _)| *value)),
                best.map_or_else(String::new, |(_, run)| run),
            ]
        }));
        row
    };
    csv::written(std::iter::once(header).chain(groups.iter().map(row)))
}

/// A header and a line per group: as many measures as there is room for, then the best of the first one.
fn as_table(groups: &[Group], by: &[Field], measures: &[Field], width: usize) -> Vec<String> {
    let widest = |lines: &[String]| lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let shown = (1..=measures.len()).rev().map(|count| lines(groups, by, &measures[..count]));
    let mut shown = shown.skip_while(|lines| widest(lines) > width);
    shown.next().unwrap_or_else(|| lines(groups, by, &measures[..measures.len().min(1)]))
}

fn lines(groups: &[Group], by: &[Field], measures: &[Field]) -> Vec<String> {
    let best = |group: &Group| group.figures.first()?.as_ref()?.best.clone();
    let any_best = !measures.is_empty() && groups.iter().any(|group| best(group).is_some());
    let mut header: Vec<String> = by.iter().map(|field| text::stacked(&field.label())).collect();
    header.push("distinct\nruns".to_owned());
    header.extend(measures.iter().map(|field| text::stacked(&field.label())));
    if any_best {
        let own = measures[0].name().rsplit('.').next().unwrap_or_default();
        header.extend([format!("best\n{own}"), "of run".to_owned()]);
    }
    let row = |group: &Group| {
        let mut row: Vec<String> =
            group.values.iter().map(|value| table::cell(Some(value).filter(|v| !v.is_null()))).collect();
        row.push(group.distinct.to_string());
        row.extend(
            group.figures[..measures.len()].iter().map(|figures| figures.as_ref().map_or_else(String::new, told)),
        );
        if any_best {
            let (value, run) = best(group).map_or_else(Default::default, |(value, run)| (text::number(value), run));
            row.extend([value, run]);
        }
        row
    };
    text::table(&header, &groups.iter().map(row).collect::<Vec<_>>())
}

/// Mean ± standard deviation; a single run has none.
fn told(figures: &Figures) -> String {
    let mean = text::number(figures.summary.mean);
    figures.summary.deviation.map_or_else(|| mean.clone(), |deviation| format!("{mean} ± {}", text::number(deviation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_few_groups_have_waits_unless_it_was_asked_for() {
        // Of eight groups only one has the first two, and none the fourth.
        let filled = [1, 1, 8, 0, 5];
        assert_eq!(kept(&filled, 8, Some((0, 3))), [2, 4, 0]);
        assert_eq!(kept(&filled, 8, Some((1, 3))), [0, 2, 4]);
        assert_eq!(kept(&filled, 8, None), [0, 1, 2, 4]);
    }
}

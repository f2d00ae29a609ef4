//! A metric against two swept params at once. Knows no HTML.

use serde_json::Value;

use crate::compare::{self, Variant};
use crate::merit::{self, Better};
use crate::report::Result;
use crate::report::draw::heat_map::{self, HeatMap};
use crate::report::figures::file_name;
use crate::report::page::shell;
use crate::report::page::sweep::Plot;
use crate::report::page::variants::values_of;
use crate::report::section::Look;
use crate::statistics::Summary;

/// Values of a param that still give readable cells.
const MOST: usize = 16;

/// A heat map of the metric for every pair of swept params with several values each: the mean over everything else.
pub fn maps(variants: &[Variant<'_>], swept: &[String], metric: &str) -> Result<Vec<Plot>> {
    let several = |param: &&String| (2..=MOST).contains(&values_of(variants, param).len());
    let params: Vec<&String> = swept.iter().filter(several).collect();
    let mut maps = Vec::new();
    for (index, down) in params.iter().enumerate() {
        for across in &params[index + 1..] {
            maps.extend(map(variants, down, across, metric)?);
        }
    }
    Ok(maps)
}

fn map(variants: &[Variant<'_>], down: &str, across: &str, metric: &str) -> Result<Option<Plot>> {
    let (rows, columns) = (values_of(variants, down), values_of(variants, across));
    let mean = |row: &Value, column: &Value| {
        let at = |variant: &&Variant<'_>| {
            variant.values.get(down) == Some(row) && variant.values.get(across) == Some(column)
        };
        let all: Vec<f64> =
            variants.iter().filter(at).flat_map(|variant| variant.by_seed(metric).into_values()).collect();
        Summary::of(&all).map_or(f64::NAN, |summary| summary.mean)
    };
    let values: Vec<Vec<f64>> =
        rows.iter().map(|row| columns.iter().map(|column| mean(row, column)).collect()).collect();
    if values.iter().flatten().filter(|value| value.is_finite()).count() < 2 {
        return Ok(None);
    }
    let title = merit::title(metric);
    let names = |values: &[&Value]| values.iter().map(|value| shell::plain(value)).collect();
    let map = HeatMap {
        title: &format!("{title}{}", compare::arrow(variants, metric)),
        row_label: down,
        column_label: across,
        rows: names(&rows),
        columns: names(&columns),
        cells: heat_map::values(&values, compare::better(variants, metric) == Some(Better::Lower)),
    };
    let alt = format!("Heat map: mean {title} by {down} and {across}");
    let name = format!("map-{}-{}-{}", file_name(metric), file_name(down), file_name(across));
    Ok(Some(Plot::new(&name, Look::Picture, alt, map.draw()?)))
}

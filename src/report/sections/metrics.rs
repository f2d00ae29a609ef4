//! Every number that any stage reported.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::figures::Material;
use crate::report::section::{Section, Table};
use crate::report::{Result, number};

/// `metrics.json`; JSON has no NaN, it is `null` there.
#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    metrics: BTreeMap<String, Option<f64>>,
    #[serde(default)]
    series: BTreeMap<String, Vec<Option<f64>>>,
    #[serde(default)]
    warnings: Vec<String>,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut section = Section { id: "metrics".into(), title: "All metrics".into(), ..Section::default() };
    let (mut single, mut series, mut curves) = (Vec::new(), Vec::new(), Vec::new());
    for source in material.of(ArtifactType::Metrics) {
        let outcome: Outcome = source.json("metrics.json")?;
        for warning in &outcome.warnings {
            section.warn(format!("{}: {warning}", source.stage));
        }
        let line = |(name, value): (&String, &Option<f64>)| {
            vec![source.stage.clone(), name.clone(), number::short(value.unwrap_or(f64::NAN))]
        };
        single.extend(outcome.metrics.iter().map(line));
        for (name, values) in outcome.series {
            let values: Vec<Option<f64>> = values.into_iter().map(|value| value.filter(|v| v.is_finite())).collect();
            let known = || values.iter().flatten().copied();
            let cell = |value: Option<f64>| value.map_or("–".into(), number::short);
            let (first, last) = (values.first().copied().flatten(), values.last().copied().flatten());
            let (low, high) = (known().reduce(f64::min), known().reduce(f64::max));
            let figures = [first, last, low, high].map(cell);
            series.push([vec![source.stage.clone(), name, number::count(values.len())], figures.to_vec()].concat());
            curves.push(values);
        }
    }
    if single.is_empty() && series.is_empty() && section.notes.is_empty() {
        return Ok(Vec::new());
    }
    section.tables.push(Table::new("", &["stage", "metric", "value"], single));
    if !series.is_empty() {
        let header = ["stage", "series", "points", "first", "last", "lowest", "highest"];
        section.tables.push(Table { curves, ..Table::new("Series", &header, series) });
    }
    Ok(vec![section])
}

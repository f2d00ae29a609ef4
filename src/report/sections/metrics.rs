//! Every series of numbers that any stage reported.

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
    series: BTreeMap<String, Vec<Option<f64>>>,
}

/// A series that a stage reported; NaN where it has no number.
pub fn series(material: &Material<'_>, stage: &str, name: &str) -> Result<Option<Vec<f64>>> {
    for source in material.of(ArtifactType::Metrics).into_iter().filter(|source| source.stage == stage) {
        if let Some(values) = source.json::<Outcome>("metrics.json")?.series.remove(name) {
            return Ok(Some(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()));
        }
    }
    Ok(None)
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut all = Vec::new();
    for source in material.of(ArtifactType::Metrics) {
        let series = source.json::<Outcome>("metrics.json")?.series;
        all.extend(series.into_iter().map(|(name, values)| (source.stage.clone(), name, values)));
    }
    if all.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Section { id: "series".into(), title: "Series".into(), tables: vec![table(all)], ..Section::default() }])
}

/// A row with a small curve for each series: stage, name, values.
pub fn table(series: Vec<(String, String, Vec<Option<f64>>)>) -> Table {
    let (mut rows, mut curves) = (Vec::new(), Vec::new());
    for (stage, name, values) in series {
        let values: Vec<Option<f64>> = values.into_iter().map(|value| value.filter(|v| v.is_finite())).collect();
        let known = || values.iter().flatten().copied();
        let (first, last) = (values.first().copied().flatten(), values.last().copied().flatten());
        let (low, high) = (known().reduce(f64::min), known().reduce(f64::max));
        let figures = [first, last, low, high].map(|value| value.map_or("–".into(), number::short));
        rows.push([vec![stage, name, number::count(values.len())], figures.to_vec()].concat());
        curves.push(values);
    }
    let header = ["stage", "series", "points", "first", "last", "lowest", "highest"];
    Table { curves, ..Table::new("", &header, rows) }
}

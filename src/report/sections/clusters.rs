//! Clusters of codes against the classes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::draw::heat_map::{self, HeatMap, MOST_ROWS};
use crate::report::figures::Material;
use crate::report::section::{Look, Section, Table};
use crate::report::sections::{metrics_by_name, sentence};
use crate::report::source::{Csv, Source};
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Clusters {
    k: usize,
    split: String,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default, deserialize_with = "metrics_by_name")]
    metrics: BTreeMap<String, f64>,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    material.of(ArtifactType::Clusters).into_iter().map(|source| section(material, source)).collect()
}

fn section(material: &Material<'_>, source: &Source) -> Result<Section> {
    let stage = &source.stage;
    let clusters: Clusters = source.json("clusters.json")?;
    let csv = source.csv("table.csv")?;
    let metrics = sentence(&clusters.metrics);
    let mut section = Section {
        id: format!("clusters-{stage}"),
        title: material.title("Clusters", source),
        stage: stage.clone(),
        caption: format!("{} clusters of the codes of the {} split{metrics}.", clusters.k, clusters.split),
        ..Section::default()
    };
    if (1..=MOST_ROWS).contains(&clusters.classes.len()) && (1..=MOST_ROWS).contains(&csv.rows.len()) {
        let map = HeatMap {
            title: "Classes in every cluster",
            row_label: "cluster",
            column_label: "class",
            rows: csv.rows.iter().map(|row| row.first().cloned().unwrap_or_default()).collect(),
            columns: csv.header.iter().skip(2).cloned().collect(),
            cells: heat_map::counts(&per_class(&csv), false),
        };
        let alt = format!("Heat map: how many samples of each class are in each of {} clusters", clusters.k);
        section.figures.push(material.figure(&format!("clusters-{stage}"), Look::Picture, alt, &map.draw()?)?);
    }
    section.tables.push(table(material, source, &csv)?);
    Ok(section)
}

/// Counts without the cluster's name and size.
fn per_class(csv: &Csv) -> Vec<Vec<f64>> {
    csv.counts().into_iter().map(|row| row.into_iter().skip(1).collect()).collect()
}

fn table(material: &Material<'_>, source: &Source, csv: &Csv) -> Result<Table> {
    let rows: Vec<Vec<String>> = csv
        .rows
        .iter()
        .zip(per_class(csv))
        .map(|(row, counts)| {
            let most = counts.iter().copied().fold(0.0, f64::max);
            let class = counts.iter().position(|&count| count == most).filter(|_| most > 0.0);
            let name = class.and_then(|class| csv.header.get(class + 2)).cloned().unwrap_or_default();
            let cell = |index: usize| row.get(index).cloned().unwrap_or_default();
            let size = cell(1).parse().map_or(cell(1), number::grouped);
            vec![cell(0), size, name, number::percent(most / counts.iter().sum::<f64>())]
        })
        .collect();
    let file = material.table_file(&format!("clusters-{}", source.stage), source.path("table.csv")?)?;
    let header = ["cluster", "size", "most frequent class", "its share (purity)"];
    let (csv_file, folded) = (Some(file), rows.len() > MOST_ROWS);
    Ok(Table { csv: csv_file, folded, ..Table::new("Every cluster", &header, rows) })
}

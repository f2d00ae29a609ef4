//! What stands out by its reconstruction error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::artifact::ArtifactType;
use crate::merit::readable;
use crate::report::Result;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::histogram::{Group, Histogram};
use crate::report::draw::lines::{Line, LineChart};
use crate::report::draw::palette::{ACCENT, MUTED, WRONG};
use crate::report::draw::pictures::{self, Images, Look, Row};
use crate::report::figures::Material;
use crate::report::number;
use crate::report::section::{Figure, Look as FigureLook, Section, Table};
use crate::report::sections::{maybe_nan, metrics_by_name};
use crate::report::source::Source;

#[derive(Deserialize)]
struct Anomaly {
    #[serde(deserialize_with = "maybe_nan")]
    threshold: f64,
    #[serde(default)]
    quantile: Option<f64>,
    #[serde(default)]
    threshold_from: Option<String>,
    #[serde(default)]
    anomalies: Value,
    #[serde(default, deserialize_with = "metrics_by_name")]
    metrics: BTreeMap<String, f64>,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    material.of(ArtifactType::Anomaly).into_iter().map(|source| section(material, source)).collect()
}

fn section(material: &Material<'_>, source: &Source) -> Result<Section> {
    let stage = &source.stage;
    let anomaly: Anomaly = source.json("anomaly.json")?;
    let mut section = Section {
        id: format!("anomaly-{stage}"),
        title: material.title("Anomalies", source),
        stage: stage.clone(),
        caption: caption(&anomaly),
        ..Section::default()
    };
    section.figures.push(scores(material, source, &anomaly)?);
    section.figures.extend(roc(material, source, &anomaly)?);
    let images = source.optional_array::<f32>("samples.npy")?;
    if let Some(images) = images.and_then(|images| Images::take(&images, material.options.samples)) {
        let row = Row { label: "highest score first", images: &images, look: Look::Picture };
        let png = pictures::strips("Highest-scoring images", &[row], &[], None)?;
        let alt = format!("The {} test images with the highest anomaly scores", images.pixels.len());
        section.figures.push(material.figure(&format!("anomalies-{stage}"), FigureLook::Picture, alt, &png)?);
    }
    let rows = anomaly.metrics.iter().map(|(name, value)| vec![readable(name), number::short(*value)]).collect();
    section.tables.push(Table::new("", &["metric", "value"], rows));
    Ok(section)
}

fn caption(anomaly: &Anomaly) -> String {
    let what = match &anomaly.anomalies {
        Value::Null => String::new(),
        Value::String(text) => format!(" What counts as anomalous: {}.", damage(text)),
        Value::Array(items) => {
            let names: Vec<String> =
                items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned)).collect();
            format!(" What counts as anomalous: {}.", names.join(", "))
        }
        other => format!(" What counts as anomalous: {other}."),
    };
    let quantile = anomaly.quantile.map_or(String::new(), |quantile| {
        let split = anomaly.threshold_from.as_deref().unwrap_or("validation");
        format!(", above which lie {} of the {split} split's scores", number::percent(1.0 - quantile))
    });
    format!(
        "The score of an image is its reconstruction error; above the threshold {}{quantile}, it is called \
         anomalous.{what}",
        number::short(anomaly.threshold)
    )
}

/// What was done to the copies of test images that are to be told from the test images.
fn damage(how: &str) -> &str {
    match how {
        "patched" => "copies of the test images with a square of another image put in (`patched`)",
        "shuffled" => "copies of the test images with their pixels in random order (`shuffled`)",
        "inverted" => "copies of the test images with bright and dark exchanged (`inverted`)",
        other => other,
    }
}

fn scores(material: &Material<'_>, source: &Source, anomaly: &Anomaly) -> Result<Figure> {
    let scores = source.array::<f32>("scores.npy")?;
    let truth = source.optional_array::<u8>("truth.npy")?;
    let of = |wanted: u8| -> Vec<f64> {
        let is = |row: usize| truth.as_ref().and_then(|truth| truth.values().get(row)).copied().unwrap_or(0) == wanted;
        scores.values().iter().enumerate().filter(|(row, _)| is(*row)).map(|(_, &score)| f64::from(score)).collect()
    };
    let mut groups = vec![Group { name: "normal".into(), color: ACCENT, values: of(0) }];
    let anomalous = of(1);
    if !anomalous.is_empty() {
        groups.push(Group { name: "anomalous".into(), color: WRONG, values: anomalous });
    }
    let histogram = Histogram {
        title: "Anomaly scores",
        x_label: "reconstruction error",
        y_label: if groups.len() > 1 { "share of the group" } else { "images" },
        shares: groups.len() > 1,
        groups,
        threshold: Some((anomaly.threshold, "threshold".into())),
    };
    let alt = format!("Histogram of anomaly scores with the threshold at {}", number::short(anomaly.threshold));
    material.figure(&format!("scores-{}", source.stage), FigureLook::Chart, alt, &histogram.draw()?)
}

fn roc(material: &Material<'_>, source: &Source, anomaly: &Anomaly) -> Result<Option<Figure>> {
    if !source.has("roc.csv") {
        return Ok(None);
    }
    let csv = source.csv("roc.csv")?;
    let (Some(x), Some(y)) = (csv.column("false_positive_rate"), csv.column("true_positive_rate")) else {
        return Ok(None);
    };
    let auroc = anomaly.metrics.get("auroc").map_or(String::new(), |area| format!(", AUROC {}", number::short(*area)));
    let title = format!("ROC curve{auroc}");
    let unit = || Axis::around([0.0, 1.0], Spread::Linear, 5);
    let chance = Line { dashed: true, ..Line::new("chance", MUTED, vec![(0.0, 0.0), (1.0, 1.0)]) };
    let chart = LineChart {
        title: &title,
        x_label: "false positive rate",
        y_label: "true positive rate",
        x: unit(),
        y: unit(),
        lines: vec![Line::new("score", ACCENT, x.into_iter().zip(y).collect()), chance],
        levels: Vec::new(),
        height: 330.0,
    };
    let alt = format!("Line chart: true positive rate against false positive rate{auroc}");
    material.figure(&format!("roc-{}", source.stage), FigureLook::Chart, alt, &chart.draw()?).map(Some)
}

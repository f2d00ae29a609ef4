//! What a variational autoencoder's training traded: the bound and its two parts over epochs, and how much each dimension
//! of the code says.

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::draw::bars::{Bar, Bars};
use crate::report::draw::palette;
use crate::report::figures::Material;
use crate::report::section::{Figure, Look, Section};
use crate::report::sections::metrics::series;
use crate::report::sections::training::curves;
use crate::report::source::{Csv, Source};
use crate::report::{Result, number};

/// The file that only models which draw their codes have.
const DIVERGENCE: &str = "divergence.csv";
/// Dimensions in a chart.
const MOST_BARS: usize = 32;

#[derive(Deserialize)]
struct Model {
    #[serde(default)]
    beta: Option<f64>,
}

/// One dimension of the code.
struct Dimension {
    index: String,
    nats: f64,
    active: bool,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let models = material.of(ArtifactType::Model).into_iter().filter(|source| source.has(DIVERGENCE));
    models.map(|source| section(material, source)).collect()
}

fn section(material: &Material<'_>, source: &Source) -> Result<Section> {
    let stage = &source.stage;
    let model: Model = source.json("model.json")?;
    let dimensions = dimensions(&source.csv(DIVERGENCE)?);
    let mut section = Section {
        id: format!("variational-{stage}"),
        title: material.title("Variational bound", source),
        stage: stage.clone(),
        caption: caption(&model, &dimensions),
        ..Section::default()
    };
    for (what, name, unit) in [
        ("ELBO", "elbo", "nats an image"),
        ("reconstruction loss", "reconstruction", "summed over an image"),
        ("divergence of the codes", "divergence", "nats an image"),
    ] {
        let columns = [format!("train_{name}"), format!("val_{name}")];
        let columns = [columns[0].as_str(), columns[1].as_str()];
        if let Some(history) = history(material, stage, &columns)? {
            section.figures.extend(curves(material, source, &history, what, &columns, unit)?);
        }
    }
    section.figures.push(bars(material, stage, dimensions)?);
    Ok(section)
}

/// In the order of the file.
fn dimensions(csv: &Csv) -> Vec<Dimension> {
    let column = |name: &str| csv.header.iter().position(|header| header == name);
    let cell = |row: &[String], name: &str| column(name).and_then(|at| row.get(at)).cloned().unwrap_or_default();
    let dimension = |row: &Vec<String>| Dimension {
        index: cell(row, "dimension"),
        nats: cell(row, "nats").parse().unwrap_or(f64::NAN),
        active: cell(row, "active") == "true",
    };
    csv.rows.iter().map(dimension).collect()
}

fn caption(model: &Model, dimensions: &[Dimension]) -> String {
    let active = dimensions.iter().filter(|dimension| dimension.active).count();
    let beta = model
        .beta
        .map_or(String::new(), |beta| format!(" Training weighed the divergence {} fold.", number::short(beta)));
    format!(
        "The evidence lower bound (ELBO) is minus the reconstruction loss minus the codes' divergence from the standard normal \
         distribution.{beta} {active} of {} dimensions of the code are active: they differ by 0.01 nats or more, the others \
         say nothing of an image.",
        dimensions.len()
    )
}

/// Series of a stage as a history.
fn history(material: &Material<'_>, stage: &str, names: &[&str]) -> Result<Option<Csv>> {
    let cell = |value: Option<&f64>| value.map_or(String::new(), f64::to_string);
    let mut columns = Vec::new();
    for name in names {
        columns.extend(series(material, stage, name)?.map(|values| ((*name).to_owned(), values)));
    }
    let epochs = columns.iter().map(|(_, values)| values.len()).max();
    Ok(epochs.map(|epochs| Csv {
        header: columns.iter().map(|(name, _)| name.clone()).collect(),
        rows: (0..epochs).map(|epoch| columns.iter().map(|(_, values)| cell(values.get(epoch))).collect()).collect(),
    }))
}

fn bars(material: &Material<'_>, stage: &str, mut dimensions: Vec<Dimension>) -> Result<Figure> {
    let all = dimensions.len();
    dimensions.sort_by(|a, b| b.nats.total_cmp(&a.nats));
    dimensions.truncate(MOST_BARS);
    let bar = |dimension: &Dimension| Bar {
        label: format!("dimension {}", dimension.index),
        value: dimension.nats,
        text: number::short(dimension.nats),
        color: if dimension.active { palette::ACCENT } else { palette::MUTED },
    };
    let shown = dimensions.len();
    let gray = if dimensions.iter().all(|dimension| dimension.active) { "" } else { " (gray: not active)" };
    let title = match all - shown {
        0 => format!("Nats in each dimension{gray}"),
        _ => format!("Nats in the {shown} largest of {all} dimensions{gray}"),
    };
    let chart = Bars { title: &title, bars: dimensions.iter().map(bar).collect(), full: None };
    let alt = format!("Bar chart: divergence of {shown} of {all} dimensions of the code of {stage} in nats");
    material.figure(&format!("divergence-of-dimensions-{stage}"), Look::Chart, alt, &chart.draw()?)
}

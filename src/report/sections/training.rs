//! How the autoencoders learned: losses over epochs.

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::merit::readable;
use crate::report::Result;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::lines::{Line, LineChart};
use crate::report::draw::palette;
use crate::report::figures::Material;
use crate::report::number;
use crate::report::section::{Figure, Look, Section, Table};
use crate::report::source::{Csv, Source};

#[derive(Deserialize)]
struct Model {
    #[serde(default)]
    loss: Option<String>,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    for source in material.of(ArtifactType::Model) {
        let model: Model = source.json("model.json")?;
        let history = source.csv("history.csv")?;
        let unit = model.loss.as_deref().map_or("loss".into(), |loss| format!("loss ({})", readable(loss)));
        let mut section = Section {
            id: format!("training-{}", source.stage),
            title: material.title("Training", source),
            stage: source.stage.clone(),
            caption: last_values(&history),
            ..Section::default()
        };
        section.figures.extend(curves(material, source, &history, "loss", &["train_loss", "val_loss"], &unit)?);
        section.figures.extend(curves(material, source, &history, "validation MSE", &["val_mse"], "MSE")?);
        section.tables.push(epochs(material, source, &history)?);
        sections.push(section);
    }
    Ok(sections)
}

/// "After 10 epochs: training loss 0.0912, validation loss 0.0934."
pub fn last_values(history: &Csv) -> String {
    let values: Vec<String> = history
        .header
        .iter()
        .filter(|name| *name != "epoch")
        .filter_map(|name| {
            let last = *history.column(name)?.last()?;
            Some(format!("{} {}", readable(name), number::short(last)))
        })
        .collect();
    match history.rows.len() {
        0 => "No epoch was finished.".into(),
        1 => format!("After 1 epoch: {}.", values.join(", ")),
        n => format!("After {n} epochs: {}.", values.join(", ")),
    }
}

/// A chart of some columns over epochs; `None` when the history has none of them.
pub fn curves(
    material: &Material<'_>,
    source: &Source,
    history: &Csv,
    what: &str,
    columns: &[&str],
    unit: &str,
) -> Result<Option<Figure>> {
    let epochs = history.column("epoch").unwrap_or_else(|| (1..=history.rows.len()).map(|i| i as f64).collect());
    let lines = lines(history, columns, &epochs);
    if lines.is_empty() {
        return Ok(None);
    }
    let values: Vec<f64> =
        lines.iter().flat_map(|line| &line.points).map(|point| point.1).filter(|value| value.is_finite()).collect();
    let (low, high) = values.iter().fold((f64::INFINITY, 0f64), |(low, high), &v| (low.min(v), high.max(v)));
    let spread = if low > 0.0 && high / low > 30.0 { Spread::Log10 } else { Spread::Linear };
    let (first, last) = (epochs.first().copied().unwrap_or(0.0), epochs.last().copied().unwrap_or(1.0));
    let title = format!("{}{} per epoch", what[..1].to_uppercase(), &what[1..]);
    let chart = LineChart {
        title: &title,
        x_label: "epoch",
        y_label: if spread == Spread::Log10 { &format!("{unit}, logarithmic") } else { unit },
        x: if first < last { Axis::whole(first, last, 8) } else { Axis::at(&epochs, Spread::Linear) },
        y: Axis::around(values, spread, 5),
        lines,
        levels: Vec::new(),
        height: 330.0,
    };
    let names: Vec<String> = columns.iter().map(|column| readable(column)).collect();
    let alt = format!("Line chart: {} of {} over {} epochs", names.join(" and "), source.stage, epochs.len());
    let name = format!("{}-{}", what.replace(' ', "-"), source.stage);
    material.figure(&name, Look::Chart, alt, &chart.draw()?).map(Some)
}

/// A line over the epochs for each column that holds a finite number.
fn lines(history: &Csv, columns: &[&str], epochs: &[f64]) -> Vec<Line> {
    let known = columns.iter().filter_map(|column| Some((column, history.column(column)?)));
    let finite = known.filter(|(_, values)| values.iter().any(|value| value.is_finite()));
    let line = |(index, (column, values)): (usize, (&&str, Vec<f64>))| {
        let points = epochs.iter().copied().zip(values).collect();
        Line::new(readable(column), palette::series(index), points)
    };
    finite.enumerate().map(line).collect()
}

/// All epochs as a folded table.
pub fn epochs(material: &Material<'_>, source: &Source, history: &Csv) -> Result<Table> {
    let cell = |(column, cell): (usize, &String)| match cell.parse::<f64>() {
        Ok(value) if column > 0 => number::short(value),
        _ => cell.clone(),
    };
    let rows = history.rows.iter().map(|row| row.iter().enumerate().map(cell).collect()).collect();
    let csv = material.table_file(&format!("history-{}", source.stage), source.path("history.csv")?)?;
    let header = history.header.iter().map(|name| readable(name)).collect();
    let total = history.rows.len();
    Ok(Table { title: "Every epoch".into(), header, rows, csv: Some(csv), total, folded: true, ..Table::default() })
}

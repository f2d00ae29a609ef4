//! Random test images with the probabilities they were given, and the log of every prediction.

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::metric::confusion::argmax;
use crate::report::draw::pictures::Images;
use crate::report::draw::probabilities::{self, Prediction};
use crate::report::figures::Material;
use crate::report::section::{Look, Section, Table};
use crate::report::source::{Csv, Source};
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Predictions {
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    samples: Vec<usize>,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    material.of(ArtifactType::Predictions).into_iter().map(|source| section(material, source)).collect()
}

fn section(material: &Material<'_>, source: &Source) -> Result<Section> {
    let stage = &source.stage;
    let what: Predictions = source.json("predictions.json")?;
    let log = source.csv("predictions.csv")?;
    let mut section = Section {
        id: format!("predictions-{stage}"),
        title: material.title("Predictions", source),
        stage: stage.clone(),
        caption: caption(&log),
        ..Section::default()
    };
    let images = source.optional_array::<f32>("samples.npy")?;
    let images = images.and_then(|images| Images::take(&images, material.options.samples));
    let predictions = chosen(source, &what, material.options.samples)?;
    // Two figures of half the samples stand side by side on a wide screen.
    let half = predictions.len().div_ceil(2).max(1);
    for (place, some) in predictions.chunks(half).enumerate() {
        let images = images.as_ref().map(|images| images.part(place * half, half));
        let title = if place == 0 { "Random test images" } else { "and more of them" };
        let png = probabilities::draw(title, images.as_ref(), some, &what.classes)?;
        let alt = format!("{} random test images, each with the probability of every class as bars", some.len());
        section.figures.push(material.figure(
            &format!("predictions-{stage}-{}", place + 1),
            Look::Picture,
            alt,
            &png,
        )?);
    }
    section.tables.push(log_table(material, source, &log)?);
    Ok(section)
}

fn caption(log: &Csv) -> String {
    let column = log.header.iter().position(|name| name == "correct");
    let right = column.map(|column| {
        let is_right = |row: &&Vec<String>| row.get(column).is_some_and(|cell| matches!(cell.as_str(), "1" | "true"));
        log.rows.iter().filter(is_right).count()
    });
    let total = number::count(log.rows.len());
    match right {
        Some(right) => format!("{} of {total} test samples are classified right.", number::count(right)),
        None => format!("{total} test samples."),
    }
}

fn chosen(source: &Source, what: &Predictions, most: usize) -> Result<Vec<Prediction>> {
    let log = source.csv("predictions.csv")?;
    let all = source.array::<f32>("probabilities.npy")?;
    let mut chosen = Vec::new();
    for &index in what.samples.iter().filter(|&&index| index < all.len()).take(most) {
        let given: Vec<f64> = all.row(index).iter().map(|&value| f64::from(value)).collect();
        let predicted = argmax(all.row(index));
        let label = named(&log, index, &what.classes);
        chosen.push(Prediction { index, probabilities: given, predicted, label });
    }
    Ok(chosen)
}

/// The class whose name stands in the log.
fn named(log: &Csv, index: usize, classes: &[String]) -> Option<usize> {
    let column = log.header.iter().position(|name| name == "label")?;
    let name = log.rows.get(index)?.get(column)?;
    classes.iter().position(|class| class == name)
}

fn log_table(material: &Material<'_>, source: &Source, log: &Csv) -> Result<Table> {
    let csv = material.table_file(&format!("predictions-{}", source.stage), source.path("predictions.csv")?)?;
    let short = |cell: &String| match cell.parse::<f64>() {
        Ok(value) if cell.contains(['.', 'e']) => number::short(value),
        _ => cell.clone(),
    };
    let rows = log.rows.iter().take(material.options.rows).map(|row| row.iter().map(short).collect()).collect();
    Ok(Table {
        title: "Inference log".into(),
        header: log.header.clone(),
        rows,
        csv: Some(csv),
        total: log.rows.len(),
        folded: true,
        ..Table::default()
    })
}

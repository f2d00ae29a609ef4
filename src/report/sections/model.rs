//! Layers of every model, with their output shapes and parameters.

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::figures::Material;
use crate::report::section::{Section, Table};
use crate::report::sections::product;
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Model {
    input: Vec<usize>,
    #[serde(default)]
    layers: Vec<Layer>,
    #[serde(default)]
    parameters: usize,
    #[serde(default)]
    latent_dim: Option<usize>,
    #[serde(default)]
    on: Option<String>,
}

#[derive(Deserialize)]
struct Layer {
    part: String,
    layer: String,
    output: Vec<usize>,
    parameters: usize,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    for source in material.of(ArtifactType::Model) {
        let model: Model = source.json("model.json")?;
        sections.push(section(&source.stage, &model, material.title("Autoencoder layers", source)));
    }
    for source in material.of(ArtifactType::Classifier) {
        let model: Model = source.json("model.json")?;
        sections.push(section(&source.stage, &model, material.title("Classifier layers", source)));
    }
    Ok(sections)
}

fn section(stage: &str, model: &Model, title: String) -> Section {
    let mut caption =
        format!("Input {}; {} trainable parameters.", product(&model.input), number::count(model.parameters));
    if let Some(latent) = model.latent_dim {
        caption += &format!(" The code has {} numbers.", number::count(latent));
    }
    if let Some(on) = &model.on {
        caption += &format!(" Trained on {on}.");
    }
    Section {
        id: format!("layers-{stage}"),
        title,
        stage: stage.to_owned(),
        caption,
        tables: vec![layer_table(model)],
        ..Section::default()
    }
}

/// Layers in order; each part ends with its total when there is more than one part.
fn layer_table(model: &Model) -> Table {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let parts = model.layers.chunk_by(|a, b| a.part == b.part);
    let several = parts.clone().count() > 1;
    for part in parts {
        let line = |layer: &Layer| {
            let cells = [&layer.part, &layer.layer, &product(&layer.output), &number::count(layer.parameters)];
            cells.map(String::clone).to_vec()
        };
        rows.extend(part.iter().map(line));
        if several {
            let sum: usize = part.iter().map(|layer| layer.parameters).sum();
            rows.push(vec![format!("{} total", part[0].part), String::new(), String::new(), number::count(sum)]);
        }
    }
    let sum = model.layers.iter().map(|layer| layer.parameters).sum();
    rows.push(vec!["total".into(), String::new(), String::new(), number::count(sum)]);
    Table::new("", &["part", "layer", "output shape", "parameters"], rows)
}

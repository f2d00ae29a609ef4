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
    let mut section = Section { id: "layers".into(), title: "Layers".into(), ..Section::default() };
    for (artifact_type, what) in [(ArtifactType::Model, "Autoencoder"), (ArtifactType::Classifier, "Classifier")] {
        for source in material.of(artifact_type) {
            let model: Model = source.json("model.json")?;
            section.remark(summary(&source.stage, &model));
            section.tables.push(Table { title: material.title(what, source), ..layer_table(&model) });
        }
    }
    Ok(if section.tables.is_empty() { Vec::new() } else { vec![section] })
}

fn summary(stage: &str, model: &Model) -> String {
    let (input, parameters) = (shape(&model.input), number::count(model.parameters));
    let mut text = format!("`{stage}`: input {input}; {parameters} trainable parameters.");
    if let Some(latent) = model.latent_dim {
        text += &format!(" The code has {} numbers.", number::count(latent));
    }
    if let Some(on) = &model.on {
        text += &format!(" Trained on {on}.");
    }
    text
}

/// A row of features is as long as it is; images are height, width and channels.
fn shape(axes: &[usize]) -> String {
    match axes {
        [1, 1, features] => number::count(*features),
        _ => product(axes),
    }
}

/// Whether a layer changes nothing: an option that is not taken.
fn is_idle(layer: &Layer) -> bool {
    ["identity", "dropout 0"].contains(&layer.layer.as_str())
}

/// Layers in order, but those that do nothing; each part ends with its total when there is more than one part.
fn layer_table(model: &Model) -> Table {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let parts = model.layers.chunk_by(|a, b| a.part == b.part);
    let several = parts.clone().count() > 1;
    for part in parts {
        let line = |layer: &Layer| {
            let cells = [&layer.part, &layer.layer, &shape(&layer.output), &number::count(layer.parameters)];
            cells.map(String::clone).to_vec()
        };
        rows.extend(part.iter().filter(|layer| !is_idle(layer)).map(line));
        if several {
            let sum: usize = part.iter().map(|layer| layer.parameters).sum();
            rows.push(vec![format!("{} total", part[0].part), String::new(), String::new(), number::count(sum)]);
        }
    }
    let sum = model.layers.iter().map(|layer| layer.parameters).sum();
    rows.push(vec!["total".into(), String::new(), String::new(), number::count(sum)]);
    Table::new("", &["part", "layer", "output shape", "parameters"], rows)
}

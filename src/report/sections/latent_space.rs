//! Codes in the plane, by PCA and t-SNE, colored by class.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::draw::scatter::Scatter;
use crate::report::figures::Material;
use crate::report::section::{Look, Section};
use crate::report::sections::{metrics_by_name, sentence};
use crate::report::source::Source;
use crate::report::{Result, number};

/// What `embedding.json` says.
#[derive(Deserialize)]
pub struct Embedding {
    method: String,
    split: String,
    #[serde(default)]
    pub classes: Vec<String>,
    #[serde(default)]
    axes: Vec<String>,
    #[serde(default, deserialize_with = "metrics_by_name")]
    metrics: BTreeMap<String, f64>,
}

impl Embedding {
    /// The method's name for people.
    pub fn method(&self) -> &str {
        match self.method.as_str() {
            "pca" => "PCA",
            "tsne" => "t-SNE",
            other => other,
        }
    }
}

/// An embedding in the plane.
pub struct Embedded {
    pub embedding: Embedding,
    /// None where it is not in the plane.
    pub points: Vec<[f64; 2]>,
    /// Class of every point; empty when unlabeled.
    pub labels: Vec<u32>,
}

impl Embedded {
    /// Reads an artifact. Errors: one of its files is not what its format says.
    pub fn read(source: &Source) -> Result<Self> {
        let embedding: Embedding = source.json("embedding.json")?;
        let points = source.array::<f32>("points.npy")?;
        let labels = source.optional_array::<u32>("labels.npy")?;
        let pair = |row: usize| [points.row(row)[0].into(), points.row(row)[1].into()];
        let points = if points.width() == 2 { (0..points.len()).map(pair).collect() } else { Vec::new() };
        Ok(Self { embedding, points, labels: labels.map_or(Vec::new(), |labels| labels.values().to_vec()) })
    }
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let sources = material.of(ArtifactType::Embedding);
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let mut section = Section {
        id: "latent-space".into(),
        title: "Latent space".into(),
        stage: sources.iter().map(|source| source.stage.as_str()).collect::<Vec<_>>().join(", "),
        caption: "Every point is the code of one image; a class's name stands at the median of its points, or beside it where names \
                  would cover each other.".into(),
        ..Section::default()
    };
    for source in sources {
        add(material, source, &mut section)?;
    }
    Ok(vec![section])
}

fn add(material: &Material<'_>, source: &Source, section: &mut Section) -> Result<()> {
    let Embedded { embedding, points, labels } = Embedded::read(source)?;
    let method = embedding.method();
    let axis = |index: usize| embedding.axes.get(index).map_or("", String::as_str);
    let title = format!("{method} of the {} split", embedding.split);
    let scatter = Scatter {
        title: &title,
        x_label: axis(0),
        y_label: axis(1),
        points: &points,
        labels: &labels,
        classes: &embedding.classes,
    };
    let alt = format!("Scatter plot: {method} of {} codes, colored by class", number::count(points.len()));
    let png = scatter.draw()?;
    section.figures.push(material.figure(&format!("embedding-{}", source.stage), Look::Chart, alt, &png)?);
    let metrics = sentence(&embedding.metrics);
    section.remark(format!("{method} (`{}`): {} points{metrics}.", source.stage, number::count(points.len())));
    Ok(())
}

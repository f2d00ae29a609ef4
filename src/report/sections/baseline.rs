//! Models beside what needs no training: the constant mean image, and PCA with as many components as the code has
//! numbers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::lines::{Line, LineChart};
use crate::report::draw::palette::{self, ACCENT};
use crate::report::figures::Material;
use crate::report::section::{Look, Section, Table};
use crate::report::sections::{maybe_nan, metrics_by_name};
use crate::report::source::{Csv, Source};
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Baseline {
    #[serde(deserialize_with = "maybe_nan")]
    constant_mse: f64,
    split: String,
}

#[derive(Deserialize)]
struct Model {
    #[serde(default)]
    latent_dim: Option<usize>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Evaluation {
    #[serde(default, deserialize_with = "metrics_by_name")]
    metrics: BTreeMap<String, f64>,
    /// Noise that the model was given with the images.
    #[serde(default)]
    noise: Option<serde::de::IgnoredAny>,
}

/// What a trained model reached.
struct Reached {
    /// The model's stage when there is one only, else the stage that evaluated it.
    stage: String,
    mse: f64,
    /// Whether it was given noisy images, of which even a good model may make worse than the mean.
    noisy: bool,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut reached = Vec::new();
    for source in material.of(ArtifactType::Evaluation) {
        let evaluation: Evaluation = source.json("evaluation.json")?;
        if let Some(&mse) = evaluation.metrics.get("mse") {
            reached.push(Reached { stage: source.stage.clone(), mse, noisy: evaluation.noise.is_some() });
        }
    }
    let models = material.of(ArtifactType::Model);
    if let ([only], [model]) = (&mut reached[..], &models[..]) {
        only.stage.clone_from(&model.stage);
    }
    let mut latent_dims = Vec::new();
    for source in models {
        latent_dims.extend(source.json::<Model>("model.json")?.latent_dim);
    }
    latent_dims.sort_unstable();
    latent_dims.dedup();
    let told = told_of_collapse(material)?;
    let mut sections = Vec::new();
    let mut shown: Vec<Vec<Vec<String>>> = Vec::new();
    for source in material.of(ArtifactType::Baseline) {
        let curve = source.csv("curve.csv")?;
        // Models of the same images have equal baselines, which are shown once.
        if !shown.contains(&curve.rows) {
            sections.push(section(material, source, &curve, &reached, &latent_dims, &told)?);
            shown.push(curve.rows);
        }
    }
    Ok(sections)
}

/// Warnings of other stages that a model has collapsed: they may be stricter than the plain comparison.
fn told_of_collapse(material: &Material<'_>) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for source in material.of(ArtifactType::Metrics) {
        let Told { warnings } = source.json("metrics.json")?;
        let collapsed = warnings.into_iter().filter(|text| text.starts_with("collapsed"));
        told.extend(collapsed.map(|text| format!("`{}`: {text}", source.stage)));
    }
    Ok(told)
}

fn section(
    material: &Material<'_>,
    source: &Source,
    curve: &Csv,
    reached: &[Reached],
    latent_dims: &[usize],
    told: &[String],
) -> Result<Section> {
    let baseline: Baseline = source.json("baseline.json")?;
    let mut section = Section {
        id: format!("baseline-{}", source.stage),
        title: material.title("Against the baselines", source),
        stage: source.stage.clone(),
        caption: format!(
            "The same error for the constant mean image (a code of no numbers) and for PCA, the best linear autoencoder, \
             at the same latent size. On the {} split.",
            baseline.split
        ),
        ..Section::default()
    };
    let pca: Vec<(usize, f64)> = latent_dims.iter().filter_map(|&dim| Some((dim, at(curve, dim)?))).collect();
    if told.is_empty() {
        verdicts(&mut section, &baseline, &pca, reached);
    }
    for text in told {
        section.warn(text);
    }
    let share = |mse: f64| number::percent(mse / baseline.constant_mse);
    let row = |name: &str, mse: f64| vec![name.to_owned(), number::short(mse), share(mse)];
    let mut rows = vec![row("constant mean", baseline.constant_mse)];
    rows.extend(pca.iter().map(|(dim, mse)| row(&format!("PCA, {dim} components"), *mse)));
    rows.extend(reached.iter().map(|model| row(&model.stage, model.mse)));
    section.tables.push(Table::new("", &["reconstruction by", "MSE", "of the constant mean's"], rows));
    let png = chart(&baseline, curve, reached, latent_dims).draw()?;
    let alt = "Line chart: mean squared error of PCA at every latent size, with the models at theirs";
    section.figures.push(material.figure(&format!("baseline-{}", source.stage), Look::Chart, alt, &png)?);
    Ok(section)
}

/// A model that gives back every image no better than the mean image has learned nothing of the images.
fn collapsed(mse: f64, constant: f64) -> bool {
    mse.is_nan() || mse >= constant
}

fn verdicts(section: &mut Section, baseline: &Baseline, pca: &[(usize, f64)], reached: &[Reached]) {
    for model in reached {
        let (stage, mse) = (&model.stage, number::short(model.mse));
        let constant = number::short(baseline.constant_mse);
        if !model.noisy && collapsed(model.mse, baseline.constant_mse) {
            section.warn(format!(
                "Collapsed: {stage} has MSE {mse}, no better than the constant mean image ({constant})."
            ));
        } else if let ([(dim, linear)], true) = (pca, model.noisy) {
            let linear = number::short(*linear);
            section.remark(format!(
                "{stage}: MSE {mse} when given noisy images; PCA with {dim} components, given clean ones: {linear}."
            ));
        } else if let [(dim, linear)] = pca {
            let ratio = model.mse / linear;
            let against = if ratio < 1.0 { "less than" } else { "more than" };
            let change = number::percent((1.0 - ratio).abs());
            section.remark(format!(
                "{stage}: MSE {mse}, {change} {against} PCA with {dim} components ({}), and {} of the constant mean's.",
                number::short(*linear),
                number::percent(model.mse / baseline.constant_mse)
            ));
        }
    }
}

/// PCA's error at a latent size.
fn at(curve: &Csv, dim: usize) -> Option<f64> {
    let (dims, errors) = (curve.column("latent_dim")?, curve.column("mse")?);
    dims.iter().position(|&known| known == dim as f64).map(|row| errors[row])
}

fn chart<'a>(baseline: &Baseline, curve: &Csv, reached: &[Reached], latent_dims: &[usize]) -> LineChart<'a> {
    let pairs = curve.column("latent_dim").unwrap_or_default().into_iter().zip(curve.column("mse").unwrap_or_default());
    let points: Vec<(f64, f64)> = pairs.filter(|(dim, _)| *dim >= 1.0).collect();
    let mut lines = vec![Line::new("PCA", palette::series(1), points)];
    if let [dim] = latent_dims {
        for (index, model) in reached.iter().enumerate() {
            let color = if index == 0 { ACCENT } else { palette::series(index + 1) };
            lines.push(Line::new(model.stage.clone(), color, vec![(*dim as f64, model.mse)]));
        }
    }
    let all = || lines.iter().flat_map(|line| &line.points);
    let x = Axis::around(all().map(|point| point.0), Spread::Log2, 8);
    let y = Axis::around(all().map(|point| point.1).chain([0.0, baseline.constant_mse]), Spread::Linear, 5);
    LineChart {
        title: "Error at every latent size",
        x_label: "latent size (numbers in a code, log scale)",
        y_label: "mean squared error",
        x,
        y,
        levels: vec![(baseline.constant_mse, "constant mean".into())],
        lines,
        height: 340.0,
    }
}

//! How well images are given back: reconstructions, error maps, the spread of errors, the metrics and what they mean.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::merit::readable;
use crate::report::draw::histogram::{Group, Histogram};
use crate::report::draw::palette;
use crate::report::draw::pictures::{self, Images, Look, Row};
use crate::report::figures::Material;
use crate::report::section::{Figure, Look as FigureLook, Section, Table};
use crate::report::sections::metrics_by_name;
use crate::report::source::Source;
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Evaluation {
    #[serde(default, deserialize_with = "metrics_by_name")]
    metrics: BTreeMap<String, f64>,
    #[serde(default)]
    definitions: BTreeMap<String, String>,
    #[serde(default)]
    compression_ratio: Option<f64>,
}

/// The file with what a denoising model is given.
const NOISY: &str = "inputs.npy";

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    let mut sources = material.of(ArtifactType::Evaluation);
    // What a model does with clean images comes first.
    sources.sort_by_key(|source| source.has(NOISY));
    for source in sources {
        let evaluation: Evaluation = source.json("evaluation.json")?;
        sections.push(reconstructions(material, source, &evaluation)?);
        let errors = errors(material, source)?;
        sections.extend((!errors.figures.is_empty()).then_some(errors));
    }
    Ok(sections)
}

fn reconstructions(material: &Material<'_>, source: &Source, evaluation: &Evaluation) -> Result<Section> {
    let stage = &source.stage;
    let mut section = Section {
        id: format!("reconstructions-{stage}"),
        title: material.title("Reconstructions", source),
        stage: stage.clone(),
        caption: "Test images the model has not been trained on, as they are and as the model gives them back.".into(),
        ..Section::default()
    };
    let take = |file: &str| -> Result<Option<Images>> {
        let array = source.optional_array::<f32>(file)?;
        Ok(array.and_then(|array| Images::take(&array, material.options.samples)))
    };
    let range = take("originals.npy")?.map_or([0.0, 1.0], |originals| originals.spread());
    let picture = |file: &str| take(file).map(|images| images.map(|images| Images { range, ..images }));
    let (originals, inputs, given) = (picture("originals.npy")?, picture(NOISY)?, picture("reconstructions.npy")?);
    if inputs.is_some() {
        section.caption = "Test images the model has not been trained on: as they are, with the noise that the model is given, and as \
                           it gives them back. Errors and metrics compare with the images without noise."
            .into();
    }
    let named = [("original", &originals), ("noisy input", &inputs), ("reconstruction", &given)];
    let rows: Vec<Row<'_>> = named
        .iter()
        .filter_map(|(label, images)| Some(Row { label, images: images.as_ref()?, look: Look::Picture }))
        .collect();
    if !rows.is_empty() {
        let png = pictures::strips("Originals above reconstructions", &rows, &[], None)?;
        let noisy = if inputs.is_some() { ", noisy inputs" } else { "" };
        let alt = format!("Rows of test images: originals{noisy} and their reconstructions by {stage}");
        section.figures.push(material.figure(&format!("reconstructions-{stage}"), FigureLook::Picture, alt, &png)?);
    }
    if let (Some(originals), Some(maps)) = (&originals, take("error_maps.npy")?) {
        section.figures.push(error_maps(material, stage, originals, &maps)?);
    }
    section.tables.push(metric_table(evaluation));
    Ok(section)
}

fn error_maps(material: &Material<'_>, stage: &str, originals: &Images, maps: &Images) -> Result<Figure> {
    let full = maps.largest();
    let rows = [
        Row { label: "original", images: originals, look: Look::Picture },
        Row { label: "absolute error of every pixel", images: maps, look: Look::Heat { full } },
    ];
    let png = pictures::strips("Pixel-wise error maps", &rows, &[], Some((full, "absolute error")))?;
    let alt = format!("Test images above maps of the absolute error of every pixel, 0 to {}", number::short(full));
    material.figure(&format!("error-maps-{stage}"), FigureLook::Picture, alt, &png)
}

fn metric_table(evaluation: &Evaluation) -> Table {
    let definition = |name: &str| evaluation.definitions.get(name).cloned().unwrap_or_default();
    let mut rows: Vec<Vec<String>> = evaluation
        .metrics
        .iter()
        .map(|(name, value)| vec![readable(name), number::short(*value), definition(name)])
        .collect();
    if let Some(ratio) = evaluation.compression_ratio.filter(|_| !evaluation.metrics.contains_key("compression_ratio"))
    {
        let definition = match definition("compression_ratio") {
            text if text.is_empty() => "Numbers in an image divided by numbers in its code.".to_owned(),
            text => text,
        };
        rows.push(vec![readable("compression_ratio"), format!("{} : 1", number::short(ratio)), definition]);
    }
    Table::new("Metrics on the test split", &["metric", "value", "definition"], rows)
}

fn errors(material: &Material<'_>, source: &Source) -> Result<Section> {
    let stage = &source.stage;
    let mut section = Section {
        id: format!("errors-{stage}"),
        title: material.title("Where the errors are", source),
        stage: stage.clone(),
        ..Section::default()
    };
    if let Some(map) = source.optional_array::<f32>("mean_error_map.npy")?
        && let [h, w, c] = *map.shape()
        && let Some(map) = Images::new([h, w, c], map.values())
    {
        let png = pictures::heat("Mean error of every pixel", &map, "mean absolute error")?;
        let alt = format!("Heat map of the mean absolute error of every pixel, 0 to {}", number::short(map.largest()));
        section.figures.push(material.figure(&format!("mean-error-map-{stage}"), FigureLook::Picture, alt, &png)?);
    }
    if let Some(errors) = source.optional_array::<f32>("sample_errors.npy")?.filter(|errors| !errors.is_empty()) {
        let values: Vec<f64> = errors.values().iter().map(|&error| f64::from(error)).collect();
        section.caption = spread(&values);
        let group = Group { name: String::new(), color: palette::ACCENT, values };
        let histogram = Histogram {
            title: "Error of every test image",
            x_label: "mean squared error of an image",
            y_label: "images",
            groups: vec![group],
            threshold: None,
            shares: false,
        };
        let alt = format!("Histogram of the mean squared error of {} test images", number::count(errors.len()));
        let name = format!("error-histogram-{stage}");
        section.figures.push(material.figure(&name, FigureLook::Chart, alt, &histogram.draw()?)?);
    }
    Ok(section)
}

/// Median and tails in words.
fn spread(errors: &[f64]) -> String {
    let mut sorted: Vec<f64> = errors.iter().copied().filter(|error| error.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let quantile = |share: f64| sorted.get((share * sorted.len().saturating_sub(1) as f64).round() as usize);
    match (quantile(0.5), quantile(0.99)) {
        (Some(median), Some(high)) => {
            let (median, high) = (number::short(*median), number::short(*high));
            format!("Half of the test images have a mean squared error below {median}, one in a hundred above {high}.")
        }
        _ => String::new(),
    }
}

//! What went in: the shapes of the data, and what the samples look like.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::artifact::ArtifactType;
use crate::artifact::array::Array;
use crate::report::draw::pictures::{self, Images, Look, Row};
use crate::report::figures::Material;
use crate::report::section::{Look as FigureLook, Section, Table};
use crate::report::sections::product;
use crate::report::source::Source;
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Dataset {
    name: String,
    shape: [usize; 3],
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default = "one")]
    scale: f64,
    #[serde(default)]
    offset: f64,
    #[serde(default)]
    noise: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    fallback_for: Option<String>,
    splits: BTreeMap<String, Split>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
struct Split {
    source: String,
    count: usize,
}

#[derive(Deserialize)]
struct Latents {
    dim: usize,
    splits: BTreeMap<String, usize>,
}

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut rows = Rows::default();
    let mut last: Option<(&Source, Dataset)> = None;
    let mut section = Section { id: "data".into(), title: "Data".into(), ..Section::default() };
    for source in material.of(ArtifactType::Dataset) {
        let dataset: Dataset = source.json("dataset.json")?;
        for (split, what) in in_order(&dataset.splits) {
            rows.add(&source.stage, row(source, &dataset, split, what)?);
        }
        // Later stages of the same data know more: noise, more splits.
        let knows = |dataset: &Dataset| (dataset.noise.is_some(), dataset.splits.len());
        if last.as_ref().is_none_or(|(_, known)| knows(known) < knows(&dataset)) {
            last = Some((source, dataset));
        }
    }
    for source in material.of(ArtifactType::Latents) {
        let latents: Latents = source.json("latents.json")?;
        for (split, count) in in_order(&latents.splits) {
            let cells = [split, &number::count(*count), &product(&[latents.dim]), "codes", "f32", "–"];
            rows.add(&source.stage, cells.map(str::to_owned).to_vec());
        }
    }
    if rows.0.is_empty() {
        return Ok(Vec::new());
    }
    if let Some((source, dataset)) = &last {
        if let Some(wanted) = &dataset.fallback_for {
            section.warn(format!("Fallback: {wanted} could not be had; these are samples of {}.", dataset.name));
        }
        section.caption = caption(dataset);
        section.figures.extend(samples(material, source, dataset)?);
    }
    section.tables.push(rows.table());
    Ok(vec![section])
}

/// Rows of the table of shapes; equal rows of several stages become one.
#[derive(Default)]
struct Rows(Vec<(Vec<String>, Vec<String>)>);

impl Rows {
    fn add(&mut self, stage: &str, cells: Vec<String>) {
        match self.0.iter_mut().find(|(_, known)| *known == cells) {
            Some((stages, _)) => stages.push(stage.to_owned()),
            None => self.0.push((vec![stage.to_owned()], cells)),
        }
    }

    fn table(self) -> Table {
        let rows = self.0.into_iter().map(|(stages, mut cells)| {
            cells.push(stages.join(", "));
            cells
        });
        let header = ["split", "samples", "shape of one", "values", "stored as", "noise", "stages"];
        Table::new("Shapes", &header, rows.collect())
    }
}

/// Training first, then validation, then test.
fn in_order<T>(splits: &BTreeMap<String, T>) -> Vec<(&str, &T)> {
    let rank = |name: &str| ["train", "validation", "test"].iter().position(|known| *known == name).unwrap_or(3);
    let mut ordered: Vec<(&str, &T)> = splits.iter().map(|(name, split)| (name.as_str(), split)).collect();
    ordered.sort_by_key(|(name, _)| rank(name));
    ordered
}

fn row(source: &Source, dataset: &Dataset, split: &str, what: &Split) -> Result<Vec<String>> {
    let file = format!("{}.images.npy", what.source);
    let bytes = source.array::<u8>(&file).is_ok();
    let (low, high) = if bytes { (0.0, 255.0) } else { extent(source.array::<f32>(&file)?.values()) };
    let value = |stored: f64| number::short(stored * dataset.scale + dataset.offset);
    let noise = dataset.noise.as_ref().map_or("–".into(), noise_words);
    Ok(vec![
        split.to_owned(),
        number::count(what.count),
        product(&dataset.shape),
        format!("{} … {}", value(low), value(high)),
        if bytes { "u8" } else { "f32" }.to_owned(),
        noise,
    ])
}

fn noise_words(noise: &BTreeMap<String, Value>) -> String {
    let kind = noise.get("kind").and_then(Value::as_str).unwrap_or("noise");
    noise.get("amount").and_then(Value::as_f64).map_or(kind.to_owned(), |amount| format!("{kind} {amount}"))
}

fn extent(values: &[f32]) -> (f64, f64) {
    let finite = values.iter().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    if low > high { (0.0, 0.0) } else { (f64::from(low), f64::from(high)) }
}

fn caption(dataset: &Dataset) -> String {
    let classes = match dataset.classes.len() {
        0 => "unlabelled".to_owned(),
        n if n <= 12 => format!("{n} classes: {}", dataset.classes.join(", ")),
        n => format!("{n} classes"),
    };
    format!("{}, {classes}.", dataset.name)
}

/// One sample of every class, or the first samples when there are no classes.
fn samples(
    material: &Material<'_>,
    source: &Source,
    dataset: &Dataset,
) -> Result<Option<crate::report::section::Figure>> {
    let Some(split) = dataset.splits.get("train").or_else(|| dataset.splits.values().next()) else { return Ok(None) };
    let labels = source.optional_array::<u32>(&format!("{}.labels.npy", split.source))?;
    let wanted = material.options.samples.max(1);
    let (chosen, names) = match labels.filter(|_| !dataset.classes.is_empty()) {
        Some(labels) => first_of_each(labels.values(), &dataset.classes, wanted.max(16)),
        None => ((0..wanted).collect(), Vec::new()),
    };
    let file = format!("{}.images.npy", split.source);
    let images = match source.array::<u8>(&file) {
        Ok(array) => gather(&array, dataset.shape, &chosen, |byte| f32::from(byte) / 255.0),
        Err(_) => {
            let array = source.array::<f32>(&file)?;
            let (scale, offset) = (dataset.scale as f32, dataset.offset as f32);
            gather(&array, dataset.shape, &chosen, |value| value * scale + offset)
        }
    };
    let Some(images) = images else { return Ok(None) };
    let row = Row { label: "from the training split, before noise", images: &images, look: Look::Picture };
    let png = pictures::strips("Sample images", &[row], &names, None)?;
    let alt = format!("{} sample images of {}", images.pixels.len(), dataset.name);
    material.figure("samples", FigureLook::Picture, alt, &png).map(Some)
}

/// Row numbers of the first sample of each class, and the names of these classes.
fn first_of_each(labels: &[u32], classes: &[String], most: usize) -> (Vec<usize>, Vec<String>) {
    let firsts = (0..classes.len()).filter_map(|class| {
        let row = labels.iter().position(|&label| label as usize == class)?;
        Some((row, classes[class].clone()))
    });
    firsts.take(most).unzip()
}

fn gather<T: crate::artifact::array::Element>(
    array: &Array<T>,
    shape: [usize; 3],
    rows: &[usize],
    value: impl Fn(T) -> f32,
) -> Option<Images> {
    let rows: Vec<usize> = rows.iter().copied().filter(|&row| row < array.len()).collect();
    let pixels = rows.iter().flat_map(|&row| array.row(row)).map(|&stored| value(stored)).collect();
    Images::take(&Array::new(&[rows.len(), shape[0], shape[1], shape[2]], pixels)?, rows.len())
}

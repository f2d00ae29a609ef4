//! What went in: the shapes of the data, and what the samples look like.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::dataset::samples::Samples;
use crate::dataset::{Dataset, DatasetMeta, Noise, Split};
use crate::report::draw::pictures::{self, Images, Look, Row};
use crate::report::figures::Material;
use crate::report::section::{Figure, Look as FigureLook, Section, Table};
use crate::report::sections::product;
use crate::report::source::Source;
use crate::report::{Error, Result, number};

#[derive(Deserialize)]
struct Latents {
    dim: usize,
    splits: BTreeMap<String, usize>,
}

/// Sample images in the strip, at most; fewer when there are fewer classes.
const STRIP: usize = 16;

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    let mut rows = Rows::default();
    let opened = |source: &Source| Ok((source.stage.clone(), open(source)?));
    let mut datasets = material.of(ArtifactType::Dataset).into_iter().map(opened).collect::<Result<Vec<_>>>()?;
    // A stage that prepares data narrows its range, drops samples, adds a split or adds noise, and undoes none of these: this is the
    // order in which the stages stand in the pipeline.
    datasets.sort_by_key(|(_, Dataset { meta, .. })| {
        let samples: usize = meta.splits.values().map(|split| split.count).sum();
        (meta.noise.is_some(), meta.splits.len(), Reverse(samples), meta.value_range()[1] <= 1.0)
    });
    for (stage, dataset) in &datasets {
        rows.add(stage, row(dataset));
    }
    for source in material.of(ArtifactType::Latents) {
        let latents: Latents = source.json("latents.json")?;
        let counts = ["train", "validation", "test"].map(|split| count(latents.splits.get(split).copied()));
        let rest = [product(&[latents.dim]), "any".into(), "f32 codes".into(), "–".into()];
        rows.add(&source.stage, [counts.to_vec(), rest.to_vec()].concat());
    }
    if rows.0.is_empty() {
        return Ok(Vec::new());
    }
    let mut section = Section { id: "data".into(), title: "Data".into(), ..Section::default() };
    if let Some((_, dataset)) = datasets.last() {
        let name = &dataset.meta.name;
        if let Some(wanted) = &dataset.meta.fallback_for {
            section.warn(format!("Fallback: {wanted} was not available; these are samples of {name}."));
        }
        section.caption = caption(&dataset.meta);
        section.figures.extend(strip(material, dataset)?);
    }
    section.tables.push(rows.table());
    Ok(vec![section])
}

fn open(source: &Source) -> Result<Dataset> {
    let unreadable = |error: crate::dataset::DatasetError| Error::Unreadable {
        path: source.stage.clone().into(),
        why: error.to_string(),
    };
    Dataset::open(&source.files).map_err(unreadable)
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
        let rows = self.0.into_iter().map(|(stages, cells)| [vec![stages.join(", ")], cells].concat());
        let header = ["given by", "train", "validation", "test", "shape of one", "values", "stored as", "noise"];
        Table::new("Samples and their shapes", &header, rows.collect())
    }
}

fn count(samples: Option<usize>) -> String {
    samples.map_or("–".into(), number::count)
}

fn row(dataset: &Dataset) -> Vec<String> {
    let meta = &dataset.meta;
    let counts = ["train", "validation", "test"].map(|split| count(meta.splits.get(split).map(|split| split.count)));
    let [low, high] = meta.value_range().map(|value| number::short(f64::from(value)));
    let bytes =
        dataset.split("train").is_some_and(|split| matches!(split.pixels(), crate::dataset::split::Pixels::Bytes(_)));
    let stored = if bytes { "u8" } else { "f32" };
    let rest = [product(&meta.shape), format!("{low} to {high}"), stored.into(), noise(meta.noise)];
    [counts.to_vec(), rest.to_vec()].concat()
}

fn noise(noise: Option<Noise>) -> String {
    noise.map_or("–".into(), |noise| {
        let kind = serde_json::to_value(noise.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        format!("{} {}", kind.unwrap_or_default(), noise.amount)
    })
}

fn caption(meta: &DatasetMeta) -> String {
    let classes = match meta.classes.len() {
        0 => "unlabeled".to_owned(),
        n if n <= 12 => format!("{n} classes: {}", meta.classes.join(", ")),
        n => format!("{n} classes"),
    };
    format!("{}, {classes}.", meta.name)
}

/// One training sample of every class (the first samples when there are no classes), and the same with noise.
fn strip(material: &Material<'_>, dataset: &Dataset) -> Result<Option<Figure>> {
    let Some(split) = dataset.split("train") else { return Ok(None) };
    let classes = &dataset.meta.classes;
    let (rows, names) = match split.labels().filter(|_| !classes.is_empty()) {
        Some(labels) => first_of_each(labels, classes),
        None => ((0..split.len().min(material.options.samples) as u32).collect(), Vec::new()),
    };
    let Some(clean) = gather(&split, &rows, Split::gather) else { return Ok(None) };
    let inputs = |split: &Split, rows: &[u32], out: &mut [f32]| split.gather_inputs(rows, 0, out);
    let noisy = if split.is_noisy() { gather(&split, &rows, inputs) } else { None };
    let mut strips = vec![Row { label: "training split", images: &clean, look: Look::Picture }];
    if let Some(noisy) = &noisy {
        strips.push(Row { label: "with noise, as the model is given them", images: noisy, look: Look::Picture });
    }
    let png = pictures::strips("Sample images", &strips, &names, None)?;
    let alt = format!("{} sample images of {}", clean.pixels.len(), dataset.meta.name);
    material.figure("samples", FigureLook::Picture, alt, &png).map(Some)
}

/// Row numbers of the first sample of each class, and the names of these classes.
fn first_of_each(labels: &[u32], classes: &[String]) -> (Vec<u32>, Vec<String>) {
    let firsts = (0..classes.len()).filter_map(|class| {
        let row = labels.iter().position(|&label| label as usize == class)?;
        Some((row as u32, classes[class].clone()))
    });
    firsts.take(STRIP).unzip()
}

fn gather(split: &Split, rows: &[u32], fill: impl Fn(&Split, &[u32], &mut [f32])) -> Option<Images> {
    let shape = split.shape();
    let mut pixels = vec![0.0; rows.len() * shape.iter().product::<usize>()];
    fill(split, rows, &mut pixels);
    let mut images = Images::new(shape, &pixels)?;
    images.range = split.range();
    Some(images)
}

//! What decoders make of codes: random ones, latent traversals, interpolations, the map of two numbers.

use serde::Deserialize;

use crate::artifact::ArtifactType;
use crate::report::draw::pictures::{self, Images, TileRow};
use crate::report::figures::Material;
use crate::report::section::{Figure, Look, Section};
use crate::report::source::Source;
use crate::report::{Result, number};

#[derive(Deserialize)]
struct Samples {
    #[serde(default)]
    draws: usize,
    /// Where the images are from whose codes were taken.
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    image: Option<usize>,
    #[serde(default)]
    traversals: Vec<Traversal>,
}

#[derive(Deserialize)]
struct Traversal {
    dimension: usize,
    low: f64,
    high: f64,
}

/// Random images in a row.
const ACROSS: usize = 8;

pub fn sections(material: &Material<'_>) -> Result<Vec<Section>> {
    material.of(ArtifactType::Samples).into_iter().map(|source| section(material, source)).collect()
}

fn section(material: &Material<'_>, source: &Source) -> Result<Section> {
    let what: Samples = source.json("samples.json")?;
    let mut section = Section {
        id: format!("samples-{}", source.stage),
        title: material.title("What the decoder makes of codes", source),
        stage: source.stage.clone(),
        caption: caption(&what),
        ..Section::default()
    };
    section.figures.extend(draws(material, source)?);
    section.figures.extend(map(material, source)?);
    section.figures.extend(traversals(material, source, &what)?);
    section.figures.extend(interpolations(material, source, what.split())?);
    Ok(section)
}

impl Samples {
    fn split(&self) -> &str {
        self.split.as_deref().unwrap_or("test")
    }
}

fn caption(what: &Samples) -> String {
    let mut parts = Vec::new();
    if what.draws > 0 {
        parts.push("Random codes are drawn from the standard normal distribution.".to_owned());
    }
    if let (Some(image), [Traversal { low, high, dimension }, ..]) = (what.image, &what.traversals[..]) {
        let (low, high) = (number::short(*low), number::short(*high));
        parts.push(format!(
            "A traversal is the code of {} image {image} with one number moved over the middle 98 % of the training codes, \
             the number that varies most first (dimension {dimension}, from {low} to {high}).",
            what.split()
        ));
    }
    parts.join(" ")
}

/// Rows of images for a figure.
struct Rows {
    shown: Vec<Images>,
    /// " (the first 8 of 20)" when there are more.
    which: String,
}

/// The images of `file` in rows of as many as its axes say, or of `across`: at most `most` rows. None without the file.
fn rows(source: &Source, file: &str, across: Option<usize>, most: usize) -> Result<Option<Rows>> {
    let Some(array) = source.optional_array::<f32>(file)? else { return Ok(None) };
    let (across, image, each) = match (array.shape(), across) {
        ([_, across, h, w, c], None) => (*across, [*h, *w, *c], 1),
        ([_, h, w, c], Some(across)) => (across, [*h, *w, *c], across),
        _ => return Ok(None),
    };
    let Some(all) = Images::new(image, array.values()) else { return Ok(None) };
    let all = Images { range: all.spread(), ..all };
    let count = all.pixels.len().div_ceil(across.max(1));
    let shown: Vec<Images> = (0..count.min(most)).map(|row| all.part(row * across, across)).collect();
    let which = match count > most {
        true => format!(" (the first {} of {})", shown.len() * each, array.shape()[0]),
        false => String::new(),
    };
    Ok(if shown.is_empty() { None } else { Some(Rows { shown, which }) })
}

fn figure(
    material: &Material<'_>,
    source: &Source,
    (name, title, alt): (&str, &str, String),
    rows: Vec<(String, Images)>,
    breaks: &[usize],
) -> Result<Option<Figure>> {
    let rows: Vec<TileRow> = rows.into_iter().map(|(label, images)| TileRow { label, images }).collect();
    let png = pictures::tiles(title, &rows, breaks)?;
    material.figure(&format!("{name}-{}", source.stage), Look::Picture, alt, &png).map(Some)
}

fn unlabeled(rows: Vec<Images>) -> Vec<(String, Images)> {
    rows.into_iter().map(|images| (String::new(), images)).collect()
}

fn draws(material: &Material<'_>, source: &Source) -> Result<Option<Figure>> {
    let most = material.options.samples;
    let Some(Rows { shown, which }) = rows(source, "draws.npy", Some(ACROSS), most)? else { return Ok(None) };
    let title = format!("Decoded random codes{which}");
    let alt = format!("Images that {} decoded from random codes, {ACROSS} in a row{which}", source.stage);
    figure(material, source, ("draws", &title, alt), unlabeled(shown), &[])
}

fn map(material: &Material<'_>, source: &Source) -> Result<Option<Figure>> {
    let Some(Rows { shown, .. }) = rows(source, "map.npy", None, usize::MAX)? else { return Ok(None) };
    let alt =
        "Images decoded all over the plane of codes: the first number grows to the right, the second upwards".into();
    let title = "The plane of codes: first number to the right, second upwards";
    figure(material, source, ("map", title, alt), unlabeled(shown), &[])
}

fn traversals(material: &Material<'_>, source: &Source, what: &Samples) -> Result<Option<Figure>> {
    let most = material.options.samples;
    let Some(Rows { shown, which }) = rows(source, "traversals.npy", None, most)? else { return Ok(None) };
    let labels = what.traversals.iter().map(|traversal| format!("dim. {}", traversal.dimension));
    let title = format!("Latent traversals{which}");
    let alt = format!("Rows of images by {}: in each, one number of a code grows to the right{which}", source.stage);
    figure(material, source, ("traversals", &title, alt), labels.zip(shown).collect(), &[])
}

/// Each between the two images whose codes it goes from and to.
fn interpolations(material: &Material<'_>, source: &Source, split: &str) -> Result<Option<Figure>> {
    let most = material.options.samples;
    let Some(lines) = rows(source, "interpolations.npy", None, most)? else { return Ok(None) };
    let Some(ends) = rows(source, "ends.npy", None, most)? else { return Ok(None) };
    let steps = lines.shown.first().map_or(0, |line| line.pixels.len());
    let framed = |(mut line, ends): (Images, Images)| {
        let mut ends = ends.pixels.into_iter();
        line.pixels.splice(0..0, ends.next());
        line.pixels.extend(ends);
        line
    };
    let framed = unlabeled(lines.shown.into_iter().zip(ends.shown).map(framed).collect());
    let title = format!("From one {split} image to another{}", lines.which);
    let alt = format!(
        "Rows of images: two {split} images at the ends, what {} decodes between their codes inside{}",
        source.stage, lines.which
    );
    figure(material, source, ("interpolations", &title, alt), framed, &[0, steps])
}

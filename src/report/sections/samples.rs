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
    section.figures.extend(interpolations(material, source)?);
    Ok(section)
}

fn caption(what: &Samples) -> String {
    let mut parts = Vec::new();
    if what.draws > 0 {
        parts.push("Random codes are drawn from the standard normal distribution.".to_owned());
    }
    if let (Some(image), [Traversal { low, high, dimension }, ..]) = (what.image, &what.traversals[..]) {
        let (low, high) = (number::short(*low), number::short(*high));
        parts.push(format!(
            "A traversal is the code of test image {image} with one number moved over the middle 98 % of the training codes, \
             the number that varies most first (dimension {dimension}, from {low} to {high})."
        ));
    }
    parts.join(" ")
}

/// The images of `file` in rows of as many as its axes say, or of `across`: at most `most` rows.
fn rows(source: &Source, file: &str, across: Option<usize>, most: usize) -> Result<Vec<Images>> {
    let Some(array) = source.optional_array::<f32>(file)? else { return Ok(Vec::new()) };
    let (across, image) = match (array.shape(), across) {
        ([_, across, h, w, c], None) => (*across, [*h, *w, *c]),
        ([_, h, w, c], Some(across)) => (across, [*h, *w, *c]),
        _ => return Ok(Vec::new()),
    };
    let Some(all) = Images::new(image, array.values()) else { return Ok(Vec::new()) };
    let all = Images { range: all.spread(), ..all };
    let count = all.pixels.len().div_ceil(across.max(1)).min(most);
    Ok((0..count).map(|row| all.part(row * across, across)).collect())
}

fn figure(
    material: &Material<'_>,
    source: &Source,
    (name, title, alt): (&str, &str, String),
    rows: Vec<(String, Images)>,
    breaks: &[usize],
) -> Result<Option<Figure>> {
    if rows.is_empty() {
        return Ok(None);
    }
    let rows: Vec<TileRow> = rows.into_iter().map(|(label, images)| TileRow { label, images }).collect();
    let png = pictures::tiles(title, &rows, breaks)?;
    material.figure(&format!("{name}-{}", source.stage), Look::Picture, alt, &png).map(Some)
}

fn draws(material: &Material<'_>, source: &Source) -> Result<Option<Figure>> {
    let rows = rows(source, "draws.npy", Some(ACROSS), material.options.samples)?;
    let alt = format!("Images that {} decoded from random codes, {ACROSS} in a row", source.stage);
    let rows = rows.into_iter().map(|images| (String::new(), images)).collect();
    figure(material, source, ("draws", "Decoded random codes", alt), rows, &[])
}

fn map(material: &Material<'_>, source: &Source) -> Result<Option<Figure>> {
    let rows = rows(source, "map.npy", None, usize::MAX)?;
    let alt =
        "Images decoded all over the plane of codes: the first number grows to the right, the second upwards".into();
    let rows = rows.into_iter().map(|images| (String::new(), images)).collect();
    let title = "The plane of codes: first number to the right, second upwards";
    figure(material, source, ("map", title, alt), rows, &[])
}

fn traversals(material: &Material<'_>, source: &Source, what: &Samples) -> Result<Option<Figure>> {
    let rows = rows(source, "traversals.npy", None, material.options.samples)?;
    let labels = what.traversals.iter().map(|traversal| format!("dim. {}", traversal.dimension));
    let alt = format!("Rows of images by {}: in each, one number of a code grows to the right", source.stage);
    figure(material, source, ("traversals", "Latent traversals", alt), labels.zip(rows).collect(), &[])
}

/// Each between the two images whose codes it goes from and to.
fn interpolations(material: &Material<'_>, source: &Source) -> Result<Option<Figure>> {
    let lines = rows(source, "interpolations.npy", None, material.options.samples)?;
    let ends = rows(source, "ends.npy", None, material.options.samples)?;
    let steps = lines.first().map_or(0, |line| line.pixels.len());
    let framed = |(mut line, ends): (Images, Images)| {
        let mut ends = ends.pixels.into_iter();
        line.pixels.splice(0..0, ends.next());
        line.pixels.extend(ends);
        (String::new(), line)
    };
    let rows = lines.into_iter().zip(ends).map(framed).collect();
    let alt = format!(
        "Rows of images: two test images at the ends, what {} decodes between their codes inside",
        source.stage
    );
    figure(material, source, ("interpolations", "From one test image to another", alt), rows, &[0, steps])
}

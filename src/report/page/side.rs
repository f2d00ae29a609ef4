//! What the variants make of the same samples, side by side: reconstructions and embeddings. Knows no HTML.

use serde_json::{Map, Value};

use crate::artifact::ArtifactType;
use crate::report::Result;
use crate::report::draw::panels::{self, Panel};
use crate::report::draw::pictures::{self, Images, Look as Shade, Row};
use crate::report::figures::file_name;
use crate::report::page::shell;
use crate::report::page::sweep::Plot;
use crate::report::page::variants::{self, Overview};
use crate::report::section::Look;
use crate::report::sections::latent_space::Embedded;
use crate::report::source::Source;

/// Samples in a row.
const SAMPLES: usize = 8;
/// Variants in a picture.
const MOST: usize = 24;

/// An artifact of a variant's first run that has it.
struct Made<'a> {
    variant: &'a Map<String, Value>,
    source: &'a Source,
}

/// By stage, an artifact of each variant.
fn made<'a>(overview: &'a Overview<'a>, wanted: ArtifactType) -> Vec<(&'a str, Vec<Made<'a>>)> {
    let mut stages: Vec<(&str, Vec<Made<'a>>)> = Vec::new();
    for variant in &overview.variants {
        let sources = overview.summaries(variant).flat_map(|summary| &summary.sources);
        for source in sources.filter(|source| source.artifact_type == wanted) {
            let made = Made { variant: &variant.values, source };
            match stages.iter_mut().find(|(stage, _)| *stage == source.stage) {
                Some((_, all)) if all.iter().any(|known| known.variant == made.variant) => {}
                Some((_, all)) => all.push(made),
                None => stages.push((&source.stage, vec![made])),
            }
        }
    }
    // What all variants share tells nothing of what varies.
    stages.retain(|(_, all)| all.iter().any(|made| made.source.files != all[0].source.files));
    stages
}

/// The same test images as every variant gives them back: a row for each, a picture for each value of the swept words.
pub fn reconstructions(overview: &Overview<'_>) -> Result<Vec<Plot>> {
    let mut plots = Vec::new();
    let stages = made(overview, ArtifactType::Evaluation);
    let several = stages.len() > 1;
    for (stage, all) in stages {
        let mut groups: Vec<(String, Vec<&Made<'_>>)> = Vec::new();
        for made in &all {
            let words = words(made.variant);
            match groups.iter_mut().find(|(known, _)| *known == words) {
                Some((_, members)) => members.push(made),
                None => groups.push((words, vec![made])),
            }
        }
        if groups.iter().all(|(_, members)| members.len() == 1) {
            groups = vec![(String::new(), all.iter().collect())];
        }
        for (words, members) in groups {
            plots.extend(strip(stage, several, &words, &members)?);
        }
    }
    Ok(plots)
}

/// "conv, relu": what is swept and is no number.
fn words(variant: &Map<String, Value>) -> String {
    let words = variant.values().filter(|value| !value.is_number());
    words.map(shell::plain).collect::<Vec<_>>().join(", ")
}

/// `several`: there are other stages, too.
fn strip(stage: &str, several: bool, words: &str, members: &[&Made<'_>]) -> Result<Option<Plot>> {
    let take = |source: &Source, file: &str| -> Result<Option<Images>> {
        Ok(source.optional_array::<f32>(file)?.and_then(|array| Images::take(&array, SAMPLES)))
    };
    let Some(originals) = members.first().map(|made| take(made.source, "originals.npy")).transpose()?.flatten() else {
        return Ok(None);
    };
    let range = originals.spread();
    let originals = Images { range, ..originals };
    let mut rows = vec![("original".to_owned(), originals.clone())];
    for made in members.iter().take(MOST) {
        let same = take(made.source, "originals.npy")?.is_some_and(|own| own.pixels == originals.pixels);
        if let Some(given) = take(made.source, "reconstructions.npy")?.filter(|_| same) {
            let numbers: Map<String, Value> = match words {
                "" => made.variant.clone(),
                _ => made.variant.clone().into_iter().filter(|(_, value)| value.is_number()).collect(),
            };
            rows.push((shell::variant(&numbers), Images { range, ..given }));
        }
    }
    if rows.len() < 3 {
        return Ok(None);
    }
    let drawn: Vec<Row<'_>> = rows.iter().map(|(label, images)| Row { label, images, look: Shade::Picture }).collect();
    let title = if words.is_empty() { "The same test images by every variant" } else { words };
    let title = if several { format!("{stage}: {title}") } else { title.to_owned() };
    let png = pictures::strips(&title, &drawn, &[], None)?;
    let alt = format!("Rows of test images: the originals, then what every variant gives back ({stage} {words})");
    let name = format!("reconstructions-{}-{}", file_name(stage), file_name(words));
    Ok(Some(Plot::new(&name, Look::Picture, alt, png)))
}

/// Every variant's embedding, turned towards the first one's.
pub fn embeddings(overview: &Overview<'_>) -> Result<Vec<Plot>> {
    let mut plots = Vec::new();
    let params = variants::varied(&overview.variants, &overview.page.swept);
    for (stage, all) in made(overview, ArtifactType::Embedding) {
        let mut panels: Vec<Panel> = Vec::new();
        let (mut classes, mut method) = (Vec::new(), String::new());
        for made in all.iter().take(MOST) {
            let Embedded { points, labels, embedding } = Embedded::read(made.source)?;
            let mut panel = Panel { name: variants::brief(made.variant, &params), points, labels };
            if let Some(first) = panels.first() {
                panel.align(first);
            }
            panels.push(panel);
            (classes, method) = (embedding.classes.clone(), embedding.method().to_owned());
        }
        if panels.iter().any(|panel| panel.points.is_empty()) {
            continue;
        }
        let png = panels::draw(&format!("{method}: {}", params.join(" · ")), &panels, &classes)?;
        let alt = format!("Scatter plots side by side: {method} of the codes of every variant, colored by class");
        plots.push(Plot::new(&format!("embeddings-{}", file_name(stage)), Look::Chart, alt, png));
    }
    Ok(plots)
}

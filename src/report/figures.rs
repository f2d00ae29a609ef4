//! The sections of a report from any set of artifacts, with the PNG and CSV files they name. An artifact that is
//! not there gives no section. Knows which section shows which artifact, and nothing of pages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::artifact::ArtifactType;
use crate::hash::ContentHash;
use crate::report::draw::pen::{Png, SCALE};
use crate::report::section::{Figure, Look, Report, Section};
use crate::report::source::{Source, io};
use crate::report::{Error, Result, sections};

/// What the maker of a report may choose.
#[derive(Debug, Clone)]
pub struct Options {
    pub title: String,
    /// Images or predictions in a figure at most.
    pub samples: usize,
    /// Rows of a long table shown on the page.
    pub rows: usize,
}

/// All artifacts, and where figures go.
pub(crate) struct Material<'a> {
    pub sources: &'a [Source],
    pub options: &'a Options,
    directory: &'a Path,
}

/// Draws the sections of one topic from whatever of it is there.
type Maker = fn(&Material<'_>) -> Result<Vec<Section>>;

/// Draws everything there is to draw into `directory` and writes `report.json` there. Same artifacts, same bytes.
/// Errors: an artifact's file is unreadable, or the directory cannot be written. `proceed` is asked between sections
/// and ends the work early when it says no (`Ok(None)`).
pub fn figures(
    sources: &[Source],
    options: &Options,
    directory: &Path,
    mut proceed: impl FnMut(usize, usize) -> bool,
) -> Result<Option<Report>> {
    let material = Material { sources, options, directory };
    let makers: [Maker; 13] = [
        sections::data::sections,
        sections::model::sections,
        sections::training::sections,
        sections::variational::sections,
        sections::evaluation::sections,
        sections::samples::sections,
        sections::baseline::sections,
        sections::latent_space::sections,
        sections::classifier::sections,
        sections::predictions::sections,
        sections::clusters::sections,
        sections::anomaly::sections,
        sections::metrics::sections,
    ];
    let mut report = Report { title: options.title.clone(), scale: SCALE, sections: Vec::new() };
    for (done, make) in makers.iter().enumerate() {
        if !proceed(done, makers.len()) {
            return Ok(None);
        }
        report.sections.extend(make(&material)?);
    }
    let path = directory.join("report.json");
    let text = serde_json::to_string_pretty(&report).map_err(|error| Error::Drawing(error.to_string()))?;
    fs::write(&path, text + "\n").map_err(|error| io(&path, error))?;
    Ok(Some(report))
}

impl<'a> Material<'a> {
    /// All artifacts of a type, by stage.
    pub fn of(&self, artifact_type: ArtifactType) -> Vec<&'a Source> {
        let mut found: Vec<&Source> =
            self.sources.iter().filter(|source| source.artifact_type == artifact_type).collect();
        found.sort_by(|a, b| a.stage.cmp(&b.stage));
        found
    }

    /// What a section about one artifact is called; the stage is named when there are several of that type.
    pub fn title(&self, what: &str, source: &Source) -> String {
        let several = self.of(source.artifact_type).len() > 1;
        if several { format!("{what}: {}", source.stage) } else { what.to_owned() }
    }

    /// Keeps a drawing as `<name>.png`.
    pub fn figure(&self, name: &str, look: Look, alt: impl Into<String>, png: &Png) -> Result<Figure> {
        let file = format!("{}.png", file_name(name));
        self.write(&file, &png.bytes)?;
        Ok(Figure { file, alt: alt.into(), width: png.width, height: png.height, look })
    }

    /// Keeps a copy of a table's file as `<name>.csv`.
    pub fn table_file(&self, name: &str, from: &Path) -> Result<String> {
        let file = format!("{}.csv", file_name(name));
        let bytes = fs::read(from).map_err(|error| io(from, error))?;
        self.write(&file, &bytes)?;
        Ok(file)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.directory.join(file);
        fs::write(&path, bytes).map_err(|error| io(&path, error))?;
        Ok(path)
    }
}

/// Characters of a file's name that are kept: with a digest and an ending well under the usual limit of 255 bytes.
const LONGEST: usize = 60;

/// A name that is safe in any file system and in a link: letters, digits, `-`, `_` and dots inside. One that is not, or is
/// long, is cut and gets a digest, so that different names stay different.
pub fn file_name(name: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain = !name.is_empty() && name.chars().all(safe) && !name.starts_with('.') && !name.ends_with('.');
    if plain && name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST).map(|c| if safe(c) { c } else { '-' }).collect();
    format!("{}-{}", kept.trim_matches('.'), ContentHash::of(name.as_bytes()).short())
}

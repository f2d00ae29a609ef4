//! `report.json`: the sections of a report in order, as data. Knows neither drawing nor HTML.

use serde::{Deserialize, Serialize};

/// A report's content, without the run's circumstances.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub title: String,
    /// PNG pixels to a CSS pixel.
    pub scale: u32,
    pub sections: Vec<Section>,
}

/// One section, shown under one heading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Unique in the report; begins with what the section is, such as `reconstructions`.
    pub id: String,
    pub title: String,
    /// The stages it is about.
    pub stage: String,
    pub caption: String,
    pub notes: Vec<Note>,
    pub figures: Vec<Figure>,
    pub tables: Vec<Table>,
}

/// A sentence that stands out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub level: Level,
    pub text: String,
}

/// How much it stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Info,
    Warning,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub file: String,
    /// What is seen, in words.
    pub alt: String,
    /// In PNG pixels.
    pub width: u32,
    pub height: u32,
    pub look: Look,
}

/// What a picture is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Look {
    /// Lines and text on white: colors may be turned around on a dark page.
    Chart,
    /// Images, and maps whose shades mean something: shown as they are.
    Picture,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub title: String,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// The whole table as a file of the artifact, when `rows` are only its beginning.
    pub csv: Option<String>,
    /// Rows of the whole table.
    pub total: usize,
    /// Shown only when asked for.
    pub folded: bool,
    /// A small curve behind each row (`None` is a gap in it); empty for none.
    pub curves: Vec<Vec<Option<f64>>>,
}

impl Table {
    /// A table shown as it is.
    pub fn new(title: &str, header: &[&str], rows: Vec<Vec<String>>) -> Self {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), header, total: rows.len(), rows, ..Self::default() }
    }
}

impl Section {
    /// Adds a warning.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.notes.push(Note { level: Level::Warning, text: text.into() });
    }

    /// Adds a remark.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.notes.push(Note { level: Level::Info, text: text.into() });
    }
}

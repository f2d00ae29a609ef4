//! Reading the files of artifacts. Knows formats, not meanings.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::artifact::ArtifactType;
use crate::artifact::array::{Array, Element};
use crate::report::{Error, Result};

/// An artifact to report on.
#[derive(Debug, Clone)]
pub struct Source {
    pub artifact_type: ArtifactType,
    /// The stage it comes from.
    pub stage: String,
    /// File name in the artifact -> where its bytes lie.
    pub files: BTreeMap<String, PathBuf>,
}

impl Source {
    /// Whether the artifact has this file.
    pub fn has(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    /// Where a file lies.
    pub fn path(&self, file: &str) -> Result<&Path> {
        let why = || format!("the {} of `{}` has no such file", self.artifact_type, self.stage);
        self.files
            .get(file)
            .map(PathBuf::as_path)
            .ok_or_else(|| Error::Unreadable { path: PathBuf::from(file), why: why() })
    }

    /// A JSON file as a struct.
    pub fn json<T: DeserializeOwned>(&self, file: &str) -> Result<T> {
        let path = self.path(file)?;
        let text = fs::read_to_string(path).map_err(|error| io(path, error))?;
        serde_json::from_str(&text)
            .map_err(|error| Error::Unreadable { path: PathBuf::from(file), why: error.to_string() })
    }

    /// An array.
    pub fn array<T: Element>(&self, file: &str) -> Result<Array<T>> {
        let path = self.path(file)?;
        Array::open(path).map_err(|error| io(path, error))
    }

    /// An array, or `None` when the artifact has no such file.
    pub fn optional_array<T: Element>(&self, file: &str) -> Result<Option<Array<T>>> {
        if self.has(file) { self.array(file).map(Some) } else { Ok(None) }
    }

    /// A table with its header.
    pub fn csv(&self, file: &str) -> Result<Csv> {
        let path = self.path(file)?;
        let unreadable = |error: csv::Error| Error::Unreadable { path: PathBuf::from(file), why: error.to_string() };
        let mut reader = csv::Reader::from_path(path).map_err(unreadable)?;
        let header = reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|record| record.map(|record| record.iter().map(str::to_owned).collect()))
            .collect::<std::result::Result<_, _>>()
            .map_err(unreadable)?;
        Ok(Csv { header, rows })
    }
}

/// A table of texts.
#[derive(Debug, Clone, Default)]
pub struct Csv {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Csv {
    /// A column as numbers, NaN where a cell is none; `None` when there is no such column.
    pub fn column(&self, name: &str) -> Option<Vec<f64>> {
        let index = self.header.iter().position(|header| header == name)?;
        let cell = |row: &Vec<String>| row.get(index).and_then(|cell| cell.parse().ok()).unwrap_or(f64::NAN);
        Some(self.rows.iter().map(cell).collect())
    }

    /// All columns after the first as numbers, row by row.
    pub fn counts(&self) -> Vec<Vec<f64>> {
        let number = |cell: &String| cell.parse().unwrap_or(0.0);
        self.rows.iter().map(|row| row.iter().skip(1).map(number).collect()).collect()
    }
}

/// Names the file of an error.
pub fn io(path: &Path, error: std::io::Error) -> Error {
    Error::Io { path: path.to_owned(), error }
}

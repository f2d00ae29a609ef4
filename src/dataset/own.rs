//! The user's own files: which they are, what they are by content, and reading them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cancel::Cancel;
use crate::hash::ContentHash;

use super::error::DatasetError;
use super::idx::Idx;
use super::raw::{Part, Raw};

/// Images and, apart from them or not, labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFiles {
    pub images: PathBuf,
    pub labels: Option<PathBuf>,
}

/// Own files in one of the formats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    /// IDX files, or a folder with MNIST's four names.
    Idx { train: PartFiles, test: Option<PartFiles> },
}

impl Own {
    /// IDX files: `train` may be a folder that holds files with MNIST's names.
    pub fn idx(train: PartFiles, test: Option<PartFiles>) -> Result<Self, DatasetError> {
        if !train.images.is_dir() {
            return Ok(Self::Idx { train, test });
        }
        let folder = &train.images;
        let find = |stem: &str| {
            let names = [stem.to_owned(), format!("{stem}.gz")];
            names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
        };
        let part = |prefix: &str| {
            let images = find(&format!("{prefix}-images-idx3-ubyte"))?;
            Some(PartFiles { images, labels: find(&format!("{prefix}-labels-idx1-ubyte")) })
        };
        let train = part("train").ok_or_else(|| {
            DatasetError::new(format!("the folder {} has no train-images-idx3-ubyte (or .gz)", folder.display()))
                .help("give `path` the file of the training images, and `labels` the file of their labels")
        })?;
        Ok(Self::Idx { train, test: test.or_else(|| part("t10k")) })
    }

    /// What the files hold, by content; file names outside folders do not matter.
    pub fn identity(&self) -> Result<Value, DatasetError> {
        let hash = |path: &Path| -> Result<String, DatasetError> {
            missing(path)?;
            ContentHash::of_file(path).map(|hash| hash.to_string()).map_err(DatasetError::io(path))
        };
        let part = |part: &PartFiles| -> Result<Value, DatasetError> {
            Ok(json!([hash(&part.images)?, part.labels.as_deref().map(hash).transpose()?]))
        };
        match self {
            Self::Idx { train, test } => {
                Ok(json!({ "format": "idx", "train": part(train)?, "test": test.as_ref().map(part).transpose()? }))
            }
        }
    }

    /// Reads the files.
    pub fn read(&self, _cancel: &Cancel) -> Result<Raw, DatasetError> {
        match self {
            Self::Idx { train, test } => {
                let part = |files: &PartFiles| -> Result<Part, DatasetError> {
                    let images = Idx::read(&files.images)?.into_images(&files.images)?;
                    let labels = files.labels.as_ref().map(|path| Idx::read(path)?.into_labels(path)).transpose()?;
                    Ok(Part { images, labels })
                };
                Raw::numbered("idx", part(train)?, test.as_ref().map(part).transpose()?)
            }
        }
    }
}

/// Fails, naming the place, when there is nothing at it.
pub fn missing(path: &Path) -> Result<(), DatasetError> {
    if path.exists() {
        return Ok(());
    }
    let nearest = path.ancestors().skip(1).find(|folder| folder.is_dir());
    let advice = nearest.map_or_else(
        || "check the path".to_owned(),
        |folder| format!("check the path: of it, {} exists", folder.display()),
    );
    Err(DatasetError::new(format!("{} does not exist", path.display())).help(advice))
}

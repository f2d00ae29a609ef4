//! The user's own files: which they are, what they are by content, and reading them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cancel::Cancel;
use crate::hash::{ContentHash, FramedHasher};

use super::error::DatasetError;
use super::idx::Idx;
use super::images::Folder;
use super::raw::{Part, Raw, not_empty, numbered_classes, same_count, same_shape};
use super::table::TableOptions;
use super::{npy, table};

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
    /// NumPy files, perhaps with the shape of one sample.
    Npy { train: PartFiles, test: Option<PartFiles>, shape: Option<[usize; 3]> },
    /// CSV tables.
    Table { train: PathBuf, test: Option<PathBuf>, options: TableOptions },
    /// A folder of images by class.
    Images(Folder),
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

    /// What the files hold, by content. Names count in a folder of images, where they are the classes.
    pub fn identity(&self) -> Result<Value, DatasetError> {
        Ok(match self {
            Self::Idx { train, test } => json!({ "format": "idx", "files": part_hashes(train, test.as_ref())? }),
            Self::Npy { train, test, .. } => json!({ "format": "npy", "files": part_hashes(train, test.as_ref())? }),
            Self::Table { train, test, .. } => {
                json!({ "format": "csv", "files": [hash(train)?, test.as_deref().map(hash).transpose()?] })
            }
            Self::Images(folder) => {
                let mut hasher = FramedHasher::new("images");
                for (name, path) in folder.files() {
                    hasher.field(name.as_bytes()).field(hash(path)?.as_bytes());
                }
                json!({ "format": "images", "files": hasher.finish() })
            }
        })
    }

    /// What the files say of their samples without being read as a whole. Errors: what cannot be read later either.
    pub fn glance(&self) -> Result<Glance, Misfit> {
        match self {
            Self::Idx { train, test } => {
                glance(train, test.as_ref(), Idx::image_axes, |path| Idx::read(path)?.into_labels(path))
            }
            Self::Npy { train, test, shape } => {
                glance(train, test.as_ref(), |path| npy::image_axes(path, *shape), npy::read_labels)
            }
            Self::Table { train, test, options } => {
                let shape_of = |path: &Path, samples: About| {
                    let table = table::open(path).map_err(samples.with())?;
                    let label = table.label(options).map_err(About::LabelColumn.with())?;
                    table.shape(label, options).map_err(samples.with())
                };
                let shape = shape_of(train, About::Samples)?;
                if let Some(test) = test {
                    let other = shape_of(test, About::TestSamples)?;
                    same_shape(shape, other).map_err(About::TestSamples.with())?;
                }
                // Which classes there are, only the rows tell.
                let classes = options.label_column.is_none().then(Vec::new);
                Ok(Glance { shape: Some(shape), classes })
            }
            Self::Images(folder) => {
                let shape = folder.sample_shape().map_err(About::Samples.with())?;
                Ok(Glance { shape, classes: Some(folder.classes().map(str::to_owned).collect()) })
            }
        }
    }

    /// Reads the files.
    pub fn read(&self, cancel: &Cancel) -> Result<Raw, DatasetError> {
        match self {
            Self::Idx { train, test } => numbered("idx", train, test.as_ref(), cancel, |files| {
                let images = Idx::read(&files.images)?.into_images(&files.images)?;
                let labels = files.labels.as_ref().map(|path| Idx::read(path)?.into_labels(path)).transpose()?;
                Ok(Part { images, labels })
            }),
            Self::Npy { train, test, shape } => numbered("npy", train, test.as_ref(), cancel, |files| {
                let images = npy::read_images(&files.images, *shape)?;
                let labels = files.labels.as_deref().map(npy::read_labels).transpose()?;
                Ok(Part { images, labels })
            }),
            Self::Table { train, test, options } => table::read(train, test.as_deref(), options, cancel),
            Self::Images(folder) => folder.read(cancel),
        }
    }
}

/// What is known of own files before they are read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Height, width and channels of one sample.
    pub shape: Option<[usize; 3]>,
    /// Names of the classes; empty when unlabelled.
    pub classes: Option<Vec<String>>,
}

/// Which of the user's files something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Samples,
    Labels,
    TestSamples,
    TestLabels,
    /// Which column of a table the labels are in.
    LabelColumn,
}

/// What is wrong, and with which file.
pub type Misfit = (About, DatasetError);

impl About {
    fn with(self) -> impl Fn(DatasetError) -> Misfit {
        move |error| (self, error)
    }
}

/// A glance at samples whose labels are numbers.
fn glance(
    train: &PartFiles,
    test: Option<&PartFiles>,
    axes: impl Fn(&Path) -> Result<[usize; 4], DatasetError>,
    labels: impl Fn(&Path) -> Result<Vec<u32>, DatasetError>,
) -> Result<Glance, Misfit> {
    let mut shape = None;
    let mut greatest = None;
    let parts =
        [("train", Some(train), About::Samples, About::Labels), ("test", test, About::TestSamples, About::TestLabels)];
    for (name, part, samples, labelled) in parts {
        let Some(part) = part else { continue };
        let [count, own @ ..] = axes(&part.images).map_err(samples.with())?;
        not_empty(name, count, own).map_err(samples.with())?;
        same_shape(*shape.get_or_insert(own), own).map_err(samples.with())?;
        if let Some(path) = &part.labels {
            let labels = labels(path).map_err(labelled.with())?;
            same_count(name, count, labels.len()).map_err(labelled.with())?;
            greatest = greatest.max(labels.into_iter().max());
        }
    }
    let classes = numbered_classes(greatest).map_err(About::Labels.with())?;
    Ok(Glance { shape, classes: Some(classes) })
}

fn numbered(
    name: &str,
    train: &PartFiles,
    test: Option<&PartFiles>,
    cancel: &Cancel,
    read: impl Fn(&PartFiles) -> Result<Part, DatasetError>,
) -> Result<Raw, DatasetError> {
    let train = read(train)?;
    cancel.check()?;
    Raw::numbered(name, train, test.map(read).transpose()?)
}

/// Hashes of images and labels, of the training and the test part.
fn part_hashes(train: &PartFiles, test: Option<&PartFiles>) -> Result<Value, DatasetError> {
    let part = |part: &PartFiles| -> Result<Value, DatasetError> {
        Ok(json!([hash(&part.images)?, part.labels.as_deref().map(hash).transpose()?]))
    };
    Ok(json!([part(train)?, test.map(part).transpose()?]))
}

fn hash(path: &Path) -> Result<String, DatasetError> {
    missing(path)?;
    ContentHash::of_file(path).map(|hash| hash.to_string()).map_err(DatasetError::io(path))
}

/// Fails, naming the place, when there is nothing at it.
pub fn missing(path: &Path) -> Result<(), DatasetError> {
    if path.exists() {
        return Ok(());
    }
    let failed = DatasetError::new(format!("{} does not exist", path.display()));
    if path.components().any(|part| part.as_os_str() == "~") {
        return Err(failed.help("`~` is not expanded in a path: write the home folder's name in full"));
    }
    let nearest = path.ancestors().skip(1).find(|folder| folder.is_dir());
    let Some(folder) = nearest else { return Err(failed.help("check the path")) };
    // A path in a file of `pipelines/` is often written as from the folder above.
    let above = folder.parent().zip(path.strip_prefix(folder).ok()).map(|(above, rest)| above.join(rest));
    Err(failed.help(match above.filter(|above| above.exists()) {
        Some(above) => format!(
            "paths are relative to the file they are in: did you mean {}, one `../` further up?",
            above.display()
        ),
        None => format!("check the path: of it, {} exists", folder.display()),
    }))
}

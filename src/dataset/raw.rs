//! A data set just read, before it is an artifact; and how it becomes one.

use std::collections::BTreeMap;
use std::path::Path;

use crate::artifact::array;

use super::error::DatasetError;
use super::meta::{DatasetMeta, META_FILE, PerChannel, SplitMeta, images_file, index_file, labels_file};
use super::noise::Bits;
use super::split::Pixels;

/// The most classes a data set may have: a greater label is a mistake in the file.
pub const MOST_CLASSES: usize = 1 << 16;

/// Samples and their labels.
pub struct Part {
    pub images: Pixels,
    pub labels: Option<Vec<u32>>,
}

/// A data set as its files hold it.
pub struct Raw {
    pub name: String,
    pub classes: Vec<String>,
    pub train: Part,
    pub test: Option<Part>,
}

impl Raw {
    /// A data set whose labels are numbers: as many classes as the greatest label asks for, named by their numbers.
    pub fn numbered(name: &str, train: Part, test: Option<Part>) -> Result<Self, DatasetError> {
        let labels = |part: &Part| part.labels.iter().flatten().max().copied();
        let classes = numbered_classes(labels(&train).max(test.as_ref().and_then(labels)))?;
        Ok(Self { name: name.into(), classes, train, test })
    }

    /// Writes the artifact's files into `directory`. Without a test part, `test_fraction` of the samples, drawn by a
    /// fixed shuffle that is the same for every seed, become the test split.
    pub fn write(
        &self,
        directory: &Path,
        test_fraction: f64,
        fallback_for: Option<String>,
    ) -> Result<DatasetMeta, DatasetError> {
        self.check()?;
        let mut splits = BTreeMap::new();
        let held_out = if self.test.is_some() { None } else { held_out(self.train.images.count(), test_fraction)? };
        write_part(directory, "train", &self.train)?;
        let all = SplitMeta { source: "train".into(), count: self.train.images.count() };
        splits.insert("train".to_owned(), all);
        if let Some(test) = &self.test {
            write_part(directory, "test", test)?;
            splits.insert("test".to_owned(), SplitMeta { source: "test".into(), count: test.images.count() });
        }
        for (split, rows) in held_out.iter().flat_map(|rows| [("train", &rows.train), ("test", &rows.test)]) {
            write_array(&directory.join(index_file(split)), &[rows.len()], rows)?;
            splits.insert(split.to_owned(), SplitMeta { source: "train".into(), count: rows.len() });
        }
        let meta = DatasetMeta {
            name: self.name.clone(),
            shape: sample_shape(&self.train.images)?,
            classes: self.classes.clone(),
            stored_range: stored_range(&self.train.images, held_out.as_ref().map(|rows| rows.train.as_slice())),
            channel_ranges: vec![],
            scale: PerChannel::All(1.0),
            offset: PerChannel::All(0.0),
            noise: None,
            fallback_for,
            splits,
        };
        let path = directory.join(META_FILE);
        std::fs::write(&path, meta.to_json()).map_err(DatasetError::io(&path))?;
        Ok(meta)
    }

    /// Counts, shapes and labels fit each other, and nothing is empty.
    fn check(&self) -> Result<(), DatasetError> {
        let shape = sample_shape(&self.train.images)?;
        for (split, part) in [("train", Some(&self.train)), ("test", self.test.as_ref())] {
            let Some(part) = part else { continue };
            let count = part.images.count();
            not_empty(split, count, shape)?;
            if u32::try_from(count).is_err() {
                return Err(DatasetError::new(format!("the data set `{}` has too many samples: {count}", self.name)));
            }
            same_count(split, count, part.labels.as_ref().map_or(count, Vec::len))?;
        }
        match &self.test {
            Some(test) if sample_shape(&test.images)? != shape => same_shape(shape, sample_shape(&test.images)?),
            Some(test) if test.labels.is_some() != self.train.labels.is_some() => {
                Err(DatasetError::new("only one of the training and the test part has labels")
                    .help("name the labels of both or of neither"))
            }
            _ => Ok(()),
        }
    }
}

/// Classes named by their numbers, as many as the greatest label asks for.
pub fn numbered_classes(greatest: Option<u32>) -> Result<Vec<String>, DatasetError> {
    match greatest {
        Some(label) if label as usize >= MOST_CLASSES => {
            let message = format!("there is the label {label}; at most {MOST_CLASSES} classes are supported");
            Err(DatasetError::new(message).help("labels are class numbers that begin at 0"))
        }
        _ => Ok((0..greatest.map_or(0, |label| label + 1)).map(|class| class.to_string()).collect()),
    }
}

/// Fails when a part has no samples, or samples without numbers.
pub fn not_empty(part: &str, samples: usize, shape: [usize; 3]) -> Result<(), DatasetError> {
    if samples > 0 && !shape.contains(&0) {
        return Ok(());
    }
    Err(DatasetError::new(format!("the {part} part is empty")).help("check the path and what is in it"))
}

/// Fails when a part has more or fewer labels than samples.
pub fn same_count(part: &str, samples: usize, labels: usize) -> Result<(), DatasetError> {
    if samples == labels {
        return Ok(());
    }
    let message = format!("the {part} part has {samples} samples but {labels} labels");
    Err(DatasetError::new(message).help("do the two files belong together?"))
}

/// Fails when training and test samples are of different shapes.
pub fn same_shape(train: [usize; 3], test: [usize; 3]) -> Result<(), DatasetError> {
    if train == test {
        return Ok(());
    }
    let message = format!("training samples have shape {train:?}, test samples {test:?}");
    Err(DatasetError::new(message).help("height, width and channels have to be the same"))
}

struct HeldOut {
    train: Vec<u32>,
    test: Vec<u32>,
}

fn held_out(count: usize, fraction: f64) -> Result<Option<HeldOut>, DatasetError> {
    if fraction <= 0.0 {
        return Ok(None);
    }
    let test = (count as f64 * fraction).round() as usize;
    if test == 0 || test >= count {
        let message = format!("a test_fraction of {fraction} leaves {test} of {count} samples for testing");
        return Err(DatasetError::new(message).help("choose a test_fraction that leaves samples on both sides"));
    }
    let mut rows: Vec<u32> = (0..count as u32).collect();
    Bits::new(0).shuffle(&mut rows);
    let (mut train, mut test) = (rows.split_off(test), rows);
    train.sort_unstable();
    test.sort_unstable();
    Ok(Some(HeldOut { train, test }))
}

fn sample_shape(images: &Pixels) -> Result<[usize; 3], DatasetError> {
    match *images.shape() {
        [_, h, w, c] => Ok([h, w, c]),
        ref shape => Err(DatasetError::new(format!("samples of shape {shape:?} are not [n, h, w, c]"))),
    }
}

/// Least and greatest number: of the type for bytes, of the training rows for floats.
fn stored_range(images: &Pixels, rows: Option<&[u32]>) -> [f32; 2] {
    let Pixels::Floats(array) = images else { return [0.0, 255.0] };
    let extend = |range: [f32; 2], values: &[f32]| {
        values.iter().fold(range, |[low, high], &value| [low.min(value), high.max(value)])
    };
    let none = [f32::INFINITY, f32::NEG_INFINITY];
    match rows {
        None => extend(none, array.values()),
        Some(rows) => rows.iter().fold(none, |range, &row| extend(range, array.row(row as usize))),
    }
}

fn write_part(directory: &Path, source: &str, part: &Part) -> Result<(), DatasetError> {
    let path = directory.join(images_file(source));
    let saved = match &part.images {
        Pixels::Bytes(array) => array.save(&path),
        Pixels::Floats(array) => array.save(&path),
    };
    saved.map_err(DatasetError::io(&path))?;
    part.labels.iter().try_for_each(|labels| write_array(&directory.join(labels_file(source)), &[labels.len()], labels))
}

fn write_array(path: &Path, shape: &[usize], values: &[u32]) -> Result<(), DatasetError> {
    array::write(path, shape, values).map_err(DatasetError::io(path))
}

//! A Dataset artifact, opened: memory-mapped pixels, row numbers, and the affine map from stored numbers to values.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::artifact::array::{Array, Element};
use crate::hash::ContentHash;

use super::error::DatasetError;
use super::meta::{DatasetMeta, META_FILE, images_file, index_file, labels_file};
use super::noise::Noise;
use super::samples::Samples;

/// Stored samples, `[n, h, w, c]`.
#[derive(Clone)]
pub enum Pixels {
    Bytes(Array<u8>),
    Floats(Array<f32>),
}

impl Pixels {
    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Bytes(array) => array.shape(),
            Self::Floats(array) => array.shape(),
        }
    }

    /// How many samples there are.
    pub fn count(&self) -> usize {
        self.shape().first().copied().unwrap_or_default()
    }
}

/// A Dataset artifact. Opening checks every length and row number, so that nothing read later can be out of bounds.
pub struct Dataset {
    pub meta: DatasetMeta,
    sources: BTreeMap<String, Stored>,
    index: BTreeMap<String, Array<u32>>,
}

#[derive(Clone)]
struct Stored {
    images: Pixels,
    labels: Option<Array<u32>>,
}

impl Dataset {
    /// Opens an artifact from its files: name -> where the bytes lie.
    pub fn open(files: &BTreeMap<String, PathBuf>) -> Result<Self, DatasetError> {
        let path = files.get(META_FILE).ok_or_else(|| DatasetError::new(format!("the data set has no {META_FILE}")))?;
        let text = std::fs::read(path).map_err(DatasetError::io(path))?;
        let meta: DatasetMeta = serde_json::from_slice(&text)
            .map_err(|error| DatasetError::new(format!("{}: not a {META_FILE}: {error}", path.display())))?;
        if !meta.scale.fits(meta.shape[2]) || !meta.offset.fits(meta.shape[2]) {
            return Err(DatasetError::new(format!("{}: scale and offset do not fit the channels", path.display())));
        }
        let mut dataset = Self { meta, sources: BTreeMap::new(), index: BTreeMap::new() };
        for (split, split_meta) in dataset.meta.splits.clone() {
            if !dataset.sources.contains_key(&split_meta.source) {
                let stored = Stored::open(files, &split_meta.source, &dataset.meta)?;
                dataset.sources.insert(split_meta.source.clone(), stored);
            }
            let available = dataset.sources[&split_meta.source].images.count();
            let count = match files.get(&index_file(&split)) {
                None => available,
                Some(path) => {
                    let rows = open_array::<u32>(path)?;
                    if rows.shape().len() != 1 || rows.values().iter().any(|&row| row as usize >= available) {
                        return Err(DatasetError::new(format!("{}: row numbers beyond the data", path.display())));
                    }
                    let count = rows.len();
                    dataset.index.insert(split.clone(), rows);
                    count
                }
            };
            if count != split_meta.count {
                let message = format!("the split `{split}` should have {} samples and has {count}", split_meta.count);
                return Err(DatasetError::new(message));
            }
        }
        Ok(dataset)
    }

    /// The samples of a split: `train`, `validation` or `test`.
    pub fn split(&self, name: &str) -> Option<Split> {
        let source = &self.meta.splits.get(name)?.source;
        let stored = self.sources.get(source)?;
        let rows = self.index.get(name).cloned();
        let labels = match (&stored.labels, &rows) {
            (Some(labels), Some(rows)) => {
                let gathered = rows.values().iter().map(|&row| labels.values()[row as usize]).collect();
                Array::new(rows.shape(), gathered)
            }
            (labels, _) => labels.clone(),
        };
        Some(Split {
            count: rows.as_ref().map_or(stored.images.count(), Array::len),
            images: stored.images.clone(),
            rows,
            labels,
            shape: self.meta.shape,
            affine: Affine::of(&self.meta),
            noise: self.meta.noise,
            // Rows of different sources get different noise although their numbers are the same.
            stream: ContentHash::of(source.as_bytes()).low_u64(),
            range: self.meta.value_range(),
        })
    }

    /// The row numbers of a split in its source, in the split's order.
    pub fn rows(&self, split: &str) -> Option<Vec<u32>> {
        let count = self.meta.splits.get(split)?.count as u32;
        Some(self.index.get(split).map_or_else(|| (0..count).collect(), |rows| rows.values().to_vec()))
    }

    /// How many samples a source has, whether in a split or not.
    pub fn source_count(&self, source: &str) -> Option<usize> {
        self.sources.get(source).map(|stored| stored.images.count())
    }
}

impl Stored {
    fn open(files: &BTreeMap<String, PathBuf>, source: &str, meta: &DatasetMeta) -> Result<Self, DatasetError> {
        let name = images_file(source);
        let path = files.get(&name).ok_or_else(|| DatasetError::new(format!("the data set has no {name}")))?;
        let images = match Array::open(path) {
            Ok(bytes) => Pixels::Bytes(bytes),
            Err(error) if error.kind() == ErrorKind::InvalidData => Pixels::Floats(open_array(path)?),
            Err(error) => return Err(DatasetError::io(path)(error)),
        };
        if images.shape().get(1..) != Some(&meta.shape[..]) || images.count() > u32::MAX as usize {
            let message = format!("{}: shape {:?} is not [n, h, w, c] of {META_FILE}", path.display(), images.shape());
            return Err(DatasetError::new(message));
        }
        let labels = files.get(&labels_file(source)).map(|path| open_array::<u32>(path)).transpose()?;
        if let Some(labels) = &labels
            && (labels.shape() != [images.count()]
                || labels.values().iter().any(|&label| label as usize >= meta.classes.len()))
        {
            return Err(DatasetError::new(format!("the labels of `{source}` do not fit its samples and classes")));
        }
        Ok(Self { images, labels })
    }
}

fn open_array<T: Element>(path: &Path) -> Result<Array<T>, DatasetError> {
    // The error of `Array::open` names the file itself when the file can be read at all.
    Array::open(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => DatasetError::new(error.to_string()),
        _ => DatasetError::io(path)(error),
    })
}

/// The map from stored numbers to values.
#[derive(Clone)]
enum Affine {
    Uniform {
        scale: f32,
        offset: f32,
    },
    /// One pair for each number of a sample.
    PerValue {
        scale: Vec<f32>,
        offset: Vec<f32>,
    },
}

impl Affine {
    fn of(meta: &DatasetMeta) -> Self {
        let channels = meta.shape[2];
        let all = |values: &super::meta::PerChannel| (1..channels).all(|channel| values.get(channel) == values.get(0));
        if all(&meta.scale) && all(&meta.offset) {
            return Self::Uniform { scale: meta.scale.get(0), offset: meta.offset.get(0) };
        }
        let spread = |values: &super::meta::PerChannel| (0..meta.width()).map(|i| values.get(i % channels)).collect();
        Self::PerValue { scale: spread(&meta.scale), offset: spread(&meta.offset) }
    }

    /// Maps one sample. A multiplication and an addition, each rounded: the same numbers on every processor.
    #[inline(always)]
    fn map<T: Copy>(&self, stored: &[T], float: impl Fn(T) -> f32, out: &mut [f32]) {
        match self {
            Self::Uniform { scale, offset } => {
                for (value, &number) in out.iter_mut().zip(stored) {
                    *value = float(number) * scale + offset;
                }
            }
            Self::PerValue { scale, offset } => {
                for (((value, &number), scale), offset) in out.iter_mut().zip(stored).zip(scale).zip(offset) {
                    *value = float(number) * scale + offset;
                }
            }
        }
    }
}

/// A split of a data set; clones share the pixels.
#[derive(Clone)]
pub struct Split {
    images: Pixels,
    rows: Option<Array<u32>>,
    labels: Option<Array<u32>>,
    count: usize,
    shape: [usize; 3],
    affine: Affine,
    noise: Option<Noise>,
    stream: u64,
    range: [f32; 2],
}

impl Split {
    /// Least and greatest value a clean sample can have: what is black and what is white.
    pub fn range(&self) -> [f32; 2] {
        self.range
    }

    /// The stored samples of the split's source.
    pub fn pixels(&self) -> &Pixels {
        &self.images
    }

    /// The row of the source that a row of the split is.
    pub fn source_row(&self, row: u32) -> u32 {
        self.rows.as_ref().map_or(row, |rows| rows.values()[row as usize])
    }

    fn gather_from<T: Element>(
        &self,
        images: &Array<T>,
        float: impl Fn(T) -> f32 + Copy,
        rows: &[u32],
        out: &mut [f32],
    ) {
        let width = images.width();
        let values = images.values();
        for (&row, sample) in rows.iter().zip(out.chunks_exact_mut(width.max(1))) {
            let start = self.source_row(row) as usize * width;
            self.affine.map(&values[start..start + width], float, sample);
        }
    }
}

impl Samples for Split {
    fn len(&self) -> usize {
        self.count
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        match &self.images {
            Pixels::Bytes(images) => self.gather_from(images, f32::from, rows, out),
            Pixels::Floats(images) => self.gather_from(images, |value| value, rows, out),
        }
    }

    fn is_noisy(&self) -> bool {
        self.noise.is_some()
    }

    fn gather_inputs(&self, rows: &[u32], draw: u64, out: &mut [f32]) {
        self.gather(rows, out);
        let Some(noise) = &self.noise else { return };
        let width = self.shape.iter().product::<usize>().max(1);
        for (&row, sample) in rows.iter().zip(out.chunks_exact_mut(width)) {
            noise.apply(self.stream, draw, self.source_row(row), self.range, sample);
        }
    }

    fn labels(&self) -> Option<&[u32]> {
        self.labels.as_ref().map(Array::values)
    }
}

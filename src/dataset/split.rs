//! The samples of one split: stored pixels, the rows among them, and the affine map from stored numbers to values.
//! Knows no file.

use crate::artifact::array::{Array, Element};
use crate::hash::ContentHash;

use super::meta::{DatasetMeta, PerChannel};
use super::noise::{Noise, widest};
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
        let all = |values: &PerChannel| (1..channels).all(|channel| values.get(channel) == values.get(0));
        if all(&meta.scale) && all(&meta.offset) {
            return Self::Uniform { scale: meta.scale.get(0), offset: meta.offset.get(0) };
        }
        let spread = |values: &PerChannel| (0..meta.width()).map(|i| values.get(i % channels)).collect();
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
    /// Of each channel.
    ranges: Vec<[f32; 2]>,
}

impl Split {
    /// The rows of a source that the split has, all when none are named; labels are those of the source.
    pub(super) fn new(
        meta: &DatasetMeta,
        source: &str,
        images: Pixels,
        labels: Option<Array<u32>>,
        rows: Option<Array<u32>>,
    ) -> Self {
        let labels = match (labels, &rows) {
            (Some(labels), Some(rows)) => {
                let gathered = rows.values().iter().map(|&row| labels.values()[row as usize]).collect();
                Array::new(rows.shape(), gathered)
            }
            (labels, _) => labels,
        };
        Self {
            count: rows.as_ref().map_or(images.count(), Array::len),
            images,
            rows,
            labels,
            shape: meta.shape,
            affine: Affine::of(meta),
            noise: meta.noise,
            // Rows of different sources get different noise although their numbers are the same.
            stream: ContentHash::of(source.as_bytes()).low_u64(),
            ranges: meta.value_ranges(),
        }
    }

    /// Least and greatest value a clean sample can have: what is black and what is white.
    pub fn range(&self) -> [f32; 2] {
        widest(&self.ranges)
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
            noise.apply(self.stream, draw, self.source_row(row), &self.ranges, sample);
        }
    }

    fn labels(&self) -> Option<&[u32]> {
        self.labels.as_ref().map(Array::values)
    }
}

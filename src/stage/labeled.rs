//! Labeled samples from either kind of artifact that has them, images or codes, scaled as a classifier wants them.

use crate::artifact::ArtifactType;
use crate::artifact::array::Array;
use crate::dataset::Dataset;
use crate::dataset::samples::Samples;
use crate::embed::latents::Latents;
use crate::stage::{Input, StageError, data};

/// Images or codes with labels.
pub struct Labeled {
    origin: Origin,
    /// Row 0 is subtracted from every sample, and the rest multiplied by row 1.
    scaling: Option<Array<f32>>,
}

enum Origin {
    Images(Dataset),
    Codes(Latents),
}

impl Labeled {
    /// Opens a Dataset or Latents artifact. Error: it has no classes.
    pub fn open(input: &Input) -> Result<Self, StageError> {
        let origin = match input.artifact_type {
            ArtifactType::Latents => Origin::Codes(Latents::open(&input.files)?),
            _ => Origin::Images(data::open(input)?),
        };
        let labeled = Self { origin, scaling: None };
        if labeled.classes().is_empty() {
            return Err(StageError::with_help(
                format!("the data from `{}` has no labels", input.stage),
                "a classifier needs a labeled data set; for CSV, name the `label_column`",
            ));
        }
        Ok(labeled)
    }

    /// Scales every feature to mean 0 and standard deviation 1 over the training split; a constant one only to mean 0.
    pub fn standardize(&mut self) -> Result<(), StageError> {
        let scaling = {
            let train = self.split("train")?;
            let width = train.shape().iter().product::<usize>();
            let (mut sums, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
            let mut sample = vec![0.0; width];
            for row in 0..train.len() as u32 {
                train.gather_inputs(&[row], 0, &mut sample);
                for (feature, value) in sample.iter().map(|value| f64::from(*value)).enumerate() {
                    sums[feature] += value;
                    squares[feature] += value * value;
                }
            }
            let count = train.len() as f64;
            let means = sums.iter().map(|sum| sum / count);
            let factor = |(square, mean): (&f64, f64)| {
                let deviation = (square / count - mean * mean).max(0.0).sqrt();
                if deviation > 1e-6 { (1.0 / deviation) as f32 } else { 1.0 }
            };
            let factors: Vec<f32> = squares.iter().zip(means.clone()).map(factor).collect();
            let values = means.map(|mean| mean as f32).chain(factors).collect();
            Array::new(&[2, width], values)
        };
        self.scaling = scaling;
        Ok(())
    }

    /// Scales as a classifier's training did.
    pub fn scale_by(&mut self, scaling: Option<Array<f32>>) {
        self.scaling = scaling;
    }

    /// Means and factors of all features, `[2, features]`, when there is scaling.
    pub fn scaling(&self) -> Option<&Array<f32>> {
        self.scaling.as_ref()
    }

    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        match &self.origin {
            Origin::Images(dataset) => &dataset.meta.classes,
            Origin::Codes(latents) => &latents.classes,
        }
    }

    /// `pixels` or `latents`.
    pub fn on(&self) -> &'static str {
        match &self.origin {
            Origin::Images(_) => "pixels",
            Origin::Codes(_) => "latents",
        }
    }

    /// A split, when it is there and not empty.
    pub fn optional(&self, name: &str) -> Option<Box<dyn Samples + '_>> {
        let split: Box<dyn Samples> = match &self.origin {
            Origin::Images(dataset) => Box::new(dataset.split(name)?),
            Origin::Codes(latents) => Box::new(latents.splits.get(name)?.clone()),
        };
        let empty = split.is_empty();
        let split = match &self.scaling {
            Some(scaling) => Box::new(Scaled { split, scaling }),
            None => split,
        };
        (!empty).then_some(split)
    }

    /// A split that must be there.
    pub fn split(&self, name: &str) -> Result<Box<dyn Samples + '_>, StageError> {
        self.optional(name).ok_or_else(|| data::no_split("the data", name))
    }
}

/// Samples with every feature shifted and scaled.
struct Scaled<'a> {
    split: Box<dyn Samples + 'a>,
    scaling: &'a Array<f32>,
}

impl Scaled<'_> {
    fn scale(&self, out: &mut [f32]) {
        let (means, factors) = (self.scaling.row(0), self.scaling.row(1));
        for sample in out.chunks_exact_mut(means.len()) {
            for ((value, mean), factor) in sample.iter_mut().zip(means).zip(factors) {
                *value = (*value - mean) * factor;
            }
        }
    }
}

impl Samples for Scaled<'_> {
    fn len(&self) -> usize {
        self.split.len()
    }

    fn shape(&self) -> [usize; 3] {
        self.split.shape()
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        self.split.gather(rows, out);
        self.scale(out);
    }

    fn is_noisy(&self) -> bool {
        self.split.is_noisy()
    }

    fn gather_inputs(&self, rows: &[u32], draw: u64, out: &mut [f32]) {
        self.split.gather_inputs(rows, draw, out);
        self.scale(out);
    }

    fn labels(&self) -> Option<&[u32]> {
        self.split.labels()
    }
}

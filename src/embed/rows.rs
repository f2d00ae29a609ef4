//! Rows of numbers in memory, seen as samples. Knows no file.

use crate::dataset::samples::Samples;

/// `n` rows of `dim` numbers, one after another.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    values: &'a [f32],
    dim: usize,
}

impl<'a> Rows<'a> {
    /// Sees `values` as rows of `dim` (at least 1) numbers.
    pub fn new(values: &'a [f32], dim: usize) -> Self {
        assert!(dim > 0 && values.len().is_multiple_of(dim), "whole rows");
        Self { values, dim }
    }
}

impl Samples for Rows<'_> {
    fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// `[1, 1, dim]`.
    fn shape(&self) -> [usize; 3] {
        [1, 1, self.dim]
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        let row = |row: u32| &self.values[row as usize * self.dim..][..self.dim];
        out.chunks_exact_mut(self.dim).zip(rows).for_each(|(out, &at)| out.copy_from_slice(row(at)));
    }
}

/// Numbers in one sample.
pub fn width(samples: &dyn Samples) -> usize {
    samples.shape().iter().product()
}

/// Samples `start..start + count`, one after another.
pub fn gather_range(samples: &dyn Samples, start: usize, count: usize) -> Vec<f32> {
    let rows: Vec<u32> = (start..start + count).map(|row| row as u32).collect();
    let mut values = vec![0.0; count * width(samples)];
    samples.gather(&rows, &mut values);
    values
}

//! The face of data that training sees: numbered samples, gathered into batches. Knows no file.

/// Numbered samples of one shape.
pub trait Samples: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Height, width, channels.
    fn shape(&self) -> [usize; 3];

    /// Writes the clean samples `rows`, one after another in height, width, channel order; `out` has
    /// `rows.len() x h x w x c` numbers. Rows are below `len`.
    fn gather(&self, rows: &[u32], out: &mut [f32]);

    /// Whether a model is given something else than what it is asked to give back.
    fn is_noisy(&self) -> bool {
        false
    }

    /// Writes what a model is given for `rows`: the clean samples, with noise when the data set has it. Noise depends
    /// on the row and on `draw` (the epoch in training, 0 in evaluation) and on nothing else.
    fn gather_inputs(&self, rows: &[u32], _draw: u64, out: &mut [f32]) {
        self.gather(rows, out);
    }

    /// Class of every sample, when labelled.
    fn labels(&self) -> Option<&[u32]> {
        None
    }
}

/// The same samples, given to a model without noise.
pub struct Clean<'a>(pub &'a dyn Samples);

impl Samples for Clean<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn shape(&self) -> [usize; 3] {
        self.0.shape()
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        self.0.gather(rows, out);
    }

    fn labels(&self) -> Option<&[u32]> {
        self.0.labels()
    }
}

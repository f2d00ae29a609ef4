//! Running a network over many samples: chunks of fixed size go through in parallel, results come back in order.

use dfdx::prelude::{Cache, Cpu};
use rayon::prelude::*;

use crate::dataset::samples::Samples;
use crate::tensor::flush::FlushToZero;
use crate::tensor::storage::{Matrix, Scratch, numbers_mut, zeros};

use super::network::Network;
use super::train::{Run, TrainError};

/// Chunks in flight between two looks at the cancel flag.
const WAVE: usize = 16;

/// Memory one part of a batch computes in; kept from batch to batch.
pub(super) struct Worker {
    device: Cpu,
    pub scratch: Scratch<f32>,
}

impl Worker {
    pub(super) fn new() -> Self {
        let device = Cpu::default();
        device.enable_cache();
        Self { device, scratch: Scratch::default() }
    }

    /// A matrix filled by `fill`.
    pub(super) fn matrix(&self, rows: usize, width: usize, fill: impl FnOnce(&mut [f32])) -> Matrix<f32> {
        let mut matrix = zeros(&self.device, rows, width);
        fill(numbers_mut(&mut matrix));
        matrix
    }

    /// What a model is given for these rows.
    pub(super) fn inputs(&self, data: &dyn Samples, rows: &[u32], draw: u64) -> Matrix<f32> {
        self.matrix(rows.len(), data.shape().iter().product(), |out| data.gather_inputs(rows, draw, out))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // dfdx frees what its cache holds only when told to.
        self.device.disable_cache();
    }
}

/// Most samples that go through a network together, and most of those that are images.
pub(super) const ROWS_AT_ONCE: usize = 64;
pub(super) const IMAGES_AT_ONCE: usize = 16;

/// Samples that go through a network together: few images, many rows of features.
pub(super) fn rows_at_once(network: &Network) -> usize {
    if network.is_convolutional() { IMAGES_AT_ONCE } else { ROWS_AT_ONCE }
}

/// The number of samples, as row numbers count it.
pub(super) fn count(data: &dyn Samples) -> Result<u32, TrainError> {
    u32::try_from(data.len()).map_err(|_| TrainError::Invalid("there are more than four billion samples".into()))
}

/// Calls `work` for each chunk of `rows` on the pool, and `take` with the results in order on this thread.
pub(super) fn in_chunks<R: Send>(
    network: &Network,
    rows: &[u32],
    run: &Run<'_>,
    work: impl Fn(&Worker, &[u32]) -> R + Sync,
    mut take: impl FnMut(&[u32], R),
) -> Result<(), TrainError> {
    let size = 2 * rows_at_once(network);
    let mut workers: Vec<Worker> = (0..WAVE.min(rows.len().div_ceil(size))).map(|_| Worker::new()).collect();
    for wave in rows.chunks(size * WAVE) {
        if run.cancel.is_cancelled() {
            return Err(TrainError::Interrupted);
        }
        let results: Vec<R> = run.pool.install(|| {
            let chunks = wave.par_chunks(size).with_max_len(1);
            workers
                .par_iter_mut()
                .with_max_len(1)
                .zip(chunks)
                .map(|(worker, rows)| {
                    let _flush = FlushToZero::new();
                    work(worker, rows)
                })
                .collect()
        });
        wave.chunks(size).zip(results).for_each(|(rows, result)| take(rows, result));
    }
    Ok(())
}

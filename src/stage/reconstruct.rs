//! What a model makes of samples, a block at a time: what the kinds that measure reconstructions share.

use crate::dataset::samples::Samples;
use crate::model::autoencoder::Autoencoder;
use crate::stage::{Context, StageError, training};

/// Samples at once: bounds memory, and fixes the order of sums whatever the threads.
const BLOCK: usize = 500;

/// Calls `each` with clean samples and their reconstructions, block by block, in order.
pub fn for_each_block(
    context: &Context,
    model: &Autoencoder,
    samples: &dyn Samples,
    mut each: impl FnMut(&[f32], &[f32]),
) -> Result<(), StageError> {
    let pixels = samples.shape().iter().product::<usize>();
    let rows: Vec<u32> = (0..samples.len() as u32).collect();
    let mut clean = vec![0.0; BLOCK.min(rows.len()) * pixels];
    for block in rows.chunks(BLOCK) {
        context.checkpoint()?;
        let given = training::with_run(context, |run| model.reconstruct(samples, block, run))?;
        let clean = &mut clean[..block.len() * pixels];
        samples.gather(block, clean);
        each(clean, &given);
    }
    Ok(())
}

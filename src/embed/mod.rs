//! What is made of codes: their files, PCA, t-SNE, k-means, and ways between them. Knows no model, no stage and no store.
//!
//! Everything here gives the same bytes for any number of threads: work is cut into fixed chunks and sums are taken in
//! fixed order.

pub mod kmeans;
pub mod latents;
pub mod neighbors;
pub mod pca;
pub mod rows;
pub mod tsne;
pub mod walks;
pub mod workers;

use crate::cancel::Interrupted;

/// Why an embedding could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("the samples hold numbers that are not finite")]
    NotFinite,
    #[error("the embedding grew beyond all bounds")]
    Diverged,
    #[error("too few samples: {found} where at least {needed} are needed")]
    TooFew { found: usize, needed: usize },
    #[error("the samples have {found} numbers each, and PCA is limited to {most}")]
    TooWide { found: usize, most: usize },
}

/// Fails when there are fewer samples than `needed`.
fn require(found: usize, needed: usize) -> Result<(), EmbedError> {
    if found < needed { Err(EmbedError::TooFew { found, needed }) } else { Ok(()) }
}

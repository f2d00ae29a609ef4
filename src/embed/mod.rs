//! What is made of codes: their files, PCA, t-SNE and k-means. Knows no model, no stage and no store.
//!
//! Everything here gives the same bytes for any number of threads: work is cut into fixed chunks and sums are taken in
//! fixed order.

pub mod latents;

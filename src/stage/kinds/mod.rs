//! The registry of stage kinds: one file and one line each, in the order of the documentation.

use crate::stage::Stage;

pub mod load;
pub mod normalize;
pub mod subset;
pub mod split;
pub mod noise;
pub mod train_autoencoder;
pub mod extract_latents;
pub mod evaluate;
pub mod train_classifier;
pub mod linear_probe;
pub mod predict;
pub mod sample;
pub mod pca;
pub mod tsne;
pub mod kmeans;
pub mod anomaly;
pub mod baseline_pca;
pub mod compare_baseline;
pub mod report;

/// One of each kind declared above; `build.rs` lists them.
pub fn all() -> &'static [&'static dyn Stage] {
    include!(concat!(env!("OUT_DIR"), "/kinds.rs"))
}

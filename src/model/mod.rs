//! Models: layers written as text, shapes, initialization, training and weights files. Knows data only as
//! `dataset::samples::Samples`, and nothing of configuration, stages or the store.

#[cfg(any(test, feature = "cuda"))]
mod accelerator;
pub mod autoencoder;
mod builder;
mod checkpoint;
pub mod classifier;
#[cfg(any(test, feature = "cuda"))]
mod composed;
mod course;
mod fit;
mod infer;
mod init;
pub mod layer;
mod network;
mod optimizer;
mod order;
mod processor;
pub mod shape;
mod step;
pub mod tie;
pub mod train;
mod weights;

#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod tests;

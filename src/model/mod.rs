//! Models: layers written as text, shapes, initialization, training and weights files. Knows data only as
//! `dataset::samples::Samples`, and nothing of configuration, stages or the store.

mod init;
pub mod layer;
pub mod shape;

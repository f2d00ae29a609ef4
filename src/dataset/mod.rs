//! Data sets: finding, reading, verifying and drawing them, and gathering batches. Knows no model and no stage.

pub mod cifar;
pub mod content;
pub mod download;
pub mod error;
pub mod idx;
pub mod images;
pub mod known;
pub mod meta;
pub mod named;
pub mod noise;
pub mod npy;
pub mod open;
pub mod own;
pub mod raw;
pub mod samples;
pub mod select;
pub mod split;
pub mod statistics;
pub mod synthetic;
pub mod table;

pub use error::DatasetError;
pub use meta::DatasetMeta;
pub use noise::{Noise, NoiseKind};
pub use open::Dataset;
pub use split::Split;

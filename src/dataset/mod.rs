//! Data sets: finding, reading, verifying and drawing them, and gathering batches. Knows no model and no stage.

pub mod samples;

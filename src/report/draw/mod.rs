//! Charts and pictures as PNG bytes. Knows numbers and labels, and nothing of stages or artifacts.

pub mod axis;
pub mod bars;
pub mod forest;
pub mod frame;
pub mod front;
pub mod heat_map;
pub mod histogram;
pub mod lines;
pub mod palette;
pub mod panels;
pub mod parallel;
pub mod pen;
pub mod pictures;
pub mod probabilities;
pub mod scatter;

/// Width of a figure in CSS pixels: what a phone shows without shrinking the text below 11 pixels.
pub const WIDTH: f64 = 480.0;

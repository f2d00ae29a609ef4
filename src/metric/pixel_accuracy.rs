//! Pixel accuracy: how often target and output agree on black and white.

/// The share of numbers on the same side of 0.5 in both, counting above 0.5 as white (Keras's `binary_accuracy` with
/// the target cut at 0.5 too).
pub fn pixel_accuracy(target: &[f32], output: &[f32]) -> f64 {
    super::mean_over(target, output, |target, output| f64::from((target > 0.5) == (output > 0.5)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_counts_as_black() {
        assert_eq!(pixel_accuracy(&[0.0, 0.5, 0.51, 1.0], &[0.4, 0.5, 0.5, 0.9]), 0.75);
    }
}

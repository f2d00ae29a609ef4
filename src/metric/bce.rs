//! Binary cross-entropy, pixel by pixel.

/// Outputs are clipped to `EPSILON..=1 - EPSILON` before the logarithm, as Keras does.
const EPSILON: f64 = 1e-7;

/// Mean of `-(t ln o + (1 - t) ln(1 - o))` over all numbers, in nats; targets and outputs are in 0..=1.
pub fn bce(target: &[f32], output: &[f32]) -> f64 {
    super::mean_over(target, output, cross_entropy)
}

fn cross_entropy(target: f64, output: f64) -> f64 {
    let output = output.clamp(EPSILON, 1.0 - EPSILON);
    -(target * output.ln() + (1.0 - target) * (1.0 - output).ln())
}

#[cfg(test)]
mod tests {
    use crate::metric::reference::values;

    use super::*;

    const BCE: f64 = 1.308_588_486_717_287_4;

    #[test]
    fn it_is_the_clipped_cross_entropy_of_numpy() {
        // The values include outputs of exactly 0 and 1.
        let (target, output) = (values(202, 1), values(202, 5));
        assert!((bce(&target, &output) - BCE).abs() < 1e-7);
    }

    #[test]
    fn certainty_in_the_wrong_costs_sixteen_nats() {
        assert!((bce(&[1.0], &[0.0]) - 16.118_095_650_958_32).abs() < 1e-12);
        assert!(bce(&[1.0, 0.0], &[1.0, 0.0]) < 2e-7);
    }
}

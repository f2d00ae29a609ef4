//! Mean squared error.

/// Mean of the squared differences over all numbers.
pub fn mse(target: &[f32], output: &[f32]) -> f64 {
    super::mean_over(target, output, |target, output| (target - output).powi(2))
}

/// The mean squared error of each sample of `width` numbers.
pub fn per_sample(target: &[f32], output: &[f32], width: usize) -> Vec<f64> {
    target.chunks_exact(width).zip(output.chunks_exact(width)).map(|(target, output)| mse(target, output)).collect()
}

#[cfg(test)]
mod tests {
    use crate::metric::mean;
    use crate::metric::reference::values;

    use super::*;

    const MSE: f64 = 0.252_684_999_645_899_1;

    #[test]
    fn it_is_numpys() {
        let (target, output) = (values(60, 1), values(60, 5));
        assert!((mse(&target, &output) - MSE).abs() < 1e-9);
        assert!((mean(&per_sample(&target, &output, 12)) - MSE).abs() < 1e-9);
    }

    #[test]
    fn the_error_of_nothing_is_not_a_number() {
        assert!(mse(&[], &[]).is_nan());
    }
}

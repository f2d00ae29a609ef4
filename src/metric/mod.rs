//! Figures of merit, one a file: plain functions over slices, summed in double precision and in fixed order, so that
//! they are the same for any number of threads. Definitions follow Keras, scikit-image and scikit-learn, against whose
//! values they are checked (`tests/reference/metrics.py`). Knows no model, no file and no stage.
//!
//! Slices that belong together have equal lengths; anything else is a bug of the caller and panics. The mean of
//! nothing is NaN.

pub mod bce;
pub mod confusion;
pub mod mse;
pub mod nmi;
pub mod pixel_accuracy;
pub mod purity;
pub mod roc;
pub mod ssim;
pub mod trustworthiness;

/// The arithmetic mean, summed first to last.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of `value(target, output)` over all numbers.
fn mean_over(target: &[f32], output: &[f32], value: impl Fn(f64, f64) -> f64) -> f64 {
    assert_eq!(target.len(), output.len(), "as many outputs as targets");
    let sum: f64 = target.iter().zip(output).map(|(&t, &o)| value(f64::from(t), f64::from(o))).sum();
    sum / target.len() as f64
}

#[cfg(test)]
mod reference {
    //! Inputs shared with `tests/reference/metrics.py`: small, and drawn by a formula that both sides can compute.

    /// `((i * 37 + salt * 11) % 101) / 100` as f32, for i in 0..n.
    pub fn values(n: usize, salt: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 37 + salt * 11) % 101) as f32 / 100.0).collect()
    }

    /// `((i * 37 + salt * 11) % 101) % classes`, for i in 0..n.
    pub fn labels(n: usize, salt: usize, classes: usize) -> Vec<u32> {
        (0..n).map(|i| ((i * 37 + salt * 11) % 101 % classes) as u32).collect()
    }

    /// `truth` with every third label replaced.
    pub fn predictions(truth: &[u32], classes: usize) -> Vec<u32> {
        let other = labels(truth.len(), 8, classes);
        (0..truth.len()).map(|i| if i % 3 == 0 { other[i] } else { truth[i] }).collect()
    }
}

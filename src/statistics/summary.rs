//! A mean and how sure it is.

use crate::statistics::difference::negligible;
use crate::statistics::{Interval, LEVEL, distribution};

/// Repeated measurements of one thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    pub mean: f64,
    /// Sample standard deviation, 0 where it is no more than rounding; `None` for a single value.
    pub deviation: Option<f64>,
    /// How many finite values there are: these alone are summarized.
    pub count: usize,
    /// How many values are not finite.
    pub not_finite: usize,
}

impl Summary {
    /// Of the finite values; `None` when there is none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let count = finite.len();
        if count == 0 {
            return None;
        }
        let mean = finite.iter().sum::<f64>() / count as f64;
        let squares: f64 = finite.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        let deviation = deviation.map(|deviation| if negligible(deviation, mean.abs()) { 0.0 } else { deviation });
        Some(Self { mean, deviation, count, not_finite: values.len() - count })
    }

    /// The standard error of the mean; `None` for a single value.
    pub fn error(&self) -> Option<f64> {
        self.deviation.map(|deviation| deviation / (self.count as f64).sqrt())
    }

    /// Half the width of the 95 % confidence interval of the mean (Student 1908): t(0.975, n − 1) · s / √n. `None` for
    /// a single value, whose uncertainty is not known.
    pub fn half_width(&self) -> Option<f64> {
        self.error().map(|error| distribution::t_critical(LEVEL, self.count as f64 - 1.0) * error)
    }

    /// The 95 % confidence interval of the mean; `None` for a single value.
    pub fn interval(&self) -> Option<Interval> {
        Some(Interval::around(self.mean, self.half_width()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_deviation_and_interval_are_those_of_scipy() {
        // numpy.mean, numpy.std(ddof=1) and scipy.stats.t.interval(0.95, n - 1, mean, scipy.stats.sem) of [1, 2, 4]
        let summary = Summary::of(&[1.0, 2.0, f64::NAN, 4.0, f64::INFINITY]).unwrap();
        assert!((summary.mean - 7.0 / 3.0).abs() < 1e-15);
        assert!((summary.deviation.unwrap() - 1.5275252316519468).abs() < 1e-15);
        assert_eq!((summary.count, summary.not_finite), (3, 2));
        let interval = summary.interval().unwrap();
        assert!((interval.low + 1.461249700263426).abs() < 1e-12, "{interval:?}");
        assert!((interval.high - 6.1279163669300925).abs() < 1e-12, "{interval:?}");
    }

    #[test]
    fn a_single_value_has_no_interval() {
        let summary = Summary::of(&[3.0]).unwrap();
        assert_eq!((summary.mean, summary.deviation, summary.interval()), (3.0, None, None));
        assert_eq!(Summary::of(&[f64::NAN]), None);
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        for value in [0.5, 0.01685] {
            // The mean of three equal numbers may be off by a last bit.
            let summary = Summary::of(&[value; 3]).unwrap();
            let interval = summary.interval().unwrap();
            assert_eq!((summary.deviation, interval.high - interval.low), (Some(0.0), 0.0));
        }
    }
}

//! The two number types operations work on, with the few functions they need. The `f32` versions are branch-free
//! polynomials, so that loops over them become vector code (of the two logarithms only `ln(1 + u)` is one; `ln` is called
//! where probabilities are compared, which logits avoid); the `f64` ones are the standard library's.

use std::ops::Neg;

use dfdx::prelude::Dtype;

/// `f32` or `f64`.
pub trait Float: Dtype + Neg<Output = Self> {
    /// The nearest number of this type.
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    /// Exponential; saturates instead of reaching 0 or infinity, keeps NaN.
    fn exp(self) -> Self;
    /// `ln(1 + self)` for `self` in 0..=1.
    fn ln_1p_unit(self) -> Self;
    fn ln(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;

    /// 1 / (1 + exp(-x)).
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let e = (-self.abs()).exp();
        let part = if self < Self::default() { e } else { Self::ONE };
        part / (Self::ONE + e)
    }

    /// Hyperbolic tangent.
    #[inline(always)]
    fn tanh(self) -> Self {
        let e = (-(self.abs() + self.abs())).exp();
        let magnitude = (Self::ONE - e) / (Self::ONE + e);
        if self < Self::default() { -magnitude } else { magnitude }
    }

    /// The larger one; NaN stays NaN when it is `self`.
    #[inline(always)]
    fn at_least(self, low: Self) -> Self {
        if self < low { low } else { self }
    }

    /// The smaller one; NaN stays NaN when it is `self`.
    #[inline(always)]
    fn at_most(self, high: Self) -> Self {
        if self > high { high } else { self }
    }
}

/// What both types have from the standard library.
macro_rules! standard {
    () => {
        #[inline(always)]
        fn of(value: f64) -> Self {
            value as Self
        }

        #[inline(always)]
        fn wide(self) -> f64 {
            f64::from(self)
        }

        #[inline(always)]
        fn sqrt(self) -> Self {
            self.sqrt()
        }

        #[inline(always)]
        fn abs(self) -> Self {
            self.abs()
        }

        #[inline(always)]
        fn ln(self) -> Self {
            self.ln()
        }
    };
}

impl Float for f32 {
    standard!();

    /// exp(x) = 2^n exp(r) with |r| <= ln(2)/2 and the Taylor polynomial of degree 7: relative error below 2e-7.
    #[inline(always)]
    fn exp(self) -> Self {
        // Adding and subtracting 1.5 x 2^23 rounds to an integer, which the low mantissa bits then hold.
        const ROUND: f32 = 12_582_912.0;
        let x = self.at_most(88.0).at_least(-87.0);
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        // ln 2 in two parts, the first exact in a product with a small integer.
        let r = x - n * 0.693_359_4 - n * -2.121_944_4e-4;
        let series = 1.0 / 5040.0;
        let series = series * r + 1.0 / 720.0;
        let series = series * r + 1.0 / 120.0;
        let series = series * r + 1.0 / 24.0;
        let series = series * r + 1.0 / 6.0;
        let series = series * r + 0.5;
        let series = (series * r + 1.0) * r + 1.0;
        let power = f32::from_bits((shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127)) << 23);
        series * power
    }

    /// 2 atanh(s) with s = u / (2 + u) <= 1/3, by its series: error below 1e-7.
    #[inline(always)]
    fn ln_1p_unit(self) -> Self {
        let s = self / (2.0 + self);
        let q = s * s;
        let series = q * (1.0 / 15.0) + 1.0 / 13.0;
        let series = series * q + 1.0 / 11.0;
        let series = series * q + 1.0 / 9.0;
        let series = series * q + 1.0 / 7.0;
        let series = series * q + 1.0 / 5.0;
        let series = series * q + 1.0 / 3.0;
        2.0 * (s + s * q * series)
    }

    /// Abramowitz & Stegun 7.1.26, with rounding: absolute error below 1e-6.
    #[inline(always)]
    fn erf(self) -> Self {
        let t = 1.0 / (1.0 + 0.327_591_1 * self.abs());
        let series = ((((1.061_405_4 * t - 1.453_152) * t) + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6;
        let magnitude = 1.0 - series * t * Float::exp(-self * self);
        if self < 0.0 { -magnitude } else { magnitude }
    }
}

impl Float for f64 {
    standard!();

    #[inline(always)]
    fn exp(self) -> Self {
        self.at_most(700.0).at_least(-700.0).exp()
    }

    #[inline(always)]
    fn ln_1p_unit(self) -> Self {
        self.ln_1p()
    }

    /// 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms of one sign.
    fn erf(self) -> Self {
        if self.abs() > 6.0 {
            return self.signum();
        }
        let (mut term, mut sum, mut odd) = (self, self, 1.0);
        while term.abs() > sum.abs() * 1e-17 {
            odd += 2.0;
            term *= 2.0 * self * self / odd;
            sum += term;
        }
        std::f64::consts::FRAC_2_SQRT_PI * (-self * self).exp() * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(range: (f32, f32), f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, relative: bool) -> f64 {
        (0..20_000)
            .map(|i| range.0 + (range.1 - range.0) * i as f32 / 20_000.0)
            .map(|x| {
                let want = exact(f64::from(x));
                (f64::from(f(x)) - want).abs() / if relative { want.abs() } else { 1.0 }
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn single_precision_functions_agree_with_double() {
        assert!(worst((-86.0, 87.0), Float::exp, f64::exp, true) < 3e-7);
        assert!(worst((0.0, 1.0), Float::ln_1p_unit, f64::ln_1p, false) < 1e-7);
        assert!(worst((-9.0, 9.0), Float::tanh, f64::tanh, false) < 2e-7);
        assert!(worst((-30.0, 30.0), Float::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), false) < 2e-7);
        assert!(worst((-5.0, 5.0), Float::erf, Float::erf, false) < 1e-6);
    }

    #[test]
    fn the_error_function_has_its_published_values() {
        // Abramowitz & Stegun, table 7.1.
        for (x, value) in [(0.0, 0.0), (0.5, 0.520_499_877_8), (1.0, 0.842_700_792_9), (2.0, 0.995_322_265_0)] {
            assert!((Float::erf(x) - value).abs() < 1e-10, "{x}");
            assert!((Float::erf(-x) + value).abs() < 1e-10, "{x}");
        }
    }

    #[test]
    fn nan_is_kept() {
        assert!(Float::exp(f32::NAN).is_nan());
        assert!(Float::sigmoid(f32::NAN).is_nan());
        assert!(Float::tanh(f32::NAN).is_nan());
    }
}

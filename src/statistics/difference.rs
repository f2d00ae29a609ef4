//! Whether two variants differ: t-tests on pairs that share a seed, and on groups that do not.

use statrs::function::gamma::ln_gamma;

use crate::statistics::{Interval, LEVEL, Summary, distribution};

/// How measurements belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Design {
    /// Both of a pair share a seed, so that what the seed does cancels (Student's paired t-test).
    Paired,
    /// Two groups that share nothing, of different spread perhaps (Welch 1947).
    Unpaired,
}

/// By how much a variant is above a baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    pub design: Design,
    /// Pairs; without pairs the values of the smaller group.
    pub count: usize,
    /// The variant's mean minus the baseline's, in the metric's unit.
    pub mean: f64,
    pub evidence: Evidence,
}

/// What speaks for a difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    /// One pair, or one value in a group: nothing is known of the spread.
    TooFew,
    /// The difference is the same in every pair, or there is no spread within the groups, as comes up by chance where
    /// values are as coarse as accuracies on few samples: a t-test has nothing to go by. What is left is the two-sided
    /// permutation test (Fisher 1935).
    NoSpread {
        p: f64,
    },
    Test(TTest),
}

impl Evidence {
    /// The probability of at least such a difference when there is none; `None` without a test.
    pub fn p(&self) -> Option<f64> {
        match self {
            Self::TooFew => None,
            Self::NoSpread { p } => Some(*p),
            Self::Test(test) => Some(test.p),
        }
    }
}

/// A two-sided t-test of "no difference".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// The 95 % confidence interval of the difference.
    pub interval: Interval,
    pub t: f64,
    pub freedom: f64,
    pub p: f64,
    /// The difference in standard deviations, with Hedges' correction for few values: of the differences (Cohen's d_z)
    /// for pairs, of the groups (pooled) without. `None` for two pairs, which say next to nothing of the spread.
    pub effect: Option<f64>,
}

/// Pairs of (baseline, variant), those with a value that is not finite left out. `None` when none is left.
pub fn paired(pairs: &[(f64, f64)]) -> Option<Difference> {
    let pairs: Vec<(f64, f64)> = pairs.iter().copied().filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
    let differences: Vec<f64> = pairs.iter().map(|(baseline, variant)| variant - baseline).collect();
    let Summary { mean, deviation, count, .. } = Summary::of(&differences)?;
    let scale = pairs.iter().flat_map(|(a, b)| [a.abs(), b.abs()]).fold(0.0, f64::max);
    let mean = if negligible(mean, scale) { 0.0 } else { mean };
    let evidence = match deviation {
        None => Evidence::TooFew,
        Some(deviation) if negligible(deviation, scale) => no_spread(mean, permutation(Design::Paired, count, count)),
        Some(deviation) => {
            let (error, freedom) = (deviation / (count as f64).sqrt(), count as f64 - 1.0);
            Evidence::Test(TTest::of(mean, error, freedom, corrected(mean / deviation, freedom)))
        }
    };
    Some(Difference { design: Design::Paired, count, mean, evidence })
}

/// Two groups, values that are not finite left out. `None` when nothing is left of one.
pub fn unpaired(baseline: &[f64], variant: &[f64]) -> Option<Difference> {
    let (a, b) = (Summary::of(baseline)?, Summary::of(variant)?);
    let scale = a.mean.abs().max(b.mean.abs());
    let mean = if negligible(b.mean - a.mean, scale) { 0.0 } else { b.mean - a.mean };
    let evidence = match (a.deviation, b.deviation) {
        (Some(x), Some(y)) if negligible(x.max(y), scale) => {
            no_spread(mean, permutation(Design::Unpaired, a.count, b.count))
        }
        (Some(x), Some(y)) => {
            let (n, m) = (a.count as f64, b.count as f64);
            let (u, v) = (x * x / n, y * y / m);
            let freedom = (u + v).powi(2) / (u * u / (n - 1.0) + v * v / (m - 1.0));
            let pooled = (((n - 1.0) * x * x + (m - 1.0) * y * y) / (n + m - 2.0)).sqrt();
            let effect = corrected(mean / pooled, n + m - 2.0);
            Evidence::Test(TTest::of(mean, (u + v).sqrt(), freedom, effect))
        }
        _ => Evidence::TooFew,
    };
    Some(Difference { design: Design::Unpaired, count: a.count.min(b.count), mean, evidence })
}

impl TTest {
    fn of(mean: f64, error: f64, freedom: f64, effect: Option<f64>) -> Self {
        let t = mean / error;
        Self {
            interval: Interval::around(mean, distribution::t_critical(LEVEL, freedom) * error),
            t,
            freedom,
            p: distribution::t_two_sided(t, freedom),
            effect,
        }
    }
}

/// The two-sided p of the permutation test when so many pairs all point the same way, or when all values of a group
/// of so many are above all of the other's: the least it can be.
pub fn permutation(design: Design, one: usize, other: usize) -> f64 {
    let ways: f64 = match design {
        Design::Paired => 2.0_f64.powi(one.min(10_000) as i32),
        Design::Unpaired => (1..=one).map(|drawn| (other + drawn) as f64 / drawn as f64).product(),
    };
    2.0 / ways
}

fn no_spread(mean: f64, p: f64) -> Evidence {
    Evidence::NoSpread { p: if mean == 0.0 { 1.0 } else { p } }
}

/// Whether a spread, or a difference, is no more than rounding leaves behind.
pub fn negligible(size: f64, scale: f64) -> bool {
    size.abs() <= 1e-13 * scale
}

/// A standardized effect without the bias that few values give it (Hedges 1981): times
/// Γ(f/2) / (√(f/2) Γ((f − 1)/2)), which is 0 for one degree of freedom.
fn corrected(effect: f64, freedom: f64) -> Option<f64> {
    let factor = || (ln_gamma(freedom / 2.0) - ln_gamma((freedom - 1.0) / 2.0)).exp() / (freedom / 2.0).sqrt();
    (freedom > 1.0).then(|| effect * factor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::needed;

    const BASELINE: [f64; 5] = [0.0121, 0.0118, 0.0131, 0.0127, 0.0119];
    const VARIANT: [f64; 5] = [0.0112, 0.0115, 0.0119, 0.0121, 0.0113];

    fn test(difference: Option<Difference>) -> TTest {
        match difference.unwrap().evidence {
            Evidence::Test(test) => test,
            other => panic!("{other:?}"),
        }
    }

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() <= 1e-10 * expected.abs(), "{value} is not {expected}");
    }

    #[test]
    fn a_paired_test_is_that_of_scipy() {
        let pairs: Vec<(f64, f64)> = BASELINE.into_iter().zip(VARIANT).collect();
        let difference = paired(&pairs);
        near(difference.unwrap().mean, -0.00072);
        let test = test(difference);
        // scipy.stats.ttest_rel(variant, baseline) and its confidence_interval()
        near(test.t, -4.706787243316421);
        near(test.p, 0.009261696759514394);
        near(test.interval.low, -0.0011447144330946814);
        near(test.interval.high, -0.0002952855669053188);
        // mean / std(ddof=1) * gamma(2) / (sqrt(2) * gamma(1.5))
        near(test.effect.unwrap(), -1.6794985260802096);
        assert_eq!(needed(Design::Paired, test.effect.unwrap(), LEVEL), Some(6));
    }

    #[test]
    fn a_test_without_pairs_is_that_of_scipy() {
        let difference = unpaired(&BASELINE, &VARIANT[..4]);
        near(difference.unwrap().mean, -0.000645);
        let test = test(difference);
        // scipy.stats.ttest_ind(variant, baseline, equal_var=False) and its confidence_interval()
        near(test.t, -2.0095018161570684);
        near(test.freedom, 6.966630462413052);
        near(test.p, 0.08462288389528703);
        near(test.interval.low, -0.0014047230489304102);
        near(test.interval.high, 0.00011472304893041056);
        // difference of means / pooled deviation * Hedges' exact factor for 7 degrees of freedom
        near(test.effect.unwrap(), -1.1505582642076282);
        assert_eq!(needed(Design::Unpaired, test.effect.unwrap(), LEVEL), Some(13));
    }

    #[test]
    fn one_pair_is_no_evidence() {
        let difference = paired(&[(0.3, 0.2), (0.4, f64::NAN)]).unwrap();
        assert_eq!((difference.count, difference.evidence), (1, Evidence::TooFew));
        assert_eq!(unpaired(&[1.0, 2.0], &[1.5]).unwrap().evidence, Evidence::TooFew);
        assert_eq!(paired(&[(f64::NAN, 1.0)]), None);
        assert_eq!(unpaired(&[], &[1.0]), None);
    }

    #[test]
    fn equal_differences_are_tested_by_permutation_alone() {
        // 0.3 - 0.1 and 0.4 - 0.2 differ in their last bit.
        let p = |difference: Option<Difference>| match difference.unwrap().evidence {
            Evidence::NoSpread { p } => p,
            other => panic!("{other:?}"),
        };
        // scipy.stats.permutation_test((differences,), numpy.mean, permutation_type="samples").pvalue
        assert_eq!(p(paired(&[(0.1, 0.3), (0.2, 0.4)])), 0.5);
        assert_eq!(p(paired(&[0.962, 0.97, 0.965, 0.9, 0.91, 0.95].map(|old| (old, old + 0.003)))), 0.03125);
        // scipy.stats.permutation_test((one, other), lambda a, b: numpy.mean(b) - numpy.mean(a)).pvalue
        assert_eq!(p(unpaired(&[2.0, 2.0], &[3.0, 3.0, 3.0])), 0.2);
        near(p(unpaired(&[2.0; 4], &[3.0; 4])), 0.02857142857142857);
        let same = paired(&[(0.5, 0.5), (0.7, 0.7)]).unwrap();
        assert_eq!((same.mean, same.evidence), (0.0, Evidence::NoSpread { p: 1.0 }));
        assert_eq!(p(unpaired(&[2.0, 2.0], &[2.0, 2.0])), 1.0);
    }

    #[test]
    fn two_pairs_say_nothing_of_an_effects_size() {
        let test = test(paired(&[(1.0, 1.5), (2.0, 2.9)]));
        assert_eq!(test.effect, None);
        assert!(test.p > 0.05);
    }
}

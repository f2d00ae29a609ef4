//! How many repeats an effect needs to be seen.

use crate::statistics::difference::{Design, permutation};
use crate::statistics::{POWER, distribution};

/// More repeats than these are not counted exactly.
pub const MOST_REPEATS: usize = 10_000;

/// The smallest number of repeats (of each variant) with which a two-sided t-test at this level sees a standardized
/// effect of this size with probability 0.8, by the noncentral t distribution (Cohen 1988, chapter 2). `None` when it
/// is more than [`MOST_REPEATS`].
pub fn needed(design: Design, effect: f64, level: f64) -> Option<usize> {
    let sees = |repeats: usize| power(design, effect.abs(), repeats, level) >= POWER;
    if !sees(MOST_REPEATS) {
        return None;
    }
    let (mut low, mut high) = (1, MOST_REPEATS);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if sees(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// The smallest number of repeats (of each variant) with which a permutation test can come out at this level: when all
/// point the same way.
pub fn needed_without_spread(design: Design, level: f64) -> Option<usize> {
    (2..=MOST_REPEATS).find(|repeats| permutation(design, *repeats, *repeats) <= level)
}

/// The probability to see an effect with so many repeats, at least two.
fn power(design: Design, effect: f64, repeats: usize, level: f64) -> f64 {
    let repeats = repeats as f64;
    let (freedom, shift) = match design {
        Design::Paired => (repeats - 1.0, effect * repeats.sqrt()),
        Design::Unpaired => (2.0 * (repeats - 1.0), effect * (repeats / 2.0).sqrt()),
    };
    distribution::noncentral_t_two_sided(distribution::t_critical(level, freedom), freedom, shift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::LEVEL;

    #[test]
    fn the_power_is_that_of_statsmodels() {
        // TTestPower().power(effect, n, 0.05) and TTestIndPower().power(effect, n, 0.05)
        for (design, effect, repeats, expected) in [
            (Design::Paired, 1.5, 3, 0.3163818615591505),
            (Design::Unpaired, 1.5, 3, 0.2931947003055979),
            (Design::Paired, 0.5, 10, 0.2931756065140767),
            (Design::Unpaired, 0.5, 10, 0.18509565629116606),
            (Design::Paired, 0.2, 200, 0.8036666605857853),
            (Design::Unpaired, 0.2, 200, 0.5140816374803289),
        ] {
            let power = power(design, effect, repeats, LEVEL);
            assert!((power - expected).abs() < 1e-8, "{power} is not {expected}");
        }
    }

    #[test]
    fn repeats_are_those_of_statsmodels_rounded_up() {
        // ceil of TTestPower().solve_power(effect, None, 0.05, 0.8), and of TTestIndPower's
        for (effect, pairs, each) in [(0.1, 787, 1571), (0.5, 34, 64), (1.0, 10, 17), (2.5, 4, 4)] {
            let found = (needed(Design::Paired, effect, LEVEL), needed(Design::Unpaired, -effect, LEVEL));
            assert_eq!(found, (Some(pairs), Some(each)), "{effect}");
        }
        assert_eq!(needed(Design::Paired, 0.001, LEVEL), None);
        assert_eq!(needed(Design::Paired, 0.0, LEVEL), None);
        assert_eq!(needed(Design::Paired, 1e6, LEVEL), Some(2));
    }

    #[test]
    fn a_permutation_test_takes_as_many_repeats_as_there_are_ways() {
        // 2 / 2^6 and 2 / C(8, 4) are the first below 0.05; 2 / 2^8 and 2 / C(10, 5) below 0.01.
        let both = |level| [Design::Paired, Design::Unpaired].map(|design| needed_without_spread(design, level));
        assert_eq!(both(LEVEL), [Some(6), Some(4)]);
        assert_eq!(both(0.01), [Some(8), Some(5)]);
    }
}

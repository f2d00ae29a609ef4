//! Levels for factors that have none of their own: numbers that were drawn rather than listed.

/// Levels 0, 1, ... of about equally many values, lowest values first; equal values share a level. A factor cut so
/// explains, of the variance, about the first-order sensitivity index of the number itself (Plischke, Borgonovo and
/// Smith 2013, "given-data" estimation), as long as the numbers were drawn independently.
pub fn bins(values: &[f64], most: usize) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let bin = |value: &f64| {
        let below = sorted.partition_point(|other| other.total_cmp(value).is_lt());
        below * most / sorted.len()
    };
    let raw: Vec<usize> = values.iter().map(bin).collect();
    // Many equal values may leave a bin empty.
    let mut used = raw.clone();
    used.sort_unstable();
    used.dedup();
    raw.iter().map(|bin| used.partition_point(|other| other < bin)).collect()
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::statistics::anova;

    #[test]
    fn bins_hold_about_equally_many_values() {
        assert_eq!(bins(&[5.0, 1.0, 3.0, 2.0, 4.0, 6.0], 3), [2, 0, 1, 0, 1, 2]);
        assert_eq!(bins(&[1.0, 1.0, 1.0, 1.0, 9.0], 4), [0, 0, 0, 0, 1]);
        assert_eq!(bins(&[], 4), Vec::<usize>::new());
    }

    #[test]
    fn the_importance_of_drawn_numbers_is_that_of_the_function() {
        // y = a + b / 2 + 2 a c of numbers drawn evenly from -1 to 1: the variance is 1/3 + 1/12 + 4/9 = 31/36, and the
        // shares are those of the sum.
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let points: Vec<[f64; 3]> = (0..4000).map(|_| [(); 3].map(|()| random.random_range(-1.0..1.0))).collect();
        let factor = |place: usize| bins(&points.iter().map(|point| point[place]).collect::<Vec<_>>(), 8);
        let values: Vec<f64> = points.iter().map(|[a, b, c]| a + b / 2.0 + 2.0 * a * c).collect();
        let found = anova(&[factor(0), factor(1), factor(2)], |_, _| false, &values).unwrap();
        let shares: Vec<f64> = found.effects.iter().map(|effect| effect.corrected_share.unwrap()).collect();
        for (share, expected) in shares.iter().zip([12.0, 3.0, 0.0, 0.0, 16.0, 0.0]) {
            assert!((share - expected / 31.0).abs() < 0.04, "{shares:?}");
        }
    }
}

//! How much of a metric's variance the factors of a design explain: analysis of variance by least squares.

use std::collections::HashSet;

use crate::statistics::design::{Design, Term};
use crate::statistics::distribution;

/// What a design explains.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Anova {
    /// Main effects in the order of the factors, then interactions of two. Those that the design cannot tell from
    /// others are missing.
    pub effects: Vec<Effect>,
    /// Degrees of freedom and sum of squares that are left for noise.
    pub residual_freedom: usize,
    pub residual_squares: f64,
    /// The sum of squares around the mean.
    pub total_squares: f64,
    /// Whether all interactions of two that there can be are part of the model. They are not without repeats that tell
    /// them from noise.
    pub interactions: bool,
}

/// One factor's effect, or the interaction of two.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Indices of one or two factors.
    pub factors: Vec<usize>,
    pub freedom: usize,
    pub squares: f64,
    /// η²: its sum of squares as a share of all, 0 to 1.
    pub share: f64,
    /// ε², the share less what noise alone would have (Kelley 1935), at least 0; `None` where noise is not known.
    pub corrected_share: Option<f64>,
    /// `None` where nothing is left for noise.
    pub test: Option<FTest>,
}

/// A test of "no effect".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FTest {
    pub f: f64,
    pub p: f64,
}

/// Main effects and interactions of two factors on the values, each factor given by its level in every measurement, with
/// sums of squares of type II (Langsrud 2003): each term's are what it explains beyond all terms that do not contain
/// it, so they do not depend on the factors' order and need no balance. `is_nested(inner, outer)` says whether a factor
/// is a part of what another does (as a kernel's size is of "convolutional") and so contains that one: that levels of
/// the one come with one level of the other only does not make it so. Values must be finite. `None` when nothing
/// varies (no factor has two levels, or all values are equal) and when there are more than `MOST_COLUMNS`.
pub fn anova(factors: &[Vec<usize>], is_nested: impl Fn(usize, usize) -> bool, values: &[f64]) -> Option<Anova> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let centered: Vec<f64> = values.iter().map(|value| value - mean).collect();
    let total_squares: f64 = centered.iter().map(|value| value * value).sum();
    let scale = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let all = || 0..factors.len();
    let nested: Vec<Vec<bool>> =
        all().map(|inner| all().map(|outer| inner != outer && is_nested(inner, outer)).collect()).collect();
    let mains: Vec<Term> = (0..factors.len()).map(|factor| Term::new(&[factor], factors, &nested)).collect();
    let columns: usize = mains.iter().map(|term| term.columns).sum();
    let is_flat = total_squares <= (1e-13 * scale).powi(2) * values.len() as f64;
    if is_flat || columns == 0 || columns > MOST_COLUMNS {
        return None;
    }
    let analyzed = |design: Design, interactions: bool| {
        let full = design.fit(|_| true);
        let freedom = (values.len() - 1).saturating_sub(full.rank);
        // What rounding leaves of a perfect fit is no noise.
        let squares = if full.squares <= EXACT * total_squares { 0.0 } else { full.squares };
        let noise = Noise { freedom, squares, total: total_squares };
        let effects = design.terms.iter().filter_map(|term| noise.effect(term, &design)).collect();
        Anova { effects, residual_freedom: freedom, residual_squares: squares, total_squares, interactions }
    };
    let with_pairs = pairs(factors, &nested, &mains, MOST_COLUMNS - columns).and_then(|pairs| {
        if pairs.is_empty() {
            return Some(analyzed(Design::new(mains.clone(), &centered), true));
        }
        let design = has_repeats(factors).then(|| Design::new([mains.clone(), pairs].concat(), &centered))?;
        // A model that takes more than half of the freedom fits noise.
        let found = (2 * design.fit(|_| true).rank < values.len()).then(|| analyzed(design, true))?;
        // With few combinations interactions are all that some factor does by itself.
        let alone = found.effects.iter().filter(|effect| effect.factors.len() == 1).count();
        (alone == factors.len()).then_some(found)
    });
    Some(with_pairs.unwrap_or_else(|| analyzed(Design::new(mains, &centered), false)))
}

/// Columns of a design that are fitted in no time. Interactions that would make more are left to the noise.
const MOST_COLUMNS: usize = 300;

/// The interactions of two factors, but those that are all that a nested one does; `None` when these have more than so
/// many columns.
fn pairs(factors: &[Vec<usize>], nested: &[Vec<bool>], mains: &[Term], most: usize) -> Option<Vec<Term>> {
    let all = (0..factors.len()).flat_map(|first| (first + 1..factors.len()).map(move |second| [first, second]));
    let implies = |one: usize, other: usize| {
        nested[one][other] && Term::new(&[one, other], factors, nested).columns == mains[one].columns
    };
    let pairs: Vec<[usize; 2]> = all.filter(|[one, other]| !implies(*one, *other) && !implies(*other, *one)).collect();
    let columns: usize = pairs.iter().map(|[one, other]| mains[*one].columns * mains[*other].columns).sum();
    (columns <= most).then(|| pairs.iter().map(|pair| Term::new(pair, factors, nested)).collect())
}

/// Whether some combination of all factors was measured more than once.
fn has_repeats(factors: &[Vec<usize>]) -> bool {
    let runs = factors.first().map_or(0, Vec::len);
    let cell = |run: usize| -> Vec<usize> { factors.iter().map(|factor| factor[run]).collect() };
    (0..runs).map(cell).collect::<HashSet<_>>().len() < runs
}

/// What of a sum of squares may be rounding.
const EXACT: f64 = 1e-12;

/// What the full model leaves, and the sum of squares there was before.
struct Noise {
    freedom: usize,
    squares: f64,
    total: f64,
}

impl Noise {
    /// What a term explains beyond those that do not contain it; `None` when these imply it.
    fn effect(&self, term: &Term, design: &Design) -> Option<Effect> {
        let is_other = |other: &Term| !other.contains(term);
        let (without, with) = (design.fit(is_other), design.fit(|other| is_other(other) || other == term));
        let freedom = with.rank.checked_sub(without.rank).filter(|freedom| *freedom > 0)?;
        let squares = (without.squares - with.squares).max(0.0);
        let mean = (self.freedom > 0).then(|| self.squares / self.freedom as f64);
        let test = |mean: f64| {
            let f = squares / freedom as f64 / mean;
            FTest { f, p: distribution::f_upper(f, freedom as f64, self.freedom as f64) }
        };
        let corrected = |mean: f64| ((squares - freedom as f64 * mean) / self.total).clamp(0.0, 1.0);
        Some(Effect {
            factors: term.factors.clone(),
            freedom,
            squares,
            share: squares / self.total,
            corrected_share: mean.map(corrected),
            test: mean.filter(|mean| *mean > 0.0).map(test),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The made-up response of tests/reference/statistics.py.
    fn value([a, b, c, repeat]: [usize; 4]) -> f64 {
        let noise = (a * 31 + b * 17 + c * 7 + repeat * 53) % 23;
        let [a, b, c] = [a, b, c].map(|level| level as f64);
        0.5 * a + 0.3 * b * b - 0.2 * a * b + 0.05 * c + noise as f64 / 23.0
    }

    /// All combinations of two levels, three levels, so many levels, and so many repeats; some left out.
    fn design(third: usize, repeats: usize, left_out: &[usize]) -> (Vec<Vec<usize>>, Vec<f64>) {
        let cells = (0..2).flat_map(|a| (0..3).flat_map(move |b| (0..third).map(move |c| [a, b, c])));
        let rows = cells.flat_map(|[a, b, c]| (0..repeats).map(move |repeat| [a, b, c, repeat]));
        let kept = rows.enumerate().filter(|(index, _)| !left_out.contains(index)).map(|(_, row)| row);
        let rows: Vec<[usize; 4]> = kept.collect();
        let factor = |place: usize| rows.iter().map(|row| row[place]).collect();
        let factors = if third > 1 { 3 } else { 2 };
        ((0..factors).map(factor).collect(), rows.iter().copied().map(value).collect())
    }

    fn crossed(_: usize, _: usize) -> bool {
        false
    }

    fn assert_table(design: (Vec<Vec<usize>>, Vec<f64>), expected: &[(usize, f64, f64, f64)], noise: (usize, f64)) {
        let found = anova(&design.0, crossed, &design.1).unwrap();
        let near = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-9 * expected.abs(), "{found:?}");
        assert_eq!(found.effects.len(), expected.len());
        for (effect, (freedom, squares, f, p)) in found.effects.iter().zip(expected) {
            assert_eq!(effect.freedom, *freedom);
            near(effect.squares, *squares);
            near(effect.test.unwrap().f, *f);
            near(effect.test.unwrap().p, *p);
            near(effect.share, squares / found.total_squares);
        }
        assert_eq!(found.residual_freedom, noise.0);
        near(found.residual_squares, noise.1);
    }

    // anova_lm(ols("y ~ C(a) * C(b)", data).fit(), typ=2) of statsmodels: df, sum_sq, F, PR(>F), residual df and sum_sq.
    #[test]
    fn a_balanced_design_is_analyzed_as_by_statsmodels() {
        let expected = [
            (1, 0.8151239235454749, 7.609421568627461, 0.017326675715226326),
            (2, 3.458760764545266, 16.144274509803928, 0.000395675138684094),
            (2, 0.4311111111111117, 2.012274509803924, 0.17634882910631142),
        ];
        assert_table(design(1, 3, &[]), &expected, (12, 1.2854442344045371));
        let (factors, values) = design(1, 3, &[]);
        let balanced = anova(&factors, crossed, &values).unwrap();
        let explained: f64 = balanced.effects.iter().map(|effect| effect.squares).sum();
        assert!((explained + balanced.residual_squares - balanced.total_squares).abs() < 1e-12);
    }

    #[test]
    fn an_unbalanced_design_is_analyzed_as_by_statsmodels() {
        let expected = [
            (1, 0.5406428571428544, 5.443300328537412, 0.04793006760923083),
            (2, 1.5785555855612516, 7.946606548091056, 0.01256787122631652),
            (2, 0.03707768476010456, 0.1866527699105025, 0.8332439955918746),
        ];
        assert_table(design(1, 3, &[0, 1, 7, 12]), &expected, (8, 0.7945809703843734));
    }

    #[test]
    fn three_factors_are_analyzed_as_by_statsmodels() {
        let expected = [
            (1, 1.092521379062027, 13.635947841481745, 0.003546500018137297),
            (2, 3.0974844856886445, 19.33011916110581, 0.0002509639674999914),
            (1, 0.06533486362408873, 0.8154557061146688, 0.38586020439459917),
            (2, 0.46939214450745653, 2.92928217349857, 0.09553148633481437),
            (1, 0.10737765175383272, 1.3401989990467045, 0.27151794277684205),
            (2, 0.18817475320310822, 1.1743207816968517, 0.34494978189966374),
        ];
        assert_table(design(2, 2, &[3, 10, 11]), &expected, (11, 0.8813274522159212));
    }

    #[test]
    fn without_repeats_there_are_main_effects_alone() {
        let expected = [
            (1, 0.14835853812224292, 0.7947778827977302, 0.4667274395225362),
            (2, 2.3052551984877114, 6.174790710234943, 0.1393768878266352),
        ];
        assert_table(design(1, 1, &[]), &expected, (2, 0.37333333333333324));
        let (factors, values) = design(1, 1, &[]);
        assert!(!anova(&factors, crossed, &values).unwrap().interactions);
    }

    #[test]
    fn three_factors_without_repeats_have_main_effects_alone() {
        // y = a b c at all corners: what each does is half of its interactions with the others, and none is noise.
        let corners: Vec<[usize; 3]> = (0..8).map(|corner| [corner >> 2, corner >> 1 & 1, corner & 1]).collect();
        let factors: Vec<Vec<usize>> = (0..3).map(|at| corners.iter().map(|corner| corner[at]).collect()).collect();
        let values: Vec<f64> = corners.iter().map(|[a, b, c]| (a * b * c) as f64).collect();
        let found = anova(&factors, crossed, &values).unwrap();
        assert_eq!((found.effects.len(), found.residual_freedom, found.interactions), (3, 4, false));
        // anova_lm(ols("y ~ C(a) + C(b) + C(c)", data).fit(), typ=2)
        for effect in &found.effects {
            assert!((effect.squares - 0.125).abs() < 1e-12);
            assert!((effect.test.unwrap().p - 0.37390096630005887).abs() < 1e-9);
        }
        // One corner measured twice tells noise from three interactions no better.
        let again = |factor: &Vec<usize>| factor.iter().copied().chain([1]).collect();
        let factors: Vec<Vec<usize>> = factors.iter().map(again).collect();
        assert!(!anova(&factors, crossed, &[values, vec![1.1]].concat()).unwrap().interactions);
    }

    #[test]
    fn a_nested_factor_leaves_the_outer_one_its_share() {
        // "dense", and "conv" with two kernels, each at two sizes with two repeats.
        let architecture = vec![0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
        let kernel = vec![0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
        let size = vec![0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1];
        let values = [9.1, 9.3, 8.0, 8.4, 4.2, 4.1, 2.9, 3.3, 5.0, 5.3, 4.6, 4.1];
        let found = anova(&[architecture, kernel, size], |inner, outer| (inner, outer) == (1, 0), &values).unwrap();
        let told: Vec<(&[usize], usize)> =
            found.effects.iter().map(|effect| (&effect.factors[..], effect.freedom)).collect();
        assert_eq!(told, [(&[0][..], 1), (&[1], 1), (&[2], 1), (&[0, 2], 1), (&[1, 2], 1)]);
        // Differences of the residuals' sums of squares of statsmodels' ols() of y on: size and size + architecture;
        // size * architecture and that + kernel; kernel and kernel + size; size + kernel and that + size:architecture;
        // that and size * kernel.
        for (effect, expected) in found.effects.iter().zip([54.30041666666667, 2.53125, 2.7075, 0.00375, 0.03125]) {
            assert!((effect.squares - expected).abs() < 1e-9, "{effect:?}");
        }
        let shares: f64 = found.effects.iter().map(|effect| effect.share).sum();
        assert!((shares + found.residual_squares / found.total_squares - 1.0).abs() < 1e-12);
    }

    #[test]
    fn without_any_noise_there_is_no_test() {
        let one_each = anova(&[vec![0, 1, 2]], crossed, &[1.0, 2.0, 4.0]).unwrap();
        assert_eq!((one_each.effects[0].test, one_each.effects[0].corrected_share), (None, None));
        assert!((one_each.effects[0].share - 1.0).abs() < 1e-12);
        let exact = anova(&[vec![0, 0, 1, 1]], crossed, &[0.1, 0.1, 0.7, 0.7]).unwrap();
        assert_eq!((exact.residual_squares, exact.effects[0].test), (0.0, None));
        assert_eq!(anova(&[vec![0, 0, 0]], crossed, &[1.0, 2.0, 4.0]), None);
        assert_eq!(anova(&[vec![0, 1, 1]], crossed, &[2.0, 2.0, 2.0]), None);
        assert_eq!(anova(&[], crossed, &[1.0, 2.0]), None);
    }

    #[test]
    fn an_effect_that_cannot_be_told_from_another_is_left_out() {
        let same = [vec![0, 0, 1, 1], vec![0, 0, 1, 1]];
        assert_eq!(anova(&same, crossed, &[1.0, 2.0, 4.0, 6.0]).unwrap().effects, []);
    }
}

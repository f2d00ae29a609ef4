//! The tree-structured Parzen estimator, multivariate: a density of good points and one of the others, and of points
//! drawn from the first that at which it exceeds the second the most (Bergstra et al. 2011, Falkner et al. 2018;
//! settings after Watanabe 2023).

use rand::Rng;

use super::parzen::Density;
use super::points::{Coordinates, Points};

/// The share of trials that count as good, and how many at most.
const GOOD: (f64, usize) = (0.15, 25);
/// How many points are drawn to choose among.
const CANDIDATES: usize = 24;
/// So many of the latest trials that are not good count in full; those before them ever less.
const RECENT: usize = 25;

/// What the sampler learns from: trials with their numbers.
pub struct Observed<'a> {
    /// Those with values, the best first.
    pub ranked: Vec<(usize, &'a Coordinates)>,
    /// Those that failed or still run.
    pub rest: Vec<(usize, &'a Coordinates)>,
}

/// Both densities of a set of trials.
pub struct Model<'a> {
    points: &'a Points,
    good: Density<'a>,
    others: Density<'a>,
}

impl<'a> Model<'a> {
    /// The good trials weigh by their rank; of the others the latest weigh the most.
    pub fn new(points: &'a Points, observed: &Observed) -> Self {
        let count = observed.ranked.len();
        let (good, others) = observed.ranked.split_at(((count as f64 * GOOD.0).ceil() as usize).min(GOOD.1));
        let mut others: Vec<(usize, &Coordinates)> = others.iter().chain(&observed.rest).copied().collect();
        others.sort_by_key(|(trial, _)| *trial);
        let (by_rank, by_age) = (by_rank(good.len()), by_age(others.len()));
        let good: Vec<&Coordinates> = good.iter().map(|(_, at)| *at).collect();
        let others: Vec<&Coordinates> = others.iter().map(|(_, at)| *at).collect();
        let (good, others) = (Density::new(points, &good, &by_rank), Density::new(points, &others, &by_age));
        Self { points, good, others }
    }

    /// A promising point that `is_new`; none if none of many drawn is new. Params that are always there are settled
    /// before those that depend on them, so that what is more narrowly known of one branch does not decide for it.
    pub fn propose(&self, random: &mut impl Rng, is_new: &mut dyn FnMut(&Coordinates) -> bool) -> Option<Coordinates> {
        let groups = self.points.groups();
        let mut at = vec![None; self.points.len()];
        for (index, group) in groups.iter().enumerate() {
            let drawn = (0..CANDIDATES * 10).map(|_| self.good.draw(group, &at, random));
            let open = drawn.filter(|at| index + 1 < groups.len() || is_new(at)).take(CANDIDATES).collect();
            at = self.best(open)?;
        }
        Some(at)
    }

    /// The most promising of some points.
    pub fn best(&self, points: Vec<Coordinates>) -> Option<Coordinates> {
        let promise = |at: &Coordinates| self.good.log(at) - self.others.log(at);
        let scored = points.into_iter().map(|at| (promise(&at), at));
        scored.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, at)| at)
    }
}

/// Weights of the good trials, the best first, as an evolution strategy gives them (Hansen 2016).
fn by_rank(count: usize) -> Vec<f64> {
    (1..=count).map(|rank| ((count + 1) as f64 / rank as f64).ln()).collect()
}

/// Weights of trials in the order of their numbers, rising to one.
fn by_age(count: usize) -> Vec<f64> {
    let old = count.saturating_sub(RECENT);
    let least = 1.0 / count as f64;
    let of_old = |index: usize| least + (1.0 - least) * index as f64 / old as f64;
    (0..count).map(|index| if index < old { of_old(index) } else { 1.0 }).collect()
}

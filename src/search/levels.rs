//! Which trials are worth more of a resource such as epochs: successive halving (Jamieson and Talwalkar 2016), its
//! asynchronous form ASHA (Li et al. 2020) and Hyperband (Li et al. 2018). Knows no sampler.

use std::collections::BTreeMap;

use super::order::sorted;
use super::{Pruner, SearchError, Strategy};

/// The plan of a pruner: its levels, and the brackets that it fills one by one.
#[derive(Debug, Clone)]
pub struct Levels {
    strategy: Strategy,
    reduction: u64,
    /// Rising; the last is the pruner's maximum.
    pub resources: Vec<u64>,
}

/// Trials that start at the same level and compete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// The number of the first trial.
    pub first: usize,
    pub trials: usize,
    /// The level at which its trials start.
    pub start: usize,
}

/// What a pruner wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// A trial that is new, up to a level.
    New { level: usize },
    /// A trial, up to a level.
    More { trial: usize, level: usize },
}

/// How far a trial came: what is known at each level that it was asked for.
#[derive(Debug, Clone, Default)]
pub struct Course(pub BTreeMap<usize, State>);

/// What is known of a trial at a level.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    Running,
    Failed,
    /// One value an objective, to be small.
    Losses(Vec<f64>),
}

impl Course {
    /// What the trial came to at a level.
    pub fn losses(&self, level: usize) -> Option<&[f64]> {
        match self.0.get(&level) {
            Some(State::Losses(losses)) => Some(losses),
            _ => None,
        }
    }

    pub fn is_told(&self, level: usize) -> bool {
        self.0.get(&level).is_some_and(|state| *state != State::Running)
    }

    /// The highest level at which how it ended is known, unless it failed.
    pub fn level(&self) -> Option<usize> {
        let told = self.0.iter().rev().find(|(_, state)| **state != State::Running);
        told.and_then(|(level, state)| (*state != State::Failed).then_some(*level))
    }
}

/// Those of the trials that ended well at a level, the best first.
pub fn ranked(courses: &[&Course], trials: &[usize], level: usize) -> Vec<usize> {
    let well = trials.iter().filter_map(|trial| Some((*trial, courses[*trial].losses(level)?)));
    let (well, losses): (Vec<usize>, Vec<&[f64]>) = well.unzip();
    sorted(&losses).into_iter().map(|place| well[place]).collect()
}

impl Levels {
    /// One level, at which every trial ends.
    pub fn none() -> Self {
        Self { strategy: Strategy::Halving, reduction: 2, resources: vec![0] }
    }

    pub fn new(pruner: &Pruner) -> Result<Self, SearchError> {
        let Pruner { strategy, min, max, reduction } = *pruner;
        if reduction < 2 {
            return Err(SearchError::Settings("the reduction is below 2"));
        }
        if min == 0 || min > max {
            return Err(SearchError::Settings("the least resource is not between 1 and the most"));
        }
        let mut resources = vec![];
        let mut divisor = 1u64;
        // As in Hyperband the levels count from the maximum down.
        while max / divisor >= min {
            resources.push((max as f64 / divisor as f64).round() as u64);
            let Some(next) = divisor.checked_mul(reduction) else {
                break;
            };
            divisor = next;
        }
        resources.reverse();
        Ok(Self { strategy, reduction, resources })
    }

    /// The brackets of so many trials. The last may be smaller than its like.
    pub fn brackets(&self, trials: usize) -> Vec<Bracket> {
        let highest = self.resources.len() - 1;
        if self.strategy != Strategy::Hyperband {
            return vec![Bracket { first: 0, trials, start: 0 }];
        }
        let (mut brackets, mut first, mut start) = (vec![], 0, 0);
        while first < trials {
            // All brackets cost about the same.
            let steps = (highest - start) as u32;
            let arms = (highest as u64 + 1).saturating_mul(self.reduction.saturating_pow(steps));
            let size = usize::try_from(arms.div_ceil(u64::from(steps) + 1)).unwrap_or(usize::MAX).min(trials - first);
            brackets.push(Bracket { first, trials: size, start });
            first += size;
            start = if start == highest { 0 } else { start + 1 };
        }
        brackets
    }

    /// Up to `batch` things to do; none if all is done. Nothing is running.
    pub fn next(&self, trials: usize, batch: usize, courses: &[&Course]) -> Vec<Want> {
        if self.strategy == Strategy::Asha {
            return self.asha(trials, batch, courses);
        }
        let steps = self.brackets(trials).into_iter().map(|bracket| self.halving(bracket, batch, courses));
        steps.into_iter().find(|wanted| !wanted.is_empty()).unwrap_or_default()
    }

    /// A bracket's next step: all its trials at one level, then the best of them at the next.
    fn halving(&self, bracket: Bracket, batch: usize, courses: &[&Course]) -> Vec<Want> {
        let end = bracket.first + bracket.trials;
        if courses.len() < end {
            return vec![Want::New { level: bracket.start }; batch.min(end - courses.len())];
        }
        let mut survivors: Vec<usize> = (bracket.first..end).collect();
        let mut places = bracket.trials;
        for level in bracket.start..self.resources.len() {
            let open = survivors.iter().filter(|trial| !courses[**trial].is_told(level));
            let open: Vec<Want> = open.map(|trial| Want::More { trial: *trial, level }).take(batch).collect();
            if !open.is_empty() {
                return open;
            }
            places = (places as u64 / self.reduction).max(1) as usize;
            survivors = ranked(courses, &survivors, level);
            survivors.truncate(places);
        }
        vec![]
    }

    /// Whoever is among the best at a level goes on; where nobody is, a new trial starts. When all are started and none
    /// goes on by that rule, the best of the highest level does, so that one gets to the end.
    fn asha(&self, trials: usize, batch: usize, courses: &[&Course]) -> Vec<Want> {
        let mut wanted = vec![];
        let mut started = courses.len();
        while wanted.len() < batch {
            if let Some(more) = self.promoted(courses, &wanted, 0) {
                wanted.push(more);
            } else if started < trials {
                wanted.push(Want::New { level: 0 });
                started += 1;
            } else {
                break;
            }
        }
        if wanted.is_empty() { self.promoted(courses, &wanted, 1).into_iter().collect() } else { wanted }
    }

    /// A trial that is among the best of its level, the highest level first, and was not asked for more.
    fn promoted(&self, courses: &[&Course], wanted: &[Want], least: usize) -> Option<Want> {
        (0..self.resources.len() - 1).rev().find_map(|level| {
            let told: Vec<usize> = (0..courses.len()).filter(|trial| courses[*trial].is_told(level)).collect();
            let places = (told.len() as u64 / self.reduction).max(least as u64) as usize;
            let best = ranked(courses, &told, level).into_iter().take(places);
            let unasked = best.filter(|trial| !courses[*trial].0.contains_key(&(level + 1)));
            unasked.map(|trial| Want::More { trial, level: level + 1 }).find(|more| !wanted.contains(more))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(strategy: Strategy, min: u64, max: u64, reduction: u64) -> Levels {
        Levels::new(&Pruner { strategy, min, max, reduction }).expect("the pruner is right")
    }

    /// Courses of trials, from what each came to at the levels from the first on.
    fn courses(losses: &[&[f64]]) -> Vec<Course> {
        let course = |losses: &&[f64]| {
            let states = losses.iter().enumerate();
            Course(states.map(|(level, loss)| (level, State::Losses(vec![*loss]))).collect())
        };
        losses.iter().map(course).collect()
    }

    /// Executes all that is wanted, with the trial's number modulo 7 as its loss, and counts trials at each level.
    fn executed(levels: &Levels, trials: usize) -> Vec<usize> {
        let mut courses: Vec<Course> = vec![];
        loop {
            let wanted = levels.next(trials, 4, &courses.iter().collect::<Vec<_>>());
            if wanted.is_empty() {
                let at = |level| courses.iter().filter(|course| course.is_told(level)).count();
                return (0..levels.resources.len()).map(at).collect();
            }
            for want in wanted {
                let (trial, level) = match want {
                    Want::New { level } => {
                        courses.push(Course::default());
                        (courses.len() - 1, level)
                    }
                    Want::More { trial, level } => (trial, level),
                };
                courses[trial].0.insert(level, State::Losses(vec![(trial % 7) as f64]));
            }
        }
    }

    #[test]
    fn levels_count_down_from_the_maximum() {
        assert_eq!(levels(Strategy::Asha, 1, 81, 3).resources, [1, 3, 9, 27, 81]);
        assert_eq!(levels(Strategy::Asha, 1, 20, 3).resources, [2, 7, 20]);
        assert_eq!(levels(Strategy::Asha, 5, 20, 2).resources, [5, 10, 20]);
        assert_eq!(levels(Strategy::Asha, 20, 20, 2).resources, [20]);
        assert_eq!(levels(Strategy::Asha, 1, 5, 2).resources, [1, 3, 5]);
        assert_eq!(levels(Strategy::Asha, 1, u64::MAX, 2).resources.len(), 64);
    }

    #[test]
    fn the_brackets_are_those_of_the_hyperband_paper() {
        // Table 1 of Li et al. 2018: R = 81, a reduction of 3.
        let levels = levels(Strategy::Hyperband, 1, 81, 3);
        let brackets = levels.brackets(81 + 34 + 15 + 8 + 5);
        let sizes: Vec<(usize, u64)> = brackets.iter().map(|one| (one.trials, levels.resources[one.start])).collect();
        assert_eq!(sizes, [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]);
        // Its rungs: 81 27 9 3 1; 34 11 3 1; 15 5 1; 8 2; 5.
        assert_eq!(executed(&levels, 143), [81, 27 + 34, 9 + 11 + 15, 3 + 3 + 5 + 8, 1 + 1 + 1 + 2 + 5]);
    }

    #[test]
    fn brackets_begin_again_and_the_last_is_cut() {
        let brackets = levels(Strategy::Hyperband, 1, 9, 3).brackets(9 + 5 + 3 + 4);
        let sizes: Vec<(usize, usize, usize)> = brackets.iter().map(|one| (one.first, one.trials, one.start)).collect();
        assert_eq!(sizes, [(0, 9, 0), (9, 5, 1), (14, 3, 2), (17, 4, 0)]);
    }

    #[test]
    fn halving_keeps_one_in_so_many_and_ends_with_at_least_one() {
        let levels = levels(Strategy::Halving, 1, 27, 3);
        assert_eq!(executed(&levels, 40), [40, 13, 4, 1]);
        assert_eq!(executed(&levels, 2), [2, 1, 1, 1]);
    }

    #[test]
    fn asha_promotes_as_the_rule_says_from_the_highest_level_on() {
        let levels = levels(Strategy::Asha, 1, 9, 3);
        let next = |losses: &[&[f64]], batch| levels.next(100, batch, &courses(losses).iter().collect::<Vec<_>>());
        let more = |trial, level| Want::More { trial, level };
        let new = Want::New { level: 0 };
        // Of two trials none is the best third.
        assert_eq!(next(&[&[3.0], &[2.0]], 2), [new.clone(), new.clone()]);
        // Of three one is; the rest of the round is new.
        assert_eq!(next(&[&[3.0], &[2.0], &[4.0]], 2), [more(1, 1), new.clone()]);
        // Trial 1 went on; of six trials two are promotable, of which trial 4 has not gone on.
        assert_eq!(
            next(&[&[3.0], &[2.0, 9.0], &[4.0], &[5.0], &[1.0], &[6.0]], 3),
            [more(4, 1), new.clone(), new.clone()]
        );
        // Three at the second level: its best gets to the last before the first level is looked at.
        let losses: [&[f64]; 9] =
            [&[3.0, 8.0], &[2.0, 9.0], &[4.0], &[5.0], &[1.0, 7.0], &[6.0], &[7.0], &[8.0], &[0.5]];
        assert_eq!(next(&losses, 3), [more(4, 2), more(8, 1), new]);
    }

    #[test]
    fn asha_ends_with_a_trial_at_the_maximum() {
        let levels = levels(Strategy::Asha, 1, 27, 3);
        let counts = executed(&levels, 40);
        assert!(counts[0] == 40 && counts[1] >= 13 && counts[2] >= 4 && counts[3] >= 1, "{counts:?}");
        assert_eq!(executed(&levels, 2), [2, 1, 1, 1]);
    }

    #[test]
    fn a_level_at_which_all_fail_ends_its_bracket() {
        let levels = levels(Strategy::Halving, 1, 9, 3);
        let failed = vec![Course([(0, State::Failed)].into()); 9];
        assert_eq!(levels.next(9, 4, &failed.iter().collect::<Vec<_>>()), []);
    }
}

//! Params as factors of an analysis of variance: their levels in every run, and which of them cannot be told apart.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde_json::Value;

use crate::compare::Run;
use crate::statistics;

/// A param's values in all rows, or those of several that cannot be told apart.
#[derive(Debug, Clone)]
pub(super) struct Factor<'a> {
    pub params: Vec<String>,
    /// Of the param with the most values; `null` where there is none.
    values: Vec<&'a Value>,
    /// The value in each row, as one of `count`.
    pub levels: Vec<usize>,
    pub count: usize,
    /// Whether these are numbers that were drawn rather than listed.
    pub is_drawn: bool,
}

/// Those of the params that vary, and at which of how many points each run is: runs at a point have all values in
/// common.
pub(super) fn of_runs<'a>(params: &[String], runs: &[&'a Run]) -> (Vec<Factor<'a>>, Vec<usize>, usize) {
    let of = |param: &String| Factor::new(param, runs);
    let mut factors: Vec<Factor> = params.iter().map(of).filter(|factor| factor.count > 1).collect();
    let point = |run: usize| factors.iter().map(|factor| factor.levels[run]).collect::<Vec<_>>();
    let (points, count) = numbered((0..runs.len()).map(point));
    for factor in &mut factors {
        factor.is_drawn = factor.was_drawn(&points);
    }
    (factors, points, count)
}

/// Each key as the number of those that came before its first: 0, 1, ..., and how many there are.
fn numbered<T: Eq + Hash>(keys: impl Iterator<Item = T>) -> (Vec<usize>, usize) {
    let mut known: HashMap<T, usize> = HashMap::new();
    let number = |key| {
        let next = known.len();
        *known.entry(key).or_insert(next)
    };
    (keys.map(number).collect(), known.len())
}

/// The factors with those made one that cannot be told apart. Where a condition on one decides whether the other has a
/// value they can be.
pub(super) fn merged<'a>(
    mut factors: Vec<Factor<'a>>,
    is_alike: impl Fn(&Factor<'a>, &Factor<'a>) -> bool,
) -> Vec<Factor<'a>> {
    let is_alike = |one: &Factor<'a>, other: &Factor<'a>| {
        (is_alike(one, other) || is_alike(other, one)) && !one.is_conditional_on(other) && !other.is_conditional_on(one)
    };
    loop {
        let before = factors.len();
        let mut kept: Vec<Factor> = Vec::new();
        for factor in factors {
            match kept.iter_mut().find(|kept| is_alike(kept, &factor)) {
                Some(kept) => kept.join(factor),
                None => kept.push(factor),
            }
        }
        // What was joined may be like another.
        if kept.len() == before {
            return kept;
        }
        factors = kept;
    }
}

impl<'a> Factor<'a> {
    fn new(param: &str, runs: &[&'a Run]) -> Self {
        let values: Vec<&Value> = runs.iter().map(|run| run.params.get(param).unwrap_or(&Value::Null)).collect();
        let (levels, count) = numbered(values.iter());
        Self { params: vec![param.to_owned()], values, levels, count, is_drawn: false }
    }

    /// `latent_dim`, `latent_dim with batch`, `latent_dim with batch and width`.
    pub fn name(&self) -> String {
        match &self.params[..] {
            [first, rest @ ..] if !rest.is_empty() => format!("{first} with {}", rest.join(" and ")),
            only => only.concat(),
        }
    }

    fn join(&mut self, other: Self) {
        (self.levels, _) = numbered(self.levels.iter().zip(&other.levels));
        if other.count > self.count {
            self.values = other.values;
        }
        self.count = self.levels.iter().max().map_or(0, |last| last + 1);
        self.is_drawn |= other.is_drawn;
        self.params.extend(other.params);
    }

    /// Whether most numbers come up at one point only. What is listed comes up with several values of the others.
    fn was_drawn(&self, points: &[usize]) -> bool {
        const FEW: usize = 5;
        let mut at = vec![None; self.count];
        let mut several = vec![false; self.count];
        for (level, point) in self.levels.iter().zip(points) {
            several[*level] |= *at[*level].get_or_insert(*point) != *point;
        }
        let once = several.iter().filter(|several| !**several).count();
        let is_number = |value: &&Value| value.is_number() || value.is_null();
        self.count > FEW && 2 * once > self.count && self.values.iter().all(is_number)
    }

    /// Whether the other has but one level wherever this one has the same.
    pub fn determines(&self, other: &Self) -> bool {
        let mut found = vec![None; self.count];
        let mut levels = self.levels.iter().zip(&other.levels);
        self.count >= other.count && levels.all(|(own, other)| *found[*own].get_or_insert(*other) == *other)
    }

    /// Whether these numbers are in the other's order, or in ranges of one level each: lists that advance together
    /// rather than draws.
    pub fn is_in_step_with(&self, other: &Self) -> bool {
        let number = |factor: &Self, row: usize| factor.values[row].as_f64().unwrap_or(f64::NAN);
        let mut rows: Vec<usize> = (0..self.levels.len()).collect();
        rows.sort_by(|one, two| number(self, *one).total_cmp(&number(self, *two)));
        if other.is_drawn {
            let numbers = || rows.iter().map(|row| number(other, *row));
            return numbers().is_sorted() || numbers().rev().is_sorted();
        }
        let mut levels: Vec<usize> = rows.iter().map(|row| other.levels[*row]).collect();
        levels.dedup();
        levels.len() == other.count
    }

    /// Whether a condition on the other decides where this one has a value: which then is a part of what the other
    /// does (nested in it).
    pub fn is_conditional_on(&self, other: &Self) -> bool {
        if !self.values.iter().any(|value| value.is_null()) {
            return false;
        }
        let rows = || 0..self.values.len();
        let (without, with): (HashSet<usize>, HashSet<usize>) = (
            rows().filter(|row| self.values[*row].is_null()).map(|row| other.levels[row]).collect(),
            rows().filter(|row| !self.values[*row].is_null()).map(|row| other.levels[row]).collect(),
        );
        let has_value = |row: usize| !other.values[row].is_null();
        without.is_disjoint(&with)
            && rows().filter(|row| !self.values[*row].is_null()).all(has_value)
            && rows().filter(|row| self.values[*row].is_null()).any(has_value)
            && !other.determines(self)
    }

    /// Some of the rows.
    pub fn at(mut self, rows: &[usize]) -> Self {
        self.values = rows.iter().map(|row| self.values[*row]).collect();
        (self.levels, self.count) = numbered(rows.iter().map(|row| self.levels[*row]));
        self
    }

    /// Ranges of equally many numbers for levels; what has none is a level of its own.
    pub fn cut(mut self, ranges: usize) -> Self {
        let numbers: Vec<f64> = self.values.iter().filter_map(|value| value.as_f64()).collect();
        let mut levels = statistics::bins(&numbers, ranges).into_iter();
        let level = |value: &&Value| value.as_f64().and_then(|_| levels.next()).unwrap_or(ranges);
        (self.levels, self.count) = numbered(self.values.iter().map(level));
        self
    }
}

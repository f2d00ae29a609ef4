//! Points from factors: product, conditions, exclusions and inclusions, all on indices. Knows no params and no values.

use std::collections::{BTreeMap, HashSet};

use super::Point;

/// Axes that are varied together, and the values that they take in turn.
#[derive(Debug, Clone)]
pub struct Factor {
    pub axes: Vec<usize>,
    /// For each of the axes the index of its value, or `None` where a row does not name it.
    pub rows: Vec<Vec<Option<usize>>>,
}

/// An axis is varied only where all needs are met.
#[derive(Debug, Clone)]
pub struct Condition {
    pub axis: usize,
    pub needs: Vec<Need>,
}

/// An axis must have one of these values.
#[derive(Debug, Clone)]
pub struct Need {
    pub axis: usize,
    pub values: Vec<usize>,
    /// Whether it is met where the axis is not named, and has the experiment's value.
    pub unnamed: bool,
}

/// Some axes and their values; a value that the axis does not have is `None`.
pub type Partial = Vec<(usize, Option<usize>)>;

/// The number of combinations of the factors' rows.
pub fn count(factors: &[Factor]) -> usize {
    factors.iter().map(|factor| factor.rows.len()).fold(1, usize::saturating_mul)
}

/// All combinations of the factors' rows, the last factor fastest. Without factors there is one, of nothing.
pub fn product(width: usize, factors: &[Factor]) -> Vec<Point> {
    let mut points = vec![vec![None; width]];
    for factor in factors {
        let extend = |point: &Point| -> Vec<Point> {
            let with = |row: &Vec<Option<usize>>| {
                let mut point = point.clone();
                factor.axes.iter().zip(row).for_each(|(axis, value)| point[*axis] = *value);
                point
            };
            factor.rows.iter().map(with).collect()
        };
        points = points.iter().flat_map(extend).collect();
    }
    points
}

/// Unsets the axes whose conditions do not hold. `conditions` come in an order in which each stands behind those of the
/// axes that it needs. Tells which conditions held.
pub fn mask(point: &mut Point, conditions: &[Condition]) -> Vec<bool> {
    let mut held = vec![true; conditions.len()];
    for (place, condition) in conditions.iter().enumerate() {
        let met = |need: &Need| match point[need.axis] {
            Some(value) => need.values.contains(&value),
            // Not varied here because of a condition of its own.
            None if conditions[..place].iter().zip(&held).any(|(other, held)| other.axis == need.axis && !held) => {
                false
            }
            None => need.unnamed,
        };
        held[place] = condition.needs.iter().all(met);
        if !held[place] {
            point[condition.axis] = None;
        }
    }
    held
}

/// Unsets what conditions forbid, and keeps of points that are alike then the first. Tells which conditions ever held.
pub fn mask_all(points: &mut Vec<Point>, conditions: &[Condition]) -> Vec<bool> {
    let mut ever = vec![false; conditions.len()];
    for point in points.iter_mut() {
        let held = mask(point, conditions);
        ever.iter_mut().zip(held).for_each(|(ever, held)| *ever |= held);
    }
    if !conditions.is_empty() {
        let mut seen = HashSet::new();
        points.retain(|point| seen.insert(point.clone()));
    }
    ever
}

/// Which conditions hold at some point, when every axis takes any of its values where its own condition holds.
pub fn satisfiable(conditions: &[Condition]) -> Vec<bool> {
    let can_hold = |condition: &Condition| {
        // What each axis may be where this holds, and whatever it needs.
        let mut allowed: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut waiting = vec![condition];
        while let Some(condition) = waiting.pop() {
            for need in &condition.needs {
                match allowed.get_mut(&need.axis) {
                    Some(values) => values.retain(|value| need.values.contains(value)),
                    None => {
                        allowed.insert(need.axis, need.values.clone());
                        waiting.extend(conditions.iter().filter(|other| other.axis == need.axis));
                    }
                }
            }
        }
        allowed.values().all(|values| !values.is_empty())
    };
    conditions.iter().map(can_hold).collect()
}

/// Removes the points that have all values of some entry. Tells which entries matched a point.
pub fn exclude(points: &mut Vec<Point>, entries: &[Partial]) -> Vec<bool> {
    let mut matched = vec![false; entries.len()];
    points.retain(|point| {
        let mut keep = true;
        for (entry, matched) in entries.iter().zip(&mut matched) {
            let hit = entry.iter().all(|(axis, value)| value.is_some() && point[*axis] == *value);
            *matched |= hit;
            keep &= !hit;
        }
        keep
    });
    matched
}

/// Adds each entry's values to every point that has the entry's values in the first `original` axes, or else a point of the
/// entry alone. What one entry added, a later one may change; points that were added are extended by none. Gives for
/// each added point the entry.
pub fn include(points: &mut Vec<Point>, width: usize, original: usize, entries: &[Partial]) -> Vec<usize> {
    let count = points.len();
    let mut added = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let agrees = |point: &Point| entry.iter().all(|(axis, value)| *axis >= original || point[*axis] == *value);
        let mut found = false;
        for point in points[..count].iter_mut().filter(|point| agrees(point)) {
            entry.iter().for_each(|(axis, value)| point[*axis] = *value);
            found = true;
        }
        if !found {
            let mut point = vec![None; width];
            entry.iter().for_each(|(axis, value)| point[*axis] = *value);
            points.push(point);
            added.push(index);
        }
    }
    added
}

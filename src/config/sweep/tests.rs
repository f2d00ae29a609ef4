//! Points against a model of what the rules say.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::Point;
use super::expand::{self, Condition, Factor, Need, Partial};

/// A combination by the names of its keys, as a CI matrix has it.
type Combination = BTreeMap<usize, usize>;

fn combination(point: &Point) -> Combination {
    point.iter().enumerate().filter_map(|(axis, value)| Some((axis, (*value)?))).collect()
}

fn partial(combination: &Combination) -> Partial {
    combination.iter().map(|(axis, value)| (*axis, Some(*value))).collect()
}

/// All combinations, by counting up.
fn counted(lengths: &[usize]) -> Vec<Combination> {
    let count: usize = lengths.iter().product();
    (0..count)
        .map(|number| {
            let mut rest = number;
            let mut digits: Vec<(usize, usize)> = lengths
                .iter()
                .enumerate()
                .rev()
                .map(|(axis, length)| {
                    let digit = rest % length;
                    rest /= length;
                    (axis, digit)
                })
                .collect();
            digits.reverse();
            digits.into_iter().collect()
        })
        .collect()
}

/// GitHub's words: "For each object in the include list, the key:value pairs in the object will be added to each of the
/// matrix combinations if none of the key:value pairs overwrite any of the original matrix values. If the object cannot
/// be added to any of the matrix combinations, a new matrix combination will be created instead. Note that the original
/// matrix values will not be overwritten, but added matrix values can be overwritten."
fn included(original: &[Combination], entries: &[Combination]) -> Vec<Combination> {
    let mut all: Vec<Combination> = original.to_vec();
    for entry in entries {
        let mut added = false;
        for (combination, original) in all.iter_mut().zip(original) {
            let overwrites =
                entry.iter().any(|(key, value)| original.get(key).is_some_and(|original| original != value));
            if !overwrites {
                combination.extend(entry);
                added = true;
            }
        }
        if !added {
            all.push(entry.clone());
        }
    }
    all
}

fn grid(lengths: &[usize]) -> Vec<Factor> {
    let factor = |(axis, length): (usize, &usize)| Factor {
        axes: vec![axis],
        rows: (0..*length).map(|value| vec![Some(value)]).collect(),
    };
    lengths.iter().enumerate().map(factor).collect()
}

/// Values of some axes, up to two of which are not in the grid of three.
fn entries() -> impl Strategy<Value = Vec<Combination>> {
    vec(btree_map(0..5_usize, 0..4_usize, 1..4), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_grid_has_every_point_once_in_counting_order(lengths in vec(1..5_usize, 0..4)) {
        let points = expand::product(lengths.len(), &grid(&lengths));
        prop_assert_eq!(points.iter().map(combination).collect::<Vec<_>>(), counted(&lengths));
        prop_assert_eq!(points.len(), expand::count(&grid(&lengths)));
    }

    #[test]
    fn excluded_points_are_gone_and_no_others(
        lengths in vec(1..4_usize, 3), entries in vec(btree_map(0..3_usize, 0..4_usize, 1..3), 0..4),
    ) {
        let mut points = expand::product(3, &grid(&lengths));
        let partials: Vec<Partial> = entries.iter().map(partial).collect();
        let matched = expand::exclude(&mut points, &partials);
        let hits = |entry: &Combination, of: &Combination| entry.iter().all(|(key, value)| of.get(key) == Some(value));
        let all = counted(&lengths);
        let kept: Vec<Combination> =
            all.iter().filter(|of| !entries.iter().any(|entry| hits(entry, of))).cloned().collect();
        prop_assert_eq!(points.iter().map(combination).collect::<Vec<_>>(), kept);
        let expected: Vec<bool> = entries.iter().map(|entry| all.iter().any(|of| hits(entry, of))).collect();
        prop_assert_eq!(matched, expected);
    }

    #[test]
    fn entries_are_included_as_in_a_ci_matrix(lengths in vec(1..4_usize, 3), entries in entries()) {
        let mut points = expand::product(5, &grid(&lengths));
        let original: Vec<Combination> = points.iter().map(combination).collect();
        let partials: Vec<Partial> = entries.iter().map(partial).collect();
        expand::include(&mut points, 5, 3, &partials);
        prop_assert_eq!(points.iter().map(combination).collect::<Vec<_>>(), included(&original, &entries));
    }

    #[test]
    fn a_conditional_axis_is_set_where_its_condition_holds_and_nowhere_else(
        lengths in vec(1..4_usize, 3), first in vec(0..3_usize, 0..3), second in vec(0..3_usize, 0..3),
    ) {
        // The second axis needs the first, and the third the second.
        let need = |axis, values: &Vec<usize>| vec![Need { axis, values: values.clone(), unnamed: false }];
        let conditions =
            [Condition { axis: 1, needs: need(0, &first) }, Condition { axis: 2, needs: need(1, &second) }];
        let mut points = expand::product(3, &grid(&lengths));
        expand::mask_all(&mut points, &conditions);
        let expected: BTreeSet<Point> = counted(&lengths)
            .into_iter()
            .map(|of| {
                let one = first.contains(&of[&0]).then_some(of[&1]);
                let two = one.filter(|one| second.contains(one)).map(|_| of[&2]);
                vec![Some(of[&0]), one, two]
            })
            .collect();
        prop_assert_eq!(points.len(), expected.len());
        prop_assert_eq!(points.into_iter().collect::<BTreeSet<_>>(), expected);
    }
}

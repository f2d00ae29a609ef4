//! Which outcomes are better. Knows no trial. All values here are to be small.

use std::cmp::Ordering;

/// The places of the outcomes, the best first. Of several objectives: by fronts, each front's least crowded first
/// (Deb et al. 2002, NSGA-II). What is equally good stays in the order given.
pub fn sorted(outcomes: &[&[f64]]) -> Vec<usize> {
    if outcomes.first().is_none_or(|values| values.len() == 1) {
        let mut places: Vec<usize> = (0..outcomes.len()).collect();
        places.sort_by(|one, other| outcomes[*one][0].total_cmp(&outcomes[*other][0]));
        return places;
    }
    // In the order of the values nothing is beaten by what comes later, and what is beaten is so by one of the front.
    let mut left: Vec<usize> = (0..outcomes.len()).collect();
    left.sort_by(|one, other| outcomes[*one].partial_cmp(outcomes[*other]).unwrap_or(Ordering::Equal));
    let mut sorted = vec![];
    while !left.is_empty() {
        let (mut front, mut rest): (Vec<usize>, Vec<usize>) = (vec![], vec![]);
        for place in left {
            let is_beaten = front.iter().any(|before| beats(outcomes[*before], outcomes[place]));
            if is_beaten { rest.push(place) } else { front.push(place) }
        }
        sorted.extend(by_distance(front, outcomes));
        left = rest;
    }
    sorted
}

/// Whether one outcome is as good as another in everything, and better in something.
pub fn beats(one: &[f64], other: &[f64]) -> bool {
    let mut pairs = one.iter().zip(other);
    one != other && pairs.all(|(one, other)| one <= other)
}

/// A front, those first that are furthest from their neighbors; the ends of every objective before all.
fn by_distance(front: Vec<usize>, outcomes: &[&[f64]]) -> Vec<usize> {
    let mut distances = vec![0.0; front.len()];
    (0..outcomes[0].len()).for_each(|objective| {
        let value = |at: usize| outcomes[front[at]][objective];
        let mut along: Vec<usize> = (0..front.len()).collect();
        along.sort_by(|one, other| value(*one).total_cmp(&value(*other)));
        let (first, last) = (along[0], along[along.len() - 1]);
        let range = (value(last) - value(first)).max(f64::MIN_POSITIVE);
        for around in along.windows(3) {
            distances[around[1]] += (value(around[2]) - value(around[0])) / range;
        }
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
    });
    let mut places: Vec<usize> = (0..front.len()).collect();
    places.sort_by(|one, other| distances[*other].partial_cmp(&distances[*one]).unwrap_or(Ordering::Equal));
    places.into_iter().map(|place| front[place]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_objective_sorts_by_value() {
        assert_eq!(sorted(&[&[3.0], &[1.0], &[2.0], &[1.0]]), [1, 3, 2, 0]);
    }

    #[test]
    fn a_front_has_its_ends_first_and_the_crowded_last() {
        // (2, 2) is alone in its front; of the first front (0, 4) and (4, 0) are the ends, (1, 1) is furthest from both.
        let outcomes: [&[f64]; 5] = [&[2.0, 2.0], &[1.0, 1.0], &[0.0, 4.0], &[4.0, 0.0], &[0.9, 1.1]];
        assert_eq!(sorted(&outcomes), [2, 3, 1, 4, 0]);
    }

    proptest! {
        #[test]
        fn nobody_is_beaten_by_who_comes_later(values in prop::collection::vec(prop::array::uniform3(0i8..5), 1..30)) {
            let outcomes: Vec<Vec<f64>> = values.iter().map(|values| values.map(f64::from).to_vec()).collect();
            let outcomes: Vec<&[f64]> = outcomes.iter().map(Vec::as_slice).collect();
            let sorted = sorted(&outcomes);
            let mut all = sorted.clone();
            all.sort_unstable();
            prop_assert_eq!(all, (0..values.len()).collect::<Vec<_>>());
            for (place, one) in sorted.iter().enumerate() {
                prop_assert!(sorted[place..].iter().all(|later| !beats(outcomes[*later], outcomes[*one])));
            }
        }
    }
}

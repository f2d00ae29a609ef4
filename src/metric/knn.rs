//! Accuracy of a nearest-neighbour classifier: how well distances between codes agree with classes.

use crate::cancel::Interrupted;
use crate::embed::neighbours::{Neighbours, Points};
use crate::embed::workers::Workers;

/// Points and the class of each.
pub struct Labelled<'a> {
    pub points: &'a Points,
    pub labels: &'a [u32],
}

/// The share of `test` points whose class is the commonest among their `k` nearest `train` points; of classes equally
/// common the lowest wins (scikit-learn's `KNeighborsClassifier` with uniform weights).
pub fn knn_accuracy(train: Labelled, test: Labelled, k: usize, workers: Workers) -> Result<f64, Interrupted> {
    let neighbours = Neighbours::of(test.points, train.points, k, workers)?;
    let classes = train.labels.iter().max().map_or(0, |&largest| largest as usize + 1);
    let right = (0..test.points.len()).filter(|&query| {
        let mut votes = vec![0usize; classes];
        neighbours.row(query).iter().for_each(|&at| votes[train.labels[at as usize] as usize] += 1);
        let commonest = votes.iter().max().and_then(|most| votes.iter().position(|count| count == most));
        commonest == Some(test.labels[query] as usize)
    });
    Ok(right.count() as f64 / test.points.len() as f64)
}

#[cfg(test)]
mod tests {
    use crate::embed::workers::tests::with_threads;

    use super::*;

    #[test]
    fn the_commonest_class_near_by_wins_and_ties_go_to_the_lowest() {
        let train = Points::new(&[0.0, 0.1, 0.2, 5.0, 5.2], 1);
        let test = Points::new(&[0.05, 5.1, 2.65], 1);
        let accuracy = |k, truth: &[u32]| {
            let train = Labelled { points: &train, labels: &[1, 1, 0, 2, 0] };
            let test = Labelled { points: &test, labels: truth };
            with_threads(1, |workers| knn_accuracy(train, test, k, workers)).unwrap()
        };
        assert_eq!(accuracy(3, &[1, 0, 0]), 1.0);
        assert_eq!(accuracy(2, &[1, 0, 2]), 2.0 / 3.0);
    }
}

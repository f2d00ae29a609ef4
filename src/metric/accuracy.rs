//! Classification accuracy, and the class a row of probabilities names.

/// The share of samples whose predicted class is the true one.
pub fn accuracy(truth: &[u32], predicted: &[u32]) -> f64 {
    assert_eq!(truth.len(), predicted.len(), "as many predictions as truths");
    let right = truth.iter().zip(predicted).filter(|(truth, predicted)| truth == predicted).count();
    right as f64 / truth.len() as f64
}

/// The index of the largest number of each row of `classes` numbers; the first of equals.
pub fn argmax_rows(scores: &[f32], classes: usize) -> Vec<u32> {
    let largest = |row: &[f32]| (1..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best }) as u32;
    scores.chunks_exact(classes).map(largest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_what_is_right() {
        assert_eq!(accuracy(&[0, 1, 2, 2], &[0, 2, 2, 2]), 0.75);
        assert!(accuracy(&[], &[]).is_nan());
    }

    #[test]
    fn the_first_of_equal_scores_wins() {
        assert_eq!(argmax_rows(&[0.1, 0.7, 0.2, 0.5, 0.0, 0.5], 3), [1, 0]);
    }
}

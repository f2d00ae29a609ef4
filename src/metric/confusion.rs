//! The confusion matrix, and what is read off it: accuracy, precision, recall, F1.

/// How often each class was taken for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// Counts predictions; every class is below `classes`.
    pub fn new(truth: &[u32], predicted: &[u32], classes: usize) -> Self {
        assert_eq!(truth.len(), predicted.len(), "as many predictions as truths");
        let mut counts = vec![0; classes * classes];
        truth.iter().zip(predicted).for_each(|(&t, &p)| counts[t as usize * classes + p as usize] += 1);
        Self { classes, counts }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many samples of class `truth` were predicted to be each class.
    pub fn row(&self, truth: usize) -> &[u64] {
        &self.counts[truth * self.classes..][..self.classes]
    }

    /// How many samples of a class there are.
    pub fn support(&self, class: usize) -> u64 {
        self.row(class).iter().sum()
    }

    /// How often a class was predicted.
    pub fn predicted(&self, class: usize) -> u64 {
        (0..self.classes).map(|truth| self.row(truth)[class]).sum()
    }

    /// The share of a class's samples that were recognized (the class's accuracy); 0 when it has none.
    pub fn recall(&self, class: usize) -> f64 {
        ratio(self.row(class)[class], self.support(class))
    }

    /// The share of a class's predictions that were right; 0 when it was never predicted.
    pub fn precision(&self, class: usize) -> f64 {
        ratio(self.row(class)[class], self.predicted(class))
    }

    /// Harmonic mean of precision and recall; 0 when both are.
    pub fn f1(&self, class: usize) -> f64 {
        ratio(2 * self.row(class)[class], self.support(class) + self.predicted(class))
    }

    /// Mean F1 of the classes that occur, as truth or as prediction (scikit-learn's `f1_score(average="macro")`).
    pub fn macro_f1(&self) -> f64 {
        let occurs = |class: &usize| self.support(*class) + self.predicted(*class) > 0;
        let scores: Vec<f64> = (0..self.classes).filter(occurs).map(|class| self.f1(class)).collect();
        super::mean(&scores)
    }

    /// The share of samples on the diagonal.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.row(class)[class]).sum();
        right as f64 / self.counts.iter().sum::<u64>() as f64
    }
}

/// The index of the largest number of each row of `classes` numbers: the class it predicts; the first of equals.
pub fn argmax_rows(scores: &[f32], classes: usize) -> Vec<u32> {
    scores.chunks_exact(classes).map(|row| argmax(row) as u32).collect()
}

/// Place of the largest number, the first of equal ones.
pub fn argmax(scores: &[f32]) -> usize {
    (1..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best })
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use crate::metric::reference::{labels, predictions};

    use super::*;

    const MACRO_F1: f64 = 0.679_444_444_444_444_4;
    const RECALL: [f64; 5] = [1.0, 1.0, 1.0 / 7.0, 3.0 / 7.0, 1.0];
    const PRECISION: [f64; 5] = [7.0 / 9.0, 2.0 / 3.0, 0.5, 0.6, 1.0];
    const ACCURACY: f64 = 0.75;

    #[test]
    fn scores_are_scikit_learns() {
        // Classes 0..=4 occur; class 5 is declared, yet never occurs.
        let truth = labels(40, 3, 5);
        let matrix = ConfusionMatrix::new(&truth, &predictions(&truth, 4), 6);
        assert!((matrix.macro_f1() - MACRO_F1).abs() < 1e-12, "{}", matrix.macro_f1());
        (0..5).for_each(|class| assert!((matrix.recall(class) - RECALL[class]).abs() < 1e-12));
        (0..5).for_each(|class| assert!((matrix.precision(class) - PRECISION[class]).abs() < 1e-12));
        assert!((matrix.accuracy() - ACCURACY).abs() < 1e-12);
    }

    #[test]
    fn the_first_of_equal_scores_wins() {
        assert_eq!(argmax_rows(&[0.1, 0.7, 0.2, 0.5, 0.0, 0.5], 3), [1, 0]);
    }

    #[test]
    fn rows_are_true_classes() {
        let matrix = ConfusionMatrix::new(&[0, 0, 1], &[1, 0, 1], 2);
        assert_eq!((matrix.row(0), matrix.row(1)), (&[1, 1][..], &[0, 1][..]));
    }
}

//! The receiver operating characteristic of a score, and the area under it.

/// One point of the curve: what happens when scores at or above `threshold` are called positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    pub threshold: f64,
    pub false_positive_rate: f64,
    pub true_positive_rate: f64,
}

/// A curve from (0, 0), at an infinite threshold, to (1, 1), with a point at every distinct score.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    pub points: Vec<RocPoint>,
}

impl Roc {
    /// The curve of `scores`, larger meaning more likely positive. `None`: without both positives and negatives there
    /// is no curve.
    pub fn new(scores: &[f32], positive: &[bool]) -> Option<Self> {
        assert_eq!(scores.len(), positive.len(), "as many scores as truths");
        let positives = positive.iter().filter(|&&positive| positive).count();
        let negatives = positive.len() - positives;
        if positives == 0 || negatives == 0 {
            return None;
        }
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut points = vec![RocPoint { threshold: f64::INFINITY, false_positive_rate: 0.0, true_positive_rate: 0.0 }];
        let (mut hits, mut alarms) = (0usize, 0usize);
        for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
            let positive = tied.iter().filter(|&&at| positive[at]).count();
            hits += positive;
            alarms += tied.len() - positive;
            points.push(RocPoint {
                threshold: f64::from(scores[tied[0]]),
                false_positive_rate: alarms as f64 / negatives as f64,
                true_positive_rate: hits as f64 / positives as f64,
            });
        }
        Some(Self { points })
    }

    /// Area under the curve by trapezoids: the probability that a positive scores above a negative, a tie counting
    /// half.
    pub fn auroc(&self) -> f64 {
        let trapezoid = |pair: &[RocPoint]| {
            let width = pair[1].false_positive_rate - pair[0].false_positive_rate;
            width * (pair[1].true_positive_rate + pair[0].true_positive_rate) / 2.0
        };
        self.points.windows(2).map(trapezoid).sum()
    }
}

#[cfg(test)]
mod tests {
    use crate::metric::reference::labels;

    use super::*;

    const AUROC: f64 = 0.609_929_078_014_184_4;
    const AUROC_TIES: f64 = 0.624_113_475_177_305;

    #[test]
    fn the_area_is_scikit_learns_with_and_without_ties() {
        let truth: Vec<bool> = labels(80, 3, 5).iter().map(|&label| label > 2).collect();
        let scores: Vec<f32> = (0..80).map(|i| (i * 37 % 101 + 20 * u32::from(truth[i as usize])) as f32).collect();
        let coarse: Vec<f32> = scores.iter().map(|score| (score / 20.0).floor()).collect();
        assert!((Roc::new(&scores, &truth).unwrap().auroc() - AUROC).abs() < 1e-12);
        assert!((Roc::new(&coarse, &truth).unwrap().auroc() - AUROC_TIES).abs() < 1e-12);
    }

    #[test]
    fn tied_scores_make_one_point() {
        let roc = Roc::new(&[0.5, 0.5, 0.9], &[true, false, true]).unwrap();
        let rates: Vec<_> = roc.points.iter().map(|p| (p.false_positive_rate, p.true_positive_rate)).collect();
        assert_eq!(rates, [(0.0, 0.0), (0.0, 0.5), (1.0, 1.0)]);
        assert_eq!(roc.auroc(), 0.75);
    }

    #[test]
    fn one_class_alone_has_no_curve() {
        assert_eq!(Roc::new(&[0.1, 0.2], &[true, true]), None);
    }
}

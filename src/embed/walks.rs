//! Ways through the space of codes, to be decoded: along one dimension, from one code to another, over a plane. Knows no
//! model.

/// The lowest and highest hundredth of the codes are left out of a traversal.
const TAIL: f64 = 0.01;

/// How codes lie along one dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    pub dimension: usize,
    /// The 0.01 and the 0.99 quantile.
    pub low: f32,
    pub high: f32,
    /// Standard deviation.
    pub deviation: f64,
}

/// The extents of codes of `width` numbers each, the widest first.
pub fn extents(codes: &[f32], width: usize) -> Vec<Extent> {
    let mut extents: Vec<Extent> = (0..width)
        .map(|dimension| {
            let mut values = column(codes, width, dimension);
            let deviation = deviation(&values);
            let [low, high] = [TAIL, 1.0 - TAIL].map(|level| quantile(&mut values, level));
            Extent { dimension, low, high, deviation }
        })
        .collect();
    extents.sort_by(|a, b| b.deviation.total_cmp(&a.deviation).then(a.dimension.cmp(&b.dimension)));
    extents
}

impl Extent {
    /// `steps` codes, one after another: `base` with this dimension moved evenly from low to high.
    pub fn traversal(&self, base: &[f32], steps: usize) -> Vec<f32> {
        let ends = [self.low, self.high].map(|value| {
            let mut end = base.to_vec();
            end[self.dimension] = value;
            end
        });
        line(&ends[0], &ends[1], steps)
    }
}

/// `steps` codes, one after another, evenly on the straight line between two; two steps or more.
pub fn line(from: &[f32], to: &[f32], steps: usize) -> Vec<f32> {
    let at = |step: usize| step as f32 / (steps - 1) as f32;
    let code = |step| from.iter().zip(to).map(move |(from, to)| from * (1.0 - at(step)) + to * at(step));
    (0..steps).flat_map(code).collect()
}

/// `count` values along a dimension that leave equal shares of the codes between them, so that a grid over two dimensions
/// is dense where codes are (Kingma and Welling 2014, figure 4, with the codes' own quantiles).
pub fn even_shares(codes: &[f32], width: usize, dimension: usize, count: usize) -> Vec<f32> {
    let mut values = column(codes, width, dimension);
    (0..count).map(|place| quantile(&mut values, (place as f64 + 0.5) / count as f64)).collect()
}

fn column(codes: &[f32], width: usize, dimension: usize) -> Vec<f32> {
    codes.iter().skip(dimension).step_by(width).copied().collect()
}

/// Nearest rank; 0 where there is no value.
fn quantile(values: &mut [f32], level: f64) -> f32 {
    let rank = (level * values.len().saturating_sub(1) as f64).round() as usize;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(rank, f32::total_cmp).1 }
}

fn deviation(values: &[f32]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    (values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 to 200 along the first dimension, in disorder, and a third of that along the second.
    fn codes() -> Vec<f32> {
        (0..201).map(|row| (row * 77 % 201) as f32).flat_map(|value| [value / 3.0, value]).collect()
    }

    #[test]
    fn the_widest_dimension_comes_first_and_tails_are_left_out() {
        let extents = extents(&codes(), 2);
        assert_eq!((extents[0].dimension, extents[0].low, extents[0].high), (1, 2.0, 198.0));
        // The variance of 0, 1, ..., n - 1 is (n^2 - 1) / 12.
        assert!((extents[0].deviation.powi(2) - (201f64.powi(2) - 1.0) / 12.0).abs() < 1e-6);
        assert!((extents[0].deviation / extents[1].deviation - 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_traversal_moves_one_number_and_a_line_all() {
        let extent = Extent { dimension: 1, low: -1.0, high: 1.0, deviation: 1.0 };
        assert_eq!(extent.traversal(&[7.0, 5.0], 3), [7.0, -1.0, 7.0, 0.0, 7.0, 1.0]);
        assert_eq!(line(&[0.0, 4.0], &[2.0, 0.0], 3), [0.0, 4.0, 1.0, 2.0, 2.0, 0.0]);
    }

    #[test]
    fn between_the_values_of_a_grid_lie_equal_shares() {
        assert_eq!(even_shares(&codes(), 2, 1, 4), [25.0, 75.0, 125.0, 175.0]);
        assert_eq!(even_shares(&[], 2, 1, 2), [0.0, 0.0]);
    }
}

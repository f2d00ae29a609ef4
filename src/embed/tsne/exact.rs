//! Repulsion between all pairs of embedded points, pair by pair. Knows no affinities.

use crate::cancel::Interrupted;
use crate::embed::workers::Workers;

/// Points of one unit of work.
const BLOCK: usize = 64;
/// Sums kept side by side, so that the compiler may use vector instructions without changing any sum's order.
const LANES: usize = 8;

/// The sum over all ordered pairs of w = 1 / (1 + squared distance), and for each point the sum of w² times the
/// way from the other points to it.
pub fn repulsion(points: &[[f64; 2]], forces: &mut [[f64; 2]], workers: Workers) -> Result<f64, Interrupted> {
    let (xs, ys) = split(points);
    let block = |index: usize| -> Vec<[f64; 3]> {
        let rows = &points[index * BLOCK..points.len().min((index + 1) * BLOCK)];
        rows.iter().map(|&point| row(point, &xs, &ys)).collect()
    };
    let rows = workers.map(points.len().div_ceil(BLOCK), block)?.concat();
    forces.iter_mut().zip(&rows).for_each(|(force, [x, y, _])| *force = [*x, *y]);
    // Every point met itself at distance 0.
    Ok(rows.iter().map(|[_, _, w]| w).sum::<f64>() - points.len() as f64)
}

/// The points' coordinates apart, filled up to whole lanes with points at infinity, which exert nothing.
fn split(points: &[[f64; 2]]) -> (Vec<f64>, Vec<f64>) {
    let padded = points.len().next_multiple_of(LANES);
    let (mut xs, mut ys) = (vec![f64::MAX.sqrt(); padded], vec![0.0; padded]);
    for (at, [x, y]) in points.iter().enumerate() {
        (xs[at], ys[at]) = (*x, *y);
    }
    (xs, ys)
}

/// Force on one point, and its sum of w.
fn row([x, y]: [f64; 2], xs: &[f64], ys: &[f64]) -> [f64; 3] {
    let mut sums = [[0.0; LANES]; 3];
    for (xs, ys) in xs.chunks_exact(LANES).zip(ys.chunks_exact(LANES)) {
        for lane in 0..LANES {
            let (dx, dy) = (x - xs[lane], y - ys[lane]);
            let w = 1.0 / (1.0 + dx * dx + dy * dy);
            sums[0][lane] += w * w * dx;
            sums[1][lane] += w * w * dy;
            sums[2][lane] += w;
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}

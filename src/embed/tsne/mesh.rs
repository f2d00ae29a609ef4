//! Repulsion between all pairs of embedded points in O(n) plus a few Fourier transforms of a grid. Knows no affinities.
//!
//! As in FIt-SNE (Linderman et al. 2019), points are spread onto a regular grid, the grid is convolved with the kernel
//! by fast Fourier transform, and forces are interpolated back. In place of box-wise Lagrange polynomials this uses
//! cubic B-splines with their own spectrum divided out (smooth particle mesh, Essmann et al. 1995): the kernel is met
//! exactly on grid points, errors between them are about nine times smaller at equal spacing, and the force kernel itself is
//! convolved, so that one real grid is enough, equal and opposite forces stay so, and single precision suffices.

mod convolution;

use rayon::prelude::*;

use crate::embed::workers::Workers;

use convolution::{C32, Plan};

/// Widest spacing of grid points, in units of the embedding: the kernel's width is 1.
const SPACING: f64 = 0.5;
/// Grid points along the embedding at least (finer spacing while it is small) and at most (coarser when it is huge).
const MIN_NODES: f64 = 64.0;
const MAX_NODES: f64 = 1000.0;
/// Points of one unit of work.
const BLOCK: usize = 1024;
/// A cubic B-spline reaches over four grid points.
const REACH: usize = 4;

/// The grid, its transforms and the kernel's spectra, kept from one iteration to the next.
#[derive(Default)]
pub struct Mesh {
    plan: Option<Plan>,
}

impl Mesh {
    /// As [`exact::repulsion`](super::exact::repulsion), approximately. Points are finite.
    pub fn repulsion(&mut self, points: &[[f64; 2]], forces: &mut [[f64; 2]], workers: Workers) -> f64 {
        let frame = Frame::around(points);
        let fitting = self.plan.take().filter(|plan| plan.spacing == frame.spacing && plan.nodes == frame.nodes);
        let new = || workers.pool.install(|| Plan::new(frame.spacing, frame.nodes));
        let plan = self.plan.insert(fitting.unwrap_or_else(new));
        let charges = spread(points, &frame);
        workers.pool.install(|| {
            let (field, sum) = plan.convolve(&charges);
            forces.par_chunks_mut(BLOCK).zip(points.par_chunks(BLOCK)).for_each(|(forces, points)| {
                forces.iter_mut().zip(points).for_each(|(force, point)| *force = interpolate(&field, &frame, point));
            });
            // Every point met itself at distance 0.
            sum - points.len() as f64
        })
    }
}

/// Where the grid lies.
struct Frame {
    origin: [f64; 2],
    spacing: f64,
    /// Grid points along each side.
    nodes: usize,
}

impl Frame {
    /// A grid around the points. Spacings are powers of two and sizes come in steps, so that the plan is seldom remade.
    fn around(points: &[[f64; 2]]) -> Self {
        let bound = |axis: usize, start: f64, pick: fn(f64, f64) -> f64| {
            points.iter().map(|point| point[axis]).fold(start, pick)
        };
        let low = [0, 1].map(|axis| bound(axis, f64::INFINITY, f64::min));
        let high = [0, 1].map(|axis| bound(axis, f64::NEG_INFINITY, f64::max));
        let span = (high[0] - low[0]).max(high[1] - low[1]).max(1e-9);
        let mut spacing = SPACING;
        while span / spacing < MIN_NODES {
            spacing /= 2.0;
        }
        while span / spacing > MAX_NODES {
            spacing *= 2.0;
        }
        let nodes = transform_size(2 * ((span / spacing).ceil() as usize + REACH + 1)) / 2;
        // Margin below: a spline's first grid point is the one before the point's own, and rounding may take another
        // half.
        Self { origin: low.map(|low| low - 1.5 * spacing), spacing, nodes }
    }

    /// First grid point a spline reaches along one axis, and its four weights.
    fn weights(&self, axis: usize, value: f64) -> (usize, [f32; REACH]) {
        let at = (value - self.origin[axis]) / self.spacing;
        let cell = at.floor();
        let t = at - cell;
        let s = 1.0 - t;
        let weights = [
            s * s * s / 6.0,
            2.0 / 3.0 - t * t * (1.0 - t / 2.0),
            2.0 / 3.0 - s * s * (1.0 - s / 2.0),
            t * t * t / 6.0,
        ];
        (cell as usize - 1, weights.map(|weight| weight as f32))
    }
}

/// The least even number from `size` on that has no prime factor over 5: those transform fast.
fn transform_size(size: usize) -> usize {
    let smooth = |size: &usize| {
        let rest = [2, 3, 5].iter().fold(*size, |mut rest, factor| {
            while rest.is_multiple_of(*factor) {
                rest /= factor;
            }
            rest
        });
        rest == 1
    };
    (size.div_ceil(2)..).find(smooth).map_or(size, |half| 2 * half)
}

/// Spreads a unit charge a point onto the grid, `[nodes, nodes]`, in the order of the points.
fn spread(points: &[[f64; 2]], frame: &Frame) -> Vec<f32> {
    let mut charges = vec![0.0; frame.nodes * frame.nodes];
    for [x, y] in points {
        let (column, across) = frame.weights(0, *x);
        let (row, down) = frame.weights(1, *y);
        for (step, down) in down.iter().enumerate() {
            let cells = &mut charges[(row + step) * frame.nodes + column..][..REACH];
            cells.iter_mut().zip(&across).for_each(|(cell, across)| *cell += across * down);
        }
    }
    charges
}

/// The field at a point: its real part the force along x, its imaginary part along y.
fn interpolate(field: &[C32], frame: &Frame, [x, y]: &[f64; 2]) -> [f64; 2] {
    let (column, across) = frame.weights(0, *x);
    let (row, down) = frame.weights(1, *y);
    let mut force = C32::default();
    for (step, down) in down.iter().enumerate() {
        let cells = &field[(row + step) * frame.nodes + column..][..REACH];
        let sum: C32 = cells.iter().zip(&across).map(|(cell, across)| cell * across).sum();
        force += sum * down;
    }
    [f64::from(force.re), f64::from(force.im)]
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use crate::embed::tsne::exact;
    use crate::embed::workers::tests::with_threads;

    use super::*;

    /// A few round groups within a square of side `span`.
    fn points(n: usize, span: f64) -> Vec<[f64; 2]> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut around = |center: f64| (center + 0.15 * (rng.random::<f64>() + rng.random::<f64>() - 1.0)) * span;
        (0..n).map(|i| [around([0.1, 0.5, 0.8][i % 3]), around([0.2, 0.9, 0.4][i % 3])]).collect()
    }

    fn both(points: &[[f64; 2]]) -> (f64, Vec<[f64; 2]>, f64, Vec<[f64; 2]>) {
        let (mut exact, mut interpolated) = (vec![[0.0; 2]; points.len()], vec![[0.0; 2]; points.len()]);
        with_threads(2, |workers| {
            let z = exact::repulsion(points, &mut exact, workers).unwrap();
            let mesh = Mesh::default().repulsion(points, &mut interpolated, workers);
            (z, exact, mesh, interpolated)
        })
    }

    fn length([x, y]: [f64; 2]) -> f64 {
        x.hypot(y)
    }

    #[test]
    fn interpolated_repulsion_is_the_exact_one_at_every_scale() {
        // Points far apart compared with the grid's spacing show the splines' error most.
        for (span, tolerance) in [(1e-4, 1e-6), (1.0, 1e-6), (30.0, 1e-3), (130.0, 0.05)] {
            let (z, exact, mesh_z, mesh) = both(&points(1500, span));
            let root_mean_square = (exact.iter().map(|&force| length(force).powi(2)).sum::<f64>() / 1500.0).sqrt();
            let differences = exact.iter().zip(&mesh).map(|(a, b)| length([a[0] - b[0], a[1] - b[1]]).powi(2));
            let error = (differences.sum::<f64>() / 1500.0).sqrt() / root_mean_square;
            let z_error = (mesh_z / z - 1.0).abs();
            assert!(error < tolerance && z_error < tolerance / 10.0, "span {span}: forces {error}, sum {z_error}");
        }
    }

    #[test]
    fn forces_balance() {
        let (_, _, _, forces) = both(&points(2000, 60.0));
        let sum = forces.iter().fold([0.0; 2], |[x, y], force| [x + force[0], y + force[1]]);
        let total: f64 = forces.iter().map(|&force| length(force)).sum();
        assert!(length(sum) < 1e-5 * total, "{sum:?} of {total}");
    }

    #[test]
    fn a_plan_kept_from_another_iteration_does_not_show() {
        let (small, large) = (points(1000, 40.0), points(1000, 90.0));
        let mut fresh = vec![[0.0; 2]; 1000];
        let mut kept = vec![[0.0; 2]; 1000];
        with_threads(1, |workers| {
            Mesh::default().repulsion(&large, &mut fresh, workers);
            let mut mesh = Mesh::default();
            mesh.repulsion(&small, &mut kept, workers);
            mesh.repulsion(&large, &mut kept, workers);
        });
        assert_eq!(fresh, kept);
    }

    #[test]
    fn transform_sizes_are_even_and_smooth() {
        assert_eq!([1, 14, 15, 22, 257].map(transform_size), [2, 16, 16, 24, 270]);
    }
}

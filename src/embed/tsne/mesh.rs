//! Repulsion between all pairs of embedded points in O(n) plus a few Fourier transforms of a grid. Knows no affinities.
//!
//! As in FIt-SNE (Linderman et al. 2019), points are spread onto a regular grid, the grid is convolved with the kernel
//! by fast Fourier transform, and forces are interpolated back. In place of box-wise Lagrange polynomials this uses
//! cubic B-splines with their own spectrum divided out (smooth particle mesh, Essmann et al. 1995): the kernel is met
//! exactly on grid points, errors between them are about nine times smaller at equal spacing, and the force kernel itself is
//! convolved, so that one real grid is enough, equal and opposite forces stay so, and single precision suffices.

use std::f64::consts::TAU;
use std::sync::Arc;

use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::embed::workers::Workers;

/// Widest spacing of grid points, in units of the embedding: the kernel's width is 1.
const SPACING: f64 = 0.5;
/// Grid points along the embedding at least (finer spacing while it is small) and at most (coarser when it is huge).
const MIN_NODES: f64 = 64.0;
const MAX_NODES: f64 = 1000.0;
/// Columns transformed together: one cache line of complex numbers.
const GROUP: usize = 8;
/// Points of one unit of work.
const BLOCK: usize = 1024;
/// A cubic B-spline reaches over four grid points.
const REACH: usize = 4;

type C32 = Complex<f32>;

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

/// Transforms and kernel spectra for one spacing and size. Grids are padded with as many zeros again along each side,
/// so that the circular convolution is a plain one; `size` is the padded side.
struct Plan {
    spacing: f64,
    nodes: usize,
    size: usize,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// For column k of the spectrum (0 to size / 2) and all its rows, `[size / 2 + 1, size]`.
    kernel: Vec<Spectrum>,
}

/// The spectra of the three kernels at one frequency, with the splines' own spectrum and the inverse transform's scale
/// divided out. Those of the odd force kernels are imaginary.
#[derive(Clone, Copy, Default)]
struct Spectrum {
    /// Of 1 / (1 + r²).
    w: f32,
    /// Imaginary parts of those of x / (1 + r²)² and y / (1 + r²)².
    x: f32,
    y: f32,
}

impl Plan {
    fn new(spacing: f64, nodes: usize) -> Self {
        let size = 2 * nodes;
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let mut plan = Self { spacing, nodes, size, forward, inverse, kernel: Vec::new() };
        plan.kernel = plan.spectra();
        plan
    }

    /// Spectra of the kernels on the padded, circular grid. The two even and odd kernels of a pair share a transform:
    /// the even one's spectrum is its real part and the odd one's its imaginary part.
    fn spectra(&self) -> Vec<Spectrum> {
        let size = self.size;
        let way = |at: usize| self.spacing * if at <= size / 2 { at as f64 } else { at as f64 - size as f64 };
        let mut grid = vec![C32::default(); size * size];
        grid.par_chunks_mut(size).enumerate().for_each(|(row, out)| {
            for (column, out) in out.iter_mut().enumerate() {
                let (x, y) = (way(column), way(row));
                let w = 1.0 / (1.0 + x * x + y * y);
                // Half way round, the way could go either side: an odd kernel is 0 there.
                let odd = if column == size / 2 { 0.0 } else { x * w * w };
                *out = Complex::new(w as f32, odd as f32);
            }
        });
        // w is even, so its spectrum W is real; x w² is real and odd, so its spectrum is i X with X real. Their sum as
        // w + i (x w²) transforms to W - X, and at the opposite column to W + X.
        let rows = self.transform_square(grid);
        let half = size / 2;
        let spline = |k: usize| ((4.0 + 2.0 * (TAU * k as f64 / size as f64).cos()) / 6.0).powi(2);
        let scale = |column: usize, row: usize| 1.0 / (spline(column) * spline(row) * (size * size) as f64);
        let at = |column: usize, row: usize| f64::from(rows[column * size + row].re);
        let even = |column: usize, row: usize| (at(column, row) + at((size - column) % size, row)) / 2.0;
        let odd = |column: usize, row: usize| (at((size - column) % size, row) - at(column, row)) / 2.0;
        let cell = |column: usize, row: usize| {
            let scale = scale(column, row);
            // The kernel along y is the one along x with the axes exchanged.
            let [w, x, y] = [even(column, row), odd(column, row), odd(row, column)].map(|s| (s * scale) as f32);
            Spectrum { w, x, y }
        };
        let columns = (0..=half).into_par_iter();
        columns.flat_map_iter(|column| (0..size).map(move |row| cell(column, row))).collect()
    }

    /// The two-dimensional transform of a square, transposed: `[column, row]`.
    fn transform_square(&self, mut grid: Vec<C32>) -> Vec<C32> {
        let size = self.size;
        grid.par_chunks_mut(size).for_each(|row| self.forward.process(row));
        let column = |column: usize| {
            let mut values: Vec<C32> = (0..size).map(|row| grid[row * size + column]).collect();
            self.forward.process(&mut values);
            values
        };
        (0..size).into_par_iter().flat_map_iter(column).collect()
    }

    /// The force field of the charges, `[nodes, nodes]`, and the sum of w over all ordered pairs of charges.
    fn convolve(&self, charges: &[f32]) -> (Vec<C32>, f64) {
        let rows = self.transform_rows(charges);
        let (slabs, sums): (Vec<Vec<C32>>, Vec<f64>) =
            (0..self.groups()).into_par_iter().map(|group| self.convolve_columns(&rows, group)).unzip();
        (self.inverse_rows(&slabs), sums.iter().sum())
    }

    fn half(&self) -> usize {
        self.size / 2 + 1
    }

    fn groups(&self) -> usize {
        self.half().div_ceil(GROUP)
    }

    /// Spectra of the rows of charges, `[nodes, half]`, two real rows to a complex transform.
    fn transform_rows(&self, charges: &[f32]) -> Vec<C32> {
        let (size, half, nodes) = (self.size, self.half(), self.nodes);
        let mut rows = vec![C32::default(); nodes * half];
        rows.par_chunks_mut(2 * half).zip(charges.par_chunks(2 * nodes)).for_each(|(out, charges)| {
            let (first, second) = charges.split_at(nodes);
            let mut both: Vec<C32> = first.iter().map(|&first| Complex::new(first, 0.0)).collect();
            both.iter_mut().zip(second).for_each(|(both, &second)| both.im = second);
            both.resize(size, C32::default());
            self.forward.process(&mut both);
            let (first, second) = out.split_at_mut(half);
            for k in 0..half {
                let (plus, minus) = (both[k], both[(size - k) % size].conj());
                first[k] = (plus + minus) * 0.5;
                if let Some(second) = second.get_mut(k) {
                    *second = (plus - minus) * Complex::new(0.0, -0.5);
                }
            }
        });
        rows
    }

    /// For a group of columns: their spectra along y, multiplied by the force kernels and transformed back along y, and
    /// the columns' part in the sum of w. The slab is `[nodes, 2 GROUP]`: the columns, then their mirror images.
    fn convolve_columns(&self, rows: &[C32], group: usize) -> (Vec<C32>, f64) {
        let (size, half, nodes) = (self.size, self.half(), self.nodes);
        let first = group * GROUP;
        let count = GROUP.min(half - first);
        let mut slab = vec![C32::default(); nodes * 2 * GROUP];
        let mut scratch =
            vec![C32::default(); self.forward.get_inplace_scratch_len().max(self.inverse.get_inplace_scratch_len())];
        let mut spectra = vec![C32::default(); count * size];
        for (row, values) in rows.chunks_exact(half).enumerate() {
            (0..count).for_each(|at| spectra[at * size + row] = values[first + at]);
        }
        self.forward.process_with_scratch(&mut spectra, &mut scratch);
        let mut sum = 0.0;
        let mut products = vec![C32::default(); 2 * size];
        for (at, spectrum) in spectra.chunks_exact(size).enumerate() {
            let column = first + at;
            let kernel = &self.kernel[column * size..][..size];
            let (direct, mirrored) = products.split_at_mut(size);
            let mut power = 0.0;
            for k in 0..size {
                let Spectrum { w, x, y } = kernel[k];
                power += f64::from(spectrum[k].norm_sqr()) * f64::from(w);
                // i X + i (i Y); at the mirrored column the charges are conjugate with k reversed, and X changes sign.
                direct[k] = spectrum[k] * Complex::new(-y, x);
                mirrored[k] = spectrum[(size - k) % size].conj() * Complex::new(-y, -x);
            }
            // Columns 0 and size / 2 are their own mirror images; all others count twice.
            let own_mirror = column == 0 || column == size / 2;
            sum += power * if own_mirror { 1.0 } else { 2.0 };
            self.inverse.process_with_scratch(&mut products, &mut scratch);
            for (row, out) in slab.chunks_exact_mut(2 * GROUP).enumerate() {
                (out[at], out[GROUP + at]) = (products[row], products[size + row]);
            }
        }
        (slab, sum)
    }

    /// Rows of the field from the slabs of all columns.
    fn inverse_rows(&self, slabs: &[Vec<C32>]) -> Vec<C32> {
        let (size, half, nodes) = (self.size, self.half(), self.nodes);
        let mut field = vec![C32::default(); nodes * nodes];
        field.par_chunks_mut(nodes).enumerate().for_each(|(row, out)| {
            let mut values = vec![C32::default(); size];
            for (group, slab) in slabs.iter().enumerate() {
                let cells = &slab[row * 2 * GROUP..][..2 * GROUP];
                for column in group * GROUP..half.min((group + 1) * GROUP) {
                    let at = column % GROUP;
                    values[(size - column) % size] = cells[GROUP + at];
                    values[column] = cells[at];
                }
            }
            self.inverse.process(&mut values);
            out.copy_from_slice(&values[..nodes]);
        });
        field
    }
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

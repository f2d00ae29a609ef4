//! The convolution of a grid of charges with the kernels of repulsion, by fast Fourier transform. Knows no points.

use std::f64::consts::TAU;
use std::sync::Arc;

use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Columns transformed together: one cache line of complex numbers.
const GROUP: usize = 8;

pub type C32 = Complex<f32>;

/// Transforms and kernel spectra for one spacing and size. Grids are padded with as many zeros again along each side,
/// so that the circular convolution is a plain one; `size` is the padded side.
pub struct Plan {
    pub spacing: f64,
    pub nodes: usize,
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
    pub fn new(spacing: f64, nodes: usize) -> Self {
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
    pub fn convolve(&self, charges: &[f32]) -> (Vec<C32>, f64) {
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

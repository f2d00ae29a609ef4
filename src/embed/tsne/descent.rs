//! Gradient descent with momentum and per-coordinate gains on the divergence. Knows nothing of where points began.

use crate::cancel::Interrupted;
use crate::embed::workers::Workers;

use super::BLOCK;
use super::affinity::Affinities;
use super::exact;
use super::mesh::Mesh;

/// Fewer points than this repel each other pair by pair: it is as fast and needs no interpolation.
pub(super) const EXACT_BELOW: usize = 1000;
const LEAST_GAIN: f64 = 0.01;

/// The settings of one iteration.
pub(super) struct Step {
    pub exaggeration: f64,
    pub momentum: f64,
    pub learning_rate: f64,
}

/// How one point moves.
#[derive(Clone, Copy)]
struct Motion {
    velocity: [f64; 2],
    gain: [f64; 2],
}

/// The state of the descent.
pub(super) struct Descent<'a> {
    pub positions: Vec<[f64; 2]>,
    motions: Vec<Motion>,
    /// Repulsion on each point, before normalization.
    pub forces: Vec<[f64; 2]>,
    mesh: Mesh,
    affinities: &'a Affinities,
    workers: Workers<'a>,
}

impl<'a> Descent<'a> {
    pub fn new(positions: Vec<[f64; 2]>, affinities: &'a Affinities, workers: Workers<'a>) -> Self {
        let motions = vec![Motion { velocity: [0.0; 2], gain: [1.0; 2] }; positions.len()];
        let forces = vec![[0.0; 2]; positions.len()];
        Self { positions, motions, forces, mesh: Mesh::default(), affinities, workers }
    }

    /// Fills in the forces; the sum of w over all ordered pairs.
    pub fn repulsion(&mut self) -> Result<f64, Interrupted> {
        if self.positions.len() < EXACT_BELOW {
            exact::repulsion(&self.positions, &mut self.forces, self.workers)
        } else {
            Ok(self.mesh.repulsion(&self.positions, &mut self.forces, self.workers))
        }
    }

    /// Gradient of the divergence with respect to one point.
    pub fn gradient(&self, point: usize, exaggeration: f64, z: f64) -> [f64; 2] {
        let attraction = attraction(&self.positions, self.affinities.row(point), self.positions[point]);
        [0, 1].map(|axis| 4.0 * (exaggeration * attraction[axis] - self.forces[point][axis] / z))
    }

    pub fn step(&mut self, step: &Step, z: f64) {
        let mut motions = std::mem::take(&mut self.motions);
        self.workers.fill(&mut motions, BLOCK, |block, motions| {
            for (at, motion) in motions.iter_mut().enumerate() {
                let gradient = self.gradient(block * BLOCK + at, step.exaggeration, z);
                for axis in [0, 1] {
                    motion.accelerate(axis, gradient[axis], step);
                }
            }
        });
        self.motions = motions;
        let mut mean = [0.0; 2];
        for (position, motion) in self.positions.iter_mut().zip(&self.motions) {
            for axis in [0, 1] {
                position[axis] += motion.velocity[axis];
                mean[axis] += position[axis];
            }
        }
        let n = self.positions.len() as f64;
        self.positions.iter_mut().for_each(|[x, y]| (*x, *y) = (*x - mean[0] / n, *y - mean[1] / n));
    }

    /// Sum of p ln(p / q), where q = w / z.
    pub fn kl(&self, z: f64) -> Result<f64, Interrupted> {
        let n = self.positions.len();
        let block = |index: usize| -> f64 {
            let row = |row: usize| {
                let term = |(column, p): &(u32, f64)| {
                    p * squared(self.positions[row], self.positions[*column as usize]).ln_1p()
                };
                self.affinities.row(row).iter().map(term).sum::<f64>()
            };
            (index * BLOCK..n.min((index + 1) * BLOCK)).map(row).sum()
        };
        let cross: f64 = self.workers.map(n.div_ceil(BLOCK), block)?.iter().sum();
        Ok(self.affinities.negative_entropy() + cross + z.ln())
    }
}

impl Motion {
    /// One step along one axis: the gain grows while the gradient keeps pushing the way the point moves.
    fn accelerate(&mut self, axis: usize, gradient: f64, step: &Step) {
        let (velocity, gain) = (&mut self.velocity[axis], &mut self.gain[axis]);
        *gain = if *velocity * gradient < 0.0 { *gain + 0.2 } else { *gain * 0.8 }.max(LEAST_GAIN);
        *velocity = step.momentum * *velocity - step.learning_rate * *gain * gradient;
    }
}

/// Sum of p w times the way from the others to the point.
fn attraction(positions: &[[f64; 2]], affinities: &[(u32, f64)], point: [f64; 2]) -> [f64; 2] {
    affinities.iter().fold([0.0; 2], |[x, y], &(column, p)| {
        let other = positions[column as usize];
        let pull = p / (1.0 + squared(point, other));
        [x + pull * (point[0] - other[0]), y + pull * (point[1] - other[1])]
    })
}

fn squared(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

//! Random draws from distributions: the same seed and param give the same numbers, whatever else is drawn.

use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::distribution::Drawn;
use crate::config::value::{Kind, Located};
use crate::hash::FramedHasher;
use crate::space::Domain;

/// The numbers of one param, one after the other.
pub struct Stream<'a> {
    drawn: &'a Drawn,
    random: ChaCha8Rng,
}

impl<'a> Stream<'a> {
    pub fn new(seed: u64, param: &str, drawn: &'a Drawn) -> Self {
        let mut hasher = FramedHasher::new("draws");
        let key = hasher.field(&seed.to_le_bytes()).field(param.as_bytes()).finish();
        Self { drawn, random: ChaCha8Rng::seed_from_u64(key.low_u64()) }
    }

    /// Evenly from 0 to 1, without 1.
    fn unit(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The next value. Each takes the same number of random bits, and floats have six digits, so that they are easy to
    /// read and alike on machines whose logarithms differ in the last bit.
    pub fn next(&mut self) -> Located {
        let (unit, other) = (self.unit(), self.unit());
        let span = self.drawn.span;
        let kind = match &self.drawn.domain {
            Domain::Values(values) => {
                let index = (unit * values.len() as f64) as usize;
                return self.drawn.choices[index.min(values.len() - 1)].clone();
            }
            Domain::Uniform { low, high } => float(low + unit * (high - low), *low, *high),
            Domain::LogUniform { low, high } => float(between_logs(unit, *low, *high), *low, *high),
            Domain::Integer { low, high, log: false } => {
                // Wide enough for any two bounds.
                let count = i128::from(*high) - i128::from(*low) + 1;
                let offset = (unit * count as f64) as i128;
                Kind::Integer((i128::from(*low) + offset).min(i128::from(*high)) as i64)
            }
            Domain::Integer { low, high, log: true } => {
                // Each number stands for what is rounded to it, the first and the last too.
                let number = between_logs(unit, *low as f64 - 0.5, *high as f64 + 0.5).round();
                Kind::Integer((number as i64).clamp(*low, *high))
            }
            Domain::Normal { mean, deviation } => {
                // Box and Muller, 1958.
                let standard = (-2.0 * (1.0 - unit).ln()).sqrt() * (std::f64::consts::TAU * other).cos();
                float(mean + deviation * standard, f64::MIN, f64::MAX)
            }
        };
        Located { kind, span }
    }
}

fn between_logs(unit: f64, low: f64, high: f64) -> f64 {
    (low.ln() + unit * (high.ln() - low.ln())).exp()
}

fn float(value: f64, low: f64, high: f64) -> Kind {
    let rounded = format!("{value:.5e}").parse().unwrap_or(value);
    Kind::Float(f64::clamp(rounded, low, high))
}

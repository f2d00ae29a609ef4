//! Initial weights. Each tensor draws from a stream of its own, keyed by the seed and the tensor's name, so that adding
//! a layer changes no other layer's numbers.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::hash::FramedHasher;

/// How weights are drawn, as in Keras; "normal" ones are cut off at two standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Init {
    /// Uniform, variance 2 / (inputs + outputs) (Glorot & Bengio, AISTATS 2010).
    GlorotUniform,
    GlorotNormal,
    /// Uniform, variance 2 / inputs (He et al., ICCV 2015).
    HeUniform,
    HeNormal,
    /// Uniform, variance 1 / inputs.
    LecunUniform,
    LecunNormal,
    Zeros,
}

pub(super) const NAMES: [(&str, Init); 7] = [
    ("glorot_uniform", Init::GlorotUniform),
    ("glorot_normal", Init::GlorotNormal),
    ("he_uniform", Init::HeUniform),
    ("he_normal", Init::HeNormal),
    ("lecun_uniform", Init::LecunUniform),
    ("lecun_normal", Init::LecunNormal),
    ("zeros", Init::Zeros),
];

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, init)| init == self).map_or("", |(name, _)| name))
    }
}

impl FromStr for Init {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, init)| *init).ok_or(())
    }
}

/// The stream of random numbers for one purpose.
pub(super) fn stream(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(key(seed, purpose, index))
}

/// A key for one purpose.
pub(super) fn key(seed: u64, purpose: &str, index: u64) -> u64 {
    let mut hasher = FramedHasher::new("random stream");
    hasher.field(&seed.to_le_bytes()).field(purpose.as_bytes()).field(&index.to_le_bytes());
    hasher.finish().low_u64()
}

impl Init {
    /// `count` weights of a tensor with these fans.
    pub(super) fn draw(self, count: usize, fan_in: usize, fan_out: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let (fan_in, fan_out) = (fan_in as f64, fan_out as f64);
        let uniform = |variance: f64, rng: &mut ChaCha8Rng| -> Vec<f64> {
            let limit = (3.0 * variance).sqrt();
            (0..count).map(|_| (rng.random::<f64>() * 2.0 - 1.0) * limit).collect()
        };
        let normal = |variance: f64, rng: &mut ChaCha8Rng| -> Vec<f64> {
            // What is left of a standard deviation of 1 after cutting at 2.
            let deviation = variance.sqrt() / 0.879_625_661_034_239_8;
            (0..count).map(|_| truncated_normal(rng) * deviation).collect()
        };
        match self {
            Self::GlorotUniform => uniform(2.0 / (fan_in + fan_out), rng),
            Self::GlorotNormal => normal(2.0 / (fan_in + fan_out), rng),
            Self::HeUniform => uniform(2.0 / fan_in, rng),
            Self::HeNormal => normal(2.0 / fan_in, rng),
            Self::LecunUniform => uniform(1.0 / fan_in, rng),
            Self::LecunNormal => normal(1.0 / fan_in, rng),
            Self::Zeros => vec![0.0; count],
        }
    }
}

/// A standard normal number within -2..2, by the polar method (Marsaglia & Bray 1964) and rejection.
fn truncated_normal(rng: &mut ChaCha8Rng) -> f64 {
    loop {
        let (u, v) = (rng.random::<f64>() * 2.0 - 1.0, rng.random::<f64>() * 2.0 - 1.0);
        let s = u * u + v * v;
        if s > 0.0 && s < 1.0 {
            let normal = u * (-2.0 * s.ln() / s).sqrt();
            if normal.abs() <= 2.0 {
                return normal;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_the_variance_asked_for() {
        for (name, init) in NAMES {
            let weights = init.draw(20_000, 300, 100, &mut stream(1, name, 0));
            let variance = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
            let want = match init {
                Init::GlorotUniform | Init::GlorotNormal => 2.0 / 400.0,
                Init::HeUniform | Init::HeNormal => 2.0 / 300.0,
                Init::LecunUniform | Init::LecunNormal => 1.0 / 300.0,
                Init::Zeros => 0.0,
            };
            assert!((variance - want).abs() <= 0.03 * want, "{name}: {variance} {want}");
        }
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let keys = [key(1, "a", 0), key(2, "a", 0), key(1, "b", 0), key(1, "a", 1)];
        assert!((0..4).all(|i| (0..i).all(|j| keys[i] != keys[j])));
        assert_eq!(key(1, "a", 0), keys[0]);
    }
}

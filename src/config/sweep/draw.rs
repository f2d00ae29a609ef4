//! Random draws from distributions: the same seed and param give the same numbers, whatever else is drawn.

use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::distribution::Drawn;
use crate::config::value::Located;
use crate::hash::FramedHasher;

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

    /// The next value, where it is listed or else where the distribution stands.
    pub fn next(&mut self) -> Located {
        let Drawn { domain, choices, span } = self.drawn;
        // Evenly from 0 to 1, without 1.
        let share = (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let value = domain.at(share);
        let listed = choices.iter().find(|choice| choice.to_json() == value);
        listed.cloned().unwrap_or_else(|| Located::from_json(&value, *span))
    }
}

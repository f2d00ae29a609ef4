//! Noise for denoising: what is added to a sample depends on (seed, draw, row, pixel) and on nothing else, so it is
//! never stored and any thread may make any part of it.
//!
//! Random bits are SplitMix64's output function (Steele, Lea, Flood, OOPSLA 2014) of a key and a counter. Normal
//! deviates come from 16 of those bits each, by a table of the normal distribution's quantiles (Acklam's rational
//! approximation, relative error 1.2e-9) scaled to unit variance; the largest is 4.2 standard deviations.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a sample is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseKind {
    /// Adds a normal deviate; `amount` is its standard deviation. Values of a 0..1 data set are clipped to 0..1.
    Gaussian,
    /// Sets the fraction `amount` of the values to the least or the greatest value of their channel, evenly.
    SaltAndPepper,
    /// Sets the fraction `amount` of the values to the least value of their channel.
    Masking,
}

/// The noise of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    pub kind: NoiseKind,
    /// Standard deviation in units of the samples' values, or the fraction of values that are spoilt.
    pub amount: f32,
    pub seed: u64,
}

impl Noise {
    /// Spoils one sample in place. `stream` keeps the data's sources apart; `ranges` is the range of each channel's
    /// values, and there is at least one.
    pub fn apply(&self, stream: u64, draw: u64, row: u32, ranges: &[[f32; 2]], values: &mut [f32]) {
        let bits = Bits::new(self.seed).within(stream).within(draw).within(u64::from(row));
        match self.kind {
            NoiseKind::Gaussian => self.add_normal(bits, ranges, values),
            // An odd draw is salt, an even one pepper.
            NoiseKind::SaltAndPepper => self.replace(bits, ranges, values, |range, word| range[(word & 1) as usize]),
            NoiseKind::Masking => self.replace(bits, ranges, values, |range, _| range[0]),
        }
    }

    fn add_normal(&self, bits: Bits, ranges: &[[f32; 2]], values: &mut [f32]) {
        let table: &[f32; HALF] = &NORMAL;
        for (counter, four) in values.chunks_mut(4).enumerate() {
            let mut word = bits.word(counter as u64);
            for value in four {
                let magnitude = table[(word & 0x7fff) as usize];
                *value += self.amount * if word & 0x8000 == 0 { magnitude } else { -magnitude };
                word >>= 16;
            }
        }
        if is_unit(widest(ranges)) {
            values.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        }
    }

    fn replace(&self, bits: Bits, ranges: &[[f32; 2]], values: &mut [f32], with: impl Fn([f32; 2], u64) -> f32) {
        // Of a word, 32 bits decide whether and the lowest bit decides what.
        let threshold = (f64::from(self.amount.clamp(0.0, 1.0)) * 4_294_967_296.0) as u64;
        for (counter, value) in values.iter_mut().enumerate() {
            let word = bits.word(counter as u64);
            if word >> 32 < threshold {
                *value = with(ranges[counter % ranges.len()], word);
            }
        }
    }
}

/// The range that holds all of these.
pub fn widest(ranges: &[[f32; 2]]) -> [f32; 2] {
    ranges.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], range| [low.min(range[0]), high.max(range[1])])
}

/// Whether a range is 0..1, up to the rounding of the map that made it.
fn is_unit([low, high]: [f32; 2]) -> bool {
    low.abs() < 1e-6 && (high - 1.0).abs() < 1e-6
}

/// A source of random words, addressed by a counter.
#[derive(Debug, Clone, Copy)]
pub struct Bits(u64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Bits {
    /// The source of a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(GOLDEN)))
    }

    /// A source of its own for one number.
    pub fn within(self, number: u64) -> Self {
        Self(self.word(number) ^ GOLDEN)
    }

    /// The word at a counter.
    pub fn word(self, counter: u64) -> u64 {
        mix(self.0.wrapping_add(counter.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// The number at a counter, evenly drawn from 0 (included) to 1 (excluded).
    pub fn uniform(self, counter: u64) -> f32 {
        (self.word(counter) >> 40) as f32 / 16_777_216.0
    }

    /// A random order of `items` (Fisher-Yates; bounded draws by multiplication, whose bias is below 2^-32).
    pub fn shuffle<T>(self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let chosen = (u128::from(self.word(last as u64)) * (last as u128 + 1)) >> 64;
            items.swap(last, chosen as usize);
        }
    }
}

/// The finalizer of SplitMix64.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// How many magnitudes the table has.
const HALF: usize = 1 << 15;

/// Quantiles of the upper half of the normal distribution at the middles of equal slices, scaled to unit variance.
static NORMAL: LazyLock<Box<[f32; HALF]>> = LazyLock::new(|| {
    let quantiles: Vec<f64> = (0..HALF).map(|slice| quantile(0.5 + (slice as f64 + 0.5) / (2 * HALF) as f64)).collect();
    let variance = quantiles.iter().map(|z| z * z).sum::<f64>() / HALF as f64;
    let mut table = Box::new([0.0; HALF]);
    for (entry, z) in table.iter_mut().zip(quantiles) {
        *entry = (z / variance.sqrt()) as f32;
    }
    table
});

/// The standard normal distribution's quantile for a probability of at least one half
/// (P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function", 2003).
fn quantile(probability: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e+01,
        2.209460984245205e+02,
        -2.759285104469687e+02,
        1.383_577_518_672_69e2,
        -3.066479806614716e+01,
        2.506628277459239e+00,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e+01,
        1.615858368580409e+02,
        -1.556989798598866e+02,
        6.680131188771972e+01,
        -1.328068155288572e+01,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-03,
        -3.223964580411365e-01,
        -2.400758277161838e+00,
        -2.549732539343734e+00,
        4.374664141464968e+00,
        2.938163982698783e+00,
    ];
    const D: [f64; 5] =
        [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1.0];
    let polynomial =
        |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient);
    if probability <= 0.97575 {
        let q = probability - 0.5;
        q * polynomial(&A, q * q) / polynomial(&B, q * q)
    } else {
        let q = (-2.0 * (1.0 - probability).ln()).sqrt();
        -polynomial(&C, q) / polynomial(&D, q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(kind: NoiseKind, amount: f32) -> Noise {
        Noise { kind, amount, seed: 7 }
    }

    fn spoilt(noise: Noise, draw: u64, row: u32, clean: f32) -> Vec<f32> {
        let mut values = vec![clean; 10_000];
        noise.apply(0, draw, row, &[[-9.0, 9.0]], &mut values);
        values
    }

    fn moment(values: &[f32], power: i32) -> f64 {
        values.iter().map(|&value| f64::from(value).powi(power)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        // scipy.stats.norm.ppf
        for (probability, z) in
            [(0.5, 0.0), (0.75, 0.6744897501960817), (0.975, 1.959963984540054), (0.9999, 3.7190164854556804)]
        {
            assert!((quantile(probability) - z).abs() < 1e-8, "{probability}");
        }
    }

    #[test]
    fn gaussian_noise_has_the_moments_of_a_normal_distribution() {
        let values: Vec<f32> = (0..100).flat_map(|row| spoilt(noise(NoiseKind::Gaussian, 0.5), 3, row, 0.0)).collect();
        // A million values: three standard errors are 0.0015, 0.001, 0.004 and 0.002.
        assert!(moment(&values, 1).abs() < 0.0015);
        assert!((moment(&values, 2) - 0.25).abs() < 0.0011);
        assert!(moment(&values, 3).abs() < 0.003);
        assert!((moment(&values, 4) - 3.0 / 16.0).abs() < 0.003);
        let lagged: f64 = values.windows(2).map(|pair| f64::from(pair[0] * pair[1])).sum::<f64>() / 1e6;
        assert!(lagged.abs() < 0.001, "neighbours are correlated: {lagged}");
    }

    #[test]
    fn gaussian_noise_is_clipped_to_the_unit_range_only_when_that_is_the_datas_range() {
        let mut values = vec![1.0; 1000];
        noise(NoiseKind::Gaussian, 0.5).apply(0, 0, 0, &[[0.0, 1.0], [1e-8, 0.999_999_9]], &mut values);
        assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        assert!(spoilt(noise(NoiseKind::Gaussian, 0.5), 0, 0, 1.0).iter().any(|value| *value > 1.0));
    }

    #[test]
    fn salt_and_pepper_spoils_the_stated_fraction_evenly() {
        let values: Vec<f32> =
            (0..10).flat_map(|row| spoilt(noise(NoiseKind::SaltAndPepper, 0.3), 0, row, 0.5)).collect();
        let share = |wanted: f32| values.iter().filter(|value| **value == wanted).count() as f64 / values.len() as f64;
        assert!((share(-9.0) - 0.15).abs() < 0.004 && (share(9.0) - 0.15).abs() < 0.004);
        assert!((share(0.5) - 0.7).abs() < 0.005);
    }

    #[test]
    fn every_channel_is_spoilt_within_its_own_range() {
        let ranges = [[0.0, 1.0], [-2.0, 3.0]];
        let mut values = vec![0.5; 2000];
        noise(NoiseKind::SaltAndPepper, 1.0).apply(0, 0, 0, &ranges, &mut values);
        for (value, range) in values.iter().zip(ranges.iter().cycle()) {
            assert!(range.contains(value), "{value} in {range:?}");
        }
        noise(NoiseKind::Masking, 1.0).apply(0, 0, 0, &ranges, &mut values);
        assert!(values.chunks(2).all(|pixel| pixel == [0.0, -2.0]));
    }

    #[test]
    fn masking_blackens_the_stated_fraction() {
        let values = spoilt(noise(NoiseKind::Masking, 0.25), 0, 0, 0.5);
        let masked = values.iter().filter(|value| **value == -9.0).count();
        assert!((2350..2650).contains(&masked), "{masked}");
        assert!(values.iter().all(|value| *value == -9.0 || *value == 0.5));
        assert!(spoilt(noise(NoiseKind::Masking, 1.0), 0, 0, 0.5).iter().all(|value| *value == -9.0));
        assert!(spoilt(noise(NoiseKind::Masking, 0.0), 0, 0, 0.5).iter().all(|value| *value == 0.5));
    }

    #[test]
    fn noise_repeats_for_the_same_draw_and_row_and_for_no_other() {
        let gaussian = noise(NoiseKind::Gaussian, 1.0);
        let first = spoilt(gaussian, 1, 2, 0.0);
        assert_eq!(first, spoilt(gaussian, 1, 2, 0.0));
        for other in
            [spoilt(gaussian, 2, 1, 0.0), spoilt(gaussian, 0, 2, 0.0), spoilt(Noise { seed: 8, ..gaussian }, 1, 2, 0.0)]
        {
            let dot: f64 = first.iter().zip(&other).map(|(a, b)| f64::from(a * b)).sum::<f64>() / 10_000.0;
            assert!(dot.abs() < 0.04, "correlated: {dot}");
        }
    }

    #[test]
    fn a_shuffle_is_a_permutation_in_which_every_place_is_as_likely() {
        let mut sums = [0.0; 8];
        for seed in 0..2000 {
            let mut items: Vec<usize> = (0..8).collect();
            Bits::new(seed).shuffle(&mut items);
            for (place, item) in items.iter().enumerate() {
                sums[place] += *item as f64 / 2000.0;
            }
            items.sort_unstable();
            assert_eq!(items, (0..8).collect::<Vec<_>>());
        }
        assert!(sums.iter().all(|mean| (mean - 3.5).abs() < 0.2), "{sums:?}");
    }
}

//! Range, mean and standard deviation of every channel of the stored numbers.

use super::samples::Samples;
use super::split::{Pixels, Split};

/// Figures of one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelStatistics {
    pub low: f64,
    pub high: f64,
    pub mean: f64,
    /// Standard deviation over all numbers (divided by their count).
    pub deviation: f64,
}

impl ChannelStatistics {
    /// Figures of all channels together; each has equally many numbers.
    pub fn pooled(channels: &[Self]) -> Self {
        let count = channels.len().max(1) as f64;
        let mean = channels.iter().map(|channel| channel.mean).sum::<f64>() / count;
        let spread = |channel: &Self| channel.deviation.powi(2) + (channel.mean - mean).powi(2);
        Self {
            low: channels.iter().map(|channel| channel.low).fold(f64::INFINITY, f64::min),
            high: channels.iter().map(|channel| channel.high).fold(f64::NEG_INFINITY, f64::max),
            mean,
            deviation: (channels.iter().map(spread).sum::<f64>() / count).sqrt(),
        }
    }
}

/// Figures of the stored numbers of a split, before any map, channel by channel. Two passes, in row order: the same
/// digits for any number of threads.
pub fn channel_statistics(split: &Split) -> Vec<ChannelStatistics> {
    match split.pixels() {
        Pixels::Bytes(images) => of_rows(split, |row| images.row(row), f64::from),
        Pixels::Floats(images) => of_rows(split, |row| images.row(row), f64::from),
    }
}

fn of_rows<'a, T: Copy + 'a>(
    split: &Split,
    sample: impl Fn(usize) -> &'a [T],
    number: impl Fn(T) -> f64,
) -> Vec<ChannelStatistics> {
    let channels = split.shape()[2];
    let rows = || (0..split.len() as u32).map(|row| sample(split.source_row(row) as usize));
    let count = (split.len() * split.shape()[0] * split.shape()[1]).max(1) as f64;
    let none = ChannelStatistics { low: f64::INFINITY, high: f64::NEG_INFINITY, mean: 0.0, deviation: 0.0 };
    let mut found = vec![none; channels];
    for pixel in rows().flat_map(|row| row.chunks_exact(channels)) {
        for (channel, &value) in found.iter_mut().zip(pixel) {
            let value = number(value);
            channel.low = channel.low.min(value);
            channel.high = channel.high.max(value);
            channel.mean += value;
        }
    }
    found.iter_mut().for_each(|channel| channel.mean /= count);
    for pixel in rows().flat_map(|row| row.chunks_exact(channels)) {
        for (channel, &value) in found.iter_mut().zip(pixel) {
            channel.deviation += (number(value) - channel.mean).powi(2);
        }
    }
    found.iter_mut().for_each(|channel| channel.deviation = (channel.deviation / count).sqrt());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooled_figures_are_those_of_all_numbers() {
        // Numbers 1, 3 and 5, 9: mean 4.5, variance 8.75.
        let channel = |low: f64, high: f64| ChannelStatistics {
            low,
            high,
            mean: (low + high) / 2.0,
            deviation: (high - low) / 2.0,
        };
        let pooled = ChannelStatistics::pooled(&[channel(1.0, 3.0), channel(5.0, 9.0)]);
        assert_eq!((pooled.low, pooled.high, pooled.mean), (1.0, 9.0, 4.5));
        assert!((pooled.deviation - 8.75f64.sqrt()).abs() < 1e-12);
    }
}

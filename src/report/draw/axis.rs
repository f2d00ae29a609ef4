//! Where the ticks of an axis stand and what they say. Knows no drawing.

use crate::report::number;

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spread {
    #[default]
    Linear,
    /// Powers of two are equally far apart.
    Log2,
    /// Powers of ten are equally far apart.
    Log10,
}

/// An axis: its range and ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    pub spread: Spread,
    /// Value and text, from low to high.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis over all finite `values` (positive ones when logarithmic) that ends on ticks.
    pub fn around(values: impl IntoIterator<Item = f64>, spread: Spread, ticks: usize) -> Self {
        let (low, high) = extent(values.into_iter().filter(|&value| spread == Spread::Linear || value > 0.0));
        match spread {
            Spread::Linear => {
                let mut axis = Self { low, high, spread, ticks: Vec::new() };
                let step = axis.step(ticks);
                axis.low = (low / step + 1e-9).floor() * step;
                axis.high = (high / step - 1e-9).ceil() * step;
                axis.ticks = labeled(axis.low, axis.high, step);
                axis
            }
            Spread::Log2 => Self::powers(low, high, 2.0, spread),
            Spread::Log10 => Self::powers(low, high, 10.0, spread),
        }
    }

    /// An axis from `low` to `high` exactly, with ticks at whole numbers.
    pub fn whole(low: f64, high: f64, ticks: usize) -> Self {
        let mut axis = Self { low, high, spread: Spread::Linear, ticks: Vec::new() };
        axis.ticks = labeled(low, high, axis.step(ticks).max(1.0));
        axis
    }

    /// An axis with a tick at every one of the values.
    pub fn at(values: &[f64], spread: Spread) -> Self {
        let (low, high) = extent(values.iter().copied());
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let room = if spread == Spread::Linear { (high - low) * 0.04 } else { 0.0 };
        let factor = if spread == Spread::Linear { 1.0 } else { 1.15 };
        let ticks = sorted.iter().map(|&value| (value, number::tick(value, value))).collect();
        Self { low: low / factor - room, high: high * factor + room, spread, ticks }
    }

    /// Where a value stands: 0 at the low end, 1 at the high end; NaN where it has no place.
    pub fn place(&self, value: f64) -> f64 {
        let along = |v: f64| if self.spread == Spread::Linear { v } else { v.ln() };
        (along(value) - along(self.low)) / (along(self.high) - along(self.low))
    }

    /// The round step (1, 2 or 5 times a power of ten) that gives about `ticks` ticks.
    fn step(&self, ticks: usize) -> f64 {
        let raw = (self.high - self.low) / ticks.max(1) as f64;
        let power = 10f64.powf(raw.log10().floor());
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= raw * 0.999);
        factor.unwrap_or(10.0) * power
    }

    fn powers(low: f64, high: f64, base: f64, spread: Spread) -> Self {
        let (first, last) =
            ((low.log(base) + 1e-9).floor(), (high.log(base) - 1e-9).ceil().max(low.log(base).floor() + 1.0));
        let every = ((last - first) / 7.0).ceil().max(1.0);
        let mut ticks = Vec::new();
        let mut exponent = first;
        while exponent <= last {
            let value = base.powf(exponent);
            ticks.push((value, number::tick(value, value)));
            exponent += every;
        }
        Self { low: base.powf(first), high: base.powf(last), spread, ticks }
    }
}

/// Ticks at multiples of `step`.
fn labeled(low: f64, high: f64, step: f64) -> Vec<(f64, String)> {
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last.min(first + 50)).map(|i| (i as f64 * step, number::tick(i as f64 * step, step))).collect()
}

/// Smallest and largest finite value, widened when they are the same; 0 to 1 when there is none.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        (0.0, 1.0)
    } else if high - low <= 1e-12 * high.abs().max(low.abs()) {
        if low == 0.0 { (0.0, 1.0) } else { (low - low.abs() * 0.1, high + high.abs() * 0.1) }
    } else {
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> String {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_numbers() {
        insta::assert_snapshot!(texts(&Axis::around([0.0123, 0.0871], Spread::Linear, 5)), @"0 0.02 0.04 0.06 0.08 0.10");
        insta::assert_snapshot!(texts(&Axis::whole(1.0, 50.0, 6)), @"10 20 30 40 50");
        insta::assert_snapshot!(texts(&Axis::whole(1.0, 3.0, 8)), @"1 2 3");
        insta::assert_snapshot!(texts(&Axis::around([0.0004, 0.03], Spread::Log10, 5)), @"0.0001 0.001 0.01 0.1");
        insta::assert_snapshot!(texts(&Axis::around([2.0, 64.0], Spread::Log2, 5)), @"2 4 8 16 32 64");
    }

    #[test]
    fn an_axis_of_nothing_or_of_one_value_is_still_an_axis() {
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![3.0, 3.0], vec![-1e300, 1e300], vec![1e-320]] {
            for spread in [Spread::Linear, Spread::Log10, Spread::Log2] {
                let axis = Axis::around(values.iter().copied(), spread, 5);
                assert!(axis.high > axis.low, "{values:?} {axis:?}");
                assert!(axis.ticks.len() <= 52);
            }
        }
    }
}

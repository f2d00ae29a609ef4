//! A density over a space, estimated from points: a sum of one kernel a point (Parzen), and one as wide as the space.
//!
//! A kernel is a product over the dimensions (Falkner et al. 2018): a truncated normal distribution for a range, for a
//! choice the point's own value and a little of all others. Where a point does not vary a dimension its kernel is the
//! prior there: it says nothing about it.

use rand::Rng;
use statrs::distribution::{ContinuousCDF, Normal};

use super::points::{Coordinates, Points};

/// The weight of the prior, in points.
const PRIOR: f64 = 1.0;
/// How much of a choice's kernel is spread over all its values; it grows less by the root of the points' number.
const SPREAD: f64 = 2.0;
/// No kernel is narrower than this over the number of kernels, of which only so many count.
const NARROWEST: (f64, f64) = (0.6, 100.0);

/// The density of a set of points.
pub struct Density<'a> {
    points: &'a Points,
    kernels: Vec<Kernel>,
    /// The share of a choice's kernel that all its values have in common.
    spread: Vec<f64>,
}

struct Kernel {
    /// All kernels' sum to one.
    weight: f64,
    centers: Coordinates,
    /// Standard deviations; of ranges that are varied.
    widths: Vec<f64>,
    /// Below its center, how much of a normal distribution is left of 0, and how much within [0, 1].
    cut: Vec<(f64, f64)>,
}

impl<'a> Density<'a> {
    /// `weights` are as many as the observed points, and above zero.
    pub fn new(points: &'a Points, observed: &[&Coordinates], weights: &[f64]) -> Self {
        let count = observed.len() as f64;
        let scale = count / (count + PRIOR) / weights.iter().sum::<f64>();
        let widths: Vec<Vec<f64>> = (0..points.len()).map(|place| widths(points, place, observed)).collect();
        let mut kernels = vec![];
        for (index, centers) in observed.iter().enumerate() {
            let widths: Vec<f64> = widths.iter().map(|of_place| of_place[index]).collect();
            let cut = centers.iter().zip(&widths).map(|(center, width)| cut(center.unwrap_or(0.5), *width)).collect();
            let weight = weights[index] * scale;
            kernels.push(Kernel { weight, centers: (*centers).clone(), widths, cut });
        }
        let weight = PRIOR / (count + PRIOR);
        kernels.push(Kernel { weight, centers: vec![None; points.len()], widths: vec![], cut: vec![] });
        let spread = |place| {
            let choices = points.choices(place).unwrap_or_default() as f64;
            choices * SPREAD / ((count + 1.0).sqrt() + choices * SPREAD)
        };
        Self { points, kernels, spread: (0..points.len()).map(spread).collect() }
    }

    /// The logarithm of the density at a point, over the dimensions that have a coordinate there.
    pub fn log(&self, at: &Coordinates) -> f64 {
        let terms = self.terms(at);
        let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        highest + terms.iter().map(|term| (term - highest).exp()).sum::<f64>().ln()
    }

    /// The logarithms of what each kernel adds to the density at a point.
    fn terms(&self, at: &Coordinates) -> Vec<f64> {
        self.kernels.iter().map(|kernel| kernel.weight.ln() + self.log_of(kernel, at)).collect()
    }

    fn log_of(&self, kernel: &Kernel, at: &Coordinates) -> f64 {
        let of_dimension = |(place, at): (usize, &Option<f64>)| {
            let at = (*at)?;
            let choices = self.points.choices(place).map(|choices| choices as f64);
            Some(match (choices, kernel.centers[place]) {
                (None, None) => 0.0,
                (Some(choices), None) => -choices.ln(),
                (Some(choices), Some(center)) => {
                    let own = if at == center { 1.0 - self.spread[place] } else { 0.0 };
                    (own + self.spread[place] / choices).ln()
                }
                (None, Some(center)) => {
                    let (width, (_, within)) = (kernel.widths[place], kernel.cut[place]);
                    -((at - center) / width).powi(2) / 2.0 - (within * width * std::f64::consts::TAU.sqrt()).ln()
                }
            })
        };
        at.iter().enumerate().filter_map(of_dimension).sum()
    }

    /// The point with those of some dimensions drawn that are varied, from the density given the others.
    pub fn draw(&self, dimensions: &[usize], at: &Coordinates, random: &mut impl Rng) -> Coordinates {
        let total = self.log(at);
        let mut left: f64 = random.random();
        let chosen = self.kernels.iter().zip(self.terms(at)).find(|(_, term)| {
            left -= (term - total).exp();
            left < 0.0
        });
        // Shares that sum to a little less than one leave the last, which is the prior.
        let kernel = chosen.map_or(&self.kernels[self.kernels.len() - 1], |(kernel, _)| kernel);
        let mut drawn = at.clone();
        for &place in dimensions {
            drawn[place] = self.points.is_varied(place, at).then(|| self.draw_one(kernel, place, random));
        }
        drawn
    }

    fn draw_one(&self, kernel: &Kernel, place: usize, random: &mut impl Rng) -> f64 {
        match (kernel.centers[place], self.points.choices(place)) {
            (None, _) => self.points.draw_one(place, random),
            (Some(_), Some(_)) if random.random::<f64>() < self.spread[place] => self.points.draw_one(place, random),
            (Some(center), Some(_)) => center,
            (Some(center), None) => {
                let (left, within) = kernel.cut[place];
                let share = left + within * random.random::<f64>();
                (center + kernel.widths[place] * Normal::standard().inverse_cdf(share)).clamp(0.0, 1.0)
            }
        }
    }
}

/// Of a normal distribution: what is below 0, and what is from 0 to 1.
fn cut(center: f64, width: f64) -> (f64, f64) {
    let below = Normal::standard().cdf(-center / width);
    (below, Normal::standard().cdf((1.0 - center) / width) - below)
}

/// The kernels' widths along one dimension: each as far as the further of its two neighbors (Bergstra et al. 2011), but
/// not below a width that shrinks with the number of points.
fn widths(points: &Points, place: usize, observed: &[&Coordinates]) -> Vec<f64> {
    let mut widths = vec![1.0; observed.len()];
    if points.choices(place).is_some() {
        return widths;
    }
    let varied = observed.iter().enumerate().filter_map(|(index, at)| Some((at[place]?, index)));
    let mut along: Vec<(f64, usize)> = varied.collect();
    along.sort_by(|one, other| one.0.total_cmp(&other.0));
    let narrowest = NARROWEST.0 / (observed.len() as f64 + 2.0).min(NARROWEST.1);
    for (position, &(at, index)) in along.iter().enumerate() {
        let before = position.checked_sub(1).map(|before| at - along[before].0);
        let after = along.get(position + 1).map(|after| after.0 - at);
        let alone = at.max(1.0 - at);
        let furthest = before.into_iter().chain(after).reduce(f64::max).unwrap_or(alone);
        widths[index] = furthest.clamp(narrowest, 1.0);
    }
    widths
}

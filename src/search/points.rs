//! The points of a space, as coordinates a sampler can reckon with. Knows no sampler and no outcome.

use rand::Rng;
use serde_json::{Map, Value};

use super::SearchError;
use crate::space::{Dimension, Domain};

/// One entry a dimension: a choice's place in its list, else a number in [0, 1] in which the domain's distribution is
/// even; `None` where the dimension is not varied.
pub type Coordinates = Vec<Option<f64>>;

/// So many values of an endless range are listed. They are asked for only where draws gave no new value, as in a range too
/// narrow to have many.
const FINEST: u64 = 1024;

/// A checked space.
#[derive(Debug, Clone)]
pub struct Points {
    dimensions: Vec<Dimension>,
    /// Every dimension in a group after those of the dimensions that its conditions name.
    groups: Vec<Vec<usize>>,
    /// For each dimension the dimensions that its conditions name.
    conditions: Vec<Vec<usize>>,
}

impl Points {
    pub fn new(dimensions: Vec<Dimension>) -> Result<Self, SearchError> {
        if dimensions.is_empty() {
            return Err(SearchError::Empty);
        }
        for (place, Dimension { param, domain, .. }) in dimensions.iter().enumerate() {
            if dimensions[..place].iter().any(|before| before.param == *param) {
                return Err(SearchError::Twice(param.clone()));
            }
            if let Some(reason) = mistake(domain) {
                return Err(SearchError::Domain { param: param.clone(), reason });
            }
        }
        let named = dimensions.iter().map(|dimension| named(dimension, &dimensions));
        let conditions = named.collect::<Result<Vec<_>, _>>()?;
        let groups = grouped(&dimensions, &conditions)?;
        Ok(Self { dimensions, groups, conditions })
    }

    /// How many dimensions there are.
    pub fn len(&self) -> usize {
        self.dimensions.len()
    }

    /// How many values a dimension has if it is a choice among listed ones.
    pub fn choices(&self, place: usize) -> Option<usize> {
        match &self.dimensions[place].domain {
            Domain::Values(values) => Some(values.len()),
            _ => None,
        }
    }

    /// The dimensions in groups: first those that are always varied, then those whose conditions name the first, and so on.
    pub fn groups(&self) -> &[Vec<usize>] {
        &self.groups
    }

    /// A point drawn from the domains' distributions.
    pub fn draw(&self, random: &mut impl Rng) -> Coordinates {
        let mut drawn = vec![None; self.len()];
        for place in self.groups.concat() {
            drawn[place] = self.is_varied(place, &drawn).then(|| self.draw_one(place, random));
        }
        drawn
    }

    /// A coordinate of one dimension drawn from its distribution.
    pub fn draw_one(&self, place: usize, random: &mut impl Rng) -> f64 {
        match self.choices(place) {
            Some(choices) => random.random_range(0..choices) as f64,
            None => random.random(),
        }
    }

    /// The point that the coordinates stand for.
    pub fn point(&self, coordinates: &Coordinates) -> Map<String, Value> {
        let varied = self.dimensions.iter().zip(coordinates);
        varied.filter_map(|(dimension, at)| Some((dimension.param.clone(), value(&dimension.domain, (*at)?)))).collect()
    }

    /// Up to `limit` points of which `is_new` is true, in a fixed order: none only if there are none.
    pub fn some(&self, limit: usize, is_new: &mut dyn FnMut(&Coordinates) -> bool) -> Vec<Coordinates> {
        let mut found = vec![];
        self.walk(&self.groups.concat(), &mut vec![None; self.len()], &mut |coordinates| {
            if is_new(coordinates) {
                found.push(coordinates.clone());
            }
            found.len() < limit
        });
        found
    }

    /// Calls `visit` with every point that differs from the given one in some of these dimensions, while it returns true.
    fn walk(&self, free: &[usize], at: &mut Coordinates, visit: &mut dyn FnMut(&Coordinates) -> bool) -> bool {
        let Some((&place, free)) = free.split_first() else {
            return visit(at);
        };
        at[place] = None;
        if !self.is_varied(place, at) {
            return self.walk(free, at, visit);
        }
        for step in 0.. {
            let Some(coordinate) = nth(&self.dimensions[place].domain, step) else {
                break;
            };
            at[place] = Some(coordinate);
            if !self.walk(free, at, visit) {
                return false;
            }
        }
        true
    }

    /// Whether the conditions of a dimension hold; those it depends on are settled.
    pub fn is_varied(&self, place: usize, at: &Coordinates) -> bool {
        let conditions = self.conditions[place].iter().zip(&self.dimensions[place].when);
        conditions.into_iter().all(|(&on, (_, values))| {
            at[on].is_some_and(|coordinate| values.contains(&value(&self.dimensions[on].domain, coordinate)))
        })
    }
}

/// Why there is nothing to draw from a domain.
fn mistake(domain: &Domain) -> Option<&'static str> {
    let ordered = |low: f64, high: f64| low.is_finite() && high.is_finite() && low <= high && (high - low).is_finite();
    match domain {
        Domain::Values(values) if values.is_empty() => Some("has no values"),
        Domain::Values(values) if (1..values.len()).any(|place| values[..place].contains(&values[place])) => {
            Some("has a value twice")
        }
        Domain::Uniform { low, high } | Domain::LogUniform { low, high } if !ordered(*low, *high) => {
            Some("has no finite range from low to high")
        }
        Domain::LogUniform { low, .. } if *low <= 0.0 => Some("has a logarithmic range that begins at zero or below"),
        Domain::Integer { low, high, .. } if low > high => Some("has a range whose low is above its high"),
        Domain::Integer { low, log: true, .. } if *low <= 0 => {
            Some("has a logarithmic range that begins at zero or below")
        }
        Domain::Normal { mean, deviation } if !mean.is_finite() || !deviation.is_finite() || *deviation < 0.0 => {
            Some("has no finite mean with a deviation of zero or above")
        }
        _ => None,
    }
}

/// The dimensions that the conditions of one name.
fn named(dimension: &Dimension, all: &[Dimension]) -> Result<Vec<usize>, SearchError> {
    let place = |on: &String| {
        let found = all.iter().position(|other| other.param == *on);
        found.ok_or_else(|| SearchError::Unknown { param: dimension.param.clone(), on: on.clone() })
    };
    dimension.when.iter().map(|(on, _)| place(on)).collect()
}

/// Every dimension in the first group after those of the dimensions that its conditions name.
fn grouped(dimensions: &[Dimension], conditions: &[Vec<usize>]) -> Result<Vec<Vec<usize>>, SearchError> {
    let mut groups: Vec<Vec<usize>> = vec![];
    let mut left: Vec<usize> = (0..dimensions.len()).collect();
    while let Some(first) = left.first() {
        let (group, rest): (Vec<usize>, _) =
            left.iter().partition(|place| !conditions[**place].iter().any(|on| left.contains(on)));
        if group.is_empty() {
            return Err(SearchError::Circular(dimensions[*first].param.clone()));
        }
        groups.push(group);
        left = rest;
    }
    Ok(groups)
}

/// The value at a coordinate.
fn value(domain: &Domain, at: f64) -> Value {
    match domain {
        Domain::Values(values) => values[at as usize].clone(),
        _ => domain.at(at),
    }
}

/// The coordinates of different values of a domain, one by one.
fn nth(domain: &Domain, step: u64) -> Option<f64> {
    match *domain {
        Domain::Values(ref values) => (step < values.len() as u64).then_some(step as f64),
        Domain::Integer { low, high, log } => {
            let value =
                i64::try_from(step).ok().and_then(|step| low.checked_add(step)).filter(|value| *value <= high)?;
            let (first, last, at) = match log {
                false => (low as f64 - 0.5, high as f64 + 0.5, value as f64),
                true => ((low as f64 - 0.5).ln(), (high as f64 + 0.5).ln(), (value as f64).ln()),
            };
            Some((at - first) / (last - first))
        }
        Domain::Uniform { low, high } | Domain::LogUniform { low, high } if low == high => (step == 0).then_some(0.5),
        Domain::Normal { deviation: 0.0, .. } => (step == 0).then_some(0.5),
        // One half, one quarter, three quarters, ...: van der Corput's sequence.
        _ => (step < FINEST).then_some((step + 1).reverse_bits() as f64 / 2f64.powi(64)),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use serde_json::json;
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    fn drawn(domain: Domain) -> Vec<f64> {
        let points = Points::new(vec![Dimension { param: "x".to_owned(), domain, when: vec![] }]).expect("it is right");
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let draw = |_| points.point(&points.draw(&mut random))["x"].as_f64().expect("a number");
        let mut drawn: Vec<f64> = (0..4000).map(draw).collect();
        drawn.sort_by(f64::total_cmp);
        drawn
    }

    /// Kolmogorov's distance from a distribution; below 1.95 / sqrt(4000) = 0.031 in all but one of a thousand samples.
    fn distance(drawn: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
        let count = drawn.len() as f64;
        let at = |(place, value): (usize, &f64)| {
            let expected = cdf(*value);
            (expected - place as f64 / count).abs().max((expected - (place + 1) as f64 / count).abs())
        };
        drawn.iter().enumerate().map(at).fold(0.0, f64::max)
    }

    #[test]
    fn draws_follow_their_distributions() {
        let uniform = drawn(Domain::Uniform { low: -2.0, high: 3.0 });
        assert!(distance(&uniform, |x| (x + 2.0) / 5.0) < 0.031);
        let log = drawn(Domain::LogUniform { low: 1e-4, high: 1e-1 });
        assert!(distance(&log, |x| (x.log10() + 4.0) / 3.0) < 0.031);
        assert!(log[0] >= 1e-4 && log[3999] <= 1e-1);
        let normal = drawn(Domain::Normal { mean: 5.0, deviation: 2.0 });
        assert!(distance(&normal, |x| Normal::standard().cdf((x - 5.0) / 2.0)) < 0.031);
    }

    #[test]
    fn whole_numbers_come_up_as_often_as_their_share() {
        let shares = |drawn: &[f64], values: std::ops::RangeInclusive<i64>| {
            let share = |value: i64| drawn.iter().filter(|drawn| **drawn == value as f64).count() as f64 / 4000.0;
            values.map(share).collect::<Vec<f64>>()
        };
        // Four standard deviations of a share of a quarter are 0.027.
        for share in shares(&drawn(Domain::Integer { low: -1, high: 2, log: false }), -1..=2) {
            assert!((share - 0.25).abs() < 0.027, "{share}");
        }
        let all = 4.5f64.ln() - 0.5f64.ln();
        for (value, share) in (1..=4).zip(shares(&drawn(Domain::Integer { low: 1, high: 4, log: true }), 1..=4)) {
            let expected = ((f64::from(value) + 0.5).ln() - (f64::from(value) - 0.5).ln()) / all;
            assert!((share - expected).abs() < 0.032, "{value}: {share}, not {expected}");
        }
    }

    #[test]
    fn listed_points_are_different_and_values_come_back() {
        for domain in [
            Domain::Values(vec![json!("a"), json!(2), json!(null)]),
            Domain::Integer { low: -3, high: 40, log: false },
            Domain::Integer { low: 1, high: 1000, log: true },
            Domain::Uniform { low: 0.0, high: 1.0 },
            Domain::Normal { mean: 0.0, deviation: 1.0 },
        ] {
            let points =
                Points::new(vec![Dimension { param: "x".to_owned(), domain, when: vec![] }]).expect("it is right");
            let listed = points.some(500, &mut |_| true);
            let values: std::collections::BTreeSet<String> =
                listed.iter().map(|at| Value::Object(points.point(at)).to_string()).collect();
            assert_eq!(values.len(), listed.len());
        }
    }
}

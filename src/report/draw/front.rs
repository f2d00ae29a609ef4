//! Things by two figures of which one is to be small and the other good, and the front of those that nothing else beats
//! in both. Knows no runs.

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::frame::{self, Entry, Mark, Surroundings, TEXT};
use crate::report::draw::palette::{self, INK, MUTED};
use crate::report::draw::pen::{self, Align, Font, Png};

/// A thing with its two figures.
pub struct Point {
    pub name: String,
    /// The less, the better.
    pub cost: f64,
    pub merit: f64,
    /// Index of its color.
    pub group: usize,
}

/// Points and their front.
pub struct Front<'a> {
    pub title: &'a str,
    pub cost_label: &'a str,
    pub merit_label: &'a str,
    /// Whether a small merit is the better one.
    pub lower: bool,
    pub points: Vec<Point>,
    /// Names of the groups; empty for none.
    pub groups: &'a [String],
}

const HEIGHT: f64 = 380.0;

impl Front<'_> {
    /// Indices of the points that no other one beats: cheaper and at least as good, or better and at most as dear;
    /// the cheapest first.
    pub fn unbeaten(&self) -> Vec<usize> {
        let sign = if self.lower { 1.0 } else { -1.0 };
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        let key = |index: &usize| (self.points[*index].cost, sign * self.points[*index].merit);
        order.sort_by(|a, b| key(a).0.total_cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)));
        let mut best = f64::INFINITY;
        order.retain(|index| {
            let merit = key(index).1;
            let unbeaten = merit < best;
            best = best.min(merit);
            unbeaten
        });
        order
    }

    /// The chart as PNG.
    pub fn draw(&self) -> Result<Png> {
        let costs = || self.points.iter().map(|point| point.cost);
        let (low, high) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
        let spread = if low > 0.0 && high / low >= 20.0 { Spread::Log10 } else { Spread::Linear };
        let x = Axis::around(costs(), spread, 6);
        let y = Axis::around(self.points.iter().map(|point| point.merit), Spread::Linear, 5);
        let entry = |(index, name)| Entry { name, color: palette::series(index), mark: Mark::Area };
        let legend: Vec<Entry<'_>> = self.groups.iter().map(String::as_str).enumerate().map(entry).collect();
        let around =
            Surroundings { title: self.title, x_label: self.cost_label, y_label: self.merit_label, legend: &legend };
        let front = self.unbeaten();
        pen::draw((WIDTH, HEIGHT), |pen| {
            let frame = frame::draw(pen, HEIGHT, &around, x, y);
            let at = |index: usize| frame.at(self.points[index].cost, self.points[index].merit);
            for pair in front.windows(2) {
                // What is as cheap as the dearer is no better than the cheaper: a step.
                let ((left, above), (right, below)) = (at(pair[0]), at(pair[1]));
                pen.polyline(&[(left, above), (right, above), (right, below)], 1.6, &MUTED);
            }
            for (index, point) in self.points.iter().enumerate() {
                let radius = if front.contains(&index) { 5.0 } else { 3.6 };
                pen.circle(at(index), radius, &palette::series(point.group));
            }
            let mut taken: Vec<(f64, f64, f64)> = Vec::new();
            for &index in &front {
                let font = Font { color: INK, size: 12.0, ..TEXT };
                let (x, y) = at(index);
                let text = pen.fitted(&self.points[index].name, 170.0, font);
                let width = pen.width(&text, font);
                let right = x + 9.0 + width <= WIDTH;
                let left = if right { x + 9.0 } else { x - 9.0 - width };
                let y = if y - 10.0 > frame.top { y - 9.0 } else { y + 12.0 };
                let covers =
                    |&(from, to, at): &(f64, f64, f64)| left < to && from < left + width && (at - y).abs() < 14.0;
                if !taken.iter().any(covers) {
                    pen.label(&text, (left, y), Font { align: Align::Left, ..font });
                    taken.push((left, left + width + 4.0, y));
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_holds_what_nothing_else_beats() {
        let point = |cost: f64, merit: f64| Point { name: String::new(), cost, merit, group: 0 };
        let points = vec![point(3.0, 0.9), point(1.0, 0.5), point(2.0, 0.5), point(2.0, 0.8), point(4.0, 0.85)];
        let front = |lower: bool, points: Vec<Point>| {
            Front { title: "", cost_label: "", merit_label: "", lower, points, groups: &[] }.unbeaten()
        };
        assert_eq!(front(false, points), [1, 3, 0]);
        let points = vec![point(3.0, 0.9), point(1.0, 0.5), point(1.0, 0.4), point(5.0, 0.1)];
        assert_eq!(front(true, points), [2, 3]);
    }
}

//! Points in the plane, colored by class. Knows no method.

use plotters::style::Color;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::frame::{self, Entry, Mark, Surroundings};
use crate::report::draw::palette::{self, INK};
use crate::report::draw::pen::{self, Align, Font, Pen, Png};

/// Points and their classes.
pub struct Scatter<'a> {
    pub title: &'a str,
    pub x_label: &'a str,
    pub y_label: &'a str,
    pub points: &'a [[f64; 2]],
    /// Index into `classes` of every point; empty when unlabeled.
    pub labels: &'a [u32],
    pub classes: &'a [String],
}

const HEIGHT: f64 = 540.0;

impl Scatter<'_> {
    /// The chart as PNG. Points are drawn in an order that mixes the classes, so that none covers the others, and
    /// every class has its name at the median of its points, or as near as other names allow.
    pub fn draw(&self) -> Result<Png> {
        let x = Axis::around(self.points.iter().map(|point| point[0]), Spread::Linear, 6);
        let y = Axis::around(self.points.iter().map(|point| point[1]), Spread::Linear, 6);
        let entries: Vec<Entry<'_>> = self
            .classes
            .iter()
            .enumerate()
            .filter(|_| !self.labels.is_empty())
            .map(|(class, name)| Entry { name, color: palette::class(class), mark: Mark::Area })
            .collect();
        let around = Surroundings { title: self.title, x_label: self.x_label, y_label: self.y_label, legend: &entries };
        pen::draw((WIDTH, HEIGHT), |pen| {
            let frame = frame::draw(pen, HEIGHT, &around, x, y);
            let radius = (60.0 / (self.points.len().max(1) as f64).sqrt()).clamp(1.1, 4.0);
            for index in mixed(self.points.len()) {
                let [x, y] = self.points[index];
                let class = self.labels.get(index).map_or(0, |&label| label as usize);
                if x.is_finite() && y.is_finite() {
                    pen.circle(frame.at(x, y), radius, &palette::class(class).mix(0.7));
                }
            }
            self.names(pen, &frame);
        })
    }

    fn names(&self, pen: &mut Pen<'_>, frame: &frame::Frame) {
        let font = Font { size: 15.0, bold: true, color: INK, align: Align::Center };
        let mut names: Vec<(String, (f64, f64), f64)> = Vec::new();
        for (class, name) in self.classes.iter().enumerate() {
            let of_class = |axis: usize| {
                let pairs = self.points.iter().zip(self.labels).filter(|(_, label)| **label as usize == class);
                median(pairs.map(|(point, _)| point[axis]).collect())
            };
            if let (Some(x), Some(y)) = (of_class(0), of_class(1)) {
                let name = pen.fitted(name, 110.0, font);
                let width = pen.width(&name, font);
                names.push((name, frame.at(x, y), width));
            }
        }
        spread_out(&mut names);
        for (name, (x, y), width) in names {
            let inside = |at: f64, low: f64, high: f64, half: f64| at.clamp(low + half, (high - half).max(low + half));
            let at = (inside(x, frame.left, frame.right, width / 2.0), inside(y, frame.top, frame.bottom, 8.0));
            pen.label(&name, at, font);
        }
    }
}

/// Pushes names that cover each other apart, a little at a time.
fn spread_out(names: &mut [(String, (f64, f64), f64)]) {
    const TALL: f64 = 17.0;
    for _ in 0..200 {
        for first in 0..names.len() {
            for second in first + 1..names.len() {
                let ((x, y), (other_x, other_y)) = (names[first].1, names[second].1);
                let room = (names[first].2 + names[second].2) / 2.0 + 5.0;
                let (over_x, over_y) = (room - (x - other_x).abs(), TALL - (y - other_y).abs());
                if over_x > 0.0 && over_y > 0.0 {
                    // Along the axis on which less is missing.
                    let (dx, dy) = if over_x < over_y {
                        (if x < other_x { -1.0 } else { 1.0 }, 0.0)
                    } else {
                        (0.0, if y < other_y { -1.0 } else { 1.0 })
                    };
                    names[first].1 = (x + dx, y + dy);
                    names[second].1 = (other_x - dx, other_y - dy);
                }
            }
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// All indices below `count` in a fixed order that leaps about: steps of a prime that does not divide the count.
pub fn mixed(count: usize) -> impl Iterator<Item = usize> {
    let step = [7919, 7927, 7933].into_iter().find(|prime| !count.is_multiple_of(*prime)).unwrap_or(1);
    (0..count).map(move |i| i * step % count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_one_place_are_moved_apart() {
        let mut names: Vec<_> = (0..10).map(|i| (i.to_string(), (100.0, 100.0 + f64::from(i) * 0.1), 10.0)).collect();
        spread_out(&mut names);
        for (index, (_, (x, y), _)) in names.iter().enumerate() {
            for (_, (other_x, other_y), _) in &names[..index] {
                assert!((x - other_x).abs() >= 14.0 || (y - other_y).abs() >= 16.0, "{names:?}");
            }
        }
    }

    #[test]
    fn every_point_is_drawn_once() {
        for count in [0, 1, 10, 7919, 10_000] {
            let mut order: Vec<usize> = mixed(count).collect();
            order.sort_unstable();
            assert_eq!(order, (0..count).collect::<Vec<_>>());
        }
    }
}

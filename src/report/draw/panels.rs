//! Scatter plots side by side, small, turned so that they can be compared. Knows no method.

use plotters::style::Color;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::frame::{self, Entry, Mark, TEXT};
use crate::report::draw::palette::{self, FAINT, INK};
use crate::report::draw::pen::{self, Font, Png};
use crate::report::draw::scatter::mixed;

/// One plot.
pub struct Panel {
    pub name: String,
    pub points: Vec<[f64; 2]>,
    /// Index into the classes of every point; empty when unlabeled.
    pub labels: Vec<u32>,
}

const ACROSS: usize = 3;
const NAME: f64 = 22.0;
const GAP: f64 = 8.0;

/// All panels in rows, with one legend.
pub fn draw(title: &str, panels: &[Panel], classes: &[String]) -> Result<Png> {
    let across = panels.len().clamp(2, ACROSS) as f64;
    let side = (WIDTH - GAP * (across - 1.0)) / across;
    let rows = (panels.len() as f64 / across).ceil();
    let labeled = panels.iter().any(|panel| !panel.labels.is_empty());
    let entry = |(class, name)| Entry { name, color: palette::class(class), mark: Mark::Area };
    let legend: Vec<Entry<'_>> =
        classes.iter().filter(|_| labeled).map(String::as_str).enumerate().map(entry).collect();
    // Names are short; what a legend needs at most is known once it is drawn.
    let lines = (legend.iter().map(|entry| entry.name.chars().count() as f64 * 8.5 + 34.0).sum::<f64>() / WIDTH).ceil();
    let top = 30.0 + 20.0 * lines;
    pen::draw((WIDTH, top + (side + NAME + GAP) * rows), |pen| {
        frame::title(pen, title, 2.0);
        frame::legend(pen, &legend, 36.0);
        for (index, panel) in panels.iter().enumerate() {
            let (column, row) = ((index % across as usize) as f64, (index / across as usize) as f64);
            let (left, y) = ((side + GAP) * column, top + (side + NAME + GAP) * row);
            let font = Font { color: INK, ..TEXT };
            let name = pen.fitted(&panel.name, side - 4.0, font);
            pen.text(&name, (left + 2.0, y + NAME / 2.0), font);
            pen.rect((left, y + NAME), (side, side), &FAINT.mix(0.35));
            panel.draw(pen, (left, y + NAME), side);
        }
    })
}

impl Panel {
    fn draw(&self, pen: &mut pen::Pen<'_>, (left, top): (f64, f64), side: f64) {
        const EDGE: f64 = 5.0;
        let radius = (30.0 / (self.points.len().max(1) as f64).sqrt()).clamp(0.7, 2.5);
        let axis = |of: usize| Axis::at(&extent(self.points.iter().map(|point| point[of])), Spread::Linear);
        let (x, y) = (axis(0), axis(1));
        let room = side - 2.0 * EDGE;
        for index in mixed(self.points.len()) {
            let [across, up] = self.points[index];
            if across.is_finite() && up.is_finite() {
                let at = (left + EDGE + room * x.place(across), top + EDGE + room * (1.0 - y.place(up)));
                let class = self.labels.get(index).map_or(0, |label| *label as usize);
                pen.circle(at, radius, &palette::class(class).mix(0.75));
            }
        }
    }

    /// Turns (and, where that brings it closer, mirrors) the points towards those of another panel: orthogonal Procrustes
    /// analysis in the plane (Schönemann 1966). Nothing happens unless both show the same samples.
    pub fn align(&mut self, other: &Self) {
        if self.points.len() != other.points.len() || self.labels != other.labels {
            return;
        }
        let ((a, own), (b, _)) = (centered(&self.points), centered(&other.points));
        let turn = |mirror: f64| {
            let pairs = a.iter().zip(&b);
            pairs.fold((0.0, 0.0), |(cosine, sine), (a, b)| {
                let (x, y) = (a[0], a[1] * mirror);
                (cosine + x * b[0] + y * b[1], sine + x * b[1] - y * b[0])
            })
        };
        let [straight, mirrored] = [1.0, -1.0].map(|mirror| (turn(mirror), mirror));
        let closeness = |((cosine, sine), _): ((f64, f64), f64)| cosine.hypot(sine);
        let ((cosine, sine), mirror) = if closeness(mirrored) > closeness(straight) { mirrored } else { straight };
        let length = cosine.hypot(sine);
        if !(length.is_finite() && length > 0.0) {
            return;
        }
        let (cosine, sine) = (cosine / length, sine / length);
        for (point, [x, y]) in self.points.iter_mut().zip(a) {
            let y = y * mirror;
            *point = [own[0] + cosine * x - sine * y, own[1] + sine * x + cosine * y];
        }
    }
}

/// The points around their mean, and the mean.
fn centered(points: &[[f64; 2]]) -> (Vec<[f64; 2]>, [f64; 2]) {
    let mean = [0, 1].map(|axis| points.iter().map(|point| point[axis]).sum::<f64>() / points.len().max(1) as f64);
    (points.iter().map(|point| [point[0] - mean[0], point[1] - mean[1]]).collect(), mean)
}

fn extent(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    [low, high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_and_mirrored_panel_is_turned_back() {
        let shape = [[0.0, 0.0], [4.0, 1.0], [1.0, 3.0], [-2.0, 0.5], [0.3, -1.7]];
        let (sine, cosine) = 2.1f64.sin_cos();
        let panel = |points: Vec<[f64; 2]>| Panel { name: String::new(), points, labels: vec![0, 1, 0, 1, 2] };
        let reference = panel(shape.to_vec());
        for mirror in [1.0, -1.0] {
            let turn = |[x, y]: [f64; 2]| [cosine * x - sine * y * mirror + 7.0, sine * x + cosine * y * mirror - 3.0];
            let mut turned = panel(shape.map(turn).to_vec());
            turned.align(&reference);
            let (around, _) = centered(&turned.points);
            for (point, expected) in around.iter().zip(centered(&reference.points).0) {
                assert!((point[0] - expected[0]).hypot(point[1] - expected[1]) < 1e-12, "{around:?}");
            }
        }
    }
}

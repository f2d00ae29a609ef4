//! Histograms of one or two groups, with a threshold. Knows no stage.

use plotters::style::{Color, RGBColor};

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::frame::{self, Entry, Frame, Mark, Surroundings, TEXT};
use crate::report::draw::palette::WRONG;
use crate::report::draw::pen::{self, Align, Font, Pen, Png};
use crate::report::number;

/// Values that are counted together.
pub struct Group {
    pub name: String,
    pub color: RGBColor,
    pub values: Vec<f64>,
}

/// A histogram.
pub struct Histogram<'a> {
    pub title: &'a str,
    pub x_label: &'a str,
    pub y_label: &'a str,
    pub groups: Vec<Group>,
    /// A vertical line and its name.
    pub threshold: Option<(f64, String)>,
    /// Count each group as a share of itself, so that groups of different sizes compare.
    pub shares: bool,
}

const BINS: usize = 60;
const HEIGHT: f64 = 330.0;

impl Histogram<'_> {
    /// The chart as PNG. The last bar also holds the highest half a percent of the values, and the x
    /// axis says so.
    pub fn draw(&self) -> Result<Png> {
        let mut all: Vec<f64> =
            self.groups.iter().flat_map(|group| &group.values).copied().filter(|value| value.is_finite()).collect();
        all.sort_by(f64::total_cmp);
        let tail = all.len().saturating_sub(1 + all.len() / 200);
        let threshold = self.threshold.iter().map(|(value, _)| *value * 1.02);
        let ends = [all.first(), all.get(tail)].into_iter().flatten().copied();
        let x = Axis::around(ends.chain(threshold), Spread::Linear, 6);
        let counts: Vec<Vec<f64>> = self.groups.iter().map(|group| self.count(group, &x)).collect();
        let y = Axis::around(counts.iter().flatten().copied().chain([0.0]), Spread::Linear, 4);
        let entries: Vec<Entry<'_>> =
            self.groups.iter().map(|group| Entry { name: &group.name, color: group.color, mark: Mark::Area }).collect();
        let legend = if entries.len() > 1 { &entries[..] } else { &[] };
        let x_label = self.x_label(&x, all.last().copied());
        let around = Surroundings { title: self.title, x_label: &x_label, y_label: self.y_label, legend };
        pen::draw((WIDTH, HEIGHT), |pen| {
            let frame = frame::draw(pen, HEIGHT, &around, x, y);
            self.draw_bars(pen, &frame, &counts);
            self.draw_threshold(pen, &frame);
        })
    }

    /// What the x axis is called, with the range of the last bar when values lie beyond the axis.
    fn x_label(&self, x: &Axis, highest: Option<f64>) -> String {
        let last = x.high - (x.high - x.low) / BINS as f64;
        match highest {
            Some(highest) if highest > x.high => {
                format!("{} (last bar: {} to {})", self.x_label, number::short(last), number::short(highest))
            }
            _ => self.x_label.to_owned(),
        }
    }

    fn draw_bars(&self, pen: &mut Pen<'_>, frame: &Frame, counts: &[Vec<f64>]) {
        let width = (frame.right - frame.left) / BINS as f64;
        let opacity = if self.groups.len() > 1 { 0.6 } else { 0.9 };
        for (group, counts) in self.groups.iter().zip(counts) {
            for (bin, &count) in counts.iter().enumerate() {
                let (_, top) = frame.at(frame.x.low, count);
                let at = (frame.left + width * bin as f64, top);
                pen.rect(at, (width, frame.bottom - top), &group.color.mix(opacity));
            }
        }
    }

    fn draw_threshold(&self, pen: &mut Pen<'_>, frame: &Frame) {
        let Some((value, name)) = &self.threshold else { return };
        let x = frame.across(*value);
        pen.line((x, frame.top - 6.0), (x, frame.bottom), 2.0, &WRONG);
        let align = if x > (frame.left + frame.right) / 2.0 { Align::Right } else { Align::Left };
        let aside = if align == Align::Right { -7.0 } else { 7.0 };
        pen.label(name, (x + aside, frame.top), Font { color: WRONG, align, ..TEXT });
    }

    fn count(&self, group: &Group, x: &Axis) -> Vec<f64> {
        let mut counts = vec![0.0; BINS];
        let finite = group.values.iter().filter(|value| value.is_finite());
        let each = if self.shares { 1.0 / group.values.len().max(1) as f64 } else { 1.0 };
        for &value in finite {
            counts[((x.place(value) * BINS as f64).max(0.0) as usize).min(BINS - 1)] += each;
        }
        counts
    }
}

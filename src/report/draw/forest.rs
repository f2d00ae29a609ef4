//! Differences with their intervals, one under the other (a forest plot). Knows no statistics.

use plotters::style::RGBColor;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::frame::{self, TEXT};
use crate::report::draw::palette::{FAINT, INK, MUTED};
use crate::report::draw::pen::{self, Align, Font, Png};

/// One difference.
pub struct Row {
    pub label: String,
    pub value: f64,
    /// `None` where nothing is known of the spread.
    pub interval: Option<(f64, f64)>,
    pub color: RGBColor,
}

/// Differences from something.
pub struct Forest<'a> {
    pub title: &'a str,
    /// What stands at zero, and what the axis measures.
    pub caption: &'a str,
    pub rows: Vec<Row>,
}

impl Forest<'_> {
    /// The chart as PNG. Intervals that reach far beyond all values are cut off, with an arrow that says so.
    pub fn draw(&self) -> Result<Png> {
        const PITCH: f64 = 25.0;
        const TOP: f64 = 58.0;
        let values = || self.rows.iter().map(|row| row.value).chain([0.0]);
        let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
        let room = (high - low).max(f64::MIN_POSITIVE);
        let ends = self.rows.iter().filter_map(|row| row.interval).flat_map(|(low, high)| [low, high]);
        let axis = Axis::around(values().chain(ends.map(|end| end.clamp(low - room, high + room))), Spread::Linear, 4);
        let bottom = TOP + PITCH * self.rows.len() as f64;
        let dark = Font { color: INK, ..TEXT };
        pen::draw((WIDTH, bottom + 30.0), |pen| {
            frame::title_and_caption(pen, self.title, self.caption);
            let labels: Vec<String> = self.rows.iter().map(|row| pen.fitted(&row.label, 190.0, dark)).collect();
            let left = labels.iter().map(|label| pen.width(label, dark)).fold(0.0, f64::max) + 26.0;
            let last = axis.ticks.last().map_or(0.0, |(_, text)| pen.width(text, TEXT));
            let right = WIDTH - (last / 2.0 + 2.0).max(18.0);
            let across = |value: f64| left + axis.place(value.clamp(axis.low, axis.high)) * (right - left);
            for (value, text) in &axis.ticks {
                let x = across(*value);
                let (width, color) = if *value == 0.0 { (1.6, MUTED) } else { (1.0, FAINT) };
                pen.line((x, TOP - 8.0), (x, bottom), width, &color);
                pen.text(text, (x, bottom + 14.0), Font { align: Align::Center, ..TEXT });
            }
            for (index, (row, label)) in self.rows.iter().zip(&labels).enumerate() {
                let y = TOP + PITCH * (index as f64 + 0.5) - 4.0;
                pen.text(label, (left - 18.0, y), Font { align: Align::Right, ..dark });
                if let Some((low, high)) = row.interval {
                    pen.line((across(low), y), (across(high), y), 2.4, &row.color);
                    let is_cut = |end: f64| end != end.clamp(axis.low, axis.high);
                    for (end, way) in [(low, -7.0), (high, 7.0)].into_iter().filter(|(end, _)| is_cut(*end)) {
                        let x = across(end);
                        pen.polygon(&[(x + way, y), (x, y - 5.0), (x, y + 5.0)], &row.color);
                    }
                }
                pen.circle((across(row.value), y), 4.6, &row.color);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::draw::palette::ACCENT;

    fn drawn(value: f64, interval: Option<(f64, f64)>) -> Vec<u8> {
        let rows = vec![Row { label: "a".into(), value, interval, color: ACCENT }];
        Forest { title: "", caption: "", rows }.draw().unwrap().bytes
    }

    #[test]
    fn an_interval_that_is_cut_does_not_look_like_a_whole_one() {
        let to = |low: f64, high: f64| drawn(1.0, Some((low, high)));
        assert_ne!(to(0.5, 2.0), to(0.5, 5.0));
        assert_ne!(to(-1.0, 2.0), to(-5.0, 2.0));
        assert_eq!(to(0.5, 5.0), to(0.5, 50.0), "as long an arrow however much is cut");
    }

    #[test]
    fn the_last_ticks_text_is_whole() {
        for value in [0.0009, 0.00009, 9e9] {
            let picture = image::load_from_memory(&drawn(value, None)).unwrap().to_luma8();
            let edge = (0..picture.height()).map(|y| picture.get_pixel(picture.width() - 1, y).0[0]);
            assert!(edge.into_iter().all(|gray| gray == 255), "{value}");
        }
    }
}

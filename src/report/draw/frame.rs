//! What charts with two axes share: title, legend, axes, grid. Knows no series.

use plotters::style::RGBColor;

use crate::report::draw::WIDTH;
use crate::report::draw::axis::Axis;
use crate::report::draw::palette::{FAINT, INK, MUTED};
use crate::report::draw::pen::{Align, Font, Pen};

/// Em of axis texts, in CSS pixels.
pub const SMALL: f64 = 13.5;

/// The font of titles.
const TITLE: Font = Font { size: 15.5, bold: true, color: INK, align: Align::Left };
/// The font of axes and legends.
pub const TEXT: Font = Font { size: SMALL, bold: false, color: MUTED, align: Align::Left };

/// How a legend shows an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Line,
    Dashed,
    Area,
}

/// One entry of a legend.
pub struct Entry<'a> {
    pub name: &'a str,
    pub color: RGBColor,
    pub mark: Mark,
}

/// What surrounds a chart.
pub struct Surroundings<'a> {
    pub title: &'a str,
    /// With the unit.
    pub x_label: &'a str,
    pub y_label: &'a str,
    pub legend: &'a [Entry<'a>],
}

/// The rectangle in which values are drawn.
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Frame {
    /// Where a pair of values stands, in CSS pixels.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.across(x), self.bottom + self.y.place(y) * (self.top - self.bottom))
    }

    /// Where an x value stands.
    pub fn across(&self, x: f64) -> f64 {
        self.left + self.x.place(x) * (self.right - self.left)
    }
}

/// Writes a drawing's title so far from its left edge.
pub fn title(pen: &mut Pen<'_>, text: &str, left: f64) {
    let text = pen.fitted(text, WIDTH - 4.0, TITLE);
    pen.text(&text, (left, 13.0), TITLE);
}

/// Writes a chart's title, and below it what its marks mean.
pub fn title_and_caption(pen: &mut Pen<'_>, text: &str, caption: &str) {
    title(pen, text, 2.0);
    let caption = pen.fitted(caption, WIDTH - 4.0, TEXT);
    pen.text(&caption, (2.0, 36.0), TEXT);
}

/// Draws the surroundings of a chart `height` CSS pixels high.
pub fn draw(pen: &mut Pen<'_>, height: f64, around: &Surroundings<'_>, x: Axis, y: Axis) -> Frame {
    title(pen, around.title, 2.0);
    let legend = legend(pen, around.legend, 38.0);
    let label_line = legend + 4.0;
    let label = pen.fitted(around.y_label, WIDTH - 4.0, TEXT);
    pen.text(&label, (2.0, label_line), TEXT);
    let widest = y.ticks.iter().map(|(_, text)| pen.width(text, TEXT)).fold(20.0, f64::max);
    let frame = Frame { left: widest + 10.0, top: label_line + 20.0, right: WIDTH - 14.0, bottom: height - 46.0, x, y };
    for (value, text) in &frame.y.ticks {
        let (_, at) = frame.at(frame.x.low, *value);
        pen.line((frame.left, at), (frame.right, at), 1.0, &FAINT);
        pen.text(text, (frame.left - 8.0, at), Font { align: Align::Right, ..TEXT });
    }
    x_axis(pen, &frame, around.x_label);
    frame
}

fn x_axis(pen: &mut Pen<'_>, frame: &Frame, label: &str) {
    pen.line((frame.left, frame.bottom), (frame.right, frame.bottom), 1.0, &MUTED);
    let mut free = f64::NEG_INFINITY;
    for (value, text) in &frame.x.ticks {
        let at = frame.across(*value);
        let width = pen.width(text, TEXT);
        pen.line((at, frame.bottom), (at, frame.bottom + 4.0), 1.0, &MUTED);
        let center = at.clamp(width / 2.0, WIDTH - width / 2.0);
        if center - width / 2.0 > free {
            pen.text(text, (center, frame.bottom + 15.0), Font { align: Align::Center, ..TEXT });
            free = center + width / 2.0 + 8.0;
        }
    }
    let label = pen.fitted(label, WIDTH, TEXT);
    let width = pen.width(&label, TEXT);
    let center = ((frame.left + frame.right) / 2.0).clamp(width / 2.0, WIDTH - width / 2.0);
    pen.text(&label, (center, frame.bottom + 36.0), Font { align: Align::Center, ..TEXT });
}

/// Draws the entries in rows from `top`; returns where the next thing may stand.
pub fn legend(pen: &mut Pen<'_>, entries: &[Entry<'_>], top: f64) -> f64 {
    let (mut x, mut y) = (2.0, top);
    let font = Font { color: INK, ..TEXT };
    for entry in entries {
        let name = pen.fitted(entry.name, WIDTH - 40.0, font);
        let width = pen.width(&name, font) + if entry.mark == Mark::Area { 34.0 } else { 40.0 };
        if x > 2.0 && x + width > WIDTH {
            (x, y) = (2.0, y + 20.0);
        }
        match entry.mark {
            Mark::Line => pen.line((x, y), (x + 18.0, y), 3.0, &entry.color),
            Mark::Dashed => pen.dashed((x, y), (x + 18.0, y), 2.0, &entry.color),
            Mark::Area => pen.rect((x + 1.0, y - 6.0), (12.0, 12.0), &entry.color),
        }
        pen.text(&name, (x + if entry.mark == Mark::Area { 19.0 } else { 24.0 }, y), font);
        x += width;
    }
    if entries.is_empty() { top } else { y + 20.0 }
}

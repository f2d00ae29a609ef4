//! Line charts: losses over epochs, an error over latent sizes, a ROC curve. Knows no stage.

use plotters::style::{Color, RGBColor};

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::axis::Axis;
use crate::report::draw::frame::{self, Entry, Frame, Mark, Surroundings, TEXT};
use crate::report::draw::palette::MUTED;
use crate::report::draw::pen::{self, Align, Font, Pen, Png};

/// One line.
pub struct Line {
    pub name: String,
    pub color: RGBColor,
    /// Points that are not finite break the line.
    pub points: Vec<(f64, f64)>,
    /// Low and high around each point; empty for none.
    pub band: Vec<(f64, f64)>,
    /// Single observations beside the line.
    pub dots: Vec<(f64, f64)>,
    /// Whether there is a line through the points.
    pub joined: bool,
    pub dashed: bool,
    /// Whether every point has a disc on it.
    pub marked: bool,
}

impl Line {
    /// A plain line.
    pub fn new(name: impl Into<String>, color: RGBColor, points: Vec<(f64, f64)>) -> Self {
        let (band, dots) = (Vec::new(), Vec::new());
        Self { name: name.into(), color, points, band, dots, joined: true, dashed: false, marked: false }
    }

    /// Points that no line goes through.
    pub fn scattered(name: impl Into<String>, color: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Self { joined: false, marked: true, ..Self::new(name, color, points) }
    }
}

/// A line chart.
pub struct LineChart<'a> {
    pub title: &'a str,
    pub x_label: &'a str,
    pub y_label: &'a str,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
    /// Horizontal lines with their names.
    pub levels: Vec<(f64, String)>,
    /// In CSS pixels.
    pub height: f64,
}

impl LineChart<'_> {
    /// The chart as PNG.
    pub fn draw(&self) -> Result<Png> {
        pen::draw((WIDTH, self.height), |pen| {
            let entries: Vec<Entry<'_>> = self.lines.iter().filter(|line| !line.name.is_empty()).map(entry).collect();
            let legend = if entries.len() > 1 || self.levels.len() > 1 { &entries[..] } else { &[] };
            let around = Surroundings { title: self.title, x_label: self.x_label, y_label: self.y_label, legend };
            let frame = frame::draw(pen, self.height, &around, self.x.clone(), self.y.clone());
            for line in &self.lines {
                band(pen, &frame, line);
            }
            for (value, name) in &self.levels {
                let (_, at) = frame.at(frame.x.low, *value);
                if at.is_finite() {
                    pen.dashed((frame.left, at), (frame.right, at), 1.5, &MUTED);
                    pen.label(name, (frame.right - 2.0, at - 9.0), Font { align: Align::Right, ..TEXT });
                }
            }
            for line in &self.lines {
                curve(pen, &frame, line);
            }
        })
    }
}

fn entry(line: &Line) -> Entry<'_> {
    let mark = match (line.joined, line.dashed) {
        (false, _) => Mark::Area,
        (true, true) => Mark::Dashed,
        (true, false) => Mark::Line,
    };
    Entry { name: &line.name, color: line.color, mark }
}

fn band(pen: &mut Pen<'_>, frame: &Frame, line: &Line) {
    let ends: Vec<((f64, f64), (f64, f64))> = line
        .points
        .iter()
        .zip(&line.band)
        .map(|(&(x, _), &(low, high))| (frame.at(x, low), frame.at(x, high)))
        .filter(|(low, high)| low.0.is_finite() && low.1.is_finite() && high.1.is_finite())
        .collect();
    for pair in ends.windows(2).filter(|_| line.joined) {
        pen.polygon(&[pair[0].0, pair[0].1, pair[1].1, pair[1].0], &line.color.mix(0.16));
    }
    for (low, high) in ends {
        pen.line(low, high, 1.5, &line.color.mix(0.6));
    }
}

fn curve(pen: &mut Pen<'_>, frame: &Frame, line: &Line) {
    let points: Vec<(f64, f64)> = line.points.iter().map(|&(x, y)| frame.at(x, y)).collect();
    if line.dashed {
        for pair in points.windows(2).filter(|pair| pair.iter().all(|point| point.0.is_finite() && point.1.is_finite()))
        {
            pen.dashed(pair[0], pair[1], 2.0, &line.color);
        }
    } else if line.joined {
        pen.polyline(&points, 2.5, &line.color);
    }
    let visible = |point: &&(f64, f64)| point.0.is_finite() && point.1.is_finite();
    if line.marked || points.len() == 1 {
        for &point in points.iter().filter(visible) {
            pen.circle(point, 4.0, &line.color);
        }
    }
    let dots: Vec<(f64, f64)> = line.dots.iter().map(|&(x, y)| frame.at(x, y)).collect();
    for &dot in dots.iter().filter(visible) {
        pen.circle(dot, 2.5, &line.color.mix(0.55));
    }
}

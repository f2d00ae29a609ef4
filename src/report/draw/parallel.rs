//! Parallel coordinates: every line is a thing, every axis one of its values. Knows no runs.

use plotters::style::Color;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::axis::Axis;
use crate::report::draw::frame::{self, TEXT};
use crate::report::draw::palette::{self, INK, MUTED};
use crate::report::draw::pen::{self, Align, Font, Pen, Png};

/// An axis with its name and the place of every thing on it.
pub struct Column {
    pub name: String,
    pub axis: Axis,
    /// By line; NaN where a line has no value, which breaks it.
    pub values: Vec<f64>,
}

/// Lines over axes.
pub struct Parallel<'a> {
    pub title: &'a str,
    /// Says what the shades mean.
    pub caption: &'a str,
    pub columns: Vec<Column>,
    /// By line from 0 (pale) to 1 (dark); the darkest is drawn last.
    pub shades: Vec<f64>,
}

const HEIGHT: f64 = 380.0;
const TOP: f64 = 94.0;
const BOTTOM: f64 = HEIGHT - 16.0;

impl Parallel<'_> {
    /// The chart as PNG.
    pub fn draw(&self) -> Result<Png> {
        pen::draw((WIDTH, HEIGHT), |pen| {
            frame::title_and_caption(pen, self.title, self.caption);
            let mut order: Vec<usize> = (0..self.shades.len()).collect();
            order.sort_by(|a, b| self.shades[*a].total_cmp(&self.shades[*b]));
            for line in order {
                let shade = self.shades[line];
                let at = |(index, column): (usize, &Column)| (self.across(index), down(column, line));
                let points: Vec<(f64, f64)> = self.columns.iter().enumerate().map(at).collect();
                let color = palette::tint(palette::DEEP, 0.15 + 0.85 * shade).mix(0.85);
                pen.polyline(&points, if shade >= 1.0 { 3.2 } else { 1.8 }, &color);
            }
            for (index, column) in self.columns.iter().enumerate() {
                self.axis(pen, index, column);
            }
        })
    }

    fn across(&self, index: usize) -> f64 {
        const EDGE: f64 = 62.0;
        EDGE + (WIDTH - 2.0 * EDGE) * index as f64 / (self.columns.len() - 1).max(1) as f64
    }

    fn axis(&self, pen: &mut Pen<'_>, index: usize, column: &Column) {
        let x = self.across(index);
        let room = (WIDTH / self.columns.len() as f64 - 6.0).max(30.0);
        // Neighbors' names stand in two rows, so that each has twice the room.
        let (high, wide) = if self.columns.len() > 4 { (index % 2, 2.0 * room) } else { (1, room) };
        let name = Font { color: INK, align: Align::Center, ..TEXT };
        let text = pen.fitted(&column.name, wide, name);
        let half = pen.width(&text, name) / 2.0;
        pen.text(&text, (x.clamp(half + 1.0, WIDTH - half - 1.0), TOP - 18.0 - 16.0 * (1 - high) as f64), name);
        pen.line((x, TOP), (x, BOTTOM), 1.2, &MUTED);
        for (value, text) in &column.axis.ticks {
            let y = BOTTOM + column.axis.place(*value) * (TOP - BOTTOM);
            pen.line((x - 3.0, y), (x + 3.0, y), 1.2, &MUTED);
            let font = Font { color: INK, size: 12.0, align: Align::Right, ..TEXT };
            let text = pen.fitted(text, if index == 0 { 54.0 } else { room - 8.0 }, font);
            pen.label(&text, (x - 6.0, y), font);
        }
    }
}

fn down(column: &Column, line: usize) -> f64 {
    BOTTOM + column.axis.place(column.values[line]) * (TOP - BOTTOM)
}

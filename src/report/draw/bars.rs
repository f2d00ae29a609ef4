//! Horizontal bars with their values. Knows no stage.

use plotters::style::RGBColor;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::frame::{self, TEXT};
use crate::report::draw::palette::{FAINT, INK};
use crate::report::draw::pen::{self, Align, Font, Png};

/// One bar.
pub struct Bar {
    pub label: String,
    pub value: f64,
    /// What stands at the bar's end.
    pub text: String,
    pub color: RGBColor,
}

/// A bar chart from zero to `full`.
pub struct Bars<'a> {
    pub title: &'a str,
    pub bars: Vec<Bar>,
    /// The value of a bar as wide as can be; `None`: the largest of them.
    pub full: Option<f64>,
}

impl Bars<'_> {
    /// The chart as PNG.
    pub fn draw(&self) -> Result<Png> {
        const PITCH: f64 = 26.0;
        let largest = || self.bars.iter().map(|bar| bar.value).filter(|value| value.is_finite()).fold(0.0, f64::max);
        let full = self.full.unwrap_or_else(largest);
        let dark = Font { color: INK, ..TEXT };
        pen::draw((WIDTH, 36.0 + PITCH * self.bars.len() as f64), |pen| {
            frame::title(pen, self.title, 2.0);
            let labels: Vec<String> = self.bars.iter().map(|bar| pen.fitted(&bar.label, 190.0, dark)).collect();
            let left = labels.iter().map(|label| pen.width(label, dark)).fold(0.0, f64::max) + 12.0;
            let room = self.bars.iter().map(|bar| pen.width(&bar.text, dark)).fold(0.0, f64::max) + 12.0;
            for (index, (bar, label)) in self.bars.iter().zip(&labels).enumerate() {
                let y = 46.0 + PITCH * index as f64;
                let widest = (WIDTH - left - room).max(10.0);
                let share = if full > 0.0 && bar.value.is_finite() { (bar.value / full).clamp(0.0, 1.0) } else { 0.0 };
                pen.text(label, (left - 10.0, y), Font { align: Align::Right, ..dark });
                pen.rect((left, y - 9.0), (widest, 18.0), &FAINT);
                pen.rect((left, y - 9.0), (widest * share, 18.0), &bar.color);
                pen.text(&bar.text, (WIDTH - 2.0, y), Font { align: Align::Right, ..dark });
            }
        })
    }
}

//! A table of counts as colored cells: confusion matrices, clusters against classes. Knows no stage.

use plotters::style::RGBColor;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::frame::{TEXT, TITLE};
use crate::report::draw::palette::{self, INK, MUTED};
use crate::report::draw::pen::{self, Align, Font, Pen, Png};
use crate::report::number;

/// Rows and columns of a map that can still be read.
pub const MOST_ROWS: usize = 64;

/// Counts in rows and columns.
pub struct HeatMap<'a> {
    pub title: &'a str,
    /// What a row is, and what a column is.
    pub row_label: &'a str,
    pub column_label: &'a str,
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    pub counts: Vec<Vec<f64>>,
    /// Rows and columns are the same classes: off the diagonal stand mistakes, in another color.
    pub confusion: bool,
}

impl HeatMap<'_> {
    /// The map as PNG. A cell's color is its share of its row; mistakes are drawn on a square-root scale, so that a
    /// share of one percent is still seen.
    pub fn draw(&self) -> Result<Png> {
        let dark = Font { color: INK, ..TEXT };
        let columns = self.columns.len().max(1) as f64;
        let rows = self.rows.len() as f64;
        // Long row names get up to a third of the width; the estimate is refined once the pen can measure.
        let longest = self.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0) as f64;
        let left = (longest * 8.5 + 14.0).clamp(34.0, WIDTH / 3.0);
        let side = (WIDTH - left - 2.0) / columns;
        let tall = side.clamp(9.0, 42.0);
        let height = 84.0 + tall * rows + 6.0;
        pen::draw((WIDTH, height), |pen| {
            let title = pen.fitted(self.title, WIDTH - 4.0, TITLE);
            pen.text(&title, (2.0, 13.0), TITLE);
            pen.text(&format!("↓ {}", self.row_label), (2.0, 40.0), TEXT);
            pen.text(&format!("{} →", self.column_label), (WIDTH - 2.0, 40.0), Font { align: Align::Right, ..TEXT });
            for (column, name) in self.columns.iter().enumerate().filter(|(column, _)| shown(*column, side, 14.0)) {
                let name = pen.fitted(name, (side - 3.0).max(14.0), dark);
                let center = left + side * (column as f64 + 0.5);
                pen.text(&name, (center, 66.0), Font { align: Align::Center, ..dark });
            }
            for (row, name) in self.rows.iter().enumerate() {
                let y = 80.0 + tall * row as f64;
                if shown(row, tall, 14.0) {
                    let name = pen.fitted(name, left - 10.0, dark);
                    pen.text(&name, (left - 8.0, y + tall / 2.0), Font { align: Align::Right, ..dark });
                }
                self.cells(pen, row, (left, y), (side, tall));
            }
        })
    }

    fn cells(&self, pen: &mut Pen<'_>, row: usize, (left, y): (f64, f64), (side, tall): (f64, f64)) {
        let empty = Vec::new();
        let counts = self.counts.get(row).unwrap_or(&empty);
        let total: f64 = counts.iter().sum();
        for (column, &count) in counts.iter().enumerate() {
            let share = if total > 0.0 { count / total } else { 0.0 };
            let color = self.color(row == column, share);
            let at = (left + side * column as f64, y);
            pen.rect(at, (side - 1.5, tall - 1.5), &color);
            let text = number::grouped(count as i64);
            let font = Font { size: if side < 40.0 { 12.0 } else { 13.0 }, align: Align::Center, ..TEXT };
            let color = if count == 0.0 { MUTED } else { palette::on(color) };
            if tall >= 17.0 && pen.width(&text, font) < side - 2.0 {
                pen.text(&text, (at.0 + (side - 1.5) / 2.0, y + tall / 2.0 - 1.0), Font { color, ..font });
            }
        }
    }

    fn color(&self, diagonal: bool, share: f64) -> RGBColor {
        if self.confusion && !diagonal {
            palette::tint(palette::series(1), share.max(0.0).sqrt() * 1.4)
        } else {
            palette::tint(palette::DEEP, share)
        }
    }
}

/// Whether the label of every row (or column) `size` high fits, or only every nth.
fn shown(index: usize, size: f64, needed: f64) -> bool {
    index.is_multiple_of((needed / size).ceil().max(1.0) as usize)
}

//! A table as colored cells: confusion matrices, clusters against classes, metrics against two params. Knows no stage.

use plotters::style::RGBColor;

use crate::report::Result;
use crate::report::draw::WIDTH;
use crate::report::draw::frame::{self, TEXT};
use crate::report::draw::palette::{self, INK, MUTED};
use crate::report::draw::pen::{self, Align, Font, Pen, Png};
use crate::report::number;

/// Rows and columns of a map that can still be read.
pub const MOST_ROWS: usize = 64;

/// Characters of a number in a cell.
const LONGEST: usize = 7;

/// A colored cell.
pub struct Cell {
    pub text: String,
    pub color: RGBColor,
    /// Nothing is there to be read.
    pub faint: bool,
}

/// Cells in rows and columns.
pub struct HeatMap<'a> {
    pub title: &'a str,
    /// What a row is, and what a column is.
    pub row_label: &'a str,
    pub column_label: &'a str,
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    pub cells: Vec<Vec<Cell>>,
}

impl HeatMap<'_> {
    /// The map as PNG.
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
            frame::title(pen, self.title, 2.0);
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
                for (column, cell) in self.cells.get(row).into_iter().flatten().enumerate() {
                    cell.draw(pen, (left + side * column as f64, y), (side, tall));
                }
            }
        })
    }
}

impl Cell {
    fn draw(&self, pen: &mut Pen<'_>, (x, y): (f64, f64), (side, tall): (f64, f64)) {
        pen.rect((x, y), (side - 1.5, tall - 1.5), &self.color);
        let font = Font { size: if side < 40.0 { 12.0 } else { 13.0 }, align: Align::Center, ..TEXT };
        let color = if self.faint { MUTED } else { palette::on(self.color) };
        if tall >= 17.0 && pen.width(&self.text, font) < side - 2.0 {
            pen.text(&self.text, (x + (side - 1.5) / 2.0, y + tall / 2.0 - 1.0), Font { color, ..font });
        }
    }
}

/// Counts: a cell's color is its share of its row. `confusion`: rows and columns are the same classes; off the diagonal
/// stand mistakes, in another color and on a square-root scale, so that a share of one percent is still seen.
pub fn counts(counts: &[Vec<f64>], confusion: bool) -> Vec<Vec<Cell>> {
    let cells = |(row, counts): (usize, &Vec<f64>)| {
        let total: f64 = counts.iter().sum();
        let cell = |(column, &count): (usize, &f64)| {
            let share = if total > 0.0 { count / total } else { 0.0 };
            let color = match confusion && row != column {
                true => palette::tint(palette::series(1), share.max(0.0).sqrt() * 1.4),
                false => palette::tint(palette::DEEP, share),
            };
            Cell { text: number::grouped(count as i64), color, faint: count == 0.0 }
        };
        counts.iter().enumerate().map(cell).collect()
    };
    counts.iter().enumerate().map(cells).collect()
}

/// Values: the darker, the larger, or the smaller where `lower` is better. NaN stands for none.
pub fn values(values: &[Vec<f64>], lower: bool) -> Vec<Vec<Cell>> {
    let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let cell = |value: &f64| {
        if !value.is_finite() {
            return Cell { text: "–".into(), color: palette::tint(palette::DEEP, 0.0), faint: true };
        }
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        let share = if lower { 1.0 - share } else { share };
        // What is too long for most cells has two digits.
        let text =
            Some(number::short(*value)).filter(|text| text.len() <= LONGEST).unwrap_or_else(|| number::rough(*value));
        Cell { text, color: palette::tint(palette::DEEP, 0.05 + 0.9 * share), faint: false }
    };
    values.iter().map(|row| row.iter().map(cell).collect()).collect()
}

/// Whether the label of every row (or column) `size` high fits, or only every nth.
fn shown(index: usize, size: f64, needed: f64) -> bool {
    index.is_multiple_of((needed / size).ceil().max(1.0) as usize)
}

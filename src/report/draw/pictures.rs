//! Rows of sample images and of error maps. Knows pixels and nothing of models.

use plotters::style::RGBColor;

use crate::artifact::array::Array;
use crate::report::draw::WIDTH;
use crate::report::draw::frame::{self, TEXT};
use crate::report::draw::palette::{self, INK};
use crate::report::draw::pen::{self, Align, Font, Pen, Png};
use crate::report::{Result, number};

/// How pixel values become colors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Look {
    /// The low end of the images' range is black, the high end white; three channels are red, green and blue.
    Picture,
    /// The mean over channels from 0 (black) to `full` (pale yellow).
    Heat { full: f64 },
}

/// Images in one row with what they are.
pub struct Row<'a> {
    pub label: &'a str,
    pub images: &'a Images,
    pub look: Look,
}

/// Images of one size, `f32` in height, width, channel order.
#[derive(Clone)]
pub struct Images {
    pub shape: [usize; 3],
    pub pixels: Vec<Vec<f32>>,
    /// What is black and what is white.
    pub range: [f32; 2],
}

impl Images {
    /// The first `count` images of an array `[n, h, w, c]`; `None` when it is no array of pictures: other axes, or
    /// rows of features.
    pub fn take(array: &Array<f32>, count: usize) -> Option<Self> {
        let [n, h, w, c] = *array.shape() else { return None };
        Self::new([h, w, c], &array.values()[..n.min(count) * h * w * c])
    }

    /// Images that lie one after another in `values`; `None` when there is none or they are no pictures.
    pub fn new(shape: [usize; 3], values: &[f32]) -> Option<Self> {
        let [h, w, c] = shape;
        if values.is_empty() || h * w < 2 || c == 0 {
            return None;
        }
        let pixels: Vec<Vec<f32>> = values.chunks_exact(h * w * c).map(<[f32]>::to_vec).collect();
        Some(Self { shape, pixels, range: [0.0, 1.0] })
    }

    /// From black to white: 0 to 1 when all pixels are in it, else from the least to the greatest of them.
    pub fn spread(&self) -> [f32; 2] {
        let all = self.pixels.iter().flatten().copied().filter(|value| value.is_finite());
        let (low, high) = all.fold((0f32, 1f32), |(low, high), value| (low.min(value), high.max(value)));
        if low < -1e-3 || high > 1.0 + 1e-3 { [low, high] } else { [0.0, 1.0] }
    }

    /// Some of the images.
    pub fn part(&self, start: usize, count: usize) -> Self {
        Self { pixels: self.pixels.iter().skip(start).take(count).cloned().collect(), ..*self }
    }

    /// Largest finite pixel.
    pub fn largest(&self) -> f64 {
        let all = self.pixels.iter().flatten().copied().filter(|value| value.is_finite());
        f64::from(all.fold(0.0, f32::max))
    }

    fn color(&self, image: usize, look: Look, x: usize, y: usize) -> RGBColor {
        let [_, w, c] = self.shape;
        let pixel = &self.pixels[image][(y * w + x) * c..(y * w + x + 1) * c];
        let mean = pixel.iter().sum::<f32>() / c as f32;
        let [low, high] = self.range;
        let byte = |value: f32| (((value - low) / (high - low)).clamp(0.0, 1.0) * 255.0).round() as u8;
        match look {
            Look::Heat { full } => palette::heat(f64::from(mean) / full.max(1e-12)),
            Look::Picture if c == 3 => RGBColor(byte(pixel[0]), byte(pixel[1]), byte(pixel[2])),
            Look::Picture => RGBColor(byte(mean), byte(mean), byte(mean)),
        }
    }

    /// Draws one image into a box.
    pub fn draw(&self, pen: &mut Pen<'_>, image: usize, look: Look, at: (f64, f64), size: (f64, f64)) {
        let [h, w, _] = self.shape;
        pen.picture(at, size, (w, h), |x, y| self.color(image, look, x, y));
    }
}

/// Images in a row at most; a few more when that saves a row.
const ACROSS: usize = 8;
const MOST_ACROSS: usize = 10;
const GAP: f64 = 4.0;

/// Rows of images, one under the other, eight across; more images give further blocks of rows. `names` stand under
/// the images of the last row; `scale` adds a color scale for heat rows.
pub fn strips(title: &str, rows: &[Row<'_>], names: &[String], scale: Option<(f64, &str)>) -> Result<Png> {
    const LABEL: f64 = 24.0;
    let count = rows.iter().map(|row| row.images.pixels.len()).max().unwrap_or(0);
    let across = if count <= MOST_ACROSS { count.max(1) } else { ACROSS };
    let columns = across.max(ACROSS) as f64;
    let side = ((WIDTH - GAP * (columns - 1.0)) / columns).floor();
    let blocks = count.div_ceil(across).max(1);
    let pitch: Vec<f64> = rows.iter().map(|row| LABEL + tall(row, side)).collect();
    let names_height = if names.is_empty() { 0.0 } else { 22.0 };
    let block = pitch.iter().sum::<f64>() + names_height + 8.0;
    let scale_height = if scale.is_some() { 54.0 } else { 0.0 };
    pen::draw((WIDTH, 26.0 + block * blocks as f64 + scale_height), |pen| {
        frame::title(pen, title, 0.0);
        for start in (0..blocks).map(|index| index * across) {
            let mut y = 26.0 + block * (start / across) as f64;
            for (row, pitch) in rows.iter().zip(&pitch) {
                let label = pen.fitted(row.label, WIDTH, TEXT);
                pen.text(&label, (0.0, y + LABEL / 2.0 + 1.0), TEXT);
                let shown = row.images.pixels.len().min(start + across);
                for image in start..shown {
                    let x = (side + GAP) * (image - start) as f64;
                    row.images.draw(pen, image, row.look, (x, y + LABEL), (side, pitch - LABEL));
                }
                y += pitch;
            }
            for (index, name) in names.iter().enumerate().skip(start).take(across) {
                let font = Font { color: INK, align: Align::Center, ..TEXT };
                let name = pen.fitted(name, side, font);
                pen.text(&name, ((side + GAP) * (index - start) as f64 + side / 2.0, y + 12.0), font);
            }
        }
        if let Some((full, unit)) = scale {
            color_scale(pen, (0.0, 26.0 + block * blocks as f64 + 6.0), WIDTH, full, unit);
        }
    })
}

/// A row of tiles.
pub struct TileRow {
    /// Stands at its left; empty in all rows for no room there.
    pub label: String,
    pub images: Images,
}

/// Images edge to edge in rows. After each column in `breaks` there is a gap.
pub fn tiles(title: &str, rows: &[TileRow], breaks: &[usize]) -> Result<Png> {
    const TOP: f64 = 30.0;
    const BREAK: f64 = 8.0;
    let columns = rows.iter().map(|row| row.images.pixels.len()).max().unwrap_or(0).max(1);
    let [h, w, _] = rows.first().map_or([1; 3], |row| row.images.shape);
    let left = if rows.iter().all(|row| row.label.is_empty()) { 0.0 } else { 70.0 };
    let room = WIDTH - left - BREAK * breaks.len() as f64;
    let side = (room / columns as f64).min(room / ACROSS as f64);
    let pitch = (side * h as f64 / w.max(1) as f64).clamp(2.0, side * 4.0);
    pen::draw((WIDTH, TOP + pitch * rows.len() as f64 + 2.0), |pen| {
        frame::title(pen, title, 0.0);
        for (index, row) in rows.iter().enumerate() {
            let y = TOP + pitch * index as f64;
            let label = pen.fitted(&row.label, left - 8.0, TEXT);
            pen.text(&label, (0.0, y + pitch / 2.0), TEXT);
            for image in 0..row.images.pixels.len() {
                let gaps = breaks.iter().filter(|column| **column < image).count();
                let x = left + side * image as f64 + BREAK * gaps as f64;
                row.images.draw(pen, image, Look::Picture, (x, y), (side, pitch));
            }
        }
    })
}

fn tall(row: &Row<'_>, side: f64) -> f64 {
    let [h, w, _] = row.images.shape;
    (side * h as f64 / w.max(1) as f64).clamp(2.0, side * 4.0)
}

/// One heat map, large, with its scale.
pub fn heat(title: &str, map: &Images, unit: &str) -> Result<Png> {
    let [h, w, _] = map.shape;
    let side = 280.0;
    let tall = (side * h as f64 / w.max(1) as f64).min(420.0);
    let full = map.largest();
    pen::draw((WIDTH, 34.0 + tall + 62.0), |pen| {
        frame::title(pen, title, 0.0);
        map.draw(pen, 0, Look::Heat { full }, (0.0, 34.0), (side, tall));
        color_scale(pen, (0.0, 34.0 + tall + 12.0), side, full, unit);
    })
}

/// A bar from 0 to `full` with both ends and the unit.
fn color_scale(pen: &mut Pen<'_>, (x, y): (f64, f64), width: f64, full: f64, unit: &str) {
    pen.picture((x, y), (width, 12.0), (256, 1), |column, _| palette::heat(column as f64 / 255.0));
    pen.text("0", (x, y + 25.0), TEXT);
    pen.text(&number::short(full), (x + width, y + 25.0), Font { align: Align::Right, ..TEXT });
    pen.text(unit, (x + width / 2.0, y + 25.0), Font { align: Align::Center, ..TEXT });
}

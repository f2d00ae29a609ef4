//! A drawing surface in CSS pixels over plotters' bitmap backend. Everything is drawn four times as large as it will
//! be shown and averaged down to twice, so that lines, circles and pictures have smooth edges and the PNG is crisp on
//! dense screens. Knows no axes.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, ScaleFont, point};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color, RGBAColor, RGBColor};

use crate::report::{Error, Result};

/// PNG pixels to a CSS pixel.
pub const SCALE: u32 = 2;
/// Drawn pixels to a PNG pixel, along each axis.
const OVERSAMPLING: u32 = 2;
/// Drawn pixels to a CSS pixel.
const UNIT: f64 = (SCALE * OVERSAMPLING) as f64;
/// Drawn pixels in a picture: what makers of figures stay well under.
const MOST_PIXELS: usize = 200_000_000;
/// Height of DejaVu's line box in ems, by which ab_glyph measures a font.
const LINE_BOX: f64 = 1.164;
/// Height of DejaVu's capitals in ems.
const CAPITALS: f64 = 0.729;

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub struct Font {
    /// Em in CSS pixels.
    pub size: f64,
    pub bold: bool,
    pub color: RGBColor,
    pub align: Align,
}

/// A finished drawing.
pub struct Png {
    pub bytes: Vec<u8>,
    /// In PNG pixels.
    pub width: u32,
    pub height: u32,
}

/// Draws in CSS pixels from the top left corner. The first error is kept and comes out at the end.
pub struct Pen<'a> {
    backend: BitMapBackend<'a>,
    failure: Option<String>,
}

/// Draws a picture of `size` CSS pixels on white.
pub fn draw(size: (f64, f64), paint: impl FnOnce(&mut Pen<'_>)) -> Result<Png> {
    let (width, height) = ((size.0 * SCALE as f64).ceil() as u32, (size.1 * SCALE as f64).ceil() as u32);
    let large = (width * OVERSAMPLING, height * OVERSAMPLING);
    let area = large.0 as usize * large.1 as usize;
    if area > MOST_PIXELS {
        return Err(Error::Drawing(format!("a picture of {} x {} pixels is too large", width, height)));
    }
    let mut pixels = vec![255; area * 3];
    let mut pen = Pen { backend: BitMapBackend::with_buffer(&mut pixels, large), failure: None };
    paint(&mut pen);
    let failure = pen.failure.take();
    drop(pen);
    match failure {
        Some(failure) => Err(Error::Drawing(failure)),
        None => Ok(Png { bytes: encode(&average(&pixels, width, height), width, height)?, width, height }),
    }
}

impl Pen<'_> {
    fn note<E: std::fmt::Display>(&mut self, result: std::result::Result<(), E>) {
        if let (Err(error), None) = (result, &self.failure) {
            self.failure = Some(error.to_string());
        }
    }

    /// A filled rectangle.
    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), color: &impl Color) {
        let (from, to) = (device((x, y)), device((x + width, y + height)));
        if to.0 > from.0 && to.1 > from.1 {
            let result = self.backend.draw_rect(from, (to.0 - 1, to.1 - 1), &rgba(color), true);
            self.note(result);
        }
    }

    /// A straight line, `width` CSS pixels wide.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), width: f64, color: &impl Color) {
        let half = width / 2.0;
        if from.1 == to.1 {
            return self.rect((from.0.min(to.0), from.1 - half), ((to.0 - from.0).abs(), width), color);
        }
        if from.0 == to.0 {
            return self.rect((from.0 - half, from.1.min(to.1)), (width, (to.1 - from.1).abs()), color);
        }
        let style = rgba(color).stroke_width((width * UNIT).round().max(1.0) as u32);
        let result = self.backend.draw_line(device(from), device(to), &style);
        self.note(result);
    }

    /// Joined lines with round joins; points that are not finite break the line.
    pub fn polyline(&mut self, points: &[(f64, f64)], width: f64, color: &impl Color) {
        let mut last: Option<(f64, f64)> = None;
        for &point in points {
            let finite = point.0.is_finite() && point.1.is_finite();
            match last {
                _ if !finite => last = None,
                Some(from) if (from.0 - point.0).abs() + (from.1 - point.1).abs() < 0.25 => {}
                Some(from) => {
                    self.line(from, point, width, color);
                    self.circle(point, width / 2.0, color);
                    last = Some(point);
                }
                None => {
                    self.circle(point, width / 2.0, color);
                    last = Some(point);
                }
            }
        }
    }

    /// A dashed horizontal or vertical line.
    pub fn dashed(&mut self, from: (f64, f64), to: (f64, f64), width: f64, color: &impl Color) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |t: f64| (from.0 + (to.0 - from.0) * t / length, from.1 + (to.1 - from.1) * t / length);
        let mut start = 0.0;
        while start < length {
            self.line(at(start), at((start + 5.0).min(length)), width, color);
            start += 9.0;
        }
    }

    /// A filled disc.
    pub fn circle(&mut self, center: (f64, f64), radius: f64, color: &impl Color) {
        let radius = (radius * UNIT).round().max(1.0) as u32;
        let result = self.backend.draw_circle(device(center), radius, &rgba(color), true);
        self.note(result);
    }

    /// A filled polygon.
    pub fn polygon(&mut self, points: &[(f64, f64)], color: &impl Color) {
        let result = self.backend.fill_polygon(points.iter().map(|&point| device(point)), &rgba(color));
        self.note(result);
    }

    /// One line of text, vertically centered on its capitals.
    pub fn text(&mut self, text: &str, (x, y): (f64, f64), font: Font) {
        let x = match font.align {
            Align::Left => x,
            Align::Center => x - self.width(text, font) / 2.0,
            Align::Right => x - self.width(text, font),
        };
        let baseline = ((y + font.size * CAPITALS / 2.0) * UNIT).round() as f32;
        let (width, height) = self.backend.get_size();
        let Some(face) = self.face(font) else { return };
        for (glyph, offset) in glyphs(face, text, font) {
            let position = point((x * UNIT) as f32 + offset, baseline);
            let Some(outline) = face.outline_glyph(glyph.with_scale_and_position(scale(font), position)) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|across, down, cover| {
                let (x, y) = (corner.x as i32 + across as i32, corner.y as i32 + down as i32);
                if (0..width as i32).contains(&x) && (0..height as i32).contains(&y) {
                    let color = font.color.mix(f64::from(cover.clamp(0.0, 1.0))).to_backend_color();
                    let result = self.backend.draw_pixel((x, y), color);
                    self.note(result);
                }
            });
        }
    }

    /// Text with a white outline, readable on any drawing.
    pub fn label(&mut self, text: &str, (x, y): (f64, f64), font: Font) {
        let halo = Font { color: RGBColor(255, 255, 255), ..font };
        for step in 0..12 {
            let angle = f64::from(step) * std::f64::consts::TAU / 12.0;
            self.text(text, (x + 1.6 * angle.cos(), y + 1.6 * angle.sin()), halo);
        }
        self.text(text, (x, y), font);
    }

    /// How wide a text is, in CSS pixels.
    pub fn width(&mut self, text: &str, font: Font) -> f64 {
        let Some(face) = self.face(font) else { return 0.0 };
        let end = glyphs(face, text, font).last();
        end.map_or(0.0, |(glyph, offset)| f64::from(offset + face.as_scaled(scale(font)).h_advance(glyph)) / UNIT)
    }

    /// The built-in font: no system has to have one.
    fn face(&mut self, font: Font) -> Option<&'static FontRef<'static>> {
        static FACES: LazyLock<[Option<FontRef<'static>>; 2]> = LazyLock::new(|| {
            [dejavu::sans::regular(), dejavu::sans::bold()].map(|bytes| FontRef::try_from_slice(bytes).ok())
        });
        let face = FACES[usize::from(font.bold)].as_ref();
        if face.is_none() {
            self.note(Err("the built-in font is unreadable"));
        }
        face
    }

    /// The text, cut with an ellipsis where it would be wider than `room`.
    pub fn fitted(&mut self, text: &str, room: f64, font: Font) -> String {
        if self.width(text, font) <= room {
            return text.to_owned();
        }
        let mut short: String = text.to_owned();
        while short.pop().is_some() {
            let candidate = format!("{}…", short.trim_end());
            if self.width(&candidate, font) <= room {
                return candidate;
            }
        }
        String::new()
    }

    /// A picture of `columns` by `rows` colors stretched over a rectangle, without smoothing when it grows.
    pub fn picture(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        (columns, rows): (usize, usize),
        color: impl Fn(usize, usize) -> RGBColor,
    ) {
        let (from, to) = (device((x, y)), device((x + width, y + height)));
        let (across, down) = ((to.0 - from.0).max(0) as usize, (to.1 - from.1).max(0) as usize);
        if columns == 0 || rows == 0 || across == 0 || down == 0 {
            return;
        }
        let mut bytes = Vec::with_capacity(across * down * 3);
        for row in 0..down {
            for column in 0..across {
                let RGBColor(red, green, blue) = color(column * columns / across, row * rows / down);
                bytes.extend([red, green, blue]);
            }
        }
        let result = self.backend.blit_bitmap(from, (across as u32, down as u32), &bytes);
        self.note(result);
    }
}

fn device((x, y): (f64, f64)) -> (i32, i32) {
    ((x * UNIT).round() as i32, (y * UNIT).round() as i32)
}

fn rgba(color: &impl Color) -> RGBAColor {
    let color = color.to_backend_color();
    RGBAColor(color.rgb.0, color.rgb.1, color.rgb.2, color.alpha)
}

fn scale(font: Font) -> f32 {
    (font.size * LINE_BOX * UNIT) as f32
}

/// The glyphs of a text, each with its distance from the text's beginning in drawn pixels.
fn glyphs<'t>(
    face: &'static FontRef<'static>,
    text: &'t str,
    font: Font,
) -> impl Iterator<Item = (ab_glyph::GlyphId, f32)> + 't {
    let scaled = face.as_scaled(scale(font));
    let (mut pen, mut last) = (0.0, None);
    text.chars().map(move |character| {
        let glyph = face.glyph_id(character);
        pen += last.map_or(0.0, |last| scaled.kern(last, glyph));
        let at = pen;
        pen += scaled.h_advance(glyph);
        last = Some(glyph);
        (glyph, at)
    })
}

/// The mean of every square of drawn pixels.
fn average(large: &[u8], width: u32, height: u32) -> Vec<u8> {
    let (across, factor) = ((width * OVERSAMPLING) as usize, OVERSAMPLING as usize);
    let mut small = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height as usize {
        for x in 0..width as usize {
            for channel in 0..3 {
                let mut sum = 0;
                for row in y * factor..(y + 1) * factor {
                    for column in x * factor..(x + 1) * factor {
                        sum += u32::from(large[(row * across + column) * 3 + channel]);
                    }
                }
                small.push((sum / (OVERSAMPLING * OVERSAMPLING)) as u8);
            }
        }
    }
    small
}

/// PNG bytes; a drawing without colors is stored without them.
fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    let gray = pixels.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
    let data: Vec<u8> = if gray { pixels.iter().copied().step_by(3).collect() } else { pixels.to_vec() };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(if gray { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let failed = |error: png::EncodingError| Error::Drawing(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

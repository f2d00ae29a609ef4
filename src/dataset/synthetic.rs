//! `synthetic-digits`: ten digits drawn by code, 28x28 pixels, for when no data set can be had and for tests.
//!
//! Each digit is one or two sets of strokes (quadratic B-splines through a grid 10 wide and 14 high). A sample jitters
//! the control points, draws the strokes with a random width through a random affine map, anti-aliased, and adds a
//! little noise. A linear classifier on the pixels gets about nine in ten right, a small network nearly all. Only
//! additions, multiplications, divisions and square roots are used, so every machine draws the same pixels.

use crate::artifact::array::Array;

use super::error::DatasetError;
use super::noise::Bits;
use super::raw::{Part, Raw};
use super::split::Pixels;

/// Part of the data's identity: raised whenever the same counts would give other pixels.
pub const VERSION: u32 = 1;

/// Pixels on a side.
pub const SIDE: usize = 28;

/// Names of the classes.
pub const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

type Point = [f32; 2];

/// A stroke's control points, and whether it closes on itself.
struct Stroke(&'static [Point], bool);

const fn line(points: &'static [Point]) -> Stroke {
    Stroke(points, false)
}

const fn ring(points: &'static [Point]) -> Stroke {
    Stroke(points, true)
}

/// Digit -> the ways it is written -> strokes.
const GLYPHS: [&[&[Stroke]]; 10] = [
    &[&[ring(&[[5., 0.], [1., 0.5], [0., 7.], [1., 13.5], [5., 14.], [9., 13.5], [10., 7.], [9., 0.5]])]],
    &[
        &[line(&[[2., 3.5], [6., 0.]]), line(&[[6., 0.], [6., 14.]])],
        &[line(&[[5., 0.], [5., 14.]])],
        &[line(&[[2., 3.5], [6., 0.]]), line(&[[6., 0.], [6., 14.]]), line(&[[2.5, 14.], [9.5, 14.]])],
    ],
    &[&[
        line(&[[0., 3.], [1., 0.], [6., -1.], [10., 0.], [10., 5.], [6., 8.], [0., 14.]]),
        line(&[[0., 14.], [10., 14.]]),
    ]],
    &[&[
        line(&[[0.5, 1.5], [3., -0.5], [9., -0.5], [10., 4.], [7., 6.8], [4., 6.8]]),
        line(&[[4., 6.8], [8., 6.8], [11., 10.], [9., 14.5], [3., 14.5], [0., 12.]]),
    ]],
    &[
        &[line(&[[7., 0.], [0., 9.]]), line(&[[0., 9.], [10., 9.]]), line(&[[7., 0.], [7., 14.]])],
        &[line(&[[1., 0.], [0.5, 8.]]), line(&[[0.5, 8.], [9.5, 8.]]), line(&[[8.5, 0.], [8., 14.]])],
    ],
    &[&[
        line(&[[9., 0.], [2., 0.]]),
        line(&[[2., 0.], [1., 6.]]),
        line(&[[1., 6.], [5., 4.5], [10., 5.5], [11., 10.5], [8., 14.5], [2., 14.], [0., 12.5]]),
    ]],
    &[&[line(&[
        [8., 0.],
        [4., 1.],
        [0., 6.],
        [0., 11.],
        [2., 14.5],
        [8., 14.5],
        [10., 11.],
        [8., 7.],
        [3., 7.],
        [0.5, 10.],
    ])]],
    &[
        &[line(&[[0., 0.], [10., 0.]]), line(&[[10., 0.], [7., 5.], [4., 14.]])],
        &[line(&[[0., 0.], [10., 0.]]), line(&[[10., 0.], [7., 5.], [4., 14.]]), line(&[[3., 7.], [9., 7.]])],
    ],
    &[&[
        ring(&[[5., 0.], [1., 0.], [0.5, 5.], [5., 7.], [9.5, 5.], [9., 0.]]),
        ring(&[[5., 6.5], [0., 8.], [0., 14.], [5., 14.5], [10., 14.], [10., 8.]]),
    ]],
    &[
        &[
            ring(&[[5., -0.5], [1., 0.], [0., 5.], [3., 8.], [8., 8.], [10., 4.], [9., 0.]]),
            line(&[[9.3, 3.], [9.5, 8.], [9., 14.]]),
        ],
        &[
            ring(&[[5., -0.5], [1., 0.], [0., 5.], [3., 8.], [8., 8.], [10., 4.], [9., 0.]]),
            line(&[[9.3, 3.], [10., 11.], [7., 14.5], [2., 13.]]),
        ],
    ],
];

/// Draws a data set. The same counts give the same pixels; more samples begin with the fewer ones.
pub fn draw(train: usize, test: usize) -> Result<Raw, DatasetError> {
    let part = |count, stream| -> Result<Part, DatasetError> {
        let labels: Vec<u32> = (0..count as u32).map(|row| label(stream, row)).collect();
        let mut pixels = vec![0; count * SIDE * SIDE];
        for (row, (image, label)) in pixels.chunks_exact_mut(SIDE * SIDE).zip(&labels).enumerate() {
            draw_digit(*label as usize, sample_bits(stream, row as u32), image);
        }
        let images = Array::new(&[count, SIDE, SIDE, 1], pixels)
            .ok_or_else(|| DatasetError::new("too many synthetic digits for one array"))?;
        Ok(Part { images: Pixels::Bytes(images), labels: Some(labels) })
    };
    Ok(Raw {
        name: "synthetic-digits".into(),
        classes: CLASSES.map(str::to_owned).to_vec(),
        train: part(train, 0)?,
        test: Some(part(test, 1)?),
    })
}

fn sample_bits(stream: u64, row: u32) -> Bits {
    Bits::new(u64::from(VERSION)).within(stream).within(u64::from(row))
}

/// Every ten consecutive samples show every digit once, in random order.
fn label(stream: u64, row: u32) -> u32 {
    let mut digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    Bits::new(u64::from(VERSION)).within(stream + 2).within(u64::from(row / 10)).shuffle(&mut digits);
    digits[row as usize % 10]
}

/// Random numbers in order.
struct Dice {
    bits: Bits,
    thrown: u64,
}

impl Dice {
    fn between(&mut self, low: f32, high: f32) -> f32 {
        self.thrown += 1;
        low + (high - low) * self.bits.uniform(self.thrown)
    }

    /// Near zero more often than far from it: the mean of two even draws.
    fn around_zero(&mut self, reach: f32) -> f32 {
        (self.between(-reach, reach) + self.between(-reach, reach)) * 0.5
    }
}

/// From glyph coordinates to pixels.
struct Affine {
    matrix: [f32; 4],
    shift: Point,
}

impl Affine {
    fn random(dice: &mut Dice) -> Self {
        // A rotation by its half angle's tangent, which needs no sine.
        let tangent = dice.around_zero(0.2);
        let (cos, sin) =
            ((1.0 - tangent * tangent) / (1.0 + tangent * tangent), 2.0 * tangent / (1.0 + tangent * tangent));
        let (width, height) = (dice.between(0.85, 1.4), dice.between(1.05, 1.5));
        let slant = dice.around_zero(0.4);
        let matrix =
            [cos * width, cos * slant * height - sin * height, sin * width, sin * slant * height + cos * height];
        Self { matrix, shift: [14.0 + dice.around_zero(3.5), 14.0 + dice.around_zero(3.5)] }
    }

    fn map(&self, [x, y]: Point) -> Point {
        let (x, y) = (x - 5.0, y - 7.0);
        let [a, b, c, d] = self.matrix;
        [a * x + b * y + self.shift[0], c * x + d * y + self.shift[1]]
    }
}

fn draw_digit(digit: usize, bits: Bits, image: &mut [u8]) {
    let mut dice = Dice { bits, thrown: 0 };
    let styles = GLYPHS[digit];
    let style = styles[(dice.between(0.0, styles.len() as f32) as usize).min(styles.len() - 1)];
    let affine = Affine::random(&mut dice);
    let radius = dice.between(0.6, 1.7);
    let ink = dice.between(0.7, 1.0);
    let jitter = dice.between(0.4, 1.3);
    let mut canvas = [0.0f32; SIDE * SIDE];
    for Stroke(points, closed) in style {
        let points: Vec<Point> = points
            .iter()
            .map(|[x, y]| affine.map([x + dice.around_zero(jitter), y + dice.around_zero(jitter)]))
            .collect();
        for pair in curve(&points, *closed).windows(2) {
            draw_segment(pair[0], pair[1], radius, &mut canvas);
        }
    }
    let grain = dice.between(0.0, 0.12);
    for (pixel, cover) in image.iter_mut().zip(canvas) {
        let value = cover * ink + dice.around_zero(grain);
        *pixel = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    }
}

/// Points along the quadratic B-spline of the control points; an open one begins and ends at its outer points.
fn curve(control: &[Point], closed: bool) -> Vec<Point> {
    const STEPS: usize = 4;
    let middle = |a: Point, b: Point| [(a[0] + b[0]) * 0.5, (a[1] + b[1]) * 0.5];
    let count = control.len();
    let (inner, mut points) = if closed {
        (0..count, vec![middle(control[count - 1], control[0])])
    } else {
        (1..count - 1, vec![control[0]])
    };
    let (first, last) = (inner.start, inner.end);
    for at in inner {
        let from = points[points.len() - 1];
        let to =
            if !closed && at + 1 == last { control[count - 1] } else { middle(control[at], control[(at + 1) % count]) };
        for step in 1..=STEPS {
            let t = step as f32 / STEPS as f32;
            let blend = |axis: usize| {
                (1.0 - t) * (1.0 - t) * from[axis] + 2.0 * t * (1.0 - t) * control[at][axis] + t * t * to[axis]
            };
            points.push([blend(0), blend(1)]);
        }
    }
    if first == last {
        points.push(control[count - 1]);
    }
    points
}

/// Covers the pixels within `radius` of a segment; the edge fades over one pixel.
fn draw_segment(from: Point, to: Point, radius: f32, canvas: &mut [f32; SIDE * SIDE]) {
    let reach = radius + 0.5;
    let span = |axis: usize| {
        let low = (from[axis].min(to[axis]) - reach).max(0.0) as usize;
        let high = (from[axis].max(to[axis]) + reach + 1.0).clamp(0.0, SIDE as f32) as usize;
        low.min(high)..high
    };
    let along = [to[0] - from[0], to[1] - from[1]];
    let length2 = (along[0] * along[0] + along[1] * along[1]).max(1e-6);
    for y in span(1) {
        for x in span(0) {
            let offset = [x as f32 - from[0], y as f32 - from[1]];
            let part = ((offset[0] * along[0] + offset[1] * along[1]) / length2).clamp(0.0, 1.0);
            let (dx, dy) = (offset[0] - part * along[0], offset[1] - part * along[1]);
            let cover = (reach - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
            let pixel = &mut canvas[y * SIDE + x];
            *pixel = pixel.max(cover);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::ContentHash;

    fn bytes(part: &Part) -> &[u8] {
        match &part.images {
            Pixels::Bytes(array) => array.values(),
            Pixels::Floats(_) => unreachable!("digits are drawn as bytes"),
        }
    }

    #[test]
    fn the_digits_of_a_version_never_change() {
        let raw = draw(200, 100).unwrap();
        let hash = |part: &Part| ContentHash::of(bytes(part)).short();
        insta::assert_snapshot!(format!("{} {}", hash(&raw.train), hash(raw.test.as_ref().unwrap())), @"fa2a1580 687a3370");
    }

    #[test]
    fn fewer_digits_are_the_first_of_more() {
        let (few, many) = (draw(30, 20).unwrap(), draw(70, 20).unwrap());
        assert_eq!(bytes(&few.train), &bytes(&many.train)[..30 * SIDE * SIDE]);
        assert_eq!(few.train.labels.unwrap(), many.train.labels.unwrap()[..30]);
    }

    #[test]
    fn classes_are_balanced_and_parts_differ() {
        let raw = draw(100, 100).unwrap();
        let test = raw.test.unwrap();
        assert_ne!(bytes(&raw.train), bytes(&test));
        for part in [&raw.train, &test] {
            for digit in 0..10 {
                assert_eq!(part.labels.iter().flatten().filter(|label| **label == digit).count(), 10);
            }
        }
    }

    #[test]
    fn every_digit_has_ink_inside_the_frame_and_differs_from_the_others() {
        let raw = draw(1000, 10).unwrap();
        for image in bytes(&raw.train).chunks_exact(SIDE * SIDE) {
            let dark = image.iter().filter(|pixel| **pixel > 128).count();
            assert!((8..400).contains(&dark), "{dark} dark pixels");
        }
        // Nearest class mean: far better than chance, far from perfect.
        let labels = raw.train.labels.as_ref().unwrap();
        let mut means = vec![[0.0f32; SIDE * SIDE]; 10];
        for (image, label) in bytes(&raw.train).chunks_exact(SIDE * SIDE).zip(labels) {
            means[*label as usize].iter_mut().zip(image).for_each(|(mean, pixel)| *mean += f32::from(*pixel) / 100.0);
        }
        let distance = |mean: &[f32; SIDE * SIDE], image: &[u8]| -> f32 {
            mean.iter().zip(image).map(|(mean, pixel)| (mean - f32::from(*pixel)).powi(2)).sum()
        };
        let right = bytes(&raw.train).chunks_exact(SIDE * SIDE).zip(labels).filter(|(image, label)| {
            let nearest = (0..10).min_by(|a, b| distance(&means[*a], image).total_cmp(&distance(&means[*b], image)));
            nearest == Some(**label as usize)
        });
        let right = right.count();
        assert!((550..930).contains(&right), "{right} of 1000");
    }
}

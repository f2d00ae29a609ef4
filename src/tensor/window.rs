//! Sliding windows over images in height, width, channel order: where they lie, and copying them out and back.

use std::ops::Range;

use super::activation::add;
use super::float::Float;

/// How windows cover an image: its shape, the window's sides, the step between windows, the zero rows and columns
/// before the image, and how many windows fit down and across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub before: [usize; 2],
    pub down: usize,
    pub across: usize,
}

/// Whether windows may reach over the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Enough zeros that stride 1 keeps the image's size; the odd one comes after, as in TensorFlow.
    Same,
    /// None.
    Valid,
}

impl Windows {
    /// Windows over an image of `[height, width, channels]`; `None` when not even one fits.
    pub fn new(
        [height, width, channels]: [usize; 3],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
    ) -> Option<Self> {
        let axis = |size: usize, kernel: usize, stride: usize| match padding {
            Padding::Same => {
                let count = size.div_ceil(stride);
                (count > 0).then(|| (count, ((count - 1) * stride + kernel).saturating_sub(size) / 2))
            }
            Padding::Valid => (size >= kernel).then(|| ((size - kernel) / stride + 1, 0)),
        };
        let (down, above) = axis(height, kernel[0], stride[0])?;
        let (across, left) = axis(width, kernel[1], stride[1])?;
        Some(Self { height, width, channels, kernel, stride, before: [above, left], down, across })
    }

    /// For stride 1: windows over the output image (of `channels`) that lie around each input position.
    pub fn reversed(&self, channels: usize) -> Self {
        let back = |i: usize| self.kernel[i] - 1 - self.before[i];
        Self {
            height: self.down,
            width: self.across,
            channels,
            before: [back(0), back(1)],
            down: self.height,
            across: self.width,
            ..*self
        }
    }

    /// Numbers in an image.
    pub fn image(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Numbers in a window.
    pub fn depth(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.channels
    }

    /// Windows on an image.
    pub fn count(&self) -> usize {
        self.down * self.across
    }

    /// The part of the window row that lies inside the image: where it starts in the window and in the image's row,
    /// and how many positions it spans.
    fn overlap(&self, column: usize) -> (usize, usize, usize) {
        let start = column * self.stride[1];
        let skipped = self.before[1].saturating_sub(start);
        let from = start + skipped - self.before[1].min(start + skipped);
        let end = (start + self.kernel[1]).saturating_sub(self.before[1]).min(self.width);
        (skipped, from, end.saturating_sub(from))
    }

    /// Calls `visit` with the ranges (in the windows, in the images) that hold the same numbers, and with the ranges
    /// in the windows that hold padding (`None`). `lines` counts rows of windows through all images.
    #[inline(always)]
    fn walk(&self, lines: Range<usize>, mut visit: impl FnMut(Range<usize>, Option<Range<usize>>)) {
        let (channels, depth) = (self.channels, self.depth());
        let window_row = self.kernel[1] * channels;
        for line in lines.clone() {
            let (image, down) = (line / self.down, line % self.down);
            for ky in 0..self.kernel[0] {
                let y = (down * self.stride[0] + ky).wrapping_sub(self.before[0]);
                let row = image * self.image() + y.wrapping_mul(self.width * channels);
                let first = (line - lines.start) * self.across * depth + ky * window_row;
                for column in 0..self.across {
                    let window = first + column * depth;
                    if y >= self.height {
                        visit(window..window + window_row, None);
                        continue;
                    }
                    let (skipped, from, count) = self.overlap(column);
                    let inside = window + skipped * channels..window + (skipped + count) * channels;
                    if inside.len() < window_row {
                        visit(window..inside.start, None);
                        visit(inside.end..window + window_row, None);
                    }
                    let from = row + from * channels;
                    visit(inside, Some(from..from + count * channels));
                }
            }
        }
    }

    /// Copies the windows of `lines` out of `images`, one after another, zeros where they reach over the border.
    pub fn copy_out<E: Float>(&self, images: &[E], lines: Range<usize>, windows: &mut [E]) {
        self.walk(lines, |window, image| match image {
            Some(image) => windows[window].copy_from_slice(&images[image]),
            None => windows[window].fill(E::default()),
        });
    }

    /// Adds the windows of `lines` back to where `copy_out` takes them from.
    pub fn add_back<E: Float>(&self, windows: &[E], lines: Range<usize>, images: &mut [E]) {
        self.walk(lines, |window, image| {
            if let Some(image) = image {
                add(&mut images[image], &windows[window]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_zero_after() {
        let windows = Windows::new([4, 5, 1], [2, 3], [1, 2], Padding::Same).unwrap();
        assert_eq!((windows.down, windows.across, windows.before), (4, 3, [0, 1]));
        let windows = Windows::new([7, 7, 2], [3, 3], [2, 2], Padding::Valid).unwrap();
        assert_eq!((windows.down, windows.across, windows.before), (3, 3, [0, 0]));
        assert!(Windows::new([2, 5, 1], [3, 3], [1, 1], Padding::Valid).is_none());
    }

    #[test]
    fn windows_hold_the_image_and_zeros_around_it() {
        let windows = Windows::new([2, 2, 1], [3, 3], [1, 1], Padding::Same).unwrap();
        let mut out = [9.0f32; 36];
        windows.copy_out(&[1.0, 2.0, 3.0, 4.0], 0..2, &mut out);
        assert_eq!(out[..9], [0., 0., 0., 0., 1., 2., 0., 3., 4.]);
        assert_eq!(out[27..], [1., 2., 0., 3., 4., 0., 0., 0., 0.]);
        let mut back = [0.0; 4];
        windows.add_back(&out, 0..2, &mut back);
        assert_eq!(back, [4.0, 8.0, 12.0, 16.0]);
    }

    #[test]
    fn lines_go_on_from_image_to_image() {
        let windows = Windows::new([3, 4, 2], [2, 2], [1, 1], Padding::Valid).unwrap();
        let images: Vec<f64> = (0..48).map(f64::from).collect();
        let mut all = vec![0.0; 4 * 3 * 8];
        windows.copy_out(&images, 0..4, &mut all);
        let mut part = vec![0.0; 2 * 3 * 8];
        windows.copy_out(&images, 1..3, &mut part);
        assert_eq!(part, all[24..72]);
    }
}

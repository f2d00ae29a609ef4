//! Sliding windows over images in height, width, channel order: where they lie, and copying them out and back.

use std::ops::Range;

use super::float::Float;
use super::gemm::Mat;
use super::simd::vectorized;

/// About how many windows are multiplied at once.
const BLOCK: usize = 128;

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

    /// For stride 1: windows over the output image (of `channels`) that lie around each input position, or around the
    /// `upsample` x `upsample` positions that an input pixel was repeated to.
    pub fn reversed(&self, channels: usize, upsample: usize) -> Self {
        Self {
            height: self.down,
            width: self.across,
            channels,
            kernel: self.kernel.map(|side| side + upsample - 1),
            stride: [upsample; 2],
            before: [0, 1].map(|axis| self.kernel[axis] - 1 - self.before[axis]),
            down: self.height / upsample,
            across: self.width / upsample,
        }
    }

    /// Windows over the output of a transposed convolution, one for each position of an input image; the output has
    /// Keras' size: stride times the input's, and what the kernel reaches over that where padding is `Valid`.
    pub fn transposed(
        [height, width, _]: [usize; 3],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: Padding,
        outputs: usize,
    ) -> Self {
        let axis = |size: usize, axis: usize| {
            let (covered, over) = (size.saturating_mul(stride[axis]), kernel[axis].saturating_sub(stride[axis]));
            match padding {
                Padding::Same => (covered, over / 2),
                Padding::Valid => (covered.saturating_add(over), 0),
            }
        };
        let ((down, above), (across, left)) = (axis(height, 0), axis(width, 1));
        let before = [above, left];
        Self { height: down, width: across, channels: outputs, kernel, stride, before, down: height, across: width }
    }

    /// Rows of windows to copy out at once over so many images, and the blocks of them.
    pub fn blocks(&self, images: usize) -> (usize, impl Iterator<Item = Range<usize>> + use<>) {
        let lines = self.down * images;
        let step = (BLOCK / self.across).clamp(1, lines.max(1));
        (step, (0..lines).step_by(step).map(move |first| first..(first + step).min(lines)))
    }

    /// Height, width, channels of an image.
    pub fn shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
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

    /// The part of a window's row that lies inside the image: where it starts in the window and in the image's row,
    /// and how many positions it spans.
    #[inline(always)]
    fn overlap(&self, column: usize) -> (usize, usize, usize) {
        let start = column * self.stride[1];
        let skipped = self.before[1].saturating_sub(start);
        let from = (start + skipped).saturating_sub(self.before[1]);
        let end = (start + self.kernel[1]).saturating_sub(self.before[1]).min(self.width);
        (skipped.min(self.kernel[1]), from, end.saturating_sub(from))
    }

    /// Calls `visit` for each row of each window in `lines` (rows of windows, counted through all images) with the
    /// place of that row in the windows, and the places of the part that lies inside the image: in the windows, in the
    /// images, and its length.
    #[inline(always)]
    fn walk(&self, lines: Range<usize>, mut visit: impl FnMut(usize, usize, usize, usize)) {
        let (channels, depth) = (self.channels, self.depth());
        let window_row = self.kernel[1] * channels;
        for line in lines.clone() {
            let (image, down) = (line / self.down, line % self.down);
            for ky in 0..self.kernel[0] {
                let y = (down * self.stride[0] + ky).wrapping_sub(self.before[0]);
                let first = (line - lines.start) * self.across * depth + ky * window_row;
                let row = image * self.image() + if y < self.height { y * self.width * channels } else { 0 };
                for column in 0..self.across {
                    let window = first + column * depth;
                    let (skipped, from, count) = if y < self.height { self.overlap(column) } else { (0, 0, 0) };
                    visit(window, window + skipped * channels, row + from * channels, count * channels);
                }
            }
        }
    }

    /// The windows of `lines` as a matrix in `memory`, a row for each.
    pub fn matrix<'a, E: Float>(&self, images: &[E], lines: Range<usize>, memory: &'a mut [E]) -> Mat<'a, E> {
        let count = lines.len() * self.across;
        if self.channels == 1 && self.stride[1] == 1 {
            // Of one channel, neighbouring windows hold neighbouring numbers: long runs when written transposed.
            copy_out_transposed(self, images, lines, memory);
            return Mat::new(memory, self.depth(), count).transposed();
        }
        self.copy_out(images, lines, memory);
        Mat::new(memory, count, self.depth())
    }

    /// Copies the windows of `lines` out of `images`, one after another, zeros where they reach over the border.
    pub fn copy_out<E: Float>(&self, images: &[E], lines: Range<usize>, windows: &mut [E]) {
        copy_out(self, images, lines, windows);
    }

    /// Adds the windows of `lines` back to where `copy_out` takes them from.
    pub fn add_back<E: Float>(&self, windows: &[E], lines: Range<usize>, images: &mut [E]) {
        add_back(self, windows, lines, images);
    }
}

vectorized! {
    fn copy_out<E>(layout: &Windows, images: &[E], lines: Range<usize>, windows: &mut [E]) {
        let window_row = layout.kernel[1] * layout.channels;
        layout.walk(lines, |row, inside, image, count| {
            if count < window_row {
                windows[row..row + window_row].fill(E::default());
            }
            copy(&mut windows[inside..inside + count], &images[image..image + count]);
        });
    }
}

vectorized! {
    /// For one channel and windows next to each other: for each place in a window, what all windows hold there.
    fn copy_out_transposed<E>(layout: &Windows, images: &[E], lines: Range<usize>, taps: &mut [E]) {
        let (count, across) = (lines.len() * layout.across, layout.across);
        for (tap, to) in taps.chunks_exact_mut(count).take(layout.depth()).enumerate() {
            let (ky, kx) = (tap / layout.kernel[1], tap % layout.kernel[1]);
            // Columns of windows that are inside the image at this place.
            let first = layout.before[1].saturating_sub(kx).min(across);
            let end = (layout.width + layout.before[1]).saturating_sub(kx).clamp(first, across);
            for (line, to) in lines.clone().zip(to.chunks_exact_mut(across)) {
                let (image, down) = (line / layout.down, line % layout.down);
                let y = (down * layout.stride[0] + ky).wrapping_sub(layout.before[0]);
                if y >= layout.height || first == end {
                    to.fill(E::default());
                    continue;
                }
                let from = image * layout.image() + y * layout.width + first + kx - layout.before[1];
                to[..first].fill(E::default());
                copy(&mut to[first..end], &images[from..from + end - first]);
                to[end..].fill(E::default());
            }
        }
    }
}

/// Copies short runs without a call.
#[inline(always)]
fn copy<E: Float>(to: &mut [E], from: &[E]) {
    if to.len() < 32 {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    } else {
        to.copy_from_slice(from);
    }
}

vectorized! {
    fn add_back<E>(layout: &Windows, windows: &[E], lines: Range<usize>, images: &mut [E]) {
        layout.walk(lines, |_, inside, image, count| {
            let (to, from) = (&mut images[image..image + count], &windows[inside..inside + count]);
            to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
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

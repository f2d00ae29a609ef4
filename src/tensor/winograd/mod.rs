//! Minimal filtering for 3x3 convolutions of stride 1: F(2x2, 3x3) of Winograd, as in Lavin and Gray, "Fast Algorithms
//! for Convolutional Neural Networks" (2015, arXiv 1509.09308). A tile of 2x2 outputs depends on 4x4 inputs; with the
//! inputs and the kernel transformed, a pair of channels costs 16 products a tile instead of 36:
//!
//! ```text
//! V = B' d B     U = G g G'     M = V U, summed over input channels     y = A' M A
//! ```
//!
//! Every step is linear, so the gradients are the same steps transposed: dM = A dy A', dU = V' dM, dV = dM U',
//! dg = G' dU G, dd = B dV B'. Products run over blocks of tiles small enough to stay in the cache, transforms over
//! groups of channels.
//!
//! Behind nearest-neighbour upsampling by 2 a tile's rows are the pixels a, b, b, c, and one of the four differences
//! that make V vanishes, across as well as down: 9 products a tile are left, and the larger image is never written.
//!
//! Knows no tensor, bias or activation.

use std::ops::Range;

use super::float::Float;
use super::gemm::{Mat, multiply};
use super::window::Windows;

mod transforms;

use transforms::{
    LANES, Square, inverse_data, inverse_kernel, inverse_sums, transform_data, transform_kernel, transform_sums,
    transpose,
};

/// About how many tiles are multiplied at once.
const BLOCK: usize = 48;

/// A convolution that can be computed this way.
#[derive(Clone, Copy, Debug)]
pub struct Winograd {
    /// Over the image after upsampling.
    windows: Windows,
    outputs: usize,
    /// Tiles on an image.
    down: usize,
    across: usize,
    /// Pixels from tile to tile.
    step: usize,
    /// Pixels on a side of a tile, and points on a side of it once transformed.
    side: usize,
}

/// What is computed in.
struct Space<'a, E> {
    /// U, for each point input channels x output channels; in the backward pass transposed.
    kernel: &'a mut [E],
    /// dU, or before that the transposed weights.
    slopes: &'a mut [E],
    /// V and then dV, for each point tiles x input channels.
    inputs: &'a mut [E],
    /// M or dM, for each point tiles x output channels.
    sums: &'a mut [E],
    /// The pixels under a row of tiles, with zeros where tiles reach over the border.
    band: &'a mut [E],
    /// Two rows of the output.
    out_band: &'a mut [E],
}

impl Winograd {
    /// For windows over images and so many output channels; `None` where it does not apply or saves no product.
    pub fn new(windows: Windows, upsample: usize, outputs: usize) -> Option<Self> {
        let is_whole = |channels: usize| channels > 0 && channels.is_multiple_of(LANES);
        let (down, across) = (windows.down.div_ceil(2), windows.across.div_ceil(2));
        let fits = match upsample {
            1 => 16 * down * across < 9 * windows.count(),
            // Each pixel has its tile.
            2 => windows.before == [1, 1] && [windows.down, windows.across] == [windows.height, windows.width],
            _ => false,
        };
        let fits = fits && windows.kernel == [3, 3] && windows.stride == [1, 1];
        (fits && is_whole(windows.channels) && is_whole(outputs)).then_some(Self {
            windows,
            outputs,
            down,
            across,
            step: 2 / upsample,
            side: 5 - upsample,
        })
    }

    /// Height and width of the image before upsampling.
    fn image(&self) -> [usize; 2] {
        [self.windows.height, self.windows.width].map(|side| side * self.step / 2)
    }

    fn points(&self) -> usize {
        self.side * self.side
    }

    /// Rows of tiles that are multiplied at once.
    fn lines(&self, images: usize) -> usize {
        (BLOCK / self.across).clamp(1, (self.down * images).max(1))
    }

    /// Blocks of rows of tiles, counted through all images.
    fn blocks(&self, images: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let (lines, step) = (self.down * images, self.lines(images));
        (0..lines).step_by(step).map(move |first| first..(first + step).min(lines))
    }

    /// Numbers in a row of the band and of the output band.
    fn band_rows(&self) -> [usize; 2] {
        [(self.step * (self.across - 1) + self.side) * self.windows.channels, 2 * self.across * self.outputs]
    }

    /// Numbers of each part of the memory.
    fn sizes(&self, images: usize) -> [usize; 6] {
        let (kernel, tiles) = (self.points() * self.windows.channels * self.outputs, self.lines(images) * self.across);
        let [inputs, sums] = [self.windows.channels, self.outputs].map(|channels| self.points() * tiles * channels);
        let [band, out_band] = self.band_rows();
        [kernel, kernel, inputs, sums, self.side * band, 2 * out_band]
    }

    /// Numbers of memory that `forward` and `backward` compute in.
    pub fn memory(&self, images: usize) -> usize {
        self.sizes(images).iter().sum()
    }

    fn space<'a, E>(&self, images: usize, mut memory: &'a mut [E]) -> Space<'a, E> {
        let [kernel, slopes, inputs, sums, band, out_band] = self.sizes(images).map(|size| {
            let (part, rest) = std::mem::take(&mut memory).split_at_mut(size);
            memory = rest;
            part
        });
        Space { kernel, slopes, inputs, sums, band, out_band }
    }

    /// Writes the sums to `out`, and calls `finish` with each part of it that is complete.
    pub fn forward<E: Float>(
        &self,
        x: &[E],
        weights: &[E],
        images: usize,
        memory: &mut [E],
        out: &mut [E],
        finish: impl Fn(&mut [E]),
    ) {
        let space = self.space(images, memory);
        let (channels, outputs) = (self.windows.channels, self.outputs);
        transform_kernel(self, weights, space.kernel);
        for lines in self.blocks(images) {
            let tiles = lines.len() * self.across;
            self.transform_inputs(x, lines.clone(), space.band, space.inputs);
            for point in 0..self.points() {
                let left = Mat::new(&space.inputs[point * tiles * channels..], tiles, channels);
                let right = Mat::new(&space.kernel[point * channels * outputs..], channels, outputs);
                multiply(&mut space.sums[point * tiles * outputs..], left, right, false);
            }
            for (place, line) in lines.clone().enumerate() {
                if self.is_even() {
                    inverse_sums(self, space.sums, &mut out[self.out_row(line)..], place * self.across, tiles);
                    continue;
                }
                inverse_sums(self, space.sums, space.out_band, place * self.across, tiles);
                for (row, from) in self.out_rows(line).zip(space.out_band.chunks_exact(self.band_rows()[1])) {
                    let to = &mut out[row];
                    to.copy_from_slice(&from[..to.len()]);
                }
            }
            finish(&mut out[self.out_row(lines.start)..self.out_row(lines.end)]);
        }
    }

    /// Writes the gradient of the weights, and adds that of the input to `dx` when that is given.
    pub fn backward<E: Float>(
        &self,
        (x, dy): (&[E], &[E]),
        weights: &[E],
        images: usize,
        memory: &mut [E],
        slopes: &mut [E],
        mut dx: Option<&mut [E]>,
    ) {
        let space = self.space(images, memory);
        let (channels, outputs) = (self.windows.channels, self.outputs);
        let transposed = &mut space.slopes[..weights.len()];
        transpose(weights, transposed, channels, outputs);
        transform_kernel(self, transposed, space.kernel);
        for lines in self.blocks(images) {
            let tiles = lines.len() * self.across;
            self.transform_inputs(x, lines.clone(), space.band, space.inputs);
            self.transform_slopes(dy, lines.clone(), space.out_band, space.sums);
            for point in 0..self.points() {
                let kernel = point * channels * outputs..(point + 1) * channels * outputs;
                let inputs = &mut space.inputs[point * tiles * channels..];
                let sums = Mat::new(&space.sums[point * tiles * outputs..], tiles, outputs);
                let left = Mat::new(inputs, tiles, channels).transposed();
                multiply(&mut space.slopes[kernel.clone()], left, sums, lines.start > 0);
                if dx.is_some() {
                    multiply(inputs, sums, Mat::new(&space.kernel[kernel], outputs, channels), false);
                }
            }
            if let Some(dx) = dx.as_deref_mut() {
                self.add_back(space.inputs, lines, space.band, dx);
            }
        }
        inverse_kernel(self, space.slopes, slopes);
    }

    /// Where the first row of outputs under a row of tiles begins.
    fn out_row(&self, line: usize) -> usize {
        (line / self.down * self.windows.down + line % self.down * 2) * self.windows.across * self.outputs
    }

    /// Where the rows of outputs under a row of tiles are: two, or one at the lower border of an odd image.
    fn out_rows(&self, line: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let (first, row) = (self.out_row(line), self.windows.across * self.outputs);
        let count = (self.windows.down - line % self.down * 2).min(2);
        (0..count).map(move |place| first + place * row..first + (place + 1) * row)
    }

    /// Whether the tiles cover the output without going over it, so that they are transformed where it is.
    fn is_even(&self) -> bool {
        [self.windows.down, self.windows.across] == [2 * self.down, 2 * self.across]
    }

    /// Whether a row of tiles may reach over the upper or lower border.
    fn is_at_border(&self, line: usize) -> bool {
        matches!(line % self.down, place if place == 0 || place + 1 == self.down)
    }

    /// Which parts of the band lie over the image, and over which part of the images.
    fn covered(&self, line: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let ([height, width], channels, [band, _]) = (self.image(), self.windows.channels, self.band_rows());
        let ([above, left], side) = (self.windows.before, self.side);
        let (image, top) = (line / self.down, line % self.down * self.step);
        (0..side).filter_map(move |place| {
            let row = (top + place).checked_sub(above).filter(|row| *row < height)?;
            let (inside, from) = (place * band + left * channels, (image * height + row) * width * channels);
            Some((inside..inside + width * channels, from..from + width * channels))
        })
    }

    /// V of the tiles of `lines`.
    fn transform_inputs<E: Float>(&self, x: &[E], lines: Range<usize>, band: &mut [E], inputs: &mut [E]) {
        let tiles = lines.len() * self.across;
        band.fill(E::default());
        for (place, line) in lines.enumerate() {
            // A row that is outside now may have been inside before.
            if self.is_at_border(line) {
                band.fill(E::default());
            }
            for (inside, from) in self.covered(line) {
                band[inside].copy_from_slice(&x[from]);
            }
            transform_data(self, band, inputs, place * self.across, tiles);
        }
    }

    /// dM of the tiles of `lines`.
    fn transform_slopes<E: Float>(&self, dy: &[E], lines: Range<usize>, out_band: &mut [E], sums: &mut [E]) {
        let (tiles, row) = (lines.len() * self.across, self.band_rows()[1]);
        out_band.fill(E::default());
        for (place, line) in lines.enumerate() {
            if self.is_even() {
                transform_sums(self, &dy[self.out_row(line)..], sums, place * self.across, tiles);
                continue;
            }
            out_band[row..].fill(E::default());
            for (from, to) in self.out_rows(line).zip(out_band.chunks_exact_mut(row)) {
                to[..from.len()].copy_from_slice(&dy[from]);
            }
            transform_sums(self, out_band, sums, place * self.across, tiles);
        }
    }

    /// Adds what the dV of the tiles of `lines` say of each pixel to `dx`.
    fn add_back<E: Float>(&self, inputs: &[E], lines: Range<usize>, band: &mut [E], dx: &mut [E]) {
        let tiles = lines.len() * self.across;
        for (place, line) in lines.enumerate() {
            band.fill(E::default());
            inverse_data(self, inputs, band, place * self.across, tiles);
            for (inside, to) in self.covered(line) {
                super::activation::add(&mut dx[to], &band[inside]);
            }
        }
    }

    /// Where the tile at this place of a row has its pixels in the band.
    fn pixels(&self, tile: usize) -> Square {
        (self.step * tile * self.windows.channels, [self.band_rows()[0], self.windows.channels])
    }

    /// Where it has its outputs in the output band.
    fn results(&self, tile: usize) -> Square {
        (2 * tile * self.outputs, [self.band_rows()[1], self.outputs])
    }
}

#[cfg(test)]
mod tests;

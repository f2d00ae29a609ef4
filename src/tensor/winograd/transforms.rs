//! The transforms of [`super::Winograd`]: squares of pixels to points and back, for a group of channels at once.

use std::array::from_fn;

use crate::tensor::float::Float;
use crate::tensor::simd::vectorized;

use super::Winograd;

/// Channels that are transformed at once.
pub const LANES: usize = 16;

/// One number of each channel of a group.
type Lane<E> = [E; LANES];

/// Applies `f` to the numbers of each channel.
#[inline(always)]
fn along<E: Float, const N: usize, const M: usize>(
    x: [&Lane<E>; N],
    f: impl Fn([E; N]) -> [E; M] + Copy,
) -> [Lane<E>; M] {
    let mut y = [[E::default(); LANES]; M];
    for lane in 0..LANES {
        let numbers = f(x.map(
            #[inline(always)]
            |x| x[lane],
        ));
        for (y, number) in y.iter_mut().zip(numbers) {
            y[lane] = number;
        }
    }
    y
}

/// A square of pixels or points in memory: where it begins, and the steps from row to row and from column to column.
pub type Square = (usize, [usize; 2]);

/// Transforms the squares of `channels` by `f` across and down, and writes or adds the results.
#[inline(always)]
fn transform<E: Float, const N: usize, const M: usize>(
    from: (&[E], Square),
    to: (&mut [E], Square),
    channels: usize,
    adds: bool,
    f: impl Fn([E; N]) -> [E; M] + Copy,
) {
    let ((from, (first, [down, across])), (to, (to_first, [to_down, to_across]))) = (from, to);
    for channel in (0..channels).step_by(LANES) {
        let mut rows = [[[E::default(); LANES]; M]; N];
        for (row, out) in rows.iter_mut().enumerate() {
            let place = first + row * down + channel;
            let pixels: [&Lane<E>; N] = from_fn(
                #[inline(always)]
                |column| from[place + column * across..][..LANES].try_into().expect("a slice of as many numbers"),
            );
            *out = along(pixels, f);
        }
        for column in 0..M {
            let y = along(
                from_fn::<_, N, _>(
                    #[inline(always)]
                    |row| &rows[row][column],
                ),
                f,
            );
            for (row, y) in y.iter().enumerate() {
                let to = &mut to[to_first + row * to_down + column * to_across + channel..][..LANES];
                if adds {
                    to.iter_mut().zip(y).for_each(|(to, y)| *to += *y);
                } else {
                    to.copy_from_slice(y);
                }
            }
        }
    }
}

/// Points of a tile or kernel: so many on a side, `size` numbers apart.
fn points(first: usize, side: usize, size: usize) -> Square {
    (first, [size, side * size])
}

vectorized! {
    pub fn transform_data<E>(layer: &Winograd, band: &[E], inputs: &mut [E], first: usize, tiles: usize) {
        let (channels, side) = (layer.windows.channels, layer.side);
        for tile in 0..layer.across {
            let from = (band, layer.pixels(tile));
            let to = (&mut *inputs, points((first + tile) * channels, side, tiles * channels));
            match side {
                3 => transform(from, to, channels, false, #[inline(always)] |[a, b, c]| [a - b, b, b - c]),
                _ => transform(from, to, channels, false, #[inline(always)] |[a, b, c, d]| [a - c, b + c, c - b, b - d]),
            }
        }
    }
}

vectorized! {
    /// Adds to the band.
    pub fn inverse_data<E>(layer: &Winograd, inputs: &[E], band: &mut [E], first: usize, tiles: usize) {
        let (channels, side) = (layer.windows.channels, layer.side);
        for tile in 0..layer.across {
            let from = (inputs, points((first + tile) * channels, side, tiles * channels));
            let to = (&mut *band, layer.pixels(tile));
            match side {
                3 => transform(from, to, channels, true, #[inline(always)] |[a, b, c]: [E; 3]| [a, b - a + c, -c]),
                _ => transform(from, to, channels, true, #[inline(always)] |[a, b, c, d]: [E; 4]| {
                    [a, b - c + d, b + c - a, -d]
                }),
            }
        }
    }
}

vectorized! {
    pub fn transform_sums<E>(layer: &Winograd, out_band: &[E], sums: &mut [E], first: usize, tiles: usize) {
        let (channels, side) = (layer.outputs, layer.side);
        for tile in 0..layer.across {
            let from = (out_band, layer.results(tile));
            let to = (&mut *sums, points((first + tile) * channels, side, tiles * channels));
            match side {
                3 => transform(from, to, channels, false, #[inline(always)] |[a, b]: [E; 2]| [a, a + b, -b]),
                _ => transform(from, to, channels, false, #[inline(always)] |[a, b]: [E; 2]| [a, a + b, a - b, -b]),
            }
        }
    }
}

vectorized! {
    pub fn inverse_sums<E>(layer: &Winograd, sums: &[E], out_band: &mut [E], first: usize, tiles: usize) {
        let (channels, side) = (layer.outputs, layer.side);
        for tile in 0..layer.across {
            let from = (sums, points((first + tile) * channels, side, tiles * channels));
            let to = (&mut *out_band, layer.results(tile));
            match side {
                3 => transform(from, to, channels, false, #[inline(always)] |[a, b, c]| [a + b, b - c]),
                _ => transform(from, to, channels, false, #[inline(always)] |[a, b, c, d]| [a + b + c, b - c - d]),
            }
        }
    }
}

vectorized! {
    pub fn transform_kernel<E>(layer: &Winograd, weights: &[E], kernel: &mut [E]) {
        let (pairs, half) = (weights.len() / 9, E::of(0.5));
        let from = (weights, (0, [3 * pairs, pairs]));
        let to = (kernel, points(0, layer.side, pairs));
        match layer.side {
            3 => transform(from, to, pairs, false, #[inline(always)] |[a, b, c]: [E; 3]| [a, a + b + c, c]),
            _ => transform(from, to, pairs, false, #[inline(always)] |[a, b, c]: [E; 3]| {
                [a, (a + c + b) * half, (a + c - b) * half, c]
            }),
        }
    }
}

vectorized! {
    pub fn inverse_kernel<E>(layer: &Winograd, kernel: &[E], weights: &mut [E]) {
        let (pairs, half) = (weights.len() / 9, E::of(0.5));
        let to = (weights, (0, [3 * pairs, pairs]));
        let from = (kernel, points(0, layer.side, pairs));
        match layer.side {
            3 => transform(from, to, pairs, false, #[inline(always)] |[a, b, c]| [a + b, b, b + c]),
            _ => transform(from, to, pairs, false, #[inline(always)] |[a, b, c, d]| {
                [a + (b + c) * half, (b - c) * half, (b + c) * half + d]
            }),
        }
    }
}

vectorized! {
    /// Exchanges rows and columns of each tap's weights.
    pub fn transpose<E>(weights: &[E], transposed: &mut [E], rows: usize, columns: usize) {
        for (from, to) in weights.chunks_exact(rows * columns).zip(transposed.chunks_exact_mut(rows * columns)) {
            for (column, to) in to.chunks_exact_mut(rows).enumerate() {
                to.iter_mut().zip(from[column..].iter().step_by(columns)).for_each(|(to, from)| *to = *from);
            }
        }
    }
}

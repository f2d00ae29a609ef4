//! Structural similarity of images (Wang, Bovik, Sheikh & Simoncelli, IEEE Transactions on Image Processing 13, 2004):
//! Gaussian window with standard deviation 1.5, K1 = 0.01, K2 = 0.03, pixels in 0..1, windows wholly inside the image,
//! channels averaged.

use super::float::Float;

const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// The comparison for images of one shape.
#[derive(Clone, Debug)]
pub struct Ssim {
    shape: [usize; 3],
    window: Vec<f64>,
}

/// Window means of one channel: of x, y, x^2, y^2 and xy.
type Moments = [Vec<f64>; 5];

impl Ssim {
    /// For images of `shape` (height, width, channels); `window` is the side of the window, 11 in the paper. It may
    /// not exceed the image's sides.
    pub fn new(shape: [usize; 3], window: usize) -> Self {
        let middle = (window as f64 - 1.0) / 2.0;
        let mut weights: Vec<f64> =
            (0..window).map(|i| (-(i as f64 - middle).powi(2) / (2.0 * 1.5 * 1.5)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Self { shape, window: weights }
    }

    /// The window for images of this shape: the paper's 11, or 7 for images too small for that; `None` for images
    /// smaller still.
    pub fn for_shape(shape: [usize; 3]) -> Option<Self> {
        let side = shape[0].min(shape[1]);
        [11, 7].into_iter().find(|window| *window <= side).map(|window| Self::new(shape, window))
    }

    /// One minus the similarity of `y` and the target `t`; when `gradient` is not empty, `scale` times its gradient.
    pub fn loss<E: Float>(&self, y: &[E], t: &[E], gradient: &mut [E], scale: f64) -> f64 {
        let [height, width, channels] = self.shape;
        let side = self.window.len();
        let windows = (height + 1 - side) * (width + 1 - side);
        let count = (windows * channels) as f64;
        let mut total = 0.0;
        for channel in 0..channels {
            let plane = |image: &[E]| -> Vec<f64> {
                image.iter().skip(channel).step_by(channels).map(|pixel| pixel.wide()).collect()
            };
            let (y, t) = (plane(y), plane(t));
            let moments = self.moments(&y, &t);
            let mut slopes = [(); 3].map(|()| vec![0.0; windows]);
            for i in 0..windows {
                let (similarity, slope) = compare([0, 1, 2, 3, 4].map(|m| moments[m][i]));
                total += similarity;
                (0..3).for_each(|k| slopes[k][i] = slope[k]);
            }
            if gradient.is_empty() {
                continue;
            }
            let [by_mean, by_square, by_product] = slopes.map(|slope| self.spread(&slope));
            for (i, g) in gradient.iter_mut().skip(channel).step_by(channels).enumerate() {
                let slope = by_mean[i] + 2.0 * y[i] * by_square[i] + t[i] * by_product[i];
                *g = E::of(-scale / count * slope);
            }
        }
        1.0 - total / count
    }

    fn moments(&self, x: &[f64], y: &[f64]) -> Moments {
        let product = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a * b).collect() };
        [x.to_vec(), y.to_vec(), product(x, x), product(y, y), product(x, y)].map(|plane| self.filter(&plane))
    }

    /// Weighted mean of every window that lies inside the image.
    fn filter(&self, plane: &[f64]) -> Vec<f64> {
        let [height, width, _] = self.shape;
        let side = self.window.len();
        let (out_height, out_width) = (height + 1 - side, width + 1 - side);
        let mut across = vec![0.0; height * out_width];
        for (row, out) in plane.chunks_exact(width).zip(across.chunks_exact_mut(out_width)) {
            for (offset, weight) in self.window.iter().enumerate() {
                out.iter_mut().zip(&row[offset..]).for_each(|(out, pixel)| *out += weight * pixel);
            }
        }
        let mut means = vec![0.0; out_height * out_width];
        for (line, out) in means.chunks_exact_mut(out_width).enumerate() {
            for (offset, weight) in self.window.iter().enumerate() {
                let row = &across[(line + offset) * out_width..][..out_width];
                out.iter_mut().zip(row).for_each(|(out, value)| *out += weight * value);
            }
        }
        means
    }

    /// The adjoint of `filter`.
    fn spread(&self, windows: &[f64]) -> Vec<f64> {
        let [height, width, _] = self.shape;
        let out_width = width + 1 - self.window.len();
        let mut across = vec![0.0; height * out_width];
        for (line, row) in windows.chunks_exact(out_width).enumerate() {
            for (offset, weight) in self.window.iter().enumerate() {
                let out = &mut across[(line + offset) * out_width..][..out_width];
                out.iter_mut().zip(row).for_each(|(out, value)| *out += weight * value);
            }
        }
        let mut plane = vec![0.0; height * width];
        for (row, out) in across.chunks_exact(out_width).zip(plane.chunks_exact_mut(width)) {
            for (offset, weight) in self.window.iter().enumerate() {
                out[offset..].iter_mut().zip(row).for_each(|(out, value)| *out += weight * value);
            }
        }
        plane
    }
}

/// Similarity in one window, and its derivatives by the window's mean of x, of x^2 and of xy.
fn compare([x, y, xx, yy, xy]: [f64; 5]) -> (f64, [f64; 3]) {
    let luminance = (2.0 * x * y + C1, x * x + y * y + C1);
    let contrast = (2.0 * (xy - x * y) + C2, (xx - x * x) + (yy - y * y) + C2);
    let (l, c) = (luminance.0 / luminance.1, contrast.0 / contrast.1);
    let l_by_x = (2.0 * y - l * 2.0 * x) / luminance.1;
    let c_by_x = (-2.0 * y + c * 2.0 * x) / contrast.1;
    let by_square = -l * c / contrast.1;
    let by_product = l * 2.0 / contrast.1;
    (l * c, [l_by_x * c + l * c_by_x, by_square, by_product])
}

#[cfg(test)]
mod tests {
    use super::super::check::values;
    use super::*;

    fn similarity(ssim: &Ssim, x: &[f64], y: &[f64]) -> f64 {
        1.0 - ssim.loss(x, y, &mut [], 0.0)
    }

    #[test]
    fn it_is_scikit_images() {
        // structural_similarity(x, y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1,
        // channel_axis=2) of scikit-image 0.26.
        for (shape, want) in [([13, 14, 1], 0.893_898_522_855_541_9), ([15, 12, 2], 0.899_928_196_203_460_3)] {
            let count = shape.iter().product();
            let (x, y) = (values(count, 4), values(count, 5));
            let mixed = x.iter().zip(&y).map(|(x, y)| 0.5 + 0.45 * (0.7 * x + 0.3 * y)).collect::<Vec<f64>>();
            let x: Vec<f64> = x.iter().map(|x| 0.5 + 0.45 * x).collect();
            let found = similarity(&Ssim::for_shape(shape).unwrap(), &x, &mixed);
            assert!((found - want).abs() < 1e-10, "{shape:?}: {found} {want}");
        }
    }

    #[test]
    fn equal_images_have_similarity_one_and_opposite_ones_less_than_zero() {
        let ssim = Ssim::for_shape([12, 12, 1]).unwrap();
        let image: Vec<f64> = values(144, 3).iter().map(|x| 0.5 + 0.4 * x).collect();
        let opposite: Vec<f64> = image.iter().map(|x| 1.0 - x).collect();
        assert!((similarity(&ssim, &image, &image) - 1.0).abs() < 1e-12);
        assert!(similarity(&ssim, &image, &opposite) < 0.0);
    }

    #[test]
    fn constant_images_compare_by_luminance_alone() {
        let ssim = Ssim::for_shape([8, 9, 3]).unwrap();
        let found = similarity(&ssim, &[0.25; 216], &[0.75; 216]);
        let want = (2.0 * 0.25 * 0.75 + C1) / (0.25 * 0.25 + 0.75 * 0.75 + C1);
        assert!((found - want).abs() < 1e-12);
    }
}

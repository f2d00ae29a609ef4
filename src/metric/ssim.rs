//! Structural similarity.

/// Side of the window in pixels.
const WINDOW: usize = 7;

const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// Mean structural similarity of each image pair (Wang et al. 2004), 1 for equal images: scikit-image's
/// `structural_similarity` with its defaults (uniform 7 x 7 window, sample covariance, windows wholly inside the image)
/// and `data_range=1`; the mean over channels when there are several. Images are `shape` = height, width, channels,
/// one after another. `None`: the images are smaller than the window.
pub fn per_sample(target: &[f32], output: &[f32], shape: [usize; 3]) -> Option<Vec<f64>> {
    assert_eq!(target.len(), output.len(), "as many outputs as targets");
    let [height, width, channels] = shape;
    if height < WINDOW || width < WINDOW || channels == 0 {
        return None;
    }
    let size = height * width * channels;
    let image = |(target, output): (&[f32], &[f32])| {
        let channel = |channel| channel_similarity(target, output, shape, channel);
        (0..channels).map(channel).sum::<f64>() / channels as f64
    };
    Some(target.chunks_exact(size).zip(output.chunks_exact(size)).map(image).collect())
}

/// Sums of x, y, xx, yy, xy.
type Moments = [f64; 5];

fn add(sums: &mut Moments, more: &Moments) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

fn channel_similarity(target: &[f32], output: &[f32], [height, width, channels]: [usize; 3], channel: usize) -> f64 {
    let moments = |row: usize, column: usize| {
        let at = (row * width + column) * channels + channel;
        let (x, y) = (f64::from(target[at]), f64::from(output[at]));
        [x, y, x * x, y * y, x * y]
    };
    // Sums over WINDOW rows, column by column, then over WINDOW of those columns: a window's sum in 14 steps, not 49.
    let mut columns = vec![Moments::default(); width];
    let mut similarity = 0.0;
    for top in 0..=height - WINDOW {
        for (column, sums) in columns.iter_mut().enumerate() {
            *sums = Moments::default();
            (top..top + WINDOW).for_each(|row| add(sums, &moments(row, column)));
        }
        for window in columns.windows(WINDOW) {
            let mut sums = Moments::default();
            window.iter().for_each(|column| add(&mut sums, column));
            similarity += window_similarity(&sums);
        }
    }
    similarity / ((height - WINDOW + 1) * (width - WINDOW + 1)) as f64
}

fn window_similarity(sums: &Moments) -> f64 {
    let pixels = (WINDOW * WINDOW) as f64;
    let unbiased = pixels / (pixels - 1.0);
    let [x, y, xx, yy, xy] = sums.map(|sum| sum / pixels);
    let (variance_x, variance_y) = (unbiased * (xx - x * x), unbiased * (yy - y * y));
    let covariance = unbiased * (xy - x * y);
    (2.0 * x * y + C1) * (2.0 * covariance + C2) / ((x * x + y * y + C1) * (variance_x + variance_y + C2))
}

#[cfg(test)]
mod tests {
    use crate::metric::reference::values;

    use super::*;

    const SSIM_COLOR: [f64; 2] = [0.920_964_099_329_178, 0.919_444_177_914_770_7];
    const SSIM_GRAY: [f64; 2] = [0.922_098_485_511_492_3, 0.922_076_772_997_545_3];

    fn close(ours: &[f64], reference: &[f64]) {
        assert_eq!(ours.len(), reference.len());
        ours.iter().zip(reference).for_each(|(ours, theirs)| assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}"));
    }

    #[test]
    fn it_is_scikit_images() {
        let (target, noise) = (values(2 * 9 * 11 * 3, 1), values(2 * 9 * 11 * 3, 5));
        let output: Vec<f32> = target.iter().zip(&noise).map(|(t, n)| 0.8 * t + 0.2 * n).collect();
        close(&per_sample(&target, &output, [9, 11, 3]).unwrap(), &SSIM_COLOR);
        close(&per_sample(&target[..2 * 99], &output[..2 * 99], [9, 11, 1]).unwrap(), &SSIM_GRAY);
    }

    #[test]
    fn equal_images_are_entirely_similar() {
        let image = values(64, 3);
        assert!((per_sample(&image, &image, [8, 8, 1]).unwrap()[0] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rows_of_features_have_no_structure() {
        assert_eq!(per_sample(&[0.0; 64], &[0.0; 64], [1, 1, 64]), None);
    }
}

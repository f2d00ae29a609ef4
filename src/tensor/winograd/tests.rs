//! Against the definition, in both precisions.

use super::*;
use crate::tensor::check::values;
use crate::tensor::window::Padding;

/// Sums, gradient of the weights and gradient of the input.
type Results = [Vec<f64>; 3];

/// By the definition, one product at a time.
fn direct(layer: &Winograd, [x, weights, dy]: [&[f64]; 3]) -> Results {
    let (w, outputs, factor) = (layer.windows, layer.outputs, 2 / layer.step);
    let (mut y, mut dw, mut dx) = (vec![0.0; dy.len()], vec![0.0; weights.len()], vec![0.0; x.len()]);
    let (width, image) = (w.width / factor, w.image() / factor / factor);
    for (position, tap) in (0..dy.len() / outputs).flat_map(|position| (0..9).map(move |tap| (position, tap))) {
        let (place, in_image) = (position % w.count(), position / w.count());
        let row = (place / w.across + tap / 3).checked_sub(w.before[0]).filter(|row| *row < w.height);
        let column = (place % w.across + tap % 3).checked_sub(w.before[1]).filter(|column| *column < w.width);
        let (Some(row), Some(column)) = (row, column) else { continue };
        let pixel = in_image * image + (row / factor * width + column / factor) * w.channels;
        for (input, output) in (0..w.channels).flat_map(|input| (0..outputs).map(move |output| (input, output))) {
            let (from, weight) = (pixel + input, (tap * w.channels + input) * outputs + output);
            let to = position * outputs + output;
            y[to] += x[from] * weights[weight];
            dw[weight] += x[from] * dy[to];
            dx[from] += weights[weight] * dy[to];
        }
    }
    [y, dw, dx]
}

/// In tiles, in the precision of `E`.
fn in_tiles<E: Float>(layer: &Winograd, given: [&[f64]; 3], images: usize) -> Results {
    let [x, weights, dy] = given.map(|numbers| numbers.iter().map(|number| E::of(*number)).collect::<Vec<E>>());
    // Memory of an earlier use, and outputs to be overwritten.
    let mut memory = vec![E::of(7.0); layer.memory(images)];
    let (mut y, mut dw, mut dx) = (dy.clone(), weights.clone(), vec![E::default(); x.len()]);
    layer.forward(&x, &weights, images, &mut memory, &mut y, |_| {});
    layer.backward((&x, &dy), &weights, images, &mut memory, &mut dw, Some(&mut dx));
    [y, dw, dx].map(|numbers| numbers.into_iter().map(Float::wide).collect())
}

/// Largest difference, as a share of the largest number.
fn difference(got: &[f64], want: &[f64]) -> f64 {
    let size = want.iter().fold(0.0, |size: f64, number| size.max(number.abs()));
    got.iter().zip(want).fold(0.0, |worst: f64, (got, want)| worst.max((got - want).abs())) / size
}

#[test]
fn sums_and_gradients_are_those_of_the_definition() {
    let mut layers = Vec::new();
    for (image, outputs) in [([7, 7, 16], 32), ([8, 5, 32], 16), ([6, 10, 16], 16), ([14, 14, 32], 48)] {
        for padding in [Padding::Same, Padding::Valid] {
            layers.push((1, Windows::new(image, [3, 3], [1, 1], padding).unwrap(), outputs));
        }
    }
    for (image, outputs) in [([6, 10, 16], 32), ([14, 8, 32], 16)] {
        layers.push((2, Windows::new(image, [3, 3], [1, 1], Padding::Same).unwrap(), outputs));
    }
    for (upsample, windows, outputs) in layers {
        let (layer, images) = (Winograd::new(windows, upsample, outputs).unwrap(), 3);
        let x = values(images * windows.image() / (upsample * upsample), 1);
        let weights = values(windows.depth() * outputs, 2);
        let dy = values(images * windows.count() * outputs, 3);
        let want = direct(&layer, [&x, &weights, &dy]);
        let double = in_tiles::<f64>(&layer, [&x, &weights, &dy], images);
        let single = in_tiles::<f32>(&layer, [&x, &weights, &dy], images);
        for ((want, double), single) in want.iter().zip(double).zip(single) {
            assert!(difference(&double, want) < 1e-13, "{layer:?}: {}", difference(&double, want));
            assert!(difference(&single, want) < 1e-5, "{layer:?}: {}", difference(&single, want));
        }
    }
}

#[test]
fn it_is_for_convolutions_that_it_makes_cheaper() {
    let applies = |image, kernel, stride, upsample, outputs, padding| {
        Winograd::new(Windows::new(image, kernel, stride, padding).unwrap(), upsample, outputs).is_some()
    };
    let (same, valid) = (Padding::Same, Padding::Valid);
    assert!(applies([14, 14, 32], [3, 3], [1, 1], 1, 64, same));
    assert!(applies([4, 4, 16], [3, 3], [1, 1], 2, 16, same));
    // Another kernel or stride, too few channels, most of a tile outside, upsampling out of step.
    assert!(!applies([14, 14, 32], [5, 5], [1, 1], 1, 64, same));
    assert!(!applies([14, 14, 32], [3, 3], [2, 2], 1, 64, same));
    assert!(!applies([14, 14, 1], [3, 3], [1, 1], 1, 64, same));
    assert!(!applies([14, 14, 32], [3, 3], [1, 1], 1, 1, same));
    assert!(!applies([3, 3, 16], [3, 3], [1, 1], 1, 16, valid));
    assert!(!applies([14, 14, 16], [3, 3], [1, 1], 2, 16, valid));
    assert!(!applies([9, 9, 16], [3, 3], [1, 1], 3, 16, same));
}

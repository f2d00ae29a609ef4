//! The convolution layer: 2-d cross-correlation over images in height, width, channel order, bias and activation, in
//! one operation. Products run over blocks of windows copied out next to each other (im2col), small enough to stay in
//! the cache.
//!
//! With stride 1 there are two ways to write the same sums. Copying windows of the *input* needs kernel x input
//! channels numbers a position; copying windows of the *output* (reversed kernel) needs kernel x output channels. Each
//! direction takes the cheaper one.
//!
//! After nearest-neighbour upsampling by a factor f only the second way is taken, and the larger image is never written:
//! an input pixel meets the same f x f box of outputs with every weight, so that weights add up to a kernel of
//! kernel + f - 1 with stride f. A 3x3 kernel behind a factor of 2 costs 16 products an input pixel instead of 36.

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::activation::Activation;
use super::conv_transpose2d::Spread;
use super::dense::{add_row, settle};
use super::float::Float;
use super::gemm::{Mat, multiply};
use super::parameters::Parameters;
use super::storage::{Matrix, Scratch, numbers, numbers_mut, zeros};
use super::window::Windows;
use super::winograd::Winograd;

/// A convolution's geometry and the places of its numbers among the parameters: kernel height x kernel width x input
/// channels x output channels weights (Keras' order) from `weight`, a bias per output channel from `bias`.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d {
    /// Over the image after upsampling.
    pub windows: Windows,
    /// How many times each pixel of the input is repeated down and across before; 1 for none. Above 1, the stride is 1.
    pub upsample: usize,
    pub outputs: usize,
    pub weight: usize,
    pub bias: usize,
    /// Must be fusable.
    pub activation: Activation,
}

impl Conv2d {
    /// Numbers of an input image.
    #[cfg(test)]
    fn inputs(&self) -> usize {
        self.windows.image() / (self.upsample * self.upsample)
    }

    fn weights<'a, E>(&self, parameters: &'a [E]) -> &'a [E] {
        &parameters[self.weight..][..self.windows.depth() * self.outputs]
    }

    /// The same sums through windows of the output.
    fn reversed(&self) -> Spread {
        Spread { windows: self.windows.reversed(self.outputs, self.upsample), inputs: self.windows.channels }
    }

    fn is_reversible(&self) -> bool {
        self.windows.stride == [1, 1]
    }

    /// Copying output windows costs a pass more (they are added back), so it must save more than that.
    fn forward_is_reversed(&self) -> bool {
        self.upsample > 1 || self.is_reversible() && 2 * self.outputs < self.windows.channels
    }

    /// Copying input windows costs two passes more when the gradient goes on.
    fn backward_is_reversed(&self, input_gradient: bool) -> bool {
        let factor = if input_gradient { 3 } else { 1 };
        self.upsample > 1 || self.is_reversible() && self.outputs <= self.windows.channels * factor
    }

    /// How it is computed in tiles, where that is possible and saves products.
    fn tiles(&self) -> Option<Winograd> {
        Winograd::new(self.windows, self.upsample, self.outputs)
    }

    /// The weights as output-window rows x input channels: the kernel's positions backwards, output channels before
    /// input channels.
    fn reverse_weights<E: Float>(&self, weights: &[E], reversed: &mut [E]) {
        reversed.fill(E::default());
        self.for_each_exchanged(|straight, back| reversed[back] += weights[straight]);
    }

    /// Calls `visit` with the place of each weight in the usual order and with its places in the reversed one, of which
    /// there are several after upsampling.
    fn for_each_exchanged(&self, mut visit: impl FnMut(usize, usize)) {
        let (inputs, outputs, factor) = (self.windows.channels, self.outputs, self.upsample);
        let [down, across] = self.windows.kernel;
        for (tap, box_place) in (0..down * across).flat_map(|tap| (0..factor * factor).map(move |place| (tap, place))) {
            let row = down - 1 - tap / across + box_place / factor;
            let column = across - 1 - tap % across + box_place % factor;
            let back = row * (across + factor - 1) + column;
            for input in 0..inputs {
                for output in 0..outputs {
                    visit((tap * inputs + input) * outputs + output, (back * outputs + output) * inputs + input);
                }
            }
        }
    }

    /// `activation(x * W + b)`. Without `input_gradient` nothing is propagated to `x`.
    pub fn forward<E: Float, T: Tape<E, Cpu>>(
        self,
        x: Matrix<E, T>,
        parameters: &Parameters<E>,
        scratch: &Scratch<E>,
        input_gradient: bool,
    ) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        let images = x.shape().0;
        let mut y = zeros(x.device(), images, self.windows.count() * self.outputs);
        let out = numbers_mut(&mut y);
        if let Some(tiles) = self.tiles() {
            let weights = self.weights(parameters.values());
            let mut memory = scratch.take(tiles.memory(images));
            let finish = |out: &mut [E]| self.finish(parameters.values(), out);
            tiles.forward(numbers(&x), weights, images, &mut memory, out, finish);
        } else if self.forward_is_reversed() {
            self.correlate_reversed(numbers(&x), parameters.values(), images, scratch, out);
        } else {
            self.correlate(numbers(&x), parameters.values(), images, scratch, out);
        }
        let (kept, parameters, scratch) = (y.clone(), parameters.clone(), scratch.clone());
        tape.add_backward_op(move |gradients| {
            let wanted = input_gradient.then_some(&x);
            parameters.with_gradients(gradients, &kept, wanted, |dy, slopes, dx| {
                settle(self.activation, numbers(&kept), dy, &mut slopes[self.bias..][..self.outputs]);
                let slopes = &mut slopes[self.weight..][..self.windows.depth() * self.outputs];
                let (x, weights) = (numbers(&x), self.weights(parameters.values()));
                if let Some(tiles) = self.tiles() {
                    tiles.backward((x, dy), weights, images, &mut scratch.take(tiles.memory(images)), slopes, dx);
                } else if self.backward_is_reversed(input_gradient) {
                    self.backward_reversed((x, dy), weights, images, &scratch, slopes, dx);
                } else {
                    self.backward((x, dy), weights, images, &scratch, slopes, dx);
                }
            })
        });
        y.put_tape(tape)
    }

    /// Writes the layer's outputs through windows of the input.
    fn correlate<E: Float>(&self, x: &[E], parameters: &[E], images: usize, scratch: &Scratch<E>, out: &mut [E]) {
        let (depth, across) = (self.windows.depth(), self.windows.across);
        let (step, blocks) = self.windows.blocks(images);
        let weights = Mat::new(self.weights(parameters), depth, self.outputs);
        let mut memory = scratch.take(step * across * depth);
        for lines in blocks {
            let count = lines.len() * across;
            let first = lines.start * across * self.outputs;
            let windows = self.windows.matrix(x, lines, &mut memory);
            let out = &mut out[first..][..count * self.outputs];
            multiply(out, windows, weights, false);
            self.finish(parameters, out);
        }
    }

    /// Writes the layer's outputs through windows of the output; `out` is zero before.
    fn correlate_reversed<E: Float>(
        &self,
        x: &[E],
        parameters: &[E],
        images: usize,
        scratch: &Scratch<E>,
        out: &mut [E],
    ) {
        let spread = self.reversed();
        let mut memory = scratch.take(spread.kernel() + spread.memory(images));
        let (kernel, memory) = memory.split_at_mut(spread.kernel());
        self.reverse_weights(self.weights(parameters), kernel);
        spread.forward(x, kernel, images, memory, out);
        self.finish(parameters, out);
    }

    /// Adds the bias and applies the activation.
    fn finish<E: Float>(&self, parameters: &[E], out: &mut [E]) {
        add_row(out, &parameters[self.bias..][..self.outputs]);
        self.activation.apply(out, self.outputs);
    }

    /// Writes the gradient of the weights, and adds that of the input to `dx` when that is given: through windows of the
    /// input.
    fn backward<E: Float>(
        &self,
        (x, dy): (&[E], &[E]),
        weights: &[E],
        images: usize,
        scratch: &Scratch<E>,
        slopes: &mut [E],
        mut dx: Option<&mut [E]>,
    ) {
        let (depth, across) = (self.windows.depth(), self.windows.across);
        let (step, blocks) = self.windows.blocks(images);
        let weights = Mat::new(weights, depth, self.outputs);
        let mut memory = scratch.take(step * across * depth);
        for lines in blocks {
            let dy = Mat::new(&dy[lines.start * across * self.outputs..], lines.len() * across, self.outputs);
            let windows = self.windows.matrix(x, lines.clone(), &mut memory);
            multiply(slopes, windows.transposed(), dy, lines.start > 0);
            if let Some(dx) = dx.as_deref_mut() {
                multiply(&mut memory, dy, weights.transposed(), false);
                self.windows.add_back(&memory, lines, dx);
            }
        }
    }

    /// As [`Self::backward`], through windows of the output.
    fn backward_reversed<E: Float>(
        &self,
        given: (&[E], &[E]),
        weights: &[E],
        images: usize,
        scratch: &Scratch<E>,
        slopes: &mut [E],
        dx: Option<&mut [E]>,
    ) {
        let spread = self.reversed();
        let mut memory = scratch.take(2 * spread.kernel() + spread.memory(images));
        let (kernel, memory) = memory.split_at_mut(spread.kernel());
        let (sums, memory) = memory.split_at_mut(spread.kernel());
        self.reverse_weights(weights, kernel);
        spread.backward(given, kernel, images, memory, sums, dx);
        slopes.fill(E::default());
        self.for_each_exchanged(|straight, back| slopes[straight] += sums[back]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix, parameters, values};
    use super::super::pool::Upsample;
    use super::super::window::Padding;
    use super::*;

    fn conv(image: [usize; 3], kernel: [usize; 2], stride: [usize; 2], padding: Padding, outputs: usize) -> Conv2d {
        let windows = Windows::new(image, kernel, stride, padding).unwrap();
        let bias = windows.depth() * outputs;
        Conv2d { windows, upsample: 1, outputs, weight: 0, bias, activation: Activation::Linear }
    }

    /// The definition, one output at a time.
    fn direct(conv: &Conv2d, x: &[f64], parameters: &[f64]) -> Vec<f64> {
        let w = conv.windows;
        let mut out = Vec::new();
        for (image, y, xx, o) in (0..x.len() / w.image()).flat_map(|i| {
            (0..w.down).flat_map(move |y| (0..w.across).flat_map(move |x| (0..conv.outputs).map(move |o| (i, y, x, o))))
        }) {
            let mut sum = parameters[conv.bias + o];
            for ky in 0..w.kernel[0] {
                for kx in 0..w.kernel[1] {
                    let (Some(row), Some(column)) = (
                        (y * w.stride[0] + ky).checked_sub(w.before[0]).filter(|row| *row < w.height),
                        (xx * w.stride[1] + kx).checked_sub(w.before[1]).filter(|column| *column < w.width),
                    ) else {
                        continue;
                    };
                    for c in 0..w.channels {
                        let pixel = x[image * w.image() + (row * w.width + column) * w.channels + c];
                        let tap = (ky * w.kernel[1] + kx) * w.channels + c;
                        sum += pixel * parameters[tap * conv.outputs + o];
                    }
                }
            }
            out.push(sum);
        }
        out
    }

    fn cases() -> Vec<Conv2d> {
        let mut cases = Vec::new();
        for padding in [Padding::Same, Padding::Valid] {
            for (image, kernel, stride, outputs) in [
                ([5, 6, 2], [3, 3], [1, 1], 3),
                ([5, 6, 5], [3, 3], [1, 1], 1),
                ([4, 5, 1], [2, 3], [1, 1], 5),
                ([7, 5, 2], [3, 2], [2, 2], 2),
                ([6, 6, 2], [1, 1], [1, 1], 2),
                ([6, 5, 1], [4, 5], [3, 1], 2),
                ([3, 3, 1], [3, 3], [2, 1], 2),
                ([5, 6, 16], [3, 3], [1, 1], 32),
                ([8, 7, 32], [3, 3], [1, 1], 16),
            ] {
                cases.push(conv(image, kernel, stride, padding, outputs));
            }
        }
        cases
    }

    fn upsampled_cases() -> Vec<Conv2d> {
        let mut cases = Vec::new();
        for padding in [Padding::Same, Padding::Valid] {
            for (image, factor, kernel, outputs) in [
                ([6, 4, 2], 2, [3, 3], 3),
                ([6, 4, 3], 2, [3, 3], 1),
                ([6, 9, 1], 3, [2, 4], 2),
                ([4, 4, 2], 2, [1, 1], 2),
                ([6, 4, 16], 2, [3, 3], 32),
            ] {
                cases.push(Conv2d { upsample: factor, ..conv(image, kernel, [1, 1], padding, outputs) });
            }
        }
        cases
    }

    #[test]
    fn values_are_those_of_the_definition() {
        for conv in cases() {
            let x = matrix(3, conv.windows.image(), 1);
            let weights = values(conv.bias + conv.outputs, 2);
            let want = direct(&conv, numbers(&x), &weights);
            let y = conv.forward(x, &parameters(&weights), &Scratch::default(), true);
            assert_eq!(numbers(&y).len(), want.len());
            assert!(numbers(&y).iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-12), "{conv:?}");
        }
    }

    #[test]
    fn behind_upsampling_it_is_what_the_two_operations_are_in_a_row() {
        for conv in upsampled_cases() {
            let weights = values(conv.bias + conv.outputs, 2);
            let x = matrix(3, conv.inputs(), 1);
            let [down, across] = [conv.windows.height, conv.windows.width].map(|side| side / conv.upsample);
            let upsample = Upsample { image: [down, across, conv.windows.channels], factor: conv.upsample };
            let want = direct(&conv, numbers(&upsample.forward(x.clone())), &weights);
            let y = conv.forward(x, &parameters(&weights), &Scratch::default(), true);
            assert_eq!(numbers(&y).len(), want.len());
            assert!(numbers(&y).iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-12), "{conv:?}");
        }
    }

    #[test]
    fn gradients_agree_with_differences() {
        for mut conv in cases().into_iter().chain(upsampled_cases()) {
            conv.activation = Activation::Tanh;
            let x = matrix(2, conv.inputs(), 1);
            let weights = values(conv.bias + conv.outputs, 2);
            let scratch = Scratch::default();
            let error = gradient_error(&x, &weights, |x, p| conv.forward(x, p, &scratch, true));
            assert!(error < 1e-7, "{conv:?}: {error}");
        }
    }

    #[test]
    fn parameters_learn_the_same_without_an_input_gradient() {
        use dfdx::prelude::{Backward, Trace};
        for conv in cases().into_iter().chain(upsampled_cases()) {
            let x = matrix(2, conv.inputs(), 1);
            let parameters = parameters(&values(conv.bias + conv.outputs, 2));
            let gradient = |input_gradient| {
                let y = conv.forward(x.leaky_trace(), &parameters, &Scratch::default(), input_gradient);
                let targets = zeros(&Cpu::default(), 2, y.shape().1);
                let (loss, _) = super::super::loss::Loss::Mse.forward(y, &targets, 1.0);
                parameters.end(loss.backward()).unwrap()
            };
            let (with, without) = (gradient(true), gradient(false));
            assert!(with.iter().zip(&without).all(|(a, b)| (a - b).abs() < 1e-12), "{conv:?}");
        }
    }
}

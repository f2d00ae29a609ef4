//! The transposed convolution layer over images in height, width, channel order, and the sums that convolutions written
//! backwards share with it: every input position adds a window's worth of numbers to the output.

use dfdx::prelude::{Cpu, HasShape, PutTape, SplitTape, Tape};

use super::activation::Activation;
use super::dense::{add_row, settle};
use super::float::Float;
use super::gemm::{Mat, multiply};
use super::parameters::Parameters;
use super::storage::{Matrix, Scratch, numbers, numbers_mut, zeros};
use super::window::Windows;

/// Windows over the output images, one around each input position: what the position adds to, and learns from. A
/// kernel is written as (window positions, output channels) x input channels.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// Over the output images.
    pub windows: Windows,
    /// Channels of the input.
    pub inputs: usize,
}

impl Spread {
    /// Numbers of a kernel.
    pub fn kernel(&self) -> usize {
        self.windows.depth() * self.inputs
    }

    /// Numbers of memory that `forward` and `backward` compute in.
    pub fn memory(&self, images: usize) -> usize {
        self.windows.blocks(images).0 * self.windows.across * self.windows.depth()
    }

    /// Adds what `images` of `x` spread to `out`.
    pub fn forward<E: Float>(&self, x: &[E], kernel: &[E], images: usize, memory: &mut [E], out: &mut [E]) {
        let (depth, across) = (self.windows.depth(), self.windows.across);
        let kernel = Mat::new(kernel, depth, self.inputs).transposed();
        for lines in self.windows.blocks(images).1 {
            let count = lines.len() * across;
            let rows = Mat::new(&x[lines.start * across * self.inputs..], count, self.inputs);
            multiply(memory, rows, kernel, false);
            self.windows.add_back(memory, lines, out);
        }
    }

    /// Writes the kernel's gradient to `sums`, and adds the input's to `dx` when that is given.
    pub fn backward<E: Float>(
        &self,
        (x, dy): (&[E], &[E]),
        kernel: &[E],
        images: usize,
        memory: &mut [E],
        sums: &mut [E],
        mut dx: Option<&mut [E]>,
    ) {
        let (depth, across) = (self.windows.depth(), self.windows.across);
        for lines in self.windows.blocks(images).1 {
            let count = lines.len() * across;
            let first = lines.start * across * self.inputs;
            self.windows.copy_out(dy, lines.clone(), memory);
            let windows = Mat::new(memory, count, depth);
            multiply(sums, windows.transposed(), Mat::new(&x[first..], count, self.inputs), lines.start > 0);
            if let Some(dx) = dx.as_deref_mut() {
                let dx = &mut dx[first..][..count * self.inputs];
                multiply(dx, windows, Mat::new(kernel, depth, self.inputs), true);
            }
        }
    }
}

/// A transposed convolution's geometry and the places of its numbers among the parameters: kernel height x kernel
/// width x output channels x input channels weights (Keras' order) from `weight`, a bias per output channel from `bias`.
#[derive(Clone, Copy, Debug)]
pub struct ConvTranspose2d {
    pub spread: Spread,
    pub weight: usize,
    pub bias: usize,
    /// Must be fusable.
    pub activation: Activation,
}

impl ConvTranspose2d {
    /// Channels of the output.
    pub fn outputs(&self) -> usize {
        self.spread.windows.channels
    }

    /// `activation(spread x + b)`. Without `input_gradient` nothing is propagated to `x`.
    pub fn forward<E: Float, T: Tape<E, Cpu>>(
        self,
        x: Matrix<E, T>,
        parameters: &Parameters<E>,
        scratch: &Scratch<E>,
        input_gradient: bool,
    ) -> Matrix<E, T> {
        let (x, mut tape) = x.split_tape();
        let (images, spread, outputs) = (x.shape().0, self.spread, self.outputs());
        let weights = self.weight..self.weight + spread.kernel();
        let biases = self.bias..self.bias + outputs;
        let mut y = zeros(x.device(), images, spread.windows.image());
        let out = numbers_mut(&mut y);
        let mut memory = scratch.take(spread.memory(images));
        spread.forward(numbers(&x), &parameters.values()[weights.clone()], images, &mut memory, out);
        drop(memory);
        add_row(out, &parameters.values()[biases.clone()]);
        self.activation.apply(out, outputs);
        let (kept, parameters, scratch) = (y.clone(), parameters.clone(), scratch.clone());
        tape.add_backward_op(move |gradients| {
            let wanted = input_gradient.then_some(&x);
            parameters.with_gradients(gradients, &kept, wanted, |dy, slopes, dx| {
                settle(self.activation, numbers(&kept), dy, &mut slopes[biases]);
                let kernel = &parameters.values()[weights.clone()];
                let mut memory = scratch.take(spread.memory(images));
                spread.backward((numbers(&x), dy), kernel, images, &mut memory, &mut slopes[weights], dx);
            })
        });
        y.put_tape(tape)
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{gradient_error, matrix, parameters, values};
    use super::super::window::Padding;
    use super::*;

    fn cases() -> Vec<ConvTranspose2d> {
        let mut cases = Vec::new();
        for padding in [Padding::Same, Padding::Valid] {
            for (image, kernel, stride, outputs) in [
                ([3, 4, 2], [3, 3], [2, 2], 3),
                ([2, 3, 1], [2, 2], [2, 2], 2),
                ([3, 2, 2], [3, 4], [1, 3], 1),
                ([2, 2, 1], [1, 2], [2, 2], 2),
            ] {
                let windows = Windows::transposed(image, kernel, stride, padding, outputs);
                let spread = Spread { windows, inputs: image[2] };
                assert_eq!([windows.down, windows.across], [image[0], image[1]]);
                cases.push(ConvTranspose2d { spread, weight: 0, bias: spread.kernel(), activation: Activation::Tanh });
            }
        }
        cases
    }

    fn inputs(layer: &ConvTranspose2d) -> usize {
        layer.spread.windows.count() * layer.spread.inputs
    }

    #[test]
    fn values_are_those_of_the_definition() {
        for layer in cases() {
            let (w, inputs_each) = (layer.spread.windows, layer.spread.inputs);
            let (x, weights) = (matrix(1, inputs(&layer), 1), values(layer.bias + layer.outputs(), 2));
            let mut want = vec![0.0; w.image()];
            for (row, column) in (0..w.down).flat_map(|row| (0..w.across).map(move |column| (row, column))) {
                for (ky, kx) in (0..w.kernel[0]).flat_map(|ky| (0..w.kernel[1]).map(move |kx| (ky, kx))) {
                    let y = (row * w.stride[0] + ky).checked_sub(w.before[0]).filter(|y| *y < w.height);
                    let xx = (column * w.stride[1] + kx).checked_sub(w.before[1]).filter(|x| *x < w.width);
                    let (Some(y), Some(xx)) = (y, xx) else { continue };
                    for (output, input) in (0..w.channels).flat_map(|o| (0..inputs_each).map(move |i| (o, i))) {
                        let place = ((ky * w.kernel[1] + kx) * w.channels + output) * inputs_each + input;
                        let pixel = numbers(&x)[(row * w.across + column) * inputs_each + input];
                        want[(y * w.width + xx) * w.channels + output] += pixel * weights[place];
                    }
                }
            }
            let biases = &weights[layer.bias..];
            want.iter_mut().enumerate().for_each(|(at, sum)| *sum = (*sum + biases[at % w.channels]).tanh());
            let y = layer.forward(x, &parameters(&weights), &Scratch::default(), true);
            assert_eq!(numbers(&y).len(), want.len());
            assert!(numbers(&y).iter().zip(&want).all(|(a, b)| (a - b).abs() < 1e-12), "{layer:?}");
        }
    }

    #[test]
    fn gradients_agree_with_differences() {
        for layer in cases() {
            let (x, weights) = (matrix(2, inputs(&layer), 1), values(layer.bias + layer.outputs(), 2));
            let scratch = Scratch::default();
            let error = gradient_error(&x, &weights, |x, p| layer.forward(x, p, &scratch, true));
            assert!(error < 1e-7, "{layer:?}: {error}");
        }
    }
}

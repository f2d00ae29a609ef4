//! What each operation reaches, forward and backward, on one thread for 16 images, and what a large matrix product does
//! in the same run. Items per second are FLOP/s of useful arithmetic: products by the definition, whatever the method
//! saves; one for each number and direction elsewhere. `cargo bench --bench ops`, or of some operations
//! `cargo bench --bench ops -- product WORD OF A NAME...`

use std::fmt;
use std::mem::take;

use dfdx::prelude::{Backward, Cache, Cpu, OwnedTape, PutTape, SplitTape, Tape, Trace};
use divan::Bencher;
use divan::counter::ItemsCount;
use pipeline::tensor::activation::Activation;
use pipeline::tensor::batch_norm::BatchNorm;
use pipeline::tensor::conv_transpose2d::{ConvTranspose2d, Spread};
use pipeline::tensor::conv2d::Conv2d;
use pipeline::tensor::dense::{Dense, Tie};
use pipeline::tensor::dropout::Dropout;
use pipeline::tensor::gaussian::{Draw, Gaussian};
use pipeline::tensor::gemm::{Mat, multiply};
use pipeline::tensor::loss::Loss;
use pipeline::tensor::parameters::Parameters;
use pipeline::tensor::pool::{Pool, PoolKind, Upsample};
use pipeline::tensor::ssim::Ssim;
use pipeline::tensor::storage::{Matrix, Scratch, numbers_mut, scalar, with_gradient, zeros};
use pipeline::tensor::window::{Padding, Windows};

const IMAGES: usize = 16;

type Traced = Matrix<f32, OwnedTape<f32, Cpu>>;

/// Numbers without pattern in 0.05..0.95.
fn fill(numbers: &mut [f32]) {
    let mut state = 1u32;
    for number in numbers {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *number = 0.05 + 0.9 * (state >> 8) as f32 / (1 << 24) as f32;
    }
}

/// An operation to time.
struct Case(&'static str, fn(Bencher));

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

const OPERATIONS: &[Case] = &[
    Case("dense 784 to 256", |bench| dense(bench, 784, 256)),
    Case("dense 3136 to 64", |bench| dense(bench, 3136, 64)),
    Case("dense 64 to 3136", |bench| dense(bench, 64, 3136)),
    Case("conv 28x28, 1 to 32, windows", |bench| conv(bench, [28, 28, 1], 1, 1, 32)),
    Case("conv 14x14, 32 to 64, tiles", |bench| conv(bench, [14, 14, 32], 1, 1, 64)),
    Case("conv 7x7, 64 to 64, tiles", |bench| conv(bench, [7, 7, 64], 1, 1, 64)),
    Case("conv 7x7 upsampled x2, 64 to 32, tiles", |bench| conv(bench, [7, 7, 64], 2, 1, 32)),
    Case("conv 14x14 upsampled x2, 32 to 1, windows back", |bench| conv(bench, [14, 14, 32], 2, 1, 1)),
    Case("conv 28x28, 32 to 64, stride 2", |bench| conv(bench, [28, 28, 32], 1, 2, 64)),
    Case("transposed conv 7x7, 64 to 32, stride 2", |bench| transposed(bench, [7, 7, 64], 32)),
    Case("GELU of 256", |bench| op(bench, 256, 0, 2 * 256, |x, _| Activation::Gelu.forward(x, 256))),
    Case("dropout of 256", |bench| op(bench, 256, 0, 2 * 256, |x, _| Dropout { rate: 0.2 }.train(x, 1, 0))),
    Case("codes of 128 drawn", drawn_codes),
    Case("max pool 28x28x32", |bench| pool(bench, PoolKind::Max, [28, 28, 32])),
    Case("average pool 28x28x32", |bench| pool(bench, PoolKind::Average, [28, 28, 32])),
    Case("batch norm 28x28x32", |bench| batch_norm(bench, [28, 28, 32])),
    Case("upsample 14x14x64 x2", |bench| upsample(bench, [14, 14, 64])),
    Case("mean squared error of 784", |bench| loss(bench, 784, &Loss::Mse)),
    Case("mean absolute error of 784", |bench| loss(bench, 784, &Loss::L1)),
    Case("binary cross-entropy of 784", |bench| loss(bench, 784, &Loss::Bce)),
    Case("binary cross-entropy of 784 logits", |bench| loss(bench, 784, &Loss::BceLogits)),
    Case("softmax cross-entropy of 10", |bench| loss(bench, 10, &Loss::CrossEntropy)),
    Case("SSIM of 28x28", |bench| loss(bench, 784, &Loss::Ssim(Ssim::new([28, 28, 1], 11)))),
];

#[divan::bench(max_time = 0.33, args = OPERATIONS)]
fn operation(bencher: Bencher, case: &Case) {
    (case.1)(bencher);
}

/// The most that can be hoped for.
#[divan::bench(max_time = 0.33)]
fn product_of_1024_x_1024(bencher: Bencher) {
    const SIDE: usize = 1024;
    let [left, right] = [(); 2].map(|()| filled(SIDE * SIDE));
    let mut out = vec![0.0; SIDE * SIDE];
    let (left, right) = (Mat::new(&left, SIDE, SIDE), Mat::new(&right, SIDE, SIDE));
    bencher.counter(ItemsCount::new(2 * SIDE * SIDE * SIDE)).bench_local(|| multiply(&mut out, left, right, false));
}

fn filled(count: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; count];
    fill(&mut numbers);
    numbers
}

fn device() -> Cpu {
    let device = Cpu::default();
    device.enable_cache();
    device
}

fn matrix(device: &Cpu, width: usize) -> Matrix<f32> {
    let mut matrix = zeros(device, IMAGES, width);
    fill(numbers_mut(&mut matrix));
    matrix
}

/// An operation on rows of `width` numbers with so many parameters and so much arithmetic an image.
fn op(
    bencher: Bencher,
    width: usize,
    parameters: usize,
    flops: usize,
    op: impl Fn(Traced, &Parameters<f32>) -> Traced,
) {
    let device = device();
    let (x, parameters) = (matrix(&device, width), Parameters::new(filled(parameters)));
    let mut memory = Vec::new();
    bencher.counter(ItemsCount::new(IMAGES * flops)).bench_local(|| {
        let gradients = parameters.begin(take(&mut memory)).expect("memory for a gradient");
        let (y, mut tape) = op(x.clone().traced(gradients), &parameters).split_tape();
        // As if each number's gradient were one.
        tape.add_backward_op(move |gradients| {
            with_gradient(gradients, &y, |dy, _| {
                dy.fill(1.0);
                Ok(())
            })
        });
        let gradients = scalar(&device, 0.0).put_tape(tape).backward();
        memory = parameters.end(gradients).expect("a gradient");
    });
}

/// A loss over rows of `width` numbers.
fn loss(bencher: Bencher, width: usize, loss: &Loss) {
    let device = device();
    let (outputs, targets) = (matrix(&device, width), matrix(&device, width));
    bencher.counter(ItemsCount::new(IMAGES * width * 2)).bench_local(|| {
        loss.forward(outputs.leaky_trace(), &targets, 1.0).0.backward();
    });
}

fn dense(bencher: Bencher, inputs: usize, outputs: usize) {
    let bias = inputs * outputs;
    let dense = Dense { inputs, outputs, weight: 0, bias, activation: Activation::Relu, tie: Tie::Free };
    op(bencher, inputs, bias + outputs, 6 * bias, |x, p| dense.forward(x, p, true));
}

/// A convolution of 3x3; `image` is before upsampling.
fn conv(bencher: Bencher, [side, _, channels]: [usize; 3], upsample: usize, stride: usize, outputs: usize) {
    let image = [side * upsample, side * upsample, channels];
    let windows = Windows::new(image, [3, 3], [stride, stride], Padding::Same).expect("windows fit");
    let bias = windows.depth() * outputs;
    let conv = Conv2d { windows, upsample, outputs, weight: 0, bias, activation: Activation::Relu };
    let (flops, width, scratch) = (6 * windows.count() * bias, side * side * channels, Scratch::default());
    op(bencher, width, bias + outputs, flops, |x, p| conv.forward(x, p, &scratch, true));
}

fn transposed(bencher: Bencher, image: [usize; 3], outputs: usize) {
    let windows = Windows::transposed(image, [3, 3], [2, 2], Padding::Same, outputs);
    let spread = Spread { windows, inputs: image[2] };
    let conv = ConvTranspose2d { spread, weight: 0, bias: spread.kernel(), activation: Activation::Relu };
    let (flops, width) = (6 * windows.count() * spread.kernel(), image.iter().product());
    let scratch = Scratch::default();
    op(bencher, width, spread.kernel() + outputs, flops, |x, p| conv.forward(x, p, &scratch, true));
}

fn drawn_codes(bencher: Bencher) {
    let draw = Draw { key: 1, first_row: 0, weight: 1.0 };
    op(bencher, 256, 0, 2 * 256, |x, _| Gaussian { width: 128 }.train(x, draw, &mut vec![0.0; 128]));
}

fn pool(bencher: Bencher, kind: PoolKind, image: [usize; 3]) {
    let width = image.iter().product();
    let pool = Pool { kind, windows: Windows::new(image, [2, 2], [2, 2], Padding::Valid).expect("windows fit") };
    op(bencher, width, 0, 2 * width, |x, _| pool.forward(x));
}

fn batch_norm(bencher: Bencher, image: [usize; 3]) {
    let (width, channels) = (image.iter().product(), image[2]);
    let norm = BatchNorm { width: channels, scale: 0, offset: channels, running: 0 };
    op(bencher, width, 2 * channels, 2 * width, |x, p| norm.train(x, p, &mut vec![0.0; 2 * channels]));
}

fn upsample(bencher: Bencher, image: [usize; 3]) {
    let (width, upsample) = (image.iter().product(), Upsample { image, factor: 2 });
    op(bencher, width, 0, 2 * 4 * width, |x, _| upsample.forward(x));
}

fn main() {
    divan::main();
}

//! What each operation reaches, forward and backward, on one thread for 16 images: microseconds, useful arithmetic in
//! GFLOP/s (products by the definition, whatever the method saves; one for each number and direction elsewhere), and
//! its share of what a large matrix product reaches in the same run.
//! `cargo bench --bench ops -- [WORD OF A NAME]`

use std::time::Instant;

use dfdx::prelude::{Backward, Cache, Cpu, OwnedTape, PutTape, SplitTape, Tape, Trace};
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

/// Seconds that `work` takes: the fastest of the calls in a third of a second.
fn fastest(mut work: impl FnMut()) -> f64 {
    let (began, mut best) = (Instant::now(), f64::INFINITY);
    while began.elapsed().as_secs_f64() < 0.33 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

/// What operations run on, and what they are compared with.
struct Bench {
    device: Cpu,
    scratch: Scratch<f32>,
    /// FLOP/s of a large product.
    ceiling: f64,
    wanted: Option<String>,
}

impl Bench {
    fn new(wanted: Option<String>) -> Self {
        const SIDE: usize = 1024;
        let (mut left, mut right, mut out) =
            (vec![0.0f32; SIDE * SIDE], vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
        fill(&mut left);
        fill(&mut right);
        let seconds = fastest(|| multiply(&mut out, Mat::new(&left, SIDE, SIDE), Mat::new(&right, SIDE, SIDE), false));
        let ceiling = 2.0 * (SIDE * SIDE * SIDE) as f64 / seconds;
        let device = Cpu::default();
        device.enable_cache();
        println!("{:<46} {:>9} {:>9} {:>6}", "operation", "us", "GFLOP/s", "share");
        println!("{:<46} {:>9.0} {:>9.1} {:>6}", "product of 1024 x 1024", seconds * 1e6, ceiling / 1e9, "100 %");
        Self { device, scratch: Scratch::default(), ceiling, wanted }
    }

    fn matrix(&self, width: usize) -> Matrix<f32> {
        let mut matrix = zeros(&self.device, IMAGES, width);
        fill(numbers_mut(&mut matrix));
        matrix
    }

    fn print(&self, name: &str, flops: usize, work: impl FnMut()) {
        if self.wanted.as_ref().is_some_and(|word| !name.contains(word)) {
            return;
        }
        let seconds = fastest(work);
        let rate = flops as f64 / seconds;
        let share = 100.0 * rate / self.ceiling;
        println!("{name:<46} {:>9.0} {:>9.1} {share:>4.0} %", seconds * 1e6, rate / 1e9);
    }

    /// An operation on rows of `width` numbers with so many parameters.
    fn op(
        &self,
        name: &str,
        width: usize,
        parameters: usize,
        flops: usize,
        op: impl Fn(Traced, &Parameters<f32>) -> Traced,
    ) {
        let mut values = vec![0.0; parameters];
        fill(&mut values);
        let (x, parameters) = (self.matrix(width), Parameters::new(values));
        let mut memory = Vec::new();
        self.print(name, IMAGES * flops, || {
            let gradients = parameters.begin(std::mem::take(&mut memory)).expect("memory for a gradient");
            let (y, mut tape) = op(x.clone().traced(gradients), &parameters).split_tape();
            // As if each number's gradient were one.
            tape.add_backward_op(move |gradients| {
                with_gradient(gradients, &y, |dy, _| {
                    dy.fill(1.0);
                    Ok(())
                })
            });
            let gradients = scalar(&self.device, 0.0).put_tape(tape).backward();
            memory = parameters.end(gradients).expect("a gradient");
        });
    }

    /// A loss over rows of `width` numbers, with so many operations on each.
    fn loss(&self, name: &str, width: usize, operations: usize, loss: &Loss) {
        let (outputs, targets) = (self.matrix(width), self.matrix(width));
        self.print(name, IMAGES * width * operations, || {
            loss.forward(outputs.leaky_trace(), &targets, 1.0).0.backward();
        });
    }

    fn dense(&self, inputs: usize, outputs: usize) {
        let dense =
            Dense { inputs, outputs, weight: 0, bias: inputs * outputs, activation: Activation::Relu, tie: Tie::Free };
        let name = format!("dense {inputs} to {outputs}");
        self.op(&name, inputs, (inputs + 1) * outputs, 6 * inputs * outputs, |x, p| dense.forward(x, p, true));
    }

    /// A convolution of 3x3 that keeps the size; `image` is before upsampling.
    fn conv(&self, method: &str, [side, _, channels]: [usize; 3], upsample: usize, outputs: usize) {
        let image = [side * upsample, side * upsample, channels];
        let windows = Windows::new(image, [3, 3], [1, 1], Padding::Same).expect("windows fit");
        let bias = windows.depth() * outputs;
        let conv = Conv2d { windows, upsample, outputs, weight: 0, bias, activation: Activation::Relu };
        let name = format!("conv {side}x{side} x{upsample}, {channels} to {outputs}, {method}");
        let (flops, width) = (6 * windows.count() * bias, side * side * channels);
        self.op(&name, width, bias + outputs, flops, |x, p| conv.forward(x, p, &self.scratch, true));
    }

    fn transposed(&self, image: [usize; 3], outputs: usize) {
        let windows = Windows::transposed(image, [3, 3], [2, 2], Padding::Same, outputs);
        let spread = Spread { windows, inputs: image[2] };
        let conv = ConvTranspose2d { spread, weight: 0, bias: spread.kernel(), activation: Activation::Relu };
        let name = format!("transposed conv {0}x{0}, {1} to {outputs}, stride 2", image[0], image[2]);
        let (flops, width) = (6 * windows.count() * spread.kernel(), image.iter().product());
        self.op(&name, width, spread.kernel() + outputs, flops, |x, p| conv.forward(x, p, &self.scratch, true));
    }

    /// A convolution of 3x3 with stride 2.
    fn strided(&self, image: [usize; 3], outputs: usize) {
        let windows = Windows::new(image, [3, 3], [2, 2], Padding::Same).expect("windows fit");
        let bias = windows.depth() * outputs;
        let conv = Conv2d { windows, upsample: 1, outputs, weight: 0, bias, activation: Activation::Relu };
        let name = format!("conv {0}x{0}, {1} to {outputs}, stride 2", image[0], image[2]);
        let (flops, width) = (6 * windows.count() * bias, image.iter().product());
        self.op(&name, width, bias + outputs, flops, |x, p| conv.forward(x, p, &self.scratch, true));
    }

    /// What works on rows of features.
    fn on_rows(&self, width: usize) {
        let gelu = |x, _: &Parameters<f32>| Activation::Gelu.forward(x, width);
        self.op(&format!("GELU of {width}"), width, 0, 2 * width, gelu);
        let dropout = Dropout { rate: 0.2 };
        self.op(&format!("dropout of {width}"), width, 0, 2 * width, |x, _| dropout.train(x, 1, 0));
        let (gaussian, codes) = (Gaussian { width: width / 2 }, width / 2);
        let draw = Draw { key: 1, first_row: 0, weight: 1.0 };
        let name = format!("codes of {codes} drawn");
        self.op(&name, width, 0, 2 * width, |x, _| gaussian.train(x, draw, &mut vec![0.0; codes]));
    }

    fn around(&self, image: [usize; 3]) {
        let ([side, _, channels], width) = (image, image.iter().product::<usize>());
        let windows = Windows::new(image, [2, 2], [2, 2], Padding::Valid).expect("windows fit");
        for (kind, word) in [(PoolKind::Max, "max"), (PoolKind::Average, "average")] {
            let pool = Pool { kind, windows };
            self.op(&format!("{word} pool {side}x{side}x{channels}"), width, 0, 2 * width, |x, _| pool.forward(x));
        }
        let norm = BatchNorm { width: channels, scale: 0, offset: channels, running: 0 };
        let name = format!("batch norm {side}x{side}x{channels}");
        self.op(&name, width, 2 * channels, 2 * width, |x, p| norm.train(x, p, &mut vec![0.0; 2 * channels]));
        let upsample = Upsample { image, factor: 2 };
        self.op(&format!("upsample {side}x{side}x{channels}"), width, 0, 2 * 4 * width, |x, _| upsample.forward(x));
    }
}

fn main() {
    let bench = Bench::new(std::env::args().skip(1).find(|argument| !argument.starts_with("--")));
    bench.dense(784, 256);
    bench.dense(3136, 64);
    bench.dense(64, 3136);
    bench.conv("windows", [28, 28, 1], 1, 32);
    bench.conv("tiles", [14, 14, 32], 1, 64);
    bench.conv("tiles", [7, 7, 64], 1, 64);
    bench.conv("tiles", [7, 7, 64], 2, 32);
    bench.conv("windows back", [14, 14, 32], 2, 1);
    bench.strided([28, 28, 32], 64);
    bench.transposed([7, 7, 64], 32);
    bench.on_rows(256);
    bench.around([28, 28, 32]);
    bench.around([14, 14, 64]);
    bench.loss("mean squared error of 784", 784, 2, &Loss::Mse);
    bench.loss("mean absolute error of 784", 784, 2, &Loss::L1);
    bench.loss("binary cross-entropy of 784", 784, 2, &Loss::Bce);
    bench.loss("binary cross-entropy of 784 logits", 784, 2, &Loss::BceLogits);
    bench.loss("softmax cross-entropy of 10", 10, 2, &Loss::CrossEntropy);
    bench.loss("SSIM of 28x28", 784, 2, &Loss::Ssim(Ssim::new([28, 28, 1], 11)));
}

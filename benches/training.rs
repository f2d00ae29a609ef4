//! Seconds an epoch of two published models take, on random images of MNIST's size.
//! `cargo bench --bench training -- [dense|conv] [threads] [epochs]`

use std::sync::Mutex;
use std::time::Instant;

use pipeline::cancel::Cancel;
use pipeline::dataset::samples::Samples;
use pipeline::model::autoencoder::Autoencoder;
use pipeline::model::layer::LayerSpec;
use pipeline::model::train::{Loss, Optimizer, Run, Training};

/// Stored as bytes, four pixels in five black.
struct Images(Vec<u8>);

impl Samples for Images {
    fn len(&self) -> usize {
        self.0.len() / 784
    }

    fn shape(&self) -> [usize; 3] {
        [28, 28, 1]
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(784)) {
            let image = &self.0[*row as usize * 784..][..784];
            out.iter_mut().zip(image).for_each(|(out, pixel)| *out = f32::from(*pixel) / 255.0);
        }
    }
}

fn images(count: usize) -> Images {
    let mut state = 1u64;
    let pixels = (0..count * 784).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (state >> 40).is_multiple_of(5) { (state >> 56) as u8 } else { 0 }
    });
    Images(pixels.collect())
}

fn layers(texts: &[&str]) -> Vec<LayerSpec> {
    texts.iter().map(|text| text.parse().expect("the texts below are layers")).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let number = |place: usize, default: usize| {
        arguments.get(place).map_or(default, |text| text.parse().expect("threads and epochs are numbers"))
    };
    let conv = arguments.first().is_some_and(|name| name == "conv");
    let (encoder, decoder, count, batch_size, loss) = if conv {
        (
            layers(&["conv 32 3x3 relu", "maxpool 2", "conv 64 3x3 relu", "maxpool 2", "flatten", "dense 64"]),
            layers(&[
                "dense 3136 relu",
                "reshape 7x7x64",
                "conv 64 3x3 relu",
                "upsample 2",
                "conv 32 3x3 relu",
                "upsample 2",
                "conv 1 3x3 sigmoid",
            ]),
            54_000,
            128,
            Loss::Mse,
        )
    } else {
        (
            layers(&["dense 256 relu", "dense 128 relu", "dense 32 relu"]),
            layers(&["dense 128 relu", "dense 256 relu", "dense 784 sigmoid"]),
            50_000,
            256,
            Loss::Bce,
        )
    };
    let threads = number(1, 2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
    let began = Mutex::new(Instant::now());
    let on_epoch = |report: pipeline::model::train::EpochReport| {
        let mut began = began.lock().expect("no epoch panics");
        println!("epoch {:2}: {:.2} s, loss {:.17}", report.epoch, began.elapsed().as_secs_f64(), report.train_loss);
        *began = Instant::now();
    };
    let run = Run { pool: &pool, cancel: &Cancel::default(), on_epoch: &on_epoch };
    let mut model = Autoencoder::new(&encoder, &decoder, [28, 28, 1], 1).expect("the layers fit");
    let epochs = number(2, 3) as u32;
    let training =
        Training { epochs, batch_size, optimizer: Optimizer::Adam, learning_rate: 1e-3, seed: 1, shuffle: true };
    println!("{} parameters, {threads} threads", model.parameters());
    let data = images(count);
    *began.lock().expect("no epoch panics") = Instant::now();
    model.fit(&data, None, loss, &training, &run).expect("training ends");
}

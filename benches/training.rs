//! Seconds an epoch of two published models take on MNIST's images, in the files' order, as JSON.
//! `PIPELINE_DATA_DIR=FOLDER cargo bench --bench training -- dense|conv [EPOCHS] [THREADS]`

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use pipeline::cancel::Cancel;
use pipeline::dataset::idx::Idx;
use pipeline::dataset::samples::Samples;
use pipeline::device::Device;
use pipeline::model::autoencoder::Autoencoder;
use pipeline::model::layer::LayerSpec;
use pipeline::model::train::{EpochReport, Loss, Run, Training};
use serde_json::json;

/// Bytes, scaled to 0..1 on the way into a batch.
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
    let folder = std::env::var_os("PIPELINE_DATA_DIR").expect("PIPELINE_DATA_DIR names the folder that holds mnist/");
    let path = Path::new(&folder).join("mnist/train-images-idx3-ubyte.gz");
    let mut pixels = Idx::read(&path).expect("MNIST's training images").values;
    pixels.truncate(count * 784);
    Images(pixels)
}

fn layers(texts: &[&str]) -> Vec<LayerSpec> {
    texts.iter().map(|text| text.parse().expect("the texts below are layers")).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let number = |place: usize, default: usize| {
        arguments.get(place).map_or(default, |text| text.parse().expect("epochs and threads are numbers"))
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
    let (epochs, threads) = (number(1, 3), number(2, 2));
    let data = images(count);
    let mut model = Autoencoder::new(&encoder, &decoder, [28, 28, 1], 1).expect("the layers fit");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
    let (ends, losses) = (Mutex::new(vec![Instant::now()]), Mutex::new(Vec::new()));
    let on_epoch = |report: EpochReport| {
        ends.lock().expect("no epoch panics").push(Instant::now());
        losses.lock().expect("no epoch panics").push(report.train_loss);
    };
    let run =
        Run { pool: &pool, device: Device::Cpu, cancel: &Cancel::default(), on_epoch: &on_epoch, checkpoints: None };
    let training = Training {
        epochs: epochs as u32,
        batch_size,
        learning_rate: 1e-3,
        seed: 1,
        shuffle: false,
        ..Training::default()
    };
    model.fit(&data, None, loss, &training, &run).expect("training ends");
    let ends = ends.into_inner().expect("no epoch panicked");
    let seconds: Vec<f64> = ends.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    println!("{}", json!({"seconds": seconds, "losses": losses}));
}

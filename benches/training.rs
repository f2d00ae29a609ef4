//! Seconds an epoch of two published models take on MNIST's images, in the files' order, as JSON.
//! `PIPELINE_DATA_DIR=FOLDER cargo bench --bench training -- dense|conv [EPOCHS] [THREADS]`

use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use pipeline::cancel::Cancel;
use pipeline::dataset::idx::Idx;
use pipeline::dataset::meta::{META_FILE, PerChannel, images_file};
use pipeline::dataset::raw::{Part, Raw};
use pipeline::dataset::{Dataset, Split};
use pipeline::device::Device;
use pipeline::model::autoencoder::Autoencoder;
use pipeline::model::layer::LayerSpec;
use pipeline::model::train::{EpochReport, Loss, Run, Training};
use serde_json::json;

/// The first of MNIST's training images, as a data set that the program has stored, scaled to 0..1.
fn images(count: usize) -> Split {
    let folder = std::env::var_os("PIPELINE_DATA_DIR").expect("PIPELINE_DATA_DIR names the folder that holds mnist/");
    let path = Path::new(&folder).join("mnist/train-images-idx3-ubyte.gz");
    let mut file = Idx::read(&path).expect("MNIST's training images");
    file.axes[0] = count;
    file.values.truncate(count * 784);
    let images = file.into_images(&path).expect("as many images");
    let directory = tempfile::tempdir().expect("a folder for the data set");
    let raw = Raw::numbered("mnist", Part { images, labels: None }, None).expect("a data set without labels");
    let mut meta = raw.write(directory.path(), 0.0, None).expect("the data set is written");
    meta.scale = PerChannel::All(1.0 / 255.0);
    let files = [META_FILE.to_owned(), images_file("train")].map(|name| (name.clone(), directory.path().join(name)));
    std::fs::write(&files[0].1, meta.to_json()).expect("the data set is written");
    Dataset::open(&files.into()).expect("what was written").split("train").expect("its only split")
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
    let mut model = Autoencoder::new(&encoder, &decoder, [28, 28, 1], 1, false).expect("the layers fit");
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

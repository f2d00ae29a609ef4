//! Artifacts of every type, made up but of the right form, for the tests of the report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::artifact::ArtifactType;
use crate::artifact::array;
use crate::report::source::Source;

const CLASSES: usize = 10;

/// A fixed stream of numbers in 0..1.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Roughly normal, with deviation 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// Writes artifacts under a directory and keeps them as sources.
pub struct Maker {
    directory: PathBuf,
    pub sources: Vec<Source>,
}

impl Maker {
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), sources: Vec::new() }
    }

    pub fn begin(&mut self, artifact_type: ArtifactType, stage: &str) -> &mut Self {
        self.sources.push(Source { artifact_type, stage: stage.into(), files: BTreeMap::new() });
        self
    }

    fn place(&mut self, file: &str) -> PathBuf {
        let index = self.sources.len() - 1;
        let source = self.sources.last_mut().unwrap();
        let directory = self.directory.join(format!("{index}"));
        fs::create_dir_all(&directory).unwrap();
        source.files.insert(file.into(), directory.join(file));
        directory.join(file)
    }

    pub fn json(&mut self, file: &str, value: &Value) -> &mut Self {
        fs::write(self.place(file), value.to_string()).unwrap();
        self
    }

    pub fn text(&mut self, file: &str, text: &str) -> &mut Self {
        fs::write(self.place(file), text).unwrap();
        self
    }

    pub fn array<T: array::Element>(&mut self, file: &str, shape: &[usize], values: &[T]) -> &mut Self {
        array::write(&self.place(file), shape, values).unwrap();
        self
    }
}

pub fn classes() -> Vec<String> {
    (0..CLASSES).map(|class| class.to_string()).collect()
}

/// A ring or stroke that depends on the class, in 0..1.
pub fn digit(class: usize, noise: &mut Noise) -> Vec<f32> {
    let (turn, size) = (noise.next() * 0.6, 6.0 + 3.0 * noise.next());
    let pixel = |x: usize, y: usize| {
        let (dx, dy) = (x as f64 - 13.5, y as f64 - 13.5);
        let (angle, radius) = (dy.atan2(dx) + turn, dx.hypot(dy));
        let edge = size + 2.2 * (angle * (class % 5 + 1) as f64).cos() * if class > 4 { 1.6 } else { 0.6 };
        (1.4 - (radius - edge).abs() / 1.6).clamp(0.0, 1.0) as f32
    };
    (0..28 * 28).map(|index| pixel(index % 28, index / 28)).collect()
}

fn blurred(image: &[f32], amount: f32) -> Vec<f32> {
    let at = |x: isize, y: isize| {
        if (0..28).contains(&x) && (0..28).contains(&y) { image[(y * 28 + x) as usize] } else { 0.0 }
    };
    let pixel = |x: isize, y: isize| {
        let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
        at(x, y) * (1.0 - amount) + around / 4.0 * amount
    };
    (0..28 * 28).map(|index| pixel(index % 28, index / 28)).collect()
}

/// One artifact of every type.
pub fn everything(directory: &Path) -> Vec<Source> {
    let mut maker = Maker::new(directory);
    let mut noise = Noise(1);
    data(&mut maker, &mut noise);
    models(&mut maker, &mut noise);
    evaluation(&mut maker, &mut noise);
    samples(&mut maker, &mut noise);
    classifier(&mut maker, &mut noise);
    latent(&mut maker, &mut noise);
    anomaly(&mut maker, &mut noise);
    maker.sources
}

fn data(maker: &mut Maker, noise: &mut Noise) {
    let images: Vec<u8> = (0..40).flat_map(|i| digit(i % CLASSES, noise)).map(|value| (value * 255.0) as u8).collect();
    let labels: Vec<u32> = (0..40).map(|i| (i % CLASSES) as u32).collect();
    let gaussian = json!({"kind": "gaussian", "amount": 0.3, "seed": 1});
    for (stage, scale, split, grain) in [
        ("load", 1.0, false, Value::Null),
        ("normalize", 1.0 / 255.0, false, Value::Null),
        ("split", 1.0 / 255.0, true, Value::Null),
        ("noise", 1.0 / 255.0, true, gaussian),
    ] {
        let splits = if split {
            json!({"train": {"source": "train", "count": 30}, "validation": {"source": "train", "count": 10},
                "test": {"source": "test", "count": 40}})
        } else {
            json!({"train": {"source": "train", "count": 40}, "test": {"source": "test", "count": 40}})
        };
        let dataset = json!({"name": "mnist", "shape": [28, 28, 1], "classes": classes(), "stored_range": [0, 255],
            "scale": scale, "offset": 0.0, "noise": grain, "fallback_for": null, "splits": splits});
        maker
            .begin(ArtifactType::Dataset, stage)
            .json("dataset.json", &dataset)
            .array("train.images.npy", &[40, 28, 28, 1], &images)
            .array("test.images.npy", &[40, 28, 28, 1], &images)
            .array("train.labels.npy", &[40], &labels)
            .array("test.labels.npy", &[40], &labels);
        if split {
            maker.array("train.index.npy", &[30], &(0..30).collect::<Vec<u32>>()).array(
                "validation.index.npy",
                &[10],
                &(30..40).collect::<Vec<u32>>(),
            );
        }
    }
    let latents = json!({"dim": 32, "classes": classes(), "shape": [28, 28, 1],
        "splits": {"train": 30, "validation": 10, "test": 40}});
    maker.begin(ArtifactType::Latents, "latents").json("latents.json", &latents);
}

fn models(maker: &mut Maker, noise: &mut Noise) {
    let layer = |part: &str, layer: &str, output: &[usize], parameters: usize| json!({"part": part, "layer": layer, "output": output, "parameters": parameters});
    let layers = [
        layer("encoder", "conv 32 3x3 same relu", &[28, 28, 32], 320),
        layer("encoder", "maxpool 2", &[14, 14, 32], 0),
        layer("encoder", "flatten", &[6272], 0),
        layer("encoder", "dense 32", &[32], 200736),
        layer("decoder", "dense 784 sigmoid", &[784], 25872),
        layer("decoder", "reshape 28x28x1", &[28, 28, 1], 0),
    ];
    let model = json!({"input": [28, 28, 1], "encoder": [], "decoder": [], "latent_dim": 32, "loss": "bce",
        "parameters": 226928, "layers": layers, "beta": 4.0});
    let mut history = String::from("epoch,train_loss,val_loss,val_mse\n");
    for epoch in 1..=20 {
        let fall = 0.19 / f64::from(epoch).powf(0.8);
        let (train, val) = (0.075 + fall, 0.079 + fall * 0.95 + noise.next() * 0.002);
        history += &format!("{epoch},{train},{val},{}\n", val * 0.09);
    }
    let nats = |dimension: usize| 3.0 * (-(dimension as f64) / 2.0).exp();
    let divergence = (0..40).map(|dimension| format!("{dimension},{},{}\n", nats(dimension), dimension < 12));
    let divergence = format!("dimension,nats,active\n{}", divergence.collect::<String>());
    maker
        .begin(ArtifactType::Model, "autoencoder")
        .json("model.json", &model)
        .text("history.csv", &history)
        .text("divergence.csv", &divergence);
    let elbo: Vec<f64> = (1..=20).map(|epoch| -100.0 - 80.0 / f64::from(epoch)).collect();
    let metrics = json!({"metrics": {"val_elbo": -104.0}, "series": {"val_elbo": elbo}, "warnings": []});
    maker.begin(ArtifactType::Metrics, "autoencoder").json("metrics.json", &metrics);
    let mut curve = String::from("latent_dim,mse\n0,0.0675\n");
    for dim in 1..=128 {
        curve += &format!("{dim},{}\n", 0.0675 * (-f64::from(dim).powf(0.62) / 6.5).exp());
    }
    maker
        .begin(ArtifactType::Baseline, "autoencoder.baseline")
        .json("baseline.json", &json!({"constant_mse": 0.0675, "dimensions": 128, "split": "test"}))
        .text("curve.csv", &curve);
}

fn evaluation(maker: &mut Maker, noise: &mut Noise) {
    let originals: Vec<Vec<f32>> = (0..16).map(|i| digit(i * 7 % CLASSES, noise)).collect();
    let inputs: Vec<f32> =
        originals.iter().flatten().map(|value| (value + 0.3 * noise.normal() as f32).clamp(0.0, 1.0)).collect();
    let given: Vec<Vec<f32>> = originals.iter().map(|image| blurred(image, 0.6)).collect();
    let maps: Vec<f32> = originals.iter().flatten().zip(given.iter().flatten()).map(|(a, b)| (a - b).abs()).collect();
    let mean: Vec<f32> = (0..784).map(|pixel| (0..16).map(|i| maps[i * 784 + pixel]).sum::<f32>() / 16.0).collect();
    let errors: Vec<f32> = (0..10_000).map(|_| (0.0075 * (0.35 * noise.normal()).exp()) as f32).collect();
    let evaluation = json!({
        "metrics": {"mse": 0.00689, "bce": 0.08263, "ssim": 0.9312, "pixel_accuracy": 0.97641},
        "definitions": {"mse": "Mean over images and pixels of the squared difference.",
            "bce": "Mean binary cross-entropy of a pixel, in nats.",
            "ssim": "Structural similarity, Gaussian window 11, deviation 1.5.",
            "pixel_accuracy": "Share of pixels on the same side of 0.5 in original and reconstruction."},
        "samples": (0..16).collect::<Vec<_>>(), "compression_ratio": 24.5, "noise": null});
    let shape = [16, 28, 28, 1];
    maker
        .begin(ArtifactType::Evaluation, "evaluate")
        .json("evaluation.json", &evaluation)
        .array("originals.npy", &shape, &originals.concat())
        .array("inputs.npy", &shape, &inputs)
        .array("reconstructions.npy", &shape, &given.concat())
        .array("error_maps.npy", &shape, &maps)
        .array("mean_error_map.npy", &[28, 28, 1], &mean)
        .array("sample_errors.npy", &[errors.len()], &errors);
    let metrics = json!({"metrics": {"mse": 0.00689, "bce": 0.08263, "ssim": 0.9312, "pixel_accuracy": 0.97641}, "series": {}, "warnings": []});
    maker.begin(ArtifactType::Metrics, "evaluate").json("metrics.json", &metrics);
}

fn samples(maker: &mut Maker, noise: &mut Noise) {
    let mut digits = |count: usize| (0..count).flat_map(|i| digit(i % CLASSES, noise)).collect::<Vec<f32>>();
    let traversal = |dimension: usize| json!({"dimension": dimension, "low": -2.1, "high": 2.3, "deviation": 0.9});
    let samples = json!({"latent_dim": 2, "draws": 12, "split": "test", "image": 0, "traversals": [traversal(1), traversal(0)],
        "interpolations": [[4, 7]], "map": {"x": [-1.0, 0.0, 1.0], "y": [-1.0, 0.0, 1.0]}});
    maker
        .begin(ArtifactType::Samples, "samples")
        .json("samples.json", &samples)
        .array("draws.npy", &[12, 28, 28, 1], &digits(12))
        .array("traversals.npy", &[2, 5, 28, 28, 1], &digits(10))
        .array("image.npy", &[1, 28, 28, 1], &digits(1))
        .array("interpolations.npy", &[1, 5, 28, 28, 1], &digits(5))
        .array("ends.npy", &[1, 2, 28, 28, 1], &digits(2))
        .array("map.npy", &[3, 3, 28, 28, 1], &digits(9));
}

fn classifier(maker: &mut Maker, noise: &mut Noise) {
    let model = json!({"input": [32], "on": "latents", "classes": classes(), "parameters": 2762, "layers": [
        {"part": "classifier", "layer": "dense 64 relu", "output": [64], "parameters": 2112},
        {"part": "classifier", "layer": "dense 10", "output": [10], "parameters": 650}]});
    let mut history = String::from("epoch,train_loss,val_loss,train_accuracy,val_accuracy\n");
    for epoch in 1..=10 {
        let rest = 0.5 / f64::from(epoch);
        history += &format!("{epoch},{},{},{},{}\n", 0.2 + rest, 0.24 + rest, 0.95 - rest * 0.5, 0.94 - rest * 0.45);
    }
    let mut confusion = format!("true,{}\n", classes().join(","));
    for class in 0..CLASSES {
        let row: Vec<String> = (0..CLASSES)
            .map(|other| if other == class { 905 + class } else { (noise.next().powi(3) * 30.0) as usize })
            .map(|count| count.to_string())
            .collect();
        confusion += &format!("{class},{}\n", row.join(","));
    }
    maker
        .begin(ArtifactType::Classifier, "classifier")
        .json("model.json", &model)
        .text("history.csv", &history)
        .text("confusion.csv", &confusion);
    predictions(maker, noise);
    let series: Vec<f64> = (1..=10).map(|epoch| 0.2 + 0.5 / f64::from(epoch)).collect();
    let metrics = json!({"metrics": {"train_accuracy": 0.912, "test_accuracy": 0.9064, "macro_f1": 0.9051},
        "series": {"train_loss": series}, "warnings": []});
    maker.begin(ArtifactType::Metrics, "classifier").json("metrics.json", &metrics);
}

fn predictions(maker: &mut Maker, noise: &mut Noise) {
    let mut log = String::from("index,label,predicted,confidence,correct\n");
    let (mut probabilities, mut images) = (Vec::new(), Vec::new());
    for index in 0..200 {
        let label = index * 3 % CLASSES;
        let predicted = if index % 9 == 4 { (label + 5) % CLASSES } else { label };
        let mut row: Vec<f32> = (0..CLASSES).map(|_| noise.next().powi(4) as f32 * 0.6).collect();
        row[predicted] += 0.7;
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|value| *value /= sum);
        log += &format!("{index},{label},{predicted},{},{}\n", row[predicted], predicted == label);
        probabilities.extend(row);
    }
    let samples: Vec<usize> = (0..8).map(|i| i * 23 + 4).collect();
    for index in &samples {
        images.extend(digit(index * 3 % CLASSES, noise));
    }
    maker
        .begin(ArtifactType::Predictions, "predict")
        .json("predictions.json", &json!({"classes": classes(), "samples": samples}))
        .text("predictions.csv", &log)
        .array("probabilities.npy", &[200, CLASSES], &probabilities)
        .array("samples.npy", &[8, 28, 28, 1], &images);
}

fn latent(maker: &mut Maker, noise: &mut Noise) {
    for (stage, method, reach, metrics) in [
        ("pca", "pca", 3.0, json!({"explained_variance": 0.213})),
        ("tsne", "tsne", 12.0, json!({"kl_divergence": 1.7212, "trustworthiness": 0.9731})),
    ] {
        let labels: Vec<u32> = (0..3000).map(|i| i % CLASSES as u32).collect();
        let points: Vec<f32> = labels
            .iter()
            .flat_map(|&label| {
                let angle = f64::from(label) * 2.4;
                let radius = reach * f64::from(label + 2).sqrt() / 2.0;
                [radius * angle.cos() + noise.normal(), radius * angle.sin() + noise.normal()]
            })
            .map(|value| value as f32)
            .collect();
        let axes = if method == "pca" {
            ["PC 1 (12.4 % of variance)", "PC 2 (8.9 % of variance)"]
        } else {
            ["t-SNE 1", "t-SNE 2"]
        };
        let embedding =
            json!({"method": method, "split": "test", "classes": classes(), "axes": axes, "metrics": metrics});
        maker
            .begin(ArtifactType::Embedding, stage)
            .json("embedding.json", &embedding)
            .array("points.npy", &[3000, 2], &points)
            .array("labels.npy", &[3000], &labels);
    }
    let mut table = format!("cluster,size,{}\n", classes().join(","));
    for cluster in 0..CLASSES {
        let row: Vec<usize> = (0..CLASSES)
            .map(|class| if class == cluster * 3 % CLASSES { 700 } else { (noise.next().powi(4) * 160.0) as usize })
            .collect();
        let cells: Vec<String> = row.iter().map(usize::to_string).collect();
        table += &format!("{cluster},{},{}\n", row.iter().sum::<usize>(), cells.join(","));
    }
    let clusters =
        json!({"k": 10, "split": "test", "classes": classes(), "metrics": {"nmi": 0.5312, "purity": 0.6123}});
    maker.begin(ArtifactType::Clusters, "clusters").json("clusters.json", &clusters).text("table.csv", &table);
}

fn anomaly(maker: &mut Maker, noise: &mut Noise) {
    let truth: Vec<u8> = (0..5000).map(|i| u8::from(i % 10 == 0)).collect();
    let scores: Vec<f32> =
        truth.iter().map(|&odd| (0.007 * (0.35 * noise.normal() + 0.9 * f64::from(odd)).exp()) as f32).collect();
    let mut roc = String::from("threshold,false_positive_rate,true_positive_rate\n");
    for step in 0..=100 {
        let rate = f64::from(step) / 100.0;
        roc += &format!("{},{rate},{}\n", 0.03 - rate * 0.02, rate.powf(0.2));
    }
    let images: Vec<f32> = (0..8).flat_map(|_| digit(9, noise)).collect();
    let anomaly = json!({"threshold": 0.0131, "quantile": 0.95, "anomalies": ["9"],
        "metrics": {"auroc": 0.9312, "precision": 0.71, "recall": 0.66}});
    maker
        .begin(ArtifactType::Anomaly, "anomaly")
        .json("anomaly.json", &anomaly)
        .array("scores.npy", &[5000], &scores)
        .array("truth.npy", &[5000], &truth)
        .text("roc.csv", &roc)
        .array("samples.npy", &[8, 28, 28, 1], &images);
}

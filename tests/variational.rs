//! From a variational autoencoder to images of random codes, traversals and interpolations.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{Launch, PIPELINE, Project};
use pipeline::dataset::Dataset;
use pipeline::dataset::samples::Samples;
use serde_json::Value;

const SAMPLES: &str = r#"
[stages.samples]
uses = "sample"
inputs = { model = "autoencoder", dataset = "split" }
draws = 5
traversals = 3
interpolations = 2
steps = 4
grid = 3

[stages.report]
uses = "report"
"#;

fn project() -> Project {
    let project = Project::with_pipeline(&format!("{PIPELINE}{SAMPLES}"));
    project.edit_pipeline("\"dense ${latent}\"", "\"gaussian ${latent}\"");
    project
}

/// Shape of a `.npy` file.
fn shape(project: &Project, file: &Value) -> Vec<usize> {
    let path = project.path(file["path"].as_str().expect("a file has a path"));
    pipeline::artifact::array::Array::<f32>::open(&path).expect("an array of f32").shape().to_vec()
}

#[test]
fn images_are_decoded_from_random_codes_along_dimensions_and_between_images() {
    let project = project();
    project.run(&["--set", "latent=2"]);
    let files = project.artifact_files();
    let of = |name: &str| shape(&project, &files[&format!("samples.samples/{name}")]);
    assert_eq!(of("draws.npy"), [5, 28, 28, 1]);
    assert_eq!(of("draws.codes.npy"), [5, 2]);
    assert_eq!((of("traversals.npy"), of("image.npy")), (vec![2, 4, 28, 28, 1], vec![1, 28, 28, 1]));
    assert_eq!((of("interpolations.npy"), of("ends.npy")), (vec![2, 4, 28, 28, 1], vec![2, 2, 28, 28, 1]));
    assert_eq!(of("map.npy"), [3, 3, 28, 28, 1]);
}

/// The trained weights, by name.
struct Weights(BTreeMap<String, Vec<f64>>);

impl Weights {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("weights can be read");
        let file = safetensors::SafeTensors::deserialize(&bytes).expect("weights are safetensors");
        let number = |bytes: &[u8]| f64::from(f32::from_le_bytes(bytes.try_into().expect("four bytes are a number")));
        let read = |data: &[u8]| data.chunks_exact(4).map(number).collect();
        Self(file.tensors().into_iter().map(|(name, tensor)| (name, read(tensor.data()))).collect())
    }

    /// A dense layer without its activation.
    fn dense(&self, layer: &str, x: &[f64]) -> Vec<f64> {
        let (weight, bias) = (&self.0[&format!("{layer}.weight")], &self.0[&format!("{layer}.bias")]);
        let sum = |unit: usize| {
            let products = x.iter().zip(weight.iter().skip(unit).step_by(bias.len()));
            bias[unit] + products.map(|(x, weight)| x * weight).sum::<f64>()
        };
        (0..bias.len()).map(sum).collect()
    }
}

fn relu(x: Vec<f64>) -> Vec<f64> {
    x.into_iter().map(|x| x.max(0.0)).collect()
}

/// Standard normal numbers by Box and Muller's method.
struct Normal(u64);

impl Normal {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Nats an image: the mean over `images` of the codes' divergence, and of the binary cross-entropy summed over the
/// pixels for codes drawn anew as often as `draws` says, a mean for each.
fn measured(weights: &Weights, images: &[Vec<f64>], draws: usize) -> (f64, Vec<f64>) {
    let (mut divergence, mut losses, mut normal) = (0.0, vec![0.0; draws], Normal(1));
    for image in images {
        let given = weights.dense("encoder.1", &relu(weights.dense("encoder.0", image)));
        let (means, log_variances) = given.split_at(given.len() / 2);
        let of_dimension = |(mean, log): (&f64, &f64)| 0.5 * (mean * mean + log.exp() - log - 1.0);
        divergence += means.iter().zip(log_variances).map(of_dimension).sum::<f64>();
        for loss in &mut losses {
            let drawn = means.iter().zip(log_variances).map(|(mean, log)| mean + (0.5 * log).exp() * normal.next());
            let code: Vec<f64> = drawn.collect();
            let logits = weights.dense("decoder.1", &relu(weights.dense("decoder.0", &code)));
            let pixels = image.iter().zip(logits).map(|(x, logit)| (1.0 + logit.exp()).ln() - x * logit);
            *loss += pixels.sum::<f64>();
        }
    }
    let count = images.len() as f64;
    (divergence / count, losses.into_iter().map(|loss| loss / count).collect())
}

fn validation_images(project: &Project, files: &BTreeMap<String, Value>) -> Vec<Vec<f64>> {
    let of_split = files.iter().filter_map(|(name, file)| Some((name.strip_prefix("split.dataset/")?, file)));
    let place = |file: &Value| project.path(file["path"].as_str().expect("a file has a path"));
    let files = of_split.map(|(name, file)| (name.to_owned(), place(file))).collect();
    let dataset = Dataset::open(&files).expect("the data set can be opened");
    let split = dataset.split("validation").expect("a validation split was held out");
    let image = |row: u32| {
        let mut pixels = vec![0.0; 784];
        split.gather(&[row], &mut pixels);
        pixels.into_iter().map(f64::from).collect()
    };
    (0..split.len() as u32).map(image).collect()
}

/// The model's weights as they were saved.
fn saved_weights(project: &Project, files: &BTreeMap<String, Value>) -> Weights {
    let path = files["autoencoder.model/autoencoder.safetensors"]["path"].as_str().expect("a file has a path");
    Weights::read(&project.path(path))
}

/// A series of the newest run's autoencoder.
fn series(project: &Project, name: &str) -> Vec<f64> {
    let values = project.json(&["show", "latest"])["series"][format!("autoencoder.{name}")].clone();
    common::list(&values).iter().map(|value| value.as_f64().expect("a number")).collect()
}

/// A metric of the launch's only autoencoder.
fn metric(launch: &Launch, name: &str) -> f64 {
    let metrics = &launch.named("run_finished").next().expect("a run ends")["metrics"];
    metrics[format!("autoencoder.{name}")].as_f64().expect("a metric is a number")
}

#[test]
fn with_patience_the_metrics_are_those_of_the_epoch_whose_weights_are_kept() {
    let project = project();
    let schedule = "beta = 0.1\nbatch_size = 20\npatience = 12\nlearning_rate = 0.04";
    project.edit_pipeline("epochs = \"${epochs}\"", &format!("epochs = \"${{epochs}}\"\n{schedule}"));
    let launch = project.run(&["--set", "latent=3", "--set", "epochs=12", "--only", "autoencoder"]);
    let best = metric(&launch, "best_epoch") as usize;
    assert!(best < 12, "another epoch than the last was the best: {:?}", series(&project, "val_loss"));
    for name in ["train_loss", "val_loss", "val_mse", "val_divergence", "val_reconstruction", "val_elbo"] {
        let values = series(&project, name);
        assert!(values.len() == 12 && metric(&launch, name) == values[best - 1], "{name} {values:?}");
    }
    let files = project.artifact_files();
    let (divergence, _) = measured(&saved_weights(&project, &files), &validation_images(&project, &files), 0);
    let told = metric(&launch, "val_divergence");
    assert!((told - divergence).abs() < 1e-4 * divergence, "{told} {divergence}");
}

#[test]
fn the_loss_is_that_of_the_saved_model_and_its_parts_add_up_in_every_epoch() {
    const BETA: f64 = 0.1;
    let project = project();
    project.edit_pipeline("epochs = \"${epochs}\"", "epochs = \"${epochs}\"\nbeta = 0.1\nbatch_size = 20");
    let launch = project.run(&["--set", "latent=3", "--set", "epochs=12", "--only", "autoencoder"]);
    let of = |name: &str| series(&project, name);
    for split in ["train", "val"] {
        let [loss, reconstruction, divergence, elbo] =
            ["loss", "reconstruction", "divergence", "elbo"].map(|name| of(&format!("{split}_{name}")));
        assert_eq!(elbo.len(), 12);
        for epoch in 0..12 {
            let sum = reconstruction[epoch] + BETA * divergence[epoch];
            assert!((loss[epoch] - sum / 784.0).abs() < 1e-9, "{split} epoch {epoch}: {} {sum}", loss[epoch]);
            let bound = -reconstruction[epoch] - divergence[epoch];
            assert!((elbo[epoch] - bound).abs() < 1e-9, "{split} epoch {epoch}: {} {bound}", elbo[epoch]);
        }
    }

    let files = project.artifact_files();
    let images = validation_images(&project, &files);
    let (divergence, losses) = measured(&saved_weights(&project, &files), &images, 400);
    let told = |name: &str| metric(&launch, name);
    assert!(divergence > 1.0 && (told("val_divergence") - divergence).abs() < 1e-4 * divergence, "{divergence}");
    // The training drew each code once.
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    let deviation = (losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / losses.len() as f64).sqrt();
    let (found, apart) = (told("val_reconstruction"), 4.0 * deviation);
    assert!((found - mean).abs() < apart && apart < 0.02 * mean, "{found} {mean} {deviation}");
}

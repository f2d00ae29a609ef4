//! `evaluate`: how well a model gives back the test split.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::artifact::ArtifactType;
use crate::artifact::array;
use crate::dataset::samples::Samples;
use crate::kind::{Description, InputPort, OutputPort, params_of};
use crate::metric::bce::bce;
use crate::metric::mse::mse;
use crate::metric::pixel_accuracy::pixel_accuracy;
use crate::metric::ssim;
use crate::model::autoencoder::Autoencoder;
use crate::stage::kinds::train_autoencoder::open_model;
use crate::stage::{Context, Output, Stage, StageError, data, reconstruct, training};

pub struct Evaluate;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How many test images, from the first on, the report shows with their reconstructions.
    #[serde(default = "default_samples")]
    #[schemars(range(min = 0, max = 100))]
    samples: usize,
}

fn default_samples() -> usize {
    10
}

/// Metric -> what it is, in a sentence.
const DEFINITIONS: &[(&str, &str)] = &[
    ("mse", "mean over test images and pixels of the squared difference between image and reconstruction"),
    (
        "bce",
        "mean over test images and pixels of the binary cross-entropy, natural logarithm, outputs clipped to 1e-7; for \
         values in 0..1",
    ),
    (
        "ssim",
        "mean structural similarity of image and reconstruction, 7x7 uniform window, data range 1; for values in 0..1",
    ),
    ("pixel_accuracy", "share of pixels on the same side of 0.5 in image and reconstruction; for values in 0..1"),
    ("compression_ratio", "numbers in an image divided by numbers in its code"),
];

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "evaluate",
    version: 2,
    summary: "Reconstruction metrics on the test split, with images to look at.",
    details: "Metrics compare the reconstruction with the clean image; with a noise stage upstream the model is given \
              the noisy one. SSIM follows Wang et al. 2004 as computed by scikit-image's default.",
    inputs: vec![
        InputPort::required("model", &[ArtifactType::Model], "the trained autoencoder"),
        InputPort::required("dataset", &[ArtifactType::Dataset], "images with a `test` split"),
    ],
    outputs: vec![OutputPort::new("evaluation", ArtifactType::Evaluation, "metrics, reconstructions, and error maps")],
    params: params_of::<Params>(),
    metrics: DEFINITIONS,
    example: r#"[stages.evaluate]
uses = "evaluate"
inputs = { model = "autoencoder", dataset = "normalize" }
samples = 10
"#,
    ..Description::default()
});

impl Stage for Evaluate {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let Params { samples } = context.params()?;
        let model = open_model(context.input("model")?)?;
        let dataset = data::open(context.input("dataset")?)?;
        let test = data::split(&dataset, "test")?;
        let sums = sum_errors(context, &model, &test)?;
        let pixels = test.shape().iter().product::<usize>();
        let count = test.len() as f64;
        let mut metrics: BTreeMap<String, f64> = BTreeMap::new();
        let mean = |figure: fn(&Errors) -> f64| sums.images.iter().map(figure).sum::<f64>() / count;
        metrics.insert("mse".into(), mean(|image| image.mse));
        if data::outside_unit(&dataset).is_none() {
            metrics.insert("bce".into(), mean(|image| image.bce));
            metrics.insert("pixel_accuracy".into(), mean(|image| image.pixel_accuracy));
            let ssim: Option<f64> = sums.images.iter().map(|image| image.ssim).sum();
            metrics.extend(ssim.map(|sum| ("ssim".to_owned(), sum / count)));
        }
        metrics.insert("compression_ratio".into(), pixels as f64 / model.latent_dim() as f64);
        write_samples(context, &model, &test, samples)?;
        let errors: Vec<f32> = sums.images.iter().map(|image| image.mse as f32).collect();
        array::write(&context.output("evaluation", "sample_errors.npy")?, &[errors.len()], &errors)?;
        let mean_map: Vec<f32> = sums.absolute.iter().map(|sum| (sum / count) as f32).collect();
        array::write(&context.output("evaluation", "mean_error_map.npy")?, &test.shape(), &mean_map)?;
        let definitions: BTreeMap<_, _> = DEFINITIONS.iter().copied().collect();
        let shown: Vec<usize> = (0..samples.min(test.len())).collect();
        let description = json!({
            "metrics": metrics,
            "definitions": definitions,
            "samples": shown,
            "compression_ratio": metrics["compression_ratio"],
            "noise": dataset.meta.noise,
        });
        data::write_json(&context.output("evaluation", "evaluation.json")?, &description)?;
        let mut output = Output::default();
        output.outcome.metrics = metrics;
        Ok(output)
    }
}

/// Figures of one image.
struct Errors {
    mse: f64,
    bce: f64,
    /// None for what is smaller than SSIM's window.
    ssim: Option<f64>,
    pixel_accuracy: f64,
}

struct Sums {
    images: Vec<Errors>,
    /// Absolute error of every pixel, summed over images.
    absolute: Vec<f64>,
}

fn sum_errors(context: &Context, model: &Autoencoder, test: &dyn Samples) -> Result<Sums, StageError> {
    let shape = test.shape();
    let pixels = shape.iter().product::<usize>();
    let mut sums = Sums { images: Vec::with_capacity(test.len()), absolute: vec![0.0; pixels] };
    reconstruct::for_each_block(context, model, test, |clean, given| {
        let pairs = || clean.par_chunks_exact(pixels).zip(given.par_chunks_exact(pixels));
        let figures = |(image, given): (&[f32], &[f32])| Errors {
            mse: mse(image, given),
            bce: bce(image, given),
            ssim: ssim::per_sample(image, given, shape).map(|values| values[0]),
            pixel_accuracy: pixel_accuracy(image, given),
        };
        sums.images.extend(context.pool.install(|| pairs().map(figures).collect::<Vec<_>>()));
        for (image, given) in clean.chunks_exact(pixels).zip(given.chunks_exact(pixels)) {
            let errors = image.iter().zip(given).map(|(image, given)| f64::from((image - given).abs()));
            sums.absolute.iter_mut().zip(errors).for_each(|(sum, error)| *sum += error);
        }
    })?;
    Ok(sums)
}

fn write_samples(context: &Context, model: &Autoencoder, test: &dyn Samples, samples: usize) -> Result<(), StageError> {
    let rows: Vec<u32> = (0..samples.min(test.len()) as u32).collect();
    let [h, w, c] = test.shape();
    let shape = [rows.len(), h, w, c];
    let mut originals = vec![0.0; rows.len() * h * w * c];
    test.gather(&rows, &mut originals);
    let given = training::with_run(context, |run| model.reconstruct(test, &rows, run))?;
    let errors: Vec<f32> = originals.iter().zip(&given).map(|(image, given)| (image - given).abs()).collect();
    let write = |name: &str, values: &[f32]| -> Result<(), StageError> {
        Ok(array::write(&context.output("evaluation", name)?, &shape, values)?)
    };
    write("originals.npy", &originals)?;
    write("reconstructions.npy", &given)?;
    write("error_maps.npy", &errors)?;
    if test.is_noisy() {
        let mut inputs = vec![0.0; originals.len()];
        test.gather_inputs(&rows, 0, &mut inputs);
        write("inputs.npy", &inputs)?;
    }
    Ok(())
}

//! `predict`: class probabilities for every test sample, and a few random ones to look at.

use std::sync::LazyLock;

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::ArtifactType;
use crate::artifact::array;
use crate::dataset::samples::Samples;
use crate::kind::{Description, InputPort, OutputPort, params_of};
use crate::metric::confusion::argmax_rows;
use crate::stage::data::csv_failed;
use crate::stage::kinds::train_classifier::{open_classifier, open_scaling};
use crate::stage::labeled::Labeled;
use crate::stage::{Context, Output, Stage, StageError, data, training};

pub struct Predict;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How many random test images the report shows with their probabilities.
    #[serde(default = "default_samples")]
    #[schemars(range(min = 0, max = 100))]
    samples: usize,
}

fn default_samples() -> usize {
    8
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "predict",
    version: 1,
    summary: "Predicts the test split, sample by sample.",
    details: "`predictions.csv` is the inference log: every test sample with its label, the predicted class and its \
              probability. The samples shown in the report are drawn at random.",
    inputs: vec![
        InputPort::required("classifier", &[ArtifactType::Classifier], "the trained classifier"),
        InputPort::required(
            "data",
            &[ArtifactType::Latents, ArtifactType::Dataset],
            "what the classifier was trained on",
        ),
        InputPort::required("dataset", &[ArtifactType::Dataset], "the images to show, in the order of `data`"),
    ],
    outputs: vec![OutputPort::new(
        "predictions",
        ArtifactType::Predictions,
        "the log, all probabilities and the samples to show",
    )],
    params: params_of::<Params>(),
    metrics: &[
        ("mean_confidence", "mean probability of the predicted class on the test split"),
        ("samples", "test samples predicted"),
    ],
    example: r#"[stages.predictions]
uses = "predict"
inputs = { classifier = "classifier", data = "latents", dataset = "normalize" }
"#,
    ..Description::default()
});

impl Stage for Predict {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn draws_random(&self, _params: &Value) -> bool {
        true
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let (classifier, classes) = open_classifier(context.input("classifier")?)?;
        let mut labeled = Labeled::open(context.input("data")?)?;
        labeled.scale_by(open_scaling(context.input("classifier")?)?);
        let test = labeled.split("test")?;
        let images = data::open(context.input("dataset")?)?;
        let images = data::split(&images, "test")?;
        if images.len() != test.len() {
            let message = format!("`data` has {} test samples, `dataset` {}", test.len(), images.len());
            return Err(StageError::with_help(message, "wire the data set that the codes were extracted from"));
        }
        if let Some(unknown) =
            test.labels().and_then(|labels| labels.iter().find(|label| **label as usize >= classes.len()))
        {
            let message =
                format!("a test sample is of class number {unknown}, and the classifier knows {}", classes.len());
            return Err(StageError::with_help(
                message,
                "give it data with the classes that the classifier was trained on",
            ));
        }
        let probabilities = training::with_run(context, |run| classifier.predict(test.as_ref(), run))?;
        let confidence = write_log(context, test.labels(), &probabilities, &classes)?;
        let path = context.output("predictions", "probabilities.npy")?;
        array::write(&path, &[test.len(), classes.len()], &probabilities)?;
        write_samples(context, &images, &classes, params.samples)?;
        let mut output = Output::default();
        output.outcome.metrics.insert("mean_confidence".into(), confidence);
        output.outcome.metrics.insert("samples".into(), test.len() as f64);
        Ok(output)
    }
}

/// Writes the inference log and gives the mean confidence.
fn write_log(
    context: &Context,
    labels: Option<&[u32]>,
    probabilities: &[f32],
    classes: &[String],
) -> Result<f64, StageError> {
    let path = context.output("predictions", "predictions.csv")?;
    let mut log = csv::Writer::from_path(path).map_err(csv_failed)?;
    log.write_record(["index", "label", "predicted", "confidence", "correct"]).map_err(csv_failed)?;
    let mut sum = 0.0;
    let rows = probabilities.chunks_exact(classes.len());
    let count = rows.len();
    for (index, (row, predicted)) in rows.zip(argmax_rows(probabilities, classes.len())).enumerate() {
        let confidence = row[predicted as usize];
        sum += f64::from(confidence);
        let label = labels.map(|labels| labels[index]);
        log.write_record([
            index.to_string(),
            label.map_or(String::new(), |label| classes[label as usize].clone()),
            classes[predicted as usize].clone(),
            format!("{confidence:.6}"),
            label.map_or(String::new(), |label| (label == predicted).to_string()),
        ])
        .map_err(csv_failed)?;
    }
    log.flush()?;
    Ok(sum / count.max(1) as f64)
}

fn write_samples(context: &Context, images: &dyn Samples, classes: &[String], wanted: usize) -> Result<(), StageError> {
    let mut random = ChaCha8Rng::seed_from_u64(context.seed);
    let rows: Vec<u32> =
        index::sample(&mut random, images.len(), wanted.min(images.len())).iter().map(|row| row as u32).collect();
    let [h, w, c] = images.shape();
    let mut pixels = vec![0.0; rows.len() * h * w * c];
    images.gather(&rows, &mut pixels);
    array::write(&context.output("predictions", "samples.npy")?, &[rows.len(), h, w, c], &pixels)?;
    let description = json!({ "classes": classes, "samples": rows });
    data::write_json(&context.output("predictions", "predictions.json")?, &description)
}

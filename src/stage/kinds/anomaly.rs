//! `anomaly`: images a model cannot give back well, told from the others by a threshold on their error.

use std::sync::LazyLock;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::ArtifactType;
use crate::artifact::array::{self, Array};
use crate::dataset::samples::{Clean, Samples};
use crate::kind::{Description, Facts, InputPort, OutputPort, ParamProblem, params_of};
use crate::metric::mse;
use crate::metric::roc::Roc;
use crate::model::autoencoder::Autoencoder;
use crate::stage::data::csv_failed;
use crate::stage::kinds::train_autoencoder::open_model;
use crate::stage::{Context, Output, Stage, StageError, data, problems, reconstruct};

pub struct Anomaly;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Share of the normal images whose error is to be under the threshold.
    #[serde(default = "default_quantile")]
    #[schemars(range(min = 0.0, max = 1.0))]
    quantile: f64,
    /// What counts as anomalous on the test split.
    #[serde(default)]
    anomalies: Anomalies,
    /// With `classes`: names of the classes that are anomalous. Train and validate without them (`subset` stage).
    #[serde(default)]
    classes: Vec<String>,
    /// How many of the highest-scoring images the report shows.
    #[serde(default = "default_samples")]
    #[schemars(range(min = 0, max = 100))]
    samples: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Anomalies {
    /// A copy of every test image in which one square of a third of its height is replaced by another image's.
    #[default]
    Patched,
    /// A copy of every test image with its pixels in random order.
    Shuffled,
    /// A copy of every test image with bright and dark exchanged.
    Inverted,
    /// The test images of the named classes.
    Classes,
}

fn default_quantile() -> f64 {
    0.95
}

fn default_samples() -> usize {
    10
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "anomaly",
    version: 2,
    summary: "Detects anomalies by reconstruction error.",
    details: "An image's score is its mean squared reconstruction error. The threshold is a quantile of the scores of \
              the `validation` split, which is taken to be normal; where there is none, or it is made of test images, of the \
              `train` split, so that no image helps to choose the threshold that classifies it. Noise of the data set is left out. The test split is then classified: anomalous are the named classes, or damaged copies of the test images.",
    inputs: vec![
        InputPort::required("model", &[ArtifactType::Model], "the trained autoencoder"),
        InputPort::required(
            "dataset",
            &[ArtifactType::Dataset],
            "normal images to set the threshold, and a `test` split to classify",
        ),
    ],
    outputs: vec![OutputPort::new("anomaly", ArtifactType::Anomaly, "scores, threshold and ROC")],
    params: params_of::<Params>(),
    metrics: &[
        ("auroc", "area under the ROC curve: 1 is perfect, 0.5 is guessing"),
        ("threshold", "the score over which an image counts as anomalous"),
        ("true_positive_rate", "share of anomalous images over the threshold"),
        ("false_positive_rate", "share of normal images over the threshold"),
        ("f1", "harmonic mean of precision and true positive rate at the threshold"),
    ],
    example: r#"[stages.anomaly]
uses = "anomaly"
inputs = { model = "autoencoder", dataset = "normalize" }
quantile = 0.95
"#,
    ..Description::default()
});

impl Stage for Anomaly {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(
        &self,
        params: &Value,
        inputs: &std::collections::BTreeMap<String, Facts>,
    ) -> Result<Facts, Vec<ParamProblem>> {
        let by_class = params["anomalies"] == "classes";
        let named = params["classes"].as_array().is_some_and(|classes| !classes.is_empty());
        if by_class == named {
            let Params { classes, .. } = problems::parse(params)?;
            let unknown = problems::unknown_classes("classes", &classes, inputs.get("dataset"));
            return if unknown.is_empty() { Ok(Facts::default()) } else { Err(unknown) };
        }
        let message =
            if by_class { "no class is named" } else { "`classes` is only used with anomalies = \"classes\"" };
        let help = Some("write anomalies = \"classes\" and classes = [\"9\"]".to_owned());
        Err(vec![ParamProblem { param: "classes".into(), index: None, message: message.into(), help }])
    }

    fn draws_random(&self, params: &Value) -> bool {
        matches!(params["anomalies"].as_str(), Some("patched" | "shuffled"))
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let model = open_model(context.input("model")?)?;
        let dataset = data::open(context.input("dataset")?)?;
        let held_out = dataset.meta.splits.get("validation").is_some_and(|split| split.source != "test");
        let normal = if held_out { "validation" } else { "train" };
        let mut normal_scores = scores(context, &model, &Clean(&data::split(&dataset, normal)?))?;
        normal_scores.sort_by(f32::total_cmp);
        let threshold = normal_scores[((normal_scores.len() - 1) as f64 * params.quantile).round() as usize];
        let test = data::split(&dataset, "test")?;
        let mixture = match params.anomalies {
            Anomalies::Classes => Mixture::by_class(&test, &dataset.meta.classes, &params.classes)?,
            damage => Mixture::with_damaged(&test, damage, context.seed),
        };
        let scores = scores(context, &model, &mixture)?;
        let roc = Roc::new(&scores, &mixture.anomalous).ok_or_else(|| {
            StageError::with_help(
                "the test split has no anomalous or no normal images",
                "name classes that the test split has, and not all of them",
            )
        })?;
        let mut output = Output::default();
        let metrics = &mut output.outcome.metrics;
        metrics.insert("auroc".into(), roc.auroc());
        metrics.insert("threshold".into(), f64::from(threshold));
        metrics.extend(rates(&scores, &mixture.anomalous, threshold));
        let description = json!({
            "threshold": threshold,
            "threshold_from": normal,
            "quantile": params.quantile,
            "anomalies": params.anomalies,
            "classes": params.classes,
            "metrics": metrics,
        });
        data::write_json(&context.output("anomaly", "anomaly.json")?, &description)?;
        write(context, &mixture, &scores, &roc, params.samples)?;
        Ok(output)
    }
}

/// True and false positive rate and F1 of calling everything over the threshold anomalous.
fn rates(scores: &[f32], anomalous: &[bool], threshold: f32) -> [(String, f64); 3] {
    let count = |wanted: bool, over: bool| {
        let hits =
            scores.iter().zip(anomalous).filter(|(score, truth)| **truth == wanted && (**score > threshold) == over);
        hits.count() as f64
    };
    let (hit, missed) = (count(true, true), count(true, false));
    let (alarm, quiet) = (count(false, true), count(false, false));
    let share = |part: f64, rest: f64| if part + rest > 0.0 { part / (part + rest) } else { 0.0 };
    [
        ("true_positive_rate".into(), share(hit, missed)),
        ("false_positive_rate".into(), share(alarm, quiet)),
        ("f1".into(), share(2.0 * hit, alarm + missed)),
    ]
}

/// Normal and anomalous test images, and which are which.
struct Mixture {
    shape: [usize; 3],
    images: Array<f32>,
    anomalous: Vec<bool>,
}

impl Mixture {
    fn by_class(test: &dyn Samples, names: &[String], wanted: &[String]) -> Result<Self, StageError> {
        let labels = test.labels().ok_or_else(|| StageError::failed("anomalous classes need a labeled data set"))?;
        if let Some(unknown) = wanted.iter().find(|class| !names.contains(class)) {
            let message = format!("there is no class `{unknown}`");
            return Err(StageError::with_help(message, problems::class_list(names)));
        }
        let anomalous = labels.iter().map(|label| wanted.contains(&names[*label as usize])).collect();
        Ok(Self::new(test.shape(), all_pixels(test), anomalous))
    }

    fn with_damaged(test: &dyn Samples, damage: Anomalies, seed: u64) -> Self {
        let mut pixels = all_pixels(test);
        let half = pixels.len();
        pixels.reserve_exact(half);
        pixels.extend_from_within(..);
        let (clean, copies) = pixels.split_at_mut(half);
        let width = test.shape().iter().product::<usize>();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let highest = clean.iter().copied().fold(f32::MIN, f32::max);
        let lowest = clean.iter().copied().fold(f32::MAX, f32::min);
        for copy in copies.chunks_exact_mut(width) {
            match damage {
                Anomalies::Shuffled => copy.shuffle(&mut random),
                Anomalies::Inverted => copy.iter_mut().for_each(|pixel| *pixel = highest + lowest - *pixel),
                Anomalies::Patched => {
                    let other = random.random_range(0..test.len()) * width;
                    patch(copy, &clean[other..other + width], test.shape(), &mut random);
                }
                Anomalies::Classes => {}
            }
        }
        let anomalous = (0..2 * test.len()).map(|row| row >= test.len()).collect();
        Self::new(test.shape(), pixels, anomalous)
    }

    fn new(shape: [usize; 3], pixels: Vec<f32>, anomalous: Vec<bool>) -> Self {
        let [h, w, c] = shape;
        let images = Array::new(&[anomalous.len(), h, w, c], pixels).expect("every image has its pixels");
        Self { shape, images, anomalous }
    }
}

/// Pastes a square of another image at a random place.
fn patch(image: &mut [f32], other: &[f32], [h, w, c]: [usize; 3], random: &mut ChaCha8Rng) {
    let side = (h.min(w) / 3).max(1);
    let (top, left) = (random.random_range(0..=h - side), random.random_range(0..=w - side));
    let (from_top, from_left) = (random.random_range(0..=h - side), random.random_range(0..=w - side));
    for y in 0..side {
        let to = ((top + y) * w + left) * c;
        let from = ((from_top + y) * w + from_left) * c;
        image[to..to + side * c].copy_from_slice(&other[from..from + side * c]);
    }
}

impl Samples for Mixture {
    fn len(&self) -> usize {
        self.anomalous.len()
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        for (row, out) in rows.iter().zip(out.chunks_exact_mut(self.images.width())) {
            out.copy_from_slice(self.images.row(*row as usize));
        }
    }
}

fn all_pixels(samples: &dyn Samples) -> Vec<f32> {
    let rows: Vec<u32> = (0..samples.len() as u32).collect();
    let mut pixels = vec![0.0; rows.len() * samples.shape().iter().product::<usize>()];
    samples.gather(&rows, &mut pixels);
    pixels
}

/// Mean squared reconstruction error of every sample.
fn scores(context: &Context, model: &Autoencoder, samples: &dyn Samples) -> Result<Vec<f32>, StageError> {
    let width = samples.shape().iter().product::<usize>();
    let mut scores = Vec::with_capacity(samples.len());
    reconstruct::for_each_block(context, model, samples, |clean, given| {
        scores.extend(mse::per_sample(clean, given, width).into_iter().map(|score| score as f32));
    })?;
    Ok(scores)
}

fn write(context: &Context, mixture: &Mixture, scores: &[f32], roc: &Roc, samples: usize) -> Result<(), StageError> {
    let truth: Vec<u8> = mixture.anomalous.iter().map(|anomalous| u8::from(*anomalous)).collect();
    array::write(&context.output("anomaly", "scores.npy")?, &[scores.len()], scores)?;
    array::write(&context.output("anomaly", "truth.npy")?, &[truth.len()], &truth)?;
    let mut table = csv::Writer::from_path(context.output("anomaly", "roc.csv")?).map_err(csv_failed)?;
    table.write_record(["threshold", "false_positive_rate", "true_positive_rate"]).map_err(csv_failed)?;
    for point in &roc.points {
        let row = [point.threshold, point.false_positive_rate, point.true_positive_rate];
        table.write_record(row.map(|number| number.to_string())).map_err(csv_failed)?;
    }
    table.flush()?;
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b)));
    order.truncate(samples);
    let [h, w, c] = mixture.shape;
    let mut pixels = vec![0.0; order.len() * h * w * c];
    mixture.gather(&order, &mut pixels);
    Ok(array::write(&context.output("anomaly", "samples.npy")?, &[order.len(), h, w, c], &pixels)?)
}

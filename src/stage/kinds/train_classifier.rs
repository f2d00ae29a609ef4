//! `train-classifier`: a dense head on latents, or any layers on pixels.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::ArtifactType;
use crate::artifact::array::Array;
use crate::event::Outcome;
use crate::kind::{Companion, CompanionWire, Description, Facts, InputPort, OutputPort, ParamProblem, params_of};
use crate::metric::confusion::{ConfusionMatrix, argmax_rows};
use crate::model::classifier::Classifier;
use crate::model::layer::{self, LayerSpec};
use crate::model::shape::{infer, misplaced_code};
use crate::model::train::{History, Training};
use crate::stage::data::csv_failed;
use crate::stage::labeled::Labeled;
use crate::stage::training::{self, Schedule};
use crate::stage::{Context, Input, Output, Resumes, Stage, StageError, data, memory};

pub struct TrainClassifier;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Params {
    /// Layers before the output layer, which is added: `dense <classes> softmax`. Empty: a linear classifier.
    hidden: Vec<String>,
    /// Samples in one step.
    #[schemars(range(min = 1, max = 65536))]
    batch_size: usize,
    /// Whether every feature is shifted and scaled to mean 0 and standard deviation 1 over the training split first.
    /// Codes come in any scale; a linear classifier on unscaled ones learns slowly.
    standardize: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self { hidden: vec!["dense 64 relu".into()], batch_size: 32, standardize: true }
    }
}

/// Metrics of every classifier.
pub const METRICS: &[(&str, &str)] = &[
    ("train_loss", "cross-entropy, mean of the kept epoch's batches"),
    ("train_accuracy", "share of right answers in the kept epoch's batches"),
    ("val_loss", "cross-entropy on the validation split after the kept epoch"),
    ("val_accuracy", "share of right answers on the validation split after the kept epoch"),
    ("best_epoch", "the epoch whose weights were kept, with `patience`"),
    ("test_accuracy", "share of right answers on the test split"),
    ("macro_f1", "F1 on the test split, every class weighing the same"),
    ("parameters", "trainable numbers"),
];

/// What every classifier gives.
pub fn output() -> OutputPort {
    let meaning = "weights, history and the confusion matrix of the test split";
    OutputPort::new("classifier", ArtifactType::Classifier, meaning)
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "train-classifier",
    version: 3,
    summary: "Trains a classifier on latents or on pixels.",
    details: "Softmax cross-entropy on the `train` split, monitored on `validation`, evaluated on `test`. The \
              weights kept, and what is told of them, are those of the last epoch, with `patience` of the best one. \
              Beside every classifier a linear probe on the raw pixels is planned, so that there is something to \
              compare with.",
    inputs: vec![InputPort::required(
        "data",
        &[ArtifactType::Latents, ArtifactType::Dataset],
        "labeled codes or images",
    )],
    outputs: vec![output()],
    params: [params_of::<Params>(), params_of::<Schedule>()].concat(),
    layers: layer::reference(),
    metrics: METRICS,
    example: r#"[stages.classifier]
uses = "train-classifier"
inputs = { data = "latents" }
hidden = ["dense 64 relu"]
epochs = 10
"#,
    companions: &[Companion {
        suffix: "probe",
        kind: "linear-probe",
        wires: &[("dataset", CompanionWire::Upstream(ArtifactType::Dataset))],
    }],
});

impl Stage for TrainClassifier {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let facts = inputs.get("data").cloned().unwrap_or_default();
        let empty = params["hidden"].as_array().is_none_or(Vec::is_empty);
        let (hidden, mut problems) =
            if empty { (vec![], vec![]) } else { training::parse_layers(params, "hidden", facts.shape) };
        let is_read = problems.is_empty();
        let misplaced = misplaced_code(&hidden, false).filter(|_| is_read);
        problems.extend(misplaced.map(|error| training::unfit("hidden", error)));
        if let (Some(shape), true) = (facts.shape, is_read) {
            problems.extend(training::check_shapes("hidden", &hidden, shape, None).err());
        }
        problems.extend(training::check_schedule(params));
        if problems.is_empty() { Ok(Facts { latent_dim: None, ..facts }) } else { Err(problems) }
    }

    fn draws_random(&self, _params: &Value) -> bool {
        true
    }

    fn resumes(&self, params: &Value) -> Resumes {
        training::resumes(params)
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let training = context.params::<Schedule>()?.training(params.batch_size, context.seed);
        let mut data = Labeled::open(context.input("data")?)?;
        if params.standardize {
            data.standardize()?;
        }
        let help = "make that layer or the one before it smaller, or set a smaller `batch_size`";
        train(context, &data, &params.hidden, &training, help)
    }
}

/// Trains on `train`, watches `validation`, judges on `test`, and writes the `classifier` port. `help` is for layers that
/// take more memory than there is.
pub fn train(
    context: &Context,
    labeled: &Labeled,
    hidden: &[String],
    training: &Training,
    help: &str,
) -> Result<Output, StageError> {
    let classes = labeled.classes();
    let train = labeled.split("train")?;
    let validation = labeled.optional("validation");
    let mut layers = training::layers(hidden, train.shape())?;
    layers.extend(training::layers(&[format!("dense {} softmax", classes.len())], train.shape())?);
    // Layers that do not fit are refused when the network is built.
    if let Ok(infos) = infer(&layers, train.shape()) {
        let (own, output) = infos.split_at(hidden.len());
        memory::check(&[("`hidden`", own), ("the output layer", output)], train.len(), training, help)?;
    }
    let mut classifier =
        Classifier::new(&layers, train.shape(), classes.len(), context.seed).map_err(training::failed)?;
    let history =
        training::with_run(context, |run| classifier.fit(train.as_ref(), validation.as_deref(), training, run))?;
    let mut outcome = training::history_outcome(&history);
    outcome.metrics.insert("parameters".into(), classifier.parameters() as f64);
    outcome.warnings.extend(train.labels().and_then(only).map(|class| {
        let name = classes.get(class as usize).map_or("", String::as_str);
        format!("all training labels are one class, `{name}`: there is nothing to learn, and an accuracy means nothing")
    }));
    write(context, labeled, train.shape(), &layers, &classifier, &history)?;
    if let Some(test) = labeled.optional("test") {
        let probabilities = training::with_run(context, |run| classifier.predict(test.as_ref(), run))?;
        let labels = test.labels().unwrap_or_default();
        judge(&mut outcome, labels, &probabilities, classes, &context.output("classifier", "confusion.csv")?)?;
    }
    Ok(Output { outcome, reuse: vec![] })
}

/// The label that all have.
fn only(labels: &[u32]) -> Option<u32> {
    let (first, others) = labels.split_first()?;
    others.iter().all(|label| label == first).then_some(*first)
}

fn judge(
    outcome: &mut Outcome,
    labels: &[u32],
    probabilities: &[f32],
    classes: &[String],
    confusion_path: &Path,
) -> Result<(), StageError> {
    let predicted = argmax_rows(probabilities, classes.len());
    let confusion = ConfusionMatrix::new(labels, &predicted, classes.len());
    outcome.metrics.insert("test_accuracy".into(), confusion.accuracy());
    outcome.metrics.insert("macro_f1".into(), confusion.macro_f1());
    let mut table = csv::Writer::from_path(confusion_path).map_err(csv_failed)?;
    table.write_record(["true"].into_iter().chain(classes.iter().map(String::as_str))).map_err(csv_failed)?;
    for (index, class) in classes.iter().enumerate() {
        let row = [class.clone()].into_iter().chain(confusion.row(index).iter().map(u64::to_string));
        table.write_record(row).map_err(csv_failed)?;
    }
    Ok(table.flush()?)
}

fn write(
    context: &Context,
    labeled: &Labeled,
    input: [usize; 3],
    layers: &[LayerSpec],
    classifier: &Classifier,
    history: &History,
) -> Result<(), StageError> {
    let texts: Vec<String> = layers.iter().map(ToString::to_string).collect();
    let infos = classifier.layers();
    let description = json!({
        "input": input,
        "architecture": texts,
        "classes": labeled.classes(),
        "parameters": classifier.parameters(),
        "on": labeled.on(),
        "layers": training::layer_rows("classifier", &infos).collect::<Vec<_>>(),
    });
    data::write_json(&context.output("classifier", "model.json")?, &description)?;
    if let Some(scaling) = labeled.scaling() {
        scaling.save(&context.output("classifier", "scaling.npy")?)?;
    }
    classifier.save(&context.output("classifier", "classifier.safetensors")?)?;
    training::write_history(&context.output("classifier", "history.csv")?, history)
}

/// The trained classifier on a `classifier` port, and its classes.
pub fn open_classifier(input: &Input) -> Result<(Classifier, Vec<String>), StageError> {
    #[derive(Deserialize)]
    struct Saved {
        input: [usize; 3],
        architecture: Vec<String>,
        classes: Vec<String>,
    }
    let saved: Saved = data::read_json(input.path("model.json")?)?;
    let layers = training::layers(&saved.architecture, saved.input)?;
    let path = input.path("classifier.safetensors")?;
    let classifier = Classifier::load(&layers, saved.input, saved.classes.len(), path).map_err(training::failed)?;
    Ok((classifier, saved.classes))
}

/// How the classifier on a `classifier` port wants its features scaled.
pub fn open_scaling(input: &Input) -> Result<Option<Array<f32>>, StageError> {
    Ok(input.files.get("scaling.npy").map(|path| Array::open(path)).transpose()?)
}

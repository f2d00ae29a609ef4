//! What the training kinds share: layer lists and schedules from params, progress, histories to files.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::store;
use crate::event::{Outcome, Progress};
use crate::kind::ParamProblem;
use crate::model::layer::{LayerError, LayerSpec};
use crate::model::shape::{self, LayerInfo, ShapeError};
use crate::model::train::{
    Checkpoints, Decay, EpochReport, History, Optimizer, Run, TrainError, Training, where_it_diverged,
};
use crate::stage::problems::problem;
use crate::stage::{Context, Resumes, StageError};

/// Optimizers by name, with Keras's constants.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerName {
    /// Kingma and Ba 2015.
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019), by `weight_decay`.
    Adamw,
    /// Plain gradient descent.
    Sgd,
    /// Gradient descent with momentum 0.9.
    Momentum,
    /// Division by a running root mean square of the gradients.
    Rmsprop,
}

/// How the learning rate falls while training goes on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecayName {
    /// Not at all.
    None,
    /// By `decay_factor` every `decay_epochs` epochs.
    Step,
    /// To zero by the last epoch, along half a cosine (Loshchilov and Hutter 2017).
    Cosine,
}

/// How long and how fast: params that training kinds have beside their own. Those are a struct of their own, read from
/// the same params, so neither refuses the other's; the plan has refused all that are in neither.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Schedule {
    /// Passes over the training split.
    #[schemars(range(min = 1, max = 100000))]
    pub epochs: u32,
    /// How a step follows from the gradient.
    pub optimizer: OptimizerName,
    /// Size of a step.
    #[schemars(range(min = 1e-12, max = 100.0))]
    pub learning_rate: f64,
    /// With the optimizer `adamw`: this times the learning rate is the share of every parameter that a step takes off.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub weight_decay: f64,
    /// How the learning rate falls.
    pub decay: DecayName,
    /// Epochs between two falls of the decay `step`.
    #[schemars(range(min = 1, max = 100000))]
    pub decay_epochs: u32,
    /// What the decay `step` multiplies the learning rate by.
    #[schemars(range(min = 1e-6, max = 1.0))]
    pub decay_factor: f64,
    /// Epochs in which the learning rate rises from zero first.
    #[schemars(range(min = 0.0, max = 100000.0))]
    pub warmup_epochs: f64,
    /// Longest gradient, in the norm over all parameters; longer ones are scaled down. 0 for any length.
    #[schemars(range(min = 0.0, max = 1e12))]
    pub clip_norm: f64,
    /// Epochs without a lower validation loss (training loss without a validation split) after which training ends; the
    /// best epoch's weights are kept. 0 trains to the end and keeps the last weights.
    #[schemars(range(min = 0, max = 100000))]
    pub patience: u32,
    /// Whether every epoch sees the samples in another order.
    pub shuffle: bool,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            epochs: 10,
            optimizer: OptimizerName::Adam,
            learning_rate: 0.001,
            weight_decay: 0.004,
            decay: DecayName::None,
            decay_epochs: 10,
            decay_factor: 0.1,
            warmup_epochs: 0.0,
            clip_norm: 0.0,
            patience: 0,
            shuffle: true,
        }
    }
}

impl Schedule {
    /// The model layer's form of it.
    pub fn training(&self, batch_size: usize, seed: u64) -> Training {
        let optimizer = match self.optimizer {
            OptimizerName::Adam => Optimizer::Adam,
            OptimizerName::Adamw => Optimizer::AdamW { weight_decay: self.weight_decay },
            OptimizerName::Sgd => Optimizer::Sgd { momentum: 0.0 },
            OptimizerName::Momentum => Optimizer::Sgd { momentum: 0.9 },
            OptimizerName::Rmsprop => Optimizer::RmsProp,
        };
        Training {
            epochs: self.epochs,
            batch_size,
            optimizer,
            learning_rate: self.learning_rate,
            decay: match self.decay {
                DecayName::None => Decay::None,
                DecayName::Step => Decay::Step { every: self.decay_epochs, factor: self.decay_factor },
                DecayName::Cosine => Decay::Cosine,
            },
            warmup: self.warmup_epochs,
            clip_norm: Some(self.clip_norm).filter(|norm| *norm > 0.0),
            patience: Some(self.patience).filter(|epochs| *epochs > 0),
            seed,
            shuffle: self.shuffle,
        }
    }
}

/// What is wrong with the params of a [`Schedule`] taken together.
pub fn check_schedule(params: &Value) -> Vec<ParamProblem> {
    let mut problems = Vec::new();
    if let (Some(warmup), Some(epochs)) = (params["warmup_epochs"].as_f64(), params["epochs"].as_f64())
        && warmup > epochs
    {
        let message = format!("the warm-up takes {warmup} epochs, and the training {epochs}");
        let help = format!("set `warmup_epochs` to at most {epochs}, or train longer");
        problems.push(problem("warmup_epochs", message).help(help));
    }
    let is_default = params["weight_decay"].as_f64().is_none_or(|decay| decay == Schedule::default().weight_decay);
    if let (Some(optimizer), false) = (params["optimizer"].as_str().filter(|name| *name != "adamw"), is_default) {
        let message = format!("`weight_decay` is for the optimizer `adamw`, and this one is `{optimizer}`");
        problems.push(problem("weight_decay", message).help("set optimizer = \"adamw\", or leave `weight_decay` out"));
    }
    problems
}

/// Stands for an image's shape where that is not known yet: most divisors fit.
const ANY_IMAGE: [usize; 3] = [840, 840, 1];

/// Parses a list-of-layers param for images of a shape; every element that is no layer is a problem of its own.
pub fn parse_layers(params: &Value, name: &str, image: Option<[usize; 3]>) -> (Vec<LayerSpec>, Vec<ParamProblem>) {
    let image = image.unwrap_or(ANY_IMAGE);
    let texts = params[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut layers = Vec::new();
    let mut problems = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match LayerSpec::parse(text.as_str().unwrap_or_default(), image) {
            Ok(layer) => layers.push(layer),
            Err(LayerError { message, help }) => {
                problems.push(ParamProblem { param: name.into(), index: Some(index), message, help });
            }
        }
    }
    if texts.is_empty() {
        let help = Some("write at least one layer, such as \"dense 32 relu\"".to_owned());
        problems.push(ParamProblem {
            param: name.into(),
            index: None,
            message: format!("`{name}` has no layers"),
            help,
        });
    }
    (layers, problems)
}

/// Follows shapes through a list of layers and gives the last; with `wanted`, the last must hold as many numbers.
pub fn check_shapes(
    name: &str,
    layers: &[LayerSpec],
    input: [usize; 3],
    wanted: Option<[usize; 3]>,
) -> Result<[usize; 3], ParamProblem> {
    let infos = shape::infer(layers, input).map_err(|error| unfit(name, error))?;
    let last = infos.last().map_or(input, |info| info.output);
    let size = |shape: [usize; 3]| shape.iter().product::<usize>();
    match wanted {
        Some(wanted) if size(wanted) != size(last) => {
            let [h, w, c] = wanted;
            let message = format!("the last layer gives {} numbers, but an image has {}", size(last), size(wanted));
            let help = format!(
                "end the {name} with {} numbers ({h}x{w}x{c}), such as \"dense {} sigmoid\"",
                size(wanted),
                size(wanted)
            );
            Err(unfit(name, ShapeError { index: layers.len().saturating_sub(1), message, help: Some(help) }))
        }
        _ => Ok(last),
    }
}

/// A layer of the list `name` that does not fit.
pub fn unfit(name: &str, ShapeError { index, message, help }: ShapeError) -> ParamProblem {
    ParamProblem { param: name.into(), index: Some(index), message, help }
}

/// Layers of a list that was checked when the plan was made, for images of a shape.
pub fn layers(texts: &[String], image: [usize; 3]) -> Result<Vec<LayerSpec>, StageError> {
    texts.iter().map(|text| LayerSpec::parse(text, image).map_err(layer_failed)).collect()
}

fn layer_failed(error: LayerError) -> StageError {
    StageError::Failed { message: error.message, help: error.help }
}

/// A training's failure in words, with the next thing to do.
pub fn failed(error: TrainError) -> StageError {
    match error {
        TrainError::Interrupted => StageError::Interrupted,
        TrainError::Diverged { epoch, batch, what } => StageError::with_help(
            format!("training diverged {}: {what}", where_it_diverged(epoch, batch)),
            "lower `learning_rate`, or check the data for extreme values",
        ),
        TrainError::Shape { part, error } => {
            StageError::Failed { message: format!("{part}: {}", error.message), help: error.help }
        }
        TrainError::Invalid(message) => StageError::failed(message),
    }
}

/// Calls a model's work with the launch's pool, its stop flag and progress by epochs.
pub fn with_run<T>(context: &Context, work: impl FnOnce(&Run) -> Result<T, TrainError>) -> Result<T, StageError> {
    let on_epoch = |report: EpochReport| {
        let mut metrics = vec![("train_loss".to_owned(), report.train_loss)];
        metrics.extend(report.val_loss.map(|loss| ("val_loss".to_owned(), loss)));
        metrics.extend(report.train_accuracy.map(|accuracy| ("train_accuracy".to_owned(), accuracy)));
        metrics.extend(report.val_accuracy.map(|accuracy| ("val_accuracy".to_owned(), accuracy)));
        let (done, total) = (u64::from(report.epoch), u64::from(report.epochs));
        (context.progress)(Progress { done, total, unit: "epoch", metrics });
    };
    let saved = context.checkpoints.clone().map(Saved::new);
    let checkpoints = saved.as_ref().map(|saved| saved as &dyn Checkpoints);
    work(&Run { pool: context.pool, device: context.device, cancel: context.cancel, on_epoch: &on_epoch, checkpoints })
        .map_err(failed)
}

/// Trainings go on; longer ones too, unless what an epoch does depends on how many there are.
pub fn resumes(params: &Value) -> Resumes {
    if params["decay"] == "cosine" { Resumes::Same } else { Resumes::Longer("epochs") }
}

/// Unless the launch says otherwise, states on the way are saved no earlier than this after the beginning, and later so
/// seldom that saving takes no more than one part in so many of the time.
const FIRST_SAVE: Duration = Duration::from_secs(1);
const SHARE_OF_TIME: u32 = 50;

/// A training's states in the cache.
struct Saved<'a> {
    checkpoints: store::Checkpoints<'a>,
    /// The next state is due then.
    due: Mutex<Instant>,
}

impl<'a> Saved<'a> {
    fn new(checkpoints: store::Checkpoints<'a>) -> Self {
        Self { checkpoints, due: Mutex::new(Instant::now() + FIRST_SAVE) }
    }

    fn due(&self) -> MutexGuard<'_, Instant> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpoints for Saved<'_> {
    fn latest(&self, at_most: u32) -> Option<Vec<u8>> {
        self.checkpoints.latest(u64::from(at_most))
    }

    fn is_due(&self, epoch: u32) -> bool {
        self.checkpoints.every.map_or_else(|| Instant::now() >= *self.due(), |every| epoch.is_multiple_of(every))
    }

    fn save(&self, epoch: u32, is_end: bool, state: &[u8]) {
        let began = Instant::now();
        if let Err(error) = self.checkpoints.save(u64::from(epoch), is_end, state) {
            tracing::warn!(epoch, %error, "no checkpoint was saved");
        }
        *self.due() = Instant::now() + began.elapsed() * SHARE_OF_TIME;
    }
}

/// Rows of `model.json`'s layer table.
pub fn layer_rows<'a>(part: &'a str, infos: &'a [LayerInfo]) -> impl Iterator<Item = Value> + 'a {
    infos.iter().map(
        move |info| json!({ "part": part, "layer": info.layer, "output": info.output, "parameters": info.parameters }),
    )
}

fn columns(history: &History) -> [(&'static str, &[f64]); 7] {
    [
        ("train_loss", &history.train_loss),
        ("val_loss", &history.val_loss),
        ("train_accuracy", &history.train_accuracy),
        ("val_accuracy", &history.val_accuracy),
        ("val_mse", &history.val_mse),
        ("train_divergence", &history.train_divergence),
        ("val_divergence", &history.val_divergence),
    ]
}

/// The history as series, and as metrics the figures of the epoch whose weights are kept.
pub fn history_outcome(history: &History) -> Outcome {
    let mut outcome = Outcome::default();
    for (name, values) in columns(history) {
        if let Some(kept) = history.kept(values) {
            outcome.metrics.insert(name.to_owned(), kept);
            outcome.series.insert(name.to_owned(), values.to_vec());
        }
    }
    outcome.metrics.extend(history.best_epoch.map(|epoch| ("best_epoch".to_owned(), f64::from(epoch))));
    outcome
}

/// Writes the history as CSV, a row an epoch.
pub fn write_history(path: &Path, history: &History) -> Result<(), StageError> {
    let columns: Vec<_> = columns(history).into_iter().filter(|(_, values)| !values.is_empty()).collect();
    let mut text = String::from("epoch");
    columns.iter().for_each(|(name, _)| text.extend([",", name]));
    for epoch in 0..history.train_loss.len() {
        text.push_str(&format!("\n{}", epoch + 1));
        columns.iter().for_each(|(_, values)| text.push_str(&format!(",{}", values[epoch])));
    }
    text.push('\n');
    Ok(std::fs::write(path, text)?)
}

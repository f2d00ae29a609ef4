//! `train-autoencoder`: layer lists and a data set in, a trained model out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::ArtifactType;
use crate::dataset::Dataset;
use crate::dataset::samples::Samples;
use crate::event::Outcome;
use crate::kind::{Companion, CompanionWire, Description, Facts, InputPort, OutputPort, ParamProblem, params_of};
use crate::model::autoencoder::{Autoencoder, Objective};
use crate::model::layer::{self, LayerSpec};
use crate::model::shape::{LayerInfo, ShapeError, infer, misplaced_code};
use crate::model::tie;
use crate::model::train::{History, Loss};
use crate::stage::problems::problem;
use crate::stage::training::{self, Schedule};
use crate::stage::{Context, Input, Output, Resumes, Stage, StageError, data, memory};

pub struct TrainAutoencoder;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Params {
    /// Layers from the image to the code, such as `["dense 256 relu", "dense 32"]`.
    encoder: Vec<String>,
    /// Layers from the code back to the image; the last must give as many numbers as an image has. Sizes may be the
    /// image's: `dense image sigmoid`, `reshape image`, `dense image/4x64`, `reshape image/4x64`.
    decoder: Vec<String>,
    /// What training makes small.
    #[serde(default = "default_loss")]
    loss: Loss,
    /// With a `gaussian` layer, the weight of its codes' divergence from the standard normal distribution: 1 for a
    /// variational autoencoder, more for a beta-VAE.
    #[serde(default = "default_beta")]
    #[schemars(range(min = 0.0, max = 1e6))]
    beta: f64,
    /// Samples in one step.
    #[serde(default = "default_batch_size")]
    #[schemars(range(min = 1, max = 65536))]
    batch_size: usize,
    /// Whether the decoder's dense layers have the encoder's weights, transposed, and only biases of their own. Their
    /// sizes must mirror the encoder's: the decoder's last dense layer that of the encoder's first, and so on. Layers of
    /// other kinds may stand between and are not tied.
    #[serde(default)]
    tied: bool,
    /// What an untrained model answers.
    #[serde(default = "default_output_bias")]
    output_bias: OutputBias,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum OutputBias {
    /// The mean of the training images, where the decoder ends in a dense or conv layer with a linear, sigmoid or tanh
    /// activation: keeps squared error from collapsing.
    Mean,
    /// What biases of 0 give, as in Keras: gray after a sigmoid.
    Zero,
}

fn default_output_bias() -> OutputBias {
    OutputBias::Mean
}

fn default_loss() -> Loss {
    Loss::Bce
}

fn default_beta() -> f64 {
    1.0
}

fn default_batch_size() -> usize {
    256
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "train-autoencoder",
    version: 5,
    summary: "Trains an autoencoder written as two lists of layers.",
    details: "The model is trained on the `train` split to give back the clean image; with a noise stage upstream it is \
              given the noisy one. After every epoch the loss on the `validation` split is computed in inference mode. \
              Weights start as in Keras (Glorot uniform, zero biases), but for the last layer's biases. The \
              weights kept, and what is told of them, are those of the last epoch, with `patience` of the best one. A \
              loss that is not finite stops the training. Beside every autoencoder two more stages are \
              planned: PCA's reconstruction error at every latent size (computed once for a data set) and the \
              comparison of the model with it.",
    inputs: vec![InputPort::required(
        "dataset",
        &[ArtifactType::Dataset],
        "images; the splits `train` and, if present, `validation` are used",
    )],
    outputs: vec![OutputPort::new("model", ArtifactType::Model, "encoder, decoder and their history")],
    params: [params_of::<Params>(), params_of::<Schedule>()].concat(),
    layers: layer::reference(),
    metrics: &[
        ("train_loss", "mean of the kept epoch's batches, in training mode"),
        ("val_loss", "validation split after the kept epoch"),
        ("val_mse", "mean squared error on the validation split after the kept epoch, when the loss is another one"),
        (
            "train_divergence",
            "mean of the kept epoch's batches: nats by which drawn codes differ from the standard normal distribution",
        ),
        ("val_divergence", "the same on the validation split after the kept epoch"),
        (
            "val_reconstruction",
            "with drawn codes, the loss without the divergence, summed over an image's numbers, on the validation split after \
             the kept epoch; nats with loss = \"bce\"",
        ),
        ("val_elbo", "evidence lower bound on the validation split, nats an image, with loss = \"bce\""),
        ("active_dimensions", "of drawn codes, those that differ by 0.01 nats or more"),
        ("best_epoch", "the epoch whose weights were kept, with `patience`"),
        ("parameters", "trainable numbers in encoder and decoder"),
        ("latent_dim", "numbers in one code"),
    ],
    example: r#"[stages.autoencoder]
uses = "train-autoencoder"
inputs = { dataset = "normalize" }
encoder = ["dense 128 relu", "dense ${latent_dim}"]
decoder = ["dense 128 relu", "dense image sigmoid"]
loss = "bce"
epochs = 10
"#,
    companions: &[
        Companion { suffix: "pca", kind: "baseline-pca", wires: &[("dataset", CompanionWire::SameInput("dataset"))] },
        Companion {
            suffix: "baseline",
            kind: "compare-baseline",
            wires: &[
                ("dataset", CompanionWire::SameInput("dataset")),
                ("model", CompanionWire::Output("model")),
                ("baseline", CompanionWire::Companion("pca")),
            ],
        },
    ],
});

impl Stage for TrainAutoencoder {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let shape = inputs.get("dataset").and_then(|facts| facts.shape);
        let (encoder, encoder_problems) = training::parse_layers(params, "encoder", shape);
        let (decoder, decoder_problems) = training::parse_layers(params, "decoder", shape);
        let (encoder_is_read, decoder_is_read) = (encoder_problems.is_empty(), decoder_problems.is_empty());
        let mut problems = [encoder_problems, decoder_problems].concat();
        let misplaced = |name, layers, in_encoder, is_read| {
            misplaced_code(layers, in_encoder).filter(|_| is_read).map(|error| training::unfit(name, error))
        };
        problems.extend(misplaced("encoder", &encoder, true, encoder_is_read));
        problems.extend(misplaced("decoder", &decoder, false, decoder_is_read));
        let loss = serde_json::from_value::<Loss>(params["loss"].clone()).ok().filter(|_| decoder_is_read);
        problems.extend(loss.and_then(|loss| loss.misfit(&decoder)).map(|error| training::unfit("decoder", error)));
        let draws_codes = encoder.iter().any(LayerSpec::is_gaussian);
        if encoder_is_read && !draws_codes && params["beta"].as_f64().is_some_and(|beta| beta != 1.0) {
            let message = "`beta` weighs the divergence of drawn codes, and this encoder draws none";
            problems.push(problem("beta", message).help("end `encoder` with a `gaussian` layer, or leave `beta` out"));
        }
        problems.extend(training::check_schedule(params));
        let mut code = None;
        if let (Some(shape), true) = (shape, encoder_is_read) {
            let decoder = decoder_is_read.then_some(&decoder[..]);
            match check_fit(&encoder, decoder, shape, params["tied"] == true) {
                Ok(shape) => code = Some(shape),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let Some(code) = code else { return Ok(Facts::default()) };
        let latent_dim = Some(code.iter().product());
        Ok(Facts { shape, classes: None, latent_dim, draws_codes: Some(draws_codes) })
    }

    fn draws_random(&self, _params: &Value) -> bool {
        true
    }

    fn resumes(&self, params: &Value) -> Resumes {
        training::resumes(params)
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let dataset = data::open(context.input("dataset")?)?;
        let train = data::split(&dataset, "train")?;
        let validation = dataset.split("validation");
        let validation = validation.as_ref().map(|split| split as &dyn Samples);
        let encoder = training::layers(&params.encoder, train.shape())?;
        let decoder = training::layers(&params.decoder, train.shape())?;
        check_values(&dataset, params.loss)?;
        let training = context.params::<Schedule>()?.training(params.batch_size, context.seed);
        // Layers that do not fit are refused when the network is built.
        if let Ok([first, second]) = layer_infos(&encoder, &decoder, train.shape(), params.tied) {
            let parts = [("`encoder`", &first[..]), ("`decoder`", &second[..])];
            memory::check(&parts, train.len(), &training, "make that layer smaller, or set a smaller `batch_size`")?;
        }
        let mut model =
            Autoencoder::new(&encoder, &decoder, train.shape(), context.seed, params.tied).map_err(training::failed)?;
        if params.output_bias == OutputBias::Mean {
            model.start_at_mean(&train).map_err(training::failed)?;
        }
        let objective = Objective { loss: params.loss, beta: params.beta };
        let history = training::with_run(context, |run| model.fit(&train, validation, objective, &training, run))?;
        write_model(context, &params, train.shape(), &model, &history)?;
        let mut outcome = outcome(&model, &history);
        let divergences = training::with_run(context, |run| model.divergences(validation.unwrap_or(&train), run))?;
        if !divergences.is_empty() {
            write_divergences(context, &divergences)?;
            tell_divergence(&mut outcome, &params, train.shape(), &history, &divergences);
        }
        Ok(Output { outcome, reuse: vec![] })
    }
}

/// Dimensions whose codes say less than this, in nats a sample, say nothing: the prior's collapse.
const LEAST_DIVERGENCE: f64 = 0.01;

/// Metrics and series of a variational autoencoder.
fn tell_divergence(outcome: &mut Outcome, params: &Params, shape: [usize; 3], history: &History, divergences: &[f64]) {
    let active = divergences.iter().filter(|nats| is_active(**nats)).count();
    outcome.metrics.insert("active_dimensions".into(), active as f64);
    let pixels = shape.iter().product::<usize>() as f64;
    for split in ["train", "val"] {
        let series = |name: &str| outcome.series.get(&format!("{split}_{name}")).cloned();
        let (Some(loss), Some(divergence)) = (series("loss"), series("divergence")) else { continue };
        // The loss has the divergence in it already, weighted and a mean over pixels.
        let reconstruction = |(loss, nats): (&f64, &f64)| pixels * loss - params.beta * nats;
        let reconstruction: Vec<f64> = loss.iter().zip(&divergence).map(reconstruction).collect();
        let bound =
            reconstruction.iter().zip(&divergence).map(|(reconstruction, nats)| -reconstruction - nats).collect();
        let mut tell = |name: &str, values: Vec<f64>| {
            let name = format!("{split}_{name}");
            outcome.metrics.extend(history.kept(&values).filter(|_| split == "val").map(|kept| (name.clone(), kept)));
            outcome.series.insert(name, values);
        };
        tell("reconstruction", reconstruction);
        if params.loss == Loss::Bce {
            tell("elbo", bound);
        }
    }
}

fn is_active(nats: f64) -> bool {
    nats >= LEAST_DIVERGENCE
}

fn write_divergences(context: &Context, divergences: &[f64]) -> Result<(), StageError> {
    let row = |(dimension, nats): (usize, &f64)| format!("{dimension},{nats},{}\n", is_active(*nats));
    let text = format!("dimension,nats,active\n{}", divergences.iter().enumerate().map(row).collect::<String>());
    Ok(std::fs::write(context.output("model", "divergence.csv")?, text)?)
}

/// Fails when a loss has no meaning for the data's values.
fn check_values(dataset: &Dataset, loss: Loss) -> Result<(), StageError> {
    let (Loss::Bce | Loss::Ssim, Some([low, high])) = (loss, data::outside_unit(dataset)) else {
        return Ok(());
    };
    let name = if loss == Loss::Bce { "bce" } else { "ssim" };
    let message = format!("the loss \"{name}\" needs values from 0 to 1, and the data's go from {low} to {high}");
    Err(StageError::with_help(
        message,
        "put a `normalize` stage with range = [0.0, 1.0] before, or take loss = \"mse\"",
    ))
}

/// Follows shapes through encoder and decoder, if that can be read; gives the code's.
fn check_fit(
    encoder: &[LayerSpec],
    decoder: Option<&[LayerSpec]>,
    image: [usize; 3],
    tied: bool,
) -> Result<[usize; 3], ParamProblem> {
    let code = training::check_shapes("encoder", encoder, image, None)?;
    if let Some(decoder) = decoder {
        training::check_shapes("decoder", decoder, code, Some(image))?;
        if tied {
            tie::tied(encoder, decoder, image).map_err(|error| training::unfit("decoder", error))?;
        }
    }
    Ok(code)
}

/// The layers of encoder and decoder with their shapes and parameters.
fn layer_infos(
    encoder: &[LayerSpec],
    decoder: &[LayerSpec],
    image: [usize; 3],
    tied: bool,
) -> Result<[Vec<LayerInfo>; 2], ShapeError> {
    let first = infer(encoder, image)?;
    let code = first.last().map_or(image, |info| info.output);
    let second = if tied { tie::tied(encoder, decoder, image)? } else { infer(decoder, code)? };
    Ok([first, second])
}

fn outcome(model: &Autoencoder, history: &History) -> Outcome {
    let mut outcome = training::history_outcome(history);
    outcome.metrics.insert("parameters".into(), model.parameters() as f64);
    outcome.metrics.insert("latent_dim".into(), model.latent_dim() as f64);
    outcome
}

fn write_model(
    context: &Context,
    params: &Params,
    input: [usize; 3],
    model: &Autoencoder,
    history: &History,
) -> Result<(), StageError> {
    let (encoder, decoder) = model.layers();
    let rows = training::layer_rows("encoder", &encoder).chain(training::layer_rows("decoder", &decoder));
    let mut description = json!({
        "input": input,
        "encoder": params.encoder,
        "decoder": params.decoder,
        "latent_dim": model.latent_dim(),
        "loss": params.loss,
        "parameters": model.parameters(),
        "layers": rows.collect::<Vec<_>>(),
    });
    if model.draws_codes() {
        description["beta"] = json!(params.beta);
    }
    if params.tied {
        description["tied"] = json!(true);
    }
    data::write_json(&context.output("model", "model.json")?, &description)?;
    let path = |file| context.output("model", file);
    model.save(&path("encoder.safetensors")?, &path("decoder.safetensors")?, &path("autoencoder.safetensors")?)?;
    training::write_history(&path("history.csv")?, history)
}

/// What `model.json` says that others read.
#[derive(Deserialize)]
struct Saved {
    input: [usize; 3],
    encoder: Vec<String>,
    decoder: Vec<String>,
    loss: Loss,
    #[serde(default)]
    tied: bool,
}

/// What the model on a `model` port was trained to make small.
pub fn open_loss(input: &Input) -> Result<Loss, StageError> {
    Ok(data::read_json::<Saved>(input.path("model.json")?)?.loss)
}

/// The trained model on a `model` port.
pub fn open_model(input: &Input) -> Result<Autoencoder, StageError> {
    let saved: Saved = data::read_json(input.path("model.json")?)?;
    let (encoder, decoder) =
        (training::layers(&saved.encoder, saved.input)?, training::layers(&saved.decoder, saved.input)?);
    let mut model = Autoencoder::new(&encoder, &decoder, saved.input, 0, saved.tied).map_err(training::failed)?;
    model.read(input.path("autoencoder.safetensors")?).map_err(training::failed)?;
    Ok(model)
}

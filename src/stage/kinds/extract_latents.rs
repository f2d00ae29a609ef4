//! `extract-latents`: the codes a trained encoder gives for every split.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::ArtifactType;
use crate::artifact::array::Array;
use crate::dataset::samples::Samples;
use crate::embed::latents::{Codes, Latents};
use crate::kind::{Description, Facts, InputPort, OutputPort, ParamProblem, params_of};
use crate::stage::kinds::train_autoencoder::open_model;
use crate::stage::{Context, Output, Stage, StageError, data, training};

pub struct ExtractLatents;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "extract-latents",
    version: 1,
    summary: "Encodes every split with a trained autoencoder.",
    details: "Codes are computed in inference mode. With a noise stage upstream, the encoder is given the noisy images.",
    inputs: vec![
        InputPort::required("model", &[ArtifactType::Model], "the trained autoencoder"),
        InputPort::required(
            "dataset",
            &[ArtifactType::Dataset],
            "what to encode; images of the shape the model was trained on",
        ),
    ],
    outputs: vec![OutputPort::new("latents", ArtifactType::Latents, "one code a sample, with its label")],
    params: params_of::<Params>(),
    metrics: &[("latent_dim", "numbers in one code")],
    example: r#"[stages.latents]
uses = "extract-latents"
inputs = { model = "autoencoder", dataset = "normalize" }
"#,
    ..Description::default()
});

impl Stage for ExtractLatents {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, _params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let dataset = inputs.get("dataset").cloned().unwrap_or_default();
        let latent_dim = inputs.get("model").and_then(|facts| facts.latent_dim);
        Ok(Facts { shape: latent_dim.map(|dim| [1, 1, dim]), classes: dataset.classes, latent_dim, ..Facts::default() })
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let model = open_model(context.input("model")?)?;
        let dataset = data::open(context.input("dataset")?)?;
        let mut splits = BTreeMap::new();
        for name in dataset.meta.splits.keys() {
            let split = data::split(&dataset, name)?;
            context.checkpoint()?;
            let codes = training::with_run(context, |run| model.encode(&split, run))?;
            let full = |_| StageError::failed("the encoder gave another number of codes than samples");
            let codes = Array::new(&[split.len(), model.latent_dim()], codes).ok_or(()).map_err(full)?;
            let labels = split.labels().and_then(|labels| Array::new(&[labels.len()], labels.to_vec()));
            splits.insert(name.clone(), Codes { codes, labels });
        }
        let latents = Latents {
            dim: model.latent_dim(),
            classes: dataset.meta.classes.clone(),
            image_shape: dataset.meta.shape,
            splits,
        };
        latents.save(|file| context.output("latents", file))?;
        let mut output = Output::default();
        output.outcome.metrics.insert("latent_dim".into(), latents.dim as f64);
        Ok(output)
    }
}

//! `noise`: makes a data set a denoising one. Models are given spoilt samples and asked for the clean ones.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dataset::{Noise as NoiseMeta, NoiseKind};
use crate::kind::{Description, Facts, ParamProblem, params_of};
use crate::stage::{Context, Output, Stage, StageError, dataset_edit, problems};

fn gaussian() -> NoiseKind {
    NoiseKind::Gaussian
}

fn amount() -> f32 {
    0.3
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How samples are spoilt.
    #[serde(default = "gaussian")]
    kind: NoiseKind,
    /// Standard deviation (gaussian, in units of the normalized values), or the fraction of values that are spoilt. With 0 the
    /// data set stays clean.
    #[serde(default = "amount")]
    #[schemars(range(min = 0))]
    amount: f32,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "noise",
    version: 1,
    summary: "Adds noise to what models are given; what they are asked for stays clean.",
    details: "Noise is drawn anew in every epoch and is the same in every evaluation. It depends on the seed, the epoch, \
              the sample and the pixel only, so it is never stored. Each channel is spoilt by itself. Put this stage after \
              `normalize`: the amount of gaussian noise is in units of the normalized values, and values of a 0..1 data \
              set are clipped to 0..1.",
    inputs: dataset_edit::input(),
    outputs: dataset_edit::output(),
    params: params_of::<Params>(),
    example: "[stages.noise]\nuses = \"noise\"\ninputs = { dataset = \"split\" }\nkind = \"gaussian\"\namount = 0.3\n",
    ..Description::default()
});

pub struct Noise;

impl Stage for Noise {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let Params { kind, amount } = problems::parse(params)?;
        if kind != NoiseKind::Gaussian && amount > 1.0 {
            let problem = problems::problem("amount", format!("{amount} is more than all values"));
            return Err(vec![problem.help("here the amount is a fraction, from 0 to 1")]);
        }
        Ok(inputs.get(dataset_edit::PORT).cloned().unwrap_or_default())
    }

    fn draws_random(&self, params: &Value) -> bool {
        params["amount"].as_f64() != Some(0.0)
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let Params { kind, amount } = context.params()?;
        let mut meta = dataset_edit::open(context)?.meta;
        if meta.noise.is_some() {
            let help = "use one `noise` stage, or wire this one to the data set before the other";
            return Err(StageError::with_help("the data set already has noise", help));
        }
        meta.noise = (amount > 0.0).then_some(NoiseMeta { kind, amount, seed: context.seed });
        dataset_edit::write_meta(context, &meta)
    }
}

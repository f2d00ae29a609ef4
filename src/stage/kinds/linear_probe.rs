//! `linear-probe`: what a linear classifier makes of the raw pixels; every classifier is compared with it.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactType;
use crate::kind::{Description, InputPort, params_of};
use crate::model::train::{Optimizer, Training};
use crate::stage::kinds::train_classifier::{METRICS, output, train};
use crate::stage::labeled::Labeled;
use crate::stage::{Context, Output, Stage, StageError};

pub struct LinearProbe;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Passes over the training split.
    #[serde(default = "default_epochs")]
    #[schemars(range(min = 1, max = 100000))]
    epochs: u32,
}

fn default_epochs() -> u32 {
    10
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "linear-probe",
    version: 2,
    summary: "Multinomial logistic regression on raw pixels.",
    details: "Planned beside every classifier. It does not depend on the run's seed, so it is computed once for a data \
              set and shared by all variants and repeats. Adam, step 0.001, batches of 128.",
    inputs: vec![InputPort::required("dataset", &[ArtifactType::Dataset], "labeled images")],
    outputs: vec![output()],
    params: params_of::<Params>(),
    metrics: METRICS,
    example: r#"[stages.probe]
uses = "linear-probe"
inputs = { dataset = "normalize" }
"#,
    ..Description::default()
});

impl Stage for LinearProbe {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let Params { epochs } = context.params()?;
        let labeled = Labeled::open(context.input("dataset")?)?;
        let seed = context.seed;
        let (optimizer, learning_rate) = (Optimizer::Adam, 0.001);
        let training = Training { epochs, batch_size: 128, optimizer, learning_rate, seed, ..Training::default() };
        let help = "make the images smaller";
        train(context, &labeled, &[], &training, help)
    }
}

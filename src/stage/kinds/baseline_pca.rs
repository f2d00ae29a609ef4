//! `baseline-pca`: what a linear code of every size reconstructs, for autoencoders to be measured against.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::artifact::ArtifactType;
use crate::artifact::array;
use crate::dataset::samples::Samples;
use crate::embed::pca::{MOST_DIMENSIONS, Pca};
use crate::event::Outcome;
use crate::kind::{Description, InputPort, OutputPort, params_of};
use crate::stage::{Context, Input, Output, Stage, StageError, data, points};

const INPUT: &str = "dataset";
const OUTPUT: &str = "baseline";
const CURVE: &str = "curve.csv";
const MEAN: &str = "mean.npy";

fn default_limit() -> usize {
    1024
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Largest latent size of the curve; at most the numbers in a sample.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1))]
    limit: usize,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "baseline-pca",
    version: 2,
    summary: "PCA's reconstruction error at every latent size, down to 0, the constant mean.",
    details: "PCA is the best linear autoencoder for squared error. Components are fitted on the training split; errors \
              are those of the test split (the validation split when there is no test split, or else the training \
              split), of clean samples.",
    inputs: vec![InputPort::required(INPUT, &[ArtifactType::Dataset], "The data set the autoencoder is trained on.")],
    outputs: vec![OutputPort::new(OUTPUT, ArtifactType::Baseline, "Mean squared error at every latent size.")],
    params: params_of::<Params>(),
    metrics: &[("constant_mse", "Mean squared error of always giving the mean of the training samples.")],
    example: "[stages.baseline]\nuses = \"baseline-pca\"\ninputs = { dataset = \"split\" }\n",
    ..Description::default()
});

pub struct BaselinePca;

impl Stage for BaselinePca {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let Params { limit } = context.params()?;
        let dataset = data::open(context.input(INPUT)?)?;
        let train = data::split(&dataset, "train")?;
        let split = data::evaluated_split(&dataset);
        let measured = data::split(&dataset, split)?;
        let workers = points::workers(context);
        let width = train.shape().iter().product::<usize>();
        let too_wide = width > MOST_DIMENSIONS;
        let pca = Pca::fit(&train, if too_wide { 0 } else { limit }, workers)?;
        let curve = pca.reconstruction_mse(&measured, workers)?;
        let constant_mse = curve[0];
        let mut table = String::from("latent_dim,mse\n");
        for (latent_dim, mse) in curve.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{latent_dim},{mse}");
        }
        std::fs::write(context.output(OUTPUT, CURVE)?, table)?;
        array::write(&context.output(OUTPUT, MEAN)?, &train.shape(), &pca.mean())?;
        let header = json!({ "constant_mse": constant_mse, "dimensions": pca.kept(), "split": split });
        data::write_json(&context.output(OUTPUT, "baseline.json")?, &header)?;
        let metrics = BTreeMap::from([("constant_mse".to_owned(), constant_mse)]);
        let warnings = too_wide.then(|| {
            format!("samples of {width} numbers are compared with the constant mean alone: PCA is limited to {MOST_DIMENSIONS}")
        });
        let outcome = Outcome { metrics, warnings: warnings.into_iter().collect(), ..Outcome::default() };
        Ok(Output { outcome, ..Output::default() })
    }
}

/// The mean training image of a Baseline artifact: what the constant answers.
pub fn open_mean(input: &Input) -> Result<Vec<f32>, StageError> {
    Ok(array::Array::open(input.path(MEAN)?)?.values().to_vec())
}

/// The mean squared error at every latent size, size 0 first, of a Baseline artifact.
pub fn open_curve(input: &Input) -> Result<Vec<f64>, StageError> {
    let path = input.path(CURVE)?;
    let text = std::fs::read_to_string(path)?;
    let number = |line: &str| line.split_once(',').and_then(|(_, mse)| mse.parse().ok());
    let curve: Option<Vec<f64>> = text.lines().skip(1).map(number).collect();
    curve
        .filter(|curve| !curve.is_empty())
        .ok_or_else(|| StageError::failed(format!("{}: not a table of latent sizes and errors", path.display())))
}

//! `compare-baseline`: a trained autoencoder beside the constant mean and PCA at the same latent size.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactType;
use crate::dataset::samples::Samples;
use crate::kind::{Description, InputPort, params_of};
use crate::metric::mse::mse;
use crate::stage::train_autoencoder::open_model;
use crate::stage::train_classifier::csv_failed;
use crate::stage::{Context, Input, Output, Stage, StageError, data, training};

/// Registered in the registry.
pub struct CompareBaseline;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// A model whose error is over this share of the constant mean's counts as collapsed.
    #[serde(default = "default_collapsed_over")]
    #[schemars(range(min = 0.0, max = 1.0))]
    collapsed_over: f64,
}

fn default_collapsed_over() -> f64 {
    0.98
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "compare-baseline",
    version: 1,
    summary: "Sets a model's error beside the constant mean's and PCA's.",
    details: "Planned beside every autoencoder. All three errors are mean squared errors on the same split: `test`, or \
              else `validation`, or else `train`. PCA has as many components as the model's code has numbers. A model \
              that is no better than the constant mean has learnt nothing and is called collapsed.",
    inputs: vec![
        InputPort::required("model", &[ArtifactType::Model], "the trained autoencoder"),
        InputPort::required("dataset", &[ArtifactType::Dataset], "the data it was trained on"),
        InputPort::required("baseline", &[ArtifactType::Baseline], "PCA's errors on that data"),
    ],
    params: params_of::<Params>(),
    metrics: &[
        ("mse", "the model's mean squared error"),
        ("constant_mse", "the error of answering every image with the mean training image"),
        ("pca_mse", "the error of PCA with as many components as the code has numbers"),
        ("mse_over_pca", "the model's error divided by PCA's"),
        ("collapsed", "1 if the model is no better than the constant mean, else 0"),
    ],
    example: r#"[stages.compared]
uses = "compare-baseline"
inputs = { model = "autoencoder", dataset = "normalize", baseline = "pca_errors" }
"#,
    ..Description::default()
});

const BLOCK: usize = 500;

impl Stage for CompareBaseline {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let Params { collapsed_over } = context.params()?;
        let model = open_model(context.input("model")?)?;
        let dataset = data::open(context.input("dataset")?)?;
        let curve = open_curve(context.input("baseline")?)?;
        let split = data::split(&dataset, data::judged_split(&dataset))?;
        let pixels = split.shape().iter().product::<usize>();
        let rows: Vec<u32> = (0..split.len() as u32).collect();
        let mut clean = vec![0.0; BLOCK * pixels];
        let mut sum = 0.0;
        for block in rows.chunks(BLOCK) {
            context.checkpoint()?;
            let given = training::with_run(context, |run| model.reconstruct(&split, block, run))?;
            let clean = &mut clean[..block.len() * pixels];
            split.gather(block, clean);
            sum += mse(clean, &given) * block.len() as f64;
        }
        let error = sum / split.len() as f64;
        let constant = curve.first().copied().unwrap_or(f64::NAN);
        // The curve ends where PCA is exact or was cut off: larger codes are compared with its last point.
        let pca = curve.get(model.latent_dim()).or(curve.last()).copied().unwrap_or(f64::NAN);
        let collapsed = error >= collapsed_over * constant;
        let mut output = Output::default();
        let metrics = &mut output.outcome.metrics;
        metrics.insert("mse".into(), error);
        metrics.insert("constant_mse".into(), constant);
        metrics.insert("pca_mse".into(), pca);
        metrics.extend((pca > 0.0).then(|| ("mse_over_pca".to_owned(), error / pca)));
        metrics.insert("collapsed".into(), f64::from(u8::from(collapsed)));
        if collapsed {
            output.outcome.warnings.push(format!(
                "collapsed: the autoencoder's error {error:.4} is no better than answering every image with the mean \
                 image ({constant:.4}); it has learnt nothing yet. Try `output_bias = \"mean\"` on the training stage, \
                 more epochs, the loss \"bce\", or a lower learning rate"
            ));
        }
        Ok(output)
    }
}

/// PCA's mean squared error by latent size, 0 (the constant mean) first.
fn open_curve(input: &Input) -> Result<Vec<f64>, StageError> {
    let mut table = csv::Reader::from_path(input.path("curve.csv")?).map_err(csv_failed)?;
    table.deserialize().map(|row| row.map(|(_, mse): (usize, f64)| mse).map_err(csv_failed)).collect()
}

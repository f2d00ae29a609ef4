//! `compare-baseline`: a trained autoencoder beside the constant mean and PCA at the same latent size.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactType;
use crate::dataset::samples::Samples;
use crate::kind::{Description, InputPort, params_of};
use crate::metric::mse::mse;
use crate::metric::ssim;
use crate::model::autoencoder::Autoencoder;
use crate::model::train::Loss;
use crate::stage::kinds::baseline_pca::{open_curve, open_mean};
use crate::stage::kinds::train_autoencoder::{open_loss, open_model};
use crate::stage::{Context, Output, Stage, StageError, data, reconstruct};

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
    version: 3,
    summary: "Sets a model's error beside the constant mean's and PCA's.",
    details: "Planned beside every autoencoder. All three errors are mean squared errors on the same split: `test`, or \
              else `validation`, or else `train`. PCA has as many components as the model's code has numbers. A model \
              whose error is over `collapsed_over` of the constant mean's has learned next to nothing and is called \
              collapsed; one trained for SSIM, only if its answers are no more similar either.",
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
        ("collapsed", "1 if the model's error is over `collapsed_over` of the constant mean's, else 0"),
    ],
    example: r#"[stages.compared]
uses = "compare-baseline"
inputs = { model = "autoencoder", dataset = "normalize", baseline = "pca_errors" }
"#,
    ..Description::default()
});

impl Stage for CompareBaseline {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let Params { collapsed_over } = context.params()?;
        let (trained, baseline) = (context.input("model")?, context.input("baseline")?);
        let loss = open_loss(trained)?;
        let curve = open_curve(baseline)?;
        let model = open_model(trained)?;
        let mean = if loss == Loss::Ssim { Some(open_mean(baseline)?) } else { None };
        let (error, gained_similarity) = errors(context, &model, mean.as_deref())?;
        let constant = curve[0];
        // The curve ends where PCA is exact or was cut off: larger codes are compared with its last point. Without PCA
        // it is the constant's error alone.
        let pca = curve[1..].get(model.latent_dim() - 1).or(curve[1..].last()).copied();
        // What was trained for similarity may miss the brightness, and has learned all the same.
        let collapsed = error >= collapsed_over * constant && gained_similarity <= 0.0;
        let mut output = Output::default();
        let metrics = &mut output.outcome.metrics;
        metrics.insert("mse".into(), error);
        metrics.insert("constant_mse".into(), constant);
        metrics.extend(pca.map(|pca| ("pca_mse".to_owned(), pca)));
        metrics.extend(pca.filter(|pca| *pca > 0.0).map(|pca| ("mse_over_pca".to_owned(), error / pca)));
        metrics.insert("collapsed".into(), f64::from(u8::from(collapsed)));
        if collapsed {
            output.outcome.warnings.push(warning(error, constant, loss));
        }
        Ok(output)
    }
}

/// What is told of a collapsed model.
fn warning(error: f64, constant: f64, loss: Loss) -> String {
    let (compared, learned) = if error >= constant {
        ("no better than".to_owned(), "nothing")
    } else {
        (format!("only {:.1} % below that of", 100.0 * (1.0 - error / constant)), "next to nothing")
    };
    let bce = if loss == Loss::Bce { "" } else { "the loss \"bce\", " };
    format!(
        "collapsed: the autoencoder's error {error:.4} is {compared} answering every image with the mean image \
         ({constant:.4}); it has learned {learned} yet. Try more epochs, another seed, {bce}or a lower learning rate"
    )
}

/// The model's mean squared error, and how much more similar (SSIM) its answers are than the mean image, if that is given.
fn errors(context: &Context, model: &Autoencoder, mean: Option<&[f32]>) -> Result<(f64, f64), StageError> {
    let dataset = data::open(context.input("dataset")?)?;
    let split = data::split(&dataset, data::evaluated_split(&dataset))?;
    let shape = split.shape();
    let pixels = shape.iter().product::<usize>();
    let (mut squared, mut gained) = (0.0, 0.0);
    reconstruct::for_each_block(context, model, &split, |clean, given| {
        let count = clean.len() / pixels;
        squared += mse(clean, given) * count as f64;
        let similarity =
            |answers: &[f32]| ssim::per_sample(clean, answers, shape).map_or(0.0, |each| each.iter().sum());
        gained += mean.map_or(0.0, |mean| similarity(given) - similarity(&mean.repeat(count)));
    })?;
    let count = split.len() as f64;
    Ok((squared / count, gained / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_a_little_better_than_the_mean_image_is_not_said_to_be_no_better() {
        let end = "Try more epochs, another seed, the loss \"bce\", or a lower learning rate";
        assert_eq!(
            warning(0.0670, 0.0675, Loss::Mse),
            format!(
                "collapsed: the autoencoder's error 0.0670 is only 0.7 % below that of answering every image with the \
                 mean image (0.0675); it has learned next to nothing yet. {end}"
            )
        );
        assert!(warning(0.0675, 0.0675, Loss::Bce).contains("is no better than answering every image"));
    }
}

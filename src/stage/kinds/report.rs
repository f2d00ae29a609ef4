//! `report`: figures and tables of whatever the pipeline made.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactType;
use crate::event::Progress;
use crate::kind::{Description, InputPort, OutputPort, params_of};
use crate::report::figures::{Options, figures};
use crate::report::source::Source;
use crate::stage::{Context, Output, Stage, StageError};

/// The kind `report`.
pub struct Report;

fn samples() -> usize {
    8
}

fn rows() -> usize {
    20
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Title of the report's content.
    #[serde(default)]
    title: String,
    /// Images in a figure (rows of them in those of a `sample` stage), and predictions shown with their probabilities, at
    /// most.
    #[serde(default = "samples")]
    #[schemars(range(min = 1, max = 64))]
    samples: usize,
    /// Rows of the inference log shown on the page; the whole log is kept as CSV.
    #[serde(default = "rows")]
    #[schemars(range(min = 0, max = 1000))]
    rows: usize,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "report",
    version: 6,
    summary: "Draws figures and tables of every artifact it is given.",
    details: "Each artifact type has its sections: shapes of the data, layers, loss curves, reconstructions with error \
              maps, metrics with their definitions, the comparison with the baselines, latent spaces, confusion \
              matrix and per-class accuracy, predictions with probabilities and the inference log, images decoded from \
              codes, clusters, anomaly scores with their ROC curve. What is not given has no section. Without `inputs`, it takes everything \
              the pipeline makes. The page around the figures is written when the run ends.",
    inputs: vec![InputPort {
        name: "artifacts",
        types: &[],
        required: true,
        variadic: true,
        help: "Anything: named by stage, or `stage.port`.",
    }],
    outputs: vec![OutputPort::new(
        "figures",
        ArtifactType::Figures,
        "PNG pictures, tables, and the order in which they are shown.",
    )],
    params: params_of::<Params>(),
    example: "[stages.report]\nuses = \"report\"\ninputs = [\"load\", \"autoencoder\", \"evaluate\"]\nsamples = 8\n",
    ..Description::default()
});

impl Stage for Report {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let sources: Vec<Source> = context
            .inputs
            .values()
            .map(|input| Source {
                artifact_type: input.artifact_type,
                stage: input.stage.clone(),
                files: input.files.clone(),
            })
            .collect();
        let options = Options { title: params.title, samples: params.samples, rows: params.rows };
        let report = context.output("figures", "report.json")?;
        let directory = report.parent().ok_or_else(|| StageError::failed("the output has no directory"))?;
        let made = figures(&sources, &options, directory, |done, total| {
            let (done, total) = (done as u64, total as u64);
            (context.progress)(Progress { done, total, unit: "section", metrics: Vec::new() });
            !context.cancel.is_cancelled()
        });
        match made {
            Ok(Some(_)) => Ok(Output::default()),
            Ok(None) => Err(StageError::Interrupted),
            Err(error) => Err(StageError::failed(error.to_string())),
        }
    }
}

//! `kmeans`: clusters of codes or pixels, held against the classes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::{ArtifactType, array};
use crate::embed::EmbedError;
use crate::embed::kmeans::{Clustering, KMeans as Settings};
use crate::embed::rows::{gather_range, width};
use crate::event::{Outcome, Progress};
use crate::kind::{Description, OutputPort, params_of};
use crate::metric::nmi::nmi;
use crate::metric::purity::purity;
use crate::stage::data::{SplitName, csv_failed};
use crate::stage::points::{self, Points};
use crate::stage::{Context, Output, Stage, StageError, data};

const OUTPUT: &str = "clusters";

fn default_k() -> usize {
    10
}

fn default_starts() -> usize {
    10
}

fn default_iterations() -> usize {
    300
}

fn default_tolerance() -> f64 {
    1e-4
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How many clusters.
    #[serde(default = "default_k")]
    #[schemars(range(min = 1, max = 10000))]
    k: usize,
    /// The split whose samples are clustered.
    #[serde(default)]
    split: SplitName,
    /// Starts; the clustering of lowest inertia is kept.
    #[serde(default = "default_starts")]
    #[schemars(range(min = 1, max = 1000))]
    starts: usize,
    /// Iterations of one start at most.
    #[serde(default = "default_iterations")]
    #[schemars(range(min = 1))]
    max_iterations: usize,
    /// A start ends when its centers move less than this, squared, in units of the samples' mean variance.
    #[serde(default = "default_tolerance")]
    #[schemars(range(min = 0.0))]
    tolerance: f64,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "kmeans",
    version: 1,
    summary: "Groups samples into k clusters and compares these with the classes.",
    details: "Lloyd's iterations from greedy k-means++ starts, as in scikit-learn. `nmi` and `purity` are reported when \
              the samples are labeled.",
    inputs: points::input(),
    outputs: vec![OutputPort::new(OUTPUT, ArtifactType::Clusters, "Cluster of every sample, centers, and a table.")],
    params: params_of::<Params>(),
    metrics: &[
        (
            "nmi",
            "Normalized mutual information of clusters and classes (arithmetic mean of the entropies): 0 independent, 1 the same.",
        ),
        ("purity", "Share of samples that belong to the commonest class of their cluster."),
        ("inertia", "Sum of squared distances of samples to their cluster's center."),
    ],
    example: "[stages.clusters]\nuses = \"kmeans\"\ninputs = { data = \"latents\" }\nk = 10\n",
    ..Description::default()
});

pub struct Kmeans;

impl Stage for Kmeans {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn draws_random(&self, _params: &Value) -> bool {
        true
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let Points { samples, classes } = Points::open(context, params.split)?;
        let (values, dim) = (gather_range(samples.as_ref(), 0, samples.len()), width(samples.as_ref()));
        let settings = Settings {
            k: params.k,
            starts: params.starts,
            max_iterations: params.max_iterations,
            tolerance: params.tolerance,
            seed: context.seed,
        };
        let total = params.starts as u64;
        let started = |done: usize| {
            (context.progress)(Progress { done: done as u64, total, unit: "start", ..Progress::default() });
        };
        let found =
            settings.fit(&values, dim, points::workers(context), &started).map_err(|error| failed(error, &params))?;
        let mut metrics = BTreeMap::from([("inertia".to_owned(), found.inertia)]);
        if let Some(labels) = samples.labels() {
            metrics.insert("nmi".to_owned(), nmi(&found.assignments, labels));
            metrics.insert("purity".to_owned(), purity(&found.assignments, labels));
        }
        let header = json!({ "k": params.k, "split": params.split.name(), "classes": classes, "metrics": metrics });
        data::write_json(&context.output(OUTPUT, "clusters.json")?, &header)?;
        save(context, &found, dim, &classes, samples.labels())?;
        Ok(Output { outcome: Outcome { metrics, ..Outcome::default() }, ..Output::default() })
    }
}

fn failed(error: EmbedError, params: &Params) -> StageError {
    match error {
        EmbedError::TooFew { found, needed } => {
            let message = format!("`k` asks for {needed} clusters of the {found} {} samples", params.split.name());
            StageError::with_help(message, format!("set `k` to at most {found}, or cluster more samples"))
        }
        error => error.into(),
    }
}

fn save(
    context: &Context,
    found: &Clustering,
    dim: usize,
    classes: &[String],
    labels: Option<&[u32]>,
) -> Result<(), StageError> {
    let (n, k) = (found.assignments.len(), found.centers.len() / dim);
    array::write(&context.output(OUTPUT, "assignments.npy")?, &[n], &found.assignments)?;
    let centers: Vec<f32> = found.centers.iter().map(|&x| x as f32).collect();
    array::write(&context.output(OUTPUT, "centers.npy")?, &[k, dim], &centers)?;
    let mut counts = vec![vec![0u64; classes.len()]; k];
    if let Some(labels) = labels {
        array::write(&context.output(OUTPUT, "labels.npy")?, &[n], labels)?;
        found.assignments.iter().zip(labels).for_each(|(&k, &class)| counts[k as usize][class as usize] += 1);
    }
    let mut table = csv::Writer::from_path(context.output(OUTPUT, "table.csv")?).map_err(csv_failed)?;
    let header = ["cluster", "size"].into_iter().chain(classes.iter().map(String::as_str));
    table.write_record(header).map_err(csv_failed)?;
    for (cluster, counts) in counts.iter().enumerate() {
        let size = found.assignments.iter().filter(|&&at| at as usize == cluster).count();
        let cells = [cluster.to_string(), size.to_string()].into_iter().chain(counts.iter().map(u64::to_string));
        table.write_record(cells).map_err(csv_failed)?;
    }
    Ok(table.flush()?)
}

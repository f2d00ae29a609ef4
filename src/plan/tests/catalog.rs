//! A few kinds that do nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::ArtifactType::{Baseline, Dataset, Figures, Latents, Metrics, Model};
use crate::kind::{
    Catalog, Companion, CompanionWire, Description, Facts, InputPort, OutputPort, ParamProblem, params_of,
};

pub struct Toy;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Load {
    /// Name of a data set.
    dataset: String,
    /// Height and width of an image.
    #[serde(default = "side")]
    #[schemars(range(min = 1))]
    side: usize,
    /// Where it lies.
    #[schemars(extend("format" = "path"))]
    path: Option<String>,
}

fn side() -> usize {
    28
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Loss {
    /// Mean squared error.
    Mse,
    /// Binary cross-entropy.
    Bce,
}

fn loss() -> Loss {
    Loss::Mse
}

fn rate() -> f64 {
    0.001
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Train {
    /// Widths of the layers.
    #[schemars(length(min = 1), inner(range(min = 1)))]
    widths: Vec<usize>,
    /// Passes over the data.
    #[schemars(range(min = 1, max = 1000))]
    epochs: u32,
    /// What is minimized.
    #[serde(default = "loss")]
    loss: Loss,
    /// Size of a step.
    #[serde(default = "rate")]
    rate: f64,
    /// Whether the order changes.
    #[serde(default)]
    shuffle: bool,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scale {
    /// Lowest and highest value.
    #[serde(default = "unit")]
    range: [f64; 2],
}

fn unit() -> [f64; 2] {
    [0.0, 1.0]
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Epochs {
    /// Passes over the data.
    epochs: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

static KINDS: LazyLock<Vec<Description>> = LazyLock::new(|| {
    vec![
        Description {
            kind: "load",
            outputs: vec![OutputPort::new("dataset", Dataset, "")],
            params: params_of::<Load>(),
            ..Description::default()
        },
        Description {
            kind: "scale",
            inputs: vec![InputPort::required("dataset", &[Dataset], "")],
            outputs: vec![OutputPort::new("dataset", Dataset, "")],
            params: params_of::<Scale>(),
            ..Description::default()
        },
        Description {
            kind: "train",
            inputs: vec![InputPort::required("dataset", &[Dataset], ""), InputPort::optional("start", &[Model], "")],
            outputs: vec![OutputPort::new("model", Model, "")],
            params: params_of::<Train>(),
            metrics: &[("loss", "of the last epoch")],
            ..Description::default()
        },
        Description {
            kind: "encode",
            inputs: vec![InputPort::required("dataset", &[Dataset], ""), InputPort::required("model", &[Model], "")],
            outputs: vec![OutputPort::new("latents", Latents, "")],
            params: params_of::<Nothing>(),
            ..Description::default()
        },
        Description {
            kind: "halves",
            inputs: vec![InputPort::required("dataset", &[Dataset], "")],
            outputs: vec![OutputPort::new("first", Dataset, ""), OutputPort::new("second", Dataset, "")],
            params: params_of::<Nothing>(),
            ..Description::default()
        },
        Description {
            kind: "probe",
            inputs: vec![InputPort::required("latents", &[Latents], "")],
            params: params_of::<Epochs>(),
            metrics: &[("accuracy", "on the test split")],
            companions: &[
                Companion { suffix: "floor", kind: "floor", wires: &[("dataset", CompanionWire::Upstream(Dataset))] },
                Companion {
                    suffix: "against",
                    kind: "against",
                    wires: &[
                        ("own", CompanionWire::Output("metrics")),
                        ("floor", CompanionWire::Companion("floor")),
                        ("latents", CompanionWire::SameInput("latents")),
                    ],
                },
            ],
            ..Description::default()
        },
        Description {
            kind: "floor",
            inputs: vec![InputPort::required("dataset", &[Dataset], "")],
            outputs: vec![OutputPort::new("baseline", Baseline, "")],
            params: params_of::<Nothing>(),
            ..Description::default()
        },
        Description {
            kind: "against",
            inputs: vec![
                InputPort::required("own", &[Metrics], ""),
                InputPort::required("floor", &[Baseline], ""),
                InputPort::required("latents", &[Latents], ""),
            ],
            params: params_of::<Nothing>(),
            metrics: &[("gain", "accuracy over that of the floor")],
            ..Description::default()
        },
        Description {
            kind: "show",
            inputs: vec![InputPort::variadic("results", &[], "")],
            outputs: vec![OutputPort::new("figures", Figures, "")],
            params: params_of::<Nothing>(),
            ..Description::default()
        },
    ]
});

impl Catalog for Toy {
    fn kinds(&self) -> Vec<&Description> {
        KINDS.iter().collect()
    }

    fn describe(&self, kind: &str) -> Option<&Description> {
        KINDS.iter().find(|description| description.kind == kind)
    }

    /// A layer may not be wider than an image has pixels.
    fn check(&self, kind: &str, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let known = inputs.values().find(|facts| facts.shape.is_some()).cloned().unwrap_or_default();
        match (kind, known.shape) {
            ("train", _) if params["epochs"] == 666 => panic!("{} epochs are too many", params["epochs"]),
            ("load", _) => {
                let side = params["side"].as_u64().and_then(|side| usize::try_from(side).ok());
                Ok(Facts { shape: side.map(|side| [side, side, 1]), ..Facts::default() })
            }
            ("train", Some([height, width, _])) => {
                let widths = params["widths"].as_array().into_iter().flatten().filter_map(Value::as_u64);
                let wide = |(_, layer): &(usize, u64)| *layer > (height * width) as u64;
                let problems: Vec<ParamProblem> = widths
                    .enumerate()
                    .filter(wide)
                    .map(|(index, layer)| ParamProblem {
                        param: "widths".into(),
                        index: Some(index),
                        message: format!("{layer} is more than the {} pixels of an image", height * width),
                        help: Some("make it narrower".into()),
                    })
                    .collect();
                if problems.is_empty() { Ok(known) } else { Err(problems) }
            }
            _ => Ok(known),
        }
    }

    fn draws_random(&self, kind: &str, params: &Value) -> bool {
        kind == "train" && params["shuffle"] == true
    }
}

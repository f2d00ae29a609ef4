//! `split`: makes the validation split, out of the training split or from the test split.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dataset::Dataset;
use crate::dataset::samples::Samples;
use crate::dataset::select::{Order, Selection, choose, choose_stratified};
use crate::kind::{Description, Facts, ParamProblem, params_of};
use crate::stage::{Context, Output, Stage, StageError, dataset_edit, problems};

/// Where validation samples come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Origin {
    /// They are taken out of the training split.
    #[default]
    Train,
    /// They are the test split itself: validation figures are test figures.
    Test,
}

/// Which training samples are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum From {
    /// The first ones.
    First,
    /// The last ones.
    #[default]
    Last,
    /// Drawn with the run's seed.
    Random,
}

fn tenth() -> f64 {
    0.1
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How much validates: 0 for nothing, below 1 a fraction of the training samples, else a number of them.
    #[serde(default = "tenth")]
    #[schemars(range(min = 0))]
    validation: f64,
    /// Which training samples are taken.
    #[serde(default)]
    from: From,
    /// Whether every class gives its share.
    #[serde(default)]
    stratified: bool,
    /// Where validation samples come from; with `test`, the other params have no effect.
    #[serde(default)]
    validation_from: Origin,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "split",
    version: 1,
    summary: "Makes the validation split: a part of the training split, or the test split.",
    details: "Only row numbers are written. Both sides keep their samples in order, are disjoint, and cover the \
              training split. A fraction is rounded to the nearest number of samples. With 0 there is no validation split.",
    inputs: dataset_edit::input(),
    outputs: dataset_edit::output(),
    params: params_of::<Params>(),
    example: "[stages.split]\nuses = \"split\"\ninputs = { dataset = \"normalize\" }\nvalidation = 0.1\nfrom = \"last\"\n",
    ..Description::default()
});

pub struct Split;

impl Stage for Split {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let Params { validation, validation_from, .. } = problems::parse(params)?;
        if validation_from == Origin::Train && validation > 1.0 && validation.fract() != 0.0 {
            let problem = problems::problem("validation", format!("{validation} is no part and no number of samples"));
            return Err(vec![problem.help("write a fraction such as 0.1, or a number of samples such as 10000")]);
        }
        Ok(inputs.get(dataset_edit::PORT).cloned().unwrap_or_default())
    }

    fn draws_random(&self, params: &Value) -> bool {
        params["from"] == "random" && params["validation_from"] != "test" && params["validation"].as_f64() != Some(0.0)
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let dataset = dataset_edit::open(context)?;
        let mut splits = dataset_edit::selections(&dataset);
        if splits.contains_key("validation") {
            let help = "use one `split` stage, or wire this one to the data set before the other";
            return Err(StageError::with_help("the data set already has a validation split", help));
        }
        match params.validation_from {
            Origin::Test => {
                let test = splits.get("test").ok_or_else(|| {
                    let help = "take validation samples from the training split: validation_from = \"train\"";
                    StageError::with_help("the data set has no test split to validate on", help)
                })?;
                splits.insert("validation".into(), test.clone());
            }
            Origin::Train if params.validation == 0.0 => {}
            Origin::Train => {
                let (kept, taken) = divide(&dataset, &params, context.seed)?;
                let train = splits.remove("train").ok_or_else(no_train)?;
                let pick = |places: Vec<usize>| Selection {
                    source: train.source.clone(),
                    rows: places.into_iter().map(|place| train.rows[place]).collect(),
                };
                splits.insert("validation".into(), pick(taken));
                splits.insert("train".into(), pick(kept));
            }
        }
        dataset_edit::write_splits(context, &dataset, &splits)
    }
}

/// Places of the training split that stay in it, and those that validate.
fn divide(dataset: &Dataset, params: &Params, seed: u64) -> Result<(Vec<usize>, Vec<usize>), StageError> {
    let train = dataset.split("train").ok_or_else(no_train)?;
    let available = train.len();
    let wanted = if params.validation < 1.0 { params.validation * available as f64 } else { params.validation };
    let count = wanted.round() as usize;
    if count == 0 || count >= available {
        let message = format!("a validation of {} takes {count} of {available} training samples", params.validation);
        return Err(StageError::with_help(message, "choose a number that leaves samples on both sides"));
    }
    let order = match params.from {
        From::First => Order::First,
        From::Last => Order::Last,
        From::Random => Order::Random(seed),
    };
    let (taken, kept) = match train.labels() {
        Some(labels) if params.stratified => choose_stratified(labels, count, order),
        None if params.stratified => {
            let help = "leave `stratified` out, or load the data set with its labels";
            return Err(StageError::with_help("the data set has no labels to stratify by", help));
        }
        _ => choose(available, count, order),
    };
    Ok((kept, taken))
}

fn no_train() -> StageError {
    StageError::failed("the data set has no training split")
}

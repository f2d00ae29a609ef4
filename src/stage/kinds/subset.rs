//! `subset`: keeps some classes and some samples of each split.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dataset::Dataset;
use crate::dataset::samples::Samples;
use crate::dataset::select::{Order, choose, choose_stratified};
use crate::kind::{Description, Facts, ParamProblem, params_of};
use crate::stage::data::SplitName;
use crate::stage::{Context, Output, Stage, StageError, dataset_edit, problems};

/// Which samples are kept when a split has more than asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum From {
    /// The first ones.
    #[default]
    First,
    /// Drawn with the run's seed.
    Random,
}

fn all_splits() -> Vec<SplitName> {
    SplitName::ALL.to_vec()
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Training samples to keep; 0 keeps all.
    #[serde(default)]
    train: usize,
    /// Validation samples to keep; 0 keeps all.
    #[serde(default)]
    validation: usize,
    /// Test samples to keep; 0 keeps all.
    #[serde(default)]
    test: usize,
    /// Which samples are kept when there are more than asked for.
    #[serde(default)]
    from: From,
    /// Whether every class keeps its share.
    #[serde(default)]
    stratified: bool,
    /// Names of the only classes to keep; empty keeps all.
    #[serde(default)]
    include_classes: Vec<String>,
    /// Names of classes to leave out.
    #[serde(default)]
    exclude_classes: Vec<String>,
    /// Splits in which classes are kept or left out: `["train", "validation"]` trains without what the test shows.
    #[serde(default = "all_splits")]
    splits: Vec<SplitName>,
}

impl Params {
    fn count(&self, split: &str) -> Option<usize> {
        let count = match split {
            "train" => self.train,
            "validation" => self.validation,
            _ => self.test,
        };
        (count > 0).then_some(count)
    }

    fn filters(&self, split: &str) -> bool {
        !(self.include_classes.is_empty() && self.exclude_classes.is_empty())
            && self.splits.iter().any(|name| name.name() == split)
    }
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "subset",
    version: 1,
    summary: "Keeps some classes and some samples of each split.",
    details: "Classes are chosen first, then samples are counted. Samples keep their order, classes their numbers. For an \
              anomaly experiment leave a class out of training and validation only: `exclude_classes = [\"0\"]`, \
              `splits = [\"train\", \"validation\"]`. Only row numbers are written.",
    inputs: dataset_edit::input(),
    outputs: dataset_edit::output(),
    params: params_of::<Params>(),
    example: "[stages.subset]\nuses = \"subset\"\ninputs = { dataset = \"split\" }\ntrain = 10000\ntest = 10000\n",
    ..Description::default()
});

pub struct Subset;

impl Stage for Subset {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let params: Params = problems::parse(params)?;
        if let Some(index) = params.exclude_classes.iter().position(|class| params.include_classes.contains(class)) {
            let message = format!("the class `{}` is both kept and left out", params.exclude_classes[index]);
            return Err(vec![problems::problem("exclude_classes", message).at(index).help("name it in one list only")]);
        }
        let facts = inputs.get(dataset_edit::PORT);
        let mut unknown = problems::unknown_classes("include_classes", &params.include_classes, facts);
        unknown.extend(problems::unknown_classes("exclude_classes", &params.exclude_classes, facts));
        if unknown.is_empty() { Ok(facts.cloned().unwrap_or_default()) } else { Err(unknown) }
    }

    fn draws_random(&self, params: &Value) -> bool {
        params["from"] == "random" && SplitName::ALL.iter().any(|split| params[split.name()].as_u64() > Some(0))
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let dataset = dataset_edit::open(context)?;
        let mut splits = dataset_edit::selections(&dataset);
        for wanted in SplitName::ALL.map(SplitName::name) {
            if params.count(wanted).is_some() && !splits.contains_key(wanted) {
                let help = if wanted == "validation" { "put a `split` stage before this one" } else { "leave it out" };
                return Err(StageError::with_help(format!("the data set has no {wanted} split"), help));
            }
        }
        for (split, selection) in &mut splits {
            let places = keep(&dataset, split, &params, context.seed)?;
            selection.rows = places.into_iter().map(|place| selection.rows[place]).collect();
        }
        dataset_edit::write_splits(context, &dataset, &splits)
    }
}

/// Places of a split that are kept.
fn keep(dataset: &Dataset, split: &str, params: &Params, seed: u64) -> Result<Vec<usize>, StageError> {
    let samples = dataset.split(split).ok_or_else(|| StageError::failed(format!("no split `{split}`")))?;
    let labels = match samples.labels() {
        Some(labels) => labels,
        None if params.filters(split) || params.stratified => {
            let help = "leave the classes and `stratified` out, or load the data set with its labels";
            return Err(StageError::with_help("the data set has no labels to choose by", help));
        }
        None => &[],
    };
    let mut places: Vec<usize> = (0..samples.len()).collect();
    if params.filters(split) {
        keep_classes(&mut places, labels, dataset, params)?;
    }
    if places.is_empty() {
        let message = format!("no sample of the {split} split has one of the chosen classes");
        return Err(StageError::with_help(message, "keep at least one class that the split has"));
    }
    match params.count(split) {
        Some(count) => draw(&places, labels, (split, count), params, seed),
        None => Ok(places),
    }
}

/// Leaves out the places of classes that are not wanted.
fn keep_classes(places: &mut Vec<usize>, labels: &[u32], dataset: &Dataset, params: &Params) -> Result<(), StageError> {
    let included = class_numbers(dataset, &params.include_classes)?;
    let excluded = class_numbers(dataset, &params.exclude_classes)?;
    let kept = |label| (included.is_empty() || included.contains(&label)) && !excluded.contains(&label);
    places.retain(|&place| kept(labels[place]));
    Ok(())
}

/// As many of the places as are asked for.
fn draw(
    places: &[usize],
    labels: &[u32],
    (split, count): (&str, usize),
    params: &Params,
    seed: u64,
) -> Result<Vec<usize>, StageError> {
    if count > places.len() {
        let message = format!("{count} {split} samples are asked for and there are {}", places.len());
        let help = format!("ask for at most {}, or leave `{split}` out", places.len());
        return Err(StageError::with_help(message, help));
    }
    // Splits drawn with one seed must not share the draw.
    let order = match params.from {
        From::First => Order::First,
        From::Random => Order::Random(seed ^ split.len() as u64),
    };
    let (chosen, _) = if params.stratified {
        let labels: Vec<u32> = places.iter().map(|&place| labels[place]).collect();
        choose_stratified(&labels, count, order)
    } else {
        choose(places.len(), count, order)
    };
    Ok(chosen.into_iter().map(|chosen| places[chosen]).collect())
}

/// Classes by number. Error: the data set has no such class.
fn class_numbers(dataset: &Dataset, names: &[String]) -> Result<Vec<u32>, StageError> {
    let classes = &dataset.meta.classes;
    let number = |name: &String| {
        let place = classes.iter().position(|class| class == name);
        place.map(|place| place as u32).ok_or_else(|| {
            let message = format!("the data set `{}` has no class `{name}`", dataset.meta.name);
            StageError::with_help(message, problems::class_list(classes))
        })
    };
    names.iter().map(number).collect()
}

//! `normalize`: an affine map from the stored numbers to values, carried in `dataset.json`; the pixels stay as they are.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dataset::Dataset;
use crate::dataset::meta::PerChannel;
use crate::dataset::statistics::{ChannelStatistics, channel_statistics};
use crate::kind::{Description, Facts, ParamProblem, params_of};
use crate::stage::{Context, Output, Stage, StageError, dataset_edit, problems};

/// How values come about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    /// Stretch the stored range to `range`.
    #[default]
    Range,
    /// Mean 0 and standard deviation 1 over the training split.
    Standardize,
}

fn unit_range() -> [f32; 2] {
    [0.0, 1.0]
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How values come about.
    #[serde(default)]
    mode: Mode,
    /// Least and greatest value, for the mode `range`.
    #[serde(default = "unit_range")]
    range: [f32; 2],
    /// Whether every channel (of feature rows: every column) is mapped by itself.
    #[serde(default)]
    per_channel: bool,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "normalize",
    version: 2,
    summary: "Maps stored numbers to a range of values, or to mean 0 and standard deviation 1.",
    details: "The map is affine and written into `dataset.json`; the pixels are not copied. Bytes are stretched from \
              0..255, floats from the least and greatest number of the training split. Figures of the data (range, mean, \
              standard deviation) come from the training split alone, so put `split` first when validation samples must \
              not count. With `per_channel` bytes are stretched from the range their channel has in the training split. \
              A constant channel becomes the lower end of `range`, or 0.",
    inputs: dataset_edit::input(),
    outputs: dataset_edit::output(),
    params: params_of::<Params>(),
    example: "[stages.normalize]\nuses = \"normalize\"\ninputs = { dataset = \"load\" }\nrange = [0.0, 1.0]\n",
    ..Description::default()
});

pub struct Normalize;

impl Stage for Normalize {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let [low, high] = problems::parse::<Params>(params)?.range;
        if low >= high {
            let problem = problems::problem("range", format!("the range [{low}, {high}] has no room"));
            return Err(vec![problem.help("write the lower value first, such as [0.0, 1.0]")]);
        }
        Ok(inputs.get(dataset_edit::PORT).cloned().unwrap_or_default())
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let dataset = dataset_edit::open(context)?;
        let mut meta = dataset.meta.clone();
        let channels = stored_statistics(&dataset, &params)?;
        let range = |channel: &ChannelStatistics| [channel.low as f32, channel.high as f32];
        meta.channel_ranges = if params.per_channel { channels.iter().map(range).collect() } else { vec![] };
        let maps: Vec<(f32, f32)> = channels.iter().map(|channel| affine(&params, channel)).collect();
        let (scale, offset): (Vec<f32>, Vec<f32>) = maps.into_iter().unzip();
        let per_channel = |values: Vec<f32>| match values[..] {
            [only] => PerChannel::All(only),
            _ => PerChannel::Each(values),
        };
        meta.scale = per_channel(scale);
        meta.offset = per_channel(offset);
        dataset_edit::write_meta(context, &meta)
    }
}

/// What the map is made from, of each channel or of all together.
fn stored_statistics(dataset: &Dataset, params: &Params) -> Result<Vec<ChannelStatistics>, StageError> {
    if params.mode == Mode::Range && !params.per_channel {
        let [low, high] = dataset.meta.stored_range.map(f64::from);
        return Ok(vec![ChannelStatistics { low, high, mean: 0.0, deviation: 0.0 }]);
    }
    let train = dataset.split("train").ok_or_else(|| StageError::failed("the data set has no training split"))?;
    let channels = channel_statistics(&train);
    Ok(if params.per_channel { channels } else { vec![ChannelStatistics::pooled(&channels)] })
}

/// Scale and offset.
fn affine(params: &Params, stored: &ChannelStatistics) -> (f32, f32) {
    let (scale, offset) = match params.mode {
        Mode::Range => {
            let [low, high] = params.range.map(f64::from);
            let width = stored.high - stored.low;
            let scale = if width > 0.0 { (high - low) / width } else { 0.0 };
            (scale, low - stored.low * scale)
        }
        Mode::Standardize => {
            let scale = if stored.deviation > 0.0 { 1.0 / stored.deviation } else { 0.0 };
            (scale, -stored.mean * scale)
        }
    };
    (scale as f32, offset as f32)
}

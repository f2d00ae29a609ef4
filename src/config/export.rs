//! A resolved experiment and its pipeline as JSON, enough to run the same again.

use serde_json::{Map, Value, json};

use super::search::{DIRECTIONS, PRUNERS, SAMPLERS, name_of};
use super::value::Located;
use super::{Ablation, Change, Experiment, Inputs, Objective, ParamDef, Resource, Search, StageDef, Sweep, Wire};
use crate::search::Pruner;
use crate::space::{Dimension, Domain};

impl Experiment {
    /// Everything that decides what runs: the experiment after `extends` and overrides, and its pipeline as written.
    pub fn to_config(&self) -> Value {
        json!({
            "name": self.name,
            "title": self.title,
            "question": self.question,
            "file": self.file.display().to_string(),
            "seed": self.seed,
            "repeats": self.repeats,
            "tags": self.tags,
            "metrics": self.metrics.iter().map(|asked| asked.metric.as_str()).collect::<Vec<_>>(),
            "params": json_by_name(self.params.iter().map(|(name, value)| (name, value.to_json()))),
            "written_in": json_by_name(self.params.iter().map(|(name, value)| (name, self.written_in(value)))),
            "sweep": self.sweep.to_config(),
            "search": self.search.as_ref().map(search),
            "ablation": self.ablation.as_ref().map(ablation),
            "pipeline": {
                "name": self.pipeline.name,
                "help": self.pipeline.help,
                "file": self.pipeline.file.display().to_string(),
                "params": json_by_name(self.pipeline.params.iter().map(|(name, def)| (name, param(def)))),
                "stages": self.pipeline.stages.iter().map(stage).collect::<Value>(),
            },
        })
    }

    /// The file, or the command line, that a value stands in: where its relative path starts.
    fn written_in(&self, value: &Located) -> Value {
        self.sources.get(value.span.file).0.display().to_string().into()
    }
}

impl Sweep {
    /// The axes, and for each point the indices of its values, `null` where it names none; the points are `null` when
    /// they are all combinations.
    fn to_config(&self) -> Value {
        let axes = self.axes.iter().map(|axis| {
            let values: Vec<Value> = axis.values.iter().map(Located::to_json).collect();
            json!({ "param": axis.param, "values": values, "conditional": axis.conditional })
        });
        let points = (!self.is_grid()).then_some(&self.points);
        json!({ "axes": axes.collect::<Value>(), "points": points })
    }
}

fn ablation(ablation: &Ablation) -> Value {
    let change = |change: &Change| json!({ "name": change.name, "values": change.values, "variant": change.variant });
    json!({
        "mode": ablation.mode.name(),
        "base_name": ablation.base_name,
        "cumulative": ablation.cumulative,
        "changes": ablation.changes.iter().map(change).collect::<Value>(),
    })
}

fn search(search: &Search) -> Value {
    let objective = |of: &Objective| json!({ "metric": of.metric, "direction": name_of(of.better, &DIRECTIONS) });
    let settings = &search.settings;
    let resource = |(resource, pruner): (&Resource, Pruner)| json!({ "param": resource.param, "min": pruner.min, "max": pruner.max, "reduction": pruner.reduction });
    json!({
        "objectives": search.objectives.iter().map(objective).collect::<Value>(),
        "sampler": name_of(settings.sampler, &SAMPLERS),
        "pruner": name_of(settings.pruner.map(|pruner| pruner.strategy), &PRUNERS),
        "trials": settings.trials,
        "batch": settings.batch,
        "seed": settings.seed,
        "startup": settings.startup,
        "resource": search.resource.as_ref().zip(settings.pruner).map(resource),
        "space": search.space.iter().map(dimension).collect::<Value>(),
    })
}

/// A dimension as it could stand in `[sweep]`.
fn dimension(dimension: &Dimension) -> Value {
    let mut written = match &dimension.domain {
        Domain::Values(values) => json!({ "values": values }),
        Domain::Uniform { low, high } => json!({ "uniform": [low, high] }),
        Domain::LogUniform { low, high } => json!({ "log_uniform": [low, high] }),
        Domain::Integer { low, high, log } => json!({ "integer": [low, high], "log": log }),
        Domain::Normal { mean, deviation } => json!({ "normal": [mean, deviation] }),
    };
    if !dimension.when.is_empty() {
        written["when"] = dimension.when.iter().map(|(param, values)| (param.clone(), json!(values))).collect();
    }
    written["param"] = dimension.param.as_str().into();
    written
}

fn json_by_name<'a>(entries: impl Iterator<Item = (&'a String, Value)>) -> Value {
    entries.map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
}

fn param(def: &ParamDef) -> Value {
    let choices = def.choices.iter().map(|choice| {
        let carries = json_by_name(choice.carries.iter().map(|(name, value)| (name, value.to_json())));
        json!({ "value": choice.value, "carries": carries })
    });
    json!({
        "default": def.default.to_json(),
        "help": def.help,
        "range": def.range.map(|(low, high)| [low, high]),
        "choices": choices.collect::<Value>(),
    })
}

fn stage(stage: &StageDef) -> Value {
    let inputs = match &stage.inputs {
        Inputs::Absent => Value::Null,
        Inputs::Named(wires) => {
            wires.iter().map(|wire| (wire.port.clone(), source(wire))).collect::<Map<_, _>>().into()
        }
        Inputs::Listed(wires) => wires.iter().map(source).collect(),
    };
    json!({
        "name": stage.name,
        "uses": stage.uses.to_json(),
        "inputs": inputs,
        "params": stage.params.to_json(),
    })
}

fn source(wire: &Wire) -> Value {
    wire.output.as_ref().map_or_else(|| wire.stage.clone(), |output| format!("{}.{output}", wire.stage)).into()
}

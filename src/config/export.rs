//! A resolved experiment and its pipeline as JSON, enough to run the same again.

use serde_json::{Map, Value, json};

use super::value::Located;
use super::{Experiment, Inputs, ParamDef, StageDef, Wire};

impl Experiment {
    /// Everything that decides what runs: the experiment after `extends` and overrides, and its pipeline as written.
    pub fn to_config(&self) -> Value {
        let axes = self.sweep.iter().map(|axis| {
            let values: Vec<Value> = axis.values.iter().map(Located::to_json).collect();
            json!({ "param": axis.param, "values": values })
        });
        json!({
            "name": self.name,
            "title": self.title,
            "question": self.question,
            "file": self.file.display().to_string(),
            "seed": self.seed,
            "repeats": self.repeats,
            "tags": self.tags,
            "params": json_by_name(self.params.iter().map(|(name, value)| (name, value.to_json()))),
            "written_in": json_by_name(self.params.iter().map(|(name, value)| (name, self.written_in(value)))),
            "sweep": axes.collect::<Value>(),
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

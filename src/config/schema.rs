//! JSON Schemas (draft 2020-12) of both files, so that editors complete and check them while they are written.

mod space;

use serde_json::{Map, Value, json};

use super::experiment::MAX_REPEATS;
use crate::kind::{Description, InputPort, ParamSpec, ParamType};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const NAME: &str = "^[A-Za-z0-9_-]+$";

/// The schema of a pipeline's file, in which a stage's keys are those of the kind it uses. Wherever a kind wants a
/// value, a string with a `${param}` will do too.
pub fn pipeline_schema(kinds: &[&Description]) -> Value {
    json!({
        "$schema": DRAFT,
        "title": "Pipeline",
        "description": "Stages and the params they are told, for experiments to run.",
        "type": "object",
        "properties": {
            "pipeline": {
                "description": "What the pipeline is.",
                "type": "object",
                "properties": {
                    "name": text("A short name; the file's name when left out."),
                    "help": text("One line on what it does."),
                },
                "additionalProperties": false,
            },
            "params": {
                "description": "Params with their defaults. A default fixes the param's type.",
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": { "anyOf": [{ "$ref": "#/$defs/value" }, { "$ref": "#/$defs/param" }] },
            },
            "stages": {
                "description": "The stages by name.",
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "pattern": NAME },
                "additionalProperties": { "$ref": "#/$defs/stage" },
            },
        },
        "required": ["stages"],
        "additionalProperties": false,
        "$defs": {
            "reference": {
                "description": "A param's value: `${param}`, or `${param.value}` for what its choice carries.",
                "type": "string",
                "pattern": r"\$\{",
            },
            "source": {
                "description": "A stage, or one of its outputs as `stage.output`.",
                "type": "string",
                "anyOf": [{ "pattern": r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$" }, { "$ref": "#/$defs/reference" }],
            },
            "value": value(),
            "param": param_declaration(),
            "stage": stage(kinds),
        },
    })
}

/// The schema of an experiment's file.
pub fn experiment_schema() -> Value {
    json!({
        "$schema": DRAFT,
        "title": "Experiment",
        "description": "A pipeline's params set and swept. Paths are relative to the file.",
        "type": "object",
        "properties": {
            "name": text("A short name, which also names the report; the file's name when left out."),
            "title": text("One line for the head of the report."),
            "question": text("What the experiment asks, in a sentence or two."),
            "pipeline": text("The pipeline's file."),
            "extends": text("An experiment's file to start from; this one's keys win."),
            "repeats": {
                "description": "Seeds that each variant runs with.",
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_REPEATS,
                "default": 1,
            },
            "seed": {
                "description": "Seed of the first repeat; repeat number i has `seed` + i.",
                "type": "integer",
                "minimum": 0,
                "default": 0,
            },
            "tags": {
                "description": "Words to find its runs by.",
                "type": "array",
                "items": { "type": "string" },
            },
            "metrics": {
                "description": "Metrics its report is about, the most telling first, such as \"evaluate.mse\".",
                "type": "array",
                "items": { "type": "string" },
            },
            "params": {
                "description": "Values for the pipeline's params.",
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": { "$ref": "#/$defs/value" },
            },
            "sweep": space::sweep(),
            "search": space::search(),
            "ablation": space::ablation(),
        },
        "if": { "required": ["extends"] },
        "else": { "required": ["pipeline"], "properties": space::whole() },
        "additionalProperties": false,
        "$defs": { "value": value() },
    })
}

fn text(description: &str) -> Value {
    json!({ "description": description, "type": "string" })
}

/// A value that a param may have.
fn value() -> Value {
    json!({ "type": ["boolean", "integer", "number", "string", "array"] })
}

fn param_declaration() -> Value {
    let carried = json!({ "type": "object", "propertyNames": { "pattern": NAME } });
    json!({
        "type": "object",
        "properties": {
            "default": { "description": "The value when none is set; it fixes the type.", "$ref": "#/$defs/value" },
            "help": text("One line on what it does."),
            "range": {
                "description": "The smallest and the largest allowed number.",
                "type": "array",
                "items": { "type": "number" },
                "minItems": 2,
                "maxItems": 2,
            },
            "choices": {
                "description": "The allowed values: a list, or tables of named values that each choice carries.",
                "anyOf": [
                    { "type": "array", "minItems": 1, "uniqueItems": true, "items": { "$ref": "#/$defs/value" } },
                    { "type": "object", "minProperties": 1, "additionalProperties": carried },
                ],
            },
        },
        "required": ["default"],
        "additionalProperties": false,
    })
}

fn stage(kinds: &[&Description]) -> Value {
    let names: Vec<Value> =
        kinds.iter().map(|kind| json!({ "const": kind.kind, "description": kind.summary })).collect();
    let kinds: Vec<Value> = kinds.iter().map(|kind| of_kind(kind)).collect();
    json!({
        "type": "object",
        "properties": {
            "uses": {
                "description": "The stage kind.",
                "anyOf": [{ "oneOf": names }, { "$ref": "#/$defs/reference" }],
            },
            "inputs": {
                "description": "What feeds the stage.",
                "anyOf": [
                    { "type": "object", "additionalProperties": { "$ref": "#/$defs/source" } },
                    { "type": "array", "items": { "$ref": "#/$defs/source" } },
                ],
            },
        },
        "required": ["uses"],
        "allOf": kinds,
    })
}

/// What holds for stages of one kind.
fn of_kind(kind: &Description) -> Value {
    let mut properties: Map<String, Value> = kind.params.iter().map(|spec| (spec.name.clone(), param(spec))).collect();
    properties.insert("uses".into(), json!(true));
    properties.insert("inputs".into(), inputs(&kind.inputs));
    let mut required: Vec<&str> =
        kind.params.iter().filter(|spec| spec.default.is_none()).map(|spec| spec.name.as_str()).collect();
    // What a variadic port is not given, the plan wires to it.
    if kind.inputs.iter().any(|port| port.required && !port.variadic) {
        required.push("inputs");
    }
    json!({
        "if": { "properties": { "uses": { "const": kind.kind } }, "required": ["uses"] },
        "then": {
            "description": kind.summary,
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        },
    })
}

fn inputs(ports: &[InputPort]) -> Value {
    let properties: Map<String, Value> = ports
        .iter()
        .map(|port| (port.name.to_owned(), json!({ "description": port.help, "$ref": "#/$defs/source" })))
        .collect();
    let required: Vec<&str> =
        ports.iter().filter(|port| port.required && !port.variadic).map(|port| port.name).collect();
    let named =
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    match ports.iter().find(|port| port.variadic) {
        Some(port) => {
            let listed = json!({ "description": port.help, "type": "array", "items": { "$ref": "#/$defs/source" } });
            json!({ "anyOf": [named, listed] })
        }
        None => named,
    }
}

fn param(spec: &ParamSpec) -> Value {
    let mut schema = or_reference(&spec.param_type, typed(&spec.param_type, spec));
    schema["description"] = spec.help.as_str().into();
    if let Some(default) = spec.default.as_ref().filter(|default| !default.is_null()) {
        schema["default"] = default.clone();
    }
    schema
}

/// The schema, or a reference in its place; a string can be one anyway.
fn or_reference(param_type: &ParamType, schema: Value) -> Value {
    match param_type {
        ParamType::Text | ParamType::Path => schema,
        _ => json!({ "anyOf": [schema, { "$ref": "#/$defs/reference" }] }),
    }
}

fn typed(param_type: &ParamType, spec: &ParamSpec) -> Value {
    match param_type {
        ParamType::Bool => json!({ "type": "boolean" }),
        ParamType::Integer => bounded("integer", spec),
        ParamType::Float => bounded("number", spec),
        ParamType::Text | ParamType::Path => json!({ "type": "string" }),
        ParamType::Choice(choices) => {
            let choice = |(name, help): &(String, String)| {
                let mut choice = json!({ "const": name });
                insert(&mut choice, "description", (!help.is_empty()).then(|| help.as_str().into()));
                choice
            };
            json!({ "oneOf": choices.iter().map(choice).collect::<Vec<_>>() })
        }
        ParamType::List(element) => {
            let mut list = json!({ "type": "array", "items": or_reference(element, typed(element, spec)) });
            insert(&mut list, "minItems", spec.shortest.map(Value::from));
            insert(&mut list, "maxItems", spec.longest.map(Value::from));
            list
        }
    }
}

fn bounded(json_type: &str, spec: &ParamSpec) -> Value {
    let mut number = json!({ "type": json_type });
    insert(&mut number, "minimum", spec.minimum.map(Value::from));
    insert(&mut number, "maximum", spec.maximum.map(Value::from));
    number
}

fn insert(schema: &mut Value, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        schema[key] = value;
    }
}

//! Stage kinds as JSON.

use serde_json::{Value, json};

use crate::cli::stages::meanings;
use crate::kind::{Description, ParamSpec, ParamType};

/// Everything a kind says of itself.
pub fn kind(kind: &Description) -> Value {
    let inputs: Vec<Value> = kind
        .inputs
        .iter()
        .map(|port| {
            let types: Vec<String> = port.types.iter().map(ToString::to_string).collect();
            json!({
                "name": port.name, "types": types, "required": port.required, "variadic": port.variadic,
                "help": port.help,
            })
        })
        .collect();
    let outputs: Vec<Value> = kind
        .all_outputs()
        .map(|port| json!({ "name": port.name, "type": port.artifact_type.to_string(), "help": port.help }))
        .collect();
    let layers: Vec<Value> =
        kind.layers.iter().map(|(example, meaning)| json!({ "example": example, "help": meaning })).collect();
    let metrics: Vec<Value> =
        kind.metrics.iter().map(|(name, meaning)| json!({ "name": name, "help": meaning })).collect();
    let companions: Vec<Value> =
        kind.companions.iter().map(|other| json!({ "suffix": other.suffix, "kind": other.kind })).collect();
    json!({
        "kind": kind.kind, "version": kind.version, "summary": kind.summary, "details": kind.details, "inputs": inputs,
        "outputs": outputs, "params": kind.params.iter().map(param).collect::<Vec<_>>(), "layers": layers, "metrics": metrics,
        "companions": companions, "example": kind.example,
    })
}

fn param(param: &ParamSpec) -> Value {
    let choices: Vec<&String> = match &param.param_type {
        ParamType::Choice(choices) => choices.iter().map(|(value, _)| value).collect(),
        _ => Vec::new(),
    };
    json!({
        "name": param.name, "type": type_word(&param.param_type), "required": param.default.is_none(),
        "default": param.default, "help": param.help, "minimum": param.minimum, "maximum": param.maximum,
        "shortest": param.shortest, "longest": param.longest, "choices": choices,
        "meanings": meanings(param).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn type_word(param_type: &ParamType) -> String {
    match param_type {
        ParamType::Bool => "boolean".to_owned(),
        ParamType::Integer => "integer".to_owned(),
        ParamType::Float => "float".to_owned(),
        ParamType::Text => "string".to_owned(),
        ParamType::Path => "path".to_owned(),
        ParamType::Choice(_) => "choice".to_owned(),
        ParamType::List(item) => format!("list of {}", type_word(item)),
    }
}

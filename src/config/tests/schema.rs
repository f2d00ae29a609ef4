//! The schemas say what the reader takes.

use serde_json::{Value, json};

use crate::config::experiment;
use crate::config::schema::{experiment_schema, pipeline_schema};
use crate::kind::{Description, InputPort, ParamSpec, ParamType};

fn spec(name: &str, param_type: ParamType, default: Option<Value>) -> ParamSpec {
    let (name, help) = (name.to_owned(), format!("What {name} does."));
    ParamSpec { name, param_type, default, help, minimum: None, maximum: None, shortest: None, longest: None }
}

fn train() -> Description {
    let loss = vec![("bce".to_owned(), "Cross-entropy.".to_owned()), ("mse".to_owned(), String::new())];
    let epochs = ParamSpec { minimum: Some(1.0), ..spec("epochs", ParamType::Integer, Some(json!(10))) };
    let encoder = spec("encoder", ParamType::List(Box::new(ParamType::Text)), None);
    let range = ParamSpec {
        shortest: Some(2),
        longest: Some(2),
        maximum: Some(1.0),
        ..spec("range", ParamType::List(Box::new(ParamType::Float)), Some(Value::Null))
    };
    Description {
        kind: "train",
        summary: "Trains.",
        inputs: vec![InputPort::required("dataset", &[], "what it learns from")],
        params: vec![encoder, epochs, range, spec("loss", ParamType::Choice(loss), Some(json!("bce")))],
        ..Description::default()
    }
}

fn report() -> Description {
    let inputs = vec![InputPort::variadic("inputs", &[], "what it shows")];
    Description { kind: "report", summary: "Reports.", inputs, ..Description::default() }
}

/// What the schema says of stages of the two kinds.
fn kinds() -> [Value; 2] {
    let schema = pipeline_schema(&[&train(), &report()]);
    [0, 1].map(|kind| schema["$defs"]["stage"]["allOf"][kind].clone())
}

#[test]
fn a_stage_has_the_keys_of_its_kind() {
    let [train, report] = kinds();
    assert_eq!(train["if"], json!({ "properties": { "uses": { "const": "train" } }, "required": ["uses"] }));
    let then = &train["then"];
    assert_eq!((&then["description"], &then["additionalProperties"]), (&json!("Trains."), &json!(false)));
    assert_eq!((&then["required"], &report["then"]["required"]), (&json!(["encoder", "inputs"]), &json!([])));
    let keys: Vec<&str> = then["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["encoder", "epochs", "inputs", "loss", "range", "uses"]);
}

#[test]
fn a_param_of_a_stage_takes_its_type_or_a_reference() {
    let [train, _] = kinds();
    let reference = json!({ "$ref": "#/$defs/reference" });
    let param = |name: &str, schema: Value, default: Option<Value>| {
        let mut expected = json!({ "anyOf": [schema, reference], "description": format!("What {name} does.") });
        default.into_iter().for_each(|default| expected["default"] = default);
        assert_eq!(train["then"]["properties"][name], expected);
    };
    param("encoder", json!({ "type": "array", "items": { "type": "string" } }), None);
    param("epochs", json!({ "type": "integer", "minimum": 1.0 }), Some(json!(10)));
    let loss = json!({ "oneOf": [{ "const": "bce", "description": "Cross-entropy." }, { "const": "mse" }] });
    param("loss", loss, Some(json!("bce")));
    let number = json!({ "anyOf": [{ "type": "number", "maximum": 1.0 }, reference] });
    param("range", json!({ "type": "array", "items": number, "minItems": 2, "maxItems": 2 }), None);
}

#[test]
fn inputs_are_named_and_those_of_a_variadic_port_may_be_listed() {
    let [train, report] = kinds();
    let source = |help: &str| json!({ "description": help, "$ref": "#/$defs/source" });
    let named = |port: &str, help: &str, required: Value| {
        let properties = json!({ port: source(help) });
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    assert_eq!(train["then"]["properties"]["inputs"], named("dataset", "what it learns from", json!(["dataset"])));
    let listed = json!({ "description": "what it shows", "type": "array", "items": { "$ref": "#/$defs/source" } });
    let any = json!({ "anyOf": [named("inputs", "what it shows", json!([])), listed] });
    assert_eq!(report["then"]["properties"]["inputs"], any);
}

#[test]
fn every_reference_in_a_schema_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(entries) => entries.iter().for_each(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(target)) => found.push(target),
                _ => references(value, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    for schema in [pipeline_schema(&[&train(), &report()]), experiment_schema()] {
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert_ne!(found, Vec::<&str>::new());
        for target in found {
            assert!(schema.pointer(target.trim_start_matches('#')).is_some(), "{target}");
        }
    }
}

#[test]
fn an_experiment_has_the_same_keys_in_the_schema_and_in_the_reader() {
    let schema = experiment_schema();
    let mut keys: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut known = experiment::KEYS.to_vec();
    keys.sort_unstable();
    known.sort_unstable();
    assert_eq!(keys, known);
}

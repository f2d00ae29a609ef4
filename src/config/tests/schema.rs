//! The schemas say what the reader takes.

use insta::assert_snapshot;
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

#[test]
fn a_stage_has_the_keys_of_its_kind() {
    let schema = pipeline_schema(&[&train(), &report()]);
    let stages = &schema["$defs"]["stage"]["allOf"];
    assert_snapshot!(serde_json::to_string_pretty(&stages).unwrap(), @r##"
    [
      {
        "if": {
          "properties": {
            "uses": {
              "const": "train"
            }
          },
          "required": [
            "uses"
          ]
        },
        "then": {
          "additionalProperties": false,
          "description": "Trains.",
          "properties": {
            "encoder": {
              "anyOf": [
                {
                  "items": {
                    "type": "string"
                  },
                  "type": "array"
                },
                {
                  "$ref": "#/$defs/reference"
                }
              ],
              "description": "What encoder does."
            },
            "epochs": {
              "anyOf": [
                {
                  "minimum": 1.0,
                  "type": "integer"
                },
                {
                  "$ref": "#/$defs/reference"
                }
              ],
              "default": 10,
              "description": "What epochs does."
            },
            "inputs": {
              "additionalProperties": false,
              "properties": {
                "dataset": {
                  "$ref": "#/$defs/source",
                  "description": "what it learns from"
                }
              },
              "required": [
                "dataset"
              ],
              "type": "object"
            },
            "loss": {
              "anyOf": [
                {
                  "oneOf": [
                    {
                      "const": "bce",
                      "description": "Cross-entropy."
                    },
                    {
                      "const": "mse"
                    }
                  ]
                },
                {
                  "$ref": "#/$defs/reference"
                }
              ],
              "default": "bce",
              "description": "What loss does."
            },
            "range": {
              "anyOf": [
                {
                  "items": {
                    "anyOf": [
                      {
                        "maximum": 1.0,
                        "type": "number"
                      },
                      {
                        "$ref": "#/$defs/reference"
                      }
                    ]
                  },
                  "maxItems": 2,
                  "minItems": 2,
                  "type": "array"
                },
                {
                  "$ref": "#/$defs/reference"
                }
              ],
              "description": "What range does."
            },
            "uses": true
          },
          "required": [
            "encoder",
            "inputs"
          ]
        }
      },
      {
        "if": {
          "properties": {
            "uses": {
              "const": "report"
            }
          },
          "required": [
            "uses"
          ]
        },
        "then": {
          "additionalProperties": false,
          "description": "Reports.",
          "properties": {
            "inputs": {
              "anyOf": [
                {
                  "additionalProperties": false,
                  "properties": {
                    "inputs": {
                      "$ref": "#/$defs/source",
                      "description": "what it shows"
                    }
                  },
                  "required": [],
                  "type": "object"
                },
                {
                  "description": "what it shows",
                  "items": {
                    "$ref": "#/$defs/source"
                  },
                  "type": "array"
                }
              ]
            },
            "uses": true
          },
          "required": []
        }
      }
    ]
    "##);
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

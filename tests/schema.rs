//! The JSON Schemas accept every shipped file, and refuse what the program refuses.

mod common;

use std::path::{Path, PathBuf};

use common::Project;
use serde_json::{Value, json};

/// The schema the program prints.
fn schema(of: &str) -> Value {
    let called = Project::new().call(&["schema", of]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    serde_json::from_str(&called.stdout).expect("a schema is JSON")
}

fn shipped(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path());
    let toml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    toml.map(|path| {
        let text = std::fs::read_to_string(&path).expect("readable");
        (path, toml::from_str(&text).expect("valid TOML"))
    })
    .collect()
}

/// The TOML on the page about the two files: a pipeline, then experiments or tables of one.
fn on_the_page() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md");
    let text = std::fs::read_to_string(path).expect("readable");
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0));
    blocks.map(|block| toml::from_str(block).expect("valid TOML")).collect()
}

#[test]
fn the_files_on_the_page_fit_their_schemas() {
    let files = on_the_page();
    assert_eq!(Validator(schema("pipeline")).breaks(&files[0]), Vec::<String>::new());
    let validator = Validator(schema("experiment"));
    for mut file in files.into_iter().skip(1) {
        let table = file.as_object_mut().expect("a table");
        if !table.contains_key("extends") {
            table.insert("pipeline".into(), json!("p.toml"));
        }
        assert_eq!(validator.breaks(&file), Vec::<String>::new(), "{file}");
    }
    for wrong in [
        json!({ "sweep": { "a": { "uniform": [1] } } }),
        json!({ "sweep": { "a": { "uniform": [1, 2], "normal": [1, 2] } } }),
        json!({ "sweep": { "draws": 0 } }),
        json!({ "sweep": { "points": [3] } }),
        json!({ "search": { "minimize": "a.b" } }),
        json!({ "search": { "minimize": "b", "trials": 3 } }),
        json!({ "search": { "minimize": "a.b", "trials": 3, "pruner": "asha" } }),
        json!({ "search": { "minimize": "a.b", "trials": 3, "min_resource": 1 } }),
        json!({ "sweep": { "a": { "uniform": [1, 2], "log": true } } }),
        json!({ "sweep": { "include": [{}] } }),
        json!({ "ablation": { "changes": [{ "name": "x" }] } }),
        json!({ "ablation": { "base": { "a": 1 } } }),
    ] {
        let mut file = wrong;
        file["pipeline"] = json!("p.toml");
        assert_ne!(validator.breaks(&file), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn an_experiment_that_extends_another_says_only_what_differs() {
    let validator = Validator(schema("experiment"));
    for file in [json!({ "search": { "trials": 9 } }), json!({ "ablation": { "base": { "a": 1 } } })] {
        let mut extending = file.clone();
        extending["extends"] = json!("e.toml");
        assert_eq!(validator.breaks(&extending), Vec::<String>::new(), "{extending}");
        assert_ne!(validator.breaks(&file), Vec::<String>::new(), "{file}");
    }
}

/// Where and how a value breaks a schema. Knows the keywords our schemas use, and panics at any other.
struct Validator(Value);

impl Validator {
    fn breaks(&self, value: &Value) -> Vec<String> {
        self.check(value, &self.0, "")
    }

    fn holds(&self, value: &Value, schema: &Value) -> bool {
        self.check(value, schema, "").is_empty()
    }

    fn check(&self, value: &Value, schema: &Value, at: &str) -> Vec<String> {
        let Value::Object(keywords) = schema else {
            return if schema == &json!(true) { vec![] } else { vec![format!("{at}: nothing is allowed here")] };
        };
        keywords.iter().flat_map(|(keyword, rule)| self.keyword(value, keyword, rule, schema, at)).collect()
    }

    fn keyword(&self, value: &Value, keyword: &str, rule: &Value, schema: &Value, at: &str) -> Vec<String> {
        let all = |parts: Vec<Vec<String>>| parts.concat();
        let rules = || rule.as_array().into_iter().flatten();
        let members = || value.as_object().into_iter().flatten();
        let items = || value.as_array().into_iter().flatten();
        let size = value.as_array().map_or_else(|| value.as_object().map(|it| it.len()), |it| Some(it.len()));
        let compared = |wrong: fn(f64, f64) -> bool, number: Option<f64>| {
            number.zip(rule.as_f64()).is_some_and(|(number, bound)| wrong(number, bound))
        };
        let wrong = match keyword {
            "$schema" | "$defs" | "title" | "description" | "default" | "then" | "else" => false,
            "$ref" => {
                let target = rule.as_str().and_then(|target| self.0.pointer(target.strip_prefix('#')?));
                return self.check(value, target.expect("a reference has its definition"), at);
            }
            "properties" => {
                let known = members().filter_map(|(name, value)| Some((name, value, rule.get(name)?)));
                return all(known
                    .map(|(name, value, rule)| self.check(value, rule, &format!("{at}.{name}")))
                    .collect());
            }
            "additionalProperties" => {
                let rest = members().filter(|(name, _)| schema["properties"].get(name.as_str()).is_none());
                return all(rest.map(|(name, value)| self.check(value, rule, &format!("{at}.{name}"))).collect());
            }
            "items" => return all(items().map(|item| self.check(item, rule, &format!("{at}[]"))).collect()),
            "allOf" => return all(rules().map(|rule| self.check(value, rule, at)).collect()),
            "if" => {
                let branch = if self.holds(value, rule) { "then" } else { "else" };
                return schema.get(branch).map_or_else(Vec::new, |rule| self.check(value, rule, at));
            }
            "dependentRequired" => members().any(|(name, _)| {
                let needed = rule.get(name).and_then(Value::as_array).into_iter().flatten();
                needed.into_iter().any(|other| value.get(other.as_str().expect("a name")).is_none())
            }),
            "required" => rules().any(|name| value.is_object() && value.get(name.as_str().expect("a name")).is_none()),
            "propertyNames" => members().any(|(name, _)| !self.holds(&json!(name), rule)),
            "anyOf" => !rules().any(|rule| self.holds(value, rule)),
            "oneOf" => rules().filter(|rule| self.holds(value, rule)).count() != 1,
            "const" => value != rule,
            "type" => !rules().chain([rule]).any(|name| name.as_str().is_some_and(|name| is_a(value, name))),
            "pattern" => value.as_str().is_some_and(|text| !matches(text, rule.as_str().expect("a pattern"))),
            "minimum" => compared(|number, bound| number < bound, value.as_f64()),
            "maximum" => compared(|number, bound| number > bound, value.as_f64()),
            "minItems" | "minProperties" => compared(|size, bound| size < bound, size.map(|size| size as f64)),
            "maxItems" => compared(|size, bound| size > bound, size.map(|size| size as f64)),
            "uniqueItems" => items().enumerate().any(|(at, item)| items().take(at).any(|other| other == item)),
            other => panic!("the keyword `{other}` is new: teach it to this test"),
        };
        if wrong { vec![format!("{at}: {value} breaks {keyword}: {rule}")] } else { vec![] }
    }
}

fn is_a(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("no such type: {other}"),
    }
}

/// The patterns that our schemas use.
fn matches(text: &str, pattern: &str) -> bool {
    let name = |text: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
    };
    match pattern {
        "^[A-Za-z0-9_-]+$" => name(text),
        r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$" => text.split('.').all(name),
        r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$" => text.contains('.') && text.split('.').all(name),
        r"\$\{" => text.contains("${"),
        other => panic!("the pattern {other} is new: teach it to this test"),
    }
}

#[test]
fn every_shipped_pipeline_and_experiment_fits_its_schema() {
    for (of, folder) in [("pipeline", "pipelines"), ("experiment", "experiments")] {
        let validator = Validator(schema(of));
        let files = shipped(folder);
        assert!(files.len() >= 4, "{folder}");
        for (path, value) in files {
            assert_eq!(validator.breaks(&value), Vec::<String>::new(), "{}", path.display());
        }
    }
}

#[test]
fn every_kinds_example_fits_the_schema() {
    let called = Project::new().call(&["stages", "--json"]);
    let kinds: Value = serde_json::from_str(&called.stdout).expect("kinds are JSON");
    let validator = Validator(schema("pipeline"));
    for kind in kinds.as_array().expect("a list") {
        let example = format!("[pipeline]\n{}", kind["example"].as_str().expect("an example"));
        let value = toml::from_str(&example).expect("valid TOML");
        assert_eq!(validator.breaks(&value), Vec::<String>::new(), "{}", kind["kind"]);
    }
}

#[test]
fn a_missing_input_an_unknown_param_and_a_number_out_of_range_break_the_schema() {
    let validator = Validator(schema("pipeline"));
    let stage = |stage: Value| validator.breaks(&json!({ "pipeline": {}, "stages": { "a": stage } })).len();
    assert_eq!(stage(json!({ "uses": "normalize", "inputs": { "dataset": "load" } })), 0);
    assert_eq!(stage(json!({ "uses": "normalize" })), 1);
    assert_eq!(stage(json!({ "uses": "load", "dataset": "mnist", "train_cuont": 5 })), 1);
    assert_eq!(stage(json!({ "uses": "load", "dataset": "mnist", "train_count": 0 })), 1);
    assert_eq!(stage(json!({ "uses": "load" })), 1);
    assert_eq!(stage(json!({ "uses": "lode" })), 1);
}

//! Param specs from a params struct, so that a kind states its params once: names, types, defaults, bounds and help
//! are those of the struct that `serde` reads. Knows no kind.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fields::field_order;
use super::{ParamSpec, ParamType};

/// The params of a kind, in the order of the struct's fields.
///
/// Understood: `bool`, integers, floats, `String`, unit enums (their doc comments become the choices' meanings),
/// `#[schemars(extend("format" = "path"))]` for paths, and `Option`, `Vec` and fixed arrays of these. Help comes from
/// doc comments, defaults from `#[serde(default)]`, bounds from `#[schemars(range(..))]`, `inner(range(..))` and
/// `length(..)`. An `Option` is a param that may be left out.
///
/// # Panics
/// When a field has a type that no TOML param may have: a mistake in the kind, which its tests meet at once.
pub fn params_of<P: JsonSchema + DeserializeOwned>() -> Vec<ParamSpec> {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<P>().to_value();
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
    let order = field_order::<P>();
    let place = |name: &String| order.iter().position(|field| field == name).unwrap_or(order.len());
    let mut names: Vec<&String> = properties.keys().collect();
    names.sort_by_key(|name| place(name));
    names.into_iter().map(|name| param(name, &properties[name], required(name))).collect()
}

/// One param, from the schema of its field.
fn param(name: &str, schema: &Value, required: bool) -> ParamSpec {
    let bare = without_null(schema);
    let param_type = param_type(&bare)
        .unwrap_or_else(|| panic!("the type of the param `{name}` is not one a TOML param may have: {schema}"));
    let element = if matches!(param_type, ParamType::List(_)) { &bare["items"] } else { &bare };
    let (minimum, maximum) = bounds(element);
    ParamSpec {
        name: name.to_owned(),
        default: (!required).then(|| shortened(&schema["default"], element)),
        help: help(schema),
        minimum,
        maximum,
        shortest: length(&bare["minItems"]),
        longest: length(&bare["maxItems"]),
        param_type,
    }
}

/// The schema without the `null` that `Option` adds.
fn without_null(schema: &Value) -> Value {
    let mut bare = schema.clone();
    if let Some(types) = bare["type"].as_array() {
        let others: Vec<Value> = types.iter().filter(|t| *t != "null").cloned().collect();
        bare["type"] = if others.len() == 1 { others[0].clone() } else { Value::Array(others) };
    }
    if let Some(values) = bare.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
    let Some(parts) = bare.get_mut("anyOf").and_then(Value::as_array_mut) else { return bare };
    parts.retain(|part| part["type"] != "null");
    if let [only] = parts.as_slice() {
        return only.clone();
    }
    bare
}

/// The type, or `None` for one that a param may not have.
fn param_type(schema: &Value) -> Option<ParamType> {
    if let Some(choices) = choices(schema) {
        return Some(ParamType::Choice(choices));
    }
    match schema["type"].as_str()? {
        "boolean" => Some(ParamType::Bool),
        "integer" => Some(ParamType::Integer),
        "number" => Some(ParamType::Float),
        "string" if schema["format"] == "path" => Some(ParamType::Path),
        "string" => Some(ParamType::Text),
        "array" => Some(ParamType::List(Box::new(param_type(&schema["items"])?))),
        _ => None,
    }
}

/// The allowed strings of a unit enum with their meanings. `schemars` writes those without a doc comment as one
/// `enum` and each of the others as a `const`.
fn choices(schema: &Value) -> Option<Vec<(String, String)>> {
    if let Some(parts) = schema["oneOf"].as_array() {
        return parts.iter().map(choices).collect::<Option<Vec<_>>>().map(|lists| lists.concat());
    }
    if let Some(value) = schema["const"].as_str() {
        return Some(vec![(value.to_owned(), help(schema))]);
    }
    let values = schema["enum"].as_array()?;
    values.iter().map(|value| Some((value.as_str()?.to_owned(), String::new()))).collect()
}

/// The doc comment as one line.
fn help(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Inclusive bounds: those written, or else those of the Rust integer type.
fn bounds(schema: &Value) -> (Option<f64>, Option<f64>) {
    let (lowest, highest) = match schema["format"].as_str() {
        Some("uint8") => (Some(0.0), Some(f64::from(u8::MAX))),
        Some("uint16") => (Some(0.0), Some(f64::from(u16::MAX))),
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        Some("uint" | "uint64") => (Some(0.0), None),
        _ => (None, None),
    };
    let written = |key: &str| shortened(&schema[key], schema).as_f64();
    (written("minimum").or(lowest), written("maximum").or(highest))
}

/// A length bound of a list.
fn length(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|length| usize::try_from(length).ok())
}

/// Numbers that come from an `f32` as a person would write them: 0.1 and not 0.10000000149011612.
fn shortened(value: &Value, schema: &Value) -> Value {
    match value {
        Value::Number(number) if schema["format"] == "float" => number
            .as_f64()
            .and_then(|wide| (wide as f32).to_string().parse::<f64>().ok())
            .map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(|item| shortened(item, schema)).collect(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use super::params_of;
    use crate::kind::{ParamSpec, ParamType};

    /// How colors mix.
    #[derive(Serialize, Deserialize, JsonSchema, Default)]
    #[serde(rename_all = "kebab-case")]
    enum Mix {
        /// Mean of both.
        #[default]
        HalfHalf,
        /// The brighter
        /// one.
        Lighter,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum Plain {
        Small,
        Large,
    }

    fn ten() -> u32 {
        10
    }

    fn rate() -> f32 {
        0.1
    }

    fn pair() -> [f32; 2] {
        [0.1, 1.0]
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Params {
        /// Passes over
        /// the data.
        #[serde(default = "ten")]
        #[schemars(range(min = 1, max = 1000))]
        zeal: u32,
        /// Step size.
        #[serde(default = "rate")]
        #[schemars(range(min = 0.1))]
        rate: f32,
        name: String,
        #[serde(default)]
        mix: Mix,
        other_mix: Option<Mix>,
        plain: Plain,
        other_plain: Option<Plain>,
        /// Where it lies.
        #[schemars(extend("format" = "path"))]
        path: Option<String>,
        #[schemars(length(min = 1), inner(range(min = 2, max = 9)))]
        sizes: Vec<usize>,
        names: Option<Vec<String>>,
        #[serde(default = "pair")]
        range: [f32; 2],
        #[serde(default)]
        quick: bool,
        mixes: Vec<Mix>,
        limit: Option<f64>,
    }

    fn spec(name: &str) -> ParamSpec {
        params_of::<Params>().into_iter().find(|param| param.name == name).expect("the struct has this field")
    }

    #[test]
    fn params_keep_the_order_of_the_fields() {
        let names: Vec<String> = params_of::<Params>().into_iter().map(|param| param.name).collect();
        let order = "zeal rate name mix other_mix plain other_plain path sizes names range quick mixes limit";
        assert_eq!(names.join(" "), order);
    }

    #[test]
    fn an_integer_has_its_bounds_default_and_help() {
        let zeal = spec("zeal");
        assert_eq!(zeal.param_type, ParamType::Integer);
        assert_eq!(zeal.default, Some(json!(10)));
        assert_eq!((zeal.minimum, zeal.maximum), (Some(1.0), Some(1000.0)));
        assert_eq!(zeal.help, "Passes over the data.");
    }

    #[test]
    fn single_precision_numbers_are_written_as_meant() {
        assert_eq!(spec("rate").default, Some(json!(0.1)));
        assert_eq!(spec("rate").minimum, Some(0.1));
        assert_eq!(spec("range").default, Some(json!([0.1, 1.0])));
    }

    #[test]
    fn a_field_without_default_must_be_given() {
        assert_eq!(spec("name").default, None);
        assert_eq!(spec("sizes").default, None);
        assert_eq!(spec("plain").default, None);
    }

    #[test]
    fn an_option_may_be_left_out() {
        for name in ["path", "other_mix", "other_plain", "names", "limit"] {
            assert_eq!(spec(name).default, Some(Value::Null), "{name}");
        }
        assert_eq!(spec("limit").param_type, ParamType::Float);
        assert_eq!(spec("names").param_type, ParamType::List(Box::new(ParamType::Text)));
    }

    #[test]
    fn choices_carry_their_meanings() {
        let meanings = [("half-half", "Mean of both."), ("lighter", "The brighter one.")];
        let mix = ParamType::Choice(meanings.map(|(name, meaning)| (name.to_owned(), meaning.to_owned())).to_vec());
        assert_eq!(spec("mix").param_type, mix);
        assert_eq!(spec("mix").default, Some(json!("half-half")));
        assert_eq!(spec("other_mix").param_type, mix);
        assert_eq!(spec("mixes").param_type, ParamType::List(Box::new(mix)));
        let plain = ParamType::Choice(["small", "large"].map(|name| (name.to_owned(), String::new())).to_vec());
        assert_eq!(spec("plain").param_type, plain);
        assert_eq!(spec("other_plain").param_type, plain);
    }

    #[test]
    fn paths_are_told_from_text() {
        assert_eq!(spec("path").param_type, ParamType::Path);
        assert_eq!(spec("name").param_type, ParamType::Text);
    }

    #[test]
    fn lists_bound_their_length_and_their_elements() {
        let sizes = spec("sizes");
        assert_eq!((sizes.shortest, sizes.longest), (Some(1), None));
        assert_eq!((sizes.minimum, sizes.maximum), (Some(2.0), Some(9.0)));
        assert_eq!((spec("range").shortest, spec("range").longest), (Some(2), Some(2)));
    }

    #[test]
    fn a_kind_without_params_has_none() {
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}
        assert_eq!(params_of::<Nothing>(), []);
    }

    #[test]
    fn rust_integer_types_bound_their_values() {
        #[derive(Serialize, Deserialize, JsonSchema)]
        struct Integers {
            small: u8,
            count: usize,
            signed: i64,
        }
        let bounds: Vec<_> = params_of::<Integers>().iter().map(|param| (param.minimum, param.maximum)).collect();
        assert_eq!(bounds, [(Some(0.0), Some(255.0)), (Some(0.0), None), (None, None)]);
    }
}

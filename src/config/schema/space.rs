//! The schemas of `[sweep]`, `[search]` and `[ablation]`.

use serde_json::{Map, Value, json};

use super::{NAME, text};
use crate::config::search::{PRUNERS, SAMPLERS};
use crate::config::sweep::MAX_POINTS;

/// `[sweep]`: words, and for any other key a param's values.
pub fn sweep() -> Value {
    json!({
        "description": "Params and the values to try: every combination is a variant.",
        "type": "object",
        "properties": {
            "zip": {
                "description": "Groups of params whose values advance together.",
                "type": "array",
                "items": { "type": "array", "items": { "type": "string" } },
            },
            "points": {
                "description": "Points, each a table of params and values.",
                "type": "array",
                "minItems": 1,
                "items": assignment(),
            },
            "exclude": {
                "description": "Points that have all values of an entry are left out.",
                "type": "array",
                "items": some(assignment()),
            },
            "include": {
                "description": "An entry extends the points that it agrees with, or else is a point of its own.",
                "type": "array",
                "items": some(assignment()),
            },
            "draws": {
                "description": "How many points are drawn from the distributions.",
                "type": "integer",
                "minimum": 1,
                "maximum": MAX_POINTS,
            },
            "draw_seed": {
                "description": "Seed of the draws.",
                "type": "integer",
                "minimum": 0,
                "default": 0,
            },
        },
        "propertyNames": { "pattern": NAME },
        "additionalProperties": { "anyOf": [values(), spread()] },
    })
}

/// `[search]`.
pub fn search() -> Value {
    let metrics = |description: &str| {
        let metric = json!({ "type": "string", "pattern": r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$" });
        json!({ "description": description, "anyOf": [metric, { "type": "array", "minItems": 1, "items": metric }] })
    };
    let count = |description: &str, least: u64, default: Option<u64>| {
        let mut count = json!({ "description": description, "type": "integer", "minimum": least });
        default.into_iter().for_each(|default| count["default"] = default.into());
        count
    };
    let few = |description: &str, default: Option<u64>| {
        let mut count = count(description, 1, default);
        count["maximum"] = MAX_POINTS.into();
        count
    };
    let named = |description: &str, names: Value, default: &str| json!({ "description": description, "oneOf": names, "default": default });
    json!({
        "description": "Searches the space of [sweep] for the best values.",
        "type": "object",
        "properties": {
            "minimize": metrics("A metric to make small, as `stage.metric`, or several."),
            "maximize": metrics("A metric to make large, or several."),
            "sampler": named("How points are proposed.", names(&SAMPLERS), "tpe"),
            "pruner": named("How hopeless trials are stopped.", names(&PRUNERS), "none"),
            "trials": few("How many points are tried.", None),
            "batch": few("How many points are proposed together.", Some(1)),
            "seed": count("Seed of the proposals.", 0, Some(0)),
            "startup": count("Random trials before the sampler learns from earlier ones.", 1, Some(10)),
            "resource": text("The param that the pruner varies; `epochs` when left out."),
            "min_resource": count("Its value for the shortest trials.", 1, None),
            "max_resource": count("Its value for whole trials; the experiment's own when left out.", 1, None),
            "reduction": count("Of the trials at one level, one in so many goes on.", 2, Some(3)),
        },
        "additionalProperties": false,
    })
}

/// What `[search]` and `[ablation]` must say when no other file says it.
pub fn whole() -> Value {
    let pruned = json!({ "properties": { "pruner": { "oneOf": names(&PRUNERS[1..]) } }, "required": ["pruner"] });
    let for_pruners = ["resource", "min_resource", "max_resource", "reduction"];
    json!({
        "search": {
            "required": ["trials"],
            "anyOf": [{ "required": ["minimize"] }, { "required": ["maximize"] }],
            "dependentRequired": for_pruners.map(|key| (key.to_owned(), json!(["pruner"]))).into_iter().collect::<Map<_, _>>(),
            "if": pruned,
            "then": { "required": ["min_resource"] },
        },
        "ablation": { "required": ["changes"] },
    })
}

/// `[ablation]`.
pub fn ablation() -> Value {
    json!({
        "description": "A base and single changes to it: each is a variant.",
        "type": "object",
        "properties": {
            "mode": {
                "description": "What a change does to the base: it takes one thing out, or puts one thing in.",
                "oneOf": [{ "const": "one-out" }, { "const": "one-in" }],
                "default": "one-out",
            },
            "base": assignment(),
            "base_name": text("What the variant without changes is called; \"base\" when left out."),
            "cumulative": {
                "description": "Each change comes on top of those before it.",
                "type": "boolean",
                "default": false,
            },
            "changes": {
                "description": "The changes.",
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "name": text("What the variant is called; what it sets when left out."),
                        "set": some(assignment()),
                    },
                    "required": ["set"],
                    "additionalProperties": false,
                },
            },
        },
        "additionalProperties": false,
    })
}

fn assignment() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": NAME },
        "additionalProperties": { "$ref": "#/$defs/value" },
    })
}

fn names<T>(of: &[(&str, T)]) -> Value {
    of.iter().map(|(name, _)| json!({ "const": name })).collect()
}

/// A table that is not empty.
fn some(mut table: Value) -> Value {
    table["minProperties"] = 1.into();
    table
}

fn values() -> Value {
    json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/value" } })
}

/// A table that says how a param varies.
fn spread() -> Value {
    let pair = |description: &str, of: &str| json!({ "description": description, "type": "array", "items": { "type": of }, "minItems": 2, "maxItems": 2 });
    let kinds = ["values", "choice", "uniform", "log_uniform", "integer", "normal"];
    json!({
        "type": "object",
        "properties": {
            "values": values(),
            "choice": values(),
            "uniform": pair("Drawn evenly between two numbers.", "number"),
            "log_uniform": pair("Drawn evenly in the logarithm, between two numbers above 0.", "number"),
            "integer": pair("A whole number is drawn, from the first to the second.", "integer"),
            "log": { "description": "Draws the whole number evenly in its logarithm.", "type": "boolean" },
            "normal": pair("Drawn from the normal distribution of this mean and deviation.", "number"),
            "when": {
                "description": "Varied only where these params have one of these values.",
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "pattern": NAME },
                "additionalProperties": { "$ref": "#/$defs/value" },
            },
        },
        "dependentRequired": { "log": ["integer"] },
        "oneOf": kinds.iter().map(|key| json!({ "required": [key] })).collect::<Value>(),
        "additionalProperties": false,
    })
}

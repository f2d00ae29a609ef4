//! `pipeline stages`: the reference of stage kinds, as text, Markdown or JSON.

mod json;
mod markdown;
mod text;

use crate::cli::args::StagesArgs;
use crate::cli::output::{print, print_json, terminal_width};
use crate::cli::{Exit, Stop};
use crate::diagnostic::nearest_or;
use crate::kind::{Catalog, Description, InputPort, ParamSpec, ParamType};
use crate::progress::Paint;
use crate::stage::registry::Registry;
use crate::text::bound;

/// Describes all kinds, or one.
pub fn execute(args: &StagesArgs) -> Result<Exit, Stop> {
    let all = Registry.kinds();
    let chosen = match &args.kind {
        None => all,
        Some(kind) => vec![find(&all, kind)?],
    };
    match (args.json, args.markdown, &args.kind) {
        (true, ..) if args.kind.is_some() => print_json(&json::kind(chosen[0]))?,
        (true, ..) => print_json(&chosen.iter().map(|kind| json::kind(kind)).collect::<Vec<_>>())?,
        (_, true, None) => print(&markdown::page(&chosen))?,
        (_, true, Some(_)) => print(&markdown::kind(chosen[0]).join("\n"))?,
        (_, _, None) => print(&text::list(&chosen, terminal_width()).join("\n"))?,
        (_, _, Some(_)) => print(&text::kind(chosen[0], Paint::for_stdout(), terminal_width()).join("\n"))?,
    }
    Ok(Exit::Success)
}

fn find<'a>(all: &[&'a Description], kind: &str) -> Result<&'a Description, Stop> {
    let missing = || {
        let kinds = all.iter().map(|known| known.kind);
        let help = nearest_or(kind, kinds, || "`pipeline stages` lists them".to_owned());
        Stop::usage(format!("no stage kind `{kind}`")).help(help)
    };
    all.iter().find(|known| known.kind == kind).copied().ok_or_else(missing)
}

/// What an input port takes, in words.
fn takes(port: &InputPort) -> String {
    let types = match port.types {
        [] => "anything".to_owned(),
        types => types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
    };
    match (port.variadic, port.required) {
        (true, _) => format!("any number of {types}"),
        (_, true) => types,
        (_, false) => format!("{types}, optional"),
    }
}

/// A param's type with its bounds, in words.
fn type_of(param: &ParamSpec) -> String {
    let bounds = match (param.minimum.map(bound), param.maximum.map(bound)) {
        (Some(minimum), Some(maximum)) => format!(", {minimum} to {maximum}"),
        (Some(minimum), None) => format!(", at least {minimum}"),
        (None, Some(maximum)) => format!(", at most {maximum}"),
        (None, None) => String::new(),
    };
    let length = match (param.shortest, param.longest) {
        (Some(shortest), Some(longest)) if shortest == longest => format!(", {shortest} of them"),
        (Some(shortest), Some(longest)) => format!(", {shortest} to {longest} of them"),
        (Some(shortest), None) if shortest > 0 => format!(", at least {shortest} of them"),
        (None, Some(longest)) => format!(", at most {longest} of them"),
        _ => String::new(),
    };
    format!("{}{bounds}{length}", type_name(&param.param_type))
}

fn type_name(param_type: &ParamType) -> String {
    match param_type {
        ParamType::Bool => "boolean".to_owned(),
        ParamType::Integer => "integer".to_owned(),
        ParamType::Float => "float".to_owned(),
        ParamType::Text => "string".to_owned(),
        ParamType::Path => "path".to_owned(),
        ParamType::Choice(choices) => {
            choices.iter().map(|(value, _)| format!("\"{value}\"")).collect::<Vec<_>>().join(" | ")
        }
        ParamType::List(item) => match &**item {
            ParamType::Choice(_) => format!("list of ({})", type_name(item)),
            item => format!("list of {}s", type_name(item)),
        },
    }
}

/// A param's default as it would be written in TOML.
fn default_of(param: &ParamSpec) -> String {
    match &param.default {
        None => "required".to_owned(),
        Some(serde_json::Value::Null) => "none".to_owned(),
        // JSON's scalars and lists are TOML's.
        Some(value) => value.to_string(),
    }
}

/// The choices of a param that say what they mean.
fn meanings(param: &ParamSpec) -> Vec<(&str, &str)> {
    let choices = match &param.param_type {
        ParamType::Choice(choices) => choices,
        ParamType::List(item) => match &**item {
            ParamType::Choice(choices) => choices,
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let told = choices.iter().filter(|(_, meaning)| !meaning.is_empty());
    told.map(|(value, meaning)| (value.as_str(), meaning.as_str())).collect()
}

#[cfg(test)]
mod tests;

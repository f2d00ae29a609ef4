//! A param's distribution as written: `{ uniform = [0.1, 0.9] }`. Knows which params can have it, not how it is drawn.

use std::collections::BTreeMap;

use crate::config::ParamDef;
use crate::config::params;
use crate::config::reader::{Reader, listed, nearest};
use crate::config::value::{Entry, Kind, Located};
use crate::diagnostic::{Diagnostic, Span};
use crate::space::Domain;

/// What a param is drawn from.
#[derive(Debug, Clone)]
pub struct Drawn {
    pub domain: Domain,
    /// For a choice the values where they stand; empty for numbers.
    pub choices: Vec<Located>,
    /// Where the distribution stands.
    pub span: Span,
}

const KINDS: [&str; 5] = ["choice", "uniform", "log_uniform", "integer", "normal"];

/// The distribution in a param's table. What is wrong with it is reported.
pub fn read(entry: &Entry, def: &ParamDef, table: &[Entry], reader: &mut Reader) -> Option<Drawn> {
    let param = &entry.key;
    let found: Vec<&Entry> = table.iter().filter(|entry| KINDS.contains(&entry.key.as_str())).collect();
    let [kind] = found.as_slice() else {
        reader.report(not_one(entry, table, &found));
        return None;
    };
    let known = ["when", kind.key.as_str(), "log"];
    let known = if kind.key == "integer" { &known[..] } else { &known[..2] };
    reader.refuse_unknown_keys(table, known, &format!("`{param}`"));
    let inside = |problem: &Diagnostic| problem.span.is_some_and(|span| kind.value.span.contains(span));
    if reader.diagnostics.iter().any(inside) {
        // Such as an infinite number, in the place of which stands another.
        return None;
    }
    let domain = match kind.key.as_str() {
        "choice" => return choice(param, kind, def, reader),
        "integer" => integer(param, kind, table, reader)?,
        "normal" => normal(param, kind, reader)?,
        _ => interval(param, kind, reader)?,
    };
    fits(param, kind, &domain, def, reader).then_some(Drawn { domain, choices: Vec::new(), span: kind.value.span })
}

fn not_one(entry: &Entry, table: &[Entry], found: &[&Entry]) -> Diagnostic {
    let param = &entry.key;
    if let [first, second, ..] = found {
        let message = format!("`{param}` has two distributions, `{}` and `{}`", first.key, second.key);
        let problem = Diagnostic::new("bad-distribution", message).at(second.key_span, "the second");
        return problem.context(first.key_span, "the first").help("keep one of them");
    }
    let known = || KINDS.into_iter().chain(["values"]);
    let unknown = table.iter().find(|entry| entry.key != "when" && entry.key != "log");
    let problem = Diagnostic::new("bad-distribution", format!("the sweep over `{param}` has no values"));
    match unknown {
        Some(unknown) => problem.at(unknown.key_span, "unknown key").help(nearest(
            &unknown.key,
            known(),
            "values are given by one of",
        )),
        None => problem.at(entry.value.span, "").help(format!("add one of {}", listed(known()))),
    }
}

fn choice(param: &str, kind: &Entry, def: &ParamDef, reader: &mut Reader) -> Option<Drawn> {
    let Some(values) = kind.value.as_list().filter(|values| !values.is_empty()) else {
        let problem = Diagnostic::new("bad-distribution", format!("`choice` of `{param}` is no list of values"));
        reader.report(problem.at(kind.value.span, "").help("write the values, as in `{ choice = [1, 2] }`"));
        return None;
    };
    let fit = |value| params::fit(param, def, value).map_err(|problem| reader.report_of_param(param, problem)).ok();
    let fitted: Vec<Located> = values.iter().filter_map(fit).collect();
    refuse_repeated(param, &fitted, "remove one of them", reader);
    let domain = Domain::Values(fitted.iter().map(Located::to_json).collect());
    (!fitted.is_empty()).then_some(Drawn { domain, choices: fitted, span: kind.value.span })
}

/// Reports values that are listed before.
pub fn refuse_repeated(param: &str, values: &[Located], help: &str, reader: &mut Reader) {
    let mut seen = BTreeMap::new();
    for value in values {
        if let Some(first) = seen.insert(value.to_toml(), value.span) {
            let message = format!("the sweep over `{param}` has {} twice", value.to_toml());
            let problem = Diagnostic::new("repeated-value", message).at(value.span, "again");
            let problem = problem.context(first, "the first");
            reader.report(problem.help(help));
        }
    }
}

/// The two numbers of a distribution.
fn pair<'a>(param: &str, kind: &'a Entry, example: &str, reader: &mut Reader) -> Option<[&'a Located; 2]> {
    let numbers = kind.value.as_list().filter(|items| items.iter().all(|item| item.as_number().is_some()));
    if let Some([first, second]) = numbers {
        return Some([first, second]);
    }
    reader.report(wrong(param, kind, format!("`{}` of `{param}` wants two numbers", kind.key), example));
    None
}

fn wrong(param: &str, kind: &Entry, message: String, example: &str) -> Diagnostic {
    let help = format!("write `{param} = {{ {} = {example} }}`", kind.key);
    Diagnostic::new("bad-distribution", message).at(kind.value.span, "").help(help)
}

fn interval(param: &str, kind: &Entry, reader: &mut Reader) -> Option<Domain> {
    let log = kind.key == "log_uniform";
    let example = if log { "[1e-4, 1e-1]" } else { "[0.0, 0.5]" };
    let [low, high] = pair(param, kind, example, reader)?.map(|number| number.as_number().unwrap_or_default());
    if !ordered(param, kind, low, high, example, reader) || log && !positive(param, kind, low, example, reader) {
        return None;
    }
    Some(if log { Domain::LogUniform { low, high } } else { Domain::Uniform { low, high } })
}

fn integer(param: &str, kind: &Entry, table: &[Entry], reader: &mut Reader) -> Option<Domain> {
    const EXAMPLE: &str = "[2, 64]";
    let log = reader.take(table, "log", "true or false", |value| match value.kind {
        Kind::Bool(log) => Some(log),
        _ => None,
    });
    let [low, high] = pair(param, kind, EXAMPLE, reader)?;
    let (Some(low), Some(high)) = (low.as_integer(), high.as_integer()) else {
        reader.report(wrong(param, kind, format!("`integer` of `{param}` wants whole numbers"), EXAMPLE));
        return None;
    };
    let log = log.unwrap_or(false);
    if !ordered(param, kind, low as f64, high as f64, EXAMPLE, reader)
        || log && !positive(param, kind, low as f64, EXAMPLE, reader)
    {
        return None;
    }
    Some(Domain::Integer { low, high, log })
}

fn normal(param: &str, kind: &Entry, reader: &mut Reader) -> Option<Domain> {
    const EXAMPLE: &str = "[0.0, 1.0]";
    let pair = pair(param, kind, EXAMPLE, reader)?;
    let [mean, deviation] = pair.map(|number| number.as_number().unwrap_or_default());
    if deviation > 0.0 {
        return Some(Domain::Normal { mean, deviation });
    }
    let message = format!("the deviation of `{param}` is {}, not above 0", pair[1].to_toml());
    reader.report(wrong(param, kind, message, EXAMPLE));
    None
}

fn ordered(param: &str, kind: &Entry, low: f64, high: f64, example: &str, reader: &mut Reader) -> bool {
    let how = match (low < high, (high - low).is_finite()) {
        (true, true) => return true,
        (true, false) => "is wider than the largest number",
        (false, _) => "ends before it begins: it holds no two numbers",
    };
    reader.report(wrong(param, kind, format!("`{}` of `{param}` {how}", kind.key), example));
    false
}

fn positive(param: &str, kind: &Entry, low: f64, example: &str, reader: &mut Reader) -> bool {
    if low <= 0.0 {
        let message = format!("`{param}` varies evenly in its logarithm, which numbers up to 0 do not have");
        reader.report(wrong(param, kind, message, example));
    }
    low > 0.0
}

/// Whether the param takes such numbers, and those at both ends.
fn fits(param: &str, kind: &Entry, domain: &Domain, def: &ParamDef, reader: &mut Reader) -> bool {
    let span = kind.value.span;
    let whole = matches!(domain, Domain::Integer { .. });
    let takes_number = match &def.default.kind {
        Kind::Integer(_) => whole,
        Kind::Float(_) => true,
        _ => params::takes_any(def),
    };
    if !takes_number {
        let message = format!("`{param}` is {}, which `{}` does not draw", def.default.type_name(), kind.key);
        let problem = Diagnostic::new("bad-distribution", message).at(kind.key_span, "draws other values");
        let help = match &def.default.kind {
            Kind::Integer(_) => format!("draw whole numbers: `{param} = {{ integer = [1, 10] }}`"),
            _ => format!("name the values: `{param} = {{ choice = [...] }}`"),
        };
        reader.report(problem.context(def.default.span, "the default fixes the type").help(help));
        return false;
    }
    let ends = match *domain {
        Domain::Uniform { low, high } | Domain::LogUniform { low, high } => [Kind::Float(low), Kind::Float(high)],
        Domain::Integer { low, high, .. } => [Kind::Integer(low), Kind::Integer(high)],
        Domain::Normal { .. } | Domain::Values(_) => return true,
    };
    for kind in ends {
        if let Err(problem) = params::fit(param, def, &Located { kind, span }) {
            reader.report_of_param(param, problem);
            return false;
        }
    }
    true
}

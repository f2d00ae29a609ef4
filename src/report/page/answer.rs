//! The answer to "which value of a swept word is best, and where?", as far as the runs tell. The tests are `compare`'s.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::compare::{self, Variant};
use crate::merit::{self, Better};
use crate::report::number;
use crate::report::page::variants::{Overview, same, values_of};
use crate::report::page::{content, shell};

/// Values that still make a heading.
const FEW: usize = 4;
/// Metrics by which the values of a param are compared.
const METRICS: usize = 3;

/// Variants that differ in one param only, compared by a metric.
struct Duel {
    /// What they have in common.
    at: Map<String, Value>,
    /// The values of the param with the best and the second-best mean, and these means.
    best: (String, f64),
    second: (String, f64),
    outcome: Outcome,
}

/// How far a [`Duel`] is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The data support that the best is better than the second-best.
    Clear,
    /// So few runs that there is no test.
    Untested,
    /// The data do not support it.
    Open,
    /// Both have the same mean.
    Tie,
}

/// Which value of each swept word does best; nothing where all are held against a baseline.
pub fn answers(overview: &Overview<'_>) -> Markup {
    let Overview { page, ranked, key, baseline, .. } = overview;
    html! { @if baseline.is_none() { @for param in &page.swept { (answer(ranked, param, key)) } } }
}

/// Which value of a param of words does best where nothing else differs: in a sentence and in a table.
fn answer(variants: &[Variant<'_>], param: &str, key: &[&str]) -> Markup {
    let values = values_of(variants, param);
    let compared: Vec<(&str, Vec<Duel>)> = key
        .iter()
        .map(|metric| (*metric, duels(variants, param, metric)))
        .filter(|(_, duels)| !duels.is_empty() && values.iter().any(|value| !value.is_number()))
        .take(METRICS)
        .collect();
    let Some((metric, duels)) = compared.first() else { return html! {} };
    // Words speak for themselves; "true" does not.
    let name = if values.iter().all(|value| value.is_string()) { String::new() } else { format!("{param} ") };
    let question = match values.len() {
        0..=FEW => format!("{name}{}?", listed(values.into_iter().map(shell::plain).collect(), "or")),
        _ => format!("Which {param}?"),
    };
    html! { div.answer {
        h2 { (question) }
        p { (verdict(compare::better(variants, metric), metric, duels, &name)) }
        div.scroll { table {
            thead { tr {
                th scope="col" { "at" }
                @for (metric, _) in &compared { th scope="col" { (content::metric_name(variants, metric)) } }
            } }
            tbody { @for Duel { at, .. } in duels { tr {
                th scope="row" { (if at.is_empty() { "all".to_owned() } else { shell::variant(at) }) }
                @for (_, duels) in &compared { td {
                    @if let Some(Duel { best, second, outcome, .. }) = duels.iter().find(|duel| duel.at == *at) {
                        @match outcome {
                            Outcome::Clear | Outcome::Untested => strong { (best.0) },
                            Outcome::Open => (best.0),
                            Outcome::Tie => "equal",
                        }
                        @let (least, next) = number::told_apart(best.1, second.1);
                        span.spread {
                            (least)
                            @if *outcome != Outcome::Tie { " against " (next) }
                            @if *outcome == Outcome::Open { ", not told apart" }
                        }
                    }
                } }
            } } }
        } }
    } }
}

/// "The test MSE is lowest with conv at latent_dim 32 (the data support it). In test MSE, these runs do not tell which is
/// better at latent_dim 8."
/// `name` stands before the values.
fn verdict(better: Option<Better>, metric: &str, duels: &[Duel], name: &str) -> String {
    let with = |outcome: Outcome| duels.iter().filter(move |duel| duel.outcome == outcome).map(|duel| &duel.at);
    let mut wins: Vec<(&str, Vec<&Map<String, Value>>)> = Vec::new();
    for duel in duels.iter().filter(|duel| matches!(duel.outcome, Outcome::Clear | Outcome::Untested)) {
        match wins.iter_mut().find(|(value, _)| *value == duel.best.0) {
            Some((_, places)) => places.push(&duel.at),
            None => wins.push((&duel.best.0, vec![&duel.at])),
        }
    }
    let title = merit::title(metric);
    let how = if better == Some(Better::Lower) { "lowest" } else { "highest" };
    let won: Vec<String> = wins.iter().map(|(value, at)| format!("with {name}{value}{}", places(at))).collect();
    let certain = match with(Outcome::Untested).next() {
        Some(_) => " (too few seeds for a test, so this may be chance)",
        None => " (the data support it)",
    };
    let mut sentences = Vec::new();
    if !won.is_empty() {
        sentences.push(format!("The {title} is {how} {}{certain}.", won.join(", and ")));
    }
    let open: Vec<_> = with(Outcome::Open).collect();
    if !open.is_empty() {
        sentences.push(format!("In {title}, these runs do not tell which is better{}.", places(&open)));
    }
    let tied: Vec<_> = with(Outcome::Tie).collect();
    if !tied.is_empty() {
        sentences.push(format!("The best two have the same {title}{}.", places(&tied)));
    }
    sentences.join(" ")
}

/// A [`Duel`] for every combination of the other params; none when neither way is better. The tests of a metric are
/// corrected together.
fn duels(variants: &[Variant<'_>], param: &str, metric: &str) -> Vec<Duel> {
    let Some(ranked) = compare::best(variants, metric) else { return Vec::new() };
    // What they have in common, with the best and the second-best.
    let mut groups: Vec<(Map<String, Value>, Vec<usize>)> = Vec::new();
    for index in ranked.into_iter().filter(|index| variants[*index].values.contains_key(param)) {
        let mut at = (*variants[index].values).clone();
        at.remove(param);
        match groups.iter_mut().find(|(known, _)| *known == at) {
            Some((_, members)) => members.push(index),
            None => groups.push((at, vec![index])),
        }
    }
    groups.retain(|(_, members)| members.len() > 1);
    groups.sort_by_key(|(_, members)| members.iter().min().copied());
    let pairs: Vec<(usize, usize)> = groups.iter().map(|(_, members)| (members[1], members[0])).collect();
    let tested = compare::each_against(variants, &pairs, metric);
    let duel = |(at, members): (Map<String, Value>, Vec<usize>)| {
        let side = |index: usize| {
            let variant: &Variant<'_> = &variants[index];
            Some((shell::plain(variant.values.get(param)?), variant.summary(metric)?.mean))
        };
        let (best, second) = (side(members[0])?, side(members[1])?);
        let test = tested.iter().find(|test| (test.variant, test.baseline) == (members[1], members[0]));
        let outcome = match test.and_then(compare::Comparison::is_supported) {
            _ if same(best.1, second.1) => Outcome::Tie,
            // On the seeds that both have, the second may be the better one.
            Some(true) if test.is_some_and(|test| (test.difference.mean > 0.0) == (second.1 > best.1)) => {
                Outcome::Clear
            }
            Some(_) => Outcome::Open,
            None => Outcome::Untested,
        };
        Some(Duel { at, best, second, outcome })
    };
    groups.into_iter().filter_map(duel).collect()
}

/// " at latent_dim 2 and 8"
fn places(at: &[&Map<String, Value>]) -> String {
    let mut last_name = None;
    let words = at.iter().filter(|at| !at.is_empty()).map(|at| match at.iter().next() {
        Some((name, value)) if at.len() == 1 && last_name.replace(name) == Some(name) => shell::plain(value),
        Some((name, value)) if at.len() == 1 => format!("{name} {}", shell::plain(value)),
        _ => shell::variant(at),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { String::new() } else { format!(" at {}", listed(words, "and")) }
}

/// "2, 8 and 32"
fn listed(words: Vec<String>, last: &str) -> String {
    match &words[..] {
        [some @ .., one, other] => [some, &[format!("{one} {last} {other}")]].concat().join(", "),
        _ => words.concat(),
    }
}

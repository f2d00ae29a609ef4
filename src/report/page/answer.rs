//! The answer to "which value of a swept word is best, and where?", as far as the runs tell. Knows no page.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::merit::{self, Better};
use crate::report::number;
use crate::report::page::variants::{self, Duel, Variant};
use crate::report::page::{content, shell};

/// Values that still make a heading.
const FEW: usize = 4;
/// Metrics by which the values of a param are compared.
const METRICS: usize = 3;

/// Which value of a param of words does best where nothing else differs: in a sentence and in a table.
pub fn answer(variants: &[Variant<'_>], param: &str, key: &[&str]) -> Markup {
    let values = variants::values_of(variants, param);
    let compared: Vec<(&str, Vec<Duel>)> = key
        .iter()
        .map(|metric| (*metric, variants::duels(variants, param, metric)))
        .filter(|(_, duels)| !duels.is_empty() && values.iter().any(|value| !value.is_number()))
        .take(METRICS)
        .collect();
    let Some((metric, duels)) = compared.first() else { return html! {} };
    // Words speak for themselves; "true" does not.
    let name = if values.iter().all(|value| value.is_string()) { String::new() } else { format!("{param} ") };
    let question = match values.len() {
        0..=FEW => format!("{name}{}?", values.into_iter().map(shell::plain).collect::<Vec<_>>().join(" or ")),
        _ => format!("Which {param}?"),
    };
    html! { div.answer {
        h2 { (question) }
        p { (verdict(metric, duels, &name)) }
        div.scroll { table {
            thead { tr {
                th scope="col" { "at" }
                @for (metric, _) in &compared { th scope="col" { (content::metric_name(metric)) } }
            } }
            tbody { @for Duel { at, .. } in duels { tr {
                th scope="row" { (if at.is_empty() { "all".to_owned() } else { shell::variant(at) }) }
                @for (_, duels) in &compared { td {
                    @if let Some(Duel { best, second, clear, .. }) = duels.iter().find(|duel| duel.at == *at) {
                        @if *clear == Some(false) { (best.0) } @else { strong { (best.0) } }
                        span.spread {
                            (number::short(best.1)) " against " (number::short(second.1))
                            @if *clear == Some(false) { ", seeds overlap" }
                        }
                    }
                } }
            } } }
        } }
    } }
}

/// "The test MSE is lowest with conv at latent_dim 32 (...). In test MSE, the seeds overlap at latent_dim 8: ..."
/// `name` stands before the values.
fn verdict(metric: &str, duels: &[Duel], name: &str) -> String {
    let mut wins: Vec<(&str, Vec<&Map<String, Value>>)> = Vec::new();
    for duel in duels.iter().filter(|duel| duel.clear != Some(false)) {
        match wins.iter_mut().find(|(value, _)| *value == duel.best.0) {
            Some((_, places)) => places.push(&duel.at),
            None => wins.push((&duel.best.0, vec![&duel.at])),
        }
    }
    let how = if merit::better(metric) == Some(Better::Lower) { "lowest" } else { "highest" };
    let won: Vec<String> = wins.iter().map(|(value, at)| format!("with {name}{value}{}", places(at))).collect();
    let certain = match duels.iter().any(|duel| duel.clear.is_none()) {
        true => " (one seed each, so this may be chance)",
        false => " (every seed of the one beats every seed of the other)",
    };
    let mut sentences = Vec::new();
    if !won.is_empty() {
        sentences.push(format!("The {} is {how} {}{certain}.", merit::title(metric), won.join(", and ")));
    }
    let open: Vec<_> = duels.iter().filter(|duel| duel.clear == Some(false)).map(|duel| &duel.at).collect();
    if !open.is_empty() {
        let (title, places) = (merit::title(metric), places(&open));
        sentences.push(format!("In {title}, the seeds overlap{places}: so few runs do not tell which is better."));
    }
    sentences.join(" ")
}

/// " at latent_dim 2 and 8"
fn places(at: &[&Map<String, Value>]) -> String {
    let mut last_name = None;
    let words = at.iter().filter(|at| !at.is_empty()).map(|at| match at.iter().next() {
        Some((name, value)) if at.len() == 1 && last_name.replace(name) == Some(name) => shell::plain(value),
        Some((name, value)) if at.len() == 1 => format!("{name} {}", shell::plain(value)),
        _ => shell::variant(at),
    });
    match &words.collect::<Vec<_>>()[..] {
        [] => String::new(),
        [one] => format!(" at {one}"),
        [some @ .., last] => format!(" at {} and {last}", some.join(", ")),
    }
}

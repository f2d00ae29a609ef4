//! The page of one run.

use std::collections::BTreeSet;
use std::path::Path;

use maud::{Markup, html};
use serde_json::Value;

use crate::event::Status;
use crate::merit;
use crate::report::page::shell::{self, Part, Tile};
use crate::report::page::{RunPage, StageRow, content, run_path};
use crate::report::sections::metrics::table;
use crate::report::{Result, number};
use crate::text;

/// The page as HTML, everything inside it. Errors: a figure cannot be read.
pub fn run_page(page: &RunPage) -> Result<String> {
    let mut parts = Vec::new();
    if let Some(figures) = &page.figures {
        let report = content::read_report(figures)?;
        parts.extend(content::parts(figures, &report)?);
    } else {
        parts.extend(curves(page));
    }
    parts.extend(shell::metrics(&page.stages));
    let directory = run_path(Path::new(""), page).with_extension("");
    let directory = directory.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    parts.extend(shell::files(&page.stages, page.figures.as_ref(), &directory));
    parts.push(Part::new("graph", "How it was computed", shell::graph(&page.dag, "")));
    parts.push(Part::new("timings", "Stages and their time", shell::timings(&page.stages)));
    parts.push(Part::new("provenance", "Provenance", provenance(page)));
    let title = format!("{} · {}", title(page), page.id);
    Ok(shell::document(&title, &head(page), &parts))
}

/// What stages told of their epochs, where there are no figures of it: a run that failed on the way has a course too.
fn curves(page: &RunPage) -> Option<Part> {
    let of_stage = |stage: &'_ StageRow| -> Vec<_> {
        let series = stage
            .series
            .iter()
            .map(|(name, values)| (stage.stage.clone(), name.clone(), values.iter().copied().map(Some).collect()));
        series.collect()
    };
    let all: Vec<_> = page.stages.iter().flat_map(of_stage).collect();
    (!all.is_empty()).then(|| Part::new("series", "Series", content::rows(&table(all))))
}

fn title(page: &RunPage) -> &str {
    if page.title.is_empty() { &page.experiment } else { &page.title }
}

fn head(page: &RunPage) -> Markup {
    html! {
        p.crumbs { a href={ "../" (crate::report::figures::file_name(&page.experiment)) ".html" } { (page.experiment) } " / run " (page.id) }
        h1 { (title(page)) }
        @if !page.question.is_empty() { p.question { (page.question) } }
        (shell::warnings(&warnings(page)))
        ul.chips {
            li { (shell::badge(page.status)) }
            (shell::chips(&page.variant))
            li { "seed " b { (page.seed) } }
        }
        p.meta { (story(page)) }
        (shell::tiles(&tiles(page)))
    }
}

/// The run's warnings, and the failures of its stages when the warnings do not tell of them.
fn warnings(page: &RunPage) -> Vec<String> {
    let mut texts = page.warnings.clone();
    for stage in page.stages.iter().filter(|stage| stage.status == Status::Failed) {
        let error = stage.error.as_deref().unwrap_or("no reason given");
        if !texts.iter().any(|text| text.contains(error)) {
            texts.push(format!("Failed: {}: {error}", stage.stage));
        }
    }
    texts
}

/// "12 stages: 3 executed in 14.2 s, 9 cached (saved 2 min 10 s)."
fn story(page: &RunPage) -> String {
    let of = |status: Status| {
        let stages = page.stages.iter().filter(move |stage| stage.status == status);
        (stages.clone().count(), stages.map(|stage| stage.seconds).sum::<f64>())
    };
    let mut parts = Vec::new();
    let (executed, spent) = of(Status::Executed);
    if executed > 0 {
        parts.push(format!("{executed} executed ({} of work)", text::seconds(spent)));
    }
    let (cached, saved) = of(Status::Cached);
    if cached > 0 {
        parts.push(format!("{cached} from the cache ({} saved)", text::seconds(saved)));
    }
    for (status, word) in
        [(Status::Failed, "failed"), (Status::Skipped, "skipped"), (Status::Interrupted, "interrupted")]
    {
        let (count, _) = of(status);
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    format!("{} stages: {}.", page.stages.len(), parts.join(", "))
}

fn tiles(page: &RunPage) -> Vec<Tile> {
    let names: BTreeSet<&str> = page.metrics.keys().map(String::as_str).collect();
    let constant = page.metrics.iter().find(|(name, _)| merit::own(name) == "constant_mse").map(|(_, value)| *value);
    let tile = |name: &str| {
        let value = page.metrics.get(name).copied().unwrap_or(f64::NAN);
        let note = match constant {
            Some(constant) if merit::own(name) == "mse" => {
                format!("{} of the constant mean’s", number::percent(value / constant))
            }
            _ => name.to_owned(),
        };
        Tile { name: merit::title(name), value: number::short(value), spread: String::new(), note }
    };
    merit::key_metrics(&names, 6).into_iter().map(tile).collect()
}

fn provenance(page: &RunPage) -> Markup {
    html! {
        (shell::provenance(&page.provenance))
        h3 { "Params" }
        dl.facts { @for (name, value) in &page.params { dt { (name) } dd { (shell::plain(value)) } } }
        @if page.config != Value::Null { (shell::config("The experiment, fully resolved", &page.config)) }
        h3 { "Files and fingerprints" }
        (shell::lineage(&page.stages))
    }
}

//! The frame of every page and the parts that both kinds of page share. Knows no run and no experiment.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::event::{Provenance, Status};
use crate::report::number;
use crate::report::page::StageRow;

/// A key figure.
pub struct Tile {
    pub name: String,
    pub value: String,
    /// Small, behind the value.
    pub spread: String,
    pub note: String,
}

/// One entry of the table of contents and the section it leads to.
pub struct Part {
    pub id: String,
    pub title: String,
    pub body: Markup,
}

/// A whole document. `head` stands above the table of contents.
pub fn document(title: &str, head: &Markup, parts: &[Part], sortable: bool) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "pipeline " (env!("CARGO_PKG_VERSION")) };
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                div.layout {
                    header { (head) }
                    nav aria-label="Contents" {
                        details open { summary { "Contents" } ol {
                            @for part in parts { li { a href={ "#" (part.id) } { (part.title) } } }
                        } }
                    }
                    main id="main" {
                        @for part in parts {
                            section id=(part.id) aria-labelledby={ (part.id) "-title" } {
                                h2 id={ (part.id) "-title" } { (part.title) }
                                (part.body)
                            }
                        }
                    }
                    footer { "Written by pipeline " (env!("CARGO_PKG_VERSION")) ". This file needs nothing beside it." }
                }
                @if sortable { script { (PreEscaped(include_str!("sort.js"))) } }
            }
        }
    };
    page.into_string()
}

/// A status in words and colour.
pub fn badge(status: Status) -> Markup {
    let class = format!("{status:?}").to_lowercase();
    html! { span class={ "badge " (class) } { (class) } }
}

/// `name value` pairs as chips.
pub fn chips(values: &Map<String, Value>) -> Markup {
    html! { @for (name, value) in values { li { (name) " " b { (plain(value)) } } } }
}

/// What must be seen first.
pub fn warnings(texts: &[String]) -> Markup {
    html! {
        @if !texts.is_empty() {
            div.notice role="note" { @for text in texts { p { (emphasized(text)) } } }
        }
    }
}

/// A sentence whose first word before a colon is strong.
pub fn emphasized(text: &str) -> Markup {
    match text.split_once(':') {
        Some((head, rest)) if head.len() < 40 => html! { strong { (head) ":" } (rest) },
        _ => html! { (text) },
    }
}

/// Key figures.
pub fn tiles(tiles: &[Tile]) -> Markup {
    html! {
        @if !tiles.is_empty() {
            dl.tiles {
                @for tile in tiles {
                    div.tile {
                        dt { (tile.name) }
                        dd.value { (tile.value) @if !tile.spread.is_empty() { " " small { (tile.spread) } } }
                        @if !tile.note.is_empty() { dd.note { (breakable(&tile.note)) } }
                    }
                }
            }
        }
    }
}

/// Lets a long name break after its dots and underscores.
fn breakable(text: &str) -> Markup {
    html! { @for piece in text.split_inclusive(['.', '_', '=']) { (piece) wbr; } }
}

/// Where the time went. Bars of cached stages are hollow: that time was spent in an earlier launch.
pub fn timings(stages: &[StageRow]) -> Markup {
    let finite = |seconds: f64| if seconds.is_finite() { seconds.max(0.0) } else { 0.0 };
    let longest = stages.iter().map(|stage| finite(stage.seconds)).fold(0.0, f64::max);
    let share = |seconds: f64| if longest > 0.0 { finite(seconds) / longest * 100.0 } else { 0.0 };
    html! {
        p.caption { "Filled bars are time of this launch; hollow bars are what a cached stage took when it was executed." }
        div.scroll { table {
            thead { tr {
                th scope="col" { "stage" } th scope="col" { "kind" } th scope="col" { "variant" }
                th scope="col" { "status" } th scope="col" class="n" { "time" } th scope="col" { span aria-hidden="true" {} }
            } }
            tbody { @for stage in stages { tr {
                th scope="row" { (stage.stage) }
                td { (stage.kind) }
                td { (variant(&stage.variant)) }
                td { (badge(stage.status)) }
                td.n { (number::seconds(stage.seconds)) }
                td { span.track { @if share(stage.seconds) > 0.0 {
                    span class={ "fill " (format!("{:?}", stage.status).to_lowercase()) }
                        style={ "width:" (format!("{:.1}", share(stage.seconds))) "%" } {}
                } } }
            } } }
        } }
    }
}

/// Fingerprints, reasons, errors and files, stage by stage.
pub fn lineage(stages: &[StageRow]) -> Markup {
    html! {
        @for stage in stages {
            details {
                summary { (stage.stage) " " span.meta { (stage.kind) } }
                dl.facts {
                    @if let Some(fingerprint) = &stage.fingerprint { dt { "fingerprint" } dd { code { (fingerprint) } } }
                    @if let Some(error) = &stage.error { dt { "error" } dd { (error) } }
                    @if !stage.reasons.is_empty() { dt { "executed because" } dd {
                        @for reason in &stage.reasons { div { (reason_words(reason)) } }
                    } }
                    @for artifact in &stage.artifacts {
                        dt { (artifact.port) " (" (artifact.artifact_type) ")" }
                        dd { @for file in &artifact.files {
                            div { (file.name) ", " (number::bytes(file.bytes)) ": " code { (file.path.display()) } }
                        } }
                    }
                }
            }
        }
    }
}

fn reason_words(reason: &crate::event::Reason) -> String {
    if reason.was.is_null() && reason.now.is_null() {
        reason.what.clone()
    } else {
        format!("{}: {} → {}", reason.what, plain(&reason.was), plain(&reason.now))
    }
}

/// Where, when and with what.
pub fn provenance(provenance: &Provenance) -> Markup {
    let dirty = if provenance.git_dirty == Some(true) { " (with uncommitted changes)" } else { "" };
    let commit = provenance.git_commit.as_ref().map(|commit| format!("{commit}{dirty}"));
    let threads = format!("{} threads, {} jobs", provenance.threads, provenance.jobs);
    let facts = [
        ("command", provenance.command_line.join(" ")),
        ("git commit", commit.unwrap_or_else(|| "not in a repository".into())),
        ("version", provenance.version.clone()),
        ("host", provenance.host.clone()),
        ("system", provenance.os.clone()),
        ("processor", provenance.cpu.clone()),
        ("processor features", provenance.cpu_features.join(", ")),
        ("device", provenance.device.clone()),
        ("parallelism", threads),
        ("working directory", provenance.working_directory.clone()),
    ];
    html! { dl.facts { @for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        dt { (name) } dd { (value) }
    } } }
}

/// A configuration, folded.
pub fn config(title: &str, value: &Value) -> Markup {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    html! { details { summary { (title) } pre { (text) } } }
}

/// The drawing of the stages. As a picture it can neither run code nor reach out, whatever its labels say.
pub fn graph(svg: &str) -> Markup {
    html! { div.graph { img alt="The stages and what flows between them" src={ "data:image/svg+xml;base64," (STANDARD.encode(svg)) }; } }
}

/// A param's value without quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().map_or(String::new(), |value| value.to_string()),
        other => other.to_string(),
    }
}

/// `architecture=conv, latent_dim=8`.
pub fn variant(values: &Map<String, Value>) -> String {
    let parts: Vec<String> = values.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
    parts.join(", ")
}

/// All metrics of a run as a table.
pub fn metric_table(metrics: &BTreeMap<String, f64>) -> Markup {
    html! { div.scroll { table.sortable {
        thead { tr { th scope="col" { "metric" } th scope="col" class="n" { "value" } } }
        tbody { @for (name, value) in metrics { tr {
            th scope="row" { (name) } td.n data-value=(value) { (number::short(*value)) }
        } } }
    } } }
}

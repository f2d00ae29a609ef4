//! The frame of every page and the parts that both kinds of page share. Knows no run and no experiment.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value};

use crate::event::{FileInfo, Provenance, Status};
use crate::report::number;
use crate::report::page::{FiguresDir, StageRow};
use crate::text;

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

impl Part {
    /// A section under a fixed heading.
    pub fn new(id: &str, title: &str, body: Markup) -> Self {
        Self { id: id.into(), title: title.into(), body }
    }
}

/// A whole document. `head` stands above the table of contents.
pub fn document(title: &str, head: &Markup, parts: &[Part]) -> String {
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
                            @for part in parts { li { a href={ "#" (part.id) } { (breakable(&part.title)) } } }
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
                    footer { "Written by pipeline " (env!("CARGO_PKG_VERSION")) ". Pictures and tables are in this file; it loads nothing." }
                }
                script { (PreEscaped(include_str!("page.js"))) }
            }
        }
    };
    page.into_string()
}

/// A status in words and color.
pub fn badge(status: Status) -> Markup {
    html! { span class={ "badge " (status.as_str()) } { (status.as_str()) } }
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

/// A sentence whose first words before a colon are strong.
pub fn emphasized(text: &str) -> Markup {
    match text.split_once(':') {
        Some((head, rest)) if head.len() < 40 => html! { strong { (prose(head)) ":" } (prose(rest)) },
        _ => prose(text),
    }
}

/// A sentence with names in backticks, as messages have them.
pub fn prose(text: &str) -> Markup {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return html! { (text) };
    }
    html! { @for pair in pieces.chunks(2) { (pair[0]) @if let Some(name) = pair.get(1) { code { (name) } } } }
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

/// Lets a long name break after its dots, underscores and slashes.
pub fn breakable(text: &str) -> Markup {
    html! { @for piece in text.split_inclusive(['.', '_', '=', '/']) { (piece) wbr; } }
}

/// A sentence in which options, such as `--repeats`, do not break at their hyphens.
pub fn unbroken(text: &str) -> Markup {
    html! { @for (place, word) in text.split(' ').enumerate() {
        @if place > 0 { " " }
        @if word.starts_with("--") { code.option { (word) } } @else { (word) }
    } }
}

/// Stages that took their time together.
struct Spent<'a> {
    stage: &'a str,
    kind: &'a str,
    variant: String,
    /// Count and seconds by status, in the order of [`Status`].
    by_status: Vec<(Status, usize, f64)>,
}

impl<'a> Spent<'a> {
    fn of(stage: &'a StageRow) -> Self {
        let seconds = if stage.seconds.is_finite() { stage.seconds.max(0.0) } else { 0.0 };
        let variant = variant(&stage.variant);
        Self { stage: &stage.stage, kind: &stage.kind, variant, by_status: vec![(stage.status, 1, seconds)] }
    }

    fn add(&mut self, other: &Self) {
        for &(status, count, seconds) in &other.by_status {
            match self.by_status.iter_mut().find(|known| known.0 == status) {
                Some(known) => *known = (status, known.1 + count, known.2 + seconds),
                None => self.by_status.push((status, count, seconds)),
            }
        }
    }

    fn seconds(&self) -> f64 {
        self.by_status.iter().map(|known| known.2).sum()
    }
}

/// Where the time went; equal stages of several runs together, and one by one on request.
pub fn timings(stages: &[StageRow]) -> Markup {
    let single: Vec<Spent<'_>> = stages.iter().map(Spent::of).collect();
    let mut whole: Vec<Spent<'_>> = Vec::new();
    for stage in stages {
        match whole.iter_mut().find(|known| known.stage == stage.stage) {
            Some(known) => known.add(&Spent::of(stage)),
            None => whole.push(Spent { variant: String::new(), ..Spent::of(stage) }),
        }
    }
    html! {
        p.caption { "Filled bars are time of this launch; hollow bars are what a cached stage took when it was executed." }
        @if whole.len() < single.len() {
            (spent(&whole))
            details { summary { "Each of the " (single.len()) " stages" } (spent(&single)) }
        } @else { (spent(&single)) }
    }
}

fn spent(rows: &[Spent<'_>]) -> Markup {
    let longest = rows.iter().map(Spent::seconds).fold(0.0, f64::max);
    let share = |seconds: f64| if longest > 0.0 { seconds / longest * 100.0 } else { 0.0 };
    let variants = rows.iter().any(|row| !row.variant.is_empty());
    html! { div.scroll { table {
        thead { tr {
            th scope="col" { "stage" } th scope="col" { "kind" } @if variants { th scope="col" { "variant" } }
            th scope="col" { "status" } th scope="col" class="n" { "time" } th scope="col" { span aria-hidden="true" {} }
        } }
        tbody { @for row in rows { tr {
            th scope="row" { (breakable(row.stage)) }
            td { (row.kind) }
            @if variants { td { (breakable(&row.variant)) } }
            td { @for (status, count, _) in &row.by_status { div { @if *count > 1 { (count) " " } (badge(*status)) } } }
            td.n { (text::seconds(row.seconds())) }
            td { span.track { @for (status, _, seconds) in &row.by_status { @if share(*seconds) > 0.0 {
                span class={ "fill " (status.as_str()) } style={ "width:" (format!("{:.1}", share(*seconds))) "%" } {}
            } } } }
        } } }
    } } }
}

/// Trained models with the places of their files, and which pictures and tables lie in `directory` beside the page.
pub fn files(stages: &[StageRow], figures: Option<&FiguresDir>, directory: &str) -> Option<Part> {
    let models: Vec<(&str, &FileInfo)> = stages
        .iter()
        .flat_map(|stage| stage.artifacts.iter().map(move |artifact| (stage, artifact)))
        .filter(|(_, artifact)| matches!(artifact.artifact_type.as_str(), "Model" | "Classifier"))
        .flat_map(|(stage, artifact)| artifact.files.iter().map(move |file| (stage.stage.as_str(), file)))
        .collect();
    let pictures: Vec<&str> = figures
        .into_iter()
        .flat_map(|files| files.keys())
        .filter(|name| *name != "report.json")
        .map(String::as_str)
        .collect();
    let body = html! {
        @if !models.is_empty() { div.scroll { table {
            thead { tr { th scope="col" { "stage" } th scope="col" { "file" } th scope="col" class="n" { "size" } th scope="col" { "where" } } }
            tbody { @for (stage, file) in &models { tr {
                th scope="row" { (breakable(stage)) } td { (breakable(&file.name)) }
                td.n { (text::bytes(file.bytes)) } td { code class="path" { (breakable(&file.path.display().to_string())) } }
            } } }
        } } }
        @if !pictures.is_empty() {
            p { "In the folder " code { (directory) } " beside this page:" }
            ul.names { @for name in &pictures { li { code { (breakable(name)) } } } }
        }
    };
    let title = "Saved models, pictures and tables";
    (!models.is_empty() || !pictures.is_empty()).then(|| Part::new("files", title, body))
}

/// Fingerprints, reasons, errors and files, stage by stage.
pub fn lineage(stages: &[StageRow]) -> Markup {
    html! {
        @for stage in stages {
            details.bulk {
                summary { (stage.stage) " " span.meta { (stage.kind) } }
                dl.facts {
                    @if let Some(fingerprint) = &stage.fingerprint { dt { "fingerprint" } dd { code { (fingerprint) } } }
                    @if let Some(error) = &stage.error { dt { "error" } dd { (prose(error)) } }
                    @if !stage.reasons.is_empty() { dt { "executed because" } dd {
                        @for reason in &stage.reasons { div { (reason) } }
                    } }
                    @for artifact in &stage.artifacts {
                        dt { (artifact.port) " (" (artifact.artifact_type) ")" }
                        dd { @for file in &artifact.files {
                            div { (file.name) ", " (text::bytes(file.bytes)) ": " code { (file.path.display()) } }
                        } }
                    }
                }
            }
        }
    }
}

/// Where, when and with what.
pub fn provenance(provenance: &Provenance) -> Markup {
    let dirty = if provenance.git_dirty == Some(true) { " (with uncommitted changes)" } else { "" };
    let commit = provenance.git_commit.as_ref().map(|commit| format!("{commit}{dirty}"));
    let threads = format!("{} threads, {} jobs", provenance.threads, provenance.jobs);
    let build = if provenance.build.is_empty() { String::new() } else { format!(" (build {})", provenance.build) };
    let facts = [
        ("command", provenance.command_line.join(" ")),
        ("git commit", commit.unwrap_or_else(|| "not in a repository".into())),
        ("version", format!("{}{build}", provenance.version)),
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
    html! { details.bulk { summary { (title) } pre { (text) } } }
}

/// The drawing of a run's stages, as drawn by `plan::draw`, which escapes what users wrote; `more` ends its caption.
pub fn graph(svg: &str, more: &str) -> Markup {
    html! {
        p.caption {
            "The stages of a run from top to bottom. A line has the color of what flows along it; a stage with a dashed \
             border came along with the one it is named after." (more)
        }
        div.scroll.graph tabindex="0" role="group" aria-label="Drawing of the stages" { (PreEscaped(svg)) }
    }
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

/// All metrics of a run in the order of its stages, half of them beside the other half.
pub fn metrics(stages: &[StageRow]) -> Option<Part> {
    let of_stage = |stage: &'_ StageRow| -> Vec<(String, String, f64)> {
        stage.metrics.iter().map(|(name, value)| (stage.stage.clone(), name.clone(), *value)).collect()
    };
    let all: Vec<_> = stages.iter().flat_map(of_stage).collect();
    let body = html! { div.figures { @for half in all.chunks(all.len().div_ceil(2).max(12)) { div.scroll { table {
        thead { tr { th scope="col" { "stage" } th scope="col" { "metric" } th scope="col" class="n" { "value" } } }
        tbody { @for (stage, name, value) in half { tr {
            th scope="row" { (breakable(stage)) } td { (breakable(name)) } td.n { (number::short(*value)) }
        } } }
    } } } } };
    (!all.is_empty()).then(|| Part::new("metrics", "All metrics", body))
}

//! The page of an experiment: all its variants side by side.

use maud::{Markup, html};

use crate::event::Status;
use crate::report::page::merit::Better;
use crate::report::page::shell::{self, Part, Tile};
use crate::report::page::sweep::{self, Plot};
use crate::report::page::variants::{self, Variant};
use crate::report::page::{ExperimentPage, RunSummary, content, merit};
use crate::report::{Result, number};

/// Metrics with a column and charts of their own.
const KEY_METRICS: usize = 5;
/// Variants whose reconstructions are shown.
const MOST_PICTURES: usize = 24;

/// The page as HTML, everything inside it. Errors: a figure cannot be read or drawn.
pub fn experiment_page(page: &ExperimentPage) -> Result<String> {
    let variants = variants::variants(page);
    let names = variants::metric_names(page);
    let key = merit::key_metrics(&names, KEY_METRICS);
    let mut parts = vec![part("variants", "Variants", table(page, &variants, &key))];
    let plots = plots(page)?;
    if !plots.is_empty() {
        parts.push(part("sweep", "Metrics against the swept params", charts(&plots)));
    }
    let pictures = reconstructions(&variants, &key)?;
    if !pictures.is_empty() {
        let body = html! { div.figures { @for picture in &pictures { (picture) } } };
        parts.push(part("reconstructions", "Reconstructions side by side", body));
    }
    parts.push(part("metrics", "All metrics of all runs", all_metrics(page)));
    parts.push(part("timings", "Stages and their time", shell::timings(&page.stages)));
    if let Some(svg) = &page.dag {
        parts.push(part("graph", "Pipeline", shell::graph(svg)));
    }
    let provenance = html! {
        (shell::provenance(&page.provenance))
        (shell::config("The experiment, fully resolved", &page.config))
        h3 { "Files and fingerprints" }
        (shell::lineage(&page.stages))
    };
    parts.push(part("provenance", "Provenance", provenance));
    let title = if page.title.is_empty() { &page.name } else { &page.title };
    Ok(shell::document(title, &head(page, &variants, &key), &parts, true))
}

/// The charts of the key metrics.
pub fn plots(page: &ExperimentPage) -> Result<Vec<Plot>> {
    let (variants, names) = (variants::variants(page), variants::metric_names(page));
    let mut plots = Vec::new();
    for metric in merit::key_metrics(&names, KEY_METRICS) {
        plots.extend(sweep::plots(&variants, &page.swept, metric)?);
    }
    Ok(plots)
}

fn part(id: &str, title: &str, body: Markup) -> Part {
    Part { id: id.into(), title: title.into(), body }
}

fn head(page: &ExperimentPage, variants: &[Variant<'_>], key: &[&str]) -> Markup {
    let title = if page.title.is_empty() { &page.name } else { &page.title };
    html! {
        p.crumbs { "experiment " (page.name) }
        h1 { (title) }
        @if !page.question.is_empty() { p.question { (page.question) } }
        (shell::warnings(&warnings(page)))
        p.meta { (story(page, variants)) }
        (shell::tiles(&tiles(variants, key)))
        @for finding in findings(page, variants, key) { p.remark { (finding) } }
    }
}

/// The launch's warnings and those of runs, each once, with how many runs say it.
fn warnings(page: &ExperimentPage) -> Vec<String> {
    let mut texts = page.warnings.clone();
    let mut told: Vec<(&str, Vec<&RunSummary>)> = Vec::new();
    for run in &page.runs {
        for text in &run.warnings {
            match told.iter_mut().find(|(known, _)| known == text) {
                Some((_, runs)) => runs.push(run),
                None => told.push((text, vec![run])),
            }
        }
    }
    for (text, runs) in told.into_iter().filter(|(text, _)| !page.warnings.iter().any(|known| known == text)) {
        let where_ = match &runs[..] {
            all if all.len() == page.runs.len() => String::new(),
            [run] => format!(" ({})", run_name(run)),
            some => format!(" ({} of {} runs)", some.len(), page.runs.len()),
        };
        texts.push(format!("{text}{where_}"));
    }
    texts
}

fn run_name(run: &RunSummary) -> String {
    let variant = shell::variant(&run.variant);
    if variant.is_empty() { format!("seed {}", run.seed) } else { format!("{variant}, seed {}", run.seed) }
}

fn story(page: &ExperimentPage, variants: &[Variant<'_>]) -> String {
    let launch = &page.launch;
    let plural = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
    let mut text = format!(
        "{}, {}. Launch {}: {} executed, {} from the cache",
        plural(variants.len(), "variant"),
        plural(page.runs.len(), "run"),
        launch.id,
        plural(launch.executed, "stage"),
        launch.cached
    );
    for (count, word) in [(launch.failed, "failed"), (launch.skipped, "skipped")] {
        if count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    text += &format!(", in {}.", number::seconds(launch.seconds));
    let unfinished = page.runs.iter().filter(|run| !matches!(run.status, Status::Executed | Status::Cached)).count();
    if unfinished > 0 {
        text += &format!(" {} did not finish.", plural(unfinished, "run"));
    }
    text
}

fn tiles(variants: &[Variant<'_>], key: &[&str]) -> Vec<Tile> {
    let several = variants.len() > 1;
    let tile = |metric: &&str| {
        let (variant, summary) = variants::best(variants, metric)?;
        let name = if several { format!("best {}", merit::title(metric)) } else { merit::title(metric) };
        let note = if several { shell::variant(variant.values) } else { (*metric).to_owned() };
        Some(Tile { name, value: number::short(summary.mean), spread: summary.spread(), note })
    };
    key.iter().filter_map(tile).collect()
}

/// What the sweep says of params that are words: which value wins when nothing else differs.
fn findings(page: &ExperimentPage, variants: &[Variant<'_>], key: &[&str]) -> Vec<String> {
    let words = |param: &&String| variants::values_of(variants, param).iter().any(|value| !value.is_number());
    let finding = |param: &String| {
        let mut clauses: Vec<String> = Vec::new();
        for metric in key.iter().take(3) {
            let Some((wins, groups)) = variants::duels(variants, param, metric) else { continue };
            let most = wins.values().max().copied().unwrap_or_default();
            let winners = wins.iter().filter(|(_, count)| **count == most).map(|(value, _)| value.as_str());
            let best = if merit::better(metric) == Some(Better::Lower) { "lowest" } else { "highest" };
            let (title, winners) = (merit::title(metric), winners.collect::<Vec<_>>().join(" and "));
            clauses.push(format!("{winners}, {best} {title} in {most} of {groups}"));
        }
        let count = "Where variants differ in nothing but";
        (!clauses.is_empty()).then(|| format!("{count} {param}: {}.", clauses.join("; ")))
    };
    page.swept.iter().filter(words).filter_map(finding).collect()
}

fn table(page: &ExperimentPage, variants: &[Variant<'_>], key: &[&str]) -> Markup {
    let repeated = variants.iter().any(|variant| variant.runs.len() > 1);
    let best = |metric: &str| variants::best(variants, metric).map(|(variant, _)| variant.values.clone());
    let winners: Vec<_> = key.iter().map(|metric| best(metric)).collect();
    html! {
        p.caption {
            "★ marks the best of each column; ↓ lower and ↑ higher is better."
            @if repeated { " Mean ± standard deviation over the seeds." }
        }
        div.scroll { table.sortable {
            thead { tr {
                @for param in &page.swept { th scope="col" class=[numeric(variants, param)] { (param) } }
                th scope="col" { "runs by seed" }
                @for metric in key { th scope="col" class="n" title=(metric) { (content::metric_name(metric)) } }
                th scope="col" class="n" { "time" }
            } }
            tbody { @for variant in variants { tr {
                @for param in &page.swept { td class=[numeric(variants, param)] {
                    (variant.values.get(param).map_or_else(|| "–".into(), shell::plain))
                } }
                td { (run_links(variant)) }
                @for (metric, winner) in key.iter().zip(&winners) {
                    @let summary = variant.metric(metric);
                    @let wins = variants.len() > 1 && summary.is_some() && winner.as_ref() == Some(variant.values);
                    td.n.best[wins] data-value=[summary.map(|summary| summary.mean)] {
                        @match summary {
                            Some(summary) => { span.mean { (number::short(summary.mean)) } span.spread { (summary.spread()) } }
                            None => "–",
                        }
                    }
                }
                @let seconds: f64 = variant.runs.iter().map(|run| run.seconds).sum();
                td.n data-value=(seconds) { (number::seconds(seconds)) }
            } } }
        } }
    }
}

fn numeric(variants: &[Variant<'_>], param: &str) -> Option<&'static str> {
    variants::values_of(variants, param).iter().all(|value| value.is_number()).then_some("n")
}

fn run_links(variant: &Variant<'_>) -> Markup {
    html! {
        @for run in &variant.runs {
            @match &run.link {
                Some(link) => a.run href=(link) title=(run.id) { (run.seed) },
                None => span.run title=(run.id) { (run.seed) },
            }
            @if !matches!(run.status, Status::Executed | Status::Cached) { " " (shell::badge(run.status)) }
            " "
        }
        @if variant.collapsed() > 0 { span.badge.collapsed { "collapsed" } }
    }
}

fn charts(plots: &[Plot]) -> Markup {
    html! { div.figures { @for plot in plots {
        (content::picture(&plot.png.bytes, &plot.figure, crate::report::draw::pen::SCALE, None))
    } } }
}

/// The first picture of each variant's reconstructions, from its first run that has one.
fn reconstructions(variants: &[Variant<'_>], key: &[&str]) -> Result<Vec<Markup>> {
    let mut pictures = Vec::new();
    for variant in variants {
        for run in &variant.runs {
            let Some(files) = &run.figures else { continue };
            let report = content::read_report(files)?;
            let section = report.sections.iter().find(|section| section.id.starts_with("reconstructions"));
            let Some(figure) = section.and_then(|section| section.figures.first()) else { continue };
            let caption = picture_caption(run, key);
            pictures.push(content::embedded(files, report.scale, figure, Some(&caption))?);
            break;
        }
        if pictures.len() == MOST_PICTURES {
            break;
        }
    }
    Ok(pictures)
}

fn picture_caption(run: &RunSummary, key: &[&str]) -> Markup {
    let metric = key.iter().find_map(|metric| Some((*metric, *run.metrics.get(*metric)?)));
    html! {
        @match &run.link { Some(link) => a href=(link) { (run_name(run)) }, None => (run_name(run)) }
        @if let Some((name, value)) = metric { ", " (merit::title(name)) " " (number::short(value)) }
    }
}

fn all_metrics(page: &ExperimentPage) -> Markup {
    let names = variants::metric_names(page);
    html! {
        details {
            summary { (names.len()) " metrics of " (page.runs.len()) " runs" }
            div.scroll { table.sortable {
                thead { tr {
                    th scope="col" { "run" }
                    @for name in &names { th scope="col" class="n" { (name) } }
                } }
                tbody { @for run in &page.runs { tr {
                    th scope="row" { (run_name(run)) }
                    @for name in &names {
                        @let value = run.metrics.get(*name);
                        td.n data-value=[value] { (value.map_or("–".into(), |value| number::short(*value))) }
                    }
                } } }
            } }
        }
    }
}

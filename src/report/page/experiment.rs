//! The page of an experiment: all its variants side by side.

use maud::{Markup, html};
use serde_json::Value;

use crate::compare::{self, Run, Variant};
use crate::event::Status;
use crate::merit;
use crate::report::draw::pen::SCALE;
use crate::report::page::shell::{self, Part, Tile};
use crate::report::page::sweep::{self, Plot};
use crate::report::page::variants::{self, KEY_METRICS, Overview};
use crate::report::page::{ExperimentPage, RunSummary, answer, conclusions, content, many, maps, search, side, tables};
use crate::report::{Result, number};
use crate::statistics::Summary;
use crate::text;

/// Metrics that are mapped against pairs of params.
const MAPPED: usize = 2;

/// The page as HTML, everything inside it, and its charts; with a single run it shows all that the run's page does.
/// Errors: a figure cannot be drawn or read.
pub fn experiment_page(page: &ExperimentPage) -> Result<(String, Vec<Plot>)> {
    let overview = Overview::new(page);
    let mut plots = Vec::new();
    let mut parts = match &page.runs[..] {
        [RunSummary { figures: Some(figures), .. }] => {
            let mut parts = content::parts(figures, &content::read_report(figures)?)?;
            parts.extend(shell::metrics(&page.stages));
            parts
        }
        _ => {
            let mut parts = vec![Part::new("variants", "Variants", table(&overview))];
            for gallery in galleries(&overview)? {
                parts.push(Part::new(gallery.id, gallery.title, charts(&gallery)));
                plots.extend(gallery.plots);
            }
            parts.push(Part::new("metrics", "All metrics of all runs", all_metrics(page)));
            parts
        }
    };
    if let [RunSummary { link: Some(link), figures, .. }] = &page.runs[..] {
        parts.extend(shell::files(&page.stages, figures.as_ref(), link.trim_end_matches(".html")));
    }
    let shared = match page.runs.len() {
        0 | 1 => String::new(),
        runs => format!(" The {runs} runs share equal stages, so that there are {} in all.", page.stages.len()),
    };
    parts.push(Part::new("graph", "How it was computed", shell::graph(&page.dag, &shared)));
    parts.push(Part::new("timings", "Stages and their time", shell::timings(&page.stages)));
    let provenance = html! {
        (shell::provenance(&page.provenance))
        (shell::config("The experiment, fully resolved", &page.config))
    };
    parts.push(Part::new("provenance", "Provenance", provenance));
    Ok((shell::document(title(page), &head(&overview), &parts), plots))
}

/// Charts that stand together.
struct Gallery {
    id: &'static str,
    title: &'static str,
    caption: String,
    plots: Vec<Plot>,
}

/// All charts of an experiment with several runs. Errors: one cannot be drawn, or an artifact cannot be read.
fn galleries(overview: &Overview<'_>) -> Result<Vec<Gallery>> {
    let Overview { page, variants, key, .. } = overview;
    if page.runs.len() < 2 {
        return Ok(Vec::new());
    }
    let each = |draw: &dyn Fn(&str) -> Result<Vec<Plot>>, metrics: usize| -> Result<Vec<Plot>> {
        Ok(key
            .iter()
            .take(metrics)
            .map(|metric| draw(metric))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    };
    let groups = page.search.as_ref().and_then(|search| search.resource.as_deref());
    let sweep = each(&|metric| sweep::plots(variants, &page.swept, metric, groups), KEY_METRICS)?;
    let maps = each(&|metric| maps::maps(variants, &page.swept, metric), MAPPED)?;
    let mut many: Vec<Plot> = many::parallel(variants, &page.swept, key)?.into_iter().collect();
    many.extend(many::fronts(overview)?);
    let (importance, told) = conclusions::importance(overview)?;
    // A search has no seeds that differences could be told from chance by.
    let differences = if page.search.is_none() { conclusions::differences(overview)? } else { Vec::new() };
    let worth = if page.baseline.is_some() { "What each change is worth" } else { "Differences" };
    let gallery = |id, title, caption: &str, plots| Gallery { id, title, caption: caption.to_owned(), plots };
    let mut galleries = vec![
        gallery("search", "How the search went", "", search::plots(overview)?),
        gallery("differences", worth, "", differences),
        gallery("sweep", "Metrics against the swept params", "", sweep),
        gallery("importance", "What the metrics hang on", &told.join(" "), importance),
        gallery("maps", "Two params at once", "Means over everything else; the darker, the better.", maps),
        gallery("many", "All variants at once", "", many),
        gallery("reconstructions", "Reconstructions side by side", "", side::reconstructions(overview)?),
        gallery(
            "embeddings",
            "Latent spaces side by side",
            "Each is turned towards the first, so that classes can be found again; distances between groups mean little.",
            side::embeddings(overview)?,
        ),
    ];
    galleries.retain(|gallery| !gallery.plots.is_empty());
    Ok(galleries)
}

fn title(page: &ExperimentPage) -> &str {
    if page.title.is_empty() { &page.name } else { &page.title }
}

fn head(overview: &Overview<'_>) -> Markup {
    let page = overview.page;
    html! {
        p.crumbs { "experiment " (page.name) }
        h1 { (title(page)) }
        @if !page.question.is_empty() { p.question { (page.question) } }
        (shell::warnings(&warnings(page)))
        (conclusions::sentences(overview))
        (answer::answers(overview))
        (shell::tiles(&tiles(overview)))
        p.meta { (story(overview)) }
        @if let [RunSummary { link: Some(link), run, .. }] = &page.runs[..] {
            p { a href=(link) { "The run’s own page" } ", " (run.id) ", adds its params, fingerprints and files." }
        }
    }
}

/// The warnings of runs. What several runs say, apart from numbers in it, is said once; what a run says twice, with
/// other numbers, is said twice.
fn warnings(page: &ExperimentPage) -> Vec<String> {
    let skeleton = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let mut told: Vec<(&str, Vec<&RunSummary>)> = Vec::new();
    for run in &page.runs {
        for text in &run.warnings {
            let is_of = |runs: &[&RunSummary]| runs.iter().any(|known| std::ptr::eq(*known, run));
            match told.iter_mut().find(|(known, runs)| skeleton(known) == skeleton(text) && !is_of(runs)) {
                Some((_, runs)) => runs.push(run),
                None => told.push((text, vec![run])),
            }
        }
    }
    let one = |(text, runs): (&str, Vec<&RunSummary>)| {
        let same = runs.iter().all(|run| run.warnings.iter().any(|known| known == text));
        let alike = if same { "" } else { ", each with its own numbers" };
        match runs.len() {
            count if count == page.runs.len() && count > 1 => format!("{text} (all {count} runs{alike})"),
            1 if page.runs.len() == 1 => text.to_owned(),
            1 => format!("{text} ({})", named(runs.iter().map(|summary| &summary.run))),
            count => {
                let named = named(runs.iter().map(|summary| &summary.run));
                format!("{text} ({count} of {} runs{alike}: {named})", page.runs.len())
            }
        }
    };
    told.into_iter().map(one).collect()
}

/// "latent_dim=2, seeds 0, 1; latent_dim=8, seed 0"
fn named<'a>(runs: impl Iterator<Item = &'a Run>) -> String {
    let of_variant = |runs: &[&Run]| {
        let seeds = runs.iter().map(|run| run.seed.to_string()).collect::<Vec<_>>().join(", ");
        let variant = shell::variant(&runs[0].params);
        let comma = if variant.is_empty() { "" } else { ", " };
        format!("{variant}{comma}{} {seeds}", if runs.len() == 1 { "seed" } else { "seeds" })
    };
    let runs: Vec<&Run> = runs.collect();
    runs.chunk_by(|a, b| a.params == b.params).map(of_variant).collect::<Vec<_>>().join("; ")
}

fn story(Overview { page, variants, .. }: &Overview<'_>) -> String {
    let launch = &page.launch;
    let mut text = format!(
        "{}, {}. Launch {}: {} executed, {} from the cache",
        text::count(variants.len(), "variant"),
        text::count(page.runs.len(), "run"),
        launch.id,
        text::count(launch.executed, "stage"),
        launch.cached
    );
    for (count, word) in [(launch.failed, "failed"), (launch.skipped, "skipped")] {
        if count > 0 {
            text += &format!(", {count} {word}");
        }
    }
    text += &format!(", in {}.", text::seconds(launch.seconds));
    let unfinished = page.runs.iter().filter(|run| !matches!(run.status, Status::Executed | Status::Cached)).count();
    if unfinished > 0 {
        text += &format!(" {} did not finish.", text::count(unfinished, "run"));
    }
    text
}

/// The variant with the best mean of a metric.
fn best<'v, 'a>(variants: &'v [Variant<'a>], metric: &str) -> Option<(&'v Variant<'a>, Summary)> {
    let best = &variants[*compare::best(variants, metric)?.first()?];
    Some((best, best.summary(metric)?))
}

fn tiles(Overview { ranked, key, .. }: &Overview<'_>) -> Vec<Tile> {
    let several = ranked.len() > 1;
    let tile = |metric: &&str| {
        let (variant, summary) = best(ranked, metric)?;
        let name = if several { format!("best {}", merit::title(metric)) } else { merit::title(metric) };
        let note = if several { shell::variant(&variant.values) } else { (*metric).to_owned() };
        Some(Tile { name, value: number::short(summary.mean), spread: variants::spread(&summary), note })
    };
    key.iter().filter_map(tile).collect()
}

fn table(overview: &Overview<'_>) -> Markup {
    let Overview { page, variants, ranked, key, .. } = overview;
    let repeated = variants.iter().any(|variant| variant.runs.len() > 1);
    let winners: Vec<_> = key.iter().map(|metric| best(ranked, metric).map(|(_, best)| best.mean)).collect();
    let may_win = |variant: &Variant<'_>| ranked.len() > 1 && ranked.iter().any(|other| other.values == variant.values);
    let columns: Vec<_> = page.swept.iter().map(|param| (param, numeric(variants, param))).collect();
    html! {
        p.caption {
            "★ marks the best of each column; ↓ lower and ↑ higher is better."
            @if repeated { " Mean ± standard deviation over the seeds." }
            " A seed’s number leads to the page of its run."
            @if let Some(resource) = page.search.as_ref().and_then(|search| search.resource.as_ref()) {
                " Of each trial the longest training; only those with the most " (resource) " compete."
            }
        }
        div.scroll { table.sortable {
            thead { tr {
                @for &(param, class) in &columns { th scope="col" class=[class] { (param) } }
                th scope="col" { "runs by seed" }
                @for metric in key { th scope="col" class="n" title=(metric) { (content::metric_name(ranked, metric)) } }
                th scope="col" class="n" title="what its stages took, those from the cache when they were executed" { "time" }
            } }
            tbody { @for variant in variants { tr {
                @for &(param, class) in &columns {
                    @let value = variant.values.get(param);
                    td class=[class] data-value=[value.filter(|_| class.is_some())] {
                        (value.map_or_else(|| "–".into(), shell::plain))
                    }
                }
                td { (run_links(overview, variant)) }
                @for (metric, winner) in key.iter().zip(&winners) {
                    @let summary = variant.summary(metric);
                    @let alike = |summary: Summary| winner.is_some_and(|best| variants::same(best, summary.mean));
                    @let wins = may_win(variant) && summary.is_some_and(alike);
                    td.n.best[wins] data-value=[summary.map(|summary| summary.mean)] {
                        @match summary {
                            Some(summary) => { span.mean { (number::short(summary.mean)) } span.spread { (variants::spread(&summary)) } }
                            None => "–",
                        }
                    }
                }
                @let seconds = overview.seconds(variant);
                td.n data-value=(seconds) { (text::seconds(seconds)) }
            } } }
        } }
        (tables::link(&format!("{}.csv", page.name), &tables::variants(variants, &page.swept, key)))
    }
}

fn numeric(variants: &[Variant<'_>], param: &str) -> Option<&'static str> {
    variants.iter().filter_map(|variant| variant.values.get(param)).all(Value::is_number).then_some("n")
}

fn run_links<'a>(overview: &Overview<'a>, variant: &Variant<'a>) -> Markup {
    html! {
        @for RunSummary { run, link, status, .. } in overview.summaries(variant) {
            @match link {
                Some(link) => a.run href=(link) title=(run.id) { (run.seed) },
                None => span.run title=(run.id) { (run.seed) },
            }
            @if !matches!(status, Status::Executed | Status::Cached) { " " (shell::badge(*status)) }
            " "
        }
        @let collapsed = variant.collapsed();
        @if collapsed > 0 { span.badge.collapsed { @if variant.runs.len() > 1 { (collapsed) " " } "collapsed" } }
    }
}

fn charts(gallery: &Gallery) -> Markup {
    html! {
        @if !gallery.caption.is_empty() { p.caption { (gallery.caption) } }
        div.figures { @for plot in &gallery.plots {
            (content::picture(&plot.png.bytes, &plot.figure, SCALE, None))
        } }
    }
}

fn all_metrics(page: &ExperimentPage) -> Markup {
    let names = variants::metric_names(page);
    html! {
        details {
            summary { (names.len()) " metrics, " (text::count(page.runs.len(), "run")) }
            (tables::link(&format!("{}-runs.csv", page.name), &tables::runs(page)))
            div.scroll { table.sortable {
                thead { tr {
                    th scope="col" { "run" }
                    @for name in &names { th scope="col" class="n" { (shell::breakable(name)) } }
                } }
                tbody { @for (index, RunSummary { run, .. }) in page.runs.iter().enumerate() { tr {
                    th scope="row" data-value=(index) { (named(std::iter::once(run))) }
                    @for name in &names {
                        @let value = run.metrics.get(name);
                        td.n data-value=[value] { (value.map_or("–".into(), number::short)) }
                    }
                } } }
            } }
        }
    }
}

//! The tables of an experiment as CSV, inside the page. Knows no HTML but the link.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::compare::Variant;
use crate::report::page::shell::plain;
use crate::report::page::variants::metric_names;
use crate::report::page::{ExperimentPage, RunSummary};
use crate::text;

/// A row for each variant: its params, how many runs it has, and mean, standard deviation and 95 % interval of each
/// metric.
pub fn variants(variants: &[Variant<'_>], swept: &[String], metrics: &[&str]) -> Vec<Vec<String>> {
    let mut header = swept.to_vec();
    header.push("runs".to_owned());
    for metric in metrics {
        header.extend(["mean", "deviation", "low", "high"].map(|what| format!("{metric} {what}")));
    }
    let row = |variant: &Variant<'_>| {
        let mut row: Vec<String> =
            swept.iter().map(|param| variant.values.get(param).map_or_else(String::new, plain)).collect();
        row.push(variant.runs.len().to_string());
        for metric in metrics {
            let summary = variant.summary(metric);
            let interval = summary.and_then(|summary| summary.interval());
            let cells = [
                summary.map(|summary| summary.mean),
                summary.and_then(|summary| summary.deviation),
                interval.map(|interval| interval.low),
                interval.map(|interval| interval.high),
            ];
            row.extend(cells.map(|cell| cell.map_or_else(String::new, |value| value.to_string())));
        }
        row
    };
    std::iter::once(header).chain(variants.iter().map(row)).collect()
}

/// A row for each run: its id, params, seed, status and all metrics.
pub fn runs(page: &ExperimentPage) -> Vec<Vec<String>> {
    let names = metric_names(page);
    let facts = ["run", "seed", "status", "seconds"].map(str::to_owned);
    let header = facts.into_iter().chain(page.swept.iter().cloned()).chain(names.iter().map(|name| (*name).to_owned()));
    let row = |RunSummary { run, status, seconds, .. }: &RunSummary| {
        let facts = [run.id.clone(), run.seed.to_string(), status.as_str().to_owned(), seconds.to_string()];
        let params = page.swept.iter().map(|param| run.params.get(param).map_or_else(String::new, plain));
        let metrics =
            names.iter().map(|name| run.metrics.get(name).map_or_else(String::new, |value| value.to_string()));
        facts.into_iter().chain(params).chain(metrics).collect()
    };
    std::iter::once(header.collect()).chain(page.runs.iter().map(row)).collect()
}

/// A link that saves a table.
pub fn link(name: &str, rows: &[Vec<String>]) -> Markup {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = rows.iter().try_for_each(|row| writer.write_record(row));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).expect("rows of one length are written to memory");
    let link = format!("data:text/csv;base64,{}", STANDARD.encode(&bytes));
    html! { p.caption.download { a download=(name) href=(link) { "Save as CSV" } " (" (text::bytes(bytes.len() as u64)) ")" } }
}

//! Sections of a report as HTML: pictures and tables inside the page. Knows no run.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::compare::{self, Variant};
use crate::merit;
use crate::report::page::FiguresDir;
use crate::report::page::shell::{Part, breakable, emphasized, prose};
use crate::report::section::{Figure, Level, Look, Report, Section, Table};
use crate::report::source::io;
use crate::report::{Error, Result, number};
use crate::text;

/// Files up to this size are put into the page for download.
const LARGEST_DOWNLOAD: u64 = 1_000_000;

/// Reads `report.json` of a Figures artifact.
pub fn read_report(files: &FiguresDir) -> Result<Report> {
    let path = path(files, "report.json")?;
    let text = fs::read_to_string(path).map_err(|error| io(path, error))?;
    serde_json::from_str(&text).map_err(|error| Error::Unreadable { path: path.to_owned(), why: error.to_string() })
}

fn path<'a>(files: &'a FiguresDir, name: &str) -> Result<&'a Path> {
    let missing = || Error::Unreadable { path: name.into(), why: "the figures have no such file".into() };
    files.get(name).map(std::path::PathBuf::as_path).ok_or_else(missing)
}

/// All sections.
pub fn parts(files: &FiguresDir, report: &Report) -> Result<Vec<Part>> {
    let part = |section: &Section| {
        let body = section_body(files, report.scale, section)?;
        Ok(Part { id: identifier(&section.id), title: section.title.clone(), body })
    };
    report.sections.iter().map(part).collect()
}

/// Safe as an `id` and in a link.
fn identifier(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect()
}

fn section_body(files: &FiguresDir, scale: u32, section: &Section) -> Result<Markup> {
    let figures =
        section.figures.iter().map(|figure| embedded(files, scale, figure, None)).collect::<Result<Vec<_>>>()?;
    let (narrow, wide): (Vec<&Table>, Vec<&Table>) = section.tables.iter().partition(|table| is_narrow(table));
    let bodies = |tables: &[&Table]| tables.iter().map(|table| table_body(files, table)).collect::<Result<Vec<_>>>();
    let (narrow, wide) = (bodies(&narrow)?, bodies(&wide)?);
    Ok(html! {
        @for note in &section.notes {
            @match note.level {
                Level::Warning => div.notice role="note" { p { (emphasized(&note.text)) } },
                Level::Info => p.remark { (prose(&note.text)) },
            }
        }
        @if !section.caption.is_empty() { p.caption { (prose(&section.caption)) } }
        @if !figures.is_empty() || !narrow.is_empty() {
            div.figures { @for figure in &figures { (figure) } @for table in &narrow { div { (table) } } }
        }
        @for table in &wide { (table) }
    })
}

/// Whether a table fits beside a figure.
fn is_narrow(table: &Table) -> bool {
    let short = |row: &Vec<String>| row.iter().map(|cell| cell.chars().count()).sum::<usize>() <= 56;
    !table.folded && table.curves.is_empty() && table.header.len() <= 4 && table.rows.iter().all(short)
}

/// A picture inside the page.
pub fn embedded(files: &FiguresDir, scale: u32, figure: &Figure, caption: Option<&Markup>) -> Result<Markup> {
    let path = path(files, &figure.file)?;
    let bytes = fs::read(path).map_err(|error| io(path, error))?;
    Ok(picture(&bytes, figure, scale, caption))
}

/// PNG bytes inside the page.
pub fn picture(bytes: &[u8], figure: &Figure, scale: u32, caption: Option<&Markup>) -> Markup {
    let class = if figure.look == Look::Chart { "chart" } else { "picture" };
    let (width, height) = (figure.width / scale.max(1), figure.height / scale.max(1));
    html! {
        figure class=(class) {
            img alt=(figure.alt) width=(width) height=(height)
                src={ "data:image/png;base64," (STANDARD.encode(bytes)) };
            @if let Some(caption) = caption { figcaption { (caption) } }
        }
    }
}

fn table_body(files: &FiguresDir, table: &Table) -> Result<Markup> {
    let download = match &table.csv {
        Some(file) => Some(download(file, path(files, file)?)?),
        None => None,
    };
    let shown = table.rows.len();
    let more = (shown < table.total).then(|| format!("The first {shown} of {} rows. ", number::count(table.total)));
    let body = html! {
        @if table.rows.is_empty() && table.total == 0 { p.caption { "No rows." } } @else { (rows(table)) }
        @if more.is_some() || download.is_some() { p.caption.download { (more.unwrap_or_default()) @if let Some(download) = &download { (download) } } }
    };
    let heading = if table.title.is_empty() { "Table" } else { &table.title };
    let count = if table.total == 1 { "1 row".to_owned() } else { format!("{} rows", number::count(table.total)) };
    Ok(html! {
        @if table.folded { details { summary { (heading) " (" (count) ")" } (body) } } @else { (body) }
    })
}

/// A link that saves a file; large ones are only named.
fn download(name: &str, path: &Path) -> Result<Markup> {
    let bytes = fs::metadata(path).map_err(|error| io(path, error))?.len();
    if bytes > LARGEST_DOWNLOAD {
        return Ok(html! { "The whole table (" (text::bytes(bytes)) ") is " code { (path.display()) } "." });
    }
    let content = fs::read(path).map_err(|error| io(path, error))?;
    let link = format!("data:text/csv;base64,{}", STANDARD.encode(content));
    Ok(html! { a download=(name) href=(link) { "Save as CSV" } " (" (text::bytes(bytes)) ")" })
}

/// A table as it stands.
pub fn rows(table: &Table) -> Markup {
    let numeric: Vec<bool> = (0..table.header.len()).map(|column| is_numeric(table, column)).collect();
    let class = |column: usize| numeric.get(column).copied().unwrap_or(false).then_some("n");
    html! {
        div.scroll { table {
            @if !table.title.is_empty() && !table.folded { caption { (table.title) } }
            thead { tr {
                @for (column, name) in table.header.iter().enumerate() { th scope="col" class=[class(column)] { (name) } }
                @if !table.curves.is_empty() { th scope="col" { "course" } }
            } }
            tbody { @for (index, row) in table.rows.iter().enumerate() {
                tr class=[row.first().filter(|cell| cell.ends_with("total")).map(|_| "total")] {
                    @for (column, cell) in row.iter().enumerate() {
                        @if column == 0 { th scope="row" class=[class(0)] { (breakable(cell)) } }
                        @else if class(column).is_some() { td.n { (cell) } }
                        @else { td { (prose(cell)) } }
                    }
                    @if let Some(values) = table.curves.get(index) { td { (sparkline(values)) } }
                }
            } }
        } }
    }
}

/// Whether a column holds numbers only (and blanks).
fn is_numeric(table: &Table, column: usize) -> bool {
    let mut cells = table.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).peekable();
    let number = |cell: &String| {
        let first = cell.trim_start_matches(['−', '-']).chars().next();
        matches!(cell.as_str(), "–" | "NaN" | "∞") || first.is_some_and(|c| c.is_ascii_digit())
    };
    cells.peek().is_some() && cells.all(number)
}

/// A small curve.
fn sparkline(values: &[Option<f64>]) -> Markup {
    let known = || values.iter().flatten().copied();
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    if known().count() < 2 {
        return html! {};
    }
    let across = 100.0 / (values.len() - 1) as f64;
    let height = |value: f64| if high > low { 22.0 - (value - low) / (high - low) * 20.0 } else { 12.0 };
    let mut path = String::new();
    let mut pen_down = false;
    for (index, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let command = if pen_down { 'L' } else { 'M' };
            path += &format!("{command}{:.1} {:.1}", across * index as f64, height(*value));
        }
        pen_down = value.is_some();
    }
    let label = format!("from {} to {}", number::short(low), number::short(high));
    html! { svg.spark viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=(label) { path d=(path) {} } }
}

/// A metric's name for people, with an arrow when it is known which way is better.
pub fn metric_name(variants: &[Variant<'_>], name: &str) -> Markup {
    html! { (merit::title(name)) (compare::arrow(variants, name).replace(' ', "\u{a0}")) }
}

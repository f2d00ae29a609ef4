//! A comparison as text: for a terminal, for documents, for spreadsheets. All but CSV and JSON draw the same grids.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::compare::words::{p_value, plus_minus, rounded};
use crate::compare::{Cell, Row, Sheet};
use crate::merit::{self, Better};
use crate::text;

/// A table of texts.
#[derive(Debug, Clone)]
pub struct Grid {
    /// What all of it is about, when there are several.
    pub title: Option<String>,
    pub header: Vec<String>,
    pub rows: Vec<Vec<Entry>>,
}

/// A cell's text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    pub text: String,
    /// Whether it is the best of its column (or row).
    pub is_best: bool,
}

impl Entry {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_best: false }
    }
}

/// One row a variant: params, how many seeds, then each metric with what it differs by from the baseline.
pub fn grid(sheet: &Sheet) -> Grid {
    let mut header = sheet.params.clone();
    let seeds = sheet.has_repeats();
    let differs: Vec<bool> = (0..sheet.metrics.len()).map(|metric| has_differences(sheet, metric)).collect();
    header.extend(seeds.then(|| "seeds".to_owned()));
    for (index, metric) in sheet.metrics.iter().enumerate() {
        header.push(format!("{metric}{}", merit::arrow(sheet.better[index])));
        if differs[index] {
            header.push(format!("Δ {}", merit::own(metric)));
        }
    }
    header.extend(sheet.series.clone());
    let lines = sparklines(sheet);
    let shown: Vec<Vec<String>> = sheet.params.iter().map(|param| sheet.shown(param)).collect();
    let rows = sheet.rows.iter().enumerate().map(|(at, row)| {
        let mut entries: Vec<Entry> = shown.iter().map(|texts| Entry::plain(&*texts[at])).collect();
        entries.extend(seeds.then(|| Entry::plain(row.seeds.to_string())));
        for (index, cell) in row.cells.iter().enumerate() {
            entries.push(cell.as_ref().map_or_else(|| Entry::plain("none"), entry));
            if differs[index] {
                entries.push(Entry::plain(cell.as_ref().map_or_else(String::new, difference)));
            }
        }
        entries.extend(sheet.series.as_ref().map(|_| Entry::plain(lines[at].clone())));
        entries
    });
    Grid { title: None, header, rows: rows.collect() }
}

/// For each metric one row a value of the param, one column for each combination of the others; the best of each row
/// is marked.
pub fn grids_by(sheet: &Sheet, param: &str) -> Vec<Grid> {
    let value = |row: &Row| row.values.get(param).cloned().unwrap_or_default();
    let keys: Vec<&String> = sheet.keys.iter().filter(|key| *key != param).collect();
    let others = |row: &Row| -> Vec<Option<Value>> { keys.iter().map(|key| row.values.get(*key).cloned()).collect() };
    let mut lines = firsts(sheet, value);
    // Where there is none comes last.
    let is_number = |value: Value| value.is_number() || value.is_null();
    if lines.iter().all(|line| is_number(value(&sheet.rows[*line]))) {
        let number = |line: &usize| value(&sheet.rows[*line]).as_f64().unwrap_or(f64::NAN);
        lines.sort_by(|one, other| number(one).total_cmp(&number(other)));
    }
    let columns = firsts(sheet, others);
    let place = |row: &Row| (value(row), others(row));
    let rows: HashMap<_, &Row> = sheet.rows.iter().map(|row| (place(row), row)).collect();
    let of = |line: usize, column: usize| rows.get(&(value(&sheet.rows[line]), others(&sheet.rows[column]))).copied();
    let cells: Vec<Vec<Option<&Row>>> =
        lines.iter().map(|line| columns.iter().map(|column| of(*line, *column)).collect()).collect();
    let (names, shown) = (column_names(sheet, &keys, &columns), sheet.shown(param));
    let grid = |(index, metric): (usize, &String)| {
        let row = |(line, row): (&usize, &Vec<Option<&Row>>)| {
            let cells: Vec<Option<&Cell>> =
                row.iter().map(|row| row.and_then(|row| row.cells[index].as_ref())).collect();
            std::iter::once(Entry::plain(&*shown[*line])).chain(line_of(&cells, sheet.better[index])).collect()
        };
        let named = |name: &String| if name.is_empty() { merit::own(metric).to_owned() } else { name.clone() };
        let header = std::iter::once(param.to_owned()).chain(names.iter().map(named)).collect();
        let title = Some(format!("{metric}{}", merit::arrow(sheet.better[index])));
        Grid { title, header, rows: lines.iter().zip(&cells).map(row).collect() }
    };
    sheet.metrics.iter().enumerate().map(grid).collect()
}

/// The first row with each of what rows have.
fn firsts<T: Eq + Hash>(sheet: &Sheet, of: impl Fn(&Row) -> T) -> Vec<usize> {
    let mut seen = HashSet::new();
    (0..sheet.rows.len()).filter(|row| seen.insert(of(&sheet.rows[*row]))).collect()
}

/// For each of these rows its values of the keys: a word such as `conv` says enough by itself.
fn column_names(sheet: &Sheet, keys: &[&String], rows: &[usize]) -> Vec<String> {
    let shown: Vec<Vec<String>> = keys.iter().map(|key| sheet.shown(key)).collect();
    let name = |row: &usize| {
        let values = &sheet.rows[*row].values;
        let known: Vec<usize> = (0..keys.len()).filter(|key| values.contains_key(keys[*key])).collect();
        match known[..] {
            [only] if values[keys[only]].is_string() => shown[only][*row].clone(),
            _ => known.iter().map(|key| format!("{}={}", keys[*key], shown[*key][*row])).collect::<Vec<_>>().join(", "),
        }
    };
    rows.iter().map(name).collect()
}

/// Cells with what they differ by, the best of several marked.
fn line_of(cells: &[Option<&Cell>], better: Option<Better>) -> Vec<Entry> {
    let sign = better.map(|better| if better == Better::Lower { 1.0 } else { -1.0 });
    let best = cells.iter().flatten().filter_map(|cell| Some(sign? * cell.summary.mean)).fold(f64::INFINITY, f64::min);
    let shown = |cell: &Option<&Cell>| {
        let Some(cell) = cell else { return Entry::default() };
        let difference = difference(cell);
        let gap = if difference.is_empty() { "" } else { "  " };
        let is_best = cells.len() > 1 && sign.is_some_and(|sign| sign * cell.summary.mean == best);
        Entry { text: format!("{}{gap}{difference}", entry(cell).text), is_best }
    };
    cells.iter().map(shown).collect()
}

fn has_differences(sheet: &Sheet, metric: usize) -> bool {
    sheet.rows.iter().any(|row| row.cells[metric].as_ref().is_some_and(|cell| cell.comparison.is_some()))
}

/// Mean and half the 95 % interval.
fn entry(cell: &Cell) -> Entry {
    Entry { text: plus_minus(cell.summary.mean, cell.summary.half_width()), is_best: cell.is_best }
}

/// `-0.0021 (p = 0.012)`, empty for what is not compared.
fn difference(cell: &Cell) -> String {
    let Some(comparison) = cell.comparison else { return String::new() };
    let mean = comparison.difference.mean;
    let sign = if mean > 0.0 { "+" } else { "" };
    let size = match comparison.test() {
        Some(test) => rounded(mean, (test.interval.high - test.interval.low) / 2.0),
        None => text::number(mean),
    };
    comparison.p.map_or_else(|| format!("{sign}{size}"), |p| format!("{sign}{size} ({})", p_value(p)))
}

/// One line a row, all on one scale.
fn sparklines(sheet: &Sheet) -> Vec<String> {
    let finite = || sheet.rows.iter().flat_map(|row| &row.series).copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    sheet.rows.iter().map(|row| sparkline(&row.series, low, high)).collect()
}

/// A curve in a few block characters, `█▅▃▂▁▁`; `×` where it is not finite.
pub fn sparkline(points: &[f64], low: f64, high: f64) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const WIDEST: usize = 16;
    let width = points.len().min(WIDEST);
    let mean = |at: usize| {
        let part = &points[at * points.len() / width..(at + 1) * points.len() / width];
        part.iter().sum::<f64>() / part.len() as f64
    };
    let block = |value: f64| match value.is_finite() {
        false => '×',
        true if high <= low => BLOCKS[0],
        true => BLOCKS[((value - low) / (high - low) * 7.0).round().clamp(0.0, 7.0) as usize],
    };
    (0..width).map(mean).map(block).collect()
}

/// Below the tables: conclusions, effects, notes.
fn closing(sheet: &Sheet) -> Vec<String> {
    let effects = sheet.effects.iter().zip(&sheet.metrics);
    let effects = effects.filter_map(|(effects, metric)| {
        let effects = effects.as_ref().filter(|effects| effects.are_of_several())?;
        Some(effects.sentence(metric))
    });
    sheet
        .conclusions
        .iter()
        .cloned()
        .chain(effects)
        .chain(sheet.notes.iter().map(|note| format!("Note: {note}.")))
        .collect()
}

/// What the marks mean that there are.
fn legend(sheet: &Sheet, grids: &[Grid], mark: &str) -> Option<String> {
    let by_row = grids.iter().any(|grid| grid.title.is_some());
    let is_marked = grids.iter().flat_map(|grid| &grid.rows).flatten().any(|entry| entry.is_best);
    let best = || format!("{mark}: best mean{}", if by_row { " of the row" } else { "" });
    let mut parts: Vec<String> = is_marked.then(best).into_iter().collect();
    if sheet.has_repeats() {
        parts.push("±: half the 95 % interval".to_owned());
    }
    let differences = (0..sheet.metrics.len()).any(|metric| has_differences(sheet, metric));
    if let Some(baseline) = sheet.baseline.as_ref().filter(|_| differences) {
        let sign = if by_row { "+ or -" } else { "Δ" };
        parts.push(format!("{sign}: difference to {}", baseline.name));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// For a terminal of this width, or for any when there is none. Says how many columns it has no room for.
pub fn terminal(sheet: &Sheet, grids: &[Grid], width: Option<usize>) -> (String, usize) {
    let mut blocks = Vec::new();
    let mut left_out = 0;
    for grid in grids {
        let mark = |entry: &Entry| if entry.is_best { format!("{} *", entry.text) } else { entry.text.clone() };
        // Metrics stand below their stages; where these are rows of their own, columns are values.
        let stacked = |name: &String| if grid.title.is_none() { text::stacked(name) } else { name.clone() };
        let mut header: Vec<String> = grid.header.iter().map(stacked).collect();
        let mut rows: Vec<Vec<String>> = grid.rows.iter().map(|row| row.iter().map(mark).collect()).collect();
        let mut lines = text::table(&header, &rows);
        let is_wide = |line: &String| width.is_some_and(|width| line.chars().count() > width);
        // What tells the rows apart stays, and all metrics.
        let mut params = sheet.params.len();
        while params > sheet.keys.len() && grid.title.is_none() && lines.iter().any(is_wide) {
            params -= 1;
            left_out += 1;
            header.remove(params);
            rows.iter_mut().for_each(|row| _ = row.remove(params));
            lines = text::table(&header, &rows);
        }
        blocks.push(grid.title.iter().cloned().chain(lines).collect::<Vec<_>>().join("\n"));
    }
    blocks.extend(legend(sheet, grids, "*"));
    blocks.extend(closing(sheet).iter().map(|text| text::wrapped(text, width.unwrap_or(usize::MAX)).join("\n")));
    (blocks.join("\n\n"), left_out)
}

/// As Markdown, with the best in bold.
pub fn markdown(sheet: &Sheet, grids: &[Grid]) -> String {
    let cell = |text: &str| {
        text.replace('\\', "\\\\").replace('|', "\\|").replace('*', "\\*").replace('_', "\\_").replace('<', "&lt;")
    };
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut blocks = Vec::new();
    for grid in grids {
        blocks.extend(grid.title.as_ref().map(|title| format!("**{}**", cell(title))));
        let entry =
            |entry: &Entry| if entry.is_best { format!("**{}**", cell(&entry.text)) } else { cell(&entry.text) };
        let header = line(grid.header.iter().map(|name| cell(name)).collect());
        let rule = line(vec!["---".to_owned(); grid.header.len()]);
        let rows = grid.rows.iter().map(|row| line(row.iter().map(entry).collect()));
        blocks.push([header, rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n"));
    }
    blocks.extend(legend(sheet, grids, "Bold"));
    blocks.extend(closing(sheet).iter().map(|text| cell(text)));
    blocks.join("\n\n") + "\n"
}

/// As LaTeX tables with rules of the package booktabs; the sentences are comments.
pub fn latex(sheet: &Sheet, grids: &[Grid]) -> String {
    let mut lines = vec!["% Needs \\usepackage{booktabs}.".to_owned()];
    for (place, grid) in grids.iter().enumerate() {
        // Tables stand below each other, not side by side.
        lines.extend((place > 0).then(String::new));
        // Curves in block characters are not in LaTeX's fonts.
        let shown = grid.header.len() - usize::from(grid.title.is_none() && sheet.series.is_some());
        let line = |cells: Vec<String>| format!("  {} \\\\", cells.join(" & "));
        let entry = |entry: &Entry| match entry.is_best {
            true => format!("\\textbf{{{}}}", escaped_latex(&entry.text)),
            false => escaped_latex(&entry.text),
        };
        lines.push(format!("\\begin{{tabular}}{{{}}}", "l".repeat(shown)));
        lines.push("  \\toprule".to_owned());
        let title = |title: &String| line(vec![format!("\\multicolumn{{{shown}}}{{l}}{{{}}}", escaped_latex(title))]);
        lines.extend(grid.title.as_ref().map(title));
        lines.push(line(grid.header[..shown].iter().map(|name| escaped_latex(name)).collect()));
        lines.push("  \\midrule".to_owned());
        lines.extend(grid.rows.iter().map(|row| line(row[..shown].iter().map(entry).collect())));
        lines.extend(["  \\bottomrule", "\\end{tabular}"].map(str::to_owned));
    }
    lines.extend(legend(sheet, grids, "Bold").into_iter().chain(closing(sheet)).map(|text| format!("% {text}")));
    lines.join("\n") + "\n"
}

fn escaped_latex(text: &str) -> String {
    let escaped = |character: char| match character {
        '\\' => "\\textbackslash{}".to_owned(),
        '&' | '%' | '$' | '#' | '_' | '{' | '}' => format!("\\{character}"),
        '~' => "\\textasciitilde{}".to_owned(),
        '^' => "\\textasciicircum{}".to_owned(),
        // What begins a cell would be an argument of the line above.
        '[' | ']' | '*' => format!("{{{character}}}"),
        '<' => "$<$".to_owned(),
        '>' => "$>$".to_owned(),
        '|' => "$|$".to_owned(),
        '±' => "$\\pm$".to_owned(),
        'Δ' => "$\\Delta$".to_owned(),
        '↓' => "$\\downarrow$".to_owned(),
        '↑' => "$\\uparrow$".to_owned(),
        '×' => "$\\times$".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// As an HTML page of its own that loads nothing.
pub fn html(sheet: &Sheet, grids: &[Grid]) -> String {
    const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}table{border-collapse:collapse;\
        margin:1rem 0}th,td{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #ddd;\
        font-variant-numeric:tabular-nums}thead th{border-bottom:2px solid #333}";
    let table = |grid: &Grid| -> Markup {
        html! { table {
            @if let Some(title) = &grid.title { caption { (title) } }
            thead { tr { @for name in &grid.header { th scope="col" { (name) } } } }
            tbody { @for row in &grid.rows { tr {
                @for entry in row { td { @if entry.is_best { strong { (entry.text) } } @else { (entry.text) } } }
            } } }
        } }
    };
    let page = html! { (DOCTYPE) html lang="en" {
        head { meta charset="utf-8"; title { "Comparison" } style { (PreEscaped(STYLE)) } }
        body {
            @for grid in grids { (table(grid)) }
            @if let Some(legend) = legend(sheet, grids, "Bold") { p { small { (legend) } } }
            @for text in closing(sheet) { p { (text) } }
        }
    } };
    page.into_string() + "\n"
}

/// One line a variant with its numbers in full: for each metric the mean, then in columns named after it what else is
/// known.
pub fn csv(sheet: &Sheet) -> Result<String, csv::Error> {
    const MORE: [&str; 9] =
        ["deviation", "low", "high", "count", "difference", "difference_low", "difference_high", "p", "p_holm"];
    let mut writer = csv::Writer::from_writer(Vec::new());
    let metric = |name: &String| {
        std::iter::once(name.clone()).chain(MORE.iter().map(move |more| format!("{name}:{more}"))).collect::<Vec<_>>()
    };
    let header = sheet.params.iter().cloned().chain(["runs".to_owned()]);
    writer.write_record(header.chain(sheet.metrics.iter().flat_map(metric)))?;
    for row in &sheet.rows {
        let value = |param: &String| match row.values.get(param) {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let cells = row.cells.iter().flat_map(|cell| match cell {
            None => vec![String::new(); 1 + MORE.len()],
            Some(cell) => numbers(cell),
        });
        writer.write_record(sheet.params.iter().map(value).chain([row.runs.join(" ")]).chain(cells))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn numbers(cell: &Cell) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let (interval, comparison) = (cell.summary.interval(), cell.comparison);
    let test = comparison.and_then(|comparison| comparison.test());
    vec![
        number(Some(cell.summary.mean)),
        number(cell.summary.deviation),
        number(interval.map(|interval| interval.low)),
        number(interval.map(|interval| interval.high)),
        cell.summary.count.to_string(),
        number(comparison.map(|comparison| comparison.difference.mean)),
        number(test.map(|test| test.interval.low)),
        number(test.map(|test| test.interval.high)),
        number(comparison.and_then(|comparison| comparison.difference.evidence.p())),
        number(comparison.and_then(|comparison| comparison.p)),
    ]
}

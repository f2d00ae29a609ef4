//! Runs as a table of what differs and what came out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cli::runs::to_the_minute;
use crate::merit::{self, of_companion};
use crate::run_log::RunRow;
use crate::run_log::filter::{Column as LogColumn, Field};
use crate::text;

/// A column that may be shown.
struct Column {
    name: String,
    cells: Vec<String>,
    /// Columns of a lower rank are given the line's room first; those without a rank wait for `--all-columns`.
    rank: Option<usize>,
}

/// A header and a line per run, and how many columns are left out: by default those that say little, and those for
/// which a line of this width has no room.
pub fn table(runs: &[RunRow], width: Option<usize>) -> (Vec<String>, usize) {
    let mut columns = columns(runs);
    let before = columns.len();
    if let Some(width) = width {
        columns = fitting(columns, width);
    }
    let header: Vec<String> = columns.iter().map(|column| text::stacked(&column.name)).collect();
    let rows: Vec<Vec<String>> =
        (0..runs.len()).map(|row| columns.iter().map(|column| column.cells[row].clone()).collect()).collect();
    (text::table(&header, &rows), before - columns.len())
}

/// Those that the line has room for, in the order they came in.
fn fitting(columns: Vec<Column>, width: usize) -> Vec<Column> {
    let mut wanted: Vec<(usize, usize)> =
        columns.iter().enumerate().filter_map(|(index, column)| Some((column.rank?, index))).collect();
    wanted.sort_unstable();
    let mut room = width + text::GAP;
    let mut shown = BTreeSet::new();
    for (rank, index) in wanted {
        let needed = columns[index].width() + text::GAP;
        if rank == ALWAYS || needed <= room {
            room = room.saturating_sub(needed);
            shown.insert(index);
        }
    }
    columns.into_iter().enumerate().filter(|(index, _)| shown.contains(index)).map(|(_, column)| column).collect()
}

const ALWAYS: usize = 0;
const FACT: usize = 1;
const SWEPT: usize = 2;
const METRIC: usize = 3;
const PARAM: usize = METRIC + 2 * merit::PLACES;
const LAUNCH: usize = PARAM + 1;

impl Column {
    fn width(&self) -> usize {
        let widths = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        self.cells.iter().map(|cell| widths(cell)).max().unwrap_or(0).max(widths(&text::stacked(&self.name)))
    }

    /// Whether two runs say different things here; one that says nothing does not count.
    fn differs(&self) -> bool {
        let mut said = self.cells.iter().filter(|cell| !cell.is_empty());
        let first = said.next();
        said.any(|cell| Some(cell) != first)
    }

    fn ranked_if_some(mut self, rank: usize) -> Self {
        self.rank = self.cells.iter().any(|cell| !cell.is_empty()).then_some(rank);
        self
    }

    fn ranked_if_it_differs(mut self, rank: usize) -> Self {
        self.rank = self.differs().then_some(rank);
        self
    }
}

fn columns(runs: &[RunRow]) -> Vec<Column> {
    let column = |name: &str, rank: Option<usize>, cell: &dyn Fn(&RunRow) -> String| Column {
        name: name.to_owned(),
        cells: runs.iter().map(cell).collect(),
        rank,
    };
    let always = Some(ALWAYS);
    let experiment = column("experiment", always, &|run| run.experiment.clone());
    let mut columns = vec![
        column("run", always, &|run| run.id.clone()),
        if runs.len() == 1 { experiment } else { experiment.ranked_if_it_differs(ALWAYS) },
        column("launch", None, &|run| run.launch.clone()).ranked_if_it_differs(LAUNCH),
        column("started", Some(FACT), &|run| to_the_minute(&run.started)),
        column("status", always, &|run| run.status.clone()),
        column("time", always, &|run| run.seconds.map_or_else(String::new, text::seconds)),
        column("seed", None, &|run| run.seed.to_string()).ranked_if_it_differs(FACT),
        column("tags", None, &|run| run.tags.join(" ")).ranked_if_it_differs(FACT),
        column("note", None, &|run| run.note.clone()).ranked_if_it_differs(FACT),
        column("archived", None, &|run| if run.archived { "yes" } else { "" }.to_owned()).ranked_if_some(FACT),
    ];
    let swept: BTreeSet<&String> = runs.iter().flat_map(|run| run.variant.keys()).collect();
    let params: BTreeSet<&String> = runs.iter().flat_map(|run| run.params.keys()).collect();
    let metrics: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    columns.extend(params.into_iter().map(|name| {
        let rank = if swept.contains(name) { SWEPT } else { PARAM };
        column(name, None, &|run| cell(run.params.get(name))).ranked_if_it_differs(rank)
    }));
    let any_key = metrics.iter().any(|name| merit::place(name).is_some());
    columns.extend(metrics.into_iter().map(|name| {
        let key = merit::place(name);
        let rank = key.or((!any_key && !of_companion(name)).then_some(0)).map(|place| METRIC + place);
        // What most rows have nothing to say to waits for those that they do.
        let filled = runs.iter().filter(|run| run.metrics.contains_key(name)).count();
        let waits = if 2 * filled < runs.len() { merit::PLACES } else { 0 };
        column(name, rank.map(|rank| rank + waits), &|run| cell(run.metrics.get(name)))
    }));
    columns
}

/// A param's or a metric's value.
pub fn cell(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::Null) => "NaN".to_owned(),
        Some(Value::Number(number)) => number.as_f64().map_or_else(|| number.to_string(), text::number),
        Some(other) => text::value(other),
    }
}

/// A header and a line per run, of just these fields.
pub fn chosen(runs: &[RunRow], fields: &[Field]) -> Vec<String> {
    let header: Vec<String> = fields.iter().map(|field| text::stacked(&field.label())).collect();
    let cells = |run: &RunRow| fields.iter().map(|field| chosen_cell(run, field)).collect();
    text::table(&header, &runs.iter().map(cells).collect::<Vec<Vec<String>>>())
}

fn chosen_cell(run: &RunRow, field: &Field) -> String {
    match (field, run.value(field)) {
        (Field::Column(LogColumn::Started), _) => to_the_minute(&run.started),
        (Field::Column(LogColumn::Seconds), _) => run.seconds.map_or_else(String::new, text::seconds),
        (Field::Column(_), Value::String(text)) => text,
        (_, Value::Null) if !run.metrics.contains_key(field.name()) => String::new(),
        (_, value) => cell(Some(&value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A run of one of two experiments with many params and metrics.
    fn run(index: usize) -> RunRow {
        let experiment = ["dense", "conv"][index % 2];
        let object = |value: Value| value.as_object().cloned().unwrap();
        let numbered = |name: String| (0..60).map(move |at| (format!("{name}{at}"), json!(at * index)));
        let metrics = numbered(format!("{experiment}.metric"));
        let metrics =
            metrics.chain([("evaluate.mse".to_owned(), json!(0.25)), ("evaluate.bce".to_owned(), json!(index))]);
        RunRow {
            id: format!("r{index}"),
            experiment: experiment.to_owned(),
            launch: format!("launch-{index}"),
            variant: object(json!({ "latent_dim": index })),
            seed: 0,
            status: "executed".to_owned(),
            started: "2026-01-01T00:00:00Z".to_owned(),
            seconds: Some(1.0),
            params: numbered("param".to_owned()).chain([("latent_dim".to_owned(), json!(index))]).collect(),
            metrics: metrics.collect(),
            tags: vec![],
            note: String::new(),
            archived: false,
        }
    }

    #[test]
    fn a_table_is_as_wide_as_the_line_and_shows_what_tells_most() {
        let runs: Vec<RunRow> = (1..4).map(run).collect();
        for width in [70, 100, 200] {
            let (lines, left_out) = table(&runs, Some(width));
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{}", lines.join("\n"));
            assert!(left_out > 100);
        }
        let header = |width: Option<usize>| {
            table(&runs, width).0[..2].join(" ").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let wide = header(Some(100));
        for name in ["run", "experiment", "started", "status", "time", "latent_dim", "mse", "bce", "param1"] {
            assert!(wide.contains(&name.to_owned()), "{name} in {wide:?}");
        }
        assert!(!wide.contains(&"metric1".to_owned()), "{wide:?}");
        assert_eq!(table(&runs, None).1, 0);
    }

    #[test]
    fn a_narrow_table_names_the_experiments_and_shows_the_figures_that_most_runs_have() {
        let mut runs: Vec<RunRow> = (1..5).map(run).collect();
        runs.iter_mut().for_each(|run| run.variant.clear());
        runs[0].metrics.insert("classifier.test_accuracy".to_owned(), json!(0.9));
        let header = table(&runs, Some(60)).0[..2].join(" ");
        assert!(header.contains("experiment") && header.contains("mse") && !header.contains("accuracy"), "{header}");
    }

    #[test]
    fn figures_of_companions_do_not_stand_in_for_missing_ones() {
        let metrics = json!({ "classifier.probe.test_accuracy": 0.896, "latents.codes": 3 });
        let run = RunRow { metrics: metrics.as_object().cloned().unwrap(), ..run(1) };
        let (lines, _) = table(&[run], Some(200));
        assert!(lines[0..2].concat().contains("codes") && !lines.concat().contains("accuracy"), "{lines:?}");
    }
}

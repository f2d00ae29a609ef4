//! Runs as CSV, whole values in full.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::run_log::RunRow;
use crate::run_log::filter::Field;

/// A line for each run: the chosen fields, or all there is.
pub fn runs(runs: &[RunRow], fields: Option<&[Field]>) -> String {
    match fields {
        Some(fields) => {
            let header = fields.iter().map(|field| field.label()).collect();
            let row = |run: &RunRow| fields.iter().map(|field| cell(&run.value(field))).collect();
            written(std::iter::once(header).chain(runs.iter().map(row)))
        }
        None => whole(runs),
    }
}

/// Columns that every run has.
const FIXED: [&str; 9] = ["id", "experiment", "launch", "started", "status", "seconds", "seed", "tags", "note"];

fn whole(runs: &[RunRow]) -> String {
    let names = |maps: fn(&RunRow) -> &Map<String, Value>| -> BTreeSet<&String> {
        runs.iter().flat_map(|run| maps(run).keys()).collect()
    };
    let (params, metrics) = (names(|run| &run.params), names(|run| &run.metrics));
    // A param may be named like a column.
    let param = |name: &&String| match FIXED.contains(&name.as_str()) {
        true => format!("param.{name}"),
        false => (*name).clone(),
    };
    let fixed = FIXED.iter().map(|name| (*name).to_owned());
    let header = fixed.chain(params.iter().map(param)).chain(metrics.iter().map(|name| (*name).clone())).collect();
    let row = |run: &RunRow| {
        let fixed = [
            run.id.clone(),
            run.experiment.clone(),
            run.launch.clone(),
            run.started.clone(),
            run.status.clone(),
            run.seconds.map_or_else(String::new, |seconds| seconds.to_string()),
            run.seed.to_string(),
            run.tags.join(" "),
            run.note.clone(),
        ];
        let values = |names: &BTreeSet<&String>, map: &Map<String, Value>| -> Vec<String> {
            names.iter().map(|name| map.get(*name).map_or_else(String::new, cell)).collect()
        };
        fixed.into_iter().chain(values(&params, &run.params)).chain(values(&metrics, &run.metrics)).collect()
    };
    written(std::iter::once(header).chain(runs.iter().map(row)))
}

/// A value in full; nothing for one that is missing or not finite.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Lines of cells, quoted where they must be.
pub fn written(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail, and all rows are as long as the header.
    rows.for_each(|row| writer.write_record(&row).unwrap_or_default());
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

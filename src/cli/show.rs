//! `pipeline show`: everything about one run.

use std::path::Path;

use serde_json::Value;

use crate::cli::args::ShowArgs;
use crate::cli::output::{print, print_json, terminal_width};
use crate::cli::runs::{NONE_YET, local};
use crate::cli::{Exit, Project, Stop};
use crate::event::FileInfo;
use crate::progress::Paint;
use crate::run_log::{Filter, LogError, RunDetail, RunLog, StageArtifact, StageDetail};
use crate::text;

/// Shows a run, or a part of what is known about it.
pub fn execute(args: &ShowArgs) -> Result<Exit, Stop> {
    let path = Project::locate(None)?.run_log();
    let log = match RunLog::open_for_queries(&path)? {
        Some(log) if !log.runs(&Filter { limit: Some(1), ..Filter::default() })?.is_empty() => log,
        _ => {
            let message =
                format!("{}, and there are no others in {}", LogError::NoSuchRun(args.run.clone()), path.display());
            return Err(Stop::usage(message).help(NONE_YET));
        }
    };
    let detail = log.show(&args.run)?;
    match (args.json, args.artifacts, args.series) {
        (true, true, _) => print_json(&marked(&detail.artifacts)?)?,
        (true, _, true) => print_json(&detail.series)?,
        (true, ..) => print_json(&detail)?,
        (_, true, _) => print(&artifacts(&detail).join("\n"))?,
        (_, _, true) => print(&series(&detail).join("\n"))?,
        _ => print(&whole(&detail, Paint::for_stdout(), terminal_width().unwrap_or(usize::MAX)).join("\n"))?,
    }
    Ok(Exit::Success)
}

fn whole(detail: &RunDetail, paint: Paint, width: usize) -> Vec<String> {
    let run = &detail.run;
    let mut facts = vec![
        ("run", run.id.clone()),
        ("experiment", format!("{} ({})", run.experiment, detail.file.display())),
        ("launch", run.launch.clone()),
        ("status", run.status.clone()),
        ("started", local(&run.started)),
    ];
    facts.extend(run.seconds.map(|seconds| ("time", text::seconds(seconds))));
    facts.extend((!run.variant.is_empty()).then(|| ("variant", text::pairs(&run.variant))));
    facts.push(("seed", run.seed.to_string()));
    facts.push(("params", text::pairs(&run.params)));
    facts.extend((!run.tags.is_empty()).then(|| ("tags", run.tags.join(", "))));
    facts.extend((!run.note.is_empty()).then(|| ("note", run.note.clone())));
    facts.extend(run.archived.then(|| ("archived", "yes".to_owned())));
    facts.extend(detail.report.as_ref().map(|report| ("report", report.display().to_string())));
    let fact = |(name, value): &(&str, String)| {
        let mut told = fact(name, value, width);
        told[0] = told[0].replacen(name, &paint.dim(name), 1);
        told
    };
    let mut lines: Vec<String> = facts.iter().flat_map(fact).collect();
    let room = width.saturating_sub(INDENT);
    lines.extend(section("Stages", stages(&detail.stages, room), paint));
    lines.extend(section("Metrics", metrics(detail), paint));
    let notices = notices(detail).into_iter().flat_map(|notice| text::hanging(&notice, room, INDENT));
    lines.extend(section("Notices", notices.collect(), paint));
    lines.extend(section("Provenance", provenance(&detail.provenance, room), paint));
    lines
}

/// What sections are moved to the right by.
const INDENT: usize = 2;

/// A name and, behind it, its value in as many lines as it needs.
fn fact(name: &str, value: &str, width: usize) -> Vec<String> {
    const NAMES: usize = 10;
    let lines = text::wrapped(value, width.saturating_sub(NAMES + 1));
    // A path is not broken; below its name it has more room.
    if let [path] = &lines[..]
        && path.chars().count() + NAMES + 1 > width
    {
        return vec![name.to_owned(), format!("{:INDENT$}{path}", "")];
    }
    let first = lines.first().map_or("", String::as_str);
    let first = format!("{name:<NAMES$} {first}");
    std::iter::once(first).chain(lines.iter().skip(1).map(|line| format!("{:NAMES$} {line}", ""))).collect()
}

/// A heading and its lines, or nothing when there are none.
fn section(heading: &str, lines: Vec<String>, paint: Paint) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    let indented = lines.into_iter().map(|line| format!("{:INDENT$}{line}", ""));
    [String::new(), paint.bold(heading)].into_iter().chain(indented).collect()
}

/// What each stage did, with as many columns as there is room for.
fn stages(stages: &[StageDetail], room: usize) -> Vec<String> {
    let mut header = ["stage", "kind", "status", "time", "fingerprint", "why"].map(str::to_owned).to_vec();
    let mut rows: Vec<Vec<String>> = stages.iter().map(stage).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    for dispensable in ["fingerprint", "kind"] {
        let wide = text::table(&header, &rows).iter().any(|line| line.chars().count() > room);
        if let Some(place) = header.iter().position(|name| wide && name == dispensable) {
            header.remove(place);
            rows.iter_mut().for_each(|row| _ = row.remove(place));
        }
    }
    text::table(&header, &rows).iter().map(|line| text::shortened(line, room)).collect()
}

fn stage(stage: &StageDetail) -> Vec<String> {
    let progress = stage.progress.as_ref().map(|at| format!("{} {} {}/{}", stage.status, at.unit, at.done, at.total));
    let why = match &stage.error {
        Some(error) => error.lines().next().unwrap_or_default().to_owned(),
        None => stage.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    vec![
        stage.stage.clone(),
        stage.kind.clone(),
        progress.unwrap_or_else(|| stage.status.clone()),
        stage.seconds.map_or_else(String::new, text::seconds),
        stage.fingerprint.as_deref().map_or_else(String::new, |hash| hash.chars().take(8).collect()),
        why,
    ]
}

fn metrics(detail: &RunDetail) -> Vec<String> {
    let shown = |value: &Value| value.as_f64().map_or_else(|| "NaN".to_owned(), text::number);
    let names = detail.run.metrics.keys().map(|name| name.chars().count());
    let widest = names.max().unwrap_or(0);
    detail.run.metrics.iter().map(|(name, value)| format!("{name:<widest$}  {}", shown(value))).collect()
}

fn notices(detail: &RunDetail) -> Vec<String> {
    let warnings = detail
        .stages
        .iter()
        .flat_map(|stage| stage.warnings.iter().map(move |warning| format!("{}: {warning}", stage.stage)));
    // The runner may have told a stage's warning as a notice too.
    let told =
        |notice: &&String| !detail.stages.iter().any(|stage| stage.warnings.iter().any(|warning| warning == *notice));
    detail.notices.iter().filter(told).cloned().chain(warnings).collect()
}

fn provenance(provenance: &Value, room: usize) -> Vec<String> {
    let text = |name: &str| match &provenance[name] {
        Value::Null => None,
        Value::Array(items) => {
            Some(items.iter().map(|item| item.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" "))
        }
        other => Some(text::value(other)),
    };
    let dirty = if provenance["git_dirty"] == Value::Bool(true) { " (with uncommitted changes)" } else { "" };
    let commit = provenance["git_commit"].as_str().map(|commit| format!("{commit}{dirty}"));
    let version = text("version").map(|version| match text("build").filter(|build| !build.is_empty()) {
        Some(build) => format!("{version} (build {build})"),
        None => version,
    });
    let facts = [
        ("command", text("command_line")),
        ("directory", text("working_directory")),
        ("commit", commit),
        ("version", version),
        ("host", text("host")),
        ("system", text("os")),
        ("processor", text("cpu")),
        ("features", text("cpu_features")),
        ("device", text("device")),
        ("threads", text("threads")),
        ("jobs", text("jobs")),
    ];
    let known = facts.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    known.flat_map(|(name, value)| fact(name, &value, room)).collect()
}

/// What is said of a file that was deleted from the cache.
const GONE: &str = " (not in the cache any more: run it again)";

/// Artifacts for programs: a file that is not there any more has `present: false`.
fn marked(artifacts: &[StageArtifact]) -> Result<Value, Stop> {
    let mut marked = serde_json::to_value(artifacts).map_err(std::io::Error::from)?;
    let artifacts = marked.as_array_mut().into_iter().flatten();
    for file in artifacts.filter_map(|artifact| artifact["files"].as_array_mut()).flatten() {
        if file["path"].as_str().is_some_and(|path| !Path::new(path).exists()) {
            file["present"] = Value::Bool(false);
        }
    }
    Ok(marked)
}

fn artifacts(detail: &RunDetail) -> Vec<String> {
    let header = ["stage", "port", "type", "file", "size", "path"].map(str::to_owned);
    let row = |(artifact, file): (&StageArtifact, &FileInfo)| {
        vec![
            artifact.stage.clone(),
            artifact.port.clone(),
            artifact.artifact_type.clone(),
            file.name.clone(),
            text::bytes(file.bytes),
            format!("{}{}", file.path.display(), if file.path.exists() { "" } else { GONE }),
        ]
    };
    let files = detail.artifacts.iter().flat_map(|artifact| artifact.files.iter().map(move |file| (artifact, file)));
    text::table(&header, &files.map(row).collect::<Vec<_>>())
}

/// One column per series, one line per epoch (or other step).
fn series(detail: &RunDetail) -> Vec<String> {
    let header: Vec<String> = std::iter::once("step".to_owned()).chain(detail.series.keys().cloned()).collect();
    let longest = detail.series.values().map(Vec::len).max().unwrap_or(0);
    let cell = |points: &Vec<Option<f64>>, step: usize| match points.get(step) {
        None => String::new(),
        Some(None) => "NaN".to_owned(),
        Some(Some(value)) => text::number(*value),
    };
    let row = |step: usize| {
        std::iter::once((step + 1).to_string()).chain(detail.series.values().map(|points| cell(points, step))).collect()
    };
    text::table(&header, &(0..longest).map(row).collect::<Vec<Vec<String>>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_told_below_its_name() {
        let path = format!("/project/reports/{}/index.html", "x".repeat(24));
        assert_eq!(fact("report", &path, 80), [format!("report     {path}")]);
        assert_eq!(fact("report", &path, 60), ["report".to_owned(), format!("  {path}")]);
        assert_eq!(fact("tags", "one two", 15), ["tags       one", "           two"]);
    }
}

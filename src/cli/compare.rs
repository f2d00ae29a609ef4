//! `pipeline compare`: runs, variants and experiments side by side.

mod targets;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::cli::args::{CompareArgs, CompareFormat};
use crate::cli::compare::targets::{assignments, listed, selecting};
use crate::cli::output::{self, print, terminal_width};
use crate::cli::runs::NONE_YET;
use crate::cli::{Exit, Project, Stop};
use crate::compare::{self, Baseline, CHANGE, EXPERIMENT, Run, Sheet, Variant, format, telling};
use crate::diagnostic::{did_you_mean, nearest_or};
use crate::merit::{self, of_companion};
use crate::progress::remark;
use crate::run_log::{LogError, RunLog};
use crate::text;

/// Metrics that are compared unless told otherwise.
const METRICS: usize = 3;

/// Compares what is named.
pub fn execute(args: &CompareArgs) -> Result<Exit, Stop> {
    let path = Project::locate(None)?.run_log();
    let Some(log) = RunLog::open_for_queries(&path)? else {
        return Err(Stop::usage(format!("there are no runs in {}", path.display())).help(NONE_YET));
    };
    let (runs, about) = targets::runs(&log, &args.targets)?;
    let variants = variants(&runs);
    let metrics = metrics(&log, &runs, &variants, &args.metric, &about)?;
    let baseline = args.baseline.as_ref().map(|name| baseline(&log, &runs, &variants, name)).transpose()?;
    let mut sheet = Sheet::of(&runs, &variants, &metrics, baseline);
    for metric in metrics.iter().filter(|_| !args.metric.is_empty()) {
        sheet.notes.extend(incomparable(&log, &runs, metric)?.map(|param| not_the_same(metric, param)));
    }
    add_series(&log, &runs, &mut sheet)?;
    let grids = match &args.by {
        None => vec![format::grid(&sheet)],
        Some(param) => {
            check_param(&sheet, &runs, param)?;
            format::grids_by(&sheet, param)
        }
    };
    let shown = match args.format {
        CompareFormat::Terminal => {
            let (shown, left_out) = format::terminal(&sheet, &grids, terminal_width());
            if left_out > 0 {
                remark(&format!("{} left out: --format csv has all", text::count(left_out, "param")));
            }
            shown
        }
        CompareFormat::Markdown => format::markdown(&sheet, &grids),
        CompareFormat::Latex => format::latex(&sheet, &grids),
        CompareFormat::Html => format::html(&sheet, &grids),
        CompareFormat::Csv => format::csv(&sheet).map_err(std::io::Error::from)?,
        CompareFormat::Json => serde_json::to_string_pretty(&sheet.json()).map_err(std::io::Error::from)?,
    };
    match &args.output {
        None => print(&shown)?,
        Some(file) => write(file, &shown)?,
    }
    // The process is about to end. Giving back what many runs took, piece by piece, would take longer than reading them.
    std::mem::forget((sheet, grids));
    std::mem::forget(variants);
    std::mem::forget(runs);
    Ok(Exit::Success)
}

fn write(file: &Path, text: &str) -> Result<(), Stop> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    std::fs::write(file, format!("{text}{end}")).map_err(|error| output::unwritable(file, &error, "the comparison"))
}

/// Runs by what tells them apart; one by one where nothing does.
fn variants(runs: &[Run]) -> Vec<Variant<'_>> {
    let variants = compare::grouped(runs, &telling(runs));
    if variants.len() > 1 { variants } else { compare::one_each(runs) }
}

/// The metrics that are asked for, or else the most telling ones that all variants have and that mean the same in all:
/// those that their experiments are about first.
fn metrics(
    log: &RunLog,
    runs: &[Run],
    variants: &[Variant<'_>],
    asked: &[String],
    about: &[String],
) -> Result<Vec<String>, Stop> {
    let mut kinds: Vec<BTreeSet<&str>> = variants.chunk_by(same_names).map(|alike| names(&alike[0])).collect();
    kinds.dedup();
    let all: BTreeSet<&str> = kinds.iter().flatten().copied().collect();
    if all.is_empty() {
        return Err(Stop::usage("none of these runs has a metric").help("`pipeline runs` says how they ended"));
    }
    if !asked.is_empty() {
        let mut seen = BTreeSet::new();
        let found: Result<Vec<String>, Stop> = asked.iter().map(|name| metric(name, &all)).collect();
        return found.map(|names| names.into_iter().filter(|name| seen.insert(name.clone())).collect());
    }
    let mut common: BTreeSet<&str> =
        all.iter().copied().filter(|name| kinds.iter().all(|names| names.contains(*name))).collect();
    let about: Vec<&str> = about.iter().filter_map(|name| common.get(name.as_str()).copied()).collect();
    // What is the same in all runs, such as a shared stage's metric, tells nothing of what varies.
    let varies = |name: &str| runs.iter().any(|run| run.metrics.get(name) != runs[0].metrics.get(name));
    let telling = common.iter().copied().filter(|name| about.contains(name) || varies(name));
    let telling: BTreeSet<&str> = telling.collect();
    if telling.iter().any(|name| !of_companion(name)) {
        common = telling;
    }
    let mut left_out = None;
    loop {
        let mut chosen: Vec<&str> = about.iter().copied().filter(|name| common.contains(name)).collect();
        let key = merit::key_metrics(&common, METRICS).into_iter().filter(|name| !about.contains(name));
        chosen.extend(key);
        chosen.truncate(METRICS.max(about.len()));
        if chosen.is_empty() {
            chosen.extend(common.iter().copied().filter(|name| !of_companion(name)).take(METRICS));
        }
        let mut differing = Vec::new();
        for metric in &chosen {
            differing.extend(incomparable(log, runs, metric)?.map(|param| (*metric, param)));
        }
        match (&differing[..], left_out) {
            ([], Some((metric, param))) if chosen.is_empty() => {
                return Err(Stop::usage(not_the_same(metric, param))
                    .help(format!("there is no other metric: --metric {metric} compares them all the same")));
            }
            ([], _) if chosen.is_empty() => return Err(nothing_in_common(variants)),
            ([], _) => return Ok(chosen.into_iter().map(str::to_owned).collect()),
            ([first, ..], _) => left_out = Some(*first),
        }
        common.retain(|name| differing.iter().all(|(metric, _)| metric != name));
    }
}

/// The metrics of a variant, most of whose runs have the same ones.
fn names<'a>(variant: &Variant<'a>) -> BTreeSet<&'a str> {
    let alike = variant.runs.chunk_by(|one, other| one.metrics.names() == other.metrics.names());
    alike.flat_map(|runs| runs[0].metrics.names()).map(String::as_str).collect()
}

/// Whether the first runs have the same metrics, and there are no others.
fn same_names(one: &Variant<'_>, other: &Variant<'_>) -> bool {
    matches!((&one.runs[..], &other.runs[..]), ([one], [other]) if one.metrics.names() == other.metrics.names())
}

fn nothing_in_common(variants: &[Variant<'_>]) -> Stop {
    let has = |variant: &Variant<'_>| {
        let names = names(variant);
        let names = if names.is_empty() { "none".to_owned() } else { listed(names.iter()) };
        format!("{} has {names}", variant.label())
    };
    let told: Vec<String> = variants.iter().map(has).collect();
    Stop::usage("these have no metric in common").help(told.join("\n        "))
}

/// The param of a metric's stage that decides what it measures and is not the same in all runs, if there is one.
fn incomparable(log: &RunLog, runs: &[Run], metric: &str) -> Result<Option<&'static str>, LogError> {
    let Some((stage, own)) = metric.rsplit_once('.') else { return Ok(None) };
    let deciding = merit::MEASURED_BY.iter().find(|(name, _)| *name == own).map_or(&[][..], |(_, params)| params);
    let ids: Vec<&str> = runs.iter().map(|run| run.id.as_str()).collect();
    for param in deciding {
        if log.stage_param_differs(&ids, stage, param)? {
            return Ok(Some(param));
        }
    }
    Ok(None)
}

fn not_the_same(metric: &str, param: &str) -> String {
    format!("{metric} does not mean the same in all of these runs: the stage's `{param}` differs")
}

/// A metric by its name, or by the last part of it where that is of one stage only.
fn metric(name: &str, all: &BTreeSet<&str>) -> Result<String, Stop> {
    if all.contains(name) {
        return Ok(name.to_owned());
    }
    let own: Vec<&str> = all.iter().copied().filter(|known| merit::own(known) == name).collect();
    let stages: Vec<&str> = own.iter().copied().filter(|known| !of_companion(known)).collect();
    match (&own[..], &stages[..]) {
        ([only], _) | (_, [only]) => Ok((*only).to_owned()),
        ([], _) => {
            let guess = did_you_mean(name, all.iter().copied());
            let guess = guess.map_or_else(|| "there".to_owned(), |guess| format!("did you mean `{guess}`? There"));
            Err(Stop::usage(format!("no run has a metric `{name}`"))
                .help(format!("{guess} are {}", listed(all.iter()))))
        }
        (several, _) => Err(Stop::usage(format!("`{name}` could be any of {}", listed(several.iter())))
            .help("give it with its stage's name")),
    }
}

/// What `--baseline` means: variants by some of their values, or the one that a run is of.
fn baseline(log: &RunLog, runs: &[Run], variants: &[Variant<'_>], name: &str) -> Result<Baseline, Stop> {
    let (values, shown) = if name.contains('=') {
        let known = variants.iter().map(|variant| &*variant.values);
        for part in text::at_commas(name) {
            check_tells(runs, part.split('=').next().unwrap_or_default().trim(), "--baseline", "=NAME")?;
        }
        let values = assignments(name, known, "--baseline")?;
        (values.clone(), text::pairs(&values))
    } else {
        let id = log.show(name)?.run.id;
        let of = variants.iter().find(|variant| variant.runs.iter().any(|run| run.id == id));
        let missing = || Stop::usage(format!("--baseline: the run {id} is not among those compared"));
        let of = of.ok_or_else(|| missing().help("name it before the options, too"))?;
        ((*of.values).clone(), of.label())
    };
    let of = compare::baselines(variants, &values);
    if of.iter().all(Option::is_none) {
        let labels = listed(variants.iter().map(Variant::label));
        return Err(Stop::usage(format!("--baseline: no variant differs from {name} in nothing else"))
            .help(format!("name a whole variant: {labels}")));
    }
    Ok(Baseline { name: shown, of })
}

/// Refuses a param that differs between experiments or changes alone, which are told apart by their names. `value`
/// stands behind the name in the option.
fn check_tells(runs: &[Run], param: &str, option: &str, value: &str) -> Result<(), Stop> {
    let telling = telling(runs);
    if telling.iter().any(|known| known == param) || !compare::differing(runs).iter().any(|known| known == param) {
        return Ok(());
    }
    let mut firsts = HashMap::new();
    let differs_within = runs.iter().any(|run| {
        let value = run.params.get(param);
        *firsts.entry(&*run.experiment).or_insert(value) != value
    });
    let (what, instead, names): (_, _, BTreeSet<String>) = match differs_within {
        true => ("changes", CHANGE, runs.iter().filter_map(|run| Some(selecting(run.params.get(CHANGE)?))).collect()),
        false => ("experiments", EXPERIMENT, runs.iter().map(|run| run.experiment.to_string()).collect()),
    };
    Err(Stop::usage(format!("{option}: `{param}` is one of what tells the {what} apart, which go by their names"))
        .help(format!("use {option} {instead}{value}; there are {}", listed(names.iter()))))
}

/// `--by` needs a param that differs.
fn check_param(sheet: &Sheet, runs: &[Run], param: &str) -> Result<(), Stop> {
    if sheet.keys.iter().any(|known| known == param) {
        return Ok(());
    }
    check_tells(runs, param, "--by", "")?;
    let differing = listed(sheet.keys.iter());
    if let Some(value) = runs.iter().find_map(|run| run.params.get(param)) {
        return Err(Stop::usage(format!("--by: {param} is {} in all of them", text::value(value)))
            .help(format!("what differs is {differing}")));
    }
    let help = nearest_or(param, sheet.params.iter().map(String::as_str), || format!("what differs is {differing}"));
    Err(Stop::usage(format!("--by: no run has a param `{param}`")).help(help))
}

/// The course of the first metric that has one by the same name, or else of a validation loss, that means the same in
/// all runs: the mean over the runs at every step that all of them have.
fn add_series(log: &RunLog, runs: &[Run], sheet: &mut Sheet) -> Result<(), Stop> {
    /// Of more rows nobody compares curves of a few characters, and more runs take long to read.
    const MOST_ROWS: usize = 64;
    const MOST_RUNS: usize = 2000;
    if sheet.rows.len() > MOST_ROWS || sheet.rows.iter().map(|row| row.runs.len()).sum::<usize>() > MOST_RUNS {
        return Ok(());
    }
    let mut all: Vec<Vec<BTreeMap<String, Vec<f64>>>> = Vec::new();
    for row in &sheet.rows {
        all.push(row.runs.iter().map(|run| log.series_of(run)).collect::<Result<_, _>>()?);
    }
    let names: BTreeSet<&String> = all.iter().flatten().flat_map(BTreeMap::keys).collect();
    let validation = ["val_loss", "val_elbo"];
    let by_metric = sheet.metrics.iter().filter(|metric| names.contains(metric));
    let is_loss = |name: &&String| validation.contains(&merit::own(name)) && !of_companion(name);
    let mut found = None;
    for name in by_metric.chain(names.iter().copied().filter(is_loss)) {
        if incomparable(log, runs, name)?.is_none() {
            found = Some(name.clone());
            break;
        }
    }
    let Some(name) = found else { return Ok(()) };
    for (row, series) in sheet.rows.iter_mut().zip(&all) {
        let curves: Vec<&Vec<f64>> = series.iter().filter_map(|series| series.get(&name)).collect();
        let steps = curves.iter().map(|curve| curve.len()).min().unwrap_or(0);
        let mean = |step: usize| curves.iter().map(|curve| curve[step]).sum::<f64>() / curves.len() as f64;
        row.series = (0..steps).map(mean).collect();
    }
    sheet.series = Some(name);
    Ok(())
}

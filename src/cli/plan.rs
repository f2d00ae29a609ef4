//! `pipeline plan`: what a launch would do, and why. Writes nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::artifact::store::Store;
use crate::cli::args::PlanArgs;
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::cli::prepare::{Prepared, options, prepare};
use crate::config::{Experiment, ParamDef};
use crate::event::Reason;
use crate::plan::Plan;
use crate::progress::Paint;
use crate::runner::forecast::{Forecast, ForecastError, Prospect, forecast};
use crate::stage::StageError;
use crate::text;

/// Forecasts an experiment's launch.
pub fn execute(args: &PlanArgs) -> Result<Exit, Stop> {
    let (prepared, forecasts) = foresee(args)?;
    if args.json {
        output::print_json(&as_json(&prepared, &forecasts))?;
    } else {
        output::print(&in_words(&prepared, &forecasts, args.verbose, output::terminal_width()))?;
    }
    Ok(Exit::Success)
}

/// The same for `pipeline run --dry-run`: programs are told in one line, an event like all that `run` tells them.
pub fn rehearse(args: &PlanArgs) -> Result<Exit, Stop> {
    if !args.json {
        return execute(args);
    }
    let (prepared, forecasts) = foresee(args)?;
    let plan = as_json(&prepared, &forecasts);
    output::print_json_line(&Planned { event: "planned", time: format!("{:.3}", Timestamp::now()), plan })?;
    Ok(Exit::Success)
}

fn foresee(args: &PlanArgs) -> Result<(Prepared, Vec<Forecast>), Stop> {
    let prepared = prepare(&args.launch)?;
    let store = Store::open_read_only(&prepared.cache)?;
    let options = options(&args.launch.machine, &args.launch.selection, false);
    let forecasts = forecast(&prepared.plan, &store, &prepared.places, &options, &prepared.experiment.name)?;
    Ok((prepared, forecasts))
}

impl From<ForecastError> for Stop {
    fn from(error: ForecastError) -> Self {
        match error {
            ForecastError::Store(error) => error.into(),
            ForecastError::Source { stage, error } => {
                let stop = Self::new(Exit::StageFailed, format!("stage `{stage}`: {error}"));
                match error {
                    StageError::Failed { help: Some(help), .. } => stop.help(help),
                    _ => stop,
                }
            }
        }
    }
}

#[derive(Serialize)]
struct Planned<'a> {
    event: &'static str,
    time: String,
    #[serde(flatten)]
    plan: PlanJson<'a>,
}

#[derive(Serialize)]
struct PlanJson<'a> {
    experiment: &'a str,
    variants: usize,
    runs: usize,
    stages: Vec<StageJson<'a>>,
}

#[derive(Serialize)]
struct StageJson<'a> {
    stage: &'a str,
    kind: &'a str,
    variant: &'a Map<String, Value>,
    needs: Vec<&'a str>,
    status: Prospect,
    reasons: &'a [Reason],
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'a str>,
}

fn as_json<'a>(prepared: &'a Prepared, forecasts: &'a [Forecast]) -> PlanJson<'a> {
    let plan = &prepared.plan;
    let stage = |node: usize| StageJson {
        stage: &plan.node(node).stage,
        kind: &plan.node(node).kind,
        variant: &plan.node(node).variant,
        needs: needs(plan, node),
        status: forecasts[node].prospect,
        reasons: &forecasts[node].reasons,
        notice: forecasts[node].notice.as_deref(),
    };
    PlanJson {
        experiment: &prepared.experiment.name,
        variants: variants(plan),
        runs: plan.runs.len(),
        stages: plan.order().into_iter().map(stage).collect(),
    }
}

fn needs(plan: &Plan, node: usize) -> Vec<&str> {
    let mut needs: Vec<&str> =
        plan.inputs(node).into_iter().map(|(_, producer, _)| plan.node(producer).stage.as_str()).collect();
    needs.sort_unstable();
    needs.dedup();
    needs
}

fn variants(plan: &Plan) -> usize {
    let points: BTreeSet<String> = plan.runs.iter().map(|run| Value::Object(run.variant.clone()).to_string()).collect();
    points.len()
}

/// For a terminal of this width, if it is one.
fn in_words(prepared: &Prepared, forecasts: &[Forecast], all: bool, terminal: Option<usize>) -> String {
    let (plan, paint) = (&prepared.plan, Paint::for_stdout());
    let mut text = format!(
        "{}: {}, {}, {}\n{}\n",
        paint.bold(&prepared.experiment.name),
        text::count(variants(plan), "variant"),
        text::count(plan.runs.len(), "run"),
        text::count(forecasts.len(), "stage"),
        if prepared.search.is_some() {
            "the first round of a search; what is tried after it depends on its outcome\n"
        } else {
            ""
        }
    );
    if all {
        text.push_str(&format!("{}\n", params(&prepared.experiment, terminal).join("\n")));
    }
    let labels: Vec<String> = plan.order().into_iter().map(|node| label(plan, node)).collect();
    let widest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).min(60);
    let mut hidden = 0;
    for (node, label) in plan.order().into_iter().zip(&labels) {
        let forecast = &forecasts[node];
        if forecast.prospect == Prospect::Cached && forecasts.len() > 40 && !all {
            hidden += 1;
            continue;
        }
        let status = match forecast.prospect {
            Prospect::Cached => paint.green("cached  "),
            Prospect::WillRun => paint.yellow("will run"),
            Prospect::Depends => paint.cyan("depends "),
        };
        let mut why: Vec<String> = forecast.reasons.iter().map(ToString::to_string).collect();
        why.extend(forecast.notice.iter().filter_map(|notice| notice.lines().next()).map(str::to_owned));
        for (index, line) in columns(label, widest, &why.join("; "), terminal, paint).iter().enumerate() {
            let blanks = " ".repeat(STATUS - 4);
            let start = if index == 0 { &status } else { &blanks };
            text.push_str(format!("  {start}  {line}").trim_end());
            text.push('\n');
        }
    }
    if hidden > 0 {
        text.push_str(&format!("  and {hidden} cached (all of them with --verbose)\n"));
    }
    text.push_str(&format!("\n{}\n", totals(forecasts)));
    text
}

/// The pipeline's params: the experiment's values, what else they may be, and what its author says that they are.
fn params(experiment: &Experiment, terminal: Option<usize>) -> Vec<String> {
    let Experiment { pipeline, sweep, .. } = experiment;
    let allowed = |def: &ParamDef| {
        let choices: Vec<String> = def.choices.iter().map(|choice| text::value(&choice.value)).collect();
        let range = def.range.map(|(low, high)| format!("{} to {}", text::bound(low), text::bound(high)));
        range.unwrap_or_else(|| choices.join(" | "))
    };
    let row = |(name, def): (&String, &ParamDef)| {
        let swept = sweep.axes.iter().any(|axis| axis.param == *name);
        let value = experiment.params.get(name).unwrap_or(&def.default);
        let value = if swept { "varies".to_owned() } else { text::value(&value.to_json()) };
        vec![name.clone(), value, allowed(def), def.help.clone()]
    };
    if pipeline.params.is_empty() {
        return vec![];
    }
    let header = ["param", "value", "allowed", ""].map(str::to_owned);
    let rows: Vec<Vec<String>> = pipeline.params.iter().map(row).collect();
    let lines = text::table(&header, &rows).into_iter();
    let width = terminal.map_or(usize::MAX, |terminal| terminal.saturating_sub(2));
    lines
        .flat_map(|line| text::hanging(&line, width, 4))
        .map(|line| format!("  {line}"))
        .chain([String::new()])
        .collect()
}

/// Room for a status and the blanks around it.
const STATUS: usize = 12;

/// A stage's label and why it runs, side by side or, where a terminal has no room for that, one below the other.
fn columns(label: &str, widest: usize, why: &str, terminal: Option<usize>, paint: Paint) -> Vec<String> {
    let width = label.chars().count().max(widest) + text::GAP + why.chars().count();
    match terminal.map(|terminal| terminal.saturating_sub(STATUS)) {
        Some(room) if width > room => {
            let below = text::wrapped(why, room.saturating_sub(text::GAP));
            let below = below.into_iter().map(|line| format!("{:1$}{2}", "", text::GAP, paint.dim(&line)));
            text::wrapped(label, room).into_iter().chain(below).collect()
        }
        _ => vec![format!("{label:widest$}  {}", paint.dim(why))],
    }
}

fn label(plan: &Plan, node: usize) -> String {
    let node = plan.node(node);
    text::label(&node.stage, &node.variant)
}

fn totals(forecasts: &[Forecast]) -> String {
    let count = |wanted: Prospect| forecasts.iter().filter(|forecast| forecast.prospect == wanted).count();
    let [run, depend, cached] = [Prospect::WillRun, Prospect::Depends, Prospect::Cached].map(count);
    format!("{run} will run, {depend} depend on those, {cached} cached")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_wide_for_a_terminal_is_told_below() {
        let (label, why) = ("autoencoder [latent_dim=32, seed=1]", "param epochs: 20 → 50; input dataset: 0a → 0b");
        let told = |terminal| columns(label, 40, why, terminal, Paint::NONE).join("\n");
        assert_eq!(told(None), format!("{label:40}  {why}"));
        assert_eq!(told(Some(120)), told(None));
        insta::assert_snapshot!(told(Some(45)), @r"
        autoencoder [latent_dim=32,
        seed=1]
          param epochs: 20 → 50; input
          dataset: 0a → 0b
        ");
        assert!(told(Some(45)).lines().all(|line| line.chars().count() + STATUS <= 45));
    }
}

//! Turns ended runs into pages: what the runner knows into what `report::page` shows.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cli::exit::Stop;
use crate::cli::prepare::Prepared;
use crate::compare::{CHANGE, Run};
use crate::config::{self, Experiment, Objective};
use crate::event::{Provenance, Status};
use crate::merit::{self, Better};
use crate::plan::Plan;
use crate::plan::draw::{Format, draw, svg_of};
use crate::progress::remark;
use crate::report::page::{
    self, ExperimentPage, FiguresDir, LaunchSummary, RunPage, RunSummary, SearchSummary, StageRow,
};
use crate::report::source::Source;
use crate::runner::{Reporter, RunResult, StageResult, Summary};

/// Writes a page for each run and one for the experiment.
pub struct Pages {
    reports: PathBuf,
    launch: String,
    name: String,
    title: String,
    question: String,
    swept: Vec<String>,
    metrics: Vec<String>,
    search: Option<SearchSummary>,
    aims: Arc<BTreeMap<String, Better>>,
    /// What an ablation's variants are called, the base first; empty without one.
    names: Vec<(Map<String, Value>, Map<String, Value>)>,
    plan: RefCell<Plan>,
    provenance: Provenance,
    config: Value,
    runs: RefCell<Vec<RunSummary>>,
    /// Only some stages of the pipeline are planned.
    partial: bool,
    /// That pages cannot be written was told.
    told: Cell<bool>,
    /// That pages of an earlier launch stay was told.
    told_kept: Cell<bool>,
}

impl Pages {
    /// Keeps what the pages say besides results. `partial`: only some stages of the pipeline are planned.
    pub fn new(prepared: &Prepared, launch: &str, provenance: &Provenance, partial: bool) -> Self {
        let Prepared { experiment, plan, reports, .. } = prepared;
        Self {
            reports: reports.clone(),
            launch: launch.to_owned(),
            name: experiment.name.clone(),
            title: experiment.title.clone(),
            question: experiment.question.clone(),
            swept: experiment.sweep.axes.iter().map(|axis| axis.param.clone()).collect(),
            metrics: metrics(experiment),
            search: experiment.search.as_ref().map(search),
            aims: Arc::new(objectives(experiment).map(|aim| (aim.metric.clone(), aim.better)).collect()),
            names: experiment.ablation.as_ref().map(names).unwrap_or_default(),
            plan: RefCell::new(plan.clone()),
            provenance: provenance.clone(),
            config: experiment.to_config(),
            runs: RefCell::default(),
            partial,
            told: Cell::default(),
            told_kept: Cell::default(),
        }
    }

    fn row(&self, result: &StageResult, stage: &str) -> StageRow {
        let finished = &result.finished;
        let plan = self.plan.borrow();
        let node = plan.node(finished.node);
        StageRow {
            stage: stage.to_owned(),
            kind: node.kind.clone(),
            status: result.finished.status,
            seconds: if finished.status == Status::Cached { finished.saved } else { finished.seconds },
            fingerprint: result.finished.fingerprint.clone(),
            variant: node.variant.clone(),
            metrics: result.finished.outcome.metrics.clone(),
            series: result.finished.outcome.series.clone(),
            artifacts: result.finished.artifacts.clone(),
            reasons: result.finished.reasons.clone(),
            error: result.finished.error.clone(),
        }
    }

    fn keep(&self, result: &RunResult, figures: Option<FiguresDir>, page: Option<&Path>) {
        let link = page.and_then(|page| page.strip_prefix(&self.reports).ok()).map(|page| page.display().to_string());
        self.runs.borrow_mut().push(RunSummary {
            run: Run {
                id: result.info.id.clone(),
                experiment: self.name.as_str().into(),
                params: Arc::new(result.info.variant.clone()),
                seed: result.info.seed,
                metrics: result.metrics.clone().into_iter().collect(),
                aims: self.aims.clone(),
                ..Run::default()
            },
            status: result.status,
            link,
            seconds: result.seconds + result.saved,
            warnings: warnings(result),
            figures,
            sources: sources(result),
        });
    }

    /// Whether the page of an earlier launch is worth more than one of this launch: it has figures, and this launch,
    /// which did not get to its end or was not to, has none for it.
    fn stays(&self, page: &Path, status: Status, figures: bool) -> bool {
        let whole = !self.partial && matches!(status, Status::Executed | Status::Cached);
        let stays = !whole && !figures && page::has_figures(page);
        if stays && !self.told_kept.replace(true) {
            remark("this launch made no figures: pages with those of an earlier one stay as they are");
        }
        stays
    }

    /// A page that cannot be written is a pity, not a failure: results are in the cache, and the next launch writes it.
    fn written(&self, result: crate::report::Result<PathBuf>) -> Option<PathBuf> {
        let problem = match result {
            Ok(path) => return Some(path),
            Err(problem) => problem,
        };
        if !self.told.replace(true) {
            let help = "make room or name another place with --reports-dir, and launch again: nothing is computed anew";
            remark(&format!("warning: not all reports are written: {problem}\n  help: {help}"));
        }
        None
    }
}

impl Reporter for Pages {
    fn run(&self, result: &RunResult) -> Option<PathBuf> {
        let mut stages: Vec<(&&str, &&StageResult)> = result.stages.iter().collect();
        stages.sort_by_key(|(_, result)| result.finished.node);
        let figures = figures(&self.plan.borrow(), result);
        // A stop is to take no longer for the many runs that it finds waiting.
        if figures.is_none() && matches!(result.status, Status::Skipped | Status::Interrupted) {
            self.keep(result, None, None);
            return None;
        }
        let page = RunPage {
            experiment: self.name.clone(),
            title: self.title.clone(),
            question: self.question.clone(),
            id: result.info.id.clone(),
            status: result.status,
            variant: result.info.variant.clone(),
            seed: result.info.seed,
            params: result.info.params.clone(),
            provenance: self.provenance.clone(),
            stages: stages.iter().map(|(name, result)| self.row(result, name)).collect(),
            metrics: result.metrics.clone(),
            warnings: warnings(result),
            figures: figures.clone(),
            config: self.config.clone(),
            dag: svg_of(&self.plan.borrow(), &result.info.stages.values().copied().collect()),
        };
        let stays = self.stays(&page::run_path(&self.reports, &page), result.status, figures.is_some());
        let written = if stays { None } else { self.written(page::write_run(&self.reports, &page)) };
        self.keep(result, figures, written.as_deref());
        written
    }

    fn grown(&self, plan: &Plan) {
        self.plan.replace(plan.clone());
    }

    fn experiment(&self, summary: &Summary, results: &[Option<StageResult>]) -> Option<PathBuf> {
        let plan = self.plan.borrow();
        let rows = results.iter().flatten();
        let mut runs = self.runs.take();
        let planned = plan.runs.iter().zip(0..).map(|(run, place)| ((&run.variant, run.seed), place));
        let places: HashMap<_, usize> = planned.collect();
        runs.sort_by_key(|RunSummary { run, .. }| places.get(&(&*run.params, run.seed)).copied());
        let mut swept = self.swept.clone();
        // A search varies what its pruner needs besides.
        let more: BTreeSet<&String> = runs.iter().flat_map(|summary| summary.run.params.keys()).collect();
        swept.extend(more.into_iter().filter(|param| !self.swept.contains(param)).cloned());
        if !self.names.is_empty() {
            swept = vec![CHANGE.to_owned()];
            for RunSummary { run, .. } in &mut runs {
                if let Some((_, name)) = self.names.iter().find(|(values, _)| *values == *run.params) {
                    run.params = Arc::new(name.clone());
                }
            }
        }
        let page = ExperimentPage {
            name: self.name.clone(),
            title: self.title.clone(),
            question: self.question.clone(),
            runs,
            swept,
            metrics: self.metrics.clone(),
            baseline: self.names.first().map(|(_, base)| base.clone()),
            search: self.search.clone(),
            incomparable: incomparable(&plan),
            launch: LaunchSummary {
                id: self.launch.clone(),
                executed: summary.executed,
                cached: summary.cached,
                failed: summary.failed,
                skipped: summary.skipped + summary.interrupted,
                seconds: summary.seconds,
            },
            stages: rows.map(|result| self.row(result, &plan.node(result.finished.node).stage)).collect(),
            provenance: self.provenance.clone(),
            config: self.config.clone(),
            dag: draw(&plan, Format::Svg, false),
        };
        let figures = page.runs.iter().any(|run| run.figures.is_some());
        if self.stays(&page::experiment_path(&self.reports, &self.name), summary.status, figures) {
            return None;
        }
        self.written(page::write_experiment(&self.reports, &page))
    }
}

/// Makes sure that pages can be written at `reports`, without writing any: hours later would be too late to say so.
pub fn check_place(reports: &Path) -> Result<(), Stop> {
    let there = reports.ancestors().find(|place| place.exists()).unwrap_or(reports);
    let tried = match there.is_dir() {
        // A file without a name, which leaves nothing behind whatever happens.
        true => tempfile::tempfile_in(there).map(drop),
        false => Err(io::ErrorKind::NotADirectory.into()),
    };
    let help = "name a place for the reports that can be written with --reports-dir";
    tried.map_err(|error| {
        let within = if there == reports { String::new() } else { format!(" ({})", there.display()) };
        Stop::usage(format!("cannot write reports to {}{within}: {error}", reports.display())).help(help)
    })
}

fn objectives(experiment: &Experiment) -> impl Iterator<Item = &Objective> {
    experiment.search.iter().flat_map(|search| &search.objectives)
}

/// What the page is about: what was searched for, then what is asked for.
fn metrics(experiment: &Experiment) -> Vec<String> {
    let mut metrics: Vec<String> = objectives(experiment).map(|objective| objective.metric.clone()).collect();
    let asked = experiment.metrics.iter().filter(|asked| !metrics.contains(&asked.metric));
    let asked: Vec<String> = asked.map(|asked| asked.metric.clone()).collect();
    metrics.extend(asked);
    metrics
}

fn search(search: &config::Search) -> SearchSummary {
    let objective = |objective: &Objective| (objective.metric.clone(), objective.better);
    SearchSummary {
        objectives: search.objectives.iter().map(objective).collect(),
        resource: search.resource.as_ref().map(|resource| resource.param.clone()),
    }
}

/// What an ablation's variants are called, by their swept values: the base, then the changes.
fn names(ablation: &config::Ablation) -> Vec<(Map<String, Value>, Map<String, Value>)> {
    let named = |name: &str| Map::from_iter([(CHANGE.to_owned(), Value::from(name))]);
    let base = (Map::new(), named(&ablation.base_name));
    let changes = ablation.changes.iter().map(|change| (change.variant.clone(), named(&change.name)));
    std::iter::once(base).chain(changes).collect()
}

/// What the stages of a run made, for pictures of several runs.
fn sources(result: &RunResult) -> Vec<Source> {
    let made = result.stages.iter().flat_map(|(stage, result)| {
        result.record.iter().flat_map(|record| &record.outputs).zip(&result.finished.artifacts).map(
            move |((_, artifact), info)| Source {
                artifact_type: artifact.artifact_type,
                stage: (*stage).to_owned(),
                files: info.files.iter().map(|file| (file.name.clone(), file.path.clone())).collect(),
            },
        )
    });
    made.collect()
}

/// Files of the first figures that a stage of the run gave.
fn figures(plan: &Plan, result: &RunResult) -> Option<FiguresDir> {
    let of_report = |stage: &&&StageResult| plan.node(stage.finished.node).kind == "report";
    let artifacts = &result.stages.values().find(of_report)?.finished.artifacts;
    let figures = artifacts.iter().find(|artifact| artifact.port == "figures")?;
    Some(figures.files.iter().map(|file| (file.name.clone(), file.path.clone())).collect())
}

/// Metrics that do not mean the same in all runs, because a param of their stage that decides what they measure differs.
fn incomparable(plan: &Plan) -> BTreeSet<String> {
    let mut params: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (stage, node) in plan.runs.iter().flat_map(|run| &run.stages) {
        params.entry(stage).or_default().push(&plan.node(*node).params);
    }
    let mut names = BTreeSet::new();
    for (stage, params) in params {
        let differs = |name: &&str| params.iter().any(|own| own.get(name) != params[0].get(name));
        let of_stage = merit::MEASURED_BY.iter().filter(|(_, deciding)| deciding.iter().any(differs));
        names.extend(of_stage.map(|(metric, _)| format!("{stage}.{metric}")));
    }
    names
}

/// Failures, then warnings of all stages in the order they ran.
fn warnings(result: &RunResult) -> Vec<String> {
    let mut stages: Vec<_> = result.stages.iter().map(|(name, stage)| (name, &stage.finished)).collect();
    stages.sort_by_key(|(_, finished)| (finished.status != Status::Failed, finished.node));
    let mut texts: Vec<String> = vec![];
    for (name, finished) in stages {
        let failed = finished.error.as_ref().filter(|_| finished.status == Status::Failed);
        let all = failed.map(|error| format!("`{name}` failed: {error}")).into_iter();
        texts.extend(all.chain(finished.outcome.warnings.iter().map(|warning| format!("`{name}`: {warning}"))));
    }
    texts
}

//! The plan of an experiment, or everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::config::{Axis, Experiment, Point};
use crate::diagnostic::{Diagnostic, nearest_or};
use crate::kind::Catalog;
use crate::plan::findings::Findings;
use crate::plan::form::Forms;
use crate::plan::merge::{Merger, Works};
use crate::plan::wiring::{Wiring, wire};
use crate::plan::{Plan, Run};

/// Most stages of all runs together, counted before equal ones are merged: more would rather be a mistake than a plan.
const MAX_STAGES: usize = 100_000;

/// Expands the sweep, checks every stage of every variant, wires them, and merges equal work into one graph.
///
/// Stages that agree in several variants are checked once. Errors: everything that is wrong, each thing once; what is
/// wrong in some variants only says in which. Of an experiment that is not whole only the errors are of use.
pub fn build(experiment: &Experiment, catalog: &dyn Catalog) -> Result<Plan, Vec<Diagnostic>> {
    refuse_too_many(experiment)?;
    let points = &experiment.sweep.points;
    let mut checked = Checked::new(experiment, catalog);
    let variants: Vec<Variant> = (0..points.len()).map(|index| checked.variant(index, &points[index])).collect();
    let mut problems = checked.findings.take(&experiment.sweep);
    // What a search varies is used at some points only, and checked when the files are read.
    if experiment.whole && experiment.search.is_none() && checked.forms.iter().all(|form| !form.stage.in_doubt) {
        problems.extend(unused_axes(experiment, &checked.forms));
    }
    if problems.is_empty() && experiment.whole { Ok(checked.plan(points.iter().zip(&variants))) } else { Err(problems) }
}

/// Refuses a sweep that would take all memory before anyone notices.
fn refuse_too_many(experiment: &Experiment) -> Result<(), Vec<Diagnostic>> {
    let (stages, repeats) = (experiment.pipeline.stages.len(), experiment.repeats as usize);
    let trials = experiment.search.as_ref().map_or(0, |search| search.settings.trials);
    let points = experiment.sweep.points.len().max(trials);
    let runs = points.saturating_mul(repeats);
    if runs.saturating_mul(stages) <= MAX_STAGES {
        return Ok(());
    }
    let message =
        format!("{runs} runs ({points} points x {repeats} repeats) of {stages} stages are over {MAX_STAGES} stages");
    if let Some(search) = &experiment.search {
        let problem = Diagnostic::new("too-many-stages", message).at(search.span, "tries so many points");
        return Err(vec![problem.help("lower `trials`")]);
    }
    let diagnostic =
        Diagnostic::new("too-many-stages", message).help("sweep over fewer values, or in several experiments");
    Err(vec![match experiment.sweep.axes.iter().max_by_key(|axis| axis.values.len()) {
        Some(axis) => diagnostic.at(axis.span, "the longest axis"),
        None => diagnostic,
    }])
}

/// A point of the sweep with its stages wired.
struct Variant {
    /// The form of each slot.
    slots: Vec<usize>,
    /// The work of each slot; `None` where a companion has been left out.
    works: Vec<Option<usize>>,
    wiring: usize,
}

/// Everything that has been looked at so far.
struct Checked<'a> {
    experiment: &'a Experiment,
    catalog: &'a dyn Catalog,
    forms: Forms<'a>,
    wirings: Vec<Wiring>,
    known_wirings: HashMap<Vec<usize>, usize>,
    works: Works,
    findings: Findings,
}

impl<'a> Checked<'a> {
    fn new(experiment: &'a Experiment, catalog: &'a dyn Catalog) -> Self {
        let (wirings, known_wirings, works, findings) = Default::default();
        let forms = Forms::new(experiment, catalog);
        Self { experiment, catalog, forms, wirings, known_wirings, works, findings }
    }

    /// A variant's stages, checked.
    fn variant(&mut self, index: usize, point: &Point) -> Variant {
        let (stages, problems) = self.experiment.resolve(&self.experiment.sweep.located(point));
        self.findings.add(index, &problems);
        let slots: Vec<usize> = stages.into_iter().flat_map(|stage| self.forms.intern(stage, point)).collect();
        let wiring = self.wiring(&slots);
        let wired = (wiring, &self.wirings[wiring]);
        let works = self.works.intern(&slots, wired, &self.forms, self.catalog);
        for slot in &slots {
            self.findings.add(index, &self.forms.get(*slot).problems);
        }
        self.findings.add(index, &wired.1.problems);
        for work in works.iter().flatten() {
            self.findings.add(index, &self.works.get(*work).problems);
        }
        Variant { slots, works, wiring }
    }

    /// The wiring of these slots; variants that are wired alike share it.
    fn wiring(&mut self, slots: &[usize]) -> usize {
        let key: Vec<usize> = slots.iter().map(|slot| self.forms.get(*slot).wiring).collect();
        if let Some(known) = self.known_wirings.get(&key) {
            return *known;
        }
        let forms: Vec<_> = slots.iter().map(|slot| self.forms.get(*slot)).collect();
        self.wirings.push(wire(&forms, self.catalog));
        self.known_wirings.insert(key, self.wirings.len() - 1);
        self.wirings.len() - 1
    }

    /// The graph and the runs of variants in which nothing is wrong.
    fn plan<'v>(&self, variants: impl Iterator<Item = (&'v Point, &'v Variant)>) -> Plan {
        let experiment = self.experiment;
        let mut merger = Merger::default();
        let mut runs = Vec::new();
        for (point, variant) in variants {
            let params = experiment.param_values(&experiment.sweep.located(point));
            let swept = match experiment.ablation {
                // A change is what it sets.
                Some(_) => experiment.sweep.values(point),
                None => experiment.sweep.in_full(point, &params),
            };
            for seed in (0..u64::from(experiment.repeats)).map(|repeat| experiment.seed.wrapping_add(repeat)) {
                let mut stages = BTreeMap::new();
                for slot in &self.wirings[variant.wiring].order {
                    let Some(work) = variant.works[*slot] else { continue };
                    let node = merger.node(work, &self.works, &self.forms, point, seed);
                    stages.insert(self.forms.get(variant.slots[*slot]).stage.name.clone(), node);
                }
                runs.push(Run { variant: swept.clone(), seed, params: params.clone(), stages });
            }
        }
        let value = |axis: usize, index: usize| {
            let axis: &Axis = &experiment.sweep.axes[axis];
            (axis.param.clone(), axis.values[index].to_json())
        };
        let graph = merger.finish(experiment.repeats > 1, value);
        Plan { graph, runs, config: experiment.to_config() }
    }
}

/// Swept params that no stage uses in any variant: they would only repeat the same work.
fn unused_axes(experiment: &Experiment, forms: &Forms) -> Vec<Diagnostic> {
    let used: BTreeSet<usize> = forms.iter().flat_map(|form| form.axes.iter().copied()).collect();
    let params: BTreeSet<&str> = forms.iter().flat_map(|form| form.stage.used.iter().map(String::as_str)).collect();
    let unused = experiment.sweep.axes.iter().enumerate().filter(|(index, _)| !used.contains(index));
    let say = |(_, axis): (usize, &Axis)| {
        let message = format!("no stage uses the swept param `{}`", axis.param);
        let advice = "every value would repeat the same work: use it in a stage as";
        let help = match params.contains(axis.param.as_str()) {
            true => "a stage uses it where it is not varied: change its condition, or the points".to_owned(),
            false => nearest_or(&axis.param, params.iter().copied(), || {
                format!("{advice} \"${{{}}}\", or drop it", axis.param)
            }),
        };
        Diagnostic::new("unused-sweep", message).at(axis.span, "changes nothing").help(help)
    };
    unused.map(say).collect()
}

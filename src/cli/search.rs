//! Carries a search through a launch: what it proposes becomes points of the experiment, and what runs report becomes
//! the outcome of trials. Knows no sampler.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::cli::Stop;
use crate::cli::prepare::refuse;
use crate::config::value::Located;
use crate::config::{Axis, Experiment, Objective, Resource};
use crate::diagnostic::{Diagnostic, Problems};
use crate::event::Status;
use crate::merit;
use crate::plan::{self, Plan};
use crate::runner::{Growth, More, RunEnd};
use crate::search::{Better, Outcome, Proposal, Pruner, Search, Trial};
use crate::stage::Resumes;
use crate::stage::registry::{self, Registry};
use crate::text;

/// Values of a list that are asked whether trials begin anew with them, at two plans each.
const LOOKED_AT: usize = 50;

/// A search under way.
pub struct Searching {
    experiment: Experiment,
    search: Search,
    /// Stages that are run; empty for all.
    only: Vec<String>,
    /// Every point so far, in the order of the plan's variants.
    points: Vec<Map<String, Value>>,
    /// What was proposed last, each with its place among the points.
    asked: Vec<(Proposal, usize)>,
    /// What the first round had to say, when nobody listened yet.
    untold: Vec<String>,
    /// That runs lack an objective was told.
    told_lost: bool,
    /// Some run ended well.
    any_well: bool,
}

impl Searching {
    /// A search, and the plan of its first round; `None` when the experiment has none. Error: the space or the settings
    /// do not make a search.
    pub fn begin(experiment: &Experiment, only: &[String]) -> Result<Option<(Self, Plan)>, Stop> {
        let Some(wanted) = &experiment.search else { return Ok(None) };
        let refused = |problem: Diagnostic| refuse(&Problems::new(vec![problem], experiment.sources.clone()));
        let search = Search::new(wanted.space.clone(), wanted.settings.clone()).map_err(|error| {
            refused(Diagnostic::new("bad-search", error.to_string()).at(wanted.span, "asked for here"))
        })?;
        let experiment = experiment.clone();
        let mut own = Self {
            experiment,
            search,
            only: only.to_vec(),
            points: vec![],
            asked: vec![],
            untold: vec![],
            told_lost: false,
            any_well: false,
        };
        let anew = own.check_resource().map_err(|problems| refuse(&problems))?;
        let first = own.round();
        let nothing = || {
            let help = first.notices.first().cloned().unwrap_or_default();
            Diagnostic::new("empty-sweep", "no point of the space can be run").at(wanted.span, "").help(help)
        };
        let plan = first.plan.ok_or_else(|| refused(nothing()))?;
        own.untold = anew.into_iter().chain(first.notices).collect();
        Ok(Some((own, plan)))
    }

    /// Asks for trials until there is something to run. Points that make no valid plan fail before they are run.
    fn round(&mut self) -> More {
        let mut notices = Vec::new();
        loop {
            let proposals = self.search.ask();
            if proposals.is_empty() {
                notices.push(self.conclusion());
                return More { plan: None, notices };
            }
            for proposal in proposals {
                let point = self.point(&proposal);
                match self.plan(std::slice::from_ref(&point)) {
                    Ok(_) => {
                        self.asked.push((proposal, self.points.len()));
                        self.points.push(point);
                    }
                    Err(problems) => {
                        notices.push(format!("not tried: {}: {}", text::pairs(&point), first_of(&problems)));
                        self.tell(&proposal, &Outcome::Failed);
                    }
                }
            }
            match self.plan(&self.points) {
                _ if self.asked.is_empty() => {}
                Ok(plan) => return More { plan: Some(plan), notices },
                // Too much all together.
                Err(problems) => {
                    notices.extend([format!("the search ends: {}", first_of(&problems)), self.conclusion()]);
                    return More { plan: None, notices };
                }
            }
        }
    }

    /// What is wrong with the most of the resource, whatever else the points are, and what its stages make of it.
    fn check_resource(&self) -> Result<Option<String>, Problems> {
        let search = self.experiment.search.as_ref();
        let resource = search.and_then(|search| search.resource.as_ref().zip(search.settings.pruner));
        let Some((Resource { param, span }, Pruner { min, max, .. })) = resource else { return Ok(None) };
        let with = |change: &Map<String, Value>, amount: u64| {
            let mut point = change.clone();
            point.insert(param.clone(), amount.into());
            self.plan(&[point])
        };
        if let Err(mut problems) = with(&Map::new(), max) {
            problems.diagnostics.retain(|problem| problem.span == Some(*span));
            return if problems.diagnostics.is_empty() { Ok(None) } else { Err(problems) };
        }
        let anew = |change: &Map<String, Value>| {
            let (least, most) = (with(change, min).ok()?, with(change, max).ok()?);
            Some(beginning_anew(&least, &most).map(str::to_owned))
        };
        Ok(self.stage_and_trials_beginning_anew(anew).map(|(stage, trials)| {
            format!(
                "what `{stage}` does with few `{param}` is not the beginning of what it does with more: \
                 {trials} that get more begin anew"
            )
        }))
    }

    /// A stage that does not go on from less of the resource, and in which trials, as far as the first values of each
    /// list tell. `anew` names it for a change to the experiment's own values, and knows nothing of a change that makes
    /// no plan.
    fn stage_and_trials_beginning_anew(
        &self,
        anew: impl Fn(&Map<String, Value>) -> Option<Option<String>>,
    ) -> Option<(String, String)> {
        let own = anew(&Map::new())?;
        let with_each = |axis: &Axis| -> Vec<(Option<String>, String)> {
            let change = |value: &Located| Map::from_iter([(axis.param.clone(), value.to_json())]);
            let changes = axis.values.iter().take(LOOKED_AT).map(change);
            changes.filter_map(|change| Some((anew(&change)?, text::pairs(&change)))).collect()
        };
        let mut axes: Vec<_> = self.experiment.sweep.axes.iter().map(with_each).collect();
        axes.retain(|of| of.iter().any(|(stage, _)| stage.is_some() != own.is_some()));
        if axes.is_empty() {
            return Some((own?, "trials".to_owned()));
        }
        let found = axes.into_iter().flatten().filter_map(|(stage, value)| Some((stage?, value)));
        let (stages, values): (Vec<String>, Vec<String>) = found.unzip();
        Some((stages.into_iter().next()?, format!("trials with {}", values.join(" or "))))
    }

    /// A proposal as the experiment's params.
    fn point(&self, proposal: &Proposal) -> Map<String, Value> {
        let mut point = proposal.point.clone();
        let resource = self.experiment.search.as_ref().and_then(|search| search.resource.as_ref());
        if let (Some(resource), Some(amount)) = (resource, proposal.resource) {
            point.insert(resource.param.clone(), amount.into());
        }
        point
    }

    fn plan(&self, points: &[Map<String, Value>]) -> Result<Plan, Problems> {
        let experiment = self.experiment.at_points(points)?;
        let told = |diagnostics| Problems::new(diagnostics, experiment.sources.clone());
        let plan = plan::build(&experiment, &Registry).map_err(told)?;
        match self.only.as_slice() {
            [] => Ok(plan),
            stages => plan.only(stages).map_err(|problem| told(vec![problem])),
        }
    }

    fn tell(&mut self, proposal: &Proposal, outcome: &Outcome) {
        self.search
            .tell(proposal.trial, proposal.resource, outcome)
            .expect("a proposed trial is told of once, with a value for each objective");
    }

    /// The mean over the seeds of each objective; a trial of which any seed failed has failed.
    fn outcome(&self, runs: &[RunEnd]) -> Outcome {
        if !runs.iter().all(ended_well) {
            return Outcome::Failed;
        }
        let mean = |objective: &Objective| {
            let values = runs.iter().map(|run| run.metrics.get(&objective.metric).copied().unwrap_or(f64::NAN));
            values.sum::<f64>() / runs.len() as f64
        };
        Outcome::Values(self.objectives().iter().map(mean).collect())
    }

    fn objectives(&self) -> &[Objective] {
        self.experiment.search.as_ref().map_or(&[], |search| &search.objectives)
    }

    /// "search: 40 trials; evaluate.mse is least, 0.0123, with latent_dim=12"
    fn conclusion(&self) -> String {
        let trials = text::count(self.search.history().len(), "trial");
        let exhausted = if self.search.is_exhausted() { ", all points of the space" } else { "" };
        let told = match self.objectives() {
            [objective] => match self.search.best() {
                Some(best) => {
                    let word = if objective.better == Better::Lower { "least" } else { "greatest" };
                    let value = last_values(&best).first().map_or_else(String::new, |value| text::number(*value));
                    format!("{} is {word}, {value}, with {}", objective.metric, text::pairs(&best.point))
                }
                None => self.without_best(),
            },
            _ if self.search.front().is_empty() => self.without_best(),
            _ => {
                let front = self.search.front();
                let one = |trial: &Trial| {
                    let values = last_values(trial).iter().map(|value| text::number(*value)).collect::<Vec<_>>();
                    format!("{} ({})", text::pairs(&trial.point), values.join(", "))
                };
                let listed = front.iter().map(one).collect::<Vec<_>>().join("; ");
                format!("not beaten in {} at once: {listed}", self.names(", "))
            }
        };
        format!("search: {trials}{exhausted}; {told}")
    }

    /// Why there is no best trial.
    fn without_best(&self) -> String {
        match self.any_well {
            true => format!("none of them gave a finite {}", self.names(" and ")),
            false => "none of them ended well".to_owned(),
        }
    }

    fn names(&self, between: &str) -> String {
        self.objectives().iter().map(|objective| objective.metric.as_str()).collect::<Vec<_>>().join(between)
    }

    /// An objective that none of these runs reports, though some ended well: the search can only guess.
    fn lost(&self, runs: &[RunEnd]) -> Option<String> {
        let well: Vec<&RunEnd> = runs.iter().filter(|run| ended_well(run)).collect();
        let is_lost = |of: &&Objective| well.iter().all(|run| !run.metrics.contains_key(&of.metric));
        let Objective { metric, .. } = self.objectives().iter().find(is_lost).filter(|_| !well.is_empty())?;
        let known: BTreeSet<&str> = well.iter().flat_map(|run| run.metrics.keys()).map(String::as_str).collect();
        let known = known.into_iter().filter(|name| !merit::of_companion(name)).collect::<Vec<_>>().join(", ");
        Some(format!("no trial reports {metric} so far, so the search only guesses; they report {known}"))
    }
}

impl Growth for Searching {
    fn grow(&mut self, ended: &[RunEnd]) -> More {
        if let Some(lost) = self.lost(ended).filter(|_| !self.told_lost) {
            self.told_lost = true;
            self.untold.push(lost);
        }
        self.any_well |= ended.iter().any(ended_well);
        let repeats = self.experiment.repeats as usize;
        for (proposal, point) in std::mem::take(&mut self.asked) {
            let outcome = ended.get(point * repeats..(point + 1) * repeats).map(|runs| self.outcome(runs));
            self.tell(&proposal, &outcome.unwrap_or(Outcome::Failed));
        }
        let mut more = self.round();
        more.notices.splice(0..0, std::mem::take(&mut self.untold));
        more
    }
}

fn ended_well(run: &RunEnd) -> bool {
    matches!(run.status, Status::Executed | Status::Cached)
}

/// What a trial gave with the most of the resource.
fn last_values(trial: &Trial) -> &[f64] {
    match trial.outcomes.last() {
        Some((_, Outcome::Values(values))) => values,
        _ => &[],
    }
}

fn first_of(problems: &Problems) -> &str {
    problems.diagnostics.first().map_or("", |problem| &problem.message)
}

/// A stage that works otherwise with the most of the resource than with the least, and does not go on from there.
fn beginning_anew<'p>(least: &Plan, most: &'p Plan) -> Option<&'p str> {
    let without = |params: &Value, steps: &str| {
        let kept = params.as_object().into_iter().flatten().filter(|(name, _)| *name != steps);
        kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<String, Value>>()
    };
    let anew = |(stage, node): &(&String, &usize)| {
        let more = most.node(**node);
        let Some(few) = least.runs.first().and_then(|run| run.stages.get(*stage)).map(|node| least.node(*node)) else {
            return false;
        };
        let goes_on = match registry::find(&more.kind).map(|kind| kind.resumes(&more.params)) {
            Some(Resumes::Longer(steps)) => without(&few.params, steps) == without(&more.params, steps),
            _ => false,
        };
        few.params != more.params && !goes_on
    };
    most.runs.first()?.stages.iter().find(anew).map(|(stage, _)| stage.as_str())
}

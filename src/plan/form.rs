//! A stage as it is in some variants: its kind looked up and its params checked. Variants that give a stage the same
//! swept values share one form, so that nothing is checked twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use serde_json::Value;

use crate::config::value::{Kind, Located};
use crate::config::{Experiment, Point, ResolvedStage, is_plain};
use crate::diagnostic::{Diagnostic, nearest_or};
use crate::kind::{Catalog, Companion, Description, REPORT_IT, answer};
use crate::plan::companion::companion_stage;
use crate::plan::params::Checker;

/// A stage or a companion, in the variants that agree on all it uses.
pub struct Form<'a> {
    pub stage: ResolvedStage,
    /// `None` when there is no such kind.
    pub description: Option<&'a Description>,
    /// What the kind of the stage before it says of it; `None` for a written stage.
    pub companion: Option<&'a Companion>,
    /// Normalized; `None` when something is wrong with them.
    pub params: Option<Value>,
    /// Whether the output depends on the seed.
    pub random: bool,
    /// The sweep's axes that it uses, where they are varied.
    pub axes: BTreeSet<usize>,
    /// Equal for forms that are wired alike.
    pub wiring: usize,
    pub problems: Vec<Diagnostic>,
}

impl Form<'_> {
    /// That the kind panicked when it was asked something about this stage.
    pub fn bug(&self, message: String) -> Diagnostic {
        Diagnostic::new("bug", message).at(self.stage.uses.span, "asked about this stage").help(REPORT_IT)
    }
}

/// A stage and the swept values that it uses: axis and index.
type Use = (String, Vec<(usize, usize)>);

/// All forms met so far.
pub struct Forms<'a> {
    experiment: &'a Experiment,
    catalog: &'a dyn Catalog,
    axes: HashMap<&'a str, usize>,
    written: HashMap<&'a str, &'a Located>,
    forms: Vec<Form<'a>>,
    known: HashMap<Use, Range<usize>>,
    wirings: HashMap<String, usize>,
}

impl<'a> Forms<'a> {
    pub fn new(experiment: &'a Experiment, catalog: &'a dyn Catalog) -> Self {
        let axes = experiment.sweep.axes.iter().enumerate().map(|(index, axis)| (axis.param.as_str(), index)).collect();
        let written = experiment.pipeline.stages.iter().map(|stage| (stage.name.as_str(), &stage.params)).collect();
        let (forms, known, wirings) = Default::default();
        Self { experiment, catalog, axes, written, forms, known, wirings }
    }

    pub fn get(&self, form: usize) -> &Form<'a> {
        &self.forms[form]
    }

    /// All forms.
    pub fn iter(&self) -> impl Iterator<Item = &Form<'a>> {
        self.forms.iter()
    }

    /// The form of a stage at a point, followed by those of its companions.
    pub fn intern(&mut self, stage: ResolvedStage, point: &Point) -> Range<usize> {
        let axes = stage.used.iter().filter_map(|param| self.axes.get(param.as_str()).copied());
        let varied: BTreeMap<usize, usize> = axes.filter_map(|axis| Some((axis, point[axis]?))).collect();
        let axes = varied.keys().copied().collect();
        let key = (stage.name.clone(), varied.into_iter().collect());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let start = self.forms.len();
        let form = self.form(stage, axes, None);
        let (companions, written) = (form.description.map_or(&[][..], |kind| kind.companions), form.params.is_some());
        self.forms.push(form);
        for companion in companions.iter().filter(|_| written) {
            let stage = companion_stage(companion, &self.forms[start].stage);
            let form = self.form(stage, BTreeSet::new(), Some(companion));
            self.forms.push(form);
        }
        self.known.insert(key, start..self.forms.len());
        start..self.forms.len()
    }

    fn form(&mut self, stage: ResolvedStage, axes: BTreeSet<usize>, companion: Option<&'a Companion>) -> Form<'a> {
        let wiring = format!("{} {:?} {:?}", stage.name, stage.uses.kind, stage.inputs);
        let count = self.wirings.len();
        let wiring = *self.wirings.entry(wiring).or_insert(count);
        let mut form =
            Form { description: None, companion, params: None, random: false, axes, wiring, problems: vec![], stage };
        let uses = &form.stage.uses;
        if form.stage.in_doubt && uses.as_text().is_none_or(|_| !is_plain(uses)) {
            return form;
        }
        match self.kind(&form.stage) {
            Ok(kind) => form.description = Some(kind),
            Err(problem) => form.problems.push(problem),
        }
        if form.stage.in_doubt {
            return form;
        }
        match self.checker(&form).map(|checker| checker.normalize()) {
            Some(Ok(params)) => {
                let random = |kind: &Description| answer(kind.kind, || self.catalog.draws_random(kind.kind, &params));
                match form.description.map_or(Ok(false), random) {
                    Ok(random) => form.random = random,
                    Err(bug) => form.problems.push(form.bug(bug)),
                }
                form.params = Some(params);
            }
            Some(Err(problems)) => form.problems.extend(problems),
            None => {}
        }
        form
    }

    /// What checks the params of a form and says where they stand; `None` when its kind is unknown.
    pub fn checker<'b>(&'b self, form: &'b Form) -> Option<Checker<'b>> {
        let written = self.written.get(form.stage.name.as_str()).copied();
        let sources = &self.experiment.sources;
        Some(Checker { stage: &form.stage, description: form.description?, sources, written })
    }

    /// The kind that a stage uses.
    fn kind(&self, stage: &ResolvedStage) -> Result<&'a Description, Diagnostic> {
        let Kind::Text(name) = &stage.uses.kind else {
            let message = format!("`uses` of `{}` must be a stage kind in quotes", stage.name);
            return Err(Diagnostic::new("wrong-type", message).at(stage.uses.span, stage.uses.type_name()));
        };
        self.catalog.describe(name).ok_or_else(|| {
            let kinds = self.catalog.kinds();
            let kinds = kinds.iter().map(|kind| kind.kind);
            let help = nearest_or(name, kinds, || "`pipeline stages` lists the kinds there are".to_owned());
            let diagnostic = Diagnostic::new("unknown-kind", format!("there is no stage kind `{name}`"));
            diagnostic.at(stage.uses.span, "not a stage kind").help(help)
        })
    }
}

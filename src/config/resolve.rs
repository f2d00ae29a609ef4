//! The values of one variant: every reference in the stages replaced by what the params are at that point.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::interpolate::{Piece, Reference, is_plain, pieces, whole_reference};
use super::reader::wrong_type;
use super::value::{Entry, Kind, Located};
use super::{Experiment, Inputs, ParamValues, ResolvedStage, StageDef, Wire, params};
use crate::diagnostic::{Diagnostic, Span};

/// References within references, over which something must be wrong.
pub const MAX_DEPTH: usize = 64;
/// Characters and values that the references of one variant may grow to.
const MAX_GROWTH: usize = 1 << 18;

impl Experiment {
    /// The stages of one point of the sweep, all references replaced, and what is wrong with that: a param's value
    /// follows from others and does not fit it, or cannot stand in a text. Stages that this is about are in doubt.
    /// `point` has the swept params' values; the other params have the experiment's.
    pub fn resolve(&self, point: &BTreeMap<String, Located>) -> (Vec<ResolvedStage>, Vec<Diagnostic>) {
        let mut resolver = Resolver::new(self, point);
        let stages = self.pipeline.stages.iter().map(|stage| resolver.stage(stage)).collect();
        if self.whole {
            resolver.params();
        }
        (stages, resolver.diagnostics)
    }

    /// What is wrong with the params at a point, the stages left aside.
    pub(super) fn check_params(&self, point: &BTreeMap<String, Located>) -> Vec<Diagnostic> {
        let mut resolver = Resolver::new(self, point);
        resolver.params();
        resolver.diagnostics
    }

    /// The values of all params at a point of the sweep, references replaced. What [`resolve`](Self::resolve) refuses
    /// stands as it was written.
    pub fn param_values(&self, point: &BTreeMap<String, Located>) -> ParamValues {
        let mut resolver = Resolver::new(self, point);
        let params = self.params.iter();
        params
            .map(|(name, written)| {
                let found = resolver.param(name);
                (name.clone(), found.as_ref().map_or(written, Found::value).to_json())
            })
            .collect()
    }
}

/// A param's value at the point.
enum Found<'a> {
    /// As it was written.
    Written(&'a Located),
    /// From other params.
    Derived(Rc<Derived<'a>>),
}

struct Derived<'a> {
    value: Located,
    used: Vec<&'a str>,
    size: usize,
}

impl Found<'_> {
    fn value(&self) -> &Located {
        match self {
            Self::Written(value) => value,
            Self::Derived(derived) => &derived.value,
        }
    }
}

struct Resolver<'a> {
    experiment: &'a Experiment,
    point: &'a BTreeMap<String, Located>,
    /// By param and carried name.
    derived: BTreeMap<(&'a str, Option<&'a str>), Rc<Derived<'a>>>,
    depth: usize,
    growth: usize,
    diagnostics: Vec<Diagnostic>,
    /// Params that something was wrong with.
    broken: BTreeSet<&'a str>,
}

impl<'a> Resolver<'a> {
    fn new(experiment: &'a Experiment, point: &'a BTreeMap<String, Located>) -> Self {
        let (derived, diagnostics, broken) = Default::default();
        Self { experiment, point, derived, depth: 0, growth: 0, diagnostics, broken }
    }

    fn params(&mut self) {
        for name in self.experiment.params.keys() {
            self.param(name);
        }
    }

    fn stage(&mut self, stage: &'a StageDef) -> ResolvedStage {
        if stage.in_doubt {
            return as_written(stage);
        }
        let before = self.diagnostics.len();
        let mut used = Vec::new();
        let uses = self.value(&stage.uses, &mut used);
        if uses.as_text().is_none() {
            self.diagnostics.push(wrong_type("uses", "a stage kind's name", &uses));
        }
        let inputs = match &stage.inputs {
            Inputs::Absent => Inputs::Absent,
            Inputs::Named(wires) => Inputs::Named(self.wires(wires, &mut used)),
            Inputs::Listed(wires) => Inputs::Listed(self.wires(wires, &mut used)),
        };
        let params = self.value(&stage.params, &mut used);
        if self.diagnostics.len() > before || used.iter().any(|param| self.broken.contains(param)) {
            return as_written(stage);
        }
        ResolvedStage {
            name: stage.name.clone(),
            name_span: stage.name_span,
            uses,
            inputs,
            params,
            used: used.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
            in_doubt: false,
        }
    }

    fn wires(&mut self, wires: &'a [Wire], used: &mut Vec<&'a str>) -> Vec<Wire> {
        wires.iter().map(|wire| if wire.is_template() { self.wire(wire, used) } else { wire.clone() }).collect()
    }

    fn wire(&mut self, wire: &'a Wire, used: &mut Vec<&'a str>) -> Wire {
        let source = self.text(&wire.stage, wire.span, used);
        match source.as_text() {
            Some(text) => wire.with_source(text),
            None => {
                self.diagnostics.push(wrong_type("inputs", "a stage's name", &source));
                wire.clone()
            }
        }
    }

    fn value(&mut self, written: &'a Located, used: &mut Vec<&'a str>) -> Located {
        let kind = match &written.kind {
            Kind::Text(text) => return self.text(text, written.span, used),
            Kind::List(items) => Kind::List(items.iter().map(|item| self.value(item, used)).collect()),
            Kind::Table(entries) => Kind::Table(entries.iter().map(|entry| self.entry(entry, used)).collect()),
            plain => plain.clone(),
        };
        Located { kind, span: written.span }
    }

    fn entry(&mut self, entry: &'a Entry, used: &mut Vec<&'a str>) -> Entry {
        Entry { key: entry.key.clone(), key_span: entry.key_span, value: self.value(&entry.value, used) }
    }

    /// A text that is one reference becomes that param's value, type and place; in any other text the values become
    /// text.
    fn text(&mut self, text: &'a str, span: Span, used: &mut Vec<&'a str>) -> Located {
        if !text.contains('$') {
            return Located { kind: Kind::Text(text.to_owned()), span };
        }
        let whole = whole_reference(text).and_then(|reference| self.find(&reference, span, used));
        if let Some(found) = whole {
            return self.copy(&found, span);
        }
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Ok(Piece::Literal(literal)) => out.push_str(literal),
                Ok(Piece::Reference(reference)) => self.embed(&reference, span, used, &mut out),
                Err(_) => self.report("bad-reference", "a reference cannot be read", span),
            }
        }
        self.grow(out.len(), span);
        Located { kind: Kind::Text(out), span }
    }

    fn embed(&mut self, reference: &Reference<'a>, span: Span, used: &mut Vec<&'a str>, out: &mut String) {
        let Some(found) = self.find(reference, span, used) else { return };
        match found.value().to_text() {
            Some(text) if self.growth <= MAX_GROWTH => out.push_str(&text),
            Some(_) => {}
            None => {
                let what = found.value().type_name();
                let problem = Diagnostic::new("not-text", format!("`{}` is {what}", reference.param));
                let problem = problem.at(span, format!("{what} cannot be a part of a text"));
                self.diagnostics.push(problem.help("let the reference be the whole string"));
            }
        }
    }

    fn find(&mut self, reference: &Reference<'a>, span: Span, used: &mut Vec<&'a str>) -> Option<Found<'a>> {
        used.push(reference.param);
        let Some(found) = self.param(reference.param) else {
            self.report("unknown-param", &format!("there is no param `{}`", reference.param), span);
            return None;
        };
        if let Found::Derived(derived) = &found {
            used.extend_from_slice(&derived.used);
        }
        let Some(carried) = reference.carried else { return Some(found) };
        let carrier = found.value().as_text();
        let choices = &self.experiment.pipeline.params.get(reference.param)?.choices;
        let choice = choices.iter().find(|choice| choice.value.as_str() == carrier);
        let Some(written) = choice.and_then(|choice| choice.carries.get(carried)) else {
            self.report("no-such-value", &format!("`{}` carries no `{carried}`", reference.param), span);
            return None;
        };
        let found = self.derive((reference.param, Some(carried)), written);
        if let Found::Derived(derived) = &found {
            used.extend_from_slice(&derived.used);
        }
        Some(found)
    }

    /// The value of a param. `None`: no such param.
    fn param(&mut self, name: &'a str) -> Option<Found<'a>> {
        let written = self.point.get(name).or_else(|| self.experiment.params.get(name))?;
        Some(self.derive((name, None), written))
    }

    fn derive(&mut self, key: (&'a str, Option<&'a str>), written: &'a Located) -> Found<'a> {
        if is_plain(written) {
            return Found::Written(written);
        }
        if let Some(derived) = self.derived.get(&key) {
            return Found::Derived(derived.clone());
        }
        if self.depth == MAX_DEPTH {
            self.report("cyclic-params", "params refer to each other too deeply", written.span);
            return Found::Written(written);
        }
        self.depth += 1;
        let before = self.diagnostics.len();
        let mut used = Vec::new();
        let value = self.value(written, &mut used);
        self.depth -= 1;
        used.sort_unstable();
        used.dedup();
        let value = self.fitted(key, value);
        if self.diagnostics.len() > before {
            self.broken.insert(key.0);
        }
        let derived = Rc::new(Derived { size: size(&value), value, used });
        self.derived.insert(key, derived.clone());
        Found::Derived(derived)
    }

    /// The value as the param takes it; that it does not fit shows only now that its references are replaced.
    fn fitted(&mut self, (name, carried): (&str, Option<&str>), value: Located) -> Located {
        let def = self.experiment.pipeline.params.get(name).filter(|_| carried.is_none());
        match def.map(|def| params::fit_resolved(name, def, &value)) {
            Some(Ok(fitted)) => return fitted,
            Some(Err(problem)) => self.diagnostics.push(problem),
            None => {}
        }
        value
    }

    fn copy(&mut self, found: &Found<'a>, span: Span) -> Located {
        if let Found::Derived(derived) = found {
            self.grow(derived.size, span);
            if self.growth > MAX_GROWTH {
                return Located { kind: Kind::List(Vec::new()), span };
            }
        }
        found.value().clone()
    }

    fn grow(&mut self, by: usize, span: Span) {
        let before = self.growth;
        self.growth = before.saturating_add(by);
        if before <= MAX_GROWTH && self.growth > MAX_GROWTH {
            self.report("too-large", "references make a value far too large", span);
        }
    }

    fn report(&mut self, code: &'static str, message: &str, span: Span) {
        self.diagnostics.push(Diagnostic::new(code, message).at(span, "").help("correct the reference"));
    }
}

/// What needs no references replaced.
fn as_written(stage: &StageDef) -> ResolvedStage {
    let plain = |wires: &[Wire]| wires.iter().filter(|wire| !wire.is_template()).cloned().collect();
    ResolvedStage {
        name: stage.name.clone(),
        name_span: stage.name_span,
        uses: stage.uses.clone(),
        inputs: match &stage.inputs {
            Inputs::Absent => Inputs::Absent,
            Inputs::Named(wires) => Inputs::Named(plain(wires)),
            Inputs::Listed(wires) => Inputs::Listed(plain(wires)),
        },
        params: stage.params.clone(),
        used: BTreeSet::new(),
        in_doubt: true,
    }
}

/// Values and characters in a value.
fn size(value: &Located) -> usize {
    match &value.kind {
        Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => 1,
        Kind::Text(text) => 1 + text.len(),
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Table(entries) => 1 + entries.iter().map(|entry| size(&entry.value)).sum::<usize>(),
    }
}

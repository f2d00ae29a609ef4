//! The wires of one pipeline: written ones, those of companions, and those that a variadic port gets by itself.

use std::collections::HashMap;
use std::ops::Deref;

use crate::artifact::ArtifactType;
use crate::diagnostic::{Diagnostic, Span};
use crate::kind::{Catalog, InputPort};
use crate::plan::companion::source;
use crate::plan::cycle::Feeds;
use crate::plan::form::Form;
use crate::plan::wire::{input_name, types};

/// A wire between two slots: places in the list of a pipeline's stages and companions.
#[derive(Debug, Clone)]
pub struct SlotWire {
    /// Index of the input port in the consumer's kind.
    pub port: usize,
    /// As [`Edge::input`](crate::plan::Edge::input).
    pub input: String,
    pub producer: usize,
    pub output: &'static str,
    pub artifact_type: ArtifactType,
}

/// For each slot the wires into it, by port and then by name.
#[derive(Debug, Default)]
pub struct Wires(Vec<Vec<SlotWire>>);

impl Deref for Wires {
    type Target = [Vec<SlotWire>];

    fn deref(&self) -> &[Vec<SlotWire>] {
        &self.0
    }
}

/// A wired pipeline.
pub struct Wiring {
    /// Slots in the order of execution. Not in it: what is on or behind a cycle, and companions that lack an input.
    pub order: Vec<usize>,
    pub wires: Wires,
    pub problems: Vec<Diagnostic>,
}

/// Wires a pipeline's stages, each followed by its companions.
pub fn wire<'a>(forms: &'a [&'a Form<'a>], catalog: &'a dyn Catalog) -> Wiring {
    let mut wirer = Wirer::new(forms, catalog);
    for slot in wirer.slots(false) {
        wirer.wires.0[slot] = wirer.written_wires(slot);
    }
    wirer.find_cycles();
    wirer.wire_companions();
    wirer.wire_the_rest();
    wirer.find_missing();
    for wires in &mut wirer.wires.0 {
        wires.sort_by(|a, b| (a.port, &a.input).cmp(&(b.port, &b.input)));
    }
    let order = wirer.feeds().order().into_iter().filter(|slot| !wirer.left_out[*slot]).collect();
    Wiring { order, wires: wirer.wires, problems: wirer.problems }
}

/// A pipeline while it is being wired.
pub struct Wirer<'a> {
    pub forms: &'a [&'a Form<'a>],
    pub catalog: &'a dyn Catalog,
    pub names: HashMap<&'a str, usize>,
    pub problems: Vec<Diagnostic>,
    /// Where the wire from one slot to another was written.
    pub places: Vec<((usize, usize), Span)>,
    /// Slots with a broken wire: what else they lack is not said.
    pub blamed: Vec<bool>,
    wires: Wires,
    left_out: Vec<bool>,
}

impl<'a> Wirer<'a> {
    fn new(forms: &'a [&'a Form<'a>], catalog: &'a dyn Catalog) -> Self {
        let names = forms.iter().enumerate().map(|(slot, form)| (form.stage.name.as_str(), slot)).collect();
        let blamed = forms.iter().map(|form| form.stage.in_doubt).collect();
        let left_out = vec![false; forms.len()];
        let wires = Wires(vec![Vec::new(); forms.len()]);
        Self { forms, catalog, names, problems: vec![], places: vec![], blamed, wires, left_out }
    }

    /// All written stages, or all companions.
    fn slots(&self, companions: bool) -> Vec<usize> {
        (0..self.forms.len()).filter(|slot| self.forms[*slot].companion.is_some() == companions).collect()
    }

    /// Who feeds whom by the wires so far.
    pub fn feeds(&self) -> Feeds {
        let wires = self.wires.iter().enumerate();
        Feeds::new(self.forms.len(), wires.flat_map(|(to, wires)| wires.iter().map(move |wire| (wire.producer, to))))
    }

    fn find_cycles(&mut self) {
        let name = |slot: usize| format!("`{}`", self.forms[slot].stage.name);
        let mut problems = Vec::new();
        for cycle in self.feeds().cycles() {
            let closed: Vec<usize> = cycle.iter().copied().chain([cycle[0]]).collect();
            let names: Vec<&str> = closed.iter().map(|slot| self.forms[*slot].stage.name.as_str()).collect();
            let message = format!("stages form a cycle: {}", names.join(" -> "));
            let mut diagnostic = Diagnostic::new("cycle", message).help("remove one of these wires");
            for (index, pair) in closed.windows(2).enumerate() {
                let place = self.places.iter().find(|(wire, _)| *wire == (pair[0], pair[1]));
                let Some((_, span)) = place else { continue };
                let label = format!("{} needs {}", name(pair[1]), name(pair[0]));
                diagnostic = if index == 0 { diagnostic.at(*span, label) } else { diagnostic.context(*span, label) };
            }
            problems.push(diagnostic);
        }
        self.problems.extend(problems);
    }

    /// Wires the companions. One for whose required input there is nothing here is left out.
    fn wire_companions(&mut self) {
        for slot in self.slots(true) {
            let owner = (0..slot).rev().find(|before| self.forms[*before].companion.is_none()).unwrap_or(slot);
            let form = self.forms[slot];
            let (Some(companion), Some(kind)) = (form.companion, form.description) else { continue };
            for (input, from) in companion.wires {
                let port = kind.inputs.iter().position(|port| port.name == *input);
                let wire = source(*from, owner, self.forms, &self.wires).filter(|wire| !self.left_out[wire.producer]);
                let Some((port, wire)) = port.zip(wire) else { continue };
                self.wires.0[slot].push(SlotWire { port, input: (*input).to_owned(), ..wire });
            }
            let lacks = |(index, port): (usize, &InputPort)| port.required && !self.is_wired(slot, index);
            self.left_out[slot] = kind.inputs.iter().enumerate().any(lacks);
        }
    }

    fn is_wired(&self, slot: usize, port: usize) -> bool {
        self.wires[slot].iter().any(|wire| wire.port == port)
    }

    /// A variadic port without wires takes all that fits from every other stage, unless that stage depends on this one
    /// or on another such stage (or else two reports would wait for each other).
    fn wire_the_rest(&mut self) {
        let open: Vec<(usize, usize)> = self.slots(false).into_iter().filter_map(|slot| self.open_port(slot)).collect();
        let feeds = self.feeds();
        let mut behind = self.left_out.clone();
        for (slot, _) in &open {
            let reached = feeds.reachable(*slot);
            behind.iter_mut().zip(reached).for_each(|(behind, reached)| *behind |= reached);
        }
        for (slot, port) in open {
            let Some(kind) = self.forms[slot].description else { continue };
            for producer in (0..self.forms.len()).filter(|producer| !behind[*producer]) {
                let form = self.forms[producer];
                let outputs = form.description.into_iter().flat_map(|kind| kind.all_outputs());
                let fitting = outputs.filter(|output| kind.inputs[port].takes(output.artifact_type));
                self.wires.0[slot].extend(fitting.map(|output| SlotWire {
                    port,
                    input: input_name(form, output.name),
                    producer,
                    output: output.name,
                    artifact_type: output.artifact_type,
                }));
            }
        }
    }

    /// The variadic port of a slot that nothing was written for.
    fn open_port(&self, slot: usize) -> Option<(usize, usize)> {
        let kind = self.forms[slot].description.filter(|_| !self.blamed[slot])?;
        let port = kind.inputs.iter().position(|port| port.variadic)?;
        (!self.is_wired(slot, port)).then_some((slot, port))
    }

    /// Stages that lack a required input.
    fn find_missing(&mut self) {
        for slot in self.slots(false) {
            let form = self.forms[slot];
            let Some(kind) = form.description.filter(|_| !self.blamed[slot]) else { continue };
            let lacks = |(index, port): &(usize, &InputPort)| port.required && !self.is_wired(slot, *index);
            let missing: Vec<&InputPort> = kind.inputs.iter().enumerate().filter(lacks).map(|(_, port)| port).collect();
            if !missing.is_empty() {
                self.problems.push(self.missing(slot, &missing));
            }
        }
    }

    fn missing(&self, slot: usize, ports: &[&InputPort]) -> Diagnostic {
        let form = self.forms[slot];
        let names: Vec<String> = ports.iter().map(|port| format!("`{}` ({})", port.name, types(port.types))).collect();
        let names = names.join(" and ");
        let example = |port: &&InputPort| Some(format!("{} = \"{}\"", port.name, self.feeders(slot, port).pop()?));
        let examples: Vec<String> = ports.iter().filter_map(example).collect();
        let mut help: Vec<String> = ports.iter().map(|port| self.would_fit(slot, port)).collect();
        if !examples.is_empty() {
            help.push(format!("for example inputs = {{ {} }}", examples.join(", ")));
        }
        let message = format!("`{}` needs the input {names}", form.stage.name);
        let diagnostic = Diagnostic::new("missing-input", message).at(form.stage.uses.span, "nothing is wired to it");
        diagnostic.help(help.join("\n"))
    }
}

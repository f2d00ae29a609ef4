//! One wire as written: which output of which stage it means, and whether that fits.

use crate::artifact::ArtifactType;
use crate::config::{Inputs, Wire};
use crate::diagnostic::{Diagnostic, did_you_mean, nearest_or};
use crate::kind::{Description, InputPort, OutputPort};
use crate::plan::form::Form;
use crate::plan::params::quoted;
use crate::plan::wiring::{SlotWire, Wirer};

impl Wirer<'_> {
    /// The wires that a stage's author wrote. What is wrong is noted.
    pub fn written_wires(&mut self, consumer: usize) -> Vec<SlotWire> {
        let form = self.forms[consumer];
        let Some(kind) = form.description else { return Vec::new() };
        let (written, listed) = match &form.stage.inputs {
            Inputs::Absent => return Vec::new(),
            Inputs::Named(wires) => (wires, false),
            Inputs::Listed(wires) => (wires, true),
        };
        let mut found: Vec<SlotWire> = Vec::new();
        for wire in written {
            let port = if listed { listed_port(kind, wire) } else { named_port(kind, wire) };
            match port.and_then(|port| self.follow(consumer, port, &kind.inputs[port], wire)) {
                Ok(wires) => {
                    let again = wires.iter().any(|wire| found.iter().any(|other| other.input == wire.input));
                    if again {
                        self.problems.push(twice(wire, form));
                    }
                    self.places.extend(wires.iter().map(|own| ((own.producer, consumer), wire.span)));
                    found.extend(wires.into_iter().filter(|_| !again));
                }
                Err(problem) => {
                    self.blamed[consumer] = true;
                    self.problems.extend(problem);
                }
            }
        }
        found
    }

    /// The outputs that a wire means. `Err(None)`: the producer is broken itself, and that is said already.
    fn follow(
        &self,
        consumer: usize,
        place: usize,
        port: &InputPort,
        wire: &Wire,
    ) -> Result<Vec<SlotWire>, Option<Diagnostic>> {
        let (producer, output) = self.source(wire)?;
        let form = self.forms[producer];
        let kind = form.description.ok_or(None)?;
        let names_companion = |name: &str| kind.companions.iter().any(|own| name.split('.').next() == Some(own.suffix));
        if form.params.is_none() && output.is_some_and(names_companion) {
            // Companions are not planned before the stage's own params are right.
            return Err(None);
        }
        let outputs = match output {
            Some(name) => vec![named_output(kind, name, wire)?],
            None => self.meant(consumer, port, kind, wire)?,
        };
        if let [output] = outputs.as_slice()
            && !port.takes(output.artifact_type)
        {
            return Err(Some(self.misfit(consumer, port, wire, &[output.artifact_type])));
        }
        let wired = |output: OutputPort| SlotWire {
            port: place,
            input: if port.variadic { input_name(form, output.name) } else { port.name.to_owned() },
            producer,
            output: output.name,
            artifact_type: output.artifact_type,
        };
        Ok(outputs.into_iter().map(wired).collect())
    }

    /// The slot that a wire comes from, and the output if it names one. A companion is named `stage.suffix`.
    fn source<'w>(&self, wire: &'w Wire) -> Result<(usize, Option<&'w str>), Diagnostic> {
        let slot = |name: &str| self.names.get(name).copied();
        let Some(output) = &wire.output else {
            return slot(&wire.stage).map(|slot| (slot, None)).ok_or_else(|| self.unknown_stage(wire));
        };
        if let Some(companion) = slot(&written(wire)) {
            return Ok((companion, None));
        }
        let of_companion = output.rsplit_once('.').map(|(suffix, output)| (format!("{}.{suffix}", wire.stage), output));
        match of_companion.and_then(|(name, output)| Some((slot(&name)?, output))) {
            Some((companion, output)) => Ok((companion, Some(output))),
            None => Ok((slot(&wire.stage).ok_or_else(|| self.unknown_stage(wire))?, Some(output))),
        }
    }

    /// The outputs meant by a stage's name alone: all that fit on a variadic port, else the only one that fits.
    fn meant(
        &self,
        consumer: usize,
        port: &InputPort,
        kind: &Description,
        wire: &Wire,
    ) -> Result<Vec<OutputPort>, Option<Diagnostic>> {
        let all: Vec<OutputPort> = kind.all_outputs().filter(|output| port.takes(output.artifact_type)).collect();
        if all.is_empty() {
            let types: Vec<ArtifactType> = kind.all_outputs().map(|output| output.artifact_type).collect();
            let carried = if kind.outputs.is_empty() { &types[..] } else { &types[..kind.outputs.len()] };
            return Err(Some(self.misfit(consumer, port, wire, carried)));
        }
        let declared: Vec<&OutputPort> =
            all.iter().filter(|output| kind.outputs.iter().any(|own| own.name == output.name)).collect();
        match (all.len(), declared.as_slice()) {
            _ if port.variadic => Ok(all),
            (_, [only]) => Ok(vec![(*only).clone()]),
            (1, _) => Ok(all),
            _ => {
                let names: Vec<String> = all.iter().map(|output| format!("{}.{}", wire.stage, output.name)).collect();
                let message = format!("`{}` has several outputs that fit `{}`", wire.stage, port.name);
                let diagnostic = Diagnostic::new("ambiguous-output", message).at(wire.span, "which of them?");
                Err(Some(diagnostic.help(format!("write one of {}", quoted(names.iter().map(String::as_str))))))
            }
        }
    }

    fn unknown_stage(&self, wire: &Wire) -> Diagnostic {
        let names = self.forms.iter().filter(|form| form.companion.is_none()).map(|form| form.stage.name.as_str());
        let help = nearest_or(&wire.stage, names.clone(), || format!("the stages are {}", quoted(names)));
        let diagnostic = Diagnostic::new("unknown-stage", format!("there is no stage `{}`", wire.stage));
        diagnostic.at(wire.span, "not a stage of this pipeline").help(help)
    }

    /// A wire that carries something else than its port takes.
    fn misfit(&self, consumer: usize, port: &InputPort, wire: &Wire, carried: &[ArtifactType]) -> Diagnostic {
        let (form, wanted) = (self.forms[consumer], types(port.types));
        let carries = if carried.is_empty() { "nothing".to_owned() } else { types(carried) };
        let message = format!(
            "the input `{}` of `{}` takes {wanted}, but `{}` carries {carries}",
            port.name,
            form.stage.name,
            written(wire)
        );
        let diagnostic = Diagnostic::new("wrong-wire", message).at(wire.span, format!("carries {carries}"));
        diagnostic.help(self.would_fit(consumer, port))
    }

    /// Which stages, or else which kinds, give what a port takes.
    pub fn would_fit(&self, consumer: usize, port: &InputPort) -> String {
        let wanted = types(port.types);
        let stages = self.feeders(consumer, port);
        if !stages.is_empty() {
            return format!("{wanted} would come from {}", quoted(stages.iter().map(String::as_str)));
        }
        let gives = |kind: &&Description| kind.outputs.iter().any(|output| port.takes(output.artifact_type));
        let kinds: Vec<&Description> = self.catalog.kinds().into_iter().filter(gives).collect();
        format!(
            "no other stage here gives {wanted}; stages of these kinds do: {}",
            quoted(kinds.iter().map(|kind| kind.kind))
        )
    }

    /// The written stages that could be wired to a port, as they would be written.
    pub fn feeders(&self, consumer: usize, port: &InputPort) -> Vec<String> {
        let dependents = self.feeds().reachable(consumer);
        let written =
            self.forms.iter().enumerate().filter(|(slot, form)| form.companion.is_none() && !dependents[*slot]);
        let fitting = |(_, form): (usize, &&Form)| {
            let kind = form.description?;
            let mut outputs = kind.outputs.iter().filter(|output| port.takes(output.artifact_type));
            let first = outputs.next()?;
            let name = &form.stage.name;
            Some(if outputs.next().is_some() { format!("{name}.{}", first.name) } else { name.clone() })
        };
        written.filter_map(fitting).collect()
    }
}

/// What an artifact is called on a variadic port.
pub fn input_name(producer: &Form, output: &str) -> String {
    let only = producer.description.is_some_and(|kind| kind.outputs.len() == 1 && kind.outputs[0].name == output);
    if only { producer.stage.name.clone() } else { format!("{}.{output}", producer.stage.name) }
}

/// `stage` or `stage.port`, as in the file.
fn written(wire: &Wire) -> String {
    wire.output.as_ref().map_or_else(|| wire.stage.clone(), |output| format!("{}.{output}", wire.stage))
}

/// The index of the port that a named wire goes to.
fn named_port(kind: &Description, wire: &Wire) -> Result<usize, Option<Diagnostic>> {
    let found = kind.inputs.iter().position(|port| port.name == wire.port);
    found.ok_or_else(|| {
        let message = format!("`{}` has no input `{}`", kind.kind, wire.port);
        let names = kind.inputs.iter().map(|port| port.name);
        let help = nearest_or(&wire.port, names, || match kind.inputs.is_empty() {
            true => "it takes no inputs: remove them".to_owned(),
            false => format!("its inputs are {}", ports(kind)),
        });
        Some(Diagnostic::new("unknown-input", message).at(wire.port_span, "no such input").help(help))
    })
}

/// The index of the port that takes a list.
fn listed_port(kind: &Description, wire: &Wire) -> Result<usize, Option<Diagnostic>> {
    let found = kind.inputs.iter().position(|port| port.variadic);
    found.ok_or_else(|| {
        let message = format!("the inputs of `{}` have names", kind.kind);
        let help = match kind.inputs.first() {
            Some(port) => {
                format!("write inputs = {{ {} = \"{}\" }}; its inputs are {}", port.name, wire.stage, ports(kind))
            }
            None => "it takes no inputs: remove them".to_owned(),
        };
        Some(Diagnostic::new("unnamed-input", message).at(wire.span, "for which input?").help(help))
    })
}

/// The output that a wire names.
fn named_output(kind: &Description, name: &str, wire: &Wire) -> Result<OutputPort, Option<Diagnostic>> {
    kind.all_outputs().find(|output| output.name == name).ok_or_else(|| {
        let outputs: Vec<OutputPort> = kind.all_outputs().collect();
        let names = outputs.iter().map(|output| output.name);
        let help = match did_you_mean(name, names.clone()) {
            Some(name) => format!("did you mean `{}.{name}`?", wire.stage),
            None => format!("its outputs are {}", quoted(names)),
        };
        let message = format!("`{}` has no output `{name}`", wire.stage);
        Some(Diagnostic::new("unknown-output", message).at(wire.span, "no such output").help(help))
    })
}

/// A second wire where only one may be.
fn twice(wire: &Wire, consumer: &Form) -> Diagnostic {
    let message = format!("`{}` is wired to `{}` twice", wire.stage, consumer.stage.name);
    Diagnostic::new("repeated-input", message).at(wire.span, "wired already").help("remove one of them")
}

/// The ports of a kind with what they take.
fn ports(kind: &Description) -> String {
    kind.inputs.iter().map(|port| format!("`{}` ({})", port.name, types(port.types))).collect::<Vec<_>>().join(", ")
}

/// Artifact types in words.
pub fn types(types: &[ArtifactType]) -> String {
    let names: Vec<String> = types.iter().map(ToString::to_string).collect();
    if names.is_empty() { "anything".to_owned() } else { names.join(" or ") }
}

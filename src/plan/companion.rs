//! Companions: stages that come along with every stage of some kind.

use std::collections::{BTreeSet, VecDeque};

use crate::config::value::{Kind, Located};
use crate::config::{Inputs, ResolvedStage};
use crate::kind::{Companion, CompanionWire};
use crate::plan::form::Form;
use crate::plan::wiring::{SlotWire, Wires};

/// A companion as if it had been written below its owner, without params.
pub fn companion_stage(companion: &Companion, owner: &ResolvedStage) -> ResolvedStage {
    let span = owner.name_span;
    ResolvedStage {
        name: format!("{}.{}", owner.name, companion.suffix),
        name_span: span,
        uses: Located { kind: Kind::Text(companion.kind.to_owned()), span: owner.uses.span },
        inputs: Inputs::Absent,
        params: Located { kind: Kind::Table(vec![]), span },
        used: BTreeSet::new(),
        in_doubt: false,
    }
}

/// What feeds a companion's input: the producing slot and its output port. `None` when there is no such thing here.
pub fn source(wire: CompanionWire, owner: usize, forms: &[&Form], wires: &Wires) -> Option<SlotWire> {
    match wire {
        CompanionWire::SameInput(port) => wires[owner].iter().find(|wire| wire.input == port).cloned(),
        CompanionWire::Output(port) => output(owner, forms, |name| name == port),
        CompanionWire::Companion(suffix) => {
            let siblings = forms.iter().enumerate().skip(owner + 1).take_while(|(_, form)| form.companion.is_some());
            let of_suffix = |(_, form): &(usize, &&Form)| form.companion.is_some_and(|own| own.suffix == suffix);
            output(siblings.into_iter().find(of_suffix)?.0, forms, |_| true)
        }
        CompanionWire::Upstream(artifact_type) => {
            let mut queue: VecDeque<&SlotWire> = wires[owner].iter().collect();
            let mut seen = vec![false; forms.len()];
            while let Some(wire) = queue.pop_front() {
                if wire.artifact_type == artifact_type {
                    return Some(wire.clone());
                }
                if !std::mem::replace(&mut seen[wire.producer], true) {
                    queue.extend(&wires[wire.producer]);
                }
            }
            None
        }
    }
}

/// The first output of a slot that is wanted.
fn output(producer: usize, forms: &[&Form], wanted: impl Fn(&str) -> bool) -> Option<SlotWire> {
    let port = forms[producer].description?.all_outputs().find(|port| wanted(port.name))?;
    let (output, artifact_type) = (port.name, port.artifact_type);
    Some(SlotWire { port: 0, input: String::new(), producer, output, artifact_type })
}

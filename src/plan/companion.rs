//! Companions: stages that come along with every stage of some kind.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use crate::config::value::{Entry, Kind, Located};
use crate::config::{Inputs, ResolvedStage};
use crate::diagnostic::Span;
use crate::kind::{Companion, CompanionParam, CompanionWire};
use crate::plan::form::Form;
use crate::plan::wiring::{SlotWire, Wires};

/// A companion as if it had been written below its owner, and the axes it uses: none, unless it copies a param.
pub fn companion_stage(companion: &Companion, owner: &Form) -> (ResolvedStage, BTreeSet<usize>) {
    let span = owner.stage.name_span;
    let entries = companion.params.iter().filter_map(|(name, param)| entry(name, *param, owner)).collect();
    let stage = ResolvedStage {
        name: format!("{}.{}", owner.stage.name, companion.suffix),
        name_span: span,
        uses: Located { kind: Kind::Text(companion.kind.to_owned()), span: owner.stage.uses.span },
        inputs: Inputs::Absent,
        params: Located { kind: Kind::Table(entries), span },
        used: owner.stage.used.clone(),
        in_doubt: false,
    };
    let copies = companion.params.iter().any(|(_, param)| matches!(param, CompanionParam::Param(_)));
    (stage, if copies { owner.axes.clone() } else { BTreeSet::new() })
}

/// One param of a companion; `None` when the owner's param that it copies is not set.
fn entry(name: &str, param: CompanionParam, owner: &Form) -> Option<Entry> {
    let span = owner.stage.name_span;
    let text = |text: &str| Kind::Text(text.to_owned());
    let (kind, key_span) = match param {
        CompanionParam::Integer(value) => (Kind::Integer(value), span),
        CompanionParam::Text(value) => (text(value), span),
        CompanionParam::Texts(values) => {
            (Kind::List(values.iter().map(|value| Located { kind: text(value), span }).collect()), span)
        }
        CompanionParam::Param(own) => match owner.stage.params.get(own) {
            Some(given) => {
                return Some(Entry { key: name.to_owned(), key_span: given.key_span, value: given.value.clone() });
            }
            None => (located(owner.params.as_ref()?.get(own)?, span)?.kind, span),
        },
    };
    Some(Entry { key: name.to_owned(), key_span, value: Located { kind, span } })
}

/// A default as if it had been written; `None` for one that is not set.
fn located(value: &Value, span: Span) -> Option<Located> {
    let kind = match value {
        Value::Null => return None,
        Value::Bool(value) => Kind::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(value) => Kind::Integer(value),
            None => Kind::Float(number.as_f64()?),
        },
        Value::String(text) => Kind::Text(text.clone()),
        Value::Array(items) => Kind::List(items.iter().filter_map(|item| located(item, span)).collect()),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                Some(Entry { key: key.clone(), key_span: span, value: located(value, span)? })
            };
            Kind::Table(entries.iter().filter_map(entry).collect())
        }
    };
    Some(Located { kind, span })
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

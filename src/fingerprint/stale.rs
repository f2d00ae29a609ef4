//! Why a stage has to run: the differences between two fingerprints, one by one.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::event::Reason;
use crate::fingerprint::Fingerprint;
use crate::hash::ContentHash;

/// One reason to execute a stage.
#[derive(Debug, Clone, PartialEq)]
pub enum StaleReason {
    /// Nothing is known of an earlier execution.
    FirstRun,
    /// Nothing changed since the last time, but its result was deleted from the cache.
    NotCached,
    /// It ran before, but what it was made of then was deleted from the cache.
    EarlierUnknown,
    /// The user asked for it.
    Forced,
    /// The stage now uses another kind.
    Kind {
        was: String,
        now: String,
    },
    /// The kind computes something else since then.
    KindVersion {
        was: u32,
        now: u32,
    },
    /// A param was changed, added (`was` is absent) or removed (`now` is absent). The name is a path into the params,
    /// such as `encoder[1]`.
    Param {
        name: String,
        was: Option<Value>,
        now: Option<Value>,
    },
    Seed {
        was: Option<u64>,
        now: Option<u64>,
    },
    Device {
        was: String,
        now: String,
    },
    /// The data read from outside the cache; the name is a path into its identity, or empty.
    Source {
        name: String,
        was: Option<Value>,
        now: Option<Value>,
    },
    /// Other bytes on an input port, or the port was wired or left free.
    Input {
        port: String,
        was: Option<ContentHash>,
        now: Option<ContentHash>,
    },
    /// A file in the cache is not what was written.
    Damaged {
        file: String,
    },
    /// A file was deleted from the cache.
    Missing {
        file: String,
    },
}

/// What differs between two fingerprints, in a fixed order; empty when they are equal.
pub fn differences(old: &Fingerprint, new: &Fingerprint) -> Vec<StaleReason> {
    if old.kind != new.kind {
        // Another kind has other params.
        return vec![StaleReason::Kind { was: old.kind.clone(), now: new.kind.clone() }];
    }
    let mut reasons = Vec::new();
    if old.version != new.version {
        reasons.push(StaleReason::KindVersion { was: old.version, now: new.version });
    }
    let mut param = |name, was, now| reasons.push(StaleReason::Param { name, was, now });
    compare("", Some(&old.params), Some(&new.params), &mut param);
    if old.seed != new.seed {
        reasons.push(StaleReason::Seed { was: old.seed, now: new.seed });
    }
    if old.device != new.device {
        reasons.push(StaleReason::Device { was: old.device.clone(), now: new.device.clone() });
    }
    let mut sources = Vec::new();
    compare("", old.source.as_ref(), new.source.as_ref(), &mut |name, was, now| sources.push((name, was, now)));
    // The data is other data because a param asks for it: the rest of what tells it apart is hashes.
    let asked = |name: &str| {
        reasons.iter().any(|reason| matches!(reason, StaleReason::Param { name: param, .. } if param == name))
    };
    if !sources.iter().any(|(name, ..)| asked(name)) {
        reasons.extend(sources.into_iter().map(|(name, was, now)| StaleReason::Source { name, was, now }));
    }
    for port in old.inputs.keys().chain(new.inputs.keys()).collect::<BTreeSet<_>>() {
        let (was, now) = (old.inputs.get(port).copied(), new.inputs.get(port).copied());
        if was != now {
            reasons.push(StaleReason::Input { port: port.clone(), was, now });
        }
    }
    reasons
}

/// Why the stage must run although it ran before with `old`. Never empty: equal fingerprints mean that the result is
/// no longer in the cache.
pub fn explain(old: Option<&Fingerprint>, new: &Fingerprint) -> Vec<Reason> {
    let reasons = match old {
        None => vec![StaleReason::FirstRun],
        Some(old) => differences(old, new),
    };
    if reasons.is_empty() {
        vec![StaleReason::NotCached.into()]
    } else {
        reasons.into_iter().map(Reason::from).collect()
    }
}

type Report<'a> = dyn FnMut(String, Option<Value>, Option<Value>) + 'a;

/// Above this many changed elements, a list is reported as one range.
const ELEMENTS_NAMED: usize = 3;

/// Reports the smallest parts that differ. Tables are compared key by key and lists element by element; of lists that
/// differ in length or in many elements, what lies between the common beginning and the common end is reported.
fn compare(path: &str, was: Option<&Value>, now: Option<&Value>, report: &mut Report) {
    match (was, now) {
        _ if was == now => {}
        (Some(Value::Object(was)), Some(Value::Object(now))) => compare_tables(path, was, now, report),
        (Some(Value::Array(was)), Some(Value::Array(now))) => compare_lists(path, was, now, report),
        _ => report(path.to_owned(), was.cloned(), now.cloned()),
    }
}

fn compare_tables(path: &str, was: &Map<String, Value>, now: &Map<String, Value>, report: &mut Report) {
    for key in was.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(&path, was.get(key), now.get(key), report);
    }
}

fn compare_lists(path: &str, was: &[Value], now: &[Value], report: &mut Report) {
    let changed = was.iter().zip(now).filter(|(was, now)| was != now).count();
    if was.len() == now.len() && changed <= ELEMENTS_NAMED {
        for (index, (was, now)) in was.iter().zip(now).enumerate() {
            compare(&format!("{path}[{index}]"), Some(was), Some(now), report);
        }
        return;
    }
    let start = was.iter().zip(now).take_while(|(was, now)| was == now).count();
    let end = was[start..].iter().rev().zip(now[start..].iter().rev()).take_while(|(was, now)| was == now).count();
    let (was, now) = (&was[start..was.len() - end], &now[start..now.len() - end]);
    let longest = was.len().max(now.len());
    let path = if longest == 1 { format!("{path}[{start}]") } else { format!("{path}[{start}..{}]", start + longest) };
    let part = |items: &[Value]| match items {
        [] => None,
        [item] if longest == 1 => Some(item.clone()),
        items => Some(Value::from(items)),
    };
    report(path, part(was), part(now));
}

impl From<StaleReason> for Reason {
    fn from(reason: StaleReason) -> Self {
        let plain = |what: &str| Reason { what: what.to_owned(), was: Value::Null, now: Value::Null };
        let changed = |what: String, was: Value, now: Value| Reason { what, was, now };
        match reason {
            StaleReason::FirstRun => plain("first run"),
            StaleReason::NotCached => plain("result no longer in the cache"),
            StaleReason::EarlierUnknown => plain("earlier result no longer in the cache"),
            StaleReason::Forced => plain("forced"),
            StaleReason::Kind { was, now } => changed("kind".into(), was.into(), now.into()),
            StaleReason::KindVersion { was, now } => changed("kind version".into(), was.into(), now.into()),
            StaleReason::Param { name, was, now } => changed(named("param", &name), was.into(), now.into()),
            StaleReason::Seed { was, now } => changed("seed".into(), was.into(), now.into()),
            StaleReason::Device { was, now } => changed("device".into(), was.into(), now.into()),
            StaleReason::Source { name, was, now } => match own_data(&name) {
                Some(part) => plain(&format!("{part} changed")),
                None => changed(named("source", &name), was.into(), now.into()),
            },
            StaleReason::Input { port, was, now } => {
                let short = |hash: Option<ContentHash>| hash.map(|hash| hash.short()).into();
                changed(format!("input {port}"), short(was), short(now))
            }
            StaleReason::Damaged { file } => plain(&format!("damaged in the cache: {file}")),
            StaleReason::Missing { file } => plain(&format!("missing from the cache: {file}")),
        }
    }
}

/// Which part of a user's own data a path into its identity is about: hashes tell a person nothing.
fn own_data(name: &str) -> Option<&'static str> {
    let place = name.strip_prefix("files")?;
    let part = [
        ("[0][1]", "the training labels"),
        ("[1][1]", "the test labels"),
        ("[0]", "the training data"),
        ("[1]", "the test data"),
    ];
    Some(part.into_iter().find(|(start, _)| place.starts_with(start)).map_or("the data", |(_, part)| part))
}

fn named(what: &str, name: &str) -> String {
    if name.is_empty() { what.to_owned() } else { format!("{what} {name}") }
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Reason::from(self.clone()).fmt(f)
    }
}

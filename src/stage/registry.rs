//! The kinds as others ask for them, by name. They are listed in [`kinds`](crate::stage::kinds).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::kind::{Catalog, Description, Facts, ParamProblem};
use crate::stage::Stage;
use crate::stage::kinds::all;

/// The kind of that name.
pub fn find(kind: &str) -> Option<&'static dyn Stage> {
    all().iter().copied().find(|found| found.description().kind == kind)
}

/// The kinds that bring data in: they take nothing from other stages.
pub fn sources() -> Vec<&'static str> {
    let kinds = all().iter().map(|kind| kind.description());
    kinds.filter(|kind| kind.inputs.is_empty()).map(|kind| kind.kind).collect()
}

/// The kinds as the plan sees them.
pub struct Registry;

impl Catalog for Registry {
    fn kinds(&self) -> Vec<&Description> {
        all().iter().map(|kind| kind.description()).collect()
    }

    fn describe(&self, kind: &str) -> Option<&Description> {
        find(kind).map(Stage::description)
    }

    fn check(&self, kind: &str, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        find(kind).map_or_else(|| Ok(Facts::default()), |stage| stage.check(params, inputs))
    }

    fn draws_random(&self, kind: &str, params: &Value) -> bool {
        find(kind).is_some_and(|stage| stage.draws_random(params))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Registry;
    use crate::kind::{Catalog, CompanionWire, Description};

    #[test]
    fn every_kind_explains_itself() {
        for kind in Registry.kinds() {
            let name = kind.kind;
            assert!(!kind.summary.is_empty() && !kind.example.is_empty(), "{name} lacks a summary or an example");
            assert!(kind.params.iter().all(|param| !param.help.is_empty()), "a param of {name} lacks its help");
            assert!(kind.inputs.iter().all(|port| !port.help.is_empty()), "an input of {name} lacks its help");
            assert!(kind.outputs.iter().all(|port| !port.help.is_empty()), "an output of {name} lacks its help");
            let example: toml::Table = kind.example.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
            let stages = example["stages"].as_table().expect("an example has [stages.<name>]");
            assert!(
                stages.values().any(|stage| stage["uses"].as_str() == Some(name)),
                "{name}: the example uses another"
            );
        }
    }

    #[test]
    fn names_are_unique() {
        let kinds = Registry.kinds();
        let unique = |names: Vec<&str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        assert!(unique(kinds.iter().map(|kind| kind.kind).collect()));
        for kind in kinds {
            assert!(unique(kind.inputs.iter().map(|port| port.name).collect()), "inputs of {}", kind.kind);
            assert!(unique(kind.params.iter().map(|param| param.name.as_str()).collect()), "params of {}", kind.kind);
            let outputs: Vec<_> = kind.all_outputs().collect();
            assert!(unique(outputs.iter().map(|port| port.name).collect()), "outputs of {}", kind.kind);
        }
    }

    #[test]
    fn companions_are_kinds_and_their_wires_exist() {
        for kind in Registry.kinds() {
            for companion in kind.companions {
                let name = format!("{}.{}", kind.kind, companion.suffix);
                let other = Registry.describe(companion.kind).unwrap_or_else(|| panic!("{name}: no such kind"));
                companion.wires.iter().for_each(|(input, wire)| check_wire(kind, other, input, *wire, &name));
            }
        }
    }

    fn check_wire(kind: &Description, companion: &Description, input: &str, wire: CompanionWire, name: &str) {
        let port = companion.input(input).unwrap_or_else(|| panic!("{name}: no input {input}"));
        match wire {
            CompanionWire::SameInput(own) => assert!(kind.input(own).is_some(), "{name}: no own input {own}"),
            CompanionWire::Output(own) => {
                assert!(
                    kind.all_outputs().any(|output| output.name == own && port.takes(output.artifact_type)),
                    "{name}: {own}"
                );
            }
            CompanionWire::Companion(suffix) => {
                let sibling = kind.companions.iter().find(|sibling| sibling.suffix == suffix);
                let sibling = sibling.and_then(|sibling| Registry.describe(sibling.kind));
                let output = sibling.and_then(|sibling| sibling.all_outputs().next());
                assert!(output.is_some_and(|output| port.takes(output.artifact_type)), "{name}: {suffix}");
            }
            CompanionWire::Upstream(artifact_type) => assert!(port.takes(artifact_type), "{name}: {artifact_type}"),
        }
    }
}

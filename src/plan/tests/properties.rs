//! What holds for every sweep and every pipeline.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Toy, experiment, plan};
use crate::plan::{Plan, build};

/// A pipeline of `widths.len()` trained stages, each starting from an earlier one, written in some order.
#[derive(Debug, Clone)]
struct Chain {
    stages: Vec<String>,
    repeats: u32,
    axes: Vec<usize>,
}

fn stage(index: usize, from: usize, axis: usize, shuffle: bool) -> String {
    let start = if from < index { format!(", start = \"s{from}\"") } else { String::new() };
    format!(
        "[stages.s{index}]\nuses = \"train\"\ninputs = {{ dataset = \"load\"{start} }}\nwidths = [\"${{a{axis}}}\"]\n\
         epochs = {}\nshuffle = {shuffle}\n",
        index + 1
    )
}

impl Chain {
    fn plan(&self, order: &[usize]) -> Plan {
        let used: BTreeSet<usize> = (0..self.axes.len())
            .filter(|axis| self.stages.iter().any(|stage| stage.contains(&format!("{{a{axis}}}"))))
            .collect();
        let params: String = (0..3).map(|axis| format!("a{axis} = 1\n")).collect();
        let swept = |axis: &usize| format!("a{axis} = {:?}\n", (1..=self.axes[*axis]).collect::<Vec<_>>());
        let sweep: String = used.iter().map(swept).collect();
        let stages: String = order.iter().map(|index| self.stages[*index].as_str()).collect();
        let load = "[stages.load]\nuses = \"load\"\ndataset = \"d\"\n";
        plan(&format!("[params]\n{params}{load}{stages}"), &format!("repeats = {}\n[sweep]\n{sweep}", self.repeats))
    }
}

fn chains() -> impl Strategy<Value = (Chain, Vec<usize>)> {
    let stage_choices = prop::collection::vec((0..8_usize, 0..3_usize, any::<bool>()), 1..7);
    (stage_choices, 1..4_u32, prop::collection::vec(1..4_usize, 3)).prop_flat_map(|(choices, repeats, axes)| {
        let stages: Vec<String> = choices
            .iter()
            .enumerate()
            .map(|(index, (from, axis, shuffle))| stage(index, *from, *axis, *shuffle))
            .collect();
        let order: Vec<usize> = (0..stages.len()).collect();
        (Just(Chain { stages, repeats, axes }), Just(order).prop_shuffle())
    })
}

/// For every run, the key of every stage.
fn keys(plan: &Plan) -> Vec<BTreeMap<String, String>> {
    let of = |(stage, node): (&String, &usize)| (stage.clone(), plan.node(*node).key.to_string());
    plan.runs.iter().map(|run| run.stages.iter().map(of).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_a_merged_dag_over_all_points((chain, order) in chains()) {
        let plan = chain.plan(&(0..chain.stages.len()).collect::<Vec<_>>());

        // Every point with every seed, exactly once.
        let points: BTreeSet<String> = plan.runs.iter().map(|run| format!("{:?} {}", run.variant, run.seed)).collect();
        prop_assert_eq!(points.len(), plan.runs.len());

        // Nodes are the distinct keys, and all are used.
        let distinct: BTreeSet<_> = plan.order().into_iter().map(|node| plan.node(node).key).collect();
        prop_assert_eq!(distinct.len(), plan.graph.node_count());
        let used: BTreeSet<usize> = plan.runs.iter().flat_map(|run| run.stages.values().copied()).collect();
        prop_assert_eq!(used.len(), plan.graph.node_count());

        // Everything comes after what it needs.
        for node in plan.order() {
            prop_assert!(plan.inputs(node).into_iter().all(|(_, producer, _)| producer < node));
        }

        // A node's variant is what its runs have in common, and tells it from the others of its stage.
        for run in &plan.runs {
            for node in run.stages.values().map(|node| plan.node(*node)) {
                let fits = |(param, value): (&String, &serde_json::Value)| run.variant.get(param).is_none_or(|own| own == value);
                prop_assert!(node.variant.iter().all(fits));
            }
        }
        let labels: BTreeSet<String> = plan.order().into_iter().map(|node| format!("{} {:?}", plan.node(node).stage, plan.node(node).variant)).collect();
        prop_assert_eq!(labels.len(), plan.graph.node_count());

        // The order in which stages are written does not matter.
        prop_assert_eq!(keys(&plan), keys(&chain.plan(&order)));
    }
}

#[test]
fn the_grid_has_every_point_once_and_the_last_axis_fastest() {
    let text = "[params]\na = 1\nb = 1\n[stages.load]\nuses = \"load\"\ndataset = \"d${a}\"\nside = \"${b}\"\n";
    let plan = plan(text, "repeats = 2\n[sweep]\na = [1, 2]\nb = [5, 6, 7]\n");
    let points: Vec<String> =
        plan.runs.iter().map(|run| format!("{}{}{}", run.variant["a"], run.variant["b"], run.seed)).collect();
    assert_eq!(points.join(" "), "150 151 160 161 170 171 250 251 260 261 270 271");
}

#[test]
fn ten_thousand_stages_are_planned() {
    let stages: String = (0..19)
        .map(|index| {
            let start = if index > 0 { format!(", start = \"s{}\"", index - 1) } else { String::new() };
            format!("[stages.s{index}]\nuses = \"train\"\ninputs = {{ dataset = \"load\"{start} }}\nwidths = [8, \"${{a}}\"]\nepochs = {}\n", index + 1)
        })
        .collect();
    let values: Vec<usize> = (1..=530).collect();
    let text = format!("[params]\na = 1\n[stages.load]\nuses = \"load\"\ndataset = \"d\"\n{stages}");
    let experiment = experiment(&text, &format!("[sweep]\na = {values:?}\n"));
    let plan = build(&experiment, &Toy).expect("a plan");
    assert_eq!(plan.graph.node_count(), 1 + 19 * 530);
}

#[test]
fn ten_thousand_listed_points_are_planned() {
    let text = "[params]\na = 1\nb = 1\n[stages.load]\nuses = \"load\"\ndataset = \"d${a}-${b}\"\n";
    let listed: String = (1..=10_000).map(|a| format!("{{ a = {a}, b = {} }}, ", a % 7)).collect();
    let plan = plan(text, &format!("[sweep]\npoints = [{listed}]"));
    assert_eq!(plan.graph.node_count(), 10_000);
}

//! What a launch says of its plan: its runs and stages by number, and who waits for whom.

use crate::event::{LaunchStarted, NodeInfo, RunInfo};
use crate::id;
use crate::plan::{Node, Plan};
use crate::runner::Launch;
use crate::schedule::ReadyQueue;

pub fn launch_started(launch: &Launch) -> LaunchStarted {
    LaunchStarted {
        launch: launch.id.clone(),
        experiment: launch.experiment.clone(),
        file: launch.file.clone(),
        runs: run_infos(&launch.plan, &launch.id, &launch.tags),
        nodes: launch.plan.graph.node_weights().map(node_info).collect(),
        provenance: Box::new(launch.provenance.clone()),
        config: launch.config.clone(),
    }
}

/// For each node the runs that contain it, and for each run how many nodes it has.
pub fn memberships(runs: &[RunInfo], nodes: usize) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut runs_of = vec![vec![]; nodes];
    for (run, info) in runs.iter().enumerate() {
        info.stages.values().for_each(|node| runs_of[*node].push(run));
    }
    // A node that two stages of one run share counts once.
    runs_of.iter_mut().for_each(|runs| runs.dedup());
    let mut open = vec![0; runs.len()];
    runs_of.iter().flatten().for_each(|run| open[*run] += 1);
    (runs_of, open)
}

pub fn node_info(node: &Node) -> NodeInfo {
    NodeInfo {
        stage: node.stage.clone(),
        kind: node.kind.clone(),
        variant: node.variant.clone(),
        params: node.params.clone(),
    }
}

pub fn run_infos(plan: &Plan, launch: &str, tags: &[String]) -> Vec<RunInfo> {
    let info = |run: &crate::plan::Run| RunInfo {
        id: id::run(launch, &run.variant, run.seed),
        variant: run.variant.clone(),
        seed: run.seed,
        params: run.params.clone(),
        tags: tags.to_vec(),
        stages: run.stages.clone(),
    };
    plan.runs.iter().map(info).collect()
}

pub fn queue(plan: &Plan) -> ReadyQueue {
    let edges = plan.graph.raw_edges().iter().map(|edge| (edge.source().index(), edge.target().index()));
    ReadyQueue::new(plan.graph.node_count(), edges).expect("a plan has no cycles")
}

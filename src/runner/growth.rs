//! A launch that goes on: more is planned when everything before has ended. Knows not by what it is chosen.

use std::collections::BTreeMap;

use crate::event::{LaunchGrown, Observer, RunEvent, Status};
use crate::plan::Plan;
use crate::runner::coordinator::{Coordinator, emit};
use crate::runner::listing::{memberships, node_info, queue, run_infos};
use crate::runner::{More, Reporter, RunEnd};

impl Coordinator {
    /// Asks for more to run; false when there is none.
    pub(super) fn grow(&mut self, observer: &dyn Observer, reporter: &dyn Reporter) -> bool {
        let Some(growth) = &mut self.growth else { return false };
        let ended: Vec<RunEnd> = self.ended.iter().flatten().cloned().collect();
        let More { plan, notices } = growth.grow(&ended);
        for text in notices {
            emit(observer, RunEvent::Notice { node: None, text });
        }
        let grows = plan.is_some();
        plan.into_iter().for_each(|plan| self.extend(plan, observer, reporter));
        grows
    }

    fn extend(&mut self, plan: Plan, observer: &dyn Observer, reporter: &dyn Reporter) {
        let (runs_before, nodes_before) = (self.started_event.runs.len(), self.results.len());
        let launch = &mut self.started_event;
        let tags = launch.runs.first().map(|run| run.tags.clone()).unwrap_or_default();
        let runs = run_infos(&plan, &launch.launch, &tags).split_off(runs_before);
        let nodes: Vec<_> = plan.graph.node_weights().skip(nodes_before).map(node_info).collect();
        launch.runs.extend(runs.iter().cloned());
        launch.nodes.extend(nodes.iter().cloned());
        let count = launch.nodes.len();
        (self.runs_of, self.open) = memberships(&launch.runs, count);
        self.ended.resize(launch.runs.len(), None);
        self.results.resize(count, None);
        self.begun.resize(count, None);
        self.series.resize(count, BTreeMap::new());
        self.queue = queue(&plan);
        reporter.grown(&plan);
        self.shared.extend(plan);
        emit(observer, RunEvent::LaunchGrown(LaunchGrown { runs, nodes }));
        self.settle(runs_before, nodes_before, observer, reporter);
    }

    /// Takes up in the new queue what has ended already, and ends what follows from that.
    fn settle(&mut self, runs: usize, nodes: usize, observer: &dyn Observer, reporter: &dyn Reporter) {
        let mut skipped = Vec::new();
        for node in 0..nodes {
            self.runs_of[node].iter().for_each(|run| self.open[*run] -= 1);
            let status = self.results[node].as_ref().map(|result| result.finished.status);
            match status {
                Some(Status::Executed | Status::Cached) => self.queue.finished(node),
                _ => skipped.extend(self.queue.failed(node)),
            }
        }
        for run in (runs..self.open.len()).filter(|run| self.open[*run] == 0).collect::<Vec<_>>() {
            self.end_run(run, observer, reporter);
        }
        for node in skipped {
            self.skip(node, observer, reporter);
        }
    }
}

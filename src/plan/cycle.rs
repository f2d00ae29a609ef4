//! Who feeds whom: order, reachability, and cycles named stage by stage.

use std::collections::{BTreeSet, VecDeque};
use std::iter::successors;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// For each index those it feeds.
pub struct Feeds(Vec<Vec<usize>>);

impl Feeds {
    /// From producer and consumer pairs.
    pub fn new(count: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut feeds = vec![Vec::new(); count];
        for (from, to) in edges {
            feeds[from].push(to);
        }
        Self(feeds)
    }

    /// Indices in an order in which everything comes after what it needs, the lowest index first among those that may
    /// come next. Whatever is on a cycle, or needs something that is, is left out.
    pub fn order(&self) -> Vec<usize> {
        let mut missing = vec![0_usize; self.0.len()];
        for to in self.0.iter().flatten() {
            missing[*to] += 1;
        }
        let mut ready: BTreeSet<usize> = (0..self.0.len()).filter(|index| missing[*index] == 0).collect();
        let mut order = Vec::with_capacity(self.0.len());
        while let Some(next) = ready.pop_first() {
            order.push(next);
            for to in &self.0[next] {
                missing[*to] -= 1;
                if missing[*to] == 0 {
                    ready.insert(*to);
                }
            }
        }
        order
    }

    /// All that can be reached from `start`, itself included.
    pub fn reachable(&self, start: usize) -> Vec<bool> {
        let mut reached = vec![false; self.0.len()];
        let mut stack = vec![start];
        while let Some(here) = stack.pop() {
            if !std::mem::replace(&mut reached[here], true) {
                stack.extend(&self.0[here]);
            }
        }
        reached
    }

    /// One shortest cycle for every knot of stages that feed each other: `[a, b, c]` when a feeds b, b feeds c and c
    /// feeds a. Starts with the lowest index, and the knots come in that order.
    pub fn cycles(&self) -> Vec<Vec<usize>> {
        if self.order().len() == self.0.len() {
            return Vec::new();
        }
        let mut graph = DiGraph::<(), (), usize>::default();
        self.0.iter().for_each(|_| _ = graph.add_node(()));
        for (from, to) in self.0.iter().enumerate().flat_map(|(from, feeds)| feeds.iter().map(move |to| (from, *to))) {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
        }
        let knots = kosaraju_scc(&graph).into_iter().map(|knot| knot.into_iter().map(NodeIndex::index).min());
        let mut found: Vec<Vec<usize>> = knots.flatten().filter_map(|start| self.way_back(start)).collect();
        found.sort();
        found
    }

    /// The shortest way from a stage back to itself, by breadth-first search.
    fn way_back(&self, start: usize) -> Option<Vec<usize>> {
        let mut previous = vec![None; self.0.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(here) = queue.pop_front() {
            for next in &self.0[here] {
                if *next == start {
                    let mut way: Vec<usize> = successors(Some(here), |index: &usize| previous[*index]).collect();
                    way.reverse();
                    return Some(way);
                }
                if previous[*next].is_none() {
                    previous[*next] = Some(here);
                    queue.push_back(*next);
                }
            }
        }
        None
    }
}

//! Which stage may run next: a ready queue over a directed acyclic graph of numbered nodes. Pure bookkeeping; knows
//! no stages, threads or time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The edges form a cycle, so no order exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the graph has a cycle")]
pub struct Cyclic;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Waits for this many edges.
    Waiting(usize),
    /// Ready or handed out.
    Open,
    /// Finished, failed or skipped.
    Closed,
}

/// Hands out nodes whose producers have all finished, those with the longest way to go first.
#[derive(Debug, Clone)]
pub struct ReadyQueue {
    consumers: Vec<Vec<usize>>,
    states: Vec<State>,
    /// Number of nodes on the longest path to a sink.
    heights: Vec<usize>,
    ready: BinaryHeap<(usize, Reverse<usize>)>,
}

impl ReadyQueue {
    /// A queue over the nodes `0..nodes`; an edge goes from producer to consumer and may occur more than once.
    ///
    /// # Panics
    /// When an edge names a node that does not exist.
    pub fn new(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Result<Self, Cyclic> {
        let mut consumers = vec![Vec::new(); nodes];
        let mut waits = vec![0; nodes];
        for (producer, consumer) in edges {
            consumers[producer].push(consumer);
            waits[consumer] += 1;
        }
        let heights = heights(&consumers, waits.clone())?;
        let states = waits.iter().map(|&count| if count == 0 { State::Open } else { State::Waiting(count) }).collect();
        let ready = (0..nodes).filter(|&node| waits[node] == 0).map(|node| (heights[node], Reverse(node))).collect();
        Ok(Self { consumers, states, heights, ready })
    }

    /// Takes the next ready node: the one with the longest path to a sink, of equal ones the lowest number. `None`
    /// when nothing is ready now.
    #[expect(clippy::should_implement_trait, reason = "a queue that refills is no iterator")]
    pub fn next(&mut self) -> Option<usize> {
        // Ready from the start, and yet closed already: its work was done before the queue was made.
        while let Some((_, Reverse(node))) = self.ready.pop() {
            if self.states[node] == State::Open {
                return Some(node);
            }
        }
        None
    }

    /// Notes that a node is done; its consumers may become ready.
    pub fn finished(&mut self, node: usize) {
        if !self.close(node) {
            return;
        }
        for &consumer in &self.consumers[node] {
            let State::Waiting(count) = &mut self.states[consumer] else { continue };
            *count -= 1;
            if *count == 0 {
                self.states[consumer] = State::Open;
                self.ready.push((self.heights[consumer], Reverse(consumer)));
            }
        }
    }

    /// Notes that a node failed. Returns, in ascending order, the nodes that can now never run: its
    /// descendants, without those returned before.
    pub fn failed(&mut self, node: usize) -> Vec<usize> {
        let mut skipped = Vec::new();
        if !self.close(node) {
            return skipped;
        }
        let mut pending = self.consumers[node].clone();
        while let Some(descendant) = pending.pop() {
            if self.close(descendant) {
                skipped.push(descendant);
                pending.extend(&self.consumers[descendant]);
            }
        }
        skipped.sort_unstable();
        skipped
    }

    /// Whether every node was finished, failed or skipped.
    #[cfg(test)]
    pub fn is_done(&self) -> bool {
        self.states.iter().all(|state| *state == State::Closed)
    }

    fn close(&mut self, node: usize) -> bool {
        let was_open = self.states[node] != State::Closed;
        if was_open {
            self.states[node] = State::Closed;
        }
        was_open
    }
}

/// Kahn's algorithm forwards, then longest paths backwards along that order.
fn heights(consumers: &[Vec<usize>], mut waits: Vec<usize>) -> Result<Vec<usize>, Cyclic> {
    let mut order: Vec<usize> = (0..waits.len()).filter(|&node| waits[node] == 0).collect();
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        at += 1;
        for &consumer in &consumers[node] {
            waits[consumer] -= 1;
            if waits[consumer] == 0 {
                order.push(consumer);
            }
        }
    }
    if order.len() < consumers.len() {
        return Err(Cyclic);
    }
    let mut heights = vec![1; consumers.len()];
    for &node in order.iter().rev() {
        heights[node] = 1 + consumers[node].iter().map(|&consumer| heights[consumer]).max().unwrap_or(0);
    }
    Ok(heights)
}

#[cfg(test)]
mod tests;

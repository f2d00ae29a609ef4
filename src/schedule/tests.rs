use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A random acyclic graph: edges only from lower to higher places, the places then shuffled.
fn graph() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
    (1..20usize).prop_flat_map(|nodes| {
        let names = Just((0..nodes).collect::<Vec<_>>()).prop_shuffle();
        let edges = prop::collection::vec((0..nodes, 0..nodes), 0..40);
        (names, edges).prop_map(move |(names, edges)| {
            let forward = edges.into_iter().filter(|(from, to)| from < to);
            (nodes, forward.map(|(from, to)| (names[from], names[to])).collect())
        })
    })
}

fn descendants(node: usize, edges: &[(usize, usize)]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        for &(_, consumer) in edges.iter().filter(|(producer, _)| *producer == node) {
            if found.insert(consumer) {
                pending.push(consumer);
            }
        }
    }
    found
}

proptest! {
    #[test]
    fn every_node_is_handed_out_once_and_after_its_producers((nodes, edges) in graph(), jobs in 1..5usize) {
        let mut queue = ReadyQueue::new(nodes, edges.clone()).unwrap();
        let (mut running, mut finished) = (Vec::new(), BTreeSet::new());
        while !queue.is_done() {
            while let Some(node) = (running.len() < jobs).then(|| queue.next()).flatten() {
                let producers = edges.iter().filter(|(_, consumer)| *consumer == node).map(|(producer, _)| producer);
                prop_assert!(producers.into_iter().all(|producer| finished.contains(producer)));
                prop_assert!(!running.contains(&node) && !finished.contains(&node));
                running.push(node);
            }
            prop_assert!(!running.is_empty(), "stuck");
            let node = running.remove(running.len() / 2);
            finished.insert(node);
            queue.finished(node);
        }
        prop_assert_eq!(finished.len(), nodes);
        prop_assert_eq!(queue.next(), None);
    }

    #[test]
    fn exactly_the_descendants_of_failed_nodes_are_skipped(
        (nodes, edges) in graph(),
        failing in prop::collection::btree_set(0..20usize, 0..4),
    ) {
        let mut queue = ReadyQueue::new(nodes, edges.clone()).unwrap();
        let (mut ran, mut skipped) = (BTreeSet::new(), BTreeSet::new());
        while let Some(node) = queue.next() {
            ran.insert(node);
            if failing.contains(&node) {
                for node in queue.failed(node) {
                    prop_assert!(skipped.insert(node), "skipped twice");
                }
            } else {
                queue.finished(node);
            }
        }
        prop_assert!(queue.is_done());
        let expected: BTreeSet<_> =
            failing.iter().filter(|node| ran.contains(node)).flat_map(|&node| descendants(node, &edges)).collect();
        prop_assert_eq!(&skipped, &expected);
        prop_assert_eq!(ran.len() + skipped.len(), nodes);
    }
}

#[test]
fn the_longest_path_goes_first_and_ties_go_by_number() {
    // 0 -> 1; 2 -> 3 -> 4; 5
    let mut queue = ReadyQueue::new(6, [(0, 1), (2, 3), (3, 4)]).unwrap();
    let mut order = Vec::new();
    while let Some(node) = queue.next() {
        order.push(node);
        queue.finished(node);
    }
    assert_eq!(order, [2, 0, 3, 1, 4, 5]);
}

#[test]
fn a_node_that_finished_twice_counts_once() {
    let mut queue = ReadyQueue::new(3, [(0, 2), (1, 2)]).unwrap();
    assert_eq!(queue.next(), Some(0));
    queue.finished(0);
    queue.finished(0);
    assert_eq!(queue.next(), Some(1));
    assert_eq!(queue.next(), None);
}

#[test]
fn a_cycle_is_refused() {
    assert_eq!(ReadyQueue::new(3, [(0, 1), (1, 2), (2, 1)]).err(), Some(Cyclic));
    assert_eq!(ReadyQueue::new(1, [(0, 0)]).err(), Some(Cyclic));
}

#[test]
fn an_empty_graph_is_done() {
    assert!(ReadyQueue::new(0, []).unwrap().is_done());
}

#[test]
fn what_was_done_before_is_not_handed_out_and_what_failed_before_holds_back_its_consumers() {
    let mut queue = ReadyQueue::new(5, [(0, 2), (1, 3), (1, 4)]).unwrap();
    queue.finished(0);
    assert_eq!(queue.failed(1), [3, 4]);
    assert_eq!((queue.next(), queue.next()), (Some(2), None));
}

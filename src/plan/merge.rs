//! Equal work becomes one node, whatever variants, seeds and stages it appears in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::{Map, Value};

use crate::config::Point;
use crate::diagnostic::Diagnostic;
use crate::hash::{ContentHash, FramedHasher};
use crate::kind::{Catalog, Facts, answer};
use crate::plan::form::{Form, Forms};
use crate::plan::wiring::{SlotWire, Wiring};
use crate::plan::{Edge, Node};

/// A form with its producers known: all of a node but the seed.
pub struct Work {
    form: usize,
    wires: Vec<SlotWire>,
    /// The work on each wire.
    producers: Vec<usize>,
    /// Whether it, or anything it needs, depends on the seed.
    random: bool,
    /// The sweep's axes that it, or anything it needs, uses.
    axes: BTreeSet<usize>,
    facts: Facts,
    pub problems: Vec<Diagnostic>,
}

/// All work met so far.
#[derive(Default)]
pub struct Works {
    works: Vec<Work>,
    known: HashMap<(usize, usize, Vec<usize>), usize>,
}

impl Works {
    pub fn get(&self, work: usize) -> &Work {
        &self.works[work]
    }

    /// The work of every slot of a wired pipeline; `None` for slots that are not in its order. `wiring` tells one
    /// wiring from another. Each piece of work is checked by its kind once.
    pub fn intern(
        &mut self,
        slots: &[usize],
        wiring: (usize, &Wiring),
        forms: &Forms,
        catalog: &dyn Catalog,
    ) -> Vec<Option<usize>> {
        let mut works = vec![None; slots.len()];
        for slot in &wiring.1.order {
            let wires = &wiring.1.wires[*slot];
            let producers: Vec<usize> = wires.iter().filter_map(|wire| works[wire.producer]).collect();
            let key = (slots[*slot], wiring.0, producers);
            let work = self.known.get(&key).copied().unwrap_or_else(|| {
                let work = self.work(slots[*slot], wires.clone(), key.2.clone(), forms, catalog);
                self.works.push(work);
                self.known.insert(key, self.works.len() - 1);
                self.works.len() - 1
            });
            works[*slot] = Some(work);
        }
        works
    }

    fn work(
        &self,
        form: usize,
        wires: Vec<SlotWire>,
        producers: Vec<usize>,
        forms: &Forms,
        catalog: &dyn Catalog,
    ) -> Work {
        let own = forms.get(form);
        let feeding = producers.iter().map(|producer| &self.works[*producer]);
        let random = own.random || feeding.clone().any(|work| work.random);
        let axes = own.axes.iter().chain(feeding.clone().flat_map(|work| &work.axes)).copied().collect();
        let inputs = wires.iter().zip(feeding).map(|(wire, work)| (wire.input.clone(), work.facts.clone())).collect();
        let (facts, problems) = check(own, &inputs, forms, catalog);
        Work { form, wires, producers, random, axes, facts, problems }
    }
}

/// What the kind says of a stage with these inputs.
fn check(
    form: &Form,
    inputs: &BTreeMap<String, Facts>,
    forms: &Forms,
    catalog: &dyn Catalog,
) -> (Facts, Vec<Diagnostic>) {
    let (Some(kind), Some(params)) = (form.description, &form.params) else { return Default::default() };
    match answer(kind.kind, || catalog.check(kind.kind, params, inputs)) {
        Ok(Ok(facts)) => (facts, Vec::new()),
        Err(bug) => (Facts::default(), vec![form.bug(bug)]),
        Ok(Err(problems)) => {
            let checker = forms.checker(form);
            (Facts::default(), problems.iter().filter_map(|problem| Some(checker.as_ref()?.unfit(problem))).collect())
        }
    }
}

/// The graph while it grows.
#[derive(Default)]
pub struct Merger {
    pub graph: DiGraph<Node, Edge>,
    /// Work and its seed -> node.
    known: HashMap<(usize, Option<u64>), usize>,
    by_key: HashMap<ContentHash, usize>,
    labels: Vec<Label>,
}

/// What a node's variant is made of.
struct Label {
    /// Axis -> index of its value, as long as it is the same wherever the node is used.
    axes: BTreeMap<usize, usize>,
    seed: Option<u64>,
}

impl Merger {
    /// The node of a piece of work in a run. Its producers must have been asked for before.
    pub fn node(&mut self, work: usize, works: &Works, forms: &Forms, point: &Point, seed: u64) -> usize {
        let own = works.get(work);
        let seed = own.random.then_some(seed);
        let node = match self.known.get(&(work, seed)) {
            Some(node) => *node,
            None => {
                let node = self.add(own, works, forms, seed);
                self.known.insert((work, seed), node);
                node
            }
        };
        if node == self.labels.len() {
            self.labels
                .push(Label { axes: own.axes.iter().filter_map(|axis| Some((*axis, point[*axis]?))).collect(), seed });
        }
        self.labels[node].axes.retain(|axis, index| point[*axis] == Some(*index));
        node
    }

    /// A node for work that is new by identity; it may still equal other work by content.
    fn add(&mut self, work: &Work, works: &Works, forms: &Forms, seed: Option<u64>) -> usize {
        let form = forms.get(work.form);
        let producer = |producer: &usize| self.known[&(*producer, seed.filter(|_| works.get(*producer).random))];
        let producers: Vec<usize> = work.producers.iter().map(producer).collect();
        let params = form.params.clone().unwrap_or_default();
        let own_seed = seed.filter(|_| form.random);
        let key = self.key(form, &params, own_seed, work.wires.iter().zip(&producers));
        if let Some(node) = self.by_key.get(&key) {
            return *node;
        }
        let node = self.graph.add_node(Node {
            stage: form.stage.name.clone(),
            kind: form.description.map(|kind| kind.kind.to_owned()).unwrap_or_default(),
            params,
            seed: own_seed,
            variant: Map::new(),
            key,
            written: form.companion.is_none(),
        });
        for (wire, producer) in work.wires.iter().zip(producers) {
            let (output, artifact_type) = (wire.output.to_owned(), wire.artifact_type);
            self.graph.add_edge(
                NodeIndex::new(producer),
                node,
                Edge { input: wire.input.clone(), output, artifact_type },
            );
        }
        self.by_key.insert(key, node.index());
        node.index()
    }

    fn key<'a>(
        &self,
        form: &Form,
        params: &Value,
        seed: Option<u64>,
        inputs: impl Iterator<Item = (&'a SlotWire, &'a usize)>,
    ) -> ContentHash {
        let mut hasher = FramedHasher::new("plan node");
        if let Some(kind) = form.description {
            hasher.field(kind.kind.as_bytes()).field(&kind.version.to_le_bytes());
        }
        hasher.field(params.to_string().as_bytes());
        hasher.field(seed.map(|seed| seed.to_string()).unwrap_or_default().as_bytes());
        for (wire, producer) in inputs {
            let key = self.graph[NodeIndex::new(*producer)].key;
            hasher.field(wire.input.as_bytes()).field(key.to_string().as_bytes()).field(wire.output.as_bytes());
        }
        hasher.finish()
    }

    /// The finished graph, every node with its variant: `value` gives an axis's name and value.
    pub fn finish(mut self, repeated: bool, value: impl Fn(usize, usize) -> (String, Value)) -> DiGraph<Node, Edge> {
        for (node, label) in self.graph.node_weights_mut().zip(self.labels) {
            node.variant = label.axes.into_iter().map(|(axis, index)| value(axis, index)).collect();
            if let Some(seed) = label.seed.filter(|_| repeated) {
                node.variant.insert("seed".to_owned(), Value::from(seed));
            }
        }
        self.graph
    }
}

//! Checks of every `${param}` as written, in any variant: that it can be read, names a param, and leads to no circle.

use std::collections::{BTreeMap, BTreeSet};

use super::interpolate::{BadReference, Piece, Reference, pieces, texts};
use super::reader::{Reader, nearest};
use super::resolve::MAX_DEPTH;
use super::value::Located;
use super::{Choice, Experiment, Inputs, ParamDef, StageDef, params};
use crate::diagnostic::{Diagnostic, Sources, Span, nearest_or};

/// Reports what is wrong with the references in the stages, params and sweep. Params and stages that lead to such a
/// reference, to a broken param, or to params that refer to each other in a circle, are in doubt from then on.
pub fn check(experiment: &mut Experiment, reader: &mut Reader) {
    let mut checked = BTreeSet::new();
    for (text, span) in all_texts(experiment) {
        if text.contains("${") && checked.insert(span) {
            check_text(text, span, experiment, reader);
        }
    }
    report_cycles(experiment, reader);
    let mut grown = true;
    while std::mem::take(&mut grown) {
        for name in experiment.params.keys() {
            let sound = texts_of_param(name, experiment).iter().all(|text| is_sound(text, experiment, reader));
            grown |= !sound && reader.broken.insert(name.clone());
        }
    }
    let in_doubt: Vec<bool> = experiment
        .pipeline
        .stages
        .iter()
        .map(|stage| {
            stage.in_doubt || !texts_of_stage(stage).iter().all(|(text, _)| is_sound(text, experiment, reader))
        })
        .collect();
    for (stage, in_doubt) in experiment.pipeline.stages.iter_mut().zip(in_doubt) {
        stage.in_doubt = in_doubt;
    }
    if experiment.search.is_some() && experiment.pipeline.stages.iter().all(|stage| !stage.in_doubt) {
        report_unused(experiment, reader);
    }
}

/// The params that texts refer to, by way of whatever the params may be.
pub fn reached<'a>(mut texts: Vec<&'a str>, experiment: &'a Experiment) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    while let Some(text) = texts.pop() {
        for piece in pieces(text).filter_map(Result::ok) {
            if let Piece::Reference(reference) = piece
                && found.insert(reference.param)
            {
                texts.extend(texts_of_param(reference.param, experiment));
            }
        }
    }
    found
}

/// Reports what a search varies that no stage refers to, whatever the other params are.
fn report_unused(experiment: &Experiment, reader: &mut Reader) {
    let texts = experiment.pipeline.stages.iter().flat_map(texts_of_stage).map(|(text, _)| text);
    let used = reached(texts.collect(), experiment);
    for axis in experiment.sweep.axes.iter().filter(|axis| !used.contains(axis.param.as_str())) {
        let problem = Diagnostic::new("unused-sweep", format!("no stage uses the param `{}`", axis.param));
        let advice = "every value would repeat the same work: use it in a stage as";
        let help =
            nearest_or(&axis.param, used.iter().copied(), || format!("{advice} \"${{{}}}\", or drop it", axis.param));
        reader.report(problem.at(axis.span, "changes nothing").help(help));
    }
}

/// Every text that may have references.
fn all_texts(experiment: &Experiment) -> Vec<(&str, Span)> {
    let mut found: Vec<(&str, Span)> = experiment.pipeline.stages.iter().flat_map(texts_of_stage).collect();
    let mut add = |value| found.extend(texts(value).into_iter().map(|(text, value)| (text, value.span)));
    for def in experiment.pipeline.params.values() {
        add(&def.default);
        def.choices.iter().flat_map(|choice| choice.carries.values()).for_each(&mut add);
    }
    experiment.params.values().for_each(&mut add);
    experiment.sweep.axes.iter().flat_map(|axis| &axis.values).for_each(&mut add);
    found
}

fn texts_of_stage(stage: &StageDef) -> Vec<(&str, Span)> {
    let values = texts(&stage.uses).into_iter().chain(texts(&stage.params));
    let mut found: Vec<(&str, Span)> = values.map(|(text, value)| (text, value.span)).collect();
    if let Inputs::Named(wires) | Inputs::Listed(wires) = &stage.inputs {
        found.extend(wires.iter().filter(|wire| wire.is_template()).map(|wire| (wire.stage.as_str(), wire.span)));
    }
    found
}

/// All values that a param may take.
fn values<'a>(name: &str, experiment: &'a Experiment) -> impl Iterator<Item = &'a Located> {
    let swept = experiment.sweep.axes.iter().filter(move |axis| axis.param == name).flat_map(|axis| &axis.values);
    experiment.params.get(name).into_iter().chain(swept)
}

fn choices<'a>(name: &str, experiment: &'a Experiment) -> &'a [Choice] {
    experiment.pipeline.params.get(name).map_or(&[][..], |def| &def.choices)
}

/// The texts of all values that a param may take or carry.
fn texts_of_param<'a>(name: &str, experiment: &'a Experiment) -> Vec<&'a str> {
    let carried = choices(name, experiment).iter().flat_map(|choice| choice.carries.values());
    values(name, experiment).chain(carried).flat_map(texts).map(|(text, _)| text).collect()
}

/// Whether every reference in a text can be followed.
fn is_sound(text: &str, experiment: &Experiment, reader: &Reader) -> bool {
    pieces(text).all(|piece| match piece {
        Ok(Piece::Literal(_)) => true,
        Ok(Piece::Reference(Reference { param, carried, .. })) => {
            let def = experiment.pipeline.params.get(param).filter(|_| !reader.broken.contains(param));
            def.is_some_and(|def| carried.is_none_or(|carried| check_carried(param, carried, def, def.span).is_none()))
        }
        Err(_) => false,
    })
}

fn check_text(text: &str, span: Span, experiment: &Experiment, reader: &mut Reader) {
    for piece in pieces(text) {
        let problem = match piece {
            Ok(Piece::Literal(_)) => None,
            Ok(Piece::Reference(reference)) => {
                let place = part(&reader.sources, span, text, reference.range.clone());
                check_reference(&reference, place, experiment, reader)
            }
            Err(BadReference::Unterminated(range)) => Some(
                Diagnostic::new("bad-reference", "a reference has no end")
                    .at(part(&reader.sources, span, text, range), "begins here")
                    .help("close it with `}`, or write `$${` for the characters themselves"),
            ),
            Err(BadReference::BadName(range)) => Some(
                Diagnostic::new("bad-reference", format!("`{}` names no param", &text[range.clone()]))
                    .at(part(&reader.sources, span, text, range), "")
                    .help("write `${param}` or `${param.value}`, or `$${` for the characters themselves"),
            ),
        };
        reader.diagnostics.extend(problem);
    }
}

/// The place of a part of a text, or of the whole when escapes make the two differ.
fn part(sources: &Sources, span: Span, text: &str, range: std::ops::Range<usize>) -> Span {
    let written = sources.text_at(span);
    let quotes = usize::from(written.len() == text.len() + 2);
    if written.get(quotes..written.len() - quotes) == Some(text) {
        Span { start: span.start + quotes + range.start, end: span.start + quotes + range.end, ..span }
    } else {
        span
    }
}

fn check_reference(
    reference: &Reference<'_>,
    span: Span,
    experiment: &Experiment,
    reader: &Reader,
) -> Option<Diagnostic> {
    let name = reference.param;
    if reader.params_unreadable || reader.broken.contains(name) {
        return None;
    }
    let Some(def) = experiment.pipeline.params.get(name) else {
        let problem = params::unknown(name, span, &experiment.pipeline);
        let own_seed = name == "seed" && reference.carried.is_none();
        return Some(if own_seed {
            problem.help("every stage is given the run's seed without asking")
        } else {
            problem
        });
    };
    check_carried(name, reference.carried?, def, span)
}

fn check_carried(name: &str, carried: &str, def: &ParamDef, span: Span) -> Option<Diagnostic> {
    let lacking = def.choices.iter().find(|choice| !choice.carries.contains_key(carried));
    let known: BTreeSet<&str> =
        def.choices.iter().flat_map(|choice| choice.carries.keys()).map(String::as_str).collect();
    let problem = |message: String| {
        Some(Diagnostic::new("no-such-value", message).at(span, "").context(def.span, "declared here"))
    };
    if known.is_empty() {
        let help = format!("write `${{{name}}}`, or let [params.{name}.choices.NAME] carry `{carried}`");
        return Some(problem(format!("`{name}` has no choices that carry values"))?.help(help));
    }
    let lacking = lacking?;
    let choice = lacking.value.as_str().unwrap_or_default();
    if known.contains(carried) {
        let message = format!("the choice `{choice}` of `{name}` carries no `{carried}`");
        return Some(problem(message)?.context(lacking.span, "the choice").help(format!("add `{carried}` to it")));
    }
    let help = nearest(carried, known.iter().copied(), &format!("the choices of `{name}` carry"));
    Some(problem(format!("the choices of `{name}` carry no `{carried}`"))?.help(help))
}

/// A param, or a value that its choices carry.
type Node<'a> = (&'a str, Option<&'a str>);

/// What a param's values, in any variant, refer to.
fn edges<'a>(experiment: &'a Experiment, node: Node<'a>) -> Vec<(Node<'a>, Span)> {
    let (name, carried) = node;
    let values: Vec<&Located> = match carried {
        None => values(name, experiment).collect(),
        Some(carried) => choices(name, experiment).iter().filter_map(|choice| choice.carries.get(carried)).collect(),
    };
    let mut targets = Vec::new();
    for (text, value) in values.into_iter().flat_map(texts) {
        for reference in pieces(text).filter_map(Result::ok) {
            if let Piece::Reference(reference) = reference {
                targets.push(((reference.param, None), value.span));
                targets.extend(reference.carried.map(|carried| ((reference.param, Some(carried)), value.span)));
            }
        }
    }
    targets
}

fn report_cycles(experiment: &Experiment, reader: &mut Reader) {
    let (done, path, found, broken) = Default::default();
    let mut search = Search { experiment, done, path, found, broken, too_deep: false };
    for name in experiment.params.keys() {
        search.visit((name, None), experiment.params[name].span);
    }
    reader.diagnostics.extend(search.found);
    reader.broken.extend(search.broken.into_iter().map(str::to_owned));
}

/// Depth-first search for circles.
struct Search<'a> {
    experiment: &'a Experiment,
    /// Nodes whose references were followed: how deep they lead.
    done: BTreeMap<Node<'a>, usize>,
    path: Vec<Node<'a>>,
    found: Vec<Diagnostic>,
    /// Params on a circle, and those that lead too deep.
    broken: BTreeSet<&'a str>,
    /// Said once: all that lead there are too deep as well.
    too_deep: bool,
}

impl<'a> Search<'a> {
    /// How deep the references of a node lead.
    fn visit(&mut self, node: Node<'a>, span: Span) -> usize {
        if let Some(depth) = self.done.get(&node) {
            return *depth;
        }
        if let Some(begin) = self.path.iter().position(|earlier| *earlier == node) {
            self.broken.extend(self.path[begin..].iter().map(|(param, _)| *param));
            let circle: Vec<String> = self.path[begin..].iter().chain([&node]).map(shown).collect();
            let problem =
                Diagnostic::new("cyclic-params", format!("params refer to each other: {}", circle.join(" -> ")));
            self.found.push(problem.at(span, "leads back").help("give one of them a value of its own"));
            return 0;
        }
        if self.path.len() > MAX_DEPTH {
            return MAX_DEPTH;
        }
        self.path.push(node);
        let mut depth = 0;
        for (target, place) in edges(self.experiment, node) {
            depth = depth.max(1 + self.visit(target, place));
        }
        self.path.pop();
        self.done.insert(node, depth);
        if depth > MAX_DEPTH {
            self.broken.insert(node.0);
        }
        if depth > MAX_DEPTH && !self.too_deep {
            self.too_deep = true;
            let message = format!("`{}` refers to params that refer to others, over {MAX_DEPTH} deep", node.0);
            let problem = Diagnostic::new("cyclic-params", message).at(span, "");
            self.found.push(problem.help("give one of them a value of its own"));
        }
        depth
    }
}

fn shown(node: &Node<'_>) -> String {
    match node {
        (param, None) => format!("`{param}`"),
        (param, Some(carried)) => format!("`{param}.{carried}`"),
    }
}

//! From a file's path and the command line's overrides to a checked [`Experiment`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde_json::Value;

use super::experiment::{self, Layer};
use super::interpolate::{is_plain, texts};
use super::reader::{Document, Reader};
use super::sweep::{Axis, Point, Spec};
use super::value::{Entry, Located};
use super::{Experiment, Overrides, Pipeline, Search, Sweep, ablation, params, pipeline, references, search, sweep};
use crate::diagnostic::{Diagnostic, Problems, Sources, Span};

/// Reads an experiment's file, all that it extends and its pipeline, and lays the overrides over them. A pipeline's
/// file is an experiment with the pipeline's defaults. Errors: everything that is wrong, in the order of the files.
pub fn load(file: &Path, overrides: &Overrides) -> Result<Experiment, Problems> {
    match read(file, overrides) {
        (Some(experiment), problems) if problems.diagnostics.is_empty() => Ok(experiment),
        (_, problems) => Err(problems),
    }
}

/// Like [`load`], for whoever wants to know what else is wrong: what could be read, if there is a pipeline at all, and
/// what is wrong so far.
pub fn read(file: &Path, overrides: &Overrides) -> (Option<Experiment>, Problems) {
    let mut reader = Reader::default();
    let experiment = read_with(file, overrides, &mut reader);
    let problems = Problems::new(first_of_each_place(reader.diagnostics), reader.sources);
    let whole = problems.diagnostics.is_empty();
    (experiment.map(|experiment| Experiment { sources: problems.sources.clone(), whole, ..experiment }), problems)
}

/// Without what is said of a place after the first: it follows from that.
fn first_of_each_place(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = BTreeSet::new();
    let is_place = |span: &Span| span.start < span.end;
    diagnostics.retain(|diagnostic| diagnostic.span.filter(is_place).is_none_or(|span| seen.insert(span)));
    diagnostics
}

fn read_with(file: &Path, overrides: &Overrides, reader: &mut Reader) -> Option<Experiment> {
    let (mut layer, pipeline) = match reader.document(file, None) {
        Some(document) if pipeline::is_pipeline(&document) => {
            let pipeline = pipeline::read(&document, reader);
            (Layer { name: pipeline.name.clone(), ..Layer::default() }, pipeline)
        }
        document => {
            let layer = match document {
                Some(document) => experiment::read(&document, reader),
                // Its syntax is wrong; the pipeline's own mistakes may be told all the same.
                None => Layer { pipeline: reader.named_in_passing("pipeline"), ..Layer::default() },
            };
            let pipeline = read_pipeline(&layer, reader)?;
            (layer, pipeline)
        }
    };
    overrides.apply(&mut layer, &pipeline, reader);
    let ablation = layer.ablation.take();
    let base_values = ablation.as_ref().map(|ablation| ablation.base(reader)).unwrap_or_default();
    base_values.into_iter().for_each(|entry| experiment::set_param(&mut layer.params, entry));
    let params = fit_params(&layer, &pipeline, reader);
    let spec = sweep::read(&layer.sweep, &pipeline, reader);
    let mut experiment = Experiment {
        title: layer.title.unwrap_or_else(|| layer.name.clone()),
        name: layer.name,
        question: layer.question.unwrap_or_default(),
        file: file.to_owned(),
        seed: layer.seed.unwrap_or(0),
        repeats: layer.repeats.unwrap_or(1),
        tags: layer.tags.unwrap_or_default(),
        metrics: layer.metrics.unwrap_or_default(),
        pipeline,
        params,
        sweep: Sweep::default(),
        search: None,
        ablation: None,
        sources: Sources::default(),
        whole: true,
    };
    what_varies(&mut experiment, spec, layer.search, ablation, reader);
    references::check(&mut experiment, reader);
    if reader.diagnostics.is_empty() {
        check_values(&experiment, reader);
    }
    Some(experiment)
}

/// Gives the experiment its points, and the search or ablation that they are for.
fn what_varies(
    experiment: &mut Experiment,
    mut spec: Spec,
    search: Option<(Vec<Entry>, Span)>,
    ablation: Option<ablation::Written>,
    reader: &mut Reader,
) {
    let base = experiment.param_values(&BTreeMap::new());
    let pipeline = &experiment.pipeline;
    if let (Some((_, span)), Some(ablation)) = (&search, &ablation) {
        let problem = Diagnostic::new("not-with-ablation", "a search does not go with an ablation").at(*span, "");
        reader.report(problem.context(ablation.span, "says which points there are").help("keep one of the two"));
    }
    if let Some(written) = &ablation {
        let read = ablation::read(written, &spec, pipeline, &base, reader);
        (experiment.ablation, spec.points) = read.map_or((None, None), |(ablation, rows)| (Some(ablation), Some(rows)));
    }
    (experiment.sweep, experiment.search) = match search {
        Some(search) => (Search::sweep(&spec), search::read(search, &spec, pipeline, &base, reader)),
        None => (sweep::enumerate(&spec, pipeline, &base, reader), None),
    };
}

fn read_pipeline(layer: &Layer, reader: &mut Reader) -> Option<Pipeline> {
    let (path, span) = layer.pipeline.as_ref()?;
    let document: Document = reader.document(path, Some(*span))?;
    let names_another = document.get("pipeline").is_some() || document.get("extends").is_some();
    if names_another && !pipeline::is_pipeline(&document) {
        let problem = Diagnostic::new("not-a-pipeline", format!("{} is an experiment", document.path.display()));
        reader.report(problem.at(*span, "wants a pipeline").help("name it with `extends = ...` instead"));
        return None;
    }
    Some(pipeline::read(&document, reader))
}

/// The values of all params: the defaults, under what was set.
fn fit_params(layer: &Layer, pipeline: &Pipeline, reader: &mut Reader) -> BTreeMap<String, Located> {
    let mut values: BTreeMap<String, Located> =
        pipeline.params.iter().map(|(name, def)| (name.clone(), def.default.clone())).collect();
    for entry in &layer.params {
        match pipeline.params.get(&entry.key).map(|def| params::fit(&entry.key, def, &entry.value)) {
            Some(Ok(value)) => {
                values.insert(entry.key.clone(), value);
            }
            Some(Err(problem)) => reader.report_of_param(&entry.key, problem),
            None => params::report_unknown(&entry.key, entry.key_span, pipeline, reader),
        }
    }
    values
}

/// Resolves the experiment at its own params and at each swept value in turn, so that values which do not fit once
/// their references are replaced are found at once.
fn check_values(experiment: &Experiment, reader: &mut Reader) {
    let (_, mut problems) = experiment.resolve(&BTreeMap::new());
    for axis in &experiment.sweep.axes {
        // Whether values fit into the stages can only differ between choices that carry other values.
        let def = experiment.pipeline.params.get(&axis.param);
        let carrying = def.is_some_and(|def| def.choices.iter().any(|choice| !choice.carries.is_empty()));
        for value in &axis.values {
            let point = BTreeMap::from([(axis.param.clone(), value.clone())]);
            problems.extend(match carrying {
                true => experiment.resolve(&point).1,
                false => experiment.check_params(&point),
            });
        }
    }
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert((problem.span, problem.message.clone())));
    if problems.is_empty() {
        problems = match &experiment.search {
            None => alike(&experiment.sweep, experiment),
            Some(_) => alone(experiment).iter().flat_map(|sweep| alike(sweep, experiment)).collect(),
        };
    }
    reader.diagnostics.append(&mut problems);
}

/// A sweep over each list that a search takes values from, without those that follow from something else that varies.
fn alone(experiment: &Experiment) -> Vec<Sweep> {
    let axes = &experiment.sweep.axes;
    let resource = experiment.search.as_ref().and_then(|search| search.resource.as_ref());
    let varied = axes.iter().map(|axis| &axis.param).chain(resource.map(|of| &of.param));
    let varied: BTreeSet<&str> = varied.map(String::as_str).collect();
    let is_fixed = |value: &&Located| {
        let texts = texts(value).into_iter().map(|(text, _)| text).collect();
        references::reached(texts, experiment).is_disjoint(&varied)
    };
    let sweep = |axis: &Axis| {
        let values: Vec<Located> = axis.values.iter().filter(is_fixed).cloned().collect();
        let points = (0..values.len()).map(|value| vec![Some(value)]).collect();
        Sweep { axes: vec![Axis { values, ..axis.clone() }], points }
    };
    axes.iter().map(sweep).collect()
}

/// Points that are what an earlier one is once their references are replaced.
fn alike(sweep: &Sweep, experiment: &Experiment) -> Vec<Diagnostic> {
    if sweep.axes.iter().flat_map(|axis| &axis.values).all(is_plain) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut seen: HashMap<String, &Point> = HashMap::new();
    for point in &sweep.points {
        let values = experiment.param_values(&sweep.located(point));
        let Some(first) = seen.insert(Value::Object(values.clone()).to_string(), point) else { continue };
        let differing = sweep.axes.iter().zip(point.iter().zip(first)).find(|(_, (one, other))| one != other);
        let Some((axis, (one, other))) = differing else { continue };
        let mut places = [one, other].into_iter().flatten().map(|value| &axis.values[*value]).collect::<Vec<_>>();
        places.sort_by_key(|value| is_plain(value));
        let message = format!("two points are alike: `{}` is {} at both", axis.param, values[&axis.param]);
        let problem = Diagnostic::new("repeated-point", message).help("remove one of them; `repeats` runs more seeds");
        problems.push(match places.as_slice() {
            [value, other] => {
                problem.at(value.span, format!("{} here", values[&axis.param])).context(other.span, "the same")
            }
            _ => places.iter().fold(problem, |problem, value| problem.at(value.span, "the experiment's own")),
        });
    }
    problems
}

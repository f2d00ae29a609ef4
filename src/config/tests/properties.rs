//! What holds for any text and any value.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Folder, PIPELINE, set, sweep};
use crate::config::document;
use crate::config::value::{Entry, Kind, Located};
use crate::config::{Overrides, ResolvedStage};
use crate::diagnostic::{FileId, Problems, Sources, Span};

fn place() -> Span {
    Span { file: FileId(0), start: 0, end: 0 }
}

fn located(kind: Kind) -> Located {
    Located { kind, span: place() }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z $.{}]{0,12}", "\\PC{0,8}", any::<String>()]
}

fn scalar() -> impl Strategy<Value = Located> {
    let finite = any::<f64>().prop_filter("finite", |value| value.is_finite());
    prop_oneof![
        any::<bool>().prop_map(Kind::Bool),
        any::<i64>().prop_map(Kind::Integer),
        finite.prop_map(Kind::Float),
        text().prop_map(Kind::Text),
    ]
    .prop_map(located)
}

/// A param's value: a scalar, a list, or a list of lists.
fn value() -> impl Strategy<Value = Located> {
    let list = |items| vec(items, 0..4).prop_map(|items| located(Kind::List(items)));
    prop_oneof![scalar(), list(scalar().boxed()), list(list(scalar().boxed()).boxed())]
}

fn table() -> impl Strategy<Value = Located> {
    proptest::collection::btree_map(text(), value(), 0..4).prop_map(|entries| {
        let entry = |(key, value)| Entry { key, key_span: place(), value };
        located(Kind::Table(entries.into_iter().map(entry).collect()))
    })
}

/// The value with `${` written so that it is no reference.
fn escaped(value: &Located) -> Located {
    located(match &value.kind {
        Kind::Text(text) => Kind::Text(text.replace("${", "$${")),
        Kind::List(items) => Kind::List(items.iter().map(escaped).collect()),
        kind => kind.clone(),
    })
}

fn read_back(toml: &str) -> Option<Located> {
    let mut diagnostics = Vec::new();
    let value = document::parse_value(toml, FileId(0), 0, &mut diagnostics);
    assert_eq!(diagnostics, []);
    value
}

/// The one stage of a pipeline with one param.
fn stage(param: &str, overrides: &Overrides) -> ResolvedStage {
    let text =
        format!("[pipeline]\n[params]\na = {param}\n[stages.s]\nuses = 'x'\nwhole = '${{a}}'\nlist = [['${{a}}']]");
    let experiment = Folder::with(&[("p.toml", &text)]).load("p.toml", overrides);
    let experiment = experiment.unwrap_or_else(|problems| panic!("{problems}"));
    let point = experiment.sweep.axes.iter().map(|axis| (axis.param.clone(), axis.values[0].clone())).collect();
    experiment.resolve(&point).0.remove(0)
}

fn same(stage: &ResolvedStage, value: &Located) -> Result<(), TestCaseError> {
    let got = |key| stage.params.get(key).unwrap().value.to_json();
    // Floats are compared as JSON text, which also tells 1 from 1.0.
    prop_assert_eq!(got("whole").to_string(), value.to_json().to_string());
    prop_assert_eq!(got("list").to_string(), format!("[[{}]]", value.to_json()));
    Ok(())
}

/// Everything that can be asked of a file that may be nonsense.
fn exercise(text: &str) {
    let folder = Folder::with(&[PIPELINE, ("x.toml", text)]);
    match folder.load("x.toml", &Overrides::default()) {
        Ok(experiment) => {
            let _ = experiment.resolve(&BTreeMap::new());
            let _ = experiment.param_values(&BTreeMap::new());
            let _ = experiment.to_config();
        }
        Err(problems) => {
            assert_ne!(problems.render(true), "");
        }
    }
}

/// Everything that can vary, some of which does not go together.
const EXPERIMENT: &str = "pipeline = 'pipeline.toml'
[params]
epochs = 3
[sweep]
latent_dim = [2, 8]
architecture = ['dense', 'conv']
zip = [['latent_dim', 'architecture']]
points = [{ title = 'a' }, { title = 'b', epochs = 4 }]
learning_rate = { log_uniform = [1e-4, 1e-2], when = { architecture = 'conv' } }
dataset = { choice = ['a', 'b'] }
draws = 2
draw_seed = 1
exclude = [{ latent_dim = 2, title = 'b' }]
include = [{ latent_dim = 8, epochs = 9 }]
[search]
minimize = ['a.b']
trials = 3
pruner = 'asha'
min_resource = 1
[ablation]
base = { epochs = 5 }
changes = [{ name = 'a', set = { epochs = 6 } }]
";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_value_written_as_toml_reads_back_the_same(value in prop_oneof![value(), table()]) {
        let back = read_back(&value.to_toml()).expect("TOML");
        prop_assert_eq!(back.to_json().to_string(), value.to_json().to_string());
        let theirs = toml::Value::try_from(value.to_json()).expect("TOML has the value").to_string();
        prop_assert_eq!(read_back(&theirs).expect("TOML").to_json().to_string(), value.to_json().to_string());
    }

    #[test]
    fn a_reference_keeps_the_type_and_the_value(value in value()) {
        same(&stage(&escaped(&value).to_toml(), &Overrides::default()), &value)?;
    }

    #[test]
    fn an_override_means_what_the_file_would(value in value()) {
        let default = match value.kind {
            Kind::Bool(_) => "true",
            Kind::Integer(_) => "1",
            Kind::Float(_) => "1.0",
            Kind::Text(_) => "''",
            _ => "[]",
        };
        let toml = escaped(&value).to_toml();
        same(&stage(default, &set(&format!("a={toml}"))), &value)?;
        same(&stage(default, &sweep(&format!("a={toml}"))), &value)?;
    }

    #[test]
    fn commas_behind_an_escaped_quote_separate_no_values(text in "[\"',\\\\]{1,6}") {
        let value = located(Kind::Text(text));
        same(&stage("''", &sweep(&format!("a={}", value.to_toml()))), &value)?;
    }

    #[test]
    fn a_bare_string_needs_no_quotes(text in "[a-zA-Z0-9_./ #=:-]{1,12}") {
        let expected = located(Kind::Text(text.trim().to_owned()));
        same(&stage("'x'", &set(&format!("a={text}"))), &expected)?;
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![
        any::<String>(),
        "([a-c]|[\\[\\]{}=.,'\"#$\n 1-9+-]|\r\n|nan|true|\\[sweep\\]|zip|points|draws|exclude|include|when|\\[stages\\.|\\[pipeline\\]|uses|inputs|params|default|choices){0,40}",
    ]) {
        exercise(&text);
    }

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(
        at in 0..PIPELINE.1.len(), length in 0..20_usize, inserted in text(), experiment in any::<bool>(),
    ) {
        let text = if experiment {
            EXPERIMENT
        } else {
            PIPELINE.1
        };
        let start = text.floor_char_boundary(at.min(text.len()));
        let end = text.floor_char_boundary((start + length).min(text.len()));
        exercise(&format!("{}{inserted}{}", &text[..start], &text[end..]));
    }

    #[test]
    fn any_place_can_be_rendered(text in text(), start in 0..40_usize, length in 0..40_usize, label in text()) {
        let mut sources = Sources::default();
        let file = sources.add("x.toml", text);
        let diagnostic = crate::diagnostic::Diagnostic::new("code", label.clone())
            .at(Span { file, start, end: start + length }, label.clone())
            .context(Span { file, start: length, end: start }, label.clone())
            .help(label);
        let rendered = Problems::new(vec![diagnostic], sources).render(false);
        prop_assert_eq!(rendered.find(char::from(27)), None);
    }
}

//! What well-formed files mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Folder, PIPELINE, set, sweep};
use crate::config::value::Located;
use crate::config::{Experiment, Inputs, Overrides, ResolvedStage};

fn experiment(text: &str, overrides: &Overrides) -> Experiment {
    Folder::with(&[PIPELINE, ("experiment.toml", text)])
        .load("experiment.toml", overrides)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn default_stages(experiment: &Experiment) -> Vec<ResolvedStage> {
    experiment.resolve(&BTreeMap::new()).0
}

fn axis(experiment: &Experiment, index: usize) -> (&str, Vec<Value>) {
    let axis = &experiment.sweep.axes[index];
    (&axis.param, axis.values.iter().map(Located::to_json).collect())
}

const PLAIN: &str = "pipeline = 'pipeline.toml'";

#[test]
fn a_pipeline_file_is_an_experiment_of_its_defaults() {
    let experiment = Folder::with(&[PIPELINE]).load("pipeline.toml", &Overrides::default()).unwrap();
    assert_eq!((experiment.name.as_str(), experiment.repeats, experiment.seed), ("autoencoder", 1, 0));
    assert_eq!(experiment.params["epochs"].to_json(), 50);
    assert_eq!(experiment.sweep.axes.len(), 0);
}

#[test]
fn references_take_the_type_of_the_param_or_become_text() {
    let stages = default_stages(&experiment(PLAIN, &Overrides::default()));
    let expected = json!({
        "encoder": ["dense 256 relu", "dense 32"],
        "epochs": 50,
        "learning_rate": 1e-3,
        "note": "mnist at 32, costs ${latent_dim}",
    });
    assert_eq!(stages[1].params.to_json(), expected);
    let used = ["architecture", "dataset", "epochs", "latent_dim", "learning_rate", "title"];
    assert_eq!(stages[1].used, used.map(String::from).into());
    assert_eq!(stages[0].used, BTreeSet::from(["dataset".to_owned()]));
}

#[test]
fn a_reference_points_to_where_the_value_stands() {
    let experiment = experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 7", &Overrides::default());
    let stages = default_stages(&experiment);
    let epochs = &stages[1].params.get("epochs").unwrap().value;
    assert_eq!(experiment.sources.text_at(epochs.span), "7");
    assert!(experiment.sources.get(epochs.span.file).0.ends_with("experiment.toml"));
}

#[test]
fn a_choice_brings_the_values_it_carries() {
    let experiment = experiment(PLAIN, &set("architecture=conv"));
    let stages = default_stages(&experiment);
    let expected = json!(["conv 32 3x3 relu", "flatten", "dense 32"]);
    assert_eq!(stages[1].params.get("encoder").unwrap().value.to_json(), expected);
}

#[test]
fn stages_and_wires_keep_their_order_and_names() {
    let stages = default_stages(&experiment(PLAIN, &Overrides::default()));
    assert_eq!(stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>(), ["load", "autoencoder", "report"]);
    let Inputs::Named(named) = &stages[1].inputs else { panic!() };
    assert_eq!((named[0].port.as_str(), named[0].stage.as_str(), &named[0].output), ("dataset", "load", &None));
    let Inputs::Listed(listed) = &stages[2].inputs else { panic!() };
    assert_eq!((listed[1].port.as_str(), listed[1].output.as_deref()), ("load.dataset", Some("dataset")));
}

#[test]
fn a_wire_may_be_chosen_by_a_param() {
    let text = "[pipeline]\n[params]\nsource = 'a'\n[stages.a]\nuses = 'load'\n[stages.b]\nuses = 'split'\ninputs = { dataset = '${source}' }
        [stages.c]\nuses = 'report'\ninputs = ['${source}.dataset']";
    let experiment = Folder::with(&[("p.toml", text)]).load("p.toml", &set("source=x")).unwrap();
    let stages = default_stages(&experiment);
    let Inputs::Named(named) = &stages[1].inputs else { panic!() };
    assert_eq!(named[0].stage, "x");
    let Inputs::Listed(listed) = &stages[2].inputs else { panic!() };
    assert_eq!((listed[0].port.as_str(), listed[0].output.as_deref()), ("x.dataset", Some("dataset")));
    assert!(stages[2].used.contains("source"));
}

#[test]
fn overrides_win_over_the_experiment_and_it_over_the_pipeline() {
    let text = "pipeline = 'pipeline.toml'\nrepeats = 2\n[params]\nepochs = 7\nlearning_rate = 1";
    let overrides = Overrides { repeats: Some(5), ..set("dataset = 2024") };
    let experiment = experiment(text, &overrides);
    assert_eq!(experiment.params["epochs"].to_json(), 7);
    // A float param takes an integer, as a float.
    assert_eq!(experiment.params["learning_rate"].to_json().to_string(), "1.0");
    assert_eq!(experiment.params["dataset"].to_json(), "2024");
    assert_eq!(experiment.repeats, 5);
}

#[test]
fn a_set_param_is_swept_no_more() {
    let text = "pipeline = 'pipeline.toml'\n[sweep]\nlatent_dim = [2, 8]\narchitecture = ['conv', 'dense']";
    let experiment = experiment(text, &set("latent_dim=32"));
    assert_eq!(experiment.sweep.axes.len(), 1);
    assert_eq!(experiment.params["latent_dim"].to_json(), 32);
}

#[test]
fn swept_on_the_command_line_replaces_or_adds_an_axis() {
    let text = "pipeline = 'pipeline.toml'\n[sweep]\nlatent_dim = [2, 8]\nepochs = [1]";
    let overrides = Overrides {
        sweep: vec!["latent_dim=8,32".into(), "title=a b,\"c,d\", ${dataset}".into(), "learning_rate=1,1e-4".into()],
        ..Overrides::default()
    };
    let experiment = experiment(text, &overrides);
    assert_eq!(axis(&experiment, 0), ("latent_dim", vec![json!(8), json!(32)]));
    assert_eq!(axis(&experiment, 1), ("epochs", vec![json!(1)]));
    assert_eq!(axis(&experiment, 2), ("title", vec![json!("a b"), json!("c,d"), json!("${dataset}")]));
    assert_eq!(axis(&experiment, 3), ("learning_rate", vec![json!(1.0), json!(1e-4)]));
}

#[test]
fn an_extended_experiment_is_overridden_key_by_key() {
    let base = "title = 'Base'\nquestion = 'Why?'\npipeline = '../pipeline.toml'\nrepeats = 3\nseed = 9\ntags = ['a']
        [params]\nepochs = 7\ndataset = 'digits'\n[sweep]\nlatent_dim = [2, 8]\narchitecture = ['dense', 'conv']";
    let child = "extends = 'base/base.toml'\n[params]\nepochs = 8\nlatent_dim = 32\n[sweep]\ndataset = ['x']";
    let folder = Folder::with(&[PIPELINE, ("base/base.toml", base), ("child.toml", child)]);
    let experiment = folder.load("child.toml", &Overrides::default()).unwrap();
    assert_eq!((experiment.name.as_str(), experiment.title.as_str()), ("child", "child"));
    assert_eq!((experiment.repeats, experiment.seed, experiment.question.as_str()), (3, 9, "Why?"));
    assert_eq!(experiment.tags, ["a"]);
    assert_eq!(experiment.params["epochs"].to_json(), 8);
    let axes: Vec<&str> = experiment.sweep.axes.iter().map(|axis| axis.param.as_str()).collect();
    assert_eq!(axes, ["architecture", "dataset"]);
    assert_eq!(experiment.pipeline.file, folder.path().join("pipeline.toml"));
}

#[test]
fn param_values_are_those_of_the_point() {
    let experiment = experiment(PLAIN, &sweep("latent_dim=2,8"));
    let point = BTreeMap::from([("latent_dim".to_owned(), experiment.sweep.axes[0].values[1].clone())]);
    let values = experiment.param_values(&point);
    assert_eq!(values["latent_dim"], 8);
    assert_eq!(values["title"], "mnist at 8");
    assert_eq!(values["architecture"], "dense");
}

#[test]
fn numbers_in_texts_read_back_the_same() {
    let text = "[pipeline]\n[params]\na = 1e-5\nb = 1.0\nc = 0.1\nd = true\n[stages.s]\nuses = 'x'\nt = '${a} ${b} ${c} ${d} $5 $$'";
    let experiment = Folder::with(&[("p.toml", text)]).load("p.toml", &Overrides::default()).unwrap();
    assert_eq!(default_stages(&experiment)[0].params.get("t").unwrap().value.to_json(), "1e-5 1.0 0.1 true $5 $$");
}

#[test]
fn an_escaped_reference_in_a_param_stays_as_it_is() {
    let text = "[pipeline]\n[params]\na = '$${b}'\n[stages.s]\nuses = 'x'\nt = '${a}'\nu = 'x${a}'";
    let experiment = Folder::with(&[("p.toml", text)]).load("p.toml", &Overrides::default()).unwrap();
    assert_eq!(default_stages(&experiment)[0].params.to_json(), json!({"t": "${b}", "u": "x${b}"}));
}

#[test]
fn the_config_holds_all_that_decides_what_runs() {
    let text = "pipeline = 'pipeline.toml'\nrepeats = 2\n[params]\nepochs = 7\n[sweep]\nlatent_dim = [2, 8]";
    let config = experiment(text, &set("dataset=digits")).to_config();
    assert_eq!(config["params"]["epochs"], 7);
    assert_eq!(config["written_in"]["dataset"], "command line");
    assert_eq!(
        config["sweep"],
        json!({"axes": [{"param": "latent_dim", "values": [2, 8], "conditional": false}], "points": null})
    );
    assert_eq!(config["pipeline"]["params"]["epochs"]["range"], json!([1.0, 1000.0]));
    assert_eq!(config["pipeline"]["stages"][2]["inputs"], json!(["autoencoder", "load.dataset"]));
    let carried = &config["pipeline"]["params"]["architecture"]["choices"][0];
    assert_eq!(carried["carries"]["encoder"][1], "dense ${latent_dim}");
}

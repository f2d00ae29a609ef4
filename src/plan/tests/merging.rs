//! What is planned, and what is shared.

use serde_json::json;

use super::{listing, plan};

/// From loading to a table of results.
pub const PIPELINE: &str = r#"
[params]
width = 4
epochs = 2
shuffle = false
side = 28
[stages.load]
uses = "load"
dataset = "digits"
side = "${side}"
[stages.scale]
uses = "scale"
inputs = { dataset = "load" }
[stages.auto]
uses = "train"
inputs = { dataset = "scale" }
widths = [8, "${width}"]
epochs = "${epochs}"
shuffle = "${shuffle}"
[stages.codes]
uses = "encode"
inputs = { dataset = "scale", model = "auto" }
[stages.probe]
uses = "probe"
inputs = { latents = "codes" }
epochs = 3
[stages.report]
uses = "show"
"#;

#[test]
fn a_plan_has_written_stages_companions_and_what_the_report_takes() {
    insta::assert_snapshot!(listing(&plan(PIPELINE, "")), @"
    load
    scale <- dataset: load .dataset
    auto <- dataset: scale .dataset
    codes <- dataset: scale .dataset, model: auto .model
    probe <- latents: codes .latents
    probe.floor <- dataset: scale .dataset
    probe.against <- floor: probe.floor .baseline, latents: codes .latents, own: probe .metrics
    report <- auto: auto .model, auto.metrics: auto .metrics, codes: codes .latents, load: load .dataset, probe.against.metrics: probe.against .metrics, probe.floor: probe.floor .baseline, probe.metrics: probe .metrics, scale: scale .dataset
    ");
}

#[test]
fn variants_share_what_does_not_depend_on_the_swept_param() {
    let plan = plan(PIPELINE, "[sweep]\nwidth = [1, 2, 3, 4, 5, 6]");
    assert_eq!(plan.runs.len(), 6);
    let count = |stage: &str| plan.order().into_iter().filter(|node| plan.node(*node).stage == stage).count();
    let counts = ["load", "scale", "auto", "codes", "probe", "probe.floor", "probe.against", "report"].map(count);
    assert_eq!(counts, [1, 1, 6, 6, 6, 1, 6, 6]);
    assert_eq!(plan.graph.node_count(), 33);
}

#[test]
fn a_node_names_the_swept_params_it_depends_on() {
    let plan = plan(PIPELINE, "repeats = 2\n[sweep]\nside = [8, 16]\nshuffle = [false, true]");
    let of_the_first_side =
        plan.order().into_iter().map(|node| plan.node(node)).filter(|node| node.variant["side"] == 8);
    let lines = of_the_first_side.map(|node| format!("{} {}", node.stage, serde_json::json!(node.variant)));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    load {"side":8}
    scale {"side":8}
    auto {"shuffle":false,"side":8}
    codes {"shuffle":false,"side":8}
    probe {"shuffle":false,"side":8}
    probe.floor {"side":8}
    probe.against {"shuffle":false,"side":8}
    report {"shuffle":false,"side":8}
    auto {"seed":0,"shuffle":true,"side":8}
    codes {"seed":0,"shuffle":true,"side":8}
    probe {"seed":0,"shuffle":true,"side":8}
    probe.against {"seed":0,"shuffle":true,"side":8}
    report {"seed":0,"shuffle":true,"side":8}
    auto {"seed":1,"shuffle":true,"side":8}
    codes {"seed":1,"shuffle":true,"side":8}
    probe {"seed":1,"shuffle":true,"side":8}
    probe.against {"seed":1,"shuffle":true,"side":8}
    report {"seed":1,"shuffle":true,"side":8}
    "#);
}

#[test]
fn a_run_has_the_experiments_value_of_what_its_point_does_not_name() {
    let variants = |sweep: &str| {
        let plan = plan(PIPELINE, &format!("[params]\nepochs = 7\n{sweep}"));
        plan.runs.iter().map(|run| json!(run.variant).to_string()).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(variants("[sweep]\nwidth = [1]\ninclude = [{ width = 2, epochs = 3 }, { side = 8, width = 4 }]"), @r#"
    {"epochs":7,"side":28,"width":1}
    {"epochs":3,"side":28,"width":2}
    {"epochs":7,"side":8,"width":4}
    "#);
    let conditional = "[sweep]\nshuffle = [true, false]\nwidth = { values = [1, 2], when = { shuffle = true } }";
    insta::assert_snapshot!(variants(conditional), @r#"
    {"shuffle":true,"width":1}
    {"shuffle":true,"width":2}
    {"shuffle":false}
    "#);
    let ablation = "[ablation]\nchanges = [{ set = { width = 1 } }, { set = { epochs = 1 } }]";
    insta::assert_snapshot!(variants(ablation), @r#"
    {}
    {"width":1}
    {"epochs":1}
    "#);
}

#[test]
fn seeds_are_shared_until_something_draws_random_numbers() {
    let still = plan(PIPELINE, "repeats = 3\nseed = 7");
    assert_eq!((still.runs.len(), still.graph.node_count()), (3, 8));
    let random = plan(PIPELINE, "repeats = 3\nseed = 7\n[params]\nshuffle = true");
    assert_eq!(random.graph.node_count(), 3 + 5 * 3);
    let seeds: Vec<u64> = random.runs.iter().map(|run| run.seed).collect();
    assert_eq!(seeds, [7, 8, 9]);
    let trained = random.node(random.runs[1].stages["auto"]);
    assert_eq!((trained.seed, &trained.variant["seed"]), (Some(8), &json!(8)));
    let codes = random.node(random.runs[1].stages["codes"]);
    assert_eq!((codes.seed, &codes.variant["seed"]), (None, &json!(8)));
}

#[test]
fn one_seed_is_not_part_of_the_variant() {
    let random = plan(PIPELINE, "[params]\nshuffle = true");
    let trained = random.node(random.runs[0].stages["auto"]);
    assert_eq!((trained.seed, trained.variant.len()), (Some(0), 0));
}

#[test]
fn equal_stages_of_different_names_are_one_node() {
    let twins = r#"
[stages.a]
uses = "load"
dataset = "digits"
[stages.b]
uses = "load"
dataset = "digits"
[stages.c]
uses = "scale"
inputs = { dataset = "a" }
[stages.d]
uses = "scale"
inputs = { dataset = "b" }
range = [0, 1]
"#;
    let plan = plan(twins, "");
    assert_eq!(plan.graph.node_count(), 2);
    assert_eq!(plan.runs[0].stages["c"], plan.runs[0].stages["d"]);
    assert_eq!(plan.node(plan.runs[0].stages["d"]).params, json!({ "range": [0.0, 1.0] }));
}

#[test]
fn params_have_their_defaults_and_their_types() {
    let plan = plan(PIPELINE, "");
    let params = |stage: &str| plan.node(plan.runs[0].stages[stage]).params.clone();
    let trained = json!({ "widths": [8, 4], "epochs": 2, "loss": "mse", "rate": 0.001, "shuffle": false });
    assert_eq!(params("auto"), trained);
    assert_eq!(params("load"), json!({ "dataset": "digits", "side": 28, "path": null }));
}

#[test]
fn a_path_starts_at_the_file_that_wrote_it() {
    let text = "[params]\nwhere = \"near\"\n[stages.a]\nuses = \"load\"\ndataset = \"x\"\npath = \"${where}\"\n";
    let experiment = super::experiment(text, "");
    let folder = experiment.file.parent().expect("a folder").to_owned();
    let plan = crate::plan::build(&experiment, &super::Toy).expect("a plan");
    assert_eq!(plan.node(0).params["path"], json!(folder.join("near")));
}

#[test]
fn a_plan_can_be_restricted_to_some_stages() {
    let whole = plan(PIPELINE, "[sweep]\nwidth = [1, 2]");
    let part = whole.only(&["codes"]).expect("there is such a stage");
    insta::assert_snapshot!(listing(&part), @"
    load
    scale <- dataset: load .dataset
    auto width=1 <- dataset: scale .dataset
    codes width=1 <- dataset: scale .dataset, model: auto width=1 .model
    auto width=2 <- dataset: scale .dataset
    codes width=2 <- dataset: scale .dataset, model: auto width=2 .model
    ");
    assert_eq!(part.runs[1].stages.keys().collect::<Vec<_>>(), ["auto", "codes", "load", "scale"]);
    let with_companions = whole.only(&["probe"]).expect("there is such a stage");
    let stages: Vec<&String> = with_companions.runs[0].stages.keys().collect();
    assert_eq!(stages, ["auto", "codes", "load", "probe", "probe.against", "probe.floor", "scale"]);
    let error = whole.only(&["code"]).expect_err("there is no such stage");
    assert_eq!(
        (error.message.as_str(), error.help.as_deref()),
        ("there is no stage `code`", Some("did you mean `codes`?"))
    );
}

#[test]
fn two_reports_do_not_wait_for_each_other() {
    let text = PIPELINE.to_owned()
        + "[stages.more]\nuses = \"show\"\n[stages.last]\nuses = \"show\"\ninputs = [\"report\", \"auto\"]\n";
    let plan = plan(&text, "");
    let inputs = |stage: &str| {
        let inputs = plan.inputs(plan.runs[0].stages[stage]);
        inputs.into_iter().map(|(input, ..)| input.to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(inputs("report"), inputs("more"));
    assert_eq!(inputs("last"), "auto auto.metrics report");
}

//! Mistakes in the two TOML files and in overrides.

use crate::common::{EXPERIMENT, Project};
use crate::{said, said_of, said_of_experiment};

#[test]
fn a_missing_file() {
    let project = Project::new();
    let called = project.call(&["run", "experiments/tinny.toml"]);
    assert_eq!(called.code, 3);
    insta::assert_snapshot!(called.stderr, @r"
    error[missing-file]: there is no file experiments/tinny.toml
     |
     = help: did you mean experiments/tiny.toml?
    ");
    insta::assert_snapshot!(said_of_experiment("extends = \"base.toml\""), @r#"
    error[missing-file]: there is no file experiments/base.toml
     --> experiments/tiny.toml:2:11
      |
    2 | extends = "base.toml"
      |           ^^^^^^^^^^^ named here
      |
      = help: in experiments there are `tiny.toml`
    "#);
}

#[test]
fn a_syntax_error() {
    insta::assert_snapshot!(said_of("uses = \"load\"", "uses = \"load"), @r#"
    error[toml-syntax]: not valid TOML: invalid basic string, expected `"`
      --> pipelines/tiny.toml:11:13
       |
    11 | uses = "load
       |             ^
       |
       = help: close the string with the quote it began with, on the same line
    "#);
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(said_of_experiment("titel = \"Tiny\""), @r#"
    error[unknown-key]: an experiment has no key `titel`
     --> experiments/tiny.toml:2:1
      |
    2 | titel = "Tiny"
      | ^^^^^ unknown key
      |
      = help: did you mean `title`?
    "#);
}

#[test]
fn an_unknown_stage_kind() {
    insta::assert_snapshot!(said_of("uses = \"extract-latents\"", "uses = \"extract-latent\""), @r#"
    error[unknown-kind]: there is no stage kind `extract-latent`
      --> pipelines/tiny.toml:36:8
       |
    36 | uses = "extract-latent"
       |        ^^^^^^^^^^^^^^^^ not a stage kind
       |
       = help: did you mean `extract-latents`?
    "#);
}

#[test]
fn an_unknown_param_of_a_stage() {
    insta::assert_snapshot!(said_of("train_count", "train_cuont"), @r"
    error[unknown-param]: `load` has no param `train_cuont`
      --> pipelines/tiny.toml:13:1
       |
    13 | train_cuont = 200
       | ^^^^^^^^^^^ not a param of this kind
       |
       = help: did you mean `train_count`?
    ");
}

#[test]
fn an_unknown_param_of_the_pipeline() {
    insta::assert_snapshot!(said_of_experiment("[params]\nepoch = 3"), @r"
    error[unknown-param]: there is no param `epoch`
     --> experiments/tiny.toml:3:1
      |
    3 | epoch = 3
      | ^^^^^ unknown param
      |
      = help: did you mean `epochs`?
    ");
    insta::assert_snapshot!(said(&Project::new(), 3, &["--set", "epoch=3"]), @r"
    error[unknown-param]: there is no param `epoch`
     --> command line:1:7
      |
    1 | --set epoch=3
      |       ^^^^^ unknown param
      |
      = help: did you mean `epochs`?
    ");
}

#[test]
fn an_unknown_port() {
    insta::assert_snapshot!(said_of("data = \"latents\"", "dota = \"latents\""), @r#"
    error[unknown-input]: `train-classifier` has no input `dota`
      --> pipelines/tiny.toml:41:12
       |
    41 | inputs = { dota = "latents" }
       |            ^^^^ no such input
       |
       = help: did you mean `data`?
    "#);
    insta::assert_snapshot!(said_of("data = \"latents\"", "data = \"latents.codes\""), @r#"
    error[unknown-output]: `latents` has no output `codes`
      --> pipelines/tiny.toml:41:19
       |
    41 | inputs = { data = "latents.codes" }
       |                   ^^^^^^^^^^^^^^^ no such output
       |
       = help: its outputs are `latents`, `metrics`
    "#);
}

#[test]
fn an_unknown_stage_on_a_wire() {
    insta::assert_snapshot!(said_of("data = \"latents\"", "data = \"latent\""), @r#"
    error[unknown-stage]: there is no stage `latent`
      --> pipelines/tiny.toml:41:19
       |
    41 | inputs = { data = "latent" }
       |                   ^^^^^^^^ not a stage of this pipeline
       |
       = help: did you mean `latents`?
    "#);
}

#[test]
fn a_wire_that_carries_something_else() {
    insta::assert_snapshot!(said_of("data = \"latents\"", "data = \"evaluate\""), @r#"
    error[wrong-wire]: the input `data` of `classifier` takes Latents or Dataset, but `evaluate` carries Evaluation
      --> pipelines/tiny.toml:41:19
       |
    41 | inputs = { data = "evaluate" }
       |                   ^^^^^^^^^^ carries Evaluation
       |
       = help: Latents or Dataset would come from `load`, `normalize`, `split`, `latents`
    "#);
}

#[test]
fn a_value_of_the_wrong_type() {
    insta::assert_snapshot!(said_of("train_count = 200", "train_count = \"many\""), @r#"
    error[wrong-type]: `train_count` of `load` must be an integer, not a string
      --> pipelines/tiny.toml:13:15
       |
    13 | train_count = "many"
       |               ^^^^^^ a string
       |
       = help: write a whole number from 1 to 10000000
               `train_count`: Training samples to draw, for `synthetic-digits`; 10,000 when left out.
    "#);
    insta::assert_snapshot!(said_of_experiment("[params]\nepochs = \"ten\""), @r#"
    error[wrong-type]: `epochs` wants an integer, not a string
     --> experiments/tiny.toml:3:10
      |
    3 | epochs = "ten"
      |          ^^^^^ a string
      |
     ::: pipelines/tiny.toml:7:22
      |
    7 | epochs = { default = 2, range = [1, 100], help = "Passes over the training samples" }
      |                      - the default fixes the type: an integer
      |
      = help: give a value like its default, 2
    "#);
}

#[test]
fn a_value_out_of_range() {
    insta::assert_snapshot!(said_of("train_count = 200", "train_count = 0"), @r"
    error[out-of-range]: `train_count` of `load` must be between 1 and 10000000, not 0
      --> pipelines/tiny.toml:13:15
       |
    13 | train_count = 0
       |               ^ out of range
       |
       = help: write a whole number from 1 to 10000000
               `train_count`: Training samples to draw, for `synthetic-digits`; 10,000 when left out.
    ");
    insta::assert_snapshot!(said_of_experiment("[params]\nepochs = 1000"), @r#"
    error[out-of-range]: `epochs` is 1000, outside its range
     --> experiments/tiny.toml:3:10
      |
    3 | epochs = 1000
      |          ^^^^ not from 1 to 100
      |
     ::: pipelines/tiny.toml:7:1
      |
    7 | epochs = { default = 2, range = [1, 100], help = "Passes over the training samples" }
      | ------ declared here
      |
      = help: give a number from 1 to 100
    "#);
}

#[test]
fn a_latent_size_of_zero() {
    insta::assert_snapshot!(said(&Project::new(), 3, &["--set", "latent=0"]), @r#"
    error[out-of-range]: `latent` is 0, outside its range
     --> command line:1:14
      |
    1 | --set latent=0
      |              ^ not from 1 to 64
      |
     ::: pipelines/tiny.toml:6:1
      |
    6 | latent = { default = 4, range = [1, 64], help = "Numbers in one code" }
      | ------ declared here
      |
      = help: give a number from 1 to 64
    "#);
    insta::assert_snapshot!(said_of("dense ${latent}", "dense 0"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: in `dense 0`, the number of units is `0`, which is not a whole number from 1 to 999999999
      --> pipelines/tiny.toml:27:29
       |
    27 | encoder = ["dense 16 relu", "dense 0"]
       |                             ^^^^^^^^^
       |
       = help: write for instance `dense 128 relu`
    "#);
}

#[test]
fn a_missing_input() {
    insta::assert_snapshot!(said_of("uses = \"normalize\"\ninputs = { dataset = \"load\" }", "uses = \"normalize\""), @r#"
    error[missing-input]: `normalize` needs the input `dataset` (Dataset)
      --> pipelines/tiny.toml:17:8
       |
    17 | uses = "normalize"
       |        ^^^^^^^^^^^ nothing is wired to it
       |
       = help: Dataset would come from `load`
               for example inputs = { dataset = "load" }
    "#);
}

#[test]
fn a_cycle() {
    insta::assert_snapshot!(said_of("dataset = \"load\"", "dataset = \"split\""), @r#"
    error[cycle]: stages form a cycle: normalize -> split -> normalize
      --> pipelines/tiny.toml:22:22
       |
    18 | inputs = { dataset = "split" }
       |                      ------- `normalize` needs `split`
    ...
    22 | inputs = { dataset = "normalize" }
       |                      ^^^^^^^^^^^ `split` needs `normalize`
       |
       = help: remove one of these wires
    "#);
}

#[test]
fn two_stages_of_one_name() {
    insta::assert_snapshot!(said_of("[stages.evaluate]", "[stages.split]"), @r"
    error[duplicate-stage]: two stages are named `split`
      --> pipelines/tiny.toml:31:9
       |
    20 | [stages.split]
       |         ----- the first
    ...
    31 | [stages.split]
       |         ^^^^^ a second stage of this name
       |
       = help: give each stage a name of its own
    ");
}

#[test]
fn a_sweep_over_an_unknown_param() {
    insta::assert_snapshot!(said_of_experiment("[sweep]\nlatents = [1, 2]"), @r"
    error[unknown-param]: there is no param `latents`
     --> experiments/tiny.toml:3:1
      |
    3 | latents = [1, 2]
      | ^^^^^^^ unknown param
      |
      = help: did you mean `latent`?
    ");
}

#[test]
fn an_empty_sweep() {
    insta::assert_snapshot!(said_of_experiment("[sweep]\nlatent = []"), @r"
    error[empty-sweep]: the sweep over `latent` has no values
     --> experiments/tiny.toml:3:1
      |
    3 | latent = []
      | ^^^^^^
      |
      = help: list the values to try, or remove the axis
    ");
}

#[test]
fn several_mistakes_are_told_at_once() {
    let errors = |text: String| text.lines().filter(|line| line.starts_with("error")).collect::<Vec<_>>().join("\n");
    let experiment = "titel = \"Tiny\"\n[params]\nepochs = 0\n[sweep]\nlatent = []";
    insta::assert_snapshot!(errors(said_of_experiment(experiment)), @r"
    error[unknown-key]: an experiment has no key `titel`
    error[out-of-range]: `epochs` is 0, outside its range
    error[empty-sweep]: the sweep over `latent` has no values
    ");
    let project = Project::new();
    project.edit_pipeline("train_count", "train_cuont");
    project.edit_pipeline("uses = \"extract-latents\"", "uses = \"extract-latent\"");
    insta::assert_snapshot!(errors(said(&project, 3, &[])), @r"
    error[unknown-param]: `load` has no param `train_cuont`
    error[unknown-kind]: there is no stage kind `extract-latent`
    ");
}

#[test]
fn a_part_of_a_params_name() {
    insta::assert_snapshot!(said_of("train_count", "count"), @r"
    error[unknown-param]: `load` has no param `count`
      --> pipelines/tiny.toml:13:1
       |
    13 | count = 200
       | ^^^^^ not a param of this kind
       |
       = help: its params are `dataset`, `path`, `labels`, `test_path`, `test_labels`, `label_column`, `shape`, `test_fraction`, `fallback`, `train_count`, `test_count`; see `pipeline stages load`
    ");
    insta::assert_snapshot!(said_of_experiment("[params]\nclassifier = 3"), @r"
    error[unknown-param]: there is no param `classifier`
     --> experiments/tiny.toml:3:1
      |
    3 | classifier = 3
      | ^^^^^^^^^^ unknown param
      |
      = help: did you mean `classifier_epochs`?
    ");
}

#[test]
fn a_value_that_breaks_the_bounds_of_its_kind() {
    insta::assert_snapshot!(said_of("epochs = \"${epochs}\"", "learning_rate = -1"), @r"
    error[out-of-range]: `learning_rate` of `autoencoder` must be between 1e-12 and 100, not -1.0
      --> pipelines/tiny.toml:29:17
       |
    29 | learning_rate = -1
       |                 ^^ out of range
       |
       = help: write a number from 1e-12 to 100
               `learning_rate`: Size of a step.
    ");
    insta::assert_snapshot!(said_of("epochs = \"${epochs}\"", "batch_size = 12.8"), @r"
    error[wrong-type]: `batch_size` of `autoencoder` must be an integer, not a float
      --> pipelines/tiny.toml:29:14
       |
    29 | batch_size = 12.8
       |              ^^^^ a float
       |
       = help: write a whole number from 1 to 65536
               `batch_size`: Samples in one step.
    ");
}

#[test]
fn a_drawing_in_a_folder_that_is_not_there() {
    let project = Project::new();
    let called = project.call(&["graph", EXPERIMENT, "-o", "nowhere/x.svg"]);
    assert_eq!(called.code, 2);
    insta::assert_snapshot!(called.stderr, @r"
    error: nowhere/x.svg cannot be written: No such file or directory (os error 2)
      help: make the folder first: mkdir -p nowhere
    ");
}

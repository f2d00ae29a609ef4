//! Kinds, and wires between stages.

use super::{START, errors, with};

#[test]
fn an_unknown_kind() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"trian\"\n"), @r#"
    error[unknown-kind]: there is no stage kind `trian`
      --> p.toml:15:8
       |
    15 | uses = "trian"
       |        ^^^^^^^ not a stage kind
       |
       = help: did you mean `train`?
    "#);
}

#[test]
fn a_kind_that_panics() {
    let stages = START.replace("epochs = 2", "epochs = 666");
    insta::assert_snapshot!(errors(&stages, ""), @r#"
    error[bug]: the kind `train` has a bug: 666 epochs are too many
      --> p.toml:10:8
       |
    10 | uses = "train"
       |        ^^^^^^^ asked about this stage
       |
       = help: please report it, with the command and this message
    "#);
}

#[test]
fn an_unknown_stage_on_a_wire() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"scale\"\ninputs = { dataset = \"lod\" }\n"), @r#"
    error[unknown-stage]: there is no stage `lod`
      --> p.toml:16:22
       |
    16 | inputs = { dataset = "lod" }
       |                      ^^^^^ not a stage of this pipeline
       |
       = help: did you mean `load`?
    "#);
}

#[test]
fn an_unknown_input() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"scale\"\ninputs = { datset = \"load\" }\n"), @r#"
    error[unknown-input]: `scale` has no input `datset`
      --> p.toml:16:12
       |
    16 | inputs = { datset = "load" }
       |            ^^^^^^ no such input
       |
       = help: did you mean `dataset`?
    "#);
}

#[test]
fn inputs_of_a_source() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"load\"\ndataset = \"y\"\ninputs = { dataset = \"load\" }\n"), @r#"
    error[unknown-input]: `load` has no input `dataset`
      --> p.toml:17:12
       |
    17 | inputs = { dataset = "load" }
       |            ^^^^^^^ no such input
       |
       = help: it takes no inputs: remove them
    "#);
}

#[test]
fn an_unknown_output() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"scale\"\ninputs = { dataset = \"load.data\" }\n"), @r#"
    error[unknown-output]: `load` has no output `data`
      --> p.toml:16:22
       |
    16 | inputs = { dataset = "load.data" }
       |                      ^^^^^^^^^^^ no such output
       |
       = help: did you mean `load.dataset`?
    "#);
}

#[test]
fn a_wire_that_does_not_fit() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"scale\"\ninputs = { dataset = \"auto\" }\n"), @r#"
    error[wrong-wire]: the input `dataset` of `x` takes Dataset, but `auto` carries Model
      --> p.toml:16:22
       |
    16 | inputs = { dataset = "auto" }
       |                      ^^^^^^ carries Model
       |
       = help: Dataset would come from `load`
    "#);
}

#[test]
fn a_wire_that_nothing_would_fit() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"probe\"\nepochs = 1\ninputs = { latents = \"auto.model\" }\n"), @r#"
    error[wrong-wire]: the input `latents` of `x` takes Latents, but `auto.model` carries Model
      --> p.toml:17:22
       |
    17 | inputs = { latents = "auto.model" }
       |                      ^^^^^^^^^^^^ carries Model
       |
       = help: no other stage here gives Latents; stages of these kinds do: `encode`
    "#);
}

#[test]
fn a_list_where_inputs_have_names() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"scale\"\ninputs = [\"load\"]\n"), @r#"
    error[unnamed-input]: the inputs of `scale` have names
      --> p.toml:16:11
       |
    16 | inputs = ["load"]
       |           ^^^^^^ for which input?
       |
       = help: write inputs = { dataset = "load" }; its inputs are `dataset` (Dataset)
    "#);
}

#[test]
fn missing_inputs() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"encode\"\n"), @r#"
    error[missing-input]: `x` needs the input `dataset` (Dataset) and `model` (Model)
      --> p.toml:15:8
       |
    15 | uses = "encode"
       |        ^^^^^^^^ nothing is wired to it
       |
       = help: Dataset would come from `load`
               Model would come from `auto`
               for example inputs = { dataset = "load", model = "auto" }
    "#);
}

#[test]
fn an_output_that_is_not_clear() {
    let stages = "[stages.two]\nuses = \"halves\"\ninputs = { dataset = \"load\" }\n[stages.x]\nuses = \"scale\"\ninputs = { dataset = \"two\" }\n";
    insta::assert_snapshot!(with(stages), @r#"
    error[ambiguous-output]: `two` has several outputs that fit `dataset`
      --> p.toml:19:22
       |
    19 | inputs = { dataset = "two" }
       |                      ^^^^^ which of them?
       |
       = help: write one of `two.first`, `two.second`
    "#);
}

#[test]
fn the_same_wire_twice() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"show\"\ninputs = [\"auto\", \"auto.metrics\"]\n"), @r#"
    error[repeated-input]: `auto` is wired to `x` twice
      --> p.toml:16:19
       |
    16 | inputs = ["auto", "auto.metrics"]
       |                   ^^^^^^^^^^^^^^ wired already
       |
       = help: remove one of them
    "#);
}

#[test]
fn a_cycle() {
    let stages = r#"[stages.a]
uses = "scale"
inputs = { dataset = "c" }
[stages.b]
uses = "scale"
inputs = { dataset = "a" }
[stages.c]
uses = "scale"
inputs = { dataset = "b" }
[stages.selfish]
uses = "scale"
inputs = { dataset = "selfish" }
"#;
    insta::assert_snapshot!(with(stages), @r#"
    error[cycle]: stages form a cycle: a -> b -> c -> a
      --> p.toml:19:22
       |
    16 | inputs = { dataset = "c" }
       |                      --- `a` needs `c`
    ...
    19 | inputs = { dataset = "a" }
       |                      ^^^ `b` needs `a`
    ...
    22 | inputs = { dataset = "b" }
       |                      --- `c` needs `b`
       |
       = help: remove one of these wires

    error[cycle]: stages form a cycle: selfish -> selfish
      --> p.toml:25:22
       |
    25 | inputs = { dataset = "selfish" }
       |                      ^^^^^^^^^ `selfish` needs `selfish`
       |
       = help: remove one of these wires
    "#);
}

#[test]
fn everything_at_once_and_nothing_that_follows_from_it() {
    let stages = r#"[stages.a]
uses = "sclae"
inputs = { dataset = "load" }
[stages.b]
uses = "encode"
inputs = { dataset = "a", model = "atuo" }
[stages.c]
uses = "probe"
inputs = { latents = "b" }
epochs = 0.5
"#;
    insta::assert_snapshot!(with(stages), @r#"
    error[unknown-kind]: there is no stage kind `sclae`
      --> p.toml:15:8
       |
    15 | uses = "sclae"
       |        ^^^^^^^ not a stage kind
       |
       = help: did you mean `scale`?

    error[unknown-stage]: there is no stage `atuo`
      --> p.toml:19:35
       |
    19 | inputs = { dataset = "a", model = "atuo" }
       |                                   ^^^^^^ not a stage of this pipeline
       |
       = help: did you mean `auto`?

    error[wrong-type]: `epochs` of `c` must be an integer, not a float
      --> p.toml:23:10
       |
    23 | epochs = 0.5
       |          ^^^ a float
       |
       = help: write a whole number from 0 to 4294967295
               `epochs`: Passes over the data.
    "#);
}

//! Every way in which a pipeline can be wrong, as people read it.

use super::{errors, plan};

const START: &str = r#"
[params]
width = 4
[stages.load]
uses = "load"
dataset = "digits"
[stages.auto]
uses = "train"
inputs = { dataset = "load" }
widths = [8, "${width}"]
epochs = 2
"#;

fn with(stages: &str) -> String {
    errors(&format!("{START}{stages}"), "")
}

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
fn unknown_params() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"scale\"\ninputs = { dataset = \"load\" }\nrang = [0, 1]\nheat = 3\n"), @"
    error[unknown-param]: `scale` has no param `rang`
      --> p.toml:17:1
       |
    17 | rang = [0, 1]
       | ^^^^ not a param of this kind
       |
       = help: did you mean `range`?

    error[unknown-param]: `scale` has no param `heat`
      --> p.toml:18:1
       |
    18 | heat = 3
       | ^^^^ not a param of this kind
       |
       = help: its params are `range`; see `pipeline stages scale`
    ");
}

#[test]
fn missing_params() {
    insta::assert_snapshot!(with("[stages.x]\nuses = \"train\"\ninputs = { dataset = \"load\" }\n"), @"
    error[missing-param]: `x` needs `widths`, `epochs`
      --> p.toml:14:9
       |
    14 | [stages.x]
       |         ^ a `train` without `widths`, `epochs`
       |
       = help: `widths`, a list: Widths of the layers.
               `epochs`, an integer: Passes over the data.
    ");
}

#[test]
fn wrong_types() {
    let stages = r#"[stages.x]
uses = "train"
inputs = { dataset = "load" }
widths = 8
epochs = "10"
loss = 3
rate = [1]
shuffle = "true"
[stages.y]
uses = "load"
dataset = 3
side = 28.0
[stages.z]
uses = "train"
inputs = { dataset = "load" }
widths = [8, "4"]
epochs = 1
"#;
    insta::assert_snapshot!(with(stages), @r#"
    error[wrong-type]: `widths` of `x` must be a list, not an integer
      --> p.toml:17:10
       |
    17 | widths = 8
       |          ^ an integer
       |
       = help: write a list: [8]

    error[wrong-type]: `epochs` of `x` must be an integer, not a string
      --> p.toml:18:10
       |
    18 | epochs = "10"
       |          ^^^^ a string
       |
       = help: write it without quotes: 10

    error[wrong-type]: `loss` of `x` must be one of `mse`, `bce`, not an integer
      --> p.toml:19:8
       |
    19 | loss = 3
       |        ^ an integer
       |
       = help: write one of "mse", "bce"
               `loss`: What is minimized.

    error[wrong-type]: `rate` of `x` must be a number, not a list
      --> p.toml:20:8
       |
    20 | rate = [1]
       |        ^^^ a list
       |
       = help: write a number
               `rate`: Size of a step.

    error[wrong-type]: `shuffle` of `x` must be a boolean, not a string
      --> p.toml:21:11
       |
    21 | shuffle = "true"
       |           ^^^^^^ a string
       |
       = help: write it without quotes: true

    error[wrong-type]: `dataset` of `y` must be a string, not an integer
      --> p.toml:24:11
       |
    24 | dataset = 3
       |           ^ an integer
       |
       = help: write it in quotes: "3"

    error[wrong-type]: `side` of `y` must be an integer, not a float
      --> p.toml:25:8
       |
    25 | side = 28.0
       |        ^^^^ a float
       |
       = help: write 28

    error[wrong-type]: every element of `widths` of `z` must be an integer, not a string
      --> p.toml:29:14
       |
    29 | widths = [8, "4"]
       |              ^^^ a string
       |
       = help: write it without quotes: 4
    "#);
}

#[test]
fn values_out_of_range() {
    let stages = r#"[stages.x]
uses = "train"
inputs = { dataset = "load" }
widths = [8, 0]
epochs = 2000
loss = "bse"
[stages.y]
uses = "load"
dataset = "z"
side = 0
[stages.z]
uses = "scale"
inputs = { dataset = "y" }
range = [1, 2, 3]
[stages.w]
uses = "train"
inputs = { dataset = "load" }
widths = []
epochs = 1
"#;
    insta::assert_snapshot!(with(stages), @r#"
    error[out-of-range]: every element of `widths` of `x` must be at least 1, not 0
      --> p.toml:17:14
       |
    17 | widths = [8, 0]
       |              ^ out of range
       |
       = help: write a whole number of at least 1
               `widths`: Widths of the layers.

    error[out-of-range]: `epochs` of `x` must be between 1 and 1000, not 2000
      --> p.toml:18:10
       |
    18 | epochs = 2000
       |          ^^^^ out of range
       |
       = help: write a whole number from 1 to 1000
               `epochs`: Passes over the data.

    error[unknown-choice]: `loss` of `x` cannot be "bse"
      --> p.toml:19:8
       |
    19 | loss = "bse"
       |        ^^^^^ not one of its choices
       |
       = help: did you mean `mse`? The choices are `mse`, `bce`

    error[out-of-range]: `side` of `y` must be at least 1, not 0
      --> p.toml:23:8
       |
    23 | side = 0
       |        ^ out of range
       |
       = help: write a whole number of at least 1
               `side`: Height and width of an image.

    error[wrong-length]: the length of `range` of `z` must be 2, not 3
      --> p.toml:27:9
       |
    27 | range = [1, 2, 3]
       |         ^^^^^^^^^ of another length
       |
       = help: give it 2 elements
               `range`: Lowest and highest value.

    error[wrong-length]: the length of `widths` of `w` must be at least 1, not 0
      --> p.toml:31:10
       |
    31 | widths = []
       |          ^^ of another length
       |
       = help: give it at least 1 element
               `widths`: Widths of the layers.
    "#);
}

#[test]
fn a_value_that_does_not_fit_the_data() {
    insta::assert_snapshot!(errors(START, "[params]\nwidth = 1000\n"), @r#"
    error[unfit-param]: `widths` of `auto`: 1000 is more than the 784 pixels of an image
      --> e.toml:3:9
       |
     3 | width = 1000
       |         ^^^^
       |
      ::: p.toml:12:10
       |
    12 | widths = [8, "${width}"]
       |          --------------- used here
       |
       = help: make it narrower
    "#);
}

#[test]
fn what_is_wrong_in_some_variants_only() {
    let text = START.replace("[params]", "[params]\nside = 28")
        + "[stages.small]\nuses = \"load\"\ndataset = \"d\"\nside = \"${side}\"\n[stages.x]\nuses = \"train\"\ninputs = { dataset = \"small\" }\nwidths = [100]\nepochs = 1\n";
    insta::assert_snapshot!(errors(&text, "[sweep]\nwidth = [1, 2]\nside = [8, 16]\n"), @"
    error[unfit-param]: `widths` of `x`: 100 is more than the 64 pixels of an image (when side = 8)
      --> p.toml:22:11
       |
    22 | widths = [100]
       |           ^^^
       |
       = help: make it narrower
    ");
}

#[test]
fn a_sweep_that_no_stage_uses() {
    let text = START.replace("[params]", "[params]\nheight = 28");
    insta::assert_snapshot!(errors(&text, "[sweep]\nheight = [1, 2]\n"), @r#"
    error[unused-sweep]: no stage uses the swept param `height`
     --> e.toml:3:1
      |
    3 | height = [1, 2]
      | ^^^^^^ changes nothing
      |
      = help: every value would repeat the same work: use it in a stage as "${height}", or drop it
    "#);
}

#[test]
fn a_sweep_that_would_take_all_memory() {
    let axis = |name: &str| format!("{name} = {:?}\n", (1..=100).collect::<Vec<i32>>());
    let text = START.replace("[params]", "[params]\na = 1\nb = 1");
    let said = errors(&text, &format!("repeats = 10\n[sweep]\n{}{}", axis("a"), axis("b")));
    assert!(said.starts_with("error[too-many-stages]: 100000 runs (10000 points x 10 repeats) of"), "{said}");
    // A search plans them little by little; that they are too many is known before.
    let search =
        "repeats = 10\n[sweep]\nwidth = { integer = [1, 1_000_000] }\n[search]\nminimize = 'x.y'\ntrials = 20_000";
    let said = errors(&text, search);
    assert!(said.starts_with("error[too-many-stages]: 200000 runs (20000 points x 10 repeats) of"), "{said}");
    assert!(said.contains("trials") && said.contains("[search]"), "{said}");
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

#[test]
fn a_conditional_param_that_is_used_elsewhere_only() {
    let text = START.replace("[params]", "[params]\nkernel = 3\nsize = { default = \"s\", choices = { s = { side = 8 }, l = { side = \"${kernel}\" } } }");
    let text = text.replacen("uses = \"load\"", "uses = \"load\"\nside = \"${size.side}\"", 1);
    let sweep = |size: &str| {
        format!("[sweep]\nsize = [\"s\", \"l\"]\nkernel = {{ values = [8, 9], when = {{ size = \"{size}\" }} }}\n")
    };
    insta::assert_snapshot!(errors(&text, &sweep("s")), @r#"
    error[unused-sweep]: no stage uses the swept param `kernel`
     --> e.toml:4:1
      |
    4 | kernel = { values = [8, 9], when = { size = "s" } }
      | ^^^^^^ changes nothing
      |
      = help: a stage uses it where it is not varied: change its condition, or the points
    "#);
    assert_eq!(plan(&text, &sweep("l")).runs.len(), 3);
}

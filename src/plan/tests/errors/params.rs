//! Stages' params.

use super::{START, errors, with};

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
fn wrong_types_of_numbers_and_lists() {
    let stages = r#"[stages.x]
uses = "train"
inputs = { dataset = "load" }
widths = 8
epochs = "10"
loss = 3
rate = [1]
shuffle = "true"
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
    "#);
}

#[test]
fn wrong_types_of_texts_and_elements() {
    let stages = r#"[stages.y]
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
    error[wrong-type]: `dataset` of `y` must be a string, not an integer
      --> p.toml:16:11
       |
    16 | dataset = 3
       |           ^ an integer
       |
       = help: write it in quotes: "3"

    error[wrong-type]: `side` of `y` must be an integer, not a float
      --> p.toml:17:8
       |
    17 | side = 28.0
       |        ^^^^ a float
       |
       = help: write 28

    error[wrong-type]: every element of `widths` of `z` must be an integer, not a string
      --> p.toml:21:14
       |
    21 | widths = [8, "4"]
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
    "#);
}

#[test]
fn lists_of_wrong_lengths() {
    let stages = r#"[stages.z]
uses = "scale"
inputs = { dataset = "load" }
range = [1, 2, 3]
[stages.w]
uses = "train"
inputs = { dataset = "load" }
widths = []
epochs = 1
"#;
    insta::assert_snapshot!(with(stages), @r#"
    error[wrong-length]: the length of `range` of `z` must be 2, not 3
      --> p.toml:17:9
       |
    17 | range = [1, 2, 3]
       |         ^^^^^^^^^ of another length
       |
       = help: give it 2 elements
               `range`: Lowest and highest value.

    error[wrong-length]: the length of `widths` of `w` must be at least 1, not 0
      --> p.toml:21:10
       |
    21 | widths = []
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

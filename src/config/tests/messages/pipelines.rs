//! What pipeline files get wrong.

use insta::assert_snapshot;

use super::{params, pipeline};

#[test]
fn a_param_has_a_name_a_default_and_known_keys() {
    assert_snapshot!(params("a = { help = 'x' }\nb = { default = 1, rang = [1, 2] }\nc = { default = { x = 1 } }\n'd e' = 1"), @r#"
    error[missing-key]: the param `a` has no default
     --> pipeline.toml:5:1
      |
    5 | a = { help = 'x' }
      | ^ declared here
      |
      = help: add `default = ...`, which also fixes its type

    error[unknown-key]: [params.b] has no key `rang`
     --> pipeline.toml:6:20
      |
    6 | b = { default = 1, rang = [1, 2] }
      |                    ^^^^ unknown key
      |
      = help: did you mean `range`?

    error[wrong-type]: `c` wants a boolean, a number, a string or a list, not a table
     --> pipeline.toml:7:17
      |
    7 | c = { default = { x = 1 } }
      |                 ^^^^^^^^^ a table
      |
      = help: give `c` a boolean, a number, a string or a list

    error[bad-name]: `d e` cannot name a param
     --> pipeline.toml:8:1
      |
    8 | 'd e' = 1
      | ^^^^^
      |
      = help: use letters, digits, `_` and `-`
    "#);
}

#[test]
fn a_range_is_two_numbers_around_the_default() {
    assert_snapshot!(params("[params.a]\ndefault = 5\nrange = [1, 2]\nhelp = 'How many.'"), @r"
    error[out-of-range]: `a` is 5, outside its range
     --> pipeline.toml:6:11
      |
    5 | [params.a]
      |         - declared here (How many)
    6 | default = 5
      |           ^ not from 1 to 2
      |
      = help: give a number from 1 to 2
    ");
    assert_snapshot!(params("a = { default = 1, range = [2, 1] }\nb = { default = 1, range = [1] }\nc = { default = 'x', range = [1, 2] }\nd = { default = 5, range = [1, 2] }\ne = { default = 1, help = 3 }"), @r#"
    error[bad-range]: the range of `a` ends before it begins
     --> pipeline.toml:5:28
      |
    5 | a = { default = 1, range = [2, 1] }
      |                            ^^^^^^
      |
      = help: write the smallest and the largest allowed number, as in `range = [1, 100]`

    error[bad-range]: the range of `b` is not a list of two numbers
     --> pipeline.toml:6:28
      |
    6 | b = { default = 1, range = [1] }
      |                            ^^^
      |
      = help: write the smallest and the largest allowed number, as in `range = [1, 100]`

    error[bad-range]: `c` is a string, which can have no range
     --> pipeline.toml:7:30
      |
    7 | c = { default = 'x', range = [1, 2] }
      |                              ^^^^^^
      |
      = help: remove it, or list `choices`

    error[out-of-range]: `d` is 5, outside its range
     --> pipeline.toml:8:17
      |
    8 | d = { default = 5, range = [1, 2] }
      | - declared here ^ not from 1 to 2
      |
      = help: give a number from 1 to 2

    error[wrong-type]: `help` wants a string, not an integer
     --> pipeline.toml:9:27
      |
    9 | e = { default = 1, help = 3 }
      |                           ^ an integer
      |
      = help: give `help` a string
    "#);
}

#[test]
fn choices_are_different_and_the_default_is_one_of_them() {
    assert_snapshot!(params("a = { default = 1, choices = [] }\nb = { default = 1, choices = [1, 1] }\nc = { default = 1, choices = [1, 'x'] }\nd = { default = 1, choices = [2, 3] }\ne = { default = 1, choices = 3 }\nf = { default = 'a', choices = { a = 3 } }"), @r#"
    error[no-choices]: `a` has an empty list of choices
     --> pipeline.toml:5:20
      |
    5 | a = { default = 1, choices = [] }
      |                    ^^^^^^^
      |
      = help: list what may be chosen, or remove `choices`

    error[repeated-value]: `b` lists a choice twice
     --> pipeline.toml:6:34
      |
    6 | b = { default = 1, choices = [1, 1] }
      |                                  ^ listed before
      |
      = help: remove one of them

    error[wrong-type]: `c` wants an integer, not a string
     --> pipeline.toml:7:34
      |
    7 | c = { default = 1, choices = [1, 'x'] }
      |                 -                ^^^ a string
      |                 |
      |                 the default fixes the type: an integer
      |
      = help: give a value like its default, 1

    error[not-a-choice]: `d` cannot be 1
     --> pipeline.toml:8:17
      |
    8 | d = { default = 1, choices = [2, 3] }
      | - declared here ^ not one of `2`, `3`
      |
      = help: choose one of `2`, `3`

    error[wrong-type]: `choices` wants a list, or a table of tables, not an integer
     --> pipeline.toml:9:30
      |
    9 | e = { default = 1, choices = 3 }
      |                              ^ an integer
      |
      = help: give `choices` a list, or a table of tables

    error[wrong-type]: `f.choices.a` wants a table of named values, not an integer
      --> pipeline.toml:10:38
       |
    10 | f = { default = 'a', choices = { a = 3 } }
       |                                      ^ an integer
       |
       = help: list choices that carry nothing: `choices = ["a", "b"]`
    "#);
}

#[test]
fn a_table_is_not_written_in_two_ways() {
    assert_snapshot!(params("a = { default = 'x' }\n[params.a.choices.y]\n'b c' = 1"), @r#"
    error[toml-syntax]: not valid TOML: cannot extend value of type inline table with a dotted key
     --> pipeline.toml:6:9
      |
    6 | [params.a.choices.y]
      |         ^
      |
      = help: write all keys of a table in one place
    "#);
}

#[test]
fn a_pipeline_has_stages() {
    assert_snapshot!(pipeline("[pipeline]\n[params]"), @r#"
    error[no-stages]: pipeline.toml has no stages
     --> pipeline.toml:1:1
      |
    1 | [pipeline]
      | ^
      |
      = help: add a stage, such as `[stages.load]` with `uses = "load"`
    "#);
    assert_snapshot!(pipeline("[pipeline]\n[stages]"), @r#"
    error[no-stages]: pipeline.toml has no stages
     --> pipeline.toml:2:2
      |
    2 | [stages]
      |  ^^^^^^
      |
      = help: add a stage, such as `[stages.load]` with `uses = "load"`
    "#);
}

#[test]
fn a_stage_is_a_table_that_says_what_it_uses() {
    assert_snapshot!(pipeline("[pipeline]\n[stages]\na = 3\n[stages.b]\nx = 1\n[stages.c]\nuses = 3\n[stages.'d e']\nuses = 'x'"), @r#"
    error[wrong-type]: `stages.a` wants a table, not an integer
     --> pipeline.toml:3:5
      |
    3 | a = 3
      |     ^ an integer
      |
      = help: give `stages.a` a table

    error[missing-key]: the stage `b` does not say what it uses
     --> pipeline.toml:4:9
      |
    4 | [stages.b]
      |         ^
      |
      = help: add `uses = "..."` with a stage kind; `pipeline stages` lists them

    error[wrong-type]: `uses` wants a string, not an integer
     --> pipeline.toml:7:8
      |
    7 | uses = 3
      |        ^ an integer
      |
      = help: name a stage kind; `pipeline stages` lists them

    error[bad-name]: `d e` cannot name a stage
     --> pipeline.toml:8:9
      |
    8 | [stages.'d e']
      |         ^^^^^
      |
      = help: use letters, digits, `_` and `-`
    "#);
}

#[test]
fn an_input_names_a_stage_or_an_output_of_one() {
    assert_snapshot!(pipeline("[pipeline]\n[stages.a]\nuses = 'x'\ninputs = 'load'\n[stages.b]\nuses = 'x'\ninputs = ['a', 'a', 3, 'x y']\n[stages.c]\nuses = 'x'\ninputs = { d = 3, e = '' }"), @r#"
    error[wrong-type]: `inputs` wants a table or a list, not a string
     --> pipeline.toml:4:10
      |
    4 | inputs = 'load'
      |          ^^^^^^ a string
      |
      = help: write `inputs = { port = "stage" }`, or a list of stages

    error[repeated-value]: `a` is listed twice
     --> pipeline.toml:7:16
      |
    7 | inputs = ['a', 'a', 3, 'x y']
      |           ---  ^^^ listed again
      |           |
      |           listed before
      |
      = help: remove one of them

    error[wrong-type]: `inputs` wants a stage's name, not an integer
     --> pipeline.toml:7:21
      |
    7 | inputs = ['a', 'a', 3, 'x y']
      |                     ^ an integer
      |
      = help: name a stage, or one of its outputs as `stage.output`

    error[bad-name]: `x y` names no stage
     --> pipeline.toml:7:24
      |
    7 | inputs = ['a', 'a', 3, 'x y']
      |                        ^^^^^
      |
      = help: name a stage, or one of its outputs as `stage.output`

    error[wrong-type]: `d` wants a stage's name, not an integer
      --> pipeline.toml:10:16
       |
    10 | inputs = { d = 3, e = '' }
       |                ^ an integer
       |
       = help: name a stage, or one of its outputs as `stage.output`

    error[bad-name]: `` names no stage
      --> pipeline.toml:10:23
       |
    10 | inputs = { d = 3, e = '' }
       |                       ^^
       |
       = help: name a stage, or one of its outputs as `stage.output`
    "#);
}

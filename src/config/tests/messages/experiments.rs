//! What experiment files get wrong.

use insta::assert_snapshot;

use super::{experiment, pipeline};

#[test]
fn keys_of_the_other_file_are_told_of() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[stages.x]\nuses = 'load'"), @r#"
    error[unknown-key]: an experiment has no stages of its own
     --> experiment.toml:2:2
      |
    2 | [stages.x]
      |  ^^^^^^ belongs to a pipeline
      |
      = help: write the stages into a pipeline's file and name it with `pipeline = ...`
    "#);
    assert_snapshot!(pipeline("repeats = 3\nparam = 1\n[pipeline]\nnam = 'x'\n[stages.load]\nuses = 'load'"), @r#"
    error[unknown-key]: a pipeline has no key `repeats`
     --> pipeline.toml:1:1
      |
    1 | repeats = 3
      | ^^^^^^^ belongs to an experiment
      |
      = help: write `repeats` into an experiment's file, which names this pipeline

    error[unknown-key]: a pipeline has no key `param`
     --> pipeline.toml:2:1
      |
    2 | param = 1
      | ^^^^^ unknown key
      |
      = help: did you mean `params`?

    error[unknown-key]: [pipeline] has no key `nam`
     --> pipeline.toml:4:1
      |
    4 | nam = 'x'
      | ^^^ unknown key
      |
      = help: did you mean `name`?
    "#);
}

#[test]
fn the_head_of_an_experiment_has_values_of_the_right_types() {
    assert_snapshot!(experiment("title = 3\nname = 'a/b'\ntags = [1]\nseed = -1\nrepeats = 2.0\npipeline = 3"), @r#"
    error[wrong-type]: `title` wants a string, not an integer
     --> experiment.toml:1:9
      |
    1 | title = 3
      |         ^ an integer
      |
      = help: give `title` a string

    error[bad-name]: this cannot name an experiment, since its report's folder has that name
     --> experiment.toml:2:8
      |
    2 | name = 'a/b'
      |        ^^^^^
      |
      = help: use letters, digits, `_` and `-`, up to 100; say more in `title`

    error[wrong-type]: `tags` wants a list of strings
     --> experiment.toml:3:8
      |
    3 | tags = [1]
      |        ^^^
      |
      = help: write `tags = ["baseline"]`

    error[out-of-range]: `seed` is -1, outside its range
     --> experiment.toml:4:8
      |
    4 | seed = -1
      |        ^^ negative
      |
      = help: give an integer from 0 on; repeat number i has `seed` + i

    error[wrong-type]: `repeats` wants an integer, not a float
     --> experiment.toml:5:11
      |
    5 | repeats = 2.0
      |           ^^^ a float
      |
      = help: give the number of seeds each variant runs with; 1 for a single run

    error[wrong-type]: `pipeline` wants a file's path, not an integer
     --> experiment.toml:6:12
      |
    6 | pipeline = 3
      |            ^ an integer
      |
      = help: name a file, relative to this one: `pipeline = "../folder/NAME.toml"`
    "#);
}

#[test]
fn an_experiment_names_a_pipeline_and_has_tables_where_tables_go() {
    assert_snapshot!(experiment("params = 3\nsweep = 3"), @r#"
    error[missing-key]: experiment.toml names no pipeline
     --> experiment.toml:1:1
      |
    1 | params = 3
      | ^
      |
      = help: add `pipeline = "../pipelines/NAME.toml"`

    error[wrong-type]: `params` wants a table, not an integer
     --> experiment.toml:1:10
      |
    1 | params = 3
      |          ^ an integer
      |
      = help: give `params` a table

    error[wrong-type]: `sweep` wants a table, not an integer
     --> experiment.toml:2:9
      |
    2 | sweep = 3
      |         ^ an integer
      |
      = help: give `sweep` a table
    "#);
}

#[test]
fn repeats_have_an_end() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\nrepeats = 1000000"), @r#"
    error[out-of-range]: `repeats` is 1000000, outside its range
     --> experiment.toml:2:11
      |
    2 | repeats = 1000000
      |           ^^^^^^^ not from 1 to 10000
      |
      = help: give the number of seeds each variant runs with; 1 for a single run
    "#);
}

#[test]
fn a_param_has_the_type_of_its_default() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 1.5\nlearning_rate = '1e-3'\ntitle = { a = 1 }"), @r#"
    error[wrong-type]: `epochs` wants an integer, not a float
     --> experiment.toml:3:10
      |
    3 | epochs = 1.5
      |          ^^^ a float
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type: an integer
      |
      = help: give a value like its default, 50

    error[wrong-type]: `learning_rate` wants a float, not a string
     --> experiment.toml:4:17
      |
    4 | learning_rate = '1e-3'
      |                 ^^^^^^ a string
      |
     ::: pipeline.toml:8:17
      |
    8 | learning_rate = 1e-3
      |                 ---- the default fixes the type: a float
      |
      = help: give a value like its default, 0.001

    error[wrong-type]: `title` wants a string, not a table
      --> experiment.toml:5:9
       |
     5 | title = { a = 1 }
       |         ^^^^^^^^^ a table
       |
      ::: pipeline.toml:10:9
       |
    10 | title = "${dataset} at ${latent_dim}"
       |         ----------------------------- the default fixes the type: a string
       |
       = help: give a value like its default, "${dataset} at ${latent_dim}"
    "#);
}

#[test]
fn a_param_stays_in_its_range_and_among_its_choices() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 5000\narchitecture = 'konv'\nlatent_dim = 5"), @r#"
    error[out-of-range]: `epochs` is 5000, outside its range
     --> experiment.toml:3:10
      |
    3 | epochs = 5000
      |          ^^^^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here
      |
      = help: give a number from 1 to 1000

    error[not-a-choice]: `architecture` cannot be "konv"
      --> experiment.toml:4:16
       |
     4 | architecture = 'konv'
       |                ^^^^^^ not one of `dense`, `conv`
       |
      ::: pipeline.toml:12:9
       |
    12 | [params.architecture]
       |         ------------ declared here
       |
       = help: did you mean `conv`?

    error[not-a-choice]: `latent_dim` cannot be 5
     --> experiment.toml:5:14
      |
    5 | latent_dim = 5
      |              ^ not one of `2`, `8`, `32`
      |
     ::: pipeline.toml:9:1
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      | ---------- declared here
      |
      = help: choose one of `2`, `8`, `32`
    "#);
}

#[test]
fn a_seed_is_a_number() {
    let told = experiment("seed = 'x'");
    assert!(told.contains("error[wrong-type]: `seed` wants an integer, not a string\n"), "{told}");
}

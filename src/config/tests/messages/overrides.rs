//! What the command line gets wrong.

use insta::assert_snapshot;

use super::{PLAIN, overridden};
use crate::config::tests::{set, sweep};

#[test]
fn a_param_is_set_to_a_value_it_takes() {
    assert_snapshot!(overridden(PLAIN, &set("epochs=abc")), @r#"
    error[wrong-type]: `epochs` wants an integer, not a string
     --> command line:1:14
      |
    1 | --set epochs=abc
      |              ^^^ a string
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type: an integer
      |
      = help: write a value like the default, `epochs=50`
    "#);
    assert_snapshot!(overridden(PLAIN, &set("epochs=")), @r#"
    error[bad-override]: `epochs` is set to nothing
     --> command line:1:7
      |
    1 | --set epochs=
      |       ^^^^^^
      |
      = help: write a value, as in `epochs=50`
    "#);
}

#[test]
fn only_params_are_set_and_swept() {
    assert_snapshot!(overridden(PLAIN, &set("epohcs=3")), @r#"
    error[unknown-param]: there is no param `epohcs`
     --> command line:1:7
      |
    1 | --set epohcs=3
      |       ^^^^^^ unknown param
      |
      = help: did you mean `epochs`?
    "#);
    assert_snapshot!(overridden(PLAIN, &set("seed=3")), @r#"
    error[unknown-param]: there is no param `seed`
     --> command line:1:7
      |
    1 | --set seed=3
      |       ^^^^ unknown param
      |
      = help: set `seed` in the experiment's file
    "#);
    assert_snapshot!(overridden(PLAIN, &set("title=${latent}")), @r"
    error[unknown-param]: there is no param `latent`
     --> command line:1:13
      |
    1 | --set title=${latent}
      |             ^^^^^^^^^ unknown param
      |
      = help: did you mean `latent_dim`?
    ");
    assert_snapshot!(overridden(PLAIN, &sweep("repeats=1,2")), @r#"
    error[unknown-param]: there is no param `repeats`
     --> command line:1:9
      |
    1 | --sweep repeats=1,2
      |         ^^^^^^^ unknown param
      |
      = help: write `--repeats N`
    "#);
}

#[test]
fn a_param_is_swept_over_values() {
    assert_snapshot!(overridden(PLAIN, &sweep("latent_dim=")), @r#"
    error[empty-sweep]: the sweep over `latent_dim` has no values
     --> command line:1:9
      |
    1 | --sweep latent_dim=
      |         ^^^^^^^^^^
      |
      = help: list the values to try, or remove the axis
    "#);
    assert_snapshot!(overridden(PLAIN, &sweep("latent_dim=2,,8")), @r#"
    error[bad-override]: `latent_dim` cannot be swept over this
     --> command line:1:22
      |
    1 | --sweep latent_dim=2,,8
      |                      ^
      |
      = help: remove a comma, or write `""` for an empty string
    "#);
}

#[test]
fn what_is_no_list_of_values_is_in_the_syntax_of_files() {
    assert_snapshot!(overridden(PLAIN, &sweep("learning_rate={ uniform = [0 1] }")), @r"
    error[bad-override]: `learning_rate` is not given in TOML's syntax
     --> command line:1:23
      |
    1 | --sweep learning_rate={ uniform = [0 1] }
      |                       ^^^^^^^^^^^^^^^^^^^
      |
      = help: write a value as in a file, such as `--sweep 'learning_rate={ uniform = [0.1, 0.9] }'`
    ");
    assert_snapshot!(overridden(PLAIN, &sweep("zip=architecture,epochs")), @r#"
    error[bad-override]: `zip` is not given in TOML's syntax
     --> command line:1:13
      |
    1 | --sweep zip=architecture,epochs
      |             ^^^^^^^^^^^^^^^^^^^
      |
      = help: write a value as in a file, such as `--sweep 'zip=[["a", "b"]]'`
    "#);
}

#[test]
fn a_sweep_is_checked_beyond_the_value_that_is_none() {
    assert_snapshot!(overridden(PLAIN, &sweep("epochs=x,99999,[3]")), @r#"
    error[wrong-type]: `epochs` wants an integer, not a string
     --> command line:1:16
      |
    1 | --sweep epochs=x,99999,[3]
      |                ^ a string
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type: an integer
      |
      = help: write a value like the default, `epochs=50`

    error[out-of-range]: `epochs` is 99999, outside its range
     --> command line:1:18
      |
    1 | --sweep epochs=x,99999,[3]
      |                  ^^^^^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here
      |
      = help: give a number from 1 to 1000

    error[bad-override]: `epochs` cannot be swept over this
     --> command line:1:24
      |
    1 | --sweep epochs=x,99999,[3]
      |                        ^^^
      |
      = help: list the values without brackets
    "#);
}

//! Text that is no TOML, and values that no file may have.

use insta::assert_snapshot;

use super::{PLAIN, experiment, overridden, pipeline};
use crate::config::tests::sweep;

#[test]
fn a_string_stands_between_quotes_and_a_value_behind_its_key() {
    assert_snapshot!(experiment("pipeline = pipeline.toml\nrepeats ="), @r#"
    error[toml-syntax]: not valid TOML: string values must be quoted
     --> experiment.toml:1:12
      |
    1 | pipeline = pipeline.toml
      |            ^^^^^^^^^^^^^
      |
      = help: put a string between quotes, and one value on a line

    error[toml-syntax]: not valid TOML: string values must be quoted
     --> experiment.toml:2:10
      |
    2 | repeats =
      |          ^
      |
      = help: write a value after the `=`
    "#);
    assert_snapshot!(experiment("pipeline = ../p.toml"), @r#"
    error[toml-syntax]: not valid TOML: invalid mantissa, expected digits
     --> experiment.toml:1:12
      |
    1 | pipeline = ../p.toml
      |            ^
      |
      = help: put text between quotes
    "#);
}

#[test]
fn what_is_opened_is_closed() {
    assert_snapshot!(experiment("pipeline = 'p.toml\n[params\nx = 1"), @r#"
    error[toml-syntax]: not valid TOML: invalid literal string, expected `'`
     --> experiment.toml:1:19
      |
    1 | pipeline = 'p.toml
      |                   ^
      |
      = help: close the string with the quote it began with, on the same line

    error[toml-syntax]: not valid TOML: unclosed table, expected `]`
     --> experiment.toml:2:8
      |
    2 | [params
      |        ^
      |
      = help: close the table's name with `]`
    "#);
    assert_snapshot!(experiment("a: 1\nb = [1, 2"), @r#"
    error[toml-syntax]: not valid TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
     --> experiment.toml:1:2
      |
    1 | a: 1
      |  ^
      |
      = help: write `key = value`

    error[toml-syntax]: not valid TOML: unclosed array, expected `]`
     --> experiment.toml:2:10
      |
    2 | b = [1, 2
      |          ^
      |
      = help: close the list with `]`
    "#);
    assert_snapshot!(experiment("a = {b = 1"), @r#"
    error[toml-syntax]: not valid TOML: unclosed inline table, expected `}`
     --> experiment.toml:1:11
      |
    1 | a = {b = 1
      |           ^
      |
      = help: close the table with `}`
    "#);
}

#[test]
fn values_are_written_as_toml_has_them() {
    assert_snapshot!(experiment("a = True\nb = 1,5\nc = 01\nd = 1.\ne = \"\\q\""), @r#"
    error[toml-syntax]: not valid TOML: invalid boolean, expected `true`
     --> experiment.toml:1:5
      |
    1 | a = True
      |     ^^^^
      |
      = help: write `true` or `false`, in small letters

    error[toml-syntax]: not valid TOML: unexpected key or value, expected newline, `#`
     --> experiment.toml:2:6
      |
    2 | b = 1,5
      |      ^
      |
      = help: write one `key = value` on a line, and a list between `[` and `]`

    error[toml-syntax]: not valid TOML: unexpected leading zero
     --> experiment.toml:3:5
      |
    3 | c = 01
      |     ^
      |
      = help: write the number without zeros in front

    error[toml-syntax]: not valid TOML: invalid fraction, expected digits
     --> experiment.toml:4:7
      |
    4 | d = 1.
      |       ^
      |
      = help: write digits on both sides of the point, as in `0.5`

    error[toml-syntax]: not valid TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
     --> experiment.toml:5:7
      |
    5 | e = "\q"
      |       ^
      |
      = help: write a backslash as `\\`, or the string between single quotes
    "#);
}

#[test]
fn a_line_that_might_nest_too_deeply_is_refused() {
    assert_snapshot!(experiment(&format!("a = [{}]", "0.1,".repeat(1001))).lines().next().unwrap_or_default(), @r#"error[too-nested]: a line has over 1000 dots"#);
}

#[test]
fn a_key_is_written_once() {
    assert_snapshot!(pipeline("[pipeline]\n[stages.load]\nuses = 'a'\nx = 1\n[stages.load]\nuses = 'b'\nx = 2"), @r#"
    error[duplicate-stage]: two stages are named `load`
     --> pipeline.toml:5:9
      |
    2 | [stages.load]
      |         ---- the first
    ...
    5 | [stages.load]
      |         ^^^^ a second stage of this name
      |
      = help: give each stage a name of its own
    "#);
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 1\nepochs = 2\nlatent_dim = 7"), @r#"
    error[duplicate-key]: `epochs` is written twice in one table
     --> experiment.toml:4:1
      |
    4 | epochs = 2
      | ^^^^^^ written before
      |
      = help: keep one of them

    error[not-a-choice]: `latent_dim` cannot be 7
     --> experiment.toml:5:14
      |
    5 | latent_dim = 7
      |              ^ not one of `2`, `8`, `32`
      |
     ::: pipeline.toml:9:1
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      | ---------- declared here
      |
      = help: choose one of `2`, `8`, `32`
    "#);
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 1\n[params]\nlatent_dim = 2"), @r#"
    error[duplicate-key]: the table [params] is written twice
     --> experiment.toml:4:2
      |
    2 | [params]
      |  ------ the first
    3 | epochs = 1
    4 | [params]
      |  ^^^^^^ a second table of this name
      |
      = help: write all its keys under one of them
    "#);
}

#[test]
fn a_number_is_finite_and_fits_and_a_date_is_no_value() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nlearning_rate = nan\nepochs = 99999999999999999999\ndataset = 2020-01-01"), @r#"
    error[not-finite]: a number must be finite
     --> experiment.toml:3:17
      |
    3 | learning_rate = nan
      |                 ^^^ infinite, or not a number
      |
      = help: write a finite number

    error[integer-too-large]: an integer does not fit into 64 bits
     --> experiment.toml:4:10
      |
    4 | epochs = 99999999999999999999
      |          ^^^^^^^^^^^^^^^^^^^^ too large
      |
      = help: write it as a float, such as 1e20

    error[date]: a date is no value here
     --> experiment.toml:5:11
      |
    5 | dataset = 2020-01-01
      |           ^^^^^^^^^^ a date
      |
      = help: make it a string: "2020-01-01"
    "#);
    assert_snapshot!(overridden(PLAIN, &sweep("learning_rate=inf,1e999")), @r#"
    error[not-finite]: a number must be finite
     --> command line:1:23
      |
    1 | --sweep learning_rate=inf,1e999
      |                       ^^^ infinite, or not a number
      |
      = help: write a finite number

    error[not-finite]: a number must be finite
     --> command line:1:27
      |
    1 | --sweep learning_rate=inf,1e999
      |                           ^^^^^ infinite, or not a number
      |
      = help: write a finite number
    "#);
}

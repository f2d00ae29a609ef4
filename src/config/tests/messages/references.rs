//! References that lead nowhere, and values that follow from others.

use insta::assert_snapshot;

use super::params;
use crate::config::tests::{Folder, set, sweep};

#[test]
fn a_reference_names_a_param() {
    assert_snapshot!(params("a = '${b}'\nf = '${seed}'\ng = \"\\t${zz}\""), @r#"
    error[unknown-param]: there is no param `b`
     --> pipeline.toml:5:6
      |
    5 | a = '${b}'
      |      ^^^^ unknown param
      |
      = help: the params of pipeline.toml are `a`, `f`, `g`

    error[unknown-param]: there is no param `seed`
     --> pipeline.toml:6:6
      |
    6 | f = '${seed}'
      |      ^^^^^^^ unknown param
      |
      = help: every stage is given the run's seed without asking

    error[unknown-param]: there is no param `zz`
     --> pipeline.toml:7:5
      |
    7 | g = "\t${zz}"
      |     ^^^^^^^^^ unknown param
      |
      = help: the params of pipeline.toml are `a`, `f`, `g`
    "#);
}

#[test]
fn a_reference_has_an_end_a_name_and_what_it_asks_for() {
    assert_snapshot!(params("a = 1\nc = 'x ${} y ${a'\nd = '${a b}'\ne = '${a.x}'"), @r#"
    error[bad-reference]: `${}` names no param
     --> pipeline.toml:6:8
      |
    6 | c = 'x ${} y ${a'
      |        ^^^
      |
      = help: write `${param}` or `${param.value}`, or `$${` for the characters themselves

    error[bad-reference]: a reference has no end
     --> pipeline.toml:6:14
      |
    6 | c = 'x ${} y ${a'
      |              ^^^ begins here
      |
      = help: close it with `}`, or write `$${` for the characters themselves

    error[bad-reference]: `${a b}` names no param
     --> pipeline.toml:7:6
      |
    7 | d = '${a b}'
      |      ^^^^^^
      |
      = help: write `${param}` or `${param.value}`, or `$${` for the characters themselves

    error[no-such-value]: `a` has no choices that carry values
     --> pipeline.toml:8:6
      |
    5 | a = 1
      | - declared here
    ...
    8 | e = '${a.x}'
      |      ^^^^^^
      |
      = help: write `${a}`, or let [params.a.choices.NAME] carry `x`
    "#);
}

#[test]
fn params_refer_to_each_other_in_no_circle() {
    assert_snapshot!(params("a = '${b}'\nb = 'x ${c}'\nc = '${a}'\nd = '${a}'\ne = '${e}'"), @r#"
    error[cyclic-params]: params refer to each other: `a` -> `b` -> `c` -> `a`
     --> pipeline.toml:7:5
      |
    7 | c = '${a}'
      |     ^^^^^^ leads back
      |
      = help: give one of them a value of its own

    error[cyclic-params]: params refer to each other: `e` -> `e`
     --> pipeline.toml:9:5
      |
    9 | e = '${e}'
      |     ^^^^^^ leads back
      |
      = help: give one of them a value of its own
    "#);
    let circle = "[params.p]\ndefault = 'x'\n[params.p.choices.x]\none = '${p.two}'\ntwo = '${a}'\n";
    assert_snapshot!(params(&format!("a = '${{p.one}}'\n{circle}")), @r#"
    error[cyclic-params]: params refer to each other: `a` -> `p.one` -> `p.two` -> `a`
      --> pipeline.toml:10:7
       |
    10 | two = '${a}'
       |       ^^^^^^ leads back
       |
       = help: give one of them a value of its own
    "#);
}

#[test]
fn a_list_is_no_part_of_a_text() {
    assert_snapshot!(params("l = [1]\na = 'x ${l}'"), @r#"
    error[not-text]: `l` is a list
     --> pipeline.toml:6:5
      |
    6 | a = 'x ${l}'
      |     ^^^^^^^^ a list cannot be a part of a text
      |
      = help: let the reference be the whole string
    "#);
}

#[test]
fn every_choice_carries_what_is_referred_to() {
    let choices = "[params.p]\ndefault = 'x'\n[params.p.choices.x]\none = 1\n[params.p.choices.y]\none = 1\ntwo = 2\n";
    assert_snapshot!(params(&format!("a = '${{p.two}}'\nb = '${{p.on}}'\n{choices}")), @r#"
    error[no-such-value]: the choice `x` of `p` carries no `two`
     --> pipeline.toml:5:6
      |
    5 | a = '${p.two}'
      |      ^^^^^^^^
    6 | b = '${p.on}'
    7 | [params.p]
      |         - declared here
    8 | default = 'x'
    9 | [params.p.choices.x]
      |                   - the choice
      |
      = help: add `two` to it

    error[no-such-value]: the choices of `p` carry no `on`
     --> pipeline.toml:6:6
      |
    6 | b = '${p.on}'
      |      ^^^^^^^
    7 | [params.p]
      |         - declared here
      |
      = help: did you mean `one`?
    "#);
}

#[test]
fn a_value_that_follows_from_others_fits_its_param() {
    let text = "a = 5\nb = { default = '${a}', range = [1, 10] }";
    let file = format!("[pipeline]\n[stages.load]\nuses = 'load'\n[params]\n{text}");
    let folder = Folder::with(&[("pipeline.toml", &file)]);
    assert_snapshot!(folder.complaint("pipeline.toml", &sweep("a=7,20")), @r#"
    error[out-of-range]: `b` is 20, outside its range
     --> command line:1:13
      |
    1 | --sweep a=7,20
      |             ^^ not from 1 to 10
      |
     ::: pipeline.toml:6:1
      |
    6 | b = { default = '${a}', range = [1, 10] }
      | - declared here
      |
      = help: give a number from 1 to 10
    "#);
    assert_snapshot!(folder.complaint("pipeline.toml", &set("b=20")), @r#"
    error[out-of-range]: `b` is 20, outside its range
     --> command line:1:9
      |
    1 | --set b=20
      |         ^^ not from 1 to 10
      |
     ::: pipeline.toml:6:1
      |
    6 | b = { default = '${a}', range = [1, 10] }
      | - declared here
      |
      = help: give a number from 1 to 10
    "#);
}

#[test]
fn a_long_chain_of_params_is_refused() {
    let chain: String = (0..500).map(|index| format!("p{index:03} = '${{p{:03}}}'\n", index + 1)).collect();
    let complaint = params(&format!("{chain}p500 = 1"));
    assert_snapshot!(complaint.lines().next().unwrap_or_default(), @r#"error[cyclic-params]: `p064` refers to params that refer to others, over 64 deep"#);
    let reversed: String = (1..=500).map(|index| format!("p{index:03} = '${{p{:03}}}'\n", index - 1)).collect();
    let complaint = params(&format!("{reversed}p000 = 1"));
    assert_snapshot!(complaint.lines().next().unwrap_or_default(), @r#"error[cyclic-params]: `p065` refers to params that refer to others, over 64 deep"#);
}

#[test]
fn references_that_double_and_double_are_stopped() {
    let doubling: String =
        (1..40).map(|index| format!("p{index:02} = '${{p{:02}}}${{p{:02}}}'\n", index - 1, index - 1)).collect();
    let complaint = params(&format!("p00 = 'xxxxxxxx'\n{doubling}"));
    assert_snapshot!(complaint.lines().next().unwrap_or_default(), @r#"error[too-large]: references make a value far too large"#);
    let doubling: String =
        (1..40).map(|index| format!("p{index:02} = ['${{p{:02}}}', '${{p{:02}}}']\n", index - 1, index - 1)).collect();
    let complaint = params(&format!("p00 = ['x']\n{doubling}"));
    assert_snapshot!(complaint.lines().next().unwrap_or_default(), @r#"error[too-large]: references make a value far too large"#);
}

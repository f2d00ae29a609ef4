//! Sweeps, and what is wrong in some of their variants.

use super::{START, errors, plan};

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

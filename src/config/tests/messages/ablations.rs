//! What `[ablation]` gets wrong.

use insta::assert_snapshot;

use super::experiment;

fn ablation(text: &str) -> String {
    experiment(&format!("pipeline = 'pipeline.toml'\n[ablation]\n{text}"))
}

#[test]
fn an_ablation_names_its_changes_in_known_keys() {
    assert_snapshot!(ablation(""), @r#"
    error[missing-key]: the ablation names no changes
     --> experiment.toml:2:2
      |
    2 | [ablation]
      |  ^^^^^^^^
      |
      = help: write `changes = [{ name = "no dropout", set = { dropout = 0.0 } }]`
    "#);
    assert_snapshot!(ablation("changes = []\nmode = 'one-off'\nbas = {}"), @r#"
    error[empty-ablation]: the ablation has no changes
     --> experiment.toml:3:11
      |
    3 | changes = []
      |           ^^
      |
      = help: write `changes = [{ name = "no dropout", set = { dropout = 0.0 } }]`

    error[not-a-choice]: `mode` cannot be "one-off"
     --> experiment.toml:4:8
      |
    4 | mode = 'one-off'
      |        ^^^^^^^^^ not one of `one-out`, `one-in`
      |
      = help: did you mean `one-out`?

    error[unknown-key]: [ablation] has no key `bas`
     --> experiment.toml:5:1
      |
    5 | bas = {}
      | ^^^ unknown key
      |
      = help: did you mean `base`?
    "#);
}

#[test]
fn a_change_sets_params_to_values_they_take() {
    assert_snapshot!(ablation("changes = [{ name = 'a' }, { set = {} }, 3, { set = { epoch = 3, latent_dim = 5 }, nam = 'x' }]"), @r#"
    error[missing-key]: a change sets nothing
     --> experiment.toml:3:12
      |
    3 | changes = [{ name = 'a' }, { set = {} }, 3, { set = { epoch = 3, latent_dim = 5 }, nam = 'x' }]
      |            ^^^^^^^^^^^^^^
      |
      = help: add `set = { param = value }`

    error[empty-ablation]: a change sets nothing
     --> experiment.toml:3:36
      |
    3 | changes = [{ name = 'a' }, { set = {} }, 3, { set = { epoch = 3, latent_dim = 5 }, nam = 'x' }]
      |                                    ^^
      |
      = help: name what it changes, as in `set = { dropout = 0.0 }`

    error[wrong-type]: `changes` wants a list of tables, not an integer
     --> experiment.toml:3:42
      |
    3 | changes = [{ name = 'a' }, { set = {} }, 3, { set = { epoch = 3, latent_dim = 5 }, nam = 'x' }]
      |                                          ^ an integer
      |
      = help: write `changes = [{ name = "no dropout", set = { dropout = 0.0 } }]`

    error[unknown-param]: there is no param `epoch`
     --> experiment.toml:3:55
      |
    3 | changes = [{ name = 'a' }, { set = {} }, 3, { set = { epoch = 3, latent_dim = 5 }, nam = 'x' }]
      |                                                       ^^^^^ unknown param
      |
      = help: did you mean `epochs`?

    error[not-a-choice]: `latent_dim` cannot be 5
     --> experiment.toml:3:79
      |
    3 | changes = [{ name = 'a' }, { set = {} }, 3, { set = { epoch = 3, latent_dim = 5 }, nam = 'x' }]
      |                                                                               ^ not one of `2`, `8`, `32`
      |
     ::: pipeline.toml:9:1
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      | ---------- declared here
      |
      = help: choose one of `2`, `8`, `32`

    error[unknown-key]: a change has no key `nam`
     --> experiment.toml:3:84
      |
    3 | changes = [{ name = 'a' }, { set = {} }, 3, { set = { epoch = 3, latent_dim = 5 }, nam = 'x' }]
      |                                                                                    ^^^ unknown key
      |
      = help: did you mean `name`?
    "#);
}

#[test]
fn a_variant_is_not_what_another_one_is_or_is_called() {
    assert_snapshot!(ablation("base = { epochs = 5 }\nchanges = [{ name = 'a', set = { epochs = 5 } }, { name = 'a', set = { epochs = 9 } }, { set = { epochs = 9 } }, { name = 'base', set = { epochs = 8 } }]"), @r"
    error[changes-nothing]: `a` is what the base is already
     --> experiment.toml:4:32
      |
    4 | changes = [{ name = 'a', set = { epochs = 5 } }, { name = 'a', set = { epochs = 9 } }, { set = { epochs = 9 } }, { name = 'base', set...
      |                                ^^^^^^^^^^^^^^ changes nothing
      |
      = help: set other values, or remove it

    error[repeated-value]: two variants are called `a`
     --> experiment.toml:4:70
      |
    4 | changes = [{ name = 'a', set = { epochs = 5 } }, { name = 'a', set = { epochs = 9 } }, { set = { epochs = 9 } }, { name = 'base', set...
      |                                -------------- the first              ^^^^^^^^^^^^^^ a change of that name
      |
      = help: give each change a name of its own

    error[repeated-value]: `epochs = 9` is what `a` is already
     --> experiment.toml:4:96
      |
    4 | changes = [{ name = 'a', set = { epochs = 5 } }, { name = 'a', set = { epochs = 9 } }, { set = { epochs = 9 } }, { name = 'base', set...
      |                                                                      -------------- the first  ^^^^^^^^^^^^^^ again
      |
      = help: set other values, or remove it

    error[repeated-value]: two variants are called `base`
     --> experiment.toml:4:137
      |
    4 | ...set = { epochs = 9 } }, { name = 'base', set = { epochs = 8 } }]
      |                                                   ^^^^^^^^^^^^^^ a change of that name
      |
      = help: give each change a name of its own
    ");
}

#[test]
fn with_cumulative_a_change_does_not_lead_back() {
    assert_snapshot!(ablation("cumulative = true\nchanges = [{ set = { epochs = 5 } }, { set = { epochs = 50, latent_dim = 32 } }]"), @r"
    error[changes-nothing]: `epochs = 50, latent_dim = 32` is what the base is already
     --> experiment.toml:4:46
      |
    4 | changes = [{ set = { epochs = 5 } }, { set = { epochs = 50, latent_dim = 32 } }]
      |                                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ changes nothing
      |
      = help: set other values, or remove it
    ");
    let again = "cumulative = true\nchanges = [{ set = { epochs = 5 } }, { set = { latent_dim = 8 } }, { set = { latent_dim = 32 } }]";
    assert_snapshot!(ablation(again), @r"
    error[repeated-value]: `latent_dim = 32` is what `epochs = 5` is already
     --> experiment.toml:4:76
      |
    4 | changes = [{ set = { epochs = 5 } }, { set = { latent_dim = 8 } }, { set = { latent_dim = 32 } }]
      |                    -------------- the first                                ^^^^^^^^^^^^^^^^^^^ again
      |
      = help: set other values, or remove it
    ");
}

#[test]
fn an_ablation_goes_with_no_sweep_and_no_search() {
    assert_snapshot!(ablation("changes = [{ set = { epochs = 5 } }]\n[sweep]\nlatent_dim = [2, 8]\n[search]\nminimize = 'a.b'\ntrials = 3"), @r"
    error[not-with-ablation]: a sweep does not go with an ablation
     --> experiment.toml:5:1
      |
    2 | [ablation]
      |  -------- the params that change here are all that varies
    ...
    5 | latent_dim = [2, 8]
      | ^^^^^^^^^^ swept
      |
      = help: keep one of the two; `repeats` runs more seeds

    error[not-with-ablation]: a search does not go with an ablation
     --> experiment.toml:6:2
      |
    2 | [ablation]
      |  -------- says which points there are
    ...
    6 | [search]
      |  ^^^^^^
      |
      = help: keep one of the two
    ");
}

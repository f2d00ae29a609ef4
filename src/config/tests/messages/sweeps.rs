//! What lists, points and words of `[sweep]` get wrong.

use insta::assert_snapshot;

use super::{experiment, swept};
use crate::config::Overrides;
use crate::config::tests::Folder;

#[test]
fn a_swept_list_has_each_value_once_and_only_what_its_param_takes() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[sweep]\nlatent_dim = [2, 2]\nepochs = 7\nlearning_rate = [1, 1.0]\nlatentdim = [1]\narchitecture = ['dense', 'dens']"), @r#"
    error[repeated-value]: the sweep over `latent_dim` has 2 twice
     --> experiment.toml:3:18
      |
    3 | latent_dim = [2, 2]
      |               -  ^ again
      |               |
      |               the first
      |
      = help: remove one of them; `repeats` runs more seeds

    error[wrong-type]: `epochs` wants a list of values in [sweep], not an integer
     --> experiment.toml:4:10
      |
    4 | epochs = 7
      |          ^ an integer
      |
      = help: write the values in a list, or the one value under [params]

    error[repeated-value]: the sweep over `learning_rate` has 1.0 twice
     --> experiment.toml:5:21
      |
    5 | learning_rate = [1, 1.0]
      |                  -  ^^^ again
      |                  |
      |                  the first
      |
      = help: remove one of them; `repeats` runs more seeds

    error[unknown-param]: there is no param `latentdim`
     --> experiment.toml:6:1
      |
    6 | latentdim = [1]
      | ^^^^^^^^^ unknown param
      |
      = help: did you mean `latent_dim`?

    error[not-a-choice]: `architecture` cannot be "dens"
      --> experiment.toml:7:26
       |
     7 | architecture = ['dense', 'dens']
       |                          ^^^^^^ not one of `dense`, `conv`
       |
      ::: pipeline.toml:12:9
       |
    12 | [params.architecture]
       |         ------------ declared here
       |
       = help: did you mean `dense`?
    "#);
}

#[test]
fn a_param_is_not_both_set_and_swept() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 1\n[sweep]\nepochs = [1]"), @r#"
    error[set-and-swept]: `epochs` is both set and swept
     --> experiment.toml:5:1
      |
    3 | epochs = 1
      | ------ set here
    4 | [sweep]
    5 | epochs = [1]
      | ^^^^^^ swept here
      |
      = help: keep one of the two
    "#);
}

#[test]
fn a_sweep_without_points_is_refused() {
    assert_snapshot!(swept("architecture = ['dense', 'conv']\nexclude = [{ architecture = 'dense' }, { architecture = 'conv' }]"), @r"
    error[empty-sweep]: no point is left: all are excluded
     --> experiment.toml:4:1
      |
    4 | exclude = [{ architecture = 'dense' }, { architecture = 'conv' }]
      | ^^^^^^^ excludes every point
      |
      = help: exclude less, or sweep over more
    ");
    assert_snapshot!(swept("points = []"), @r"
    error[empty-sweep]: the list of points is empty
     --> experiment.toml:3:1
      |
    3 | points = []
      | ^^^^^^
      |
      = help: write the points, as in `points = [{ a = 1, b = 2 }]`, or remove it
    ");
}

#[test]
fn a_sweep_of_too_many_points_is_refused() {
    let many = |param: &str| format!("{param} = {:?}\n", (1..=400).collect::<Vec<i32>>());
    let said = swept(&format!("{}draws = 99999\nlearning_rate = {{ uniform = [0, 1] }}", many("epochs")));
    assert!(
        said.starts_with("error[too-many-points]: 39999600 points (400 of `epochs` x 99999 of `learning_rate`)"),
        "{said}"
    );
}

#[test]
fn no_point_is_there_twice() {
    assert_snapshot!(swept("points = [{ latent_dim = 2 }, { latent_dim = 8 }, { latent_dim = 2 }]"), @r"
    error[repeated-point]: this point is in the sweep already
     --> experiment.toml:3:51
      |
    3 | points = [{ latent_dim = 2 }, { latent_dim = 8 }, { latent_dim = 2 }]
      |           ------------------ the first            ^^^^^^^^^^^^^^^^^^ again
      |
      = help: remove one of them; `repeats` runs more seeds
    ");
    // The experiment's own value is 50.
    assert_snapshot!(swept("points = [{ latent_dim = 2 }, { latent_dim = 2, epochs = 50 }]"), @r"
    error[repeated-point]: this point is in the sweep already
     --> experiment.toml:3:31
      |
    3 | points = [{ latent_dim = 2 }, { latent_dim = 2, epochs = 50 }]
      |           ------------------  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ again
      |           |
      |           the first
      |
      = help: remove one of them; `repeats` runs more seeds
    ");
    assert_snapshot!(swept("latent_dim = [2, 8]\ninclude = [{ latent_dim = 32 }, { latent_dim = 32 }]"), @r"
    error[repeated-point]: this point is in the sweep already
     --> experiment.toml:4:33
      |
    4 | include = [{ latent_dim = 32 }, { latent_dim = 32 }]
      |            -------------------  ^^^^^^^^^^^^^^^^^^^ again
      |            |
      |            the first
      |
      = help: remove one of them; `repeats` runs more seeds
    ");
    assert_snapshot!(swept("latent_dim = [2, 2]\nepochs = [1, 1]\nzip = [['latent_dim', 'epochs']]"), @r"
    error[repeated-point]: zipped params have the same values twice
     --> experiment.toml:3:18
      |
    3 | latent_dim = [2, 2]
      |               -  ^ again
      |               |
      |               the first
      |
      = help: remove one of them; `repeats` runs more seeds
    ");
}

#[test]
fn no_point_is_there_twice_by_way_of_references() {
    assert_snapshot!(swept("epochs = [2, '${latent_dim}', 32]"), @r"
    error[repeated-point]: two points are alike: `epochs` is 32 at both
     --> experiment.toml:3:14
      |
    3 | epochs = [2, '${latent_dim}', 32]
      |              ^^^^^^^^^^^^^^^  -- the same
      |              |
      |              32 here
      |
      = help: remove one of them; `repeats` runs more seeds
    ");
    assert_snapshot!(swept("points = [{ epochs = 2 }, { epochs = '${latent_dim}' }, { epochs = 32 }]"), @r"
    error[repeated-point]: two points are alike: `epochs` is 32 at both
     --> experiment.toml:3:38
      |
    3 | points = [{ epochs = 2 }, { epochs = '${latent_dim}' }, { epochs = 32 }]
      |                                      ^^^^^^^^^^^^^^^ 32 here       -- the same
      |
      = help: remove one of them; `repeats` runs more seeds
    ");
}

#[test]
fn every_word_of_a_sweep_takes_its_own_kind_of_value() {
    assert_snapshot!(swept("zip = ['latent_dim', 'epochs']\npoints = 3\nexclude = [2]\ninclude = [{}]\ndraws = 0\ndraw_seed = 'x'"), @r#"
    error[wrong-type]: `zip` wants a list of lists of params, not a list
     --> experiment.toml:3:7
      |
    3 | zip = ['latent_dim', 'epochs']
      |       ^^^^^^^^^^^^^^^^^^^^^^^^ a list
      |
      = help: write `zip = [["a", "b"]]`

    error[wrong-type]: `points` wants a list of tables of params, not an integer
     --> experiment.toml:4:10
      |
    4 | points = 3
      |          ^ an integer
      |
      = help: write `points = [{ a = 1, b = 2 }]`

    error[wrong-type]: `exclude` wants a list of tables of params, not a list
     --> experiment.toml:5:11
      |
    5 | exclude = [2]
      |           ^^^ a list
      |
      = help: write `exclude = [{ a = 1, b = 2 }]`

    error[empty-entry]: an entry of `include` names no param
     --> experiment.toml:6:12
      |
    6 | include = [{}]
      |            ^^
      |
      = help: name params and their values, or remove it

    error[out-of-range]: `draws` is 0, outside its range
     --> experiment.toml:7:9
      |
    7 | draws = 0
      |         ^ not from 1 to 100000
      |
      = help: give an integer from 1 to 100000

    error[wrong-type]: `draw_seed` wants an integer from 0 on, not a string
     --> experiment.toml:8:13
      |
    8 | draw_seed = 'x'
      |             ^^^ a string
      |
      = help: write `draw_seed = 0`
    "#);
}

#[test]
fn zipped_params_are_swept_over_equally_long_lists_and_zipped_once() {
    assert_snapshot!(swept("latent_dim = [2, 8]\nepochs = [1, 2, 3]\nzip = [['latent_dim', 'epochs']]"), @r"
    error[unequal-lengths]: zipped params need equally many values: `latent_dim` has 2, `epochs` has 3
     --> experiment.toml:5:9
      |
    3 | latent_dim = [2, 8]
      | ---------- 2 values
    4 | epochs = [1, 2, 3]
      | ------ 3 values
    5 | zip = [['latent_dim', 'epochs']]
      |         ^^^^^^^^^^^^ in this group
      |
      = help: give each the same number of values, one for each step
    ");
    assert_snapshot!(swept("latent_dim = [2, 8]\nlearning_rate = { uniform = [0, 1] }\ndraws = 2\nzip = [['latent_dim', 'epochs', 'learning_rate', 'latent_dim']]"), @r"
    error[not-swept]: `epochs` is zipped, but not swept
     --> experiment.toml:6:23
      |
    6 | zip = [['latent_dim', 'epochs', 'learning_rate', 'latent_dim']]
      |                       ^^^^^^^^ zipped here
      |
      = help: give it a list of values: `epochs = [...]`, as long as the others'

    error[not-a-list]: `learning_rate` is drawn, and cannot be zipped
     --> experiment.toml:6:33
      |
    4 | learning_rate = { uniform = [0, 1] }
      | ------------- drawn here
    5 | draws = 2
    6 | zip = [['latent_dim', 'epochs', 'learning_rate', 'latent_dim']]
      |                                 ^^^^^^^^^^^^^^^ zipped here
      |
      = help: params that are drawn advance together anyway: take it out of `zip`

    error[swept-twice]: `latent_dim` is zipped twice
     --> experiment.toml:6:50
      |
    6 | zip = [['latent_dim', 'epochs', 'learning_rate', 'latent_dim']]
      |         ------------ zipped here                 ^^^^^^^^^^^^ again
      |
      = help: name each param once
    ");
    assert_snapshot!(swept("latent_dim = [2, 8]\nzip = [['latent_dim']]"), @r#"
    error[zipped-alone]: `latent_dim` is zipped with nothing
     --> experiment.toml:4:9
      |
    4 | zip = [['latent_dim']]
      |         ^^^^^^^^^^^^
      |
      = help: name those that advance together, as in `zip = [["a", "b"]]`, or remove it
    "#);
}

#[test]
fn a_param_is_swept_in_one_place() {
    assert_snapshot!(swept("latent_dim = [2, 8]\npoints = [{ latent_dim = 2, epochs = 5 }]"), @r"
    error[swept-twice]: `latent_dim` is swept by itself and in `points`
     --> experiment.toml:4:13
      |
    3 | latent_dim = [2, 8]
      | ---------- swept here
    4 | points = [{ latent_dim = 2, epochs = 5 }]
      |             ^^^^^^^^^^ a value of the same param
      |
      = help: keep one of the two; `points` is combined with every value of the other params
    ");
}

#[test]
fn an_exclusion_without_effect_is_refused() {
    assert_snapshot!(swept("architecture = ['dense', 'conv']\nexclude = [{ architecture = 'dense', latent_dim = 2 }, { architectur = 'conv' }]"), @r"
    error[not-swept]: `latent_dim` is excluded, but not swept
     --> experiment.toml:4:38
      |
    4 | exclude = [{ architecture = 'dense', latent_dim = 2 }, { architectur = 'conv' }]
      |                                      ^^^^^^^^^^ has one value
      |
      = help: exclude values of what is swept: `architecture`

    error[unknown-param]: there is no param `architectur`
     --> experiment.toml:4:58
      |
    4 | exclude = [{ architecture = 'dense', latent_dim = 2 }, { architectur = 'conv' }]
      |                                                          ^^^^^^^^^^^ unknown param
      |
      = help: did you mean `architecture`?
    ");
    assert_snapshot!(swept("latent_dim = [2, 8]\nexclude = [{ latent_dim = 32 }]"), @r"
    error[matches-nothing]: this excludes no point
     --> experiment.toml:4:27
      |
    4 | exclude = [{ latent_dim = 32 }]
      |                           ^^ `latent_dim` is never 32
      |
      = help: `latent_dim` takes `2`, `8`
    ");
    assert_snapshot!(swept("latent_dim = [2, 8]\nepochs = [1, 2]\nzip = [['latent_dim', 'epochs']]\nexclude = [{ latent_dim = 2, epochs = 2 }]"), @r"
    error[matches-nothing]: this excludes no point
     --> experiment.toml:6:12
      |
    6 | exclude = [{ latent_dim = 2, epochs = 2 }]
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ these values never meet
      |
      = help: correct it, or remove it
    ");
}

#[test]
fn a_param_with_the_name_of_a_word_is_told_of() {
    let pipeline = "[pipeline]\n[params]\npoints = 3\n[stages.s]\nuses = 'x'\nn = '${points}'";
    let told = |sweep: &str| {
        let experiment = format!("pipeline = 'p.toml'\n[sweep]\n{sweep}");
        Folder::with(&[("p.toml", pipeline), ("e.toml", &experiment)]).complaint("e.toml", &Overrides::default())
    };
    assert_snapshot!(told("points = [1, 2]"), @r"
    error[wrong-type]: `points` wants a list of tables of params, not a list
     --> e.toml:3:10
      |
    3 | points = [1, 2]
      |          ^^^^^^ a list
      |
     ::: p.toml:3:1
      |
    3 | points = 3
      | ------ a param of this name
      |
      = help: `points` is a word of [sweep]: give the param another name to sweep over it
    ");
}

#[test]
fn a_condition_on_a_drawn_number_is_told_its_range() {
    let drawn = "draws = 3\nepochs = { integer = [2, 3] }";
    assert_snapshot!(swept(&format!("{drawn}\nlatent_dim = {{ values = [2, 8], when = {{ epochs = 4 }} }}")), @"
    error[too-many-draws]: `draws` asks for 3 points, but there are only 2 different ones
     --> experiment.toml:3:9
      |
    3 | draws = 3
      |         ^ too many
      |
      = help: draw 2, or list the values to try them all

    error[never-holds]: `latent_dim` is never varied: its condition never holds
     --> experiment.toml:5:51
      |
    5 | latent_dim = { values = [2, 8], when = { epochs = 4 } }
      |                                                   ^ `epochs` has none of these
      |
      = help: `epochs` takes 2 to 3
    ");
    assert_snapshot!(swept("latent_dim = { values = [2, 8], when = {} }"), @r#"
    error[bad-condition]: `when` of `latent_dim` names no param
     --> experiment.toml:3:40
      |
    3 | latent_dim = { values = [2, 8], when = {} }
      |                                        ^^
      |
      = help: write `when = { architecture = "conv" }`, or a list of values that will do
    "#);
}

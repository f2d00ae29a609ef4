//! What `[sweep]` gets wrong.

use insta::assert_snapshot;

use super::experiment;
use crate::config::Overrides;
use crate::config::tests::Folder;

/// What is wrong with a sweep.
fn swept(text: &str) -> String {
    experiment(&format!("pipeline = 'pipeline.toml'\n[sweep]\n{text}"))
}

#[test]
fn spaces_without_end_or_without_points() {
    assert_snapshot!(swept("learning_rate = { log_uniform = [1e-4, 1e-2] }"), @r"
    error[infinite-space]: `learning_rate` is drawn from a distribution, but nothing says how often
     --> experiment.toml:3:33
      |
    3 | learning_rate = { log_uniform = [1e-4, 1e-2] }
      |                                 ^^^^^^^^^^^^ without end
      |
      = help: add `draws = 20` to [sweep], or a [search] that chooses the points
    ");
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
    assert_snapshot!(swept("draws = 5\nepochs = [1, 2]"), @r"
    error[nothing-to-draw]: no param of [sweep] has a distribution
     --> experiment.toml:3:9
      |
    3 | draws = 5
      |         ^
      |
      = help: remove `draws`, or write `param = { uniform = [0.0, 1.0] }`
    ");
    assert_snapshot!(swept("draws = 5\nlatent_dim = { choice = [2, 8] }"), @r"
    error[too-many-draws]: `draws` asks for 5 points, but there are only 2 different ones
     --> experiment.toml:3:9
      |
    3 | draws = 5
      |         ^ too many
      |
      = help: draw 2, or list the values to try them all
    ");
    let many = |param: &str| format!("{param} = {:?}\n", (1..=400).collect::<Vec<i32>>());
    let said = swept(&format!("{}draws = 99999\nlearning_rate = {{ uniform = [0, 1] }}", many("epochs")));
    assert!(
        said.starts_with("error[too-many-points]: 39999600 points (400 of `epochs` x 99999 of `learning_rate`)"),
        "{said}"
    );
}

#[test]
fn points_that_repeat() {
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
fn conditions_that_never_hold() {
    assert_snapshot!(swept("architecture = ['dense']\nepochs = { values = [1, 2], when = { architecture = 'conv' } }"), @r#"
    error[never-holds]: `epochs` is never varied: its condition never holds
     --> experiment.toml:4:53
      |
    4 | epochs = { values = [1, 2], when = { architecture = 'conv' } }
      |                                                     ^^^^^^ `architecture` has none of these
      |
      = help: `architecture` takes `"dense"`
    "#);
    assert_snapshot!(swept("epochs = { values = [1, 2], when = { architecture = 'conv' } }"), @r#"
    error[never-holds]: `epochs` is never varied: its condition never holds
     --> experiment.toml:3:53
      |
    3 | epochs = { values = [1, 2], when = { architecture = 'conv' } }
      |                                                     ^^^^^^ `architecture` is "dense", and not swept
      |
      = help: sweep over `architecture`, set it, or vary `epochs` without condition
    "#);
    assert_snapshot!(swept("epochs = { values = [1, 2], when = { architecture = 'konv', latentdim = 2 } }"), @r#"
    error[not-a-choice]: `architecture` cannot be "konv"
      --> experiment.toml:3:53
       |
     3 | epochs = { values = [1, 2], when = { architecture = 'konv', latentdim = 2 } }
       |                                                     ^^^^^^ not one of `dense`, `conv`
       |
      ::: pipeline.toml:12:9
       |
    12 | [params.architecture]
       |         ------------ declared here
       |
       = help: did you mean `conv`?

    error[unknown-param]: there is no param `latentdim`
     --> experiment.toml:3:61
      |
    3 | epochs = { values = [1, 2], when = { architecture = 'konv', latentdim = 2 } }
      |                                                             ^^^^^^^^^ unknown param
      |
      = help: did you mean `latent_dim`?
    "#);
    assert_snapshot!(swept("latent_dim = [2, 8]\narchitecture = ['dense', 'conv']\nzip = [['latent_dim', 'architecture']]
epochs = { values = [1, 2], when = { latent_dim = 2, architecture = 'conv' } }"), @r#"
    error[never-holds]: `epochs` is never varied: no point has `latent_dim` = `2` and `architecture` = `"conv"`
     --> experiment.toml:6:51
      |
    6 | epochs = { values = [1, 2], when = { latent_dim = 2, architecture = 'conv' } }
      |                                                   ^ never holds
      |
      = help: change the condition, or the points it is to hold at
    "#);
    assert_snapshot!(swept("latent_dim = { values = [2, 8], when = { epochs = 1 } }\nepochs = { values = [1, 2], when = { latent_dim = 2 } }"), @r"
    error[cyclic-condition]: conditions wait for each other: `latent_dim`, `epochs`
     --> experiment.toml:3:1
      |
    3 | latent_dim = { values = [2, 8], when = { epochs = 1 } }
      | ^^^^^^^^^^
      |
      = help: let one of them vary without a condition
    ");
    assert_snapshot!(swept("epochs = { values = [1, 2], when = 'conv' }"), @r#"
    error[bad-condition]: `when` of `epochs` is no table of params
     --> experiment.toml:3:36
      |
    3 | epochs = { values = [1, 2], when = 'conv' }
      |                                    ^^^^^^
      |
      = help: write `when = { architecture = "conv" }`, or a list of values that will do
    "#);
}

#[test]
fn words_that_are_used_wrongly() {
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
fn exclusions_without_effect() {
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
fn distributions_that_do_not_fit() {
    assert_snapshot!(swept("draws = 3\nepochs = { uniform = [1, 5] }\ndataset = { integer = [1, 5] }\nlearning_rate = { log_uniform = [0, 1] }"), @r#"
    error[bad-distribution]: `epochs` is an integer, which `uniform` does not draw
     --> experiment.toml:4:12
      |
    4 | epochs = { uniform = [1, 5] }
      |            ^^^^^^^ draws other values
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type
      |
      = help: draw whole numbers: `epochs = { integer = [1, 10] }`

    error[bad-distribution]: `dataset` is a string, which `integer` does not draw
     --> experiment.toml:5:13
      |
    5 | dataset = { integer = [1, 5] }
      |             ^^^^^^^ draws other values
      |
     ::: pipeline.toml:6:11
      |
    6 | dataset = "mnist"
      |           ------- the default fixes the type
      |
      = help: name the values: `dataset = { choice = [...] }`

    error[bad-distribution]: `learning_rate` varies evenly in its logarithm, which numbers up to 0 do not have
     --> experiment.toml:6:33
      |
    6 | learning_rate = { log_uniform = [0, 1] }
      |                                 ^^^^^^
      |
      = help: write `learning_rate = { log_uniform = [1e-4, 1e-1] }`
    "#);
    assert_snapshot!(swept("draws = 3\nepochs = { integer = [0, 5] }\nlearning_rate = { uniform = [2, 1] }\nlatent_dim = { integer = [2, 8] }"), @r#"
    error[out-of-range]: `epochs` is 0, outside its range
     --> experiment.toml:4:22
      |
    4 | epochs = { integer = [0, 5] }
      |                      ^^^^^^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here (Passes over the data)
      |
      = help: give a number from 1 to 1000

    error[bad-distribution]: `uniform` of `learning_rate` ends before it begins: it holds no two numbers
     --> experiment.toml:5:29
      |
    5 | learning_rate = { uniform = [2, 1] }
      |                             ^^^^^^
      |
      = help: write `learning_rate = { uniform = [0.0, 0.5] }`

    error[not-a-choice]: drawn from its distribution, `latent_dim` cannot be 6
     --> experiment.toml:6:26
      |
    6 | latent_dim = { integer = [2, 8] }
      |                          ^^^^^^ not one of `2`, `8`, `32`
      |
     ::: pipeline.toml:9:1
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      | ---------- declared here
      |
      = help: choose one of `2`, `8`, `32`; change the distribution, or what the param may be
    "#);
    assert_snapshot!(swept("draws = 3\nepochs = { normal = [3.0, 1.0] }\nlearning_rate = { normal = [0.0, 0.0] }\nlatent_dim = { choice = [2, 2, 5] }"), @r#"
    error[bad-distribution]: `epochs` is an integer, which `normal` does not draw
     --> experiment.toml:4:12
      |
    4 | epochs = { normal = [3.0, 1.0] }
      |            ^^^^^^ draws other values
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type
      |
      = help: draw whole numbers: `epochs = { integer = [1, 10] }`

    error[bad-distribution]: the deviation of `learning_rate` is 0.0, not above 0
     --> experiment.toml:5:28
      |
    5 | learning_rate = { normal = [0.0, 0.0] }
      |                            ^^^^^^^^^^
      |
      = help: write `learning_rate = { normal = [0.0, 1.0] }`

    error[repeated-value]: the choice for `latent_dim` has 2 twice
     --> experiment.toml:6:29
      |
    6 | latent_dim = { choice = [2, 2, 5] }
      |                          -  ^ again
      |                          |
      |                          the first
      |
      = help: remove one of them

    error[not-a-choice]: `latent_dim` cannot be 5
     --> experiment.toml:6:32
      |
    6 | latent_dim = { choice = [2, 2, 5] }
      |                                ^ not one of `2`, `8`, `32`
      |
     ::: pipeline.toml:9:1
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      | ---------- declared here
      |
      = help: choose one of `2`, `8`, `32`
    "#);
    assert_snapshot!(swept("draws = 3\nepochs = { integer = [1.5, 5] }\nlearning_rate = { unifrom = [0, 1] }\nlatent_dim = {}"), @r"
    error[bad-distribution]: `integer` of `epochs` wants whole numbers
     --> experiment.toml:4:22
      |
    4 | epochs = { integer = [1.5, 5] }
      |                      ^^^^^^^^
      |
      = help: write `epochs = { integer = [2, 64] }`

    error[bad-distribution]: the sweep over `learning_rate` has no values
     --> experiment.toml:5:19
      |
    5 | learning_rate = { unifrom = [0, 1] }
      |                   ^^^^^^^ unknown key
      |
      = help: did you mean `uniform`?

    error[bad-distribution]: the sweep over `latent_dim` has no values
     --> experiment.toml:6:14
      |
    6 | latent_dim = {}
      |              ^^
      |
      = help: add one of `choice`, `uniform`, `log_uniform`, `integer`, `normal`, `values`
    ");
    assert_snapshot!(swept("draws = 3\nlearning_rate = { uniform = [0, 1], normal = [0, 1] }\nepochs = { integer = [1, 2, 3], lgo = true }"), @r"
    error[bad-distribution]: `learning_rate` has two distributions, `uniform` and `normal`
     --> experiment.toml:4:37
      |
    4 | learning_rate = { uniform = [0, 1], normal = [0, 1] }
      |                   ------- the first ^^^^^^ the second
      |
      = help: keep one of them

    error[bad-distribution]: `integer` of `epochs` wants two numbers
     --> experiment.toml:5:22
      |
    5 | epochs = { integer = [1, 2, 3], lgo = true }
      |                      ^^^^^^^^^
      |
      = help: write `epochs = { integer = [2, 64] }`

    error[unknown-key]: `epochs` has no key `lgo`
     --> experiment.toml:5:33
      |
    5 | epochs = { integer = [1, 2, 3], lgo = true }
      |                                 ^^^ unknown key
      |
      = help: did you mean `log`?
    ");
}

#[test]
fn points_that_repeat_by_way_of_references() {
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
fn a_param_with_the_name_of_a_word() {
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

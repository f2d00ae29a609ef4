//! What distributions and draws get wrong.

use insta::assert_snapshot;

use super::swept;
use crate::config::Overrides;
use crate::config::tests::Folder;

#[test]
fn draws_need_a_distribution_a_number_and_enough_values() {
    assert_snapshot!(swept("learning_rate = { log_uniform = [1e-4, 1e-2] }"), @r"
    error[infinite-space]: `learning_rate` is drawn from a distribution, but nothing says how often
     --> experiment.toml:3:33
      |
    3 | learning_rate = { log_uniform = [1e-4, 1e-2] }
      |                                 ^^^^^^^^^^^^ without end
      |
      = help: add `draws = 20` to [sweep], or a [search] that chooses the points
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
}

#[test]
fn a_distribution_draws_what_its_param_takes() {
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
}

#[test]
fn the_ends_of_a_distribution_are_in_order_and_fit_its_param() {
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
      | ------ declared here
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
}

#[test]
fn a_distribution_is_no_wider_than_the_largest_number() {
    assert_snapshot!(swept("draws = 3\nlearning_rate = { uniform = [-1e308, 1e308] }"), @r"
    error[bad-distribution]: `uniform` of `learning_rate` is wider than the largest number
     --> experiment.toml:4:29
      |
    4 | learning_rate = { uniform = [-1e308, 1e308] }
      |                             ^^^^^^^^^^^^^^^
      |
      = help: write `learning_rate = { uniform = [0.0, 0.5] }`
    ");
}

#[test]
fn a_deviation_is_above_zero_and_a_choice_has_each_value_once() {
    assert_snapshot!(swept("draws = 3\nlearning_rate = { normal = [0.0, 0.0] }\nlatent_dim = { choice = [2, 2, 5] }"), @r#"
    error[bad-distribution]: the deviation of `learning_rate` is 0.0, not above 0
     --> experiment.toml:4:28
      |
    4 | learning_rate = { normal = [0.0, 0.0] }
      |                            ^^^^^^^^^^
      |
      = help: write `learning_rate = { normal = [0.0, 1.0] }`

    error[repeated-value]: the sweep over `latent_dim` has 2 twice
     --> experiment.toml:5:29
      |
    5 | latent_dim = { choice = [2, 2, 5] }
      |                          -  ^ again
      |                          |
      |                          the first
      |
      = help: remove one of them

    error[not-a-choice]: `latent_dim` cannot be 5
     --> experiment.toml:5:32
      |
    5 | latent_dim = { choice = [2, 2, 5] }
      |                                ^ not one of `2`, `8`, `32`
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
fn a_list_is_chosen_from_lists_that_differ() {
    let pipeline = "[pipeline]\n[params]\nlayers = ['a']\n[stages.s]\nuses = 'x'\nlayers = '${layers}'";
    let experiment = "pipeline = 'p.toml'\n[sweep]\ndraws = 1\nlayers = { choice = [['a'], ['b'], ['a']] }";
    let folder = Folder::with(&[("p.toml", pipeline), ("e.toml", experiment)]);
    let told = folder.complaint("e.toml", &Overrides::default());
    assert!(told.starts_with("error[repeated-value]: the sweep over `layers` has [\"a\"] twice"), "{told}");
}

#[test]
fn a_param_has_one_distribution_of_two_numbers() {
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
fn whole_numbers_have_no_normal_distribution() {
    let told = swept("draws = 3\nepochs = { normal = [2.0, 1.0] }");
    assert!(
        told.starts_with("error[bad-distribution]: `epochs` is an integer, which `normal` does not draw\n"),
        "{told}"
    );
}

#[test]
fn an_infinite_bound_is_told_once() {
    assert_snapshot!(swept("draws = 3\nlearning_rate = { normal = [0.0, inf] }"), @"
    error[not-finite]: a number must be finite
     --> experiment.toml:4:34
      |
    4 | learning_rate = { normal = [0.0, inf] }
      |                                  ^^^ infinite, or not a number
      |
      = help: write a finite number
    ");
}

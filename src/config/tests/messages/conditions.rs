//! What conditions of swept and searched params get wrong.

use insta::assert_snapshot;

use super::{searched, swept};
use crate::config::tests::{Folder, PIPELINE, set};

#[test]
fn a_condition_that_never_holds_is_refused() {
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
}

#[test]
fn a_condition_is_a_table_of_params_and_values_they_take() {
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
fn conditions_do_not_wait_for_each_other() {
    assert_snapshot!(swept("latent_dim = { values = [2, 8], when = { epochs = 1 } }\nepochs = { values = [1, 2], when = { latent_dim = 2 } }"), @r"
    error[cyclic-condition]: conditions wait for each other: `latent_dim`, `epochs`
     --> experiment.toml:3:1
      |
    3 | latent_dim = { values = [2, 8], when = { epochs = 1 } }
      | ^^^^^^^^^^
      |
      = help: let one of them vary without a condition
    ");
}

#[test]
fn a_condition_that_never_holds_in_a_search_is_refused() {
    let of = |sweep: &str| searched("minimize = 'a.b'\ntrials = 9", sweep);
    let second = "epochs = { values = [1, 2], when = { latent_dim = 2, architecture = 'conv' } }\nlatent_dim = [2, 8]";
    assert_snapshot!(of(second), @r#"
    error[never-holds]: `epochs` is never varied: its condition never holds
     --> experiment.toml:6:69
      |
    6 | epochs = { values = [1, 2], when = { latent_dim = 2, architecture = 'conv' } }
      |                                                                     ^^^^^^ `architecture` is "dense", and not swept
      |
      = help: sweep over `architecture`, set it, or vary `epochs` without condition
    "#);
    let together =
        "architecture = ['dense', 'conv']\ndataset = { values = ['a', 'b'], when = { architecture = 'dense' } }
latent_dim = { values = [2, 8], when = { architecture = 'conv', dataset = 'b' } }";
    assert_snapshot!(of(together), @r#"
    error[never-holds]: `latent_dim` is never varied: no point has `architecture` = `"conv"` and `dataset` = `"b"`
     --> experiment.toml:8:57
      |
    8 | latent_dim = { values = [2, 8], when = { architecture = 'conv', dataset = 'b' } }
      |                                                         ^^^^^^ never holds
      |
      = help: change the condition, or the points it is to hold at
    "#);
    let own = "latent_dim = [2, 8]\nepochs = { integer = [1, 9], when = { latent_dim = 32 } }";
    assert_snapshot!(of(own), @r"
    error[never-holds]: `epochs` is never varied: no point has `latent_dim` = `32`
     --> experiment.toml:7:52
      |
    7 | epochs = { integer = [1, 9], when = { latent_dim = 32 } }
      |                                                    ^^ never holds
      |
      = help: change the condition, or the points it is to hold at
    ");
    let circle = "epochs = { values = [1, 2], when = { latent_dim = 2 } }
latent_dim = { values = [2, 8], when = { epochs = 2 } }";
    assert_snapshot!(of(circle), @r"
    error[cyclic-condition]: conditions wait for each other: `epochs`, `latent_dim`
     --> experiment.toml:6:1
      |
    6 | epochs = { values = [1, 2], when = { latent_dim = 2 } }
      | ^^^^^^
      |
      = help: let one of them vary without a condition
    ");
}

#[test]
fn conditions_on_what_the_command_line_sets_come_to_nothing_with_all_that_needs_them() {
    let sweep = "architecture = ['dense', 'conv']\nlatent_dim = { values = [2, 8], when = { architecture = 'conv' } }
epochs = { values = [1, 2], when = { latent_dim = 8 } }\nlearning_rate = [0.1, 0.2]";
    let text = format!("pipeline = 'pipeline.toml'\n[search]\nminimize = 'a.b'\ntrials = 9\n[sweep]\n{sweep}");
    let folder = Folder::with(&[PIPELINE, ("experiment.toml", &text)]);
    let varied = |param: &str| {
        let experiment = folder.load("experiment.toml", &set(param)).expect("it is right");
        let space = experiment.search.expect("it searches").space;
        space.into_iter().map(|dimension| dimension.param).collect::<Vec<_>>()
    };
    assert_eq!(varied("architecture=dense"), ["learning_rate"]);
    assert_eq!(varied("architecture=conv"), ["latent_dim", "epochs", "learning_rate"]);
}

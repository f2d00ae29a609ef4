//! What `[search]` gets wrong.

use insta::assert_snapshot;

use super::{PLAIN, searched};
use crate::config::Overrides;
use crate::config::tests::{Folder, PIPELINE};

const SPACE: &str = "latent_dim = [2, 8]\nlearning_rate = { log_uniform = [1e-4, 1e-2] }";

#[test]
fn a_search_says_what_it_looks_for_where_and_how_long() {
    assert_snapshot!(searched("", SPACE), @r#"
    error[missing-key]: the search has neither an aim nor an end
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: add `minimize = "evaluate.mse"`, or `maximize` and another metric, and `trials = 40`
    "#);
    assert_snapshot!(searched("minimize = 'evaluate.mse'", SPACE), @r"
    error[missing-key]: nothing says how long the search goes on
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: add `trials = 40`
    ");
    assert_snapshot!(searched("trials = 9", SPACE), @r#"
    error[missing-key]: the search has no metric to make small or large
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: add `minimize = "evaluate.mse"`, or `maximize` and another metric
    "#);
    let aimless = |lines: &str| searched(lines, SPACE).lines().next().map(str::to_owned);
    assert_eq!(aimless("minimize = []\ntrials = 9"), aimless("trials = 9"));
    assert_snapshot!(searched("minimize = 'evaluate.mse'\ntrials = 9", ""), @r"
    error[empty-sweep]: there is nothing to search: nothing varies in [sweep]
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: give params to search under [sweep], as in `learning_rate = { log_uniform = [1e-4, 1e-2] }`
    ");
}

#[test]
fn an_objective_is_a_metric_and_the_sampler_and_the_pruner_are_known() {
    assert_snapshot!(searched("minimize = 'mse'\nmaximize = ['a.b', 'a.b', 3]\ntrials = 9\nsampler = 'tpx'\npruner = 3\nstart = 2", SPACE), @r#"
    error[bad-name]: `mse` names no metric
     --> experiment.toml:3:12
      |
    3 | minimize = 'mse'
      |            ^^^^^
      |
      = help: name a metric as `stage.metric`, such as "evaluate.mse"

    error[repeated-value]: `a.b` is an objective twice
     --> experiment.toml:4:20
      |
    4 | maximize = ['a.b', 'a.b', 3]
      |             -----  ^^^^^ again
      |             |
      |             the first
      |
      = help: remove one of them

    error[wrong-type]: `maximize` wants a metric, or a list of metrics, not an integer
     --> experiment.toml:4:27
      |
    4 | maximize = ['a.b', 'a.b', 3]
      |                           ^ an integer
      |
      = help: name a metric as `stage.metric`, such as "evaluate.mse"

    error[not-a-choice]: `sampler` cannot be "tpx"
     --> experiment.toml:6:11
      |
    6 | sampler = 'tpx'
      |           ^^^^^ not one of `random`, `tpe`
      |
      = help: did you mean `tpe`?

    error[wrong-type]: `pruner` wants a name, not an integer
     --> experiment.toml:7:10
      |
    7 | pruner = 3
      |          ^ an integer
      |
      = help: give `pruner` a name

    error[unknown-key]: [search] has no key `start`
     --> experiment.toml:8:1
      |
    8 | start = 2
      | ^^^^^ unknown key
      |
      = help: did you mean `startup`?
    "#);
}

#[test]
fn a_pruner_has_one_objective_to_go_by() {
    assert_snapshot!(searched("minimize = ['a.b', 'a.c']\ntrials = 9\npruner = 'asha'\nmin_resource = 1", SPACE), @r#"
    error[pruned-front]: a pruner needs one objective to compare trials by
     --> experiment.toml:3:20
      |
    3 | minimize = ['a.b', 'a.c']
      |                    ^^^^^ another one
      |
      = help: keep one objective, or write `pruner = "none"`
    "#);
}

#[test]
fn a_pruner_varies_a_whole_number_that_nothing_else_varies() {
    assert_snapshot!(searched("minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nresource = 'epoch'\nmin_resource = 1", SPACE), @r"
    error[bad-resource]: a pruner cannot vary `epoch`
     --> experiment.toml:6:12
      |
    6 | resource = 'epoch'
      |            ^^^^^^^ no param that is an integer above 0
      |
      = help: did you mean `epochs`?
    ");
    assert_snapshot!(searched("minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nmin_resource = 1\nreduction = 1", "epochs = [5, 10]"), @r"
    error[out-of-range]: `reduction` is 1, outside its range
     --> experiment.toml:7:13
      |
    7 | reduction = 1
      |             ^ not from 2 on
      |
      = help: give an integer from 2 on

    error[bad-resource]: `epochs` is searched, and varied by the pruner
     --> experiment.toml:9:1
      |
    5 | pruner = 'asha'
      |          ------ varied here
    ...
    9 | epochs = [5, 10]
      | ^^^^^^ searched here
      |
      = help: take it out of [sweep], or name another `resource`
    ");
}

#[test]
fn an_amount_of_the_resource_is_for_a_pruner() {
    let lines = "minimize = 'a.b'\ntrials = 9\nmin_resource = 1";
    assert_snapshot!(searched(lines, SPACE), @r#"
    error[missing-key]: `min_resource` is for a pruner, and there is none
     --> experiment.toml:5:1
      |
    5 | min_resource = 1
      | ^^^^^^^^^^^^ without effect
      |
      = help: add `pruner = "hyperband"`, or remove it
    "#);
    let text = format!("{PLAIN}\n[search]\n{lines}\npruner = 'none'\n[sweep]\n{SPACE}");
    assert!(Folder::with(&[PIPELINE, ("e.toml", &text)]).load("e.toml", &Overrides::default()).is_ok());
}

#[test]
fn trials_begin_with_less_than_they_end_with() {
    assert_snapshot!(searched("minimize = 'evaluate.mse'\ntrials = 9\npruner = 'asha'", SPACE), @r"
    error[missing-key]: nothing says how short the shortest trials are
     --> experiment.toml:5:10
      |
    5 | pruner = 'asha'
      |          ^^^^^^
      |
      = help: add `min_resource = 1`, in `epochs`
    ");
    assert_snapshot!(searched("minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nmin_resource = 60", SPACE), @r#"
    error[bad-resource]: trials begin with 60 and end with 50
     --> experiment.toml:6:16
      |
    6 | min_resource = 60
      |                ^^ not below 50
      |
      = help: make `min_resource` smaller than `max_resource`
    "#);
    assert_snapshot!(searched("minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nmin_resource = 20", SPACE), @"
    error[bad-resource]: trials begin with 20 and end with 50
     --> experiment.toml:6:16
      |
    6 | min_resource = 20
      |                ^^ above 50 / 3, so no trial is ever stopped early
      |
      = help: make `min_resource` at most 16, `max_resource` at least 60, or `reduction` smaller
    ");
}

#[test]
fn an_amount_of_the_resource_is_one_that_its_param_takes() {
    let pruned = "minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nmin_resource = 1\nmax_resource = 2000";
    assert_snapshot!(searched(pruned, SPACE), @r#"
    error[out-of-range]: `epochs` is 2000, outside its range
     --> experiment.toml:7:16
      |
    7 | max_resource = 2000
      |                ^^^^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here
      |
      = help: give a number from 1 to 1000
    "#);
}

#[test]
fn a_search_is_no_longer_than_a_sweep_may_be() {
    assert_snapshot!(searched("minimize = 'a.b'\ntrials = 9223372036854775807\nbatch = 100_001", SPACE), @r"
    error[out-of-range]: `trials` is 9223372036854775807, outside its range
     --> experiment.toml:4:10
      |
    4 | trials = 9223372036854775807
      |          ^^^^^^^^^^^^^^^^^^^ not from 1 to 100000
      |
      = help: give an integer from 1 to 100000

    error[out-of-range]: `batch` is 100001, outside its range
     --> experiment.toml:5:9
      |
    5 | batch = 100_001
      |         ^^^^^^^ not from 1 to 100000
      |
      = help: give an integer from 1 to 100000
    ");
}

#[test]
fn a_search_proposes_the_points_itself() {
    assert_snapshot!(searched("minimize = 'a.b'\ntrials = 9", "draws = 3\nzip = []\nlearning_rate = { uniform = [0, 1] }"), @r"
    error[not-with-search]: `draws` does not go with a search
     --> experiment.toml:6:1
      |
    2 | [search]
      |  ------ proposes the points
    ...
    6 | draws = 3
      | ^^^^^ says which points there are
      |
      = help: keep one of the two

    error[not-with-search]: `zip` does not go with a search
     --> experiment.toml:7:1
      |
    2 | [search]
      |  ------ proposes the points
    ...
    7 | zip = []
      | ^^^ says which points there are
      |
      = help: keep one of the two
    ");
}

#[test]
fn a_searched_param_that_no_stage_uses_is_told_of() {
    let pipeline =
        "[pipeline]\n[params]\nsize = { default = 's', choices = { s = { n = '1' }, l = { n = '${depth}' } } }
depth = 2\ndepht = 2\n[stages.x]\nuses = 'x'\nn = '${size.n}'";
    let experiment =
        "pipeline = 'p.toml'\n[search]\nminimize = 'a.b'\ntrials = 9\n[sweep]\ndepth = [1, 2]\ndepht = [1, 2]";
    let folder = Folder::with(&[("p.toml", pipeline), ("e.toml", experiment)]);
    assert_snapshot!(folder.complaint("e.toml", &Overrides::default()), @r"
    error[unused-sweep]: no stage uses the param `depht`
     --> e.toml:7:1
      |
    7 | depht = [1, 2]
      | ^^^^^ changes nothing
      |
      = help: did you mean `depth`?
    ");
}

#[test]
fn no_value_is_searched_twice_by_way_of_references() {
    let of = |space: &str| searched("minimize = 'a.b'\ntrials = 9", space);
    let twice = of("epochs = { choice = [2, '${latent_dim}', 32] }");
    assert_snapshot!(twice, @r"
    error[repeated-point]: two points are alike: `epochs` is 32 at both
     --> experiment.toml:6:25
      |
    6 | epochs = { choice = [2, '${latent_dim}', 32] }
      |                         ^^^^^^^^^^^^^^^  -- the same
      |                         |
      |                         32 here
      |
      = help: remove one of them; `repeats` runs more seeds
    ");
    assert_eq!(of("epochs = [2, '${latent_dim}', 32]").lines().next(), twice.lines().next());
}

#[test]
fn a_searched_value_may_follow_from_another_that_varies() {
    let search = |lines: &str| format!("{PLAIN}\n[search]\nminimize = 'a.b'\ntrials = 9\n{lines}");
    let varied = search("[sweep]\nepochs = [2, '${latent_dim}', 32]\nlatent_dim = [2, 8]");
    let title = "title = ['50', 'x${epochs}', 'x50']";
    let pruned = search(&format!("pruner = 'asha'\nmin_resource = 1\n[sweep]\nlatent_dim = [2, 8]\n{title}"));
    for text in [varied, pruned] {
        Folder::with(&[PIPELINE, ("e.toml", &text)]).load("e.toml", &Overrides::default()).unwrap();
    }
}

#[test]
fn a_search_has_at_least_one_trial_and_one_at_a_time() {
    let told = |lines: &str| searched(&format!("minimize = 'evaluate.mse'\n{lines}"), SPACE);
    assert!(told("trials = 0").starts_with("error[out-of-range]: `trials` is 0, outside its range\n"));
    assert!(told("trials = 9\nbatch = -1").starts_with("error[out-of-range]: `batch` is -1, outside its range\n"));
}

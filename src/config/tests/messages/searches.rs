//! What `[search]` and `[ablation]` get wrong.

use insta::assert_snapshot;

use super::experiment;
use crate::config::Overrides;
use crate::config::tests::{Folder, PIPELINE};

fn search(search: &str, sweep: &str) -> String {
    experiment(&format!("pipeline = 'pipeline.toml'\n[search]\n{search}\n[sweep]\n{sweep}"))
}

const SPACE: &str = "latent_dim = [2, 8]\nlearning_rate = { log_uniform = [1e-4, 1e-2] }";

#[test]
fn searches_that_lack_something() {
    assert_snapshot!(search("", SPACE), @r#"
    error[missing-key]: the search has neither an aim nor an end
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: add `minimize = "evaluate.mse"`, or `maximize` and another metric, and `trials = 40`
    "#);
    assert_snapshot!(search("minimize = 'evaluate.mse'", SPACE), @r"
    error[missing-key]: nothing says how long the search goes on
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: add `trials = 40`
    ");
    assert_snapshot!(search("trials = 9", SPACE), @r#"
    error[missing-key]: the search has no metric to make small or large
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: add `minimize = "evaluate.mse"`, or `maximize` and another metric
    "#);
    assert_snapshot!(search("minimize = 'evaluate.mse'\ntrials = 9", ""), @r"
    error[empty-sweep]: there is nothing to search: nothing varies in [sweep]
     --> experiment.toml:2:2
      |
    2 | [search]
      |  ^^^^^^
      |
      = help: give params to search under [sweep], as in `learning_rate = { log_uniform = [1e-4, 1e-2] }`
    ");
    assert_snapshot!(search("minimize = 'evaluate.mse'\ntrials = 9\npruner = 'asha'", SPACE), @r"
    error[missing-key]: nothing says how short the shortest trials are
     --> experiment.toml:5:10
      |
    5 | pruner = 'asha'
      |          ^^^^^^
      |
      = help: add `min_resource = 1`, in `epochs`
    ");
}

#[test]
fn searches_with_wrong_values() {
    assert_snapshot!(search("minimize = 'mse'\nmaximize = ['a.b', 'a.b', 3]\ntrials = 0\nsampler = 'tpx'\npruner = 3\nbatch = -1\nstart = 2", SPACE), @r#"
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

    error[out-of-range]: `trials` is 0, outside its range
     --> experiment.toml:5:10
      |
    5 | trials = 0
      |          ^ not from 1 to 100000
      |
      = help: give an integer from 1 to 100000

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

    error[out-of-range]: `batch` is -1, outside its range
     --> experiment.toml:8:9
      |
    8 | batch = -1
      |         ^^ not from 1 to 100000
      |
      = help: give an integer from 1 to 100000

    error[unknown-key]: [search] has no key `start`
     --> experiment.toml:9:1
      |
    9 | start = 2
      | ^^^^^ unknown key
      |
      = help: did you mean `startup`?
    "#);
    assert_snapshot!(search("minimize = ['a.b', 'a.c']\ntrials = 9\npruner = 'asha'\nmin_resource = 60", SPACE), @r#"
    error[pruned-front]: a pruner needs one objective to compare trials by
     --> experiment.toml:3:20
      |
    3 | minimize = ['a.b', 'a.c']
      |                    ^^^^^ another one
      |
      = help: keep one objective, or write `pruner = "none"`

    error[bad-resource]: trials begin with 60 and end with 50
     --> experiment.toml:6:16
      |
    6 | min_resource = 60
      |                ^^ not below 50
      |
      = help: make `min_resource` smaller than `max_resource`
    "#);
    assert_snapshot!(search("minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nresource = 'epoch'\nmin_resource = 1", SPACE), @r"
    error[bad-resource]: a pruner cannot vary `epoch`
     --> experiment.toml:6:12
      |
    6 | resource = 'epoch'
      |            ^^^^^^^ no param that is an integer above 0
      |
      = help: did you mean `epochs`?
    ");
    assert_snapshot!(search("minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nmin_resource = 1\nreduction = 1", "epochs = [5, 10]"), @r"
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
fn spaces_that_cannot_be_searched() {
    assert_snapshot!(search("minimize = 'a.b'\ntrials = 9", "draws = 3\nzip = []\nlearning_rate = { uniform = [0, 1] }"), @r"
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
    assert_snapshot!(search("minimize = 'a.b'\ntrials = 9", "epochs = { values = [1, 2], when = { architecture = 'conv' } }\nlatent_dim = [2, 8]"), @r#"
    error[never-holds]: `epochs` is never varied: its condition never holds
     --> experiment.toml:6:53
      |
    6 | epochs = { values = [1, 2], when = { architecture = 'conv' } }
      |                                                     ^^^^^^ `architecture` is "dense", and not swept
      |
      = help: sweep over `architecture`, set it, or vary `epochs` without condition
    "#);
}

#[test]
fn searches_beyond_all_bounds() {
    assert_snapshot!(search("minimize = 'a.b'\ntrials = 9223372036854775807\nbatch = 100_001", SPACE), @r"
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
    let pruned = "minimize = 'a.b'\ntrials = 9\npruner = 'asha'\nmin_resource = 1001\nmax_resource = 2000";
    assert_snapshot!(search(pruned, SPACE), @r#"
    error[out-of-range]: `epochs` is 1001, outside its range
     --> experiment.toml:6:16
      |
    6 | min_resource = 1001
      |                ^^^^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here (Passes over the data)
      |
      = help: give a number from 1 to 1000

    error[out-of-range]: `epochs` is 2000, outside its range
     --> experiment.toml:7:16
      |
    7 | max_resource = 2000
      |                ^^^^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here (Passes over the data)
      |
      = help: give a number from 1 to 1000
    "#);
    assert_snapshot!(search("minimize = 'a.b'\ntrials = 9", "learning_rate = { uniform = [-1e308, 1e308] }"), @r"
    error[bad-distribution]: `uniform` of `learning_rate` is wider than the largest number
     --> experiment.toml:6:29
      |
    6 | learning_rate = { uniform = [-1e308, 1e308] }
      |                             ^^^^^^^^^^^^^^^
      |
      = help: write `learning_rate = { uniform = [0.0, 0.5] }`
    ");
}

#[test]
fn conditions_that_never_hold_in_a_search() {
    let of = |sweep: &str| search("minimize = 'a.b'\ntrials = 9", sweep);
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
    let varied = |set: &str| {
        let experiment = folder.load("experiment.toml", &crate::config::tests::set(set)).expect("it is right");
        let space = experiment.search.expect("it searches").space;
        space.into_iter().map(|dimension| dimension.param).collect::<Vec<_>>()
    };
    assert_eq!(varied("architecture=dense"), ["learning_rate"]);
    assert_eq!(varied("architecture=conv"), ["latent_dim", "epochs", "learning_rate"]);
}

#[test]
fn a_searched_param_that_no_stage_uses() {
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

fn ablation(text: &str) -> String {
    experiment(&format!("pipeline = 'pipeline.toml'\n[ablation]\n{text}"))
}

#[test]
fn ablations_that_ablate_nothing() {
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

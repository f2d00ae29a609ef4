//! What `[search]` and `[ablation]` get wrong.

use insta::assert_snapshot;

use super::experiment;
use crate::config::Overrides;
use crate::config::tests::Folder;

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
    error[empty-sweep]: there is nothing to search: [sweep] is empty
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
      |          ^ not from 1 on
      |
      = help: give an integer from 1 on

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
      |         ^^ not from 1 on
      |
      = help: give an integer from 1 on

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
    assert_snapshot!(search("minimize = 'a.b'\ntrials = 9", "epochs = { values = [1, 2], when = { architecture = 'conv' } }\nlatent_dim = [2, 8]"), @r"
    error[never-holds]: `epochs` is never varied: its condition never holds
     --> experiment.toml:6:53
      |
    6 | epochs = { values = [1, 2], when = { architecture = 'conv' } }
      |                                                     ^^^^^^ never holds
      |
      = help: name values that `architecture` takes
    ");
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

    error[repeated-value]: two changes are alike
     --> experiment.toml:4:96
      |
    4 | changes = [{ name = 'a', set = { epochs = 5 } }, { name = 'a', set = { epochs = 9 } }, { set = { epochs = 9 } }, { name = 'base', set...
      |                                                                      -------------- the first  ^^^^^^^^^^^^^^ again
      |
      = help: remove one of them

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

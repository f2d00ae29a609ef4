//! What every mistake is told.

use insta::assert_snapshot;

use super::{Folder, PIPELINE, set, sweep};
use crate::config::Overrides;

/// The complaint about an experiment over the usual pipeline.
fn experiment(text: &str) -> String {
    overridden(text, &Overrides::default())
}

fn overridden(text: &str, overrides: &Overrides) -> String {
    Folder::with(&[PIPELINE, ("experiment.toml", text)]).complaint("experiment.toml", overrides)
}

/// The complaint about a pipeline file with one stage and these `[params]`.
fn params(text: &str) -> String {
    pipeline(&format!("[pipeline]\n[stages.load]\nuses = 'load'\n[params]\n{text}"))
}

fn pipeline(text: &str) -> String {
    Folder::with(&[("pipeline.toml", text)]).complaint("pipeline.toml", &Overrides::default())
}

const PLAIN: &str = "pipeline = 'pipeline.toml'";

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_files() {
    let text = "pipline = 'x'\npipeline = 'pipeline.toml'\nrepeats = 0\n[params]\nepoch = 3\nlatent_dim = 'x'\n[sweep]\nepochs = []";
    assert_snapshot!(overridden(text, &set("learning_rat=1")), @r#"
    error[unknown-key]: an experiment has no key `pipline`
     --> experiment.toml:1:1
      |
    1 | pipline = 'x'
      | ^^^^^^^ unknown key
      |
      = help: did you mean `pipeline`?

    error[out-of-range]: `repeats` is 0, outside its range
     --> experiment.toml:3:11
      |
    3 | repeats = 0
      |           ^ not from 1 to 10000
      |
      = help: give the number of seeds each variant runs with; 1 for a single run

    error[unknown-param]: there is no param `epoch`
     --> experiment.toml:5:1
      |
    5 | epoch = 3
      | ^^^^^ unknown param
      |
      = help: did you mean `epochs`?

    error[wrong-type]: `latent_dim` wants an integer, not a string
     --> experiment.toml:6:14
      |
    6 | latent_dim = 'x'
      |              ^^^ a string
      |
     ::: pipeline.toml:9:26
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      |                          -- the default fixes the type: an integer
      |
      = help: give a value like its default, 32

    error[empty-sweep]: the sweep over `epochs` has no values
     --> experiment.toml:8:1
      |
    8 | epochs = []
      | ^^^^^^
      |
      = help: list the values to try, or remove the axis

    error[unknown-param]: there is no param `learning_rat`
     --> command line:1:7
      |
    1 | --set learning_rat=1
      |       ^^^^^^^^^^^^ unknown param
      |
      = help: did you mean `learning_rate`?
    "#);
}

#[test]
fn missing_files() {
    let folder = Folder::with(&[PIPELINE]);
    assert_snapshot!(folder.complaint("pipelin.toml", &Overrides::default()), @r#"
    error[missing-file]: there is no file pipelin.toml
     |
     = help: did you mean pipeline.toml?
    "#);
    assert_snapshot!(folder.complaint("quite_different.toml", &Overrides::default()), @r#"
    error[missing-file]: there is no file quite_different.toml
     |
     = help: in FOLDER there are `pipeline.toml`
    "#);
    assert_snapshot!(folder.complaint("nowhere/x.toml", &Overrides::default()), @r#"
    error[missing-file]: there is no file nowhere/x.toml
     |
     = help: there is no folder nowhere either
    "#);
    assert_snapshot!(experiment("pipeline = 'pipelines/x.toml'"), @r#"
    error[missing-file]: there is no file pipelines/x.toml
     --> experiment.toml:1:12
      |
    1 | pipeline = 'pipelines/x.toml'
      |            ^^^^^^^^^^^^^^^^^^ named here
      |
      = help: there is no folder pipelines either
    "#);
    assert_snapshot!(Folder::with(&[]).complaint("x.toml", &Overrides::default()), @r#"
    error[missing-file]: there is no file x.toml
     |
     = help: there is no TOML file in FOLDER
    "#);
}

#[test]
fn unreadable_files() {
    let folder = Folder::with(&[]);
    assert_snapshot!(folder.complaint("", &Overrides::default()), @r#"
    error[unreadable-file]: FOLDER is a folder
     |
     = help: name a TOML file in it
    "#);
    folder.write("latin.toml", b"pipeline = 'p'\ntitle = 'caf\xe9'\n");
    assert_snapshot!(folder.complaint("latin.toml", &Overrides::default()), @r#"
    error[not-utf8]: latin.toml is not UTF-8 text
     --> latin.toml:2:13
      |
    2 | title = 'caf�'
      |             ^ from here on
      |
      = help: save the file in the UTF-8 encoding
    "#);
    folder.write("data.toml", &vec![b'#'; 9 << 20]);
    assert_snapshot!(folder.complaint("data.toml", &Overrides::default()), @r#"
    error[unreadable-file]: data.toml is over 8 MiB
     |
     = help: name a TOML file; this looks like data
    "#);
}

#[test]
fn syntax_errors() {
    assert_snapshot!(experiment("pipeline = pipeline.toml\nrepeats ="), @r#"
    error[toml-syntax]: not valid TOML: string values must be quoted
     --> experiment.toml:1:12
      |
    1 | pipeline = pipeline.toml
      |            ^^^^^^^^^^^^^
      |
      = help: put a string between quotes, and one value on a line

    error[toml-syntax]: not valid TOML: string values must be quoted
     --> experiment.toml:2:10
      |
    2 | repeats =
      |          ^
      |
      = help: write a value after the `=`
    "#);
    assert_snapshot!(experiment("pipeline = 'p.toml\n[params\nx = 1"), @r#"
    error[toml-syntax]: not valid TOML: invalid literal string, expected `'`
     --> experiment.toml:1:19
      |
    1 | pipeline = 'p.toml
      |                   ^
      |
      = help: close the string with the quote it began with, on the same line

    error[toml-syntax]: not valid TOML: unclosed table, expected `]`
     --> experiment.toml:2:8
      |
    2 | [params
      |        ^
      |
      = help: close the table's name with `]`
    "#);
    assert_snapshot!(experiment("a: 1\nb = [1, 2"), @r#"
    error[toml-syntax]: not valid TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
     --> experiment.toml:1:2
      |
    1 | a: 1
      |  ^
      |
      = help: write `key = value`

    error[toml-syntax]: not valid TOML: unclosed array, expected `]`
     --> experiment.toml:2:10
      |
    2 | b = [1, 2
      |          ^
      |
      = help: close the list with `]`
    "#);
    assert_snapshot!(experiment("a = True\nb = 1,5\nc = 01\nd = 1.\ne = \"\\q\""), @r#"
    error[toml-syntax]: not valid TOML: invalid boolean, expected `true`
     --> experiment.toml:1:5
      |
    1 | a = True
      |     ^^^^
      |
      = help: write `true` or `false`, in small letters

    error[toml-syntax]: not valid TOML: unexpected key or value, expected newline, `#`
     --> experiment.toml:2:6
      |
    2 | b = 1,5
      |      ^
      |
      = help: write one `key = value` on a line, and a list between `[` and `]`

    error[toml-syntax]: not valid TOML: unexpected leading zero
     --> experiment.toml:3:5
      |
    3 | c = 01
      |     ^
      |
      = help: write the number without zeros in front

    error[toml-syntax]: not valid TOML: invalid fraction, expected digits
     --> experiment.toml:4:7
      |
    4 | d = 1.
      |       ^
      |
      = help: write digits on both sides of the point, as in `0.5`

    error[toml-syntax]: not valid TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
     --> experiment.toml:5:7
      |
    5 | e = "\q"
      |       ^
      |
      = help: write a backslash as `\\`, or the string between single quotes
    "#);
    assert_snapshot!(experiment("a = {b = 1"), @r#"
    error[toml-syntax]: not valid TOML: unclosed inline table, expected `}`
     --> experiment.toml:1:11
      |
    1 | a = {b = 1
      |           ^
      |
      = help: close the table with `}`
    "#);
    assert_snapshot!(experiment(&format!("a = [{}]", "0.1,".repeat(1001))).lines().next().unwrap_or_default(), @r#"error[too-nested]: a line has over 1000 dots"#);
}

#[test]
fn repeated_keys() {
    assert_snapshot!(pipeline("[pipeline]\n[stages.load]\nuses = 'a'\nx = 1\n[stages.load]\nuses = 'b'\nx = 2"), @r#"
    error[duplicate-stage]: two stages are named `load`
     --> pipeline.toml:5:9
      |
    2 | [stages.load]
      |         ---- the first
    ...
    5 | [stages.load]
      |         ^^^^ a second stage of this name
      |
      = help: give each stage a name of its own
    "#);
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 1\nepochs = 2\nlatent_dim = 7"), @r#"
    error[duplicate-key]: `epochs` is written twice in one table
     --> experiment.toml:4:1
      |
    4 | epochs = 2
      | ^^^^^^ written before
      |
      = help: keep one of them

    error[not-a-choice]: `latent_dim` cannot be 7
     --> experiment.toml:5:14
      |
    5 | latent_dim = 7
      |              ^ not one of `2`, `8`, `32`
      |
     ::: pipeline.toml:9:1
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      | ---------- declared here
      |
      = help: choose one of `2`, `8`, `32`
    "#);
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 1\n[params]\nlatent_dim = 2"), @r#"
    error[duplicate-key]: the table [params] is written twice
     --> experiment.toml:4:2
      |
    2 | [params]
      |  ------ the first
    3 | epochs = 1
    4 | [params]
      |  ^^^^^^ a second table of this name
      |
      = help: write all its keys under one of them
    "#);
}

#[test]
fn unusable_values() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nlearning_rate = nan\nepochs = 99999999999999999999\ndataset = 2020-01-01"), @r#"
    error[not-finite]: a number must be finite
     --> experiment.toml:3:17
      |
    3 | learning_rate = nan
      |                 ^^^ infinite, or not a number
      |
      = help: write a finite number

    error[integer-too-large]: an integer does not fit into 64 bits
     --> experiment.toml:4:10
      |
    4 | epochs = 99999999999999999999
      |          ^^^^^^^^^^^^^^^^^^^^ too large
      |
      = help: write it as a float, such as 1e20

    error[date]: a date is no value here
     --> experiment.toml:5:11
      |
    5 | dataset = 2020-01-01
      |           ^^^^^^^^^^ a date
      |
      = help: make it a string: "2020-01-01"
    "#);
    assert_snapshot!(overridden(PLAIN, &sweep("learning_rate=inf,1e999")), @r#"
    error[not-finite]: a number must be finite
     --> command line:1:23
      |
    1 | --sweep learning_rate=inf,1e999
      |                       ^^^ infinite, or not a number
      |
      = help: write a finite number

    error[not-finite]: a number must be finite
     --> command line:1:27
      |
    1 | --sweep learning_rate=inf,1e999
      |                           ^^^^^ infinite, or not a number
      |
      = help: write a finite number
    "#);
}

#[test]
fn keys_of_the_other_file() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[stages.x]\nuses = 'load'"), @r#"
    error[unknown-key]: an experiment has no stages of its own
     --> experiment.toml:2:2
      |
    2 | [stages.x]
      |  ^^^^^^ belongs to a pipeline
      |
      = help: write the stages into a pipeline's file and name it with `pipeline = ...`
    "#);
    assert_snapshot!(pipeline("repeats = 3\nparam = 1\n[pipeline]\nnam = 'x'\n[stages.load]\nuses = 'load'"), @r#"
    error[unknown-key]: a pipeline has no key `repeats`
     --> pipeline.toml:1:1
      |
    1 | repeats = 3
      | ^^^^^^^ belongs to an experiment
      |
      = help: write `repeats` into an experiment's file, which names this pipeline

    error[unknown-key]: a pipeline has no key `param`
     --> pipeline.toml:2:1
      |
    2 | param = 1
      | ^^^^^ unknown key
      |
      = help: did you mean `params`?

    error[unknown-key]: [pipeline] has no key `nam`
     --> pipeline.toml:4:1
      |
    4 | nam = 'x'
      | ^^^ unknown key
      |
      = help: did you mean `name`?
    "#);
}

#[test]
fn heads_of_experiments() {
    assert_snapshot!(experiment("title = 3\nname = 'a/b'\ntags = [1]\nseed = -1\nrepeats = 2.0\npipeline = 3"), @r#"
    error[wrong-type]: `title` wants a string, not an integer
     --> experiment.toml:1:9
      |
    1 | title = 3
      |         ^ an integer
      |
      = help: give `title` a string

    error[bad-name]: this cannot name an experiment, since its report's folder has that name
     --> experiment.toml:2:8
      |
    2 | name = 'a/b'
      |        ^^^^^
      |
      = help: use letters, digits, `_` and `-`, up to 100; say more in `title`

    error[wrong-type]: `tags` wants a list of strings
     --> experiment.toml:3:8
      |
    3 | tags = [1]
      |        ^^^
      |
      = help: write `tags = ["baseline"]`

    error[out-of-range]: `seed` is -1, outside its range
     --> experiment.toml:4:8
      |
    4 | seed = -1
      |        ^^ negative
      |
      = help: give an integer from 0 on; repeat number i has `seed` + i

    error[wrong-type]: `repeats` wants an integer, not a float
     --> experiment.toml:5:11
      |
    5 | repeats = 2.0
      |           ^^^ a float
      |
      = help: give the number of seeds each variant runs with; 1 for a single run

    error[wrong-type]: `pipeline` wants a file's path, not an integer
     --> experiment.toml:6:12
      |
    6 | pipeline = 3
      |            ^ an integer
      |
      = help: name a file, relative to this one: `pipeline = "../folder/NAME.toml"`
    "#);
    assert_snapshot!(experiment("params = 3\nsweep = 3"), @r#"
    error[missing-key]: experiment.toml names no pipeline
     --> experiment.toml:1:1
      |
    1 | params = 3
      | ^
      |
      = help: add `pipeline = "../pipelines/NAME.toml"`

    error[wrong-type]: `params` wants a table, not an integer
     --> experiment.toml:1:10
      |
    1 | params = 3
      |          ^ an integer
      |
      = help: give `params` a table

    error[wrong-type]: `sweep` wants a table, not an integer
     --> experiment.toml:2:9
      |
    2 | sweep = 3
      |         ^ an integer
      |
      = help: give `sweep` a table
    "#);
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\nrepeats = 1000000\nseed = 'x'"), @r#"
    error[out-of-range]: `repeats` is 1000000, outside its range
     --> experiment.toml:2:11
      |
    2 | repeats = 1000000
      |           ^^^^^^^ not from 1 to 10000
      |
      = help: give the number of seeds each variant runs with; 1 for a single run

    error[wrong-type]: `seed` wants an integer, not a string
     --> experiment.toml:3:8
      |
    3 | seed = 'x'
      |        ^^^ a string
      |
      = help: give an integer from 0 on; repeat number i has `seed` + i
    "#);
}

#[test]
fn experiments_that_extend() {
    let folder = Folder::with(&[
        PIPELINE,
        ("a.toml", "extends = 'b.toml'"),
        ("b.toml", "extends = 'c.toml'"),
        ("c.toml", "extends = 'a.toml'"),
        ("d.toml", "extends = 'pipeline.toml'"),
        ("e.toml", "pipeline = 'a.toml'"),
        ("f.toml", "pipeline = 'pipeline.toml'\nextends = 'nothing.toml'"),
        ("g.toml", "pipeline = 'h.toml'"),
        ("h.toml", "pipeline = 'pipeline.toml'"),
    ]);
    assert_snapshot!(folder.complaint("a.toml", &Overrides::default()), @r#"
    error[extends-cycle]: experiments extend each other: `a.toml` -> `b.toml` -> `c.toml` -> `a.toml`
     --> c.toml:1:11
      |
    1 | extends = 'a.toml'
      |           ^^^^^^^^ leads back
      |
      = help: let one of them extend nothing
    "#);
    assert_snapshot!(folder.complaint("d.toml", &Overrides::default()), @r#"
    error[not-an-experiment]: pipeline.toml is a pipeline
     --> d.toml:1:11
      |
    1 | extends = 'pipeline.toml'
      |           ^^^^^^^^^^^^^^^ wants an experiment
      |
      = help: name it with `pipeline = ...` instead
    "#);
    assert_snapshot!(folder.complaint("e.toml", &Overrides::default()), @r#"
    error[not-a-pipeline]: a.toml is an experiment
     --> e.toml:1:12
      |
    1 | pipeline = 'a.toml'
      |            ^^^^^^^^ wants a pipeline
      |
      = help: name it with `extends = ...` instead
    "#);
    assert_snapshot!(folder.complaint("f.toml", &Overrides::default()), @r#"
    error[missing-file]: there is no file nothing.toml
     --> f.toml:2:11
      |
    2 | extends = 'nothing.toml'
      |           ^^^^^^^^^^^^^^ named here
      |
      = help: in FOLDER there are `a.toml`, `b.toml`, `c.toml`, `d.toml`, `e.toml`, `f.toml`, `g.toml`, `h.toml`, `pipeline.toml`
    "#);
    assert_snapshot!(folder.complaint("g.toml", &Overrides::default()), @r#"
    error[not-a-pipeline]: h.toml is an experiment
     --> g.toml:1:12
      |
    1 | pipeline = 'h.toml'
      |            ^^^^^^^^ wants a pipeline
      |
      = help: name it with `extends = ...` instead
    "#);
}

#[test]
fn params_that_do_not_fit() {
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 'many'\nlearning_rate = '1e-3'\narchitecture = 'konv'\nlatent_dim = 5\ndataset = 3\ntitle = { a = 1 }"), @r#"
    error[wrong-type]: `epochs` wants an integer, not a string
     --> experiment.toml:3:10
      |
    3 | epochs = 'many'
      |          ^^^^^^ a string
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type: an integer
      |
      = help: give a value like its default, 50

    error[wrong-type]: `learning_rate` wants a float, not a string
     --> experiment.toml:4:17
      |
    4 | learning_rate = '1e-3'
      |                 ^^^^^^ a string
      |
     ::: pipeline.toml:8:17
      |
    8 | learning_rate = 1e-3
      |                 ---- the default fixes the type: a float
      |
      = help: give a value like its default, 0.001

    error[not-a-choice]: `architecture` cannot be "konv"
      --> experiment.toml:5:16
       |
     5 | architecture = 'konv'
       |                ^^^^^^ not one of `dense`, `conv`
       |
      ::: pipeline.toml:12:9
       |
    12 | [params.architecture]
       |         ------------ declared here
       |
       = help: did you mean `conv`?

    error[not-a-choice]: `latent_dim` cannot be 5
     --> experiment.toml:6:14
      |
    6 | latent_dim = 5
      |              ^ not one of `2`, `8`, `32`
      |
     ::: pipeline.toml:9:1
      |
    9 | latent_dim = { default = 32, choices = [2, 8, 32] }
      | ---------- declared here
      |
      = help: choose one of `2`, `8`, `32`

    error[wrong-type]: `dataset` wants a string, not an integer
     --> experiment.toml:7:11
      |
    7 | dataset = 3
      |           ^ an integer
      |
     ::: pipeline.toml:6:11
      |
    6 | dataset = "mnist"
      |           ------- the default fixes the type: a string
      |
      = help: give a value like its default, "mnist"

    error[wrong-type]: `title` wants a string, not a table
      --> experiment.toml:8:9
       |
     8 | title = { a = 1 }
       |         ^^^^^^^^^ a table
       |
      ::: pipeline.toml:10:9
       |
    10 | title = "${dataset} at ${latent_dim}"
       |         ----------------------------- the default fixes the type: a string
       |
       = help: give a value like its default, "${dataset} at ${latent_dim}"
    "#);
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 5000\nlearning_rate = true"), @r#"
    error[out-of-range]: `epochs` is 5000, outside its range
     --> experiment.toml:3:10
      |
    3 | epochs = 5000
      |          ^^^^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here
      |
      = help: give a number from 1 to 1000

    error[wrong-type]: `learning_rate` wants a float, not a boolean
     --> experiment.toml:4:17
      |
    4 | learning_rate = true
      |                 ^^^^ a boolean
      |
     ::: pipeline.toml:8:17
      |
    8 | learning_rate = 1e-3
      |                 ---- the default fixes the type: a float
      |
      = help: give a value like its default, 0.001
    "#);
    assert_snapshot!(experiment("pipeline = 'pipeline.toml'\n[params]\nepochs = 1.5"), @r#"
    error[wrong-type]: `epochs` wants an integer, not a float
     --> experiment.toml:3:10
      |
    3 | epochs = 1.5
      |          ^^^ a float
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type: an integer
      |
      = help: give a value like its default, 50
    "#);
}

#[test]
fn sweeps_that_do_not_fit() {
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
fn overrides_that_do_not_fit() {
    assert_snapshot!(overridden(PLAIN, &set("epochs=abc")), @r#"
    error[wrong-type]: `epochs` wants an integer, not a string
     --> command line:1:14
      |
    1 | --set epochs=abc
      |              ^^^ a string
      |
     ::: pipeline.toml:7:22
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      |                      -- the default fixes the type: an integer
      |
      = help: write a value like the default, `epochs=50`
    "#);
    assert_snapshot!(overridden(PLAIN, &set("epochs=0")), @r#"
    error[out-of-range]: `epochs` is 0, outside its range
     --> command line:1:14
      |
    1 | --set epochs=0
      |              ^ not from 1 to 1000
      |
     ::: pipeline.toml:7:1
      |
    7 | epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
      | ------ declared here
      |
      = help: give a number from 1 to 1000
    "#);
    assert_snapshot!(overridden(PLAIN, &set("epochs")), @r#"
    error[bad-override]: `--set epochs` has no value
     --> command line:1:7
      |
    1 | --set epochs
      |       ^^^^^^
      |
      = help: write `--set epochs=value`
    "#);
    assert_snapshot!(overridden(PLAIN, &set("epohcs=3")), @r#"
    error[unknown-param]: there is no param `epohcs`
     --> command line:1:7
      |
    1 | --set epohcs=3
      |       ^^^^^^ unknown param
      |
      = help: did you mean `epochs`?
    "#);
    assert_snapshot!(overridden(PLAIN, &set("seed=3")), @r#"
    error[unknown-param]: there is no param `seed`
     --> command line:1:7
      |
    1 | --set seed=3
      |       ^^^^ unknown param
      |
      = help: set `seed` in the experiment's file
    "#);
    assert_snapshot!(overridden(PLAIN, &set("title=${latent}")), @r#"
    error[unknown-param]: there is no param `latent`
     --> command line:1:13
      |
    1 | --set title=${latent}
      |             ^^^^^^^^^ unknown param
      |
      = help: the params of pipeline.toml are `architecture`, `dataset`, `epochs`, `latent_dim`, `learning_rate`, `title`
    "#);
    assert_snapshot!(overridden(PLAIN, &sweep("latent_dim=")), @r#"
    error[empty-sweep]: the sweep over `latent_dim` has no values
     --> command line:1:9
      |
    1 | --sweep latent_dim=
      |         ^^^^^^^^^^
      |
      = help: list the values to try, or remove the axis
    "#);
    assert_snapshot!(overridden(PLAIN, &sweep("latent_dim=2,,8")), @r#"
    error[bad-override]: `latent_dim` cannot be swept over this
     --> command line:1:22
      |
    1 | --sweep latent_dim=2,,8
      |                      ^
      |
      = help: remove a comma, or write `""` for an empty string
    "#);
    assert_snapshot!(overridden(PLAIN, &sweep("latent_dim=[2,8]")), @r#"
    error[bad-override]: `latent_dim` cannot be swept over this
     --> command line:1:20
      |
    1 | --sweep latent_dim=[2,8]
      |                    ^^^^^
      |
      = help: list the values without brackets
    "#);
    assert_snapshot!(overridden(PLAIN, &sweep("repeats=1,2")), @r#"
    error[unknown-param]: there is no param `repeats`
     --> command line:1:9
      |
    1 | --sweep repeats=1,2
      |         ^^^^^^^ unknown param
      |
      = help: write `--repeats N`
    "#);
    assert_snapshot!(overridden(PLAIN, &Overrides { repeats: Some(0), ..Overrides::default() }), @r#"
    error[out-of-range]: `repeats` is 0, outside its range
     --> command line:1:11
      |
    1 | --repeats 0
      |           ^ not from 1 to 10000
      |
      = help: give the number of seeds each variant runs with; 1 for a single run
    "#);
}

#[test]
fn declarations_of_params() {
    assert_snapshot!(params("a = { help = 'x' }\nb = { default = 1, rang = [1, 2] }\nc = { default = { x = 1 } }\n'd e' = 1"), @r#"
    error[missing-key]: the param `a` has no default
     --> pipeline.toml:5:1
      |
    5 | a = { help = 'x' }
      | ^ declared here
      |
      = help: add `default = ...`, which also fixes its type

    error[unknown-key]: [params.b] has no key `rang`
     --> pipeline.toml:6:20
      |
    6 | b = { default = 1, rang = [1, 2] }
      |                    ^^^^ unknown key
      |
      = help: did you mean `range`?

    error[wrong-type]: `c` wants a boolean, a number, a string or a list, not a table
     --> pipeline.toml:7:17
      |
    7 | c = { default = { x = 1 } }
      |                 ^^^^^^^^^ a table
      |
      = help: give `c` a boolean, a number, a string or a list

    error[bad-name]: `d e` cannot name a param
     --> pipeline.toml:8:1
      |
    8 | 'd e' = 1
      | ^^^^^
      |
      = help: use letters, digits, `_` and `-`
    "#);
    assert_snapshot!(params("a = { default = 1, range = [2, 1] }\nb = { default = 1, range = [1] }\nc = { default = 'x', range = [1, 2] }\nd = { default = 5, range = [1, 2] }\ne = { default = 1, help = 3 }"), @r#"
    error[bad-range]: the range of `a` ends before it begins
     --> pipeline.toml:5:28
      |
    5 | a = { default = 1, range = [2, 1] }
      |                            ^^^^^^
      |
      = help: write the smallest and the largest allowed number, as in `range = [1, 100]`

    error[bad-range]: the range of `b` is not a list of two numbers
     --> pipeline.toml:6:28
      |
    6 | b = { default = 1, range = [1] }
      |                            ^^^
      |
      = help: write the smallest and the largest allowed number, as in `range = [1, 100]`

    error[bad-range]: `c` is a string, which can have no range
     --> pipeline.toml:7:30
      |
    7 | c = { default = 'x', range = [1, 2] }
      |                              ^^^^^^
      |
      = help: remove it, or list `choices`

    error[out-of-range]: `d` is 5, outside its range
     --> pipeline.toml:8:17
      |
    8 | d = { default = 5, range = [1, 2] }
      | - declared here ^ not from 1 to 2
      |
      = help: give a number from 1 to 2

    error[wrong-type]: `help` wants a string, not an integer
     --> pipeline.toml:9:27
      |
    9 | e = { default = 1, help = 3 }
      |                           ^ an integer
      |
      = help: give `help` a string
    "#);
    assert_snapshot!(params("a = { default = 1, choices = [] }\nb = { default = 1, choices = [1, 1] }\nc = { default = 1, choices = [1, 'x'] }\nd = { default = 1, choices = [2, 3] }\ne = { default = 1, choices = 3 }\nf = { default = 'a', choices = { a = 3 } }"), @r#"
    error[no-choices]: `a` has an empty list of choices
     --> pipeline.toml:5:20
      |
    5 | a = { default = 1, choices = [] }
      |                    ^^^^^^^
      |
      = help: list what may be chosen, or remove `choices`

    error[repeated-value]: `b` lists a choice twice
     --> pipeline.toml:6:34
      |
    6 | b = { default = 1, choices = [1, 1] }
      |                                  ^ listed before
      |
      = help: remove one of them

    error[wrong-type]: `c` wants an integer, not a string
     --> pipeline.toml:7:34
      |
    7 | c = { default = 1, choices = [1, 'x'] }
      |                 -                ^^^ a string
      |                 |
      |                 the default fixes the type: an integer
      |
      = help: give a value like its default, 1

    error[not-a-choice]: `d` cannot be 1
     --> pipeline.toml:8:17
      |
    8 | d = { default = 1, choices = [2, 3] }
      | - declared here ^ not one of `2`, `3`
      |
      = help: choose one of `2`, `3`

    error[wrong-type]: `choices` wants a list, or a table of tables, not an integer
     --> pipeline.toml:9:30
      |
    9 | e = { default = 1, choices = 3 }
      |                              ^ an integer
      |
      = help: give `choices` a list, or a table of tables

    error[wrong-type]: `f.choices.a` wants a table of named values, not an integer
      --> pipeline.toml:10:38
       |
    10 | f = { default = 'a', choices = { a = 3 } }
       |                                      ^ an integer
       |
       = help: list choices that carry nothing: `choices = ["a", "b"]`
    "#);
    assert_snapshot!(params("a = { default = 'x' }\n[params.a.choices.y]\n'b c' = 1"), @r#"
    error[toml-syntax]: not valid TOML: cannot extend value of type inline table with a dotted key
     --> pipeline.toml:6:9
      |
    6 | [params.a.choices.y]
      |         ^
      |
      = help: write all keys of a table in one place
    "#);
}

#[test]
fn stages() {
    assert_snapshot!(pipeline("[pipeline]\n[params]"), @r#"
    error[no-stages]: pipeline.toml has no stages
     --> pipeline.toml:1:1
      |
    1 | [pipeline]
      | ^
      |
      = help: add a stage, such as `[stages.load]` with `uses = "load"`
    "#);
    assert_snapshot!(pipeline("[stages.load]\nuses = 'load'"), @r#"
    error[missing-key]: pipeline.toml has no [pipeline]
     --> pipeline.toml:1:1
      |
    1 | [stages.load]
      | ^
      |
      = help: begin a pipeline's file with `[pipeline]` and `name = "..."`
    "#);
    assert_snapshot!(pipeline("[pipeline]\n[stages]"), @r#"
    error[no-stages]: pipeline.toml has no stages
     --> pipeline.toml:2:2
      |
    2 | [stages]
      |  ^^^^^^
      |
      = help: add a stage, such as `[stages.load]` with `uses = "load"`
    "#);
    assert_snapshot!(pipeline("[pipeline]\n[stages]\na = 3\n[stages.b]\nx = 1\n[stages.c]\nuses = 3\n[stages.'d e']\nuses = 'x'"), @r#"
    error[wrong-type]: `stages.a` wants a table, not an integer
     --> pipeline.toml:3:5
      |
    3 | a = 3
      |     ^ an integer
      |
      = help: give `stages.a` a table

    error[missing-key]: the stage `b` does not say what it uses
     --> pipeline.toml:4:9
      |
    4 | [stages.b]
      |         ^
      |
      = help: add `uses = "..."` with a stage kind; `pipeline stages` lists them

    error[wrong-type]: `uses` wants a string, not an integer
     --> pipeline.toml:7:8
      |
    7 | uses = 3
      |        ^ an integer
      |
      = help: name a stage kind; `pipeline stages` lists them

    error[bad-name]: `d e` cannot name a stage
     --> pipeline.toml:8:9
      |
    8 | [stages.'d e']
      |         ^^^^^
      |
      = help: use letters, digits, `_` and `-`
    "#);
    assert_snapshot!(pipeline("[pipeline]\n[stages.a]\nuses = 'x'\ninputs = 'load'\n[stages.b]\nuses = 'x'\ninputs = ['a', 'a', 3, 'x y']\n[stages.c]\nuses = 'x'\ninputs = { d = 3, e = '', f = 'a.' }"), @r#"
    error[wrong-type]: `inputs` wants a table or a list, not a string
     --> pipeline.toml:4:10
      |
    4 | inputs = 'load'
      |          ^^^^^^ a string
      |
      = help: write `inputs = { port = "stage" }`, or a list of stages

    error[repeated-value]: `a` is listed twice
     --> pipeline.toml:7:16
      |
    7 | inputs = ['a', 'a', 3, 'x y']
      |           ---  ^^^ listed again
      |           |
      |           listed before
      |
      = help: remove one of them

    error[wrong-type]: `inputs` wants a stage's name, not an integer
     --> pipeline.toml:7:21
      |
    7 | inputs = ['a', 'a', 3, 'x y']
      |                     ^ an integer
      |
      = help: name a stage, or one of its outputs as `stage.output`

    error[bad-name]: `x y` names no stage
     --> pipeline.toml:7:24
      |
    7 | inputs = ['a', 'a', 3, 'x y']
      |                        ^^^^^
      |
      = help: name a stage, or one of its outputs as `stage.output`

    error[wrong-type]: `d` wants a stage's name, not an integer
      --> pipeline.toml:10:16
       |
    10 | inputs = { d = 3, e = '', f = 'a.' }
       |                ^ an integer
       |
       = help: name a stage, or one of its outputs as `stage.output`

    error[bad-name]: `` names no stage
      --> pipeline.toml:10:23
       |
    10 | inputs = { d = 3, e = '', f = 'a.' }
       |                       ^^
       |
       = help: name a stage, or one of its outputs as `stage.output`

    error[bad-name]: `a.` names no stage
      --> pipeline.toml:10:31
       |
    10 | inputs = { d = 3, e = '', f = 'a.' }
       |                               ^^^^
       |
       = help: name a stage, or one of its outputs as `stage.output`
    "#);
}

#[test]
fn references() {
    assert_snapshot!(params("a = '${b}'\nc = 'x ${} y ${a'\nd = '${a b}'\ne = '${a.x}'\nf = '${seed}'\ng = \"\\t${zz}\""), @r#"
    error[unknown-param]: there is no param `b`
     --> pipeline.toml:5:6
      |
    5 | a = '${b}'
      |      ^^^^ unknown param
      |
      = help: did you mean `a`?

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
    5 | a = '${b}'
      | - declared here
    ...
    8 | e = '${a.x}'
      |      ^^^^^^
      |
      = help: write `${a}`, or let [params.a.choices.NAME] carry `x`

    error[unknown-param]: there is no param `seed`
     --> pipeline.toml:9:6
      |
    9 | f = '${seed}'
      |      ^^^^^^^ unknown param
      |
      = help: every stage is given the run's seed without asking

    error[unknown-param]: there is no param `zz`
      --> pipeline.toml:10:5
       |
    10 | g = "\t${zz}"
       |     ^^^^^^^^^ unknown param
       |
       = help: the params of pipeline.toml are `a`, `c`, `d`, `e`, `f`, `g`
    "#);
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
    assert_snapshot!(params("l = [1]\na = 'x ${l}'"), @r#"
    error[not-text]: `l` is a list
     --> pipeline.toml:6:5
      |
    6 | a = 'x ${l}'
      |     ^^^^^^^^ a list cannot be a part of a text
      |
      = help: let the reference be the whole string
    "#);
    let choices = "[params.p]\ndefault = 'x'\n[params.p.choices.x]\none = 1\n[params.p.choices.y]\none = 1\ntwo = 2\n";
    assert_snapshot!(params(&format!("a = '${{p.two}}'\nb = '${{p.on}}'\n{choices}")), @"
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
    ");
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
fn values_that_follow_from_others() {
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

//! Files that are not there, and all mistakes together.

use insta::assert_snapshot;

use super::{experiment, overridden};
use crate::config::Overrides;
use crate::config::tests::{Folder, PIPELINE, set};

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
    // The ending alone makes no two names alike.
    assert!(!folder.complaint("conv.toml", &Overrides::default()).contains("did you mean"));
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
    assert_snapshot!(folder.complaint("latin.toml", &Overrides::default()), @r"
    error[missing-file]: there is no file p
     --> latin.toml:1:12
      |
    1 | pipeline = 'p'
      |            ^^^ named here
      |
      = help: in FOLDER there are `latin.toml`

    error[not-utf8]: latin.toml is not UTF-8 text
     --> latin.toml:2:13
      |
    2 | title = 'caf�'
      |             ^ from here on
      |
      = help: save the file in the UTF-8 encoding
    ");
    folder.write("data.toml", &vec![b'#'; 9 << 20]);
    assert_snapshot!(folder.complaint("data.toml", &Overrides::default()), @r#"
    error[unreadable-file]: data.toml is over 8 MiB
     |
     = help: name a TOML file; this looks like data
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

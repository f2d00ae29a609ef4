//! What a person is told who made a mistake: every message in full, and the exit code.

mod common;

use std::io::Write;
use std::path::PathBuf;

use common::{EXPERIMENT, Project};
use flate2::Compression;
use flate2::write::GzEncoder;

/// What `pipeline run` says of a project, with the project's folder left out. It ends with this code and loses nothing:
/// without a valid plan or a usable cache nothing is touched at all, and what a failing launch leaves is sound.
fn said(project: &Project, code: i32, arguments: &[&str]) -> String {
    let before = project.tree("");
    let called = project.call(&[&["run", "--quiet", EXPERIMENT], arguments].concat());
    let text = called.stderr.replace(&project.root().display().to_string(), "[project]");
    assert_eq!(called.code, code, "{text}");
    assert_eq!(called.stdout, "");
    if code == 1 {
        project.assert_sound();
        let after = project.tree("");
        let kept = |path: &PathBuf| path.starts_with("cache/blobs") || path.starts_with("cache/records");
        assert!(before.iter().all(|(path, hash)| !kept(path) || after.get(path) == Some(hash)), "results are kept");
        assert!(project.tree("cache/tmp").is_empty(), "nothing half-written is left");
        assert_eq!(project.json(&["runs"])[0]["status"], "failed");
    } else {
        assert!(project.tree("") == before, "nothing is touched");
    }
    without_times(&text)
}

/// Without how long a failed stage took, and without spaces that nobody sees.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once("  ") {
        Some((start, time)) if start.starts_with("failed") && time.ends_with(" s") => start.trim_end().to_owned(),
        _ => line.trim_end().to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What is said of the common pipeline after a change.
fn said_of(old: &str, new: &str) -> String {
    let project = Project::new();
    project.edit_pipeline(old, new);
    said(&project, 3, &[])
}

/// What is said of an experiment with these lines.
fn said_of_experiment(lines: &str) -> String {
    let project = Project::new();
    project.write(EXPERIMENT, format!("pipeline = \"../pipelines/tiny.toml\"\n{lines}"));
    said(&project, 3, &[])
}

/// A project that loads files of its own.
fn loading(params: &str, files: &[(&str, Vec<u8>)]) -> Project {
    let project =
        Project::with_pipeline(&format!("[pipeline]\nname = \"own\"\n[stages.load]\nuses = \"load\"\n{params}"));
    files.iter().for_each(|(name, bytes)| project.write(name, bytes));
    project
}

const IDX: &str = "dataset = \"idx\"\npath = \"../data/images\"\nlabels = \"../data/labels\"\n";

/// An IDX file of bytes.
fn idx(sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn said_of_idx(images: Vec<u8>, labels: Vec<u8>) -> String {
    said(&loading(IDX, &[("data/images", images), ("data/labels", labels)]), 3, &[])
}

fn said_of_csv(code: i32, text: &str) -> String {
    let project = loading(
        "dataset = \"csv\"\npath = \"../data/table.csv\"\nlabel_column = \"kind\"\n",
        &[("data/table.csv", text.as_bytes().to_vec())],
    );
    said(&project, code, &[])
}

#[test]
fn a_missing_file() {
    let project = Project::new();
    let called = project.call(&["run", "experiments/tinny.toml"]);
    assert_eq!(called.code, 3);
    insta::assert_snapshot!(called.stderr, @r"
    error[missing-file]: there is no file experiments/tinny.toml
     |
     = help: did you mean experiments/tiny.toml?
    ");
    insta::assert_snapshot!(said_of_experiment("extends = \"base.toml\""), @r#"
    error[missing-file]: there is no file experiments/base.toml
     --> experiments/tiny.toml:2:11
      |
    2 | extends = "base.toml"
      |           ^^^^^^^^^^^ named here
      |
      = help: in experiments there are `tiny.toml`
    "#);
}

#[test]
fn a_syntax_error() {
    insta::assert_snapshot!(said_of("uses = \"load\"", "uses = \"load"), @r#"
    error[toml-syntax]: not valid TOML: invalid basic string, expected `"`
      --> pipelines/tiny.toml:11:13
       |
    11 | uses = "load
       |             ^
       |
       = help: close the string with the quote it began with, on the same line
    "#);
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(said_of_experiment("titel = \"Tiny\""), @r#"
    error[unknown-key]: an experiment has no key `titel`
     --> experiments/tiny.toml:2:1
      |
    2 | titel = "Tiny"
      | ^^^^^ unknown key
      |
      = help: did you mean `title`?
    "#);
}

#[test]
fn an_unknown_stage_kind() {
    insta::assert_snapshot!(said_of("uses = \"extract-latents\"", "uses = \"extract-latent\""), @r#"
    error[unknown-kind]: there is no stage kind `extract-latent`
      --> pipelines/tiny.toml:36:8
       |
    36 | uses = "extract-latent"
       |        ^^^^^^^^^^^^^^^^ not a stage kind
       |
       = help: did you mean `extract-latents`?
    "#);
}

#[test]
fn an_unknown_param_of_a_stage() {
    insta::assert_snapshot!(said_of("train_count", "train_cuont"), @r"
    error[unknown-param]: `load` has no param `train_cuont`
      --> pipelines/tiny.toml:13:1
       |
    13 | train_cuont = 200
       | ^^^^^^^^^^^ not a param of this kind
       |
       = help: did you mean `train_count`?
    ");
}

#[test]
fn an_unknown_param_of_the_pipeline() {
    insta::assert_snapshot!(said_of_experiment("[params]\nepoch = 3"), @r"
    error[unknown-param]: there is no param `epoch`
     --> experiments/tiny.toml:3:1
      |
    3 | epoch = 3
      | ^^^^^ unknown param
      |
      = help: did you mean `epochs`?
    ");
    insta::assert_snapshot!(said(&Project::new(), 3, &["--set", "epoch=3"]), @r"
    error[unknown-param]: there is no param `epoch`
     --> command line:1:7
      |
    1 | --set epoch=3
      |       ^^^^^ unknown param
      |
      = help: did you mean `epochs`?
    ");
}

#[test]
fn an_unknown_port() {
    insta::assert_snapshot!(said_of("data = \"latents\"", "dota = \"latents\""), @r#"
    error[unknown-input]: `train-classifier` has no input `dota`
      --> pipelines/tiny.toml:41:12
       |
    41 | inputs = { dota = "latents" }
       |            ^^^^ no such input
       |
       = help: did you mean `data`?
    "#);
    insta::assert_snapshot!(said_of("data = \"latents\"", "data = \"latents.codes\""), @r#"
    error[unknown-output]: `latents` has no output `codes`
      --> pipelines/tiny.toml:41:19
       |
    41 | inputs = { data = "latents.codes" }
       |                   ^^^^^^^^^^^^^^^ no such output
       |
       = help: its outputs are `latents`, `metrics`
    "#);
}

#[test]
fn an_unknown_stage_on_a_wire() {
    insta::assert_snapshot!(said_of("data = \"latents\"", "data = \"latent\""), @r#"
    error[unknown-stage]: there is no stage `latent`
      --> pipelines/tiny.toml:41:19
       |
    41 | inputs = { data = "latent" }
       |                   ^^^^^^^^ not a stage of this pipeline
       |
       = help: did you mean `latents`?
    "#);
}

#[test]
fn a_wire_that_carries_something_else() {
    insta::assert_snapshot!(said_of("data = \"latents\"", "data = \"evaluate\""), @r#"
    error[wrong-wire]: the input `data` of `classifier` takes Latents or Dataset, but `evaluate` carries Evaluation
      --> pipelines/tiny.toml:41:19
       |
    41 | inputs = { data = "evaluate" }
       |                   ^^^^^^^^^^ carries Evaluation
       |
       = help: Latents or Dataset would come from `load`, `normalize`, `split`, `latents`
    "#);
}

#[test]
fn a_value_of_the_wrong_type() {
    insta::assert_snapshot!(said_of("train_count = 200", "train_count = \"many\""), @r#"
    error[wrong-type]: `train_count` of `load` must be an integer, not a string
      --> pipelines/tiny.toml:13:15
       |
    13 | train_count = "many"
       |               ^^^^^^ a string
       |
       = help: Training samples to draw, for `synthetic-digits`.
    "#);
    insta::assert_snapshot!(said_of_experiment("[params]\nepochs = \"ten\""), @r#"
    error[wrong-type]: `epochs` wants an integer, not a string
     --> experiments/tiny.toml:3:10
      |
    3 | epochs = "ten"
      |          ^^^^^ a string
      |
     ::: pipelines/tiny.toml:7:22
      |
    7 | epochs = { default = 2, range = [1, 100], help = "Passes over the training samples" }
      |                      - the default fixes the type: an integer
      |
      = help: give a value like its default, 2
    "#);
}

#[test]
fn a_value_out_of_range() {
    insta::assert_snapshot!(said_of("train_count = 200", "train_count = 0"), @r"
    error[out-of-range]: `train_count` of `load` must be between 1 and 10000000, not 0
      --> pipelines/tiny.toml:13:15
       |
    13 | train_count = 0
       |               ^ out of range
       |
       = help: Training samples to draw, for `synthetic-digits`.
    ");
    insta::assert_snapshot!(said_of_experiment("[params]\nepochs = 1000"), @r#"
    error[out-of-range]: `epochs` is 1000, outside its range
     --> experiments/tiny.toml:3:10
      |
    3 | epochs = 1000
      |          ^^^^ not from 1 to 100
      |
     ::: pipelines/tiny.toml:7:1
      |
    7 | epochs = { default = 2, range = [1, 100], help = "Passes over the training samples" }
      | ------ declared here
      |
      = help: give a number from 1 to 100
    "#);
}

#[test]
fn a_latent_size_of_zero() {
    insta::assert_snapshot!(said(&Project::new(), 3, &["--set", "latent=0"]), @r#"
    error[out-of-range]: `latent` is 0, outside its range
     --> command line:1:14
      |
    1 | --set latent=0
      |              ^ not from 1 to 64
      |
     ::: pipelines/tiny.toml:6:1
      |
    6 | latent = { default = 4, range = [1, 64], help = "Numbers in one code" }
      | ------ declared here
      |
      = help: give a number from 1 to 64
    "#);
    insta::assert_snapshot!(said_of("dense ${latent}", "dense 0"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: in `dense 0`, the number of units is `0`, which is not a whole number from 1 to 999999999
      --> pipelines/tiny.toml:27:29
       |
    27 | encoder = ["dense 16 relu", "dense 0"]
       |                             ^^^^^^^^^
       |
       = help: write for instance `dense 128 relu`
    "#);
}

#[test]
fn a_missing_input() {
    insta::assert_snapshot!(said_of("uses = \"normalize\"\ninputs = { dataset = \"load\" }", "uses = \"normalize\""), @r#"
    error[missing-input]: `normalize` needs the input `dataset` (Dataset)
      --> pipelines/tiny.toml:17:8
       |
    17 | uses = "normalize"
       |        ^^^^^^^^^^^ nothing is wired to it
       |
       = help: Dataset would come from `load`
               for example inputs = { dataset = "load" }
    "#);
}

#[test]
fn a_cycle() {
    insta::assert_snapshot!(said_of("dataset = \"load\"", "dataset = \"split\""), @r#"
    error[cycle]: stages form a cycle: normalize -> split -> normalize
      --> pipelines/tiny.toml:22:22
       |
    18 | inputs = { dataset = "split" }
       |                      ------- `normalize` needs `split`
    ...
    22 | inputs = { dataset = "normalize" }
       |                      ^^^^^^^^^^^ `split` needs `normalize`
       |
       = help: remove one of these wires
    "#);
}

#[test]
fn two_stages_of_one_name() {
    insta::assert_snapshot!(said_of("[stages.evaluate]", "[stages.split]"), @r"
    error[duplicate-stage]: two stages are named `split`
      --> pipelines/tiny.toml:31:9
       |
    20 | [stages.split]
       |         ----- the first
    ...
    31 | [stages.split]
       |         ^^^^^ a second stage of this name
       |
       = help: give each stage a name of its own
    ");
}

#[test]
fn a_sweep_over_an_unknown_param() {
    insta::assert_snapshot!(said_of_experiment("[sweep]\nlatents = [1, 2]"), @r"
    error[unknown-param]: there is no param `latents`
     --> experiments/tiny.toml:3:1
      |
    3 | latents = [1, 2]
      | ^^^^^^^ unknown param
      |
      = help: did you mean `latent`?
    ");
}

#[test]
fn an_empty_sweep() {
    insta::assert_snapshot!(said_of_experiment("[sweep]\nlatent = []"), @r"
    error[empty-sweep]: the sweep over `latent` has no values
     --> experiments/tiny.toml:3:1
      |
    3 | latent = []
      | ^^^^^^
      |
      = help: list the values to try, or remove the axis
    ");
}

#[test]
fn several_mistakes_are_told_at_once() {
    let errors = |text: String| text.lines().filter(|line| line.starts_with("error")).collect::<Vec<_>>().join("\n");
    let experiment = "titel = \"Tiny\"\n[params]\nepochs = 0\n[sweep]\nlatent = []";
    insta::assert_snapshot!(errors(said_of_experiment(experiment)), @r"
    error[unknown-key]: an experiment has no key `titel`
    error[out-of-range]: `epochs` is 0, outside its range
    error[empty-sweep]: the sweep over `latent` has no values
    ");
    let project = Project::new();
    project.edit_pipeline("train_count", "train_cuont");
    project.edit_pipeline("uses = \"extract-latents\"", "uses = \"extract-latent\"");
    insta::assert_snapshot!(errors(said(&project, 3, &[])), @r"
    error[unknown-param]: `load` has no param `train_cuont`
    error[unknown-kind]: there is no stage kind `extract-latent`
    ");
}

#[test]
fn shapes_that_do_not_fit() {
    insta::assert_snapshot!(said_of("\"dense 784 sigmoid\", ", "\"dense 783 sigmoid\", "), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: layer 3 (`reshape 28x28x1`) gets 783 features; that is 783 numbers, and the new shape needs 784
      --> pipelines/tiny.toml:28:50
       |
    28 | decoder = ["dense 16 relu", "dense 783 sigmoid", "reshape 28x28x1"]
       |                                                  ^^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(said_of("[\"dense 16 relu\", \"dense ${latent}\"]", "[\"conv 4 3x3 same relu\", \"maxpool 40\", \"dense 4\"]"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: layer 2 (`maxpool 40`) gets 28x28x4; it needs at least 40x40
      --> pipelines/tiny.toml:27:36
       |
    27 | encoder = ["conv 4 3x3 same relu", "maxpool 40", "dense 4"]
       |                                    ^^^^^^^^^^^^
       |
       = help: use a smaller window, fewer pooling layers before it, or larger images
    "#);
    insta::assert_snapshot!(said_of("\"dense 784 sigmoid\", \"reshape 28x28x1\"", "\"dense 100 sigmoid\""), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: the last layer gives 100 numbers, but an image has 784
      --> pipelines/tiny.toml:28:29
       |
    28 | decoder = ["dense 16 relu", "dense 100 sigmoid"]
       |                             ^^^^^^^^^^^^^^^^^^^
       |
       = help: end the decoder with 784 numbers (28x28x1), such as "dense 784 sigmoid"
    "#);
}

#[test]
fn shapes_of_convolutions_that_do_not_fit() {
    let encoder = "[\"dense 16 relu\", \"dense ${latent}\"]";
    insta::assert_snapshot!(said_of(encoder, "[\"conv 4 3x3 same relu\", \"maxpool 8\", \"conv 4 5x5 valid relu\", \"flatten\", \"dense 4\"]"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: layer 3 (`conv 4 5x5 valid relu`) gets 3x3x4; it needs at least 5x5
      --> pipelines/tiny.toml:27:49
       |
    27 | encoder = ["conv 4 3x3 same relu", "maxpool 8", "conv 4 5x5 valid relu", "flatten", "dense 4"]
       |                                                 ^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: use a smaller window, fewer pooling layers before it, or larger images
    "#);
    insta::assert_snapshot!(said_of(encoder, "[\"conv 4 3x3 same relu\", \"flatten\", \"maxpool 2\", \"dense 4\"]"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: layer 3 (`maxpool 2`) gets 3136 features; it needs images
      --> pipelines/tiny.toml:27:47
       |
    27 | encoder = ["conv 4 3x3 same relu", "flatten", "maxpool 2", "dense 4"]
       |                                               ^^^^^^^^^^^
       |
       = help: put `reshape HEIGHTxWIDTHxCHANNELS` before it
    "#);
    let decoder = "[\"dense 16 relu\", \"dense 784 sigmoid\", \"reshape 28x28x1\"]";
    insta::assert_snapshot!(said_of(decoder, "[\"dense 98 relu\", \"reshape 7x7x2\", \"upsample 2\", \"conv 1 3x3 valid sigmoid\"]"), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: the last layer gives 144 numbers, but an image has 784
      --> pipelines/tiny.toml:28:60
       |
    28 | decoder = ["dense 98 relu", "reshape 7x7x2", "upsample 2", "conv 1 3x3 valid sigmoid"]
       |                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: end the decoder with 784 numbers (28x28x1), such as "dense 784 sigmoid"
    "#);
}

#[test]
fn shapes_that_do_not_fit_the_users_own_data() {
    let stages = "\n[stages.autoencoder]\nuses = \"train-autoencoder\"\ninputs = { dataset = \"load\" }\n\
                  encoder = [\"dense 2\"]\ndecoder = [\"dense 784 sigmoid\"]\n";
    let files = [("data/images", idx(&[4, 5, 6], &[7; 120])), ("data/labels", idx(&[4], &[0, 1, 0, 1]))];
    insta::assert_snapshot!(said(&loading(&format!("{IDX}{stages}"), &files), 3, &[]), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: the last layer gives 784 numbers, but an image has 30
      --> pipelines/tiny.toml:13:12
       |
    13 | decoder = ["dense 784 sigmoid"]
       |            ^^^^^^^^^^^^^^^^^^^
       |
       = help: end the decoder with 30 numbers (5x6x1), such as "dense 30 sigmoid"
    "#);
}

#[test]
fn shapes_that_do_not_fit_a_data_set_for_which_another_may_stand_in() {
    let project = Project::new();
    project.edit_pipeline(
        "synthetic-digits\"\ntrain_count = 200\ntest_count = 100",
        "cifar10\"\nfallback = \"synthetic-digits\"",
    );
    insta::assert_snapshot!(said(&project, 3, &[]), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: the last layer gives 784 numbers, but an image has 3072
      --> pipelines/tiny.toml:27:50
       |
    27 | decoder = ["dense 16 relu", "dense 784 sigmoid", "reshape 28x28x1"]
       |                                                  ^^^^^^^^^^^^^^^^^
       |
       = help: end the decoder with 3072 numbers (32x32x3), such as "dense 3072 sigmoid"
    "#);
}

#[test]
fn a_class_that_is_not_there() {
    let stages =
        "\n[stages.subset]\nuses = \"subset\"\ninputs = { dataset = \"load\" }\nexclude_classes = [\"1\", \"9\"]\n";
    let files = [("data/images", idx(&[4, 5, 6], &[7; 120])), ("data/labels", idx(&[4], &[0, 1, 0, 1]))];
    insta::assert_snapshot!(said(&loading(&format!("{IDX}{stages}"), &files), 3, &[]), @r#"
    error[unfit-param]: `exclude_classes` of `subset`: there is no class `9`
      --> pipelines/tiny.toml:12:25
       |
    12 | exclude_classes = ["1", "9"]
       |                         ^^^
       |
       = help: the classes are 0, 1
    "#);
}

#[test]
fn more_clusters_than_samples() {
    let project = Project::new();
    project.edit_pipeline(
        "[stages.classifier]",
        "[stages.clusters]\nuses = \"kmeans\"\ninputs = { data = \"latents\" }\nk = 101\n\n[stages.classifier]",
    );
    insta::assert_snapshot!(said(&project, 1, &[]), @r"
    failed      clusters
                `k` asks for 101 clusters of the 100 test samples
                help: set `k` to at most 100, or cluster more samples
    ");
}

#[test]
fn a_plan_tells_of_data_that_is_not_there_as_a_launch_does() {
    let project = loading(IDX, &[]);
    let plan = project.call(&["plan", EXPERIMENT]);
    assert_eq!((plan.code, plan.stderr), (3, project.call(&["run", EXPERIMENT]).stderr));
}

#[test]
fn data_that_is_not_there() {
    insta::assert_snapshot!(said(&loading(IDX, &[]), 3, &[]), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/images does not exist
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/images"
      |        ^^^^^^^^^^^^^^^^
      |
      = help: check the path: of it, [project] exists
    "#);
}

#[test]
fn a_truncated_idx_file() {
    insta::assert_snapshot!(said_of_idx(idx(&[10, 4, 4], &[7; 100]), idx(&[10], &[1; 10])), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/images is truncated: 160 bytes should follow its header and 100 do
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/images"
      |        ^^^^^^^^^^^^^^^^
      |
      = help: fetch or copy the file again
    "#);
}

#[test]
fn an_idx_file_that_is_too_long() {
    insta::assert_snapshot!(said_of_idx(idx(&[10, 4, 4], &[7; 200]), idx(&[10], &[1; 10])), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/images goes on after the 10 x 4 x 4 bytes that its header announces
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/images"
      |        ^^^^^^^^^^^^^^^^
      |
      = help: the file is damaged or not what its name says: fetch it again
    "#);
}

#[test]
fn an_idx_file_with_a_wrong_magic_number() {
    insta::assert_snapshot!(said_of_idx(b"PK\x03\x04 this is a zip archive".to_vec(), idx(&[10], &[1; 10])), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/images is not an IDX file: it begins with 50 4b, not 00 00
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/images"
      |        ^^^^^^^^^^^^^^^^
      |
      = help: an IDX file begins with the bytes 00 00 08 and the number of its axes; it may be gzipped
    "#);
}

#[test]
fn labels_and_images_of_different_counts() {
    insta::assert_snapshot!(said_of_idx(idx(&[10, 4, 4], &[7; 160]), idx(&[9], &[1; 9])), @r#"
    error[unfit-param]: `labels` of `load`: the train part has 10 samples but 9 labels
     --> pipelines/tiny.toml:7:10
      |
    7 | labels = "../data/labels"
      |          ^^^^^^^^^^^^^^^^
      |
      = help: do the two files belong together?
    "#);
}

#[test]
fn a_gzip_bomb() {
    let mut bomb = idx(&[10, 4, 4], &[7; 160]);
    bomb.resize(1 << 24, 0);
    let files = [("data/images", gzipped(&bomb)), ("data/labels", idx(&[10], &[1; 10]))];
    insta::assert_snapshot!(said(&loading(IDX, &files), 1, &[]), @r"
    failed      load
                [project]/data/images goes on after the 10 x 4 x 4 bytes that its header announces
                help: the file is damaged or not what its name says: fetch it again
    ");
}

#[test]
fn a_gzip_bomb_that_announces_its_size() {
    let mebibyte = gzipped(&[0; 1 << 20]);
    let bomb = [gzipped(&idx(&[700, 1 << 10, 1 << 10], &[])), mebibyte.repeat(700)].concat();
    insta::assert_snapshot!(said_of_idx(bomb, idx(&[10], &[1; 10])), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/images unpacks to more than 512 MiB and more than 20 times its size
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/images"
      |        ^^^^^^^^^^^^^^^^
      |
      = help: it may be a gzip bomb; if you trust it, unpack it with gunzip and name the unpacked file
    "#);
}

#[test]
fn an_idx_file_that_claims_more_than_there_can_be() {
    insta::assert_snapshot!(said_of_idx(idx(&[u32::MAX, u32::MAX, u32::MAX], &[7; 160]), idx(&[10], &[1; 10])), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/images announces 4294967295 x 4294967295 x 4294967295 bytes, more than can be loaded
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/images"
      |        ^^^^^^^^^^^^^^^^
      |
      = help: check that the file is what its name says
    "#);
}

#[test]
fn a_csv_file_without_anything_in_it() {
    insta::assert_snapshot!(said_of_csv(3, ""), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/table.csv is empty
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/table.csv"
      |        ^^^^^^^^^^^^^^^^^^^
      |
      = help: it needs a line with the columns' names, and a line for each sample
    "#);
}

#[test]
fn a_csv_file_with_two_columns_of_one_name() {
    insta::assert_snapshot!(said_of_csv(3, "width,kind,kind\n1,a,2\n"), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/table.csv has two columns named `kind`
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/table.csv"
      |        ^^^^^^^^^^^^^^^^^^^
      |
      = help: rename one of them, or remove it
    "#);
}

#[test]
fn nan_in_a_csv_file() {
    insta::assert_snapshot!(said_of_csv(1, "width,height,kind\n1,2,a\n3,NaN,b\n"), @r"
    failed      load
                [project]/data/table.csv: line 3, column `height` holds NaN, which is no finite number
                help: correct or remove that row; a column of classes is named by label_column
    ");
}

#[test]
fn a_word_among_the_numbers_of_a_csv_file() {
    insta::assert_snapshot!(said_of_csv(1, "width,height,kind\n1,2,a\n3,tall,b\n"), @r"
    failed      load
                [project]/data/table.csv: line 3, column `height` holds `tall`, which is not a number
                help: correct or remove that row; a column of classes is named by label_column
    ");
}

#[test]
fn a_short_row_in_a_csv_file() {
    insta::assert_snapshot!(said_of_csv(1, "width,height,kind\n1,2,a\n3,b\n"), @r"
    failed      load
                [project]/data/table.csv: line 3 has 2 columns, the header 3
                help: give every row as many cells as the header
    ");
}

#[test]
fn a_label_column_that_a_csv_file_does_not_have() {
    insta::assert_snapshot!(said_of_csv(3, "width,height,king\n1,2,a\n"), @r#"
    error[unfit-param]: `label_column` of `load`: [project]/data/table.csv has no column `kind`
     --> pipelines/tiny.toml:7:16
      |
    7 | label_column = "kind"
      |                ^^^^^^
      |
      = help: did you mean `king`?
    "#);
}

#[test]
fn an_image_folder_with_mixed_sizes() {
    let picture = |side: usize| format!("P2 {side} {side} 255\n{}", "9 ".repeat(side * side)).into_bytes();
    let files = [("data/a/1.pgm", picture(4)), ("data/a/2.pgm", picture(4)), ("data/b/1.pgm", picture(5))];
    insta::assert_snapshot!(said(&loading("dataset = \"images\"\npath = \"../data\"\n", &files), 3, &[]), @r#"
    error[unfit-param]: `path` of `load`: images differ in size: [project]/data/a/1.pgm is 4x4, [project]/data/b/1.pgm is 5x5
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data"
      |        ^^^^^^^^^
      |
      = help: scale all images to one size
    "#);
}

#[test]
fn an_image_that_is_none() {
    let files = [("data/a/1.png", b"not a picture".to_vec())];
    insta::assert_snapshot!(said(&loading("dataset = \"images\"\npath = \"../data\"\n", &files), 3, &[]), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/a/1.png cannot be decoded: Format error decoding Png: Invalid PNG signature.
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data"
      |        ^^^^^^^^^
      |
      = help: replace or remove the file
    "#);
}

#[test]
fn a_cache_that_cannot_be_written() {
    let project = Project::new();
    project.write("cache", "in its place");
    insta::assert_snapshot!(said(&project, 2, &[]), @r"
    error: the cache [project]/cache is not a directory
      help: move it out of the way, or name another place with --cache-dir or in PIPELINE_CACHE_DIR
    ");
    assert_eq!(std::fs::read(project.path("cache")).unwrap(), b"in its place");
}

#[test]
fn a_training_that_becomes_nan() {
    let project = Project::new();
    project.edit_pipeline(
        "epochs = \"${epochs}\"",
        "loss = \"mse\"\noptimizer = \"sgd\"\nlearning_rate = 100.0\nbatch_size = 10\noutput_bias = \"zero\"",
    );
    project.edit_pipeline("\"dense 16 relu\", \"dense 784 sigmoid\"", "\"dense 784\"");
    let told = said(&project, 1, &["--keep-going"]);
    // How large the numbers are in a batch depends on the machine's vector width in the last digit.
    insta::with_settings!({ filters => vec![(r"batch \d+", "batch [number]")] }, { insta::assert_snapshot!(told, @r"
    failed      autoencoder
                training diverged in epoch 1, batch [number]: the training loss became infinite
                help: lower `learning_rate`, or check the data for extreme values
    ") });
    // What does not depend on it was kept.
    let run = &project.json(&["runs"])[0];
    assert!(run["metrics"]["classifier.probe.test_accuracy"].is_f64(), "{run}");
}

#[test]
fn mistakes_after_a_good_launch_lose_nothing_of_it() {
    let project = Project::new();
    project.run(&[]);
    let kept = project.artifacts();
    let well = "decoder = [\"dense 16 relu\", \"dense 784 sigmoid\", \"reshape 28x28x1\"]\nepochs = \"${epochs}\"";
    for (code, old, new) in [
        (3, "train_count = 200", "train_count = 0"),
        (3, "uses = \"evaluate\"", "uses = \"evaluation\""),
        (3, "dense ${latent}", "dense 0"),
        (3, "dataset = \"synthetic-digits\"\ntrain_count = 200\ntest_count = 100", "dataset = \"idx\"\npath = \"no\""),
        (
            1,
            well,
            "decoder = [\"dense 784\", \"reshape 28x28x1\"]\nloss = \"mse\"\noptimizer = \"sgd\"\nlearning_rate = 100.0\nbatch_size = 4\noutput_bias = \"zero\"",
        ),
    ] {
        project.edit_pipeline(old, new);
        said(&project, code, &[]);
        project.edit_pipeline(new, old);
    }
    assert_eq!(project.run(&[]).count("executed"), 0);
    assert_eq!(project.artifacts(), kept);
    let statuses: Vec<_> = common::list(&project.json(&["runs"])).iter().map(|run| run["status"].clone()).collect();
    assert_eq!(statuses, ["cached", "failed", "executed"]);
}

#[cfg(unix)]
#[test]
fn a_disk_without_room() {
    let project = Project::new();
    // No file over 150 KiB can be written, and the program hears of it as of a full disk: a write fails.
    let run = project.command(&["run", "--quiet", EXPERIMENT]);
    let script = "trap '' XFSZ; ulimit -f 300; exec \"$0\" \"$@\"";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", script]).arg(run.get_program()).args(run.get_args()).current_dir(project.root());
    shell.env("HOME", project.root()).env("NO_COLOR", "1").env_remove("PIPELINE_CACHE_DIR");
    let called = common::Called::new(shell.output().unwrap());
    assert_eq!(called.code, 1, "{}", called.stderr);
    let told = without_times(&called.stderr.replace(&project.root().display().to_string(), "[project]"));
    insta::with_settings!({ filters => vec![(r"tmp/[0-9a-f-]+/", "tmp/[scratch]/")] }, {
        insta::assert_snapshot!(told, @r"
        failed      load
                    [project]/cache/tmp/[scratch]/2/dataset/train.images.npy: File too large (os error 27)
                    help: free some space on that disk, then launch again: what is done so far is kept
        ");
    });
    // With room again the same command goes on.
    assert_eq!(project.run(&[]).count("failed"), 0);
}

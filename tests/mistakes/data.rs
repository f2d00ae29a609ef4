//! Mistakes in the user's own data, and in what is asked of data.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::common::{EXPERIMENT, Project};
use crate::said;

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
fn a_stand_in_that_can_never_stand_in() {
    let project = Project::new();
    let told = |own: &str| {
        project.write("pipelines/tiny.toml", format!("[stages.load]\nuses = \"load\"\n{own}"));
        said(&project, 3, &[])
    };
    insta::assert_snapshot!(told("dataset = \"cifar10\"\nfallback = \"synthetic-digits\"\n"), @r#"
    error[unfit-param]: `fallback` of `load`: `synthetic-digits` cannot stand in for `cifar10`: its samples are 28x28x1, not 32x32x3
     --> pipelines/tiny.toml:4:12
      |
    4 | fallback = "synthetic-digits"
      |            ^^^^^^^^^^^^^^^^^^
      |
      = help: name a data set of the same shape, or write "none"
    "#);
    insta::assert_snapshot!(told("dataset = \"synthetic-digits\"\nfallback = \"mnist\"\n"), @r#"
    error[unfit-param]: `fallback` of `load`: `synthetic-digits` are always at hand: nothing ever stands in for them
     --> pipelines/tiny.toml:4:12
      |
    4 | fallback = "mnist"
      |            ^^^^^^^
      |
      = help: leave it out, or write "none"
    "#);
    insta::assert_snapshot!(told("dataset = \"mnist\"\nfallback = \"mnist\"\n"), @r#"
    error[unfit-param]: `fallback` of `load`: `mnist` cannot stand in for itself
     --> pipelines/tiny.toml:4:12
      |
    4 | fallback = "mnist"
      |            ^^^^^^^
      |
      = help: name another data set of the same shape, or write "none"
    "#);
}

#[test]
fn a_number_of_samples_of_a_data_set_that_has_its_own() {
    let project = Project::new();
    project.edit_pipeline("synthetic-digits\"\ntrain_count = 200\ntest_count = 100", "mnist\"\ntrain_count = 30");
    insta::assert_snapshot!(said(&project, 3, &[]), @r"
    error[unfit-param]: `train_count` of `load`: `train_count` has no meaning for `mnist`
      --> pipelines/tiny.toml:13:15
       |
    13 | train_count = 30
       |               ^^
       |
       = help: leave it out; the kind `subset` takes some of a data set's samples
    ");
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
fn a_path_written_as_from_another_folder() {
    let params = IDX.replace("../data", "data");
    let files = [("data/images", idx(&[4, 5, 6], &[7; 120])), ("data/labels", idx(&[4], &[0, 1, 0, 1]))];
    insta::assert_snapshot!(said(&loading(&params, &files), 3, &[]), @r#"
    error[unfit-param]: `path` of `load`: [project]/pipelines/data/images does not exist
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "data/images"
      |        ^^^^^^^^^^^^^
      |
      = help: paths are relative to the file they are in: did you mean [project]/data/images, one `../` further up?
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
fn a_csv_file_with_nothing_but_a_header() {
    insta::assert_snapshot!(said_of_csv(1, "width,height,kind\n"), @r"
    failed      load
                [project]/data/table.csv has no line below its header
                help: it needs a line for each sample
    ");
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
fn a_file_where_a_folder_is_needed() {
    let project = loading("dataset = \"images\"\npath = \"../data/a.png\"\n", &[("data/a.png", vec![1])]);
    insta::assert_snapshot!(said(&project, 3, &[]), @r#"
    error[unfit-param]: `path` of `load`: [project]/data/a.png is a file, not a folder of images
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data/a.png"
      |        ^^^^^^^^^^^^^^^
      |
      = help: name the folder that has a subfolder of images for each class
    "#);
}

#[test]
fn a_folder_where_a_file_is_needed() {
    let files = [("data/train.csv", b"x,kind\n1,a\n".to_vec()), ("data/zeta.csv", vec![])];
    insta::assert_snapshot!(said(&loading("dataset = \"csv\"\npath = \"../data\"\n", &files), 3, &[]), @r#"
    error[unfit-param]: `path` of `load`: [project]/data is a folder where a file is needed
     --> pipelines/tiny.toml:6:8
      |
    6 | path = "../data"
      |        ^^^^^^^^^
      |
      = help: name a file, such as [project]/data/train.csv
    "#);
}

#[test]
fn labels_of_one_class_are_warned_of() {
    let stages =
        "\n[stages.classifier]\nuses = \"train-classifier\"\ninputs = { data = \"load\" }\nhidden = []\nepochs = 1\n";
    let files = [("data/images", idx(&[40, 5, 6], &[7; 1200])), ("data/labels", idx(&[40], &[1; 40]))];
    let told = loading(&format!("{IDX}{stages}"), &files).call(&["run", "--quiet", EXPERIMENT]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let mut lines: Vec<&str> = told.stderr.lines().collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @r"
    notice      classifier.probe: all training labels are one class, `1`: there is nothing to learn, and an accuracy means nothing
    notice      classifier: all training labels are one class, `1`: there is nothing to learn, and an accuracy means nothing
    ");
}

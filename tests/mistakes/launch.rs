//! What only a launch finds out.

use crate::common::{self, EXPERIMENT, Project};
use crate::{said, without_times};

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

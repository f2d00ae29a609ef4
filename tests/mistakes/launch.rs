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
    insta::assert_snapshot!(said(&project, 1, &["--only", "clusters"]), @r"
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
fn a_cache_in_the_place_of_other_files() {
    let project = Project::new();
    project.write("own/tmp/sub/x.txt", "mine");
    insta::assert_snapshot!(said(&project, 2, &["--cache-dir", "own"]), @r"
    error: [project]/own is not a cache and not empty
      help: name an empty or a new directory with --cache-dir or in PIPELINE_CACHE_DIR
    ");
    for arguments in [&["plan", EXPERIMENT][..], &["cache"]] {
        let called = project.call(&[arguments, &["--cache-dir", "own"]].concat());
        assert_eq!((called.code, called.stdout.as_str()), (2, ""));
        assert!(called.stderr.contains("is not a cache and not empty"), "{}", called.stderr);
    }
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
fn a_training_that_diverges_late_or_is_stopped_keeps_its_epochs() {
    let project = Project::new();
    project.edit_pipeline(
        "epochs = \"${epochs}\"",
        "loss = \"mse\"\noptimizer = \"sgd\"\nlearning_rate = 100.0\nbatch_size = 80\noutput_bias = \"zero\"\nepochs = 100",
    );
    project.edit_pipeline("\"dense 16 relu\", \"dense ${latent}\"", "\"dense ${latent}\"");
    project.edit_pipeline("\"dense 16 relu\", \"dense 784 sigmoid\"", "\"dense 784\"");
    let series = || {
        let series = project.json(&["show", "latest", "--series"]);
        [&series["autoencoder.train_loss"], &series["autoencoder.val_loss"]].map(|series| common::list(series).len())
    };
    let called = project.call(&["run", "--quiet", EXPERIMENT]);
    let told = called.stderr.split_once("in epoch ").expect("it diverges").1;
    let epoch: usize = told.split(',').next().unwrap().parse().unwrap();
    assert!(epoch > 1, "{told}");
    assert_eq!(series(), [epoch - 1; 2]);

    project.edit_pipeline("learning_rate = 100.0", "learning_rate = 1e-9");
    project.edit_pipeline("epochs = 100", "epochs = 100000");
    let mut running = project.start(&[]);
    running.wait_for("stage_progress", "autoencoder");
    running.signal("INT");
    running.end();
    let kept = series();
    assert!(kept[0] > 0 && kept[0] == kept[1], "{kept:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn layers_for_which_there_is_no_memory() {
    let project = Project::new();
    project.edit_pipeline("encoder = [\"dense 16 relu\"", "encoder = [\"dense 1000000 relu\"");
    let run = project.command(&["run", "--quiet", EXPERIMENT]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -v 6000000; exec \"$0\" \"$@\""]).arg(run.get_program()).args(run.get_args());
    shell.current_dir(project.root()).env("HOME", project.root()).env("NO_COLOR", "1").env_remove("PIPELINE_CACHE_DIR");
    let called = common::Called::new(shell.output().unwrap());
    assert_eq!(called.code, 1, "{}", called.stderr);
    insta::with_settings!({ filters => vec![(r"\S+ GiB are free", "[some] GiB are free")] }, {
        insta::assert_snapshot!(without_times(&called.stderr), @r"
        failed      autoencoder
                    `encoder`: training needs at least 18.3 GiB of memory and [some] GiB are free; layer 1 (`dense 1000000 relu`) alone takes 18.2 GiB
                    help: make that layer smaller, or set a smaller `batch_size`
        ");
    });
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
    project.edit_pipeline("train_count = 200", "train_count = 2000");
    // No file over 1,000 KiB can be written, and the program hears of it as of a full disk: a write fails.
    let run = project.command(&["run", "--quiet", EXPERIMENT]);
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\"";
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

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_the_program_was_not_built_for() {
    let project = Project::new();
    let called = project.call(&["run", EXPERIMENT, "--device", "cuda"]);
    assert_eq!((called.code, called.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(called.stderr, @r"
    error: --device cuda: this program was built without CUDA
      help: build it with `cargo build --release --features cuda`, which needs NVIDIA's toolkit (nvcc), or compute on the processor with `--device cpu`
    ");
    let called = project.call(&["run", EXPERIMENT, "--device", "abacus"]);
    assert_eq!(called.code, 2);
    insta::assert_snapshot!(called.stderr, @r"
    error: invalid value 'abacus' for '--device <DEVICE>': a device is `cpu` or `cuda`

    For more information, try '--help'.
    ");
    assert!(project.tree("cache").is_empty(), "nothing was begun");
}

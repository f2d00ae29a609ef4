//! Searches, seen from outside: what is tried, what a trial costs, and that a search goes on where it stood.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{EXPERIMENT, Launch, Project, list, text};
use serde_json::Value;

/// An experiment that searches, with these lines of `[search]`.
fn searching(search: &str) -> Project {
    let project = Project::new();
    project.write(
        EXPERIMENT,
        format!(
            "pipeline = \"../pipelines/tiny.toml\"\n[params]\nepochs = 1\n[sweep]\n\
             latent = {{ integer = [2, 48], log = true }}\nclassifier_epochs = [1, 2]\n[search]\n{search}\n"
        ),
    );
    project
}

/// The variants of a launch's runs, sorted.
fn variants(launch: &Launch) -> Vec<String> {
    let mut variants: Vec<String> = launch.named("run_finished").map(|run| run["variant"].to_string()).collect();
    variants.sort();
    variants
}

#[test]
fn a_search_goes_on_where_it_stood_and_tries_no_point_twice() {
    let project = searching("maximize = \"classifier.test_accuracy\"\ntrials = 4\nbatch = 2\nstartup = 2");
    let first = variants(&project.run(&[]));
    assert_eq!((first.len(), first.iter().collect::<BTreeSet<_>>().len()), (4, 4), "{first:?}");
    let again = project.run(&[]);
    assert_eq!((again.count("executed"), variants(&again)), (0, first.clone()));
    project.write(
        EXPERIMENT,
        std::fs::read_to_string(project.path(EXPERIMENT)).unwrap().replace("trials = 4", "trials = 6"),
    );
    let longer = variants(&project.run(&[]));
    assert_eq!((longer.len(), first.iter().filter(|point| longer.contains(point)).count()), (6, 4), "{longer:?}");
}

#[test]
fn a_search_proposes_the_same_with_any_number_of_jobs() {
    let lines = "minimize = \"evaluate.mse\"\ntrials = 4\nbatch = 2\nstartup = 2";
    let tried = |jobs: &str| variants(&searching(lines).run(&["--jobs", jobs, "--threads", jobs]));
    assert_eq!(tried("1"), tried("3"));
}

#[test]
fn a_promoted_trial_goes_on_from_its_checkpoint() {
    let project = searching(
        "minimize = \"evaluate.mse\"\npruner = \"halving\"\nsampler = \"random\"\ntrials = 4\nbatch = 4\n\
         min_resource = 1\nmax_resource = 4\nreduction = 2",
    );
    project.edit_pipeline("epochs = { default = 2", "epochs = { default = 4");
    let launch = project.run(&[]);
    let epochs = |variant: &Value| variant["epochs"].as_u64().expect("a pruner varies the epochs");
    let runs: Vec<u64> = launch.named("run_finished").map(|run| epochs(&run["variant"])).collect();
    let at = |resource: u64| runs.iter().filter(|epochs| **epochs == resource).count();
    assert_eq!((at(1), at(2), at(4)), (4, 2, 1), "{runs:?}");
    let trained = launch.named("stage_progress").filter(|event| text(&event["stage"]) == "autoencoder");
    let trained = trained.filter(|event| event["unit"] == "epoch").count();
    assert_eq!(trained, 4 + 2 + 2, "only the epochs that are new are trained");
}

#[test]
fn a_metric_that_no_stage_reports_is_told_with_those_there_are() {
    let project = searching("minimize = \"evaluate.msee\"\ntrials = 4");
    let told = project.call(&["run", EXPERIMENT]);
    insta::assert_snapshot!(format!("{}\n{}", told.code, told.stderr), @r#"
    3
    error[unknown-metric]: no stage reports `evaluate.msee`
     --> experiments/tiny.toml:8:12
      |
    8 | minimize = "evaluate.msee"
      |            ^^^^^^^^^^^^^^^ no such metric
      |
      = help: did you mean `evaluate.mse`? There are autoencoder.active_dimensions, autoencoder.best_epoch, autoencoder.latent_dim, autoencoder.parameters, autoencoder.train_divergence, autoencoder.train_loss, autoencoder.val_divergence, autoencoder.val_elbo, autoencoder.val_loss, autoencoder.val_mse, autoencoder.val_reconstruction, classifier.best_epoch, classifier.macro_f1, classifier.parameters, classifier.test_accuracy, classifier.train_accuracy, classifier.train_loss, classifier.val_accuracy, classifier.val_loss, evaluate.bce, evaluate.compression_ratio, evaluate.mse, evaluate.pixel_accuracy, evaluate.ssim, latents.latent_dim
    "#);
}

#[test]
fn the_end_of_a_search_says_what_was_best() {
    let project = searching("minimize = \"evaluate.mse\"\ntrials = 3");
    let told = project.call(&["run", EXPERIMENT]);
    let line = told.stderr.lines().find(|line| line.contains("search:")).unwrap_or_else(|| panic!("{}", told.stderr));
    assert!(line.contains("3 trials; evaluate.mse is least, 0.") && line.contains("with classifier_epochs="), "{line}");
}

#[test]
fn a_point_that_makes_no_plan_is_told_and_the_search_goes_on() {
    let project = Project::new();
    project.edit_pipeline("[params]\n", "[params]\nrows = 28\n");
    project.edit_pipeline("reshape 28x28x1", "reshape ${rows}x28x1");
    let search = "[sweep]\nrows = [28, 14]\n[search]\nminimize = \"evaluate.mse\"\nsampler = \"random\"\ntrials = 2\n";
    project.write(EXPERIMENT, format!("pipeline = \"../pipelines/tiny.toml\"\n{search}"));
    let told = project.call(&["run", EXPERIMENT]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let notices: Vec<&str> = told.stderr.lines().filter(|line| line.starts_with("notice")).collect();
    assert!(notices.iter().any(|notice| notice.contains("not tried: rows=14: ")), "{}", told.stderr);
    assert!(notices.last().unwrap().contains("search: 2 trials; evaluate.mse is least"), "{}", told.stderr);
}

/// Replaces text of the experiment.
fn edit(project: &Project, old: &str, new: &str) {
    let written = std::fs::read_to_string(project.path(EXPERIMENT)).expect("the experiment can be read");
    assert!(written.contains(old), "{old}");
    project.write(EXPERIMENT, written.replace(old, new));
}

/// What a search says at its end; only what it goes by is run.
fn conclusion(project: &Project) -> String {
    let told = project.call(&["run", EXPERIMENT, "--only", "evaluate", "--only", "classifier"]);
    let line = told.stderr.lines().find_map(|line| line.split_once("search: ")).map(|(_, line)| line.to_owned());
    line.unwrap_or_else(|| panic!("{}", told.stderr))
}

/// The mean of a metric over the seeds of each variant, from the log.
fn means(project: &Project, metric: &str) -> BTreeMap<String, f64> {
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in list(&project.json(&["runs"])) {
        let variant = run["variant"].as_object().expect("a variant has params");
        let pairs: Vec<String> = variant.iter().map(|(param, value)| format!("{param}={value}")).collect();
        found.entry(pairs.join(", ")).or_default().extend(run["metrics"][metric].as_f64());
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    found.into_iter().map(|(variant, values)| (variant, mean(values))).collect()
}

/// A launch that is killed when so many trials have ended, and the next one, end where an undisturbed one does.
fn goes_on_after_a_kill(search: &str, ended: usize) {
    let whole = searching(search).run(&["--only", "evaluate"]);
    let project = searching(search);
    let mut launch = project.start(&["--only", "evaluate", "--jobs", "1"]);
    (0..ended).for_each(|_| launch.wait_for("stage_finished", "evaluate"));
    launch.child.kill().expect("the launch goes on");
    launch.child.wait().expect("the launch is dead");
    let next = project.run(&["--only", "evaluate"]);
    assert_eq!(variants(&next), variants(&whole));
    assert!((1..whole.count("executed")).contains(&next.count("executed")), "{}", next.last());
}

#[test]
fn a_search_killed_in_the_middle_of_a_round_goes_on() {
    goes_on_after_a_kill("minimize = \"evaluate.mse\"\ntrials = 6\nbatch = 3\nstartup = 2", 4);
}

#[test]
fn a_search_killed_between_levels_goes_on() {
    let search = "minimize = \"evaluate.mse\"\npruner = \"halving\"\ntrials = 4\nbatch = 4\nmin_resource = 1\n\
                  max_resource = 4\nreduction = 2";
    goes_on_after_a_kill(search, 4);
}

#[test]
fn the_best_of_several_seeds_has_the_best_mean() {
    let project = searching("minimize = \"evaluate.mse\"\ntrials = 3");
    edit(&project, "[params]", "repeats = 2\n[params]");
    let said = conclusion(&project);
    let means = means(&project, "evaluate.mse");
    let (variant, mean) = means.iter().min_by(|one, other| one.1.total_cmp(other.1)).expect("there are trials");
    let value: f64 = said.split(", ").nth(1).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{said}"));
    assert!(said.starts_with("3 trials; ") && said.ends_with(&format!("with {variant}")), "{said}");
    assert!((value / mean - 1.0).abs() < 1e-3 && means.len() == 3, "{said}, {mean}");
}

#[test]
fn a_search_with_two_objectives_ends_with_its_front() {
    let project = searching("minimize = \"evaluate.mse\"\nmaximize = \"classifier.test_accuracy\"\ntrials = 6");
    let said = conclusion(&project);
    let (errors, accuracies) = (means(&project, "evaluate.mse"), means(&project, "classifier.test_accuracy"));
    let beats = |one: &String, other: &String| {
        let better = (errors[one] < errors[other], accuracies[one] > accuracies[other]);
        errors[one] <= errors[other] && accuracies[one] >= accuracies[other] && (better.0 || better.1)
    };
    let front = errors.keys().filter(|variant| !errors.keys().any(|other| beats(other, variant)));
    let front: BTreeSet<&str> = front.map(String::as_str).collect();
    let listed = said.split_once("not beaten in evaluate.mse, classifier.test_accuracy at once: ").expect(&said).1;
    let told: BTreeSet<&str> = listed.split("; ").map(|one| one.split(" (").next().unwrap_or_default()).collect();
    assert_eq!(told, front, "{said}");
}

#[test]
fn pruned_trials_climb_level_by_level_and_the_best_is_of_the_highest() {
    for (pruner, trials) in [("asha", 6), ("hyperband", 7)] {
        let project = searching(&format!(
            "minimize = \"evaluate.mse\"\npruner = \"{pruner}\"\ntrials = {trials}\nbatch = 2\nmin_resource = 1\n\
             max_resource = 4\nreduction = 2"
        ));
        let said = conclusion(&project);
        let mut epochs: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for run in list(&project.json(&["runs"])) {
            let mut point = run["variant"].as_object().expect("a variant has params").clone();
            let level = point.remove("epochs").and_then(|epochs| epochs.as_u64()).expect("a pruner varies the epochs");
            assert!(epochs.entry(format!("{point:?}")).or_default().insert(level), "a level is tried once");
        }
        assert_eq!(epochs.len(), trials, "{pruner}");
        let levels = |first: u64| [1, 2, 4].into_iter().filter(move |level| *level >= first);
        for of in epochs.values() {
            let (first, last) = (of.first().copied().unwrap_or(0), of.last().copied().unwrap_or(0));
            assert_eq!(of.clone(), levels(first).filter(|level| *level <= last).collect(), "{pruner} leaves none out");
            assert!(first == 1 || pruner == "hyperband");
        }
        assert!(epochs.values().any(|of| of.contains(&4)), "{pruner} gets to the end: {epochs:?}");
        let whole = means(&project, "evaluate.mse").into_iter().filter(|(variant, _)| variant.contains("epochs=4"));
        let (best, _) = whole.min_by(|one, other| one.1.total_cmp(&other.1)).expect("there are whole trials");
        let of =
            |text: &str| text.split(", ").filter(|pair| !pair.starts_with("epochs")).collect::<Vec<_>>().join(", ");
        assert!(said.ends_with(&format!("with {}", of(&best))), "{said}, not {best}");
    }
}

#[test]
fn a_trial_that_fails_counts_as_one_that_came_to_nothing() {
    let project = Project::new();
    project.edit_pipeline("[params]\n", "[params]\nrate = 0.001\n");
    // Nothing keeps such steps from growing beyond all numbers.
    project.edit_pipeline("\"dense 16 relu\", \"dense ${latent}\"", "\"dense ${latent}\"");
    project.edit_pipeline("\"dense 16 relu\", \"dense 784 sigmoid\"", "\"dense 784\"");
    let training = "loss = \"mse\"\noptimizer = \"sgd\"\nlearning_rate = \"${rate}\"\nepochs = \"${epochs}\"";
    project.edit_pipeline("epochs = \"${epochs}\"", training);
    let search =
        "[params]\nepochs = 20\n[sweep]\nrate = [0.01, 100.0]\n[search]\nminimize = \"evaluate.mse\"\ntrials = 2\n";
    project.write(EXPERIMENT, format!("pipeline = \"../pipelines/tiny.toml\"\n{search}"));
    let told = project.call(&["run", EXPERIMENT, "--only", "evaluate"]);
    assert_eq!(told.code, 1, "{}", told.stderr);
    assert!(told.stderr.contains("training diverged"), "{}", told.stderr);
    let said = told.stderr.lines().find(|line| line.contains("search: ")).unwrap_or_default();
    assert!(said.contains("2 trials; evaluate.mse is least") && said.ends_with("with rate=0.01"), "{}", told.stderr);
}

#[test]
fn a_trial_without_the_metric_counts_as_one_that_came_to_nothing() {
    let project = Project::new();
    project.edit_pipeline("[params]\n", "[params]\npatience = 0\n");
    project.edit_pipeline("epochs = \"${epochs}\"", "epochs = \"${epochs}\"\npatience = \"${patience}\"");
    let search = "[sweep]\npatience = [0, 1]\n[search]\nmaximize = \"autoencoder.best_epoch\"\ntrials = 2\n";
    project.write(EXPERIMENT, format!("pipeline = \"../pipelines/tiny.toml\"\n{search}"));
    let said = conclusion(&project);
    assert!(said.contains("autoencoder.best_epoch is greatest") && said.ends_with("with patience=1"), "{said}");
}

#[test]
fn an_objective_that_no_trial_reports_is_told_with_those_there_are() {
    let project = searching("maximize = \"autoencoder.best_epoch\"\ntrials = 2");
    let stderr = project.run(&[]).stderr;
    assert_eq!(stderr.matches("no trial reports autoencoder.best_epoch so far").count(), 1, "{stderr}");
    let said = conclusion(&project);
    assert!(said.ends_with("none of them gave a finite autoencoder.best_epoch"), "{said}");
}

#[test]
fn the_objective_says_which_way_is_better() {
    let project = searching("minimize = [\"autoencoder.parameters\", \"evaluate.mse\"]\ntrials = 2");
    let launch = project.run(&[]);
    let told = project.call(&["compare", "tiny", "--metric", "autoencoder.parameters"]).stdout;
    assert!(told.contains("parameters ↓") && told.contains("has the lowest parameters"), "{told}");
    let page = std::fs::read_to_string(text(&launch.last()["report"])).unwrap();
    assert!(page.contains("has the lowest parameters"));
}

#[test]
fn a_schedule_that_ends_with_the_training_is_told_of() {
    let project = searching(
        "minimize = \"evaluate.mse\"\npruner = \"halving\"\ntrials = 2\nbatch = 2\nmin_resource = 1\nreduction = 2",
    );
    edit(&project, "epochs = 1\n", "epochs = 2\n");
    let notices = |project: &Project| project.call(&["run", EXPERIMENT, "--only", "evaluate"]).stderr;
    assert!(!notices(&project).contains("begin anew"));
    project.edit_pipeline("epochs = \"${epochs}\"", "epochs = \"${epochs}\"\ndecay = \"cosine\"");
    assert!(notices(&project).contains("what `autoencoder` does with few `epochs` is not the beginning"));
}

#[test]
fn a_searched_schedule_that_ends_with_the_training_is_told_of_with_its_value() {
    let project = searching(
        "minimize = \"evaluate.mse\"\npruner = \"halving\"\ntrials = 2\nbatch = 2\nmin_resource = 1\nreduction = 2",
    );
    edit(&project, "epochs = 1\n", "epochs = 2\n");
    edit(&project, "[search]", "decay = [\"none\", \"cosine\"]\n[search]");
    project.edit_pipeline("[params]\n", "[params]\ndecay = \"none\"\n");
    project.edit_pipeline("epochs = \"${epochs}\"", "epochs = \"${epochs}\"\ndecay = \"${decay}\"");
    let told = || project.call(&["run", EXPERIMENT, "--only", "evaluate"]).stderr;
    let only_these =
        "is not the beginning of what it does with more: trials with decay=cosine that get more begin anew";
    assert!(told().contains(only_these), "{}", told());
    // Whatever the experiment's own value is.
    project.edit_pipeline("decay = \"none\"", "decay = \"cosine\"");
    assert!(told().contains(only_these), "{}", told());
}

#[test]
fn an_amount_of_the_resource_that_no_stage_takes_is_refused_before_anything_runs() {
    let project = searching(
        "minimize = \"evaluate.mse\"\npruner = \"asha\"\ntrials = 4\nmin_resource = 1\nmax_resource = 200000",
    );
    project.edit_pipeline(
        "epochs = { default = 2, range = [1, 100], help = \"Passes over the training samples\" }",
        "epochs = 2",
    );
    let told = project.call(&["plan", EXPERIMENT]);
    insta::assert_snapshot!(format!("{}\n{}", told.code, told.stderr), @r#"
    3
    error[out-of-range]: `epochs` of `autoencoder` must be between 1 and 100000, not 200000
      --> experiments/tiny.toml:12:16
       |
    12 | max_resource = 200000
       |                ^^^^^^ out of range
       |
      ::: pipelines/tiny.toml:29:10
       |
    29 | epochs = "${epochs}"
       |          ----------- used here
       |
       = help: write a whole number from 1 to 100000
               `epochs`: Passes over the training split.
    "#);
}

#[test]
fn a_search_needs_the_stages_that_it_goes_by() {
    let project = searching("minimize = \"evaluate.mse\"\ntrials = 4");
    let told = project.call(&["run", EXPERIMENT, "--only", "load"]);
    insta::assert_snapshot!(format!("{}\n{}", told.code, told.stderr), @r"
    2
    error: --only: the search goes by `evaluate.mse`, which none of these stages reports
      help: add `--only evaluate`
    ");
}

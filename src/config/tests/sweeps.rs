//! What `[sweep]`, `[search]` and `[ablation]` mean.

use serde_json::Value;

use super::Folder;
use crate::config::{Experiment, Overrides, Point, Sweep};

const PIPELINE: (&str, &str) = (
    "p.toml",
    r#"[pipeline]
[params]
architecture = { default = "dense", choices = ["dense", "conv"] }
latent_dim = { default = 8, range = [1, 784] }
kernel = 3
epochs = 10
learning_rate = { default = 1e-3, range = [0.0, 1.0] }
note = ""
free = { default = 0.0 }
[stages.s]
uses = "x"
params = ["${architecture}", "${latent_dim}", "${kernel}", "${epochs}", "${learning_rate}", "${note}", "${free}"]
"#,
);

fn experiment(text: &str, set: &[&str], sweep: &[&str]) -> Experiment {
    let overrides = Overrides {
        set: set.iter().map(|text| text.to_string()).collect(),
        sweep: sweep.iter().map(|text| text.to_string()).collect(),
        repeats: None,
    };
    let folder = Folder::with(&[PIPELINE, ("e.toml", &format!("pipeline = 'p.toml'\n{text}"))]);
    folder.load("e.toml", &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The points, one a line.
fn listing(sweep: &Sweep) -> String {
    let pair = |(param, value): (&String, &Value)| format!("{param}={}", value.to_string().replace('"', ""));
    let line = |point: &Point| sweep.values(point).iter().map(pair).collect::<Vec<_>>().join(" ");
    sweep.points.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn points(sweep: &str) -> String {
    listing(&experiment(&format!("[sweep]\n{sweep}"), &[], &[]).sweep)
}

#[test]
fn without_a_sweep_there_is_one_point() {
    assert_eq!(points(""), "");
    assert_eq!(experiment("", &[], &[]).sweep.points, [Vec::new()]);
}

#[test]
fn zipped_params_advance_together() {
    let text = "latent_dim = [2, 4]\nepochs = [5, 50]\nkernel = [3, 5]\nzip = [['latent_dim', 'epochs']]";
    insta::assert_snapshot!(points(text), @r"
    epochs=5 kernel=3 latent_dim=2
    epochs=5 kernel=5 latent_dim=2
    epochs=50 kernel=3 latent_dim=4
    epochs=50 kernel=5 latent_dim=4
    ");
    insta::assert_snapshot!(points("kernel = [3, 3, 5]\nepochs = [1, 2, 2]\nzip = [['kernel', 'epochs']]"), @r"
    epochs=1 kernel=3
    epochs=2 kernel=3
    epochs=2 kernel=5
    ");
}

#[test]
fn listed_points_are_one_factor_of_the_product() {
    insta::assert_snapshot!(points("points = [{ latent_dim = 2, epochs = 5 }, { latent_dim = 4 }, {}]"), @r"
    epochs=5 latent_dim=2
    latent_dim=4
    ");
    insta::assert_snapshot!(points("architecture = ['dense', 'conv']\npoints = [{ latent_dim = 2, epochs = 5 }, { latent_dim = 4 }]"), @r"
    architecture=dense epochs=5 latent_dim=2
    architecture=dense latent_dim=4
    architecture=conv epochs=5 latent_dim=2
    architecture=conv latent_dim=4
    ");
}

#[test]
fn a_conditional_param_is_one_point_where_it_does_not_matter() {
    let text = "architecture = ['dense', 'conv']\nkernel = { values = [3, 5], when = { architecture = 'conv' } }";
    insta::assert_snapshot!(points(text), @r"
    architecture=dense
    architecture=conv kernel=3
    architecture=conv kernel=5
    ");
    // A value that is not swept decides for all points.
    assert_eq!(
        points("kernel = { values = [3, 5], when = { architecture = ['dense', 'conv'] } }"),
        "kernel=3\nkernel=5"
    );
    // What a point does not name has the experiment's value.
    insta::assert_snapshot!(points("points = [{ epochs = 1 }, { architecture = 'conv' }]\nkernel = { values = [3, 5], when = { architecture = 'dense' } }"), @r"
    epochs=1 kernel=3
    architecture=conv
    epochs=1 kernel=5
    ");
}

#[test]
fn points_are_excluded_and_included_as_in_a_ci_matrix() {
    let text = "architecture = ['dense', 'conv']\nlatent_dim = [2, 32]\nexclude = [{ architecture = 'conv', latent_dim = 2 }]
        include = [{ latent_dim = 32, epochs = 50 }, { note = 'x' }, { architecture = 'conv', note = 'y' }, { latent_dim = 64 }]";
    insta::assert_snapshot!(points(text), @r"
    architecture=dense latent_dim=2 note=x
    architecture=dense epochs=50 latent_dim=32 note=x
    architecture=conv epochs=50 latent_dim=32 note=y
    latent_dim=64
    ");
    insta::assert_snapshot!(points("include = [{ latent_dim = 32, epochs = 50 }, { latent_dim = 64 }]"), @r"
    epochs=50 latent_dim=32
    latent_dim=64
    ");
}

#[test]
fn chosen_points_replace_the_sweep() {
    let text = "[search]\nminimize = 'a.mse'\ntrials = 9\n[sweep]\nlatent_dim = [2, 8]\nlearning_rate = { log_uniform = [1e-4, 1e-2] }";
    let experiment = experiment(text, &[], &[]);
    assert_eq!(experiment.sweep.points, [vec![None, None]]);
    let point = |text: &str| serde_json::from_str(text).unwrap();
    // A float param takes an integer.
    let chosen =
        [point(r#"{ "learning_rate": 1, "latent_dim": 8 }"#), point(r#"{ "learning_rate": 0.5, "epochs": 2 }"#)];
    let at = experiment.at_points(&chosen).unwrap();
    insta::assert_snapshot!(listing(&at.sweep), @r"
    latent_dim=8 learning_rate=1.0
    epochs=2 learning_rate=0.5
    ");
    let conditional = text.replace("[2, 8]", "{ values = [2, 8], when = { architecture = ['dense'] } }");
    let at = self::experiment(&conditional, &[], &[]).at_points(&chosen).unwrap();
    assert_eq!(at.sweep.axes.iter().map(|axis| axis.conditional).collect::<Vec<_>>(), [true, false, false]);
    let wrong = [point(r#"{ "latent_dim": 0 }"#), point(r#"{ "latent_dim": "x" }"#), point(r#"{ "depth": 2 }"#)];
    let problems = experiment.at_points(&wrong).unwrap_err();
    let said: Vec<&str> = problems.diagnostics.iter().map(|problem| problem.code).collect();
    assert_eq!(said, ["unknown-param", "out-of-range", "wrong-type"]);
    assert_eq!(experiment.at_points(&[point("{}"), point("{}")]).unwrap_err().diagnostics[0].code, "repeated-point");
}

/// The values that a param has, in the order of the points.
fn drawn(sweep: &str, param: &str) -> Vec<f64> {
    let sweep = experiment(&format!("[sweep]\n{sweep}"), &[], &[]).sweep;
    sweep.points.iter().filter_map(|point| sweep.values(point).get(param)?.as_f64()).collect()
}

const DRAWN: &str = "latent_dim = { integer = [1, 784], log = true }\nlearning_rate = { log_uniform = [1e-4, 1e-2] }\n";

#[test]
fn draws_are_the_same_at_every_point_of_the_grid() {
    let text = format!("draws = 3\narchitecture = ['dense', 'conv']\n{DRAWN}");
    insta::assert_snapshot!(points(&text), @r"
    architecture=dense latent_dim=56 learning_rate=0.000242886
    architecture=dense latent_dim=46 learning_rate=0.00409473
    architecture=dense latent_dim=11 learning_rate=0.00123187
    architecture=conv latent_dim=56 learning_rate=0.000242886
    architecture=conv latent_dim=46 learning_rate=0.00409473
    architecture=conv latent_dim=11 learning_rate=0.00123187
    ");
    let conditional =
        "draws = 2\narchitecture = ['dense', 'conv']\nkernel = { integer = [1, 9], when = { architecture = 'conv' } }";
    insta::assert_snapshot!(points(conditional), @r"
    architecture=dense
    architecture=conv kernel=9
    architecture=conv kernel=1
    ");
}

#[test]
fn conditions_may_ask_for_a_drawn_choice() {
    let text = "draws = 4\narchitecture = { choice = ['dense', 'conv'] }
kernel = { integer = [1, 9], when = { architecture = 'conv' } }";
    insta::assert_snapshot!(points(text), @r"
    architecture=conv kernel=9
    architecture=dense
    architecture=conv kernel=1
    architecture=conv kernel=2
    ");
}

#[test]
fn more_draws_keep_the_first_and_another_param_changes_no_other() {
    let few = drawn(&format!("draws = 5\n{DRAWN}"), "latent_dim");
    let many = drawn(&format!("draws = 50\n{DRAWN}"), "latent_dim");
    assert_eq!(few, many[..5]);
    assert_eq!(many, drawn(&format!("draws = 50\n{DRAWN}kernel = {{ choice = [3, 5] }}"), "latent_dim"));
    assert_ne!(many, drawn(&format!("draws = 50\ndraw_seed = 1\n{DRAWN}"), "latent_dim"));
}

#[test]
fn draws_go_with_the_last_distribution_that_is_overridden() {
    let text = "[sweep]\ndraws = 3\nkernel = { integer = [1, 9] }";
    assert_eq!(listing(&experiment(text, &["kernel=5"], &[]).sweep), "");
    assert_eq!(listing(&experiment(text, &[], &["kernel=3,5"]).sweep), "kernel=3\nkernel=5");
}

#[test]
fn all_of_a_few_values_are_drawn_once_each() {
    let mut values = drawn("draws = 9\nkernel = { integer = [1, 9] }", "kernel");
    values.sort_by(f64::total_cmp);
    assert_eq!(values, (1..=9).map(f64::from).collect::<Vec<_>>());
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}

#[test]
fn draws_have_the_moments_of_their_distribution() {
    const DRAWS: usize = 4000;
    let close = |distribution: &str, log: bool, mean: f64, deviation: f64| {
        let values = drawn(&format!("draws = {DRAWS}\nfree = {{ {distribution} }}"), "free");
        let values: Vec<f64> = values.into_iter().map(|value| if log { value.ln() } else { value }).collect();
        let (got, spread) = moments(&values);
        // Five standard errors of either.
        let error = 5.0 * deviation / (DRAWS as f64).sqrt();
        assert!((got - mean).abs() < error, "{distribution}: mean {got}, not {mean}");
        assert!((spread - deviation).abs() < error, "{distribution}: deviation {spread}, not {deviation}");
    };
    let even = |low: f64, high: f64| ((low + high) / 2.0, (high - low) / 12_f64.sqrt());
    let (mean, deviation) = even(-2.0, 6.0);
    close("uniform = [-2.0, 6.0]", false, mean, deviation);
    let (mean, deviation) = even(1e-5_f64.ln(), 1e-1_f64.ln());
    close("log_uniform = [1e-5, 1e-1]", true, mean, deviation);
    close("normal = [3.0, 2.0]", false, 3.0, 2.0);
    let (mean, deviation) = even(-0.5, 1_000_000.5);
    close("integer = [0, 1_000_000]", false, mean, deviation);
    let (mean, deviation) = even(999.5_f64.ln(), 1_000_000.5_f64.ln());
    close("integer = [1000, 1_000_000], log = true", true, mean, deviation);
}

#[test]
fn the_command_line_sweeps_over_whatever_a_file_could() {
    let at = |set: &[&str], sweep: &[&str]| {
        listing(&experiment("[sweep]\nlatent_dim = [2, 32]\narchitecture = ['dense', 'conv']", set, sweep).sweep)
    };
    insta::assert_snapshot!(at(&[], &["exclude=[{ architecture = 'conv', latent_dim = 2 }]", "latent_dim=[2, 4]"]), @r"
    architecture=dense latent_dim=2
    architecture=dense latent_dim=4
    architecture=conv latent_dim=4
    ");
    insta::assert_snapshot!(at(&["architecture=conv"], &["learning_rate={ log_uniform = [1e-4, 1e-2] }", "draws=2"]), @r"
    latent_dim=2 learning_rate=0.000242886
    latent_dim=2 learning_rate=0.00409473
    latent_dim=32 learning_rate=0.000242886
    latent_dim=32 learning_rate=0.00409473
    ");
    insta::assert_snapshot!(at(&[], &["zip=[['latent_dim', 'architecture']]"]), @r"
    architecture=dense latent_dim=2
    architecture=conv latent_dim=32
    ");
    insta::assert_snapshot!(at(&[], &["points=[{ architecture = 'conv', epochs = 3 }]"]), @r"
    architecture=conv epochs=3 latent_dim=2
    architecture=conv epochs=3 latent_dim=32
    ");
}

#[test]
fn a_set_param_varies_nowhere() {
    let text = "[sweep]\nlatent_dim = [2, 32]\nepochs = [5, 50]\nzip = [['latent_dim', 'epochs']]\npoints = [{ architecture = 'dense' }, { architecture = 'conv', note = 'x' }]
        kernel = { values = [3, 5], when = { architecture = 'conv' } }\nexclude = [{ latent_dim = 2, architecture = 'conv' }]
        include = [{ architecture = 'dense', learning_rate = 0.5 }]";
    let at = |set: &[&str]| listing(&experiment(text, set, &[]).sweep);
    insta::assert_snapshot!(at(&[]), @r"
    architecture=dense epochs=5 latent_dim=2 learning_rate=0.5
    architecture=dense epochs=50 latent_dim=32 learning_rate=0.5
    architecture=conv epochs=50 kernel=3 latent_dim=32 note=x
    architecture=conv epochs=50 kernel=5 latent_dim=32 note=x
    ");
    insta::assert_snapshot!(at(&["epochs=7"]), @r"
    architecture=dense latent_dim=2 learning_rate=0.5
    architecture=dense latent_dim=32 learning_rate=0.5
    architecture=conv kernel=3 latent_dim=32 note=x
    architecture=conv kernel=5 latent_dim=32 note=x
    ");
    insta::assert_snapshot!(at(&["latent_dim=2"]), @r"
    architecture=dense epochs=5 learning_rate=0.5
    architecture=dense epochs=50 learning_rate=0.5
    ");
    insta::assert_snapshot!(at(&["latent_dim=64", "learning_rate=0.1"]), @r"
    architecture=dense epochs=5
    architecture=conv epochs=5 kernel=3 note=x
    architecture=conv epochs=5 kernel=5 note=x
    architecture=dense epochs=50
    architecture=conv epochs=50 kernel=3 note=x
    architecture=conv epochs=50 kernel=5 note=x
    ");
    insta::assert_snapshot!(at(&["architecture=dense"]), @r"
    epochs=5 latent_dim=2 learning_rate=0.5
    epochs=5 latent_dim=2 learning_rate=0.5 note=x
    epochs=50 latent_dim=32 learning_rate=0.5
    epochs=50 latent_dim=32 learning_rate=0.5 note=x
    ");
    insta::assert_snapshot!(at(&["architecture=conv", "note=z"]), @r"
    epochs=50 kernel=3 latent_dim=32
    epochs=50 kernel=5 latent_dim=32
    ");
}

#[test]
fn an_ablation_is_its_base_and_each_change_alone() {
    let text = "[params]\nepochs = 5\n[ablation]\nbase = { kernel = 7 }\nchanges = [{ name = 'conv', set = { architecture = 'conv' } }, { name = '', set = { kernel = 3, note = 'x' } }]";
    let of = |experiment: &Experiment| format!("base{}", listing(&experiment.sweep));
    let ablated = experiment(text, &[], &[]);
    assert_eq!(ablated.params["kernel"].to_json(), 7);
    insta::assert_snapshot!(of(&ablated), @r"
    base
    architecture=conv
    kernel=3 note=x
    ");
    let ablation = ablated.ablation.unwrap();
    let names: Vec<&str> = ablation.changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(names, ["conv", r#"kernel = 3, note = "x""#]);
    let variants: Vec<_> = ablation.changes.iter().map(|change| change.variant.clone()).collect();
    assert_eq!(variants, ablated.sweep.points[1..].iter().map(|at| ablated.sweep.values(at)).collect::<Vec<_>>());

    let cumulative = text.replace("[ablation]", "[ablation]\ncumulative = true");
    insta::assert_snapshot!(of(&experiment(&cumulative, &[], &[])), @r"
    base
    architecture=conv
    architecture=conv kernel=3 note=x
    ");
    // Taken back after something else, a change leads to a variant of its own.
    let back = "[ablation]\ncumulative = true\nchanges = [{ set = { kernel = 5 } }, { set = { note = 'x' } }, { set = { kernel = 3 } }]";
    insta::assert_snapshot!(of(&experiment(back, &[], &[])), @r"
    base
    kernel=5
    kernel=5 note=x
    kernel=3 note=x
    ");
    let set = experiment(text, &["kernel=5", "architecture=conv"], &[]);
    insta::assert_snapshot!(of(&set), @r"
    base
    note=x
    ");
    assert_eq!(set.params["kernel"].to_json(), 5);
}

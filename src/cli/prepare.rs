//! What `run`, `plan` and `graph` share: from the command line to a checked plan and the places it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use std::time::Instant;

use crate::cli::args::{LaunchArgs, MachineArgs, OverrideArgs, SelectionArgs};
use crate::cli::exit::{Exit, Stop};
use crate::cli::project::Project;
use crate::cli::search::Searching;
use crate::config::{self, Experiment, Overrides};
use crate::diagnostic::{Diagnostic, Problems, did_you_mean};
use crate::merit;
use crate::plan::{self, Plan};
use crate::progress::Paint;
use crate::runner::{Force, Options, Places};
use crate::stage::registry::{self, Registry};

/// A checked experiment and where everything is.
pub struct Prepared {
    pub experiment: Experiment,
    pub plan: Plan,
    /// What goes on planning when everything has ended.
    pub search: Option<Searching>,
    pub project: Project,
    pub cache: PathBuf,
    pub reports: PathBuf,
    pub places: Places,
}

/// Reads and checks everything. What is wrong in the user's files is told all at once.
pub fn prepare(launch: &LaunchArgs) -> Result<Prepared, Stop> {
    let LaunchArgs { file, overrides, selection, places, .. } = launch;
    refuse_contradictions(overrides)?;
    let (experiment, plan) = checked(file, overrides)?;
    let known = |stage: &String| plan.runs.iter().any(|run| run.stages.contains_key(stage));
    let forced = selection.force.iter().flatten().find(|stage| !known(stage));
    if let Some(stage) = forced {
        // The same words as for `--only`.
        plan.only(&[stage]).map_err(|diagnostic| not_there("--force", &diagnostic))?;
    }
    let plan = match selection.only.as_slice() {
        [] => plan,
        stages => plan.only(stages).map_err(|diagnostic| not_there("--only", &diagnostic))?,
    };
    refuse_aimless(&experiment, &plan)?;
    let (search, plan) = match Searching::begin(&experiment, &selection.only)? {
        Some((search, first)) => (Some(search), first),
        None => (None, plan),
    };
    let project = Project::locate(Some(file))?;
    Ok(Prepared {
        cache: project.cache(places.cache_dir.as_deref()),
        reports: project.reports(places.reports_dir.as_deref()),
        places: data_places(&project),
        experiment,
        plan,
        search,
        project,
    })
}

/// A search needs the stages whose metrics it goes by.
fn refuse_aimless(experiment: &Experiment, plan: &Plan) -> Result<(), Stop> {
    let known = reported(plan);
    let mut objectives = experiment.search.iter().flat_map(|search| &search.objectives);
    let Some(lost) = objectives.find(|objective| !known.contains(&objective.metric)) else { return Ok(()) };
    let stage = lost.metric.rsplit_once('.').map_or("", |(stage, _)| stage);
    let stop = Stop::usage(format!("--only: the search goes by `{}`, which none of these stages reports", lost.metric));
    Err(stop.help(format!("add `--only {stage}`")))
}

/// A param is set or swept on the command line, and once, though either may override the file.
fn refuse_contradictions(overrides: &OverrideArgs) -> Result<(), Stop> {
    let set = overrides.set.iter().map(|text| ("--set", text));
    let mut given: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for (option, text) in set.chain(overrides.sweep.iter().map(|text| ("--sweep", text))) {
        let key = text.split('=').next().unwrap_or_default().trim();
        let Some((before, other)) = given.insert(key, (option, text)) else { continue };
        let message = format!("`{before} {other}` and `{option} {text}` contradict each other");
        let more = match before == option {
            true => format!(", or sweep several values as in `--sweep {key}=A,B`"),
            false => format!(": `{key}` is either set or swept"),
        };
        return Err(Stop::usage(message).help(format!("keep one of the two{more}")));
    }
    Ok(())
}

/// The experiment and its plan, or everything that is wrong with either.
fn checked(file: &Path, overrides: &OverrideArgs) -> Result<(Experiment, Plan), Stop> {
    let overrides =
        Overrides { set: overrides.set.clone(), sweep: overrides.sweep.clone(), repeats: overrides.repeats };
    let (experiment, problems) = config::read(file, &overrides);
    let Some(experiment) = experiment else { return Err(refuse(&problems)) };
    let started = Instant::now();
    let plan = plan::build(&experiment, &Registry);
    if let Ok(plan) = &plan {
        let (runs, stages) = (plan.runs.len(), plan.graph.node_count());
        tracing::info!(experiment = experiment.name, runs, stages, took = ?started.elapsed(), "planned");
    }
    match plan {
        Ok(plan) if experiment.whole => match unknown_metrics(&experiment, &plan) {
            wrong if wrong.is_empty() => Ok((experiment, plan)),
            wrong => Err(refuse(&problems.and(wrong))),
        },
        plan => Err(refuse(&problems.and(plan.err().unwrap_or_default()))),
    }
}

/// `stage.metric` of all that the stages of a plan report.
fn reported(plan: &Plan) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (stage, node) in plan.runs.iter().flat_map(|run| &run.stages) {
        let kind = registry::find(&plan.node(*node).kind);
        let metrics = kind.map_or(&[][..], |kind| kind.description().metrics);
        known.extend(metrics.iter().map(|(metric, _)| format!("{stage}.{metric}")));
    }
    known
}

/// The metrics that are asked for and that no stage of the plan reports.
fn unknown_metrics(experiment: &Experiment, plan: &Plan) -> Vec<Diagnostic> {
    let known = reported(plan);
    let objectives = experiment.search.iter().flat_map(|search| &search.objectives);
    let objectives = objectives.map(|objective| (&objective.metric, objective.span));
    let asked = experiment.metrics.iter().map(|asked| (&asked.metric, asked.span)).chain(objectives);
    let unknown = asked.filter(|(metric, _)| !known.contains(*metric)).map(|(metric, span)| {
        let written: Vec<&str> = known.iter().map(String::as_str).filter(|name| !merit::of_companion(name)).collect();
        let all = written.join(", ");
        let meant = match written.iter().filter(|name| merit::own(name) == *metric).collect::<Vec<_>>()[..] {
            [only] => Some(*only),
            _ => did_you_mean(metric, known.iter().map(String::as_str)),
        };
        let help = match meant {
            _ if known.is_empty() => {
                "none of the stages reports a metric: add one that does, such as one that uses `evaluate`".to_owned()
            }
            Some(meant) => format!("did you mean `{meant}`? There are {all}"),
            None => format!("the metrics are {all}"),
        };
        let problem = Diagnostic::new("unknown-metric", format!("no stage reports `{metric}`"));
        problem.at(span, "no such metric").help(help)
    });
    unknown.collect()
}

/// Where outside data is looked for.
pub fn data_places(project: &Project) -> Places {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let home = variable("HOME").or_else(|| variable("USERPROFILE")).unwrap_or_else(std::env::temp_dir);
    let user_cache = variable("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
    Places {
        project: project.root.clone(),
        data_dir: variable("PIPELINE_DATA_DIR").map(absolute),
        download_dir: absolute(user_cache.join("pipeline/data")),
    }
}

/// The launch's options, with the machine's cores where nothing is said.
pub fn options(machine: &MachineArgs, selection: &SelectionArgs, keep_going: bool) -> Options {
    let cores = available_parallelism().map_or(1, usize::from);
    let chosen = |number: Option<u32>| number.map_or(cores, |number| number as usize);
    let force = match &selection.force {
        None => Force::Nothing,
        Some(stages) if stages.is_empty() => Force::Everything,
        Some(stages) => Force::Stages(stages.clone()),
    };
    Options {
        jobs: chosen(machine.jobs),
        threads: chosen(machine.threads),
        keep_going,
        force,
        checkpoint_every: machine.checkpoint_every,
        device: machine.device,
    }
}

pub fn refuse(problems: &Problems) -> Stop {
    Stop::Explained { exit: Exit::InvalidPlan, text: problems.render(Paint::for_stderr().is_on()) }
}

fn not_there(option: &str, diagnostic: &Diagnostic) -> Stop {
    let stop = Stop::usage(format!("{option}: {}", diagnostic.message));
    diagnostic.help.iter().fold(stop, |stop, help| stop.help(help.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPELINE: &str = r#"
[pipeline]
name = "p"
[params]
latent = 4
[stages.load]
uses = "load"
dataset = "synthetic-digits"
[stages.model]
uses = "train-autoencoder"
inputs = { dataset = "load" }
encoder = ["dense ${latent}"]
decoder = ["dense 784 sigmoid", "reshape 28x28x1"]
[stages.latents]
uses = "extract-latents"
inputs = { model = "model", dataset = "load" }
"#;

    /// The first line of each thing that is said to be wrong, with the line it points at.
    fn wrong(pipeline: &str, experiment: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let (pipeline_file, file) = (folder.path().join("p.toml"), folder.path().join("e.toml"));
        std::fs::write(&pipeline_file, pipeline).unwrap();
        std::fs::write(&file, experiment).unwrap();
        let Err(Stop::Explained { exit, text }) = checked(&file, &OverrideArgs::default()) else {
            panic!("nothing is wrong")
        };
        assert_eq!(exit, Exit::InvalidPlan);
        let text = text.replace(&format!("{}/", folder.path().display()), "");
        let told = |line: &&str| line.starts_with("error") || line.trim_start().starts_with("-->");
        let lines: Vec<&str> = text.lines().filter(told).map(str::trim).collect();
        lines.join("\n").replace("\n-->", " -->")
    }

    const EXPERIMENT: &str = "pipeline = \"p.toml\"\n";

    #[test]
    fn both_files_are_told_of_at_once() {
        let pipeline =
            PIPELINE.replace("uses = \"load\"", "uses = \"lod\"").replace("dense ${latent}", "dence ${latent}");
        insta::assert_snapshot!(wrong(&pipeline, &format!("{EXPERIMENT}titel = \"x\"\nrepeats = 0\n")), @r"
        error[unknown-key]: an experiment has no key `titel` --> e.toml:2:1
        error[out-of-range]: `repeats` is 0, outside its range --> e.toml:3:11
        error[unknown-kind]: there is no stage kind `lod` --> p.toml:7:8
        error[unfit-param]: `encoder` of `model`: `dence` is not a layer --> p.toml:12:12
        ");
    }

    #[test]
    fn a_syntax_error_in_the_experiment_does_not_hide_the_pipelines_mistakes() {
        let pipeline = PIPELINE.replace("uses = \"load\"", "uses = \"lod\"");
        insta::assert_snapshot!(wrong(&pipeline, &format!("{EXPERIMENT}repeats =\n")), @r"
        error[toml-syntax]: not valid TOML: string values must be quoted --> e.toml:2:10
        error[unknown-kind]: there is no stage kind `lod` --> p.toml:7:8
        ");
    }

    #[test]
    fn a_missing_parent_does_not_hide_the_pipelines_mistakes() {
        let pipeline = PIPELINE.replace("uses = \"load\"", "uses = \"lod\"");
        insta::assert_snapshot!(wrong(&pipeline, &format!("{EXPERIMENT}extends = \"none.toml\"\n")), @r"
        error[missing-file]: there is no file none.toml --> e.toml:2:11
        error[unknown-kind]: there is no stage kind `lod` --> p.toml:7:8
        ");
    }

    #[test]
    fn an_empty_pipeline_is_not_blamed_on_the_experiment() {
        insta::assert_snapshot!(wrong("", &format!("{EXPERIMENT}[params]\nlatent = 3\n[sweep]\nwidth = [1, 2]\n")), @"error[no-stages]: p.toml has no stages --> p.toml:1:1");
        let misnamed = PIPELINE.replace("[params]", "[param]");
        insta::assert_snapshot!(wrong(&misnamed, &format!("{EXPERIMENT}[params]\nlatent = 3\n")), @"error[unknown-key]: a pipeline has no key `param` --> p.toml:4:2");
    }

    #[test]
    fn a_stage_in_doubt_is_blamed_once_and_the_others_are_checked() {
        let pipeline = PIPELINE.replace("${latent}", "${latnt}").replace("model = \"model\"", "model = \"load\"");
        insta::assert_snapshot!(wrong(&pipeline, EXPERIMENT), @r"
        error[unknown-param]: there is no param `latnt` --> p.toml:12:19
        error[wrong-wire]: the input `model` of `latents` takes Model, but `load` carries Dataset --> p.toml:16:20
        ");
        let nameless = PIPELINE.replace("uses = \"train-autoencoder\"\n", "");
        insta::assert_snapshot!(wrong(&nameless, EXPERIMENT), @"error[missing-key]: the stage `model` does not say what it uses --> p.toml:9:9");
    }

    #[test]
    fn params_that_cannot_be_followed_hide_no_other_mistake() {
        let wrong_of = |params: &str, latent: &str| {
            let pipeline = PIPELINE.replace("latent = 4", params).replace("${latent}", latent);
            wrong(&pipeline.replace("uses = \"load\"", "uses = \"lod\"").replace("{ model =", "{ modl ="), EXPERIMENT)
        };
        let [circle, range, list] = [
            wrong_of("a = \"${b}\"\nb = \"${a}\"", "${a}"),
            wrong_of("a = 3\nb = { default = \"${a}\", range = [5, 6] }", "${b}"),
            wrong_of("a = [1]", "${a}"),
        ];
        insta::assert_snapshot!([circle, range, list].join("\n\n"), @r"
        error[cyclic-params]: params refer to each other: `a` -> `b` -> `a` --> p.toml:6:5
        error[unknown-kind]: there is no stage kind `lod` --> p.toml:8:8
        error[unknown-input]: `extract-latents` has no input `modl` --> p.toml:17:12

        error[out-of-range]: `b` is 3, outside its range --> p.toml:5:5
        error[unknown-kind]: there is no stage kind `lod` --> p.toml:8:8
        error[unknown-input]: `extract-latents` has no input `modl` --> p.toml:17:12

        error[unknown-kind]: there is no stage kind `lod` --> p.toml:7:8
        error[not-text]: `a` is a list --> p.toml:12:12
        error[unknown-input]: `extract-latents` has no input `modl` --> p.toml:16:12
        ");
    }

    #[test]
    fn a_value_that_does_not_fit_brings_no_other_complaints() {
        // With the default in its place the decoder would not fit.
        let pipeline =
            PIPELINE.replace("latent = 4", "latent = 4\npixels = 784").replace("dense 784", "dense ${pixels}");
        insta::assert_snapshot!(wrong(&pipeline, &format!("{EXPERIMENT}[params]\npixels = \"many\"\n")), @"error[wrong-type]: `pixels` wants an integer, not a string --> e.toml:3:10");
        let elsewhere = pipeline.replace("pixels = 784", "pixels = 3");
        insta::assert_snapshot!(wrong(&elsewhere, &format!("{EXPERIMENT}[params]\npixls = 784\n")), @"error[unknown-param]: there is no param `pixls` --> e.toml:3:1");
    }
}

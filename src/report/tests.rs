//! Tests of the report as a whole, on made-up artifacts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::artifact::ArtifactType;
use crate::event::Status;
use crate::report::figures::{Options, figures};
use crate::report::fixture::{self, Maker};
use crate::report::page::fixture::{experiment, map, run, text_between, whole_page};
use crate::report::page::{FiguresDir, RunPage, run_page, write_experiment, write_run};
use crate::report::section::{Level, Report};
use crate::report::source::Source;

fn report(sources: &[Source], directory: &Path) -> Report {
    let options = Options { title: "A run".into(), samples: 8, rows: 20 };
    fs::create_dir_all(directory).unwrap();
    figures(sources, &options, directory, |_, _| true).unwrap().unwrap()
}

fn files(directory: &Path) -> FiguresDir {
    let name = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), entry.path());
    fs::read_dir(directory).unwrap().map(|entry| name(entry.unwrap())).collect()
}

/// Pages to look at: `cargo test --release --lib report::tests::sample_pages -- --ignored` writes `target/sample-report`.
#[test]
#[ignore = "writes pages for people to look at"]
fn sample_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sample-report");
    report(&fixture::everything(&root.join("artifacts")), &root.join("figures"));
    let figures = files(&root.join("figures"));
    write_run(&root.join("reports"), &run(Some(figures.clone()))).unwrap();
    let mut page = experiment(Some(&figures));
    let sources = ["one", "other"].map(|name| fixture::everything(&root.join(name)));
    page.runs.iter_mut().enumerate().for_each(|(at, run)| run.sources.clone_from(&sources[at % 2]));
    write_experiment(&root.join("reports"), &page).unwrap();
}

#[test]
fn every_artifact_has_its_sections_and_missing_ones_have_none() {
    let dir = tempfile::tempdir().unwrap();
    let sources = fixture::everything(&dir.path().join("in"));
    let ids = |report: &Report| report.sections.iter().map(|section| section.id.clone()).collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(
        ids(&report(&sources, &dir.path().join("all"))),
        @"data layers training-autoencoder variational-autoencoder reconstructions-evaluate errors-evaluate samples-samples baseline-autoencoder.baseline latent-space classifier-classifier predictions-predict clusters-clusters anomaly-anomaly series"
    );
    let one = |artifact_type: ArtifactType| {
        let some: Vec<Source> =
            sources.iter().filter(|source| source.artifact_type == artifact_type).cloned().collect();
        ids(&report(&some, &dir.path().join(format!("{artifact_type}"))))
    };
    assert_eq!(one(ArtifactType::Embedding), "latent-space");
    assert_eq!(one(ArtifactType::Baseline), "baseline-autoencoder.baseline");
    let baseline = sources.iter().find(|source| source.artifact_type == ArtifactType::Baseline).unwrap();
    let twice = [baseline.clone(), Source { stage: "other".into(), ..baseline.clone() }];
    assert_eq!(
        ids(&report(&twice, &dir.path().join("twice"))),
        "baseline-autoencoder.baseline",
        "equal ones are shown once"
    );
    assert_eq!(one(ArtifactType::Figures), "");
    assert_eq!(report(&[], &dir.path().join("none")).sections, []);
}

#[test]
fn the_same_artifacts_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let sources = fixture::everything(&dir.path().join("in"));
    let made = ["a", "b"].map(|name| {
        report(&sources, &dir.path().join(name));
        let figures = files(&dir.path().join(name));
        let bytes: BTreeMap<String, Vec<u8>> =
            figures.iter().map(|(name, path)| (name.clone(), fs::read(path).unwrap())).collect();
        (bytes, run_page(&run(Some(figures.clone()))).unwrap(), whole_page(&experiment(Some(&figures))))
    });
    assert!(made[0] == made[1]);
}

#[test]
fn pictures_have_the_size_that_is_written_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let made = report(&fixture::everything(&dir.path().join("in")), &dir.path().join("out"));
    let figures: Vec<_> = made.sections.iter().flat_map(|section| &section.figures).collect();
    assert!(figures.len() > 15);
    for figure in figures {
        let picture = image::open(dir.path().join("out").join(&figure.file)).unwrap();
        assert_eq!((picture.width(), picture.height()), (figure.width, figure.height), "{}", figure.file);
        assert!(!figure.alt.is_empty());
    }
}

#[test]
fn pages_need_nothing_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    report(&fixture::everything(&dir.path().join("in")), &dir.path().join("out"));
    let figures = files(&dir.path().join("out"));
    for page in [run_page(&run(Some(figures.clone()))).unwrap(), whole_page(&experiment(Some(&figures)))] {
        for source in page.split("src=\"").skip(1) {
            assert!(source.starts_with("data:image/"), "{}", &source[..40]);
        }
        assert!(!page.contains("url(") && !page.contains("@import") && !page.contains("<link"));
        for link in page.split("href=\"").skip(1) {
            let link = link.split('"').next().unwrap();
            let inside = link.starts_with('#') || link.starts_with("data:text/csv") || link.ends_with(".html");
            assert!(inside && !link.contains("://"), "{link}");
        }
    }
}

#[test]
fn what_users_write_is_text_and_never_markup() {
    let evil = "<script>alert('x')</script>\"onload=x`<i>`";
    let table_cell = format!("\"{}\"", evil.replace('"', "\"\""));
    let dir = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(&dir.path().join("in"));
    maker
        .begin(ArtifactType::Metrics, evil)
        .json("metrics.json", &json!({"metrics": {evil: 1.0}, "series": {evil: [1.0, 2.0]}, "warnings": [evil]}))
        .begin(ArtifactType::Classifier, evil)
        .json("model.json", &json!({"input": [3], "classes": [evil], "on": evil}))
        .text("history.csv", &format!("epoch,{table_cell}\n1,2\n"))
        .text("confusion.csv", &format!("true,{table_cell}\n{table_cell},3\n"))
        .begin(ArtifactType::Anomaly, evil)
        .json("anomaly.json", &json!({"threshold": 0.5, "anomalies": [evil], "metrics": {evil: 1.0}}))
        .array::<f32>("scores.npy", &[1], &[0.4]);
    report(&maker.sources, &dir.path().join("out"));
    let mut page = run(Some(files(&dir.path().join("out"))));
    page.title = evil.into();
    page.question = evil.into();
    page.experiment = evil.into();
    page.id = evil.into();
    page.warnings = vec![evil.into()];
    page.variant = map(json!({evil: evil}));
    page.metrics = [(evil.to_owned(), 1.0)].into();
    page.stages[0].stage = evil.into();
    page.stages[0].kind = evil.into();
    page.stages[0].error = Some(evil.into());
    page.stages[0].variant = map(json!({evil: evil}));
    page.stages[0].metrics = [(evil.to_owned(), 1.0)].into();
    page.stages[0].artifacts[0].files[0].path = evil.into();
    page.stages[0].reasons[0].what = evil.into();
    page.provenance.command_line = vec![evil.into()];
    page.provenance.working_directory = evil.into();
    page.params = map(json!({evil: evil}));
    page.config = json!({evil: evil});
    let mut whole = experiment(None);
    whole.name = evil.into();
    whole.title = evil.into();
    whole.swept = vec![evil.into()];
    for run in &mut whole.runs {
        run.run.params = page.variant.clone().into();
        run.run.id = evil.into();
        run.link = Some(evil.into());
        run.warnings = vec![evil.into()];
    }
    let mut single = whole.clone();
    single.runs.truncate(1);
    single.runs[0].figures = page.figures.clone();
    single.stages = page.stages.clone();
    for html in [run_page(&page).unwrap(), whole_page(&whole), whole_page(&single)] {
        assert!(!html.contains("<script>alert") && !html.contains("<i>"));
        assert!(!html.contains("\"onload=x"));
        assert!(html.contains("&lt;script&gt;alert"));
    }
    let path = write_run(&dir.path().join("reports"), &page).unwrap();
    assert!(path.starts_with(dir.path().join("reports")));
}

#[test]
fn a_model_no_better_than_the_mean_image_is_called_collapsed() {
    let dir = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(&dir.path().join("in"));
    maker
        .begin(ArtifactType::Evaluation, "evaluate")
        .json("evaluation.json", &json!({"metrics": {"mse": 0.0676}, "definitions": {}}))
        .begin(ArtifactType::Baseline, "baseline")
        .json("baseline.json", &json!({"constant_mse": 0.0675, "dimensions": 1, "split": "test"}))
        .text("curve.csv", "latent_dim,mse\n0,0.0675\n1,0.06\n");
    let report = report(&maker.sources, &dir.path().join("out"));
    let notes: Vec<_> = report.sections.iter().flat_map(|section| &section.notes).collect();
    assert_eq!(notes[0].level, Level::Warning);
    insta::assert_snapshot!(notes[0].text, @"Collapsed: evaluate has MSE 0.06760, no better than the constant mean image (0.06750).");
}

#[test]
fn figures_of_companions_never_head_a_page() {
    let companions: BTreeMap<String, f64> = [("classifier.probe.test_accuracy".to_owned(), 0.896)].into();
    let interrupted = RunPage { metrics: companions.clone(), figures: None, ..run(None) };
    let mut all = experiment(None);
    all.runs.iter_mut().for_each(|run| run.run.metrics = companions.clone().into_iter().collect());
    let (head, _) = whole_page(&all).split_once("id=\"metrics\"").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    for page in [run_page(&interrupted).unwrap(), head] {
        assert!(!page.contains("test accuracy") && !page.contains("0.896"), "{page}");
    }
}

#[test]
fn empty_and_broken_numbers_are_drawn_without_harm() {
    let dir = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(&dir.path().join("in"));
    let nan = f32::NAN;
    maker
        .begin(ArtifactType::Model, "none")
        .json("model.json", &json!({"input": [1, 1, 3], "layers": [], "latent_dim": 1}))
        .text("history.csv", "epoch,train_loss,val_loss\n")
        .begin(ArtifactType::Model, "nan")
        .json("model.json", &json!({"input": [1, 1, 3], "layers": []}))
        .text("history.csv", "epoch,train_loss,val_loss\n1,NaN,\n2,inf,1e300\n")
        .begin(ArtifactType::Embedding, "empty")
        .json("embedding.json", &json!({"method": "pca", "split": "test"}))
        .array::<f32>("points.npy", &[0, 2], &[])
        .begin(ArtifactType::Embedding, "nans")
        .json(
            "embedding.json",
            &json!({"method": "tsne", "split": "test", "classes": ["a"], "metrics": {"kl_divergence": null}}),
        )
        .array("points.npy", &[3, 2], &[nan, nan, 1.0, 1.0, f32::INFINITY, 0.0])
        .array::<u32>("labels.npy", &[3], &[0, 9, 0])
        .begin(ArtifactType::Evaluation, "features")
        .json("evaluation.json", &json!({"metrics": {"mse": null}, "definitions": {}}))
        .array("originals.npy", &[2, 1, 1, 3], &[nan; 6])
        .array("sample_errors.npy", &[2], &[nan, nan])
        .array("mean_error_map.npy", &[1, 1, 3], &[nan; 3])
        .begin(ArtifactType::Anomaly, "anomaly")
        .json("anomaly.json", &json!({"threshold": null, "metrics": {"auroc": null}}))
        .array::<f32>("scores.npy", &[0], &[])
        .text("roc.csv", "threshold,false_positive_rate,true_positive_rate\n")
        .begin(ArtifactType::Classifier, "classifier")
        .json("model.json", &json!({"input": [3], "classes": []}))
        .text("history.csv", "epoch,train_loss\n")
        .text("confusion.csv", "true\n")
        .begin(ArtifactType::Predictions, "predict")
        .json("predictions.json", &json!({"classes": [], "samples": [5]}))
        .text("predictions.csv", "index,label,predicted,confidence,correct\n")
        .array::<f32>("probabilities.npy", &[0, 0], &[])
        .begin(ArtifactType::Clusters, "clusters")
        .json("clusters.json", &json!({"k": 1, "split": "test", "metrics": {"inertia": null}}))
        .text("table.csv", "cluster,size\n0,0\n")
        .begin(ArtifactType::Baseline, "baseline")
        .json("baseline.json", &json!({"constant_mse": null, "dimensions": 1, "split": "test"}))
        .text("curve.csv", "latent_dim,mse\n0,NaN\n1,NaN\n")
        .begin(ArtifactType::Metrics, "metrics")
        .json(
            "metrics.json",
            &json!({"metrics": {"loss": null}, "series": {"loss": [null, 1.0, null]}, "warnings": []}),
        );
    report(&maker.sources, &dir.path().join("out"));
    run_page(&run(Some(files(&dir.path().join("out"))))).unwrap();
    let mut page = experiment(None);
    for run in &mut page.runs {
        run.run.metrics = [("evaluate.mse".to_owned(), f64::NAN)].into_iter().collect();
    }
    whole_page(&page);
    page.runs.clear();
    whole_page(&page);
}

#[test]
fn a_run_that_failed_on_the_way_has_its_curves() {
    let mut page = run(None);
    page.stages[2].status = Status::Failed;
    page.stages[2].series = [("val_loss".to_owned(), vec![0.4, 0.3, f64::NAN, 0.5])].into();
    let html = run_page(&page).unwrap();
    insta::assert_snapshot!(text_between(&html, "<section id=\"series\"", "</section>"), @"Series stage series points first last lowest highest course autoencoder val_loss 4 0.4000 0.5000 0.3000 0.5000");
    assert!(html.contains("<svg class=\"spark\""));
}

#[test]
fn the_page_of_an_experiment_with_one_run_shows_all_of_that_run() {
    let dir = tempfile::tempdir().unwrap();
    report(&fixture::everything(&dir.path().join("in")), &dir.path().join("out"));
    let mut page = experiment(Some(&files(&dir.path().join("out"))));
    page.runs.truncate(1);
    let html = whole_page(&page);
    for id in ["data", "layers", "training-autoencoder", "reconstructions-evaluate", "latent-space", "metrics", "files"]
    {
        assert!(html.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    assert!(html.contains("<a href=\"dense_vs_conv/r-dense-2-1.html\">The run’s own page</a>"));
}

#[test]
fn of_two_models_the_collapsed_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut maker = Maker::new(&dir.path().join("in"));
    for (stage, warnings) in [("small.baseline", json!([])), ("large.baseline", json!(["collapsed: no better"]))] {
        maker.begin(ArtifactType::Metrics, stage).json("metrics.json", &json!({"metrics": {}, "warnings": warnings}));
    }
    maker
        .begin(ArtifactType::Baseline, "small.pca")
        .json("baseline.json", &json!({"constant_mse": 0.07, "dimensions": 1, "split": "test"}))
        .text("curve.csv", "latent_dim,mse\n0,0.07\n1,0.05\n");
    let made = report(&maker.sources, &dir.path().join("out"));
    let told: Vec<&str> = made.sections[0].notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(told, ["`large.baseline`: collapsed: no better"]);
}

#[test]
fn images_left_out_of_a_figure_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut sources = fixture::everything(&dir.path().join("in"));
    sources.retain(|source| source.artifact_type == ArtifactType::Samples);
    let told = |samples: usize| {
        let options = Options { title: String::new(), samples, rows: 20 };
        let out = dir.path().join(samples.to_string());
        fs::create_dir_all(&out).unwrap();
        let made = figures(&sources, &options, &out, |_, _| true).unwrap().unwrap();
        let alts = made.sections[0].figures.iter().map(|figure| figure.alt.clone());
        alts.filter_map(|alt| Some(alt.split_once(" (the")?.1.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(told(1), [" first 8 of 12)", " first 1 of 2)"]);
    assert!(told(2).is_empty());
}

#[test]
fn data_sets_stand_in_the_order_they_are_prepared_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut sources = fixture::everything(&dir.path().join("in"));
    sources.reverse();
    let made = report(&sources, &dir.path().join("out"));
    let table = &made.sections[0].tables[0];
    let stages: Vec<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(stages, ["load", "normalize", "split", "noise", "latents"]);
}

#[test]
fn a_long_name_becomes_a_file_name_of_its_own() {
    let of = |end: &str| super::figures::file_name(&format!("decoder-{}{end}", "dense 128 relu, ".repeat(40)));
    assert!(of("a").len() < 140 && of("a").starts_with("decoder-dense-128-relu--"), "{}", of("a"));
    assert_ne!(of("a"), of("b"));
}

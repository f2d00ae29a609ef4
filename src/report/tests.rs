//! Tests of the report as a whole, on made-up artifacts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::artifact::ArtifactType;
use crate::event::Status;
use crate::report::figures::{Options, figures};
use crate::report::fixture::{self, Maker};
use crate::report::page::fixture::{experiment, map, run};
use crate::report::page::{
    ExperimentPage, FiguresDir, RunPage, experiment_page, galleries, run_page, write_experiment, write_run,
};
use crate::report::section::{Level, Report};
use crate::report::source::Source;

fn report(sources: &[Source], directory: &Path) -> Report {
    let options = Options { title: "A run".into(), samples: 8, rows: 20 };
    fs::create_dir_all(directory).unwrap();
    figures(sources, &options, directory, |_, _| true).unwrap().unwrap()
}

fn whole_page(page: &ExperimentPage) -> crate::report::Result<String> {
    experiment_page(page, &galleries(page)?)
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
    let sources = fixture::everything(&root.join("artifacts"));
    page.runs.iter_mut().for_each(|run| run.sources.clone_from(&sources));
    write_experiment(&root.join("reports"), &page).unwrap();
}

#[test]
fn what_variants_make_of_the_same_samples_stands_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let mut page = experiment(None);
    let names = |page: &ExperimentPage| {
        let galleries = galleries(page).unwrap();
        let files = galleries.iter().flat_map(|gallery| &gallery.plots).map(|plot| plot.figure.file.clone());
        files.filter(|file| !file.contains("-latent_dim.")).collect::<Vec<_>>().join(" ")
    };
    insta::assert_snapshot!(names(&page), @"differences-evaluate.mse.png differences-classifier.test_accuracy.png importance-evaluate.mse.png importance-classifier.test_accuracy.png parallel.png");
    let sources = fixture::everything(dir.path());
    page.runs.iter_mut().for_each(|run| run.sources.clone_from(&sources));
    insta::assert_snapshot!(names(&page), @"differences-evaluate.mse.png differences-classifier.test_accuracy.png importance-evaluate.mse.png importance-classifier.test_accuracy.png parallel.png reconstructions-evaluate-dense.png reconstructions-evaluate-conv.png embeddings-pca.png embeddings-tsne.png");
    page.runs.truncate(1);
    assert_eq!(names(&page), "", "a single run is compared with nothing");
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
        (bytes, run_page(&run(Some(figures.clone()))).unwrap(), whole_page(&experiment(Some(&figures))).unwrap())
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
    for page in [run_page(&run(Some(figures.clone()))).unwrap(), whole_page(&experiment(Some(&figures))).unwrap()] {
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
        run.variant = page.variant.clone();
        run.id = evil.into();
        run.link = Some(evil.into());
        run.warnings = vec![evil.into()];
    }
    let mut single = whole.clone();
    single.runs.truncate(1);
    single.runs[0].figures = page.figures.clone();
    single.stages = page.stages.clone();
    for html in [run_page(&page).unwrap(), whole_page(&whole).unwrap(), whole_page(&single).unwrap()] {
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
    all.runs.iter_mut().for_each(|run| run.metrics = companions.clone());
    let (head, _) =
        whole_page(&all).unwrap().split_once("id=\"metrics\"").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
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
        run.metrics = [("evaluate.mse".to_owned(), f64::NAN)].into();
    }
    whole_page(&page).unwrap();
    page.runs.clear();
    whole_page(&page).unwrap();
}

/// The first words between two pieces of a page, without tags.
fn text_between(page: &str, from: &str, to: &str) -> String {
    let after = page.split_once(from).unwrap().1;
    let mut text = String::new();
    for piece in after.split_once(to).unwrap().0.split('<') {
        text += piece.split_once('>').map_or(piece, |(_, text)| text);
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_experiments_question_is_answered_before_anything_else() {
    let page = whole_page(&experiment(None)).unwrap();
    insta::assert_snapshot!(text_between(&page, "<div class=\"answer\">", "<div class=\"scroll\">"), @"Conclusion architecture=conv, latent_dim=32 has the lowest test MSE, 0.00510 ± 0.00058, 0.0016 less than the next, architecture=dense, latent_dim=32 (95 % interval -0.0004 to 0.0036; 3 pairs by seed; p = 0.14 after Holm's correction for 5 comparisons): the data do not support it. If the effect is what it looks like, about 13 seeds of each would show it four times in five: 10 more. 3 of the 5 others are clearly worse. architecture=conv, latent_dim=32 has the highest test accuracy, 0.9697 ± 0.0017, 0.0049 more than the next, architecture=dense, latent_dim=32 (95 % interval -0.0011 to 0.0108; 3 pairs by seed; p = 0.14 after Holm's correction for 5 comparisons): the data do not support it. If the effect is what it looks like, about 13 seeds of each would show it four times in five: 10 more. 3 of the 5 others are clearly worse. dense or conv? The test MSE is lowest with conv at latent_dim 8 and 32 (every seed of the one beats every seed of the other). In test MSE, the seeds overlap at latent_dim 2: so few runs do not tell which is better.");
    let mut once = experiment(None);
    once.runs.retain(|run| run.seed == 1);
    let page = whole_page(&once).unwrap();
    insta::assert_snapshot!(text_between(&page, "<div class=\"answer\">", "<div class=\"scroll\">"), @"Conclusion architecture=conv, latent_dim=32 has the lowest test MSE, 0.00484, 0.001464 less than the next, architecture=dense, latent_dim=32. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3. architecture=conv, latent_dim=32 has the highest test accuracy, 0.9705, 0.004391 more than the next, architecture=dense, latent_dim=32. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3. dense or conv? The test MSE is lowest with conv at latent_dim 2, 8 and 32 (one seed each, so this may be chance).");
}

#[test]
fn values_that_are_no_words_are_asked_about_by_name() {
    let mut page = experiment(None);
    page.runs.retain(|run| run.variant["latent_dim"] == 8);
    for run in &mut page.runs {
        run.variant = map(json!({"tied": run.variant["architecture"] == "conv"}));
    }
    page.swept = vec!["tied".into()];
    let html = whole_page(&page).unwrap();
    insta::assert_snapshot!(text_between(&html, "<div class=\"answer\">", "<div class=\"scroll\">"), @"Conclusion tied=true has the lowest test MSE, 0.01245 ± 0.00060, 0.00283 less than the other, tied=false (95 % interval 0.00230 to 0.00336; 3 pairs by seed; p = 0.002): the data support it. tied=true has the highest test accuracy, 0.9476 ± 0.0018, 0.0085 more than the other, tied=false (95 % interval 0.0069 to 0.0101; 3 pairs by seed; p = 0.002): the data support it. tied false or true? The test MSE is lowest with tied true (every seed of the one beats every seed of the other).");
}

#[test]
fn losses_that_measure_different_things_are_no_contest() {
    let mut page = experiment(None);
    for run in &mut page.runs {
        run.metrics = [("autoencoder.val_loss".to_owned(), 0.1), ("evaluate.mse".to_owned(), 0.01)].into();
    }
    let is_key = |page: &ExperimentPage| whole_page(page).unwrap().contains("best validation loss");
    assert!(is_key(&page));
    page.incomparable = ["autoencoder.val_loss".to_owned()].into();
    assert!(!is_key(&page));
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
fn what_several_runs_warn_of_is_said_once() {
    let mut page = experiment(None);
    for (index, run) in page.runs.iter_mut().enumerate().take(5) {
        run.warnings = vec![format!("collapsed: error 0.06{index} is no better than the mean image"), "both".into()];
    }
    let html = whole_page(&page).unwrap();
    insta::assert_snapshot!(text_between(&html, "role=\"note\">", "</div>"), @"collapsed: error 0.060 is no better than the mean image (5 of 18 runs, each with its own numbers: architecture=dense, latent_dim=2, seeds 1, 2, 3; architecture=dense, latent_dim=8, seeds 1, 2) both (5 of 18 runs: architecture=dense, latent_dim=2, seeds 1, 2, 3; architecture=dense, latent_dim=8, seeds 1, 2) collapsed: no better than the mean image (architecture=conv, latent_dim=2, seed 2)");
}

#[test]
fn what_a_run_warns_of_twice_with_other_numbers_is_said_twice() {
    let mut page = experiment(None);
    page.runs.truncate(2);
    page.runs[0].warnings = vec!["only 13 samples".into(), "only 20 samples".into()];
    let warned = |page: &ExperimentPage| text_between(&whole_page(page).unwrap(), "role=\"note\">", "</div>");
    insta::assert_snapshot!(warned(&page), @"only 13 samples (architecture=dense, latent_dim=2, seed 1) only 20 samples (architecture=dense, latent_dim=2, seed 1)");
    page.runs.truncate(1);
    insta::assert_snapshot!(warned(&page), @"only 13 samples only 20 samples");
}

#[test]
fn the_page_of_an_experiment_with_one_run_shows_all_of_that_run() {
    let dir = tempfile::tempdir().unwrap();
    report(&fixture::everything(&dir.path().join("in")), &dir.path().join("out"));
    let mut page = experiment(Some(&files(&dir.path().join("out"))));
    page.runs.truncate(1);
    let html = whole_page(&page).unwrap();
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
fn numbers_are_sorted_as_numbers() {
    let mut page = experiment(None);
    page.swept.push("noise".into());
    for (run, noise) in page.runs.iter_mut().zip([json!(0.5), json!(0.25), json!(1e-7)]) {
        run.variant.insert("noise".into(), noise);
    }
    page.runs[3].metrics.clear();
    let html = whole_page(&page).unwrap();
    for cell in
        ["data-value=\"0.5\">0.5<", "data-value=\"0.25\">0.25<", "data-value=\"1e-7\">0.0000001<", "<td class=\"n\">–<"]
    {
        assert!(html.contains(cell), "{cell}");
    }
    assert!(html.contains("<td>conv</td>"), "words have no number to sort by");
}

#[test]
fn a_page_without_a_title_has_the_experiments_name() {
    let page = RunPage { title: String::new(), ..run(None) };
    assert!(run_page(&page).unwrap().contains("<title>dense_vs_conv · r-7f3a91c2</title>"));
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
fn a_page_that_did_not_change_is_not_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let page = run(None);
    let path = write_run(dir.path(), &page).unwrap();
    assert_eq!(path, dir.path().join("dense_vs_conv/architecture-conv_latent_dim-8_seed-1.html"));
    let mut locked = fs::metadata(&path).unwrap().permissions();
    locked.set_readonly(true);
    fs::set_permissions(&path, locked).unwrap();
    write_run(dir.path(), &page).unwrap();
    assert!(fs::metadata(&path).unwrap().permissions().readonly(), "a file written anew would be writable");
    write_run(dir.path(), &RunPage { title: "Another title".into(), ..page }).unwrap();
    assert!(!fs::metadata(&path).unwrap().permissions().readonly());
    assert_eq!(fs::read_dir(dir.path().join("dense_vs_conv")).unwrap().count(), 1, "nothing temporary is left");
}

#[test]
fn a_long_name_becomes_a_file_name_of_its_own() {
    let of = |end: &str| super::figures::file_name(&format!("decoder-{}{end}", "dense 128 relu, ".repeat(40)));
    assert!(of("a").len() < 140 && of("a").starts_with("decoder-dense-128-relu--"), "{}", of("a"));
    assert_ne!(of("a"), of("b"));
}

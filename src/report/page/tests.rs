//! Tests of pages, on made-up runs.

use std::fs;
use std::sync::Arc;

use serde_json::json;

use crate::merit::Better;
use crate::named::Named;
use crate::report::fixture;
use crate::report::page::fixture::{experiment, map, run, text_between, whole_page, with};
use crate::report::page::{ExperimentPage, RunPage, SearchSummary, experiment_page, run_page, write_run};

/// Names of the pictures.
fn pictures(page: &ExperimentPage) -> Vec<String> {
    experiment_page(page).unwrap().1.into_iter().map(|plot| plot.figure.file).collect()
}

#[test]
fn what_variants_make_of_the_same_samples_stands_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let mut page = experiment(None);
    let names = |page: &ExperimentPage| {
        let files = pictures(page).into_iter().filter(|file| !file.contains("-latent_dim."));
        files.collect::<Vec<_>>().join(" ")
    };
    insta::assert_snapshot!(names(&page), @"differences-evaluate.mse.png differences-classifier.test_accuracy.png importance-evaluate.mse.png importance-classifier.test_accuracy.png parallel.png");
    let sources = ["one", "other"].map(|name| fixture::everything(&dir.path().join(name)));
    let parted = page.clone();
    page.runs.iter_mut().for_each(|run| run.sources.clone_from(&sources[0]));
    assert_eq!(names(&page), names(&parted), "what all variants share tells nothing of them");
    page.runs.iter_mut().enumerate().for_each(|(at, run)| run.sources.clone_from(&sources[at % 2]));
    insta::assert_snapshot!(names(&page), @"differences-evaluate.mse.png differences-classifier.test_accuracy.png importance-evaluate.mse.png importance-classifier.test_accuracy.png parallel.png reconstructions-evaluate-dense.png reconstructions-evaluate-conv.png embeddings-pca.png embeddings-tsne.png");
    page.runs.truncate(1);
    assert_eq!(names(&page), "", "a single run is compared with nothing");
}

#[test]
fn the_experiments_question_is_answered_before_anything_else() {
    let page = whole_page(&experiment(None));
    insta::assert_snapshot!(text_between(&page, "<div class=\"answer\">", "<div class=\"scroll\">"), @"Conclusion architecture=conv, latent_dim=32 has the lowest test MSE, 0.00510 ± 0.00058, 0.0016 less than the next, architecture=dense, latent_dim=32 (95 % interval -0.0004 to 0.0036; 3 pairs by seed; p = 0.14 after Holm's correction for 5 comparisons): the data do not support it. If the effect is what it looks like, about 13 seeds of each would show it four times in five: 10 more. 3 of the 5 others are clearly worse. architecture=conv, latent_dim=32 has the highest test accuracy, 0.9697 ± 0.0017, 0.0049 more than the next, architecture=dense, latent_dim=32 (95 % interval -0.0011 to 0.0108; 3 pairs by seed; p = 0.14 after Holm's correction for 5 comparisons): the data do not support it. If the effect is what it looks like, about 13 seeds of each would show it four times in five: 10 more. 3 of the 5 others are clearly worse. dense or conv? The test MSE is lowest with conv at latent_dim 8 (the data support it). In test MSE, these runs do not tell which is better at latent_dim 2 and 32.");
    let mut once = experiment(None);
    once.runs.retain(|run| run.run.seed == 1);
    let page = whole_page(&once);
    insta::assert_snapshot!(text_between(&page, "<div class=\"answer\">", "<div class=\"scroll\">"), @"Conclusion architecture=conv, latent_dim=32 has the lowest test MSE, 0.00484, 0.001464 less than the next, architecture=dense, latent_dim=32. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3. architecture=conv, latent_dim=32 has the highest test accuracy, 0.9705, 0.004391 more than the next, architecture=dense, latent_dim=32. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3. dense or conv? The test MSE is lowest with conv at latent_dim 2, 8 and 32 (too few seeds for a test, so this may be chance).");
}

#[test]
fn values_that_are_no_words_are_asked_about_by_name() {
    let mut page = experiment(None);
    page.runs.retain(|run| run.run.params["latent_dim"] == 8);
    for run in &mut page.runs {
        run.run.params = map(json!({"tied": run.run.params["architecture"] == "conv"})).into();
    }
    page.swept = vec!["tied".into()];
    let html = whole_page(&page);
    insta::assert_snapshot!(text_between(&html, "<div class=\"answer\">", "<div class=\"scroll\">"), @"Conclusion tied=true has the lowest test MSE, 0.01245 ± 0.00060, 0.00283 less than the other, tied=false (95 % interval 0.00230 to 0.00336; 3 pairs by seed; p = 0.002): the data support it. tied=true has the highest test accuracy, 0.9476 ± 0.0018, 0.0085 more than the other, tied=false (95 % interval 0.0069 to 0.0101; 3 pairs by seed; p = 0.002): the data support it. tied false or true? The test MSE is lowest with tied true (the data support it).");
}

#[test]
fn losses_that_measure_different_things_are_no_contest() {
    let mut page = experiment(None);
    for (index, run) in page.runs.iter_mut().enumerate() {
        let value = 0.01 * (index + 1) as f64;
        run.run.metrics =
            [("autoencoder.val_loss".to_owned(), value), ("evaluate.mse".to_owned(), value)].into_iter().collect();
    }
    let is_key = |page: &ExperimentPage| whole_page(page).contains("best validation loss");
    assert!(is_key(&page));
    page.incomparable = ["autoencoder.val_loss".to_owned()].into();
    assert!(!is_key(&page));
}

#[test]
fn what_several_runs_warn_of_is_said_once() {
    let mut page = experiment(None);
    for (index, run) in page.runs.iter_mut().enumerate().take(5) {
        run.warnings = vec![format!("collapsed: error 0.06{index} is no better than the mean image"), "both".into()];
    }
    let html = whole_page(&page);
    insta::assert_snapshot!(text_between(&html, "role=\"note\">", "</div>"), @"collapsed: error 0.060 is no better than the mean image (5 of 18 runs, each with its own numbers: architecture=dense, latent_dim=2, seeds 1, 2, 3; architecture=dense, latent_dim=8, seeds 1, 2) both (5 of 18 runs: architecture=dense, latent_dim=2, seeds 1, 2, 3; architecture=dense, latent_dim=8, seeds 1, 2) collapsed: no better than the mean image (architecture=conv, latent_dim=2, seed 2)");
}

#[test]
fn what_a_run_warns_of_twice_with_other_numbers_is_said_twice() {
    let mut page = experiment(None);
    page.runs.truncate(2);
    page.runs[0].warnings = vec!["only 13 samples".into(), "only 20 samples".into()];
    let warned = |page: &ExperimentPage| text_between(&whole_page(page), "role=\"note\">", "</div>");
    insta::assert_snapshot!(warned(&page), @"only 13 samples (architecture=dense, latent_dim=2, seed 1) only 20 samples (architecture=dense, latent_dim=2, seed 1)");
    page.runs.truncate(1);
    insta::assert_snapshot!(warned(&page), @"only 13 samples only 20 samples");
}

#[test]
fn numbers_are_sorted_as_numbers() {
    let mut page = experiment(None);
    page.swept.push("noise".into());
    for (run, noise) in page.runs.iter_mut().zip([json!(0.5), json!(0.25), json!(1e-7)]) {
        Arc::make_mut(&mut run.run.params).insert("noise".into(), noise);
    }
    page.runs[3].run.metrics = Named::default();
    let html = whole_page(&page);
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
fn equal_values_are_no_win() {
    let mut page = experiment(None);
    for run in page.runs.iter_mut().filter(|run| run.run.params["latent_dim"] == 32) {
        run.run.metrics = with(&run.run.metrics, "evaluate.mse", 0.005);
    }
    let html = whole_page(&page);
    let answer = html.split_once("dense or conv?").unwrap().1;
    insta::assert_snapshot!(text_between(answer, "<p>", "</p>"), @"The test MSE is lowest with conv at latent_dim 8 (the data support it). In test MSE, these runs do not tell which is better at latent_dim 2. The best two have the same test MSE at latent_dim 32.");
    insta::assert_snapshot!(text_between(answer, "latent_dim=32</th>", "</tr>"), @"equal 0.005000 conv 0.9697 against 0.9649, not told apart conv 0.9541 against 0.9396, not told apart");
    assert_eq!(html.matches("<td class=\"n best\" data-value=\"0.005\">").count(), 2, "both have a star");
}

#[test]
fn values_that_differ_are_not_equal_however_alike_they_look() {
    let mut page = experiment(None);
    for run in &mut page.runs {
        let (seed, architecture) = (run.run.seed as f64, &run.run.params["architecture"]);
        let (gain, noise) = if architecture == "conv" { (2e-7, 1e-8 * seed) } else { (0.0, 0.0) };
        let noise = if run.run.params["latent_dim"] == 8 { noise } else { 1e-6 * noise.signum() * (seed - 2.0) };
        run.run.metrics = with(&run.run.metrics, "evaluate.mse", 0.005 + 1e-4 * seed - gain + noise);
    }
    let html = whole_page(&page);
    let answer = html.split_once("dense or conv?").unwrap().1;
    insta::assert_snapshot!(text_between(answer, "<p>", "</p>"), @"The test MSE is lowest with conv at latent_dim 8 (the data support it). In test MSE, these runs do not tell which is better at latent_dim 2 and 32.");
    insta::assert_snapshot!(text_between(answer, "<tbody>", "</tbody>"), @"latent_dim=2 conv 0.0051998 against 0.0052000, not told apart dense 0.8723 against 0.8584, not told apart dense 0.6620 against 0.6201, not told apart latent_dim=8 conv 0.0051998 against 0.0052000 conv 0.9476 against 0.9392 conv 0.8879 against 0.8625 latent_dim=32 conv 0.0051998 against 0.0052000, not told apart conv 0.9697 against 0.9649, not told apart conv 0.9541 against 0.9396, not told apart");
}

#[test]
fn what_is_the_same_everywhere_tells_nothing_and_is_no_column() {
    let mut page = experiment(None);
    assert!(whole_page(&page).contains("best test MSE"));
    for run in &mut page.runs {
        run.run.metrics = with(&run.run.metrics, "evaluate.mse", 0.01);
    }
    assert!(!whole_page(&page).contains("best test MSE"));
    page.metrics = vec!["evaluate.mse".into()];
    assert!(whole_page(&page).contains("best test MSE"), "asked for");
}

/// Trials of a search: the first two go on to four epochs, the last was best when it ended at two.
fn searched() -> ExperimentPage {
    let mut page = experiment(None);
    let trials = [(0.5, 2, 0.05), (0.25, 2, 0.06), (0.125, 2, 0.01), (0.5, 4, 0.03), (0.25, 4, 0.02)];
    page.runs.retain(|run| run.run.seed == 1);
    page.runs.truncate(trials.len());
    for (run, (rate, epochs, mse)) in page.runs.iter_mut().zip(trials) {
        run.run.params = map(json!({ "rate": rate, "epochs": epochs })).into();
        run.run.metrics = [("evaluate.mse".to_owned(), mse)].into_iter().collect();
    }
    page.swept = vec!["rate".into(), "epochs".into()];
    let objectives = vec![("evaluate.mse".into(), Better::Lower)];
    page.search = Some(SearchSummary { objectives, resource: Some("epochs".into()) });
    page
}

#[test]
fn trials_of_a_search_compete_at_the_most_epochs_only() {
    let html = whole_page(&searched());
    insta::assert_snapshot!(text_between(&html, "<h2>Conclusion</h2>", "</div>"), @"epochs=4, rate=0.25 has the lowest test MSE, 0.02, 0.01 less than the other, epochs=4, rate=0.5. One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as --repeats 3.");
    let table = html.split_once("<table class=\"sortable\">").unwrap().1;
    insta::assert_snapshot!(text_between(table, "<tbody>", "</tbody>"), @"0.5 4 1 0.03000 12.5 s 0.25 4 1 0.02000 12.5 s 0.125 2 1 0.01000 12.5 s");
    assert_eq!(table.matches("n best").count(), 1);
}

#[test]
fn a_search_is_drawn_trial_by_trial_and_without_a_forest() {
    let page = searched();
    insta::assert_snapshot!(pictures(&page).join(" "), @"search-evaluate.mse.png evaluate.mse-rate.png map-evaluate.mse-rate-epochs.png parallel.png");
    let both = vec![("evaluate.mse".to_owned(), Better::Lower), ("x.accuracy".to_owned(), Better::Higher)];
    let mut several = ExperimentPage { search: Some(SearchSummary { objectives: both, resource: None }), ..page };
    for (index, run) in several.runs.iter_mut().enumerate() {
        run.run.metrics = with(&run.run.metrics, "x.accuracy", 0.1 * index as f64);
    }
    insta::assert_snapshot!(pictures(&several).join(" "), @"search-evaluate.mse.png search-x.accuracy.png front-test-MSE-x.accuracy.png evaluate.mse-rate.png evaluate.mse-epochs.png importance-evaluate.mse.png map-evaluate.mse-rate-epochs.png parallel.png");
}

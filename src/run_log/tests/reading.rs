//! Lists of runs, whole runs, groups, views.

use super::*;

#[test]
fn runs_are_listed_newest_first_in_the_promised_shape() {
    let directory = tempfile::tempdir().unwrap();
    let log = reopen(&recorded(directory.path(), "a1"));
    let runs = log.runs(&Filter::default()).unwrap();
    let written: Vec<String> = runs.iter().map(|run| serde_json::to_string(run).unwrap()).collect();
    insta::assert_snapshot!(written.join("\n"), @r#"
    {"id":"a1-1","experiment":"sizes","launch":"a1","variant":{"latent_dim":8},"seed":7,"status":"failed","started":"2026-01-01T00:00:00Z","seconds":6.0,"params":{"epochs":2,"latent_dim":8},"metrics":{},"tags":["thesis"],"note":"","archived":false}
    {"id":"a1-0","experiment":"sizes","launch":"a1","variant":{"latent_dim":2},"seed":7,"status":"executed","started":"2026-01-01T00:00:00Z","seconds":9.0,"params":{"epochs":2,"latent_dim":2},"metrics":{"autoencoder.parameters":219584.0,"autoencoder.train_loss":0.125},"tags":["thesis"],"note":"","archived":false}
    "#);
}

#[test]
fn a_run_is_shown_whole() {
    let directory = tempfile::tempdir().unwrap();
    let log = reopen(&recorded(directory.path(), "a1"));
    let mut shown = serde_json::to_value(log.show("a1-0").unwrap()).unwrap();
    let listed = serde_json::to_value(&log.runs(&Filter::default()).unwrap()[1]).unwrap();
    for (name, value) in listed.as_object().unwrap() {
        assert_eq!(shown.as_object_mut().unwrap().remove(name).as_ref(), Some(value), "{name}, as in the list");
    }
    let stages = shown.as_object_mut().unwrap().remove("stages").unwrap();
    insta::assert_snapshot!(stages.as_array().unwrap().iter().map(lines).collect::<Vec<_>>().join("\n\n"), @r#"
    error: null
    fingerprint: "f0"
    kind: "load"
    metrics: {}
    params: {"dataset":"mnist"}
    progress: null
    reasons: []
    seconds: 1.5
    stage: "load"
    started: null
    status: "cached"
    variant: {}
    warnings: []

    error: null
    fingerprint: "f1"
    kind: "train-autoencoder"
    metrics: {"parameters":219584.0,"train_loss":0.125,"val_loss":null}
    params: {"epochs":2}
    progress: null
    reasons: [{"now":2,"was":1,"what":"param epochs"}]
    seconds: 7.0
    stage: "autoencoder"
    started: "2026-01-01T00:00:01Z"
    status: "executed"
    variant: {"latent_dim":2}
    warnings: ["collapsed: no better than the constant mean"]
    "#);
    insta::assert_snapshot!(lines(&shown), @r#"
    artifacts: [{"files":[{"blake3":"abcd","bytes":1024,"name":"encoder.safetensors","path":"/project/cache/blobs/ab/abcd"}],"port":"model","stage":"autoencoder","type":"Model"}]
    config: {"pipeline":"autoencoder","repeats":1}
    file: "/project/experiments/sizes.toml"
    notices: ["fallback: synthetic-digits stands in for mnist"]
    provenance: {"build":"","command_line":[],"cpu":"","cpu_features":[],"device":"","git_commit":null,"git_dirty":null,"host":"","jobs":0,"os":"","threads":2,"version":"0.1.0","working_directory":""}
    report: null
    series: {"autoencoder.train_loss":[0.25,0.125]}
    "#);
}

/// The entries of an object, one a line.
fn lines(object: &serde_json::Value) -> String {
    let line = |(name, value): (&String, &serde_json::Value)| format!("{name}: {value}");
    object.as_object().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_is_found_by_the_start_of_its_id_when_that_is_unique() {
    let directory = tempfile::tempdir().unwrap();
    recorded(directory.path(), "a1");
    let log = reopen(&recorded(directory.path(), "b2"));
    assert_eq!(log.show("b2-1").unwrap().run.id, "b2-1");
    assert_eq!(log.show("latest").unwrap().run.id, "b2-1");
    let error = log.show("a1").unwrap_err();
    insta::assert_snapshot!(told(&error, directory.path()), @r"
    `a1` could be any of 2 runs: a1-0, a1-1
    help: give more of the id
    ");
    let error = log.show("c").unwrap_err();
    insta::assert_snapshot!(told(&error, directory.path()), @r"
    no run `c`
    help: `pipeline runs` lists them
    ");
}

#[test]
fn filters_narrow_the_list() {
    let directory = tempfile::tempdir().unwrap();
    recorded(directory.path(), "a1");
    let log = reopen(&recorded(directory.path(), "b2"));
    let ids = |filter: Filter| log.ids(&filter).unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(ids(Filter { launch: text("a1"), ..Filter::default() }), ["a1-1", "a1-0"]);
    assert_eq!(ids(Filter { status: text("failed"), ..Filter::default() }), ["b2-1", "a1-1"]);
    assert_eq!(ids(Filter { limit: Some(1), experiment: text("sizes"), ..Filter::default() }), ["b2-1"]);
    assert!(ids(Filter { experiment: text("other"), ..Filter::default() }).is_empty());
}

#[test]
fn what_a_person_asks_narrows_and_orders_the_list() {
    let directory = tempfile::tempdir().unwrap();
    recorded(directory.path(), "a1");
    let log = reopen(&recorded(directory.path(), "b2"));
    let ids = |filter: Filter| log.ids(&filter).unwrap();
    let asked = |text: &str| ids(Filter { condition: condition(&log, text), ..Filter::default() });
    assert_eq!(asked("latent_dim >= 4 and tag = 'thesis'"), ["b2-1", "a1-1"]);
    assert_eq!(asked("autoencoder.train_loss < 0.2"), ["b2-0", "a1-0"]);
    assert_eq!(asked("started = '2026-01-01T00:00:00Z' and variant = 'latent_dim=2'"), ["b2-0", "a1-0"]);
    let (catalog, now) = (log.catalog().unwrap(), jiff::Zoned::now());
    let reader = filter::Reader { catalog: &catalog, now: &now };
    let sorted =
        |text: &str, limit| ids(Filter { sort: reader.order("--sort", text).unwrap(), limit, ..Filter::default() });
    assert_eq!(sorted("latent_dim", None), ["b2-0", "a1-0", "b2-1", "a1-1"]);
    assert_eq!(sorted("autoencoder.train_loss:desc,latent_dim", Some(3)), ["b2-0", "a1-0", "b2-1"]);
    execute(&directory.path().join("runs.sqlite"), "UPDATE runs SET archived = 1 WHERE id LIKE 'a1%'");
    assert_eq!(ids(Filter::default()), ["b2-1", "b2-0"]);
    assert_eq!(
        ids(Filter { archived: true, condition: condition(&log, "archived = true"), ..Filter::default() }).len(),
        2
    );
}

#[test]
fn groups_have_counts_means_and_the_best() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    recorded(directory.path(), "b2");
    execute(&path, "UPDATE runs SET metrics = json_object('evaluate.mse', number / 8.0, 'x.y', NULL)");
    execute(&path, "UPDATE runs SET seed = 8 WHERE id = 'b2-0'");
    let log = reopen(&path);
    let catalog = log.catalog().unwrap();
    let field = |name: &str| catalog.field(name).unwrap();
    let groups = log.groups(&Filter::default(), &[field("latent_dim")], &[field("evaluate.mse")]).unwrap();
    let counts = |groups: &[Group]| -> Vec<(serde_json::Value, usize, usize)> {
        groups.iter().map(|group| (group.values[0].clone(), group.distinct, group.again)).collect()
    };
    assert_eq!(counts(&groups), [(2.into(), 2, 0), (8.into(), 1, 1)], "the second launch ran size 8 once more");
    assert_eq!(groups[1].figures[0].as_ref().unwrap().summary.mean, 0.5, "none ended well: the newest counts");
    execute(&path, "UPDATE runs SET status = 'cached' WHERE id = 'a1-1'");
    let again = log.groups(&Filter::default(), &[field("latent_dim")], &[field("evaluate.mse")]).unwrap();
    assert_eq!(again[1].figures[0].as_ref().unwrap().summary.mean, 0.25, "what ended well counts");
    let launches = log.groups(&Filter::default(), &[field("launch")], &[]).unwrap();
    assert_eq!(counts(&launches), [("a1".into(), 2, 0), ("b2".into(), 2, 0)], "each launch has its runs");
    // Rows 1 and 3, rows 2 and 4; numpy.std([1/8, 3/8], ddof=1).
    let figures = groups[0].figures[0].as_ref().unwrap();
    assert_eq!((figures.summary.mean, figures.best.clone()), (0.25, Some((0.125, "a1-0".to_owned()))));
    assert!((figures.summary.deviation.unwrap() - 0.1767766952966369).abs() < 1e-15);
    assert!(catalog.field("x.y").is_none(), "a number that is not finite is no value");
    execute(&path, "UPDATE runs SET tags = '[\"b\", \"a\"]' WHERE id = 'b2-0'");
    let tags = log.groups(&Filter::default(), &[field("tag")], &[]).unwrap();
    assert_eq!(counts(&tags), [("a b".into(), 1, 0), ("thesis".into(), 2, 1)], "several tags are one text");
}

#[test]
fn the_views_open_json_columns_for_sql() {
    let directory = tempfile::tempdir().unwrap();
    let log = reopen(&recorded(directory.path(), "a1"));
    let count = |sql: &str| log.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM params WHERE name = 'latent_dim' AND value = 8"), 1);
    assert_eq!(count("SELECT count(*) FROM metrics WHERE run = 'a1-0' AND name = 'autoencoder.train_loss'"), 1);
    assert_eq!(count("SELECT count(*) FROM series WHERE name = 'train_loss' AND step = 2 AND value = 0.125"), 1);
    assert_eq!(count("SELECT count(*) FROM artifacts WHERE name = 'encoder.safetensors' AND bytes = 1024"), 1);
    assert_eq!(count("SELECT count(*) FROM tags WHERE tag = 'thesis'"), 2);
}

#[test]
fn a_hundred_thousand_runs_are_listed_and_each_query_uses_an_index() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    execute(
        &path,
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99998)
         INSERT INTO runs (id, launch, experiment, variant, seed, status, started, params, metrics, tags)
         SELECT 'r' || i, 1, 'e' || (i % 10), '{}', i, 'executed', '2026-01-01T00:00:00Z', '{\"a\":1}', '{\"b.c\":0.5}', '[]' FROM n",
    );
    let log = reopen(&path);
    assert_eq!(log.runs(&Filter::default()).unwrap().len(), 100_000);
    let filter = Filter { experiment: Some("e3".to_owned()), limit: Some(2), ..Filter::default() };
    assert_eq!(log.ids(&filter).unwrap(), ["r99993", "r99983"]);
    let plan = |sql: &str| -> String {
        let mut statement = log.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let brief = plan(
        "SELECT runs.number FROM runs INDEXED BY runs_brief WHERE runs.archived = 0 AND runs.experiment = 'e3'
         ORDER BY runs.number DESC LIMIT 2",
    );
    assert!(brief.contains("COVERING INDEX runs_brief") && !brief.contains("TEMP B-TREE"), "{brief}");
    let fact = plan("SELECT run FROM facts WHERE name IN (1) AND value > 0.5");
    assert!(fact.contains("PRIMARY KEY (name=?)"), "{fact}");
}

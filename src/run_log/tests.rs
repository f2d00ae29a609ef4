use std::sync::mpsc::channel;

use jiff::Timestamp;

use super::recorder::Writer;
use super::*;
use crate::event::{Observer, RunEvent, sample};

/// A log with one finished launch in it.
fn recorded(directory: &Path, launch: &str) -> PathBuf {
    let path = directory.join("runs.sqlite");
    let recorder = Recorder::start(&path, |error| panic!("{error}")).unwrap();
    observe_all(&recorder, &sample::launch(launch));
    recorder.finish().unwrap();
    path
}

fn observe_all(observer: &dyn Observer, events: &[(Timestamp, RunEvent)]) {
    events.iter().for_each(|(time, event)| observer.observe(*time, event));
}

fn reopen(path: &Path) -> RunLog {
    RunLog::open_for_queries(path).unwrap().expect("the log exists")
}

fn execute(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn told(error: &LogError, directory: &Path) -> String {
    format!("{error}\nhelp: {}", error.help()).replace(&directory.display().to_string(), "DIR")
}

#[test]
fn runs_are_listed_newest_first_in_the_promised_shape() {
    let directory = tempfile::tempdir().unwrap();
    let log = reopen(&recorded(directory.path(), "a1"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&log.runs(&Filter::default()).unwrap()).unwrap(), @r#"
    [
      {
        "id": "a1-1",
        "experiment": "sizes",
        "launch": "a1",
        "variant": {
          "latent_dim": 8
        },
        "seed": 7,
        "status": "failed",
        "started": "2026-01-01T00:00:00Z",
        "seconds": 6.0,
        "params": {
          "epochs": 2,
          "latent_dim": 8
        },
        "metrics": {},
        "tags": [
          "thesis"
        ],
        "note": "",
        "archived": false
      },
      {
        "id": "a1-0",
        "experiment": "sizes",
        "launch": "a1",
        "variant": {
          "latent_dim": 2
        },
        "seed": 7,
        "status": "executed",
        "started": "2026-01-01T00:00:00Z",
        "seconds": 9.0,
        "params": {
          "epochs": 2,
          "latent_dim": 2
        },
        "metrics": {
          "autoencoder.parameters": 219584.0,
          "autoencoder.train_loss": 0.125
        },
        "tags": [
          "thesis"
        ],
        "note": "",
        "archived": false
      }
    ]
    "#);
}

#[test]
fn a_launch_that_grows_logs_the_runs_it_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.sqlite");
    let recorder = Recorder::start(&path, |error| panic!("{error}")).unwrap();
    observe_all(&recorder, &sample::grown("a1"));
    recorder.finish().unwrap();
    let log = reopen(&path);
    let runs = log.runs(&Filter::default()).unwrap();
    assert_eq!(runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["a1-2", "a1-1", "a1-0"]);
    let stages = log.show("a1-2").unwrap().stages;
    let stage = |stage: &StageDetail| format!("{} {}", stage.stage, stage.status);
    assert_eq!(stages.iter().map(stage).collect::<Vec<_>>(), ["load cached", "autoencoder executed"]);
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
    insta::assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r#"
    {
      "artifacts": [
        {
          "files": [
            {
              "blake3": "abcd",
              "bytes": 1024,
              "name": "encoder.safetensors",
              "path": "/project/cache/blobs/ab/abcd"
            }
          ],
          "port": "model",
          "stage": "autoencoder",
          "type": "Model"
        }
      ],
      "config": {
        "pipeline": "autoencoder",
        "repeats": 1
      },
      "file": "/project/experiments/sizes.toml",
      "notices": [
        "fallback: synthetic-digits stands in for mnist"
      ],
      "provenance": {
        "build": "",
        "command_line": [],
        "cpu": "",
        "cpu_features": [],
        "device": "",
        "git_commit": null,
        "git_dirty": null,
        "host": "",
        "jobs": 0,
        "os": "",
        "threads": 2,
        "version": "0.1.0",
        "working_directory": ""
      },
      "report": null,
      "series": {
        "autoencoder.train_loss": [
          0.25,
          0.125
        ]
      },
      "stages": [
        {
          "error": null,
          "fingerprint": "f0",
          "kind": "load",
          "metrics": {},
          "params": {
            "dataset": "mnist"
          },
          "progress": null,
          "reasons": [],
          "seconds": 1.5,
          "stage": "load",
          "started": null,
          "status": "cached",
          "variant": {},
          "warnings": []
        },
        {
          "error": null,
          "fingerprint": "f1",
          "kind": "train-autoencoder",
          "metrics": {
            "parameters": 219584.0,
            "train_loss": 0.125,
            "val_loss": null
          },
          "params": {
            "epochs": 2
          },
          "progress": null,
          "reasons": [
            {
              "now": 2,
              "was": 1,
              "what": "param epochs"
            }
          ],
          "seconds": 7.0,
          "stage": "autoencoder",
          "started": "2026-01-01T00:00:01Z",
          "status": "executed",
          "variant": {
            "latent_dim": 2
          },
          "warnings": [
            "collapsed: no better than the constant mean"
          ]
        }
      ]
    }
    "#);
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
    let ids = |filter: Filter| -> Vec<String> { log.runs(&filter).unwrap().into_iter().map(|run| run.id).collect() };
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
    let (catalog, now) = (log.catalog().unwrap(), jiff::Zoned::now());
    let reader = filter::Reader { catalog: &catalog, now: &now };
    let ids = |filter: Filter| -> Vec<String> { log.runs(&filter).unwrap().into_iter().map(|run| run.id).collect() };
    let condition = |text: &str| Some(reader.condition("--where", text).unwrap());
    let asked = |text: &str| ids(Filter { condition: condition(text), ..Filter::default() });
    assert_eq!(asked("latent_dim >= 4 and tag = 'thesis'"), ["b2-1", "a1-1"]);
    assert_eq!(asked("autoencoder.train_loss < 0.2"), ["b2-0", "a1-0"]);
    assert_eq!(asked("started = '2026-01-01T00:00:00Z' and variant = 'latent_dim=2'"), ["b2-0", "a1-0"]);
    let sorted =
        |text: &str, limit| ids(Filter { sort: reader.order("--sort", text).unwrap(), limit, ..Filter::default() });
    assert_eq!(sorted("latent_dim", None), ["b2-0", "a1-0", "b2-1", "a1-1"]);
    assert_eq!(sorted("autoencoder.train_loss:desc,latent_dim", Some(3)), ["b2-0", "a1-0", "b2-1"]);
    execute(&directory.path().join("runs.sqlite"), "UPDATE runs SET archived = 1 WHERE id LIKE 'a1%'");
    assert_eq!(ids(Filter::default()), ["b2-1", "b2-0"]);
    assert_eq!(ids(Filter { archived: true, condition: condition("archived = true"), ..Filter::default() }).len(), 2);
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
        groups.iter().map(|group| (group.values[0].clone(), group.runs, group.again)).collect()
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
}

#[test]
fn a_log_of_the_first_version_is_upgraded_and_can_be_filtered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.sqlite");
    let mut connection = Connection::open(&path).unwrap();
    schema::migrate(&mut connection, &schema::STEPS[..1]).unwrap();
    connection
        .execute_batch(
            "INSERT INTO launches (number, id, experiment, file, status, host, started, provenance, config)
             VALUES (1, 'a1', 'e', '', 'executed', 'h', '', '{}', '{}');
             INSERT INTO runs (id, launch, experiment, variant, seed, status, started, params, metrics, tags)
             VALUES ('r0', 1, 'e', '{}', 0, 'executed', '', '{\"a\": 1, \"b\": true}', '{\"c.d\": 0.5}', '[\"x\", \"y\"]')",
        )
        .unwrap();
    drop(connection);
    let log = reopen(&path);
    let (catalog, now) = (log.catalog().unwrap(), jiff::Zoned::now());
    let reader = filter::Reader { catalog: &catalog, now: &now };
    let condition =
        reader.condition("--where", "a = 1 and b = true and c.d = 0.5 and tag = 'y' and variant is missing").unwrap();
    assert_eq!(log.runs(&Filter { condition: Some(condition), ..Filter::default() }).unwrap().len(), 1);
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
fn a_launch_is_seen_while_it_goes_on_and_interrupted_once_its_process_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.sqlite");
    let mut writer = Writer::new(&path, Some(RunLog::open(&path).unwrap()), |error| panic!("{error}"));
    sample::launch("a1").drain(..6).for_each(|(time, event)| writer.keep(time, event));
    writer.write().unwrap();
    let statuses = |log: &RunLog| -> Vec<String> {
        let detail = log.show("a1-0").unwrap();
        std::iter::once(detail.run.status).chain(detail.stages.into_iter().map(|stage| stage.status)).collect()
    };
    assert_eq!(statuses(&reopen(&path)), ["running", "cached", "running"]);
    drop(writer);
    assert_eq!(statuses(&reopen(&path)), ["interrupted", "cached", "interrupted"]);
    assert!(!directory.path().join("runs.sqlite-launches").exists());
}

#[test]
fn a_read_only_copy_also_shows_a_dead_launch_as_interrupted() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    execute(&path, "UPDATE launches SET status = 'running'; UPDATE runs SET status = 'running'");
    let log = RunLog::open_read_only(&path).unwrap();
    assert_eq!(log.show("a1-0").unwrap().run.status, "interrupted");
    let left: i64 =
        log.connection.query_row("SELECT count(*) FROM runs WHERE status = 'running'", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 2, "a read-only log stays as it is");
}

#[test]
fn two_launches_at_once_both_get_all_their_rows() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.sqlite");
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let path = &path;
            scope.spawn(move || {
                for index in 0..10 {
                    let recorder = Recorder::start(path, |error| panic!("{error}")).unwrap();
                    observe_all(&recorder, &sample::launch(&format!("w{writer}x{index}")));
                    recorder.finish().unwrap();
                }
            });
        }
    });
    let runs = reopen(&path).runs(&Filter::default()).unwrap();
    assert_eq!(runs.len(), 40);
    assert!(runs.iter().all(|run| run.status == "executed" || run.status == "failed"));
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
    let ids: Vec<String> = log.runs(&filter).unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(ids, ["r99993", "r99983"]);
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

#[test]
fn a_missing_log_is_not_made_by_a_question() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.sqlite");
    assert!(RunLog::open_for_queries(&path).unwrap().is_none());
    assert!(!path.exists());
}

#[test]
fn a_damaged_log_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.sqlite");
    std::fs::write(&path, b"this was a database once ".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = RunLog::open(&path).unwrap_err();
    assert!(error.needs_a_hand());
    insta::assert_snapshot!(told(&error, directory.path()), @r"
    the run log DIR/runs.sqlite is damaged: file is not a database
    help: no result is lost: results are in the cache. Move DIR/runs.sqlite and DIR/runs.sqlite-wal aside and launch again; what is cached is logged anew. `sqlite3 FILE .recover` may save the old history
    ");
    assert!(Recorder::start(&path, |_| {}).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn damage_in_the_middle_of_the_file_is_noticed_when_it_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    execute(&path, "UPDATE launches SET provenance = '{\"a\": '");
    let error = reopen(&path).show("a1-0").unwrap_err();
    assert!(matches!(error, LogError::Damaged { .. }), "{error}");
}

#[test]
fn a_newer_log_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    execute(&path, "PRAGMA user_version = 99");
    let error = RunLog::open_for_queries(&path).unwrap_err();
    insta::assert_snapshot!(told(&error, directory.path()), @r"
    the run log DIR/runs.sqlite was written by a newer version of pipeline (format 99, this one knows up to 2)
    help: use that version, or move the file aside to start a new log
    ");
}

#[test]
fn another_programs_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs.sqlite");
    execute(&path, "CREATE TABLE runs (x)");
    let error = RunLog::open(&path).unwrap_err();
    insta::assert_snapshot!(told(&error, directory.path()), @r"
    DIR/runs.sqlite is a database of another program, not a run log
    help: move that file aside; a launch makes a new log
    ");
}

#[test]
fn a_log_that_cannot_be_made_is_told_once_and_again_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/runs.sqlite");
    let (sender, receiver) = channel();
    let recorder = Recorder::start(&path, move |error| sender.send(error.to_string()).unwrap()).unwrap();
    observe_all(&recorder, &sample::launch("a1"));
    let error = recorder.finish().unwrap_err();
    insta::assert_snapshot!(told(&error, directory.path()), @r"
    the run log DIR/missing/runs.sqlite cannot be used: unable to open database file: DIR/missing/runs.sqlite
    help: check its permissions and the space left on the disk, then launch again: what is cached is not computed again, only logged
    ");
    assert_eq!(receiver.iter().count(), 1);
}

#[test]
fn a_full_disk_stops_nothing_and_what_is_unwritten_is_written_once_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    let (sender, receiver) = channel();
    let log = RunLog::open(&path).unwrap();
    let mut writer = Writer::new(&path, Some(log), move |error| sender.send(error.to_string()).unwrap());
    writer.limit_pages(1);
    let mut events = sample::launch("b2");
    // More than the free pages that the file already has.
    events.insert(6, (sample::at(5), RunEvent::Notice { node: None, text: "long ".repeat(100_000) }));
    events.drain(..7).for_each(|(time, event)| writer.keep(time, event));
    assert!(writer.write_or_tell() && writer.write_or_tell());
    assert!(receiver.recv().unwrap().contains("database or disk is full"));
    writer.limit_pages(1_000_000);
    events.drain(..).for_each(|(time, event)| writer.keep(time, event));
    writer.write().unwrap();
    drop(writer);
    assert_eq!(reopen(&path).show("b2-0").unwrap().run.status, "executed");
    assert_eq!(receiver.iter().count(), 0, "the problem is told once");
}

#[test]
fn tags_notes_and_the_archive_are_kept_and_can_be_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    let mut log = RunLog::open(&path).unwrap();
    let both = ["a1-0".to_owned(), "a1-1".to_owned()];
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(log.tag(&both, &words(&["paper", "thesis", "paper"]), &[]).unwrap(), 2);
    assert_eq!(log.tag(&both, &words(&["paper"]), &words(&["none"])).unwrap(), 0);
    assert_eq!(log.tag(&both[..1], &[], &words(&["thesis"])).unwrap(), 1);
    log.annotate("a1-1", "it's ours").unwrap();
    assert_eq!((log.archive(&both, true).unwrap(), log.archive(&both[..1], false).unwrap()), (2, 1));
    assert_eq!(log.archive(&both[..1], false).unwrap(), 0);
    let log = reopen(&path);
    assert_eq!(log.show("a1-0").unwrap().run.tags, ["paper"]);
    assert_eq!(log.show("a1-1").unwrap().run.tags, ["thesis", "paper"]);
    let (catalog, now) = (log.catalog().unwrap(), jiff::Zoned::now());
    let reader = filter::Reader { catalog: &catalog, now: &now };
    let asked = |text: &str| {
        let condition = Some(reader.condition("--where", text).unwrap());
        log.ids(&Filter { condition, archived: true, ..Filter::default() }).unwrap()
    };
    assert_eq!(asked("tag = 'thesis' and note contains 'OURS' and archived = true"), ["a1-1"]);
    assert_eq!(asked("tag != 'thesis' and note is missing"), ["a1-0"]);
}

#[test]
fn with_a_run_goes_what_only_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    let mut log = RunLog::open(&path).unwrap();
    let removal = log.removal(&["a1-0".to_owned()]).unwrap();
    let of = |removal: &Removal| (removal.runs.len(), removal.stages, removal.launches, removal.fingerprints.clone());
    assert_eq!(of(&removal), (1, 1, 0, vec!["f1".to_owned()]), "the other run has the same load");
    assert!(removal.needed.is_empty() && removal.running.is_empty());
    let both = ["a1-0".to_owned(), "a1-1".to_owned()];
    let removed = log.remove(&both, |_| false).unwrap().unwrap();
    assert_eq!(of(&removed), (2, 3, 1, ["f0", "f1", "f2"].map(str::to_owned).to_vec()));
    let count = |table: &str| -> i64 {
        log.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(["launches", "runs", "stages", "run_stages", "notices", "facts", "names"].map(count), [0; 7]);
}

#[test]
fn a_run_that_another_took_results_from_is_needed_by_that_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = recorded(directory.path(), "a1");
    recorded(directory.path(), "b2");
    execute(&path, "UPDATE stages SET status = 'cached' WHERE fingerprint = 'f1' AND launch = 2");
    let mut log = RunLog::open(&path).unwrap();
    let needed = |log: &mut RunLog, ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        log.removal(&ids).unwrap().needed
    };
    assert_eq!(needed(&mut log, &["a1-0"]), [("b2-0".to_owned(), "a1-0".to_owned())]);
    assert_eq!(needed(&mut log, &["a1-0", "b2-0"]), []);
    assert_eq!(needed(&mut log, &["b2-0"]), []);
    assert_eq!(needed(&mut log, &["a1-1"]), []);
    let refused = log.remove(&["a1-0".to_owned()], |removal| !removal.needed.is_empty()).unwrap();
    assert!(refused.is_err() && log.show("a1-0").is_ok());
    assert_eq!(log.remove(&["a1-0".to_owned()], |_| false).unwrap().unwrap().fingerprints, [""; 0], "b2-0 has it too");
}

//! Files that are older, newer, damaged, another program's, or not there.

use super::*;

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
    let condition = condition(&log, "a = 1 and b = true and c.d = 0.5 and tag = 'y' and variant is missing");
    assert_eq!(log.ids(&Filter { condition, ..Filter::default() }).unwrap(), ["r0"]);
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

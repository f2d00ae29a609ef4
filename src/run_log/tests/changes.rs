//! Labels, the archive, and runs that are taken out.

use super::*;

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
    let asked = |text: &str| {
        log.ids(&Filter { condition: condition(&log, text), archived: true, ..Filter::default() }).unwrap()
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

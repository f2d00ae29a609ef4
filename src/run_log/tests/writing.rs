//! What is written while launches go on, and after they are killed.

use std::sync::mpsc::channel;

use super::*;
use crate::run_log::recorder::Writer;

#[test]
fn a_launch_that_grows_logs_the_runs_it_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let log = reopen(&observed(directory.path(), &sample::grown("a1")));
    assert_eq!(log.ids(&Filter::default()).unwrap(), ["a1-2", "a1-1", "a1-0"]);
    let stages = log.show("a1-2").unwrap().stages;
    let stage = |stage: &StageDetail| format!("{} {}", stage.stage, stage.status);
    assert_eq!(stages.iter().map(stage).collect::<Vec<_>>(), ["load cached", "autoencoder executed"]);
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

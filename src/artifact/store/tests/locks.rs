//! Who works in a cache at the same time, in one process and in several.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{empty_store, fingerprint};
use crate::artifact::store::{Store, StoreError};
use crate::cancel::Cancel;

#[test]
fn one_fingerprint_is_computed_by_one_contender_at_a_time() {
    let (directory, store) = empty_store();
    let busy = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = Store::open(directory.path()).unwrap();
                for _ in 0..10 {
                    let guard = store.lock(fingerprint(1).hash(), &Cancel::default(), &mut |_| {}).unwrap();
                    assert!(!busy.swap(true, Ordering::SeqCst), "two at once");
                    thread::yield_now();
                    busy.store(false, Ordering::SeqCst);
                    drop(guard);
                }
            });
        }
    });
    let left: Vec<_> = fs::read_dir(store.root().join("locks")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["sessions"]);
}

#[test]
fn a_waiter_is_told_for_whom_it_waits_and_can_be_stopped() {
    let (_directory, store) = empty_store();
    let guard = store.lock(fingerprint(1).hash(), &Cancel::default(), &mut |_| {}).unwrap();
    let cancel = Cancel::default();
    let mut told = Vec::new();
    let result = store.lock(fingerprint(1).hash(), &cancel, &mut |holder| {
        told.push(holder.pid);
        cancel.cancel();
    });
    assert!(matches!(result, Err(StoreError::Interrupted)));
    assert_eq!(told, [std::process::id()]);
    drop(guard);
    let others = store.lock(fingerprint(1).hash(), &Cancel::default(), &mut |_| panic!("nobody holds it"));
    assert!(others.is_ok());
}

#[test]
fn a_waiter_goes_on_when_the_cache_is_emptied() {
    let (_directory, store) = empty_store();
    let held = store.lock(fingerprint(1).hash(), &Cancel::default(), &mut |_| {}).unwrap();
    let emptied = store.lock(fingerprint(1).hash(), &Cancel::default(), &mut |_| {
        fs::remove_dir_all(store.root()).unwrap();
    });
    assert!(emptied.is_ok(), "{emptied:?}");
    drop(held);
}

/// The directory for [`holds_a_lock_until_killed`], which another test runs as a process of its own.
const CHILD_ROOT: &str = "PIPELINE_TEST_CHILD_ROOT";

#[test]
#[ignore = "started by another test"]
fn holds_a_lock_until_killed() {
    let Some(root) = std::env::var_os(CHILD_ROOT) else { return };
    let store = Store::open(Path::new(&root)).unwrap();
    let _scratch = store.scratch().unwrap();
    let _guard = store.lock(fingerprint(1).hash(), &Cancel::default(), &mut |_| {}).unwrap();
    thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_killed_process_leaves_no_lock_and_no_temporaries() {
    let (directory, store) = empty_store();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "artifact::store::tests::locks::holds_a_lock_until_killed"])
        .env(CHILD_ROOT, directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let sessions = || fs::read_dir(directory.path().join("tmp")).unwrap().count();
    let lock = directory.path().join("locks").join(fingerprint(1).hash().to_string());
    while !lock.exists() {
        assert!(child.try_wait().unwrap().is_none(), "the child died");
        thread::sleep(Duration::from_millis(5));
    }
    drop(Store::open(directory.path()).unwrap());
    assert_eq!(sessions(), 2, "those of the living are kept");
    let mut holders = Vec::new();
    let child_pid = child.id();
    let guard = store.lock(fingerprint(1).hash(), &Cancel::default(), &mut |holder| {
        holders.push(holder.pid);
        child.kill().unwrap();
    });
    assert!(guard.is_ok());
    assert_eq!(holders, [child_pid]);
    child.wait().unwrap();
    drop(Store::open(directory.path()).unwrap());
    assert_eq!(sessions(), 1, "those of the dead are swept");
}

#[test]
fn scratch_directories_are_apart_and_vanish() {
    let (_directory, store) = empty_store();
    let (one, two) = (store.scratch().unwrap(), store.scratch().unwrap());
    assert_ne!(one.path(), two.path());
    let path = one.path().to_owned();
    fs::write(path.join("file"), "x").unwrap();
    drop(store);
    assert!(path.exists(), "a scratch directory outlives its store");
    drop(one);
    assert!(!path.exists() && two.path().exists());
}

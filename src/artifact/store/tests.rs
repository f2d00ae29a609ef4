use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::artifact::ArtifactType;
use crate::event::Outcome;

pub(super) fn fingerprint(epochs: u32) -> Fingerprint {
    Fingerprint {
        kind: "train-autoencoder".into(),
        version: 1,
        params: json!({"epochs": epochs}),
        seed: Some(1),
        device: "cpu".into(),
        source: None,
        inputs: Default::default(),
    }
}

/// Does what a runner does for a stage with one output port and two files.
pub(super) fn execute(store: &Store, epochs: u32) -> Result<Record, StoreError> {
    let scratch = store.scratch()?;
    let port = scratch.path().join("model");
    fs::create_dir(&port).unwrap();
    fs::write(port.join("model.json"), format!("{{\"epochs\": {epochs}}}")).unwrap();
    fs::write(port.join("weights.safetensors"), vec![epochs as u8; 3000]).unwrap();
    let artifact = store.ingest(&port, ArtifactType::Model, &[])?;
    let outcome = Outcome { metrics: [("loss".to_owned(), 0.1 + 0.2)].into(), ..Outcome::default() };
    let record = Record::new(fingerprint(epochs), [("model".to_owned(), artifact)].into(), outcome, 1.5);
    store.commit(&record)?;
    Ok(record)
}

pub(super) fn flip_a_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[3] ^= 1;
    faults::overwrite(path, &bytes);
}

/// In memory where the system offers that, since these tests sync thousands of times.
pub(super) fn temporary_directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn empty_store() -> (TempDir, Store) {
    let directory = temporary_directory();
    let store = Store::open(directory.path()).unwrap();
    (directory, store)
}

fn broken(lookup: Lookup) -> Damage {
    match lookup {
        Lookup::Broken(damage) => damage,
        other => panic!("{other:?}"),
    }
}

fn damaged<T>(result: Result<T, StoreError>) -> Damage {
    match result {
        Err(StoreError::Damaged(damage)) => damage,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("not noticed"),
    }
}

#[test]
fn what_was_committed_is_found_again() {
    let (directory, store) = empty_store();
    assert_eq!(store.lookup(fingerprint(1).hash()).unwrap(), Lookup::Miss);
    let record = execute(&store, 1).unwrap();
    drop(store);
    let store = Store::open_read_only(directory.path()).unwrap();
    assert_eq!(store.lookup(record.fingerprint).unwrap(), Lookup::Hit(Box::new(record.clone())));
    for (name, blob) in &record.outputs["model"].files {
        let path = store.verified(blob, name).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), blob.bytes);
        assert!(fs::metadata(&path).unwrap().permissions().readonly());
        assert_eq!(path.extension(), Path::new(name).extension());
    }
}

#[test]
fn a_cache_opened_for_reading_is_left_alone() {
    let directory = temporary_directory();
    let root = directory.path().join("cache");
    let store = Store::open_read_only(&root).unwrap();
    assert_eq!(store.lookup(fingerprint(1).hash()).unwrap(), Lookup::Miss);
    assert!(store.last("dense_vs_conv").unwrap().is_empty());
    assert_eq!(store.usage().unwrap(), Usage::default());
    assert!(matches!(store.scratch(), Err(StoreError::Unwritable { .. })));
    drop(store);
    assert!(!root.exists());

    let record = execute(&Store::open(&root).unwrap(), 1).unwrap();
    let store = Store::open_read_only(&root).unwrap();
    let record_path = store.record_path(record.fingerprint);
    flip_a_byte(&record_path);
    assert_eq!(broken(store.lookup(record.fingerprint).unwrap()).set_aside, None);
    assert!(record_path.exists());
}

#[test]
fn a_directory_of_somebody_elses_files_is_refused_and_left_alone() {
    for file in ["notes.txt", "tmp/sub/x.txt", "tmp/12-34/../notes.txt", "Blobs/x"] {
        let directory = temporary_directory();
        let root = directory.path().join("own");
        fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
        fs::write(root.join(file), "mine").unwrap();
        for error in [Store::open(&root).unwrap_err(), Store::open_read_only(&root).unwrap_err()] {
            assert_eq!(error.to_string(), format!("{} is not a cache and not empty", root.display()));
        }
        assert_eq!(fs::read(root.join(file)).unwrap(), b"mine");
        assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
    }
}

#[test]
fn a_directory_kept_for_a_cache_or_emptied_under_one_becomes_a_cache() {
    let directory = temporary_directory();
    fs::write(directory.path().join(".gitkeep"), "").unwrap();
    let store = Store::open(directory.path()).unwrap();
    fs::remove_file(directory.path().join("FORMAT")).unwrap();
    execute(&store, 1).unwrap();
    drop(Store::open(directory.path()).unwrap());
    assert!(directory.path().join("FORMAT").exists());
}

#[test]
fn only_what_a_session_made_is_swept() {
    let (directory, store) = empty_store();
    let tmp = directory.path().join("tmp");
    let (own, dead) = (tmp.join("sub"), tmp.join("12-18a4f"));
    fs::create_dir(&own).unwrap();
    fs::create_dir(&dead).unwrap();
    fs::write(own.join("x.txt"), "mine").unwrap();
    drop(store);
    drop(Store::open(directory.path()).unwrap());
    assert!(own.join("x.txt").exists() && !dead.exists());
}

#[test]
fn a_newer_cache_is_refused() {
    let (directory, store) = empty_store();
    fs::write(directory.path().join("FORMAT"), "2\n").unwrap();
    drop(store);
    let error = Store::open(directory.path()).unwrap_err();
    assert!(error.to_string().ends_with("FORMAT has format 2; this program knows formats up to 1"), "{error}");
    assert!(error.help().unwrap().starts_with("update"));
    assert!(matches!(Store::open_read_only(directory.path()), Err(StoreError::Newer { .. })));
}

#[test]
fn a_cache_directory_carries_the_tag_that_backups_look_for() {
    let (directory, _store) = empty_store();
    let tag = fs::read_to_string(directory.path().join("CACHEDIR.TAG")).unwrap();
    assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
}

#[test]
fn files_are_shared_by_content_and_passed_on_without_a_copy() {
    let (_directory, store) = empty_store();
    let first = execute(&store, 1).unwrap();
    let blob = &first.outputs["model"].files["weights.safetensors"];
    let before = store.usage().unwrap();
    let reuse = [("encoder.safetensors".to_owned(), blob.clone())];
    let absent = store.root().join("tmp/nothing");
    let artifact = store.ingest(&absent, ArtifactType::Model, &reuse).unwrap();
    assert_eq!(artifact.files["encoder.safetensors"], *blob);
    assert_eq!(store.usage().unwrap(), before);
    let lost = [("encoder.safetensors".to_owned(), Blob { blake3: ContentHash::of(b"?"), bytes: 1 })];
    assert_eq!(damaged(store.ingest(&absent, ArtifactType::Model, &lost)).fault, Fault::Missing);
}

#[test]
fn files_in_directories_keep_their_path_as_their_name() {
    let (_directory, store) = empty_store();
    let scratch = store.scratch().unwrap();
    fs::create_dir_all(scratch.path().join("figures/a")).unwrap();
    fs::write(scratch.path().join("figures/a/loss.png"), "x").unwrap();
    let artifact = store.ingest(scratch.path(), ArtifactType::Figures, &[]).unwrap();
    assert_eq!(artifact.files.keys().collect::<Vec<_>>(), ["figures/a/loss.png"]);
}

#[test]
fn a_link_is_no_part_of_an_artifact() {
    let (_directory, store) = empty_store();
    let scratch = store.scratch().unwrap();
    std::os::unix::fs::symlink("/etc/hosts", scratch.path().join("hosts")).unwrap();
    let result = store.ingest(scratch.path(), ArtifactType::Figures, &[]);
    assert!(matches!(result, Err(StoreError::NotAFile { .. })));
}

#[test]
fn a_damaged_record_is_set_aside_and_the_next_execution_replaces_it() {
    for damage in [flip_a_byte as fn(&Path), truncate] {
        let (_directory, store) = empty_store();
        let record = execute(&store, 1).unwrap();
        let path = store.record_path(record.fingerprint);
        damage(&path);
        let found = broken(store.lookup(record.fingerprint).unwrap());
        assert_eq!((found.name.as_str(), found.fault), ("record", Fault::Altered));
        assert!(found.set_aside.unwrap().exists() && !path.exists());
        assert_eq!(store.lookup(record.fingerprint).unwrap(), Lookup::Miss);
        execute(&store, 1).unwrap();
        assert!(matches!(store.lookup(record.fingerprint).unwrap(), Lookup::Hit(_)));
    }
}

fn truncate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    faults::overwrite(path, &bytes[..bytes.len() - 1]);
}

#[test]
fn a_deleted_or_truncated_blob_is_noticed_without_reading_it() {
    let (_directory, store) = empty_store();
    let record = execute(&store, 1).unwrap();
    let (name, blob) = record.outputs["model"].files.first_key_value().unwrap();
    let path = store.blob_path(blob, name);
    truncate(&path);
    let found = broken(store.lookup(record.fingerprint).unwrap());
    assert_eq!(StaleReason::from(&found).to_string(), "damaged in the cache: model.json");
    // It is in `damaged/` now, so it is missing.
    let found = broken(store.lookup(record.fingerprint).unwrap());
    assert_eq!(StaleReason::from(&found).to_string(), "missing from the cache: model.json");
    assert_eq!(damaged(store.verified(blob, name)).fault, Fault::Missing);
    execute(&store, 1).unwrap();
    assert!(matches!(store.lookup(record.fingerprint).unwrap(), Lookup::Hit(_)));
}

#[test]
fn a_flipped_byte_in_a_blob_is_noticed_when_it_is_read() {
    let (directory, store) = empty_store();
    let record = execute(&store, 1).unwrap();
    let (name, blob) = record.outputs["model"].files.first_key_value().unwrap();
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    let path = store.blob_path(blob, name);
    flip_a_byte(&path);
    assert!(matches!(store.lookup(record.fingerprint).unwrap(), Lookup::Hit(_)));
    let found = damaged(store.verified(blob, name));
    assert!(found.to_string().starts_with("model.json is damaged in the cache ("), "{found}");
    assert!(found.set_aside.unwrap().exists() && !path.exists());
    execute(&store, 1).unwrap();
    assert_eq!(store.verified(blob, name).unwrap(), path);
}

#[test]
fn a_damaged_blob_under_an_unknown_record_is_replaced_by_a_good_one() {
    let (directory, store) = empty_store();
    let record = execute(&store, 1).unwrap();
    let (name, blob) = record.outputs["model"].files.first_key_value().unwrap();
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    flip_a_byte(&store.blob_path(blob, name));
    fs::remove_file(store.record_path(record.fingerprint)).unwrap();
    execute(&store, 1).unwrap();
    drop(store);
    Store::open(directory.path()).unwrap().verified(blob, name).unwrap();
}

#[test]
fn no_flipped_byte_and_no_truncation_of_a_record_gets_through() {
    let hashed = fingerprint(1);
    let record = Record::new(hashed.clone(), Default::default(), Outcome::default(), 0.5);
    let text = record.to_text().into_bytes();
    assert_eq!(Record::from_text(&text, hashed.hash()), Some(record));
    assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok(), "a record is a JSON file");
    for at in 0..text.len() {
        assert_eq!(Record::from_text(&text[..at], hashed.hash()), None);
        let mut flipped = text.clone();
        flipped[at] ^= 4;
        assert_eq!(Record::from_text(&flipped, hashed.hash()), None);
    }
    assert_eq!(Record::from_text(&text, fingerprint(2).hash()), None, "another stage's record");
}

proptest! {
    #[test]
    fn every_figure_survives_a_record(bits in prop::collection::vec(any::<u64>(), 0..8)) {
        let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324];
        let values: Vec<f64> = bits.into_iter().map(f64::from_bits).chain(special).collect();
        let outcome = Outcome { series: [("loss".to_owned(), values.clone())].into(), ..Outcome::default() };
        let record = Record::new(fingerprint(1), Default::default(), outcome, 0.1);
        let back = Record::from_text(record.to_text().as_bytes(), record.fingerprint).unwrap();
        for (was, now) in values.iter().zip(&back.outcome.series["loss"]) {
            prop_assert!(was.to_bits() == now.to_bits() || was.is_nan() && now.is_nan(), "{} {}", was, now);
        }
    }
}

#[test]
fn a_changed_param_is_explained_from_the_last_record() {
    let (_directory, store) = empty_store();
    let last = execute(&store, 20).unwrap().fingerprint;
    let explain = |last, now: &Fingerprint| store.explain(last, now).unwrap()[0].to_string();
    assert_eq!(explain(Some(last), &fingerprint(50)), "param epochs: 20 → 50");
    assert_eq!(explain(None, &fingerprint(50)), "first run");
    fs::remove_file(store.record_path(last)).unwrap();
    assert_eq!(explain(Some(last), &fingerprint(50)), "earlier result no longer in the cache");
    assert_eq!(explain(Some(last), &fingerprint(20)), "result no longer in the cache");
}

#[test]
fn the_last_fingerprints_are_kept_per_experiment_and_slot() {
    let (_directory, store) = empty_store();
    let hash = |text: &str| ContentHash::of(text.as_bytes());
    let slots = |pairs: &[(&str, &str)]| pairs.iter().map(|(slot, text)| (slot.to_string(), hash(text))).collect();
    for experiment in ["dense_vs_conv", "a/../b", "a_.._b", "ä", ""] {
        store.save_last(experiment, &slots(&[("train seed=1", experiment), ("load", "l")])).unwrap();
        store.save_last(experiment, &slots(&[("load", "m")])).unwrap();
    }
    for experiment in ["dense_vs_conv", "a/../b", "a_.._b", "ä", ""] {
        let expected: BTreeMap<String, ContentHash> = slots(&[("load", "m"), ("train seed=1", experiment)]);
        assert_eq!(store.last(experiment).unwrap(), expected);
    }
    truncate(&store.root().join("last/dense_vs_conv.json"));
    assert!(store.last("dense_vs_conv").unwrap().is_empty());
    store.save_last("dense_vs_conv", &slots(&[("load", "n")])).unwrap();
    assert_eq!(store.last("dense_vs_conv").unwrap().len(), 1);
}

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
        .args(["--ignored", "--exact", "artifact::store::tests::holds_a_lock_until_killed"])
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
fn a_cache_deleted_under_a_living_store_is_only_empty() {
    let (directory, store) = empty_store();
    let record = execute(&store, 1).unwrap();
    fs::remove_dir_all(directory.path()).unwrap();
    assert_eq!(store.lookup(record.fingerprint).unwrap(), Lookup::Miss);
    let guard = store.lock(record.fingerprint, &Cancel::default(), &mut |_| {}).unwrap();
    execute(&store, 1).unwrap();
    drop(guard);
    assert!(matches!(store.lookup(record.fingerprint).unwrap(), Lookup::Hit(_)));
    for (name, blob) in &record.outputs["model"].files {
        store.verified(blob, name).unwrap();
    }
    store.save_last("e", &BTreeMap::new()).unwrap();
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

#[test]
fn a_removed_result_takes_along_what_no_other_one_has() {
    let (_directory, store) = empty_store();
    // They have the same weights.
    let (one, other) = (execute(&store, 1).unwrap(), execute(&store, 257).unwrap());
    let work = |hashed: &Fingerprint| Some(hashed.without("epochs").hash());
    let checkpoints = store.checkpoints(fingerprint(1).without("epochs").hash(), true);
    checkpoints.save(1, true, b"state").unwrap();
    let removable = |records: &[&Record]| {
        store.removable(&records.iter().map(|record| record.fingerprint).collect(), &work).unwrap()
    };
    let alone = removable(&[&one]);
    let model = one.outputs["model"].files["model.json"].bytes;
    assert_eq!((alone.results(), alone.bytes()), (1, model), "not the weights, not the checkpoint");
    assert_eq!(removable(&[&one, &other]).bytes(), model + "{\"epochs\": 257}".len() as u64 + 3000 + 5);
    store.remove(&alone, &Cancel::default()).unwrap();
    assert_eq!(store.lookup(one.fingerprint).unwrap(), Lookup::Miss);
    assert_eq!(store.lookup(other.fingerprint).unwrap(), Lookup::Hit(Box::new(other.clone())));
    assert!(checkpoints.latest(1).is_some());
    store.remove(&removable(&[&one, &other]), &Cancel::default()).unwrap();
    assert_eq!(store.lookup(other.fingerprint).unwrap(), Lookup::Miss);
    assert!(checkpoints.latest(1).is_none());
    assert_eq!(removable(&[&one, &other]), Removable::default());
}

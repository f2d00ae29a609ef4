//! A store as a runner uses it.

mod crash;
mod damage;
mod locks;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::artifact::ArtifactType;
use crate::event::Outcome;

fn fingerprint(epochs: u32) -> Fingerprint {
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
fn execute(store: &Store, epochs: u32) -> Result<Record, StoreError> {
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

fn flip_a_byte(path: &Path) {
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

fn truncate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    faults::overwrite(path, &bytes[..bytes.len() - 1]);
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

//! What is damaged or deleted is noticed, and computed again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::{broken, damaged, empty_store, execute, fingerprint, flip_a_byte, truncate};
use crate::artifact::store::{Fault, Lookup, Record, Store};
use crate::cancel::Cancel;
use crate::event::Outcome;
use crate::fingerprint::StaleReason;

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

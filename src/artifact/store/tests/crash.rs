//! Death, power cuts and failing disks at every single step.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::{execute, fingerprint, flip_a_byte, temporary_directory};
use crate::artifact::store::faults::{self, Fault, Journal, Loss};
use crate::artifact::store::{Lookup, Store, StoreError};

const NEVER: Duration = Duration::MAX;

/// How a cache may look before the step under test.
type Before = fn(&Path);

fn empty(_: &Path) {}

fn labelled(root: &Path) {
    drop(Store::open(root).unwrap());
}

fn with_another_result(root: &Path) {
    let store = Store::open(root).unwrap();
    execute(&store, 1).unwrap();
}

fn with_a_damaged_blob(root: &Path) {
    let store = Store::open(root).unwrap();
    let record = execute(&store, 2).unwrap();
    let (name, blob) = record.outputs["model"].files.first_key_value().unwrap();
    flip_a_byte(&store.blob_path(blob, name));
}

/// Opens the cache and executes stage 2, unless it is there. With `sync_interval` zero every result waits for its own
/// syncs, with [`NEVER`] for none.
fn launch(root: &Path, sync_interval: Duration) -> Result<(), StoreError> {
    let mut store = Store::open(root)?;
    store.sync_interval = sync_interval;
    if !matches!(usable(&store, 2)?, Lookup::Hit(_)) {
        execute(&store, 2)?;
    }
    store.flush()
}

/// What a runner does before it believes in a result.
fn usable(store: &Store, epochs: u32) -> Result<Lookup, StoreError> {
    let found = store.lookup(fingerprint(epochs).hash())?;
    let Lookup::Hit(record) = &found else { return Ok(found) };
    for (name, blob) in record.outputs.values().flat_map(|artifact| &artifact.files) {
        match store.verified(blob, name) {
            Err(StoreError::Damaged(damage)) => return Ok(Lookup::Broken(damage)),
            result => drop(result?),
        }
    }
    Ok(found)
}

/// A cache after a mishap: nothing in it is believed that is wrong, and the next launch succeeds.
fn assert_sound(root: &Path, may_be_broken: bool) {
    let store = Store::open(root).unwrap();
    match usable(&store, 2).unwrap() {
        Lookup::Broken(damage) => assert!(may_be_broken, "{damage}"),
        Lookup::Hit(_) | Lookup::Miss => {}
    }
    drop(store);
    launch(root, NEVER).unwrap();
    let store = Store::open_read_only(root).unwrap();
    assert!(matches!(usable(&store, 2).unwrap(), Lookup::Hit(_)));
    // A program that another test is just starting holds on to the dead launch's lock until it runs.
    let is_tidy = || fs::read_dir(root.join("tmp")).unwrap().count() == 0;
    assert!(is_tidy() || (0..20).any(|_| launch(root, NEVER).is_ok() && is_tidy()));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() { copy(&entry.path(), &to) } else { drop(fs::copy(entry.path(), to)) }
    }
}

/// What is done when the mishap occurs.
type Work = fn(&Path) -> Result<(), StoreError>;

/// Every result waits for its own syncs.
fn patient(root: &Path) -> Result<(), StoreError> {
    launch(root, Duration::ZERO)
}

/// No result waits for a sync.
fn hasty(root: &Path) -> Result<(), StoreError> {
    launch(root, NEVER)
}

/// As [`hasty`], but executes again what is there already.
fn forced(root: &Path) -> Result<(), StoreError> {
    let mut store = Store::open(root)?;
    store.sync_interval = NEVER;
    execute(&store, 2)?;
    store.flush()
}

/// Dies at every step in turn until a launch gets through; hands what is left each time to `check`.
fn die_at_every_step(before: Before, work: Work, check: impl Fn(&Path, &Journal)) {
    for fatal in 0.. {
        let root = temporary_directory();
        before(root.path());
        faults::set(Fault::DieAt(fatal));
        let result = work(root.path());
        let journal = faults::take();
        check(root.path(), &journal);
        if !journal.struck() {
            assert!(fatal > 5 && result.is_ok());
            return;
        }
    }
}

#[test]
fn death_at_any_step_leaves_a_sound_cache() {
    for before in [empty as Before, with_another_result] {
        for work in [patient as Work, hasty] {
            die_at_every_step(before, work, |root, _| assert_sound(root, false));
        }
    }
}

#[test]
fn death_at_any_step_of_a_repair_leaves_a_repairable_cache() {
    // The damage is found by the first look after the death, if not before.
    die_at_every_step(with_a_damaged_blob, hasty, |root, _| {
        launch(root, NEVER).unwrap();
        assert_sound(root, false);
    });
}

/// Cuts the power at every step, with every subset of what can be lost then.
fn cut_power_at_every_step(before: Before, work: Work, check: impl Fn(&Path, &[Loss])) {
    die_at_every_step(before, work, |root, journal| {
        let possible = journal.losses();
        assert!(possible.len() <= 8);
        for subset in 0..1 << possible.len() {
            let chosen = |(index, loss)| (subset >> index & 1 == 1).then_some(loss);
            let losses: Vec<Loss> = possible.iter().cloned().enumerate().filter_map(chosen).collect();
            let after = temporary_directory();
            copy(root, after.path());
            losses.iter().for_each(|loss| loss.happen(root, after.path()));
            check(after.path(), &losses);
        }
    });
}

#[test]
fn a_power_cut_at_any_step_breaks_no_result_that_waited_for_its_syncs() {
    for before in [labelled as Before, with_another_result] {
        cut_power_at_every_step(before, patient, |root, _| assert_sound(root, false));
    }
}

#[test]
fn a_power_cut_at_any_step_never_makes_a_wrong_result() {
    cut_power_at_every_step(labelled, hasty, |root, losses| assert_sound(root, !losses.is_empty()));
}

#[test]
fn a_power_cut_takes_back_nothing_that_was_there_before() {
    let before = |root: &Path| {
        let store = Store::open(root).unwrap();
        let record = execute(&store, 2).unwrap();
        // Deleted by hand: the next launch makes the same blobs again.
        fs::remove_file(store.record_path(record.fingerprint)).unwrap();
        execute(&store, 1).unwrap();
    };
    cut_power_at_every_step(before, hasty, |root, _| {
        let store = Store::open_read_only(root).unwrap();
        assert!(matches!(usable(&store, 1).unwrap(), Lookup::Hit(_)));
        let blobs = |epochs| execute(&Store::open(temporary_directory().path()).unwrap(), epochs).unwrap().outputs;
        for (name, blob) in &blobs(2)["model"].files {
            store.verified(blob, name).unwrap();
        }
    });
}

#[test]
fn a_power_cut_while_a_result_is_made_anew_leaves_the_old_or_the_new_one() {
    let before = |root: &Path| drop(execute(&Store::open(root).unwrap(), 2).unwrap());
    cut_power_at_every_step(before, forced, |root, _| {
        let store = Store::open_read_only(root).unwrap();
        assert!(matches!(usable(&store, 2).unwrap(), Lookup::Hit(_)));
    });
}

#[test]
fn nothing_can_be_lost_after_a_flush() {
    let root = temporary_directory();
    faults::set(Fault::None);
    launch(root.path(), NEVER).unwrap();
    assert!(faults::take().losses().is_empty());
}

#[test]
fn a_failure_at_any_step_is_reported_and_the_next_try_succeeds() {
    for kind in [ErrorKind::StorageFull, ErrorKind::PermissionDenied, ErrorKind::Other] {
        for bad in 0.. {
            let root = temporary_directory();
            faults::set(Fault::FailAt(bad, kind));
            let result = launch(root.path(), Duration::ZERO);
            let struck = faults::take().struck();
            match result {
                Ok(()) => {}
                Err(StoreError::Full { .. }) => assert_eq!(kind, ErrorKind::StorageFull),
                Err(StoreError::Unwritable { .. }) => assert_eq!(kind, ErrorKind::PermissionDenied),
                Err(StoreError::Io { .. }) => assert_eq!(kind, ErrorKind::Other),
                Err(error) => panic!("{error}"),
            }
            assert_sound(root.path(), false);
            if !struck {
                assert!(bad > 10);
                break;
            }
        }
    }
}

#[test]
fn a_store_that_ran_out_of_space_goes_on_once_there_is_some() {
    for bad in 0.. {
        let root = temporary_directory();
        let store = Store::open(root.path()).unwrap();
        faults::set(Fault::FailAt(bad, ErrorKind::StorageFull));
        let failed = execute(&store, 2).and_then(|_| store.flush()).is_err();
        let struck = faults::take().struck();
        execute(&store, 2).and_then(|_| store.flush()).unwrap();
        assert!(matches!(usable(&store, 2).unwrap(), Lookup::Hit(_)));
        if !struck {
            assert!(bad > 5 && !failed);
            break;
        }
    }
}

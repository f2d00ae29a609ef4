//! States that long work saved on its way, from which the same work, or more of it, goes on later. Nothing depends on
//! them: one that is missing or damaged costs time and no result.

use std::path::PathBuf;

use crate::artifact::store::{Store, StoreError};
use crate::hash::ContentHash;

/// The saved states of one piece of work: `<steps>-<end|part>-<hash of the bytes>.safetensors`.
#[derive(Clone)]
pub struct Checkpoints<'a> {
    store: &'a Store,
    directory: PathBuf,
    /// Whether what is there may be used, or is only added to.
    reads: bool,
    /// After how many steps each a state is to be saved; `None` leaves it to the work.
    pub every: Option<u32>,
}

/// A saved state's file.
struct Saved {
    path: PathBuf,
    steps: u64,
    is_end: bool,
    hash: String,
}

impl Store {
    /// The states of the work that `key` stands for: a hash of all that decides them but the number of steps. With
    /// `reads` false, nothing is found there.
    pub fn checkpoints(&self, key: ContentHash, reads: bool) -> Checkpoints<'_> {
        Checkpoints { store: self, directory: self.checkpoint_directory(key), reads, every: None }
    }

    pub(super) fn checkpoint_directory(&self, key: ContentHash) -> PathBuf {
        let name = key.to_string();
        self.root().join("checkpoints").join(&name[..2]).join(name)
    }
}

impl Checkpoints<'_> {
    /// The state after the most steps up to `at_most`. Damaged ones are deleted and passed over.
    pub fn latest(&self, at_most: u64) -> Option<Vec<u8>> {
        let mut saved = if self.reads { self.list() } else { vec![] };
        saved.retain(|saved| saved.steps <= at_most);
        saved.sort_by_key(|saved| saved.steps);
        saved.iter().rev().find_map(|saved| {
            let bytes = std::fs::read(&saved.path).ok()?;
            if ContentHash::of(&bytes).to_string() == saved.hash {
                return Some(bytes);
            }
            tracing::warn!(path = %saved.path.display(), "a damaged checkpoint is deleted");
            let _ = std::fs::remove_file(&saved.path);
            None
        })
    }

    /// Saves the state after `steps`. Those saved on the way there are deleted; the ends of other work stay, so that
    /// more of it can go on from them.
    pub fn save(&self, steps: u64, is_end: bool, state: &[u8]) -> Result<(), StoreError> {
        let what = if is_end { "end" } else { "part" };
        let name = format!("{steps:08}-{what}-{}.safetensors", ContentHash::of(state));
        let path = self.directory.join(name);
        self.store.keep(&path, state)?;
        tracing::debug!(path = %path.display(), bytes = state.len(), "checkpoint written");
        let passed = |saved: &Saved| !saved.is_end && saved.steps <= steps && saved.path != path;
        self.list().iter().filter(|saved| passed(saved)).for_each(|saved| {
            // Another launch may have deleted it.
            let _ = std::fs::remove_file(&saved.path);
        });
        Ok(())
    }

    fn list(&self) -> Vec<Saved> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| Saved::parse(entry.path())).collect()
    }
}

impl Saved {
    fn parse(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".safetensors")?;
        let (steps, rest) = name.split_once('-')?;
        let (what, hash) = rest.split_once('-')?;
        Some(Self { steps: steps.parse().ok()?, is_end: what == "end", hash: hash.to_owned(), path: path.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_checkpoints(test: impl FnOnce(&Store, ContentHash)) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("cache")).unwrap();
        test(&store, ContentHash::of(b"work"));
    }

    #[test]
    fn the_longest_state_that_is_short_enough_is_found() {
        with_checkpoints(|store, key| {
            let checkpoints = store.checkpoints(key, true);
            assert_eq!(checkpoints.latest(100), None);
            checkpoints.save(20, true, b"twenty").unwrap();
            checkpoints.save(50, true, b"fifty").unwrap();
            let latest = |at_most| checkpoints.latest(at_most).map(|state| String::from_utf8(state).unwrap());
            assert_eq!(
                [19, 20, 49, 50, 99].map(latest),
                [None, Some("twenty".into()), Some("twenty".into()), Some("fifty".into()), Some("fifty".into())]
            );
            assert_eq!(store.checkpoints(key, false).latest(99), None);
            assert_eq!(store.checkpoints(ContentHash::of(b"other"), true).latest(99), None);
        });
    }

    #[test]
    fn states_on_the_way_go_when_a_later_one_is_saved() {
        with_checkpoints(|store, key| {
            let checkpoints = store.checkpoints(key, true);
            checkpoints.save(5, true, b"end").unwrap();
            for steps in [6, 7, 8] {
                checkpoints.save(steps, false, b"part").unwrap();
            }
            let mut left: Vec<u64> = checkpoints.list().iter().map(|saved| saved.steps).collect();
            left.sort_unstable();
            assert_eq!(left, [5, 8]);
        });
    }

    #[test]
    fn a_damaged_state_is_deleted_and_the_one_before_is_taken() {
        with_checkpoints(|store, key| {
            let checkpoints = store.checkpoints(key, true);
            checkpoints.save(1, true, b"one").unwrap();
            checkpoints.save(2, true, b"two").unwrap();
            let second = checkpoints.list().into_iter().find(|saved| saved.steps == 2).unwrap().path;
            std::fs::write(&second, b"tow").unwrap();
            assert_eq!(checkpoints.latest(9), Some(b"one".to_vec()));
            assert!(!second.exists());
        });
    }
}

//! Fault injection for the tests of this module: stops at, or fails, any one file-system step of the calling thread,
//! and keeps a journal from which a power cut is made.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::artifact::store::fs::Step;

/// What shall go wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Fault {
    #[default]
    None,
    /// From this step on nothing is done any more, as if the process were dead.
    DieAt(usize),
    /// This one step fails.
    FailAt(usize, io::ErrorKind),
}

/// A rename that was done.
#[derive(Debug, Clone)]
pub(super) struct Renamed {
    from: PathBuf,
    to: PathBuf,
    /// What was there before.
    replaced: Option<Vec<u8>>,
    at: usize,
}

/// Everything that was done since the fault was set.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal {
    fault: Fault,
    steps: usize,
    renames: Vec<Renamed>,
    created: Vec<(usize, PathBuf)>,
    synced: Vec<(usize, PathBuf)>,
}

thread_local! {
    static JOURNAL: RefCell<Journal> = RefCell::default();
}

/// Starts a new journal.
pub(super) fn set(fault: Fault) {
    JOURNAL.set(Journal { fault, ..Journal::default() });
}

/// Ends the journal; nothing goes wrong any more.
pub(super) fn take() -> Journal {
    JOURNAL.take()
}

pub(super) fn step(step: Step) -> io::Result<()> {
    JOURNAL.with_borrow_mut(|journal| journal.step(step))
}

impl Journal {
    fn step(&mut self, step: Step) -> io::Result<()> {
        let at = self.steps;
        self.steps += 1;
        match self.fault {
            Fault::DieAt(fatal) if at >= fatal => return Err(io::Error::other("dead")),
            Fault::FailAt(bad, kind) if at == bad => return Err(kind.into()),
            _ => {}
        }
        match step {
            Step::CreateDir(path) => self.created.push((at, path.to_owned())),
            Step::Sync(path) => self.synced.push((at, path.to_owned())),
            Step::Rename(from, to) if to.parent().is_some_and(Path::exists) => {
                self.renames.push(Renamed { from: from.into(), to: to.into(), replaced: fs::read(to).ok(), at });
            }
            Step::Rename(..) | Step::Write | Step::Protect | Step::Remove => {}
        }
        Ok(())
    }

    /// Whether the fault came to pass.
    pub(super) fn struck(&self) -> bool {
        match self.fault {
            Fault::None => false,
            Fault::DieAt(at) | Fault::FailAt(at, _) => self.steps > at,
        }
    }

    /// Everything that a power cut now could undo, each independently of the others: renames whose directory, or the
    /// directory above a new one, was not synced afterwards, and bytes that were not synced.
    pub(super) fn losses(&self) -> Vec<Loss> {
        let synced_after = |at, path: &Path| self.synced.iter().any(|(when, synced)| *when > at && synced == path);
        let entry_synced = |path: &Path, at| path.parent().is_some_and(|directory| synced_after(at, directory));
        let named = |renamed: &&Renamed| {
            let directory = renamed.to.parent().unwrap();
            let mut created = self.created.iter().filter(|(_, path)| path == directory);
            entry_synced(&renamed.to, renamed.at) && created.all(|(at, path)| entry_synced(path, *at))
        };
        let written = |renamed: &&Renamed| synced_after(0, &renamed.from) || synced_after(renamed.at, &renamed.to);
        let names = self.renames.iter().filter(|renamed| !named(renamed)).cloned().map(Loss::Name);
        let bytes =
            self.renames.iter().filter(|renamed| !written(renamed)).map(|renamed| Loss::Bytes(renamed.to.clone()));
        bytes.chain(names).collect()
    }
}

/// Something that a power cut takes away.
#[derive(Debug, Clone)]
pub(super) enum Loss {
    /// The file's size is on the disk, its bytes are not.
    Bytes(PathBuf),
    Name(Renamed),
}

impl Loss {
    /// Brings the loss about in a copy of the directory.
    pub(super) fn happen(&self, root: &Path, copy: &Path) {
        let there = |path: &Path| copy.join(path.strip_prefix(root).unwrap());
        match self {
            Self::Bytes(path) => overwrite(&there(path), &vec![0; fs::read(there(path)).unwrap().len()]),
            Self::Name(Renamed { to, replaced: Some(bytes), .. }) => overwrite(&there(to), bytes),
            Self::Name(Renamed { to, replaced: None, .. }) => drop(fs::remove_file(there(to))),
        }
    }
}

/// Writes a file anew, read-only or not.
pub(super) fn overwrite(path: &Path, bytes: &[u8]) {
    drop(fs::remove_file(path));
    fs::write(path, bytes).unwrap();
}

//! Has the outside data of a stage here before the stage is executed, and says so while it is fetched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::artifact::store::{LockGuard, Record};
use crate::hash::ContentHash;
use crate::runner::lookup;
use crate::runner::produce::Job;
use crate::runner::shared::{Failure, Message};
use crate::stage::Source;

/// How long a mirror is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long, when the cache has what stands in: every launch without a network waits that long.
const LITTLE_PATIENCE: Duration = Duration::from_secs(1);

/// What a stage will read from outside the cache, and what was done to have it here.
#[derive(Default)]
pub struct Data {
    pub source: Option<Source>,
    /// The lock of a fingerprint, when it was taken to fetch.
    pub held: Option<(ContentHash, LockGuard)>,
    /// With which fingerprint the stage was said to have started.
    pub announced: Option<ContentHash>,
    /// How long the fetching took.
    pub seconds: f64,
}

/// What looking for data led to.
pub enum Found {
    Data(Data),
    /// The result itself: another launch made it meanwhile.
    Cached(Record),
}

impl Job<'_> {
    /// What outside data the stage will read; fetched when it is not there.
    pub(super) fn data(&self, anyhow: bool) -> Result<Found, Failure> {
        let node = self.planned(self.node);
        let source = lookup::stage_of(node).source(&node.params, &self.environment);
        let source = source.map_err(|error| self.failed(None, &error, vec![]))?;
        if let Some(source) = &source
            && let Some(missing) = &source.missing
        {
            return self.fetch(source, missing, anyhow);
        }
        self.pass_on(source.as_ref());
        Ok(Found::Data(Data { source, ..Data::default() }))
    }

    /// Fetches under the lock of the fingerprint that the data will give, so that launches share the work. The stage
    /// has started once it is certain that it will be executed: at once when nothing can stand in for the data, else
    /// with the first bytes.
    fn fetch(&self, wanted: &Source, name: &str, anyhow: bool) -> Result<Found, Failure> {
        let hash = self.fingerprint(Some(wanted))?.hash();
        let guard = self.lock(hash)?;
        if anyhow && let Some(record) = self.look_up(hash)?.hit() {
            return Ok(Found::Cached(record));
        }
        self.notice(format!("looking for `{name}` at its public mirrors: it is not on this machine"));
        let begun = Instant::now();
        let announced = Arc::new(AtomicBool::new(false));
        let (node, messages, told) = (self.node, self.messages.clone(), announced.clone());
        // Nobody listens any more only when the launch was given up; then nothing needs to be told.
        let announce = move || {
            if !told.swap(true, Ordering::Relaxed) {
                drop(messages.send(Message::Started { node, fingerprint: hash }));
            }
        };
        if wanted.stand_in.is_none() {
            announce();
        }
        let messages = self.messages.clone();
        let progress = move |progress| {
            announce();
            drop(messages.send(Message::Progress { node, progress }));
        };
        let patience = if self.has_stand_in(wanted)? { LITTLE_PATIENCE } else { PATIENCE };
        let environment = self.shared.places.environment(Some(patience), self.shared.cancel.clone(), progress);
        let planned = self.planned(node);
        let source = lookup::stage_of(planned).source(&planned.params, &environment);
        let announced = announced.load(Ordering::Relaxed).then_some(hash);
        let source = source.map_err(|error| self.failed(announced, &error, vec![]))?;
        self.pass_on(source.as_ref());
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Found::Data(Data { source, held: Some((hash, guard)), announced, seconds }))
    }

    /// Whether the cache has the result for what stands in for the data.
    fn has_stand_in(&self, wanted: &Source) -> Result<bool, Failure> {
        let Some(stand_in) = wanted.replaced() else { return Ok(false) };
        Ok(self.shared.store.lookup(self.fingerprint(Some(&stand_in))?.hash())?.hit().is_some())
    }

    /// Tells people what the search for data has to say.
    fn pass_on(&self, source: Option<&Source>) {
        if let Some(notice) = source.and_then(|source| source.notice.clone()) {
            self.notice(notice);
        }
    }
}

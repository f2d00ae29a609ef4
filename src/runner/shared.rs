//! What job threads share, and what they tell the coordinator.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::artifact::store::{Holder, Record, Store, StoreError};
use crate::cancel::Cancel;
use crate::event::{Progress, Reason};
use crate::hash::ContentHash;
use crate::plan::Plan;
use crate::runner::lookup::Last;
use crate::runner::{Options, Places};

/// What job threads tell the coordinator.
pub enum Message {
    Started {
        node: usize,
        fingerprint: ContentHash,
    },
    Progress {
        node: usize,
        progress: Progress,
    },
    Notice {
        node: usize,
        text: String,
    },
    /// A stage that was finished in this launch had to be made again, because its bytes were damaged.
    Repaired {
        node: usize,
        produced: Produced,
    },
    Done {
        node: usize,
        result: Result<Produced, Failure>,
    },
}

/// A stage's result and how it came to be.
#[derive(Clone)]
pub struct Produced {
    pub record: Arc<Record>,
    pub executed: bool,
    pub seconds: f64,
    pub reasons: Vec<Reason>,
}

/// Why there is no result.
pub enum Failure {
    Interrupted,
    Failed { fingerprint: Option<ContentHash>, error: String, seconds: f64, reasons: Vec<Reason> },
}

impl Failure {
    pub fn early(error: String) -> Self {
        Self::Failed { fingerprint: None, error, seconds: 0.0, reasons: vec![] }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Interrupted => Self::Interrupted,
            error => Self::early(in_words(&error)),
        }
    }
}

/// What is to be run; replaced by a longer one when the launch grows.
pub struct Planned {
    pub plan: Plan,
    /// By node, whether it is executed even if its result is there.
    pub forced: Vec<bool>,
}

/// All that job threads share.
pub struct Shared {
    pub planned: RwLock<Arc<Planned>>,
    pub store: Arc<Store>,
    pub places: Places,
    pub options: Options,
    pub cancel: Cancel,
    pub pool: rayon::ThreadPool,
    /// What the experiment's stages were the last time, to say what changed.
    pub last: Last,
    /// The processes that were waited for.
    pub holders: Mutex<HashSet<Holder>>,
    /// By node, once it is there.
    pub records: RwLock<Vec<Option<Arc<Record>>>>,
}

impl Shared {
    /// What is to be run, as far as that is known.
    pub fn planned(&self) -> Arc<Planned> {
        self.planned.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs more: what was planned keeps its numbers.
    pub fn extend(&self, plan: Plan) {
        let records = &mut *self.records.write().unwrap_or_else(PoisonError::into_inner);
        records.resize(plan.graph.node_count(), None);
        let forced = self.options.force.nodes(&plan);
        *self.planned.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Planned { plan, forced });
    }

    /// A node's result, once it is there.
    pub fn record(&self, node: usize) -> Option<Arc<Record>> {
        self.records.read().unwrap_or_else(PoisonError::into_inner)[node].clone()
    }

    /// Keeps a node's result for the stages that need it.
    pub fn keep(&self, node: usize, record: Arc<Record>) {
        self.records.write().unwrap_or_else(PoisonError::into_inner)[node] = Some(record);
    }

    /// Whether a process is waited for the first time.
    pub fn is_new(&self, holder: &Holder) -> bool {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).insert(holder.clone())
    }
}

/// An error and the next thing to do.
pub fn in_words(error: &StoreError) -> String {
    error.help().map_or_else(|| error.to_string(), |help| format!("{error}\nhelp: {help}"))
}

//! What people add to runs: tags, a note, a place in the archive.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::run_log::query::json;
use crate::run_log::{Filter, LogError, RunLog};

impl RunLog {
    /// Ids of the runs that pass the filter, in its order.
    pub fn ids(&self, filter: &Filter) -> Result<Vec<String>, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM runs WHERE number = ?1")?;
            let numbers = self.numbers(filter)?.into_iter();
            numbers.map(|number| statement.query_row([number], |row| row.get(0))).collect()
        })
    }

    /// The id of the run that is meant by an id, by the only beginning of one, or by `latest`.
    pub fn id(&self, given: &str) -> Result<String, LogError> {
        let number = self.number_of(given)?;
        self.ask(|connection| connection.query_row("SELECT id FROM runs WHERE number = ?1", [number], |row| row.get(0)))
    }

    /// Adds tags to runs and takes others away. Returns how many runs have other tags now.
    pub fn tag(&mut self, ids: &[String], add: &[String], remove: &[String]) -> Result<usize, LogError> {
        self.change(|transaction| {
            let mut changed = 0;
            let mut read = transaction.prepare("SELECT tags FROM runs WHERE id = ?1")?;
            let mut write = transaction.prepare("UPDATE runs SET tags = ?2 WHERE id = ?1")?;
            for id in ids {
                let before: Vec<String> = read.query_row([id], |row| json(row, 0))?;
                let kept = before.iter().filter(|tag| !remove.contains(tag)).chain(add);
                let mut seen = BTreeSet::new();
                let after: Vec<&String> = kept.filter(|tag| seen.insert(*tag)).collect();
                if after.iter().copied().ne(&before) {
                    write.execute(params![id, serde_json::Value::from_iter(after.into_iter().cloned()).to_string()])?;
                    changed += 1;
                }
            }
            Ok(changed)
        })
    }

    /// Sets what a person wrote about a run; nothing when it is empty.
    pub fn annotate(&mut self, id: &str, note: &str) -> Result<(), LogError> {
        self.change(|transaction| transaction.execute("UPDATE runs SET note = ?2 WHERE id = ?1", [id, note]).map(drop))
    }

    /// Puts runs into the archive or takes them out. Returns how many were not there, or were.
    pub fn archive(&mut self, ids: &[String], archived: bool) -> Result<usize, LogError> {
        self.change(|transaction| {
            let mut write = transaction.prepare("UPDATE runs SET archived = ?2 WHERE id = ?1 AND archived != ?2")?;
            ids.iter().map(|id| write.execute(params![id, archived])).sum()
        })
    }

    /// All of a change, or nothing of it.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&Transaction) -> rusqlite::Result<T>,
    ) -> Result<T, LogError> {
        let apply = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let changed = change(&transaction)?;
            transaction.commit()?;
            Ok(changed)
        };
        apply(&mut self.connection).map_err(|error| LogError::from_sqlite(&self.path, &error))
    }
}

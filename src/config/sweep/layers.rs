//! What `[sweep]` says in files that extend each other and on the command line, the newer over the older. Knows where
//! params are named, not what their values mean.

use std::collections::BTreeSet;

use super::WORDS;
use crate::config::value::{Entry, Kind, Located};

/// What is swept after all layers so far, not checked yet.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    pub entries: Vec<Entry>,
    /// Params of which a newer layer says something else than an older one: what the older ones say with them in a
    /// condition or in `exclude` may come to nothing.
    pub overridden: BTreeSet<String>,
}

impl Layers {
    /// What a newer layer sweeps. A param has one place: its own key, or `points`.
    pub fn lay(&mut self, newer: Vec<Entry>) {
        for entry in &newer {
            if entry.key == "points" {
                let named: BTreeSet<&str> = tables(&entry.value).flatten().map(|entry| entry.key.as_str()).collect();
                let kept = |older: &Entry| !named.contains(older.key.as_str()) || is_word(&older.key);
                let (kept, gone): (Vec<Entry>, Vec<Entry>) = self.entries.drain(..).partition(kept);
                self.entries = kept;
                self.overridden.extend(gone.into_iter().map(|entry| entry.key));
            } else if !is_word(&entry.key) && (self.has(&entry.key) || self.strip_points(&entry.key)) {
                self.overridden.insert(entry.key.clone());
            }
        }
        for entry in newer {
            match self.entries.iter_mut().find(|older| older.key == entry.key) {
                Some(older) => *older = entry,
                None => self.entries.push(entry),
            }
        }
    }

    /// A newer layer sets a param: it is swept no more, neither by itself, nor zipped, nor in `points` or `include`.
    pub fn set(&mut self, param: &str) {
        let swept = self.has(param);
        self.entries.retain(|entry| entry.key != param || is_word(param));
        if self.strip_points(param) || swept {
            self.overridden.insert(param.to_owned());
        } else if let Some(include) = self.word("include") {
            strip(include, param);
            remove_items(include, |item| item.as_table() == Some(&[]));
        }
        if let Some(zip) = self.word("zip") {
            unzip(zip, param);
        }
    }

    fn has(&self, param: &str) -> bool {
        !is_word(param) && self.entries.iter().any(|entry| entry.key == param)
    }

    fn word(&mut self, word: &str) -> Option<&mut Located> {
        self.entries.iter_mut().find(|entry| entry.key == word).map(|entry| &mut entry.value)
    }

    /// Takes a param out of all points, which may be alike then. True when one named it.
    fn strip_points(&mut self, param: &str) -> bool {
        let Some(points) = self.word("points") else { return false };
        let found = strip(points, param);
        if found {
            let mut seen = BTreeSet::new();
            remove_items(points, |point| !seen.insert(point.to_toml()));
        }
        found
    }
}

fn is_word(key: &str) -> bool {
    WORDS.contains(&key)
}

fn tables(list: &Located) -> impl Iterator<Item = &[Entry]> {
    list.as_list().into_iter().flatten().filter_map(Located::as_table)
}

/// Takes a key out of every table of a list. True when one had it.
fn strip(list: &mut Located, key: &str) -> bool {
    let Kind::List(items) = &mut list.kind else { return false };
    let mut found = false;
    for item in items {
        if let Kind::Table(entries) = &mut item.kind {
            let before = entries.len();
            entries.retain(|entry| entry.key != key);
            found |= entries.len() < before;
        }
    }
    found
}

fn remove_items(list: &mut Located, mut unwanted: impl FnMut(&Located) -> bool) {
    if let Kind::List(items) = &mut list.kind {
        items.retain(|item| !unwanted(item));
    }
}

/// Takes a param out of the groups; one param alone is no group.
fn unzip(zip: &mut Located, param: &str) {
    let Kind::List(groups) = &mut zip.kind else { return };
    groups.retain_mut(|group| {
        let Kind::List(names) = &mut group.kind else { return true };
        let before = names.len();
        names.retain(|name| name.as_text() != Some(param));
        names.len() == before || names.len() > 1
    });
}

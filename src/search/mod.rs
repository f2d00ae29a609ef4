//! Searches for the points of a space at which metrics are best: which trial is next, given how the earlier ones ended.
//! Knows no stage, no file and no clock: whoever asks executes the trials and tells what came of them.
//!
//! What is asked depends on the settings and on what was told of earlier rounds alone, so a search is resumed by asking
//! and telling again. More `trials` keep the points of the earlier ones.

mod error;
mod levels;
mod order;
mod parzen;
mod points;
mod tpe;

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};

pub use crate::merit::Better;
use crate::space::Dimension;
pub use error::SearchError;
use levels::{Course, Levels, State, Want, ranked};
use points::{Coordinates, Points};
use tpe::{Model, Observed};

/// So many points are drawn in search of a new one before the new ones are listed, of which so many are weighed.
const ATTEMPTS: usize = 200;

/// What to search with.
#[derive(Debug, Clone)]
pub struct Settings {
    pub sampler: Sampler,
    /// Without, every trial is executed once, in full.
    pub pruner: Option<Pruner>,
    /// What is better, for each objective.
    pub objectives: Vec<Better>,
    /// How many points are tried at most.
    pub trials: usize,
    /// How many trials a round has at most.
    pub batch: usize,
    pub seed: u64,
    /// So many trials have to end well before the sampler learns from them.
    pub startup: usize,
}

/// How points are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampler {
    /// From the space's distributions.
    Random,
    /// The multivariate tree-structured Parzen estimator.
    Tpe,
}

/// Trains many a little and few to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruner {
    pub strategy: Strategy,
    /// No trial gets less of the resource, above zero.
    pub min: u64,
    /// The best trials get as much.
    pub max: u64,
    /// Of the trials at one level one in so many gets to the next, which has so many times the resource. At least 2.
    pub reduction: u64,
}

/// How trials are pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Successive halving of all trials together.
    Halving,
    /// As soon as a trial is among the best so far.
    Asha,
    /// Successive halving of several sets of trials, each starting with more of the resource than the one before.
    Hyperband,
}

/// A trial to execute.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub trial: usize,
    /// Without params whose conditions do not hold.
    pub point: Map<String, Value>,
    /// How much of the resource the trial has got when it ends, what it got before counted in; there with a pruner.
    pub resource: Option<u64>,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// One value an objective. A trial with a value that is not finite counts as failed.
    Values(Vec<f64>),
    Failed,
}

/// A point that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub trial: usize,
    pub point: Map<String, Value>,
    /// What was told, each with the resource it took, the least first.
    pub outcomes: Vec<(Option<u64>, Outcome)>,
}

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search {
    points: Points,
    settings: Settings,
    levels: Levels,
    tried: Vec<Tried>,
    seen: BTreeSet<String>,
    is_exhausted: bool,
}

#[derive(Debug, Clone)]
struct Tried {
    point: Map<String, Value>,
    at: Coordinates,
    course: Course,
}

impl Search {
    pub fn new(space: Vec<Dimension>, settings: Settings) -> Result<Self, SearchError> {
        let wrong = [
            (settings.objectives.is_empty(), "there is no objective"),
            (settings.trials == 0, "there are no trials"),
            (settings.batch == 0, "a round has no trials"),
        ];
        if let Some((_, what)) = wrong.iter().find(|(is_wrong, _)| *is_wrong) {
            return Err(SearchError::Settings(what));
        }
        let levels = settings.pruner.as_ref().map_or_else(|| Ok(Levels::none()), Levels::new)?;
        let points = Points::new(space)?;
        Ok(Self { points, settings, levels, tried: vec![], seen: BTreeSet::new(), is_exhausted: false })
    }

    /// The next round; what is left of the last until all of it is told; nothing when the search is done.
    pub fn ask(&mut self) -> Vec<Proposal> {
        while self.open().is_empty() {
            let trials = if self.is_exhausted { self.tried.len() } else { self.settings.trials };
            let courses: Vec<&Course> = self.tried.iter().map(|tried| &tried.course).collect();
            let wanted = self.levels.next(trials, self.settings.batch, &courses);
            if wanted.is_empty() {
                break;
            }
            for want in wanted {
                self.begin(&want);
            }
        }
        self.open()
    }

    /// How a proposed trial ended.
    pub fn tell(&mut self, trial: usize, resource: Option<u64>, outcome: &Outcome) -> Result<(), SearchError> {
        let needed = self.settings.objectives.len();
        let level = (0..self.levels.resources.len()).find(|level| self.resource(*level) == resource);
        let course = self.tried.get_mut(trial).map(|tried| &mut tried.course.0);
        let state = level.and_then(|level| course?.get_mut(&level)).filter(|state| **state == State::Running);
        let state = state.ok_or(SearchError::NotAsked { trial })?;
        *state = match outcome {
            Outcome::Values(values) if values.len() != needed => {
                return Err(SearchError::Objectives { trial, given: values.len(), needed });
            }
            Outcome::Values(values) if values.iter().all(|value| value.is_finite()) => {
                State::Losses(turned(values, &self.settings.objectives))
            }
            _ => State::Failed,
        };
        Ok(())
    }

    /// Whether the search has fewer trials than asked for because the space has no further points.
    pub fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// All trials in their order.
    pub fn history(&self) -> Vec<Trial> {
        (0..self.tried.len()).map(|trial| self.trial(trial)).collect()
    }

    /// Of the trials that got the most of the resource the best; of several objectives one of the front.
    pub fn best(&self) -> Option<Trial> {
        self.ranked().first().map(|trial| self.trial(*trial))
    }

    /// Of the trials that got the most of the resource those to which no other is preferable (Pareto), in their order.
    pub fn front(&self) -> Vec<Trial> {
        let Some(most) = self.tried.iter().filter_map(|tried| tried.course.level()).max() else {
            return vec![];
        };
        let losses = |trial: &usize| Some((*trial, self.tried[*trial].course.losses(most)?));
        let ended: Vec<(usize, &[f64])> = (0..self.tried.len()).filter_map(|trial| losses(&trial)).collect();
        let is_beaten = |losses| ended.iter().any(|(_, other)| order::beats(other, losses));
        ended.iter().filter(|(_, losses)| !is_beaten(losses)).map(|(trial, _)| self.trial(*trial)).collect()
    }

    fn trial(&self, trial: usize) -> Trial {
        let Tried { point, course, .. } = &self.tried[trial];
        let told = course.0.iter().filter(|(_, state)| **state != State::Running);
        let outcomes = told.map(|(level, state)| {
            let outcome = match state {
                State::Losses(losses) => Outcome::Values(turned(losses, &self.settings.objectives)),
                _ => Outcome::Failed,
            };
            (self.resource(*level), outcome)
        });
        Trial { trial, point: point.clone(), outcomes: outcomes.collect() }
    }

    fn resource(&self, level: usize) -> Option<u64> {
        self.settings.pruner.map(|_| self.levels.resources[level])
    }

    /// What was asked and not told.
    fn open(&self) -> Vec<Proposal> {
        let open = self.tried.iter().enumerate().flat_map(|(trial, tried)| {
            let running = tried.course.0.iter().filter(|(_, state)| **state == State::Running);
            running.map(move |(level, _)| Proposal {
                trial,
                point: tried.point.clone(),
                resource: self.resource(*level),
            })
        });
        open.collect()
    }

    /// Begins what a pruner wants, unless it wants a new point and there is none.
    fn begin(&mut self, want: &Want) {
        match *want {
            Want::More { trial, level } => {
                self.tried[trial].course.0.insert(level, State::Running);
            }
            Want::New { level } => match self.propose() {
                Some(at) => {
                    let point = self.points.point(&at);
                    self.seen.insert(key(&point));
                    let course = Course([(level, State::Running)].into());
                    self.tried.push(Tried { point, at, course });
                }
                None => self.is_exhausted = true,
            },
        }
    }

    /// A point that was not tried yet. Its random numbers depend on the seed and its number alone.
    fn propose(&self) -> Option<Coordinates> {
        let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
        random.set_stream(self.tried.len() as u64);
        let mut is_new = |at: &Coordinates| !self.seen.contains(&key(&self.points.point(at)));
        let Some(model) = self.model() else {
            let mut drawn = (0..ATTEMPTS).map(|_| self.points.draw(&mut random));
            let new = drawn.find(|at| is_new(at));
            return new.or_else(|| self.points.some(ATTEMPTS, &mut is_new).choose(&mut random).cloned());
        };
        let new = model.propose(&mut random, &mut is_new);
        new.or_else(|| model.best(self.points.some(ATTEMPTS, &mut is_new)))
    }

    /// What the sampler has learned; none while it draws at random.
    fn model(&self) -> Option<Model<'_>> {
        if self.settings.sampler == Sampler::Random {
            return None;
        }
        let ranked = self.ranked();
        let rest = (0..self.tried.len()).filter(|trial| !ranked.contains(trial));
        let with_place = |trial: usize| (trial, &self.tried[trial].at);
        let observed =
            Observed { rest: rest.map(with_place).collect(), ranked: ranked.iter().copied().map(with_place).collect() };
        (ranked.len() >= self.settings.startup.max(2)).then(|| Model::new(&self.points, &observed))
    }

    /// The trials that ended well, the best first: those that got more of the resource before those that got less.
    fn ranked(&self) -> Vec<usize> {
        let courses: Vec<&Course> = self.tried.iter().map(|tried| &tried.course).collect();
        let of_level = |level| {
            let there: Vec<usize> = (0..courses.len()).filter(|trial| courses[*trial].level() == Some(level)).collect();
            ranked(&courses, &there, level)
        };
        (0..self.levels.resources.len()).rev().flat_map(of_level).collect()
    }
}

/// A point as text, the same for equal points.
fn key(point: &Map<String, Value>) -> String {
    Value::Object(point.clone()).to_string()
}

/// Values as losses, and losses as values.
fn turned(values: &[f64], objectives: &[Better]) -> Vec<f64> {
    let signs = objectives.iter().map(|better| if *better == Better::Lower { 1.0 } else { -1.0 });
    values.iter().zip(signs).map(|(value, sign)| value * sign).collect()
}

#[cfg(test)]
mod tests;

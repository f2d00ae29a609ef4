//! `pipeline`: a declarative experiment-pipeline runner. `docs/design.md` explains the layers; a module imports only
//! from blocks above its own.

pub mod cancel;
pub mod device;
pub mod diagnostic;
pub mod event;
pub mod hash;
pub mod id;
pub mod merit;
pub mod named;
pub mod provenance;
pub mod space;
pub mod statistics;
pub mod text;

pub mod compare;

pub mod search;

pub mod fingerprint;

pub mod artifact;

pub mod kind;

pub mod config;

pub mod tensor;

pub mod dataset;
pub mod embed;
pub mod metric;
pub mod model;

pub mod plan;

pub mod report;

pub mod schedule;

pub mod stage;

pub mod runner;

pub mod frozen;
pub mod progress;
pub mod run_log;

pub mod cli;

//! Where the data of a `load` stage comes from: found, fetched, drawn, or another data set in its place.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cancel::Cancel;
use crate::dataset::download::Watch;
use crate::dataset::known::Known;
use crate::dataset::named::{self, Found, Places};
use crate::dataset::own::Own;
use crate::dataset::raw::Raw;
use crate::dataset::{DatasetError, synthetic};
use crate::kind::Facts;
use crate::stage::Environment;

use super::{Name, Params, fallback_warning};

/// Where the data really comes from.
pub(super) enum Origin {
    /// Absent when planning with a data set that is to be downloaded.
    Known(&'static Known, Option<Found>),
    Digits {
        train: usize,
        test: usize,
    },
    Own(Own),
}

impl Origin {
    pub(super) fn identity(&self) -> Result<Value, DatasetError> {
        match self {
            Self::Known(known, Some(found)) => named::identity(known, found),
            Self::Known(known, None) => Ok(named::known_identity(known)),
            Self::Digits { train, test } => Ok(
                json!({ "dataset": "synthetic-digits", "version": synthetic::VERSION, "train": train, "test": test }),
            ),
            Self::Own(own) => own.identity(),
        }
    }

    pub(super) fn read(&self, cancel: &Cancel) -> Result<Raw, DatasetError> {
        match self {
            Self::Known(known, Some(found)) => named::read(known, found, cancel),
            Self::Known(known, None) => Err(DatasetError::new(format!("`{}` was not fetched", known.name))),
            Self::Digits { train, test } => synthetic::draw(*train, *test),
            Self::Own(own) => own.read(cancel),
        }
    }

    pub(super) fn facts(&self) -> Facts {
        match self {
            Self::Known(known, _) => {
                Facts { shape: Some(known.shape), classes: Some(known.classes.len()), latent_dim: None }
            }
            Self::Digits { .. } => Name::SyntheticDigits.facts(),
            Self::Own(_) => Facts::default(),
        }
    }
}

/// How hard to try for a data set that is not on this machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Do not fetch; suppose that it can be had.
    Look,
    Fetch,
    /// Do not fetch; what is missing cannot be had.
    Local,
}

pub(super) struct Resolved {
    pub(super) origin: Origin,
    pub(super) identity: Value,
    pub(super) notice: Option<String>,
    pub(super) fallback_for: Option<String>,
}

/// The one decision about where data comes from, for the fingerprint and for the reading alike.
pub(super) fn resolve(params: &Params, environment: &Environment, mode: Mode) -> Result<Resolved, DatasetError> {
    let resolved =
        |origin: Origin| Ok(Resolved { identity: origin.identity()?, origin, notice: None, fallback_for: None });
    let Some(known) = Known::named(params.dataset.text()) else {
        return match params.dataset {
            Name::SyntheticDigits => resolved(Origin::Digits { train: params.train_count, test: params.test_count }),
            _ => resolved(Origin::Own(params.own(environment)?)),
        };
    };
    let given = params.path.as_ref().map(|path| environment.project.join(path));
    let miss = match find(known, environment, given, mode) {
        Ok(found) => return resolved(Origin::Known(known, Some(found))),
        Err(DatasetError::Interrupted) => return Err(DatasetError::Interrupted),
        Err(miss) => miss,
    };
    if mode == Mode::Look {
        let notice = Some(format!("`{}` is not on this machine and will be downloaded", known.name));
        return Ok(Resolved { notice, ..resolved(Origin::Known(known, None))? });
    }
    let Some(fallback) = params.fallback.name() else {
        let files: Vec<String> = known.downloads().into_iter().map(|(name, _)| name).collect();
        return Err(miss.help(format!(
            "put its files ({}) into one of these places, or name a stand-in: fallback = \"synthetic-digits\"",
            files.join(", ")
        )));
    };
    let origin = match Known::named(fallback.text()) {
        Some(other) => Origin::Known(other, Some(find(other, environment, None, mode)?)),
        // As many as were asked for, so that later stages find the samples they count on.
        None => Origin::Digits { train: known.counts[0], test: known.counts[1] },
    };
    let notice = format!("{}\n{miss}", fallback_warning(known.name, fallback.text()));
    Ok(Resolved { notice: Some(notice), fallback_for: Some(known.name.into()), ..resolved(origin)? })
}

/// Finds a known data set's files, fetching them when that is allowed.
fn find(known: &Known, environment: &Environment, given: Option<PathBuf>, mode: Mode) -> Result<Found, DatasetError> {
    let own = [environment.project.join("data"), environment.download_dir.clone()];
    let places = Places { given, shared: environment.data_dir.iter().cloned().chain(own).collect() };
    let miss = match named::locate(known, &places) {
        Err(miss) if mode == Mode::Fetch => miss,
        other => return other,
    };
    let watch = Watch { progress: &*environment.progress, cancel: &environment.cancel };
    named::fetch(known, &environment.download_dir.join(known.name), &watch).map_err(|error| match error {
        DatasetError::Interrupted => DatasetError::Interrupted,
        failed => DatasetError::new(format!("{miss}\n{failed}")),
    })
}

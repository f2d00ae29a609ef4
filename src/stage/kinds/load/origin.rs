//! Where the data of a `load` stage comes from: found, fetched, drawn, or another data set in its place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cancel::Cancel;
use crate::dataset::download::Watch;
use crate::dataset::known::Known;
use crate::dataset::named::{self, Found, Places};
use crate::dataset::own::Own;
use crate::dataset::raw::Raw;
use crate::dataset::{DatasetError, synthetic};
use crate::stage::Environment;

use super::{DRAWN, Name, Params, fallback_warning};

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
            // Named as the params are that change it, so that a change is told once.
            Self::Digits { train, test } => Ok(json!({
                "dataset": "synthetic-digits", "version": synthetic::VERSION, "train_count": train, "test_count": test,
            })),
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
}

/// How hard to try for a data set that is not on this machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Do not fetch; suppose that it can be had.
    Look,
    /// Fetch, if a mirror answers within that time.
    Fetch(Duration),
    /// Do not fetch; what is missing is not available.
    Local,
}

pub(super) struct Resolved {
    pub(super) origin: Origin,
    pub(super) identity: Value,
    pub(super) notice: Option<String>,
    pub(super) fallback_for: Option<String>,
    /// What stands in for it, by content, if it cannot be fetched.
    pub(super) stand_in: Option<Value>,
    /// The data set that was not looked for anywhere but on this machine.
    pub(super) missing: Option<String>,
}

/// What a data set known by name is by content, said without looking for it; not when `path` holds files of it that
/// are known by their own content only.
pub(super) fn foreseen(params: &Params) -> Option<Value> {
    let known = Known::named(params.dataset.text())?;
    let given = params.path.as_ref().and_then(|path| known.files_in(Path::new(path)).ok());
    given.is_none_or(|files| known.is_verifiable(&files)).then(|| named::known_identity(known))
}

/// The one decision about where data comes from, for the fingerprint and for the reading alike.
pub(super) fn resolve(params: &Params, environment: &Environment, mode: Mode) -> Result<Resolved, DatasetError> {
    let resolved = |origin: Origin| {
        let identity = origin.identity()?;
        Ok(Resolved { identity, origin, notice: None, fallback_for: None, stand_in: None, missing: None })
    };
    let Some(known) = Known::named(params.dataset.text()) else {
        return match params.dataset {
            Name::SyntheticDigits => resolved(Origin::Digits {
                train: params.train_count.unwrap_or(DRAWN[0]),
                test: params.test_count.unwrap_or(DRAWN[1]),
            }),
            _ => resolved(Origin::Own(params.own().map_err(|(_, error)| error)?)),
        };
    };
    let given = params.path.as_ref().map(PathBuf::from);
    let miss = match find(known, environment, given, mode) {
        Ok(found) => return resolved(Origin::Known(known, Some(found))),
        Err(DatasetError::Interrupted) => return Err(DatasetError::Interrupted),
        Err(miss) => miss,
    };
    let fallback = params.fallback.name();
    let stand_in = |fallback: Name, found: &dyn Fn(&Known) -> Result<Option<Found>, DatasetError>| {
        Ok::<_, DatasetError>(match Known::named(fallback.text()) {
            Some(other) => Origin::Known(other, found(other)?),
            // As many as were asked for, so that later stages find the samples they count on.
            None => Origin::Digits { train: known.counts[0], test: known.counts[1] },
        })
    };
    if mode == Mode::Look {
        let mut notice = format!("`{}` is not on this machine and will be downloaded", known.name);
        let mut identity = None;
        if let Some(fallback) = fallback {
            notice += &format!("; if that fails, `{}` stands in for it", fallback.text());
            identity = Some(stand_in(fallback, &|_| Ok(None))?.identity()?);
        }
        let (notice, missing) = (Some(notice), Some(known.name.to_owned()));
        return Ok(Resolved { notice, stand_in: identity, missing, ..resolved(Origin::Known(known, None))? });
    }
    match fallback {
        Some(fallback) => {
            let origin = stand_in(fallback, &|other| find(other, environment, None, mode).map(Some))?;
            let notice = format!("{}\n{miss}", fallback_warning(known.name, fallback.text()));
            Ok(Resolved { notice: Some(notice), fallback_for: Some(known.name.into()), ..resolved(origin)? })
        }
        None => {
            let or = "or name a stand-in of the same shape, such as fallback = \"synthetic-digits\" for MNIST";
            Err(miss.help(format!("{}, {or}", put_into_place(known))))
        }
    }
}

fn put_into_place(known: &Known) -> String {
    let files: Vec<String> = known.downloads().into_iter().map(|(name, _)| name).collect();
    format!("put its files ({}) into one of these places", files.join(", "))
}

/// Finds a known data set's files, fetching them when that is allowed.
fn find(known: &Known, environment: &Environment, given: Option<PathBuf>, mode: Mode) -> Result<Found, DatasetError> {
    let own = [environment.project.join("data"), environment.download_dir.clone()];
    let places = Places { given, shared: environment.data_dir.iter().cloned().chain(own).collect() };
    let (miss, patience) = match (named::locate(known, &places), mode) {
        (Err(miss), Mode::Fetch(patience)) => (miss, patience),
        (other, _) => return other,
    };
    let watch = Watch { progress: &*environment.progress, cancel: &environment.cancel };
    let folder = environment.download_dir.join(known.name);
    named::fetch(known, &folder, patience, &watch).map_err(|error| match error {
        DatasetError::Interrupted => DatasetError::Interrupted,
        failed => DatasetError::new(format!("{miss}\n{failed}")),
    })
}

//! What the kinds that change a data set share: they open it, write a new `dataset.json` and row numbers, and pass the
//! pixels' files on.

use std::collections::BTreeMap;

use crate::artifact::{ArtifactType, array};
use crate::dataset::meta::{DatasetMeta, META_FILE, SplitMeta, index_file};
use crate::dataset::select::Selection;
use crate::dataset::{Dataset, DatasetError};
use crate::kind::{InputPort, OutputPort};
use crate::stage::{Context, Output, Reuse, StageError, data};

/// The port that a data set comes in and goes out on.
pub const PORT: &str = "dataset";

/// The one input of these kinds.
pub fn input() -> Vec<InputPort> {
    let help = "The data set to change.";
    vec![InputPort::required(PORT, &[ArtifactType::Dataset], help)]
}

/// The one output of these kinds.
pub fn output() -> Vec<OutputPort> {
    let help = "The same pixels under a new `dataset.json`.";
    vec![OutputPort::new(PORT, ArtifactType::Dataset, help)]
}

/// Opens the data set on the input.
pub fn open(context: &Context) -> Result<Dataset, StageError> {
    data::open(context.input(PORT)?)
}

/// Every split of a data set as row numbers.
pub fn selections(dataset: &Dataset) -> BTreeMap<String, Selection> {
    let selection = |(split, meta): (&String, &SplitMeta)| {
        let rows = dataset.rows(split)?;
        Some((split.clone(), Selection { source: meta.source.clone(), rows }))
    };
    dataset.meta.splits.iter().filter_map(selection).collect()
}

/// Writes the data set under a changed `dataset.json`, its splits as they were.
pub fn write_meta(context: &Context, meta: &DatasetMeta) -> Result<Output, StageError> {
    std::fs::write(context.output(PORT, META_FILE)?, meta.to_json())?;
    pass_on(context, |file| file != META_FILE)
}

/// Writes the data set with other splits.
pub fn write_splits(
    context: &Context,
    dataset: &Dataset,
    splits: &BTreeMap<String, Selection>,
) -> Result<Output, StageError> {
    let mut meta = dataset.meta.clone();
    meta.splits.clear();
    for (split, Selection { source, rows }) in splits {
        meta.splits.insert(split.clone(), SplitMeta { source: source.clone(), count: rows.len() });
        let whole = dataset.source_count(source) == Some(rows.len()) && rows.iter().zip(0..).all(|(row, i)| *row == i);
        if !whole {
            array::write(&context.output(PORT, &index_file(split))?, &[rows.len()], rows)?;
        }
    }
    std::fs::write(context.output(PORT, META_FILE)?, meta.to_json())?;
    pass_on(context, |file| file != META_FILE && !file.ends_with(".index.npy"))
}

fn pass_on(context: &Context, wanted: impl Fn(&str) -> bool) -> Result<Output, StageError> {
    let files = context.input(PORT)?.files.keys().filter(|file| wanted(file));
    let reuse = |file: &String| Reuse { input: PORT.into(), file: file.clone(), port: PORT, name: file.clone() };
    Ok(Output { reuse: files.map(reuse).collect(), ..Output::default() })
}

impl From<DatasetError> for StageError {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Interrupted => Self::Interrupted,
            DatasetError::Unusable { message, help } => Self::Failed { message, help },
        }
    }
}

//! A Dataset artifact, opened: memory-mapped pixels and labels, and the row numbers of its splits, all of them checked.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::artifact::array::{Array, Element};

use super::error::DatasetError;
use super::meta::{DatasetMeta, META_FILE, images_file, index_file, labels_file};
use super::split::{Pixels, Split};

/// A Dataset artifact. Opening checks every length and row number, so that nothing read later can be out of bounds.
pub struct Dataset {
    pub meta: DatasetMeta,
    sources: BTreeMap<String, Stored>,
    index: BTreeMap<String, Array<u32>>,
}

#[derive(Clone)]
struct Stored {
    images: Pixels,
    labels: Option<Array<u32>>,
}

impl Dataset {
    /// Opens an artifact from its files: name -> where the bytes lie.
    pub fn open(files: &BTreeMap<String, PathBuf>) -> Result<Self, DatasetError> {
        let path = files.get(META_FILE).ok_or_else(|| DatasetError::new(format!("the data set has no {META_FILE}")))?;
        let text = std::fs::read(path).map_err(DatasetError::io(path))?;
        let meta: DatasetMeta = serde_json::from_slice(&text)
            .map_err(|error| DatasetError::new(format!("{}: not a {META_FILE}: {error}", path.display())))?;
        if !meta.scale.fits(meta.shape[2]) || !meta.offset.fits(meta.shape[2]) {
            return Err(DatasetError::new(format!("{}: scale and offset do not fit the channels", path.display())));
        }
        if ![0, meta.shape[2]].contains(&meta.channel_ranges.len()) {
            return Err(DatasetError::new(format!("{}: channel_ranges do not fit the channels", path.display())));
        }
        let mut dataset = Self { meta, sources: BTreeMap::new(), index: BTreeMap::new() };
        for (split, split_meta) in dataset.meta.splits.clone() {
            if !dataset.sources.contains_key(&split_meta.source) {
                let stored = Stored::open(files, &split_meta.source, &dataset.meta)?;
                dataset.sources.insert(split_meta.source.clone(), stored);
            }
            let available = dataset.sources[&split_meta.source].images.count();
            let count = match files.get(&index_file(&split)) {
                None => available,
                Some(path) => {
                    let rows = open_array::<u32>(path)?;
                    if rows.shape().len() != 1 || rows.values().iter().any(|&row| row as usize >= available) {
                        return Err(DatasetError::new(format!("{}: row numbers beyond the data", path.display())));
                    }
                    let count = rows.len();
                    dataset.index.insert(split.clone(), rows);
                    count
                }
            };
            if count != split_meta.count {
                let message = format!("the split `{split}` should have {} samples and has {count}", split_meta.count);
                return Err(DatasetError::new(message));
            }
        }
        Ok(dataset)
    }

    /// The samples of a split: `train`, `validation` or `test`.
    pub fn split(&self, name: &str) -> Option<Split> {
        let source = &self.meta.splits.get(name)?.source;
        let Stored { images, labels } = self.sources.get(source)?.clone();
        Some(Split::new(&self.meta, source, images, labels, self.index.get(name).cloned()))
    }

    /// The row numbers of a split in its source, in the split's order.
    pub fn rows(&self, split: &str) -> Option<Vec<u32>> {
        let count = self.meta.splits.get(split)?.count as u32;
        Some(self.index.get(split).map_or_else(|| (0..count).collect(), |rows| rows.values().to_vec()))
    }

    /// How many samples a source has, whether in a split or not.
    pub fn source_count(&self, source: &str) -> Option<usize> {
        self.sources.get(source).map(|stored| stored.images.count())
    }
}

impl Stored {
    fn open(files: &BTreeMap<String, PathBuf>, source: &str, meta: &DatasetMeta) -> Result<Self, DatasetError> {
        let name = images_file(source);
        let path = files.get(&name).ok_or_else(|| DatasetError::new(format!("the data set has no {name}")))?;
        let images = match Array::open(path) {
            Ok(bytes) => Pixels::Bytes(bytes),
            Err(error) if error.kind() == ErrorKind::InvalidData => Pixels::Floats(open_array(path)?),
            Err(error) => return Err(DatasetError::io(path)(error)),
        };
        if images.shape().get(1..) != Some(&meta.shape[..]) || images.count() > u32::MAX as usize {
            let message = format!("{}: shape {:?} is not [n, h, w, c] of {META_FILE}", path.display(), images.shape());
            return Err(DatasetError::new(message));
        }
        let labels = files.get(&labels_file(source)).map(|path| open_array::<u32>(path)).transpose()?;
        if let Some(labels) = &labels
            && (labels.shape() != [images.count()]
                || labels.values().iter().any(|&label| label as usize >= meta.classes.len()))
        {
            return Err(DatasetError::new(format!("the labels of `{source}` do not fit its samples and classes")));
        }
        Ok(Self { images, labels })
    }
}

fn open_array<T: Element>(path: &Path) -> Result<Array<T>, DatasetError> {
    // The error of `Array::open` names the file itself when the file can be read at all.
    Array::open(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => DatasetError::new(error.to_string()),
        _ => DatasetError::io(path)(error),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::artifact::array::write;
    use crate::dataset::meta::{PerChannel, SplitMeta};
    use crate::dataset::samples::Samples;

    /// A data set on disk, and the numbers it is made of.
    struct Case {
        directory: tempfile::TempDir,
        meta: DatasetMeta,
        stored: Vec<f32>,
        index: Vec<u32>,
    }

    impl Case {
        fn new(shape: [usize; 3], sources: usize, index: Vec<u32>, floats: bool, per_channel: bool) -> Self {
            let width: usize = shape.iter().product();
            let bytes: Vec<u8> = (0..sources * width).map(|i| (i * 89 % 251) as u8).collect();
            let stored: Vec<f32> = bytes.iter().map(|byte| f32::from(*byte)).collect();
            let directory = tempfile::tempdir().unwrap();
            let path = |name: &str| directory.path().join(name);
            let axes = [sources, shape[0], shape[1], shape[2]];
            match floats {
                true => write(&path("train.images.npy"), &axes, &stored).unwrap(),
                false => write(&path("train.images.npy"), &axes, &bytes).unwrap(),
            }
            let labels: Vec<u32> = (0..sources as u32).map(|row| row % 3).collect();
            write(&path("train.labels.npy"), &[sources], &labels).unwrap();
            write(&path("validation.index.npy"), &[index.len()], &index).unwrap();
            let split = |count| SplitMeta { source: "train".into(), count };
            let values = |first: f32| match per_channel {
                true => PerChannel::Each((0..shape[2]).map(|channel| first + channel as f32).collect()),
                false => PerChannel::All(first),
            };
            let meta = DatasetMeta {
                name: "case".into(),
                shape,
                classes: vec!["a".into(), "b".into(), "c".into()],
                stored_range: [0.0, 255.0],
                channel_ranges: vec![],
                scale: values(0.25),
                offset: values(-3.0),
                noise: None,
                fallback_for: None,
                splits: [("train".into(), split(sources)), ("validation".into(), split(index.len()))].into(),
            };
            Self { directory, meta, stored, index }
        }

        fn open(&self) -> Result<Dataset, DatasetError> {
            std::fs::write(self.directory.path().join(META_FILE), self.meta.to_json()).unwrap();
            let entries = std::fs::read_dir(self.directory.path()).unwrap().map(Result::unwrap);
            Dataset::open(&entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path())).collect())
        }

        fn naive(&self, rows: &[u32]) -> Vec<f32> {
            let width = self.meta.width();
            let value = |i: usize, row: usize| {
                let channel = i % self.meta.shape[2];
                self.stored[row * width + i] * self.meta.scale.get(channel) + self.meta.offset.get(channel)
            };
            rows.iter().flat_map(|&row| (0..width).map(move |i| value(i, row as usize))).collect()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn gathering_is_what_a_naive_loop_gives(
            h in 1usize..4, w in 1usize..5, c in 1usize..4, rows in proptest::collection::vec(0u32..7, 0..12),
            index in proptest::collection::vec(0u32..7, 1..9), floats in any::<bool>(), per_channel in any::<bool>()
        ) {
            let case = Case::new([h, w, c], 7, index, floats, per_channel);
            let dataset = case.open().unwrap();
            let train = dataset.split("train").unwrap();
            let mut out = vec![f32::NAN; rows.len() * h * w * c];
            train.gather(&rows, &mut out);
            prop_assert_eq!(&out, &case.naive(&rows));
            let validation = dataset.split("validation").unwrap();
            let all: Vec<u32> = (0..case.index.len() as u32).collect();
            let mut out = vec![f32::NAN; all.len() * h * w * c];
            validation.gather(&all, &mut out);
            prop_assert_eq!(&out, &case.naive(&case.index));
            let labels: Vec<u32> = case.index.iter().map(|row| row % 3).collect();
            prop_assert_eq!(validation.labels().unwrap(), &labels[..]);
        }
    }

    #[test]
    fn a_data_set_whose_files_do_not_fit_is_refused() {
        let case = || Case::new([2, 2, 1], 5, vec![4, 0], false, false);
        assert!(case().open().is_ok());
        let fails = |case: Case| {
            let text = case.open().err().unwrap().to_string();
            text.replace(&case.directory.path().display().to_string(), "FOLDER")
        };
        let mut wrong = case();
        wrong.meta.shape = [4, 1, 1];
        insta::assert_snapshot!(fails(wrong), @"FOLDER/train.images.npy: shape [5, 2, 2, 1] is not [n, h, w, c] of dataset.json");
        let mut wrong = case();
        wrong.meta.classes.pop();
        insta::assert_snapshot!(fails(wrong), @"the labels of `train` do not fit its samples and classes");
        let mut wrong = case();
        wrong.meta.splits.get_mut("validation").unwrap().count = 3;
        insta::assert_snapshot!(fails(wrong), @"the split `validation` should have 3 samples and has 2");
        insta::assert_snapshot!(fails(Case::new([2, 2, 1], 5, vec![5], false, false)), @"FOLDER/validation.index.npy: row numbers beyond the data");
        let mut wrong = case();
        wrong.meta.scale = PerChannel::Each(vec![1.0, 2.0]);
        insta::assert_snapshot!(fails(wrong), @"FOLDER/dataset.json: scale and offset do not fit the channels");
        let wrong = case();
        std::fs::remove_file(wrong.directory.path().join("train.images.npy")).unwrap();
        insta::assert_snapshot!(fails(wrong), @"the data set has no train.images.npy");
    }

    #[test]
    fn the_description_survives_its_file() {
        for per_channel in [false, true] {
            let case = Case::new([1, 1, 2], 3, vec![1], false, per_channel);
            assert_eq!(case.open().unwrap().meta, case.meta);
        }
    }
}

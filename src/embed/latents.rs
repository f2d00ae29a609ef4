//! The codes of a data set: the files of a Latents artifact, read and written (`docs/formats.md`). Knows no model.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::artifact::array::Array;
use crate::dataset::samples::Samples;

const HEADER: &str = "latents.json";

/// The codes of every split.
#[derive(Clone)]
pub struct Latents {
    /// Numbers in one code.
    pub dim: usize,
    /// Names of the classes; empty when unlabeled.
    pub classes: Vec<String>,
    /// Height, width, channels of the images the codes came from.
    pub image_shape: [usize; 3],
    /// `train`, `validation`, `test` -> codes.
    pub splits: BTreeMap<String, Codes>,
}

/// The codes of one split.
#[derive(Clone)]
pub struct Codes {
    /// `[n, dim]`.
    pub codes: Array<f32>,
    /// `[n]`, when labeled.
    pub labels: Option<Array<u32>>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    dim: usize,
    classes: Vec<String>,
    shape: [usize; 3],
    splits: BTreeMap<String, usize>,
}

impl Latents {
    /// Opens the files of an artifact by name; arrays are memory-mapped. Errors: a missing file, or one that does not
    /// fit `latents.json`.
    pub fn open(files: &BTreeMap<String, PathBuf>) -> io::Result<Self> {
        let header: Header = serde_json::from_slice(&std::fs::read(required(files, HEADER)?)?)?;
        let open = |(split, count): (&String, &usize)| {
            let codes = Array::open(required(files, &codes_file(split))?)?;
            if codes.shape() != [*count, header.dim] {
                let found = codes.shape();
                return Err(invalid(format!("{split} codes have shape {found:?}, not [{count}, {}]", header.dim)));
            }
            let labels = files.get(&labels_file(split)).map(|path| Array::<u32>::open(path)).transpose()?;
            if labels.as_ref().is_some_and(|labels| labels.shape() != [*count]) {
                return Err(invalid(format!("{split} labels do not number {count}")));
            }
            let named = |label: &u32| (*label as usize) < header.classes.len();
            if labels.as_ref().is_some_and(|labels| !labels.values().iter().all(named)) {
                return Err(invalid(format!("{split} labels go beyond the {} classes", header.classes.len())));
            }
            Ok((split.clone(), Codes { codes, labels }))
        };
        let splits = header.splits.iter().map(open).collect::<io::Result<_>>()?;
        Ok(Self { dim: header.dim, classes: header.classes, image_shape: header.shape, splits })
    }

    /// Writes the artifact's files, each to where `path_of` puts its name.
    pub fn save<E: From<io::Error>>(&self, path_of: impl Fn(&str) -> Result<PathBuf, E>) -> Result<(), E> {
        let header = Header {
            dim: self.dim,
            classes: self.classes.clone(),
            shape: self.image_shape,
            splits: self.splits.iter().map(|(split, codes)| (split.clone(), codes.codes.len())).collect(),
        };
        std::fs::write(path_of(HEADER)?, serde_json::to_vec_pretty(&header).map_err(io::Error::from)?)?;
        for (split, codes) in &self.splits {
            codes.codes.save(&path_of(&codes_file(split))?)?;
            if let Some(labels) = &codes.labels {
                labels.save(&path_of(&labels_file(split))?)?;
            }
        }
        Ok(())
    }
}

impl Samples for Codes {
    fn len(&self) -> usize {
        self.codes.len()
    }

    /// One row of numbers: `[1, 1, dim]`.
    fn shape(&self) -> [usize; 3] {
        [1, 1, self.codes.width()]
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        // Codes of no numbers leave nothing to copy, and no width to cut by.
        let width = self.codes.width().max(1);
        out.chunks_exact_mut(width).zip(rows).for_each(|(out, &row)| out.copy_from_slice(self.codes.row(row as usize)));
    }

    fn labels(&self) -> Option<&[u32]> {
        self.labels.as_ref().map(Array::values)
    }
}

fn codes_file(split: &str) -> String {
    format!("{split}.codes.npy")
}

fn labels_file(split: &str) -> String {
    format!("{split}.labels.npy")
}

fn required<'a>(files: &'a BTreeMap<String, PathBuf>, name: &str) -> io::Result<&'a Path> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("the latents have no file {name}"));
    files.get(name).map(PathBuf::as_path).ok_or_else(missing)
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Latents {
        let codes = |n: usize| Array::new(&[n, 3], (0..n * 3).map(|i| i as f32).collect()).unwrap();
        let labels = Array::new(&[4], vec![0, 1, 1, 0]).unwrap();
        let train = Codes { codes: codes(4), labels: Some(labels) };
        let test = Codes { codes: codes(2), labels: None };
        let splits = BTreeMap::from([("train".to_owned(), train), ("test".to_owned(), test)]);
        Latents { dim: 3, classes: vec!["a".into(), "b".into()], image_shape: [2, 2, 1], splits }
    }

    fn files(dir: &Path) -> BTreeMap<String, PathBuf> {
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path())).collect()
    }

    #[test]
    fn latents_survive_their_files() {
        let dir = tempfile::tempdir().unwrap();
        sample().save(|name| Ok::<_, io::Error>(dir.path().join(name))).unwrap();
        let files = files(dir.path());
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["latents.json", "test.codes.npy", "train.codes.npy", "train.labels.npy"]);
        let back = Latents::open(&files).unwrap();
        assert_eq!((back.dim, back.image_shape, back.classes), (3, [2, 2, 1], vec!["a".to_owned(), "b".to_owned()]));
        let train = &back.splits["train"];
        assert_eq!((train.len(), train.shape(), train.labels()), (4, [1, 1, 3], Some(&[0, 1, 1, 0][..])));
        let mut rows = [0.0; 6];
        train.gather(&[3, 0], &mut rows);
        assert_eq!(rows, [9.0, 10.0, 11.0, 0.0, 1.0, 2.0]);
        assert_eq!(back.splits["test"].labels(), None);
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let dir = tempfile::tempdir().unwrap();
        sample().save(|name| Ok::<_, io::Error>(dir.path().join(name))).unwrap();
        let mut files = files(dir.path());
        files.insert("train.codes.npy".into(), dir.path().join("test.codes.npy"));
        let error = Latents::open(&files).err().unwrap();
        insta::assert_snapshot!(error, @"train codes have shape [2, 3], not [4, 3]");
        files.remove("train.codes.npy");
        insta::assert_snapshot!(Latents::open(&files).err().unwrap(), @"the latents have no file train.codes.npy");
    }
}

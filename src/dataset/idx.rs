//! IDX, the format of MNIST (<http://yann.lecun.com/exdb/mnist/>): two zero bytes, a type, the number of axes, their
//! lengths as big-endian 32-bit numbers, then the values. Gzipped files are taken too.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::artifact::array::Array;

use super::content::Content;
use super::error::DatasetError;
use super::split::Pixels;

/// An IDX file of bytes.
#[derive(Debug)]
pub struct Idx {
    header: Vec<u8>,
    pub axes: Vec<usize>,
    pub values: Vec<u8>,
}

impl Idx {
    /// Reads a file. Errors: wrong magic number, another type than bytes, truncated, or longer than its header says.
    pub fn read(path: &Path) -> Result<Self, DatasetError> {
        let mut content = Content::open(path)?;
        let (header, axes) = header(&mut content)?;
        let values = content.bytes(product(&axes))?;
        content.end(&announced(&axes))?;
        Ok(Self { header, axes, values })
    }

    /// The axes of a file of images, read from its header alone.
    pub fn image_axes(path: &Path) -> Result<[usize; 4], DatasetError> {
        image_axes(path, &header(&mut Content::open(path)?)?.1)
    }

    /// SHA-256 of the unpacked file, as lowercase hex.
    pub fn sha256(&self) -> String {
        hex(&Sha256::new().chain_update(&self.header).chain_update(&self.values).finalize())
    }

    /// The values as samples: `[n, h, w]` and `[n, h, w, c]` are images, `[n, features]` rows.
    pub fn into_images(self, path: &Path) -> Result<Pixels, DatasetError> {
        let shape = image_axes(path, &self.axes)?;
        let array = Array::new(&shape, self.values);
        array.map(Pixels::Bytes).ok_or_else(|| not_idx(path, "its length does not fit its axes"))
    }

    /// The values as labels.
    pub fn into_labels(self, path: &Path) -> Result<Vec<u32>, DatasetError> {
        if self.axes.len() == 1 {
            return Ok(self.values.into_iter().map(u32::from).collect());
        }
        let message = format!("{} has shape {:?}: images, not labels", path.display(), self.axes);
        Err(DatasetError::new(message).help("were the images' and the labels' file swapped?"))
    }
}

/// A file's header and the axes it announces, which fit what follows as far as that can be told before reading it.
fn header(content: &mut Content) -> Result<(Vec<u8>, Vec<usize>), DatasetError> {
    let path = content.path().to_owned();
    let mut header = content.bytes(4).map_err(|_| not_idx(&path, "it is shorter than a header"))?;
    if header[..2] != [0, 0] {
        return Err(not_idx(&path, &format!("it begins with {:02x} {:02x}, not 00 00", header[0], header[1])));
    }
    // Bytes, signed bytes, short and long integers, short and long floats.
    if !matches!(header[2], 0x08 | 0x09 | 0x0b..=0x0e) {
        return Err(not_idx(&path, &format!("its third byte is {:02x}, which is no type of IDX", header[2])));
    }
    if header[2] != 0x08 {
        let message =
            format!("{} holds values of IDX type 0x{:02x}; only bytes (0x08) are read", path.display(), header[2]);
        return Err(DatasetError::new(message).help("save floats as .npy and use dataset = \"npy\""));
    }
    let axes = usize::from(header[3]);
    if !(1..=4).contains(&axes) {
        return Err(not_idx(&path, &format!("it announces {axes} axes")));
    }
    let lengths = content.bytes(4 * axes as u64)?;
    header.extend(&lengths);
    let axes: Vec<usize> = lengths.as_chunks::<4>().0.iter().map(|four| u32::from_be_bytes(*four) as usize).collect();
    content.expect(product(&axes), &announced(&axes))?;
    Ok((header, axes))
}

fn product(axes: &[usize]) -> u64 {
    axes.iter().fold(1, |product, &axis| product.saturating_mul(axis as u64))
}

/// As the header says it: a product could be too large to mean anything.
fn announced(axes: &[usize]) -> String {
    format!("{} bytes", axes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x "))
}

fn image_axes(path: &Path, axes: &[usize]) -> Result<[usize; 4], DatasetError> {
    match *axes {
        [n, h, w, c] => Ok([n, h, w, c]),
        [n, h, w] => Ok([n, h, w, 1]),
        [n, features] => Ok([n, 1, 1, features]),
        _ => {
            let message = format!("{} holds one number a sample: labels, not images", path.display());
            Err(DatasetError::new(message).help("were the images' and the labels' file swapped?"))
        }
    }
}

/// Lowercase hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn not_idx(path: &Path, why: &str) -> DatasetError {
    DatasetError::new(format!("{} is not an IDX file: {why}", path.display()))
        .help("an IDX file begins with the bytes 00 00 08 and the number of its axes; it may be gzipped")
}

/// An IDX file's bytes, for tests of what reads them.
#[cfg(test)]
pub fn encoded(axes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, axes.len() as u8];
    bytes.extend(axes.iter().flat_map(|axis| axis.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// Bytes, gzipped, for tests.
#[cfg(test)]
pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Idx, String> {
        let dir = tempfile::tempdir().unwrap();
        let path: PathBuf = dir.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        Idx::read(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
    }

    #[test]
    fn a_header_that_claims_more_than_there_can_be_is_quoted() {
        let mut bytes = encoded(&[4_000_000_000, 65_535, 65_535], &[]);
        insta::assert_snapshot!(read(&bytes).unwrap_err(), @"FILE announces 4000000000 x 65535 x 65535 bytes, more than can be loaded");
        insta::assert_snapshot!(read(&gzipped(&bytes)).unwrap_err(), @"FILE announces 4000000000 x 65535 x 65535 bytes, more than can be loaded");
        bytes = encoded(&[60_000, 28, 28], &[]);
        insta::assert_snapshot!(read(&bytes).unwrap_err(), @"FILE is truncated: 47040000 bytes should follow its header and 0 do");
    }

    #[test]
    fn plain_and_gzipped_files_give_the_same_values() {
        let bytes = encoded(&[2, 2, 3], &(0..12).collect::<Vec<u8>>());
        let plain = read(&bytes).unwrap();
        let packed = read(&gzipped(&bytes)).unwrap();
        assert_eq!((&plain.axes, &plain.values), (&vec![2, 2, 3], &(0..12).collect()));
        assert_eq!((&plain.axes, &plain.values), (&packed.axes, &packed.values));
        assert_eq!(plain.sha256(), hex(&Sha256::digest(&bytes)));
    }

    #[test]
    fn a_truncated_file_says_how_much_is_missing() {
        let bytes = encoded(&[2, 2, 3], &[0; 12]);
        insta::assert_snapshot!(read(&bytes[..20]).unwrap_err(), @"FILE is truncated: 12 bytes should follow its header and 4 do");
        insta::assert_snapshot!(read(&gzipped(&bytes[..20])).unwrap_err(), @"FILE is truncated: 12 bytes should follow its header and 4 do");
        let packed = gzipped(&bytes);
        insta::assert_snapshot!(read(&packed[..packed.len() - 9]).unwrap_err(), @"FILE is truncated: its gzip stream ends early");
    }

    #[test]
    fn an_oversized_file_is_refused() {
        let mut bytes = encoded(&[2, 2], &[0; 4]);
        bytes.push(0);
        insta::assert_snapshot!(read(&bytes).unwrap_err(), @"FILE goes on after the 2 x 2 bytes that its header announces");
        insta::assert_snapshot!(read(&gzipped(&bytes)).unwrap_err(), @"FILE goes on after the 2 x 2 bytes that its header announces");
    }

    #[test]
    fn a_wrong_magic_number_is_refused() {
        insta::assert_snapshot!(read(b"\x89PNG....").unwrap_err(), @"FILE is not an IDX file: it begins with 89 50, not 00 00");
        insta::assert_snapshot!(read(&[0, 0, 4, 0xd2, 0, 0, 0, 0]).unwrap_err(), @"FILE is not an IDX file: its third byte is 04, which is no type of IDX");
        insta::assert_snapshot!(read(&[0, 0, 13, 1, 0, 0, 0, 0]).unwrap_err(), @"FILE holds values of IDX type 0x0d; only bytes (0x08) are read");
        insta::assert_snapshot!(read(&[0, 0, 8, 9]).unwrap_err(), @"FILE is not an IDX file: it announces 9 axes");
        insta::assert_snapshot!(read(&[0]).unwrap_err(), @"FILE is not an IDX file: it is shorter than a header");
    }

    #[test]
    fn a_gzip_bomb_is_refused_without_unpacking_it() {
        // Ten million zeros behind a header that announces four.
        let mut bomb = encoded(&[2, 2], &[0; 4]);
        bomb.resize(10_000_000, 0);
        insta::assert_snapshot!(read(&gzipped(&bomb)).unwrap_err(), @"FILE goes on after the 2 x 2 bytes that its header announces");
        // A header that announces more than follows, more than a small file may unpack to, and more than there can be.
        let said = |axes: &[u32]| read(&gzipped(&encoded(axes, &[0; 4]))).unwrap_err();
        insta::assert_snapshot!(said(&[60_000, 28, 28]), @"FILE is truncated: 47040000 bytes should follow its header and 4 do");
        insta::assert_snapshot!(said(&[60_000, 280, 280]), @"FILE unpacks to more than 512 MiB and more than 20 times its size");
        insta::assert_snapshot!(said(&[u32::MAX; 4]), @"FILE announces 4294967295 x 4294967295 x 4294967295 x 4294967295 bytes, more than can be loaded");
    }

    #[test]
    fn swapped_files_are_noticed() {
        let images = Idx { header: vec![], axes: vec![1, 2, 2], values: vec![0; 4] };
        let labels = Idx { header: vec![], axes: vec![4], values: vec![0; 4] };
        let path = Path::new("f");
        assert!(images.into_labels(path).unwrap_err().to_string().contains("images, not labels"));
        assert!(labels.into_images(path).err().unwrap().to_string().contains("labels, not images"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), valid in any::<bool>()) {
            let mut file = if valid { vec![0, 0, 8] } else { vec![] };
            file.extend(bytes);
            if let Ok(idx) = read(&file) {
                prop_assert_eq!(idx.values.len(), idx.axes.iter().product::<usize>());
                let _ = idx.into_images(Path::new("f"));
            }
        }

        #[test]
        fn whatever_is_written_is_read_back(h in 1u32..6, w in 1u32..6, n in 0u32..5, packed in any::<bool>()) {
            let values: Vec<u8> = (0..n * h * w).map(|value| (value * 37) as u8).collect();
            let bytes = encoded(&[n, h, w], &values);
            let idx = read(&if packed { gzipped(&bytes) } else { bytes }).unwrap();
            prop_assert_eq!(&idx.axes, &[n as usize, h as usize, w as usize]);
            prop_assert_eq!(&idx.values, &values);
        }
    }
}

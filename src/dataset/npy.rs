//! NumPy's `.npy` files as users have them: samples of bytes or floats, labels of any integer type.

use std::path::Path;

use crate::artifact::array::{Array, Header};

use super::content::Content;
use super::error::DatasetError;
use super::split::Pixels;

/// Numbers read at once.
const AT_ONCE: usize = 1 << 16;

/// An open file: its header is read and fits what follows, as far as that can be told before reading it.
struct Opened {
    descr: String,
    shape: Vec<usize>,
    bytes: u64,
    content: Content,
}

impl Opened {
    fn new(path: &Path) -> Result<Self, DatasetError> {
        let unusable = |why: &str| DatasetError::new(format!("{} {why}", path.display()));
        let no_header = |why: &str| unusable(why).help("write it with numpy.save from a C-ordered array");
        let mut content = Content::open(path)?;
        let mut header = content.bytes(12).map_err(|_| no_header("is not a .npy file"))?;
        let data = Header::length(&header).map_err(|why| no_header(&why))?;
        header.extend(content.bytes(data as u64 - 12).map_err(|_| no_header("ends inside its header"))?);
        let Header { descr, shape, .. } = Header::parse(&header).map_err(|why| no_header(&why))?;
        let size = match descr.as_str() {
            "|u1" | "|i1" | "|b1" => 1,
            "<u2" | "<i2" => 2,
            "<u4" | "<i4" | "<f4" => 4,
            "<u8" | "<i8" | "<f8" => 8,
            other => {
                let advice = "samples may be uint8, float32 or float64, labels any integer type, little-endian";
                return Err(unusable(&format!("holds numbers of type {other}, which is not read")).help(advice));
            }
        };
        if shape.contains(&0) {
            return Err(unusable(&format!("is empty: its shape is {shape:?}")).help("save at least one sample"));
        }
        let bytes = shape.iter().fold(size, |product: u64, &axis| product.saturating_mul(axis as u64));
        let opened = Self { descr, shape, bytes, content };
        opened.content.expect(bytes, &opened.announced())?;
        Ok(opened)
    }

    fn announced(&self) -> String {
        format!("numbers of shape {:?} and type {}", self.shape, self.descr)
    }

    /// The numbers, still as bytes.
    fn read(mut self) -> Result<Vec<u8>, DatasetError> {
        let bytes = self.content.bytes(self.bytes)?;
        let announced = self.announced();
        self.content.end(&announced)?;
        Ok(bytes)
    }
}

/// The axes of a file of samples, read from its header alone.
pub fn image_axes(path: &Path, shape: Option<[usize; 3]>) -> Result<[usize; 4], DatasetError> {
    sample_axes(path, &Opened::new(path)?.shape, shape)
}

/// Samples: `[n, h, w, c]`, `[n, h, w]` or `[n, features]`; the latter as images when `shape` says how. Errors: not a
/// `.npy` file, another number type, NaN or infinity, a shape that does not fit.
pub fn read_images(path: &Path, shape: Option<[usize; 3]>) -> Result<Pixels, DatasetError> {
    let opened = Opened::new(path)?;
    let axes = sample_axes(path, &opened.shape, shape)?;
    let pixels = match opened.descr.as_str() {
        "|u1" => Array::new(&axes, opened.read()?).map(Pixels::Bytes),
        "<f4" => Array::new(&axes, floats(path, opened, f32::from_le_bytes)?).map(Pixels::Floats),
        "<f8" => {
            let values = floats(path, opened, |eight| f64::from_le_bytes(eight) as f32)?;
            Array::new(&axes, values).map(Pixels::Floats)
        }
        descr => {
            let message = format!("{} holds samples of type {descr}", path.display());
            return Err(DatasetError::new(message).help("save samples as uint8, float32 or float64"));
        }
    };
    pixels.ok_or_else(|| DatasetError::new(format!("{} does not fill its shape {axes:?}", path.display())))
}

/// Labels: `[n]`, integers from 0. Errors: another shape or type, a negative label.
pub fn read_labels(path: &Path) -> Result<Vec<u32>, DatasetError> {
    let opened = Opened::new(path)?;
    let (size, signed) = match opened.descr.as_str() {
        "|u1" | "|b1" => (1, false),
        "|i1" => (1, true),
        "<u2" => (2, false),
        "<i2" => (2, true),
        "<u4" => (4, false),
        "<i4" => (4, true),
        "<u8" => (8, false),
        "<i8" => (8, true),
        _ => {
            let message = format!("{} holds labels of type {}", path.display(), opened.descr);
            return Err(DatasetError::new(message).help("save labels as integers: labels.astype(numpy.int64)"));
        }
    };
    if opened.shape.len() != 1 {
        let message = format!("{} has shape {:?}; labels have one number a sample", path.display(), opened.shape);
        return Err(DatasetError::new(message).help("save class numbers, not one-hot rows: labels.argmax(axis=1)"));
    }
    let label = |(row, number): (usize, &[u8])| {
        let mut eight = [if signed && number[size - 1] >= 0x80 { 0xff } else { 0 }; 8];
        eight[..size].copy_from_slice(number);
        let value = i128::from(u64::from_le_bytes(eight));
        let value = if signed { i128::from(value as u64 as i64) } else { value };
        u32::try_from(value).map_err(|_| {
            let message = format!("{} has the label {value} at row {row}", path.display());
            DatasetError::new(message).help("labels are class numbers that begin at 0")
        })
    };
    opened.read()?.chunks_exact(size).enumerate().map(label).collect()
}

fn floats<const N: usize>(
    path: &Path,
    mut opened: Opened,
    number: impl Fn([u8; N]) -> f32,
) -> Result<Vec<f32>, DatasetError> {
    let mut values = Vec::with_capacity(opened.content.room(opened.bytes) / N);
    opened.content.pieces(opened.bytes, AT_ONCE * N, |piece| {
        let (chunks, _) = piece.as_chunks::<N>();
        values.extend(chunks.iter().map(|chunk| number(*chunk)));
    })?;
    let announced = opened.announced();
    opened.content.end(&announced)?;
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(place) => {
            let message = format!("{} has {} at place {place} (in C order)", path.display(), values[place]);
            Err(DatasetError::new(message).help("remove or replace such samples: numpy.nan_to_num"))
        }
    }
}

/// The axes of samples stored with `stored` axes.
fn sample_axes(path: &Path, stored: &[usize], shape: Option<[usize; 3]>) -> Result<[usize; 4], DatasetError> {
    match (stored, shape) {
        ([n, rest @ ..], Some([h, w, c])) if !rest.is_empty() => {
            // Nothing overflows: the whole file holds as many numbers, and no axis is empty.
            if rest.iter().product::<usize>() == h * w * c {
                return Ok([*n, h, w, c]);
            }
            let message = format!("{} has samples of shape {rest:?}, not [{h}, {w}, {c}]", path.display());
            Err(DatasetError::new(message).help("correct `shape`, or leave it out"))
        }
        (&[n, h, w, c], None) => Ok([n, h, w, c]),
        (&[n, h, w], None) => Ok([n, h, w, 1]),
        (&[n, features], None) => Ok([n, 1, 1, features]),
        _ => {
            let message = format!("{} has shape {stored:?}", path.display());
            Err(DatasetError::new(message).help("samples are [n, h, w, c], [n, h, w] or [n, features]"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::artifact::array;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("a.npy")
        }

        fn plain(&self, error: DatasetError) -> String {
            error.to_string().replace(&self.path().display().to_string(), "FILE")
        }
    }

    #[test]
    fn floats_of_either_width_and_bytes_are_read() {
        let place = Place::new();
        array::write(&place.path(), &[2, 3], &[0.5f64, 1.0, 2.0, -1.0, 0.0, 9.0]).unwrap();
        let Ok(Pixels::Floats(rows)) = read_images(&place.path(), None) else { panic!("not floats") };
        assert_eq!((rows.shape(), rows.row(1)), (&[2, 1, 1, 3][..], &[-1.0, 0.0, 9.0][..]));
        array::write(&place.path(), &[1, 2, 2], &[1u8, 2, 3, 4]).unwrap();
        let Ok(Pixels::Bytes(images)) = read_images(&place.path(), None) else { panic!("not bytes") };
        assert_eq!(images.shape(), [1, 2, 2, 1]);
        let Ok(Pixels::Bytes(images)) = read_images(&place.path(), Some([1, 2, 2])) else { panic!("not bytes") };
        assert_eq!(images.shape(), [1, 1, 2, 2]);
    }

    #[test]
    fn labels_of_any_integer_type_are_read() {
        let place = Place::new();
        array::write(&place.path(), &[3], &[0i64, 7, 2]).unwrap();
        assert_eq!(read_labels(&place.path()).unwrap(), [0, 7, 2]);
        // numpy.save of numpy.array([1, 300], dtype=numpy.int16)
        let mut bytes = b"\x93NUMPY\x01\x00\x36\x00{'descr': '<i2', 'fortran_order': False, 'shape': (2,)}".to_vec();
        bytes.resize(10 + 0x36, b' ');
        bytes.extend([1, 0, 44, 1]);
        std::fs::write(place.path(), bytes).unwrap();
        assert_eq!(read_labels(&place.path()).unwrap(), [1, 300]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let place = Place::new();
        array::write(&place.path(), &[2], &[1i64, -1]).unwrap();
        insta::assert_snapshot!(place.plain(read_labels(&place.path()).unwrap_err()), @"FILE has the label -1 at row 1");
        array::write(&place.path(), &[2, 2], &[1i64, 0, 0, 1]).unwrap();
        insta::assert_snapshot!(place.plain(read_labels(&place.path()).unwrap_err()), @"FILE has shape [2, 2]; labels have one number a sample");
        insta::assert_snapshot!(place.plain(read_images(&place.path(), None).err().unwrap()), @"FILE holds samples of type <i8");
        array::write(&place.path(), &[2, 2], &[1.0f32, f32::NAN, 0.0, 1.0]).unwrap();
        insta::assert_snapshot!(place.plain(read_images(&place.path(), None).err().unwrap()), @"FILE has NaN at place 1 (in C order)");
        insta::assert_snapshot!(place.plain(read_labels(&place.path()).unwrap_err()), @"FILE holds labels of type <f4");
        insta::assert_snapshot!(place.plain(read_images(&place.path(), Some([2, 2, 1])).err().unwrap()), @"FILE has samples of shape [2], not [2, 2, 1]");
        let bytes = std::fs::read(place.path()).unwrap();
        std::fs::write(place.path(), &bytes[..bytes.len() - 3]).unwrap();
        insta::assert_snapshot!(place.plain(read_images(&place.path(), None).err().unwrap()), @"FILE is truncated: 16 bytes should follow its header and 13 do");
        std::fs::write(place.path(), b"PK\x03\x04 this is an npz").unwrap();
        insta::assert_snapshot!(place.plain(read_images(&place.path(), None).err().unwrap()), @"FILE is not a .npy file");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..120),
            descr in "[<>|][uifb][1248]", axes in "[0-9, ]{0,30}", valid in any::<bool>()
        ) {
            let place = Place::new();
            let mut file = Vec::new();
            if valid {
                let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}\n");
                file.extend(b"\x93NUMPY\x01\x00");
                file.extend((header.len() as u16).to_le_bytes());
                file.extend(header.as_bytes());
            }
            file.extend(bytes);
            std::fs::write(place.path(), file).unwrap();
            let _ = read_images(&place.path(), None);
            let _ = read_images(&place.path(), Some([2, 2, 1]));
            let _ = read_labels(&place.path());
        }
    }
}

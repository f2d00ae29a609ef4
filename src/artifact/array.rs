//! Dense arrays in NumPy's `.npy` format, read through a memory map without a copy.
//!
//! Written: version 1.0 headers padded so that the data begins on a 64-byte boundary, little-endian, C order
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>). Knows nothing of what the numbers mean.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

/// A number type that `.npy` files may hold here.
pub trait Element: Copy + Send + Sync + 'static {
    /// NumPy's type string.
    const DESCR: &'static str;
}

impl Element for u8 {
    const DESCR: &'static str = "|u1";
}
impl Element for u32 {
    const DESCR: &'static str = "<u4";
}
impl Element for i64 {
    const DESCR: &'static str = "<i8";
}
impl Element for f32 {
    const DESCR: &'static str = "<f4";
}
impl Element for f64 {
    const DESCR: &'static str = "<f8";
}

#[derive(Clone)]
enum Backing<T> {
    Owned(Arc<Vec<T>>),
    Mapped { map: Arc<Mmap>, offset: usize },
}

/// An n-dimensional array in C order: owned, or borrowed from a memory-mapped file. Clones share the numbers.
#[derive(Clone)]
pub struct Array<T> {
    shape: Vec<usize>,
    backing: Backing<T>,
    element: PhantomData<T>,
}

impl<T: Element> Array<T> {
    /// Takes ownership of `values`; `None` when their number is not the product of `shape`.
    pub fn new(shape: &[usize], values: Vec<T>) -> Option<Self> {
        (shape.iter().product::<usize>() == values.len()).then(|| Self {
            shape: shape.to_vec(),
            backing: Backing::Owned(Arc::new(values)),
            element: PhantomData,
        })
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Length of the first axis.
    pub fn len(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Whether there is no number in it.
    pub fn is_empty(&self) -> bool {
        self.values().is_empty()
    }

    /// All numbers in C order.
    pub fn values(&self) -> &[T] {
        match &self.backing {
            Backing::Owned(values) => values,
            Backing::Mapped { map, offset } => {
                let bytes = &map[*offset..];
                let count = self.shape.iter().product::<usize>();
                // SAFETY: `open` checked that the bytes hold `count` aligned elements, `T` is a plain number type for
                // which every bit pattern is valid, and the map outlives the borrow. Blobs are never written in place.
                unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<T>(), count) }
            }
        }
    }

    /// The numbers of one index of the first axis.
    pub fn row(&self, index: usize) -> &[T] {
        let width = self.width();
        &self.values()[index * width..(index + 1) * width]
    }

    /// How many numbers one index of the first axis holds.
    pub fn width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Opens a `.npy` file of exactly this element type. Errors: not a `.npy` file, another element type, Fortran
    /// order, or a length that does not match the header (`InvalidData`, with the reason in words).
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: files opened here are blobs, immutable once they have their name; see `values`.
        let map = unsafe { Mmap::map(&file)? };
        let header = Header::parse(&map).map_err(|why| invalid(path, &why))?;
        if header.descr != T::DESCR {
            return Err(invalid(path, &format!("holds {} where {} is needed", header.descr, T::DESCR)));
        }
        let bytes = header.shape.iter().try_fold(size_of::<T>(), |product, &axis| product.checked_mul(axis));
        if bytes.and_then(|bytes| bytes.checked_add(header.data)) != Some(map.len()) {
            return Err(invalid(
                path,
                &format!("is {} bytes long, which does not fit its shape {:?}", map.len(), header.shape),
            ));
        }
        if map[header.data..].as_ptr().align_offset(align_of::<T>()) != 0 {
            return Err(invalid(path, "has unaligned data"));
        }
        Ok(Self {
            shape: header.shape,
            backing: Backing::Mapped { map: Arc::new(map), offset: header.data },
            element: PhantomData,
        })
    }

    /// Writes the array as a `.npy` file.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        write(path, &self.shape, self.values())
    }
}

/// Writes `values` of the given shape as a `.npy` file. Panics never; a wrong shape is an `InvalidInput` error.
pub fn write<T: Element>(path: &Path, shape: &[usize], values: &[T]) -> io::Result<()> {
    if shape.iter().product::<usize>() != values.len() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} values do not fill the shape {shape:?}", values.len()),
        ));
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&header::<T>(shape))?;
    // SAFETY: `T` is a plain number type without padding; every target this builds for is little-endian.
    out.write_all(unsafe { std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values)) })?;
    out.into_inner()?.flush()
}

#[cfg(target_endian = "big")]
compile_error!("arrays are mapped as little-endian numbers");

fn header<T: Element>(shape: &[usize]) -> Vec<u8> {
    let axes: Vec<String> = shape.iter().map(|axis| format!("{axis},")).collect();
    let dict = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", T::DESCR, axes.join(" "));
    let unpadded = 10 + dict.len() + 1;
    let padded = unpadded.next_multiple_of(64);
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(((padded - 10) as u16).to_le_bytes());
    bytes.extend(dict.as_bytes());
    bytes.resize(padded - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// What a `.npy` header says.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// NumPy's type string, such as `<f4`.
    pub descr: String,
    pub shape: Vec<usize>,
    /// Where the data begins.
    pub data: usize,
}

impl Header {
    /// Where the data begins, from a file's first twelve bytes. The error says in words what is wrong.
    pub fn length(bytes: &[u8]) -> Result<usize, String> {
        Self::text(bytes).map(|text| text.end.max(12))
    }

    /// Where the header's text stands.
    fn text(bytes: &[u8]) -> Result<std::ops::Range<usize>, String> {
        if bytes.len() < 12 || &bytes[..6] != b"\x93NUMPY" {
            return Err("is not a .npy file".into());
        }
        let (start, length) = match bytes[6] {
            1 => (10, usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))),
            2 | 3 => (12, u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize),
            version => return Err(format!("has .npy version {version}, which is unknown")),
        };
        Ok(start..start + length)
    }

    /// Reads a header of version 1 to 3. The error says in words what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let place = Self::text(bytes)?;
        let data = place.end;
        let text = bytes.get(place).ok_or("ends inside its header")?;
        let text = std::str::from_utf8(text).map_err(|_| "has a header that is not text")?;
        let after = |key: &str| {
            text.split_once(key)
                .map(|(_, rest)| rest.trim_start_matches([':', ' ']))
                .ok_or(format!("has no {key} in its header"))
        };
        if after("'fortran_order'")?.starts_with("True") {
            return Err("is in Fortran order; save it with numpy.ascontiguousarray".into());
        }
        let descr = after("'descr'")?.trim_start_matches('\'').split('\'').next().unwrap_or_default().to_owned();
        let shape = after("'shape'")?.trim_start_matches('(').split(')').next().unwrap_or_default();
        let shape =
            shape.split(',').map(str::trim).filter(|axis| !axis.is_empty()).map(str::parse).collect::<Result<_, _>>();
        Ok(Self { descr, shape: shape.map_err(|_| "has an unreadable shape")?, data })
    }
}

fn invalid(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{} {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_survives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npy");
        for shape in [vec![], vec![4], vec![2, 3], vec![0, 5], vec![2, 1, 3, 2]] {
            let values: Vec<f32> = (0..shape.iter().product()).map(|i| i as f32 * 0.5).collect();
            Array::new(&shape, values.clone()).unwrap().save(&path).unwrap();
            let back = Array::<f32>::open(&path).unwrap();
            assert_eq!((back.shape(), back.values()), (&shape[..], &values[..]));
        }
    }

    #[test]
    fn a_short_file_or_another_type_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.npy");
        write(&path, &[3], &[1u8, 2, 3]).unwrap();
        assert!(Array::<f32>::open(&path).err().unwrap().to_string().contains("holds |u1 where <f4 is needed"));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(Array::<u8>::open(&path).err().unwrap().to_string().contains("does not fit its shape [3]"));
    }
}

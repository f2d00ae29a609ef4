//! What a file holds, gzipped or not, read up to a size that is known beforehand: a file that holds less or more than
//! it says is refused, and a gzip bomb is refused before it is unpacked.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::DatasetError;

/// The most that one file may unpack to.
pub const MOST_BYTES: u64 = 16 << 30;

/// No deflate stream unpacks to more than 1032 times its size
/// (<https://zlib.net/zlib_tech.html>, "Maximum Compression Factor").
const DEFLATE_FACTOR: u64 = 1032;

/// An open file whose gzip layer, if it has one, is taken off.
pub struct Content {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    /// The most that can still come: exact for a plain file.
    left: u64,
    gzipped: bool,
}

impl Content {
    /// Opens a file; gzip is known by its magic number, not by the name.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let file = File::open(path).map_err(DatasetError::io(path))?;
        let metadata = file.metadata().map_err(DatasetError::io(path))?;
        if metadata.is_dir() {
            return Err(DatasetError::new(format!("{} is a folder where a file is needed", path.display())));
        }
        let mut file = BufReader::with_capacity(1 << 16, file);
        let gzipped = file.fill_buf().map_err(DatasetError::io(path))?.starts_with(&[0x1f, 0x8b]);
        let (reader, left): (Box<dyn BufRead + Send>, u64) = if gzipped {
            let unpacked = BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file));
            (Box::new(unpacked), metadata.len().saturating_mul(DEFLATE_FACTOR))
        } else {
            (Box::new(file), metadata.len())
        };
        Ok(Self { path: path.to_owned(), reader, left, gzipped })
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next `count` bytes. Errors: there are fewer, or the gzip stream is damaged.
    pub fn bytes(&mut self, count: u64) -> Result<Vec<u8>, DatasetError> {
        if count > MOST_BYTES {
            let message = format!("{} announces {count} bytes, more than can be loaded", self.path.display());
            return Err(DatasetError::new(message).help("check that the file is what its name says"));
        }
        if count > self.left {
            return Err(self.truncated(count, if self.gzipped { "at most " } else { "" }, self.left));
        }
        let mut bytes = Vec::new();
        // A plain file surely holds that much; a gzipped one may be lying, and then grows only as far as it unpacks.
        bytes.reserve(if self.gzipped { count.min(1 << 26) } else { count } as usize);
        self.reader.by_ref().take(count).read_to_end(&mut bytes).map_err(|error| self.unreadable(&error))?;
        if (bytes.len() as u64) < count {
            return Err(self.truncated(count, "", bytes.len() as u64));
        }
        self.left -= count;
        Ok(bytes)
    }

    /// Makes sure that nothing follows what was read. `announced` is what the file said it holds.
    pub fn end(mut self, announced: &str) -> Result<(), DatasetError> {
        let more = match self.reader.fill_buf() {
            Ok(buffer) => !buffer.is_empty(),
            Err(error) => return Err(self.unreadable(&error)),
        };
        if !more {
            return Ok(());
        }
        let message = format!("{} goes on after {announced} that its header announces", self.path.display());
        Err(DatasetError::new(message).help("the file is damaged or not what its name says: fetch it again"))
    }

    /// All bytes up to the end, at most [`MOST_BYTES`].
    pub fn rest(mut self) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| self.unreadable(&error))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(DatasetError::new(format!("{} holds more than can be loaded", self.path.display())));
        }
        Ok(bytes)
    }

    /// A reader of what is left.
    pub fn into_reader(self) -> Box<dyn BufRead + Send> {
        self.reader
    }

    fn truncated(&self, wanted: u64, at_most: &str, had: u64) -> DatasetError {
        let path = self.path.display();
        DatasetError::new(format!("{path} is truncated: {wanted} bytes should follow its header and {at_most}{had} do"))
            .help("fetch or copy the file again")
    }

    fn unreadable(&self, error: &std::io::Error) -> DatasetError {
        let path = self.path.display();
        match error.kind() {
            ErrorKind::UnexpectedEof if self.gzipped => {
                DatasetError::new(format!("{path} is truncated: its gzip stream ends early"))
                    .help("fetch or copy the file again")
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData if self.gzipped => {
                DatasetError::new(format!("{path} is a damaged gzip file: {error}"))
                    .help("fetch or copy the file again")
            }
            _ => DatasetError::new(format!("{path}: {error}")),
        }
    }
}

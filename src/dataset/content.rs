//! What a file holds, gzipped or not, read up to a size that is known beforehand: a file that holds less or more than
//! it says is refused, and so is a gzip bomb.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::DatasetError;

/// The most that one file may unpack to.
pub const MOST_BYTES: u64 = 16 << 30;

/// A gzipped file may unpack to this, and a large one to this many times its size: data does, a bomb does not.
const MOST_UNPACKED: u64 = 512 << 20;
const MOST_FACTOR: u64 = 20;

/// An open file whose gzip layer, if it has one, is taken off.
pub struct Content {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    /// The most that may still come: exact for a plain file.
    left: u64,
    gzipped: bool,
}

/// `, such as data/train.csv` for a folder that holds files.
fn in_it(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let first = files.filter(|path| path.is_file()).min();
    first.map_or_else(String::new, |path| format!(", such as {}", path.display()))
}

impl Content {
    /// Opens a file; gzip is known by its magic number, not by the name.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let file = File::open(path).map_err(DatasetError::io(path))?;
        let metadata = file.metadata().map_err(DatasetError::io(path))?;
        if metadata.is_dir() {
            let message = format!("{} is a folder where a file is needed", path.display());
            return Err(DatasetError::new(message).help(format!("name a file{}", in_it(path))));
        }
        let mut file = BufReader::with_capacity(1 << 16, file);
        let gzipped = file.fill_buf().map_err(DatasetError::io(path))?.starts_with(&[0x1f, 0x8b]);
        let (reader, left): (Box<dyn Read + Send>, u64) = if gzipped {
            let most = metadata.len().saturating_mul(MOST_FACTOR).clamp(MOST_UNPACKED, MOST_BYTES);
            (Box::new(MultiGzDecoder::new(file)), most)
        } else {
            (Box::new(file), metadata.len())
        };
        Ok(Self { path: path.to_owned(), reader, left, gzipped })
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes sure, without reading on, that `count` bytes can follow and, of a plain file, that no more do. `announced`
    /// is what the file said follows, in words.
    pub fn expect(&self, count: u64, announced: &str) -> Result<(), DatasetError> {
        let path = self.path.display();
        if count > MOST_BYTES {
            let message = format!("{path} announces {announced}, more than can be loaded");
            return Err(DatasetError::new(message).help("check that the file is what its name says"));
        }
        match count.cmp(&self.left) {
            Ordering::Greater if self.gzipped => Err(self.bomb()),
            Ordering::Greater => Err(self.truncated(count, self.left)),
            Ordering::Less if !self.gzipped => Err(self.too_long(announced)),
            _ => Ok(()),
        }
    }

    /// Room to make for `count` announced bytes: a plain file surely holds them, a gzipped one may be lying, and what it
    /// gives then grows only as far as it unpacks.
    pub fn room(&self, count: u64) -> usize {
        (if self.gzipped { count.min(1 << 26) } else { count }) as usize
    }

    /// The next `count` bytes. Errors: there are fewer, or the gzip stream is damaged.
    pub fn bytes(&mut self, count: u64) -> Result<Vec<u8>, DatasetError> {
        if count > self.left {
            return Err(if self.gzipped { self.bomb() } else { self.truncated(count, self.left) });
        }
        let mut bytes = Vec::with_capacity(self.room(count));
        self.reader.by_ref().take(count).read_to_end(&mut bytes).map_err(|error| self.unreadable(&error))?;
        if (bytes.len() as u64) < count {
            return Err(self.truncated(count, bytes.len() as u64));
        }
        self.left -= count;
        Ok(bytes)
    }

    /// The next `count` bytes, passed on in pieces of `size` bytes, the last perhaps shorter, so that they need not be
    /// held beside what is made of them. Errors as for [`bytes`](Self::bytes).
    pub fn pieces(&mut self, count: u64, size: usize, mut pass: impl FnMut(&[u8])) -> Result<(), DatasetError> {
        if count > self.left {
            return Err(if self.gzipped { self.bomb() } else { self.truncated(count, self.left) });
        }
        let (mut had, mut piece) = (0, Vec::with_capacity(size));
        while had < count {
            let wanted = (count - had).min(size as u64);
            piece.clear();
            self.reader.by_ref().take(wanted).read_to_end(&mut piece).map_err(|error| self.unreadable(&error))?;
            had += piece.len() as u64;
            if (piece.len() as u64) < wanted {
                return Err(self.truncated(count, had));
            }
            pass(&piece);
        }
        self.left -= count;
        Ok(())
    }

    /// Makes sure that nothing follows what was read. `announced` is what the file said it holds.
    pub fn end(mut self, announced: &str) -> Result<(), DatasetError> {
        match self.reader.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.too_long(announced)),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    /// All bytes up to the end. Errors: more than can be loaded, or a damaged gzip stream.
    pub fn rest(mut self) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        let most = self.left.min(MOST_BYTES);
        self.reader.by_ref().take(most + 1).read_to_end(&mut bytes).map_err(|error| self.unreadable(&error))?;
        if bytes.len() as u64 > most {
            return Err(if self.gzipped { self.bomb() } else { self.too_large() });
        }
        Ok(bytes)
    }

    /// A reader of what is left. It fails when that is more than can be loaded.
    pub fn into_reader(self) -> impl Read {
        Limited { left: self.left.min(MOST_BYTES), content: self }
    }

    fn bomb(&self) -> DatasetError {
        let mib = MOST_UNPACKED >> 20;
        DatasetError::new(format!(
            "{} unpacks to more than {mib} MiB and more than {MOST_FACTOR} times its size",
            self.path.display()
        ))
        .help("it may be a gzip bomb; if you trust it, unpack it with gunzip and name the unpacked file")
    }

    fn too_large(&self) -> DatasetError {
        DatasetError::new(format!("{} holds more than can be loaded", self.path.display()))
    }

    fn too_long(&self, announced: &str) -> DatasetError {
        let message = format!("{} goes on after the {announced} that its header announces", self.path.display());
        DatasetError::new(message).help("the file is damaged or not what its name says: fetch it again")
    }

    fn truncated(&self, wanted: u64, had: u64) -> DatasetError {
        let path = self.path.display();
        DatasetError::new(format!("{path} is truncated: {wanted} bytes should follow its header and {had} do"))
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

/// A reader that fails, with a [`DatasetError`] inside, when more comes than may or the gzip stream is damaged.
struct Limited {
    content: Content,
    left: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let failed = |error| io::Error::other(error);
        let count = self.content.reader.read(buffer).map_err(|error| failed(self.content.unreadable(&error)))?;
        let most = if self.content.gzipped { Content::bomb } else { Content::too_large };
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| failed(most(&self.content)))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gzip_bomb_is_refused_before_it_is_unpacked_where_its_size_is_announced() {
        let mebibyte = crate::dataset::idx::gzipped(&vec![0; 1 << 20]);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, &mebibyte.repeat(513)).unwrap();
        let open = || Content::open(file.path()).unwrap();
        let said = open().expect(513 << 20, "many bytes").unwrap_err().to_string();
        insta::assert_snapshot!(said.replace(&file.path().display().to_string(), "FILE"), @"FILE unpacks to more than 512 MiB and more than 20 times its size");
        assert_eq!(open().bytes(513 << 20).unwrap_err().to_string(), said);
        // Where no size is announced, it is refused as it comes.
        assert_eq!(io::copy(&mut open().into_reader(), &mut io::sink()).unwrap_err().to_string(), said);
    }
}

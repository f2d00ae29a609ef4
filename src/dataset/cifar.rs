//! CIFAR-10's binary version (<https://www.cs.toronto.edu/~kriz/cifar.html>): records of a label and three planes of
//! 32x32 bytes, in batches of 10,000, unpacked or in the published tar archive.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::artifact::array::Array;
use crate::cancel::Cancel;

use super::content::Content;
use super::error::DatasetError;
use super::idx::hex;
use super::known::KnownFile;
use super::named::not_the_published;
use super::raw::Part;
use super::split::Pixels;

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;

/// Reads unpacked batches: the last is the test batch.
pub fn read_batches(files: &[(&Path, &KnownFile)], cancel: &Cancel) -> Result<(Part, Part), DatasetError> {
    let mut batches = Vec::new();
    for (path, known) in files {
        cancel.check()?;
        let bytes = Content::open(path)?.rest()?;
        let sha256 = hex(&Sha256::digest(&bytes));
        match known.unpacked {
            Some(published) if published != sha256 => return Err(not_the_published(path, &sha256, published)),
            _ => batches.push((path.to_path_buf(), bytes)),
        }
    }
    parts(&batches)
}

/// Reads the batches out of the published archive, whose own hash was checked.
pub fn read_archive(archive: &Path, batches: &[KnownFile], cancel: &Cancel) -> Result<(Part, Part), DatasetError> {
    let mut found: Vec<Option<Vec<u8>>> = batches.iter().map(|_| None).collect();
    let mut reader = Content::open(archive)?.into_reader();
    let damaged = |why: &str| {
        DatasetError::new(format!("{} is a damaged archive: {why}", archive.display()))
            .help("delete it, and it will be downloaded again")
    };
    while let Some((name, size)) = next_entry(&mut reader).map_err(|why| damaged(&why))? {
        cancel.check()?;
        let base = name.rsplit('/').next().unwrap_or_default();
        let wanted = batches.iter().position(|batch| batch.name == base);
        if wanted.is_some() && size > (1 << 28) {
            return Err(damaged(&format!("{name} is announced with {size} bytes")));
        }
        let mut entry = reader.by_ref().take(size.next_multiple_of(512));
        let mut bytes = Vec::new();
        let copied = match wanted {
            Some(_) => entry.read_to_end(&mut bytes).map(|count| count as u64),
            None => std::io::copy(&mut entry, &mut std::io::sink()),
        };
        if copied.map_err(|error| damaged(&error.to_string()))? < size {
            return Err(damaged(&format!("it ends inside {name}")));
        }
        bytes.truncate(size as usize);
        if let Some(place) = wanted {
            found[place] = Some(bytes);
        }
    }
    let missing = |batch: &KnownFile| damaged(&format!("{} is not in it", batch.name));
    let batches: Vec<(PathBuf, Vec<u8>)> = batches
        .iter()
        .zip(found)
        .map(|(batch, bytes)| Ok((archive.join(batch.name), bytes.ok_or_else(|| missing(batch))?)))
        .collect::<Result<_, DatasetError>>()?;
    parts(&batches)
}

/// Name and size of the next entry of a tar archive (POSIX ustar), `None` at its end.
fn next_entry(reader: &mut impl Read) -> Result<Option<(String, u64)>, String> {
    let mut header = [0u8; 512];
    let mut filled = 0;
    while filled < header.len() {
        match reader.read(&mut header[filled..]).map_err(|error| error.to_string())? {
            0 if filled == 0 => return Ok(None),
            0 => return Err("it ends inside a header".into()),
            count => filled += count,
        }
    }
    if header.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let text = |field: &[u8]| String::from_utf8_lossy(field).trim_matches(['\0', ' ']).to_owned();
    let sum: u64 =
        header.iter().enumerate().map(|(i, byte)| u64::from(if (148..156).contains(&i) { b' ' } else { *byte })).sum();
    if u64::from_str_radix(&text(&header[148..156]), 8) != Ok(sum) {
        return Err("a header's checksum does not fit".into());
    }
    let size = u64::from_str_radix(&text(&header[124..136]), 8).map_err(|_| "a header has no size")?;
    if size >= 1 << 40 {
        return Err(format!("an entry of {size} bytes"));
    }
    Ok(Some((text(&header[..100]), size)))
}

/// Training part of all batches but the last, test part of the last.
fn parts(batches: &[(PathBuf, Vec<u8>)]) -> Result<(Part, Part), DatasetError> {
    let (test, train) = batches.split_last().ok_or_else(|| DatasetError::new("CIFAR-10 has no batches"))?;
    Ok((part(train)?, part(std::slice::from_ref(test))?))
}

fn part(batches: &[(PathBuf, Vec<u8>)]) -> Result<Part, DatasetError> {
    let count = batches.iter().map(|(_, bytes)| bytes.len() / RECORD).sum::<usize>();
    let mut labels = Vec::with_capacity(count);
    let mut pixels = Vec::with_capacity(count * 3 * PLANE);
    for (path, bytes) in batches {
        if bytes.len() % RECORD != 0 {
            let message = format!(
                "{} is {} bytes long, not a whole number of {RECORD}-byte records",
                path.display(),
                bytes.len()
            );
            return Err(DatasetError::new(message).help("fetch the file again"));
        }
        for record in bytes.chunks_exact(RECORD) {
            if record[0] > 9 {
                let message = format!("{} has the label {}; CIFAR-10's are 0 to 9", path.display(), record[0]);
                return Err(DatasetError::new(message).help("fetch the file again"));
            }
            labels.push(u32::from(record[0]));
            let (red, rest) = record[1..].split_at(PLANE);
            let (green, blue) = rest.split_at(PLANE);
            for ((red, green), blue) in red.iter().zip(green).zip(blue) {
                pixels.extend([red, green, blue]);
            }
        }
    }
    let images = Array::new(&[count, SIDE, SIDE, 3], pixels).map(Pixels::Bytes);
    let images = images.ok_or_else(|| DatasetError::new("CIFAR-10's pixels do not fill its shape"))?;
    Ok(Part { images, labels: Some(labels) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::idx::gzipped;

    const BATCHES: [KnownFile; 2] = [
        KnownFile { name: "data_batch_1.bin", unpacked: None, packed: None },
        KnownFile { name: "test_batch.bin", unpacked: None, packed: None },
    ];

    fn record(label: u8, first: u8) -> Vec<u8> {
        let mut bytes = vec![label];
        bytes.extend([first, first + 1, first + 2].iter().flat_map(|value| std::iter::repeat_n(*value, PLANE)));
        bytes
    }

    fn tar(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut archive = Vec::new();
        for (name, bytes) in entries {
            let mut header = [0u8; 512];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
            archive.extend(header);
            archive.extend(bytes);
            archive.resize(archive.len().next_multiple_of(512), 0);
        }
        archive.resize(archive.len() + 1024, 0);
        archive
    }

    fn read(archive: &[u8]) -> Result<(Part, Part), String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.tar.gz");
        std::fs::write(&path, gzipped(archive)).unwrap();
        read_archive(&path, &BATCHES, &Cancel::default())
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
    }

    #[test]
    fn planes_become_interleaved_channels() {
        let train = [record(3, 10), record(9, 20)].concat();
        let entries = [
            ("cifar-10-batches-bin/readme.html", b"hello".to_vec()),
            ("cifar-10-batches-bin/test_batch.bin", record(1, 30)),
            ("cifar-10-batches-bin/data_batch_1.bin", train),
        ];
        let (train, test) = read(&tar(&entries)).unwrap();
        assert_eq!((train.labels, test.labels), (Some(vec![3, 9]), Some(vec![1])));
        let Pixels::Bytes(pixels) = train.images else { unreachable!("bytes") };
        assert_eq!(pixels.shape(), [2, 32, 32, 3]);
        assert_eq!(pixels.row(1)[..6], [20, 21, 22, 20, 21, 22]);
    }

    #[test]
    fn a_damaged_archive_is_refused() {
        let whole = tar(&[("data_batch_1.bin", record(1, 0)), ("test_batch.bin", record(1, 0))]);
        assert!(read(&whole).is_ok());
        insta::assert_snapshot!(read(&whole[..600]).err().unwrap(), @"FILE is a damaged archive: it ends inside data_batch_1.bin");
        insta::assert_snapshot!(read(&whole[..4096]).err().unwrap(), @"FILE is a damaged archive: test_batch.bin is not in it");
        let mut flipped = whole;
        flipped[130] ^= 1;
        insta::assert_snapshot!(read(&flipped).err().unwrap(), @"FILE is a damaged archive: a header's checksum does not fit");
        insta::assert_snapshot!(read(&tar(&[("data_batch_1.bin", vec![0; 9]), ("test_batch.bin", vec![])])).err().unwrap(), @"FILE/data_batch_1.bin is 9 bytes long, not a whole number of 3073-byte records");
    }
}

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;
use crate::dataset::idx::{encoded, gzipped};

/// Four tiny IDX files under MNIST's names, two training images and one test image.
fn contents() -> [(&'static str, Vec<u8>); 4] {
    [
        ("train-images-idx3-ubyte", encoded(&[2, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 7])),
        ("train-labels-idx1-ubyte", encoded(&[2], &[1, 0])),
        ("t10k-images-idx3-ubyte", encoded(&[1, 2, 2], &[9; 4])),
        ("t10k-labels-idx1-ubyte", encoded(&[1], &[1])),
    ]
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A known data set made of [`contents`]; with `packed`, only the gzipped files' hashes are known.
fn tiny(packed: bool, mirrors: Vec<String>) -> Known {
    let sha256 = |bytes: &[u8]| Some(leak(hex(&Sha256::digest(bytes))));
    let files = contents().map(|(name, bytes)| KnownFile {
        name,
        unpacked: if packed { None } else { sha256(&bytes) },
        packed: if packed { sha256(&gzipped(&bytes)) } else { None },
    });
    let mirrors: Vec<&'static str> = mirrors.into_iter().map(leak).collect();
    Known {
        name: "tiny",
        shape: [2, 2, 1],
        classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        counts: [2, 1],
        layout: Layout::Idx(files),
        mirrors: Box::leak(mirrors.into_boxed_slice()),
    }
}

fn write_all(directory: &Path, gz: bool) {
    std::fs::create_dir_all(directory).unwrap();
    for (name, bytes) in contents() {
        let (name, bytes) = if gz { (format!("{name}.gz"), gzipped(&bytes)) } else { (name.into(), bytes) };
        std::fs::write(directory.join(name), bytes).unwrap();
    }
}

/// Serves gzipped [`contents`] by name.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let bytes =
                contents().into_iter().find(|(name, _)| request.contains(name)).map(|(_, bytes)| gzipped(&bytes));
            let bytes = bytes.unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&bytes).unwrap();
        }
    });
    url
}

#[test]
fn places_are_looked_at_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let places = Places { given: Some(place("given")), shared: vec![place("shared"), place("cache")] };
    let known = tiny(false, vec![]);
    assert!(locate(&known, &places).is_err());
    for (folder, gz) in [("cache/tiny", true), ("shared/tiny", false), ("given", true)] {
        write_all(&place(folder), gz);
        assert!(locate(&known, &places).unwrap().files.iter().all(|file| file.starts_with(place(folder))));
    }
}

#[test]
fn packed_and_unpacked_copies_are_the_same_data_set() {
    let directory = tempfile::tempdir().unwrap();
    let known = tiny(false, vec![]);
    let read_from = |folder: &str, gz: bool| {
        let place = directory.path().join(folder);
        write_all(&place, gz);
        let found = Found { files: known.files_in(&place).unwrap() };
        assert_eq!(identity(&known, &found).unwrap(), known_identity(&known));
        read(&known, &found, &Cancel::default()).unwrap()
    };
    let (plain, packed) = (read_from("plain", false), read_from("packed", true));
    assert_eq!(plain.train.labels, Some(vec![1, 0]));
    assert_eq!(plain.train.labels, packed.train.labels);
    assert_eq!((plain.test.unwrap().images.count(), plain.classes.len()), (1, 10));
}

#[test]
fn an_unpacked_copy_without_a_known_hash_is_known_by_its_own_content() {
    let directory = tempfile::tempdir().unwrap();
    let known = tiny(true, vec![]);
    write_all(directory.path(), false);
    let found = Found { files: known.files_in(directory.path()).unwrap() };
    assert!(identity(&known, &found).unwrap().get("blake3").is_some());
    write_all(&directory.path().join("packed"), true);
    let found = Found { files: known.files_in(&directory.path().join("packed")).unwrap() };
    assert_eq!(identity(&known, &found).unwrap(), known_identity(&known));
}

#[test]
fn a_changed_file_is_not_the_published_one() {
    for packed in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let known = tiny(packed, vec![]);
        write_all(directory.path(), true);
        let path = directory.path().join("t10k-images-idx3-ubyte.gz");
        std::fs::write(&path, gzipped(&encoded(&[1, 2, 2], &[8; 4]))).unwrap();
        let found = Found { files: known.files_in(directory.path()).unwrap() };
        let error = read(&known, &found, &Cancel::default()).err().unwrap();
        assert!(error.to_string().contains("is not the published file"), "{error}");
    }
}

#[test]
fn a_missing_data_set_is_downloaded_and_checked() {
    let directory = tempfile::tempdir().unwrap();
    let cancel = Cancel::default();
    let watch = Watch { progress: &|_| {}, cancel: &cancel };
    for packed in [false, true] {
        let known = tiny(packed, vec![serve()]);
        let patience = Duration::from_secs(5);
        let found = fetch(&known, &directory.path().join(packed.to_string()), patience, &watch).unwrap();
        assert_eq!(read(&known, &found, &cancel).unwrap().train.labels, Some(vec![1, 0]));
    }
}

#[test]
fn the_known_data_sets_are_complete() {
    for known in super::super::known::ALL {
        assert!(!known.downloads().is_empty() && known.mirrors.len() > 1);
        assert!(known.mirrors.iter().all(|mirror| mirror.ends_with('/')));
        let hashes = known_identity(known)["sha256"].as_array().unwrap().clone();
        assert!(hashes.iter().all(|hash| hash.as_str().unwrap().len() == 64));
        assert!(hashes.len() >= 4);
    }
}

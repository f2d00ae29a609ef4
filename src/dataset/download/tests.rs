use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::mirrors::first_with;
use super::*;

const CONTENT: &[u8] = b"0123456789abcdefghij";

/// Answers each request by a script; keeps what was asked.
struct Mirror {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

type Script = fn(&str, &mut TcpStream) -> io::Result<()>;

impl Mirror {
    fn new(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
                let range = head.iter().find_map(|line| line.to_lowercase().strip_prefix("range: ").map(str::to_owned));
                log.lock().unwrap().push(range.clone().unwrap_or_default());
                let _ = script(&range.unwrap_or_default(), &mut stream);
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn whole(range: &str, stream: &mut TcpStream) -> io::Result<()> {
    match range.strip_prefix("bytes=").and_then(|rest| rest.trim_end_matches('-').parse::<usize>().ok()) {
        Some(start) if start >= CONTENT.len() => {
            write!(stream, "HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        Some(start) => {
            let rest = &CONTENT[start..];
            let range = format!("bytes {start}-{}/{}", CONTENT.len() - 1, CONTENT.len());
            let length = rest.len();
            write!(
                stream,
                "HTTP/1.1 206 Partial\r\nContent-Range: {range}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            )?;
            stream.write_all(rest)
        }
        None => {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", CONTENT.len())?;
            stream.write_all(CONTENT)
        }
    }
}

fn without_ranges(_: &str, stream: &mut TcpStream) -> io::Result<()> {
    whole("", stream)
}

fn absent(_: &str, stream: &mut TcpStream) -> io::Result<()> {
    write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn breaks_off(_: &str, stream: &mut TcpStream) -> io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n")?;
    stream.write_all(&CONTENT[..8])
}

fn lies(_: &str, stream: &mut TcpStream) -> io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwrong")
}

fn silent(_: &str, _stream: &mut TcpStream) -> io::Result<()> {
    std::thread::sleep(Duration::from_secs(5));
    Ok(())
}

fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/file", listener.local_addr().unwrap())
}

struct Fetched {
    result: Result<(), String>,
    file: Option<Vec<u8>>,
    part: Option<Vec<u8>>,
}

/// Downloads beside a partial file.
fn fetch(urls: &[String], part: Option<&[u8]>) -> Fetched {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join("sub/file");
    let part_path = to.with_file_name("file.part");
    if let Some(part) = part {
        std::fs::create_dir(directory.path().join("sub")).unwrap();
        std::fs::write(&part_path, part).unwrap();
    }
    let check = |path: &Path| {
        if std::fs::read(path).unwrap() == CONTENT { Ok(()) } else { Err("is not the published file".to_owned()) }
    };
    let watch = Watch { progress: &|_| {}, cancel: &Cancel::default() };
    let agent: Agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let result = download_with(&agent, urls, &to, &check, &watch);
    let plain = |error: DatasetError| {
        let text = error.to_string();
        urls.iter().enumerate().fold(text, |text, (i, url)| text.replace(url.as_str(), &format!("URL{i}")))
    };
    Fetched { result: result.map_err(plain), file: std::fs::read(&to).ok(), part: std::fs::read(&part_path).ok() }
}

#[test]
fn a_file_is_fetched_and_gets_its_name_only_when_it_is_right() {
    let mirror = Mirror::new(whole);
    let fetched = fetch(std::slice::from_ref(&mirror.url), None);
    assert_eq!((fetched.result, fetched.file.as_deref(), fetched.part), (Ok(()), Some(CONTENT), None));
}

#[test]
fn a_broken_download_goes_on_where_it_broke_off() {
    let mirror = Mirror::new(whole);
    let fetched = fetch(std::slice::from_ref(&mirror.url), Some(&CONTENT[..7]));
    assert_eq!((fetched.result, fetched.file.as_deref()), (Ok(()), Some(CONTENT)));
    assert_eq!(mirror.asked(), ["bytes=7-"]);
}

#[test]
fn what_one_mirror_began_the_next_finishes() {
    let (first, second) = (Mirror::new(breaks_off), Mirror::new(whole));
    let fetched = fetch(&[first.url.clone(), second.url.clone()], None);
    assert_eq!((fetched.result, fetched.file.as_deref()), (Ok(()), Some(CONTENT)));
    assert_eq!(second.asked(), ["bytes=8-"]);
}

#[test]
fn a_mirror_without_ranges_starts_over() {
    let mirror = Mirror::new(without_ranges);
    let fetched = fetch(std::slice::from_ref(&mirror.url), Some(b"01234"));
    assert_eq!((fetched.result, fetched.file.as_deref()), (Ok(()), Some(CONTENT)));
}

#[test]
fn a_spoilt_partial_file_is_thrown_away() {
    for part in [&b"XXXX"[..], &[b'X'; 30]] {
        let mirror = Mirror::new(whole);
        let fetched = fetch(std::slice::from_ref(&mirror.url), Some(part));
        assert_eq!((fetched.result, fetched.file.as_deref()), (Ok(()), Some(CONTENT)));
        assert_eq!(mirror.asked().len(), 2);
    }
}

#[test]
fn every_mirror_that_failed_is_named_with_its_reason() {
    let urls = [refusing(), Mirror::new(absent).url, Mirror::new(lies).url];
    let fetched = fetch(&urls, None);
    assert_eq!((fetched.file, fetched.part), (None, None));
    insta::assert_snapshot!(fetched.result.unwrap_err(), @r"
    file could not be downloaded:
      URL0: io: Connection refused (os error 111)
      URL1: answers 404
      URL2: what it sent is not the published file
    ");
}

#[test]
fn a_working_mirror_after_broken_ones_is_enough() {
    let urls = [refusing(), Mirror::new(absent).url, Mirror::new(lies).url, Mirror::new(whole).url];
    let fetched = fetch(&urls, None);
    assert_eq!((fetched.result, fetched.file.as_deref()), (Ok(()), Some(CONTENT)));
}

#[test]
fn what_was_received_is_kept_for_the_next_time() {
    let fetched = fetch(&[Mirror::new(breaks_off).url], None);
    assert!(fetched.result.is_err());
    assert_eq!((fetched.file, fetched.part.as_deref()), (None, Some(&CONTENT[..8])));
}

#[test]
fn a_stop_is_obeyed_while_the_network_is_silent() {
    let directory = tempfile::tempdir().unwrap();
    let cancel = Cancel::default();
    let stop = cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        stop.cancel();
    });
    let watch = Watch { progress: &|_| {}, cancel: &cancel };
    let agent: Agent = Agent::config_builder().proxy(None).build().into();
    let urls = [Mirror::new(silent).url];
    let result = download_with(&agent, &urls, &directory.path().join("file"), &|_| Ok(()), &watch);
    assert!(matches!(result, Err(DatasetError::Interrupted)));
}

#[test]
fn progress_counts_bytes_up_to_the_total() {
    let directory = tempfile::tempdir().unwrap();
    let seen = Mutex::new(Vec::new());
    let progress = |progress: Progress| seen.lock().unwrap().push((progress.done, progress.total, progress.unit));
    let watch = Watch { progress: &progress, cancel: &Cancel::default() };
    let agent: Agent = Agent::config_builder().proxy(None).build().into();
    download_with(&agent, &[Mirror::new(whole).url], &directory.path().join("file"), &|_| Ok(()), &watch).unwrap();
    assert_eq!(seen.lock().unwrap().last(), Some(&(20, 20, "byte")));
}

fn asks(urls: &[String], patience: Duration) -> Result<usize, DatasetError> {
    let watch = Watch { progress: &|_| {}, cancel: &Cancel::default() };
    let config = Agent::config_builder().http_status_as_error(false).proxy(None).timeout_global(Some(patience));
    first_with(&config.build().into(), urls, patience, &watch)
}

#[test]
fn a_mirror_that_answers_is_found_beside_those_that_do_not() {
    let urls = [Mirror::new(silent).url, refusing(), Mirror::new(absent).url];
    assert_eq!(asks(&urls, Duration::from_secs(30)).unwrap(), 2);
}

#[test]
fn mirrors_that_do_not_answer_are_named_with_their_reasons() {
    let urls = [Mirror::new(silent).url, refusing()];
    let error = asks(&urls, Duration::from_millis(100)).unwrap_err().to_string();
    let error = error.replace(&urls[0], "URL0").replace(&urls[1], "URL1");
    insta::assert_snapshot!(error, @r"
    no mirror answers:
      URL0: no answer within 0.1 s
      URL1: io: Connection refused (os error 111)
    ");
}

#[test]
fn nothing_is_left_where_nothing_was_received() {
    let directory = tempfile::tempdir().unwrap();
    let watch = Watch { progress: &|_| {}, cancel: &Cancel::default() };
    let agent: Agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let to = directory.path().join("some/where/file");
    assert!(download_with(&agent, &[refusing()], &to, &|_| Ok(()), &watch).is_err());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

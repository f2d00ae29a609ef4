//! Downloads: resumed where they broke off, checked before they get their name, tried on one mirror after another.
//!
//! The bytes come in on a thread of their own, so that a stop is obeyed even while the network is silent.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::Response;

use crate::cancel::Cancel;
use crate::event::Progress;

use super::error::DatasetError;

mod mirrors;

pub use mirrors::first_to_answer;

/// No file of a known data set is larger: more is not what was asked for.
const MOST_BYTES: u64 = 1 << 30;

/// How long it may take to connect to a mirror.
const CONNECT: Duration = Duration::from_secs(5);

/// A network that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);

const USER_AGENT: &str = concat!("pipeline/", env!("CARGO_PKG_VERSION"));

/// How often a stop is looked for.
const TICK: Duration = Duration::from_millis(100);

/// Who is told, and who may stop it.
pub struct Watch<'a> {
    /// Called with bytes done and in all (0: not known).
    pub progress: &'a (dyn Fn(Progress) + Sync),
    pub cancel: &'a Cancel,
}

impl Watch<'_> {
    fn stop_asked(&self) -> Result<(), Failure> {
        if self.cancel.is_cancelled() { Err(Failure::Fatal(DatasetError::Interrupted)) } else { Ok(()) }
    }
}

/// Why one attempt failed.
enum Failure {
    /// This mirror does not work; another may.
    Mirror(String),
    /// The bytes are not the right ones.
    Wrong(String),
    /// No other mirror would help.
    Fatal(DatasetError),
}

/// Downloads a file from the first of `urls` that gives what `check` accepts (its error says in words what is wrong).
/// What was received before is kept in a `.part` file beside `to`, and gone on with; nothing is left when nothing was
/// received. The error lists every mirror.
pub fn download(
    urls: &[String],
    to: &Path,
    check: &dyn Fn(&Path) -> Result<(), String>,
    watch: &Watch,
) -> Result<(), DatasetError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .user_agent(USER_AGENT);
    download_with(&config.build().into(), urls, to, check, watch)
}

fn download_with(
    agent: &Agent,
    urls: &[String],
    to: &Path,
    check: &dyn Fn(&Path) -> Result<(), String>,
    watch: &Watch,
) -> Result<(), DatasetError> {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let mut part = Part::open(to.with_file_name(format!("{name}.part")), watch)?;
    if to.is_file() {
        // Another process fetched it while this one waited for the lock.
        part.give_up();
        return Ok(());
    }
    let why = match from_mirrors(agent, urls, &mut part, check, watch) {
        Ok(()) => return part.become_file(to),
        Err(why) => why,
    };
    part.give_up();
    Err(match why {
        Failure::Fatal(error) => error,
        Failure::Mirror(why) | Failure::Wrong(why) => {
            DatasetError::new(format!("{name} could not be downloaded:\n{why}"))
                .help(format!("check the network, or put the file at {}", to.display()))
        }
    })
}

/// The whole file from one mirror, or from one after another. The failure lists all of them.
fn from_mirrors(
    agent: &Agent,
    urls: &[String],
    part: &mut Part,
    check: &dyn Fn(&Path) -> Result<(), String>,
    watch: &Watch,
) -> Result<(), Failure> {
    let mut misses = Vec::new();
    for url in urls {
        let from = part.length().map_err(Failure::Fatal)?;
        let resumed = from > 0;
        tracing::info!(url, from, "downloading");
        let mut outcome = attempt(agent, url, part, check, watch);
        if resumed && matches!(outcome, Err(Failure::Wrong(_))) {
            // The beginning may have been another mirror's, or spoilt: once more from the start.
            outcome = attempt(agent, url, part, check, watch);
        }
        match outcome {
            Err(Failure::Mirror(why) | Failure::Wrong(why)) => {
                tracing::info!(url, why, "mirror given up");
                misses.push(format!("  {url}: {why}"));
            }
            end => return end,
        }
    }
    Err(Failure::Mirror(misses.join("\n")))
}

/// Gets what is missing of the file and checks the whole; wrong bytes are thrown away.
fn attempt(
    agent: &Agent,
    url: &str,
    part: &mut Part,
    check: &dyn Fn(&Path) -> Result<(), String>,
    watch: &Watch,
) -> Result<(), Failure> {
    receive(agent, url, part, watch)?;
    part.file.sync_all().map_err(DatasetError::io(&part.path)).map_err(Failure::Fatal)?;
    check(&part.path).map_err(|why| match part.truncate() {
        Ok(()) => Failure::Wrong(format!("what it sent {why}")),
        Err(error) => Failure::Fatal(error),
    })
}

fn receive(agent: &Agent, url: &str, part: &mut Part, watch: &Watch) -> Result<(), Failure> {
    watch.stop_asked()?;
    let start = part.length().map_err(Failure::Fatal)?;
    let (sender, receiver) = sync_channel(16);
    let (agent, url) = (agent.clone(), url.to_owned());
    std::thread::Builder::new()
        .name("download".into())
        .spawn(move || request(&agent, &url, start, &sender))
        .map_err(|error| Failure::Fatal(DatasetError::new(format!("no thread for the download: {error}"))))?;
    let mut total = 0;
    let mut done = start;
    loop {
        match next(&receiver, watch)? {
            Piece::Start { at, total: announced } => {
                if at != start {
                    part.truncate().map_err(Failure::Fatal)?;
                }
                done = at;
                total = announced;
                (watch.progress)(Progress { done, total, unit: "byte", metrics: vec![] });
            }
            Piece::Bytes(bytes) => {
                done += bytes.len() as u64;
                if done > MOST_BYTES {
                    return Err(discard(part, "sends more than any known file has"));
                }
                part.file.write_all(&bytes).map_err(DatasetError::io(&part.path)).map_err(Failure::Fatal)?;
                (watch.progress)(Progress { done, total, unit: "byte", metrics: vec![] });
            }
            Piece::End if total > 0 && done != total => {
                return Err(Failure::Mirror(format!("broke off after {done} of {total} bytes")));
            }
            Piece::End => return Ok(()),
            // The part is longer than the file, so it is none of it.
            Piece::Beyond => return Err(discard(part, "cannot go on where the partial file ends")),
            Piece::Failed(why) => return Err(Failure::Mirror(why)),
        }
    }
}

fn discard(part: &mut Part, why: &str) -> Failure {
    match part.truncate() {
        Ok(()) => Failure::Wrong(why.to_owned()),
        Err(error) => Failure::Fatal(error),
    }
}

/// What the network's thread sends.
enum Piece {
    /// The first byte's place in the file, and the file's length (0: not known).
    Start {
        at: u64,
        total: u64,
    },
    Bytes(Vec<u8>),
    End,
    Beyond,
    Failed(String),
}

fn next(receiver: &Receiver<Piece>, watch: &Watch) -> Result<Piece, Failure> {
    let patience = Instant::now() + 2 * SILENCE;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(piece) => {
                watch.stop_asked()?;
                return Ok(piece);
            }
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::Mirror("broke off".into())),
            Err(RecvTimeoutError::Timeout) if Instant::now() > patience => {
                return Err(Failure::Mirror("does not answer".into()));
            }
            Err(RecvTimeoutError::Timeout) => watch.stop_asked()?,
        }
    }
}

/// The network's thread; it ends when nobody listens any more.
fn request(agent: &Agent, url: &str, start: u64, sender: &SyncSender<Piece>) {
    let mut request = agent.get(url).header("Accept-Encoding", "identity");
    if start > 0 {
        request = request.header("Range", format!("bytes={start}-"));
    }
    let last = match request.call() {
        Err(error) => Piece::Failed(error.to_string()),
        Ok(response) => match response.status().as_u16() {
            status @ (200 | 206) => match beginning(&response, status, start) {
                Some((at, total)) => send_body(response, at, total, sender),
                None => Piece::Failed("answers with another range than asked for".into()),
            },
            416 => Piece::Beyond,
            status => Piece::Failed(format!("answers {status}")),
        },
    };
    // Nobody listening is a stop, which is not this thread's to report.
    let _ = sender.send(last);
}

/// Where in the file the body begins, and how long the file is.
fn beginning<B>(response: &Response<B>, status: u16, start: u64) -> Option<(u64, u64)> {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let length = header("Content-Length").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    if status == 200 {
        return Some((0, length));
    }
    // "bytes first-last/length", the length perhaps "*".
    let (first, rest) = header("Content-Range")?.strip_prefix("bytes ")?.split_once('-')?;
    let total = rest.split_once('/')?.1.parse().unwrap_or(0);
    (first.parse() == Ok(start)).then_some((start, total))
}

fn send_body(response: Response<ureq::Body>, at: u64, total: u64, sender: &SyncSender<Piece>) -> Piece {
    let stopped = || Piece::Failed("nobody listens".into());
    if sender.send(Piece::Start { at, total }).is_err() {
        return stopped();
    }
    let mut body = response.into_body().into_reader();
    loop {
        let mut bytes = vec![0; 1 << 16];
        match body.read(&mut bytes) {
            Ok(0) => return Piece::End,
            Ok(count) => {
                bytes.truncate(count);
                if sender.send(Piece::Bytes(bytes)).is_err() {
                    return stopped();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Piece::Failed(format!("broke off: {error}")),
        }
    }
}

/// The partial file, locked against other processes; writing goes on at its end.
struct Part {
    path: PathBuf,
    file: File,
    /// Folders that were made for it, innermost first.
    made: Vec<PathBuf>,
}

impl Part {
    fn open(path: PathBuf, watch: &Watch) -> Result<Self, DatasetError> {
        let mut made = Vec::new();
        loop {
            if let Some(folder) = path.parent() {
                made.extend(folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned));
                std::fs::create_dir_all(folder).map_err(DatasetError::io(folder))?;
            }
            let mut options = OpenOptions::new();
            let file = options.create(true).truncate(false).read(true).write(true).open(&path);
            let mut file = file.map_err(DatasetError::io(&path))?;
            wait_for(&file, watch)?;
            // Whoever had the lock may have renamed or removed the file.
            if is_at(&file, &path) {
                file.seek(SeekFrom::End(0)).map_err(DatasetError::io(&path))?;
                return Ok(Self { path, file, made });
            }
        }
    }

    fn length(&self) -> Result<u64, DatasetError> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(DatasetError::io(&self.path))
    }

    fn truncate(&mut self) -> Result<(), DatasetError> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(DatasetError::io(&self.path))
    }

    fn become_file(self, to: &Path) -> Result<(), DatasetError> {
        std::fs::rename(&self.path, to).map_err(DatasetError::io(to))
    }

    /// Keeps what was received; when that is nothing, neither the file nor the folders made for it stay.
    fn give_up(self) {
        // What cannot be removed, or is used by others by now, may stay: it is in nobody's way.
        if self.length().is_ok_and(|length| length == 0) && std::fs::remove_file(&self.path).is_ok() {
            let _ = self.made.iter().try_for_each(std::fs::remove_dir);
        }
    }
}

/// Whether the open file is the one that has the name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let place = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
        matches!((file.metadata(), path.metadata()), (Ok(own), Ok(named)) if place(&own) == place(&named))
    }
    // Elsewhere an open file cannot be renamed or removed.
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Waits until no other process has the file locked.
fn wait_for(file: &File, watch: &Watch) -> Result<(), DatasetError> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if watch.cancel.is_cancelled() => return Err(DatasetError::Interrupted),
            Err(TryLockError::WouldBlock) => std::thread::sleep(TICK),
            // A file system without locks: two downloads at once would be noticed by the check.
            Err(TryLockError::Error(_)) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

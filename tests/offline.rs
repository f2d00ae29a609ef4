//! A published data set that is not on the machine: what the cache has of it is used, the plan says what the launch
//! does, and a launch says when it fetches.

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{DIGITS, EXPERIMENT, Launch, PIPELINE, Project, flip, list, set, text};
use pipeline::artifact::store::{Lookup, Record, Store};
use pipeline::dataset::{known::Known, named};
use serde_json::Value;

/// What `pipeline plan` says of every stage.
fn planned(project: &Project) -> BTreeMap<String, String> {
    let plan = project.json(&["plan", EXPERIMENT]);
    let owned = |value: &Value| text(value).to_owned();
    list(&plan["stages"]).iter().map(|stage| (owned(&stage["stage"]), owned(&stage["status"]))).collect()
}

fn all(planned: &BTreeMap<String, String>, status: &str) -> bool {
    planned.values().all(|planned| planned == status)
}

/// The common pipeline up to where training begins.
fn project() -> Project {
    Project::with_pipeline(PIPELINE.split_once("[stages.split]").expect("it has a split").0)
}

/// Asks for MNIST from now on.
fn ask_for_mnist(project: &Project, fallback: &str) {
    let mnist = format!("dataset = \"mnist\"\nfallback = \"{fallback}\"\n");
    project.edit_pipeline(DIGITS, &mnist);
}

/// Makes the cache have MNIST, with digits for its samples.
fn pretend_to_have_loaded_mnist(project: &Project) {
    let store = Store::open(&project.path("cache")).expect("the cache opens");
    let last = store.last("tiny").expect("what was launched is known");
    let load = last.iter().find(|(slot, _)| slot.starts_with("load ")).expect("it was loaded").1;
    let Lookup::Hit(record) = store.lookup(*load).expect("the cache can be read") else { panic!("load is cached") };
    let mut hashed = store.hashed(*load).expect("readable").expect("kept");
    hashed.params["dataset"] = "mnist".into();
    for count in ["train_count", "test_count"] {
        hashed.params[count] = Value::Null;
    }
    hashed.source = Some(named::known_identity(Known::named("mnist").expect("it is known")));
    store.commit(&Record::new(hashed, record.outputs, record.outcome, record.seconds)).expect("the cache is writable");
    store.flush().expect("the cache is writable");
}

#[test]
fn what_was_loaded_once_needs_no_files_any_more() {
    for fallback in ["none", "synthetic-digits"] {
        let project = project();
        project.run(&[]);
        pretend_to_have_loaded_mnist(&project);
        ask_for_mnist(&project, fallback);
        assert!(all(&planned(&project), "cached"), "{fallback}: {:?}", planned(&project));
        let launch = project.run(&[]);
        assert_eq!(launch.count("executed"), 0, "{fallback}");
        assert!(!launch.stderr.contains("was not available"), "{fallback}: {}", launch.stderr);
    }
}

#[test]
fn damage_to_data_that_cannot_be_had_again_is_never_passed_on() {
    let with_mnist = |fallback: &str| {
        let project = project();
        project.run(&[]);
        pretend_to_have_loaded_mnist(&project);
        ask_for_mnist(&project, fallback);
        project.replace("load.dataset/train.images.npy", flip);
        project
    };
    // Nobody reads what is damaged: it is the last stage.
    let launch = with_mnist("none").launch(&["--only", "load"]);
    assert_eq!((launch.code, launch.count("failed")), (1, 1), "{}", launch.stderr);
    assert!(launch.stderr.contains("train.images.npy is damaged in the cache"), "{}", launch.stderr);
    // What another stage needs is other data now. What was told to be cached was not made of it, so this launch ends.
    let project = with_mnist("synthetic-digits");
    project.edit_pipeline("uses = \"normalize\"", "uses = \"normalize\"\nmode = \"standardize\"");
    let launch = project.launch(&[]);
    assert_eq!(launch.code, 1, "{}", launch.stderr);
    assert!(
        launch.stderr.contains("gave other bytes than before: launch again to go on with those"),
        "{}",
        launch.stderr
    );
    assert_eq!(project.run(&[]).stages("executed"), set(["normalize"]));
}

#[test]
fn a_plan_leaves_open_what_only_the_download_decides() {
    let project = project();
    ask_for_mnist(&project, "synthetic-digits");
    let fresh = planned(&project);
    assert_eq!((fresh["load"].as_str(), fresh["normalize"].as_str()), ("will run", "depends"));
    let launch = project.run(&[]);
    assert!(launch.stderr.contains("fallback: `mnist` was not available"), "{}", launch.stderr);
    // What stands in is cached now, and whether it has to stand in again is not known before.
    assert!(all(&planned(&project), "depends"), "{:?}", planned(&project));
    assert_eq!(project.run(&[]).count("executed"), 0);
}

/// A proxy behind which Fashion-MNIST's mirror without encryption is, and nothing else.
struct Mirror {
    url: String,
    /// The first lines and the ranges of the files that were asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

/// How a mirror sends the million bytes that it announces.
type Send = fn(&mut TcpStream) -> std::io::Result<()>;

impl Mirror {
    fn new(send: Send) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let asked = Arc::new(Mutex::new(vec![]));
        let log = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let log = log.clone();
                std::thread::spawn(move || serve(stream, &log, send));
            }
        });
        Self { url, asked }
    }
}

/// One connection, until the other side has enough.
fn serve(mut stream: TcpStream, asked: &Mutex<Vec<String>>, send: Send) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    loop {
        let head: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let Some(request) = head.first() else { return Ok(()) };
        if request.starts_with("CONNECT") {
            let status = if request.contains(":80 ") { "200 Connected" } else { "502 No Such Host" };
            write!(stream, "HTTP/1.1 {status}\r\n\r\n")?;
        } else if request.starts_with("HEAD") {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
        } else {
            let range =
                head.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
            asked.lock().expect("no test panicked").push(range.clone().unwrap_or_default());
            let from: usize = range.map_or(0, |range| range.trim_end_matches('-').parse().expect("an open range"));
            write!(
                stream,
                "HTTP/1.1 206 Partial\r\nContent-Length: {}\r\nContent-Range: bytes {from}-999999/1000000\r\n\r\n",
                1_000_000 - from
            )?;
            return send(&mut stream);
        }
    }
}

fn slowly(stream: &mut TcpStream) -> std::io::Result<()> {
    loop {
        stream.write_all(&[7; 1000])?;
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn in_part(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(&[7; 1000])
}

/// The tiny pipeline, asking for Fashion-MNIST in the reach of a mirror.
fn with_fashion(mirror: &Mirror, fallback: &str) -> Project {
    let mut project = project();
    let fashion = format!("dataset = \"fashion-mnist\"\nfallback = \"{fallback}\"\n");
    project.edit_pipeline(DIGITS, &fashion);
    project.proxy.clone_from(&mirror.url);
    project
}

/// What was said of `load`, without repetitions.
fn told_of_load(launch: &Launch) -> Vec<&str> {
    let of_load = launch.events.iter().filter(|event| event["stage"] == "load");
    let mut told: Vec<&str> = of_load.map(|event| text(&event["event"])).collect();
    told.dedup();
    told
}

/// Bytes that are kept of the first file.
fn kept(project: &Project) -> u64 {
    let part = "home/.cache/pipeline/data/fashion-mnist/train-images-idx3-ubyte.gz.part";
    project.path(part).metadata().map_or(0, |metadata| metadata.len())
}

#[cfg(unix)]
#[test]
fn a_download_is_seen_from_its_start_and_goes_on_after_an_interrupt() {
    for fallback in ["none", "synthetic-digits"] {
        let mirror = Mirror::new(slowly);
        let project = with_fashion(&mirror, fallback);
        let mut had = 0;
        for attempt in 0..2 {
            let mut launch = project.start(&[]);
            // The first tells that a mirror answered, the next that bytes came.
            launch.wait_for("stage_progress", "load");
            launch.wait_for("stage_progress", "load");
            launch.signal("INT");
            let (launch, _) = launch.end();
            assert_eq!(launch.code, 130, "{}", launch.stderr);
            assert!(launch.stderr.contains("looking for `fashion-mnist`"), "{}", launch.stderr);
            assert_eq!(told_of_load(&launch), ["stage_started", "stage_progress", "stage_finished"]);
            let (started, finished) = (launch.named("stage_started").next().unwrap(), launch.finished("load"));
            assert!(started["fingerprint"].is_string() && started["fingerprint"] == finished["fingerprint"]);
            assert_eq!(finished["status"], "interrupted");
            assert!(finished["seconds"].as_f64() > Some(0.0));
            assert!(kept(&project) > had, "attempt {attempt}: {} bytes after {had}", kept(&project));
            let asked = if attempt == 0 { String::new() } else { format!("{had}-") };
            assert_eq!(mirror.asked.lock().unwrap()[attempt], asked);
            had = kept(&project);
        }
    }
}

#[test]
fn what_stands_in_for_a_download_that_broke_off_is_a_start_of_its_own() {
    let mirror = Mirror::new(in_part);
    let project = with_fashion(&mirror, "synthetic-digits");
    let launch = project.run(&["--only", "load"]);
    assert_eq!(told_of_load(&launch), ["stage_started", "stage_progress", "stage_started", "stage_finished"]);
    let started: Vec<&Value> = launch.named("stage_started").map(|event| &event["fingerprint"]).collect();
    assert_ne!(started[0], started[1]);
    assert_eq!(
        (started[1], "executed"),
        (&launch.finished("load")["fingerprint"], text(&launch.finished("load")["status"]))
    );
    assert_eq!(kept(&project), 1000);
}

#[test]
fn a_network_that_does_not_answer_is_waited_for_briefly_once_something_stands_in() {
    let mut project = project();
    ask_for_mnist(&project, "synthetic-digits");
    project.run(&[]);
    // Connections are accepted by the system, and nobody reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    project.proxy = format!("http://{}", silent.local_addr().unwrap());
    let launch = project.run(&[]);
    assert!(launch.stderr.contains("looking for `mnist`"), "{}", launch.stderr);
    assert_eq!(launch.stderr.matches("no answer within 1 s").count(), 2, "{}", launch.stderr);
    assert_eq!(told_of_load(&launch), ["stage_finished"]);
    assert_eq!(launch.count("executed"), 0);
    assert!(!project.path("home/.cache/pipeline").exists(), "nothing is left where nothing was downloaded");
}

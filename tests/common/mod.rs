//! A small project in a temporary folder, and the real program run in it.

// Each file of tests is a program of its own and uses a part of this.
#![allow(dead_code)]

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The experiment that most tests run.
pub const EXPERIMENT: &str = "experiments/tiny.toml";

/// A pipeline of seven stages, and three planned along with them, that runs in a blink.
pub const PIPELINE: &str = r#"
[pipeline]
name = "tiny"

[params]
latent = { default = 4, range = [1, 64], help = "Numbers in one code" }
epochs = { default = 2, range = [1, 100], help = "Passes over the training samples" }
classifier_epochs = { default = 1, help = "Passes over the codes" }

[stages.load]
uses = "load"
dataset = "synthetic-digits"
train_count = 200
test_count = 100

[stages.normalize]
uses = "normalize"
inputs = { dataset = "load" }

[stages.split]
uses = "split"
inputs = { dataset = "normalize" }

[stages.autoencoder]
uses = "train-autoencoder"
inputs = { dataset = "split" }
encoder = ["dense 16 relu", "dense ${latent}"]
decoder = ["dense 16 relu", "dense 784 sigmoid", "reshape 28x28x1"]
epochs = "${epochs}"

[stages.evaluate]
uses = "evaluate"
inputs = { model = "autoencoder", dataset = "split" }

[stages.latents]
uses = "extract-latents"
inputs = { model = "autoencoder", dataset = "split" }

[stages.classifier]
uses = "train-classifier"
inputs = { data = "latents" }
hidden = []
epochs = "${classifier_epochs}"
"#;

/// What [`PIPELINE`] loads.
pub const DIGITS: &str = "dataset = \"synthetic-digits\"\ntrain_count = 200\ntest_count = 100\n";

/// The stages of [`PIPELINE`], those planned along included.
pub const STAGES: [&str; 10] = [
    "autoencoder",
    "autoencoder.baseline",
    "autoencoder.pca",
    "classifier",
    "classifier.probe",
    "evaluate",
    "latents",
    "load",
    "normalize",
    "split",
];

/// A project of its own, gone with the value.
pub struct Project {
    folder: TempDir,
    /// Where the program looks for a proxy; nobody is there, unless a test is.
    pub proxy: String,
}

impl Project {
    /// With [`PIPELINE`] as `pipelines/tiny.toml` and an experiment that names it.
    pub fn new() -> Self {
        Self::with_pipeline(PIPELINE)
    }

    /// With another pipeline.
    pub fn with_pipeline(pipeline: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let project = Self { folder, proxy: "http://127.0.0.1:1".to_owned() };
        project.write("pipelines/tiny.toml", pipeline);
        project.write(EXPERIMENT, "pipeline = \"../pipelines/tiny.toml\"\n");
        project
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        let folder = path.parent().expect("a file has a folder");
        std::fs::create_dir_all(folder).expect("a folder can be made");
        std::fs::write(&path, content).expect("a file can be written");
    }

    /// Replaces text of the pipeline that is there exactly once.
    pub fn edit_pipeline(&self, old: &str, new: &str) {
        let path = self.path("pipelines/tiny.toml");
        let text = std::fs::read_to_string(&path).expect("the pipeline can be read");
        assert_eq!(text.matches(old).count(), 1, "{old:?} is there once");
        std::fs::write(&path, text.replace(old, new)).expect("the pipeline can be written");
    }

    /// The program, in the project, out of reach of the user's settings and of any network.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = std::env::var_os("PIPELINE_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_pipeline").into());
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.root()).stdin(Stdio::null());
        for name in ["PIPELINE_CACHE_DIR", "PIPELINE_DATA_DIR", "PIPELINE_LOG", "NO_PROXY", "no_proxy"] {
            command.env_remove(name);
        }
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
            command.env(name, &self.proxy);
        }
        command.env("HOME", self.path("home")).env("XDG_CACHE_HOME", self.path("home/.cache"));
        command.env("NO_COLOR", "1");
        command
    }

    /// Runs the program to its end.
    pub fn call(&self, arguments: &[&str]) -> Called {
        Called::new(self.command(arguments).output().expect("the program starts"))
    }

    /// `pipeline run` of the experiment, for programs; must end well.
    pub fn run(&self, arguments: &[&str]) -> Launch {
        let launch = self.launch(arguments);
        assert_eq!(launch.code, 0, "{}", launch.stderr);
        launch
    }

    /// `pipeline run` of the experiment, for programs.
    pub fn launch(&self, arguments: &[&str]) -> Launch {
        Launch::new(self.call(&[&["run", EXPERIMENT, "--json"], arguments].concat()))
    }

    /// `pipeline run` of the experiment, for programs, that goes on while the test does.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(&[&["run", EXPERIMENT, "--json"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stdout = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Running { child, stdout, heard: String::new() }
    }

    /// A subcommand's answer for programs.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let called = self.call(&[arguments, &["--json"]].concat());
        assert_eq!(called.code, 0, "{}", called.stderr);
        serde_json::from_str(&called.stdout).expect("standard output is JSON")
    }

    /// `stage.port/file` -> hash of every file of the newest run, as logged.
    pub fn artifacts(&self) -> BTreeMap<String, String> {
        self.artifact_files().into_iter().map(|(name, file)| (name, text(&file["blake3"]).to_owned())).collect()
    }

    /// `stage.port/file` -> what is logged of it, for the newest run.
    pub fn artifact_files(&self) -> BTreeMap<String, Value> {
        let artifacts = self.json(&["show", "latest", "--artifacts"]);
        let files = list(&artifacts).iter().flat_map(|artifact| {
            let owner = format!("{}.{}", text(&artifact["stage"]), text(&artifact["port"]));
            list(&artifact["files"]).iter().map(move |file| (format!("{owner}/{}", text(&file["name"])), file.clone()))
        });
        files.collect()
    }

    /// Replaces a file of the newest run in the cache, which keeps its files read-only.
    pub fn replace(&self, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let path = PathBuf::from(text(&self.artifact_files()[name]["path"]));
        let changed = change(std::fs::read(&path).expect("a file can be read"));
        std::fs::remove_file(&path).expect("a file can be removed");
        std::fs::write(&path, changed).expect("a file can be written");
    }

    /// Every file under a folder of the project with the hash of its bytes; empty when there is no such folder.
    pub fn tree(&self, folder: &str) -> BTreeMap<PathBuf, blake3::Hash> {
        let (mut files, mut folders) = (BTreeMap::new(), vec![self.path(folder)]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.expect("a folder can be listed").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).expect("a file can be read");
                    let name = path.strip_prefix(self.root()).expect("the file is in the project").to_owned();
                    files.insert(name, blake3::hash(&bytes));
                }
            }
        }
        files
    }

    /// Whatever a launch left behind as it was cut off: nothing half-written has a final name, and history is readable.
    pub fn assert_sound(&self) {
        for (path, hash) in self.tree("cache/blobs") {
            assert_eq!(
                path.file_stem().unwrap().to_str().unwrap(),
                hash.to_hex().as_str(),
                "a blob is what its name says"
            );
        }
        for path in self.tree("cache/records").into_keys() {
            let record: Value =
                serde_json::from_slice(&std::fs::read(self.path(path.to_str().unwrap())).unwrap()).unwrap();
            for artifact in record["content"]["outputs"].as_object().unwrap().values() {
                for (name, blob) in artifact["files"].as_object().unwrap() {
                    let hash = text(&blob["blake3"]);
                    let extension = name.rsplit_once('.').unwrap().1;
                    let path = self.path(&format!("cache/blobs/{}/{hash}.{extension}", &hash[..2]));
                    assert_eq!(std::fs::metadata(path).unwrap().len(), blob["bytes"].as_u64().unwrap(), "{name}");
                }
            }
        }
        for path in self.tree("reports").into_keys().filter(|path| path.extension().is_some_and(|end| end == "html")) {
            let page = std::fs::read_to_string(self.path(path.to_str().unwrap())).unwrap();
            assert!(page.ends_with("</html>"), "{} is whole", path.display());
        }
        for run in list(&self.json(&["runs"])) {
            assert!(
                ["interrupted", "executed", "cached", "failed", "skipped"].contains(&text(&run["status"])),
                "{run}"
            );
        }
    }
}

/// A launch that goes on.
pub struct Running {
    pub child: Child,
    stdout: BufReader<ChildStdout>,
    heard: String,
}

impl Running {
    /// Waits until the launch has told of this event of this stage.
    pub fn wait_for(&mut self, event: &str, stage: &str) {
        loop {
            let start = self.heard.len();
            let bytes = self.stdout.read_line(&mut self.heard).expect("standard output can be read");
            assert_ne!(bytes, 0, "the launch goes on until {event} of {stage}:\n{}", self.heard);
            let told: Value = serde_json::from_str(&self.heard[start..]).expect("a line is JSON");
            if told["event"] == event && told["stage"] == stage {
                return;
            }
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits for the end. The launch's events, and how many of them were heard before.
    pub fn end(mut self) -> (Launch, usize) {
        let before = self.heard.lines().count();
        self.stdout.read_to_string(&mut self.heard).expect("standard output can be read");
        let output = self.child.wait_with_output().expect("the launch ends");
        let called = Called { stdout: self.heard, ..Called::new(output) };
        (Launch::new(called), before)
    }
}

/// What a call of the program left.
pub struct Called {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Called {
    pub fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

/// A launch as programs see it.
pub struct Launch {
    pub code: i32,
    pub stderr: String,
    pub events: Vec<Value>,
}

impl Launch {
    /// Every line of standard output must be an object.
    pub fn new(called: Called) -> Self {
        let Called { code, stdout, stderr } = called;
        let event = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        Self { code, stderr, events: stdout.lines().map(event).collect() }
    }

    /// The events of one name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        self.events.iter().filter(move |event| event["event"] == name)
    }

    /// The last line.
    pub fn last(&self) -> &Value {
        let last = self.events.last().unwrap_or_else(|| panic!("no events: {}", self.stderr));
        assert_eq!(last["event"], "launch_finished");
        last
    }

    /// A count of the last line.
    pub fn count(&self, name: &str) -> u64 {
        self.last()[name].as_u64().unwrap_or_else(|| panic!("{name} is a count"))
    }

    /// Names of the stages that ended so.
    pub fn stages(&self, status: &str) -> BTreeSet<&str> {
        let ended = self.named("stage_finished").filter(|event| event["status"] == status);
        ended.map(|event| text(&event["stage"])).collect()
    }

    /// How a stage ended.
    pub fn finished(&self, stage: &str) -> &Value {
        self.named("stage_finished").find(|event| event["stage"] == stage).unwrap_or_else(|| panic!("{stage} ended"))
    }
}

/// Other bytes of the same length.
pub fn flip(mut bytes: Vec<u8>) -> Vec<u8> {
    *bytes.last_mut().expect("a file is not empty") ^= 1;
    bytes
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}"))
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("a list: {value}"))
}

pub fn set<const N: usize>(names: [&str; N]) -> BTreeSet<&str> {
    BTreeSet::from(names)
}

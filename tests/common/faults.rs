//! Launches that die, or whose disk fails, at a chosen change of a file: `faults.c`, compiled once and preloaded.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Called, Project};

/// "No space left on device".
pub const ENOSPC: i32 = 28;
/// "Permission denied".
pub const EACCES: i32 = 13;
/// What happens at the chosen change.
pub const KILL: i32 = 0;

/// The compiled library.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/faults.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (aside, library) = (folder.join(format!("faults.{}", std::process::id())), folder.join("faults.so"));
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(compiler);
        command.args(["-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-o"]).arg(&aside).arg(source).arg("-ldl");
        assert!(command.status().expect("there is a C compiler").success());
        std::fs::rename(aside, &library).expect("the library can be renamed");
        library
    })
}

/// What became of a call.
pub struct Struck {
    pub called: Called,
    /// `operation path` of the change that was struck; a count when none was.
    pub change: String,
}

impl Project {
    /// Runs the program; the `at`-th change of a file under `place` kills it, or fails with `error`, as all later ones.
    pub fn strike(&self, arguments: &[&str], place: &str, at: usize, error: i32) -> Struck {
        let log = self.path("home/fault");
        std::fs::create_dir_all(self.path("home")).expect("a folder can be made");
        let mut command = self.command(arguments);
        command.env("LD_PRELOAD", library()).env("FAULT_PLACE", self.path(place)).env("FAULT_LOG", &log);
        command.env("FAULT_AT", at.to_string()).env("FAULT_ERROR", error.to_string());
        let called = Called::new(command.output().expect("the program starts"));
        Struck { called, change: std::fs::read_to_string(log).expect("the program has the library loaded") }
    }

    /// How many changes the program makes to files under `place`.
    pub fn changes(&self, arguments: &[&str], place: &str) -> usize {
        let struck = self.strike(arguments, place, 0, KILL);
        assert_eq!(struck.called.code, 0, "{}", struck.called.stderr);
        struck.change.parse().expect("a count")
    }
}

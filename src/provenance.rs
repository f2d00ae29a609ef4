//! Where and with what a launch is made: code, machine, command. Knows nothing of what is launched.

use std::path::Path;
use std::process::Command;
use std::thread;

use crate::device::Device;
use crate::event::Provenance;
use crate::hash::ContentHash;

/// Looks around. `root` is the project's folder, whose Git commit is asked for. A machine without Git, or a project
/// that is not in Git, has no commit; nothing here fails.
pub fn collect(root: &Path, threads: usize, jobs: usize, device: Device) -> Provenance {
    let ((git_commit, git_dirty), build) = thread::scope(|scope| {
        let git = scope.spawn(|| git(root));
        let build = build();
        (git.join().unwrap_or_default(), build)
    });
    Provenance {
        git_commit,
        git_dirty,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build,
        host: host(),
        os: os(),
        cpu: cpu(),
        cpu_features: cpu_features(),
        threads,
        jobs,
        device: device.to_string(),
        command_line: std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
        working_directory: std::env::current_dir().map_or_else(|_| String::new(), |path| path.display().to_string()),
    }
}

/// This machine's name, or `unknown`.
pub fn host() -> String {
    let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let from_environment = || std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    let name = from_kernel.or_else(from_environment).or_else(|| output(&mut Command::new("hostname")));
    name.map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// The beginning of the hash of the program's file.
fn build() -> String {
    let hash = std::env::current_exe().and_then(|program| ContentHash::of_file(&program));
    hash.map_or_else(|_| String::new(), |hash| hash.short())
}

/// Commit and dirtiness; files that Git does not know count where experiments and pipelines are.
fn git(root: &Path) -> (Option<String>, Option<bool>) {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("git");
        // Asking must not take locks that a commit in another terminal would trip over.
        command.arg("-C").arg(root).args(arguments).env("GIT_OPTIONAL_LOCKS", "0");
        output(&mut command)
    };
    let Some(status) = ask(&["status", "--porcelain=v2", "--branch", "--untracked-files=no"]) else {
        return (None, None);
    };
    let (commit, dirty) = parse_git_status(&status);
    let unknown = || ask(&["ls-files", "--others", "--exclude-standard", "--", "experiments", "pipelines"]);
    (commit, Some(dirty || unknown().is_some_and(|files| !files.is_empty())))
}

/// Commit and dirtiness from `git status --porcelain=v2 --branch`. There is no commit before the first one.
fn parse_git_status(status: &str) -> (Option<String>, bool) {
    let commit = status.lines().find_map(|line| line.strip_prefix("# branch.oid ")).filter(|oid| *oid != "(initial)");
    let dirty = status.lines().any(|line| !line.starts_with('#'));
    (commit.map(str::to_owned), dirty)
}

fn os() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {} {}", std::env::consts::OS, kernel.trim(), std::env::consts::ARCH).replace("  ", " ")
}

fn cpu() -> String {
    let from_kernel = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| model_name(&text));
    let from_sysctl = || output(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]));
    from_kernel.or_else(from_sysctl).map_or_else(|| std::env::consts::ARCH.to_owned(), |name| name.trim().to_owned())
}

fn model_name(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

/// The instruction sets that arithmetic may be dispatched on; results are only promised equal among equal ones.
fn cpu_features() -> Vec<String> {
    macro_rules! detected {
        ($detect:ident: $($feature:tt)*) => {
            [$(($feature, std::arch::$detect!($feature))),*]
        };
    }
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let all = detected!(is_x86_feature_detected: "sse4.2" "avx" "avx2" "fma" "f16c" "avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512vnni" "avx512bf16" "avx512fp16");
    #[cfg(target_arch = "aarch64")]
    let all = detected!(is_aarch64_feature_detected: "neon" "fp16" "dotprod" "bf16" "sve" "sve2");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    let all: [(&str, bool); 0] = [];
    all.iter().filter(|(_, present)| *present).map(|(feature, _)| (*feature).to_owned()).collect()
}

/// What a program prints, when it is there and succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_tells_commit_and_dirtiness() {
        let clean = "# branch.oid 1234abcd\n# branch.head main\n";
        assert_eq!(parse_git_status(clean), (Some("1234abcd".to_owned()), false));
        let dirty = format!("{clean}1 .M N... 100644 100644 100644 aaaa bbbb src/main.rs\n");
        assert_eq!(parse_git_status(&dirty), (Some("1234abcd".to_owned()), true));
        assert_eq!(parse_git_status("# branch.oid (initial)\n"), (None, false));
    }

    #[test]
    fn a_new_experiment_makes_a_project_dirty_and_a_new_report_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let run = |arguments: &[&str]| {
            let user = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
            let command = ["-c", "core.hooksPath=/dev/null"].iter().chain(&user).chain(arguments);
            output(Command::new("git").arg("-C").arg(root).args(command)).expect("Git is here")
        };
        run(&["init", "--quiet"]);
        for name in ["experiments/a.toml", "reports/a.html"] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        }
        std::fs::write(root.join("experiments/a.toml"), "").unwrap();
        assert_eq!(git(root), (None, Some(true)));
        run(&["add", "."]);
        run(&["commit", "--quiet", "--message", "first"]);
        std::fs::write(root.join("reports/a.html"), "").unwrap();
        assert!(matches!(git(root), (Some(_), Some(false))));
        std::fs::write(root.join("experiments/b.toml"), "").unwrap();
        assert!(matches!(git(root), (Some(_), Some(true))));
    }

    #[test]
    fn a_folder_outside_git_has_no_commit_and_all_else_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let provenance = collect(directory.path(), 2, 1, Device::Cpu);
        assert_eq!((provenance.git_commit, provenance.git_dirty), (None, None));
        assert_eq!((provenance.threads, provenance.jobs, provenance.device.as_str()), (2, 1, "cpu"));
        for text in [
            provenance.version,
            provenance.build,
            provenance.host,
            provenance.os,
            provenance.cpu,
            provenance.working_directory,
        ] {
            assert!(!text.is_empty());
        }
        assert!(!provenance.command_line.is_empty());
    }

    #[test]
    fn the_processors_name_is_read_from_the_kernels_list() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nprocessor\t: 1\n";
        assert_eq!(model_name(text), Some("Some CPU @ 2.00GHz".to_owned()));
    }
}

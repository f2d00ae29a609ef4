//! How launches end, and what they say loudly.

use crate::DIVERGING;
use crate::common::{Called, DIGITS, EXPERIMENT, PIPELINE, Project, STAGES, list, set, text};

#[test]
fn a_trace_tells_of_every_look_into_the_cache_and_nothing_is_traced_unasked() {
    let project = Project::new();
    let traced = |filter: Option<&str>| {
        let mut command = project.command(&["run", EXPERIMENT, "--quiet"]);
        command.env("PIPELINE_LOG", filter.unwrap_or_default());
        let called = Called::new(command.output().unwrap());
        assert_eq!((called.code, called.stdout.as_str()), (0, ""), "{}", called.stderr);
        called.stderr
    };
    let first = traced(Some("debug"));
    let count = |text: &str, said: &str| text.matches(said).count();
    assert!(count(&first, "cache miss: no record") >= STAGES.len(), "{first}");
    for said in [
        "file read",
        "planned",
        "executing",
        "blob written",
        "record written",
        "run log written",
        "stage{name=\"load\"",
    ] {
        assert!(first.contains(said), "{said}:\n{first}");
    }
    let second = traced(Some("pipeline::artifact=debug"));
    assert_eq!((count(&second, "cache hit"), count(&second, "cache miss")), (STAGES.len(), 0), "{second}");
    assert!(!second.contains("planned"));
    assert!(!traced(None).contains("pipeline::"), "notices alone are told");
}

#[cfg(unix)]
#[test]
fn reports_are_for_whom_the_umask_lets_read() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    let run = project.command(&["run", "--quiet", EXPERIMENT, "--only", "load"]);
    for (umask, mode) in [("077", 0o600), ("002", 0o664)] {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\" --reports-dir {umask}")]).arg(run.get_program());
        shell.args(run.get_args()).current_dir(project.root());
        assert!(shell.status().unwrap().success());
        let page = project.path(&format!("{umask}/tiny.html"));
        assert_eq!(page.metadata().unwrap().permissions().mode() & 0o777, mode);
    }
}

#[test]
fn exit_codes_tell_what_happened() {
    let project = Project::with_pipeline(&format!("{PIPELINE}{DIVERGING}"));
    let code = |arguments: &[&str]| project.call(arguments).code;
    assert_eq!(code(&["run", EXPERIMENT, "--only", "load"]), 0);
    assert_eq!(code(&["plan", EXPERIMENT]), 0);
    assert_eq!(code(&["run", EXPERIMENT]), 1);
    assert_eq!(code(&["runs"]), 0);
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&["run"]), 2);
    assert_eq!(code(&["launch"]), 2);
    assert_eq!(code(&["run", EXPERIMENT, "--jobs", "0"]), 2);
    assert_eq!(code(&["show", "nothing"]), 2);
    assert_eq!(code(&["stages", "nothing"]), 2);
    assert_eq!(code(&["run", EXPERIMENT, "--set", "epochs=0"]), 3);
    assert_eq!(code(&["plan", EXPERIMENT, "--set", "epochs=many"]), 3);
    project.write("runs.sqlite", "not a database, but long enough to be taken for one by a hasty reader\n".repeat(20));
    assert_eq!(code(&["runs"]), 4);
    project.write("file", "");
    assert_eq!(code(&["run", EXPERIMENT, "--cache-dir", "file"]), 2);
}

#[test]
fn a_place_where_no_reports_can_be_written_is_refused_before_anything_runs() {
    let project = Project::new();
    project.write("file", "");
    let places = ["file", "file/deeper"].into_iter().chain(cfg!(target_os = "linux").then_some("/proc/reports"));
    for place in places {
        let called = project.call(&["run", EXPERIMENT, "--json", "--reports-dir", place]);
        assert_eq!((called.code, called.stdout.as_str()), (2, ""), "{place}: {}", called.stderr);
        assert!(
            called.stderr.contains("cannot write reports to ") && called.stderr.contains("help: "),
            "{}",
            called.stderr
        );
        assert!(!project.path("cache").exists(), "{place}");
    }
    assert_eq!(project.call(&["run", EXPERIMENT, "--only", "load", "--reports-dir", "deep/er"]).code, 0);
    assert!(project.path("deep/er/tiny.html").is_file());
}

#[test]
fn a_failure_keeps_what_is_done_and_keep_going_completes_the_rest() {
    let project = Project::with_pipeline(&format!("{PIPELINE}{DIVERGING}"));
    let launch = project.launch(&["--keep-going"]);
    assert_eq!(launch.code, 1);
    assert_eq!(launch.stages("failed"), set(["diverging"]));
    assert_eq!(launch.stages("skipped"), set(["diverging.baseline", "errors"]));
    assert_eq!(launch.stages("executed"), set(STAGES));
    assert_eq!((launch.count("executed"), launch.count("failed"), launch.count("skipped")), (10, 1, 2));
    let error = text(&launch.finished("diverging")["error"]);
    assert!(error.contains("epoch 1"), "{error}");
    assert!(launch.stderr.contains(error.lines().next().unwrap()), "{}", launch.stderr);
    let run = &project.json(&["runs"])[0];
    assert_eq!(run["status"], "failed");
    assert!(run["metrics"]["evaluate.mse"].is_f64());

    let again = project.launch(&[]);
    assert_eq!((again.code, again.count("executed"), again.count("failed")), (1, 0, 1));
}

#[test]
fn a_fallback_is_announced_and_stands_at_the_top_of_the_report() {
    let mnist = PIPELINE.replace(DIGITS, "dataset = \"mnist\"\nfallback = \"synthetic-digits\"\n");
    let project = Project::with_pipeline(&mnist);
    for _ in 0..2 {
        let launch = project.run(&[]);
        assert_eq!(launch.stderr.matches("fallback: `mnist`").count(), 1, "{}", launch.stderr);
        let shown = project.json(&["show", "latest"]);
        let html = std::fs::read_to_string(text(&shown["report"])).unwrap();
        let overview = std::fs::read_to_string(text(&launch.last()["report"])).unwrap();
        for page in [html, overview] {
            let body = &page[page.find("<body").unwrap()..];
            let said = body.find("was not available").expect("the page says that it is of the fallback");
            let content = body.find("<h2").unwrap_or(body.len());
            assert!(said < content, "before anything else");
        }
    }
    let shown = project.call(&["show", "latest"]);
    assert!(shown.stdout.contains("fallback: `mnist`"), "{}", shown.stdout);
}

#[test]
fn a_data_set_out_of_reach_without_a_fallback_fails_with_what_to_do() {
    let project = Project::with_pipeline(&PIPELINE.replace(DIGITS, "dataset = \"mnist\"\n"));
    let launch = project.launch(&[]);
    assert_eq!(launch.code, 1);
    let error = text(&launch.finished("load")["error"]);
    assert!(error.contains("put its files") && error.contains("fallback = "), "{error}");
}

#[test]
fn a_collapsed_model_is_called_so_everywhere() {
    // Two passes over 200 images teach nothing.
    let project = Project::new();
    let told = project.call(&["run", EXPERIMENT]).stderr;
    assert_eq!(told.matches("collapsed: ").count(), 1, "{told}");
    let shown = project.json(&["show", "latest"]);
    let stage = list(&shown["stages"]).iter().find(|stage| stage["stage"] == "autoencoder.baseline").unwrap();
    assert!(text(&stage["warnings"][0]).starts_with("collapsed"), "{stage}");
    assert_eq!(shown["metrics"]["autoencoder.baseline.collapsed"], 1.0);
    let html = std::fs::read_to_string(text(&shown["report"])).unwrap();
    assert!(html.contains("<code>autoencoder.baseline</code>:</strong> collapsed: "));
    assert!(project.call(&["show", "latest"]).stdout.contains("collapsed: "));
}

#[cfg(target_os = "linux")]
#[test]
fn events_that_cannot_be_written_are_missed_aloud_and_the_launch_goes_on() {
    let project = Project::new();
    let full = std::fs::File::create("/dev/full").unwrap();
    let called = Called::new(project.command(&["run", EXPERIMENT, "--json"]).stdout(full).output().unwrap());
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert_eq!(called.stderr.matches("warning: no more events are told").count(), 1, "{}", called.stderr);
    assert_eq!(project.run(&[]).count("executed"), 0);
}

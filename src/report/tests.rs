//! Tests of the report as a whole, on made-up artifacts.

use std::path::Path;

use crate::report::figures::{Options, figures};
use crate::report::fixture;
use crate::report::section::Report;

fn options() -> Options {
    Options { title: "A run".into(), samples: 8, rows: 20 }
}

fn report(sources: &[crate::report::source::Source], directory: &Path) -> Report {
    figures(sources, &options(), directory, |_, _| true).unwrap().unwrap()
}

/// Pages to look at: `cargo test --release --lib report::tests::sample_pages -- --ignored` writes `target/sample-report`.
#[test]
#[ignore = "writes pages for people to look at"]
fn sample_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sample-report");
    std::fs::create_dir_all(root.join("figures")).unwrap();
    report(&fixture::everything(&root.join("artifacts")), &root.join("figures"));
}

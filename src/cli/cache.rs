//! `pipeline cache`: where results are kept, and how much that is.

use std::path::Path;

use serde::Serialize;

use crate::artifact::store::{Store, Usage};
use crate::cli::args::CacheArgs;
use crate::cli::output::{print, print_json};
use crate::cli::{Exit, Project, Stop};
use crate::text;

#[derive(Serialize)]
struct CacheJson<'a> {
    path: &'a Path,
    results: u64,
    files: u64,
    bytes: u64,
    /// Of those, bytes of trainings' checkpoints.
    checkpoints: u64,
}

/// Tells place and size of the cache; writes nothing.
pub fn execute(args: &CacheArgs) -> Result<Exit, Stop> {
    let path = Project::locate(None)?.cache(args.cache_dir.as_deref());
    let usage = Store::open_read_only(&path)?.usage()?;
    if args.json {
        let Usage { records: results, files, bytes, checkpoints } = usage;
        print_json(&CacheJson { path: &path, results, files, bytes, checkpoints })?;
    } else {
        let results = text::count(usage.records as usize, "result");
        let files = text::count(usage.files as usize, "file");
        let size = text::bytes(usage.bytes);
        let checkpoints = match usage.checkpoints {
            0 => String::new(),
            bytes => format!(", {} of it checkpoints of trainings", text::bytes(bytes)),
        };
        let advice = "Everything in it may be deleted at any time; what is needed again is computed again.";
        print(&format!("{}\n{results} of stages in {files}, {size}{checkpoints}\n{advice}", path.display()))?;
    }
    Ok(Exit::Success)
}

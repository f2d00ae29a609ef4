//! `pipeline rm`: takes runs out of the log, and out of the cache what only they have.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::Path;

use crate::artifact::store::{Removable, Store};
use crate::cancel::Cancel;
use crate::cli::args::RmArgs;
use crate::cli::output::print;
use crate::cli::{Exit, Project, Stop, selection};
use crate::fingerprint::Fingerprint;
use crate::hash::ContentHash;
use crate::run_log::{Removal, RunLog};
use crate::stage::registry;
use crate::text;

/// Says what goes, asks, and removes.
pub fn execute(args: &RmArgs) -> Result<Exit, Stop> {
    let mut log = selection::open()?;
    let ids = selection::ids(&log, &args.selection)?;
    if ids.is_empty() {
        print("no such runs: nothing is removed")?;
        return Ok(Exit::Success);
    }
    let removal = log.removal(&ids)?;
    refuse_running(&removal)?;
    if !args.force {
        refuse_needed(&removal)?;
    }
    let cache = Project::locate(None)?.cache(args.cache_dir.as_deref());
    let removable = removable(&Store::open_read_only(&cache)?, &removal)?;
    print(&told(&log, &removal, &removable)?.join("\n"))?;
    if args.dry_run || !args.yes && !confirmed()? {
        print("nothing is removed")?;
        return Ok(Exit::Success);
    }
    remove(&mut log, &ids, args.force, &cache)?;
    print(&format!("removed {}, freed {}", text::count(ids.len(), "run"), text::bytes(removable.bytes())))?;
    Ok(Exit::Success)
}

/// Takes everything away. The cache comes first: losing a part of it harms nothing if this is cut short, and the same
/// command goes on.
fn remove(log: &mut RunLog, ids: &[String], force: bool, cache: &Path) -> Result<(), Stop> {
    let removal = log.removal(ids)?;
    if cache.exists() {
        let store = Store::open(cache)?;
        store.remove(&removable(&store, &removal)?, &Cancel::default())?;
    }
    // A launch may have come to need them meanwhile.
    let refused = |removal: &Removal| !removal.running.is_empty() || !force && !removal.needed.is_empty();
    match log.remove(ids, refused)? {
        Ok(removed) => removed.pages.iter().for_each(|page| remove_page(page)),
        Err(removal) => {
            refuse_running(&removal)?;
            refuse_needed(&removal)?;
        }
    }
    Ok(())
}

fn refuse_running(removal: &Removal) -> Result<(), Stop> {
    match removal.running.as_slice() {
        [] => Ok(()),
        running => {
            let going = if running.len() == 1 { "is still going on" } else { "are still going on" };
            let stop = Stop::usage(format!("{} {going}: {}", text::count(running.len(), "run"), some(running)));
            Err(stop.help("stop the launch with Ctrl-C, or wait for its end"))
        }
    }
}

fn refuse_needed(removal: &Removal) -> Result<(), Stop> {
    if removal.needed.is_empty() {
        return Ok(());
    }
    let mut takers: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for (needing, giving) in &removal.needed {
        takers.entry(giving).or_default().push(needing.clone());
    }
    let lines: Vec<String> =
        takers.iter().map(|(giving, needing)| format!("  {giving} is needed by {}", some(needing))).collect();
    let mut needing: Vec<&str> = removal.needed.iter().map(|(needing, _)| needing.as_str()).collect();
    needing.sort_unstable();
    needing.dedup();
    let along = if needing.len() <= MOST { format!(" ({})", needing.join(" ")) } else { String::new() };
    let message = format!("other runs took results from the cache that these executed:\n{}", lines.join("\n"));
    Err(Stop::usage(message).help(format!(
        "remove those runs along{along}, or use --force: the results they took stay in the cache, only who executed them \
         is forgotten"
    )))
}

/// How many names are listed.
const MOST: usize = 8;

fn some(names: &[String]) -> String {
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}

/// What the cache has of stages that no other run in the log has.
fn removable(store: &Store, removal: &Removal) -> Result<Removable, Stop> {
    let fingerprints: BTreeSet<ContentHash> =
        removal.fingerprints.iter().filter_map(|text| text.parse().ok()).collect();
    let work = |hashed: &Fingerprint| {
        registry::find(&hashed.kind).and_then(|stage| stage.resumes(&hashed.params).work(hashed))
    };
    Ok(store.removable(&fingerprints, &work)?)
}

fn told(log: &RunLog, removal: &Removal, removable: &Removable) -> Result<Vec<String>, Stop> {
    let mut lines = Vec::new();
    for id in removal.runs.iter().take(MOST) {
        let run = log.show(id)?.run;
        let variant = if run.variant.is_empty() { String::new() } else { format!("{}, ", text::pairs(&run.variant)) };
        lines.push(format!("{id}  {}  {variant}seed {}  {}", run.experiment, run.seed, run.status));
    }
    if removal.runs.len() > MOST {
        lines.push(format!("and {} more", removal.runs.len() - MOST));
    }
    let stages = text::count(removal.stages, "stage");
    let launches = match removal.launches {
        0 => String::new(),
        1 => " and 1 launch".to_owned(),
        count => format!(" and {count} launches"),
    };
    let runs = text::count(removal.runs.len(), "run");
    lines.push(format!("The log loses {runs} with {stages}{launches} that no other run has."));
    lines.push(match removable.results() {
        0 => "The cache keeps everything: it has nothing that is theirs alone.".to_owned(),
        results => {
            let size = text::bytes(removable.bytes());
            format!("The cache loses {} that no other run in the log has, {size}.", text::count(results, "result"))
        }
    });
    match removal.pages.len() {
        0 => {}
        1 => lines.push(format!("The report page {} goes too.", removal.pages[0].display())),
        pages => lines.push(format!("{pages} report pages go too.")),
    }
    Ok(lines)
}

/// Asks on the terminal.
fn confirmed() -> Result<bool, Stop> {
    if !std::io::stdin().is_terminal() {
        let message = "removing runs has to be confirmed, and nobody can be asked: standard input is no terminal";
        return Err(Stop::usage(message).help("use --yes, or --dry-run to see what would go"));
    }
    eprint!("Remove them? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Deletes a page, its pictures and tables, and the folders that are empty then. What cannot be deleted stays: a page
/// of a run that is no more harms nothing.
fn remove_page(page: &Path) {
    if page.extension().is_none_or(|extension| extension != "html") {
        return;
    }
    let _ = std::fs::remove_file(page);
    let folder = page.with_extension("");
    let ours = |path: &Path| path.extension().is_some_and(|extension| extension == "png" || extension == "csv");
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| ours(path)).for_each(|path| _ = std::fs::remove_file(path));
    // Only empty folders can be removed so.
    let _ = std::fs::remove_dir(&folder);
    let _ = page.parent().map(std::fs::remove_dir);
}

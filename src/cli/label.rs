//! `pipeline tag`, `pipeline note` and `pipeline archive`: what people add to runs.

use crate::cli::args::{ArchiveArgs, NoteArgs, TagArgs};
use crate::cli::output::print;
use crate::cli::{Exit, Stop, selection};
use crate::text;

/// Adds tags to runs and takes others away.
pub fn tag(args: &TagArgs) -> Result<Exit, Stop> {
    if let Some(tag) = args.add.iter().find(|tag| args.remove.contains(tag)) {
        let stop = Stop::usage(format!("`--add {tag}` and `--remove {tag}` contradict each other"));
        return Err(stop.help("keep one of the two"));
    }
    let mut log = selection::open()?;
    let ids = selection::ids(&log, &args.selection)?;
    let changed = log.tag(&ids, &args.add, &args.remove)?;
    told(changed, ids.len(), "has other tags now", "have other tags now")
}

/// Writes a note on a run, or prints the one it has.
pub fn note(args: &NoteArgs) -> Result<Exit, Stop> {
    let mut log = selection::open()?;
    let id = log.id(&args.run)?;
    match &args.text {
        Some(text) => log.annotate(&id, text)?,
        None => print(&log.show(&id)?.run.note)?,
    }
    Ok(Exit::Success)
}

/// Puts runs into the archive, or takes them out.
pub fn archive(args: &ArchiveArgs) -> Result<Exit, Stop> {
    let mut log = selection::open()?;
    let ids = selection::ids(&log, &args.selection)?;
    let changed = log.archive(&ids, !args.undo)?;
    match args.undo {
        false => told(changed, ids.len(), "is archived now", "are archived now"),
        true => told(changed, ids.len(), "is listed again", "are listed again"),
    }
}

fn told(changed: usize, chosen: usize, one: &str, several: &str) -> Result<Exit, Stop> {
    if chosen == 0 {
        print("no such runs: nothing is changed")?;
        return Ok(Exit::Success);
    }
    let what = if changed == 1 { one } else { several };
    let others = match chosen - changed {
        0 => String::new(),
        rest => format!("; nothing to do for {rest} of {chosen}"),
    };
    print(&format!("{} {what}{others}", text::count(changed, "run")))?;
    Ok(Exit::Success)
}

//! Pages and pictures on disk, each written whole or not at all, and only when something changed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::report::Result;
use crate::report::figures::file_name;
use crate::report::page::{ExperimentPage, RunPage, content, experiment_page, run_page, shell};
use crate::report::source::io;

/// `<reports>/<experiment>.html`.
pub fn experiment_path(reports: &Path, experiment: &str) -> PathBuf {
    reports.join(format!("{}.html", file_name(experiment)))
}

/// `<reports>/<experiment>/<variant>_seed-<n>.html`: the same run of a later launch takes the place of the earlier's,
/// so that pages do not pile up.
pub fn run_path(reports: &Path, page: &RunPage) -> PathBuf {
    let mut name: String =
        page.variant.iter().map(|(param, value)| format!("{param}-{}_", shell::plain(value))).collect();
    name.push_str(&format!("seed-{}", page.seed));
    reports.join(file_name(&page.experiment)).join(format!("{}.html", file_name(&name)))
}

/// Whether a page is there and shows pictures.
pub fn has_figures(page: &Path) -> bool {
    fs::read_to_string(page).is_ok_and(|text| text.contains("data:image/png"))
}

/// Writes the run's page, and its pictures and tables in a directory of the run's name beside it; returns the page's
/// path. Errors: a figure cannot be read, or `reports` cannot be written.
pub fn write_run(reports: &Path, page: &RunPage) -> Result<PathBuf> {
    let path = run_path(reports, page);
    if let Some(files) = &page.figures {
        let report = content::read_report(files)?;
        let figures = report.sections.iter().flat_map(|section| &section.figures).map(|figure| &figure.file);
        let tables = report.sections.iter().flat_map(|section| &section.tables).filter_map(|table| table.csv.as_ref());
        let directory = path.with_extension("");
        for (name, from) in figures.chain(tables).filter_map(|name| files.get_key_value(name)) {
            write(&directory.join(file_name(name)), &fs::read(from).map_err(|error| io(from, error))?)?;
        }
    }
    write(&path, run_page(page)?.as_bytes())?;
    Ok(path)
}

/// Writes the experiment's page, and its charts beside the pages of its runs; returns the page's path. Errors as for
/// [`write_run`].
pub fn write_experiment(reports: &Path, page: &ExperimentPage) -> Result<PathBuf> {
    let path = experiment_path(reports, &page.name);
    let (html, plots) = experiment_page(page)?;
    for plot in &plots {
        write(&path.with_extension("").join(&plot.figure.file), &plot.png.bytes)?;
    }
    write(&path, html.as_bytes())?;
    Ok(path)
}

/// Puts `bytes` at `path` by renaming a finished file; nothing happens when they are there already.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(|error| io(directory, error))?;
    let mut file = temporary().tempfile_in(directory).map_err(|error| io(directory, error))?;
    file.write_all(bytes).map_err(|error| io(path, error))?;
    file.persist(path).map_err(|error| io(path, error.error))?;
    Ok(())
}

/// Temporary files are private; a report is for everybody whom the user's umask lets read.
fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".writing-");
    builder
}

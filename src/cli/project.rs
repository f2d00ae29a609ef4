//! Where a project's things are. The working directory never changes; paths are made absolute once, here, and without
//! `..` in them.

use std::path::{Component, Path, PathBuf};

use crate::cli::Stop;

/// The folder a project is in, and what is in it by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub root: PathBuf,
}

impl Project {
    /// Finds the project of a file: the folder above `experiments` or `pipelines` when the file is in one of those,
    /// else the nearest folder above it that holds an `experiments` folder, else the file's own. Without a file the
    /// search begins in the working directory.
    pub fn locate(file: Option<&Path>) -> Result<Self, Stop> {
        let unknown = |error| Stop::usage(format!("the working directory is not known: {error}"));
        let (start, named) = match file {
            Some(file) => {
                let file = plain(std::path::absolute(file).map_err(unknown)?);
                let folder = file.parent().map_or_else(|| file.clone(), Path::to_owned);
                let named = folder.file_name().is_some_and(|name| name == "experiments" || name == "pipelines");
                (folder, named)
            }
            None => (std::env::current_dir().map_err(unknown)?, false),
        };
        let root = match start.parent() {
            Some(parent) if named => parent.to_owned(),
            _ => start.ancestors().find(|folder| folder.join("experiments").is_dir()).unwrap_or(&start).to_owned(),
        };
        Ok(Self { root })
    }

    /// The cache: `--cache-dir`, else `PIPELINE_CACHE_DIR`, else `cache` in the project.
    pub fn cache(&self, option: Option<&Path>) -> PathBuf {
        let from_environment = || std::env::var_os("PIPELINE_CACHE_DIR").filter(|path| !path.is_empty());
        let chosen = option.map(Path::to_owned).or_else(|| from_environment().map(PathBuf::from));
        self.absolute(chosen, "cache")
    }

    /// Where reports go: `--reports-dir`, else `reports` in the project.
    pub fn reports(&self, option: Option<&Path>) -> PathBuf {
        self.absolute(option.map(Path::to_owned), "reports")
    }

    /// The run log.
    pub fn run_log(&self) -> PathBuf {
        self.root.join("runs.sqlite")
    }

    /// A chosen path, from the working directory; or one by name in the project.
    fn absolute(&self, chosen: Option<PathBuf>, name: &str) -> PathBuf {
        chosen.map_or_else(|| self.root.join(name), |path| plain(std::path::absolute(&path).unwrap_or(path)))
    }
}

/// The path without `..`, where what is there says what those lead to: behind a link it is not the folder before them.
fn plain(path: PathBuf) -> PathBuf {
    let mut steps = path.components();
    let mut rest = vec![];
    // What follows the last `..` may be links, and keeps the names that the user knows.
    while steps.clone().any(|step| step == Component::ParentDir) {
        let folder = steps.as_path();
        if folder.ends_with("..")
            && let Ok(folder) = folder.canonicalize()
        {
            return rest.iter().rev().fold(folder, |path, step| path.join(step));
        }
        rest.extend(steps.next_back());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_of(file: &Path) -> PathBuf {
        Project::locate(Some(file)).unwrap().root
    }

    #[test]
    fn a_file_under_experiments_or_pipelines_belongs_to_the_folder_above() {
        assert_eq!(root_of(Path::new("/p/experiments/a.toml")), Path::new("/p"));
        assert_eq!(root_of(Path::new("/p/pipelines/a.toml")), Path::new("/p"));
    }

    #[test]
    fn any_other_file_belongs_to_the_nearest_folder_with_experiments_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(root_of(&deep.join("x.toml")), deep);
        std::fs::create_dir(directory.path().join("experiments")).unwrap();
        assert_eq!(root_of(&deep.join("x.toml")), directory.path());
    }

    #[test]
    fn paths_are_told_without_detours() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("experiments")).unwrap();
        std::fs::create_dir_all(root.join("s")).unwrap();
        assert_eq!(root_of(&root.join("s/../experiments/a.toml")), root);
        let project = Project { root: root.clone() };
        assert_eq!(project.reports(Some(&root.join("s/../none/pages"))), root.join("none/pages"));
        let unknown = Path::new("/none/such/../reports");
        assert_eq!(project.reports(Some(unknown)), unknown);
    }

    #[test]
    fn options_win_over_the_projects_own_folders() {
        let project = Project { root: PathBuf::from("/p") };
        assert_eq!(project.cache(Some(Path::new("/elsewhere"))), Path::new("/elsewhere"));
        assert_eq!(project.reports(None), Path::new("/p/reports"));
        assert!(project.reports(Some(Path::new("here"))).is_absolute());
        assert_eq!(project.run_log(), Path::new("/p/runs.sqlite"));
    }
}

//! Whole files in, experiments or messages out.

mod messages;
mod properties;
mod reading;
mod schema;
mod sweeps;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Experiment, Overrides, load};
use crate::diagnostic::Problems;

/// A pipeline that most tests start from.
pub const PIPELINE: (&str, &str) = (
    "pipeline.toml",
    r#"[pipeline]
name = "autoencoder"
help = "An autoencoder."

[params]
dataset = "mnist"
epochs = { default = 50, range = [1, 1000], help = "Passes over the data." }
learning_rate = 1e-3
latent_dim = { default = 32, choices = [2, 8, 32] }
title = "${dataset} at ${latent_dim}"

[params.architecture]
default = "dense"

[params.architecture.choices.dense]
encoder = ["dense 256 relu", "dense ${latent_dim}"]

[params.architecture.choices.conv]
encoder = ["conv 32 3x3 relu", "flatten", "dense ${latent_dim}"]

[stages.load]
uses = "load"
dataset = "${dataset}"

[stages.autoencoder]
uses = "train-autoencoder"
inputs = { dataset = "load" }
encoder = "${architecture.encoder}"
epochs = "${epochs}"
learning_rate = "${learning_rate}"
note = "${title}, costs $${latent_dim}"

[stages.report]
uses = "report"
inputs = ["autoencoder", "load.dataset"]
"#,
);

/// A folder with files in it.
pub struct Folder(TempDir);

impl Folder {
    pub fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn load(&self, file: &str, overrides: &Overrides) -> Result<Experiment, Problems> {
        load(&self.path().join(file), overrides)
    }

    /// What loading the file complains of, with paths inside the folder.
    pub fn complaint(&self, file: &str, overrides: &Overrides) -> String {
        let problems = self.load(file, overrides).expect_err("the file is wrong");
        let folder = format!("{}", self.path().display());
        problems.render(false).replace(&format!("{folder}/"), "").replace(&folder, "FOLDER")
    }
}

pub fn set(text: &str) -> Overrides {
    Overrides { set: vec![text.to_owned()], ..Overrides::default() }
}

pub fn sweep(text: &str) -> Overrides {
    Overrides { sweep: vec![text.to_owned()], ..Overrides::default() }
}

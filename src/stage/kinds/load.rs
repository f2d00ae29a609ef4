//! `load`: finds a data set (or fetches or draws it), reads it, and writes it as an artifact.

mod origin;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::artifact::ArtifactType;
use crate::dataset::images::Folder;
use crate::dataset::known::Known;
use crate::dataset::meta::META_FILE;
use crate::dataset::own::{About, Glance, Misfit, Own, PartFiles, missing};
use crate::dataset::table::TableOptions;
use crate::dataset::{DatasetError, synthetic};
use crate::event::Outcome;
use crate::kind::{Description, Facts, OutputPort, ParamProblem, params_of};
use crate::stage::problems::{parse, problem};
use crate::stage::{Context, Environment, Output, Source, Stage, StageError};

use self::origin::{Mode, Resolved, resolve};

/// A data set by name, or the format of the user's own files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Name {
    /// Handwritten digits: 60,000 + 10,000 images of 28x28 pixels, ten classes.
    Mnist,
    /// Clothes: 60,000 + 10,000 images of 28x28 pixels, ten classes.
    FashionMnist,
    /// Photographs in color: 50,000 + 10,000 images of 32x32 pixels, ten classes.
    Cifar10,
    /// Digits drawn by code, 28x28 pixels, ten classes; needs no files.
    SyntheticDigits,
    /// IDX files, gzipped or not: `path` names the images or a folder with MNIST's file names.
    Idx,
    /// A table: `path` names a CSV file with a header, `label_column` the column of classes.
    Csv,
    /// NumPy arrays: `path` names the samples, `labels` the class numbers.
    Npy,
    /// Pictures: `path` names a folder with one subfolder for each class, or with `train` and `test` of such.
    Images,
}

/// What stands in for a data set that is not available.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Fallback {
    /// Nothing: a data set that is not available is an error.
    #[default]
    None,
    SyntheticDigits,
    Mnist,
    FashionMnist,
    Cifar10,
}

impl Fallback {
    fn name(self) -> Option<Name> {
        match self {
            Self::None => None,
            Self::SyntheticDigits => Some(Name::SyntheticDigits),
            Self::Mnist => Some(Name::Mnist),
            Self::FashionMnist => Some(Name::FashionMnist),
            Self::Cifar10 => Some(Name::Cifar10),
        }
    }
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Cifar10 => "cifar10",
            Self::SyntheticDigits => "synthetic-digits",
            Self::Idx => "idx",
            Self::Csv => "csv",
            Self::Npy => "npy",
            Self::Images => "images",
        }
    }

    fn is_own_format(self) -> bool {
        matches!(self, Self::Idx | Self::Csv | Self::Npy | Self::Images)
    }

    /// Shape and classes of a data set that is known by name.
    fn known(self) -> Option<([usize; 3], [&'static str; 10])> {
        match self {
            Self::SyntheticDigits => Some(([synthetic::SIDE, synthetic::SIDE, 1], synthetic::CLASSES)),
            _ => Known::named(self.text()).map(|known| (known.shape, known.classes)),
        }
    }
}

/// Training and test samples of drawn digits, when the user names no numbers.
const DRAWN: [usize; 2] = [10_000, 2_000];

fn fifth() -> f64 {
    0.2
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// A data set by name, or the format of your own files.
    dataset: Name,
    /// Your own file or folder; for a data set known by name, a folder to look in first.
    #[schemars(extend("format" = "path"))]
    path: Option<String>,
    /// Labels of the samples in `path`, when they are in a file of their own.
    #[schemars(extend("format" = "path"))]
    labels: Option<String>,
    /// Test samples, when they are in files of their own.
    #[schemars(extend("format" = "path"))]
    test_path: Option<String>,
    /// Labels of the samples in `test_path`.
    #[schemars(extend("format" = "path"))]
    test_labels: Option<String>,
    /// Column of a CSV file that holds the classes; without it the samples are unlabeled.
    label_column: Option<String>,
    /// Height, width and channels of one sample, when rows of a CSV or `.npy` file are images.
    #[schemars(length(min = 3, max = 3), inner(range(min = 1, max = 65536)))]
    shape: Option<Vec<usize>>,
    /// Fraction of the samples that become the test split when the data set comes without one; 0 for none.
    #[serde(default = "fifth")]
    #[schemars(range(min = 0, max = 0.9))]
    test_fraction: f64,
    /// What to load, and to say so loudly, when a data set known by name is nowhere and cannot be downloaded: one with
    /// samples of the same shape. Digits that stand in are as many as the samples of the data set they stand in for.
    #[serde(default)]
    fallback: Fallback,
    /// Training samples to draw, for `synthetic-digits`; 10,000 when left out.
    #[schemars(range(min = 1, max = 10_000_000))]
    train_count: Option<usize>,
    /// Test samples to draw, for `synthetic-digits`; 2,000 when left out.
    #[schemars(range(min = 1, max = 10_000_000))]
    test_count: Option<usize>,
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "load",
    version: 1,
    summary: "Loads a data set by name, or your own files.",
    details: "A data set known by name is looked for in `path`, then in a folder of its name in `$PIPELINE_DATA_DIR`, the \
              project's `data`, and the user's cache directory; then it is downloaded from its public mirrors. Its files \
              are checked by SHA-256, and none of them is needed while the cache has what was loaded. Own files are known by their content, never by their place. Height, width and \
              channels come from the data.",
    outputs: vec![OutputPort::new(PORT, ArtifactType::Dataset, "The samples as they are stored, with their labels.")],
    params: params_of::<Params>(),
    example: "[stages.load]\nuses = \"load\"\ndataset = \"mnist\"\nfallback = \"synthetic-digits\"\n",
    ..Description::default()
});

const PORT: &str = "dataset";

/// What the identity of the data says, so that what was loaded once is found again whatever could stand in for it.
const SETTLED: &[&str] = &["fallback"];

pub struct Load;

impl Stage for Load {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, _inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let params: Params = parse(params)?;
        let problems = params.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        params.facts()
    }

    fn foreseen(&self, params: &Value) -> Option<Source> {
        let identity = origin::foreseen(&parse(params).ok()?)?;
        Some(Source { identity, notice: None, settled: SETTLED, stand_in: None, missing: None })
    }

    fn source(&self, params: &Value, environment: &Environment) -> Result<Option<Source>, StageError> {
        let params = parse::<Params>(params).map_err(|_| StageError::failed("unusable params of `load`"))?;
        let mode = environment.fetch.map_or(Mode::Look, Mode::Fetch);
        let Resolved { identity, notice, stand_in, missing, .. } = resolve(&params, environment, mode)?;
        Ok(Some(Source { identity, notice, settled: SETTLED, stand_in, missing }))
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        // What could be fetched was fetched when the source was asked for.
        let fetch = context.environment.fetch.filter(|_| context.source.is_none());
        let mode = fetch.map_or(Mode::Local, Mode::Fetch);
        let resolved = resolve(&params, context.environment, mode)?;
        unchanged(&resolved.identity, context.source)?;
        let raw = resolved.origin.read(context.cancel)?;
        // Once more: the files may have changed before they were read.
        unchanged(&resolved.origin.identity()?, context.source)?;
        context.checkpoint()?;
        let directory = context.output(PORT, META_FILE)?;
        let directory = directory.parent().ok_or_else(|| StageError::failed("the output has no directory"))?;
        let warnings = resolved.fallback_for.iter().map(|wanted| fallback_warning(wanted, &raw.name)).collect();
        raw.write(directory, params.test_fraction, resolved.fallback_for)?;
        Ok(Output { outcome: Outcome { warnings, ..Outcome::default() }, reuse: vec![] })
    }
}

/// Fails when data is not what the fingerprint was made of.
fn unchanged(identity: &Value, source: Option<&Source>) -> Result<(), StageError> {
    if source.is_none_or(|source| source.identity == *identity) {
        return Ok(());
    }
    let help = "start again, and leave the files alone meanwhile";
    Err(StageError::with_help("the data changed while the launch was going on", help))
}

fn fallback_warning(wanted: &str, used: &str) -> String {
    format!("fallback: `{wanted}` was not available, so every figure here is of `{used}`")
}

impl Params {
    /// What does not make sense together.
    fn problems(&self) -> Vec<ParamProblem> {
        let mut problems = Vec::new();
        let name = self.dataset.text();
        if self.dataset.is_own_format() && self.path.is_none() {
            let help = "name the file or folder: path = \"...\"";
            problems.push(problem("path", format!("the format `{name}` needs a path")).help(help));
        }
        if self.dataset == Name::SyntheticDigits && self.path.is_some() {
            problems.push(problem("path", "`synthetic-digits` are drawn and have no path").help("leave it out"));
        }
        problems.extend(
            self.meaningless()
                .map(|(param, help)| problem(param, format!("`{param}` has no meaning for `{name}`")).help(help)),
        );
        problems.extend(self.unfit_fallback());
        if self.test_labels.is_some() && self.test_path.is_none() {
            problems
                .push(problem("test_labels", "labels without samples").help("name the samples: test_path = \"...\""));
        }
        problems
    }

    /// Params that were given although the data set has no use for them, and what to do instead.
    fn meaningless(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        use Name::{Csv, Idx, Images, Npy, SyntheticDigits};
        let fewer = "leave it out; the kind `subset` takes some of a data set's samples";
        let uses: [(_, bool, &[Name], _); 7] = [
            ("labels", self.labels.is_some(), &[Idx, Npy], "leave it out"),
            ("test_path", self.test_path.is_some(), &[Idx, Npy, Csv, Images], "leave it out"),
            ("test_labels", self.test_labels.is_some(), &[Idx, Npy], "leave it out"),
            ("label_column", self.label_column.is_some(), &[Csv], "leave it out"),
            ("shape", self.shape.is_some(), &[Csv, Npy], "leave it out"),
            ("train_count", self.train_count.is_some(), &[SyntheticDigits], fewer),
            ("test_count", self.test_count.is_some(), &[SyntheticDigits], fewer),
        ];
        let unused = uses.into_iter().filter(|(_, given, names, _)| *given && !names.contains(&self.dataset));
        unused.map(|(param, _, _, help)| (param, help))
    }

    /// A fallback that can never stand in. Drawn digits may name themselves: an experiment that falls back to them is
    /// also launched with them.
    fn unfit_fallback(&self) -> Option<ParamProblem> {
        let fallback = self.fallback.name()?;
        let (name, other) = (self.dataset.text(), fallback.text());
        let problem = |message: String| problem("fallback", message);
        match (self.dataset.known(), fallback.known()) {
            _ if self.dataset == Name::SyntheticDigits && fallback == self.dataset => None,
            _ if self.dataset == Name::SyntheticDigits => {
                let message = "`synthetic-digits` are always at hand: nothing ever stands in for them";
                Some(problem(message.into()).help("leave it out, or write \"none\""))
            }
            _ if fallback == self.dataset => {
                let message = format!("`{name}` cannot stand in for itself");
                Some(problem(message).help("name another data set of the same shape, or write \"none\""))
            }
            (Some(([h, w, c], _)), Some(([height, width, channels], _))) if [h, w, c] != [height, width, channels] => {
                let own = format!("its samples are {height}x{width}x{channels}, not {h}x{w}x{c}");
                let message = format!("`{other}` cannot stand in for `{name}`: {own}");
                Some(problem(message).help("name a data set of the same shape, or write \"none\""))
            }
            (None, _) => Some(problem(format!("`fallback` has no meaning for `{name}`")).help("leave it out")),
            _ => None,
        }
    }

    /// What is known of the data before it is loaded: of own files, what a glance at them tells.
    fn facts(&self) -> Result<Facts, Vec<ParamProblem>> {
        if let Some((shape, classes)) = self.dataset.known() {
            let classes = classes.into_iter().map(str::to_owned).collect();
            return Ok(Facts { shape: Some(shape), classes: Some(classes), ..Facts::default() });
        }
        match self.own().and_then(|own| own.glance()) {
            Ok(Glance { shape, classes }) => Ok(Facts { shape, classes: classes.map(Into::into), ..Facts::default() }),
            Err((about, error)) => {
                let help = error.advice().map(str::to_owned);
                Err(vec![ParamProblem { help, ..problem(self.param(about), error.to_string()) }])
            }
        }
    }

    /// The param that names a file; labels and test samples may also be found in the folder that `path` names.
    fn param(&self, about: About) -> &'static str {
        match about {
            About::Labels if self.labels.is_some() => "labels",
            About::TestSamples if self.test_path.is_some() => "test_path",
            About::TestLabels if self.test_labels.is_some() => "test_labels",
            About::LabelColumn if self.label_column.is_some() => "label_column",
            _ => "path",
        }
    }

    /// The user's own files. Error: one is not there, or a folder does not hold what it should.
    fn own(&self) -> Result<Own, Misfit> {
        // The plan has made every path absolute.
        let path = |path: &Option<String>| path.as_ref().map(PathBuf::from);
        let [train, labels, test, test_labels] =
            [&self.path, &self.labels, &self.test_path, &self.test_labels].map(path);
        let named = [
            (About::Samples, &train),
            (About::Labels, &labels),
            (About::TestSamples, &test),
            (About::TestLabels, &test_labels),
        ];
        for (about, path) in named {
            path.as_deref().map_or(Ok(()), missing).map_err(|error| (about, error))?;
        }
        let misfit = |error| (About::Samples, error);
        let train = train.ok_or_else(|| misfit(DatasetError::new("`load` needs a path")))?;
        let parts = |images, test: Option<PathBuf>| {
            let test = test.map(|images| PartFiles { images, labels: test_labels });
            (PartFiles { images, labels }, test)
        };
        let shape = self.shape.as_deref().and_then(|shape| <[usize; 3]>::try_from(shape).ok());
        match self.dataset {
            Name::Csv => {
                let options = TableOptions { label_column: self.label_column.clone(), shape };
                Ok(Own::Table { train, test, options })
            }
            Name::Npy => {
                let (train, test) = parts(train, test);
                Ok(Own::Npy { train, test, shape })
            }
            Name::Images => Folder::find(&train, test.as_deref()).map(Own::Images).map_err(misfit),
            _ => {
                let (train, test) = parts(train, test);
                Own::idx(train, test).map_err(misfit)
            }
        }
    }
}

//! The data sets known by name: what they hold, which bytes they are made of, and where the public mirrors are.
//!
//! MNIST's and CIFAR-10's hashes are of the unpacked files, so a copy may be packed or not, by whichever program.
//! Fashion-MNIST's are of the published `.gz` files; an unpacked copy of it is accepted for its structure and known by
//! its own content.

use std::path::{Path, PathBuf};

/// A data set known by name.
#[derive(Debug)]
pub struct Known {
    pub name: &'static str,
    /// Height, width, channels.
    pub shape: [usize; 3],
    pub classes: [&'static str; 10],
    /// Training and test samples.
    pub counts: [usize; 2],
    pub layout: Layout,
    /// Where its files can be had; a file's name is appended.
    pub mirrors: &'static [&'static str],
}

/// The files of a known data set.
#[derive(Debug)]
pub enum Layout {
    /// Training images and labels, test images and labels.
    Idx([KnownFile; 4]),
    /// Five training batches and the test batch, in one archive or unpacked.
    Cifar { archive: KnownFile, batches: [KnownFile; 6] },
}

/// One file by name, and by SHA-256 where it is known.
#[derive(Debug)]
pub struct KnownFile {
    /// Its name when not packed (an archive's: with its ending).
    pub name: &'static str,
    /// Of the unpacked content.
    pub unpacked: Option<&'static str>,
    /// Of the published packed file.
    pub packed: Option<&'static str>,
}

const fn file(name: &'static str, unpacked: &'static str) -> KnownFile {
    KnownFile { name, unpacked: Some(unpacked), packed: None }
}

const fn packed(name: &'static str, packed: &'static str) -> KnownFile {
    KnownFile { name, unpacked: None, packed: Some(packed) }
}

static MNIST: Known = Known {
    name: "mnist",
    shape: [28, 28, 1],
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    counts: [60_000, 10_000],
    layout: Layout::Idx([
        file("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        file("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        file("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        file("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ]),
    mirrors: &["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
};

/// Classes: <https://github.com/zalandoresearch/fashion-mnist>. Hashes: TensorFlow Datasets' `fashion_mnist` checksums.
static FASHION_MNIST: Known = Known {
    name: "fashion-mnist",
    shape: [28, 28, 1],
    classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    counts: [60_000, 10_000],
    layout: Layout::Idx([
        packed("train-images-idx3-ubyte", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        packed("train-labels-idx1-ubyte", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        packed("t10k-images-idx3-ubyte", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        packed("t10k-labels-idx1-ubyte", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ]),
    mirrors: &[
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
};

/// Classes: <https://www.cs.toronto.edu/~kriz/cifar.html>. Hashes: TensorFlow Datasets' `cifar10` checksums for the
/// archive, torchvision-ruby's for the batches in it.
static CIFAR10: Known = Known {
    name: "cifar10",
    shape: [32, 32, 3],
    classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    counts: [50_000, 10_000],
    layout: Layout::Cifar {
        archive: packed("cifar-10-binary.tar.gz", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
        batches: [
            file("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
            file("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
            file("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
            file("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
            file("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
            file("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
        ],
    },
    mirrors: &[
        "https://www.cs.toronto.edu/~kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ],
};

/// All of them.
pub static ALL: [&Known; 3] = [&MNIST, &FASHION_MNIST, &CIFAR10];

impl Known {
    /// The data set of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|known| known.name == name)
    }

    /// The data set's files in a directory, in the layout's order, or the name of the first that is missing.
    pub fn files_in(&self, directory: &Path) -> Result<Vec<PathBuf>, String> {
        match &self.layout {
            Layout::Idx(files) => files.iter().map(|file| file.find(directory)).collect(),
            Layout::Cifar { archive, batches } => {
                let packed = directory.join(archive.name);
                if packed.is_file() {
                    return Ok(vec![packed]);
                }
                let unpacked = |directory: &Path| -> Result<Vec<PathBuf>, String> {
                    batches.iter().map(|file| file.find(directory)).collect()
                };
                unpacked(&directory.join("cifar-10-batches-bin"))
                    .or_else(|_| unpacked(directory))
                    .map_err(|_| archive.name.to_owned())
            }
        }
    }

    /// The files to download: name on the mirrors.
    pub fn downloads(&self) -> Vec<(String, &KnownFile)> {
        match &self.layout {
            Layout::Idx(files) => files.iter().map(|file| (format!("{}.gz", file.name), file)).collect(),
            Layout::Cifar { archive, .. } => vec![(archive.name.to_owned(), archive)],
        }
    }

    /// The files as [`files_in`](Self::files_in) found them, each with what is known of it.
    pub fn with_hashes<'a>(&'a self, found: &'a [PathBuf]) -> impl Iterator<Item = (&'a Path, &'a KnownFile)> {
        let files: Vec<&KnownFile> = match &self.layout {
            Layout::Idx(files) => files.iter().collect(),
            Layout::Cifar { archive, .. } if found.len() == 1 => vec![archive],
            Layout::Cifar { batches, .. } => batches.iter().collect(),
        };
        found.iter().map(PathBuf::as_path).zip(files)
    }

    /// Whether all found files can be checked against a hash, so that they are known before they are read.
    pub fn is_verifiable(&self, found: &[PathBuf]) -> bool {
        self.with_hashes(found).all(|(path, file)| file.unpacked.is_some() || is_packed(path))
    }
}

impl KnownFile {
    fn find(&self, directory: &Path) -> Result<PathBuf, String> {
        [self.name.to_owned(), format!("{}.gz", self.name)]
            .into_iter()
            .map(|name| directory.join(name))
            .find(|path| path.is_file())
            .ok_or_else(|| format!("{}, packed or not", self.name))
    }
}

/// Whether the name says that the file is packed.
pub fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "gz")
}

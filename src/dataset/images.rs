//! A folder of images by class: one subfolder a class, or `train` and `test` with such subfolders. PNG, JPEG, BMP and
//! PNM are read; transparency is ignored. When every pixel of every image is grey there is one channel, else three.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, RgbImage};

use crate::artifact::array::Array;
use crate::cancel::Cancel;

use super::content::MOST_BYTES;
use super::error::DatasetError;
use super::raw::{Part, Raw};
use super::split::Pixels;

/// Images of one part by class: folder name and files, both sorted.
type ByClass = Vec<(String, Vec<PathBuf>)>;

/// The images' files, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    train: ByClass,
    test: Option<ByClass>,
}

impl Folder {
    /// Looks into a folder and perhaps into one of test images. Errors: no classes, or a class without images.
    pub fn find(train: &Path, test: Option<&Path>) -> Result<Self, DatasetError> {
        let inner = [train.join("train"), train.join("test")];
        let (train, test) = match test {
            None if inner.iter().all(|folder| folder.is_dir()) => (inner[0].as_path(), Some(inner[1].as_path())),
            _ => (train, test),
        };
        Ok(Self { train: by_class(train)?, test: test.map(by_class).transpose()? })
    }

    /// Every file with the name it is known by: part, class and file name, in a fixed order.
    pub fn files(&self) -> impl Iterator<Item = (String, &Path)> {
        let parts = [("train", Some(&self.train)), ("test", self.test.as_ref())];
        parts.into_iter().filter_map(|(name, part)| Some((name, part?))).flat_map(|(part, classes)| {
            classes.iter().flat_map(move |(class, files)| {
                let name = move |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                files.iter().map(move |path| (format!("{part}/{class}/{}", name(path)), path.as_path()))
            })
        })
    }

    /// Names of the classes, in the order of their numbers.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.train.iter().map(|(class, _)| class.as_str())
    }

    /// The shape of the images, from their headers alone; `None` when only their pixels tell whether they are grey.
    pub fn sample_shape(&self) -> Result<Option<[usize; 3]>, DatasetError> {
        let mut sizes = Sizes::default();
        let mut coloured = None;
        for (_, path) in self.files() {
            let header = reader(path)?.into_decoder().map_err(|error| undecodable(path, &error))?;
            let (width, height) = header.dimensions();
            sizes.add(path, (width as usize, height as usize))?;
            if header.color_type().has_color() {
                coloured.get_or_insert(path);
            }
        }
        let channels = match coloured {
            None => Some(1),
            Some(path) => (!is_grey(&decode(path)?.into_rgb8())).then_some(3),
        };
        Ok(sizes.first.zip(channels).map(|((width, height, _), channels)| [height, width, channels]))
    }

    /// Decodes all images. Errors: one cannot be decoded, or two differ in size.
    pub fn read(&self, cancel: &Cancel) -> Result<Raw, DatasetError> {
        let classes: Vec<String> = self.classes().map(str::to_owned).collect();
        let mut decoded = Decoded::default();
        let train = decoded.add(&self.train, &classes, cancel)?;
        let test = self.test.as_ref().map(|part| decoded.add(part, &classes, cancel)).transpose()?;
        let mut parts = decoded.into_parts([Some(train), test].into_iter().flatten().collect())?.into_iter();
        let train = parts.next().ok_or_else(|| DatasetError::new("a folder without images"))?;
        Ok(Raw { name: "images".into(), classes, train, test: parts.next() })
    }
}

fn untrained(class: &str) -> DatasetError {
    DatasetError::new(format!("the class `{class}` has test images but no training images"))
        .help("give both parts the same class folders")
}

fn by_class(folder: &Path) -> Result<ByClass, DatasetError> {
    let mut classes = Vec::new();
    for path in sorted_entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(DatasetError::new(format!("{} is not named in UTF-8", path.display())).help("rename it"));
        };
        let files: Vec<PathBuf> = sorted_entries(&path)?.into_iter().filter(|file| is_image(file)).collect();
        if files.is_empty() {
            let message = format!("the class folder {} holds no image (PNG, JPEG, BMP or PNM)", path.display());
            return Err(DatasetError::new(message).help("put images into it, or remove it"));
        }
        classes.push((name.to_owned(), files));
    }
    if classes.is_empty() {
        let message = format!("{} has no subfolders, one for each class", folder.display());
        return Err(DatasetError::new(message).help("arrange the images as FOLDER/CLASS/IMAGE.png"));
    }
    Ok(classes)
}

/// What is in a folder, by name; hidden entries are left out.
fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    if folder.is_file() {
        let message = format!("{} is a file, not a folder of images", folder.display());
        return Err(DatasetError::new(message).help("name the folder that has a subfolder of images for each class"));
    }
    let entries = std::fs::read_dir(folder).map_err(DatasetError::io(folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(DatasetError::io(folder))?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
    paths.sort();
    Ok(paths)
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["png", "jpg", "jpeg", "bmp", "pgm", "ppm", "pnm"].contains(&ending.as_str())
}

/// The size that all images have to have.
#[derive(Default)]
struct Sizes {
    /// Width, height, and the file they are of.
    first: Option<(usize, usize, PathBuf)>,
}

impl Sizes {
    fn add(&mut self, path: &Path, (width, height): (usize, usize)) -> Result<(), DatasetError> {
        let (first_width, first_height, first) = self.first.get_or_insert((width, height, path.to_owned()));
        if (*first_width, *first_height) == (width, height) {
            return Ok(());
        }
        let (first, path) = (first.display(), path.display());
        let message =
            format!("images differ in size: {first} is {first_width}x{first_height}, {path} is {width}x{height}");
        Err(DatasetError::new(message).help("scale all images to one size"))
    }
}

/// Images so far: grey until the first coloured one.
#[derive(Default)]
struct Decoded {
    sizes: Sizes,
    coloured: bool,
    /// One `[h, w, c]` image after another; `c` is 3 once `coloured`.
    pixels: Vec<u8>,
}

impl Decoded {
    /// Decodes a part's images and gives their labels.
    fn add(&mut self, part: &ByClass, classes: &[String], cancel: &Cancel) -> Result<Vec<u32>, DatasetError> {
        let mut labels = Vec::new();
        for (class, files) in part {
            let label = classes.iter().position(|known| known == class).ok_or_else(|| untrained(class))?;
            for path in files {
                cancel.check()?;
                self.push(path, decode(path)?)?;
                labels.push(label as u32);
            }
        }
        Ok(labels)
    }

    fn push(&mut self, path: &Path, image: DynamicImage) -> Result<(), DatasetError> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        self.sizes.add(path, (width, height))?;
        if self.pixels.len() as u64 + (3 * width * height) as u64 > MOST_BYTES {
            return Err(DatasetError::new("the images are more than can be loaded").help("use fewer or smaller images"));
        }
        let image = image.into_rgb8();
        if !self.coloured && !is_grey(&image) {
            self.coloured = true;
            self.pixels = self.pixels.iter().flat_map(|grey| [*grey; 3]).collect();
        }
        match self.coloured {
            true => self.pixels.extend(image.into_raw()),
            false => self.pixels.extend(image.pixels().map(|pixel| pixel.0[0])),
        }
        Ok(())
    }

    fn into_parts(mut self, labels: Vec<Vec<u32>>) -> Result<Vec<Part>, DatasetError> {
        let (width, height, _) = self.sizes.first.ok_or_else(|| DatasetError::new("a folder without images"))?;
        let channels = if self.coloured { 3 } else { 1 };
        let part = |labels: Vec<u32>| {
            let rest = self.pixels.split_off(labels.len() * height * width * channels);
            let pixels = std::mem::replace(&mut self.pixels, rest);
            let images = Array::new(&[labels.len(), height, width, channels], pixels).map(Pixels::Bytes);
            let images = images.ok_or_else(|| DatasetError::new("images of unequal size"))?;
            Ok(Part { images, labels: Some(labels) })
        };
        labels.into_iter().map(part).collect()
    }
}

fn is_grey(image: &RgbImage) -> bool {
    image.pixels().all(|pixel| pixel.0 == [pixel.0[0]; 3])
}

fn reader(path: &Path) -> Result<ImageReader<BufReader<File>>, DatasetError> {
    ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(DatasetError::io(path))
}

fn decode(path: &Path) -> Result<DynamicImage, DatasetError> {
    reader(path)?.decode().map_err(|error| undecodable(path, &error))
}

fn undecodable(path: &Path, error: &ImageError) -> DatasetError {
    DatasetError::new(format!("{} cannot be decoded: {error}", path.display())).help("replace or remove the file")
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, name: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        }

        fn grey(&self, name: &str, width: u32, height: u32, value: u8) {
            GrayImage::from_pixel(width, height, Luma([value])).save(self.file(name)).unwrap();
        }

        fn read(&self) -> Result<Raw, String> {
            let raw = Folder::find(self.0.path(), None).and_then(|folder| folder.read(&Cancel::default()));
            raw.map_err(|error| error.to_string().replace(&self.0.path().display().to_string(), "FOLDER"))
        }
    }

    fn bytes(part: &Part) -> &[u8] {
        match &part.images {
            Pixels::Bytes(array) => array.values(),
            Pixels::Floats(_) => unreachable!("images are bytes"),
        }
    }

    #[test]
    fn subfolders_are_classes_in_order_of_their_names() {
        let place = Place::new();
        place.grey("dog/b.png", 3, 2, 20);
        place.grey("dog/a.png", 3, 2, 10);
        place.grey("cat/x.bmp", 3, 2, 30);
        std::fs::write(place.file("cat/notes.txt"), "not an image").unwrap();
        std::fs::write(place.file(".hidden/x.png"), "not an image").unwrap();
        let raw = place.read().unwrap();
        assert_eq!((raw.classes, raw.train.labels.clone()), (vec!["cat".into(), "dog".into()], Some(vec![0, 1, 1])));
        assert_eq!(raw.train.images.shape(), [3, 2, 3, 1]);
        assert_eq!(bytes(&raw.train), [[30; 6], [10; 6], [20; 6]].concat());
        assert!(raw.test.is_none());
    }

    #[test]
    fn one_coloured_image_makes_all_coloured() {
        let place = Place::new();
        place.grey("train/a/1.png", 1, 1, 7);
        RgbImage::from_pixel(1, 1, Rgb([1, 2, 3])).save(place.file("train/b/2.png")).unwrap();
        place.grey("test/a/3.png", 1, 1, 9);
        let raw = place.read().unwrap();
        assert_eq!((bytes(&raw.train), bytes(raw.test.as_ref().unwrap())), (&[7, 7, 7, 1, 2, 3][..], &[9, 9, 9][..]));
    }

    #[test]
    fn files_are_known_by_part_class_and_name() {
        let place = Place::new();
        place.grey("train/a/1.png", 1, 1, 7);
        place.grey("test/a/3.png", 1, 1, 9);
        let folder = Folder::find(place.0.path(), None).unwrap();
        assert_eq!(folder.files().map(|(name, _)| name).collect::<Vec<_>>(), ["train/a/1.png", "test/a/3.png"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let place = Place::new();
        insta::assert_snapshot!(place.read().err().unwrap(), @"FOLDER has no subfolders, one for each class");
        place.grey("a/1.png", 28, 28, 0);
        place.grey("b/2.png", 28, 32, 0);
        insta::assert_snapshot!(place.read().err().unwrap(), @"images differ in size: FOLDER/a/1.png is 28x28, FOLDER/b/2.png is 28x32");
        std::fs::write(place.file("a/0.png"), b"\x89PNG\r\n\x1a\n").unwrap();
        assert!(place.read().err().unwrap().starts_with("FOLDER/a/0.png cannot be decoded"));
        std::fs::create_dir(place.0.path().join("0-empty")).unwrap();
        insta::assert_snapshot!(place.read().err().unwrap(), @"the class folder FOLDER/0-empty holds no image (PNG, JPEG, BMP or PNM)");
        let other = Place::new();
        other.grey("train/a/1.png", 1, 1, 0);
        other.grey("test/b/1.png", 1, 1, 0);
        insta::assert_snapshot!(other.read().err().unwrap(), @"the class `b` has test images but no training images");
    }
}

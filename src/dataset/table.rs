//! CSV tables: a header, one row a sample, numbers in every column but the label's.

use std::io::Read;
use std::path::Path;

use csv::{Position, StringRecord};

use crate::artifact::array::Array;
use crate::cancel::Cancel;
use crate::diagnostic::nearest_or;

use super::content::Content;
use super::error::DatasetError;
use super::raw::{MOST_CLASSES, Part, Raw};
use super::split::Pixels;

/// How a table is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// The column that holds the labels; without it, all columns are numbers and samples have no label.
    pub label_column: Option<String>,
    /// What a row is an image of; without it, a row of features.
    pub shape: Option<[usize; 3]>,
}

/// A table as it stands.
struct Table {
    columns: Vec<String>,
    /// What a row is an image of.
    shape: [usize; 3],
    /// Row after row, without the label.
    values: Vec<f32>,
    rows: usize,
    labels: Option<Vec<String>>,
}

/// Rows between two looks at whether a stop was asked for.
const ROWS_AT_ONCE: usize = 4096;

/// Reads a table and perhaps one of test samples with the same columns. Classes are the labels in order, numbers by
/// value and texts by letter. Errors name the line and the column.
pub fn read(train: &Path, test: Option<&Path>, options: &TableOptions, cancel: &Cancel) -> Result<Raw, DatasetError> {
    let tables = [Some(train), test].into_iter().flatten().map(|path| Ok((path, read_table(path, options, cancel)?)));
    let tables = tables.collect::<Result<Vec<_>, DatasetError>>()?;
    if let [(first_path, first), (path, second)] = &tables[..]
        && first.columns != second.columns
    {
        let message = format!("{} and {} have different columns", first_path.display(), path.display());
        return Err(DatasetError::new(message).help("give both files the same header"));
    }
    let classes = classes(tables.iter().filter_map(|(_, table)| table.labels.as_deref()).flatten());
    if let Some([first, second]) = equal(&classes) {
        let message = format!("the labels `{first}` and `{second}` of {} are the same number", train.display());
        return Err(DatasetError::new(message).help("write it in one way everywhere"));
    }
    if classes.len() > MOST_CLASSES {
        let message = format!("{} has {} different labels", train.display(), classes.len());
        return Err(DatasetError::new(message).help("is `label_column` a column of classes?"));
    }
    let mut parts = tables.into_iter().map(|(path, table)| part(path, table, &classes));
    let train = parts.next().ok_or_else(|| DatasetError::new("no table"))??;
    let test = parts.next().transpose()?;
    Ok(Raw { name: "csv".into(), classes, train, test })
}

/// A table whose header is read.
pub struct Opened<'a> {
    path: &'a Path,
    reader: csv::Reader<Box<dyn Read>>,
    header: StringRecord,
}

/// Opens a table. Errors: it cannot be read, or its first line names no columns.
pub fn open(path: &Path) -> Result<Opened<'_>, DatasetError> {
    let input: Box<dyn Read> = Box::new(Content::open(path)?.into_reader());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
    let header = reader.headers().map_err(|error| unreadable(path, &error))?.clone();
    if header.iter().all(str::is_empty) {
        let what = if header.len() < 2 { "is empty" } else { "has no names in its first line" };
        return Err(DatasetError::new(format!("{} {what}", path.display()))
            .help("it needs a line with the columns' names, and a line for each sample"));
    }
    let repeated =
        header.iter().enumerate().find(|(place, name)| header.iter().take(*place).any(|other| other == *name));
    if let Some((_, name)) = repeated {
        let message = format!("{} has two columns named `{name}`", path.display());
        return Err(DatasetError::new(message).help("rename one of them, or remove it"));
    }
    Ok(Opened { path, reader, header })
}

impl Opened<'_> {
    /// The shape of one sample.
    pub fn shape(&self, label: Option<usize>, options: &TableOptions) -> Result<[usize; 3], DatasetError> {
        let (path, features) = (self.path.display(), self.header.len() - usize::from(label.is_some()));
        if features == 0 {
            return Err(DatasetError::new(format!("{path} has no column of numbers"))
                .help("it needs a header line and commas between columns"));
        }
        let [h, w, c] = options.shape.unwrap_or([1, 1, features]);
        if h * w * c != features {
            let message = format!("{path} has {features} columns of numbers, not {h}x{w}x{c} = {}", h * w * c);
            return Err(DatasetError::new(message).help("correct `shape`, or leave it out for rows of features"));
        }
        Ok([h, w, c])
    }

    /// Which column holds the labels. Errors: there is no such column, or the first line is no header.
    pub fn label(&self, options: &TableOptions) -> Result<Option<usize>, DatasetError> {
        let (path, header) = (self.path.display(), &self.header);
        let Some(wanted) = &options.label_column else {
            if !header.is_empty() && header.iter().all(|cell| cell.parse::<f64>().is_ok()) {
                let message = format!("{path} has numbers in its first line, where the columns' names belong");
                return Err(DatasetError::new(message).help("add a header line"));
            }
            return Ok(None);
        };
        if let Some(place) = header.iter().position(|name| name == wanted) {
            return Ok(Some(place));
        }
        let advice = nearest_or(wanted, header, || {
            let more = if header.len() > 12 { ", ..." } else { "" };
            format!("its columns are {}{more}", header.iter().take(12).collect::<Vec<_>>().join(", "))
        });
        Err(DatasetError::new(format!("{path} has no column `{wanted}`")).help(advice))
    }
}

fn read_table(path: &Path, options: &TableOptions, cancel: &Cancel) -> Result<Table, DatasetError> {
    let opened = open(path)?;
    let label = opened.label(options)?;
    let shape = opened.shape(label, options)?;
    let Opened { mut reader, header, .. } = opened;
    let mut values = Vec::new();
    let mut labels = label.map(|_| Vec::new());
    let mut rows = 0;
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| unreadable(path, &error))? {
        if rows % ROWS_AT_ONCE == 0 {
            cancel.check()?;
        }
        for (column, cell) in record.iter().enumerate() {
            match &mut labels {
                Some(labels) if label == Some(column) => {
                    if cell.is_empty() {
                        return Err(bad_cell(path, record.position(), &header[column], "has no label"));
                    }
                    labels.push(cell.to_owned());
                }
                _ => values.push(number(cell).map_err(|why| bad_cell(path, record.position(), &header[column], &why))?),
            }
        }
        rows += 1;
    }
    if rows == 0 {
        let message = format!("{} has no line below its header", path.display());
        return Err(DatasetError::new(message).help("it needs a line for each sample"));
    }
    let columns = header.iter().map(str::to_owned).collect();
    Ok(Table { columns, shape, values, rows, labels })
}

fn number(cell: &str) -> Result<f32, String> {
    if cell.is_empty() {
        return Err("has no value".into());
    }
    match cell.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("holds {cell}, which is no finite number")),
        Err(_) => Err(format!("holds `{cell}`, which is not a number")),
    }
}

fn bad_cell(path: &Path, position: Option<&Position>, column: &str, why: &str) -> DatasetError {
    let line = position.map_or(0, Position::line);
    let message = format!("{}: line {line}, column `{column}` {why}", path.display());
    DatasetError::new(message).help("correct or remove that row; a column of classes is named by label_column")
}

fn unreadable(path: &Path, error: &csv::Error) -> DatasetError {
    let path = path.display();
    if let csv::ErrorKind::Io(error) = error.kind()
        && let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<DatasetError>())
    {
        return DatasetError::Unusable { message: error.to_string(), help: error.advice().map(str::to_owned) };
    }
    let (message, advice) = match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => (
            format!(
                "{path}: line {} has {len} columns, the header {expected_len}",
                pos.as_ref().map_or(0, Position::line)
            ),
            "give every row as many cells as the header",
        ),
        csv::ErrorKind::Utf8 { pos, .. } => (
            format!("{path}: line {} is not UTF-8 text", pos.as_ref().map_or(0, Position::line)),
            "is it a CSV file? Save it as UTF-8",
        ),
        _ => (format!("{path}: {error}"), "is it a CSV file?"),
    };
    DatasetError::new(message).help(advice)
}

/// The different labels: numbers by value, else texts by letter.
fn classes<'a>(labels: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut classes: Vec<String> = labels.collect::<std::collections::BTreeSet<_>>().into_iter().cloned().collect();
    if classes.iter().all(|class| class.parse::<f64>().is_ok_and(f64::is_finite)) {
        classes.sort_by(|a, b| {
            let value = |class: &str| class.parse::<f64>().unwrap_or_default();
            value(a).total_cmp(&value(b))
        });
    }
    classes
}

/// Two classes that are one number written in two ways, where all are numbers, which are sorted.
fn equal(classes: &[String]) -> Option<[&String; 2]> {
    let values: Vec<f64> = classes.iter().map(|class| class.parse()).collect::<Result<_, _>>().ok()?;
    let place = values.windows(2).position(|pair| pair[0] == pair[1])?;
    Some([&classes[place], &classes[place + 1]])
}

fn part(path: &Path, table: Table, classes: &[String]) -> Result<Part, DatasetError> {
    let [h, w, c] = table.shape;
    let numbers: std::collections::BTreeMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
    let labels = table.labels.map(|labels| labels.iter().map(|label| numbers[label.as_str()]).collect());
    let images = Array::new(&[table.rows, h, w, c], table.values).map(Pixels::Floats);
    let images = images.ok_or_else(|| DatasetError::new(format!("{} has rows of unequal length", path.display())))?;
    Ok(Part { images, labels })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_text(text: &[u8], label: Option<&str>, shape: Option<[usize; 3]>) -> Result<Raw, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        let options = TableOptions { label_column: label.map(str::to_owned), shape };
        read(&path, None, &options, &Cancel::default()).map_err(|error| {
            let advice = error.advice().unwrap_or_default();
            format!("{error}\nhelp: {advice}").replace(&path.display().to_string(), "FILE")
        })
    }

    fn fails(text: &str, label: Option<&str>) -> String {
        read_text(text.as_bytes(), label, None).err().unwrap()
    }

    #[test]
    fn the_label_column_may_stand_anywhere_and_classes_are_sorted() {
        let raw = read_text(b"x, kind ,y\n1,b,2\n3,a,4.5\n-1e2,b,0\n", Some("kind"), None).unwrap();
        assert_eq!((raw.classes, raw.train.labels), (vec!["a".into(), "b".into()], Some(vec![1, 0, 1])));
        let Pixels::Floats(rows) = raw.train.images else { panic!("not floats") };
        assert_eq!((rows.shape(), rows.values()), (&[3, 1, 1, 2][..], &[1.0, 2.0, 3.0, 4.5, -100.0, 0.0][..]));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_name() {
        let raw = read_text(b"\xef\xbb\xbfkind,x\na,1\n", Some("kind"), None).unwrap();
        assert_eq!(raw.classes, ["a"]);
    }

    #[test]
    fn a_gzipped_table_is_read_and_a_damaged_one_refused() {
        let packed = crate::dataset::idx::gzipped(b"x\n1\n2\n");
        assert_eq!(read_text(&packed, None, None).unwrap().train.images.count(), 2);
        insta::assert_snapshot!(read_text(&packed[..packed.len() - 9], None, None).err().unwrap(), @r"
        FILE is truncated: its gzip stream ends early
        help: fetch or copy the file again
        ");
    }

    #[test]
    fn numeric_labels_are_sorted_by_value() {
        let raw = read_text(b"x,l\n0,10\n0,9\n0,2\n", Some("l"), None).unwrap();
        assert_eq!((raw.classes, raw.train.labels), (vec!["2".into(), "9".into(), "10".into()], Some(vec![2, 1, 0])));
    }

    #[test]
    fn labels_that_are_the_same_number_are_refused() {
        insta::assert_snapshot!(fails("x,l\n0,1\n0,2\n0,01\n0,1.0\n", Some("l")), @r"
        the labels `01` and `1` of FILE are the same number
        help: write it in one way everywhere
        ");
        // Among texts they are texts.
        assert_eq!(read_text(b"x,l\n0,1\n0,a\n0,01\n", Some("l"), None).unwrap().classes, ["01", "1", "a"]);
    }

    #[test]
    fn rows_become_images_when_a_shape_is_given() {
        let raw = read_text(b"a,b,c,d\n1,2,3,4\n", None, Some([2, 2, 1])).unwrap();
        assert_eq!(raw.train.images.shape(), [1, 2, 2, 1]);
        assert!(raw.classes.is_empty() && raw.train.labels.is_none());
        assert!(read_text(b"a,b,c\n1,2,3\n", None, Some([2, 2, 1])).err().unwrap().contains("not 2x2x1 = 4"));
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_column() {
        insta::assert_snapshot!(fails("x,y\n1,2\n3,NaN\n", None), @r"
        FILE: line 3, column `y` holds NaN, which is no finite number
        help: correct or remove that row; a column of classes is named by label_column
        ");
        insta::assert_snapshot!(fails("x,y\n1,\n", None), @r"
        FILE: line 2, column `y` has no value
        help: correct or remove that row; a column of classes is named by label_column
        ");
        insta::assert_snapshot!(fails("x,species\n1,setosa\n", None), @r"
        FILE: line 2, column `species` holds `setosa`, which is not a number
        help: correct or remove that row; a column of classes is named by label_column
        ");
        insta::assert_snapshot!(fails("x,y\n1,2\n3\n", None), @r"
        FILE: line 3 has 1 columns, the header 2
        help: give every row as many cells as the header
        ");
        insta::assert_snapshot!(fails("x,label\n1,a\n2,\n", Some("label")), @r"
        FILE: line 3, column `label` has no label
        help: correct or remove that row; a column of classes is named by label_column
        ");
        insta::assert_snapshot!(fails("x,label\n1,a\n", Some("lable")), @r"
        FILE has no column `lable`
        help: did you mean `label`?
        ");
        insta::assert_snapshot!(fails("1,2\n3,4\n", None), @r"
        FILE has numbers in its first line, where the columns' names belong
        help: add a header line
        ");
        insta::assert_snapshot!(fails("label\na\n", Some("label")), @r"
        FILE has no column of numbers
        help: it needs a header line and commas between columns
        ");
        insta::assert_snapshot!(fails("", None), @r"
        FILE is empty
        help: it needs a line with the columns' names, and a line for each sample
        ");
        assert_eq!(fails("", None), fails("\n \n\n", Some("label")));
        insta::assert_snapshot!(fails(",,\n1,2,3\n", None), @r"
        FILE has no names in its first line
        help: it needs a line with the columns' names, and a line for each sample
        ");
        insta::assert_snapshot!(fails("x,label,x,label\n1,a,2,b\n", Some("label")), @r"
        FILE has two columns named `x`
        help: rename one of them, or remove it
        ");
        insta::assert_snapshot!(fails("x,y\n1,2\n", Some("z")), @r"
        FILE has no column `z`
        help: its columns are x, y
        ");
        insta::assert_snapshot!(fails("x\n1e99\n", None), @r"
        FILE: line 2, column `x` holds 1e99, which is no finite number
        help: correct or remove that row; a column of classes is named by label_column
        ");
    }

    #[test]
    fn a_stop_is_obeyed_among_the_rows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        std::fs::write(&path, "x\n1\n").unwrap();
        let cancel = Cancel::default();
        cancel.cancel();
        let result = read(&path, None, &TableOptions::default(), &cancel);
        assert!(matches!(result, Err(DatasetError::Interrupted)));
    }

    #[test]
    fn a_binary_file_is_no_table() {
        assert!(read_text(b"x,y\n\xff\xfe,2\n", None, None).err().unwrap().contains("line 2 is not UTF-8"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[a,0-9.\n\"NaN-]{0,80}") {
            let _ = read_text(&bytes, None, None);
            let _ = read_text(text.as_bytes(), Some("a"), None);
            let _ = read_text(format!("x,a\n{text}").as_bytes(), Some("a"), Some([1, 1, 1]));
        }

        #[test]
        fn whatever_is_written_is_read_back(
            rows in proptest::collection::vec((any::<i16>(), -1e3f32..1e3, 0u8..4), 1..20)
        ) {
            let text: String = rows.iter().map(|(a, b, label)| format!("{a},{b},{label}\n")).collect();
            let raw = read_text(format!("a,b,l\n{text}").as_bytes(), Some("l"), None).unwrap();
            let Pixels::Floats(array) = &raw.train.images else { panic!("not floats") };
            for (row, (a, b, label)) in rows.iter().enumerate() {
                prop_assert_eq!(array.row(row), &[f32::from(*a), *b]);
                let class = raw.train.labels.as_ref().unwrap()[row] as usize;
                prop_assert_eq!(&raw.classes[class], &label.to_string());
            }
        }
    }
}

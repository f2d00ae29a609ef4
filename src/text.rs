//! Numbers, durations, values and tables as people read them in a terminal. Knows nothing of what they mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// A number with about four significant digits; whole numbers in full.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 {
        format!("{value:.0}")
    } else if (1e-3..1e5).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).clamp(1, 6) as usize;
        let text = format!("{value:.decimals$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else if value.is_finite() {
        format!("{value:.3e}")
    } else {
        value.to_string()
    }
}

/// A bound as people write it: very small and very large ones with an exponent, `1e-12`.
pub fn bound(value: f64) -> String {
    if value == 0.0 || (1e-4..1e12).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// A span of time: `4 ms`, `0.3 s`, `12.3 s`, `2 min 05 s`, `1 h 02 min`; a dash for none.
pub fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        "–".into()
    } else if seconds < 0.0995 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if seconds < 3599.5 {
        let whole = seconds.round() as u64;
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        let minutes = (seconds / 60.0).round() as u64;
        format!("{} h {:02} min", minutes / 60, minutes % 60)
    }
}

/// A number of bytes in powers of 1024.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") }
}

/// A param's value: strings without quotes, hashes shortened, long lists cut.
pub fn value(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            text[..8].to_owned()
        }
        other => shortened(&in_full(other), LONGEST),
    }
}

/// The most characters of a value.
const LONGEST: usize = 48;

/// A param's value: strings without quotes, unless line breaks and the like stand in them.
pub fn in_full(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains(char::is_control) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

/// The values of one param, as [`value`] has them, but of long ones that begin alike the part in which they differ, so
/// that no two read the same. Empty where there is none.
pub fn told_apart(values: &[Option<&Value>]) -> Vec<String> {
    if values.iter().flatten().all(|value| is_short(value)) {
        return values.iter().map(|known| known.map_or_else(String::new, in_full)).collect();
    }
    let mut alike: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for known in values.iter().flatten() {
        alike.entry(value(known)).or_default().insert(in_full(known));
    }
    let told = |known: &&Value| {
        let short = value(known);
        match &alike[&short] {
            same if same.len() < 2 => short,
            several => differing_part(&in_full(known), several),
        }
    };
    values.iter().map(|known| known.as_ref().map_or_else(String::new, told)).collect()
}

/// Whether [`value`] surely shows all of it.
pub fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= LONGEST,
        Value::Array(_) | Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A text from where several, of which it is one, stop being alike; all of it where that does not tell them apart.
fn differing_part(text: &str, several: &BTreeSet<String>) -> String {
    let (Some(first), Some(last)) = (several.first(), several.last()) else { return text.to_owned() };
    // What the first and the last in the alphabet have in common all have.
    let common = first.chars().zip(last.chars()).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8());
    let common: usize = common.sum();
    let start = first[..common].rfind(',').map_or(common, |comma| comma + 1);
    let part = |text: &str| shortened(&format!("…{}", &text[start..]), LONGEST);
    let parts: BTreeSet<String> = several.iter().map(|text| part(text)).collect();
    if parts.len() == several.len() { part(text) } else { text.to_owned() }
}

/// The parts of a text between commas, but for the commas inside quotes and brackets.
pub fn at_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut depth) = (Vec::new(), 0, 0_usize);
    let mut quote = None;
    let mut is_escaped = false;
    for (at, char) in text.char_indices() {
        match (quote, char) {
            _ if std::mem::take(&mut is_escaped) => {}
            (Some('"'), '\\') => is_escaped = true,
            (Some(open), _) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(char),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// `key=value` pairs with commas between them.
pub fn pairs(map: &Map<String, Value>) -> String {
    map.iter().map(|(key, entry)| format!("{key}={}", value(entry))).collect::<Vec<_>>().join(", ")
}

/// A stage's name and what tells it from its siblings.
pub fn label(stage: &str, variant: &Map<String, Value>) -> String {
    if variant.is_empty() { stage.to_owned() } else { format!("{stage} [{}]", pairs(variant)) }
}

/// A count with its noun: `1 run`, `2 runs`.
pub fn count(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A metric's name as a column's: below that of its stage, which saves room.
pub fn stacked(name: &str) -> String {
    name.rsplit_once('.').map_or_else(|| name.to_owned(), |(stage, metric)| format!("{stage}\n{metric}"))
}

/// The lines of a text, broken between words where they are wider than `width`; a word that is wider stays whole.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let start = line.len() - line.trim_start().len();
        let (indent, mut current) = (&line[..start], line[..start].to_owned());
        for word in line[start..].split(' ') {
            if current.chars().count() + word.chars().count() > width && current.len() > start {
                lines.push(std::mem::replace(&mut current, indent.to_owned()).trim_end().to_owned());
            }
            current.push_str(word);
            current.push(' ');
        }
        lines.push(current.trim_end().to_owned());
    }
    lines
}

/// The lines of a text, none wider than `width` but for long words, all after the first behind `indent` blanks.
pub fn hanging(text: &str, width: usize, indent: usize) -> Vec<String> {
    let lines = wrapped(text, width.saturating_sub(indent)).into_iter().enumerate();
    lines.map(|(index, line)| if index == 0 { line } else { format!("{:indent$}{line}", "") }).collect()
}

/// A text, or its beginning with an ellipsis when it is wider than `width`.
pub fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The first part, shortened if need be, and as many of the next ones as a line of this width has room for.
pub fn fitting(parts: &[String], width: usize) -> String {
    let mut line = parts.first().map_or_else(String::new, |first| shortened(first, width));
    for part in parts.iter().skip(1) {
        if line.chars().count() + GAP + part.chars().count() > width {
            break;
        }
        line = format!("{line}  {part}");
    }
    line
}

/// Blanks between two columns of a table.
pub const GAP: usize = 2;

/// Lines of columns, each as wide as its widest cell; numbers stand to the right. No trailing blanks. A column's name
/// may have several lines.
pub fn table(header: &[String], rows: &[Vec<String>]) -> Vec<String> {
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column)).map(String::as_str);
    let width = |text: &str| text.chars().count();
    let columns: Vec<(usize, bool)> = header
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let widest = cells(column).chain(name.lines()).map(width).max().unwrap_or(0);
            let is_blank = |cell: &str| matches!(cell, "" | "–");
            let numeric = cells(column).any(|cell| !is_blank(cell))
                && cells(column).all(|cell| is_blank(cell) || cell.parse::<f64>().is_ok());
            (widest, numeric)
        })
        .collect();
    let line = |row: &[String]| {
        let mut line = String::new();
        for (place, (cell, &(widest, numeric))) in row.iter().zip(&columns).enumerate() {
            // By hand: widths beyond 65,535 are no widths to the standard library.
            let blanks = " ".repeat(widest - width(cell));
            line.push_str(&" ".repeat(if place == 0 { 0 } else { GAP }));
            let (before, behind) = if numeric { (&*blanks, "") } else { ("", &*blanks) };
            line.extend([before, cell, behind]);
        }
        line.truncate(line.trim_end().len());
        line
    };
    let height = header.iter().map(|name| name.lines().count()).max().unwrap_or(1).max(1);
    // Names stand at the bottom of the header.
    let from_below = |name: &String, above: usize| name.lines().rev().nth(above).unwrap_or_default().to_owned();
    let names = (0..height).rev().map(|above| header.iter().map(|name| from_below(name, above)).collect());
    let names: Vec<Vec<String>> = names.collect();
    names.iter().chain(rows).map(|row| line(row)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_cells_of_any_length() {
        let (long, header) = ("n".repeat(70_000), ["run", "note"].map(str::to_owned));
        let row = |run: &str, note: &str| vec![run.to_owned(), note.to_owned()];
        let lines = table(&header, &[row("1", &long), row("12", "short")]);
        assert_eq!(lines, ["run  note", &format!("  1  {long}"), " 12  short"]);
    }

    #[test]
    fn numbers_keep_about_four_digits() {
        let shown = [0.0, 219_584.0, 0.084_291, 0.5, 12.3456, 0.000_012_3, 123_456.7, -0.0675, f64::NAN].map(number);
        assert_eq!(shown, ["0", "219584", "0.08429", "0.5", "12.35", "1.230e-5", "1.235e5", "-0.0675", "NaN"]);
    }

    #[test]
    fn bounds_are_short() {
        let shown = [0.0, 1.0, 0.05, -3.0, 65536.0, 1e12, 1e-12].map(bound);
        assert_eq!(shown, ["0", "1", "0.05", "-3", "65536", "1e12", "1e-12"]);
    }

    #[test]
    fn durations_are_told_in_the_unit_that_fits() {
        let shown = [0.0042, 0.0996, 12.34, 59.99, 125.0, 3599.9, 3725.0, f64::NAN].map(seconds);
        assert_eq!(shown, ["4 ms", "0.1 s", "12.3 s", "1 min 00 s", "2 min 05 s", "1 h 00 min", "1 h 02 min", "–"]);
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        assert_eq!([0, 1023, 1024, 5_000_000].map(bytes), ["0 B", "1023 B", "1.0 KiB", "4.8 MiB"]);
    }

    #[test]
    fn values_are_short() {
        let shown = [json!("dense 256 relu"), json!(1e-5), json!([1, 2]), json!(null), json!("a".repeat(64))];
        assert_eq!(shown.map(|shown| value(&shown)), ["dense 256 relu", "0.00001", "[1,2]", "none", "aaaaaaaa"]);
        assert_eq!(value(&json!("x".repeat(100))).chars().count(), 48);
    }

    #[test]
    fn long_values_that_begin_alike_are_told_apart() {
        let layers = |last: &str| json!(["dense 512 relu", "dense 256 relu", "dense 128 relu", "dense 64 relu", last]);
        let (one, other, short) = (layers("dense 32 relu"), layers("dense 16 relu"), json!(["dense 2"]));
        assert_eq!(
            told_apart(&[Some(&one), Some(&other), None, Some(&short), Some(&one)]),
            ["…\"dense 32 relu\"]", "…\"dense 16 relu\"]", "", "[\"dense 2\"]", "…\"dense 32 relu\"]"]
        );
        // Where they differ twice and far apart, nothing shorter than all of it tells them apart.
        let twice = |first: &str, last: &str| json!([first, "dense 256 relu", "dense 128 relu", "dense 64 relu", last]);
        let several = [twice("ab", "c"), twice("ab", "d"), twice("ac", "c")];
        let told = told_apart(&several.iter().map(Some).collect::<Vec<_>>());
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 3, "{told:?}");
    }

    #[test]
    fn commas_inside_of_lists_and_quotes_part_nothing() {
        assert_eq!(at_commas(r#"a=[1, 2], b="x,\"y", c"#), ["a=[1, 2]", r#" b="x,\"y""#, " c"]);
        assert_eq!(at_commas(""), [""]);
    }

    #[test]
    fn long_lines_are_broken_between_words_and_keep_their_indent() {
        insta::assert_snapshot!(wrapped("a notice of some length\n  https://example.org/long/path: no answer", 16).join("\n"), @r"
        a notice of some
        length
          https://example.org/long/path:
          no answer
        ");
        assert_eq!(wrapped("as it is, however long", usize::MAX), ["as it is, however long"]);
    }

    #[test]
    fn columns_line_up() {
        let cells = |row: [&str; 3]| row.map(str::to_owned).to_vec();
        let rows = [cells(["a", "1.25", "x"]), cells(["bbb", "10", ""])];
        insta::assert_snapshot!(table(&cells(["id", "loss", "note"]), &rows).join("\n"), @r"
        id   loss  note
        a    1.25  x
        bbb    10
        ");
        insta::assert_snapshot!(table(&cells(["id", "model\nloss", "note"]), &rows).join("\n"), @r"
             model
        id    loss  note
        a     1.25  x
        bbb     10
        ");
    }
}

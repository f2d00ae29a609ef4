//! One byte string per JSON value, whatever the order of its keys: type tag, length, content.

use serde_json::{Number, Value};

/// The canonical bytes of a value. Prefix-free, so that values can stand one after the other; never empty.
pub fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    append(value, &mut out);
    out
}

fn append(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Number(number) => append_number(number, out),
        Value::String(text) => append_text(text, out),
        Value::Array(items) => {
            out.push(b'a');
            append_length(items.len(), out);
            items.iter().for_each(|item| append(item, out));
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push(b'o');
            append_length(entries.len(), out);
            for (key, value) in entries {
                append_text(key, out);
                append(value, out);
            }
        }
    }
}

/// Integers and floats stay apart, since a kind may read `1` and `1.0` differently. A float is its bits, so `1e-5` is
/// `0.00001`; the two zeros are one.
fn append_number(number: &Number, out: &mut Vec<u8>) {
    if let Some(value) = number.as_u64() {
        out.push(b'u');
        out.extend(value.to_le_bytes());
    } else if let Some(value) = number.as_i64() {
        out.push(b'i');
        out.extend(value.to_le_bytes());
    } else if let Some(value) = number.as_f64() {
        out.push(b'f');
        out.extend((value + 0.0).to_bits().to_le_bytes());
    }
}

fn append_text(text: &str, out: &mut Vec<u8>) {
    out.push(b's');
    append_length(text.len(), out);
    out.extend(text.as_bytes());
}

fn append_length(length: usize, out: &mut Vec<u8>) {
    out.extend((length as u64).to_le_bytes());
}

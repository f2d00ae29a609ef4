//! Values by name, for very many things that have the same names. Knows no meaning.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

/// Numbers by name; the names are shared with whatever else has the same ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// In alphabetical order.
    names: Arc<[String]>,
    values: Vec<f64>,
}

impl Named {
    /// The names, in alphabetical order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let place = self.names.binary_search_by(|known| known.as_str().cmp(name));
        place.ok().map(|place| self.values[place])
    }

    /// Names and numbers, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.names.iter().map(String::as_str).zip(self.values.iter().copied())
    }

    /// Reads a JSON object, in which `null` stands for what is not a number. Shares its names with this one where it has
    /// the same.
    pub fn from_json(text: &str, like: &Self) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        let read = Like(like).deserialize(&mut json)?;
        json.end().map(|()| read)
    }
}

impl Default for Named {
    fn default() -> Self {
        Self { names: Arc::new([]), values: Vec::new() }
    }
}

/// Of several with one name the last.
impl FromIterator<(String, f64)> for Named {
    fn from_iter<I: IntoIterator<Item = (String, f64)>>(entries: I) -> Self {
        let entries: std::collections::BTreeMap<String, f64> = entries.into_iter().collect();
        let (names, values): (Vec<String>, Vec<f64>) = entries.into_iter().unzip();
        Self { names: names.into(), values }
    }
}

struct Like<'a>(&'a Named);

/// A name that is not copied unless it has to be.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Like<'_> {
    type Value = Named;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Named, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Like<'_> {
    type Value = Named;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("numbers by name")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Named, M::Error> {
        let Named { names, .. } = self.0;
        let mut values = Vec::with_capacity(names.len());
        while let Some((Name(name), value)) = map.next_entry::<Name<'_>, Option<f64>>()? {
            let value = value.unwrap_or(f64::NAN);
            if names.get(values.len()).is_some_and(|known| *known == name) {
                values.push(value);
                continue;
            }
            let mut entries: Vec<(String, f64)> = names.iter().cloned().zip(values).collect();
            entries.push((name.into_owned(), value));
            while let Some((name, value)) = map.next_entry::<String, Option<f64>>()? {
                entries.push((name, value.unwrap_or(f64::NAN)));
            }
            return Ok(entries.into_iter().collect());
        }
        if values.len() < names.len() {
            return Ok(names.iter().cloned().zip(values).collect());
        }
        Ok(Named { names: names.clone(), values })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, like: &Named) -> Named {
        Named::from_json(text, like).unwrap()
    }

    #[test]
    fn names_are_shared_where_they_are_the_same() {
        let one = read(r#"{"a.mse":0.5,"b":null}"#, &Named::default());
        let other = read(r#"{"a.mse":1,"b":2.5}"#, &one);
        assert!(Arc::ptr_eq(&one.names, &other.names));
        assert_eq!((other.get("a.mse"), other.get("b"), other.get("c")), (Some(1.0), Some(2.5), None));
        assert!(one.get("b").unwrap().is_nan());
        assert!(Named::from_json(r#"{"a.mse":"x"}"#, &one).is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_does_not_depend_on_what_was_read_before(
            one in proptest::collection::btree_map("[a-c\"]{0,2}", -1e9..1e9, 0..5),
            other in proptest::collection::btree_map("[a-c\"]{0,2}", -1e9..1e9, 0..5),
        ) {
            let text = serde_json::to_string(&other).unwrap();
            let like: Named = one.into_iter().collect();
            prop_assert_eq!(read(&text, &like), other.into_iter().collect());
        }
    }
}

//! What the values of options may be. Knows no option.

use std::fmt::Display;
use std::str::FromStr;

/// A whole number from `least` on, up to `most` if there is one.
pub fn whole<N>(least: N, most: Option<N>) -> impl Fn(&str) -> Result<N, String> + Clone
where
    N: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        let fits = |number: &N| *number >= least && most.as_ref().is_none_or(|most| number <= most);
        text.parse().ok().filter(fits).ok_or_else(|| match &most {
            Some(most) => format!("give a whole number from {least} to {most}"),
            None => format!("give a whole number, {least} or more"),
        })
    }
}

/// A key, `=` and anything.
pub fn assignment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        Some(_) => Err("there is no param's name before the `=`".to_owned()),
        None => Err(format!("it has no `=`: write `{text}=` and the value")),
    }
}

/// A stage's name, and not the file that `--force` would swallow.
pub fn forced(text: &str) -> Result<String, String> {
    match text.ends_with(".toml") {
        true => Err("that is a file: put --force after FILE, or write --force=STAGE".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// A tag that says something.
pub fn named(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a tag has a name".to_owned()),
        name => Ok(name.to_owned()),
    }
}

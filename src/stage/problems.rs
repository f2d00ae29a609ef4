//! Small helpers for kinds' checks of their params.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kind::{Facts, ParamProblem};

/// A param whose value does not make sense.
pub fn problem(param: &str, message: impl Into<String>) -> ParamProblem {
    ParamProblem { param: param.into(), index: None, message: message.into(), help: None }
}

impl ParamProblem {
    /// Adds the next thing to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at one element of a list.
    pub fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }
}

/// Params as the kind's struct. Error: they do not fit it, which the plan's own checks have excluded.
pub fn parse<P: DeserializeOwned>(params: &Value) -> Result<P, Vec<ParamProblem>> {
    serde_json::from_value(params.clone()).map_err(|error| vec![problem("", format!("unusable params: {error}"))])
}

/// Names of classes that a data set does not have, each at its place in the list, when its classes are known.
pub fn unknown_classes(param: &str, names: &[String], facts: Option<&Facts>) -> Vec<ParamProblem> {
    let Some(classes) = facts.and_then(|facts| facts.classes.as_ref()) else { return vec![] };
    let unknown = names.iter().enumerate().filter(|(_, name)| !classes.contains(name));
    unknown
        .map(|(index, name)| problem(param, format!("there is no class `{name}`")).help(class_list(classes)).at(index))
        .collect()
}

/// The classes there are, in words.
pub fn class_list(classes: &[String]) -> String {
    const MOST: usize = 30;
    if classes.is_empty() {
        return "the data set has no labels".into();
    }
    let more = classes.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("the classes are {}{rest}", classes[..classes.len().min(MOST)].join(", "))
}

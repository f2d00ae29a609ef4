//! Small helpers for kinds' checks of their params.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kind::ParamProblem;

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

//! Why something can't be asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a parameter, or a whole input, can't be asked for in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unaskable {
    /// The parameter of the input; `None` for the input as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// A reason why something can't be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The document describes no task: the model has calls of its own.
    #[error("the document describes no task")]
    NotATask,
    /// The task has no input, or the input has no parameters.
    #[error("the document describes no input")]
    NoInput,
    /// What stands in the place of a schema is none.
    #[error("what stands there is no schema")]
    NotASchema,
    /// A parameter is required and not described.
    #[error("it is required and not described")]
    NotDescribed,
    /// A reference leads out of the document.
    #[error("a reference leads out of the document")]
    ForeignReference,
    /// A reference leads nowhere.
    #[error("a reference leads nowhere")]
    LostReference,
    /// A description contains itself.
    #[error("the description contains itself")]
    Cycle,
    /// There are more alternatives, options, parameters or levels than anybody would answer.
    #[error("there is too much of it")]
    TooMuch,
    /// Neither a type nor anything that tells it.
    #[error("its type is not told")]
    NoType,
    /// A type that this program doesn't know.
    #[error("its type is not known")]
    UnknownType,
    /// A choice without an option that can be sent.
    #[error("there is nothing to choose from")]
    NoOptions,
    /// Limits that no value keeps.
    #[error("no value keeps its limits")]
    EmptyRange,
    /// A list of lists.
    #[error("it is a list of lists")]
    NestedList,
    /// An object whose fields are not described.
    #[error("its fields are not described")]
    NoFields,
    /// A part that is needed can't be asked for.
    #[error("a part that it needs can't be asked for")]
    NeededPart,
}

impl fmt::Display for Unaskable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parameter {
            Some(parameter) => write!(f, "{parameter}: {}", self.reason),
            None => fmt::Display::fmt(&self.reason, f),
        }
    }
}

impl std::error::Error for Unaskable {}

impl From<Reason> for Unaskable {
    /// Of the input as a whole.
    fn from(reason: Reason) -> Self {
        Self {
            parameter: None,
            reason,
        }
    }
}

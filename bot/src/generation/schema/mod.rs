//! What a model's input is made of: the parameters that a person is asked for, with their rules.
//!
//! [`ModelSchema::of_openapi`] reads the OpenAPI document that describes a model. It is pure, takes any JSON at all, and
//! answers a schema that can be asked for, or the reason why not. What it makes of a document:
//!
//! - Local references are followed, `allOf` is put together, and each alternative (`oneOf`, `anyOf`) of the input becomes an
//!   [`InputShape`].
//! - The values of a choice keep the JSON type that the document gives them: the API tells `"5"` and `5` apart.
//! - An optional parameter that can't be asked for stays in the list as [`Kind::Unaskable`], to be left out of the questions.
//!   A required one makes its shape unusable, and a model without any usable shape is an error.
//! - Limits that stand in the words of a description only, as the size of a file does, are read from there.

mod document;
mod json;
mod kinds;
mod literal;
mod media;
mod parameter;
mod prose;
mod reader;
#[cfg(test)]
mod tests;
mod unaskable;

pub use json::Json;
pub use literal::Literal;
pub use media::{Media, MediaKind};
pub use parameter::{Choice, InputShape, IntegerRules, Kind, ListRules, NumberRules, Parameter, TextRules};
pub use unaskable::{Reason, Unaskable};

use serde::{Deserialize, Serialize};

/// What a model's input is made of. At least one shape, and every required parameter of each can be asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSchema {
    /// The shapes that an input can have, in the document's order; most models have one.
    pub shapes: Vec<InputShape>,
}

impl ModelSchema {
    /// The schema in an OpenAPI document.
    ///
    /// # Errors
    ///
    /// [`Unaskable`] says why the input can't be asked for.
    pub fn of_openapi(document: &Json) -> Result<Self, Unaskable> {
        reader::read(document)
    }
}

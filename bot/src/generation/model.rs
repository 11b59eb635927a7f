//! What a catalogue says of a model, and what an account has left.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ModelId;

/// A model as the catalogue lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// What tasks are created with.
    pub model: ModelId,
    /// The name for people.
    pub title: String,
    /// The name in addresses of the API's own site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Who made the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What it does, in the API's words, such as `Text to Video`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub task_types: Vec<String>,
    /// What it is good for, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it costs, in English prose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
}

/// Which models are wanted; all of them by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ModelFilter {
    /// Only those that do this, such as `Text to Video`.
    pub task_type: Option<String>,
    /// Only those of this maker.
    pub provider: Option<String>,
    /// Only those that these words are found in.
    pub query: Option<String>,
}

/// Credits of the generation API: what an account has, and what a task takes of it. They may be fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credits(pub Decimal);

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.normalize(), f)
    }
}

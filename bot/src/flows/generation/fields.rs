//! The names of the fields that the dialogue keeps, and what is in them.

use serde::{Deserialize, Serialize};
use stepkeep_core::{FieldName, Fields, FlowError};

use super::place::{Answers, Place};
use crate::flows::parts::read;
use crate::generation::ModelId;
use crate::generation::schema::InputShape;

/// Which models are shown.
pub(super) const SHOWN: &str = "shown";
/// The model that the person chose.
pub(super) const MODEL: &str = "model";
/// What a call is waited for.
pub(super) const WANTED: &str = "wanted";
/// What is asked of the person.
pub(super) const SHAPE: &str = "shape";
/// What the person answered.
pub(super) const ANSWERS: &str = "answers";
/// The question that is open.
pub(super) const AT: &str = "at";
/// The questions that came before it.
pub(super) const TRAIL: &str = "trail";
/// Whether the person came from the summary.
pub(super) const EDITING: &str = "editing";
/// The price that the person was shown last.
pub(super) const PRICE: &str = "price";
/// The page of a long list.
pub(super) const PAGE: &str = "page";
/// The album whose files come in.
pub(super) const ALBUM: &str = "album";
/// The models that the person likes. Stays when the dialogue ends.
pub(super) const FAVOURITES: &str = "favourite_models";
/// What the person had made last. Stays when the dialogue ends.
pub(super) const LAST_JOB: &str = "last_generation";

/// Which models are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shown {
    /// Those that do this, in the API's words.
    Category(String),
    /// Those in which these words are found.
    Search(String),
    /// Those that the person likes.
    Favourites,
}

/// A model that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chosen {
    /// Its id.
    pub(super) model: ModelId,
    /// What people call it.
    pub(super) title: String,
}

/// What the person waits for until it is loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    /// The menu.
    Categories,
    /// The questions of the chosen model.
    Questions,
    /// The summary of the chosen model with the answers of an earlier time.
    Repeat(Answers),
}

/// An album, and the question that its first file answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Album {
    /// What Telegram calls it.
    pub(super) id: String,
    /// The question.
    pub(super) at: Place,
}

/// What a person had made last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LastJob {
    /// With which model.
    #[serde(flatten)]
    pub(super) chosen: Chosen,
    /// With which answers.
    pub(super) answers: Answers,
}

/// A generation in the making.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) chosen: Chosen,
    pub(super) shape: InputShape,
    pub(super) answers: Answers,
}

/// The generation that the person is at.
///
/// # Errors
/// When something of it is missing or can't be read.
pub(super) fn draft(data: &Fields) -> Result<Draft, FlowError> {
    let missing = || FlowError::new("no_model", "no model was chosen");
    Ok(Draft {
        chosen: read(data, MODEL)?.ok_or_else(missing)?,
        shape: read(data, SHAPE)?.ok_or_else(missing)?,
        answers: read(data, ANSWERS)?.unwrap_or_default(),
    })
}

/// The name of a field of this dialogue.
pub(super) fn field(name: &'static str) -> FieldName {
    FieldName::constant(name)
}

//! Tasks of the generation API: what is asked for, how it stands, and what came of it.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::{Credits, ModelId, TaskId};

/// The longest message of a failed task that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What is to be made.
///
/// The debug form leaves out what the person wrote.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct NewTask {
    /// What makes it.
    pub model: ModelId,
    /// What the model asked for. The API passes over names that it doesn't know, so these have to be right.
    pub input: Map<String, Value>,
    /// Where the API tells that the task has ended. Only a hint to look: nothing is taken from what comes there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_back: Option<Url>,
}

impl fmt::Debug for NewTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTask")
            .field("model", &self.model)
            .field("input", &self.input.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A file to be handed to the API, which a task's input then names by its address.
///
/// The debug form leaves out the content.
#[derive(Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its name. Only its ending is handed on: names tell about people.
    pub name: String,
    /// Its MIME type.
    pub media_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

impl fmt::Debug for NewFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewFile")
            .field("media_type", &self.media_type)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// What a task has made.
///
/// The debug form leaves out the content.
#[derive(Clone, PartialEq, Eq)]
pub struct ResultFile {
    /// Its MIME type, by its content where that shows it.
    pub media_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

impl fmt::Debug for ResultFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultFile")
            .field("media_type", &self.media_type)
            .field("size", &self.bytes.len())
            .finish()
    }
}

/// A task as the API tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Which one.
    pub id: TaskId,
    /// How far it is.
    pub state: TaskState,
    /// The addresses of what it made, in the API's order. May be empty even after a success, when the result is no file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
    /// What it has taken of the account: the price that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credits: Option<Credits>,
    /// Why it failed; there whenever it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<TaskFailure>,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It is taken.
    Waiting,
    /// It has its place in the model's queue.
    Queuing,
    /// It is being worked on, or does something that has no name here yet.
    Generating,
    /// It has ended well.
    Succeeded,
    /// It has ended, and there is no result.
    Failed,
}

impl TaskState {
    /// Whether nothing more will come of it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// Why a task failed, in the API's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFailure {
    /// A code, such as `400`; may be empty.
    pub code: String,
    /// What it says, in English; may be empty. At most 300 characters.
    pub message: String,
}

impl TaskFailure {
    /// A failure whose message is cut to what is kept.
    pub fn new(code: impl Into<String>, message: &str) -> Self {
        Self {
            code: code.into(),
            message: message.chars().take(LONGEST_MESSAGE).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_forms_hold_nothing_of_what_people_sent() {
        let input = serde_json::from_str(r#"{"prompt":"my secret"}"#).unwrap();
        let task = NewTask {
            model: ModelId::new("z-image").unwrap(),
            input,
            call_back: None,
        };
        let file = NewFile {
            name: "secret.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: Bytes::from_static(b"secret"),
        };
        let text = format!("{task:?} {file:?}");
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("prompt") && text.contains("image/png"), "{text}");
    }

    #[test]
    fn a_task_is_stored_with_what_there_is_of_it() {
        let task = Task {
            id: TaskId::new("t-1").unwrap(),
            state: TaskState::Succeeded,
            results: Vec::new(),
            credits: None,
            failure: None,
        };
        insta::assert_snapshot!(serde_json::to_string(&task).unwrap(), @r#"{"id":"t-1","state":"succeeded"}"#);
    }

    #[test]
    fn a_long_failure_is_cut() {
        let failure = TaskFailure::new("500", &"ж".repeat(1_000));
        assert_eq!(failure.message.chars().count(), LONGEST_MESSAGE);
    }
}

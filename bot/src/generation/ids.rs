//! The ids of models and of tasks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest id that is taken.
const LONGEST: usize = 128;

/// Text that can't be a model's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a model's id is 1 to 128 Latin letters, digits, '-', '_' or '.', in parts with '/' between them")]
pub struct InvalidModelId;

/// The id of a model, such as `kling-2.6/image-to-video`. Its parts are safe to be segments of a URL's path as they stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId(Box<str>);

impl ModelId {
    /// The id that `text` is.
    ///
    /// # Errors
    ///
    /// [`InvalidModelId`] when `text` has other characters than an id may have, an empty part, or too many of them.
    pub fn new(text: &str) -> Result<Self, InvalidModelId> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_part = |part: &str| !part.is_empty() && part.bytes().all(plain) && !matches!(part, "." | "..");
        if text.len() > LONGEST || !text.split('/').all(is_part) {
            return Err(InvalidModelId);
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ModelId {
    type Err = InvalidModelId;

    fn from_str(text: &str) -> Result<Self, InvalidModelId> {
        Self::new(text)
    }
}

impl TryFrom<String> for ModelId {
    type Error = InvalidModelId;

    fn try_from(text: String) -> Result<Self, InvalidModelId> {
        Self::new(&text)
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.0.into_string()
    }
}

/// Text that can't be a task's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a task's id is 1 to 128 visible characters of ASCII")]
pub struct InvalidTaskId;

/// The id that the API gave to a task. It means nothing but that.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(Box<str>);

impl TaskId {
    /// The id that `text` is.
    ///
    /// # Errors
    ///
    /// [`InvalidTaskId`] when `text` is empty, longer than 128 characters, or has spaces or other than ASCII in it.
    pub fn new(text: &str) -> Result<Self, InvalidTaskId> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > LONGEST || !is_plain {
            return Err(InvalidTaskId);
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TaskId {
    type Err = InvalidTaskId;

    fn from_str(text: &str) -> Result<Self, InvalidTaskId> {
        Self::new(text)
    }
}

impl TryFrom<String> for TaskId {
    type Error = InvalidTaskId;

    fn try_from(text: String) -> Result<Self, InvalidTaskId> {
        Self::new(&text)
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_change_the_path_is_refused() {
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "a/../b",
            ".",
            "a?b",
            "a#b",
            "a b",
            "a%2fb",
            "модель",
        ] {
            assert_eq!(ModelId::new(bad), Err(InvalidModelId), "{bad:?}");
        }
        assert_eq!(ModelId::new(&"a".repeat(LONGEST + 1)), Err(InvalidModelId));
        for good in ["z-image", "kling-2.6/image-to-video", "a/b/c_d"] {
            assert_eq!(ModelId::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn an_id_is_stored_as_its_text() {
        let id = ModelId::new("google/nano-banana").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""google/nano-banana""#);
        assert_eq!(
            serde_json::from_str::<ModelId>(r#""google/nano-banana""#).unwrap(),
            id
        );
        assert!(serde_json::from_str::<ModelId>(r#""../x""#).is_err());
    }

    #[test]
    fn a_task_s_id_is_any_visible_text_of_bounded_length() {
        for bad in ["", " ", "a b", "a\n", "задача"] {
            assert_eq!(TaskId::new(bad), Err(InvalidTaskId), "{bad:?}");
        }
        assert_eq!(TaskId::new(&"a".repeat(LONGEST + 1)), Err(InvalidTaskId));
        let id = TaskId::new("task_google_1765178608584").unwrap();
        let stored = serde_json::to_string(&id).unwrap();
        assert_eq!(stored, r#""task_google_1765178608584""#);
        assert_eq!(serde_json::from_str::<TaskId>(&stored).unwrap(), id);
        assert!(serde_json::from_str::<TaskId>(r#""a b""#).is_err());
    }
}

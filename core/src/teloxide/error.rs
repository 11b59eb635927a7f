//! What can go wrong with a dialogue.

use std::fmt;

use crate::error::{StoreError, StoreErrorKind};
use crate::key::SessionKey;
use crate::session::Session;

/// A dialogue that could not be read or written. Neither `Display` nor `Debug` shows what is in it.
///
/// Whatever it is, the dialogue is as it was; but after an `Indeterminate` error of the store the write may have
/// happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialogueError {
    /// There is no dialogue to remove.
    #[error("there is no dialogue to remove (session {key})")]
    DialogueNotFound {
        /// Whose it would be.
        key: SessionKey,
    },
    /// Somebody else wrote the dialogue after it was read here. Nothing changed. Read it anew, and decide again.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The dialogue could not be read when it was asked for, or was another one than was thought, and nobody has read it
    /// since: an update would write over what its caller never saw. Read it first.
    #[error("the dialogue was not read, so it is not written over: read it first (session {key})")]
    NotRead {
        /// Whose dialogue.
        key: SessionKey,
    },
    /// The state has no form in this format.
    #[error("the dialogue can't be written as {format} (session {key}): {problem}")]
    Unwritable {
        /// Whose dialogue.
        key: SessionKey,
        /// The format.
        format: &'static str,
        /// What is wrong, without values.
        problem: String,
    },
    /// What is stored is not a state of this type in this format. It was left as it is; removing the dialogue is the
    /// only way to begin anew.
    #[error("the dialogue can't be read as {format} (session {key}): {problem}")]
    Unreadable {
        /// Whose dialogue.
        key: SessionKey,
        /// The format.
        format: &'static str,
        /// What is wrong, without values.
        problem: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl DialogueError {
    /// The store's error as one about a dialogue: a conflict where it is one.
    pub(crate) fn of_store(key: &SessionKey, error: StoreError) -> Self {
        match Conflict::of_store(key, error) {
            Ok(conflict) => Self::Conflict(conflict),
            Err(error) => Self::Store(error),
        }
    }
}

/// Somebody else wrote a session after it was read here, so it was not written again.
#[derive(Clone, PartialEq)]
pub struct Conflict {
    key: SessionKey,
    current: Option<Session>,
}

impl Conflict {
    /// Whose session.
    pub fn key(&self) -> &SessionKey {
        &self.key
    }

    /// The session as it is stored; `None` when it is not there any more.
    pub fn current(&self) -> Option<&Session> {
        self.current.as_ref()
    }

    /// A store's error, if it says that the session is not what it was.
    pub(crate) fn of_store(key: &SessionKey, error: StoreError) -> Result<Self, StoreError> {
        match error.kind() {
            StoreErrorKind::Conflict | StoreErrorKind::AlreadyExists | StoreErrorKind::NotFound => Ok(Self {
                key: key.clone(),
                current: error.into_current(),
            }),
            _ => Err(error),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.current {
            Some(_) => "was changed",
            None => "was removed",
        };
        write!(
            formatter,
            "the session {} {what} by somebody else meanwhile",
            self.key
        )
    }
}

impl fmt::Debug for Conflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Conflict")
            .field("key", &self.key)
            .field("current", &self.current.as_ref().map(Session::revision))
            .finish()
    }
}

impl std::error::Error for Conflict {}

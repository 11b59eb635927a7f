//! What can go wrong in a store, and whether trying again makes sense.

use std::error::Error;
use std::fmt;

use crate::document::DecodeError;
use crate::key::SessionKey;
use crate::session::Session;

/// What kind of failure a [`StoreError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The session to be updated is not there.
    NotFound,
    /// A session to be created is there already. The error has it.
    AlreadyExists,
    /// The stored revision is not the held one. Nothing changed. The error has the session as it is.
    Conflict,
    /// A read took longer than its deadline. Nothing changed.
    Timeout,
    /// The store can't be reached, or is too busy. Nothing changed.
    Unavailable,
    /// A write may have happened or not: its answer did not come.
    Indeterminate,
    /// The record is damaged. It was left as it is.
    Corrupt,
    /// A newer version wrote the record, or the store. It was left as it is.
    TooNew,
    /// The session would be larger than the store takes. Nothing changed.
    TooLarge,
    /// The call makes no sense (a cursor of another store, a page of zero sessions), or the store refuses it for good.
    Invalid,
}

impl StoreErrorKind {
    /// The kind as one stable word: for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Indeterminate => "indeterminate",
            Self::Corrupt => "corrupt",
            Self::TooNew => "too_new",
            Self::TooLarge => "too_large",
            Self::Invalid => "invalid",
        }
    }
}

/// Whether the same call may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It would fail again, or do something else than was meant.
    Never,
    /// Nothing happened: it may be made again as it is.
    Safe,
    /// It may have happened: read the session back first; its revision tells.
    AfterReadingBack,
}

/// Which operation of a store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreOperation {
    /// Opening or connecting.
    Open,
    /// Schema check or set-up, health, statistics.
    Administration,
    /// [`create`](crate::SessionStore::create)
    Create,
    /// [`get`](crate::SessionStore::get)
    Get,
    /// [`update`](crate::SessionStore::update)
    Update,
    /// [`clear`](crate::SessionStore::clear)
    Clear,
    /// [`cleanup`](crate::SessionStore::cleanup)
    Cleanup,
    /// [`scan`](crate::SessionStore::scan)
    Scan,
}

impl StoreOperation {
    /// The operation as one stable word: for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Administration => "administration",
            Self::Create => "create",
            Self::Get => "get",
            Self::Update => "update",
            Self::Clear => "clear",
            Self::Cleanup => "cleanup",
            Self::Scan => "scan",
        }
    }

    /// Whether it changes one session, so that a lost answer leaves open whether it happened.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Clear)
    }
}

impl fmt::Display for StoreOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A failure of a store: what kind, in which operation of which backend, for which session, and why.
///
/// Neither `Display` nor `Debug` shows a session's data or a connection's password. A store that puts a driver's
/// error in as the source takes care that this holds for it too.
pub struct StoreError(Box<Parts>);

struct Parts {
    kind: StoreErrorKind,
    operation: StoreOperation,
    backend: &'static str,
    key: Option<SessionKey>,
    current: Option<Session>,
    message: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// An error of this kind. `backend` is the store's name as operators know it, such as `sqlite`.
    pub fn new(kind: StoreErrorKind, operation: StoreOperation, backend: &'static str) -> Self {
        Self(Box::new(Parts {
            kind,
            operation,
            backend,
            key: None,
            current: None,
            message: None,
            source: None,
        }))
    }

    /// The stored revision is not the held one: `current` is what is stored.
    pub fn conflict(operation: StoreOperation, backend: &'static str, current: Session) -> Self {
        Self::new(StoreErrorKind::Conflict, operation, backend).with_current(current)
    }

    /// There is a session already: `current` is it.
    pub fn already_exists(backend: &'static str, current: Session) -> Self {
        Self::new(StoreErrorKind::AlreadyExists, StoreOperation::Create, backend).with_current(current)
    }

    /// The session has more bytes than the store takes.
    pub fn too_large(
        operation: StoreOperation,
        backend: &'static str,
        key: &SessionKey,
        length: usize,
        limit: usize,
    ) -> Self {
        Self::new(StoreErrorKind::TooLarge, operation, backend)
            .with_key(key)
            .with_message(format!(
                "the session has {length} bytes, and the limit is {limit}"
            ))
    }

    /// A record could not be read.
    pub fn decode(
        operation: StoreOperation,
        backend: &'static str,
        key: &SessionKey,
        error: DecodeError,
    ) -> Self {
        let kind = match error {
            DecodeError::Corrupt { .. } => StoreErrorKind::Corrupt,
            DecodeError::TooNew { .. } => StoreErrorKind::TooNew,
        };
        Self::new(kind, operation, backend)
            .with_key(key)
            .with_source(error)
    }

    /// The same error, for this session.
    #[must_use]
    pub fn with_key(mut self, key: &SessionKey) -> Self {
        self.0.key = Some(key.clone());
        self
    }

    /// The same error, with an explanation for operators: no data, no secrets.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// The same error, with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    fn with_current(mut self, current: Session) -> Self {
        self.0.key = Some(current.key().clone());
        self.0.current = Some(current);
        self
    }

    /// What kind it is.
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }

    /// In which operation.
    pub fn operation(&self) -> StoreOperation {
        self.0.operation
    }

    /// In which backend.
    pub fn backend(&self) -> &'static str {
        self.0.backend
    }

    /// For which session, where it was about one.
    pub fn key(&self) -> Option<&SessionKey> {
        self.0.key.as_ref()
    }

    /// The session as it is stored, of a conflict and of one that exists already.
    pub fn current(&self) -> Option<&Session> {
        self.0.current.as_ref()
    }

    /// The same, taken out.
    pub fn into_current(self) -> Option<Session> {
        self.0.current
    }

    /// Whether the same call may be made again.
    pub fn retry(&self) -> Retry {
        match self.0.kind {
            StoreErrorKind::Timeout | StoreErrorKind::Unavailable => Retry::Safe,
            StoreErrorKind::Indeterminate => Retry::AfterReadingBack,
            StoreErrorKind::NotFound
            | StoreErrorKind::AlreadyExists
            | StoreErrorKind::Conflict
            | StoreErrorKind::Corrupt
            | StoreErrorKind::TooNew
            | StoreErrorKind::TooLarge
            | StoreErrorKind::Invalid => Retry::Never,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            kind,
            operation,
            backend,
            key,
            message,
            ..
        } = &*self.0;
        let what = match kind {
            StoreErrorKind::NotFound => "the session is not there",
            StoreErrorKind::AlreadyExists => "the session is there already",
            StoreErrorKind::Conflict => "the session was changed meanwhile",
            StoreErrorKind::Timeout => "the answer did not come in time",
            StoreErrorKind::Unavailable => "the store is not available",
            StoreErrorKind::Indeterminate => "the write may have happened or not",
            StoreErrorKind::Corrupt => "the record is damaged",
            StoreErrorKind::TooNew => "a newer version wrote it",
            StoreErrorKind::TooLarge => "the session is too large",
            StoreErrorKind::Invalid => "the call is not valid",
        };
        write!(formatter, "{backend} {operation}: {what}")?;
        if let Some(message) = message {
            write!(formatter, ": {message}")?;
        }
        if let Some(key) = key {
            write!(formatter, " (session {key})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts {
            kind,
            operation,
            backend,
            key,
            current,
            message,
            source,
        } = &*self.0;
        formatter
            .debug_struct("StoreError")
            .field("kind", kind)
            .field("operation", operation)
            .field("backend", backend)
            .field("key", key)
            .field("current", &current.as_ref().map(Session::revision))
            .field("message", message)
            .field("source", source)
            .finish()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BotId, UserId};

    #[test]
    fn an_error_says_what_happened_where_and_to_whom() {
        let key = SessionKey::private(BotId(7), UserId(42));
        let error = StoreError::too_large(StoreOperation::Update, "sqlite", &key, 300, 256);
        insta::assert_snapshot!(error, @"sqlite update: the session is too large: the session has 300 bytes, and the limit is 256 (session 7/42/42///main)");
        assert_eq!(error.retry(), Retry::Never);
        let error = StoreError::new(StoreErrorKind::Indeterminate, StoreOperation::Create, "redis")
            .with_source(std::io::Error::other("connection reset"));
        assert_eq!(error.retry(), Retry::AfterReadingBack);
        assert_eq!(error.source().unwrap().to_string(), "connection reset");
    }
}

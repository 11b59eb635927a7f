//! What can go wrong with the generation API, in kinds that a person can be told about.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::schema::Unaskable;
use crate::http::Stage;

/// The longest message that is kept of an answer, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What went wrong. Its words are stable: they are stored in sessions and name the texts that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GenerationErrorKind {
    /// What was asked for is refused; the message says what is wrong with it.
    InvalidInput,
    /// The account is out of credits; its owner has to top it up.
    InsufficientCredits,
    /// The API refuses this key, or this client; its owner has to act.
    Unauthorized,
    /// The key has used up what its owner lets it use.
    UsageLimit,
    /// There is no such model.
    NotFound,
    /// Too many requests at once; later it works again.
    RateLimited,
    /// The API is being worked on.
    Maintenance,
    /// The API doesn't offer this any more, or not now.
    Disabled,
    /// The model tried and failed.
    Failed,
    /// It isn't known whether the task exists, and so whether it is paid for.
    Unclear,
    /// The API doesn't know the task: right after its creation that passes.
    NotYet,
    /// The file is larger than what is taken.
    TooLarge,
    /// The API can't be reached or is broken.
    Unavailable,
    /// The API didn't answer in time.
    Timeout,
    /// The model's input can't be asked for in a chat: see [`GenerationError::unaskable`].
    Unaskable,
    /// The API's answer can't be understood.
    Malformed,
}

impl GenerationErrorKind {
    /// The kind as a stable word, such as `rate_limited`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::InsufficientCredits => "insufficient_credits",
            Self::Unauthorized => "unauthorized",
            Self::UsageLimit => "usage_limit",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Maintenance => "maintenance",
            Self::Disabled => "disabled",
            Self::Failed => "failed",
            Self::Unclear => "unclear",
            Self::NotYet => "not_yet",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Unaskable => "unaskable",
            Self::Malformed => "malformed",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::InvalidInput => "the request is refused",
            Self::InsufficientCredits => "the account is out of credits",
            Self::Unauthorized => "the API refuses the key or the client",
            Self::UsageLimit => "the key has used up its limit",
            Self::NotFound => "it is not there",
            Self::RateLimited => "too many requests",
            Self::Maintenance => "the API is under maintenance",
            Self::Disabled => "the API has switched this off",
            Self::Failed => "the generation failed",
            Self::Unclear => "it is not known whether the task exists",
            Self::NotYet => "the task is not known yet",
            Self::TooLarge => "the file is too large",
            Self::Unavailable => "the API is unavailable",
            Self::Timeout => "the API did not answer in time",
            Self::Unaskable => "the model's input can't be asked for",
            Self::Malformed => "the answer can't be understood",
        }
    }
}

/// Whether the same call makes sense again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// Not without a change to what is asked, or by the account's owner.
    Never,
    /// Later, as it stands.
    Later,
}

/// What was being done when it went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Listing the models.
    Models,
    /// Reading what a model's input is made of.
    Schema,
    /// Reading what a model costs.
    Price,
    /// Asking what is left on the account.
    Credits,
    /// Creating a task.
    Create,
    /// Asking how a task stands.
    Task,
    /// Handing in a file.
    Upload,
    /// Getting what a task made.
    Download,
    /// Asking for a new address of it.
    Link,
}

impl Operation {
    /// The operation as a stable word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Models => "models",
            Self::Schema => "schema",
            Self::Price => "price",
            Self::Credits => "credits",
            Self::Create => "create",
            Self::Task => "task",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Link => "link",
        }
    }
}

/// An error of the generation API.
///
/// Its text and its debug form hold what the API said, but never the API key.
pub struct GenerationError {
    // Boxed, so that a `Result` stays small on the way that goes well.
    details: Box<Details>,
}

struct Details {
    kind: GenerationErrorKind,
    operation: Operation,
    stage: Stage,
    message: String,
    code: Option<i64>,
    request_id: Option<String>,
    status: Option<u16>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl GenerationError {
    /// An error of `kind`, for implementations of [`GenerationApi`](super::GenerationApi) other than the client: stand-ins
    /// in tests.
    pub fn new(kind: GenerationErrorKind, operation: Operation, message: impl Into<String>) -> Self {
        Self::at(kind, operation, Stage::Refused, message)
    }

    pub(super) fn at(
        kind: GenerationErrorKind,
        operation: Operation,
        stage: Stage,
        message: impl Into<String>,
    ) -> Self {
        let mut message: String = message.into();
        if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
            message.truncate(end);
            message.push('…');
        }
        Self {
            details: Box::new(Details {
                kind,
                operation,
                stage,
                message,
                code: None,
                request_id: None,
                status: None,
                retry_after: None,
                source: None,
            }),
        }
    }

    /// The error that says why a model's input can't be asked for.
    pub(super) fn of_unaskable(operation: Operation, reason: Unaskable) -> Self {
        let message = reason.to_string();
        Self::new(GenerationErrorKind::Unaskable, operation, message).with_source(reason)
    }

    /// The same, where a request that may have created a task got lost: then it is unclear whether there is one.
    pub(super) fn or_unclear(mut self) -> Self {
        if matches!(self.stage(), Stage::Lost | Stage::Garbled) {
            self.details.kind = GenerationErrorKind::Unclear;
        }
        self
    }

    pub(super) fn with_code(mut self, code: Option<i64>) -> Self {
        self.details.code = code;
        self
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.details.status = Some(status);
        self
    }

    pub(super) fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.details.request_id = request_id;
        self
    }

    pub(super) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.details.retry_after = retry_after;
        self
    }

    pub(super) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.details.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> GenerationErrorKind {
        self.details.kind
    }

    /// What was being done.
    pub fn operation(&self) -> Operation {
        self.details.operation
    }

    /// What the API said, in English; may be empty.
    pub fn message(&self) -> &str {
        &self.details.message
    }

    /// The code in the body of the API's answer, which says more than the HTTP status.
    pub fn code(&self) -> Option<i64> {
        self.details.code
    }

    /// The name of the request, for the API's support.
    pub fn request_id(&self) -> Option<&str> {
        self.details.request_id.as_deref()
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.details.status
    }

    /// How long the API asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after
    }

    /// Why a model's input can't be asked for, where that is what went wrong.
    pub fn unaskable(&self) -> Option<&Unaskable> {
        self.source()?.downcast_ref()
    }

    /// Whether the same call makes sense again.
    pub fn retry(&self) -> Retry {
        match self.details.kind {
            GenerationErrorKind::RateLimited
            | GenerationErrorKind::NotYet
            | GenerationErrorKind::Maintenance
            | GenerationErrorKind::Unavailable
            | GenerationErrorKind::Timeout => Retry::Later,
            _ => Retry::Never,
        }
    }

    /// Whether the same call makes sense again later, as it stands.
    pub fn is_retryable(&self) -> bool {
        self.retry() == Retry::Later
    }

    /// What is worth keeping in a session.
    pub fn summary(&self) -> GenerationErrorSummary {
        GenerationErrorSummary {
            kind: self.kind(),
            message: self.message().to_owned(),
            request_id: self.request_id().map(ToOwned::to_owned),
        }
    }

    pub(super) fn stage(&self) -> Stage {
        self.details.stage
    }
}

impl fmt::Display for GenerationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.details;
        write!(f, "{}: {}", details.operation.as_str(), details.kind.sentence())?;
        if !details.message.is_empty() {
            write!(f, ": {}", details.message)?;
        }
        if let Some(request_id) = &details.request_id {
            write!(f, " (request {request_id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for GenerationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &self.details;
        f.debug_struct("GenerationError")
            .field("kind", &details.kind)
            .field("operation", &details.operation)
            .field("stage", &details.stage)
            .field("message", &details.message)
            .field("code", &details.code)
            .field("request_id", &details.request_id)
            .field("status", &details.status)
            .field("retry_after", &details.retry_after)
            .field("source", &details.source)
            .finish()
    }
}

impl Error for GenerationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.details
            .source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// What a session keeps of an error: enough to tell the person, after a restart too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationErrorSummary {
    /// What went wrong.
    pub kind: GenerationErrorKind,
    /// What the API said, in English; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The name of the request, for the API's support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What a code in the body of an answer to `operation` means, other than 200: the kind, and how far the request came.
pub(super) fn by_code_of(operation: Operation, code: i64) -> (GenerationErrorKind, Stage) {
    match (operation, code) {
        // Both come right after a task's creation too.
        (Operation::Task, 404 | 422) => (GenerationErrorKind::NotYet, Stage::Refused),
        // Not the question failed, but the task that is asked about.
        (Operation::Task, 408 | 501) => (GenerationErrorKind::Failed, Stage::Refused),
        // It says that it takes nothing now, so there is nothing to be unclear about.
        (Operation::Create, 455) => (GenerationErrorKind::Maintenance, Stage::Refused),
        _ => by_code(code),
    }
}

/// What a code means whatever was asked.
fn by_code(code: i64) -> (GenerationErrorKind, Stage) {
    use GenerationErrorKind as Kind;
    match code {
        401 | 403 => (Kind::Unauthorized, Stage::Refused),
        402 => (Kind::InsufficientCredits, Stage::Refused),
        404 | 410 => (Kind::NotFound, Stage::Refused),
        408 | 504 => (Kind::Timeout, Stage::Lost),
        429 => (Kind::RateLimited, Stage::Limited),
        433 => (Kind::UsageLimit, Stage::Refused),
        455 => (Kind::Maintenance, Stage::Lost),
        501 => (Kind::Failed, Stage::Refused),
        505 => (Kind::Disabled, Stage::Refused),
        400..=499 => (Kind::InvalidInput, Stage::Refused),
        _ => (Kind::Unavailable, Stage::Lost),
    }
}

/// What an HTTP status means when the body doesn't say anything.
pub(super) fn by_status(status: u16) -> (GenerationErrorKind, Stage) {
    match status {
        // Redirects are not followed, and say nothing about what was done before them.
        300..=399 => (GenerationErrorKind::Malformed, Stage::Garbled),
        // Of servers in front of the API, these two mean something else than the API's own codes of the same number.
        501 | 505 => (GenerationErrorKind::Unavailable, Stage::Lost),
        _ => by_code(i64::from(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_its_kind_and_says_whether_to_try_again() {
        use GenerationErrorKind as Kind;
        for (code, kind, retry) in [
            (400, Kind::InvalidInput, Retry::Never),
            (401, Kind::Unauthorized, Retry::Never),
            (402, Kind::InsufficientCredits, Retry::Never),
            (404, Kind::NotFound, Retry::Never),
            (408, Kind::Timeout, Retry::Later),
            (422, Kind::InvalidInput, Retry::Never),
            (429, Kind::RateLimited, Retry::Later),
            (433, Kind::UsageLimit, Retry::Never),
            (455, Kind::Maintenance, Retry::Later),
            (500, Kind::Unavailable, Retry::Later),
            (501, Kind::Failed, Retry::Never),
            (505, Kind::Disabled, Retry::Never),
            // Codes of tomorrow.
            (477, Kind::InvalidInput, Retry::Never),
            (0, Kind::Unavailable, Retry::Later),
            (-1, Kind::Unavailable, Retry::Later),
        ] {
            let (found, stage) = by_code(code);
            assert_eq!(found, kind, "{code}");
            let error = GenerationError::at(found, Operation::Models, stage, "");
            assert_eq!(error.retry(), retry, "{code}");
        }
    }

    #[test]
    fn a_task_that_failed_is_not_taken_for_a_question_that_failed() {
        use GenerationErrorKind as Kind;
        for (code, kind) in [
            (404, Kind::NotYet),
            (422, Kind::NotYet),
            (408, Kind::Failed),
            (501, Kind::Failed),
            (500, Kind::Unavailable),
        ] {
            assert_eq!(by_code_of(Operation::Task, code).0, kind, "{code}");
        }
    }

    #[test]
    fn only_an_answer_that_refuses_makes_it_clear_that_there_is_no_task() {
        use GenerationErrorKind as Kind;
        for (code, kind) in [
            (400, Kind::InvalidInput),
            (402, Kind::InsufficientCredits),
            (404, Kind::NotFound),
            (422, Kind::InvalidInput),
            (429, Kind::RateLimited),
            (455, Kind::Maintenance),
            (505, Kind::Disabled),
            (408, Kind::Unclear),
            (500, Kind::Unclear),
            (504, Kind::Unclear),
        ] {
            let (found, stage) = by_code_of(Operation::Create, code);
            let error = GenerationError::at(found, Operation::Create, stage, "").or_unclear();
            assert_eq!(error.kind(), kind, "{code}");
            assert_eq!(
                error.retry() == Retry::Never,
                !matches!(kind, Kind::RateLimited | Kind::Maintenance),
                "{code}"
            );
        }
    }

    #[test]
    fn a_status_without_words_is_not_taken_for_the_word_of_the_api() {
        assert_eq!(by_status(501).0, GenerationErrorKind::Unavailable);
        assert_eq!(by_status(505).0, GenerationErrorKind::Unavailable);
        assert_eq!(by_status(302).0, GenerationErrorKind::Malformed);
        assert_eq!(by_status(429), (GenerationErrorKind::RateLimited, Stage::Limited));
    }

    #[test]
    fn the_text_names_operation_reason_and_request() {
        let kind = GenerationErrorKind::NotFound;
        let error = GenerationError::new(kind, Operation::Schema, "No such model.")
            .with_request_id(Some("r-1".to_owned()));
        insta::assert_snapshot!(error, @"schema: it is not there: No such model. (request r-1)");
        insta::assert_snapshot!(
            serde_json::to_string(&error.summary()).unwrap(),
            @r#"{"kind":"not_found","message":"No such model.","request_id":"r-1"}"#
        );
    }

    #[test]
    fn the_word_of_a_kind_is_the_stored_one() {
        for kind in [
            GenerationErrorKind::InvalidInput,
            GenerationErrorKind::InsufficientCredits,
            GenerationErrorKind::Unauthorized,
            GenerationErrorKind::UsageLimit,
            GenerationErrorKind::NotFound,
            GenerationErrorKind::RateLimited,
            GenerationErrorKind::Maintenance,
            GenerationErrorKind::Disabled,
            GenerationErrorKind::Failed,
            GenerationErrorKind::Unclear,
            GenerationErrorKind::NotYet,
            GenerationErrorKind::TooLarge,
            GenerationErrorKind::Unavailable,
            GenerationErrorKind::Timeout,
            GenerationErrorKind::Unaskable,
            GenerationErrorKind::Malformed,
        ] {
            assert_eq!(
                serde_json::to_string(&kind).unwrap(),
                format!("\"{}\"", kind.as_str())
            );
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let kind = GenerationErrorKind::Malformed;
        let error = GenerationError::new(kind, Operation::Models, "ж".repeat(10_000));
        assert_eq!(error.message().chars().count(), LONGEST_MESSAGE + 1);
    }
}

//! What it means that a request failed.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::super::{GenerationError, GenerationErrorKind, Operation};
use crate::http::{BodyError, Stage};

/// What a status without an envelope tells the operator.
pub(super) fn words_for(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "the API redirects: its address is not the right one",
        403 => "not the API but something in front of it refuses this client",
        _ => "",
    }
}

pub(super) fn report_repeat(error: &GenerationError, pause: Duration) {
    tracing::debug!(
        operation = error.operation().as_str(),
        kind = error.kind().as_str(),
        status = error.status(),
        code = error.code(),
        request_id = error.request_id(),
        pause_ms = pause.as_millis(),
        "generation API call failed; trying again"
    );
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let named = |name| headers.get(name)?.to_str().ok();
    let value = named("x-request-id").or_else(|| named("cf-ray"))?;
    (!value.is_empty() && value.len() <= 100).then(|| value.to_owned())
}

/// What it means that `send` failed.
pub(super) fn unsent(operation: Operation, error: reqwest::Error) -> GenerationError {
    let stage = Stage::of_failed_send(&error);
    let (kind, message) = if error.is_timeout() {
        (GenerationErrorKind::Timeout, "")
    } else if stage == Stage::Unsent {
        (GenerationErrorKind::Unavailable, "no connection")
    } else {
        (GenerationErrorKind::Unavailable, "the connection was lost")
    };
    GenerationError::at(kind, operation, stage, message).with_source(error.without_url())
}

/// What it means that the body of a success wasn't read.
pub(super) fn unread(operation: Operation, error: BodyError) -> GenerationError {
    match error {
        BodyError::BrokeOff(error) => {
            let kind = if error.is_timeout() {
                GenerationErrorKind::Timeout
            } else {
                GenerationErrorKind::Unavailable
            };
            GenerationError::at(kind, operation, Stage::Lost, "the answer broke off").with_source(error)
        }
        BodyError::TooLarge => GenerationError::at(
            GenerationErrorKind::Malformed,
            operation,
            Stage::Garbled,
            "the answer is too large",
        ),
    }
}

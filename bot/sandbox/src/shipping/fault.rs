//! Errors, silence and lost connections on demand.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::answer::Failure;
use crate::dropped::dropped;

/// What a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    Rates,
    Buy,
    /// Reading and listing labels.
    Labels,
    Carriers,
    Download,
    Void,
}

/// What happens to the next calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) operation: Operation,
    #[serde(default)]
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) error_code: Option<String>,
    /// `carrier` makes it the carrier's.
    #[serde(default)]
    pub(super) error_source: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    /// In seconds.
    #[serde(default)]
    pub(super) retry_after: Option<u32>,
    #[serde(default)]
    pub(super) delay_ms: u64,
    #[serde(default = "once")]
    pub(super) times: u32,
    /// Does the work first; then come the delay and the fault.
    #[serde(default)]
    pub(super) after_effect: bool,
    #[serde(default)]
    pub(super) drop_connection: bool,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// No fault yet, once, for `operation`.
    pub(super) fn of(operation: Operation) -> Self {
        Self {
            operation,
            status: None,
            error_code: None,
            error_source: None,
            message: None,
            retry_after: None,
            delay_ms: 0,
            times: 1,
            after_effect: false,
            drop_connection: false,
        }
    }

    /// Whether the call fails, and isn't only slow.
    fn fails(&self) -> bool {
        self.drop_connection || self.status.is_some() || self.error_code.is_some()
    }

    fn response(&self) -> Response {
        if self.drop_connection {
            return dropped();
        }
        let status = self.status.unwrap_or(400);
        let code = self.error_code.as_deref().unwrap_or(match status {
            401 => "unauthorized",
            403 => "forbidden",
            404 => "not_found",
            429 => "rate_limit_exceeded",
            _ => "unspecified",
        });
        let kind = match status {
            401 | 403 => "security",
            400..=499 if status != 429 => "validation",
            _ => "system",
        };
        let message = self
            .message
            .as_deref()
            .unwrap_or("The sandbox was told to fail here.");
        let mut failure = Failure::new(status, kind, code, message);
        failure.retry_after = self.retry_after;
        if self.error_source.as_deref() == Some("carrier") {
            failure.kind = "integrations";
            failure = failure.of_carrier();
        }
        failure.into_response()
    }
}

/// Does `work` as `fault` lets it.
pub(super) async fn under(fault: Option<Fault>, work: impl FnOnce() -> Response + Send) -> Response {
    let Some(fault) = fault else { return work() };
    let pause = tokio::time::sleep(Duration::from_millis(fault.delay_ms));
    if fault.after_effect {
        let response = work();
        pause.await;
        return if fault.fails() { fault.response() } else { response };
    }
    pause.await;
    if fault.fails() { fault.response() } else { work() }
}

//! Errors, silence, broken answers and lost connections on demand.

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::answer::{self, Failure};
use crate::dropped::dropped;

/// What a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    Models,
    Schema,
    Price,
    Credits,
    /// Asking for a task.
    Create,
    /// What becomes of a task that is created.
    Generate,
    /// Asking how a task stands.
    Task,
    Upload,
    /// Getting a file.
    Download,
    /// Asking for a fresh link to one.
    Link,
}

/// What happens to the next calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) operation: Operation,
    /// The code in the envelope; without one, an error of `status` has no envelope, as of a server in front of the API.
    #[serde(default)]
    pub(super) code: Option<u16>,
    /// The HTTP status; 200 unless given.
    #[serde(default)]
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) message: Option<String>,
    /// In seconds.
    #[serde(default)]
    pub(super) retry_after: Option<u32>,
    #[serde(default)]
    pub(super) delay_ms: u64,
    #[serde(default = "once")]
    pub(super) times: u32,
    /// The answer is JSON that ends in the middle.
    #[serde(default)]
    pub(super) broken: bool,
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
            code: None,
            status: None,
            message: None,
            retry_after: None,
            delay_ms: 0,
            times: 1,
            broken: false,
            after_effect: false,
            drop_connection: false,
        }
    }

    /// What it says.
    pub(super) fn words(&self) -> &str {
        let usual = "The sandbox was told to fail here.";
        self.message.as_deref().unwrap_or(usual)
    }

    /// The answer, if the call fails and isn't only slow.
    fn response(&self) -> Option<Response> {
        if self.drop_connection {
            return Some(dropped());
        }
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok());
        if self.broken {
            let half = r#"{"code":200,"msg":"success","data":{"total":1,"mod"#;
            return Some(answer::answer(status.unwrap_or(StatusCode::OK), half.to_owned()));
        }
        let Some(code) = self.code else {
            let status = status?;
            let html = [(CONTENT_TYPE, "text/html")];
            let page = format!("<html><body>error code: {}</body></html>", status.as_u16());
            return Some((status, html, page).into_response());
        };
        let mut failure = Failure::new(code, self.words());
        failure.status = status.unwrap_or(StatusCode::OK);
        failure.retry_after = self.retry_after;
        Some(failure.into_response())
    }
}

/// Does `work` as `fault` lets it.
pub(super) async fn under(fault: Option<Fault>, work: impl FnOnce() -> Response + Send) -> Response {
    let Some(fault) = fault else { return work() };
    let pause = tokio::time::sleep(Duration::from_millis(fault.delay_ms));
    if fault.after_effect {
        let response = work();
        pause.await;
        return fault.response().unwrap_or(response);
    }
    pause.await;
    fault.response().unwrap_or_else(work)
}

//! Answers in the API's envelope.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// An answer that tells of an error: by its code, while the HTTP status is that of success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: u16,
    pub(super) message: String,
    pub(super) status: StatusCode,
    /// In seconds.
    pub(super) retry_after: Option<u32>,
}

impl Failure {
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            status: StatusCode::OK,
            retry_after: None,
        }
    }

    pub(super) fn no_access() -> Self {
        Self::new(401, "You do not have access permissions")
    }

    pub(super) fn no_such_model(id: &str) -> Self {
        Self::new(404, format!("There is no model {id}."))
    }

    pub(super) fn too_fast() -> Self {
        Self::new(429, "Your call frequency is too high. Please try again later.")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "msg": self.message, "data": null });
        let mut response = answer(self.status, body.to_string());
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A success.
pub(super) fn ok(data: &impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Envelope<'a, T> {
        code: u16,
        msg: &'static str,
        data: &'a T,
    }
    let envelope = Envelope {
        code: 200,
        msg: "success",
        data,
    };
    match serde_json::to_string(&envelope) {
        Ok(body) => answer(StatusCode::OK, body),
        Err(error) => Failure::new(500, error.to_string()).into_response(),
    }
}

/// JSON as it stands, under a request id of its own.
pub(super) fn answer(status: StatusCode, body: String) -> Response {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    let mut response = (status, [(CONTENT_TYPE, json)], body).into_response();
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        let name = HeaderName::from_static("x-request-id");
        response.headers_mut().insert(name, id);
    }
    response
}

/// An answer of the people's side.
pub(super) fn plain(status: StatusCode, body: &Value) -> Response {
    answer(status, body.to_string())
}

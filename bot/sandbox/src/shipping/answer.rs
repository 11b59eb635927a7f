//! Answers in the API's shapes.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// An answer that tells of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: u16,
    /// `carrier` or `ShipStation`.
    pub(super) source: &'static str,
    pub(super) kind: &'static str,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) field: Option<String>,
    /// In seconds.
    pub(super) retry_after: Option<u32>,
}

impl Failure {
    pub(super) fn new(status: u16, kind: &'static str, code: &str, message: &str) -> Self {
        Self {
            status,
            source: "ShipStation",
            kind,
            code: code.to_owned(),
            message: message.to_owned(),
            field: None,
            retry_after: None,
        }
    }

    pub(super) fn validation(code: &str, message: &str) -> Self {
        Self::new(400, "validation", code, message)
    }

    pub(super) fn invalid(field: &str, message: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::validation("invalid_field_value", &format!("{field} {message}."))
        }
    }

    pub(super) fn required(field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::validation("field_value_required", &format!("{field} is required."))
        }
    }

    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self::new(
            404,
            "validation",
            "not_found",
            &format!("There is no {what} {id}."),
        )
    }

    pub(super) fn of_carrier(mut self) -> Self {
        self.source = "carrier";
        self
    }

    /// The error as the API lists it.
    pub(super) fn entry(&self) -> Value {
        let mut entry = json!({
            "error_source": self.source,
            "error_type": self.kind,
            "error_code": self.code,
            "message": self.message,
        });
        if let (Some(field), Some(entry)) = (&self.field, entry.as_object_mut()) {
            entry.insert("field_name".to_owned(), json!(field));
        }
        entry
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "request_id": Uuid::new_v4().to_string(), "errors": [self.entry()] });
        let mut response = answer(status, &body);
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) fn ok(body: &impl Serialize) -> Response {
    answer(StatusCode::OK, body)
}

pub(super) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    // What is shown here has texts for names, and so can always be written.
    let body = serde_json::to_string(body).unwrap_or_default();
    (status, [(CONTENT_TYPE, json)], body).into_response()
}

/// An amount as the API writes it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Amount {
    currency: &'static str,
    amount: f64,
}

impl Amount {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a parcel costs less than the 2^53 cents up to which all are exact, and their hundredth is written in its own digits"
    )]
    pub(super) fn new(cents: i64) -> Self {
        Self {
            currency: "usd",
            amount: cents as f64 / 100.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_in_its_own_digits() {
        for (cents, text) in [
            (843, "8.43"),
            (7, "0.07"),
            (0, "0.0"),
            (123_456_789, "1234567.89"),
        ] {
            assert_eq!(json!(Amount::new(cents))["amount"].to_string(), text);
        }
    }
}

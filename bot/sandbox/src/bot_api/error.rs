//! Refusals, in Telegram's own words.

use serde_json::json;

use crate::telegram::poll::Conflict;

/// Why a call failed. The description is what real bots match on, so it keeps Telegram's wording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) description: String,
    /// Seconds; with 429 only.
    pub(crate) retry_after: Option<u64>,
    /// The id of the supergroup that the group has become.
    pub(crate) migrate_to_chat_id: Option<i64>,
}

impl ApiError {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            retry_after: None,
            migrate_to_chat_id: None,
        }
    }

    /// 400, with the usual prefix.
    pub(crate) fn bad_request(reason: impl std::fmt::Display) -> Self {
        Self::new(400, format!("Bad Request: {reason}"))
    }

    /// 403, with the usual prefix.
    pub(crate) fn forbidden(reason: &str) -> Self {
        Self::new(403, format!("Forbidden: {reason}"))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    pub(crate) fn method_not_found() -> Self {
        Self::new(404, "Not Found: method not found")
    }

    pub(crate) fn too_large() -> Self {
        Self::new(413, "Request Entity Too Large")
    }

    pub(crate) fn too_many_requests(retry_after: u64) -> Self {
        let description = format!("Too Many Requests: retry after {retry_after}");
        Self {
            retry_after: Some(retry_after),
            ..Self::new(429, description)
        }
    }

    /// 400 for a group that has become the supergroup of that id.
    pub(crate) fn migrated(supergroup: i64) -> Self {
        Self {
            migrate_to_chat_id: Some(supergroup),
            ..Self::bad_request("group chat was upgraded to a supergroup chat")
        }
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> serde_json::Value {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(seconds) = self.retry_after {
            body["parameters"]["retry_after"] = seconds.into();
        }
        if let Some(supergroup) = self.migrate_to_chat_id {
            body["parameters"]["migrate_to_chat_id"] = supergroup.into();
        }
        body
    }
}

impl From<Conflict> for ApiError {
    fn from(conflict: Conflict) -> Self {
        let reason = match conflict {
            Conflict::WebhookIsActive => {
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            }
            Conflict::OtherPoll => {
                "terminated by other getUpdates request; make sure that only one bot instance is running"
            }
            Conflict::WebhookWasSet => "terminated by setWebhook request",
        };
        Self::new(409, format!("Conflict: {reason}"))
    }
}

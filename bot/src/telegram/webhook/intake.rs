//! One call: from its headers to the answer.

use std::{str, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use bytes::BytesMut;
use futures::{StreamExt as _, future::BoxFuture};
use serde_json::value::RawValue;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    super::{
        delivery::{Delivery, Origin, Receipt, Settled},
        update::RawUpdate,
    },
    SECRET_HEADER,
    answer::{Answer, BODY_DEADLINE},
    counts::WebhookCounts,
    put_aside::PutAside,
    secret::WebhookSecret,
};

pub(super) type HandOut = Arc<dyn Fn(Delivery) -> BoxFuture<'static, ()> + Send + Sync>;

/// What every call needs.
pub(super) struct Intake {
    pub(super) path: String,
    pub(super) secret: WebhookSecret,
    pub(super) body_limit: usize,
    pub(super) deadline: Duration,
    pub(super) hand_out: HandOut,
    pub(super) put_aside: Arc<dyn PutAside>,
    pub(super) counts: Arc<WebhookCounts>,
    /// Cancelled when no update is to be taken any more.
    pub(super) stopping: CancellationToken,
    /// What goes on when the caller is gone.
    pub(super) under_way: TaskTracker,
}

impl Intake {
    /// Answers a call. When dropped because the caller is gone, an update that was handed out is handled all the same.
    pub(super) async fn answer(&self, request: Request<Body>) -> Answer {
        let due = Instant::now() + self.deadline;
        if let Err(status) = self.check(&request) {
            if status == StatusCode::UNAUTHORIZED {
                self.counts.count_unauthorized();
                tracing::warn!("a call without the webhook's secret was refused");
            }
            return Answer::Refused(status);
        }
        let unanswered = Unanswered(&self.counts);
        let answer = self.take(request.into_body(), due).await;
        std::mem::forget(unanswered);
        match answer {
            Answer::Taken => self.counts.count_acknowledged(),
            Answer::Later(_) | Answer::Stopping => self.counts.count_put_off(),
            Answer::Refused(_) => {}
        }
        answer
    }

    /// Whether the body is to be read at all.
    fn check(&self, request: &Request<Body>) -> Result<(), StatusCode> {
        if request.uri().path() != self.path {
            return Err(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let headers = request.headers();
        let sent = headers
            .get(SECRET_HEADER)
            .map_or(&b""[..], |secret| secret.as_bytes());
        if !self.secret.matches(sent) {
            return Err(StatusCode::UNAUTHORIZED);
        }
        if !is_json(headers) {
            return Err(StatusCode::BAD_REQUEST);
        }
        if length(headers).is_some_and(|length| length > self.body_limit) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(())
    }

    async fn take(&self, body: Body, due: Instant) -> Answer {
        if self.stopping.is_cancelled() {
            return Answer::Stopping;
        }
        let body = match timeout(BODY_DEADLINE, read(body, self.body_limit)).await {
            Ok(Ok(body)) => body,
            Ok(Err(status)) => return Answer::Refused(status),
            Err(_) => return Answer::Refused(StatusCode::BAD_REQUEST),
        };
        match update_of(&body) {
            Ok(update) => self.hand_out(update, due).await,
            Err(reason) => self.put_aside(&body, &reason).await,
        }
    }

    async fn hand_out(&self, update: RawUpdate, due: Instant) -> Answer {
        let update_id = update.id;
        let (settle, settled) = oneshot::channel();
        let receipt = Receipt::new(update_id, Origin::Webhook, move |settlement| {
            // Nobody waits any more when the caller is gone or the deadline has passed: Telegram sends the update again,
            // and it is answered as one that was applied.
            let _ = settle.send(settlement);
        });
        let handed_out = (self.hand_out)(Delivery {
            update,
            attempt: 1,
            receipt,
        });
        // In a task of its own, because this future ends when the caller is gone.
        self.under_way.spawn(handed_out);
        match timeout_at(due, settled).await {
            Ok(Ok(Settled::Acknowledged)) => Answer::Taken,
            Ok(Ok(Settled::GivenBack) | Err(_)) if self.stopping.is_cancelled() => Answer::Stopping,
            Ok(Ok(Settled::GivenBack) | Err(_)) => Answer::later(),
            Err(_) => {
                tracing::warn!(update_id, after = ?self.deadline, "an update is not answered yet; Telegram sends it again");
                Answer::later()
            }
        }
    }

    async fn put_aside(&self, body: &[u8], reason: &str) -> Answer {
        match self
            .put_aside
            .put_aside(&String::from_utf8_lossy(body), reason)
            .await
        {
            Ok(()) => {
                self.counts.count_unreadable();
                Answer::Taken
            }
            Err(error) => {
                tracing::error!(
                    error = &*error,
                    reason,
                    "what can't be read can't be put aside either; it comes again"
                );
                Answer::later()
            }
        }
    }
}

/// Counts a call as one that nobody waits for any more, if it is dropped.
struct Unanswered<'a>(&'a WebhookCounts);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.count_hung_up();
    }
}

/// The update in a body, or why there is none. The reason says where, never what.
fn update_of(body: &[u8]) -> Result<RawUpdate, String> {
    let text = str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
    let raw: Box<RawValue> = serde_json::from_str(text)
        .map_err(|error| format!("it is no JSON (line {} column {})", error.line(), error.column()))?;
    RawUpdate::new(raw).map_err(|_| "it has no update_id".to_owned())
}

async fn read(body: Body, limit: usize) -> Result<Bytes, StatusCode> {
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        // Whoever sends half a body is gone, most likely.
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if whole.len() + chunk.len() > limit {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_update_is_told_without_being_quoted() {
        assert_eq!(update_of(br#"{"update_id":7,"x":1}"#).unwrap().id, 7);
        for (body, reason) in [
            (
                &b"{\"message\":{\"text\":\"221B Baker Street\"}}"[..],
                "it has no update_id",
            ),
            (b"221B Baker Street", "it is no JSON (line 1 column 4)"),
            (b"", "it is no JSON (line 1 column 0)"),
            (b"{\"update_id\":1} {}", "it is no JSON (line 1 column 17)"),
            (b"{\"update_id\":\"1\"}", "it has no update_id"),
            (b"\xff", "it is not UTF-8"),
        ] {
            assert_eq!(update_of(body).unwrap_err(), reason);
        }
    }

    #[test]
    fn parameters_of_the_content_type_are_no_matter() {
        let is = |kind: &str| {
            is_json(&HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                kind.parse().unwrap(),
            )]))
        };
        assert!(is("application/json"));
        assert!(is("Application/JSON; charset=utf-8"));
        assert!(!is("text/json"));
        assert!(!is("application/x-www-form-urlencoded"));
        assert!(!is_json(&HeaderMap::new()));
    }
}

//! What the API tells by itself: that a task has ended.
//!
//! It is a hint to look, and no more: the signature covers the task's id and the time, not what is said of the task. Who
//! gets one asks for the task then ([`GenerationApi::task`](super::GenerationApi::task)). Everything here is pure.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use stepkeep_core::Timestamp;

use super::kie::state_of;
use super::{TaskId, TaskState};

/// The header with the time of the signature, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "X-Webhook-Timestamp";

/// The header with the signature, in base64.
pub const SIGNATURE_HEADER: &str = "X-Webhook-Signature";

/// How old a callback may be; and, since clocks differ, how far ahead.
pub const LONGEST_AGE: Duration = Duration::from_mins(5);

/// A callback's news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Which task it is about.
    pub task: TaskId,
    /// How far it is said to be; `None` where it isn't said.
    pub state: Option<TaskState>,
}

/// Why a callback isn't listened to. The text holds nothing of what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// The body names no task.
    #[error("the callback names no task")]
    Body,
    /// The time of the signature can't be read, or is too far from now.
    #[error("the callback's time is unreadable, or too far from now")]
    Time,
    /// It isn't signed with the key.
    #[error("the callback is not signed with the key")]
    Signature,
}

#[derive(Deserialize)]
struct Body {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "taskId", alias = "task_id")]
    task_id: TaskId,
    #[serde(default)]
    state: Option<String>,
}

impl Callback {
    /// Reads a callback's body. Whoever has a key asks [`verify`] before believing even that.
    ///
    /// # Errors
    ///
    /// [`CallbackError::Body`] when it names no task.
    pub fn read(body: &[u8]) -> Result<Self, CallbackError> {
        let Body { data } = serde_json::from_slice(body).map_err(|_| CallbackError::Body)?;
        Ok(Self {
            task: data.task_id,
            state: data.state.as_deref().map(state_of),
        })
    }
}

/// Whether the API signed, with `key` and not long before `now`, that there is news of `task`. `timestamp` and `signature`
/// are the values of [`TIMESTAMP_HEADER`] and [`SIGNATURE_HEADER`]. The signatures are compared in constant time.
///
/// # Errors
///
/// [`CallbackError::Time`] or [`CallbackError::Signature`].
pub fn verify(
    key: &SecretString,
    task: &TaskId,
    timestamp: &str,
    signature: &str,
    now: Timestamp,
) -> Result<(), CallbackError> {
    let seconds: i64 = timestamp.parse().map_err(|_| CallbackError::Time)?;
    let millis = seconds.checked_mul(1_000).ok_or(CallbackError::Time)?;
    let signed_at = Timestamp::from_millis(millis);
    // One of the two is zero.
    if now.since(signed_at).max(signed_at.since(now)) > LONGEST_AGE {
        return Err(CallbackError::Time);
    }
    let signature = STANDARD.decode(signature.trim());
    let signature = signature.map_err(|_| CallbackError::Signature)?;
    let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes());
    let mac = mac.map_err(|_| CallbackError::Signature)?;
    mac.chain_update(task.as_str())
        .chain_update(".")
        .chain_update(timestamp)
        .verify_slice(&signature)
        .map_err(|_| CallbackError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_788_941_400_000);
    const AT: &str = "1788941400";

    fn task(id: &str) -> TaskId {
        TaskId::new(id).unwrap()
    }

    fn key(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn signed(key: &str, task: &str, timestamp: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        let mac = mac.chain_update(format!("{task}.{timestamp}"));
        STANDARD.encode(mac.finalize().into_bytes())
    }

    #[test]
    fn a_callback_is_read_in_both_spellings() {
        let new = br#"{"code":200,"msg":"ok","data":{"taskId":"t-1","state":"success","resultJson":"{}"}}"#;
        let callback = Callback::read(new).unwrap();
        assert_eq!(
            (callback.task, callback.state),
            (task("t-1"), Some(TaskState::Succeeded))
        );
        let old = br#"{"code":501,"data":{"task_id":"t-2"}}"#;
        let callback = Callback::read(old).unwrap();
        assert_eq!((callback.task, callback.state), (task("t-2"), None));
        for odd in [
            &b""[..],
            b"{}",
            br#"{"data":null}"#,
            br#"{"data":{"taskId":"a b"}}"#,
            br#"{"data":{"taskId":7}}"#,
        ] {
            assert_eq!(Callback::read(odd), Err(CallbackError::Body), "{odd:?}");
        }
    }

    #[test]
    fn the_signature_is_that_of_the_documents() {
        // Made with another implementation: base64 of HMAC-SHA256 over "t-1.1788941400" with the key "key".
        let signature = "E6iO4SNFoZW7pgYvpGrOo/E7/IF7IuirFj4hFN6o4jk=";
        assert_eq!(signed("key", "t-1", AT), signature);
        assert_eq!(verify(&key("key"), &task("t-1"), AT, signature, NOW), Ok(()));
    }

    #[test]
    fn what_is_signed_otherwise_is_refused() {
        let good = signed("key", "t-1", AT);
        for (with, about, at, signature) in [
            ("other key", "t-1", AT, good.as_str()),
            ("key", "t-2", AT, &good),
            ("key", "t-1", "1788941401", &good),
            ("key", "t-1", AT, ""),
            ("key", "t-1", AT, "not base64!"),
            ("key", "t-1", AT, &good[..20]),
        ] {
            let refused = verify(&key(with), &task(about), at, signature, NOW);
            assert_eq!(
                refused,
                Err(CallbackError::Signature),
                "{with} {about} {at} {signature}"
            );
        }
    }

    #[test]
    fn a_callback_that_is_kept_for_later_is_worth_nothing() {
        for (at, expected) in [
            ("1788941100", Ok(())),
            ("1788941099", Err(CallbackError::Time)),
            ("1788941700", Ok(())),
            ("1788941701", Err(CallbackError::Time)),
            ("9223372036854775807", Err(CallbackError::Time)),
            ("soon", Err(CallbackError::Time)),
            ("", Err(CallbackError::Time)),
        ] {
            let signature = signed("key", "t-1", at);
            assert_eq!(
                verify(&key("key"), &task("t-1"), at, &signature, NOW),
                expected,
                "{at}"
            );
        }
    }
}

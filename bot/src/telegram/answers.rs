//! What the answers of the Bot API say.

use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use teloxide_core::types::MessageId;

use super::error::{Failure, Method, TelegramError};
use super::leading::number_behind;
use super::transport::Answer;

/// How an answer begins when all went well.
const DONE: &[u8] = br#"{"ok":true,"#;

/// How the answer begins to a message that was sent.
const SENT: &[u8] = br#"{"ok":true,"result":{"message_id":"#;

/// What every answer of the Bot API looks like.
#[derive(Deserialize)]
struct AnswerBody<R> {
    ok: bool,
    result: Option<R>,
    #[serde(default)]
    error_code: Option<u16>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Parameters>,
}

#[derive(Deserialize, Default)]
struct Parameters {
    #[serde(default)]
    retry_after: Option<u64>,
    #[serde(default)]
    migrate_to_chat_id: Option<i64>,
}

/// What is wanted of an answer, whatever it is.
///
/// # Errors
/// [`TelegramError`], by kind.
pub(super) fn read<R: DeserializeOwned>(method: Method, answer: &Answer) -> Result<R, TelegramError> {
    let &Answer {
        status,
        retry_after: header,
        ref body,
    } = answer;
    // Nearly always all is well, and one look at the answer is enough. What is not as it should be is looked at once more, to
    // say what it is.
    if let Ok(AnswerBody {
        ok: true,
        result: Some(result),
        ..
    }) = serde_json::from_slice::<AnswerBody<R>>(body)
    {
        return Ok(result);
    }
    let answer = match serde_json::from_slice::<AnswerBody<&RawValue>>(body) {
        Ok(answer) => answer,
        // A proxy in between answers errors in words of its own; the status still says what to do.
        Err(_) if !answer.is_success() => {
            let reason = StatusCode::from_u16(status).ok();
            let failure = Failure {
                code: status,
                description: reason
                    .and_then(|status| status.canonical_reason())
                    .unwrap_or_default(),
                retry_after: header,
                ..Failure::default()
            };
            return Err(TelegramError::new(method, failure.kind()));
        }
        Err(error) => return Err(TelegramError::unreadable(method, &error)),
    };
    if answer.ok {
        // `getWebhookInfo` and its like always have a result; should one be missing, null says so to the type.
        let result = answer.result.map_or("null", RawValue::get);
        return serde_json::from_str(result).map_err(|error| TelegramError::unreadable(method, &error));
    }
    let parameters = answer.parameters.unwrap_or_default();
    let failure = Failure {
        code: answer.error_code.unwrap_or(status),
        description: answer.description.as_deref().unwrap_or_default(),
        retry_after: parameters.retry_after.or(header),
        migrate_to_chat_id: parameters.migrate_to_chat_id,
    };
    Err(TelegramError::new(method, failure.kind()))
}

/// That it went well. A whole message that comes along need not be read for that.
///
/// # Errors
/// [`TelegramError`], by kind.
pub(super) fn read_done(method: Method, answer: &Answer) -> Result<(), TelegramError> {
    if answer.is_success() && answer.body.starts_with(DONE) {
        return Ok(());
    }
    read::<IgnoredAny>(method, answer).map(drop)
}

/// The id of a message that was sent. It takes longer to read the message than to send it, and its id comes first.
///
/// # Errors
/// [`TelegramError`], by kind.
pub(super) fn read_message_id(method: Method, answer: &Answer) -> Result<MessageId, TelegramError> {
    #[derive(Deserialize)]
    struct Sent {
        message_id: i32,
    }

    if answer.is_success()
        && let Some(id) = number_behind(&answer.body, SENT)
        && let Ok(id) = i32::try_from(id)
    {
        return Ok(MessageId(id));
    }
    read::<Sent>(method, answer).map(|sent| MessageId(sent.message_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::TelegramErrorKind;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            retry_after: None,
            body: body.to_owned().into(),
        }
    }

    fn message_id(status: u16, body: &str) -> Result<i32, TelegramErrorKind> {
        match read_message_id(Method::new("sendMessage"), &answer(status, body)) {
            Ok(id) => Ok(id.0),
            Err(error) => Err(error.kind().clone()),
        }
    }

    fn is_done(status: u16, body: &str) -> Result<(), TelegramErrorKind> {
        let done = read_done(Method::new("sendMessage"), &answer(status, body));
        done.map_err(|error| error.kind().clone())
    }

    #[test]
    fn a_message_is_sent_wherever_its_id_stands() {
        for body in [
            r#"{"ok":true,"result":{"message_id":7,"text":"x"}}"#,
            r#"{"ok":true,"result":{"message_id":7}}"#,
            r#"{"ok":true,"result":{"text":"x","message_id":7}}"#,
            r#"{"result":{"message_id":7},"ok":true}"#,
            "{ \"ok\": true, \"result\": { \"message_id\": 7 } }",
        ] {
            assert_eq!(message_id(200, body), Ok(7), "{body}");
            assert_eq!(is_done(200, body), Ok(()), "{body}");
        }
    }

    #[test]
    fn what_is_no_id_is_no_sent_message() {
        for body in [
            r#"{"ok":true,"result":{"message_id":7.5}}"#,
            r#"{"ok":true,"result":{"message_id":"7"}}"#,
            r#"{"ok":true,"result":{"message_id":5000000000}}"#,
            r#"{"ok":true,"result":true}"#,
            r#"{"ok":true,"result":{"message_id":"#,
            "",
        ] {
            let refused = message_id(200, body);
            assert!(
                matches!(refused, Err(TelegramErrorKind::Malformed(_))),
                "{body}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_failure_says_what_it_means() {
        let refused =
            r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#;
        assert!(matches!(
            message_id(403, refused),
            Err(TelegramErrorKind::ChatGone(_))
        ));
        assert!(matches!(
            is_done(403, refused),
            Err(TelegramErrorKind::ChatGone(_))
        ));
        let failed = r#"{"ok":false,"error_code":502,"description":"Bad Gateway"}"#;
        assert!(matches!(
            message_id(502, failed),
            Err(TelegramErrorKind::Server(502))
        ));
        assert!(matches!(
            is_done(502, failed),
            Err(TelegramErrorKind::Server(502))
        ));
    }
}

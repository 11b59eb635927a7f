//! What several dialogues are made of.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use stepkeep_core::form::{BACK, CANCEL};
use stepkeep_core::{EffectRequest, FieldValue, Fields, FlowError, Message, Reply, Turn};

use super::speech::Speech;

/// A value as it is stored in a field.
pub(super) fn stored<T: Serialize + ?Sized>(value: &T) -> Result<FieldValue, FlowError> {
    FieldValue::new(value).map_err(|error| FlowError::new("unwritable_answer", error))
}

/// A field's value, where there is one.
pub(super) fn read<T: DeserializeOwned>(data: &Fields, field: &str) -> Result<Option<T>, FlowError> {
    let value = data.get(field).map(FieldValue::get::<T>).transpose();
    value.map_err(|_| FlowError::new("unreadable_answer", format!("the field {field} can't be read")))
}

/// What an outside call was asked for with, or what it brought.
pub(super) fn outcome<T: DeserializeOwned>(value: &FieldValue) -> Result<T, FlowError> {
    value
        .get()
        .map_err(|error| FlowError::new("unreadable_outcome", error))
}

pub(super) fn buttons_only(speech: &Speech<'_>) -> Turn {
    Turn::say(Reply::text(speech.plain("buttons-only")))
}

pub(super) fn back_and_cancel(speech: &Speech<'_>) -> [(String, &'static str); 2] {
    [
        (speech.plain("button-back"), BACK),
        (speech.plain("button-cancel"), CANCEL),
    ]
}

/// The message with something said before it.
pub(super) fn preceded(message: Message, preface: &str) -> Message {
    Message {
        text: format!("{preface}\n\n{}", message.text),
        ..message
    }
}

/// The message that a turn says first, with something said before it.
pub(super) fn with_preface(mut turn: Turn, preface: &str) -> Turn {
    if let Some(message) = turn.replies.iter_mut().find_map(Reply::message_mut) {
        *message = preceded(std::mem::take(message), preface);
    }
    turn
}

/// The wish for an outside call.
pub(super) fn request<T: Serialize>(
    name: &str,
    payload: &T,
    lease: Duration,
    outlives_flow: bool,
) -> Result<EffectRequest, FlowError> {
    let payload = FieldValue::new(payload).map_err(|error| FlowError::new("unwritable_call", error))?;
    Ok(EffectRequest {
        name: name.to_owned(),
        payload,
        lease,
        outlives_flow,
    })
}

//! Answers to presses of inline buttons.

use serde_json::json;

use super::{Call, Outcome};
use crate::{
    bot_api::{Answer, error::ApiError},
    telegram::{callbacks::CallbackAnswer, text::utf16_len},
};

/// The longest text that a press is answered with, in UTF-16 units.
const MAX_TEXT: usize = 200;

pub(super) fn answer_callback_query(call: &Call<'_>) -> Outcome {
    let id = call.params.text("callback_query_id").unwrap_or_default();
    let text = call.params.text("text");
    if text.as_deref().map_or(0, utf16_len) > MAX_TEXT {
        return Err(ApiError::bad_request("MESSAGE_TOO_LONG"));
    }
    let answer = CallbackAnswer {
        text,
        show_alert: call.params.boolean("show_alert"),
        url: call.params.text("url"),
    };
    let mut shown = json!(answer);
    let chat = {
        let mut presses = call.world.presses.lock();
        let press = presses.answer(call.bot.id(), &id, call.world.clock.unix(), answer);
        press.map(|press| press.chat).ok_or_else(|| {
            ApiError::bad_request("query is too old and response timeout expired or query ID is invalid")
        })?
    };
    call.bot.lock().listeners.publish(chat, "answer", || {
        shown["chat"] = chat.into();
        shown["callback_query_id"] = id.into();
        shown
    });
    Ok(Answer::done())
}

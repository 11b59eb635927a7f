//! Editing and deleting messages.

use serde_json::json;

use super::{Call, Outcome};
use crate::{
    bot_api::{Answer, error::ApiError},
    telegram::{
        bot::BotState,
        chat::ChatKind,
        markup::Markup,
        message::{Author, Content, Message},
        text::MAX_TEXT,
    },
};

/// As long after it was sent a message can be deleted, in seconds.
const DELETABLE_SECONDS: i64 = 48 * 3600;

pub(super) fn edit_message_text(call: &Call<'_>) -> Outcome {
    let text = call.formatted("text", "entities")?;
    match text.utf16_len() {
        0 => return Err(ApiError::bad_request("message text is empty")),
        length if length > MAX_TEXT => return Err(ApiError::bad_request("MESSAGE_TOO_LONG")),
        _ => {}
    }
    edit(call, |content| match content {
        Content::Text(current) => {
            *current = text;
            Ok(())
        }
        _ => Err(ApiError::bad_request("there is no text in the message to edit")),
    })
}

pub(super) fn edit_message_caption(call: &Call<'_>) -> Outcome {
    let caption = call.caption()?;
    edit(call, |content| {
        let current = content
            .caption_mut()
            .ok_or_else(|| ApiError::bad_request("there is no caption in the message to edit"))?;
        *current = caption;
        Ok(())
    })
}

pub(super) fn edit_message_reply_markup(call: &Call<'_>) -> Outcome {
    edit(call, |_| Ok(()))
}

/// Changes a message of the bot; its keyboard becomes the given one, or goes.
fn edit(call: &Call<'_>, change: impl FnOnce(&mut Content) -> Result<(), ApiError>) -> Outcome {
    let markup = call.markup()?;
    if markup
        .as_ref()
        .is_some_and(|markup| markup.inline_rows().is_none())
    {
        return Err(ApiError::bad_request("inline keyboard expected"));
    }
    let (chat_id, message_id) = message_of(call)?;
    let mut state = call.bot.lock();
    call.writable(&mut state, chat_id)?;
    let BotState { chats, listeners, .. } = &mut *state;
    let chat = chats.get_mut(&chat_id).ok_or_else(super::chat_not_found)?;
    let current = chat
        .messages
        .get_mut(&message_id)
        .ok_or_else(|| ApiError::bad_request("message to edit not found"))?;
    if !is_editable(current) {
        return Err(ApiError::bad_request("message can't be edited"));
    }
    let mut edited = current.clone();
    change(&mut edited.content)?;
    edited.markup = markup;
    if edited.markup == current.markup && edited.content.words() == current.content.words() {
        return Err(ApiError::bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same as a \
             current content and reply markup of the message",
        ));
    }
    // A new keyboard alone makes no message an edited one.
    if edited.content.words() != current.content.words() {
        edited.edit_date = Some(call.world.clock.unix());
    }
    *current = edited.clone();
    listeners.publish(chat_id, "edited", || chat.entry(&call.bot.identity, &edited));
    Ok(Answer::of(&chat.message(&call.bot.identity, &edited)))
}

/// Telegram lets a bot edit its own messages, unless they carry a keyboard that is not inline.
fn is_editable(message: &Message) -> bool {
    matches!(message.author, Author::Bot) && matches!(message.markup, None | Some(Markup::Inline(_)))
}

fn message_of(call: &Call<'_>) -> Result<(i64, i64), ApiError> {
    if call.params.text("inline_message_id").is_some() {
        return Err(ApiError::bad_request("MESSAGE_ID_INVALID"));
    }
    let chat_id = call.chat_id()?;
    let message_id = call
        .params
        .integer("message_id")
        .ok_or_else(|| ApiError::bad_request("message identifier is not specified"))?;
    Ok((chat_id, message_id))
}

pub(super) fn delete_message(call: &Call<'_>) -> Outcome {
    let (chat_id, message_id) = message_of(call)?;
    let mut state = call.bot.lock();
    let chat = call.writable(&mut state, chat_id)?;
    let message = chat
        .messages
        .get(&message_id)
        .ok_or_else(|| ApiError::bad_request("message to delete not found"))?;
    let is_own = matches!(message.author, Author::Bot) || matches!(chat.kind, ChatKind::Private(_));
    let age = call.world.clock.unix() - message.date;
    if !is_own || age >= DELETABLE_SECONDS {
        return Err(ApiError::bad_request("message can't be deleted"));
    }
    chat.messages.remove(&message_id);
    state.listeners.publish(
        chat_id,
        "deleted",
        || json!({"chat": chat_id, "message_id": message_id}),
    );
    Ok(Answer::done())
}

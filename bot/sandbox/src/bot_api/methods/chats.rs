//! The bot itself, and its chats.

use serde_json::json;

use super::{Call, Outcome};
use crate::bot_api::{Answer, error::ApiError};

const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

pub(super) fn get_me(call: &Call<'_>) -> Answer {
    let mut me = call.bot.identity.user();
    me.put("can_join_groups", true);
    me.put("can_read_all_group_messages", true);
    for name in [
        "supports_inline_queries",
        "can_connect_to_business",
        "has_main_web_app",
        "has_topics_enabled",
        "allows_users_to_create_topics",
    ] {
        me.put(name, false);
    }
    Answer::of(&me)
}

pub(super) fn send_chat_action(call: &Call<'_>) -> Outcome {
    let action = call.params.text("action").unwrap_or_default();
    if !ACTIONS.contains(&action.as_str()) {
        return Err(ApiError::bad_request("wrong parameter action in request"));
    }
    let chat_id = call.chat_id()?;
    let mut state = call.bot.lock();
    call.writable(&mut state, chat_id)?;
    state
        .listeners
        .publish(chat_id, "action", || json!({"chat": chat_id, "action": action}));
    Ok(Answer::done())
}

pub(super) fn get_chat(call: &Call<'_>) -> Outcome {
    let chat_id = call.chat_id()?;
    let state = call.bot.lock();
    let mut chat = state
        .chats
        .get(&chat_id)
        .ok_or_else(super::chat_not_found)?
        .chat();
    chat.put("accent_color_id", 0);
    chat.put("max_reaction_count", 11);
    chat.put(
        "accepted_gift_types",
        json!({
            "unlimited_gifts": true,
            "limited_gifts": true,
            "unique_gifts": true,
            "premium_subscription": true,
            "gifts_from_channels": true,
        }),
    );
    Ok(Answer::of(&chat))
}

//! Updates as the Bot API sends them.

use serde_json::{Value, json};
use teloxide::types::Update;

/// A text of a person in their private chat with the bot.
pub(crate) fn private_text(user: i64, text: &str) -> Update {
    let chat = json!({ "id": user, "type": "private", "first_name": "Ada" });
    message(&json!({ "message": of_person(user, &chat, text) }))
}

/// A text of a person in a group; a forum when it has a topic.
pub(crate) fn group_text(user: i64, topic: Option<i64>, text: &str) -> Update {
    let mut message = of_person(user, &group(), text);
    if let Some(topic) = topic {
        message["message_thread_id"] = json!(topic);
        message["is_topic_message"] = json!(true);
    }
    self::message(&json!({ "message": message }))
}

/// A text of a person to the account of somebody whom the bot works for.
pub(crate) fn business_text(user: i64, connection: &str, text: &str) -> Update {
    let chat = json!({ "id": user, "type": "private", "first_name": "Ada" });
    let mut message = of_person(user, &chat, text);
    message["business_connection_id"] = json!(connection);
    self::message(&json!({ "business_message": message }))
}

/// A tap of a person on a message that the bot can't see any more.
pub(crate) fn tap_on_a_gone_message(user: i64) -> Update {
    message(&json!({ "callback_query": {
        "id": "1", "chat_instance": "1", "data": "x", "from": person(user),
        "message": { "chat": group(), "message_id": 5, "date": 0 },
    }}))
}

/// A post in a channel, which has no person.
pub(crate) fn channel_post() -> Update {
    let chat = json!({ "id": -1_005, "type": "channel", "title": "News" });
    message(&json!({ "channel_post": {
        "message_id": 5, "date": 1_700_000_000, "chat": chat, "sender_chat": chat, "text": "news",
    }}))
}

fn group() -> Value {
    json!({ "id": -1_009, "type": "supergroup", "title": "Packers", "is_forum": true })
}

fn person(user: i64) -> Value {
    json!({ "id": user, "is_bot": false, "first_name": "Ada" })
}

fn of_person(user: i64, chat: &Value, text: &str) -> Value {
    json!({ "message_id": 5, "date": 1_700_000_000, "chat": chat, "from": person(user), "text": text })
}

fn message(kind: &Value) -> Update {
    let mut update = kind.clone();
    update["update_id"] = json!(1);
    let update: Update = serde_json::from_str(&update.to_string()).unwrap();
    assert!(
        !matches!(update.kind, teloxide::types::UpdateKind::Error(_)),
        "{update:?}"
    );
    update
}

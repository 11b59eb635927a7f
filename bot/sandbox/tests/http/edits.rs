//! Editing and deleting messages.

use serde_json::{Value, json};

use crate::support::{ANNA, BOT, Room};

const NOT_MODIFIED: &str = "400 Bad Request: message is not modified: specified new message content and reply markup \
                            are exactly the same as a current content and reply markup of the message";

fn keyboard(data: &str) -> Value {
    json!({"inline_keyboard": [[{"text": "Yes", "callback_data": data}]]})
}

/// A chat with a message of the bot; answers the parameters that name it.
async fn with_message(room: &Room) -> Value {
    room.says(ANNA, "/start").await;
    let sent =
        json!({"chat_id": ANNA, "text": "<i>one</i>", "parse_mode": "HTML", "reply_markup": keyboard("a")});
    let sent = room.bot("sendMessage", sent).await;
    json!({"chat_id": ANNA, "message_id": sent["message_id"]})
}

fn and(base: &Value, more: Value) -> Value {
    let mut all = base.clone();
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

#[tokio::test]
async fn an_edit_without_a_keyboard_takes_the_keyboard_away() {
    let room = Room::new().await;
    let message = with_message(&room).await;
    let edited = room
        .bot("editMessageText", and(&message, json!({"text": "two"})))
        .await;
    assert_eq!(edited["text"], "two");
    assert_eq!(edited["reply_markup"], Value::Null);
    assert!(edited["edit_date"].is_i64());
    let shown = room.transcript(ANNA).await.split_off(1);
    assert_eq!(shown[0]["edited"], true);
    assert_eq!(shown[0]["inline_keyboard"], Value::Null);
}

#[tokio::test]
async fn a_new_keyboard_alone_makes_no_message_an_edited_one() {
    let room = Room::new().await;
    let message = with_message(&room).await;
    let edited = room.bot("editMessageReplyMarkup", message).await;
    assert_eq!(edited["edit_date"], Value::Null);
    let shown = room.transcript(ANNA).await.split_off(1);
    assert_eq!(shown[0]["edited"], Value::Null);
    assert_eq!(shown[0]["inline_keyboard"], Value::Null);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_is_refused() {
    let room = Room::new().await;
    let message = with_message(&room).await;
    let same = json!({"text": "<i>one</i>", "parse_mode": "HTML", "reply_markup": keyboard("a")});
    assert_eq!(
        room.refused("editMessageText", and(&message, same)).await,
        NOT_MODIFIED
    );
    let markup = json!({"reply_markup": keyboard("a")});
    assert_eq!(
        room.refused("editMessageReplyMarkup", and(&message, markup))
            .await,
        NOT_MODIFIED
    );
    // The same words in other letters, and the same text with another button, are changes.
    let plain = json!({"text": "one", "reply_markup": keyboard("a")});
    room.bot("editMessageText", and(&message, plain)).await;
    room.bot(
        "editMessageReplyMarkup",
        and(&message, json!({"reply_markup": keyboard("b")})),
    )
    .await;
    room.bot("editMessageReplyMarkup", message.clone()).await;
    assert_eq!(
        room.refused("editMessageReplyMarkup", message).await,
        NOT_MODIFIED
    );
}

#[tokio::test]
async fn what_cannot_be_edited_says_why() {
    let room = Room::new().await;
    let message = with_message(&room).await;
    let theirs = room.transcript(ANNA).await[0]["message_id"].clone();
    let text = |id: Value| json!({"chat_id": ANNA, "message_id": id, "text": "x"});
    assert_eq!(
        room.refused("editMessageText", text(json!(99))).await,
        "400 Bad Request: message to edit not found"
    );
    assert_eq!(
        room.refused("editMessageText", text(theirs)).await,
        "400 Bad Request: message can't be edited"
    );
    assert_eq!(
        room.refused("editMessageText", json!({"chat_id": ANNA, "text": "x"}))
            .await,
        "400 Bad Request: message identifier is not specified"
    );
    assert_eq!(
        room.refused("editMessageCaption", and(&message, json!({"caption": "x"})))
            .await,
        "400 Bad Request: there is no caption in the message to edit"
    );
    let long = json!({"text": "x".repeat(4097)});
    assert_eq!(
        room.refused("editMessageText", and(&message, long)).await,
        "400 Bad Request: MESSAGE_TOO_LONG"
    );
    let reply_keyboard = json!({"text": "x", "reply_markup": {"keyboard": [["a"]]}});
    assert_eq!(
        room.refused("editMessageText", and(&message, reply_keyboard))
            .await,
        "400 Bad Request: inline keyboard expected"
    );
    let sent = json!({"chat_id": ANNA, "text": "x", "reply_markup": {"keyboard": [["a"]]}});
    let with_keyboard = room.bot("sendMessage", sent).await;
    assert_eq!(
        room.refused("editMessageText", text(with_keyboard["message_id"].clone()))
            .await,
        "400 Bad Request: message can't be edited"
    );
}

#[tokio::test]
async fn messages_are_deleted_once_and_within_48_hours() {
    let room = Room::new().await;
    let message = with_message(&room).await;
    assert_eq!(room.bot("deleteMessage", message.clone()).await, true);
    assert_eq!(
        room.refused("deleteMessage", message.clone()).await,
        "400 Bad Request: message to delete not found"
    );
    assert_eq!(
        room.refused("editMessageText", and(&message, json!({"text": "x"})))
            .await,
        "400 Bad Request: message to edit not found"
    );
    // In a private chat the person's messages can be deleted as well.
    room.post("clock", json!({"advance_seconds": 48 * 3600})).await;
    let old = json!({"chat_id": ANNA, "message_id": room.transcript(ANNA).await[0]["message_id"]});
    assert_eq!(
        room.refused("deleteMessage", old).await,
        "400 Bad Request: message can't be deleted"
    );
    let fresh = room.says(ANNA, "again").await;
    room.bot(
        "deleteMessage",
        json!({"chat_id": ANNA, "message_id": fresh["message_id"]}),
    )
    .await;
    let shown = room.transcript(ANNA).await;
    assert_eq!(shown.len(), 1);
}

#[tokio::test]
async fn in_groups_the_messages_of_others_stay() {
    let room = Room::new().await;
    let message = json!({"bot": BOT, "person": ANNA, "chat": -7, "text": "hi"});
    let message = room.post("messages", message).await;
    let delete = json!({"chat_id": -7, "message_id": message["message_id"]});
    assert_eq!(
        room.refused("deleteMessage", delete).await,
        "400 Bad Request: message can't be deleted"
    );
}

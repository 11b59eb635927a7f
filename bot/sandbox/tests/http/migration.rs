//! A group becomes a supergroup.

use reqwest::Method;
use serde_json::{Value, json};
use stepkeep_sandbox::Config;
use teloxide_core::{
    Bot, RequestError,
    requests::Requester as _,
    types::{ChatId, Update, UpdateKind},
};

use crate::support::{ANNA, BORIS, BOT, Room, TOKEN};

const GROUP: i64 = -7;
const SUPERGROUP: i64 = -1_001_234_567_890;

fn written(person: i64, text: &str) -> Value {
    json!({"bot": BOT, "person": person, "chat": GROUP, "chat_title": "Crew", "text": text})
}

fn migration() -> Value {
    json!({"bot": BOT, "person": ANNA, "chat": GROUP, "to": SUPERGROUP})
}

/// Updates as teloxide reads them, which are confirmed by that.
async fn updates(room: &Room) -> Vec<Update> {
    let updates = room.updates(json!({})).await;
    let read = |update: &Value| serde_json::from_str(&update.to_string()).expect("an update");
    let read: Vec<Update> = updates.iter().map(read).collect();
    if let Some(last) = read.last() {
        room.updates(json!({"offset": last.id.as_offset()})).await;
    }
    read
}

#[tokio::test]
async fn the_bot_is_told_in_both_chats_and_people_go_on_in_the_new_one() {
    let room = Room::new().await;
    room.post("messages", written(ANNA, "hi")).await;
    updates(&room).await;
    let migrated = room.post("migrate", migration()).await;
    assert_eq!(migrated["chat"], SUPERGROUP);
    assert_eq!(migrated["update_ids"].as_array().unwrap().len(), 2);
    room.post("messages", written(BORIS, "still here")).await;

    let updates = updates(&room).await;
    let messages: Vec<_> = updates
        .iter()
        .map(|update| match &update.kind {
            UpdateKind::Message(message) => message,
            other => panic!("no message: {other:?}"),
        })
        .collect();
    let [left, entered, later] = messages[..] else {
        panic!("three messages: {messages:#?}")
    };
    assert_eq!(left.chat.id, ChatId(GROUP));
    assert!(left.chat.is_group());
    assert_eq!(left.migrate_to_chat_id(), Some(&ChatId(SUPERGROUP)));
    assert_eq!(left.from.as_ref().unwrap().id.0, ANNA.unsigned_abs());
    assert_eq!(entered.chat.id, ChatId(SUPERGROUP));
    assert!(entered.chat.is_supergroup());
    assert_eq!(entered.migrate_from_chat_id(), Some(&ChatId(GROUP)));
    assert_eq!(
        (later.chat.id, later.text()),
        (ChatId(SUPERGROUP), Some("still here"))
    );

    let old = room.transcript(GROUP).await;
    assert_eq!(old[0]["text"], "hi");
    assert_eq!(old[1]["migrate_to_chat_id"], SUPERGROUP);
    assert_eq!(old.len(), 2);
    let new = room.transcript(SUPERGROUP).await;
    assert_eq!(new[0]["migrate_from_chat_id"], GROUP);
    assert_eq!(new[1]["text"], "still here");
}

#[tokio::test]
async fn sends_to_the_old_chat_say_where_it_went() {
    let room = Room::new().await;
    room.post("messages", written(ANNA, "hi")).await;
    room.post("migrate", migration()).await;
    let refusal = room
        .call("sendMessage", json!({"chat_id": GROUP, "text": "x"}))
        .await;
    assert_eq!(
        refusal,
        json!({
            "ok": false,
            "error_code": 400,
            "description": "Bad Request: group chat was upgraded to a supergroup chat",
            "parameters": {"migrate_to_chat_id": SUPERGROUP},
        })
    );
    let bot = Bot::new(TOKEN).set_api_url(room.sandbox.url().parse().unwrap());
    let moved = bot.send_message(ChatId(GROUP), "x").await.unwrap_err();
    assert!(
        matches!(moved, RequestError::MigrateToChatId(ChatId(SUPERGROUP))),
        "{moved:?}"
    );
    let sent = bot.send_message(ChatId(SUPERGROUP), "x").await.unwrap();
    assert!(sent.chat.is_supergroup());
    assert_eq!(sent.chat.title(), Some("Crew"));
}

#[tokio::test]
async fn a_button_in_the_old_chat_is_not_pressed_any_more() {
    let room = Room::new().await;
    room.post("messages", written(ANNA, "hi")).await;
    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]});
    let asked = json!({"chat_id": GROUP, "text": "Well?", "reply_markup": keyboard});
    let asked = room.bot("sendMessage", asked).await;
    room.post("migrate", migration()).await;
    let tap =
        json!({"bot": BOT, "person": ANNA, "chat": GROUP, "message_id": asked["message_id"], "data": "y"});
    let (status, refusal) = room.sim(Method::POST, "taps", Some(tap)).await;
    assert_eq!(status, 409);
    assert!(
        refusal["error"]
            .as_str()
            .unwrap()
            .contains(&SUPERGROUP.to_string())
    );
}

#[tokio::test]
async fn an_id_is_drawn_in_the_shape_of_supergroups() {
    let room = Room::new().await;
    room.post("messages", written(ANNA, "hi")).await;
    let drawn = json!({"bot": BOT, "person": ANNA, "chat": GROUP});
    let id = room.post("migrate", drawn).await["chat"].to_string();
    assert!(id.starts_with("-100") && id.len() == 14, "{id}");
}

#[tokio::test]
async fn only_a_group_can_become_a_supergroup_and_only_once() {
    let room = Room::new().await;
    room.says(ANNA, "hi").await;
    room.post("messages", written(ANNA, "hi")).await;
    let with = |chat: i64, to: i64| json!({"bot": BOT, "person": ANNA, "chat": chat, "to": to});
    for (wrong, expected) in [
        (with(-8, SUPERGROUP), 404),
        (with(ANNA, SUPERGROUP), 400),
        (with(GROUP, -8), 400),
        (with(GROUP, 5), 400),
    ] {
        let (status, refusal) = room.sim(Method::POST, "migrate", Some(wrong)).await;
        assert_eq!(status, expected, "{refusal}");
    }
    room.post("migrate", migration()).await;
    for (wrong, expected) in [
        (with(GROUP, SUPERGROUP - 1), 409),
        (with(SUPERGROUP, SUPERGROUP - 1), 400),
    ] {
        let (status, refusal) = room.sim(Method::POST, "migrate", Some(wrong)).await;
        assert_eq!(status, expected, "{refusal}");
    }
}

#[tokio::test]
async fn a_state_file_remembers_where_a_group_went() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Config {
        state: Some(folder.path().join("sandbox.json")),
        ..Config::default()
    };
    let before = Room::with(config()).await;
    before.post("messages", written(ANNA, "hi")).await;
    before.post("migrate", migration()).await;
    before.sandbox.stop().await;

    let after = Room::with(config()).await;
    assert_eq!(
        after
            .refused("sendMessage", json!({"chat_id": GROUP, "text": "x"}))
            .await,
        "400 Bad Request: group chat was upgraded to a supergroup chat"
    );
    after.post("messages", written(BORIS, "later")).await;
    let transcript = after.transcript(SUPERGROUP).await;
    assert_eq!(transcript[1]["text"], "later");
}

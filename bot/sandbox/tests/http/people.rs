//! People, groups and blocking.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ANNA, BORIS, BOT, Room};

#[tokio::test]
async fn people_are_added_and_replaced() {
    let room = Room::new().await;
    let drawn = room
        .post("people", json!({"first_name": "Zoë", "language_code": "fr"}))
        .await;
    let id = drawn["id"].as_i64().unwrap();
    assert_eq!(
        room.post("people", json!({"id": id, "first_name": "Zora"})).await["first_name"],
        "Zora"
    );
    let people = room.get("people").await;
    let names: Vec<&Value> = people
        .as_array()
        .unwrap()
        .iter()
        .map(|person| &person["first_name"])
        .collect();
    assert_eq!(names, ["Anna", "Борис", "Chloe", "Zora"]);
    room.says(id, "/start").await;
    assert_eq!(
        room.updates(json!({})).await[0]["message"]["from"]["first_name"],
        "Zora"
    );
    for wrong in [
        json!({"first_name": " "}),
        json!({"id": 0, "first_name": "x"}),
        json!({"name": "x"}),
    ] {
        let (status, refusal) = room.sim(Method::POST, "people", Some(wrong)).await;
        assert!((400..500).contains(&status) && refusal["error"].is_string());
    }
}

#[tokio::test]
async fn who_blocks_the_bot_is_not_written_to_until_they_take_it_back() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let block = |blocked: bool| json!({"bot": BOT, "person": ANNA, "blocked": blocked});
    let update = room.post("block", block(true)).await["update_id"].clone();
    let updates = room.updates(json!({ "offset": update })).await;
    insta::assert_json_snapshot!(updates[0]["my_chat_member"], {".date" => "[date]"}, @r#"
    {
      "chat": {
        "first_name": "Anna",
        "id": 1001,
        "last_name": "Miller",
        "type": "private",
        "username": "anna_miller"
      },
      "date": "[date]",
      "from": {
        "first_name": "Anna",
        "id": 1001,
        "is_bot": false,
        "language_code": "en",
        "last_name": "Miller",
        "username": "anna_miller"
      },
      "new_chat_member": {
        "status": "kicked",
        "until_date": 0,
        "user": {
          "first_name": "Sandbox bot",
          "id": 42,
          "is_bot": true,
          "username": "sandbox_42_bot"
        }
      },
      "old_chat_member": {
        "status": "member",
        "user": {
          "first_name": "Sandbox bot",
          "id": 42,
          "is_bot": true,
          "username": "sandbox_42_bot"
        }
      }
    }
    "#);
    assert_eq!(room.post("block", block(true)).await["update_id"], Value::Null);
    let send = json!({"chat_id": ANNA, "text": "x"});
    assert_eq!(
        room.refused("sendMessage", send.clone()).await,
        "403 Forbidden: bot was blocked by the user"
    );
    let written = json!({"bot": BOT, "person": ANNA, "text": "x"});
    assert_eq!(room.sim(Method::POST, "messages", Some(written)).await.0, 409);
    room.post("block", block(false)).await;
    room.bot("sendMessage", send).await;
}

#[tokio::test]
async fn a_group_begins_with_its_first_message_and_takes_in_whoever_writes() {
    let room = Room::new().await;
    let group = -1_001_234_567_890_i64;
    let write = |person: i64| json!({"bot": BOT, "person": person, "chat": group, "chat_title": "Crew", "text": "hi"});
    room.post("messages", write(ANNA)).await;
    room.post("messages", write(BORIS)).await;
    let updates = room.updates(json!({})).await;
    assert_eq!(
        updates[0]["my_chat_member"]["new_chat_member"]["status"],
        "member"
    );
    assert_eq!(
        updates[1]["message"]["chat"],
        json!({"id": group, "type": "supergroup", "title": "Crew"})
    );
    assert_eq!(updates[2]["message"]["from"]["id"], BORIS);
    let sent = room
        .bot("sendMessage", json!({"chat_id": group, "text": "hello"}))
        .await;
    let before = updates[2]["message"]["message_id"].as_i64().unwrap();
    assert_eq!(sent["message_id"], before + 1);
    let later = room
        .get(&format!("chats/{group}/messages?bot={BOT}&after={before}"))
        .await;
    assert_eq!(later.as_array().unwrap().len(), 1);
    room.post(
        "block",
        json!({"bot": BOT, "person": ANNA, "chat": group, "blocked": true}),
    )
    .await;
    assert_eq!(
        room.refused("sendMessage", json!({"chat_id": group, "text": "x"}))
            .await,
        "403 Forbidden: bot was kicked from the supergroup chat"
    );
}

#[tokio::test]
async fn what_the_people_side_refuses_has_a_status_and_a_reason() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let wrong = [
        (
            Method::POST,
            "messages",
            Some(json!({"bot": BOT, "person": 5, "text": "x"})),
            404,
        ),
        (
            Method::POST,
            "messages",
            Some(json!({"bot": 0, "person": ANNA, "text": "x"})),
            400,
        ),
        (
            Method::POST,
            "messages",
            Some(json!({"bot": BOT, "person": ANNA, "text": " "})),
            400,
        ),
        (
            Method::POST,
            "messages",
            Some(json!({"bot": BOT, "person": ANNA, "chat": BORIS, "text": "x"})),
            400,
        ),
        (
            Method::POST,
            "messages",
            Some(json!({"bot": BOT, "person": ANNA})),
            422,
        ),
        (
            Method::POST,
            "taps",
            Some(json!({"bot": BOT, "person": BORIS, "message_id": 1, "data": "x"})),
            404,
        ),
        (Method::GET, "pending?bot=7", None, 404),
        (Method::GET, "events?bot=7", None, 404),
        (Method::GET, "chats/1001/messages", None, 400),
        (Method::GET, "chats/x/messages?bot=42", None, 400),
        (Method::GET, "callbacks/7", None, 404),
        (Method::GET, "nothing", None, 404),
        (Method::PUT, "people", None, 405),
    ];
    for (method, path, body, expected) in wrong {
        let (status, refusal) = room.sim(method, path, body).await;
        assert_eq!(status, expected, "{path}: {refusal}");
        assert!(refusal["error"].is_string(), "{path}: {refusal}");
    }
}

#[tokio::test]
async fn a_long_text_of_a_person_is_handed_on_whole() {
    let room = Room::new().await;
    room.says(ANNA, &"x".repeat(10_000)).await;
    let updates = room.updates(json!({})).await;
    assert_eq!(updates[0]["message"]["text"].as_str().unwrap().len(), 10_000);
}

#[tokio::test]
async fn a_chat_without_messages_has_an_empty_transcript() {
    let room = Room::new().await;
    room.bot("getMe", json!({})).await;
    assert_eq!(room.transcript(ANNA).await, Vec::<Value>::new());
}

#[tokio::test]
async fn two_hundred_people_write_at_once_and_nothing_is_lost() {
    let room = Room::new().await;
    let write = |n: i64| {
        let room = &room;
        async move {
            let person = json!({"id": 10_000 + n, "first_name": "Person"});
            room.post("people", person).await;
            for text in ["a", "b", "c"] {
                room.says(10_000 + n, text).await;
            }
        }
    };
    futures::future::join_all((0..200).map(write)).await;
    let mut offset = 0;
    let mut texts = std::collections::HashMap::<i64, String>::new();
    loop {
        let updates = room.updates(json!({ "offset": offset })).await;
        for update in &updates {
            let person = update["message"]["from"]["id"].as_i64().unwrap();
            texts
                .entry(person)
                .or_default()
                .push_str(update["message"]["text"].as_str().unwrap());
            offset = update["update_id"].as_i64().unwrap() + 1;
        }
        if updates.is_empty() {
            break;
        }
    }
    assert_eq!(texts.len(), 200);
    assert!(texts.values().all(|text| text == "abc"));
}

//! Presses of inline buttons and their answers.

use serde_json::{Value, json};

use crate::support::{ANNA, BOT, Room};

const TOO_OLD: &str = "400 Bad Request: query is too old and response timeout expired or query ID is invalid";

async fn pressed(room: &Room) -> Value {
    room.says(ANNA, "/start").await;
    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]});
    let sent = room
        .bot(
            "sendMessage",
            json!({"chat_id": ANNA, "text": "?", "reply_markup": keyboard}),
        )
        .await;
    room.taps(ANNA, &sent["message_id"], "y").await
}

#[tokio::test]
async fn a_press_brings_the_person_the_message_and_the_data() {
    let room = Room::new().await;
    let press = pressed(&room).await;
    let update = room
        .updates(json!({"offset": press["update_id"]}))
        .await
        .remove(0);
    assert_eq!(update["callback_query"]["id"], press["callback_query_id"]);
    insta::assert_json_snapshot!(
        update["callback_query"],
        {".id" => "[id]", ".message.date" => "[date]", ".message.message_id" => "[id]"},
        @r#"
    {
      "chat_instance": "7926961",
      "data": "y",
      "from": {
        "first_name": "Anna",
        "id": 1001,
        "is_bot": false,
        "language_code": "en",
        "last_name": "Miller",
        "username": "anna_miller"
      },
      "id": "[id]",
      "message": {
        "chat": {
          "first_name": "Anna",
          "id": 1001,
          "last_name": "Miller",
          "type": "private",
          "username": "anna_miller"
        },
        "date": "[date]",
        "from": {
          "first_name": "Sandbox bot",
          "id": 42,
          "is_bot": true,
          "username": "sandbox_42_bot"
        },
        "message_id": "[id]",
        "reply_markup": {
          "inline_keyboard": [
            [
              {
                "callback_data": "y",
                "text": "Yes"
              }
            ]
          ]
        },
        "text": "?"
      }
    }
    "#
    );
}

#[tokio::test]
async fn a_press_is_answered_once() {
    let room = Room::new().await;
    let id = pressed(&room).await["callback_query_id"].clone();
    let look = format!("callbacks/{}", id.as_str().unwrap());
    assert_eq!(
        room.get(&look).await,
        json!({"answered": false, "show_alert": false})
    );
    let answer = json!({"callback_query_id": id, "text": "Done", "show_alert": true});
    assert_eq!(room.bot("answerCallbackQuery", answer.clone()).await, true);
    assert_eq!(
        room.get(&look).await,
        json!({"answered": true, "text": "Done", "show_alert": true})
    );
    assert_eq!(room.refused("answerCallbackQuery", answer).await, TOO_OLD);
}

#[tokio::test]
async fn late_unknown_and_foreign_answers_are_refused() {
    let room = Room::new().await;
    let id = pressed(&room).await["callback_query_id"].clone();
    let foreign = room
        .call_as(
            "43:other-secret",
            "answerCallbackQuery",
            json!({"callback_query_id": id}),
        )
        .await;
    assert_eq!(foreign["error_code"], 400);
    assert_eq!(
        room.refused("answerCallbackQuery", json!({"callback_query_id": "1"}))
            .await,
        TOO_OLD
    );
    assert_eq!(room.refused("answerCallbackQuery", json!({})).await, TOO_OLD);
    room.post("clock", json!({"advance_seconds": 151})).await;
    assert_eq!(
        room.refused("answerCallbackQuery", json!({"callback_query_id": id}))
            .await,
        TOO_OLD
    );
}

#[tokio::test]
async fn an_answers_text_has_at_most_200_units() {
    let room = Room::new().await;
    let id = pressed(&room).await["callback_query_id"].clone();
    let answer = |length: usize| json!({"callback_query_id": id, "text": "x".repeat(length)});
    assert_eq!(
        room.refused("answerCallbackQuery", answer(201)).await,
        "400 Bad Request: MESSAGE_TOO_LONG"
    );
    room.bot("answerCallbackQuery", answer(200)).await;
}

#[tokio::test]
async fn a_press_below_a_message_that_is_gone_brings_an_inaccessible_one() {
    let room = Room::new().await;
    pressed(&room).await;
    let id = room.transcript(ANNA).await[1]["message_id"].clone();
    room.bot("deleteMessage", json!({"chat_id": ANNA, "message_id": id}))
        .await;
    let forged = room.taps(ANNA, &id, &"x".repeat(100)).await;
    let update = room
        .updates(json!({"offset": forged["update_id"]}))
        .await
        .remove(0);
    let message = &update["callback_query"]["message"];
    assert_eq!(message["date"], 0);
    assert_eq!(message["message_id"], id);
    assert_eq!(message["chat"]["id"], ANNA);
    assert_eq!(update["callback_query"]["data"], "x".repeat(100));
}

#[tokio::test]
async fn presses_in_groups_name_the_group() {
    let room = Room::new().await;
    room.post(
        "messages",
        json!({"bot": BOT, "person": ANNA, "chat": -7, "text": "hi"}),
    )
    .await;
    let sent = room.bot("sendMessage", json!({"chat_id": -7, "text": "?"})).await;
    let tap = json!({"bot": BOT, "person": ANNA, "chat": -7, "message_id": sent["message_id"], "data": "d"});
    let press = room.post("taps", tap).await;
    let update = room
        .updates(json!({"offset": press["update_id"]}))
        .await
        .remove(0);
    assert_eq!(update["callback_query"]["message"]["chat"]["type"], "group");
    assert_eq!(update["callback_query"]["from"]["id"], ANNA);
}

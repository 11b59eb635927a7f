//! Sending: what is taken, what is refused, and with which words.

use serde_json::{Value, json};

use crate::support::{ANNA, BORIS, Room, TOKEN};

/// A message with a bit of everything, in answer to one of Anna's.
async fn send_with_everything(room: &Room) -> Value {
    let asked = room.says(ANNA, "/start now").await;
    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]});
    room.bot(
        "sendMessage",
        json!({
            "chat_id": ANNA,
            "text": "<b>Hello</b> &amp; welcome, /start",
            "parse_mode": "HTML",
            "reply_markup": keyboard,
            "reply_parameters": {"message_id": asked["message_id"]},
        }),
    )
    .await
}

#[tokio::test]
async fn a_message_is_answered_with_all_its_parts() {
    let room = Room::new().await;
    let sent = send_with_everything(&room).await;
    insta::assert_json_snapshot!(sent, {".**.date" => "[date]", ".**.message_id" => "[id]"}, @r#"
    {
      "chat": {
        "first_name": "Anna",
        "id": 1001,
        "last_name": "Miller",
        "type": "private",
        "username": "anna_miller"
      },
      "date": "[date]",
      "entities": [
        {
          "length": 5,
          "offset": 0,
          "type": "bold"
        },
        {
          "length": 6,
          "offset": 17,
          "type": "bot_command"
        }
      ],
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
      "reply_to_message": {
        "chat": {
          "first_name": "Anna",
          "id": 1001,
          "last_name": "Miller",
          "type": "private",
          "username": "anna_miller"
        },
        "date": "[date]",
        "entities": [
          {
            "length": 6,
            "offset": 0,
            "type": "bot_command"
          }
        ],
        "from": {
          "first_name": "Anna",
          "id": 1001,
          "is_bot": false,
          "language_code": "en",
          "last_name": "Miller",
          "username": "anna_miller"
        },
        "message_id": "[id]",
        "text": "/start now"
      },
      "text": "Hello & welcome, /start"
    }
    "#);
}

#[tokio::test]
async fn a_message_is_shown_with_all_its_parts() {
    let room = Room::new().await;
    send_with_everything(&room).await;
    let transcript = room.transcript(ANNA).await.split_off(1);
    insta::assert_json_snapshot!(transcript, {"[].date" => "[date]", "[].message_id" => "[id]", "[].reply_to_message_id" => "[id]"}, @r#"
    [
      {
        "chat": 1001,
        "date": "[date]",
        "entities": [
          {
            "length": 5,
            "offset": 0,
            "type": "bold"
          },
          {
            "length": 6,
            "offset": 17,
            "type": "bot_command"
          }
        ],
        "from": "bot",
        "inline_keyboard": [
          [
            {
              "callback_data": "y",
              "text": "Yes"
            }
          ]
        ],
        "message_id": "[id]",
        "reply_to_message_id": "[id]",
        "text": "Hello & welcome, /start"
      }
    ]
    "#);
}

#[tokio::test]
async fn a_persons_message_reaches_the_bot_whole() {
    let room = Room::new().await;
    room.says(ANNA, "  /start@some_bot x ").await;
    let updates = room.updates(json!({})).await;
    insta::assert_json_snapshot!(updates[0]["message"], {".date" => "[date]", ".message_id" => "[id]"}, @r#"
    {
      "chat": {
        "first_name": "Anna",
        "id": 1001,
        "last_name": "Miller",
        "type": "private",
        "username": "anna_miller"
      },
      "date": "[date]",
      "entities": [
        {
          "length": 15,
          "offset": 0,
          "type": "bot_command"
        }
      ],
      "from": {
        "first_name": "Anna",
        "id": 1001,
        "is_bot": false,
        "language_code": "en",
        "last_name": "Miller",
        "username": "anna_miller"
      },
      "message_id": "[id]",
      "text": "/start@some_bot x"
    }
    "#);
}

#[tokio::test]
async fn parameters_come_by_query_form_or_json() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let url = room.address(&format!("/bot{TOKEN}/sendmessage"));
    let by_query = room
        .http
        .get(format!("{url}?chat_id={ANNA}&text=query"))
        .send()
        .await
        .unwrap();
    let markup = json!({"inline_keyboard": [[{"text": "a", "callback_data": "b"}]]}).to_string();
    let form = [
        ("chat_id", ANNA.to_string()),
        ("text", "form".to_owned()),
        ("reply_markup", markup.clone()),
    ];
    let encoded = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form)
        .finish();
    let by_form = room
        .http
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encoded)
        .send()
        .await
        .unwrap();
    let multipart = reqwest::multipart::Form::new()
        .text("chat_id", ANNA.to_string())
        .text("text", "multipart")
        .text("reply_markup", markup);
    let by_multipart = room.http.post(&url).multipart(multipart).send().await.unwrap();
    for (response, text) in [
        (by_query, "query"),
        (by_form, "form"),
        (by_multipart, "multipart"),
    ] {
        let envelope: Value = response.json().await.unwrap();
        assert_eq!(envelope["result"]["text"], text, "{envelope}");
        assert_eq!(envelope["result"]["reply_markup"].is_object(), text != "query");
    }
}

#[tokio::test]
async fn a_text_has_1_to_4096_utf_16_units_after_its_markup_is_read() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let text = |text: String| json!({"chat_id": ANNA, "text": text});
    room.bot("sendMessage", text("x".repeat(4096))).await;
    room.bot("sendMessage", text("😀".repeat(2048))).await;
    let html = json!({"chat_id": ANNA, "text": format!("<b>{}</b>", "x".repeat(4096)), "parse_mode": "html"});
    room.bot("sendMessage", html).await;
    for long in ["x".repeat(4097), "😀".repeat(2049), "ж".repeat(20_000)] {
        assert_eq!(
            room.refused("sendMessage", text(long)).await,
            "400 Bad Request: message is too long"
        );
    }
    for empty in [
        json!({"chat_id": ANNA}),
        text(String::new()),
        text(" \n ".to_owned()),
    ] {
        assert_eq!(
            room.refused("sendMessage", empty).await,
            "400 Bad Request: message text is empty"
        );
    }
    let nothing_left = json!({"chat_id": ANNA, "text": "<b></b>", "parse_mode": "HTML"});
    assert_eq!(
        room.refused("sendMessage", nothing_left).await,
        "400 Bad Request: message text is empty"
    );
}

#[tokio::test]
async fn broken_markup_and_other_modes_are_refused() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let send = |text: &str, mode: &str| json!({"chat_id": ANNA, "text": text, "parse_mode": mode});
    let broken = room.refused("sendMessage", send("<b>x", "HTML")).await;
    assert_eq!(
        broken,
        "400 Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\""
    );
    assert!(
        room.refused("sendMessage", send("*x*", "MarkdownV2"))
            .await
            .contains("unsupported parse_mode")
    );
    assert_eq!(
        room.refused("sendMessage", send("x", "Wiki")).await,
        "400 Bad Request: unsupported parse_mode"
    );
}

#[tokio::test]
async fn only_those_who_wrote_can_be_written_to() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let to = |chat: Value| json!({"chat_id": chat, "text": "x"});
    assert_eq!(
        room.refused("sendMessage", json!({"text": "x"})).await,
        "400 Bad Request: chat_id is empty"
    );
    for nobody in [json!(99_999), json!("@somebody"), json!(-5)] {
        assert_eq!(
            room.refused("sendMessage", to(nobody)).await,
            "400 Bad Request: chat not found"
        );
    }
    assert_eq!(
        room.refused("sendMessage", to(json!(BORIS))).await,
        "403 Forbidden: bot can't initiate conversation with a user"
    );
    room.bot("sendMessage", to(json!(ANNA.to_string()))).await;
}

#[tokio::test]
async fn keyboards_are_checked() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let with = |markup: Value| json!({"chat_id": ANNA, "text": "x", "reply_markup": markup});
    let inline = |button: Value| with(json!({"inline_keyboard": [[button]]}));
    let refusals = [
        (
            inline(json!({"text": "a", "callback_data": "ж".repeat(33)})),
            "BUTTON_DATA_INVALID",
        ),
        (
            inline(json!({"text": "", "callback_data": "x"})),
            "text buttons must be non-empty",
        ),
        (
            with(json!({"inline_keyboard": {}})),
            "Field \"inline_keyboard\" must be of type Array",
        ),
        (with(json!("{")), "can't parse reply markup JSON object"),
        (with(json!({"keyboard": []})), "reply keyboard is empty"),
    ];
    for (params, reason) in refusals {
        assert_eq!(
            room.refused("sendMessage", params).await,
            format!("400 Bad Request: {reason}")
        );
    }
    let sent = room
        .bot("sendMessage", with(json!({"inline_keyboard": []})))
        .await;
    assert_eq!(sent["reply_markup"], Value::Null);
}

#[tokio::test]
async fn a_reply_keyboard_is_shown_to_the_person_and_not_in_the_answer() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let keyboard = json!({"keyboard": [["Skip"]], "resize_keyboard": true});
    let sent = room
        .bot(
            "sendMessage",
            json!({"chat_id": ANNA, "text": "x", "reply_markup": keyboard}),
        )
        .await;
    assert_eq!(sent["reply_markup"], Value::Null);
    let gone = json!({"chat_id": ANNA, "text": "y", "reply_markup": {"remove_keyboard": true}});
    room.bot("sendMessage", gone).await;
    let transcript = room.transcript(ANNA).await.split_off(1);
    assert_eq!(
        transcript[0]["reply_keyboard"],
        json!({"keyboard": [[{"text": "Skip"}]], "resize_keyboard": true})
    );
    assert_eq!(transcript[1]["reply_keyboard"], json!({"remove_keyboard": true}));
}

#[tokio::test]
async fn a_reply_needs_its_message_unless_it_may_be_missing() {
    let room = Room::new().await;
    let id = room.says(ANNA, "/start").await["message_id"].as_i64().unwrap();
    let unknown = id + 100;
    let reply = |id: i64, more: bool| {
        json!({
            "chat_id": ANNA,
            "text": "x",
            "reply_parameters": {"message_id": id, "allow_sending_without_reply": more},
        })
    };
    assert_eq!(
        room.refused("sendMessage", reply(unknown, false)).await,
        "400 Bad Request: message to be replied not found"
    );
    assert_eq!(
        room.bot("sendMessage", reply(unknown, true)).await["reply_to_message"],
        Value::Null
    );
    assert_eq!(
        room.bot("sendMessage", reply(id, false)).await["reply_to_message"]["text"],
        "/start"
    );
}

#[tokio::test]
async fn a_chat_action_is_one_that_telegram_knows() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    assert_eq!(
        room.bot("sendChatAction", json!({"chat_id": ANNA, "action": "typing"}))
            .await,
        true
    );
    assert_eq!(
        room.refused("sendChatAction", json!({"chat_id": ANNA, "action": "dancing"}))
            .await,
        "400 Bad Request: wrong parameter action in request"
    );
}

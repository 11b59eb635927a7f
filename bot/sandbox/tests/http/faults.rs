//! Faults that are ordered, and the log of calls.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{ANNA, BORIS, Room, TOKEN};

#[tokio::test]
async fn a_fault_meets_the_calls_it_names_as_often_as_it_says() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    room.says(BORIS, "/start").await;
    let fault = json!({"method": "sendMessage", "chat": ANNA, "status": 429, "retry_after": 7, "times": 2});
    room.post("faults", fault).await;
    let send = |chat: i64| json!({"chat_id": chat, "text": "x"});
    room.bot("sendMessage", send(BORIS)).await;
    room.bot("getMe", json!({})).await;
    for _ in 0..2 {
        let response = room.response(TOKEN, "sendMessage", send(ANNA)).await;
        assert_eq!(response.headers()["retry-after"], "7");
        let envelope: Value = response.json().await.unwrap();
        assert_eq!(
            envelope,
            json!({
                "ok": false,
                "error_code": 429,
                "description": "Too Many Requests: retry after 7",
                "parameters": {"retry_after": 7},
            })
        );
    }
    room.bot("sendMessage", send(ANNA)).await;
}

#[tokio::test]
async fn a_fault_after_the_effect_leaves_the_message_in_the_chat() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    room.post("faults", json!({"status": 500, "after_effect": true}))
        .await;
    let send = json!({"chat_id": ANNA, "text": "x"});
    assert_eq!(
        room.refused("sendMessage", send.clone()).await,
        "500 Internal Server Error"
    );
    room.post(
        "faults",
        json!({"status": 403, "description": "Forbidden: user is deactivated"}),
    )
    .await;
    assert_eq!(
        room.refused("sendMessage", send).await,
        "403 Forbidden: user is deactivated"
    );
    let shown = room.transcript(ANNA).await;
    assert_eq!(shown.len(), 2);
}

#[tokio::test]
async fn faults_can_be_ended_and_a_delay_alone_fails_nothing() {
    let room = Room::new().await;
    room.post("faults", json!({"status": 500, "times": 1000})).await;
    assert_eq!(room.get("faults").await[0]["times"], 1000);
    room.sim(Method::DELETE, "faults", None).await;
    room.bot("getMe", json!({})).await;
    room.post("faults", json!({"delay_ms": 1})).await;
    room.bot("getMe", json!({})).await;
    let (status, _) = room
        .sim(Method::POST, "faults", Some(json!({"status": 200})))
        .await;
    assert_eq!(status, 400);
    let (status, refusal) = room
        .sim(Method::POST, "faults", Some(json!({"statuss": 500})))
        .await;
    assert_eq!(status, 422);
    assert!(refusal["error"].as_str().unwrap().contains("statuss"));
}

#[tokio::test]
async fn a_connection_can_be_dropped_before_or_after_the_effect() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    let url = room.address(&format!("/bot{TOKEN}/sendMessage?chat_id={ANNA}&text=x"));
    for (after_effect, messages) in [(false, 1), (true, 2)] {
        room.post(
            "faults",
            json!({"drop_connection": true, "after_effect": after_effect}),
        )
        .await;
        let response = room.http.get(&url).send().await;
        let body = async { response?.bytes().await }.await;
        assert!(body.is_err(), "{body:?}");
        assert_eq!(room.transcript(ANNA).await.len(), messages);
    }
    assert_eq!(room.get("calls").await[1]["status"], 0);
}

#[tokio::test]
async fn every_call_is_in_the_log() {
    let room = Room::new().await;
    room.says(ANNA, "/start").await;
    room.bot("sendMessage", json!({"chat_id": ANNA, "text": "x"}))
        .await;
    room.refused("sendMessage", json!({"chat_id": BORIS, "text": "y"}))
        .await;
    room.bot("getMe", json!({})).await;
    let url = "https://127.0.0.1:1/hook";
    room.bot("setWebhook", json!({"url": url, "secret_token": "hidden-thing"}))
        .await;
    let calls = room.get("calls").await;
    let numbers: Vec<&Value> = calls
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["number"])
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(!calls.to_string().contains("hidden-thing"));
    let to_boris = room.get(&format!("calls?method=sendmessage&chat={BORIS}")).await;
    insta::assert_json_snapshot!(to_boris, {"[].at" => "[at]"}, @r#"
    [
      {
        "at": "[at]",
        "bot": 42,
        "description": "Forbidden: bot can't initiate conversation with a user",
        "method": "sendMessage",
        "number": 2,
        "params": {
          "chat_id": 1002,
          "text": "y"
        },
        "status": 403
      }
    ]
    "#);
    assert_eq!(room.get("calls?after=3").await.as_array().unwrap().len(), 1);
    assert_eq!(room.get("calls?bot=43").await, json!([]));
}

//! What a sandbox with a state file remembers.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use stepkeep_sandbox::{Config, StartError};

use crate::support::{ANNA, BOT, Room, TOKEN, ids, until};

async fn room(state: &Path) -> Room {
    Room::with(Config {
        state: Some(state.to_owned()),
        ..Config::default()
    })
    .await
}

/// Stops the sandbox, and starts one on what it left.
async fn again(old: Room, state: &Path) -> Room {
    old.sandbox.stop().await;
    room(state).await
}

const RATES: &str = r#"{
    "rate_options": {"carrier_ids": ["se-100001"]},
    "shipment": {
        "ship_from": {"name": "Anna Miller", "address_line1": "500 W 2nd St", "city_locality": "Austin",
            "state_province": "TX", "postal_code": "78701", "country_code": "US"},
        "ship_to": {"name": "John Smith", "address_line1": "1 Market St", "city_locality": "San Francisco",
            "state_province": "CA", "postal_code": "94105", "country_code": "US"},
        "packages": [{"weight": {"value": 20, "unit": "ounce"}}]
    }
}"#;

async fn shipping(room: &Room, method: Method, path: &str, body: &'static str) -> Value {
    let request = room
        .http
        .request(method, room.address(&format!("/shipping/v2/{path}")));
    let request = request
        .header("api-key", "TEST_key")
        .header("content-type", "application/json");
    request.body(body).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn chats_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let before = room(&file).await;
    before
        .post(
            "people",
            json!({"id": 7, "first_name": "Ivy", "language_code": "ru"}),
        )
        .await;
    before.says(ANNA, "first").await;
    before.says(ANNA, "second").await;
    let handed_out = before.updates(json!({})).await;
    let keyboard = json!({"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]});
    let asked = before
        .bot(
            "sendMessage",
            json!({"chat_id": ANNA, "text": "Well?", "reply_markup": keyboard}),
        )
        .await;
    let form = reqwest::multipart::Form::new()
        .text("chat_id", ANNA.to_string())
        .part(
            "document",
            reqwest::multipart::Part::bytes(b"%PDF-1.7".to_vec()).file_name("a.pdf"),
        );
    let sent = before
        .http
        .post(before.address(&format!("/bot{TOKEN}/sendDocument")));
    assert_eq!(sent.multipart(form).send().await.unwrap().status(), 200);
    let menu = json!({"commands": [{"command": "start", "description": "Begin"}]});
    before.bot("setMyCommands", menu.clone()).await;
    let tap = before.taps(ANNA, &asked["message_id"], "yes").await;
    // The first update is confirmed, the others are not.
    let first = handed_out[0]["update_id"].as_i64().unwrap();
    let open = before.updates(json!({"offset": first + 1})).await;
    let transcript = before.transcript(ANNA).await;

    let after = again(before, &file).await;
    assert_eq!(after.transcript(ANNA).await, transcript);
    assert_eq!(after.updates(json!({"offset": first + 1})).await, open);
    assert_eq!(after.get("people").await.as_array().unwrap().len(), 4);
    assert_eq!(after.bot("getMyCommands", json!({})).await, menu["commands"]);
    let url = transcript[3]["document"]["url"].as_str().unwrap();
    let document = after.http.get(after.address(url)).send().await.unwrap();
    assert_eq!(document.bytes().await.unwrap(), "%PDF-1.7");
    // A button that was pressed before can be answered now.
    let query = json!({"callback_query_id": tap["callback_query_id"]});
    after.bot("answerCallbackQuery", query).await;

    // Nothing new gets an id that something old had.
    let new = after.says(ANNA, "third").await;
    assert!(new["update_id"].as_i64() > ids(&open).into_iter().max(), "{new}");
    assert!(
        new["message_id"].as_i64() > transcript[3]["message_id"].as_i64(),
        "{new}"
    );
}

#[tokio::test]
async fn offers_and_labels_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let before = room(&file).await;
    let quote = shipping(&before, Method::POST, "rates", RATES).await;
    let rate = quote["rate_response"]["rates"][0]["rate_id"]
        .as_str()
        .unwrap()
        .to_owned();

    let then = again(before, &file).await;
    let label = shipping(&then, Method::POST, &format!("labels/rates/{rate}"), "{}").await;
    assert_eq!(label["status"], "completed", "{label}");
    let after = again(then, &file).await;
    let labels = shipping(&after, Method::GET, &format!("labels?rate_id={rate}"), "").await;
    assert_eq!(labels["labels"][0]["tracking_number"], label["tracking_number"]);
    let more = shipping(&after, Method::POST, "rates", RATES).await;
    assert_ne!(more["shipment_id"], quote["shipment_id"]);
}

#[tokio::test]
async fn it_is_written_while_the_sandbox_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let running = room(&file).await;
    running.says(ANNA, "not lost by a kill").await;
    until(|| async { std::fs::read_to_string(&file).is_ok_and(|text| text.contains("not lost by a kill")) })
        .await;
}

#[tokio::test]
async fn a_reset_clears_what_was_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let before = room(&file).await;
    before.says(ANNA, "soon forgotten").await;
    assert_eq!(before.sim(Method::POST, "reset", None).await.0, 204);
    let after = again(before, &file).await;
    assert_eq!(after.get("bots").await, json!([]));
    assert!(!std::fs::read_to_string(&file).unwrap().contains("soon forgotten"));
}

#[tokio::test]
async fn a_webhook_is_delivered_to_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    let before = room(&file).await;
    before
        .bot(
            "setWebhook",
            json!({"url": "http://127.0.0.1:9/hook", "secret_token": "s"}),
        )
        .await;
    let after = again(before, &file).await;
    assert_eq!(
        after.bot("getWebhookInfo", json!({})).await["url"],
        "http://127.0.0.1:9/hook"
    );
    after.says(ANNA, "hello").await;
    until(|| async { after.bot("getWebhookInfo", json!({})).await["last_error_date"].is_i64() }).await;
    assert_eq!(after.get(&format!("pending?bot={BOT}")).await["pending"], 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.json");
    for (text, reason) in [
        ("{\"version\":1,", "EOF"),
        ("{\"version\":99}", "version 99"),
        ("[]", "invalid length"),
    ] {
        std::fs::write(&file, text).unwrap();
        let room = room(&file).await;
        let put_aside = room.sandbox.put_aside().unwrap().clone();
        assert!(put_aside.reason.contains(reason), "{put_aside}");
        assert_eq!(std::fs::read_to_string(&put_aside.kept_as).unwrap(), text);
        assert_eq!(put_aside.kept_as, folder.path().join("sandbox.json.broken"));
        room.says(ANNA, "begun anew").await;
        room.sandbox.stop().await;
        assert!(std::fs::read_to_string(&file).unwrap().contains("begun anew"));
    }
}

#[tokio::test]
async fn a_state_file_that_is_a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        state: Some(folder.path().to_owned()),
        ..Config::default()
    };
    let refused = stepkeep_sandbox::Sandbox::bind(config).await;
    assert!(matches!(refused, Err(StartError::State { path, .. }) if path == folder.path()));
}

//! Webhook delivery, against a server of the test.

use std::{collections::VecDeque, net::Ipv4Addr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use stepkeep_sandbox::Config;
use tokio::{net::TcpListener, sync::Semaphore};

use crate::support::{ANNA, BORIS, BOT, Room, until};

/// A bot's own server: takes updates, or answers what the test has scripted.
struct Hook {
    url: String,
    seen: Arc<Seen>,
}

struct Seen {
    updates: Mutex<Vec<(Value, HeaderMap)>>,
    /// Statuses to answer with before taking anything.
    script: Mutex<VecDeque<(u16, Option<u32>)>>,
    /// Messages with this text are held until the test lets them go.
    held: Mutex<Option<String>>,
    release: Semaphore,
}

impl Hook {
    async fn start() -> Self {
        let seen = Arc::new(Seen {
            updates: Mutex::default(),
            script: Mutex::default(),
            held: Mutex::default(),
            release: Semaphore::new(0),
        });
        let router = Router::new()
            .route("/hook", post(receive))
            .with_state(Arc::clone(&seen));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, seen }
    }

    fn count(&self) -> usize {
        self.seen.updates.lock().len()
    }

    fn texts(&self) -> Vec<String> {
        let text = |update: &Value| {
            let text = update["message"]["text"]
                .as_str()
                .or_else(|| update["callback_query"]["data"].as_str());
            text.unwrap_or_default().to_owned()
        };
        self.seen
            .updates
            .lock()
            .iter()
            .map(|(update, _)| text(update))
            .collect()
    }
}

async fn receive(State(seen): State<Arc<Seen>>, headers: HeaderMap, Json(update): Json<Value>) -> Response {
    let text = update["message"]["text"].as_str().map(str::to_owned);
    seen.updates.lock().push((update, headers));
    let is_held = text.is_some() && *seen.held.lock() == text;
    if is_held {
        seen.release.acquire().await.unwrap().forget();
    }
    match seen.script.lock().pop_front() {
        None => StatusCode::OK.into_response(),
        Some((status, retry_after)) => {
            let mut response = StatusCode::from_u16(status).unwrap().into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
    }
}

/// A sandbox whose retries come at once.
async fn hasty() -> Room {
    Room::with(Config {
        webhook_retry_scale: 0.0,
        ..Config::default()
    })
    .await
}

#[tokio::test]
async fn updates_are_posted_with_the_secret_and_confirmed_by_a_2xx() {
    let (room, hook) = (hasty().await, Hook::start().await);
    room.says(ANNA, "before").await;
    room.bot("setWebhook", json!({"url": hook.url, "secret_token": "s3cret_-"}))
        .await;
    room.says(ANNA, "after").await;
    until(|| async { hook.count() == 2 && room.pending().await == 0 }).await;
    assert_eq!(hook.texts(), ["before", "after"]);
    let (_, headers) = hook.seen.updates.lock()[0].clone();
    assert_eq!(headers["x-telegram-bot-api-secret-token"], "s3cret_-");
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_refused_update_comes_again_until_it_is_taken_and_the_error_is_told() {
    let (room, hook) = (hasty().await, Hook::start().await);
    hook.seen
        .script
        .lock()
        .extend([(500, None), (503, Some(30)), (302, None)]);
    room.bot("setWebhook", json!({"url": hook.url})).await;
    room.says(ANNA, "one").await;
    room.says(ANNA, "two").await;
    until(|| async { hook.count() == 5 && room.pending().await == 0 }).await;
    assert_eq!(hook.texts(), ["one", "one", "one", "one", "two"]);
    let info = room.bot("getWebhookInfo", json!({})).await;
    assert_eq!(
        info["last_error_message"],
        "Wrong response from the webhook: 302 Found"
    );
    assert!(info["last_error_date"].is_i64());
}

#[tokio::test]
async fn a_failing_chat_holds_up_neither_another_chat_nor_a_press() {
    let (room, hook) = (hasty().await, Hook::start().await);
    *hook.seen.held.lock() = Some("slow".to_owned());
    room.bot("setWebhook", json!({"url": hook.url})).await;
    room.says(ANNA, "slow").await;
    room.says(ANNA, "behind it").await;
    room.says(BORIS, "other chat").await;
    room.taps(ANNA, &json!(1), "press").await;
    until(|| async { hook.count() == 3 }).await;
    assert_eq!(room.pending().await, 2);
    assert!(!hook.texts().contains(&"behind it".to_owned()));
    hook.seen.release.add_permits(1);
    until(|| async { hook.count() == 4 && room.pending().await == 0 }).await;
    assert_eq!(hook.texts()[3], "behind it");
}

#[tokio::test]
async fn connections_are_limited() {
    let (room, hook) = (hasty().await, Hook::start().await);
    *hook.seen.held.lock() = Some("slow".to_owned());
    room.bot("setWebhook", json!({"url": hook.url, "max_connections": 1}))
        .await;
    room.says(ANNA, "slow").await;
    until(|| async { hook.count() == 1 }).await;
    room.says(BORIS, "waits").await;
    // Whatever could be on its way would have passed this by.
    room.bot("getMe", json!({})).await;
    assert_eq!(hook.count(), 1);
    hook.seen.release.add_permits(1);
    until(|| async { hook.count() == 2 }).await;
}

#[tokio::test]
async fn a_server_that_is_away_gets_its_updates_when_it_is_back() {
    let room = hasty().await;
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    room.bot("setWebhook", json!({"url": format!("http://{address}/hook")}))
        .await;
    room.says(ANNA, "hello").await;
    until(|| async {
        room.bot("getWebhookInfo", json!({})).await["last_error_message"] == "Connection refused"
    })
    .await;
    let hook = Hook::start().await;
    room.bot("setWebhook", json!({"url": hook.url})).await;
    until(|| async { hook.count() == 1 && room.pending().await == 0 }).await;
}

#[tokio::test]
async fn polling_and_a_webhook_exclude_each_other() {
    let (room, hook) = (hasty().await, Hook::start().await);
    let poll = room.refused("getUpdates", json!({"timeout": 50}));
    let set = async {
        let is_known = || async { room.get("bots").await != json!([]) };
        until(is_known).await;
        room.bot("setWebhook", json!({"url": hook.url})).await
    };
    assert_eq!(
        tokio::join!(poll, set).0,
        "409 Conflict: terminated by setWebhook request"
    );
    assert_eq!(
        room.refused("getUpdates", json!({})).await,
        "409 Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook \
         first"
    );
    room.bot("deleteWebhook", json!({})).await;
    room.updates(json!({})).await;
}

#[tokio::test]
async fn what_is_pending_stays_or_is_dropped_as_asked() {
    let room = hasty().await;
    room.says(ANNA, "one").await;
    room.bot("deleteWebhook", json!({})).await;
    assert_eq!(room.pending().await, 1);
    room.bot("deleteWebhook", json!({"drop_pending_updates": true}))
        .await;
    assert_eq!(room.pending().await, 0);
    let hook = Hook::start().await;
    room.says(ANNA, "old").await;
    room.bot(
        "setWebhook",
        json!({"url": hook.url, "drop_pending_updates": true}),
    )
    .await;
    room.says(ANNA, "new").await;
    until(|| async { hook.count() == 1 }).await;
    assert_eq!(hook.texts(), ["new"]);
}

#[tokio::test]
async fn the_same_webhook_again_is_said_to_be_set_already() {
    let room = hasty().await;
    let settings = json!({"url": "https://127.0.0.1:1/hook", "allowed_updates": ["message"]});
    assert_eq!(
        room.call("setWebhook", settings.clone()).await["description"],
        "Webhook was set"
    );
    assert_eq!(
        room.call("setWebhook", settings).await["description"],
        "Webhook is already set"
    );
    let info = room.bot("getWebhookInfo", json!({})).await;
    assert_eq!(info["url"], "https://127.0.0.1:1/hook");
    assert_eq!(info["max_connections"], 40);
    assert_eq!(info["allowed_updates"], json!(["message"]));
    assert_eq!(
        room.call("setWebhook", json!({"url": ""})).await["description"],
        "Webhook was deleted"
    );
    assert_eq!(
        room.call("deleteWebhook", json!({})).await["description"],
        "Webhook is already deleted"
    );
    assert_eq!(room.bot("getWebhookInfo", json!({})).await["url"], "");
}

#[tokio::test]
async fn a_webhooks_settings_are_checked() {
    let room = hasty().await;
    for url in ["nonsense", "ftp://a.example/", "http://"] {
        assert_eq!(
            room.refused("setWebhook", json!({ "url": url })).await,
            "400 Bad Request: bad webhook: invalid webhook URL specified"
        );
    }
    let with_secret = |secret: String| json!({"url": "https://a.example/", "secret_token": secret});
    assert!(
        room.refused("setWebhook", with_secret("no spaces".to_owned()))
            .await
            .contains("unallowed characters")
    );
    assert!(
        room.refused("setWebhook", with_secret("x".repeat(257)))
            .await
            .contains("too long")
    );
}

#[tokio::test]
async fn an_update_that_a_webhook_took_can_be_redelivered() {
    let (room, hook) = (hasty().await, Hook::start().await);
    room.bot("setWebhook", json!({"url": hook.url})).await;
    let sent = room.says(ANNA, "hello").await;
    until(|| async { hook.count() == 1 && room.pending().await == 0 }).await;
    room.post("redeliver", json!({"bot": BOT, "update_id": sent["update_id"]}))
        .await;
    until(|| async { hook.count() == 2 }).await;
    let updates = hook.seen.updates.lock();
    assert_eq!(updates[0].0, updates[1].0);
}

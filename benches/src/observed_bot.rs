//! A whole bot in the process, from the update to the acknowledgement, with a Telegram that answers at once: what is left is what the bot
//! itself costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::header::CONTENT_TYPE;
use serde_json::json;
use serde_json::value::RawValue;
use stepkeep::catalogue::RatesCatalogue;
use stepkeep::dead_letters::DeadLetters;
use stepkeep::effects::{LabelDocuments, ShippingEffects};
use stepkeep::flows::{FlowSettings, flows};
use stepkeep::localization::Localizer;
use stepkeep::observation::Observers;
use stepkeep::runner::{Runner, RunnerLimits, RunnerParts};
use stepkeep::shipping::{ShippingApi, ShippingClient, ShippingConfig};
use stepkeep::telegram::{
    Answer, BotToken, Call, ClientConfig, Delivery, Method, Origin, RawUpdate, Receipt, Sender, SenderConfig,
    TelegramClient, TelegramError, TelegramErrorKind, Transport,
};
use stepkeep_core::cache::CacheConfig;
use stepkeep_core::{BotId, SessionStore, SystemClock, TurnEngine};
use tokio::sync::oneshot;

use crate::ANSWERS;

const BOT: BotId = BotId(7);

static NEXT_PERSON: AtomicI64 = AtomicI64::new(1);
static NEXT_UPDATE: AtomicI64 = AtomicI64::new(1);

/// What it answers to every call.
const ANSWER: &str = r#"{"ok":true,"result":{"message_id":5,"date":1800000000,"text":"-",
    "chat":{"id":42,"type":"private","first_name":"Ann"}}}"#;

/// A Telegram that takes every message.
#[derive(Debug)]
struct Telegram;

#[async_trait]
impl Transport for Telegram {
    async fn call(&self, _: Call) -> Result<Answer, TelegramError> {
        Ok(Answer {
            status: 200,
            retry_after: None,
            body: ANSWER.into(),
        })
    }

    async fn download(&self, _: &str, _: u64, _: Duration) -> Result<Answer, TelegramError> {
        Err(TelegramError::new(
            Method::new("download"),
            TelegramErrorKind::Network,
        ))
    }
}

/// Where a bot's Telegram is.
#[derive(Clone, Debug)]
pub enum TelegramAt {
    /// In the process: it answers at once, and what is left is what the bot itself costs.
    Hand,
    /// Behind an address, over HTTP.
    Address(String),
}

/// A Telegram that takes every message, over HTTP; answers its address. It ends with its runtime.
///
/// # Panics
/// When there is no port for it: without it there is nothing to measure.
#[expect(clippy::expect_used, reason = "a bot without its Telegram can't be measured")]
pub async fn telegram_over_http() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let answers = axum::Router::new().fallback(|| async { ([(CONTENT_TYPE, "application/json")], ANSWER) });
    tokio::spawn(axum::serve(listener, answers).into_future());
    format!("http://{address}")
}

/// A bot on this store, whose observers are these.
///
/// # Panics
/// When a part can't be made: without it there is nothing to measure.
#[expect(clippy::expect_used, reason = "a bot that can't be made can't be measured")]
pub fn observed_bot(store: &Arc<dyn SessionStore>, observers: &Observers, telegram: &TelegramAt) -> Runner {
    let localizer = Arc::new(Localizer::new().expect("texts"));
    let nowhere = "http://127.0.0.1:1".parse().expect("an address");
    let shipping = ShippingClient::new(ShippingConfig::new(nowhere, "none".into())).expect("a client");
    let shipping: Arc<dyn ShippingApi> = Arc::new(shipping);
    let rates = RatesCatalogue::new(
        Arc::clone(&shipping),
        CacheConfig::default(),
        Arc::new(SystemClock),
    );
    let mut config = ClientConfig {
        observers: observers.clone(),
        ..ClientConfig::default()
    };
    let client = match telegram {
        TelegramAt::Hand => TelegramClient::over(Arc::new(Telegram), BOT, &config),
        TelegramAt::Address(url) => {
            config.api_url.clone_from(url);
            let token = format!("{}:{}", BOT.0, "A".repeat(35));
            let token = BotToken::parse(&token).expect("a token");
            TelegramClient::new(token, &config).expect("a client")
        }
    };
    Runner::new(RunnerParts {
        engine: TurnEngine::new(
            Arc::clone(store),
            flows(&localizer, &FlowSettings::default()),
            Arc::new(SystemClock),
        ),
        sender: Arc::new(Sender::new(client, SenderConfig::default())),
        localizer,
        effects: Arc::new(ShippingEffects::new(Arc::clone(&shipping), rates)),
        documents: Arc::new(LabelDocuments::new(shipping)),
        bot: BOT,
        bot_name: "KeepBot".to_owned(),
        dead_letters: DeadLetters::new(Arc::clone(store), Arc::new(SystemClock), BOT),
        limits: RunnerLimits::default(),
        observers: observers.clone(),
        payments: None,
    })
}

/// One person's order up to the summary, message by message; answers how many turns it took.
pub async fn order_in_chat(runner: &Runner, store: &Arc<dyn SessionStore>) -> u32 {
    let person = NEXT_PERSON.fetch_add(1, Ordering::Relaxed);
    let mut turns = 2;
    write(runner, person, "/start").await;
    let new_order = new_order_button(store, person).await;
    tap(runner, person, &new_order).await;
    for answer in ANSWERS {
        write(runner, person, answer).await;
        turns += 1;
    }
    turns
}

/// What the button of the main menu that begins an order carries.
#[expect(clippy::expect_used, reason = "a bot without its menu can't be measured")]
async fn new_order_button(store: &Arc<dyn SessionStore>, person: i64) -> String {
    let key = stepkeep_core::SessionKey::private(BOT, stepkeep_core::UserId(person));
    let session = store.get(&key).await.expect("a store").expect("a session");
    let outbox = &session.turn().outbox;
    let messages = outbox.iter().flat_map(|entry| entry.replies.iter());
    let message = messages.filter_map(stepkeep_core::Reply::message).next_back();
    message.expect("a menu").buttons[0][0].action.clone()
}

async fn write(runner: &Runner, person: i64, text: &str) {
    let entities = if text.starts_with('/') {
        json!([{"type": "bot_command", "offset": 0, "length": text.len()}])
    } else {
        json!([])
    };
    let message = json!({
        "message_id": 1, "date": 1_800_000_000, "text": text, "entities": entities,
        "chat": {"id": person, "type": "private", "first_name": "Ann"},
        "from": {"id": person, "is_bot": false, "first_name": "Ann", "language_code": "en"},
    });
    take(runner, json!({"message": message})).await;
}

async fn tap(runner: &Runner, person: i64, data: &str) {
    let from = json!({"id": person, "is_bot": false, "first_name": "Ann", "language_code": "en"});
    let message = json!({
        "message_id": 5, "date": 1_800_000_000, "text": "-",
        "chat": {"id": person, "type": "private", "first_name": "Ann"},
    });
    let query = json!({"id": "1", "from": from, "chat_instance": "1", "data": data, "message": message});
    take(runner, json!({"callback_query": query})).await;
}

#[expect(clippy::expect_used, reason = "an update of our own making is one")]
async fn take(runner: &Runner, mut update: serde_json::Value) {
    let id = NEXT_UPDATE.fetch_add(1, Ordering::Relaxed);
    update["update_id"] = id.into();
    let raw = RawValue::from_string(update.to_string()).expect("JSON");
    let update = RawUpdate::new(raw).expect("an update");
    let (settled, is_settled) = oneshot::channel();
    let receipt = Receipt::new(id, Origin::Polling, move |_| {
        // Who doesn't wait for it any more doesn't mind.
        let _ = settled.send(());
    });
    runner
        .take(Delivery {
            update,
            attempt: 1,
            receipt,
        })
        .await;
    is_settled.await.expect("an answer");
}

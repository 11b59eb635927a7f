//! What a tap costs where the store and the outside APIs are far away: one trip to read, one to write, and none outside
//! when somebody asked before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stepkeep::runner::Runner;
use stepkeep::telegram::{
    Answer, Arguments, Call, ClientConfig, Delivery, Method, Origin, RawUpdate, Receipt, TelegramClient,
    TelegramError, TelegramErrorKind, Transport,
};
use stepkeep_core::{
    BotId, Fault, Faults, MemoryStorage, OperationCounts, SessionStore, StoreOperation, WithCounts,
    WithFaults,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::chance::Chance;
use crate::filled_in;
use crate::process::{PausedClock, runner};
use crate::shipping::Shipping;
use crate::telegram::{BOT, Telegram};
use crate::trace::Trace;
use crate::weather::{Life, Weather};
use crate::world::in_virtual_time;

/// How far away the store is.
const STORE: Duration = Duration::from_millis(30);
/// How far away the carriers are.
const CARRIERS: Duration = Duration::from_millis(500);
/// Within how long 99 of 100 taps are answered.
const PROMPTLY: Duration = Duration::from_millis(100);
const PEOPLE: i64 = 50;

/// A Telegram next door that notes when a chat gets its messages.
#[derive(Clone, Debug)]
struct NextDoor {
    telegram: Telegram,
    spoken_at: Arc<Mutex<BTreeMap<i64, Instant>>>,
}

#[async_trait]
impl Transport for NextDoor {
    async fn call(&self, call: Call) -> Result<Answer, TelegramError> {
        let Arguments::Json(body) = call.arguments else {
            let kind = TelegramErrorKind::BadRequest("no files here".to_owned());
            return Err(TelegramError::new(call.method, kind));
        };
        let arguments: Value = serde_json::from_slice(&body).expect("arguments in JSON");
        let method = call.method.to_string();
        if let (Some(chat), "sendMessage" | "editMessageText") = (arguments["chat_id"].as_i64(), &*method) {
            self.spoken_at.lock().entry(chat).or_insert_with(Instant::now);
        }
        let result = self
            .telegram
            .carry_out(&method, &arguments)
            .expect("a call that Telegram takes");
        Ok(Answer {
            status: 200,
            retry_after: None,
            body: json!({"ok": true, "result": result}).to_string().into(),
        })
    }

    async fn download(&self, _: &str, _: u64, _: Duration) -> Result<Answer, TelegramError> {
        let kind = TelegramErrorKind::BadRequest("nobody sends files here".to_owned());
        Err(TelegramError::new(Method::new("file download"), kind))
    }
}

/// A bot far from everything but Telegram.
struct FarAway {
    runner: Runner,
    telegram: NextDoor,
    shipping: Shipping,
    counts: Arc<OperationCounts>,
    updates: i64,
}

impl FarAway {
    async fn start() -> Self {
        let weather = Weather::new(0, Chance::of(1), Trace::new());
        weather.calm_down();
        let clock = PausedClock {
            start: Instant::now(),
        };
        let memory = MemoryStorage::new();
        for person in 1..=PEOPLE {
            memory
                .create(filled_in::session_of(person, clock))
                .await
                .expect("a session");
        }
        let faults = Faults::default();
        for operation in [
            StoreOperation::Get,
            StoreOperation::Create,
            StoreOperation::Update,
        ] {
            faults.inject(Fault::delay(operation, STORE));
        }
        let store = WithCounts::new(WithFaults::new(memory, &faults));
        let counts = store.counts();
        let telegram = NextDoor {
            telegram: Telegram::new(weather.clone(), true),
            spoken_at: Arc::default(),
        };
        let client = TelegramClient::over(Arc::new(telegram.clone()), BotId(BOT), &ClientConfig::default());
        let shipping = Shipping::new(weather).at_a_distance(CARRIERS);
        Self {
            runner: runner(Arc::new(store), client, shipping.clone(), clock, Life::new(0)),
            telegram,
            shipping,
            counts,
            updates: 0,
        }
    }

    /// Brings an update of a person, waits until it is done with, and answers how long it took the bot to speak.
    async fn brings(&mut self, person: i64, what: Value) -> Duration {
        self.updates += 1;
        let mut update = what;
        update["update_id"] = self.updates.into();
        let raw = serde_json::value::to_raw_value(&update).expect("JSON");
        let update = RawUpdate::new(raw).expect("an update");
        let (settle, settled) = oneshot::channel();
        let receipt = Receipt::new(update.id, Origin::Polling, move |how| {
            let _ = settle.send(how);
        });
        self.telegram.spoken_at.lock().remove(&person);
        let began = Instant::now();
        let attempt = 1;
        let delivery = Delivery {
            update,
            attempt,
            receipt,
        };
        self.runner.take(delivery).await;
        settled.await.expect("a settled update");
        let spoken_at = self.telegram.spoken_at.lock().get(&person).copied();
        spoken_at.expect("an answer").duration_since(began)
    }

    async fn says(&mut self, person: i64, text: &str) {
        let message = json!({"message_id": 1_000 + self.updates, "date": 0, "text": text, "chat": chat(person),
            "from": from(person)});
        self.brings(person, json!({"message": message})).await;
    }

    /// Presses a button of the newest message that has it.
    async fn taps(&mut self, person: i64, button: &str) -> Duration {
        let (message, data) = {
            let state = self.telegram.telegram.state();
            let messages = &state.chats[&person].messages;
            let offered = messages.iter().rev().find_map(|message| {
                let button = message.buttons.iter().find(|(label, _)| label.contains(button))?;
                Some((message.id, button.1.clone()))
            });
            offered.unwrap_or_else(|| panic!("no button {button:?}"))
        };
        let message = json!({"message_id": message, "date": 0, "text": "…", "chat": chat(person),
            "from": {"id": BOT, "is_bot": true, "first_name": "Keep", "username": "KeepBot"}});
        let query = format!("q{}", self.updates);
        let tap = json!({"id": query, "from": from(person), "chat_instance": "c", "data": data, "message": message});
        self.brings(person, json!({"callback_query": tap})).await
    }
}

fn chat(person: i64) -> Value {
    json!({"id": person, "type": "private", "first_name": "Ann"})
}

fn from(person: i64) -> Value {
    json!({"id": person, "is_bot": false, "first_name": "Ann", "language_code": "en"})
}

#[test]
fn on_a_warm_cache_a_tap_costs_one_read_one_write_and_no_outside_call() {
    in_virtual_time(async {
        let mut bot = FarAway::start().await;
        // Somebody asks before.
        bot.says(1, "10 x 6 x 4 in").await;
        bot.taps(1, "Show prices").await;
        sleep(Duration::from_secs(2)).await;
        let asked = bot.shipping.rates_asked();
        assert_eq!(asked, 1);

        let mut waits = Vec::new();
        for person in 2..=PEOPLE {
            bot.says(person, "10 x 6 x 4 in").await;
            let taps = [
                "Show prices",
                "USPS Ground",
                "Other offers",
                "USPS Priority",
                "Back",
                "Back",
                "Edit",
                "Back",
            ];
            for button in taps {
                bot.counts.reset();
                waits.push(bot.taps(person, button).await);
                let cost = (bot.counts.reads(), bot.counts.writes());
                assert_eq!(cost, (1, 1), "{button:?} of person {person}");
            }
        }
        assert_eq!(bot.shipping.rates_asked(), asked, "nobody is asked again");

        waits.sort_unstable();
        let p99 = waits[waits.len() * 99 / 100];
        assert!(p99 < PROMPTLY, "99 of 100 taps are answered within {p99:?}");
        assert!(p99 >= 2 * STORE, "the store is not far away: {p99:?}");
    });
}
